/* eval_library.c -- the library functions that are known in C: one table of names. What MFL itself can say is in std/math.mfl instead.
 *
 * Arguments: positional values, `axis = k`, and the bare words keep, causal, upper. Every function checks its shapes and names itself, the shape found and
 * what it expects. */
#include "eval.h"
#include <math.h>

typedef Val LibFn(Call *, int op);
typedef struct Lib { const char *name; int lo, hi; LibFn *fn; int op; const char *doc; } Lib;

static Val fail(Call *c, int k, const char *what)
{
    return report(c->s, c->at[k]->span, NULL, "%s: %s; found %s", c->e->name, what, val_text(c->s, c->arg[k]));
}

static Node *array(Call *c, int k) { return val_real(c->s, c->arg[k]); }

static bool axis_in(Call *c, Val v, const Expr *at, int rank, int *axis)
{
    int64_t k;
    if (v.kind != V_NUM || v.num != floor(v.num)) {
        report(c->s, at->span, NULL, "%s: an axis must be a whole number; found %s", c->e->name, val_text(c->s, v));
        return false;
    }
    k = (int64_t)v.num;
    if (k < -rank || k >= rank) {
        report(c->s, at->span, NULL, "%s: axis %lld is outside shape %s", c->e->name, (long long)k, c->arg[0].kind == V_ARRAY ? type_text(c->s->arena, &c->arg[0].node->type) : "[]");
        return false;
    }
    *axis = (int)(k < 0 ? k + rank : k);
    return true;
}

/* ---- elementwise ---- */
static Val map_one(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    (void)at, (void)n;
    return map_real(s, *(Op *)user, *v);
}

static Val lib_map(Call *c, int op)
{
    Op o = (Op)op;
    return val_each(c->s, c->e, c->arg, 1, map_one, &o);
}

enum { M_RELU, M_GELU, M_SILU, M_RSQRT };
static Val compose_one(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    (void)at, (void)n;
    Graph *g = s->here;
    Node *x = val_real(s, *v), *one = ir_like(g, x, 1);
    switch (*(int *)user) {
    case M_RELU: return val_array(ir_map3(g, OP_select, ir_map2(g, OP_gt, x, ir_like(g, x, 0)), x, ir_like(g, x, 0)));
    case M_SILU: return val_array(ir_map2(g, OP_mul, x, ir_map1(g, OP_sigmoid, x)));
    case M_RSQRT: return val_array(ir_map2(g, OP_div, one, ir_map1(g, OP_sqrt, x)));
    default: {
        Node *e = ir_map1(g, OP_erf, ir_map2(g, OP_mul, x, ir_like(g, x, sqrt(0.5))));
        return val_array(ir_map2(g, OP_mul, ir_map2(g, OP_mul, x, ir_like(g, x, 0.5)), ir_map2(g, OP_add, one, e)));
    }
    }
}

static Val lib_compose(Call *c, int which) { return val_each(c->s, c->e, c->arg, 1, compose_one, &which); }

static Val extreme(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    Type a = val_type(&v[0]), b = val_type(&v[1]), shape;
    Op op = *(Op *)user;
    (void)n;
    if (v[0].kind == V_NUM && v[1].kind == V_NUM)
        return val_num(op == OP_max ? fmax(v[0].num, v[1].num) : fmin(v[0].num, v[1].num), v[0].whole && v[1].whole);
    if (!broadcast_types(&a, &b, &shape))
        return report(s, at->at, NULL, "%s cannot combine %s with %s", at->name, val_text(s, v[0]), val_text(s, v[1]));
    return val_array(ir_map2(s->here, op, broadcast_to(s, val_real(s, v[0]), &shape), broadcast_to(s, val_real(s, v[1]), &shape)));
}

static Val clamp_one(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    Type t = val_type(&v[0]), u;
    (void)n, (void)user;
    for (int k = 1; k < 3; k++) {
        Type b = val_type(&v[k]);
        if (!broadcast_types(&t, &b, &u))
            return report(s, at->at, NULL, "clamp cannot combine %s with the bound %s", val_text(s, v[0]), val_text(s, v[k]));
        t = u;
    }
    Node *x = broadcast_to(s, val_real(s, v[0]), &t), *lo = broadcast_to(s, val_real(s, v[1]), &t), *hi = broadcast_to(s, val_real(s, v[2]), &t);
    Node *low = ir_map3(s->here, OP_select, ir_map2(s->here, OP_lt, x, lo), lo, ir_map3(s->here, OP_select, ir_map2(s->here, OP_gt, x, hi), hi, x));
    return val_array(low);
}

static Val lib_clamp(Call *c, int op) { (void)op; return val_each(c->s, c->e, c->arg, 3, clamp_one, NULL); }
static Val lib_where(Call *c, int op) { (void)op; return eval_if(c->s, c->e, c->arg[0], c->arg[1], c->arg[2]); }

/* ---- reductions ---- */
enum { R_SUM, R_MEAN, R_MAX, R_MIN, R_PROD, R_LSE, R_VAR, R_NORM };

static Node *keep_axes(Sema *s, Node *n, const Type *full, unsigned axes)
{
    Type t = *full;
    int map[MAX_RANK], k = 0;
    for (int d = 0; d < t.rank; d++)
        if (axes >> d & 1)
            t.dim[d] = 1;
        else
            map[k++] = d;
    return ir_expand(s->here, n, t.rank, t.dim, map);
}

static int64_t count_of(const Type *t, unsigned axes)
{
    int64_t n = 1;
    for (int d = 0; d < t->rank; d++)
        if (axes >> d & 1)
            n *= t->dim[d];
    return n;
}

static Node *again(Sema *s, Node *reduced, const Type *full, unsigned axes)
{
    return broadcast_to(s, keep_axes(s, reduced, full, axes), full);
}

/* A product as a loop with a carried value: exact where elements are zero, at every order. */
static Node *product(Sema *s, Node *x, unsigned axes)
{
    int perm[MAX_RANK], n = 0;
    int64_t dim[MAX_RANK];
    for (int d = 0; d < x->type.rank; d++)
        if (axes >> d & 1)
            perm[n++] = d;
    for (int d = 0; d < x->type.rank; d++)
        if (!(axes >> d & 1))
            perm[n++] = d;
    Node *t = ir_transpose(s->here, x, perm);
    int rank = 1;
    dim[0] = count_of(&x->type, axes);
    for (int d = 0; d < x->type.rank; d++)
        if (!(axes >> d & 1))
            dim[rank++] = x->type.dim[d];
    t = ir_reshape(s->here, t, rank, dim);
    LoopBuilder *b = loop_begin(s->here, dim[0], intern("prod"));
    Node *p = loop_carry(b, ir_const(s->here, type_of(T_REAL, rank - 1, dim + 1), 1), intern("product"));
    loop_next(b, p, ir_map2(b->loop->body, OP_mul, p, ir_pick(b->loop->body, loop_capture(b, t), 0, b->index)));
    int out = loop_final(b, p);
    return ir_proj(s->here, loop_end(b), out);
}

static Node *reduce(Sema *s, int which, Node *x, unsigned axes)
{
    Graph *g = s->here;
    double n = (double)count_of(&x->type, axes);
    switch (which) {
    case R_SUM: return ir_sum(g, x, axes);
    case R_MEAN: return ir_scale(g, ir_sum(g, x, axes), 1 / n);
    case R_MAX: return ir_reduce(g, OP_max_over, x, axes);
    case R_MIN: return ir_reduce(g, OP_min_over, x, axes);
    case R_PROD: return product(s, x, axes);
    case R_LSE: {
        Node *m = ir_map1(g, OP_detach, ir_reduce(g, OP_max_over, x, axes));
        Node *e = ir_map1(g, OP_exp, ir_map2(g, OP_sub, x, again(s, m, &x->type, axes)));
        return ir_map2(g, OP_add, ir_map1(g, OP_log, ir_sum(g, e, axes)), m);
    }
    case R_VAR: {
        Node *m = ir_scale(g, ir_sum(g, x, axes), 1 / n), *d = ir_map2(g, OP_sub, x, again(s, m, &x->type, axes));
        return ir_scale(g, ir_sum(g, ir_map2(g, OP_mul, d, d), axes), 1 / n);
    }
    default: return ir_map1(g, OP_sqrt, ir_sum(g, ir_map2(g, OP_mul, x, x), axes));
    }
}

static Val lib_reduce(Call *c, int which)
{
    Val v = c->arg[0];
    if (v.kind == V_RECORD)
        return fail(c, 0, "an array is expected");
    if ((which == R_MAX || which == R_MIN) && c->n == 2 && !c->has_axis) {
        Op op = which == R_MAX ? OP_max : OP_min;
        return val_each(c->s, c->e, c->arg, 2, extreme, &op);
    }
    if (v.kind == V_NUM)
        return which == R_VAR ? val_num(0, false) : which == R_NORM ? val_num(fabs(v.num), v.whole) : v;
    if (c->s->in_notation && v.node->type.rank)
        return report(c->s, c->e->at, NULL, "inside index notation values are numbers: to reduce over a letter write %s[k](...)", c->e->name);
    Node *x = array(c, 0);
    unsigned axes = (1u << x->type.rank) - 1;
    Val axis = c->has_axis ? c->axis : c->arg[1];
    int a;
    if (c->has_axis || c->n == 2) {
        if (!axis_in(c, axis, c->has_axis ? c->axis_at : c->at[1], x->type.rank, &a))
            return val_error();
        axes = 1u << a;
    }
    Node *r = x->type.rank ? reduce(c->s, which, x, axes) : reduce(c->s, which, x, 0);
    return val_array(c->keep ? keep_axes(c->s, r, &x->type, axes) : r);
}

/* ---- shapes ---- */
static Val lib_transpose(Call *c, int op)
{
    (void)op;
    Val v = c->arg[0];
    if (v.kind != V_ARRAY)
        return fail(c, 0, "an array is expected");
    Node *x = node_here(c->s, v.node);
    int perm[MAX_RANK], r = x->type.rank;
    unsigned seen = 0;
    for (int k = 0; k < r; k++)
        perm[k] = r - 1 - k;
    if (c->n > 1 && c->n - 1 != r)
        return report(c->s, c->e->at, NULL, "transpose: %d axes are given for shape %s", c->n - 1, type_text(c->s->arena, &x->type));
    for (int k = 1; k < c->n; k++) {
        if (!axis_in(c, c->arg[k], c->at[k], r, &perm[k - 1]))
            return val_error();
        if (seen >> perm[k - 1] & 1)
            return report(c->s, c->at[k]->span, NULL, "transpose: axis %d is given twice", perm[k - 1]);
        seen |= 1u << perm[k - 1];
    }
    v.node = ir_transpose(c->s->here, x, perm);
    return v;
}

static bool sizes(Call *c, int from, int64_t *dim, int *rank)
{
    *rank = 0;
    for (int k = from; k < c->n; k++) {
        Val v = c->arg[k];
        if (*rank >= USER_RANK) {
            report(c->s, c->at[k]->span, NULL, "%s: an array may have at most %d axes", c->e->name, USER_RANK);
            return false;
        }
        if (v.kind != V_NUM || v.num != floor(v.num) || v.num < 1 || v.num > INT32_MAX) {
            report(c->s, c->at[k]->span, NULL, "%s: a size must be a positive whole number known at compile time; found %s", c->e->name, val_text(c->s, v));
            return false;
        }
        dim[(*rank)++] = (int64_t)v.num;
    }
    double total = 1;
    for (int k = 0; k < *rank; k++)
        total *= (double)dim[k];
    if (total > INT32_MAX) {
        report(c->s, c->e->at, NULL, "%s: the array is too large: %.0f elements", c->e->name, total);
        return false;
    }
    return true;
}

static Val lib_reshape(Call *c, int op)
{
    (void)op;
    int64_t dim[USER_RANK];
    int rank;
    Val v = c->arg[0];
    if (v.kind == V_RECORD)
        return fail(c, 0, "an array is expected");
    if (!sizes(c, 1, dim, &rank))
        return val_error();
    Node *x = sema_node(c->s, v);
    Type t = type_of(x->type.dtype, rank, dim);
    if (type_count(&t) != type_count(&x->type))
        return report(c->s, c->e->at, NULL, "reshape: %s has %lld elements, %s has %lld", type_text(c->s->arena, &x->type), (long long)type_count(&x->type), type_text(c->s->arena, &t), (long long)type_count(&t));
    if (v.kind == V_NUM)
        return val_array(ir_const(c->s->here, t, v.num));
    v.node = ir_reshape(c->s->here, x, rank, dim);
    return v;
}

/* a at `offset` along an axis of length n: zero elsewhere. out[.., k, ..] = a[.., k - offset, ..] where inside */
static Node *placed(Sema *s, Node *a, int axis, int64_t offset, int64_t n)
{
    Contract c;
    Type out = a->type;
    contract_init(&c);
    c.nfactor = 1;
    c.arg[0].rank = c.out.rank = out.rank;
    out.dim[axis] = n;
    for (int k = 0; k < out.rank; k++)
        c.arg[0].place[k] = c.out.place[k] = place_letter(contract_letter(&c, out.dim[k], a->axis_name[k]));
    c.arg[0].place[axis].base = -offset;
    if (offset || n != a->type.dim[axis])
        c.guard[c.nguard++] = (Guard){ c.arg[0].place[axis], a->type.dim[axis] };
    return ir_contract(s->here, &c, &a, out);
}

static bool want_axis(Call *c, int rank, int otherwise, int *axis)
{
    *axis = otherwise;
    return !c->has_axis || axis_in(c, c->axis, c->axis_at, rank, axis);
}

static Val lib_concat(Call *c, int op)
{
    (void)op;
    Node *x[16] = { NULL }, *sum = NULL;
    int axis = 0;
    int64_t total = 0, at = 0;
    for (int k = 0; k < c->n; k++) {
        if (c->arg[k].kind == V_RECORD || val_type(&c->arg[k]).rank == 0)
            return fail(c, k, "an array with at least one axis is expected");
        x[k] = array(c, k);
    }
    if (!want_axis(c, x[0]->type.rank, 0, &axis))
        return val_error();
    for (int k = 0; k < c->n; k++) {
        bool fits = x[k]->type.rank == x[0]->type.rank;
        int bad = 0;
        for (int d = 0; fits && d < x[0]->type.rank; d++)
            if (d != axis && x[k]->type.dim[d] != x[0]->type.dim[d])
                fits = false, bad = d;
        if (!fits)
            return report(c->s, c->at[k]->span, NULL, "concat: %s does not fit %s along axis %d: axis %d differs", type_text(c->s->arena, &x[k]->type), type_text(c->s->arena, &x[0]->type), axis, bad);
        total += x[k]->type.dim[axis];
    }
    for (int k = 0; k < c->n; k++) {
        Node *p = placed(c->s, x[k], axis, at, total);
        sum = sum ? ir_map2(c->s->here, OP_add, sum, p) : p;
        at += x[k]->type.dim[axis];
    }
    return val_array(sum);
}

static Val lib_stack(Call *c, int op)
{
    (void)op;
    Type t = { 0 }, u;
    int axis;
    for (int k = 0; k < c->n; k++) {
        if (c->arg[k].kind == V_RECORD)
            return fail(c, k, "an array is expected");
        Type v = val_type(&c->arg[k]);
        if (k == 0)
            t = v;
        else if (!broadcast_types(&t, &v, &u))
            return report(c->s, c->at[k]->span, NULL, "stack: %s does not fit %s: all must have one shape", type_text(c->s->arena, &v), type_text(c->s->arena, &t));
        else
            t = u;
    }
    Type full = t;
    full.rank++;
    if (full.rank > USER_RANK)
        return report(c->s, c->e->at, NULL, "stack: an array may have at most %d axes", USER_RANK);
    if (!want_axis(c, full.rank, 0, &axis))
        return val_error();
    int map[MAX_RANK];
    for (int k = 0; k < t.rank; k++)
        map[k] = k < axis ? k : k + 1;
    for (int k = t.rank; k > axis; k--)
        full.dim[k] = t.dim[k - 1];
    full.dim[axis] = 1;
    Node *sum = NULL;
    for (int k = 0; k < c->n; k++) {
        Node *x = ir_expand(c->s->here, broadcast_to(c->s, array(c, k), &t), full.rank, full.dim, map), *p = placed(c->s, x, axis, k, c->n);
        sum = sum ? ir_map2(c->s->here, OP_add, sum, p) : p;
    }
    return val_array(sum);
}

static bool whole_at(Call *c, int k, int64_t *out)
{
    if (c->arg[k].kind != V_NUM || c->arg[k].num != floor(c->arg[k].num) || fabs(c->arg[k].num) > INT32_MAX) {
        report(c->s, c->at[k]->span, NULL, "%s: a whole number known at compile time is expected; found %s", c->e->name, val_text(c->s, c->arg[k]));
        return false;
    }
    *out = (int64_t)c->arg[k].num;
    return true;
}

static Val lib_pad(Call *c, int op)
{
    (void)op;
    int64_t before, after;
    int axis;
    if (c->arg[0].kind != V_ARRAY || !c->arg[0].node->type.rank)
        return fail(c, 0, "an array is expected");
    Node *x = array(c, 0);
    if (!whole_at(c, 1, &before) || !whole_at(c, 2, &after))
        return val_error();
    if (c->n == 4) {
        c->axis = c->arg[3];
        c->axis_at = c->at[3];
        c->has_axis = true;
    }
    if (!want_axis(c, x->type.rank, x->type.rank - 1, &axis))
        return val_error();
    if (before < 0 || after < 0)
        return report(c->s, c->at[before < 0 ? 1 : 2]->span, NULL, "pad: the number of zeros cannot be negative");
    return val_array(placed(c->s, x, axis, before, x->type.dim[axis] + before + after));
}

static Val lib_flip(Call *c, int op)
{
    (void)op;
    if (c->arg[0].kind != V_ARRAY || !c->arg[0].node->type.rank)
        return fail(c, 0, "an array is expected");
    Val v = c->arg[0];
    Node *x = node_here(c->s, v.node);
    int axis = -1;
    if ((c->n == 2 || c->has_axis) && !axis_in(c, c->has_axis ? c->axis : c->arg[1], c->has_axis ? c->axis_at : c->at[1], x->type.rank, &axis))
        return val_error();
    for (int d = 0; d < x->type.rank; d++)
        if (axis < 0 || d == axis)
            x = ir_slice(c->s->here, x, d, x->type.dim[d] - 1, x->type.dim[d], -1);
    v.node = x;
    return v;
}

static Val lib_cumsum(Call *c, int op)
{
    (void)op;
    if (c->arg[0].kind != V_ARRAY || !c->arg[0].node->type.rank)
        return fail(c, 0, "an array is expected");
    Node *x = array(c, 0);
    int axis = 0;
    if (c->n == 2 || c->has_axis) {
        if (!axis_in(c, c->has_axis ? c->axis : c->arg[1], c->has_axis ? c->axis_at : c->at[1], x->type.rank, &axis))
            return val_error();
    } else if (x->type.rank != 1)
        return report(c->s, c->e->at, NULL, "cumsum: say along which axis of %s", type_text(c->s->arena, &x->type));
    return val_array(ir_op(c->s->here, OP_cumsum, &x, 1, x->type, axis * 2));
}

static Val lib_one_hot(Call *c, int op)
{
    (void)op;
    int64_t n;
    Val y = c->arg[0];
    if (!whole_at(c, 1, &n) || n < 1)
        return n < 1 ? report(c->s, c->at[1]->span, NULL, "one_hot: the number of classes must be positive") : val_error();
    if (y.kind == V_RECORD || (y.kind == V_ARRAY && y.node->type.dtype != T_INT))
        return fail(c, 0, "integers are expected");
    Node *x = sema_node(c->s, y);
    if (x->type.dtype != T_INT)
        return fail(c, 0, "integers are expected");
    Type t = x->type;
    int map[MAX_RANK];
    if (t.rank >= USER_RANK)
        return report(c->s, c->e->at, NULL, "one_hot: an array may have at most %d axes", USER_RANK);
    for (int k = 0; k < t.rank; k++)
        map[k] = k;
    t.dim[t.rank++] = n;
    Node *is = ir_map2(c->s->here, OP_eq, ir_expand(c->s->here, x, t.rank, t.dim, map), ir_iota(c->s->here, t, t.rank - 1));
    return val_array(ir_cast_real(c->s->here, is));
}

static Val lib_iota(Call *c, int op)
{
    (void)op;
    int64_t n;
    if (!whole_at(c, 0, &n))
        return val_error();
    if (n < 1)
        return report(c->s, c->at[0]->span, NULL, "iota: the length must be positive; found %lld", (long long)n);
    return val_int(ir_iota(c->s->here, type_of(T_INT, 1, &n), 0), 0, n - 1);
}

static Val lib_tril(Call *c, int op)
{
    (void)op;
    if (c->arg[0].kind != V_ARRAY || c->arg[0].node->type.rank < 2)
        return fail(c, 0, "an array with at least two axes is expected");
    Node *x = array(c, 0);
    Type t = x->type;
    t.dtype = T_INT;
    Node *below = ir_map2(c->s->here, OP_ge, ir_iota(c->s->here, t, t.rank - 2), ir_iota(c->s->here, t, t.rank - 1));
    return val_array(ir_map3(c->s->here, OP_select, below, x, ir_like(c->s->here, x, 0)));
}

enum { F_ZEROS, F_ONES };
static Val lib_fill(Call *c, int which)
{
    int64_t dim[USER_RANK];
    int rank;
    if (!sizes(c, 0, dim, &rank))
        return val_error();
    return val_array(ir_const(c->s->here, type_of(T_REAL, rank, dim), which == F_ONES));
}

static Val lib_broadcast(Call *c, int op)
{
    (void)op;
    int64_t dim[USER_RANK];
    int rank;
    if (c->arg[0].kind == V_RECORD)
        return fail(c, 0, "an array or a number is expected");
    if (!sizes(c, 1, dim, &rank))
        return val_error();
    Node *n = sema_fit(c->s, c->arg[0], rank, dim);
    Type t = type_of(T_REAL, rank, dim);
    return n ? val_array(n) : report(c->s, c->at[0]->span, NULL, "broadcast: %s cannot be stretched to %s", val_text(c->s, c->arg[0]), type_text(c->s->arena, &t));
}

/* ---- products ---- */
static bool vectors(Call *c)
{
    for (int k = 0; k < 2; k++)
        if (c->arg[k].kind != V_ARRAY || c->arg[k].node->type.rank != 1) {
            fail(c, k, "a vector is expected");
            return false;
        }
    return true;
}

static Val lib_dot(Call *c, int op)
{
    (void)op;
    if (!vectors(c))
        return val_error();
    if (c->arg[0].node->type.dim[0] != c->arg[1].node->type.dim[0])
        return report(c->s, c->e->at, NULL, "dot: the vectors have different lengths, %s and %s", val_text(c->s, c->arg[0]), val_text(c->s, c->arg[1]));
    return val_array(ir_matmul(c->s->here, array(c, 0), array(c, 1)));
}

static Val lib_outer(Call *c, int op)
{
    (void)op;
    if (!vectors(c))
        return val_error();
    Node *a = array(c, 0), *b = array(c, 1);
    int64_t dim[] = { a->type.dim[0], b->type.dim[0] };
    return val_array(ir_map2(c->s->here, OP_mul, ir_expand(c->s->here, a, 2, dim, (int[]){ 0 }), ir_expand(c->s->here, b, 2, dim, (int[]){ 1 })));
}

static Node *swap_last(Sema *s, Node *n)
{
    int perm[MAX_RANK];
    for (int k = 0; k < n->type.rank; k++)
        perm[k] = k;
    perm[n->type.rank - 1] = n->type.rank - 2;
    perm[n->type.rank - 2] = n->type.rank - 1;
    return ir_transpose(s->here, n, perm);
}

/* The last-axis softmax without its gradient through the maximum. */
static Node *softmax_last(Sema *s, Node *x)
{
    unsigned axis = 1u << (x->type.rank - 1);
    Node *m = ir_map1(s->here, OP_detach, ir_reduce(s->here, OP_max_over, x, axis));
    Node *e = ir_map1(s->here, OP_exp, ir_map2(s->here, OP_sub, x, again(s, m, &x->type, axis)));
    return ir_map2(s->here, OP_div, e, again(s, ir_sum(s->here, e, axis), &x->type, axis));
}

static Val lib_attention(Call *c, int op)
{
    (void)op;
    Sema *s = c->s;
    Node *x[3];
    for (int k = 0; k < 3; k++) {
        if (c->arg[k].kind != V_ARRAY || c->arg[k].node->type.rank < 2)
            return fail(c, k, "an array [..., S, K] is expected");
        x[k] = array(c, k);
    }
    Type q = x[0]->type, r = x[1]->type, v = x[2]->type;
    bool ok = q.rank == r.rank && q.rank == v.rank && q.dim[q.rank - 1] == r.dim[q.rank - 1] && r.dim[q.rank - 2] == v.dim[q.rank - 2];
    for (int k = 0; ok && k < q.rank - 2; k++)
        ok = q.dim[k] == r.dim[k] && q.dim[k] == v.dim[k];
    if (!ok)
        return report(s, c->e->at, NULL, "attention: q %s, k %s and v %s do not fit", type_text(s->arena, &q), type_text(s->arena, &r), type_text(s->arena, &v));
    Node *score = ir_scale(s->here, ir_matmul(s->here, x[0], swap_last(s, x[1])), 1 / sqrt((double)q.dim[q.rank - 1]));
    if (c->causal) {
        Type t = score->type;
        t.dtype = T_INT;
        Node *past = ir_map2(s->here, OP_ge, ir_iota(s->here, t, t.rank - 2), ir_iota(s->here, t, t.rank - 1));
        score = ir_map3(s->here, OP_select, past, score, ir_like(s->here, score, -1e9));
    }
    return val_array(ir_matmul(s->here, softmax_last(s, score), x[2]));
}

/* Coordinates j and j + K/2 of the last axis turn by position * base^(-2 j / K). */
static Val lib_rope(Call *c, int op)
{
    (void)op;
    Sema *s = c->s;
    Graph *g = s->here;
    if (c->arg[0].kind != V_ARRAY || c->arg[0].node->type.rank < 2)
        return fail(c, 0, "an array [..., position, K] is expected");
    Node *x = array(c, 0);
    int r = x->type.rank;
    int64_t k = x->type.dim[r - 1];
    if (k % 2)
        return report(s, c->at[0]->span, NULL, "rope: the last axis must be even; found %s", type_text(s->arena, &x->type));
    double base = 10000;
    if (c->n == 2) {
        if (c->arg[1].kind != V_NUM)
            return fail(c, 1, "the base must be a number");
        base = c->arg[1].num;
    }
    Node *a = ir_slice(g, x, r - 1, 0, k / 2, 1), *b = ir_slice(g, x, r - 1, k / 2, k / 2, 1);
    Type t = a->type;
    t.dtype = T_INT;
    Type small = type_of(T_INT, 2, t.dim + r - 2);
    Node *j = ir_cast_real(g, ir_iota(g, small, 1)), *pos = ir_cast_real(g, ir_iota(g, small, 0));
    Node *angle = ir_map2(g, OP_mul, pos, ir_map1(g, OP_exp, ir_scale(g, j, -2 * log(base) / (double)k)));
    Node *co = ir_map1(g, OP_cos, angle), *si = ir_map1(g, OP_sin, angle);
    co = ir_broadcast(g, co, r, a->type.dim);
    si = ir_broadcast(g, si, r, a->type.dim);
    Node *left = ir_map2(g, OP_sub, ir_map2(g, OP_mul, a, co), ir_map2(g, OP_mul, b, si));
    Node *right = ir_map2(g, OP_add, ir_map2(g, OP_mul, a, si), ir_map2(g, OP_mul, b, co));
    return val_array(ir_map2(g, OP_add, placed(s, left, r - 1, 0, k), placed(s, right, r - 1, k / 2, k)));
}

/* One value per row of the last axis; labels are integers of the leading shape, or weights of z's shape. */
static Val lib_cross_entropy(Call *c, int op)
{
    (void)op;
    Sema *s = c->s;
    Graph *g = s->here;
    if (c->arg[0].kind != V_ARRAY || !c->arg[0].node->type.rank)
        return fail(c, 0, "scores [..., classes] are expected");
    if (c->arg[1].kind == V_RECORD)
        return fail(c, 1, "labels are expected");
    Node *z = array(c, 0), *y = sema_node(s, c->arg[1]);
    int r = z->type.rank;
    unsigned axis = 1u << (r - 1);
    Node *lse = reduce(s, R_LSE, z, axis), *picked;
    if (y->type.dtype != T_INT) {
        if (!shape_eq(&y->type, &z->type))
            return report(s, c->at[1]->span, NULL, "cross_entropy: soft labels must have the shape of the scores, %s; found %s", type_text(s->arena, &z->type), val_text(s, c->arg[1]));
        picked = ir_sum(g, ir_map2(g, OP_mul, ir_cast_real(g, y), ir_map2(g, OP_sub, z, again(s, lse, &z->type, axis))), axis);
        return val_array(ir_map1(g, OP_neg, picked));
    }
    bool fits = y->type.rank == r - 1;
    for (int k = 0; fits && k < r - 1; k++)
        fits = y->type.dim[k] == z->type.dim[k];
    if (!fits)
        return report(s, c->at[1]->span, NULL, "cross_entropy: labels of the leading shape of %s are expected; found %s", type_text(s->arena, &z->type), val_text(s, c->arg[1]));
    if (c->arg[1].kind != V_ARRAY || !c->arg[1].ranged || c->arg[1].lo < 0 || c->arg[1].hi >= z->type.dim[r - 1])
        return report(s, c->at[1]->span, NULL, "cross_entropy: labels must be index(C) data with C at most %lld", (long long)z->type.dim[r - 1]);
    Contract k;
    contract_init(&k);
    k.nfactor = k.nindex = 1;
    k.arg[0].rank = r;
    k.arg[1].rank = k.out.rank = r - 1;
    for (int d = 0; d < r - 1; d++)
        k.arg[0].place[d] = k.arg[1].place[d] = k.out.place[d] = place_letter(contract_letter(&k, z->type.dim[d], z->axis_name[d]));
    k.arg[0].place[r - 1] = place_const(0);
    k.arg[0].place[r - 1].index = 1;
    picked = ir_contract(g, &k, (Node *[]){ z, y }, lse->type);
    return val_array(ir_map2(g, OP_sub, lse, picked));
}

/* ---- matrices ---- */
static bool square(Call *c, Node *a)
{
    if (a->type.rank == 2 && a->type.dim[0] == a->type.dim[1])
        return true;
    fail(c, 0, "a square matrix is expected");
    return false;
}

static Val lib_cholesky(Call *c, int op)
{
    (void)op;
    if (c->arg[0].kind != V_ARRAY)
        return fail(c, 0, "a square matrix is expected");
    Node *a = array(c, 0);
    return square(c, a) ? val_array(ir_op(c->s->here, OP_cholesky, &a, 1, a->type, 0)) : val_error();
}

static Val lib_solve(Call *c, int op)
{
    if (c->arg[0].kind != V_ARRAY || c->arg[1].kind != V_ARRAY)
        return fail(c, c->arg[0].kind != V_ARRAY ? 0 : 1, "a matrix and a vector or a matrix are expected");
    Sema *s = c->s;
    Node *a = array(c, 0), *b = array(c, 1);
    if (!square(c, a))
        return val_error();
    if (b->type.rank < 1 || b->type.rank > 2 || b->type.dim[0] != a->type.dim[0])
        return report(s, c->at[1]->span, NULL, "%s: the right side must be a vector or a matrix with %lld rows; found %s", c->e->name, (long long)a->type.dim[0], val_text(s, c->arg[1]));
    bool vector = b->type.rank == 1;
    Type t = b->type;
    t.dim[1] = vector ? 1 : t.dim[1];
    t.rank = 2;
    if (vector)
        b = ir_expand(s->here, b, 2, t.dim, (int[]){ 0 });
    Node *x = ir_op(s->here, (Op)op, (Node *[]){ a, b }, 2, t, op == OP_trisolve && c->upper ? 1 : 0);
    return val_array(vector ? ir_pick_at(s->here, x, 1, 0) : x);
}

/* ---- draws ---- */
static Val lib_draw(Call *c, int op)
{
    Sema *s = c->s;
    if (!s->seed)
        return report(s, c->e->at, NULL, "%s draws initial values: it belongs in the initialiser of a meta, param or field", c->e->name);
    for (int k = 0; k < c->n; k++)
        if (c->arg[k].kind != V_NUM)
            return fail(c, k, "a number is expected");
    Type t = s->draw_shape, flat = type_scalar(T_INT);
    flat.rank = 1;
    flat.dim[0] = type_count(&t);
    Node *k = ir_iota(s->here, flat, 0);
    int64_t one = flat.dim[0];
    Node *a[] = { ir_broadcast(s->here, s->seed, 1, &one), ir_const(s->here, flat, (double)s->stream), k };
    Node *x = ir_reshape(s->here, ir_map(s->here, (Op)op, a, 3), t.rank, t.dim);
    if (op == OP_normal)
        return val_array(ir_scale(s->here, x, c->arg[0].num));
    double lo = c->arg[0].num, hi = c->arg[1].num;
    return val_array(ir_map2(s->here, OP_add, ir_scale(s->here, x, hi - lo), ir_like(s->here, x, lo)));
}

static Val lib_grad(Call *c, int op)
{
    (void)op;
    return report(c->s, c->e->at, NULL, "`grad` is not a function: gradients come from the problem's form (inner, step, outer)");
}

static const Lib library[] = {
    { "exp", 1, 1, lib_map, OP_exp, "exponential" }, { "log", 1, 1, lib_map, OP_log, "natural logarithm" }, { "log1p", 1, 1, lib_map, OP_log1p, "log(1 + x)" },
    { "expm1", 1, 1, lib_map, OP_expm1, "exp(x) - 1" }, { "sqrt", 1, 1, lib_map, OP_sqrt, "square root" }, { "rsqrt", 1, 1, lib_compose, M_RSQRT, "1 / sqrt(x)" },
    { "sin", 1, 1, lib_map, OP_sin, "sine" }, { "cos", 1, 1, lib_map, OP_cos, "cosine" }, { "tan", 1, 1, lib_map, OP_tan, "tangent" },
    { "tanh", 1, 1, lib_map, OP_tanh, "hyperbolic tangent" }, { "sigmoid", 1, 1, lib_map, OP_sigmoid, "1 / (1 + exp(-x))" }, { "softplus", 1, 1, lib_map, OP_softplus, "log(1 + exp(x))" },
    { "relu", 1, 1, lib_compose, M_RELU, "max(x, 0), derivative 0 at 0" }, { "gelu", 1, 1, lib_compose, M_GELU, "x/2 (1 + erf(x / sqrt 2))" }, { "silu", 1, 1, lib_compose, M_SILU, "x sigmoid(x)" },
    { "erf", 1, 1, lib_map, OP_erf, "error function" }, { "lgamma", 1, 1, lib_map, OP_lgamma, "log of gamma" }, { "abs", 1, 1, lib_map, OP_abs, "absolute value" },
    { "sign", 1, 1, lib_map, OP_sign, "-1, 0, 1" }, { "floor", 1, 1, lib_map, OP_floor, "largest integer below" }, { "detach", 1, 1, lib_map, OP_detach, "no derivative" },
    { "sum", 1, 2, lib_reduce, R_SUM, "sum" }, { "mean", 1, 2, lib_reduce, R_MEAN, "mean" }, { "max", 1, 2, lib_reduce, R_MAX, "maximum" }, { "min", 1, 2, lib_reduce, R_MIN, "minimum" },
    { "prod", 1, 2, lib_reduce, R_PROD, "product" }, { "logsumexp", 1, 2, lib_reduce, R_LSE, "log(sum(exp))" }, { "var", 1, 2, lib_reduce, R_VAR, "variance, divided by n" },
    { "norm", 1, 2, lib_reduce, R_NORM, "2-norm" },
    { "clamp", 3, 3, lib_clamp, 0, "between two bounds" }, { "where", 3, 3, lib_where, 0, "if on arrays" },
    { "transpose", 1, 9, lib_transpose, 0, "axes reversed or in the order given" }, { "reshape", 1, 9, lib_reshape, 0, "another shape" }, { "concat", 1, 15, lib_concat, 0, "behind one another" },
    { "stack", 1, 15, lib_stack, 0, "along a new axis" }, { "pad", 3, 4, lib_pad, 0, "with zeros" }, { "flip", 1, 2, lib_flip, 0, "in reverse order" }, { "cumsum", 1, 2, lib_cumsum, 0, "running sum" },
    { "one_hot", 2, 2, lib_one_hot, 0, "1 at the label" }, { "iota", 1, 1, lib_iota, 0, "0, 1, 2, ..." }, { "tril", 1, 1, lib_tril, 0, "lower triangle" },
    { "zeros", 0, 8, lib_fill, F_ZEROS, "zeros" }, { "ones", 0, 8, lib_fill, F_ONES, "ones" }, { "broadcast", 1, 9, lib_broadcast, 0, "stretched to a shape" },
    { "dot", 2, 2, lib_dot, 0, "of vectors" }, { "outer_product", 2, 2, lib_outer, 0, "of vectors" }, { "attention", 3, 3, lib_attention, 0, "scaled dot products" },
    { "rope", 1, 2, lib_rope, 0, "rotary positions" }, { "cross_entropy", 2, 2, lib_cross_entropy, 0, "one value per row" },
    { "cholesky", 1, 1, lib_cholesky, 0, "lower factor" }, { "solve", 2, 2, lib_solve, OP_solve, "a x = b" }, { "solve_triangular", 2, 2, lib_solve, OP_trisolve, "l x = b" },
    { "normal", 1, 1, lib_draw, OP_normal, "normal draws with a deviation" }, { "uniform", 2, 2, lib_draw, OP_uniform, "uniform draws" }, { "grad", 0, 15, lib_grad, 0, "" },
};
enum { NLIBRARY = sizeof library / sizeof *library };

static const Lib *find(Name name)
{
    for (int k = 0; k < NLIBRARY; k++)
        if (!strcmp(library[k].name, name))
            return &library[k];
    return NULL;
}

bool sema_is_builtin(Name name) { return find(name) != NULL; }

int sema_builtin_names(const Name **out)
{
    static Name names[NLIBRARY];
    for (int k = 0; k < NLIBRARY; k++)
        names[k] = intern(library[k].name);
    *out = names;
    return NLIBRARY - 1;                          /* not grad, which is last */
}

static bool take_named(Call *c, Scope *scope, const Arg *a)
{
    static const char *const positional[][3] = { { "lo", "hi", NULL }, { "before", "after", NULL } };
    (void)positional;
    if (!strcmp(a->name.name, "axis")) {
        if (c->has_axis) {
            report(c->s, a->name.span, NULL, "the argument axis of %s is given twice", c->e->name);
            return false;
        }
        c->has_axis = true;
        c->axis = sema_expr(c->s, scope, a->value);
        c->axis_at = a->value;
        return c->axis.kind != V_ERROR;
    }
    if (!strcmp(a->name.name, "base") && !strcmp(c->e->name, "rope") && c->n == 1) {
        c->at[c->n] = a->value;
        c->arg[c->n++] = sema_expr(c->s, scope, a->value);
        return c->arg[1].kind != V_ERROR;
    }
    report(c->s, a->name.span, NULL, "%s has no argument `%s`", c->e->name, a->name.name);
    return false;
}

static bool take_flag(Call *c, Scope *scope, const Arg *a)
{
    if (a->value->kind != E_NAME || scope_find(scope, a->value->name))
        return false;
    const char *w = a->value->name;
    bool *flag = !strcmp(w, "keep") ? &c->keep : !strcmp(w, "causal") ? &c->causal : !strcmp(w, "upper") ? &c->upper : NULL;
    if (flag)
        *flag = true;
    return flag != NULL;
}

static bool takes_axis(const Lib *l)
{
    return l->fn == lib_reduce || l->fn == lib_concat || l->fn == lib_stack || l->fn == lib_pad || l->fn == lib_flip || l->fn == lib_cumsum;
}

static bool unused_words(Call *c, const Lib *l)
{
    const char *word = c->keep && l->fn != lib_reduce ? "keep" : c->causal && l->fn != lib_attention ? "causal" : c->upper && l->op != OP_trisolve ? "upper" : NULL;
    if (c->has_axis && !takes_axis(l))
        word = "axis";
    if (word)
        report(c->s, c->e->at, NULL, "%s does not take `%s`", c->e->name, word);
    return word != NULL;
}

Val eval_builtin(Sema *s, Scope *scope, const Expr *e, bool *known)
{
    const Lib *l = find(e->name);
    *known = l != NULL;
    if (!l)
        return val_error();
    Call c = { .s = s, .e = e };
    if (l->fn == lib_grad)
        return lib_grad(&c, 0);
    for (int k = 0; k < e->narg; k++) {
        const Arg *a = &e->arg[k];
        if (a->name.name ? !take_named(&c, scope, a) : false)
            return val_error();
        if (a->name.name || take_flag(&c, scope, a))
            continue;
        if (c.n >= 15)
            return report(s, a->value->span, NULL, "%s: too many arguments; the limit is 15", e->name);
        c.at[c.n] = a->value;
        c.arg[c.n] = sema_expr(s, scope, a->value);
        if (c.arg[c.n++].kind == V_ERROR)
            return val_error();
    }
    if (c.n < l->lo || c.n > l->hi) {
        if (l->lo == l->hi)
            return report(s, e->at, NULL, "%s takes %d argument%s; %d %s given", e->name, l->lo, l->lo == 1 ? "" : "s", c.n, c.n == 1 ? "is" : "are");
        return report(s, e->at, NULL, "%s takes %d to %d arguments; %d %s given", e->name, l->lo, l->hi, c.n, c.n == 1 ? "is" : "are");
    }
    if (unused_words(&c, l))
        return val_error();
    for (int k = 0; k < c.n; k++)
        if (c.arg[k].kind == V_RECORD && l->fn != lib_map && l->fn != lib_compose && l->fn != lib_clamp && l->fn != lib_where && l->fn != lib_reduce)
            return fail(&c, k, "an array or a number is expected");
    return l->fn(&c, l->op);
}
