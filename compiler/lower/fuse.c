/* fuse.c -- loops over the same range become one where no iteration needs another one's results, also across independent statements.
 *
 * Two loops over i and j may become one when every buffer that one writes and the other touches is subscripted, in every access of both, by exactly
 * their loop variable in one and the same dimension; sums that both only add to are no hindrance. What stands between them is passed where it
 * has nothing to do with the one that moves: the later loop moves up, or else the earlier one down. Outer loops come first, bodies after. */
#include "low.h"

typedef struct Touch { LBuf *buf; LExpr **idx; unsigned along; int how; } Touch;
typedef struct Uses {                             /* what a statement reads and writes */
    Low *l;
    Vec(Touch) all;
    Vec(const LTemp *) temps;
    bool stays;                                   /* writes memory of the caller, or asks the runtime: nothing moves across */
    bool invokes;                                 /* phases, decisions of the runtime, loops that depend on them: not joined */
} Uses;

static void note_touch(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Uses *u = user;
    vec_push(u->l->arena, u->all, (Touch){ b, idx, along, how });
    u->stays |= how & LA_WRITE && !is_place(b) && b->storage != LB_LOCAL;
}

static void note_temp(Uses *u, const LTemp *t)
{
    for (int k = 0; k < u->temps.n; k++)
        if (u->temps.at[k] == t)
            return;
    vec_push(u->l->arena, u->temps, t);
}

static void temps_of_expr(Uses *u, const LExpr *e)
{
    if (!e)
        return;
    if (e->kind == LX_TEMP)
        note_temp(u, e->temp);
    for (int k = 0; k < e->narg; k++)
        temps_of_expr(u, e->arg[k]);
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        temps_of_expr(u, e->idx[k]);
}

/* Temporaries that are named: any in common is taken as a dependence. */
static void temps_of(Uses *u, const LStmt *s)
{
    if (s->temp)
        note_temp(u, s->temp);
    temps_of_expr(u, s->x);
    for (int k = 0; k < s->body.n; k++)
        temps_of(u, s->body.at[k]);
}

static bool invokes(const LStmt *s)
{
    bool yes = s->kind == LS_INVOKE || s->kind == LS_ASK || s->kind == LS_SNAPSHOT || s->lo;
    for (int k = 0; k < s->body.n; k++)
        yes |= invokes(s->body.at[k]);
    return yes;
}

static void add_uses(Uses *u, const LStmt *s)
{
    lir_each_access(s, true, note_touch, u);
    temps_of(u, s);
    u->stays |= s->kind == LS_ASK || s->kind == LS_SNAPSHOT;
    u->invokes |= invokes(s);
}

static Uses *uses_of(Low *l, const LStmt *s)
{
    Uses *u = NEW(l->arena, Uses);
    u->l = l;
    add_uses(u, s);
    return u;
}

static bool share_temp(const Uses *x, const Uses *y)
{
    for (int i = 0; i < x->temps.n; i++)
        for (int j = 0; j < y->temps.n; j++)
            if (x->temps.at[i] == y->temps.at[j])
                return true;
    return false;
}

/* ---- which buffers two statements have in common: marks by buffer id ---- */
enum { READS = 1, WRITES = 2, NOT_ONLY_ADDS = 4 };
static unsigned char mark_of(const Touch *t) { return (unsigned char)((t->how & LA_WRITE ? WRITES : READS) | (t->how & LA_ADD ? 0 : NOT_ONLY_ADDS)); }

static unsigned char *marks(Low *l, const Uses *u)
{
    unsigned char *m = l->marks;
    memset(m, 0, (size_t)l->prog->bufs.n);
    for (int k = 0; k < u->all.n; k++)
        m[u->all.at[k].buf->id] |= mark_of(&u->all.at[k]);
    return m;
}

static bool commute(Low *l, const Uses *x, const Uses *y)
{
    if (x->stays || y->stays || share_temp(x, y))
        return false;
    unsigned char *m = marks(l, x);
    for (int k = 0; k < y->all.n; k++) {
        unsigned char of_x = m[y->all.at[k].buf->id];
        if (of_x && (of_x | mark_of(&y->all.at[k])) & WRITES)
            return false;
    }
    return true;
}

static bool pinned(const Touch *t, const LVar *v, int d) { return !(t->along >> d & 1) && t->idx[d]->kind == LX_VAR && t->idx[d]->var == v; }

/* The dimension in which every access of b in x uses v and in y uses w; -1: none. */
static int common_dimension(const LBuf *b, const Uses *x, const LVar *v, const Uses *y, const LVar *w)
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

/* May they be one loop? *shared: they have a buffer of the workspace in common. */
static bool may_fuse(Low *l, const Uses *x, const LVar *v, const Uses *y, const LVar *w, bool *shared)
{
    *shared = false;
    if (share_temp(x, y))
        return false;
    unsigned char *m = marks(l, x), *seen = l->marks2;
    memset(seen, 0, (size_t)l->prog->bufs.n);
    for (int k = 0; k < y->all.n; k++)
        seen[y->all.at[k].buf->id] |= mark_of(&y->all.at[k]);
    for (int k = 0; k < y->all.n; k++) {
        LBuf *b = y->all.at[k].buf;
        unsigned char both = m[b->id] | seen[b->id];
        if (!m[b->id] || !seen[b->id])
            continue;
        *shared |= is_place(b);
        if (both & WRITES && both & NOT_ONLY_ADDS && common_dimension(b, x, v, y, w) < 0)
            return false;
        seen[b->id] = 0;
    }
    return true;
}

/* ---- renaming the second loop's variable ---- */
static void rename_ptr(LPtr *p, const LVar *from, LExpr *to, Low *l)
{
    for (int k = 0; p->buf && k < p->buf->rank; k++)
        p->idx[k] = x_with(l, p->idx[k], from, to);
}

static void rename_var(LStmt *s, const LVar *from, LExpr *to, Low *l)
{
    if (s->x)
        s->x = x_with(l, s->x, from, to);
    rename_ptr(&s->dst, from, to, l);
    rename_ptr(&s->src, from, to, l);
    rename_ptr(&s->gemm.a, from, to, l);
    rename_ptr(&s->gemm.b, from, to, l);
    rename_ptr(&s->gemm.c, from, to, l);
    for (int k = 0; k < s->nptr; k++)
        rename_ptr(&s->ptr[k], from, to, l);
    if (s->lo) {
        s->lo = x_with(l, s->lo, from, to);
        s->hi = x_with(l, s->hi, from, to);
    }
    for (int k = 0; k < lir_index_args(s); k++)
        s->index_arg[k] = x_with(l, s->index_arg[k], from, to);
    for (int k = 0; k < s->body.n; k++)
        rename_var(s->body.at[k], from, to, l);
}

static bool has_loop(const LStmt *s)
{
    for (int k = 0; k < s->body.n; k++)
        if (s->body.at[k]->kind == LS_FOR || has_loop(s->body.at[k]))
            return true;
    return false;
}

/* Iterations that do not depend on each other may run in the other direction; but innermost loops run upwards, as they are vectorised. */
static bool turns(const LStmt *s) { return s->parallel && has_loop(s); }

static bool fusible(const LStmt *a, const LStmt *b)
{
    return a->kind == LS_FOR && b->kind == LS_FOR && a->n == b->n && (a->down == b->down || turns(a->down ? b : a));
}

/* ---- a loop over expensive functions should stay innermost, where it is vectorised, unless the loop that it would join does far more ---- */
enum { LANES = 16, DEAR = 10 };                   /* operators of that many operations are polynomials */

static double expr_cost(const LExpr *e, double *dear)
{
    double c = e->kind == LX_MAP && e->dtype == T_REAL ? op_info[e->op].flops : 0;
    if (c >= DEAR)
        *dear += c;
    for (int k = 0; k < e->narg; k++)
        c += expr_cost(e->arg[k], dear);
    return c + (e->kind == LX_LOAD);
}

/* Operations of one iteration: those of innermost loops count for a vector of them. */
static double body_cost(const LStmt *s, bool innermost, double *dear)
{
    double sum = 0, scalar = 0;
    for (int k = 0; k < s->body.n; k++) {
        const LStmt *x = s->body.at[k];
        if (x->kind == LS_FOR)
            sum += (double)x->n * body_cost(x, !has_loop(x), &scalar);
        else if (x->kind == LS_GEMM)
            sum += 2.0 / LANES * (double)(x->gemm.m * x->gemm.n * x->gemm.k);
        else
            sum += x->x ? expr_cost(x->x, dear) : 0;
    }
    return innermost ? sum / LANES : sum;
}

static bool worth(const LStmt *a, const LStmt *b)
{
    const LStmt *leaf = has_loop(a) ? b : a, *other = has_loop(a) ? a : b;
    double dear = 0, none = 0;
    if (a->size != b->size)                        /* sizes that happen to be equal: the code is the same for others, and `l < L` counts layers */
        return false;
    if (has_loop(leaf) || !has_loop(other))
        return true;
    body_cost(leaf, false, &dear);
    return dear == 0 || 2 * dear < body_cost(other, false, &none);
}

/* ---- one block ---- */
typedef struct Fusing { Low *l; LBlock *b; Uses **uses; } Fusing;

static bool commutes_with_all(const Fusing *f, const Uses *u, int from, int to)
{
    for (int k = from; k < to; k++)
        if (!commute(f->l, f->uses[k], u))
            return false;
    return true;
}

static void take_out(Fusing *f, int k)
{
    memmove(f->b->at + k, f->b->at + k + 1, sizeof *f->b->at * (size_t)(f->b->n - k - 1));
    memmove(f->uses + k, f->uses + k + 1, sizeof *f->uses * (size_t)(f->b->n - k - 1));
    f->b->n--;
}

/* Joins statement m to statement k, at k or at m's place; false when they must stay apart. Returns in *at where the joined loop stands. */
static bool join(Fusing *f, int k, int m, int *at)
{
    LStmt *x = f->b->at[k], *y = f->b->at[m];
    bool shared;
    if (f->uses[k]->invokes || f->uses[m]->invokes || !fusible(x, y) || !may_fuse(f->l, f->uses[k], x->var, f->uses[m], y->var, &shared) || (m > k + 1 && !shared) || !worth(x, y))
        return false;
    bool up = commutes_with_all(f, f->uses[m], k + 1, m);
    if (!up && !commutes_with_all(f, f->uses[k], k + 1, m))
        return false;
    rename_var(y, y->var, x_var(f->l, x->var), f->l);
    for (int i = 0; i < y->body.n; i++) {
        push_stmt(f->l, &x->body, y->body.at[i]);
        add_uses(f->uses[k], y->body.at[i]);
    }
    x->parallel &= y->parallel;
    x->down |= y->down;
    *at = up ? k : m - 1;
    if (up)
        take_out(f, m);
    else {
        f->b->at[m] = x;
        f->uses[m] = f->uses[k];
        take_out(f, k);
    }
    return true;
}

/* Statement k and the one after it change places, where they may. */
static bool swap_with_next(Fusing *f, int k)
{
    if (!commute(f->l, f->uses[k], f->uses[k + 1]))
        return false;
    LStmt *s = f->b->at[k];
    Uses *u = f->uses[k];
    f->b->at[k] = f->b->at[k + 1];
    f->uses[k] = f->uses[k + 1];
    f->b->at[k + 1] = s;
    f->uses[k + 1] = u;
    return true;
}

/* Single stores go up as far as they may: a bias correction between two loops is in nobody's way. */
static void raise_stores(Fusing *f)
{
    for (int k = 1; k < f->b->n; k++)
        for (int at = k; at > 0 && f->b->at[at]->kind == LS_STORE && f->b->at[at - 1]->kind != LS_STORE && swap_with_next(f, at - 1);)
            at--;
}

/* Zeros are filled in just before the array is used: until then its bytes are another's. */
static void lower_fills(Fusing *f)
{
    for (int k = f->b->n - 2; k >= 0; k--)
        for (int at = k; at + 1 < f->b->n && f->b->at[at]->kind == LS_ZERO && f->b->at[at + 1]->kind != LS_ZERO && swap_with_next(f, at);)
            at++;
}

void fuse_block(Low *l, LBlock *b)
{
    enum { REACH = 100 };
    Fusing f = { l, b, NEW_N(l->arena, Uses *, b->n + 1) };
    for (int k = 0; k < b->n; k++)
        f.uses[k] = uses_of(l, b->at[k]);
    raise_stores(&f);
    for (int k = 0; k < b->n; k++) {
        int at = k;
        for (int m = k + 1; m < b->n && m <= k + REACH; m++)
            if (b->at[k]->kind == LS_FOR && join(&f, k, m, &at)) {
                m = at > k ? b->n : k;            /* moved down: what stands at k now comes first */
                if (at > k)
                    k--;
            }
    }
    lower_fills(&f);
    for (int k = 0; k < b->n; k++)
        if (b->at[k]->kind == LS_FOR)
            fuse_block(l, &b->at[k]->body);
}
