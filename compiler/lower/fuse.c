/* fuse.c -- loops over the same range become one where no iteration needs another one's results, also across independent statements.
 *
 * Two loops over i and j may become one when every buffer that one writes and the other touches is subscripted, in every access of both, by exactly
 * their loop variable in one and the same dimension. What both only add to is no exception: the terms of one sum would come between those of the other, and
 * its bits would turn on what it stands beside. What stands between them is passed where it
 * has nothing to do with the one that moves: the later loop moves up, or else the earlier one down. Outer loops come first, bodies after. */
#include "low.h"

/* What a statement does with one buffer or temporary, all its accesses together. pins: the dimensions that every access subscripts by the statement's own
 * loop variable. Kept so, what two statements have to do with each other costs no walk of either: a block may have thousands that become one. */
enum { READS = 1, WRITES = 2 };
typedef struct Use { int key; unsigned char how; unsigned pins; const LBuf *buf; } Use;     /* key: the buffer's id; behind those, the temporary's, which has no buf */
typedef struct Uses {
    Low *l;
    const LStmt *of;
    Vec(Use) all;                                 /* one for each key */
    bool stays;                                   /* writes memory of the caller, or asks the runtime: nothing moves across */
    bool bound;                                   /* phases, decisions of the runtime and loops that depend on them are not joined */
} Uses;

/* use_at: by key, where in `all` of the Uses that were indexed last its use stands. Stale entries are seen by their key. */
static Use *find(const Uses *u, int key)
{
    int at = u->l->use_at[key];
    return at < u->all.n && u->all.at[at].key == key ? &u->all.at[at] : NULL;
}

static void add_use(Uses *u, Use x)
{
    Use *before = find(u, x.key);
    if (before) {
        before->how |= x.how;
        before->pins &= x.pins;
        return;
    }
    u->l->use_at[x.key] = u->all.n;
    vec_push(u->l->arena, u->all, x);
}

static void index_uses(const Uses *u)
{
    for (int k = 0; k < u->all.n; k++)
        u->l->use_at[u->all.at[k].key] = k;
}

static void note_touch(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Uses *u = user;
    unsigned pins = 0;
    for (int d = 0; u->of->kind == LS_FOR && d < b->rank; d++)
        if (!(along >> d & 1) && idx[d]->kind == LX_VAR && idx[d]->var == u->of->var)
            pins |= 1u << d;
    add_use(u, (Use){ b->id, how & LA_WRITE ? WRITES : READS, pins, b });
    u->stays |= how & LA_WRITE && !is_place(b) && b->storage != LB_LOCAL;
}

/* Temporaries that are named: any in common is taken as a dependence. */
static void note_temp(Uses *u, const LTemp *t) { add_use(u, (Use){ u->l->prog->bufs.n + t->id, WRITES, 0, NULL }); }

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

static void temps_of(Uses *u, const LStmt *s)
{
    u->bound |= s->kind == LS_INVOKE || s->kind == LS_ASK || s->kind == LS_SNAPSHOT || s->lo;
    if (s->temp)
        note_temp(u, s->temp);
    temps_of_expr(u, s->x);
    for (int k = 0; k < s->body.n; k++)
        temps_of(u, s->body.at[k]);
}

static Uses *uses_of(Low *l, const LStmt *s)
{
    Uses *u = NEW(l->arena, Uses);
    u->l = l;
    u->of = s;
    u->stays = s->kind == LS_ASK || s->kind == LS_SNAPSHOT;
    lir_each_access(s, true, note_touch, u);
    temps_of(u, s);
    return u;
}

/* x is indexed. */
static bool commute(const Uses *x, const Uses *y)
{
    if (x->stays || y->stays)
        return false;
    for (int k = 0; k < y->all.n; k++) {
        const Use *u = find(x, y->all.at[k].key);
        if (u && (u->how | y->all.at[k].how) & WRITES)
            return false;
    }
    return true;
}

/* May the loops x, which is indexed, and y be one? *shared: they have a buffer of the workspace in common. */
static bool may_fuse(const Uses *x, const Uses *y, bool *shared)
{
    *shared = false;
    for (int k = 0; k < y->all.n; k++) {
        const Use *v = &y->all.at[k], *u = find(x, v->key);
        if (!u)
            continue;
        *shared |= v->buf && is_place(v->buf);
        if ((u->how | v->how) & WRITES && !(u->pins & v->pins))
            return false;
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

static bool fusible(const Uses *x, const Uses *y)
{
    const LStmt *a = x->of, *b = y->of;
    return a->kind == LS_FOR && b->kind == LS_FOR && a->n == b->n && !x->bound && !y->bound && (a->down == b->down || turns(a->down ? b : a));
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
typedef struct Fusing { LBlock *b; Uses **uses; } Fusing;

/* u is indexed. */
static bool commutes_with_all(const Fusing *f, const Uses *u, int from, int to)
{
    for (int k = from; k < to; k++)
        if (!commute(u, f->uses[k]))
            return false;
    return true;
}

static void take_out(Fusing *f, int k)
{
    memmove(f->b->at + k, f->b->at + k + 1, sizeof *f->b->at * (size_t)(f->b->n - k - 1));
    memmove(f->uses + k, f->uses + k + 1, sizeof *f->uses * (size_t)(f->b->n - k - 1));
    f->b->n--;
}

/* Does m move up past what stands between it and k (*up), or else k down? k is indexed. */
static bool may_meet(const Fusing *f, int k, int m, bool *up)
{
    *up = true;
    if (m == k + 1)
        return true;
    index_uses(f->uses[m]);
    *up = commutes_with_all(f, f->uses[m], k + 1, m);
    index_uses(f->uses[k]);
    return *up || commutes_with_all(f, f->uses[k], k + 1, m);
}

/* Joins statement m to statement k, which is indexed, at k or at m's place; false when they must stay apart. Returns in *at where the joined loop stands. */
static bool join(Fusing *f, int k, int m, int *at)
{
    LStmt *x = f->b->at[k], *y = f->b->at[m];
    Uses *of_x = f->uses[k], *of_y = f->uses[m];
    Low *l = of_x->l;
    bool shared, up;
    if (!fusible(of_x, of_y) || !may_fuse(of_x, of_y, &shared) || (m > k + 1 && !shared) || !worth(x, y) || !may_meet(f, k, m, &up))
        return false;
    rename_var(y, y->var, x_var(l, x->var), l);
    for (int i = 0; i < y->body.n; i++)
        push_stmt(l, &x->body, y->body.at[i]);
    x->parallel &= y->parallel;
    x->down |= y->down;
    for (int i = 0; i < of_y->all.n; i++)
        add_use(of_x, of_y->all.at[i]);
    of_x->stays |= of_y->stays;
    *at = up ? k : m - 1;
    take_out(f, m);
    for (int i = k; i < *at; i++) {               /* the one that moves down */
        f->b->at[i] = f->b->at[i + 1];
        f->uses[i] = f->uses[i + 1];
    }
    f->b->at[*at] = x;
    f->uses[*at] = of_x;
    return true;
}

/* Statement k and the one after it change places, where they may. */
static bool swap_with_next(Fusing *f, int k)
{
    index_uses(f->uses[k]);
    if (!commute(f->uses[k], f->uses[k + 1]))
        return false;
    LStmt *s = f->b->at[k];
    Uses *u = f->uses[k];
    f->b->at[k] = f->b->at[k + 1];
    f->uses[k] = f->uses[k + 1];
    f->b->at[k + 1] = s;
    f->uses[k + 1] = u;
    return true;
}

/* What only prepares: zeros, and what a sum starts from. */
static bool begins(const LStmt *s) { return s->kind == LS_ZERO || (s->kind == LS_LET && s->x->kind == LX_NUM); }

/* Beginnings of sums and single stores go up as far as they may: they, or a bias correction between two loops, are in nobody's way there. */
static void raise_stores(Fusing *f)
{
    for (int k = 1; k < f->b->n; k++)
        for (int at = k; at > 0; at--) {
            const LStmt *s = f->b->at[at], *before = f->b->at[at - 1];
            bool rises = begins(s) ? !begins(before) : s->kind == LS_STORE && before->kind != LS_STORE && !begins(before);
            if (!rises || !swap_with_next(f, at - 1))
                break;
        }
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
    Fusing f = { b, NEW_N(l->arena, Uses *, b->n + 1) };
    for (int k = 0; k < b->n; k++)
        f.uses[k] = uses_of(l, b->at[k]);
    raise_stores(&f);
    for (int k = 0; k < b->n; k++) {
        int at = k;
        index_uses(f.uses[k]);
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
