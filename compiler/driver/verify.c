/* verify.c -- is a slope what differences say? One derivative along a direction against central differences, each with one Richardson step, at shrinking
 * distances; the distance whose two estimates agree best counts. One-sided slopes that differ by the same amount at every distance are a kink at the
 * point itself, where no difference can tell; estimates that never settle say so too. Used by check and by run --verify. */
#include "run.h"
#include <math.h>
#include <stdlib.h>

enum { LEVELS = 3 };

/* The outer value at meta + h v. */
static double value_at(Slope *x, double h)
{
    Session *s = x->s;
    mfl_status st = { 0 };
    double out = NAN;
    for (int k = 0; k < s->problem->meta.n; k++)
        for (int64_t i = 0, n = type_count(&s->problem->meta.at[k].type); i < n; i++)
            real_set(x->moved[k], s->real_bytes, i, real_at(s->bound.meta[k], s->real_bytes, i) + (k == x->leaf ? h * x->v[i] : 0));
    return session_value(s, x->moved, &out, NULL, &st) ? NAN : out;
}

/* Distance and tolerance scale with the precision. */
void slope_by_differences(Slope *x)
{
    double eps = x->s->real_bytes == 8 ? 2e-16 : 1e-7, h = x->s->real_bytes == 8 ? 2e-3 : 0.05, here = value_at(x, 0), best = INFINITY, jump[LEVELS];
    x->found = NAN;
    for (int k = 0; k < LEVELS; k++, h /= 8) {
        double up = value_at(x, h), down = value_at(x, -h), up2 = value_at(x, h / 2), down2 = value_at(x, -h / 2);
        double wide = (up - down) / (2 * h), close = (up2 - down2) / h, noise = 8 * eps * fmax(fabs(up), fabs(here)) / h;
        double error = fabs(close - wide) / 3 + noise;
        jump[k] = fabs((up2 - here) - (here - down2)) / (h / 2);
        if (error < best) {
            best = error;
            x->found = (4 * close - wide) / 3;
        }
    }
    x->error = best;
    /* A smooth function's jump shrinks with h; a kink's stays. */
    x->kink = isfinite(jump[1]) && jump[1] > 0.7 * jump[0] && jump[2] > 0.7 * jump[1] && jump[1] > 1e-3 * fmax(fabs(x->found), 1e-30) && jump[2] > 20 * best;
}

/* size: the sum of the absolute terms of the slope, against which rounding counts. */
SlopeVerdict slope_compare(const Slope *x, double exact, double size)
{
    double scale = fmax(size, fabs(x->found)), off = fabs(x->found - exact), tol = x->s->real_bytes == 8 ? 1e-6 : 1e-2;
    if (off <= tol * scale || (off <= 4 * x->error && x->error <= 0.05 * scale))
        return SLOPE_AGREES;
    if (x->kink || !isfinite(x->found) || (x->error > 0.05 * scale && off <= 20 * x->error))
        return SLOPE_OPEN;
    return SLOPE_DIFFERS;
}

const char *slope_why_open(const Slope *x)
{
    return x->kink ? " (not compared: a kink at this point, the slopes on its sides differ)" : " (not compared: the differences do not settle)";
}

/* One direction of each meta array: random signs and sizes. */
int verify_gradient(Run *r)
{
    Session *s = &r->s;
    Problem *p = s->problem;
    uint64_t state = 88172645463325252u;
    Slope x = { .s = s, .moved = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n) };
    if (cuts_derivatives(p)) {
        fprintf(stderr, "verify: not possible: %s, and differences see what it cuts\n", cuts_derivatives(p));
        return -1;
    }
    for (int k = 0; k < p->meta.n; k++) {
        double exact = 0, size = 0;
        int64_t n = type_count(&p->meta.at[k].type);
        double *v = NEW_N(s->arena, double, n + 1);
        x.leaf = k;
        x.v = v;
        for (int64_t i = 0; i < n; i++) {
            double g = real_at(r->grad[k], s->real_bytes, i);
            v[i] = draw_signed(&state);
            exact += g * v[i];
            size += fabs(g * v[i]);
        }
        slope_by_differences(&x);
        SlopeVerdict verdict = slope_compare(&x, exact, size);
        if (!r->o->quiet)
            fprintf(stderr, "verify: %s: slope %.8g by the hypergradient, %.8g by differences%s\n", p->meta.at[k].name, exact, x.found, verdict == SLOPE_OPEN ? slope_why_open(&x) : "");
        if (verdict == SLOPE_DIFFERS) {
            fprintf(stderr, "mflc: the hypergradient of %s disagrees with differences; mflc check compares in more ways\n", p->meta.at[k].name);
            return EXIT_NUMERIC;
        }
    }
    return -1;
}

/* ---- what differences cannot be compared with ---- */
static bool holds_detach(const Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++)
        if (g->nodes.at[i]->op == OP_detach || (g->nodes.at[i]->op == OP_loop && holds_detach(g->nodes.at[i]->u.loop->body)))
            return true;
    return false;
}

/* Is there a detach of something that depends on more than data? The first ndata parameters are data. */
static bool detaches(const Graph *g, int ndata)
{
    bool *active = calloc((size_t)graph_limit(g) + 1, sizeof *active), found = false;
    if (!active)
        no_memory((size_t)graph_limit(g));
    for (int k = ndata; k < g->params.n; k++)
        active[g->params.at[k]->id] = g->params.at[k]->type.dtype == T_REAL;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        for (int a = 0; a < n->narg; a++)
            active[n->id] |= active[n->arg[a]->id];
        if (active[n->id] && (n->op == OP_detach || (n->op == OP_loop && holds_detach(n->u.loop->body))))
            found = true;
    }
    free(active);
    return found;
}

const char *cuts_derivatives(const Problem *p)
{
    const struct { const Graph *g; const char *where; } of[] = { { p->param_init, "an initial value" }, { p->state_init, "an initial state" }, { p->inner, "inner" },
        { p->update, "the update" }, { p->path, "outer over steps" }, { p->outer, "outer" } };
    if (p->truncate && p->truncate < p->steps)
        return arena_printf(p->arena, "truncate %lld cuts the derivative of the earlier steps", (long long)p->truncate);
    for (int k = 0; k < 6; k++)
        if (of[k].g && detaches(of[k].g, p->data.n))
            return arena_printf(p->arena, "detach in %s cuts derivatives", of[k].where);
    return NULL;
}

double draw_signed(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return 2 * ((double)(*state >> 11) * 0x1p-53) - 1;
}
