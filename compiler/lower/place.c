/* place.c -- lifetimes to offsets: every WORK buffer of an entry gets its place in the one workspace, and the workspace its exact size.
 *
 * Statements are numbered in order, phases where they are invoked. A buffer lives from its first to its last use; what is used inside a loop over
 * iterations and also outside of it lives as long as the loop; but for a given array (record.c), which each iteration of the loops that it goes between writes
 * before it reads it. Buffers whose lives do not meet share bytes. */
#include "low.h"
#include <stdlib.h>

typedef struct Life { Low *l; int now; } Life;

static void touch(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Life *x = user;
    (void)idx, (void)along, (void)how;
    if (b->storage != LB_WORK)
        return;
    if (b->live_from < 0)
        b->live_from = x->now;
    b->live_to = x->now;
}

typedef struct Extend { int from, to; const LStmt *loop; } Extend;

static bool renews(const LStmt *loop, const LBuf *b)
{
    for (int k = 0; k < loop->nrenews; k++)
        if (loop->renews[k] == b)
            return true;
    return false;
}

static void extend(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    const Extend *x = user;
    (void)idx, (void)along, (void)how;
    if (b->storage != LB_WORK || (b->live_from >= x->from && b->live_to <= x->to) || renews(x->loop, b))
        return;
    if (b->live_from > x->from)
        b->live_from = x->from;
    if (b->live_to < x->to)
        b->live_to = x->to;
}

static bool iterates(const LStmt *s)
{
    bool loops = false;
    for (int k = 0; k < s->body.n; k++) {
        const LStmt *x = s->body.at[k];
        if (x->kind != LS_STORE && x->kind != LS_LET && x->kind != LS_SET && !(x->kind == LS_FOR && !iterates(x)))
            return true;
        loops |= x->kind == LS_FOR;
    }
    return loops && s->body.n > 1;
}

bool place_is_one_nest(const LStmt *s);
bool place_is_one_nest(const LStmt *s) { return !iterates(s); }

static bool reads_memory(const LExpr *e)
{
    for (int k = 0; k < e->narg; k++)
        if (reads_memory(e->arg[k]))
            return true;
    return e->kind == LX_LOAD;
}

/* A statement whose parts come to be one after the other: it has a number for each of them. */
static bool holds_others(const LStmt *s)
{
    return (s->kind == LS_FOR || (s->kind == LS_IF && !reads_memory(s->x))) && iterates(s);
}

static void number(Life *x, LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        bool control = holds_others(s);
        if (s->kind == LS_INVOKE) {
            s->func->from = x->now + 1;
            number(x, &s->func->body);
            s->func->to = x->now;
        } else if (control)
            number(x, &s->body);
        else {
            x->now++;
            lir_each_access(s, true, touch, x);
        }
    }
}

/* From the inside out: a use both inside and outside keeps a buffer alive through the whole loop. */
static void stretch(Life *x, LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        bool control = holds_others(s);
        if (s->kind == LS_INVOKE)
            stretch(x, &s->func->body);
        else if (control) {
            int from = x->now + 1;
            stretch(x, &s->body);
            Extend e = { from, x->now, s };
            if (s->kind == LS_FOR)
                lir_each_access(s, true, extend, &e);
        } else
            x->now++;
    }
}

/* The largest first; those of one size as they come to life: then they take as few places as can be. */
static int by_size(const void *a, const void *b)
{
    const LBuf *x = *(LBuf *const *)a, *y = *(LBuf *const *)b;
    int64_t sx = x->offset, sy = y->offset;
    if (sx != sy)
        return (sx < sy) - (sx > sy);
    return x->live_from != y->live_from ? (x->live_from > y->live_from) - (x->live_from < y->live_from) : (x->id > y->id) - (x->id < y->id);
}

static int64_t bytes_of(const Low *l, const LBuf *b)
{
    int64_t n = b->dtype == T_REAL ? l->prog->real_bytes : b->dtype == T_INT ? 4 : 1;
    for (int k = 0; k < b->rank; k++)
        n *= b->dim[k];
    return (n + 63) / 64 * 64;
}

typedef Vec(LBuf *) Bufs;
typedef struct Held { const LBuf *buf; int64_t from, to; } Held;                /* the bytes of a buffer that has its place */
typedef Vec(Held) Holdings;                                                      /* by their first byte */

static bool alive_together(const LBuf *a, const LBuf *b) { return a->live_from <= b->live_to && b->live_from <= a->live_to; }

static void hold(Low *l, Holdings *h, const LBuf *b, int64_t at, int64_t size)
{
    int k = h->n;
    vec_push(l->arena, *h, (Held){ b, at, at + size });
    for (; k > 0 && h->at[k - 1].from > at; k--)
        h->at[k] = h->at[k - 1];
    h->at[k] = (Held){ b, at, at + size };
}

/* The lowest place behind `head` that is free while b lives. */
static int64_t lowest(const Holdings *h, const LBuf *b, int64_t head, int64_t size)
{
    int64_t low = head;
    for (int k = 0; k < h->n && h->at[k].from < low + size; k++)
        if (h->at[k].to > low && alive_together(h->at[k].buf, b))
            low = h->at[k].to;
    return low;
}

static bool wishes_meet(const Bufs *all, const int64_t *size, const int64_t *at)
{
    for (int k = 0; k < all->n; k++)
        for (int i = 0; at[k] >= 0 && i < k; i++)
            if (at[i] >= 0 && at[k] < at[i] + size[i] && at[i] < at[k] + size[k] && alive_together(all->at[k], all->at[i]))
                return true;
    return false;
}

/* Offsets for all behind `head` bytes, the largest first, each the lowest that is free while it lives; those with a wish get it. Result: the bytes, or -1 where wishes meet. */
static int64_t arrange(Low *l, const Bufs *all, const int64_t *size, const int64_t *wish, int64_t head, int64_t *at)
{
    int64_t bytes = head;
    Holdings held = { 0 };
    for (int k = 0; k < all->n; k++)
        at[k] = wish ? wish[all->at[k]->id] : -1;
    if (wishes_meet(all, size, at))
        return -1;
    for (int k = 0; k < all->n; k++)
        if (at[k] >= 0)
            hold(l, &held, all->at[k], at[k], size[k]);
    for (int k = 0; k < all->n; k++) {
        if (at[k] < 0) {
            at[k] = lowest(&held, all->at[k], head, size[k]);
            hold(l, &held, all->at[k], at[k], size[k]);
        }
        if (at[k] + size[k] > bytes)
            bytes = at[k] + size[k];
    }
    return bytes;
}

void place_buffers(Low *l, int first_func, int end, int64_t *work_bytes)
{
    LFunc *entry = l->prog->funcs.at[end - 1];
    Life x = { l, 0 };
    Bufs all = { 0 };
    for (int k = 0; k < l->prog->bufs.n; k++)
        if (l->prog->bufs.at[k]->storage == LB_WORK && l->prog->bufs.at[k]->offset < 0)
            l->prog->bufs.at[k]->live_from = -1;
    number(&x, &entry->body);
    entry->from = 1;
    entry->to = x.now;
    x.now = 0;
    stretch(&x, &entry->body);
    for (int k = 0; k < l->prog->bufs.n; k++) {
        LBuf *b = l->prog->bufs.at[k];
        if (b->storage == LB_WORK && b->offset < 0 && b->live_from >= 0) {
            b->offset = bytes_of(l, b);
            vec_push(l->arena, all, b);
        }
    }
    if (all.at)
        qsort(all.at, (size_t)all.n, sizeof *all.at, by_size);
    int64_t *size = NEW_N(l->arena, int64_t, all.n + 1), *at = NEW_N(l->arena, int64_t, all.n + 1), *other = NEW_N(l->arena, int64_t, all.n + 1);
    for (int k = 0; k < all.n; k++)
        size[k] = all.at[k]->offset;
    int64_t head = l->prog->store_slots ? 64 : 0;    /* the store's, see mfl_use_store */
    *work_bytes = arrange(l, &all, size, NULL, head, at);
    int64_t *wish = l->opt->guard ? NULL : share_phases(l, first_func, end), shared = wish ? arrange(l, &all, size, wish, head, other) : -1;
    bool share = shared >= 0 && (shared <= *work_bytes || shared <= l->prog->work_bytes);
    *work_bytes = share ? shared : *work_bytes;
    for (int k = 0; k < all.n; k++)
        all.at[k]->offset = share ? other[k] : at[k];
    name_shared(l, first_func, end, share);
    for (int k = first_func; k < end; k++)
        l->prog->funcs.at[k]->placed = true;
}
