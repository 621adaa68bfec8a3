/* jam.c -- sums that an outer loop builds up in a row take several of its terms at a time.
 *
 * for n: for d: y[d] += x[n][d] * g[n] loads and stores the whole row y for each n. Four terms at a time, y[d] = y[d] + x[4 n][d] * g[4 n] + ..., it is loaded
 * and stored a quarter as often. The additions keep their order, so the bits stay. How many at a time: what divides the trip count, so that nothing is left
 * over. Small nests stay as they are: they read better, and nothing is gained. Runs after packing, before sums are split into lanes. */
#include "low.h"

enum { LONG = 16, LARGE = 1 << 14, SIMPLE = 4 };  /* rows of fewer elements stay in registers; nests of fewer terms; terms of more operators are not bound by memory */

typedef struct Read { const LBuf *of; bool any; } Read;

static void note_read(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Read *r = user;
    (void)idx, (void)along;
    r->any |= b == r->of && !(how & LA_ADD);
}

static bool reads(const LStmt *f, const LBuf *b)
{
    Read r = { b, false };
    lir_each_access(f, false, note_read, &r);
    return r.any;
}

static int operators(const LExpr *e)
{
    int n = e->kind == LX_MAP;
    for (int k = 0; k < e->narg; k++)
        n += operators(e->arg[k]);
    return n;
}

/* y[...] += ... at a place that moves with the inner loop and not with the outer one, where y is not otherwise looked at. */
static bool builds_row(const LStmt *outer, const LStmt *inner)
{
    for (int k = 0; k < inner->body.n; k++) {
        const LStmt *s = inner->body.at[k];
        bool moves = false;
        if (s->kind != LS_STORE || !s->add || s->dst.buf->dtype != T_REAL || operators(s->x) > SIMPLE || reads(inner, s->dst.buf))
            return false;
        for (int i = 0; i < k; i++)
            if (inner->body.at[i]->dst.buf == s->dst.buf)
                return false;
        for (int d = 0; d < s->dst.buf->rank; d++) {
            if (x_mentions(s->dst.idx[d], outer->var))
                return false;
            moves |= s->dst.idx[d]->kind == LX_VAR && s->dst.idx[d]->var == inner->var;
        }
        if (!moves)
            return false;
    }
    return inner->body.n > 0;
}

static int64_t terms(int64_t n)
{
    static const int64_t some[] = { 4, 5, 6, 3, 7, 2 };
    for (int k = 0; k < 6; k++)
        if (n > some[k] && n % some[k] == 0)
            return some[k];
    return 1;
}

static void take_several(Low *l, LStmt *outer, LStmt *inner, int64_t at_once)
{
    for (int k = 0; k < inner->body.n; k++) {
        LStmt *s = inner->body.at[k];
        LExpr *x = x_load(l, s->dst.buf, s->dst.idx);
        for (int64_t j = 0; j < at_once; j++) {
            LExpr *n = x_add(l, x_times(l, x_var(l, outer->var), at_once), x_int(l, j));
            x = x_map(l, OP_add, T_REAL, (LExpr *[]){ x, x_with(l, s->x, outer->var, n) }, 2);
        }
        s->x = x;
        s->add = false;
    }
    outer->n /= at_once;
    outer->size = NULL;
}

void jam_rows(Low *l, LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *f = b->at[k], *inner = f->kind == LS_FOR && f->body.n == 1 ? f->body.at[0] : NULL;
        bool plain = inner && inner->kind == LS_FOR && !f->lo && !inner->lo && !f->down && !f->parallel && inner->n >= LONG && f->n * inner->n >= LARGE;
        if (plain && terms(f->n) > 1 && builds_row(f, inner))
            take_several(l, f, inner, terms(f->n));
        else
            jam_rows(l, &f->body);
    }
}
