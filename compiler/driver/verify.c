/* verify.c -- is a slope what differences say? One derivative along a direction against central differences, each with one Richardson step, at shrinking
 * distances; the distance whose estimates agree best counts, with the measured noise of the outer value in the account. One-sided slopes that differ by the same amount at every distance are a kink at the
 * point itself, where no difference can tell; estimates that never settle say so too. Used by check and by run --verify. */
#include "run.h"
#include <math.h>
#include <stdlib.h>

enum { LEVELS = 7 };

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

/* How far rounding moves the outer value: values at distances so small that the function itself is a straight line there, whose fourth differences are noise
 * (Moré and Wild, Estimating computational noise, 2011). A stiff problem, such as Adam with a small eps_root, has much more of it than one unit in the last place. */
static double noise_at(Slope *x, double here)
{
    enum { POINTS = 7, ORDER = 4 };
    double eps = x->s->real_bytes == 8 ? 2.3e-16 : 1.2e-7, apart = x->s->real_bytes == 8 ? 1e-11 : 1e-5, t[POINTS], sum = 0;
    for (int k = 0; k < POINTS; k++)
        t[k] = k == POINTS / 2 ? here : value_at(x, apart * (k - POINTS / 2));
    for (int order = 0; order < ORDER; order++)
        for (int k = 0; k + 1 < POINTS - order; k++)
            t[k] = t[k + 1] - t[k];
    for (int k = 0; k < POINTS - ORDER; k++)
        sum += t[k] * t[k] / (POINTS - ORDER);
    return fmax(2 * eps * fabs(here), sqrt(sum / 70));            /* (2k)! / (k!)^2 for k = 4 */
}

/* x->enough: an error that needs no closer look. Distances go down to where the noise takes over: a problem may bend within 1e-5 of the point. */
void slope_by_differences(Slope *x)
{
    double h = x->s->real_bytes == 8 ? 2e-3 : 0.05, here = value_at(x, 0), noise = noise_at(x, here), best = INFINITY, jump[LEVELS], last = NAN;
    int n = 0;
    x->found = NAN;
    for (; n < LEVELS && (n < 3 || (best > x->enough && 4 * noise / h < best)); n++, h /= 8) {
        double up = value_at(x, h), down = value_at(x, -h), up2 = value_at(x, h / 2), down2 = value_at(x, -h / 2);
        double wide = (up - down) / (2 * h), close = (up2 - down2) / h, better = (4 * close - wide) / 3;
        double error = fmax(fabs(close - wide) / 3, n ? fabs(better - last) / 8 : 0) + 4 * noise / h;
        jump[n] = fabs((up2 - here) - (here - down2)) / (h / 2);
        last = better;
        if (error < best) {
            best = error;
            x->found = better;
        }
    }
    x->error = best;
    /* A smooth function's jump shrinks with h, at last; a kink's stays. */
    const double *j = &jump[n - 1];
    x->kink = isfinite(j[0]) && j[0] > 0.7 * j[-1] && j[-1] > 0.7 * j[-2] && j[0] > 1e-3 * fmax(fabs(x->found), 1e-30) && j[0] > 20 * best;
}

double slope_tolerance(const Session *s) { return s->real_bytes == 8 ? 1e-6 : 1e-2; }

/* The largest of the outer value and all derivatives: what is far below it may as well be 0. */
double natural_size(const Session *s, double outer, void *const *grad)
{
    double most = fabs(outer);
    for (int k = 0; k < s->problem->meta.n; k++)
        for (int64_t i = 0, n = type_count(&s->problem->meta.at[k].type); i < n; i++)
            most = fmax(most, fabs(real_at(grad[k], s->real_bytes, i)));
    return most;
}

/* size: the sum of the absolute terms of the slope, against which rounding counts. */
SlopeVerdict slope_compare(const Slope *x, double exact, double size)
{
    double scale = fmax(size, fabs(x->found)), off = fabs(x->found - exact), tol = slope_tolerance(x->s);
    if (off <= tol * scale || (off <= 4 * x->error && x->error <= fmax(0.05 * scale, tol * x->natural)))
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
    Slope x = { .s = s, .moved = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n), .natural = natural_size(s, r->loss[r->step], r->grad) };
    for (int k = 0; k < p->meta.n; k++) {
        if (cuts_derivatives(p, k)) {
            fprintf(messages(), "verify: %s: not compared: %s, and differences see what it cuts\n", p->meta.at[k].name, cuts_derivatives(p, k));
            continue;
        }
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
        x.enough = slope_tolerance(s) * size / 10;
        slope_by_differences(&x);
        SlopeVerdict verdict = slope_compare(&x, exact, size);
        if (!r->o->quiet)
            fprintf(messages(), "verify: %s: slope %.8g by the hypergradient, %.8g by differences%s\n", p->meta.at[k].name, exact, x.found, verdict == SLOPE_OPEN ? slope_why_open(&x) : "");
        if (verdict == SLOPE_DIFFERS) {
            fprintf(messages(), "mflc: the hypergradient of %s disagrees with differences; mflc check compares in more ways\n", p->meta.at[k].name);
            return EXIT_NUMERIC;
        }
    }
    return -1;
}

/* ---- what differences cannot be compared with ---- */
static bool cuts(const Node *n) { return n->op == OP_detach && n->origin.cut; }

static bool holds_cut(const Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++)
        if (cuts(g->nodes.at[i]) || (g->nodes.at[i]->op == OP_loop && holds_cut(g->nodes.at[i]->u.loop->body)))
            return true;
    return false;
}

/* Is there a detach of something that depends on one meta array, or on parameters and states? Parameters of g: data, meta, the rest. */
static bool detaches(const Graph *g, const Problem *p, int leaf)
{
    bool *active = calloc((size_t)graph_limit(g) + 1, sizeof *active), found = false;
    if (!active)
        no_memory((size_t)graph_limit(g));
    for (int k = p->data.n; k < g->params.n; k++)
        active[g->params.at[k]->id] = g->params.at[k]->type.dtype == T_REAL && (k >= p->data.n + p->meta.n || k == p->data.n + leaf);
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        for (int a = 0; a < n->narg; a++)
            active[n->id] |= active[n->arg[a]->id];
        if (active[n->id] && (cuts(n) || (n->op == OP_loop && holds_cut(n->u.loop->body))))
            found = true;
    }
    free(active);
    return found;
}

const char *cuts_derivatives(const Problem *p, int leaf)
{
    const struct { const Graph *g; const char *where; } of[] = { { p->param_init, "an initial value" }, { p->state_init, "an initial state" }, { p->inner, "inner" },
        { p->update, "the update" }, { p->path, "outer over steps" }, { p->outer, "outer" } };
    if (problem_window(p))
        return arena_printf(p->arena, "truncate %lld cuts the derivative of the earlier steps", (long long)p->truncate);
    for (int k = 0; k < 6; k++)
        if (of[k].g && detaches(of[k].g, p, leaf))
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
