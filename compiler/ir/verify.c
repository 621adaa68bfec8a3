/* verify.c -- is a graph sound? Operands first and of the same graph, arities, element types and shapes of every operator, contractions inside their
 * arrays (or guarded), loops and gradients described as they are, and nothing that belongs to another stage.
 *
 * Whatever it lets pass can be interpreted, rebuilt and lowered without a look outside an array: ir_read relies on it. Linearity: verify_linear.c. */
#include "contract.h"
#include <math.h>

typedef struct Check { Arena *arena; const Node *culprit; char *wrong; const Loop *around; } Check;      /* around: whose body is looked at */

static bool graph(Check *, const Graph *);

static bool wrong(Check *c, const Graph *g, const Node *n, const char *fmt, ...) PRINTF_LIKE(4, 5);
static bool wrong(Check *c, const Graph *g, const Node *n, const char *fmt, ...)
{
    Buf b = { 0 };
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    c->culprit = n;
    c->wrong = n ? arena_printf(c->arena, "%s: %%%d (%s): %s", g->name ? g->name : "graph", n->id, n->op < OP_COUNT ? op_info[n->op].name : "?", b.at)
                 : arena_printf(c->arena, "%s: %s", g->name ? g->name : "graph", b.at);
    buf_free(&b);
    return false;
}

/* ---- types ---- */

/* Sizes from 0; the number of bytes fits in a word with room for address arithmetic. */
static bool sound_type(const Type *t)
{
    int64_t n = 16;
    if (t->rank < 0 || t->rank > MAX_RANK || t->dtype > T_NONE || (t->dtype == T_NONE && t->rank))
        return false;
    for (int d = 0; d < t->rank; d++)
        if (t->dim[d] < 0 || __builtin_mul_overflow(n, t->dim[d] ? t->dim[d] : 1, &n))
            return false;
    return true;
}

static bool has_type(const Type *t, DType dtype, int rank) { return t->dtype == dtype && t->rank == rank; }

/* The element type that operand k of an elementwise operator has; T_NONE: any, but that of the last operand. */
static DType operand_dtype(Op op, int k)
{
    switch (op) {
    case OP_not: case OP_and: case OP_or: return T_BOOL;
    case OP_normal: case OP_uniform: case OP_quotient: case OP_remainder: return T_INT;
    case OP_select: return k == 0 ? T_BOOL : T_NONE;
    default: return op_info[op].result == T_REAL && op != OP_real ? T_REAL : T_NONE;
    }
}

static bool map(Check *c, const Graph *g, const Node *n)
{
    const Type *last = &n->arg[n->narg - 1]->type;
    DType result = op_info[n->op].result == T_NONE ? last->dtype : op_info[n->op].result;
    for (int a = 0; a < n->narg; a++) {
        DType want = operand_dtype(n->op, a);
        if (!shape_eq(&n->arg[a]->type, &n->type))
            return wrong(c, g, n, "operand %d has shape %s, the result %s", a, type_text(c->arena, &n->arg[a]->type), type_text(c->arena, &n->type));
        if (n->arg[a]->type.dtype != (want == T_NONE ? last->dtype : want))
            return wrong(c, g, n, "operand %d has the wrong element type", a);
    }
    if (n->op == OP_real && last->dtype == T_REAL)
        return wrong(c, g, n, "its operand is real already");
    return n->type.dtype == result || wrong(c, g, n, "its result has the wrong element type");
}

static bool constant(Check *c, const Graph *g, const Node *n)
{
    double v = n->u.number;
    if (n->type.dtype == T_INT && !(fabs(v) <= 9007199254740992.0 && v == floor(v)))
        return wrong(c, g, n, "an int that is not a whole number of at most 53 bits");
    return n->type.dtype != T_BOOL || v == 0 || v == 1 || wrong(c, g, n, "a bool that is not 0 or 1");
}

/* ---- contractions ---- */

/* Letters of the contract only; an index operand where one may stand; values that fit in a word. */
static bool sound_place(const Contract *c, const Place *p, bool may_gather)
{
    __int128 lo = p->base, hi = p->base, most = (__int128)1 << 56;
    for (int l = 0; l < MAX_LETTERS; l++) {
        if (p->coef[l] && l >= c->nletters)
            return false;
        __int128 d = (__int128)p->coef[l] * (l < c->nletters ? c->range[l] - 1 : 0);
        lo += d < 0 ? d : 0;
        hi += d > 0 ? d : 0;
    }
    if (p->index >= 0 && (!may_gather || p->index < c->nfactor || p->index >= c->nfactor + c->nindex))
        return false;
    return lo > -most && hi < most;
}

/* Where the guard holds, is the place between *lo and *hi? With x the guarded place, x in 0..n-1, it is when p = p0 + r (x - x0) + other letters. */
static bool guard_bounds(const Contract *c, const Guard *x, const Place *p, int64_t *lo, int64_t *hi)
{
    int at = 0;
    while (at < MAX_LETTERS && !x->place.coef[at])
        at++;
    if (at == MAX_LETTERS || x->place.index >= 0)
        return false;
    int64_t num = p->coef[at], den = x->place.coef[at], first, last;
    Place rest = place_const(p->base);
    for (int l = 0; l < MAX_LETTERS; l++) {
        if (x->place.coef[l] && p->coef[l] * den != num * x->place.coef[l])
            return false;
        rest.coef[l] = x->place.coef[l] ? 0 : p->coef[l];
    }
    place_range(c, &x->place, &first, &last);
    first = first > 0 ? first : 0;
    last = last < x->n - 1 ? last : x->n - 1;
    place_range(c, &rest, lo, hi);
    double r = (double)num / (double)den, a = r * (double)(first - x->place.base), b = r * (double)(last - x->place.base);
    *lo += (int64_t)ceil(fmin(a, b));
    *hi += (int64_t)floor(fmax(a, b));
    return true;
}

/* Can the place leave 0..dim-1 where the guards hold? */
static bool may_leave(const Contract *c, const Place *p, int64_t dim)
{
    int64_t lo, hi, a, b;
    if (p->index >= 0)
        return false;                             /* the values of index arrays were checked when they were bound */
    place_range(c, p, &lo, &hi);
    for (int g = 0; g < c->nguard; g++)
        if (guard_bounds(c, &c->guard[g], p, &a, &b)) {
            lo = a > lo ? a : lo;
            hi = b < hi ? b : hi;
        }
    return (lo < 0 || hi >= dim) && c->nguard < 2;             /* several guards together may bound a place: that is not decided here */
}

static bool contract_access(Check *c, const Graph *g, const Node *n, int a)
{
    const Contract *x = n->u.contract;
    const Access *at = a < 0 ? &x->out : &x->arg[a];
    const Type *t = a < 0 ? &n->type : &n->arg[a]->type;
    if (at->rank != t->rank)
        return wrong(c, g, n, "operand %d has %d axes, its access %d", a, t->rank, at->rank);
    for (int k = 0; k < at->rank; k++) {
        if (!sound_place(x, &at->place[k], a < x->nfactor))
            return wrong(c, g, n, "operand %d, axis %d: a place of unknown letters or index arrays, or out of range", a, k);
        if (may_leave(x, &at->place[k], t->dim[k]))
            return wrong(c, g, n, "operand %d may be read outside axis %d", a, k);
    }
    if (a >= 0 && t->dtype != (a < x->nfactor ? n->type.dtype : T_INT))
        return wrong(c, g, n, "operand %d has another element type", a);
    return true;
}

static bool contraction(Check *c, const Graph *g, const Node *n)
{
    const Contract *x = n->u.contract;
    if (x->nfactor < 1 || x->nfactor > MAX_FACTORS || x->nfactor + x->nindex != n->narg || n->narg > MAX_OPERANDS)
        return wrong(c, g, n, "%d factors and %d index arrays, but %d operands", x->nfactor, x->nindex, n->narg);
    if (n->type.dtype != T_REAL && (x->nfactor != 1 || x->scale != floor(x->scale)))
        return wrong(c, g, n, "%d factors and scale %g: only real numbers are multiplied", x->nfactor, x->scale);
    for (int l = 0; l < x->nletters; l++)
        if (x->range[l] < 1)
            return wrong(c, g, n, "letter %c has range %lld", 'a' + l, (long long)x->range[l]);
    for (int k = 0; k < x->nguard; k++)
        if (!sound_place(x, &x->guard[k].place, false) || x->guard[k].n < 0)
            return wrong(c, g, n, "guard %d is a place of unknown letters or out of range", k);
    for (int a = -1; a < n->narg; a++)
        if (!contract_access(c, g, n, a))
            return false;
    return true;
}

/* ---- reductions, reshape, kernels ---- */

static bool reduction(Check *c, const Graph *g, const Node *n)
{
    Type t = { .dtype = n->arg[0]->type.dtype };
    if (n->u.axis <= 0 || n->u.axis >> n->arg[0]->type.rank)
        return wrong(c, g, n, "axes %lld of an array of rank %d", (long long)n->u.axis, n->arg[0]->type.rank);
    for (int d = 0; d < n->arg[0]->type.rank; d++)
        if (!(n->u.axis >> d & 1))
            t.dim[t.rank++] = n->arg[0]->type.dim[d];
    return type_eq(&t, &n->type) || wrong(c, g, n, "its type is not that of what is left");
}

static bool square(const Type *t) { return t->dtype == T_REAL && t->rank >= 2 && t->dim[t->rank - 1] == t->dim[t->rank - 2]; }

/* a x = b: the leading axes and the rows agree. */
static bool system_of(Check *c, const Graph *g, const Node *n)
{
    const Type *a = &n->arg[0]->type, *b = &n->arg[1]->type;
    bool fits = square(a) && a->rank == b->rank && type_eq(b, &n->type) && n->u.axis <= 3;
    for (int d = 0; fits && d < a->rank - 1; d++)
        fits = a->dim[d] == b->dim[d];
    return fits || wrong(c, g, n, "a square matrix and columns of its size are expected");
}

static bool structural(Check *c, const Graph *g, const Node *n)
{
    const Type *x = n->narg ? &n->arg[0]->type : NULL;
    switch (n->op) {
    case OP_const: return constant(c, g, n);
    case OP_iota: return (n->type.dtype == T_INT && n->u.axis >= 0 && n->u.axis < n->type.rank) || wrong(c, g, n, "an int array and one of its axes are expected");
    case OP_reshape: return (n->type.dtype == x->dtype && type_count(x) == type_count(&n->type)) || wrong(c, g, n, "its operand has other elements");
    case OP_cumsum: return (type_eq(x, &n->type) && n->u.axis >= 0 && n->u.axis / 2 < x->rank && x->dtype == T_REAL) || wrong(c, g, n, "it does not fit its operand");
    case OP_cholesky: return (square(x) && type_eq(x, &n->type)) || wrong(c, g, n, "square matrices are expected");
    case OP_trisolve: case OP_solve: return system_of(c, g, n);
    case OP_proj: {
        Type t;
        if (!ir_output_type(n->arg[0], n->u.axis > INT32_MAX ? -1 : (int)n->u.axis, &t))
            return wrong(c, g, n, "its operand has no output %lld", (long long)n->u.axis);
        return type_eq(&t, &n->type) || wrong(c, g, n, "its type is not that of the output");
    }
    default: return true;
    }
}

/* ---- loops ---- */

static bool loop_param(Check *c, const Graph *g, const Node *n, const Loop *l, int p)
{
    const Type *t = &l->body->params.at[p]->type;
    LoopParam x = l->params.at[p];
    if (x.kind == LP_INDEX)
        return has_type(t, T_INT, 0) || wrong(c, g, n, "its index is not an int");
    if (x.kind == LP_CARRY && (x.result < 0 || x.result >= l->body->results.n || !type_eq(&l->body->results.at[x.result]->type, t)))
        return wrong(c, g, n, "carried parameter %d changes its type", p);
    if (x.kind == LP_GIVEN && !l->record)
        return wrong(c, g, n, "parameter %d is given, but nothing records it", p);
    return x.kind != LP_STATE || (l->saves && l->again) || wrong(c, g, n, "parameter %d is a state of a loop that has no way to it", p);
}

/* What holds of a loop in itself: each parameter described, outputs that exist, a sound body. */
static bool described(Check *c, const Graph *g, const Node *n, const Loop *l)
{
    int index = 0;
    if (l->n < 0 || l->body->params.n != l->params.n)
        return wrong(c, g, n, "%d parameters, %d of them described", l->body->params.n, l->params.n);
    const Loop *around = c->around;
    c->around = l;
    if (!graph(c, l->body))
        return false;
    c->around = around;
    for (int p = 0; p < l->params.n; p++) {
        index += l->params.at[p].kind == LP_INDEX;
        if (!loop_param(c, g, n, l, p))
            return false;
    }
    if (index != 1)
        return wrong(c, g, n, "%d loop variables", index);
    if (l->saves && (l->saves->period < 1 || l->saves->inner < 0 || l->saves->bases < 0 || l->saves->last < 0))
        return wrong(c, g, n, "its saved states are counted wrongly");
    for (int k = 0; k < l->outs.n; k++) {
        LoopOut o = l->outs.at[k];
        bool there = o.kind == LO_COLLECT || o.kind == LO_LATEST ? o.result >= 0 && o.result < l->body->results.n : o.param >= 0 && o.param < l->params.n && l->params.at[o.param].kind == LP_CARRY;
        if (!there || (o.kind == LO_SAVE && !l->saves))
            return wrong(c, g, n, "output %d is not there", k);
    }
    return true;
}

static bool state_again(Check *c, const Graph *g, const Node *n, const Loop *l)
{
    const Loop *w = l->again->loop;
    if (!described(c, g, n, w))
        return false;
    for (int k = 0; k < w->params.n; k++) {
        int from = l->again->from[k], start = l->again->start[k];
        bool carry = w->params.at[k].kind == LP_CARRY, fits = from >= 0 && from < l->params.n && start < l->params.n;
        fits = fits && carry == (l->params.at[from].kind == LP_STATE) && type_eq(&w->body->params.at[k]->type, &l->body->params.at[from]->type);
        fits = fits && (start < 0 || type_eq(&w->body->params.at[k]->type, &l->body->params.at[start]->type)) && (!carry || !l->saves->from_start || start >= 0);
        if (!fits)
            return wrong(c, g, n, "parameter %d of the way from a saved state does not fit the loop's", k);
    }
    return true;
}

/* Each GIVEN parameter is recorded once, from what does not depend on another iteration of the reverse loop; states are read there alone. */
static bool recorded(Check *c, const Graph *g, const Node *n, const Loop *l)
{
    const Loop *r = l->record->loop;
    if (!described(c, g, n, r))
        return false;
    for (int k = 0; k < r->params.n; k++) {
        int from = l->record->from[k];
        LoopParamKind kind = r->params.at[k].kind, of = from >= 0 && from < l->params.n ? l->params.at[from].kind : LP_GIVEN;
        bool fits = kind == LP_INDEX ? of == LP_INDEX : kind == LP_CAPTURE && (of == LP_CAPTURE || of == LP_STATE);
        if (!fits || !type_eq(&r->body->params.at[k]->type, &l->body->params.at[from]->type))
            return wrong(c, g, n, "parameter %d of what is recorded does not fit the loop's", k);
    }
    int *times = NEW_N(c->arena, int, l->params.n + 1);
    for (int k = 0; k < r->body->results.n; k++) {
        int to = l->record->gives[k];
        if (to < 0 || to >= l->params.n || l->params.at[to].kind != LP_GIVEN || !type_eq(&r->body->results.at[k]->type, &l->body->params.at[to]->type) || times[to]++)
            return wrong(c, g, n, "recorded value %d is not what a parameter is given", k);
    }
    for (int p = 0; p < l->params.n; p++)
        if (l->params.at[p].kind == LP_GIVEN && !times[p])
            return wrong(c, g, n, "parameter %d is given, but not recorded", p);
    bool *need = graph_needed(l->body->arena, l->body, l->body->results.at, l->body->results.n);
    for (int p = 0; p < l->params.n; p++)
        if (l->params.at[p].kind == LP_STATE && need[l->body->params.at[p]->id])
            return wrong(c, g, n, "state %d is read outside of what is recorded", p);
    return true;
}

/* What an earlier loop has left behind, or what the iteration around has been given of that. */
static bool is_latest(const Check *c, const Node *n)
{
    const Loop *l = c->around;
    for (int p = 0; l && p < l->params.n; p++)
        if (l->params.at[p].kind == LP_GIVEN && l->body->params.at[p] == n)
            return true;
    return n->op == OP_proj && n->arg[0]->op == OP_loop && n->arg[0]->u.loop->outs.at[n->u.axis].kind == LO_LATEST;
}

static bool is_saved(const Node *n, const Checkpoints *by)
{
    const Loop *l = n->op == OP_proj && n->arg[0]->op == OP_loop ? n->arg[0]->u.loop : NULL;
    return l && l->saves == by && l->outs.at[n->u.axis].kind == LO_SAVE;
}

static bool loop(Check *c, const Graph *g, const Node *n)
{
    const Loop *l = n->u.loop;
    int args = 0;
    if (!described(c, g, n, l) || (l->again && (!l->saves || !state_again(c, g, n, l))))
        return c->wrong ? false : wrong(c, g, n, "a way from saved states, but none are saved");
    if (l->record && !recorded(c, g, n, l))
        return false;
    for (int p = 0; p < l->params.n; p++) {
        if (l->params.at[p].kind == LP_INDEX)
            continue;
        Type t = l->body->params.at[p]->type;
        if (l->params.at[p].kind == LP_STATE && t.rank < MAX_RANK) {
            memmove(t.dim + 1, t.dim, sizeof *t.dim * (size_t)t.rank++);
            t.dim[0] = checkpoint_slots(l->saves);
        }
        if (args >= n->narg || !type_eq(&n->arg[args]->type, &t))
            return wrong(c, g, n, "parameter %d does not fit its argument", p);
        if (l->params.at[p].kind == LP_STATE && !is_saved(n->arg[args], l->saves))
            return wrong(c, g, n, "the states for parameter %d are not what a loop of the same schedule saved", p);
        if (l->params.at[p].kind == LP_GIVEN && !is_latest(c, n->arg[args]))
            return wrong(c, g, n, "what is given for parameter %d is not what a loop computed last", p);
        args++;
    }
    return args == n->narg || wrong(c, g, n, "%d arguments for %d parameters", n->narg, args);
}

/* ---- gradients ---- */

static bool region(Check *c, const Graph *g, const Node *n)
{
    const Region *r = n->u.region;
    int nargs = n->op == OP_lingrad ? n->narg - r->nactive : n->narg, np = r->body->params.n;
    if (!graph(c, r->body))
        return false;
    if (r->body->results.n < 1 || !has_type(&r->body->results.at[0]->type, T_REAL, 0))
        return wrong(c, g, n, "its loss is not one real number");
    if (nargs != np)
        return wrong(c, g, n, "%d arguments for %d parameters", nargs, np);
    for (int k = 0; k < np; k++)
        if (!type_eq(&n->arg[k]->type, &r->body->params.at[k]->type))
            return wrong(c, g, n, "argument %d does not fit its parameter", k);
    for (int k = 0; k < r->nwrt; k++)
        if (r->wrt[k] < 0 || r->wrt[k] >= np || r->body->params.at[r->wrt[k]]->type.dtype != T_REAL)
            return wrong(c, g, n, "a derivative in parameter %d, which is not there or not real", r->wrt[k]);
    for (int k = 0; n->op == OP_lingrad && k < r->nactive; k++)
        if (r->active[k] < 0 || r->active[k] >= np || !type_eq(&n->arg[np + k]->type, &r->body->params.at[r->active[k]]->type))
            return wrong(c, g, n, "tangent %d does not fit its parameter", k);
    return true;
}

/* ---- graphs ---- */

static bool several_outputs(const Node *n) { return n->op == OP_loop || n->op == OP_grad || n->op == OP_lingrad; }

static bool node(Check *c, const Graph *g, const Node *n, int place)
{
    if (n->graph != g || n->id != place)
        return wrong(c, g, n, "it stands in place %d", place);
    if ((int)n->op < 0 || n->op >= OP_COUNT || (op_info[n->op].arity >= 0 && n->narg != op_info[n->op].arity))
        return wrong(c, g, n, "%d operands", n->narg);
    if (!sound_type(&n->type) || (n->type.dtype == T_NONE) != several_outputs(n))
        return wrong(c, g, n, "a type that such a value cannot have");
    for (int a = 0; a < n->narg; a++) {
        if (n->arg[a]->graph != g)
            return wrong(c, g, n, "operand %d is a value of %s: regions see their parameters only", a, n->arg[a]->graph && n->arg[a]->graph->name ? n->arg[a]->graph->name : "another graph");
        if (n->arg[a]->id >= n->id || g->nodes.at[n->arg[a]->id] != n->arg[a])
            return wrong(c, g, n, "operand %d, %%%d, does not stand before its user", a, n->arg[a]->id);
        if ((n->arg[a]->type.dtype == T_NONE) != (n->op == OP_proj))
            return wrong(c, g, n, "operand %d has %s", a, n->op == OP_proj ? "one output only" : "several outputs: proj picks one");
    }
    switch (op_info[n->op].kind) {
    case K_MAP: return map(c, g, n);
    case K_CONTRACT: return contraction(c, g, n);
    case K_REDUCE: return reduction(c, g, n);
    default: return n->op == OP_loop ? loop(c, g, n) : several_outputs(n) ? region(c, g, n) : structural(c, g, n);
    }
}

/* A parameter in no list stands for a linear input between linearize and transpose only; then it is dead. */
static bool listed(Check *c, const Graph *g)
{
    bool *need = graph_needed(g->arena, g, g->results.at, g->results.n);
    for (int k = 0; k < g->params.n; k++)
        need[g->params.at[k]->id] = false;
    for (int i = 0; i < g->nodes.n; i++)
        if (need[i] && g->nodes.at[i]->op == OP_param)
            return wrong(c, g, g->nodes.at[i], "it is used, but is in no parameter list");
    return true;
}

static bool graph(Check *c, const Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++)
        if (!node(c, g, g->nodes.at[i], i))
            return false;
    for (int k = 0; k < g->params.n; k++) {
        const Node *p = g->params.at[k];
        if (p->graph != g || p->op != OP_param || p->id >= g->nodes.n || g->nodes.at[p->id] != p)
            return wrong(c, g, p, "parameter %d is not a parameter of this graph", k);
    }
    for (int k = 0; k < g->results.n; k++) {
        const Node *r = g->results.at[k];
        if (r->graph != g || r->id >= g->nodes.n || g->nodes.at[r->id] != r || r->type.dtype == T_NONE)
            return wrong(c, g, r->graph == g ? r : NULL, "result %d is not a value of this graph", k);
    }
    return listed(c, g);
}

const char *ir_verify_at(const Graph *g, const Node **culprit)
{
    Check c = { .arena = g->arena };
    graph(&c, g);
    if (culprit)
        *culprit = c.culprit;
    return c.wrong;
}

const char *ir_verify(const Graph *g) { return ir_verify_at(g, NULL); }

/* ---- stages ---- */

static const Node *other_stage(const Graph *g, IrStage stage)
{
    bool *need = graph_needed(g->arena, g, g->results.at, g->results.n);
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i], *inside = NULL;
        if (!need[i])
            continue;
        bool saves = n->op == OP_loop && (n->u.loop->saves || n->u.loop->again || n->u.loop->record);
        for (int k = 0; n->op == OP_loop && k < n->u.loop->outs.n; k++)
            saves |= n->u.loop->outs.at[k].kind == LO_LATEST;
        if (n->op == OP_lingrad || (n->op == OP_grad && stage > IR_BUILT) || (n->op == OP_mark && stage == IR_SCHEDULED) || (saves && stage < IR_SCHEDULED))
            return n;
        if (n->op == OP_loop)
            inside = other_stage(n->u.loop->body, stage);
        if (n->op == OP_grad)
            inside = other_stage(n->u.region->body, stage);
        if (inside)
            return inside;
    }
    return NULL;
}

const char *ir_verify_stage(const Graph *g, IrStage stage)
{
    static const char *const text[] = { "before gradients are expanded", "before schedules are applied", "after schedules are applied" };
    const char *bad = ir_verify(g);
    const Node *n = bad ? NULL : other_stage(g, stage);
    return n ? arena_printf(g->arena, "%s: %%%d (%s) may not stand in a graph %s", n->graph->name ? n->graph->name : "graph", n->id, op_info[n->op].name, text[stage]) : bad;
}
