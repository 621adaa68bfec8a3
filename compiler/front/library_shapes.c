/* library_shapes.c -- library functions that move elements or make arrays: each is one contraction, a reshape or an iota, so derivatives come with them. */
#include "library.h"
#include <math.h>

/* ---- shapes ---- */
Val lib_transpose(Call *c, int op)
{
    (void)op;
    Val v = c->arg[0];
    if (v.kind != V_ARRAY)
        return library_fail(c, 0, "an array is expected");
    Node *x = node_here(c->s, v.node);
    int perm[MAX_RANK], r = x->type.rank;
    unsigned seen = 0;
    for (int k = 0; k < r; k++)
        perm[k] = r - 1 - k;
    if (c->n > 1 && c->n - 1 != r)
        return report(c->s, c->e->at, NULL, "transpose: %d axes are given for shape %s", c->n - 1, type_text(c->s->arena, &x->type));
    for (int k = 1; k < c->n; k++) {
        if (!library_axis(c, c->arg[k], c->at[k], r, &perm[k - 1]))
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
            report(c->s, c->at[k]->span, NULL, "%s: a size must be a positive whole number known at compile time; found %s%s", c->e->name, val_text(c->s, v),
                   v.kind == V_NUM && v.num == -1 ? "; no size is worked out from the others: they have names, as the dims of the declarations" : "");
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

/* Axes are called by the dims that were given for them, from argument `from` on. */
static Val named(const Call *c, int from, Val v)
{
    for (int k = from; k < c->n; k++)
        if (c->arg[k].dim && !v.node->axis_name[k - from])
            v.node->axis_name[k - from] = c->arg[k].dim;
    return v;
}

Val lib_reshape(Call *c, int op)
{
    (void)op;
    int64_t dim[USER_RANK];
    int rank;
    Val v = c->arg[0];
    if (v.kind == V_RECORD)
        return library_fail(c, 0, "an array is expected");
    if (!sizes(c, 1, dim, &rank))
        return val_error();
    Node *x = sema_node(c->s, v);
    Type t = type_of(x->type.dtype, rank, dim);
    if (type_count(&t) != type_count(&x->type))
        return report(c->s, c->e->at, NULL, "reshape: %s has %lld elements, %s has %lld", type_text(c->s->arena, &x->type), (long long)type_count(&x->type), type_text(c->s->arena, &t), (long long)type_count(&t));
    if (v.kind == V_NUM)
        return val_array(ir_const(c->s->here, t, v.num));
    v.node = ir_reshape(c->s->here, x, rank, dim);
    return named(c, 1, v);
}

/* a at `offset` along an axis of length n: zero elsewhere. out[.., k, ..] = a[.., k - offset, ..] where inside */
Node *library_placed(Sema *s, Node *a, int axis, int64_t offset, int64_t n)
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

/* Arrays of integers put together: do all parts have a known range? Then so has the whole, and it may index; otherwise it is real. */
static bool whole_parts(Call *c, int64_t *lo, int64_t *hi)
{
    *lo = INT32_MAX;
    *hi = INT32_MIN;
    for (int k = 0; k < c->n; k++) {
        const Val *v = &c->arg[k];
        if (!val_is_int(v) || (v->kind == V_NUM && fabs(v->num) > INT32_MAX))
            return false;
        int64_t a = v->kind == V_NUM ? (int64_t)v->num : v->lo, b = v->kind == V_NUM ? a : v->hi;
        *lo = a < *lo ? a : *lo;
        *hi = b > *hi ? b : *hi;
    }
    return c->n > 0;
}

static Node *part(Call *c, int k, bool whole) { return whole ? sema_node(c->s, c->arg[k]) : library_array(c, k); }

Val lib_concat(Call *c, int op)
{
    (void)op;
    int64_t lo, hi;
    bool whole = whole_parts(c, &lo, &hi);
    Node **x = NEW_N(c->s->arena, Node *, c->n + 1), *sum = NULL;
    int axis = 0;
    int64_t total = 0, at = 0;
    for (int k = 0; k < c->n; k++) {
        if (c->arg[k].kind == V_RECORD || val_type(&c->arg[k]).rank == 0)
            return library_fail(c, k, "an array with at least one axis is expected");
        x[k] = part(c, k, whole);
    }
    if (!library_axis_or(c, x[0]->type.rank, 0, &axis))
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
        Node *p = library_placed(c->s, x[k], axis, at, total);
        sum = sum ? ir_map2(c->s->here, OP_add, sum, p) : p;
        at += x[k]->type.dim[axis];
    }
    return whole ? val_int(sum, lo, hi) : val_array(sum);
}

Val lib_stack(Call *c, int op)
{
    (void)op;
    int64_t lo, hi;
    bool whole = whole_parts(c, &lo, &hi);
    Type t = { 0 }, u;
    int axis;
    for (int k = 0; k < c->n; k++) {
        if (c->arg[k].kind == V_RECORD)
            return library_fail(c, k, "an array is expected");
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
    if (!library_axis_or(c, full.rank, 0, &axis))
        return val_error();
    int map[MAX_RANK];
    for (int k = 0; k < t.rank; k++)
        map[k] = k < axis ? k : k + 1;
    for (int k = t.rank; k > axis; k--)
        full.dim[k] = t.dim[k - 1];
    full.dim[axis] = 1;
    Node *sum = NULL;
    for (int k = 0; k < c->n; k++) {
        Node *x = ir_expand(c->s->here, broadcast_to(c->s, part(c, k, whole), &t), full.rank, full.dim, map), *p = library_placed(c->s, x, axis, k, c->n);
        sum = sum ? ir_map2(c->s->here, OP_add, sum, p) : p;
    }
    return whole ? val_int(sum, lo, hi) : val_array(sum);
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

Val lib_pad(Call *c, int op)
{
    (void)op;
    int64_t before, after;
    int axis;
    if (c->arg[0].kind != V_ARRAY || !c->arg[0].node->type.rank)
        return library_fail(c, 0, "an array is expected");
    Node *x = library_array(c, 0);
    if (!whole_at(c, 1, &before) || !whole_at(c, 2, &after))
        return val_error();
    if (c->n == 4) {
        c->axis = c->arg[3];
        c->axis_at = c->at[3];
        c->has_axis = true;
    }
    if (!library_axis_or(c, x->type.rank, x->type.rank - 1, &axis))
        return val_error();
    if (before < 0 || after < 0)
        return report(c->s, c->at[before < 0 ? 1 : 2]->span, NULL, "pad: the number of zeros cannot be negative");
    return val_array(library_placed(c->s, x, axis, before, x->type.dim[axis] + before + after));
}

Val lib_flip(Call *c, int op)
{
    (void)op;
    if (c->arg[0].kind != V_ARRAY || !c->arg[0].node->type.rank)
        return library_fail(c, 0, "an array is expected");
    Val v = c->arg[0];
    Node *x = node_here(c->s, v.node);
    int axis = -1;
    if ((c->n == 2 || c->has_axis) && !library_axis(c, c->has_axis ? c->axis : c->arg[1], c->has_axis ? c->axis_at : c->at[1], x->type.rank, &axis))
        return val_error();
    for (int d = 0; d < x->type.rank; d++)
        if (axis < 0 || d == axis)
            x = ir_slice(c->s->here, x, d, x->type.dim[d] - 1, x->type.dim[d], -1);
    v.node = x;
    return v;
}

Val lib_cumsum(Call *c, int op)
{
    (void)op;
    if (c->arg[0].kind != V_ARRAY || !c->arg[0].node->type.rank)
        return library_fail(c, 0, "an array is expected");
    Node *x = library_array(c, 0);
    int axis = 0;
    if (c->n == 2 || c->has_axis) {
        if (!library_axis(c, c->has_axis ? c->axis : c->arg[1], c->has_axis ? c->axis_at : c->at[1], x->type.rank, &axis))
            return val_error();
    } else if (x->type.rank != 1)
        return report(c->s, c->e->at, NULL, "cumsum: say along which axis of %s", type_text(c->s->arena, &x->type));
    return val_array(ir_op(c->s->here, OP_cumsum, &x, 1, x->type, axis * 2));
}

/* Rows of the unit matrix at the labels: where these are known to be inside, sums over the rows are gathers and scatters (ir/contract.c: fold_delta). */
static Node *unit_rows(Sema *s, Node *labels, int64_t n)
{
    Type square = type_of(T_INT, 2, (int64_t[]){ n, n }), out = { .dtype = T_REAL, .rank = labels->type.rank + 1 };
    Node *args[] = { ir_cast_real(s->here, ir_map2(s->here, OP_eq, ir_iota(s->here, square, 0), ir_iota(s->here, square, 1))), labels };
    Contract k;
    contract_init(&k);
    k.nfactor = k.nindex = 1;
    k.arg[1].rank = labels->type.rank;
    k.out.rank = out.rank;
    for (int d = 0; d < out.rank; d++) {
        out.dim[d] = d < labels->type.rank ? labels->type.dim[d] : n;
        k.out.place[d] = place_letter(contract_letter(&k, out.dim[d], NULL));
        if (d < labels->type.rank)
            k.arg[1].place[d] = k.out.place[d];
    }
    k.arg[0].rank = 2;
    k.arg[0].place[0] = (Place){ .index = 1 };
    k.arg[0].place[1] = k.out.place[out.rank - 1];
    return ir_contract(s->here, &k, args, out);
}

Val lib_one_hot(Call *c, int op)
{
    (void)op;
    int64_t n;
    Val y = c->arg[0];
    if (!whole_at(c, 1, &n) || n < 1)
        return n < 1 ? report(c->s, c->at[1]->span, NULL, "one_hot: the number of classes must be positive") : val_error();
    if (y.kind == V_RECORD || (y.kind == V_ARRAY && y.node->type.dtype != T_INT))
        return library_fail(c, 0, "integers are expected");
    Node *x = sema_node(c->s, y);
    if (x->type.dtype != T_INT)
        return library_fail(c, 0, "integers are expected");
    Type t = x->type;
    int map[MAX_RANK];
    if (t.rank >= USER_RANK)
        return report(c->s, c->e->at, NULL, "one_hot: an array may have at most %d axes", USER_RANK);
    if (y.kind == V_ARRAY && y.ranged && y.lo >= 0 && y.hi < n)
        return val_array(unit_rows(c->s, x, n));
    for (int k = 0; k < t.rank; k++)
        map[k] = k;
    t.dim[t.rank++] = n;
    Node *is = ir_map2(c->s->here, OP_eq, ir_expand(c->s->here, x, t.rank, t.dim, map), ir_iota(c->s->here, t, t.rank - 1));
    return val_array(ir_cast_real(c->s->here, is));
}

Val lib_iota(Call *c, int op)
{
    (void)op;
    int64_t n;
    if (!whole_at(c, 0, &n))
        return val_error();
    if (n < 1)
        return report(c->s, c->at[0]->span, NULL, "iota: the length must be positive; found %lld", (long long)n);
    return named(c, 0, val_int(ir_iota(c->s->here, type_of(T_INT, 1, &n), 0), 0, n - 1));
}

Val lib_tril(Call *c, int op)
{
    (void)op;
    if (c->arg[0].kind != V_ARRAY || c->arg[0].node->type.rank < 2)
        return library_fail(c, 0, "an array with at least two axes is expected");
    Node *x = library_array(c, 0);
    Type t = x->type;
    t.dtype = T_INT;
    Node *below = ir_map2(c->s->here, OP_ge, ir_iota(c->s->here, t, t.rank - 2), ir_iota(c->s->here, t, t.rank - 1));
    return val_array(ir_map3(c->s->here, OP_select, below, x, ir_like(c->s->here, x, 0)));
}

Val lib_fill(Call *c, int which)
{
    int64_t dim[USER_RANK];
    int rank;
    if (!sizes(c, 0, dim, &rank))
        return val_error();
    return val_array(ir_const(c->s->here, type_of(T_REAL, rank, dim), which == F_ONES));
}

Val lib_broadcast(Call *c, int op)
{
    (void)op;
    int64_t dim[USER_RANK];
    int rank;
    if (c->arg[0].kind == V_RECORD)
        return library_fail(c, 0, "an array or a number is expected");
    if (!sizes(c, 1, dim, &rank))
        return val_error();
    Node *n = sema_fit(c->s, c->arg[0], rank, dim);
    Type t = type_of(T_REAL, rank, dim);
    return n ? named(c, 1, val_array(n)) : report(c->s, c->at[0]->span, NULL, "broadcast: %s cannot be stretched to %s", val_text(c->s, c->arg[0]), type_text(c->s->arena, &t));
}
