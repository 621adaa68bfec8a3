/* library_elementwise.c -- library functions of each element: operators of the table, what is composed of them, and those that act on records array by array. */
#include "library.h"
#include <math.h>

/* ---- elementwise ---- */
static Val map_one(Sema *s, const Expr *at, Val *v, int n, void *user)
{
    (void)n;
    Op op = *(Op *)user;
    Val out = map_real(s, op, *v);
    if (op == OP_detach && out.kind == V_ARRAY && !is_library(at->span.src))
        out.node->origin.cut = true;
    return out;
}

Val lib_map(Call *c, int op)
{
    Op o = (Op)op;
    return val_each(c->s, c->e, c->arg, 1, map_one, &o);
}

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

Val lib_compose(Call *c, int which) { return val_each(c->s, c->e, c->arg, 1, compose_one, &which); }

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

Val lib_clamp(Call *c, int op) { (void)op; return val_each(c->s, c->e, c->arg, 3, clamp_one, NULL); }
Val lib_where(Call *c, int op) { (void)op; return eval_if(c->s, c->e, c->arg[0], c->arg[1], c->arg[2]); }
