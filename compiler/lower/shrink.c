/* shrink.c -- array contraction: a buffer that is used inside one loop only, and there always at the loop's own index in some dimension, needs that
 * dimension no more; what has no dimension left becomes a temporary. Runs after fusion, before places are given.
 *
 * Every value is written before it is read in each iteration (buffers hold values of one node each), except what is carried from one iteration to the
 * next, which is left alone. */
#include "low.h"

enum { MAX_PATH = 24 };
typedef struct Seen {
    bool any, fixed, pointed;                     /* touched; must keep its shape; touched by other than loads and stores */
    bool lets;                                    /* the first access is a plain store */
    const LFunc *func;
    const LStmt *path[MAX_PATH]; int depth;       /* the loops and tests around all accesses */
    int first_depth;                              /* of the first access */
    const LVar *pin[MAX_RANK]; bool free[MAX_RANK];
    LTemp *temp;                                  /* what it becomes */
} Seen;
typedef struct Shrink { Low *l; Seen *seen; int nseen; const LFunc *func; const LStmt *path[MAX_PATH]; int depth; } Shrink;

static Seen *see(Shrink *x, LBuf *b, LExpr **idx, unsigned along, bool store)
{
    Seen *s = &x->seen[b->id];
    if (!s->any) {
        *s = (Seen){ .any = true, .fixed = s->fixed, .func = x->func, .depth = x->depth, .first_depth = x->depth, .lets = store };
        memcpy(s->path, x->path, sizeof s->path);
        for (int d = 0; d < b->rank; d++)
            s->pin[d] = !(along >> d & 1) && idx[d]->kind == LX_VAR ? idx[d]->var : NULL;
        return s;
    }
    s->fixed |= s->func != x->func;
    int common = 0;
    while (common < s->depth && common < x->depth && s->path[common] == x->path[common])
        common++;
    s->depth = common;
    for (int d = 0; d < b->rank; d++)
        if (along >> d & 1 || idx[d]->kind != LX_VAR || idx[d]->var != s->pin[d])
            s->pin[d] = NULL;
    return s;
}

static void see_expr(Shrink *x, const LExpr *e)
{
    if (!e)
        return;
    for (int k = 0; k < e->narg; k++)
        see_expr(x, e->arg[k]);
    if (e->kind != LX_LOAD)
        return;
    for (int k = 0; k < e->buf->rank; k++)
        see_expr(x, e->idx[k]);
    see(x, e->buf, e->idx, 0, false);
}

static void see_ptr(Shrink *x, const LPtr *p)
{
    if (!p->buf)
        return;
    for (int k = 0; k < p->buf->rank; k++)
        see_expr(x, p->idx[k]);
    see(x, p->buf, p->idx, p->along, false)->pointed = true;
}

static void see_block(Shrink *x, const LBlock *b);

static void see_stmt(Shrink *x, const LStmt *s)
{
    see_expr(x, s->x);
    if (s->kind == LS_STORE) {
        for (int k = 0; k < s->dst.buf->rank; k++)
            see_expr(x, s->dst.idx[k]);
        see(x, s->dst.buf, s->dst.idx, 0, !s->add);
    } else
        see_ptr(x, &s->dst);
    see_ptr(x, &s->src);
    see_ptr(x, &s->gemm.a);
    see_ptr(x, &s->gemm.b);
    see_ptr(x, &s->gemm.c);
    for (int k = 0; k < s->nptr; k++)
        see_ptr(x, &s->ptr[k]);
    see_expr(x, s->lo);
    see_expr(x, s->hi);
    for (int k = 0; k < lir_index_args(s); k++)
        see_expr(x, s->index_arg[k]);
    if (s->kind != LS_FOR && s->kind != LS_IF)
        return;
    if (x->depth == MAX_PATH)
        ice("shrink: loops nested deeper than %d", MAX_PATH);
    x->path[x->depth++] = s;
    see_block(x, &s->body);
    x->depth--;
}

static void see_block(Shrink *x, const LBlock *b)
{
    for (int k = 0; k < b->n; k++)
        see_stmt(x, b->at[k]);
}

/* ---- which dimensions go ---- */
static bool loops_over(const Seen *s, const LVar *v)
{
    for (int k = 0; v && k < s->depth; k++)
        if (s->path[k]->kind == LS_FOR && s->path[k]->var == v)
            return true;
    return false;
}

static int64_t stride_of(const LBuf *b, int d)
{
    int64_t n = 1;
    for (int k = d + 1; k < b->rank; k++)
        n *= b->dim[k];
    return n;
}

/* A leading dimension ld runs along inner dimensions, or over whole elements of outer ones; anything else keeps dimension d. */
static void keep_strides(Shrink *x, const LPtr *p, int64_t ld)
{
    Seen *s = &x->seen[p->buf->id];
    for (int d = 0; d < p->buf->rank; d++) {
        int64_t inner = stride_of(p->buf, d);
        if (ld > inner && ld % (inner * p->buf->dim[d]))
            s->free[d] = false;
    }
}

static void keep_all_strides(Shrink *x, const LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = b->at[k];
        if (s->kind == LS_GEMM) {
            keep_strides(x, &s->gemm.a, s->gemm.lda);
            keep_strides(x, &s->gemm.b, s->gemm.ldb);
            keep_strides(x, &s->gemm.c, s->gemm.ldc);
        }
        keep_all_strides(x, &s->body);
    }
}

static int64_t new_ld(const Shrink *x, const LPtr *p, int64_t ld)
{
    const Seen *s = &x->seen[p->buf->id];
    int64_t divide = 1;
    for (int d = 0; d < p->buf->rank; d++)
        if (s->free[d] && ld > stride_of(p->buf, d))
            divide *= p->buf->dim[d];
    return ld / divide;
}

/* ---- rewriting ---- */
static LExpr **shorter(Shrink *x, const LBuf *b, LExpr **idx)
{
    LExpr **n = NEW_N(x->l->arena, LExpr *, b->rank + 1);
    int k = 0;
    for (int d = 0; d < b->rank; d++)
        if (!x->seen[b->id].free[d])
            n[k++] = idx[d];
    return n;
}

static LExpr *new_expr_of(Shrink *x, LExpr *e)
{
    if (!e)
        return NULL;
    LExpr *n = NEW(x->l->arena, LExpr);
    *n = *e;
    for (int k = 0; k < e->narg; k++)
        n->arg[k] = new_expr_of(x, e->arg[k]);
    if (e->kind != LX_LOAD || e->buf->id >= x->nseen)
        return n;
    if (x->seen[e->buf->id].temp)
        return x_temp(x->l, x->seen[e->buf->id].temp);
    n->idx = shorter(x, e->buf, e->idx);
    for (int d = 0, k = 0; d < e->buf->rank; d++)
        if (!x->seen[e->buf->id].free[d])
            n->idx[k] = new_expr_of(x, n->idx[k]), k++;
    return n;
}

static void new_ptr(Shrink *x, LPtr *p)
{
    if (!p->buf || p->buf->id >= x->nseen)
        return;
    unsigned along = 0;
    int k = 0;
    for (int d = 0; d < p->buf->rank; d++)
        if (!x->seen[p->buf->id].free[d])
            along |= (p->along >> d & 1) << k++;
    p->idx = shorter(x, p->buf, p->idx);
    p->along = along;
    for (int d = 0; d < k; d++)
        p->idx[d] = new_expr_of(x, p->idx[d]);
}

static void rewrite(Shrink *x, LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        LTemp *t = s->kind == LS_STORE ? x->seen[s->dst.buf->id].temp : NULL;
        s->x = new_expr_of(x, s->x);
        s->lo = new_expr_of(x, s->lo);
        s->hi = new_expr_of(x, s->hi);
        for (int i = 0; i < lir_index_args(s); i++)
            s->index_arg[i] = new_expr_of(x, s->index_arg[i]);
        if (s->kind == LS_GEMM) {
            s->gemm.lda = new_ld(x, &s->gemm.a, s->gemm.lda);
            s->gemm.ldb = new_ld(x, &s->gemm.b, s->gemm.ldb);
            s->gemm.ldc = new_ld(x, &s->gemm.c, s->gemm.ldc);
        }
        if (t) {
            s->kind = x->seen[s->dst.buf->id].lets ? LS_LET : LS_SET;
            x->seen[s->dst.buf->id].lets = false;
            s->temp = t;
            s->dst = (LPtr){ NULL, NULL, 0 };
        }
        new_ptr(x, &s->dst);
        new_ptr(x, &s->src);
        new_ptr(x, &s->gemm.a);
        new_ptr(x, &s->gemm.b);
        new_ptr(x, &s->gemm.c);
        for (int i = 0; i < s->nptr; i++)
            new_ptr(x, &s->ptr[i]);
        rewrite(x, &s->body);
    }
}

static void choose(Shrink *x, LBuf *b)
{
    Seen *s = &x->seen[b->id];
    bool mine = s->any && b->storage == LB_WORK && !b->carried && !s->fixed;
    for (int d = 0; d < b->rank; d++)
        s->free[d] = b->storage == LB_WORK && s->any && (b->dim[d] == 1 || (mine && loops_over(s, s->pin[d])));
}

/* After the strides are known: a value without dimensions, of arithmetic only, first stored where all its uses see it. */
static void choose_temp(Shrink *x, LBuf *b)
{
    Seen *s = &x->seen[b->id];
    bool scalar = true;
    for (int d = 0; d < b->rank; d++)
        scalar &= s->free[d];
    if (!s->any || !scalar || s->fixed || s->pointed || !s->lets || s->first_depth != s->depth || b->storage != LB_WORK || b->carried || b->dtype == T_INT)
        return;
    LTemp *t = s->temp = NEW(x->l->arena, LTemp);
    t->id = x->l->ntemps++;
    t->dtype = b->dtype;
    t->name = b->name;
}

void shrink_buffers(Low *l, int first_func)
{
    LProgram *p = l->prog;
    Shrink x = { .l = l, .seen = NEW_N(l->arena, Seen, p->bufs.n + 1), .nseen = p->bufs.n };
    for (int k = first_func; k < p->funcs.n; k++) {
        x.func = p->funcs.at[k];
        see_block(&x, &x.func->body);
    }
    for (int k = 0; k < p->bufs.n; k++)
        choose(&x, p->bufs.at[k]);
    for (int k = first_func; k < p->funcs.n; k++)
        keep_all_strides(&x, &p->funcs.at[k]->body);
    for (int k = 0; k < p->bufs.n; k++)
        choose_temp(&x, p->bufs.at[k]);
    for (int k = first_func; k < p->funcs.n; k++)
        rewrite(&x, &p->funcs.at[k]->body);
    for (int k = 0; k < p->bufs.n; k++) {
        LBuf *b = p->bufs.at[k];
        int rank = 0;
        for (int d = 0; d < b->rank; d++)
            if (!x.seen[k].free[d]) {
                b->size[rank] = b->size[d];
                b->dim[rank++] = b->dim[d];
            }
        b->rank = rank;
    }
}
