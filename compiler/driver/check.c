/* check.c -- mflc check: is the hypergradient right? It is compared with itself in every mode and schedule, with forward mode along random directions
 * (the dot-product test <gradient, v>, which costs one sweep at any size), and with differences (verify.c): every number of small arrays, random
 * directions of large ones. Differences do not see derivatives that `detach` and `truncate` cut on purpose: then they are left out for the arrays concerned, and that is said. */
#include "driver.h"
#include <math.h>
#include <stdlib.h>

/* Schedules with all their edges: no slot, few slots, stored gradients, last steps apart. */
#define KEEP       { .given = true, .keep = true }
#define SNAPSHOT   { .given = true, .period = 1 }
#define BINOMIAL   { .given = true, .period = INT32_MAX, .inner = 2 }
#define GRADIENTS  { .given = true, .period = INT32_MAX, .inner = 0, .gradients = true, .last = 1 }
#define EVERY      { .given = true, .period = 3, .inner = 2, .last = 2 }
#define EVERY_LOOP { .given = true, .period = 3, .inner = 2 }
typedef struct Variant { const char *text; DiffOptions o; } Variant;
static const Variant variants[] = {
    { "mixed keep",       { MODE_MIXED,   KEEP, SNAPSHOT } },
    { "mixed snapshot",   { MODE_MIXED,   SNAPSHOT, SNAPSHOT } },
    { "mixed keep loops", { MODE_MIXED,   SNAPSHOT, KEEP } },
    { "reverse keep",     { MODE_REVERSE, KEEP, KEEP } },
    { "reverse snapshot", { MODE_REVERSE, SNAPSHOT, SNAPSHOT } },
    { "mixed binomial",   { MODE_MIXED,   BINOMIAL, BINOMIAL } },
    { "mixed gradients",  { MODE_MIXED,   GRADIENTS, SNAPSHOT } },
    { "reverse every 3",  { MODE_REVERSE, EVERY, EVERY_LOOP } },
    { "one line reverse", { .mode = MODE_MIXED, .steps = SNAPSHOT, .loops = SNAPSHOT, .apart = 2 } },       /* the second step line's gradient, where there are several */
    { "forward",          { MODE_FORWARD, SNAPSHOT, SNAPSHOT } },
};
enum { NVARIANTS = sizeof variants / sizeof *variants, FORWARD_LIMIT = 20000 };

typedef struct Line { const char *what, *verdict; double found; } Line;
typedef struct Check {
    Session s;
    void  **first, **grad, **moved;
    double  outer, tol, natural, floor;   /* floor: sizes below it are rounding: a derivative that is 0 by symmetry need not be 0 to the last bit */
    int     bad, open;             /* open: differences that could not be compared */
    uint64_t state;
    Vec(Line) *lines;              /* one table for each meta array */
    Jit    *slope;                 /* bilevel_slope */
    void   *slope_work;
} Check;

/* Largest difference over the largest entry. */
static double distance(const Check *c, int leaf, void **a, void **b)
{
    double diff = 0, size = 0;
    for (int64_t k = 0, n = type_count(&c->s.problem->meta.at[leaf].type); k < n; k++) {
        double x = real_at(a[leaf], c->s.real_bytes, k), y = real_at(b[leaf], c->s.real_bytes, k);
        if (x == y || (isnan(x) && isnan(y)))
            continue;
        if (!isfinite(x) || !isfinite(y))
            return INFINITY;
        diff = fmax(diff, fabs(x - y));
        size = fmax(size, fabs(x));
    }
    return diff > 0 ? diff / fmax(size, c->floor) : 0;
}

static void line(Check *c, int leaf, const char *what, double found, const char *verdict)
{
    vec_push(c->s.arena, c->lines[leaf], (Line){ what, verdict, found });
}

static void row(Check *c, const char *what, int leaf, double found, double tol)
{
    bool ok = found <= tol;
    c->bad += !ok;
    line(c, leaf, what, found, ok ? "agrees" : "DIFFERS");
}

static int64_t meta_numbers(const Problem *p)
{
    int64_t n = 0;
    for (int k = 0; k < p->meta.n; k++)
        n += type_count(&p->meta.at[k].type);
    return n;
}

static int compare_variant(Check *c, const Variant *v)
{
    Session *s = &c->s;
    mfl_status st = { 0 };
    double outer;
    if (v->o.apart && gradient_lines(s->problem) < 2)
        return -1;
    if (v->o.mode == MODE_FORWARD && meta_numbers(s->problem) > FORWARD_LIMIT) {
        printf("  %s is not run: %lld meta numbers would need as many sweeps; the dot products stand for it\n", v->text, (long long)meta_numbers(s->problem));
        return -1;
    }
    int code = session_compile(s, v->o, NULL, WANT_JIT | WANT_VALUE);
    if (code >= 0)
        return code;
    if (session_gradient(s, s->bound.meta, &outer, c->grad, &st))
        return numeric_failure(s, &st);
    for (int k = 0; k < s->problem->meta.n; k++)
        row(c, v->text, k, distance(c, k, c->first, c->grad), c->tol);
    return -1;
}

/* <gradient, v> of one array, and the sum of the absolute terms. */
static double product(const Check *c, int leaf, const double *v, double *size)
{
    double sum = 0;
    *size = 0;
    for (int64_t i = 0, n = type_count(&c->s.problem->meta.at[leaf].type); i < n; i++) {
        double x = real_at(c->first[leaf], c->s.real_bytes, i) * v[i];
        sum += x;
        *size += fabs(x);
    }
    return sum;
}

/* ---- differences ---- */
enum { SMALL = 8, DIRECTIONS = 2 };

static void compare_slope(Check *c, Slope *x, const char *what)
{
    double size, exact = product(c, x->leaf, x->v, &size);
    x->enough = slope_tolerance(x->s) * size / 10;
    slope_by_differences(x);
    SlopeVerdict verdict = slope_compare(x, exact, size);
    c->bad += verdict == SLOPE_DIFFERS;
    c->open += verdict == SLOPE_OPEN;
    double off = fabs(x->found - exact), scale = fmax(fmax(size, fabs(x->found)), slope_tolerance(x->s) * x->natural);
    line(c, x->leaf, what, scale > 0 ? off / scale : off, verdict == SLOPE_AGREES ? "agrees" : verdict == SLOPE_DIFFERS ? "DIFFERS" : slope_why_open(x) + 1);
}

static void compare_differences(Check *c)
{
    Session *s = &c->s;
    Problem *p = s->problem;
    for (int k = 0; k < p->meta.n; k++) {
        if (cuts_derivatives(p, k)) {
            line(c, k, "differences", NAN, arena_printf(s->arena, "not compared: %s, and differences see what it cuts", cuts_derivatives(p, k)));
            continue;
        }
        int64_t n = type_count(&p->meta.at[k].type);
        double *v = NEW_N(s->arena, double, n + 1);
        Slope x = { .s = s, .moved = c->moved, .leaf = k, .v = v, .natural = c->natural };
        for (int64_t d = 0; d < (n <= SMALL ? n : DIRECTIONS); d++) {
            for (int64_t i = 0; i < n; i++)
                v[i] = n <= SMALL ? i == d : draw_signed(&c->state);
            compare_slope(c, &x, n == 1 ? "differences" : n <= SMALL ? arena_printf(s->arena, "difference, number %lld", (long long)d)
                                                                       : arena_printf(s->arena, "differences, way %lld", (long long)d + 1));
        }
    }
}

/* ---- the dot-product test ---- */
static int compile_slope(Check *c)
{
    Session *s = &c->s;
    Problem *p = s->problem;
    char *why = NULL;
    EntryGraph e = entry_graph(s->arena, p, LE_VALUE, bilevel_slope(p));
    for (int k = 0; k < p->meta.n; k++) {
        e.param[p->data.n + p->meta.n + k].bind = BIND_GRAD_IN;
        e.param[p->data.n + p->meta.n + k].leaf = k;
    }
    LowerOptions lo = { s->real_bytes, false, true, "forward", "keep" };
    LProgram *prog = lower_program(s->arena, p, &e, 1, &lo);
    c->slope = jit_new(prog, false, &why);
    c->slope_work = aligned_alloc(64, ((size_t)prog->work_bytes + 127) / 64 * 64);
    if (!c->slope)
        fprintf(messages(), "mflc: machine code could not be made: %s\n", why ? why : "unknown reason");
    if (!c->slope_work)
        no_memory((size_t)prog->work_bytes);
    return c->slope ? -1 : EXIT_NUMERIC;
}

static int slope_along(Check *c, void **v, double *slope)
{
    Session *s = &c->s;
    const void **data = NEW_N(s->arena, const void *, s->problem->data.n + 1);
    mfl_status st = { 0 };
    *slope = 0;
    for (int64_t t = 0; t < s->bound.tasks; t++) {
        double value[1] = { 0 };
        for (int k = 0; k < s->problem->data.n; k++)
            data[k] = (const char *)s->bound.data[k] + s->bound.data_stride[k] * (size_t)t;
        if (jit_entry(c->slope, LE_VALUE)(data, s->bound.meta, v, value, NULL, NULL, 0, c->slope_work, &st))
            return numeric_failure(s, &st);
        *slope += real_at(value, s->real_bytes, 0) / (double)s->bound.tasks;
    }
    return -1;
}

static int compare_products(Check *c)
{
    Session *s = &c->s;
    Problem *p = s->problem;
    int code = compile_slope(c);
    for (int k = 0; code < 0 && k < p->meta.n; k++) {
        int64_t n = type_count(&p->meta.at[k].type);
        void **along = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n);
        double *v = NEW_N(s->arena, double, n + 1), forward, size;
        for (int64_t i = 0; i < n; i++) {
            real_set(along[k], s->real_bytes, i, draw_signed(&c->state));
            v[i] = real_at(along[k], s->real_bytes, i);
        }
        double reverse = product(c, k, v, &size);
        code = slope_along(c, along, &forward);
        double off = fabs(forward - reverse);
        row(c, "dot product", k, off > 0 ? off / fmax(fmax(size, fabs(forward)), c->floor) : off, c->tol);
    }
    return code;
}

static void print_tables(const Check *c)
{
    const Problem *p = c->s.problem;
    for (int k = 0; k < p->meta.n; k++) {
        printf("\n%s %s\n", p->meta.at[k].name, type_text(c->s.arena, &p->meta.at[k].type));
        for (int i = 0; i < c->lines[k].n; i++) {
            const Line *l = &c->lines[k].at[i];
            if (isnan(l->found))
                printf("  %-22s %10s  %s\n", l->what, "", l->verdict);
            else
                printf("  %-22s %10.2e  %s\n", l->what, l->found, l->verdict);
        }
    }
}

/* There is nothing to compare with what is not finite. */
static bool all_finite(const Check *c)
{
    const Problem *p = c->s.problem;
    const char *what = isfinite(c->outer) ? NULL : "outer value";
    for (int k = 0; !what && k < p->meta.n; k++)
        for (int64_t i = 0, n = type_count(&p->meta.at[k].type); !what && i < n; i++)
            if (!isfinite(real_at(c->first[k], c->s.real_bytes, i)))
                what = arena_printf(c->s.arena, "hypergradient of %s", p->meta.at[k].name);
    if (what)
        fprintf(messages(), "mflc: the %s is not finite; mflc grad --guard says where that appears first\n", what);
    return !what;
}

static int check(Check *c)
{
    Session *s = &c->s;
    Problem *p = s->problem;
    mfl_status st = { 0 };
    c->first = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n);
    c->grad = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n);
    c->moved = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n);
    if (session_gradient(s, s->bound.meta, &c->outer, c->first, &st))
        return numeric_failure(s, &st);
    if (!all_finite(c))
        return EXIT_NUMERIC;
    printf("%s: outer value %.12g; disagreement with %s %s, relative to the largest entry\n", p->name, c->outer, mode_name[s->diff.mode], schedule_text(s->arena, &s->diff.steps));
    c->natural = natural_size(s, c->outer, c->first);
    c->floor = fmax(64 * (s->real_bytes == 8 ? 2.2e-16 : 1.2e-7) * c->natural / c->tol, 1e-300);
    c->lines = arena_alloc(s->arena, sizeof *c->lines * (size_t)(p->meta.n + 1));
    compare_differences(c);
    int code = compare_products(c);
    for (int k = 0; code < 0 && k < NVARIANTS; k++)
        code = compare_variant(c, &variants[k]);
    print_tables(c);
    if (code >= 0)
        return code;
    printf("\n%s", c->bad ? "the hypergradient is in doubt" : "all agree");
    if (c->open)
        printf("; %d difference%s could not be compared", c->open, c->open > 1 ? "s" : "");
    puts("");
    return c->bad ? EXIT_NUMERIC : EXIT_DONE;
}

int command_check(Options *o)
{
    Check c = { .state = 88172645463325252u };
    if (!o->real)
        o->real = "double";
    c.tol = o->tol > 0 ? o->tol : strcmp(o->real, "double") ? 1e-3 : 1e-9;
    int code = session_open(&c.s, o, WANT_JIT | WANT_DATA | WANT_VALUE);
    if (code < 0)
        code = session_init_meta(&c.s);
    if (code < 0)
        code = check(&c);
    jit_free(c.slope);
    free(c.slope_work);
    session_close(&c.s);
    return code;
}
