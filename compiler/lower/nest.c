/* nest.c -- the statements that store one node: elementwise nests, sums, scatter-adds, reductions, kernels.
 *
 * A sum's loops run over the output outside and the summed letters inside, with the sum in a temporary; where that would make the innermost loop
 * jump through memory, the last output letter goes innermost and the sum is built up in the output. */
#include "low.h"
#include <math.h>

static LBlock *open_loops(Low *l, LBlock *b, int rank, const int64_t *dim, const Name *name, LExpr **idx)
{
    for (int d = 0; d < rank; d++) {
        if (dim[d] == 1) {
            idx[d] = x_int(l, 0);
            continue;
        }
        LStmt *f = new_for(l, new_var(l, name ? name[d] : NULL), dim[d], true, NULL);
        idx[d] = x_var(l, f->var);
        push_stmt(l, b, f);
        b = &f->body;
    }
    return b;
}

static void store(Low *l, LBlock *b, const Node *about, const Slot *to, LExpr **idx, int n, LExpr *x, bool add)
{
    LStmt *s = new_stmt(l, LS_STORE, about);
    s->dst.buf = to->buf;
    s->dst.idx = slot_index(l, to, idx, n);
    s->x = x;
    s->add = add;
    push_stmt(l, b, s);
}

void zero_slot(Low *l, const Node *n, const Slot *to, LBlock *b)
{
    LStmt *s = new_stmt(l, LS_ZERO, NULL);
    s->dst = first_of(l, to, &n->type);
    s->count = type_count(&n->type);
    push_stmt(l, b, s);
}

/* Zeros of several axes are one memset: loops of stores say no more, and gcc 12 takes what it makes of them for writes out of bounds. */
void store_value(Low *l, Env *e, Node *n, Slot *to, LBlock *b)
{
    LExpr *idx[MAX_RANK];
    double value;
    if (n->type.rank > 1 && n->type.dtype == T_REAL && ir_is_const(n, &value) && value == 0 && !signbit(value)) {
        zero_slot(l, n, to, b);
        return;
    }
    LBlock *in = open_loops(l, b, n->type.rank, n->type.dim, n->axis_name, idx);
    store(l, in, n, to, idx, n->type.rank, value_at(l, e, n, idx), false);
}

static LExpr *product_at(Low *l, Env *e, Node *n, LExpr **letter)
{
    const Contract *c = n->u.contract;
    LExpr *x = NULL;
    for (int a = 0; a < c->nfactor; a++) {
        LExpr *f = value_at(l, e, n->arg[a], places_at(l, e, n, &c->arg[a], letter));
        if (c->nfactor > 1 && x_is_one(f) && (x || a + 1 < c->nfactor))        /* a factor 1 changes nothing */
            continue;
        x = x ? x_about(l, x_map(l, OP_mul, T_REAL, (LExpr *[]){ x, f }, 2), n) : f;
    }
    return x;
}

/* How many elements of its array the access reaches. */
static double reach(const Contract *c, const Access *x)
{
    double n = 1;
    for (int q = 0; q < c->nletters; q++) {
        bool used = false;
        for (int d = 0; d < x->rank; d++) {
            const Access *at = x->place[d].index >= 0 ? &c->arg[x->place[d].index] : NULL;
            used |= x->place[d].coef[q] != 0;
            for (int i = 0; at && i < at->rank; i++)
                used |= at->place[i].coef[q] != 0;
        }
        n *= used ? (double)c->range[q] : 1;
    }
    return n;
}

/* Does the letter move the factor that is read most widely by single steps? That one decides how memory is read. */
static bool unit_stride(const Node *n, int letter)
{
    const Contract *c = n->u.contract;
    int big = 0;
    for (int a = 1; a < c->nfactor; a++)
        if (reach(c, &c->arg[a]) > reach(c, &c->arg[big]))
            big = a;
    return c->arg[big].rank && c->arg[big].place[c->arg[big].rank - 1].coef[letter];
}

/* The only letter of the place, with coefficient 1; -1: it is something else. */
int place_shifted_letter(const Place *p)
{
    int at = -1;
    for (int q = 0; q < MAX_LETTERS; q++)
        if (p->coef[q]) {
            if (at >= 0 || p->coef[q] != 1)
                return -1;
            at = q;
        }
    return p->index < 0 ? at : -1;
}

/* Where the guard leaves its only letter: false when it has none or several. */
static bool bounds_of(const Contract *c, const Guard *g, int *letter, int64_t *from, int64_t *to)
{
    int count = 0;
    for (int q = 0; q < c->nletters; q++)
        if (g->place.coef[q]) {
            *letter = q;
            count++;
        }
    if (count != 1 || g->place.index >= 0)
        return false;
    *from = c->range[*letter];
    *to = 0;
    for (int64_t v = 0; v < c->range[*letter]; v++) {
        int64_t at = g->place.base + g->place.coef[*letter] * v;
        if (at < 0 || at >= g->n)
            continue;
        *from = v < *from ? v : *from;
        *to = v + 1;
    }
    return *from < *to;
}

static void shift(Place *p, int letter, int64_t by) { p->base += p->coef[letter] * by; }

/* Guards of one letter become the bounds of its loop: the letter counts from 0 again, and where it is an axis of the output only a part is reached. */
Node *bounded(Low *l, Node *n)
{
    int letter, kept = 0;
    int64_t from, to;
    const Contract *old = n->u.contract;
    bool any = false;
    for (int k = 0; k < old->nguard; k++)
        any |= bounds_of(old, &old->guard[k], &letter, &from, &to);
    if (!any)
        return n;
    Node *m = NEW(l->arena, Node);
    Contract *c = NEW(l->arena, Contract);
    *m = *n;
    *c = *old;
    m->u.contract = c;
    for (int k = 0; k < c->nguard; k++) {
        if (!bounds_of(c, &c->guard[k], &letter, &from, &to)) {
            c->guard[kept++] = c->guard[k];
            continue;
        }
        c->range[letter] = to - from;
        for (int d = 0; d < c->out.rank; d++)
            shift(&c->out.place[d], letter, from);
        for (int a = 0; a < c->nfactor + c->nindex; a++)
            for (int d = 0; d < c->arg[a].rank; d++)
                shift(&c->arg[a].place[d], letter, from);
        for (int g = 0; g < c->nguard; g++)
            shift(&c->guard[g].place, letter, from);
    }
    c->nguard = kept;
    return m;
}

/* The loops of a contraction, outer to inner. */
typedef struct Order {
    bool plain;                                   /* every axis of the output is one letter, or fixed: no scatter */
    bool partial;                                 /* the letters do not reach all of the output */
    bool in_temp;                                 /* summed in a temporary, stored once per element */
    bool in_out[MAX_LETTERS];
    int letter[MAX_LETTERS], nout, nred;          /* first the output's letters, then the summed ones */
} Order;

/* The letter that should run innermost where sums are built up in the output: its last, or else one that moves through memory by single steps. */
static int innermost(const Node *n, const Order *o)
{
    const Contract *c = n->u.contract;
    for (int k = o->nout - 1; k >= 0; k--)
        if (unit_stride(n, o->letter[k]) && c->range[o->letter[k]] >= 4)
            return k;
    return -1;
}

/* Does the place turn on a letter? One that only an index of the outside decides does not: rates[step]. */
static bool moves(const Contract *c, const Place *p)
{
    for (int q = 0; q < c->nletters; q++)
        if (p->coef[q])
            return true;
    for (int d = 0; p->index >= 0 && d < c->arg[p->index].rank; d++)
        if (moves(c, &c->arg[p->index].place[d]))
            return true;
    return false;
}

static Order loop_order(const Node *n)
{
    const Contract *c = n->u.contract;
    Order o = { .plain = true };
    for (int d = 0; d < c->out.rank; d++) {
        int k = place_shifted_letter(&c->out.place[d]);
        if (k >= 0 && !o.in_out[k]) {
            o.in_out[k] = true;
            o.letter[o.nout++] = k;
            o.partial |= c->range[k] < n->type.dim[d];
        } else if (moves(c, &c->out.place[d]))
            o.plain = false;
        else
            o.partial |= n->type.dim[d] > 1;
    }
    if (!o.plain)
        o.nout = 0;
    bool reduce_unit = false;
    for (int k = 0; k < c->nletters; k++)
        if (!o.plain || !o.in_out[k]) {
            o.letter[o.nout + o.nred++] = k;
            reduce_unit |= unit_stride(n, k);
        }
    if (!o.plain || !o.nred)
        return o;
    /* Summed along memory, or nothing to run along: a temporary; else the output is built up with one of its letters innermost. */
    int at = reduce_unit ? -1 : innermost(n, &o);
    o.in_temp = at < 0;
    if (!o.in_temp) {
        int last = o.letter[at];
        memmove(o.letter + at, o.letter + at + 1, sizeof *o.letter * (size_t)(o.nout + o.nred - at - 1));
        o.letter[o.nout + o.nred - 1] = last;
    }
    return o;
}

/* The letter's own name, or that of an axis along which it runs. */
Name letter_name(const Node *n, int q)
{
    const Contract *c = n->u.contract;
    Name name = c->letter[q];
    for (int d = 0; !name && d < c->out.rank; d++)
        if (place_shifted_letter(&c->out.place[d]) == q)
            name = n->axis_name[d];
    for (int a = 0; !name && a < n->narg; a++)
        for (int d = 0; !name && d < c->arg[a].rank; d++)
            if (place_shifted_letter(&c->arg[a].place[d]) == q)
                name = n->arg[a]->axis_name[d];
    return name;
}

static LBlock *letter_loop(Low *l, const Node *n, int q, bool parallel, LExpr **letter, LBlock *at)
{
    if (n->u.contract->range[q] == 1) {
        letter[q] = x_int(l, 0);
        return at;
    }
    LStmt *f = new_for(l, new_var(l, letter_name(n, q)), n->u.contract->range[q], parallel, NULL);
    letter[q] = x_var(l, f->var);
    push_stmt(l, at, f);
    return &f->body;
}

/* The row in which a sum is built up along its last letter, before it is added to what is there. */
static Slot open_row(Low *l, const Node *n, int last, LBlock *at)
{
    Name axis = letter_name(n, last);
    Node like = *n;
    like.type = (Type){ .dtype = T_REAL, .rank = 1, .dim = { n->u.contract->range[last] } };
    Slot row = { .buf = new_buf(l, T_REAL, 1, like.type.dim, LB_WORK, n->origin.name ? intern_printf("%s_row", n->origin.name) : intern("row"), &n->origin) };
    size_buffer(l, row.buf, 0, &axis);
    zero_slot(l, &like, &row, at);
    return row;
}

static void add_row(Low *l, Env *e, Node *n, const Slot *row, int last, LExpr **letter, Slot *to, LBlock *at)
{
    at = letter_loop(l, n, last, true, letter, at);
    store(l, at, n, to, places_at(l, e, n, &n->u.contract->out, letter), n->type.rank, x_load(l, row->buf, &letter[last]), true);
}

void emit_contract(Low *l, Env *e, Node *whole, Slot *to, LBlock *b, bool accumulate)
{
    Node *n = bounded(l, whole);
    const Contract *c = n->u.contract;
    const Order o = loop_order(n);
    const int loops = o.nout + o.nred, last = loops ? o.letter[loops - 1] : 0;
    LExpr *letter[MAX_LETTERS] = { NULL };
    bool builds_up = (o.nred || !o.plain) && !o.in_temp, in_row = builds_up && o.plain && accumulate;
    if ((builds_up || o.partial) && !accumulate)
        zero_slot(l, n, to, b);
    LTemp *sum = NULL;
    Slot row = { 0 };
    LBlock *at = b, *outer = NULL;
    for (int k = 0; k <= loops; k++) {
        if (o.in_temp && k == o.nout) {
            LStmt *let = new_stmt(l, LS_LET, NULL);
            let->temp = sum = new_temp(l, T_REAL, n->origin.name ? intern_printf("%s_sum", n->origin.name) : intern("sum"));
            let->x = x_num(l, 0, T_REAL);
            push_stmt(l, at, let);
            outer = at;
        }
        if (in_row && k == o.nout - 1) {
            row = open_row(l, n, last, at);
            outer = at;
        }
        if (k < loops)
            at = letter_loop(l, n, o.letter[k], o.plain && o.in_out[o.letter[k]], letter, at);
    }
    LExpr **out = places_at(l, e, n, &c->out, letter), *x = product_at(l, e, n, letter), *cond = guards_at(l, e, n, letter);
    if (o.in_temp) {
        LStmt *s = new_stmt(l, LS_SET, l->opt->guard ? n : NULL);
        s->temp = sum;
        s->x = x_guard(l, cond, x);
        s->add = true;
        push_stmt(l, at, s);
        store(l, outer, n, to, out, n->type.rank, x_scaled(l, c->scale, x_temp(l, sum)), accumulate);
        return;
    }
    if (cond && !o.plain) {
        LStmt *test = new_stmt(l, LS_IF, NULL);
        test->x = cond;
        push_stmt(l, at, test);
        at = &test->body;
        cond = NULL;
    }
    x = x_guard(l, cond, x_scaled(l, c->scale, x));
    if (in_row) {
        store(l, at, n, &row, &letter[last], 1, x, true);
        add_row(l, e, n, &row, last, letter, to, outer);
    } else
        store(l, at, n, to, out, n->type.rank, x, builds_up || accumulate);
}

static void emit_reduce(Low *l, Env *e, Node *n, Slot *to, LBlock *b)
{
    Node *x = n->arg[0];
    LExpr *out[MAX_RANK], *idx[MAX_RANK];
    int k = 0;
    bool max = n->op == OP_max_over;
    Name names[MAX_RANK];
    for (int d = 0; d < x->type.rank; d++)
        if (!(n->u.axis >> d & 1))
            names[k++] = x->axis_name[d];
    LBlock *at = open_loops(l, b, n->type.rank, n->type.dim, names, out), *inner;
    LStmt *let = new_stmt(l, LS_LET, NULL), *set = new_stmt(l, LS_SET, l->opt->guard ? n : NULL);
    let->temp = new_temp(l, T_REAL, n->origin.name ? intern_printf("%s_so_far", n->origin.name) : intern(max ? "most" : "least"));
    let->x = x_num(l, max ? -INFINITY : INFINITY, T_REAL);
    push_stmt(l, at, let);
    inner = at;
    k = 0;
    for (int d = 0; d < x->type.rank; d++) {
        if (!(n->u.axis >> d & 1)) {
            idx[d] = out[k++];
            continue;
        }
        LStmt *f = new_for(l, new_var(l, x->axis_name[d]), x->type.dim[d], false, NULL);
        idx[d] = x_var(l, f->var);
        push_stmt(l, inner, f);
        inner = &f->body;
    }
    set->temp = let->temp;
    set->x = x_map(l, max ? OP_max : OP_min, T_REAL, (LExpr *[]){ value_at(l, e, x, idx), x_temp(l, let->temp) }, 2);
    push_stmt(l, inner, set);
    store(l, at, n, to, out, n->type.rank, x_temp(l, let->temp), false);
}

static LPtr pointer(Low *l, Env *e, Node *n)
{
    Slot *s = slot_of(&e, &n);
    if (!s->buf)
        ice("lower: operand %s of a kernel is not stored", op_info[n->op].name);
    return first_of(l, s, &n->type);
}

static void emit_kernel(Low *l, Env *e, Node *n, Slot *to, LBlock *b)
{
    LStmt *s = new_stmt(l, LS_CALL, n);
    const Type *a = &n->arg[0]->type;
    int64_t batch = 1, size = a->rank ? a->dim[a->rank - 1] : 1, num[4];
    for (int d = 0; d + 2 < a->rank; d++)
        batch *= a->dim[d];
    s->ptr = NEW_N(l->arena, LPtr, 4);
    s->ptr[s->nptr++] = first_of(l, to, &n->type);
    s->callee = intern(op_info[n->op].name);
    if (n->op == OP_solve) {
        int64_t room = size * size;
        LBuf *scratch = new_buf(l, T_REAL, 1, &room, LB_WORK, intern("scratch"), NULL);
        s->ptr[s->nptr++] = first_of(l, &(Slot){ .buf = scratch }, &(Type){ .rank = 1 });
    }
    for (int k = 0; k < n->narg; k++)
        s->ptr[s->nptr++] = pointer(l, e, n->arg[k]);
    s->num = NEW_N(l->arena, int64_t, 4);
    if (n->op == OP_cumsum) {
        int axis = (int)(n->u.axis / 2);
        num[0] = num[2] = 1;
        num[1] = a->dim[axis];
        for (int d = 0; d < a->rank; d++)
            num[d < axis ? 0 : 2] *= d == axis ? 1 : a->dim[d];
        num[3] = n->u.axis & 1;
        s->nnum = 4;
    } else {
        num[0] = batch;
        num[1] = size;
        num[2] = n->op == OP_cholesky ? 0 : n->type.dim[n->type.rank - 1];
        num[3] = n->u.axis;
        s->nnum = n->op == OP_cholesky ? 2 : 4;
    }
    memcpy(s->num, num, sizeof num);
    push_stmt(l, b, s);
}

static void emit_reshape(Low *l, Env *e, Node *n, Slot *to, LBlock *b)
{
    LStmt *s = new_stmt(l, LS_COPY, n);
    s->dst = first_of(l, to, &n->type);
    s->src = pointer(l, e, n->arg[0]);
    s->count = type_count(&n->type);
    push_stmt(l, b, s);
}

/* ---- sums with contractions among their terms: those are added in place, one after the other as the sum is written ---- */
static void emit_part(Low *l, Env *e, Node *part, Slot *to, LBlock *b, bool accumulate)
{
    if (accumulate && !loop_order(part).plain && !adds_to_carried(e, part))
        add_apart(l, e, part, to, b);
    else if (!emit_gemm(l, e, part, to, b, accumulate))
        emit_contract(l, e, part, to, b, accumulate);
}

static void emit_plain(Low *l, Env *e, Node *n, Node *term, Slot *to, LBlock *b, bool accumulate)
{
    LExpr *idx[MAX_RANK];
    LBlock *in = open_loops(l, b, n->type.rank, n->type.dim, n->axis_name, idx);
    const Node *about = !accumulate && op_info[term->op].kind == K_MAP ? term : n;       /* what is stored first is not the sum yet */
    store(l, in, l->opt->guard && guard_is_lax(n) ? n : about, to, idx, n->type.rank, value_at(l, e, term, idx), accumulate);
}

static void emit_term(Low *l, Env *e, Node *n, Node *term, Slot *to, LBlock *b, bool accumulate)
{
    if (is_part(e, term))
        emit_part(l, e, term, to, b, accumulate);
    else
        emit_plain(l, e, n, term, to, b, accumulate);
}

/* n, an addition with parts: what it adds is added as it says, so that a value has the same bits whether or not one of its terms is stored elsewhere. */
static void emit_sum(Low *l, Env *e, Node *n, Slot *to, LBlock *b)
{
    int deep = sums_parts(e, n->arg[1]);
    if (deep || sums_parts(e, n->arg[0])) {
        emit_sum(l, e, n->arg[deep], to, b);
        emit_term(l, e, n, n->arg[1 - deep], to, b, true);
        return;
    }
    int first = is_part(e, n->arg[0]) && !is_part(e, n->arg[1]);
    emit_term(l, e, n, n->arg[first], to, b, false);
    emit_term(l, e, n, n->arg[1 - first], to, b, true);
}

void add_apart(Low *l, Env *e, Node *n, Slot *to, LBlock *b)
{
    Slot own = { .buf = new_buf(l, T_REAL, n->type.rank, n->type.dim, LB_WORK, NULL, &n->origin) };
    size_buffer(l, own.buf, 0, n->axis_name);
    emit_part(l, e, n, &own, b, false);
    LExpr *idx[MAX_RANK];
    LBlock *in = open_loops(l, b, n->type.rank, n->type.dim, n->axis_name, idx);
    store(l, in, n, to, idx, n->type.rank, x_load(l, own.buf, idx), true);
}

void emit_into(Low *l, Env *e, Node *n, Slot *to, LBlock *b)
{
    if (op_info[n->op].kind == K_CONTRACT && !is_view_node(n))
        emit_part(l, e, n, to, b, false);
    else if (op_info[n->op].kind == K_REDUCE)
        emit_reduce(l, e, n, to, b);
    else if (n->op == OP_reshape)
        emit_reshape(l, e, n, to, b);
    else if (n->op == OP_cumsum || n->op == OP_cholesky || n->op == OP_trisolve || n->op == OP_solve)
        emit_kernel(l, e, n, to, b);
    else if (adds_parts(e, n))
        emit_sum(l, e, n, to, b);
    else
        store_value(l, e, n, to, b);
}
