/* copies.c -- removes the copies at the end of an iteration: a next value that may be written straight into the carried buffer is.
 *
 * The copy C <- T goes when nothing after the first statement S that writes T reads the old C, and S itself reads C only at the element that it stores (in one
 * nest, at equal indices). Then T is C. Reads of T after S read C, which holds the same; what adds to T adds to C. */
#include "low.h"

typedef struct Look { const LBuf *t, *c; int t_writes, t_reads, c_reads, c_writes; LExpr **store; bool same; } Look;

static void look(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Look *k = user;
    if (b == k->t && how & LA_WRITE) {
        k->t_writes++;
        if (k->store)
            for (int d = 0; d < b->rank; d++)
                k->same &= same_expr(k->store[d], idx[d]);
        k->store = idx;
        k->same &= !along;
    } else if (b == k->t) {
        k->t_reads++;
    } else if (b == k->c && how & LA_WRITE)
        k->c_writes++;
    else if (b == k->c)
        k->c_reads++;
}

typedef struct Match { const LBuf *c; LExpr **at; bool ok; } Match;

static void match(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Match *m = user;
    (void)how;
    if (b != m->c)
        return;
    if (along) {
        m->ok = false;
        return;
    }
    for (int d = 0; d < b->rank; d++)
        m->ok &= same_expr(idx[d], m->at[d]);
}

typedef struct Swap { LBuf *from, *to; } Swap;

static void swap_expr(LExpr *e, const Swap *w)
{
    if (!e)
        return;
    for (int k = 0; k < e->narg; k++)
        swap_expr(e->arg[k], w);
    if (e->kind == LX_LOAD) {
        for (int k = 0; k < e->buf->rank; k++)
            swap_expr(e->idx[k], w);
        if (e->buf == w->from)
            e->buf = w->to;
    }
}

static void swap_ptr(LPtr *p, const Swap *w)
{
    if (p->buf == w->from)
        p->buf = w->to;
    for (int k = 0; p->buf && k < p->buf->rank; k++)
        swap_expr(p->idx[k], w);
}

static void swap_stmt(LStmt *s, const Swap *w)
{
    swap_expr(s->x, w);
    swap_ptr(&s->dst, w);
    swap_ptr(&s->src, w);
    swap_ptr(&s->gemm.a, w);
    swap_ptr(&s->gemm.b, w);
    swap_ptr(&s->gemm.c, w);
    for (int k = 0; k < s->nptr; k++)
        swap_ptr(&s->ptr[k], w);
    for (int k = 0; k < s->body.n; k++)
        swap_stmt(s->body.at[k], w);
    if (s->kind == LS_INVOKE)
        for (int k = 0; k < s->func->body.n; k++)
            swap_stmt(s->func->body.at[k], w);
}

static bool removable(LBlock *b, int at, LBuf *c, LBuf *t)
{
    int writer = -1;
    for (int k = 0; k < at; k++) {
        Look x = { .t = t, .c = c, .same = true };
        lir_each_access(b->at[k], true, look, &x);
        if (x.c_writes)
            return false;
        if (x.t_writes) {
            if (b->at[k]->kind == LS_INVOKE || (writer >= 0 && x.c_reads))
                return false;
            if (writer < 0)
                writer = k;
            if (x.c_reads) {
                /* in the nest that stores T: only at the stored element, and T is stored once per element */
                Match m = { c, x.store, x.same && x.t_writes == 1 && !x.t_reads };
                lir_each_access(b->at[k], true, match, &m);
                if (!m.ok || !x.store)
                    return false;
            }
        } else if (writer >= 0 && x.c_reads)
            return false;
    }
    for (int k = at + 1; k < b->n; k++) {         /* the copies behind: T and C are not theirs */
        Look x = { .t = t, .c = c, .same = true };
        lir_each_access(b->at[k], true, look, &x);
        if (x.c_reads || x.c_writes || x.t_reads || x.t_writes)
            return false;
    }
    return writer >= 0;
}

/* What stores an element over itself, now that two buffers are one, and the loops that are left empty. */
static void remove_idle(LBlock *b)
{
    int kept = 0;
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        bool idle = s->kind == LS_STORE && !s->add && s->x->kind == LX_LOAD && s->x->buf == s->dst.buf;
        for (int d = 0; idle && d < s->dst.buf->rank; d++)
            idle = same_expr(s->x->idx[d], s->dst.idx[d]);
        if (s->kind == LS_FOR && s->body.n) {
            remove_idle(&s->body);
            idle = !s->body.n;
        }
        if (!idle)
            b->at[kept++] = s;
    }
    b->n = kept;
}

void remove_copies(Low *l, LBlock *b)
{
    (void)l;
    bool any = false;
    for (int k = b->n - 1; k >= 0; k--) {
        LStmt *s = b->at[k];
        if (s->kind != LS_COPY || s->dst.buf->storage != LB_WORK || s->src.buf->storage != LB_WORK || s->src.buf->rank != s->dst.buf->rank)
            continue;
        LBuf *c = s->dst.buf, *t = s->src.buf;
        if (!removable(b, k, c, t))
            continue;
        memmove(b->at + k, b->at + k + 1, sizeof *b->at * (size_t)(b->n - k - 1));
        b->n--;
        for (int i = 0; i < b->n; i++)
            swap_stmt(b->at[i], &(Swap){ t, c });
        any = true;
    }
    if (any)
        remove_idle(b);
}
