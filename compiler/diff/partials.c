/* partials.c -- the partial derivatives of the elementwise operators, expanded from the table: the only place where they are code.
 *
 * Each row's dk column is an expression over the operands X0 X1 X2 and the result Y with the builders below. The expressions are
 * themselves made of table operators, so derivatives of every order exist. */
#include "rules.h"

#define NUM(v)       ir_const(g, T, (v))
#define ADD(a, b)    ir_map2(g, OP_add, a, b)
#define SUB(a, b)    ir_map2(g, OP_sub, a, b)
#define MUL(a, b)    ir_map2(g, OP_mul, a, b)
#define MULZ(a, b)   ir_map2(g, OP_mulz, a, b)
#define DIV(a, b)    ir_map2(g, OP_div, a, b)
#define POW(a, b)    ir_map2(g, OP_pow, a, b)
#define NEG(a)       ir_map1(g, OP_neg, a)
#define EXP(a)       ir_map1(g, OP_exp, a)
#define LOG(a)       ir_map1(g, OP_log, a)
#define SIN(a)       ir_map1(g, OP_sin, a)
#define COS(a)       ir_map1(g, OP_cos, a)
#define SIGN(a)      ir_map1(g, OP_sign, a)
#define SIGMOID(a)   ir_map1(g, OP_sigmoid, a)
#define POLYGAMMA(n, a) ir_map2(g, OP_polygamma, n, a)
#define GT(a, b)     ir_map2(g, OP_gt, a, b)
#define LT(a, b)     ir_map2(g, OP_lt, a, b)
#define EQ(a, b)     ir_map2(g, OP_eq, a, b)
#define SELECT(c, a, b) ir_map3(g, OP_select, c, a, b)
#define BODY(expr)   { (void)g; (void)T; (void)X0; (void)X1; (void)X2; (void)Y; return (expr); }
#define ARGS         Graph *g, Type T, Node *X0, Node *X1, Node *X2, Node *Y

#define MAP1(name, r, c, d0, ...)         static Node *partial_##name##_0(ARGS) BODY(d0)
#define MAP2(name, r, c, d0, d1, ...)     static Node *partial_##name##_0(ARGS) BODY(d0) static Node *partial_##name##_1(ARGS) BODY(d1)
#define MAP3(name, r, c, d0, d1, d2, ...) static Node *partial_##name##_0(ARGS) BODY(d0) static Node *partial_##name##_1(ARGS) BODY(d1) \
                                          static Node *partial_##name##_2(ARGS) BODY(d2)
#include "ops.def"

typedef Node *Partial(ARGS);
static Partial *const partials[OP_COUNT][3] = {
#define MAP1(name, ...) [OP_##name] = { partial_##name##_0 },
#define MAP2(name, ...) [OP_##name] = { partial_##name##_0, partial_##name##_1 },
#define MAP3(name, ...) [OP_##name] = { partial_##name##_0, partial_##name##_1, partial_##name##_2 },
#include "ops.def"
};

Node *map_partial(Graph *g, const Node *n, int k)
{
    if (op_info[n->op].flags & OPF_ZERO_DERIV)
        return NULL;
    Type real = n->type;
    real.dtype = T_REAL;
    return partials[n->op][k](g, real, n->arg[0], n->narg > 1 ? n->arg[1] : NULL, n->narg > 2 ? n->arg[2] : NULL, (Node *)n);
}
