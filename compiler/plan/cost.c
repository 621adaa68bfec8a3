/* cost.c -- the work of a lowered function, counted from static shapes: every statement times the trip counts around it.
 *
 * Loops and arithmetic are counted in nest.c; here are the bytes that come from beyond the first cache, products, kernels, copies, and how long the steps of a loop wait for each other. The model is
 * linear: seconds are the sum of work times rates, so that rates can be measured (mflc bench --calibrate). What the counts assume of the processor, the widths, latencies and caches in the enums of this
 * folder, is that of a present x86 with AVX-512; rates make up for another clock, not for another width. */
#include "cost.h"
#include <math.h>

const char *const work_name[W_KINDS] = { "blas", "fma", "tile", "pack", "call", "vector", "vector_div", "vector_math", "scalar", "scalar_div", "scalar_math", "wait", "l2", "l3", "memory", "entry", "store" };
/* Bytes of the caches; flops where the BLAS begins; rows of a tile, sums that go on at once, elements of a sum between two additions to memory; cycles of a call; steps of more cycles hide what they wait for. */
enum { FIRST = 1 << 15, SECOND = 1 << 20, THIRD = 1 << 24, STORE_PAGE = 8192, BLAS = 1 << 24, TALL = 8, LATENCY = 4, DEPTH = 256, CALL = 100, BRIEF = 300 };

/* One core of an AMD EPYC 9004 (Zen 4, 3.7 GHz), as calibrated; measured ones are read from a profile. */
const Rates default_rates = { {
    { 9.85e-12, 2.86e-10, 4.96e-09, 1.21e-10, 1.63e-08, 3.28e-10, 5.54e-10, 3.54e-09, 3.49e-10, 3.69e-10, 3.59e-09, 2.05e-10, 1.6e-12, 3.49e-12, 3.43e-11, 1.69e-09, 3.4e-06 },
    { 2.03e-11, 2.94e-10, 5.01e-09, 1.45e-10, 1.99e-08, 3.45e-10, 1.74e-09, 4.4e-09, 3.38e-10, 5.76e-10, 5.24e-09, 1.66e-10, 1.82e-12, 4.07e-12, 3.73e-11, 1.7e-09, 3.4e-06 } }, false };

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

/* ---- bytes ---- */
typedef struct Reach { const LVar *var[32]; int n; struct { const LBuf *buf; double bytes, whole; } at[256]; int nbuf; double bytes; int real_bytes; } Reach;

static void find_vars(Reach *r, const LStmt *s)
{
    if (s->kind == LS_FOR && r->n < 32)
        r->var[r->n++] = s->var;
    for (int k = 0; k < s->body.n; k++)
        find_vars(r, s->body.at[k]);
}

static double size_of(int real_bytes, DType t) { return t == T_REAL ? real_bytes : t == T_INT ? 4 : 1; }

/* Does the index move in the nest (1), outside of it (2)? */
static unsigned moves(const Reach *r, const LExpr *e)
{
    unsigned m = 0;
    if (e->kind == LX_VAR) {
        for (int k = 0; k < r->n; k++)
            if (r->var[k] == e->var)
                return 1;
        return 2;
    }
    for (int k = 0; k < e->narg; k++)
        m |= moves(r, e->arg[k]);
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        m |= moves(r, e->idx[k]);
    return m;
}

/* What the nest touches of each array, once; of how many bytes it is a part that something around the nest goes through. */
static void reach(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Reach *r = user;
    double bytes = size_of(r->real_bytes, b->dtype), whole = bytes;
    (void)how;
    for (int k = 0; k < r->nbuf; k++)
        if (r->at[k].buf == b)
            return;
    for (int d = 0; d < b->rank; d++) {
        unsigned m = (idx ? moves(r, idx[d]) : 0) | (along >> d & 1);
        bytes *= m & 1 ? (double)b->dim[d] : 1;
        whole *= m ? (double)b->dim[d] : 1;
    }
    r->bytes += bytes;
    if (r->nbuf < 256) {
        r->at[r->nbuf].buf = b;
        r->at[r->nbuf].bytes = bytes;
        r->at[r->nbuf++].whole = whole;
    }
}

/* Bytes come from where all that is touched before they are wanted again has its place. */
static void count_memory(Count *c, const LStmt *s, double times)
{
    Reach *r = NEW(c->p->arena, Reach);
    r->real_bytes = c->p->real_bytes;
    find_vars(r, s);
    lir_each_access(s, false, reach, r);
    c->w.bytes += times * r->bytes;
    for (int k = 0; k < r->nbuf; k++) {
        double far = r->at[k].whole > r->bytes ? r->at[k].whole : r->bytes;
        if (far > FIRST)
            c->w.of[far > THIRD ? W_MEMORY : far > SECOND ? W_L3 : W_L2] += times * r->at[k].bytes;
    }
}

/* Loops, conditions and arithmetic, nothing else. */
static bool is_nest(const LStmt *s)
{
    if (s->kind != LS_LOCAL && s->kind != LS_LET && s->kind != LS_SET && s->kind != LS_STORE && s->kind != LS_FOR && s->kind != LS_IF)
        return false;
    for (int k = 0; k < s->body.n; k++)
        if (!is_nest(s->body.at[k]))
            return false;
    return true;
}

static void count_block(Count *c, const LBlock *b, double times);

/* The runtime's tiles (runtime/gemm_tile.inc): TALL rows of two vectors, for each element of the sum as many products, of which LATENCY at least go on at once; large products are the BLAS's. */
static void count_gemm(Count *c, const LGemm *g, double times)
{
    double m = (double)g->m, n = (double)g->n, k = (double)g->k, full = 64 / c->p->real_bytes, steps = 0, tiles = 0;
    c->w.flops += times * 2 * m * n * k;
    c->w.of[W_CALL] += times;
    if (m * n * k > BLAS) {
        c->w.of[W_BLAS] += times * 2 * m * n * k;
        return;
    }
    for (double from = 0; from < n; from += 2 * full) {
        double cols = n - from, vectors = cols > full ? 2 : 1, high = ceil(m / TALL), rows = m / high;
        steps += k * high * (rows * vectors > LATENCY ? rows * vectors : LATENCY);
        tiles += high * ceil(k / DEPTH);
    }
    c->w.of[W_FMA] += times * steps;
    c->w.of[W_TILE] += times * tiles;
    c->w.of[W_PACK] += times * (g->tb ? k * n : 0);
}

/* The runtime's kernels, in cycles: sums in strict order, one after another. num: batch and order of the matrices, columns. */
static void count_call(Count *c, const LStmt *s, double times)
{
    double batch = (double)s->num[0], n = s->nnum > 1 ? (double)s->num[1] : 1, columns = s->nnum > 2 ? (double)s->num[2] : 1, cycles = batch * n * columns, flops = cycles;
    if (!strcmp(s->callee, "cholesky")) {
        cycles = batch * (9 * n * n + 0.14 * n * n * n);
        flops = batch * n * n * n / 3;
    } else if (!strcmp(s->callee, "trisolve")) {
        cycles = batch * n * n / 2 * (7 + 0.45 * columns);
        flops = batch * n * n * columns;
    } else if (!strcmp(s->callee, "solve")) {
        cycles = batch * n * n * (17 + 0.5 * columns);
        flops = batch * n * n * (n * 2 / 3 + 2 * columns);
    }
    c->w.of[W_WAIT] += times * cycles;
    c->w.of[W_CALL] += times;
    c->w.flops += times * flops;
}

/* A loop over phases, products, calls: where an iteration is short, the next waits for its results. */
static void count_steps(Count *c, const LStmt *s, double times)
{
    double n = s->lo ? s->often : (double)s->n, from = c->now;
    count_block(c, &s->body, times * n);
    double work = c->now - from, latency = work < BRIEF ? latency_of_block(&s->body) : 0;
    c->w.of[W_WAIT] += times * n * fmax(0, latency - work);
}

static void count_stmt(Count *c, const LStmt *s, double times)
{
    switch (s->kind) {
    case LS_FOR: count_steps(c, s, times); break;
    case LS_IF: count_block(c, &s->body, times * (s->often > 0 ? s->often : 0.5)); break;
    case LS_COPY: case LS_ZERO: {
        double bytes = (double)s->count * size_of(c->p->real_bytes, s->dst.buf->dtype) * (s->kind == LS_COPY ? 2 : 1);
        count_memory(c, s, times);
        c->w.of[W_VECTOR] += times * bytes / 60;
        break;
    }
    case LS_GEMM: count_memory(c, s, times); count_gemm(c, &s->gemm, times); c->now += CALL; break;
    case LS_CALL: count_call(c, s, times); c->now += CALL; break;
    case LS_INVOKE: count_block(c, &s->func->body, times); break;
    case LS_SNAPSHOT: {                           /* what the caller's own store takes is the caller's to know: that of mflc run is a file */
        double bytes = (double)s->count * size_of(c->p->real_bytes, s->ptr[0].buf->dtype);
        c->w.of[W_STORE] += times * (1 + bytes / STORE_PAGE);
        c->w.bytes += times * bytes;
        break;
    }
    case LS_ASK: c->w.of[W_CALL] += times / 4; break;
    default: break;
    }
}

/* Neighbouring nests and leaves together: what one has loaded the next need not. */
static void count_block(Count *c, const LBlock *b, double times)
{
    for (int k = 0, to; k < b->n; k = to) {
        for (to = k; to < b->n && is_nest(b->at[to]); to++)
            count_memory(c, b->at[to], times);
        if (to > k)
            count_nest(c, &(LBlock){ b->at + k, to - k, to - k }, times);
        else
            count_stmt(c, b->at[to++], times);
    }
}

Work work_of_block(const LProgram *p, const LBlock *b, bool again)
{
    Count c = { .p = p };
    if (again)
        count_block(&c, b, 0);
    count_block(&c, b, 1);
    return c.w;
}

Work work_of(const LProgram *p, const LFunc *f)
{
    Work w = work_of_block(p, &f->body, false);
    w.of[W_ENTRY] += f->is_entry;
    return w;
}
