/* independent.c -- may the iterations of an innermost loop run side by side? Where they may, the C says so: arrays are places in one workspace, and a C compiler cannot
 * know that two of them do not overlap. Arrays of one nest do not (place.c); what is left to see is that no iteration touches an element that another one writes. */
#include "low.h"

typedef struct Touch { const LBuf *buf; LExpr **idx; bool differs; } Touch;

/* 1 * v + what does not move with v. */
static bool counts_with(const LExpr *e, const LVar *v)
{
    if (e->kind == LX_VAR)
        return e->var == v;
    return e->kind == LX_MAP && e->op == OP_add && ((counts_with(e->arg[0], v) && !x_mentions(e->arg[1], v)) || (counts_with(e->arg[1], v) && !x_mentions(e->arg[0], v)));
}

bool same_array(const LBuf *a, const LBuf *b)
{
    return a == b || (a->storage == b->storage && a->storage != LB_WORK && a->storage != LB_LOCAL && a->field == b->field && a->offset == b->offset);
}

static void note_touch(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Touch *t = user;
    (void)along, (void)how;
    for (int d = 0; same_array(t->buf, b) && d < b->rank; d++)
        t->differs |= !idx || !same_expr(idx[d], t->idx[d]);
}

bool own_element(const LStmt *loop, const LStmt *store)
{
    Touch t = { store->dst.buf, store->dst.idx, false };
    bool moves = false;
    if (t.buf->storage == LB_LOCAL)
        return true;                              /* a lane, see lanes.c */
    for (int d = 0; d < t.buf->rank; d++)
        moves |= counts_with(t.idx[d], loop->var);
    lir_each_access(loop, false, note_touch, &t);
    return moves && !t.differs;
}

bool lir_independent(const LStmt *loop)
{
    for (int k = 0; k < loop->body.n; k++) {
        const LStmt *s = loop->body.at[k];
        bool own = false;
        for (int i = 0; s->kind == LS_SET && i < k; i++)
            own |= loop->body.at[i]->kind == LS_LET && loop->body.at[i]->temp == s->temp;
        if (s->kind != LS_LET && !(s->kind == LS_SET && own) && !(s->kind == LS_STORE && own_element(loop, s)))
            return false;
    }
    return true;
}
