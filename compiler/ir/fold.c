/* fold.c -- local algebra on elementwise operators, applied when a node is built: constants, neutral elements, signs, powers.
 *
 * The constant 0 is a symbolic zero: 0 * x is 0 whatever x is. Other rewrites are exact, or merge two constants.
 * Result: an equal node, or NULL when nothing is simpler. Invariant: only strictly simpler forms, so that building ends. */
#include "contract.h"
#include <math.h>

typedef struct Fold { Graph *g; const Type *type; Node *a, *b, *c; double x, y; bool cx, cy; } Fold;

static Node *number(const Fold *f, double v)
{
    return ir_const(f->g, *f->type, v);
}

static bool is_real(const Fold *f)
{
    return f->type->dtype == T_REAL;
}

/* k * x with a constant k? */
static bool scaled(const Node *n, double *k, Node **x)
{
    if (n->op == OP_mul && ir_is_const(n->arg[0], k)) {
        *x = n->arg[1];
        return true;
    }
    if (n->op == OP_mul && ir_is_const(n->arg[1], k)) {
        *x = n->arg[0];
        return true;
    }
    return false;
}

static Node *fold_neg(Fold *f)
{
    double k;
    Node *x;
    if (f->a->op == OP_neg)
        return f->a->arg[0];
    if (f->a->op == OP_sub)
        return ir_map2(f->g, OP_sub, f->a->arg[1], f->a->arg[0]);
    if (scaled(f->a, &k, &x))
        return ir_map2(f->g, OP_mul, number(f, -k), x);
    return NULL;
}

static Node *fold_add(Fold *f)
{
    if (f->cx && f->x == 0)
        return f->b;
    if (f->cy && f->y == 0)
        return f->a;
    if (f->a->op == OP_neg && f->b->op == OP_neg)
        return ir_map1(f->g, OP_neg, ir_map2(f->g, OP_add, f->a->arg[0], f->b->arg[0]));
    if (f->b->op == OP_neg)
        return ir_map2(f->g, OP_sub, f->a, f->b->arg[0]);
    if (f->a->op == OP_neg)
        return ir_map2(f->g, OP_sub, f->b, f->a->arg[0]);
    if (f->a == f->b && is_real(f))
        return ir_map2(f->g, OP_mul, number(f, 2), f->a);
    return NULL;
}

static Node *fold_sub(Fold *f)
{
    if (f->cy && f->y == 0)
        return f->a;
    if (f->cx && f->x == 0)
        return ir_map1(f->g, OP_neg, f->b);
    if (f->b->op == OP_neg)
        return ir_map2(f->g, OP_add, f->a, f->b->arg[0]);
    if (f->a->op == OP_neg)
        return ir_map1(f->g, OP_neg, ir_map2(f->g, OP_add, f->a->arg[0], f->b));
    if (f->a == f->b && !is_real(f))
        return number(f, 0);
    return NULL;
}

static Node *times_constant(Fold *f, double k, Node *x)
{
    double inner;
    Node *y;
    if (k == 0)
        return number(f, 0);
    if (k == 1)
        return x;
    if (k == -1)
        return ir_map1(f->g, OP_neg, x);
    if (x->op == OP_neg)
        return ir_map2(f->g, OP_mul, number(f, -k), x->arg[0]);
    if (scaled(x, &inner, &y))
        return ir_map2(f->g, OP_mul, number(f, k * inner), y);
    return NULL;
}

static Node *fold_mul(Fold *f, Op op)
{
    if (f->cx && (op == OP_mul || f->x == 0 || isfinite(f->x)))
        return op == OP_mul || f->x == 0 ? times_constant(f, f->x, f->b) : ir_map2(f->g, OP_mul, f->a, f->b);
    if (f->cy && (op == OP_mul || f->y == 0 || isfinite(f->y)))
        return op == OP_mul || f->y == 0 ? times_constant(f, f->y, f->a) : ir_map2(f->g, OP_mul, f->a, f->b);
    if (f->a->op == OP_neg && f->b->op == OP_neg)
        return ir_map2(f->g, op, f->a->arg[0], f->b->arg[0]);
    if (f->a->op == OP_neg)
        return ir_map1(f->g, OP_neg, ir_map2(f->g, op, f->a->arg[0], f->b));
    if (f->b->op == OP_neg)
        return ir_map1(f->g, OP_neg, ir_map2(f->g, op, f->a, f->b->arg[0]));
    return NULL;
}

static Node *fold_div(Fold *f)
{
    if (f->cx && f->x == 0)
        return ir_const(f->g, *f->type, 0);
    if (f->cy && f->y == 1)
        return f->a;
    if (f->cy && f->y == -1)
        return ir_map1(f->g, OP_neg, f->a);
    if (f->a->op == OP_neg && f->b->op == OP_neg)
        return ir_map2(f->g, OP_div, f->a->arg[0], f->b->arg[0]);
    if (f->a->op == OP_neg)
        return ir_map1(f->g, OP_neg, ir_map2(f->g, OP_div, f->a->arg[0], f->b));
    if (f->b->op == OP_neg)
        return ir_map1(f->g, OP_neg, ir_map2(f->g, OP_div, f->a, f->b->arg[0]));
    return NULL;
}

static Node *fold_pow(Fold *f)
{
    Graph *g = f->g;
    if (!f->cy)
        return NULL;
    if (f->y == 0)
        return number(f, 1);
    if (f->y == 1)
        return f->a;
    if (f->y == 2)
        return ir_map2(g, OP_mul, f->a, f->a);
    if (f->y == 3)
        return ir_map2(g, OP_mul, f->a, ir_map2(g, OP_mul, f->a, f->a));
    if (f->y == -1)
        return ir_map2(g, OP_div, number(f, 1), f->a);
    return NULL;
}

static Node *fold_select(Fold *f)
{
    double k;
    if (ir_is_const(f->a, &k))
        return k != 0 ? f->b : f->c;
    if (f->b == f->c)
        return f->b;
    if (f->a->op == OP_not)
        return ir_map3(f->g, OP_select, f->a->arg[0], f->c, f->b);
    return NULL;
}

static Node *fold_logic(Fold *f, Op op)
{
    bool neutral = op == OP_and;
    if (f->a == f->b)
        return f->a;
    if (f->cx)
        return (f->x != 0) == neutral ? f->b : number(f, !neutral);
    if (f->cy)
        return (f->y != 0) == neutral ? f->a : number(f, !neutral);
    return NULL;
}

static Node *fold_constants(Fold *f, Op op, Node *const *args, int n)
{
    double x[3] = { 0 };
    for (int k = 0; k < n; k++)
        if (!ir_is_const(args[k], &x[k]))
            return NULL;
    return number(f, op_eval(op, x));
}

Node *fold_map(Graph *g, Op op, const Type *type, Node *const *args, int n)
{
    Fold f = { .g = g, .type = type, .a = args[0], .b = n > 1 ? args[1] : NULL, .c = n > 2 ? args[2] : NULL };
    Node *all = op == OP_normal || op == OP_uniform ? NULL : fold_constants(&f, op, args, n);
    if (all)
        return all;
    f.cx = ir_is_const(f.a, &f.x);
    f.cy = f.b && ir_is_const(f.b, &f.y);
    switch (op) {
    case OP_neg: return fold_neg(&f);
    case OP_add: return fold_add(&f);
    case OP_sub: return fold_sub(&f);
    case OP_mul: case OP_mulz: return fold_mul(&f, op);
    case OP_div: return fold_div(&f);
    case OP_pow: return fold_pow(&f);
    case OP_select: return fold_select(&f);
    case OP_and: case OP_or: return fold_logic(&f, op);
    case OP_lt: case OP_gt: case OP_ne:                /* of itself; a real may be NaN */
        return f.a == f.b && f.a->type.dtype != T_REAL ? ir_const(g, *type, 0) : NULL;
    case OP_le: case OP_ge: case OP_eq:
        return f.a == f.b && f.a->type.dtype != T_REAL ? ir_const(g, *type, 1) : NULL;
    case OP_min: case OP_max: return f.a == f.b ? f.a : NULL;
    case OP_real: return f.a->type.dtype == T_REAL ? f.a : NULL;
    case OP_not: return f.a->op == OP_not ? f.a->arg[0] : NULL;
    case OP_detach: case OP_abs: case OP_floor: case OP_sign: return f.a->op == op ? f.a : NULL;
    default: return NULL;
    }
}
