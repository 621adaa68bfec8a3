/* nest.c -- how often the bodies of a loop nest run, in vectors or one by one, and where it waits instead of working.
 *
 * Waits are counted in cycles beyond the work that goes on meanwhile: sums in strict order, what a loop carries, and loads of what was stored a moment ago in smaller pieces or under a mask,
 * which must wait until it has reached the cache. The processor looks WINDOW instructions ahead: as many sums as lie in there go on at once when an outer loop makes them independent. */
#include "cost.h"
#include <math.h>

/* Bytes of a vector; elements of a row that is one masked vector, of the narrowest vector; instructions; cycles of an addition, of a halving of lanes, until a store has reached the cache;
 * a loop over more elements than FEW reads the last ones so late that they have. */
enum { VECTOR_BYTES = 64, SHORT = 16, LEAST = 4, WINDOW = 320, ADD = 3, FOLD = 6, STALL = 22, FEW = 64 };

/* Cycles of work, roughly: to know what waiting is hidden. */
static double issue(const Ops *x) { return 0.25 * (x->op + x->load) + 0.8 * x->store + x->gather + 4 * x->div + 10 * (x->math + x->alone) + 2 * x->fold; }

/* Cycles of a core that begins two wide operations, one wide load or half a wide store at a time: what there is most of decides, the rest goes on meanwhile, nearly. Rates say how long
 * such a cycle is here. */
static double cycles_of_vector(const Ops *x)
{
    double ops = 0.5 * x->op, loads = 0.5 * x->load, stores = 2 * x->store;
    return 0.2 * (ops + loads + stores) + 0.8 * fmax(ops, fmax(loads, stores));
}

static void add_scalar(Count *c, const Ops *x, double times)
{
    c->w.of[W_SCALAR] += times * (0.2 * x->op + 0.2 * (x->load + x->gather) + 0.8 * x->store + x->fold);
    c->w.of[W_SCALAR_DIV] += times * x->div;
    c->w.of[W_SCALAR_MATH] += times * (x->math + x->alone);
}

/* bytes: of each vector. */
static void add_vector(Count *c, const Ops *x, double times, double bytes, bool masked)
{
    double part = bytes > 32 ? 1 : 0.5, lanes = bytes / c->p->real_bytes;
    c->w.of[W_VECTOR] += times * (part * cycles_of_vector(x) + 0.7 * lanes * x->gather + (masked ? 0.4 : 0) * (x->load + x->store));
    c->w.of[W_VECTOR_DIV] += times * x->div * part;
    c->w.of[W_VECTOR_MATH] += times * x->math * part;
    c->w.of[W_SCALAR_MATH] += times * x->alone * lanes;
    c->w.of[W_SCALAR] += times * x->fold;
}

static void add_loop(Count *c, double starts, double turns) { c->w.of[W_SCALAR] += 0.5 * starts + 0.2 * turns; }

/* ---- loads of what was just stored ---- */
static void wrote(Count *c, const LBuf *b, double bytes, bool masked)
{
    int k = 0;
    while (k < c->nrecent && !same_bytes(c->recent[k].buf, b))
        k++;
    if (k == RECENT)
        k = 0;
    if (k == c->nrecent)
        c->nrecent++;
    c->recent[k].buf = b;
    c->recent[k].bytes = bytes;
    c->recent[k].masked = masked;
    c->recent[k].at = c->now;
}

static double wait_of_load(const Count *c, const LBuf *b, double bytes)
{
    for (int k = 0; k < c->nrecent; k++)
        if (same_bytes(c->recent[k].buf, b) && (c->recent[k].masked || c->recent[k].bytes < bytes))
            return fmax(0, STALL - (c->now - c->recent[k].at));
    return 0;
}

static void stall(Count *c, double cycles, double times)
{
    c->w.of[W_WAIT] += times * cycles;
    c->now += cycles;
}

/* What waits so long holds up what is computed of it, too. latency: of the way to what is stored for the next iteration. */
static void loads_of_body(Count *c, const Body *b, double bytes, double latency, double times)
{
    double most = 0;
    for (int k = 0; k < b->nload; k++)
        most = fmax(most, wait_of_load(c, b->load[k]->buf, b->still_load[k] ? c->p->real_bytes : bytes));
    stall(c, most ? most + fmax(0, latency - issue(&b->each)) : 0, times);
}

static void stores_of_body(Count *c, const Body *b, double bytes, bool masked)
{
    for (int k = 0; k < b->nstored; k++)
        wrote(c, b->stored[k]->dst.buf, bytes, masked);
}

/* ---- loops ---- */
static double loop_start(double n) { return n > 1; }

/* A parallel loop: vectors, and what is left. LLVM makes one masked vector of a row of fewer than SHORT elements that does not fill one (a few are a vector before they become straight code:
 * what does not fill it is stored by itself, not under a mask); longer rows are whole vectors of the widest kind that leaves nothing, if there is one, else of the widest, and single elements. */
static void count_vectors(Count *c, const Body *b, const LStmt *s, int64_t n, double times)
{
    int64_t full = VECTOR_BYTES / c->p->real_bytes, width = full;
    bool masked = false;
    double vectors, rest = 0;
    if (n < SHORT && n % full) {
        while (width / 2 >= n)
            width /= 2;
        vectors = (double)((n + width - 1) / width);
        masked = n % width && !lir_is_unrolled(s);
    } else {
        while (width > LEAST && n % width && !(n % (width / 2)))
            width /= 2;
        rest = (double)(n % width);
        vectors = (double)(n / width) + (rest >= (double)width / 2);
        rest -= rest >= (double)width / 2 ? (double)width / 2 : 0;
    }
    double bytes = (double)(width * c->p->real_bytes);
    if (n <= FEW)
        loads_of_body(c, b, bytes, masked ? latency_of_block(&s->body) : 0, times);
    add_scalar(c, &b->once, times);
    add_vector(c, &b->each, times * vectors, bytes, masked);
    add_scalar(c, &b->each, times * rest);
    add_loop(c, times * (loop_start(vectors) + loop_start(rest)), times * ((vectors > 1 ? vectors : 0) / 2 + rest));
    c->now += issue(&b->once) + issue(&b->each) * (vectors + rest);
    stores_of_body(c, b, bytes, masked);
}

static bool has_loops(const LBlock *b)
{
    for (int k = 0; k < b->n; k++)
        if (b->at[k]->kind == LS_FOR || has_loops(&b->at[k]->body))
            return true;
    return false;
}

/* Sums of which several are in the window: one waits, the others work. */
static void wait_of_chain(Count *c, double latency, double work, double instructions, double times)
{
    double others = c->depth ? WINDOW / (instructions + 1) : 0, wait = fmax(0, latency / (1 + others) - work);
    c->w.of[W_WAIT] += times * wait;
    c->now += wait;
}

static Body *body_of(Count *c, const LStmt *s)
{
    Body *b = NEW(c->p->arena, Body);
    b->arena = c->p->arena;
    b->var = s->var;
    b->lane = s->lane;
    count_body(b, &s->body);
    return b;
}

static void count_innermost(Count *c, const LStmt *s, double n, double times)
{
    Body *b = body_of(c, s);
    c->w.flops += times * (n * b->each.flops + b->once.flops);
    if (s->parallel && !b->chain && !b->scatters && !b->still && !b->guarded && n > 2) {
        count_vectors(c, b, s, (int64_t)n, times);
        return;
    }
    double work = (issue(&b->each) + 0.3) * n;
    if (n <= FEW)
        loads_of_body(c, b, c->p->real_bytes, 0, times);
    add_scalar(c, &b->once, times);
    add_scalar(c, &b->each, times * n);
    if (n > 2 && !lir_is_unrolled(s))
        add_loop(c, times, times * n);
    c->now += work;
    if (!s->parallel)
        wait_of_chain(c, n * latency_of_block(&s->body), work, n * (b->each.op + b->each.load + b->each.store + 2), times);
    stores_of_body(c, b, c->p->real_bytes, false);
}

/* Whole strips of lanes go as vectors, what is left one by one. */
static void count_lanes(Count *c, const LStmt *s, double times)
{
    Body *b = body_of(c, s);
    c->w.flops += times * ((double)s->n * b->each.flops + b->once.flops);
    double n = (double)s->n, width = (double)s->width, full = VECTOR_BYTES / c->p->real_bytes, strips = floor(n / width), rest = n - strips * width, latency, work, instructions;
    double each = b->each.op + b->each.load + b->each.store, lanes = width < full ? width : full, bytes = width == 1 ? c->p->real_bytes : lanes * c->p->real_bytes;
    if (n <= FEW)
        loads_of_body(c, b, bytes, 0, times);
    add_scalar(c, &b->once, times);
    if (s->width == 1) {
        add_scalar(c, &b->each, times * n);
        if (n > 2 && !lir_is_unrolled(s))
            add_loop(c, times, times * n);
        latency = n * ADD;
        work = n * (issue(&b->each) + 0.3);
        instructions = n * (each + 2);
    } else {
        double vectors = ceil(width / full), masked = rest > 2 && rest < SHORT;
        add_vector(c, &b->each, times * strips * vectors, bytes, false);
        add_loop(c, times * (loop_start(strips) + (rest > 2 && !masked)), times * ((strips > 1 ? strips : 0) + (masked ? 0 : rest)));
        if (masked)
            add_vector(c, &b->each, times * ceil(rest / full), rest * c->p->real_bytes, rest != 4 && rest != 8);
        else
            add_scalar(c, &b->each, times * rest);
        c->w.of[W_SCALAR] += times * ((rest > 0 ? vectors : 0) + 0.5 * log2(width));
        if (masked && rest != 4 && rest != 8)                 /* the lanes lie in memory, and are added to under a mask */
            stall(c, STALL, times);
        latency = ADD * strips + FOLD * log2(width) + (rest > 0 ? 10 : 0);
        work = (strips * vectors + (masked ? 1 : rest)) * issue(&b->each) + 2 * log2(width);
        instructions = (strips * vectors + (masked ? 1 : rest)) * each + 2 * log2(width);
    }
    c->now += work;
    wait_of_chain(c, latency, work, instructions, times);
    stores_of_body(c, b, bytes, false);
}

/* A loop over two elements vanishes, and the one around it becomes vectors: a short body only. */
static bool is_pair(const LStmt *outer)
{
    const LStmt *s = outer->body.at[0];
    return outer->body.n == 1 && outer->parallel && s->kind == LS_FOR && s->n == 2 && s->parallel && !s->lane && !s->lo && !has_loops(&s->body) && s->body.n <= 3;
}

static void count_loop(Count *c, const LStmt *s, double times)
{
    double n = s->lo ? s->often : (double)s->n;
    if (n < 1 && !s->lo)
        return;
    if (s->lane) {
        count_lanes(c, s, times);
        return;
    }
    if (!has_loops(&s->body)) {
        count_innermost(c, s, n, times);
        return;
    }
    if (is_pair(s)) {
        count_innermost(c, s->body.at[0], 2 * n, times);
        return;
    }
    if (c->depth < 16)
        c->around[c->depth++] = s;
    if (!lir_is_unrolled(s))
        add_loop(c, times * loop_start(n), times * (n > 1 ? n : 0));
    double from = c->now;
    if (n > 1 && times > 0)                                   /* the iteration before: what it has stored; of an iteration that is itself one before, that is as good as known */
        count_nest(c, &s->body, 0);
    double first = c->now;
    count_nest(c, &s->body, times * n);
    c->now = from + n * (c->now - first);
    c->depth--;
    for (int k = 0; k < c->nrecent; k++)
        c->recent[k].at += c->recent[k].at >= first ? c->now - (first + (c->now - from) / fmax(n, 1)) : 0;
}

typedef struct Waiting { Count *c; double wait; } Waiting;
static void load_of_leaf(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Waiting *x = user;
    (void)idx, (void)along;
    if (!(how & LA_WRITE))
        x->wait = fmax(x->wait, wait_of_load(x->c, b, x->c->p->real_bytes));
}

void count_nest(Count *c, const LBlock *block, double times)
{
    Body *b = NEW(c->p->arena, Body);
    b->arena = c->p->arena;
    count_body(b, block);
    add_scalar(c, &b->each, times);
    c->w.flops += times * b->each.flops;
    double leaves = 0;
    for (int k = 0; k < block->n; k++)
        leaves += block->at[k]->kind != LS_FOR;
    for (int k = 0; k < block->n; k++) {
        LStmt *s = block->at[k];
        if (s->kind == LS_FOR) {
            count_loop(c, s, times);
            continue;
        }
        if (s->kind == LS_IF && has_loops(&s->body)) {
            count_nest(c, &s->body, times / 2);
            continue;
        }
        Waiting x = { c, 0 };
        lir_each_access(s, false, load_of_leaf, &x);
        stall(c, x.wait, times);
        c->now += issue(&b->each) / leaves;
        if (s->kind == LS_STORE)
            wrote(c, s->dst.buf, c->p->real_bytes, false);
    }
}
