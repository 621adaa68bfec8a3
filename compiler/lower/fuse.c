/* fuse.c -- adjacent loops over the same range become one where no iteration needs another one's results.
 *
 * Two neighbouring loops i and j may become one when every buffer that one writes and the other touches is subscripted, in every access of both, by
 * exactly their loop variable in one and the same dimension. */
#include "low.h"

typedef struct Touch { LBuf *buf; LExpr **idx; unsigned along; bool write; } Touch;
typedef struct Touches { Low *l; Vec(Touch) all; } Touches;

static void note_touch(void *user, LBuf *b, LExpr **idx, unsigned along, bool write)
{
    Touches *t = user;
    vec_push(t->l->arena, t->all, (Touch){ b, idx, along, write });
}

static bool pinned(const Touch *t, const LVar *v, int d) { return !(t->along >> d & 1) && t->idx[d]->kind == LX_VAR && t->idx[d]->var == v; }

/* The dimension in which every access of b in x uses v and in y uses w; -1: none. */
static int common_dimension(const LBuf *b, const Touches *x, const LVar *v, const Touches *y, const LVar *w)
{
    for (int d = 0; d < b->rank; d++) {
        bool ok = true;
        for (int k = 0; ok && k < x->all.n; k++)
            ok = x->all.at[k].buf != b || pinned(&x->all.at[k], v, d);
        for (int k = 0; ok && k < y->all.n; k++)
            ok = y->all.at[k].buf != b || pinned(&y->all.at[k], w, d);
        if (ok)
            return d;
    }
    return -1;
}

static bool may_fuse(const Touches *x, const LVar *v, const Touches *y, const LVar *w)
{
    for (int i = 0; i < x->all.n; i++)
        for (int j = 0; j < y->all.n; j++)
            if (x->all.at[i].buf == y->all.at[j].buf && (x->all.at[i].write || y->all.at[j].write) && common_dimension(x->all.at[i].buf, x, v, y, w) < 0)
                return false;
    return true;
}

static void rename_expr(LExpr **e, const LVar *from, LVar *to, Low *l)
{
    LExpr *x = *e;
    if (!x)
        return;
    if (x->kind == LX_VAR && x->var == from) {
        *e = x_var(l, to);
        return;
    }
    for (int k = 0; k < x->narg; k++)
        rename_expr(&x->arg[k], from, to, l);
    for (int k = 0; x->kind == LX_LOAD && k < x->buf->rank; k++)
        rename_expr(&x->idx[k], from, to, l);
}

static void rename_ptr(LPtr *p, const LVar *from, LVar *to, Low *l)
{
    for (int k = 0; p->buf && k < p->buf->rank; k++)
        rename_expr(&p->idx[k], from, to, l);
}

static void rename_var(LStmt *s, const LVar *from, LVar *to, Low *l)
{
    rename_expr(&s->x, from, to, l);
    rename_ptr(&s->dst, from, to, l);
    rename_ptr(&s->src, from, to, l);
    rename_ptr(&s->gemm.a, from, to, l);
    rename_ptr(&s->gemm.b, from, to, l);
    rename_ptr(&s->gemm.c, from, to, l);
    for (int k = 0; k < s->nptr; k++)
        rename_ptr(&s->ptr[k], from, to, l);
    rename_expr(&s->lo, from, to, l);
    rename_expr(&s->hi, from, to, l);
    for (int k = 0; k < (s->kind == LS_INVOKE ? s->func->nindex : s->kind == LS_ASK ? (int)s->nnum : 0); k++)
        rename_expr(&s->index_arg[k], from, to, l);
    for (int k = 0; k < s->body.n; k++)
        rename_var(s->body.at[k], from, to, l);
}

static bool simple(const LStmt *s)
{
    if (s->kind == LS_GEMM || s->kind == LS_CALL || s->kind == LS_INVOKE || s->kind == LS_COPY || s->kind == LS_ZERO || s->kind == LS_ASK || s->lo)
        return false;
    for (int k = 0; k < s->body.n; k++)
        if (!simple(s->body.at[k]))
            return false;
    return true;
}

static bool fusible(const LStmt *a, const LStmt *b)
{
    return a->kind == LS_FOR && b->kind == LS_FOR && a->n == b->n && !a->down && !b->down && simple(a) && simple(b);
}

/* An innermost loop that runs along memory should not be dragged into the body of one over rows that sums: only like joins like. */
static int depth_of(const LStmt *s)
{
    int d = 0;
    for (int k = 0; k < s->body.n; k++) {
        int x = depth_of(s->body.at[k]);
        d = x > d ? x : d;
    }
    return d + (s->kind == LS_FOR);
}

void fuse_block(Low *l, LBlock *b)
{
    for (int k = 0; k + 1 < b->n;) {
        LStmt *x = b->at[k], *y = b->at[k + 1];
        bool joined = false;
        if (fusible(x, y) && depth_of(x) + depth_of(y) <= 8 && x->body.n + y->body.n <= 64) {
            Touches tx = { .l = l }, ty = { .l = l };
            lir_each_access(x, true, note_touch, &tx);
            lir_each_access(y, true, note_touch, &ty);
            if (tx.all.n + ty.all.n < 400 && may_fuse(&tx, x->var, &ty, y->var)) {
                rename_var(y, y->var, x->var, l);
                for (int i = 0; i < y->body.n; i++)
                    push_stmt(l, &x->body, y->body.at[i]);
                x->parallel &= y->parallel;
                memmove(b->at + k + 1, b->at + k + 2, sizeof *b->at * (size_t)(b->n - k - 2));
                b->n--;
                joined = true;
            }
        }
        k += !joined;
    }
    for (int k = 0; k < b->n; k++)
        if (b->at[k]->kind == LS_FOR)
            fuse_block(l, &b->at[k]->body);
}
