/* interpret.c -- the reference interpreter: every operator as its definition reads, in double, one element after the other. Tests compare everything
 * else with it. grad nodes must have been expanded. */
#include "ir.h"
#include <math.h>

typedef struct Run { Arena *arena; const Graph *g; Tensor *at; Tensor **outs; } Run;

static Tensor blank(Arena *a, const Type *t)
{
    return (Tensor){ *t, NEW_N(a, double, type_count(t) + 1) };
}

static int64_t flat(const Type *t, const int64_t *idx)
{
    int64_t k = 0;
    for (int d = 0; d < t->rank; d++)
        k = k * t->dim[d] + idx[d];
    return k;
}

static void spread(const Type *t, int64_t k, int64_t *idx)
{
    for (int d = t->rank - 1; d >= 0; d--) {
        idx[d] = k % t->dim[d];
        k /= t->dim[d];
    }
}

static int64_t place_value(const Run *r, const Node *n, const Place *p, const int64_t *letter)
{
    int64_t v = p->base, idx[MAX_RANK];
    for (int l = 0; l < n->u.contract->nletters; l++)
        v += p->coef[l] * letter[l];
    if (p->index >= 0) {
        const Access *a = &n->u.contract->arg[p->index];
        for (int d = 0; d < a->rank; d++)
            idx[d] = place_value(r, n, &a->place[d], letter);
        v += (int64_t)r->at[n->arg[p->index]->id].at[flat(&n->arg[p->index]->type, idx)];
    }
    return v;
}

static void contract(Run *r, const Node *n, Tensor *out)
{
    const Contract *c = n->u.contract;
    int64_t letter[MAX_LETTERS] = { 0 }, total = 1, idx[MAX_RANK];
    for (int l = 0; l < c->nletters; l++)
        total *= c->range[l];
    for (int64_t k = 0; k < total; k++) {
        int64_t rest = k;
        bool inside = true;
        double x = c->scale;
        for (int l = c->nletters - 1; l >= 0; l--) {
            letter[l] = rest % c->range[l];
            rest /= c->range[l];
        }
        for (int g = 0; g < c->nguard; g++) {
            int64_t v = place_value(r, n, &c->guard[g].place, letter);
            inside &= v >= 0 && v < c->guard[g].n;
        }
        if (!inside)
            continue;
        for (int a = 0; a < c->nfactor; a++) {
            for (int d = 0; d < c->arg[a].rank; d++)
                idx[d] = place_value(r, n, &c->arg[a].place[d], letter);
            x *= r->at[n->arg[a]->id].at[flat(&n->arg[a]->type, idx)];
        }
        for (int d = 0; d < c->out.rank; d++)
            idx[d] = place_value(r, n, &c->out.place[d], letter);
        out->at[flat(&n->type, idx)] += x;
    }
}

static void reduce(const Run *r, const Node *n, Tensor *out)
{
    const Tensor *x = &r->at[n->arg[0]->id];
    int64_t idx[MAX_RANK], to[MAX_RANK];
    for (int64_t k = 0; k < type_count(&n->type); k++)
        out->at[k] = n->op == OP_max_over ? -INFINITY : INFINITY;
    for (int64_t k = 0; k < type_count(&x->type); k++) {
        int m = 0;
        spread(&x->type, k, idx);
        for (int d = 0; d < x->type.rank; d++)
            if (!(n->u.axis >> d & 1))
                to[m++] = idx[d];
        double *o = &out->at[flat(&n->type, to)];
        *o = op_eval(n->op == OP_max_over ? OP_max : OP_min, (double[]){ x->at[k], *o });
    }
}

static void cumsum(const Run *r, const Node *n, Tensor *out)
{
    const Tensor *x = &r->at[n->arg[0]->id];
    int64_t axis = n->u.axis / 2, length = n->type.dim[axis], stride = 1;
    for (int d = (int)axis + 1; d < n->type.rank; d++)
        stride *= n->type.dim[d];
    for (int64_t s = 0; s < type_count(&n->type); s++) {
        int64_t k = n->u.axis & 1 ? type_count(&n->type) - 1 - s : s, i = k / stride % length;
        bool first = n->u.axis & 1 ? i == length - 1 : i == 0;
        out->at[k] = x->at[k] + (first ? 0 : out->at[n->u.axis & 1 ? k + stride : k - stride]);
    }
}

static void cholesky(const Run *r, const Node *n, Tensor *out)
{
    int64_t m = n->type.dim[n->type.rank - 1];
    for (int64_t b = 0; b < type_count(&n->type); b += m * m) {
        const double *a = r->at[n->arg[0]->id].at + b;
        double *l = out->at + b;
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j <= i; j++) {
                double s = a[i * m + j];
                for (int64_t k = 0; k < j; k++)
                    s -= l[i * m + k] * l[j * m + k];
                l[i * m + j] = i == j ? sqrt(s) : s / l[j * m + j];
            }
    }
}

/* Gaussian elimination with pivoting on the matrix that the flags describe. */
static void solve(const Run *r, const Node *n, Tensor *out, Arena *arena)
{
    const Tensor *a = &r->at[n->arg[0]->id], *b = &r->at[n->arg[1]->id];
    int64_t m = a->type.dim[a->type.rank - 1], c = n->type.dim[n->type.rank - 1];
    double *w = NEW_N(arena, double, m * m);
    for (int64_t q = 0; q * m * c < type_count(&n->type); q++) {
        double *x = out->at + q * m * c;
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < m; j++) {
                bool there = n->op == OP_solve || i == j || (n->u.axis & 1 ? i < j : i > j);
                double v = there ? a->at[q * m * m + i * m + j] : 0;
                w[n->u.axis & 2 ? j * m + i : i * m + j] = v;
            }
        memcpy(x, b->at + q * m * c, sizeof *x * (size_t)(m * c));
        for (int64_t k = 0; k < m; k++) {
            int64_t top = k;
            for (int64_t i = k; i < m; i++)
                if (fabs(w[i * m + k]) > fabs(w[top * m + k]))
                    top = i;
            for (int64_t j = 0; j < m; j++) {
                double t = w[k * m + j];
                w[k * m + j] = w[top * m + j];
                w[top * m + j] = t;
            }
            for (int64_t j = 0; j < c; j++) {
                double t = x[k * c + j];
                x[k * c + j] = x[top * c + j];
                x[top * c + j] = t;
            }
            for (int64_t i = 0; i < m; i++) {
                if (i == k)
                    continue;
                double f = w[i * m + k] / w[k * m + k];
                for (int64_t j = 0; j < m; j++)
                    w[i * m + j] -= f * w[k * m + j];
                for (int64_t j = 0; j < c; j++)
                    x[i * c + j] -= f * x[k * c + j];
            }
        }
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < c; j++)
                x[i * c + j] /= w[i * m + i];
    }
}

/* The forward loop's state before iteration i, from its first state. */
static void states_at(const Run *r, const Loop *l, int64_t i, Tensor *args, const Tensor *first)
{
    const Loop *w = l->again->loop;
    Tensor *in = NEW_N(r->arena, Tensor, w->params.n + 1), *out = NEW_N(r->arena, Tensor, w->body->results.n + 1);
    for (int p = 0; p < w->params.n; p++)
        in[p] = w->params.at[p].kind == LP_CARRY ? first[l->again->from[p]] : args[l->again->from[p]];
    for (int64_t j = 0; j < (w->down ? w->n - 1 - i : i); j++) {
        for (int p = 0; p < w->params.n; p++)
            if (w->params.at[p].kind == LP_INDEX) {
                in[p] = blank(r->arena, &w->body->params.at[p]->type);
                in[p].at[0] = (double)(w->down ? w->n - 1 - j : j);
            }
        for (int k = 0; k < w->body->results.n; k++)
            out[k] = blank(r->arena, &w->body->results.at[k]->type);
        ir_interpret(w->body, in, out, r->arena);
        for (int p = 0; p < w->params.n; p++)
            if (w->params.at[p].kind == LP_CARRY)
                in[p] = out[w->params.at[p].result];
    }
    for (int p = 0; p < w->params.n; p++)
        if (w->params.at[p].kind == LP_CARRY)
            args[l->again->from[p]] = in[p];
}

/* The GIVEN parameters of iteration i, for which all others have their values. */
static void recorded(const Run *r, const Loop *l, Tensor *args)
{
    const Loop *w = l->record->loop;
    Tensor *in = NEW_N(r->arena, Tensor, w->params.n + 1), *out = NEW_N(r->arena, Tensor, w->body->results.n + 1);
    for (int p = 0; p < w->params.n; p++)
        in[p] = args[l->record->from[p]];
    for (int k = 0; k < w->body->results.n; k++)
        out[k] = blank(r->arena, &w->body->results.at[k]->type);
    ir_interpret(w->body, in, out, r->arena);
    for (int k = 0; k < w->body->results.n; k++)
        args[l->record->gives[k]] = out[k];
}

/* n of them, one behind the other. */
static Tensor stacked(const Run *r, int64_t n, Type t)
{
    memmove(t.dim + 1, t.dim, sizeof *t.dim * (size_t)t.rank++);
    t.dim[0] = n;
    return blank(r->arena, &t);
}

/* Saved states: the literal meaning needs the first one only; a STATE parameter is brought from there to its iteration. */
static void outputs(const Run *r, const Loop *l, const Tensor *args, Tensor *out)
{
    for (int k = 0; k < l->outs.n; k++) {
        LoopOut o = l->outs.at[k];
        if (o.kind == LO_LATEST)
            out[k] = blank(r->arena, &l->body->results.at[o.result]->type);
        else if (o.kind == LO_COLLECT)
            out[k] = stacked(r, l->n, l->body->results.at[o.result]->type);
        else if (o.kind == LO_SAVE) {
            out[k] = stacked(r, checkpoint_slots(l->saves), l->body->params.at[o.param]->type);
            if (!l->saves->from_start)
                memcpy(out[k].at, args[o.param].at, sizeof(double) * (size_t)type_count(&args[o.param].type));
        }
    }
}

static Tensor *loop(const Run *r, const Node *n)
{
    const Loop *l = n->u.loop;
    Tensor *args = NEW_N(r->arena, Tensor, l->params.n + 1), *res = NEW_N(r->arena, Tensor, l->body->results.n + 1), *out = NEW_N(r->arena, Tensor, l->outs.n + 1);
    Type whole = type_scalar(T_INT);
    for (int p = 0, a = 0; p < l->params.n; p++)
        args[p] = l->params.at[p].kind == LP_INDEX ? blank(r->arena, &whole) : r->at[n->arg[a++]->id];
    outputs(r, l, args, out);
    Tensor *first = NEW_N(r->arena, Tensor, l->params.n + 1);
    for (int p = 0; p < l->params.n; p++)
        if (l->params.at[p].kind == LP_STATE) {
            first[p] = args[p];
            first[p].type = l->body->params.at[p]->type;
        }
    for (int p = 0; l->again && l->saves->from_start && p < l->again->loop->params.n; p++)
        if (l->again->loop->params.at[p].kind == LP_CARRY)
            first[l->again->from[p]] = args[l->again->start[p]];
    for (int64_t s = 0; s < l->n; s++) {
        int64_t i = l->down ? l->n - 1 - s : s;
        for (int p = 0; p < l->params.n; p++)
            if (l->params.at[p].kind == LP_INDEX)
                args[p].at[0] = (double)i;
        if (l->again)
            states_at(r, l, i, args, first);
        if (l->record && s)
            recorded(r, l, args);
        for (int k = 0; k < l->body->results.n; k++)
            res[k] = blank(r->arena, &l->body->results.at[k]->type);
        ir_interpret(l->body, args, res, r->arena);
        for (int k = 0; k < l->outs.n; k++)
            if (l->outs.at[k].kind == LO_LATEST)
                out[k] = res[l->outs.at[k].result];
            else if (l->outs.at[k].kind == LO_COLLECT) {
                const Tensor *e = &res[l->outs.at[k].result];
                memcpy(out[k].at + i * type_count(&e->type), e->at, sizeof(double) * (size_t)type_count(&e->type));
            }
        for (int p = 0; p < l->params.n; p++)
            if (l->params.at[p].kind == LP_CARRY)
                args[p] = res[l->params.at[p].result];
    }
    for (int k = 0; k < l->outs.n; k++)
        if (l->outs.at[k].kind == LO_CARRY)
            out[k] = args[l->outs.at[k].param];
    return out;
}

static void node(Run *r, const Node *n)
{
    Tensor *o = &r->at[n->id];
    int64_t count = n->type.dtype == T_NONE ? 0 : type_count(&n->type), idx[MAX_RANK];
    if (n->type.dtype != T_NONE)
        *o = blank(r->arena, &n->type);
    if (op_info[n->op].kind == K_MAP) {
        for (int64_t k = 0; k < count; k++) {
            double x[3] = { 0 };
            for (int a = 0; a < n->narg; a++)
                x[a] = r->at[n->arg[a]->id].at[k];
            o->at[k] = op_eval(n->op, x);
        }
        return;
    }
    switch (n->op) {
    case OP_const: for (int64_t k = 0; k < count; k++) o->at[k] = n->u.number; break;
    case OP_iota: for (int64_t k = 0; k < count; k++) { spread(&n->type, k, idx); o->at[k] = (double)idx[n->u.axis]; } break;
    case OP_contract: contract(r, n, o); break;
    case OP_max_over: case OP_min_over: reduce(r, n, o); break;
    case OP_reshape: memcpy(o->at, r->at[n->arg[0]->id].at, sizeof(double) * (size_t)count); break;
    case OP_cumsum: cumsum(r, n, o); break;
    case OP_cholesky: cholesky(r, n, o); break;
    case OP_trisolve: case OP_solve: solve(r, n, o, r->arena); break;
    case OP_loop: r->outs[n->id] = loop(r, n); break;
    case OP_proj: *o = r->outs[n->arg[0]->id][n->u.axis]; break;
    default: ice("the interpreter meets %s", op_info[n->op].name);
    }
}

void ir_interpret(const Graph *g, const Tensor *args, Tensor *results, Arena *arena)
{
    int limit = graph_limit(g);
    Run r = { arena, g, NEW_N(arena, Tensor, limit + 1), NEW_N(arena, Tensor *, limit + 1) };
    bool *need = graph_needed(arena, g, g->results.at, g->results.n);
    for (int k = 0; k < g->params.n; k++)
        r.at[g->params.at[k]->id] = args[k];
    for (int i = 0; i < g->nodes.n; i++)
        if (need[g->nodes.at[i]->id] && g->nodes.at[i]->op != OP_param)
            node(&r, g->nodes.at[i]);
    for (int k = 0; k < g->results.n; k++)
        results[k] = r.at[g->results.at[k]->id];
}
