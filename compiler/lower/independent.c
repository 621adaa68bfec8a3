/* independent.c -- may the iterations of an innermost loop run side by side? Where they may, the C says so: arrays are places in one workspace, and a C compiler cannot
 * know that two of them do not overlap. Arrays of one nest do not (place.c); what is left to see is that no iteration touches an element that another one writes. */
#include "low.h"

/* 1 * v + what does not move with v. */
static bool counts_with(const LExpr *e, const LVar *v)
{
    if (e->kind == LX_VAR)
        return e->var == v;
    return e->kind == LX_MAP && e->op == OP_add && ((counts_with(e->arg[0], v) && !x_mentions(e->arg[1], v)) || (counts_with(e->arg[1], v) && !x_mentions(e->arg[0], v)));
}

static void note_touch(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    bool *differs = user;
    (void)along, (void)how;
    *differs |= b->stored_at && !(idx && same_place(b, idx, b->stored_at));
}

/* One walk of the loop for all its stores: the arrays that they write say where. */
bool own_elements(const LStmt *loop)
{
    bool moves = true, differs = false;
    for (int k = 0; k < loop->body.n; k++) {
        const LPtr *dst = &loop->body.at[k]->dst;
        if (loop->body.at[k]->kind != LS_STORE || (loop->lane && dst->buf->storage == LB_LOCAL))      /* a lane, see lanes.c */
            continue;
        bool counts = false;
        for (int d = 0; d < dst->buf->rank; d++)
            counts |= counts_with(dst->idx[d], loop->var);
        moves &= counts;
        dst->buf->stored_at = dst->idx;
    }
    if (moves)
        lir_each_access(loop, false, note_touch, &differs);
    for (int k = 0; k < loop->body.n; k++)
        if (loop->body.at[k]->kind == LS_STORE)
            loop->body.at[k]->dst.buf->stored_at = NULL;
    return moves && !differs;
}

bool lir_independent(const LStmt *loop)
{
    for (int k = 0; k < loop->body.n; k++) {
        const LStmt *s = loop->body.at[k];
        bool own = false;
        for (int i = 0; s->kind == LS_SET && i < k; i++)
            own |= loop->body.at[i]->kind == LS_LET && loop->body.at[i]->temp == s->temp;
        if (s->kind != LS_LET && !(s->kind == LS_SET && own) && s->kind != LS_STORE)
            return false;
    }
    return own_elements(loop);
}
