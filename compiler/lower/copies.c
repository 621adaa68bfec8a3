/* copies.c -- removes copies of whole arrays: a value is written straight into the array that it is to be in.
 *
 * At the end of an iteration (remove_copies) the copy C <- T goes when nothing after the first statement S that writes T reads the old C, and S itself reads C
 * only at the element that it stores (in one nest, at equal indices). Then T is C. Reads of T after S read C, which holds the same; what adds to T adds to C.
 *
 * Before a loop (join_firsts) T is the value that C begins with. The copy goes when T is not used after it and C not before it, in all of the entry.
 *
 * What is left and copies one element is a store (single_copies); loops that only copy an array of several axes, and have not joined others, are one copy (block_copies). */
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

/* Which statements of a block touch a buffer: their places in it, in order, by the buffer's id. A step of many arrays has a copy for each. */
typedef Vec(int) Places;
typedef struct Touched { Low *l; Places *of; int now; } Touched;

static void note_place(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Touched *x = user;
    Places *p = &x->of[b->id];
    (void)idx, (void)along, (void)how;
    if (!p->n || p->at[p->n - 1] != x->now)
        vec_push(x->l->arena, *p, x->now);
}

/* Those that touch one of the two. */
static Places either(Low *l, const Places *a, const Places *b)
{
    Places all = { 0 };
    for (int i = 0, k = 0; i < a->n || k < b->n;) {
        int next = k == b->n || (i < a->n && a->at[i] < b->at[k]) ? a->at[i] : b->at[k];
        vec_push(l->arena, all, next);
        i += i < a->n && a->at[i] == next;
        k += k < b->n && b->at[k] == next;
    }
    return all;
}

/* The statements at `touching` are those of the block that touch C or T; statements that are gone are NULL. */
static bool removable(const LBlock *b, const Places *touching, int at, LBuf *c, LBuf *t)
{
    int writer = -1;
    for (int i = 0; i < touching->n; i++) {
        int k = touching->at[i];
        if (k == at || !b->at[k])
            continue;
        if (k > at)                               /* the copies behind: T and C are not theirs */
            return false;
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

static void take_out(LBlock *b, int k)
{
    memmove(b->at + k, b->at + k + 1, sizeof *b->at * (size_t)(b->n - k - 1));
    b->n--;
}

/* Memory that may hold a value while it is computed: the workspace, and what learn moves. */
bool is_place(const LBuf *b) { return b->storage == LB_WORK || b->storage == LB_STATE || b->storage == LB_META; }

void remove_copies(Low *l, LBlock *b)
{
    Touched x = { l, NEW_N(l->arena, Places, l->prog->bufs.n + 1), 0 };
    int kept = 0, before = b->n;
    for (x.now = 0; x.now < b->n; x.now++)
        lir_each_access(b->at[x.now], true, note_place, &x);
    for (int k = b->n - 1; k >= 0; k--) {
        LStmt *s = b->at[k];
        if (s->kind != LS_COPY || !is_place(s->dst.buf) || s->src.buf->storage != LB_WORK || s->src.buf->given || s->src.buf->rank != s->dst.buf->rank)
            continue;
        LBuf *c = s->dst.buf, *t = s->src.buf;
        Places both = either(l, &x.of[c->id], &x.of[t->id]);
        if (!removable(b, &both, k, c, t))
            continue;
        b->at[k] = NULL;
        for (int i = 0; i < both.n; i++)
            if (b->at[both.at[i]])
                swap_stmt(b->at[both.at[i]], &(Swap){ t, c });
        x.of[c->id] = both;
        x.of[t->id].n = 0;
    }
    for (int k = 0; k < b->n; k++)
        if (b->at[k])
            b->at[kept++] = b->at[k];
    b->n = kept;
    if (kept < before)
        remove_idle(b);
}

/* ---- first values ---- */
static bool one_shape(const LBuf *a, const LBuf *b)
{
    bool same = a->rank == b->rank && a->dtype == b->dtype;
    for (int d = 0; same && d < a->rank; d++)
        same = a->dim[d] == b->dim[d];
    return same;
}

/* Does the nest do nothing but store each element of an array into the same place of another? Its store, or NULL. */
static const LStmt *element_copy(const LStmt *s)
{
    const LVar *var[MAX_RANK];
    int64_t n[MAX_RANK];
    int loops = 0, found = 0;
    for (; s->kind == LS_FOR; s = s->body.at[0], loops++) {
        if (s->body.n != 1 || s->lo || loops == MAX_RANK)
            return NULL;
        var[loops] = s->var;
        n[loops] = s->n;
    }
    if (s->kind != LS_STORE || s->add || s->x->kind != LX_LOAD || !one_shape(s->dst.buf, s->x->buf))
        return NULL;
    for (int d = 0; d < s->dst.buf->rank; d++) {
        const LExpr *i = s->dst.idx[d];
        if (!same_expr(i, s->x->idx[d]))
            return NULL;
        if (i->kind == LX_INT && s->dst.buf->dim[d] == 1)
            continue;
        int k = 0;
        while (k < loops && !(i->kind == LX_VAR && i->var == var[k] && n[k] == s->dst.buf->dim[d]))
            k++;
        if (k == loops)
            return NULL;
        var[k] = NULL;
        found++;
    }
    return found == loops ? s : NULL;
}

/* Accesses of each buffer by its id: in all of the entry, in the block that is looked at, in its statements so far. */
typedef struct Tally { int *entry, *block, *before; } Tally;

static void count(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    (void)idx, (void)along, (void)how;
    ((int *)user)[b->id]++;
}

static void forget(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Tally *u = user;
    (void)idx, (void)along, (void)how;
    u->block[b->id] = u->before[b->id] = 0;
}

static void each_access_in(const LBlock *b, LAccessFn *see, void *user)
{
    for (int k = 0; k < b->n; k++)
        lir_each_access(b->at[k], true, see, user);
}

/* The copy C <- T that is gone: its two accesses with it, and those of T are C's. */
static void joined(int *of, const LBuf *c, const LBuf *t)
{
    of[c->id] += of[t->id] - 2;
    of[t->id] = 0;
}

static void join_in(Tally *u, LBlock *b)
{
    for (int k = 0; k < b->n; k++)
        join_in(u, &b->at[k]->body);
    each_access_in(b, count, u->block);
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = element_copy(b->at[k]);
        LBuf *c = s ? s->dst.buf : NULL, *t = s ? s->x->buf : NULL;
        bool ours = s && c != t && c->dtype == T_REAL && c->storage == LB_WORK && t->storage == LB_WORK && !t->carried;
        bool fresh = ours && !u->before[c->id] && u->block[c->id] == u->entry[c->id];
        lir_each_access(b->at[k], true, count, u->before);
        if (!fresh || u->before[t->id] != u->entry[t->id])
            continue;
        joined(u->entry, c, t);
        joined(u->block, c, t);
        joined(u->before, c, t);
        take_out(b, k--);
        for (int i = 0; i <= k; i++)
            swap_stmt(b->at[i], &(Swap){ t, c });
    }
    each_access_in(b, forget, u);
}

void join_firsts(Low *l, int first_func)
{
    LProgram *p = l->prog;
    Tally u = { NEW_N(l->arena, int, p->bufs.n), NEW_N(l->arena, int, p->bufs.n), NEW_N(l->arena, int, p->bufs.n) };
    each_access_in(&p->funcs.at[p->funcs.n - 1]->body, count, u.entry);
    for (int k = first_func; k < p->funcs.n; k++)
        join_in(&u, &p->funcs.at[k]->body);
}

/* ---- one element ---- */
void single_copies(Low *l, LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        LStorage to = s->kind == LS_COPY ? s->dst.buf->storage : LB_OUTER;
        if (s->kind == LS_COPY && s->count == 1 && (to == LB_WORK || to == LB_STATE || to == LB_META || to == LB_CARRIED)) {
            s->kind = LS_STORE;
            s->x = x_load(l, s->src.buf, s->src.idx);
            s->dst.along = 0;
            s->src = (LPtr){ NULL, NULL, 0 };
        }
        single_copies(l, &s->body);
    }
}

/* ---- whole arrays ---- */
void block_copies(Low *l, LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        const LStmt *store = s->kind == LS_FOR ? element_copy(s) : NULL;
        LBuf *to = store ? store->dst.buf : NULL, *from = store ? store->x->buf : NULL;
        if (!store || to == from || to->rank < 2 || !is_place(to) || !is_place(from)) {
            block_copies(l, &s->body);
            continue;
        }
        Type t = { .dtype = to->dtype, .rank = to->rank };
        LStmt *c = new_stmt(l, LS_COPY, NULL);
        c->note = store->note;
        c->span = store->span;
        c->count = 1;
        for (int d = 0; d < t.rank; d++)
            c->count *= t.dim[d] = to->dim[d];
        c->dst = first_of(l, &(Slot){ .buf = to }, &t);
        c->src = first_of(l, &(Slot){ .buf = from }, &t);
        b->at[k] = c;
    }
}
