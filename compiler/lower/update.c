/* update.c -- a store of an element's own old value plus or minus something is an update: y[d] = y[d] + x becomes y[d] += x. The same operation on the same numbers;
 * it says what happens, and it says so in the loops that were made as updates too. The last of the passes: those before look at stores. */
#include "low.h"

static bool is_old_value(const LStmt *s, const LExpr *e)
{
    return e->kind == LX_LOAD && e->buf == s->dst.buf && same_place(e->buf, e->idx, s->dst.idx);
}

/* Where the old value is deeper in a sum, it stands first, as a person writes it: w + a + b, not b + (w + a). */
static bool old_value_first(const LStmt *s, LExpr *e)
{
    if (is_old_value(s, e))
        return true;
    if (e->kind != LX_MAP || e->dtype != T_REAL || (e->op != OP_add && e->op != OP_sub))
        return false;
    if (old_value_first(s, e->arg[0]))
        return true;
    if (e->op == OP_sub || !old_value_first(s, e->arg[1]))
        return false;
    LExpr *first = e->arg[1];
    e->arg[1] = e->arg[0];
    e->arg[0] = first;
    return true;
}

void update_in_place(LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        update_in_place(&s->body);
        if (s->kind != LS_STORE || s->add || s->dst.buf->storage == LB_LOCAL || s->x->kind != LX_MAP || s->x->dtype != T_REAL || (s->x->op != OP_add && s->x->op != OP_sub))
            continue;
        if (!old_value_first(s, s->x) || !is_old_value(s, s->x->arg[0]))
            continue;
        s->add = true;
        s->minus = s->x->op == OP_sub;
        s->x = s->x->arg[1];
    }
}
