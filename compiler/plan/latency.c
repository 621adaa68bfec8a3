/* latency.c -- how long one iteration of a sequential loop must wait for the one before: the longest way, in cycles, from what the loop carries to what it carries. */
#include "cost.h"

enum { FORWARD = 7, SIMPLE = 3, DIVIDE = 12, SERIES = 3 };    /* cycles: a stored value to its load; add, multiply; divide, root; each flop of a function by series, of which several go at once */
typedef struct Way { struct { const LTemp *t; double at; } temp[BODY]; int ntemp; struct { const LStmt *s; double at; } stored[BODY]; int nstored; const LBuf *carried[BODY]; int ncarried; const LTemp *old[64]; int nold; } Way;

bool same_bytes(const LBuf *a, const LBuf *b) { return a == b || (a->storage == LB_WORK && b->storage == LB_WORK && a->offset == b->offset); }

static double depth(const Way *w, const LExpr *e)
{
    double d = -1;
    if (!e)
        return d;
    if (e->kind == LX_TEMP) {
        for (int k = w->ntemp - 1; k >= 0; k--)
            if (w->temp[k].t == e->temp)
                return w->temp[k].at;
        for (int k = 0; k < w->nold; k++)
            if (w->old[k] == e->temp)
                return 0;
        return -1;
    }
    if (e->kind == LX_LOAD) {
        for (int k = w->nstored - 1; k >= 0; k--)
            if (same_bytes(w->stored[k].s->dst.buf, e->buf))
                return w->stored[k].at;
        for (int k = 0; k < w->ncarried; k++)
            if (same_bytes(w->carried[k], e->buf))
                return FORWARD;
        return -1;
    }
    for (int k = 0; k < e->narg; k++) {
        double a = depth(w, e->arg[k]);
        d = a > d ? a : d;
    }
    if (d < 0 || e->kind != LX_MAP)
        return d;
    double f = op_info[e->op].flops;
    return d + (e->op == OP_div || e->op == OP_sqrt ? DIVIDE : f > 4 ? SERIES * f : f < 1 ? 0 : SIMPLE);
}

static void find_carried(Way *w, const LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = b->at[k];
        if ((s->kind == LS_STORE || s->kind == LS_COPY) && w->ncarried < BODY)
            w->carried[w->ncarried++] = s->dst.buf;
        if (s->kind == LS_SET && w->nold < 64)
            w->old[w->nold++] = s->temp;
        find_carried(w, s->kind == LS_INVOKE ? &s->func->body : &s->body);
    }
}

static void follow(Way *w, const LBlock *b, double *longest)
{
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = b->at[k];
        if (s->kind == LS_INVOKE) {
            follow(w, &s->func->body, longest);
            continue;
        }
        LExpr from = { .kind = LX_LOAD, .buf = s->src.buf, .idx = s->src.idx };
        double d = depth(w, s->kind == LS_COPY ? &from : s->x);
        if ((s->kind == LS_SET || s->kind == LS_STORE) && s->add) {
            LExpr old = { .kind = s->kind == LS_SET ? LX_TEMP : LX_LOAD, .temp = s->temp, .buf = s->dst.buf, .idx = s->dst.idx };
            double o = depth(w, &old);
            d = (o > d ? o : d) + SIMPLE;
        }
        if ((s->kind == LS_SET || s->kind == LS_LET) && w->ntemp < BODY) {
            w->temp[w->ntemp].t = s->temp;
            w->temp[w->ntemp++].at = d;
        }
        if ((s->kind == LS_STORE || s->kind == LS_COPY) && w->nstored < BODY) {
            w->stored[w->nstored].s = s;
            w->stored[w->nstored++].at = d;
        }
        if ((s->kind == LS_SET || s->kind == LS_STORE || s->kind == LS_COPY) && d > *longest)
            *longest = d;
        follow(w, &s->body, longest);
    }
}

double latency_of_block(const LBlock *block)
{
    Way w = { .ntemp = 0 };
    double longest = 0;
    find_carried(&w, block);
    for (int k = 0; k < w.nold; k++)           /* temporaries declared inside are no carried ones */
        for (int i = 0; i < block->n; i++)
            if (block->at[i]->kind == LS_LET && block->at[i]->temp == w.old[k])
                w.old[k] = NULL;
    follow(&w, block, &longest);
    return longest;
}
