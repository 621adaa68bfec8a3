/* library_reduce.c -- reductions over all elements or one axis: sum, mean, max, min, prod, logsumexp, var, norm; max and min of two arrays too. */
#include "library.h"
#include <math.h>

/* ---- reductions ---- */
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

Node *library_stretched(Sema *s, Node *reduced, const Type *full, unsigned axes)
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

Node *library_reduced(Sema *s, int which, Node *x, unsigned axes)
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
        Node *e = ir_map1(g, OP_exp, ir_map2(g, OP_sub, x, library_stretched(s, m, &x->type, axes)));
        return ir_map2(g, OP_add, ir_map1(g, OP_log, ir_sum(g, e, axes)), m);
    }
    case R_VAR: {
        Node *m = ir_scale(g, ir_sum(g, x, axes), 1 / n), *d = ir_map2(g, OP_sub, x, library_stretched(s, m, &x->type, axes));
        return ir_scale(g, ir_sum(g, ir_map2(g, OP_mul, d, d), axes), 1 / n);
    }
    default: {                                     /* the choice: no derivative at 0, where sqrt has none that is finite */
        Node *sum = ir_sum(g, ir_map2(g, OP_mul, x, x), axes), *zero = ir_like(g, sum, 0);
        return ir_map3(g, OP_select, ir_map2(g, OP_eq, sum, zero), zero, ir_map1(g, OP_sqrt, sum));
    }
    }
}

static Val extreme(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    Type a = val_type(&v[0]), b = val_type(&v[1]), shape;
    Op op = *(Op *)user;
    (void)n;
    if (v[0].kind == V_NUM && v[1].kind == V_NUM)
        return val_num(op_eval(op, (double[]){ v[0].num, v[1].num }), v[0].whole && v[1].whole);
    if (!broadcast_types(&a, &b, &shape))
        return report(s, at->at, NULL, "%s cannot combine %s with %s", at->name, val_text(s, v[0]), val_text(s, v[1]));
    if (val_is_int(&v[0]) && val_is_int(&v[1])) {
        int64_t al, ah, bl, bh;
        int_range(&v[0], &al, &ah);
        int_range(&v[1], &bl, &bh);
        bool left_low = al < bl, left_high = ah > bh;
        Node *extreme = ir_map2(s->here, op, broadcast_to(s, sema_node(s, v[0]), &shape), broadcast_to(s, sema_node(s, v[1]), &shape));
        return op == OP_max ? val_int(extreme, left_low ? bl : al, left_high ? ah : bh) : val_int(extreme, left_low ? al : bl, left_high ? bh : ah);
    }
    return val_array(ir_map2(s->here, op, broadcast_to(s, val_real(s, v[0]), &shape), broadcast_to(s, val_real(s, v[1]), &shape)));
}

Val lib_reduce(Call *c, int which)
{
    Val v = c->arg[0];
    if ((which == R_MAX || which == R_MIN) && c->n == 2 && !c->has_axis) {
        Op op = which == R_MAX ? OP_max : OP_min;
        return val_each(c->s, c->e, c->arg, 2, extreme, &op);
    }
    if (v.kind == V_RECORD)
        return library_fail(c, 0, "an array is expected");
    if (v.kind == V_NUM)
        return which == R_VAR ? val_num(0, false) : which == R_NORM ? val_num(fabs(v.num), v.whole) : v;
    if (c->s->in_notation && v.node->type.rank)
        return report(c->s, c->e->at, NULL, "inside index notation values are numbers: to reduce over a letter write %s[k](...)", c->e->name);
    Node *x = library_array(c, 0);
    unsigned axes = (1u << x->type.rank) - 1;
    Val axis = c->has_axis ? c->axis : c->arg[1];
    int a;
    if (c->has_axis || c->n == 2) {
        if (!library_axis(c, axis, c->has_axis ? c->axis_at : c->at[1], x->type.rank, &a))
            return val_error();
        axes = 1u << a;
    }
    Node *r = x->type.rank ? library_reduced(c->s, which, x, axes) : library_reduced(c->s, which, x, 0);
    return val_array(c->keep ? keep_axes(c->s, r, &x->type, axes) : r);
}
