/* cost.c -- the work of a lowered function, counted from static shapes.
 *
 * Every statement is multiplied by the trip counts around it. What an innermost loop does counts as vector work when its iterations do not depend on each other, its loads
 * and stores run along memory or stand still and nothing in it is guarded or a chain, else as scalar work. A nest whose arrays do not fit in the cache also moves their bytes. The model is
 * linear: seconds are the sum of work times rates, so that rates can be measured (mflc bench --calibrate). */
#include "plan.h"

const char *const work_name[W_KINDS] = { "gemm", "gemm_small", "call", "vector", "vector_math", "scalar", "scalar_math", "chain", "memory", "loop", "store" };
enum { CACHE_BYTES = 1 << 19, SMALL_PRODUCT = 32 * 32 * 32, STORE_PAGE = 8192 };

/* One core of a present machine with AVX-512; measured ones are read from a profile. */
const Rates default_rates = { { { 1.3e-11, 1.2e-11, 8e-8, 1.2e-11, 2.3e-10, 8e-11, 1e-8, 1.1e-9, 7e-11, 1.9e-9, 3.4e-6 }, { 2.6e-11, 2.4e-11, 8e-8, 2.2e-11, 4.6e-10, 9e-11, 1.5e-8, 1.1e-9, 6e-11, 1.8e-9, 3.4e-6 } }, false };

typedef struct Count { const LProgram *p; Work w; } Count;

void work_add(Work *to, const Work *w, double times)
{
    for (int k = 0; k < W_KINDS; k++)
        to->of[k] += times * w->of[k];
    to->flops += times * w->flops;
    to->bytes += times * w->bytes;
}

double work_seconds(const Work *w, const Rates *r, int real_bytes)
{
    double s = 0;
    for (int k = 0; k < W_KINDS; k++)
        s += w->of[k] * r->seconds[real_bytes == 8][k];
    return s;
}

/* ---- expressions ---- */
typedef struct Inner { double simple, math, flops; bool vector; const LVar *along; } Inner;

static bool depends(const LExpr *e, const LVar *v)
{
    if (!e)
        return false;
    if (e->kind == LX_VAR)
        return e->var == v;
    for (int k = 0; k < e->narg; k++)
        if (depends(e->arg[k], v))
            return true;
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        if (depends(e->idx[k], v))
            return true;
    return false;
}

/* v moves the access by single elements or not at all. */
static bool runs_along(const LBuf *b, LExpr *const *idx, const LVar *v)
{
    for (int d = 0; d < b->rank; d++) {
        if (!depends(idx[d], v))
            continue;
        const LExpr *e = idx[d];
        while (e->kind == LX_MAP && (e->op == OP_add || e->op == OP_sub) && depends(e->arg[0], v) != depends(e->arg[1], v) && (e->op == OP_add || depends(e->arg[0], v)))
            e = depends(e->arg[0], v) ? e->arg[0] : e->arg[1];
        if (d != b->rank - 1 || e->kind != LX_VAR)
            return false;
    }
    return true;
}

static void count_expr(Inner *x, const LExpr *e)
{
    if (!e || e->dtype == T_INT)
        return;
    for (int k = 0; k < e->narg; k++)
        count_expr(x, e->arg[k]);
    switch (e->kind) {
    case LX_LOAD:
        x->simple += 1;
        x->vector &= runs_along(e->buf, e->idx, x->along);
        break;
    case LX_GUARD: x->vector = false; break;
    case LX_FOLD: x->simple += 2 * (double)e->buf->dim[0]; break;
    case LX_MAP: {
        double f = op_info[e->op].flops;
        x->flops += f;
        if (f > 4)
            x->math += f / 10;
        else
            x->simple += f;
        break;
    }
    default: break;
    }
}

static void count_leaf(Count *c, const LStmt *s, double times, const LVar *along)
{
    Inner x = { .vector = along != NULL, .along = along };
    count_expr(&x, s->x);
    if (s->kind == LS_STORE) {
        x.simple += s->add ? 3 : 1;
        x.flops += s->add;
        x.vector &= runs_along(s->dst.buf, s->dst.idx, along) || !along;
    }
    bool chain = s->kind == LS_SET && s->add;
    if (chain) {
        x.flops += 1;
        c->w.of[W_CHAIN] += times;
        x.vector = false;
    }
    c->w.of[x.vector ? W_VECTOR : W_SCALAR] += times * x.simple;
    c->w.of[x.vector ? W_VECTOR_MATH : W_SCALAR_MATH] += times * x.math;
    c->w.flops += times * x.flops;
}

/* ---- nests ---- */
typedef struct Reach { const LVar *var[32]; int n; LBuf *buf[256]; int nbuf; double bytes; int real_bytes; } Reach;

static void find_vars(Reach *r, const LStmt *s)
{
    if (s->kind == LS_FOR && r->n < 32)
        r->var[r->n++] = s->var;
    for (int k = 0; k < s->body.n; k++)
        find_vars(r, s->body.at[k]);
}

static double size_of(int real_bytes, DType t) { return t == T_REAL ? real_bytes : t == T_INT ? 4 : 1; }

static void reach(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Reach *r = user;
    double bytes = size_of(r->real_bytes, b->dtype);
    for (int k = 0; k < r->nbuf; k++)
        if (r->buf[k] == b)
            return;
    if (r->nbuf < 256)
        r->buf[r->nbuf++] = b;
    for (int d = 0; idx && d < b->rank; d++)
        for (int v = 0; v < r->n; v++)
            if (depends(idx[d], r->var[v])) {
                bytes *= (double)b->dim[d];
                break;
            }
    (void)along, (void)how;
    r->bytes += bytes;
}

static bool is_leaf(const LStmt *s) { return s->kind == LS_LOCAL || s->kind == LS_LET || s->kind == LS_SET || s->kind == LS_STORE; }

static bool only_leaves(const LStmt *s)
{
    for (int k = 0; k < s->body.n; k++)
        if (!is_leaf(s->body.at[k]) && !((s->body.at[k]->kind == LS_IF || s->body.at[k]->kind == LS_FOR) && only_leaves(s->body.at[k])))
            return false;
    return true;
}

static void count_memory(Count *c, const LStmt *s, double times)
{
    Reach r = { .real_bytes = c->p->real_bytes };
    find_vars(&r, s);
    lir_each_access(s, false, reach, &r);
    c->w.bytes += times * r.bytes;
    if (r.bytes > CACHE_BYTES)
        c->w.of[W_MEMORY] += times * r.bytes;
}

static void count_block(Count *c, const LBlock *b, double times, const LVar *along, bool in_nest);

static void count_gemm(Count *c, const LGemm *g, double times)
{
    double mnk = (double)g->m * (double)g->n * (double)g->k, least = (double)(g->m < g->n ? g->m : g->n);
    bool small = mnk < SMALL_PRODUCT || least < 4;
    c->w.of[small ? W_GEMM_SMALL : W_GEMM] += times * 2 * mnk;
    c->w.of[W_CALL] += times;
    c->w.flops += times * 2 * mnk;
    c->w.bytes += times * c->p->real_bytes * (double)(g->m * g->k + g->k * g->n + g->m * g->n);
}

/* A kernel's work from its sizes: n * n * columns for solves and factors, each element once for running sums. */
static void count_call(Count *c, const LStmt *s, double times)
{
    double work = 1;
    for (int k = 0; k < s->nnum && k < 3; k++)
        work *= s->num[k] > 0 ? (double)s->num[k] : 1;
    if (s->nnum >= 2 && s->callee && strcmp(s->callee, "cumsum"))
        work *= (double)s->num[1] * (strcmp(s->callee, "trisolve") ? (double)s->num[1] / 3 + 1 : 1);
    c->w.of[W_SCALAR] += times * work;
    c->w.of[W_CALL] += times;
    c->w.flops += times * work;
}

/* Whole strips of lanes go as vectors, what is left one by one. */
static void count_lanes(Count *c, const LStmt *s, double times, bool in_nest)
{
    double rest = (double)(s->width > 1 ? s->n % s->width : s->n);
    bool strips = s->width > 1 && s->n >= 2 * s->width;
    if (!in_nest)
        count_memory(c, s, times);
    c->w.of[W_LOOP] += times * (strips + (rest > 0));
    count_block(c, &s->body, times * ((double)s->n - rest), s->var, true);
    count_block(c, &s->body, times * rest, NULL, true);
}

static void count_stmt(Count *c, const LStmt *s, double times, const LVar *along, bool in_nest)
{
    switch (s->kind) {
    case LS_FOR: {
        if (s->lane) {
            count_lanes(c, s, times, in_nest);
            break;
        }
        bool nest = !in_nest && only_leaves(s), innermost = true;
        double n = s->lo ? s->often : (double)s->n;
        for (int k = 0; k < s->body.n; k++)
            innermost &= s->body.at[k]->kind != LS_FOR;
        c->w.of[W_LOOP] += times;
        if (nest)
            count_memory(c, s, times);
        count_block(c, &s->body, times * n, innermost && (nest || in_nest) && s->parallel ? s->var : NULL, in_nest || nest);
        break;
    }
    case LS_IF: count_block(c, &s->body, times * 0.5, NULL, in_nest); break;
    case LS_LET: case LS_SET: case LS_STORE: count_leaf(c, s, times, along); break;
    case LS_COPY: case LS_ZERO: {
        double bytes = (double)s->count * size_of(c->p->real_bytes, s->dst.buf->dtype) * (s->kind == LS_COPY ? 2 : 1);
        c->w.of[W_CALL] += times * 0.2;
        c->w.of[W_VECTOR] += times * bytes / c->p->real_bytes;
        c->w.of[W_MEMORY] += bytes > CACHE_BYTES ? times * bytes : 0;
        c->w.bytes += times * bytes;
        break;
    }
    case LS_GEMM: count_gemm(c, &s->gemm, times); break;
    case LS_CALL: count_call(c, s, times); break;
    case LS_INVOKE: {
        Work w = work_of(c->p, s->func);
        work_add(&c->w, &w, times);
        break;
    }
    case LS_LOCAL: c->w.of[W_SCALAR] += times; break;
    case LS_SNAPSHOT: {                           /* what the caller's own store takes is the caller's to know: that of mflc run is a file */
        double bytes = (double)s->count * size_of(c->p->real_bytes, s->ptr[0].buf->dtype);
        c->w.of[W_STORE] += times * (1 + bytes / STORE_PAGE);
        c->w.bytes += times * bytes;
        break;
    }
    default: c->w.of[W_CALL] += times * 0.2; break;
    }
}

static void count_block(Count *c, const LBlock *b, double times, const LVar *along, bool in_nest)
{
    for (int k = 0; k < b->n; k++)
        count_stmt(c, b->at[k], times, along, in_nest);
}

Work work_of(const LProgram *p, const LFunc *f)
{
    Count c = { .p = p };
    count_block(&c, &f->body, 1, NULL, false);
    return c.w;
}
