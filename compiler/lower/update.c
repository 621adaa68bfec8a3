/* update.c -- a store of an element's own old value plus or minus something is an update: y[d] = y[d] + x becomes y[d] += x. The same operation on the same numbers;
 * it says what happens, and it says so in the loops that were made as updates too. The last of the passes: those before look at stores. */
#include "low.h"

static bool is_old_value(const LStmt *s, const LExpr *e)
{
    return e->kind == LX_LOAD && e->buf == s->dst.buf && same_place(e->buf, e->idx, s->dst.idx);
}

void update_in_place(LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        update_in_place(&s->body);
        if (s->kind != LS_STORE || s->add || s->dst.buf->storage == LB_LOCAL || s->x->kind != LX_MAP || s->x->dtype != T_REAL || (s->x->op != OP_add && s->x->op != OP_sub))
            continue;
        int old = is_old_value(s, s->x->arg[0]) ? 0 : s->x->op == OP_add && is_old_value(s, s->x->arg[1]) ? 1 : -1;
        if (old < 0)
            continue;
        s->add = true;
        s->minus = s->x->op == OP_sub;
        s->x = s->x->arg[1 - old];
    }
}
