/* eval_arith.c -- operators: NumPy's broadcasting, integers and reals, comparisons, if. Records go array by array.
 *
 * Integers with a known range (iota, step, loop variables, index data) stay integers under + - * and unary -, under % and the floor of / by a
 * number, with their range; everything else, and int data, becomes real. A power with a small whole exponent is written as products. */
#include "eval.h"
#include <math.h>

static Val number_op(BinaryOp op, Val x, Val y)
{
    double a = x.num, b = y.num;
    bool whole = x.whole && y.whole;
    switch (op) {
    case B_ADD: return val_num(a + b, whole && fabs(a + b) < 0x1p53);
    case B_SUB: return val_num(a - b, whole && fabs(a - b) < 0x1p53);
    case B_MUL: return val_num(a * b, whole && fabs(a * b) < 0x1p53);
    case B_DIV: return val_num(a / b, false);
    case B_MOD: return val_num(a - b * floor(a / b), whole && b != 0);
    case B_POW: return val_num(pow(a, b), whole && b >= 0 && fabs(pow(a, b)) < 0x1p53);
    case B_LT: return val_num(a < b, true);
    case B_LE: return val_num(a <= b, true);
    case B_GT: return val_num(a > b, true);
    case B_GE: return val_num(a >= b, true);
    case B_EQ: return val_num(a == b, true);
    case B_NE: return val_num(a != b, true);
    case B_AND: return val_num(a != 0 && b != 0, true);
    case B_OR: return val_num(a != 0 || b != 0, true);
    default: return val_num(NAN, false);
    }
}

static Op ir_op_of(BinaryOp op)
{
    static const Op of[] = { [B_ADD] = OP_add, [B_SUB] = OP_sub, [B_MUL] = OP_mul, [B_DIV] = OP_div, [B_POW] = OP_pow, [B_LT] = OP_lt, [B_LE] = OP_le,
                             [B_GT] = OP_gt, [B_GE] = OP_ge, [B_EQ] = OP_eq, [B_NE] = OP_ne, [B_AND] = OP_and, [B_OR] = OP_or };
    return of[op];
}

void int_range(const Val *v, int64_t *lo, int64_t *hi)
{
    *lo = v->kind == V_NUM ? (int64_t)v->num : v->lo;
    *hi = v->kind == V_NUM ? (int64_t)v->num : v->hi;
}

/* a op b on integers with ranges; false when the range gets too large for int. */
static bool int_op(Sema *s, BinaryOp op, Val a, Val b, const Type *shape, Val *out)
{
    int64_t al, ah, bl, bh, lo, hi;
    int_range(&a, &al, &ah);
    int_range(&b, &bl, &bh);
    if (op == B_ADD)
        lo = al + bl, hi = ah + bh;
    else if (op == B_SUB)
        lo = al - bh, hi = ah - bl;
    else {
        int64_t p[] = { al * bl, al * bh, ah * bl, ah * bh };
        lo = hi = p[0];
        for (int k = 1; k < 4; k++) {
            lo = p[k] < lo ? p[k] : lo;
            hi = p[k] > hi ? p[k] : hi;
        }
    }
    if (lo < -(1 << 30) || hi > 1 << 30)
        return false;
    *out = val_int(ir_map2(s->here, ir_op_of(op), broadcast_to(s, sema_node(s, a), shape), broadcast_to(s, sema_node(s, b), shape)), lo, hi);
    return true;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Whole multiples of `by` that make everything from lo on positive: where C divides, it rounds towards 0. */
static int64_t multiples(int64_t lo, int64_t by) { return lo < 0 ? -floor_div(lo, by) : 0; }

static Node *raised(Sema *s, Node *a, int64_t up) { return up ? ir_map2(s->here, OP_add, a, ir_int(s->here, up)) : a; }

/* The floor of a / by for an integer array in lo..hi. */
static Val whole_quotient(Sema *s, Node *a, int64_t lo, int64_t hi, int64_t by)
{
    int64_t up = multiples(lo, by);
    Node *q = by == 1 ? a : raised(s, ir_map2(s->here, OP_quotient, raised(s, a, up * by), ir_int(s->here, by)), -up);
    return val_int(q, floor_div(lo, by), floor_div(hi, by));
}

/* a % by for an integer array: in 0..by-1, or nearer where all values have the same quotient. */
static Val whole_remainder(Sema *s, Val a, int64_t by)
{
    int64_t q = floor_div(a.lo, by);
    Node *x = sema_node(s, a);
    if (q == floor_div(a.hi, by))
        return val_int(raised(s, x, -q * by), a.lo - q * by, a.hi - q * by);
    return val_int(ir_map2(s->here, OP_remainder, raised(s, x, multiples(a.lo, by) * by), ir_int(s->here, by)), 0, by - 1);
}

/* NumPy's remainder: it has the sign of b. */
static Val remainder_of(Sema *s, Node *a, Node *b)
{
    return val_array(ir_map2(s->here, OP_sub, a, ir_map2(s->here, OP_mul, b, ir_map1(s->here, OP_floor, ir_map2(s->here, OP_div, a, b)))));
}

/* x^n for a whole n of small size. */
static Node *whole_power(Sema *s, Node *x, int n)
{
    if (n < 0)
        return ir_map2(s->here, OP_div, ir_like(s->here, x, 1), whole_power(s, x, -n));
    if (n == 0)
        return ir_like(s->here, x, 1);
    if (n == 1)
        return x;
    Node *half = whole_power(s, x, n / 2), *square = ir_map2(s->here, OP_mul, half, half);
    return n % 2 ? ir_map2(s->here, OP_mul, square, x) : square;
}

static Val broken_shapes(Sema *s, const Expr *at, BinaryOp op, Val a, Val b)
{
    char *x = val_text(s, a), *y = val_text(s, b);
    Type ta = val_type(&a), tb = val_type(&b);
    int k = 1;
    for (; k <= ta.rank && k <= tb.rank; k++)
        if (ta.dim[ta.rank - k] != tb.dim[tb.rank - k] && ta.dim[ta.rank - k] != 1 && tb.dim[tb.rank - k] != 1)
            break;
    Diag *d = diag_error(s->diags, at->at, arena_printf(s->arena, "left %s, right %s", x, y), "`%s` cannot combine %s with %s: axis %d of the left side has length %lld, axis %d of the right side %lld",
                         binary_text(op), x, y, ta.rank - k, (long long)ta.dim[ta.rank - k], tb.rank - k, (long long)tb.dim[tb.rank - k]);
    if (at->kind == E_BINARY && at->a && at->b) {
        sema_note_declared(s, d, at->a);
        sema_note_declared(s, d, at->b);
        (void)d;
    }
    return val_error();
}

typedef struct Bin { BinaryOp op; } Bin;

static Val binary_arrays(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    (void)n;
    BinaryOp op = ((Bin *)user)->op;
    Val a = v[0], b = v[1], out;
    if (a.kind == V_NUM && b.kind == V_NUM)
        return number_op(op, a, b);
    Type ta = val_type(&a), tb = val_type(&b), shape;
    if (!broadcast_types(&ta, &tb, &shape))
        return broken_shapes(s, at, op, a, b);
    bool ints = val_is_int(&a) && val_is_int(&b);
    if (ints && (op == B_ADD || op == B_SUB || op == B_MUL) && int_op(s, op, a, b, &shape, &out))
        return out;
    if (op == B_AND || op == B_OR)
        return val_array(ir_map2(s->here, ir_op_of(op), broadcast_to(s, val_bool(s, a), &shape), broadcast_to(s, val_bool(s, b), &shape)));
    if (ints && op >= B_LT && op <= B_NE)
        return val_array(ir_map2(s->here, ir_op_of(op), broadcast_to(s, sema_node(s, a), &shape), broadcast_to(s, sema_node(s, b), &shape)));
    bool by_number = ints && a.kind == V_ARRAY && b.kind == V_NUM && b.num >= 1 && b.num <= 1 << 30;
    if (op == B_MOD && by_number)
        return whole_remainder(s, a, (int64_t)b.num);
    if (op == B_MOD)
        return remainder_of(s, broadcast_to(s, val_real(s, a), &shape), broadcast_to(s, val_real(s, b), &shape));
    if (op == B_POW && b.kind == V_NUM && b.num == floor(b.num) && fabs(b.num) <= 8)
        return val_array(whole_power(s, val_real(s, a), (int)b.num));
    if (op == B_POW && b.kind == V_NUM && b.num == 0.5)
        return val_array(ir_map1(s->here, OP_sqrt, val_real(s, a)));
    out = val_array(ir_map2(s->here, ir_op_of(op), broadcast_to(s, val_real(s, a), &shape), broadcast_to(s, val_real(s, b), &shape)));
    if (op == B_DIV && by_number)
        out.over = a.node, out.ratio = out.node, out.lo = a.lo, out.hi = a.hi, out.by = (int64_t)b.num;
    return out;
}

static Val not_an_array(Sema *s, const Expr *e, Val v, BinaryOp op)
{
    const char *name = e && (e->kind == E_NAME || e->kind == E_FIELD) && e->name ? e->name : "this";
    return report(s, e->at, "an array is expected", "`%s` needs an array; %s is a record %s", binary_text(op), name, v.type->text);
}

static Val matmul(Sema *s, const Expr *at, Val a, Val b)
{
    if (a.kind == V_ERROR || b.kind == V_ERROR)
        return val_error();
    if (a.kind == V_RECORD)
        return not_an_array(s, at->a, a, B_MATMUL);
    if (b.kind == V_RECORD)
        return not_an_array(s, at->b, b, B_MATMUL);
    if (s->in_notation)
        return report(s, at->at, NULL, "`@` has no meaning inside index notation, where values are numbers; write the sum: sum[k](a[i, k] * b[k, j])");
    Type ta = val_type(&a), tb = val_type(&b), x = ta, y = tb, lead;
    char *left = val_text(s, a), *right = val_text(s, b);
    if (!ta.rank || !tb.rank)
        return report(s, at->at, NULL, "`@` is a matrix product and needs arrays on both sides; found %s and %s (for numbers use `*`)", left, right);
    int64_t inner_a = ta.dim[ta.rank - 1], inner_b = tb.dim[tb.rank > 1 ? tb.rank - 2 : 0];
    x.rank = ta.rank > 2 ? ta.rank - 2 : 0;
    y.rank = tb.rank > 2 ? tb.rank - 2 : 0;
    if (inner_a != inner_b) {
        Diag *d = diag_error(s->diags, at->at, arena_printf(s->arena, "left %s, right %s", left, right),
                             "`@` cannot multiply %s by %s: the last axis of the left side has length %lld, the axis summed over on the right side has length %lld", left, right,
                             (long long)inner_a, (long long)inner_b);
        sema_note_declared(s, d, at->a);
        sema_note_declared(s, d, at->b);
        return val_error();
    }
    if (!broadcast_types(&x, &y, &lead))
        return report(s, at->at, NULL, "`@` cannot multiply %s by %s: their leading axes do not fit", left, right);
    return val_array(ir_matmul(s->here, val_real(s, a), val_real(s, b)));
}

Val eval_binary(Sema *s, const Expr *at, BinaryOp op, Val a, Val b)
{
    if (op == B_MATMUL)
        return matmul(s, at, a, b);
    Val v[] = { a, b };
    return val_each(s, at, v, 2, binary_arrays, &(Bin){ op });
}

static Val neg_array(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    (void)at, (void)n, (void)user;
    if (v->kind == V_NUM)
        return val_num(-v->num, v->whole);
    if (val_is_int(v))
        return val_int(ir_map1(s->here, OP_neg, sema_node(s, *v)), -v->hi, -v->lo);
    return val_array(ir_map1(s->here, OP_neg, val_real(s, *v)));
}

Val eval_neg(Sema *s, const Expr *e, Val v) { return val_each(s, e, &v, 1, neg_array, NULL); }

static Val not_array(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    (void)at, (void)n, (void)user;
    return v->kind == V_NUM ? val_num(v->num == 0, true) : val_array(ir_map1(s->here, OP_not, val_bool(s, *v)));
}

Val eval_not(Sema *s, const Expr *e, Val v) { return val_each(s, e, &v, 1, not_array, NULL); }

static Val if_arrays(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    (void)n, (void)user;
    Type tc = val_type(&v[0]), ta = val_type(&v[1]), tb = val_type(&v[2]), ab, all;
    if (!broadcast_types(&ta, &tb, &ab)) {
        char *x = val_text(s, v[1]), *y = val_text(s, v[2]);
        return report(s, at->at, arena_printf(s->arena, "then %s, else %s", x, y), "the branches do not fit: `then` has shape %s, `else` has shape %s", x, y);
    }
    if (!broadcast_types(&tc, &ab, &all))
        return report(s, at->at, NULL, "the condition has shape %s, the branches have shape %s: they do not fit", val_text(s, v[0]), type_text(s->arena, &ab));
    Node *c = broadcast_to(s, val_bool(s, v[0]), &all);
    if (val_is_int(&v[1]) && val_is_int(&v[2]) && (v[1].kind == V_ARRAY || v[2].kind == V_ARRAY)) {
        int64_t al, ah, bl, bh;
        int_range(&v[1], &al, &ah);
        int_range(&v[2], &bl, &bh);
        return val_int(ir_map3(s->here, OP_select, c, broadcast_to(s, sema_node(s, v[1]), &all), broadcast_to(s, sema_node(s, v[2]), &all)), al < bl ? al : bl, ah > bh ? ah : bh);
    }
    return val_array(ir_map3(s->here, OP_select, c, broadcast_to(s, val_real(s, v[1]), &all), broadcast_to(s, val_real(s, v[2]), &all)));
}

Val eval_if(Sema *s, const Expr *at, Val c, Val a, Val b)
{
    Val v[] = { c, a, b };
    if (c.kind == V_RECORD && a.kind != V_RECORD && b.kind != V_RECORD)
        return report(s, at->at, NULL, "the condition is a record %s; an array or a number is expected", c.type->text);
    return val_each(s, at, v, 3, if_arrays, NULL);
}

Val map_real(Sema *s, Op op, Val v)
{
    if (v.kind == V_NUM) {
        double x[] = { v.num };
        return val_num(op_eval(op, x), (op == OP_floor || op == OP_sign || op == OP_abs) && v.num == floor(v.num) ? true : op == OP_floor);
    }
    if (op == OP_abs && val_is_int(&v)) {
        int64_t m = -v.lo > v.hi ? -v.lo : v.hi;
        return val_int(ir_map1(s->here, OP_abs, sema_node(s, v)), 0, m > 0 ? m : 0);
    }
    if (op == OP_floor && v.ratio == v.node)
        return whole_quotient(s, node_here(s, v.over), v.lo, v.hi, v.by);
    if (op == OP_detach && v.node->type.dtype != T_REAL)
        return v;
    Node *n = val_real(s, v);
    return val_array(op == OP_detach && n->op == OP_detach ? ir_apart(n) : ir_map1(s->here, op, n));   /* a value of its own: held.c */
}
