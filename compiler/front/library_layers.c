/* library_layers.c -- attention, rotary positions, cross entropy, matrix kernels and draws: what works for any rank, or checks more than MFL can say. */
#include "library.h"
#include <math.h>

/* ---- attention and its kin ---- */
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
    Node *e = ir_map1(s->here, OP_exp, ir_map2(s->here, OP_sub, x, library_stretched(s, m, &x->type, axis)));
    return ir_map2(s->here, OP_div, e, library_stretched(s, ir_sum(s->here, e, axis), &x->type, axis));
}

Val lib_attention(Call *c, int op)
{
    (void)op;
    Sema *s = c->s;
    Node *x[3];
    for (int k = 0; k < 3; k++) {
        if (c->arg[k].kind != V_ARRAY || c->arg[k].node->type.rank < 2)
            return library_fail(c, k, "an array [..., S, K] is expected");
        x[k] = library_array(c, k);
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
Val lib_rope(Call *c, int op)
{
    (void)op;
    Sema *s = c->s;
    Graph *g = s->here;
    if (c->arg[0].kind != V_ARRAY || c->arg[0].node->type.rank < 2)
        return library_fail(c, 0, "an array [..., position, K] is expected");
    Node *x = library_array(c, 0);
    int r = x->type.rank;
    int64_t k = x->type.dim[r - 1];
    if (k % 2)
        return report(s, c->at[0]->span, NULL, "rope: the last axis must be even; found %s", type_text(s->arena, &x->type));
    double base = 10000;
    if (c->n == 2) {
        if (c->arg[1].kind != V_NUM)
            return library_fail(c, 1, "the base must be a number");
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
    return val_array(ir_map2(g, OP_add, library_placed(s, left, r - 1, 0, k), library_placed(s, right, r - 1, k / 2, k)));
}

/* One value per row of the last axis; labels are integers of the leading shape, or weights of z's shape. */
Val lib_cross_entropy(Call *c, int op)
{
    (void)op;
    Sema *s = c->s;
    Graph *g = s->here;
    if (c->arg[0].kind != V_ARRAY || !c->arg[0].node->type.rank)
        return library_fail(c, 0, "scores [..., classes] are expected");
    if (c->arg[1].kind == V_RECORD)
        return library_fail(c, 1, "labels are expected");
    Node *z = library_array(c, 0), *y = sema_node(s, c->arg[1]);
    int r = z->type.rank;
    unsigned axis = 1u << (r - 1);
    /* Scores are large where their differences are small: they are shifted by the maximum, which carries no derivative, before they meet. */
    Node *top = ir_map1(g, OP_detach, ir_reduce(g, OP_max_over, z, axis)), *shifted = ir_map2(g, OP_sub, z, library_stretched(s, top, &z->type, axis));
    Node *lse = ir_map1(g, OP_log, ir_sum(g, ir_map1(g, OP_exp, shifted), axis)), *picked;
    if (y->type.dtype != T_INT) {
        if (!shape_eq(&y->type, &z->type))
            return report(s, c->at[1]->span, NULL, "cross_entropy: soft labels must have the shape of the scores, %s; found %s", type_text(s->arena, &z->type), val_text(s, c->arg[1]));
        picked = ir_sum(g, ir_map2(g, OP_mul, ir_cast_real(g, y), ir_map2(g, OP_sub, shifted, library_stretched(s, lse, &z->type, axis))), axis);
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
    return val_array(ir_map2(g, OP_sub, lse, ir_map2(g, OP_sub, picked, top)));
}

/* ---- matrices ---- */
static bool square(Call *c, Node *a)
{
    if (a->type.rank == 2 && a->type.dim[0] == a->type.dim[1])
        return true;
    library_fail(c, 0, "a square matrix is expected");
    return false;
}

Val lib_cholesky(Call *c, int op)
{
    (void)op;
    if (c->arg[0].kind != V_ARRAY)
        return library_fail(c, 0, "a square matrix is expected");
    Node *a = library_array(c, 0);
    return square(c, a) ? val_array(ir_op(c->s->here, OP_cholesky, &a, 1, a->type, 0)) : val_error();
}

Val lib_solve(Call *c, int op)
{
    if (c->arg[0].kind != V_ARRAY || c->arg[1].kind != V_ARRAY)
        return library_fail(c, c->arg[0].kind != V_ARRAY ? 0 : 1, "a matrix and a vector or a matrix are expected");
    Sema *s = c->s;
    Node *a = library_array(c, 0), *b = library_array(c, 1);
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

/* The number of each element of an array, row by row: what it draws depends on that alone. */
static Node *number_of(Graph *g, Type t)
{
    Node *n = NULL;
    int64_t stride = 1;
    for (int d = t.rank - 1; d >= 0; stride *= t.dim[d--]) {
        Node *at = ir_iota(g, t, d);
        at = stride == 1 ? at : ir_map2(g, OP_mul, at, ir_const(g, t, (double)stride));
        n = n ? ir_map2(g, OP_add, at, n) : at;
    }
    return n ? n : ir_const(g, t, 0);
}

Val lib_draw(Call *c, int op)
{
    Sema *s = c->s;
    if (!s->seed)
        return report(s, c->e->at, NULL, "%s draws initial values: it belongs in the initialiser of a meta, param or field", c->e->name);
    for (int k = 0; k < c->n; k++)
        if (c->arg[k].kind != V_NUM)
            return library_fail(c, k, "a number is expected");
    Type t = s->draw_shape, whole = t;
    whole.dtype = T_INT;
    Node *a[] = { ir_broadcast(s->here, s->seed, t.rank, t.dim), ir_const(s->here, whole, (double)s->stream), number_of(s->here, whole) };
    Node *x = ir_map(s->here, (Op)op, a, 3);
    if (op == OP_normal)
        return val_array(ir_scale(s->here, x, c->arg[0].num));
    double lo = c->arg[0].num, hi = c->arg[1].num;
    return val_array(ir_map2(s->here, OP_add, ir_scale(s->here, x, hi - lo), ir_like(s->here, x, lo)));
}
