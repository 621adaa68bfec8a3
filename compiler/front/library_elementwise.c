/* library_elementwise.c -- the operators of the table as functions of each element, on records array by array. */
#include "library.h"

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
