/* check.c -- mflc check: is the hypergradient right? Every mode and schedule against the first, central differences with one Richardson step along
 * random directions (one per meta array), and the dot-product test: forward mode along v against reverse mode, <grad, v>.
 * Differences do not see derivatives that `detach` and `truncate` cut on purpose, and lose digits near kinks: they have their own column and a looser bound. */
#include "driver.h"
#include <math.h>

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
    { "forward",          { MODE_FORWARD, SNAPSHOT, SNAPSHOT } },
};
enum { NVARIANTS = sizeof variants / sizeof *variants, FORWARD_LIMIT = 20000 };

typedef struct Check { Session s; Options *o; void **first, **grad, **moved; double outer, tol; int bad; uint64_t state; } Check;

static double draw(Check *c)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return 2 * ((double)(c->state >> 11) * 0x1p-53) - 1;
}

/* Largest difference over the largest entry. */
static double distance(const Check *c, int leaf, void **a, void **b)
{
    double diff = 0, size = 0;
    for (int64_t k = 0, n = type_count(&c->s.problem->meta.at[leaf].type); k < n; k++) {
        double x = real_at(a[leaf], c->s.real_bytes, k), y = real_at(b[leaf], c->s.real_bytes, k);
        if (isnan(x) != isnan(y))
            return INFINITY;
        diff = fmax(diff, fabs(x - y));
        size = fmax(size, fabs(x));
    }
    return size > 0 ? diff / size : diff;
}

/* outer along one array's direction v, at distance h */
static double along(Check *c, int leaf, const double *v, double h)
{
    Session *s = &c->s;
    mfl_status st = { 0 };
    double out = NAN;
    for (int k = 0; k < s->problem->meta.n; k++)
        for (int64_t i = 0, n = type_count(&s->problem->meta.at[k].type); i < n; i++)
            real_set(c->moved[k], s->real_bytes, i, real_at(s->bound.meta[k], s->real_bytes, i) + (k == leaf ? h * v[i] : 0));
    session_value(s, c->moved, &out, NULL, &st);
    return out;
}

static double by_differences(Check *c, int leaf, const double *v)
{
    double h = c->s.real_bytes == 8 ? 1e-4 : 1e-2;
    double wide = (along(c, leaf, v, h) - along(c, leaf, v, -h)) / (2 * h), close = (along(c, leaf, v, h / 2) - along(c, leaf, v, -h / 2)) / h;
    return (4 * close - wide) / 3;
}

static void row(Check *c, const char *what, int leaf, double found, double tol)
{
    bool ok = found <= tol;
    c->bad += !ok;
    printf("  %-18s %-24s %10.2e  %s\n", what, c->s.problem->meta.at[leaf].name, found, ok ? "agrees" : "DIFFERS");
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
    if (v->o.mode == MODE_FORWARD && meta_numbers(s->problem) > FORWARD_LIMIT) {
        printf("  %-18s not run: %lld meta numbers would need as many sweeps\n", v->text, (long long)meta_numbers(s->problem));
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

static bool cuts_derivatives(const Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++)
        if (g->nodes.at[i]->op == OP_detach || (g->nodes.at[i]->op == OP_loop && cuts_derivatives(g->nodes.at[i]->u.loop->body)))
            return true;
    return false;
}

static void compare_differences(Check *c)
{
    Session *s = &c->s;
    Problem *p = s->problem;
    double tol = s->real_bytes == 8 ? 1e-5 : 5e-2;
    if ((p->truncate && p->truncate < p->steps) || cuts_derivatives(p->update)) {
        printf("  %-18s not compared: truncate or detach cuts derivatives that differences see\n", "differences");
        return;
    }
    for (int k = 0; k < p->meta.n; k++) {
        int64_t n = type_count(&p->meta.at[k].type);
        double *v = NEW_N(s->arena, double, n + 1), want, exact = 0, size = 0;
        for (int64_t i = 0; i < n; i++) {
            v[i] = draw(c);
            double g = real_at(c->first[k], s->real_bytes, i);
            exact += g * v[i];
            size += fabs(g * v[i]);
        }
        want = by_differences(c, k, v);
        row(c, "differences", k, fabs(want - exact) / fmax(fmax(size, fabs(want)), 1e-300), tol);
    }
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
    printf("%s: outer value %.12g; disagreement with %s %s, relative to the largest entry\n", p->name, c->outer, mode_name[s->diff.mode], schedule_text(s->arena, &s->diff.steps));
    printf("  %-18s %-24s %10s\n", "compared", "meta variable", "largest");
    compare_differences(c);
    for (int k = 0; k < NVARIANTS; k++) {
        int code = compare_variant(c, &variants[k]);
        if (code >= 0)
            return code;
    }
    printf("%s\n", c->bad ? "the hypergradient is in doubt" : "all agree");
    return c->bad ? EXIT_NUMERIC : EXIT_DONE;
}

int command_check(Options *o)
{
    Check c = { .o = o, .state = 88172645463325252u };
    if (!o->real)
        o->real = "double";
    c.tol = o->tol > 0 ? o->tol : strcmp(o->real, "double") ? 1e-3 : 1e-9;
    int code = session_open(&c.s, o, WANT_JIT | WANT_DATA | WANT_VALUE);
    if (code < 0)
        code = session_init_meta(&c.s);
    if (code < 0)
        code = check(&c);
    session_close(&c.s);
    return code;
}
