/* roots.c -- a warning before anything runs: square roots that are differentiated and whose argument can be exactly 0, where their derivative is infinite.
 * The classic is adam with eps_root = 0: where a gradient has always been 0, v is 0.
 *
 * Values are followed as ranges: optimizer states start from their constants and are widened until the step maps them into themselves; gradients, data
 * and meta variables may be anything. A root is reported where its argument's least value is 0 and attained. What may also be negative is the
 * problem's own affair. Differentiated is what depends on a meta variable (over the steps that hypergradients flow through) and reaches a result, both by
 * ways that carry derivatives. In the inner loss only what is exactly 0 at the initial parameters is reported. */
#include "diff.h"
#include <math.h>

typedef struct Range { double lo, hi; bool above; } Range;          /* above: lo itself is not attained */
typedef struct Facts { Graph *g; Range *range; bool *active, *useful; } Facts;
static const Range anything = { -INFINITY, INFINITY, false };

static Range join(Range a, Range b)
{
    Range r = { fmin(a.lo, b.lo), fmax(a.hi, b.hi), false };
    r.above = (a.lo > r.lo || a.above) && (b.lo > r.lo || b.above);
    return r;
}
static bool positive(Range r) { return r.lo > 0 || (r.lo == 0 && r.above); }
static bool has_zero(Range r) { return (r.lo < 0 || (r.lo == 0 && !r.above)) && r.hi >= 0; }
static Range times(Range r, double c) { return c > 0 ? (Range){ r.lo * c, r.hi * c, r.above } : c == 0 ? (Range){ 0, 0, false } : (Range){ r.hi * c, r.lo * c, false }; }
/* x^2, |x|: not negative, 0 where x is. */
static Range even(Range r, double lo, double hi)
{
    double most = fmax(lo, hi);
    return has_zero(r) ? (Range){ 0, most, false } : r.lo >= 0 ? (Range){ lo, hi, r.above || lo == 0 } : r.hi < 0 ? (Range){ fmin(lo, hi), most, false } : (Range){ 0, most, true };
}
static Range square(Range r) { return even(r, r.lo * r.lo, r.hi * r.hi); }

static Range product(Range a, Range b)
{
    if (a.lo == a.hi && isfinite(a.lo))
        return times(b, a.lo);
    if (b.lo == b.hi && isfinite(b.lo))
        return times(a, b.lo);
    if (a.lo < 0 || b.lo < 0)
        return anything;
    double lo = a.lo * b.lo, hi = a.hi == 0 || b.hi == 0 ? 0 : a.hi * b.hi;
    return (Range){ lo, hi, positive(a) && positive(b) && (lo == 0 || a.above || b.above) };
}

static Range power(Range x, Range y)
{
    bool fixed = y.lo == y.hi;
    if (fixed && y.lo > 0 && fmod(y.lo, 2) == 0)
        return even(x, pow(x.lo, y.lo), pow(x.hi, y.lo));
    if (x.lo < 0)
        return anything;
    if (fixed && y.lo > 0)
        return (Range){ pow(x.lo, y.lo), pow(x.hi, y.lo), x.above || (positive(x) && x.lo == 0) };
    if (positive(x) && x.hi < 1 && y.lo >= 0)                       /* beta^t */
        return (Range){ 0, pow(x.hi, y.lo), true };
    return (Range){ 0, INFINITY, positive(x) };
}

static Range map_range(const Node *n, const Range *a)
{
    switch (n->op) {
    case OP_add: return (Range){ a[0].lo + a[1].lo, a[0].hi + a[1].hi, a[0].above || a[1].above };
    case OP_sub: return (Range){ a[0].lo - a[1].hi, a[0].hi - a[1].lo, a[0].above };
    case OP_neg: return (Range){ -a[0].hi, -a[0].lo, false };
    case OP_mul: case OP_mulz: return n->arg[0] == n->arg[1] ? square(a[0]) : product(a[0], a[1]);
    case OP_div:
        if (a[1].lo == a[1].hi && a[1].lo != 0 && isfinite(a[1].lo))
            return times(a[0], 1 / a[1].lo);
        return positive(a[1]) && a[0].lo >= 0 ? (Range){ isfinite(a[1].hi) ? a[0].lo / a[1].hi : 0, INFINITY, positive(a[0]) } : anything;
    case OP_pow: return power(a[0], a[1]);
    case OP_sqrt: return a[0].lo >= 0 ? (Range){ sqrt(a[0].lo), sqrt(a[0].hi), a[0].above } : (Range){ 0, INFINITY, false };
    case OP_abs: return even(a[0], fabs(a[0].lo), fabs(a[0].hi));
    case OP_exp: return (Range){ exp(a[0].lo), exp(a[0].hi), a[0].above || exp(a[0].lo) == 0 };
    case OP_softplus: return (Range){ 0, INFINITY, true };
    case OP_sigmoid: return (Range){ 0, 1, true };
    case OP_max: return (Range){ fmax(a[0].lo, a[1].lo), fmax(a[0].hi, a[1].hi), a[0].lo > a[1].lo ? a[0].above : a[0].lo < a[1].lo ? a[1].above : a[0].above && a[1].above };
    case OP_min: return (Range){ fmin(a[0].lo, a[1].lo), fmin(a[0].hi, a[1].hi), a[0].lo < a[1].lo ? a[0].above : a[0].lo > a[1].lo ? a[1].above : a[0].above && a[1].above };
    case OP_select: return join(a[1], a[2]);
    case OP_real: case OP_detach: return a[0];
    default: return n->type.dtype == T_BOOL ? (Range){ 0, 1, false } : anything;
    }
}

/* A sum of products. */
static Range contract_range(const Node *n, const Range *a)
{
    const Contract *c = n->u.contract;
    Range r = c->nfactor ? a[0] : (Range){ 1, 1, false };
    bool sums = false, empty = c->nguard > 0;
    if (c->nfactor == 2 && n->arg[0] == n->arg[1])
        r = square(a[0]);
    else
        for (int k = 1; k < c->nfactor; k++)
            r = product(r, a[k]);
    for (int l = 0; l < c->nletters; l++) {
        bool kept = false;
        for (int d = 0; d < c->out.rank; d++)
            kept |= c->out.place[d].coef[l] != 0;
        sums |= !kept && c->range[l] != 1;
        empty |= c->range[l] == 0;
    }
    for (int d = 0; d < c->out.rank; d++) {
        int letter;
        if (!place_is_letter(&c->out.place[d], &letter))
            sums = empty = true;                               /* places that are not reached are 0 */
    }
    r = times(r, c->scale);
    if (sums)
        r = r.lo >= 0 ? (Range){ r.lo, r.hi == 0 ? 0 : INFINITY, r.above } : anything;
    return empty ? join(r, (Range){ 0, 0, false }) : r;
}

static Range range_of(const Node *n, const Range *a)
{
    double v;
    if (ir_is_const(n, &v))
        return (Range){ v, v, false };
    if (n->op == OP_iota)
        return (Range){ 0, INFINITY, false };
    if (n->op == OP_contract)
        return contract_range(n, a);
    if (op_info[n->op].kind == K_MAP)
        return map_range(n, a);
    return op_info[n->op].kind == K_REDUCE || n->op == OP_reshape ? a[0] : anything;
}

/* Does a derivative pass from operand a to the node? */
static bool carries(const Node *n, int a)
{
    if (n->type.dtype == T_INT || n->type.dtype == T_BOOL || n->arg[a]->type.dtype != T_REAL)
        return n->op == OP_loop || n->op == OP_proj;
    return !(op_info[n->op].kind == K_MAP && op_info[n->op].flags & OPF_ZERO_DERIV) && !(n->op == OP_contract && a >= n->u.contract->nfactor);
}

/* From the parameters, whose ranges and activity are set. */
static void forward(Facts *f)
{
    for (int i = 0; i < f->g->nodes.n; i++) {
        Node *n = f->g->nodes.at[i];
        Range a[MAX_OPERANDS + 1];
        if (n->op == OP_param)
            continue;
        f->active[n->id] = false;
        for (int k = 0; k < n->narg; k++) {
            if (k < MAX_OPERANDS)
                a[k] = f->range[n->arg[k]->id];
            f->active[n->id] |= f->active[n->arg[k]->id] && (n->arg[k]->type.dtype == T_NONE || carries(n, k));
        }
        f->range[n->id] = n->op == OP_loop || n->op == OP_proj ? anything : range_of(n, a);
    }
}

static void backward(Facts *f, int nresults)
{
    for (int k = 0; k < nresults && k < f->g->results.n; k++)
        f->useful[f->g->results.at[k]->id] = true;
    for (int i = f->g->nodes.n - 1; i >= 0; i--) {
        Node *n = f->g->nodes.at[i];
        for (int k = 0; f->useful[n->id] && k < n->narg; k++)
            f->useful[n->arg[k]->id] |= n->arg[k]->type.dtype == T_NONE || carries(n, k);
    }
}

static Facts facts_new(Arena *a, Graph *g)
{
    int n = graph_limit(g) + 1;
    Facts f = { g, NEW_N(a, Range, n), NEW_N(a, bool, n), NEW_N(a, bool, n) };
    for (int k = 0; k < g->params.n; k++)
        f.range[g->params.at[k]->id] = g->params.at[k]->type.dtype == T_REAL ? anything : (Range){ 0, INFINITY, false };
    return f;
}

/* The argument of a root: sqrt, or a power between 0 and 1. */
static const Node *root_argument(const Node *n)
{
    double v;
    if (n->op == OP_sqrt)
        return n->arg[0];
    return n->op == OP_pow && ir_is_const(n->arg[1], &v) && v > 0 && v < 1 ? n->arg[0] : NULL;
}

static bool depends_on_meta(Problem *p, Graph *g, int result)
{
    Facts f = facts_new(p->arena, g);
    for (int k = 0; k < p->meta.n; k++)
        f.active[g->params.at[p->data.n + k]->id] = true;
    forward(&f);
    return result < g->results.n && f.active[g->results.at[result]->id];
}

/* ---- the update ---- */
typedef struct Update { Problem *p; Facts f; int par, grad, state; } Update;      /* where parameters, gradients, states begin */

static Range *param_range(Update *u, int k) { return &u->f.range[u->f.g->params.at[k]->id]; }
static bool *param_active(Update *u, int k) { return &u->f.active[u->f.g->params.at[k]->id]; }
static Node *result(Update *u, int k) { return u->f.g->results.at[k]; }

/* Ranges of the states over all steps. */
static void widen_states(Update *u)
{
    for (int k = 0; k < u->p->state.n; k++) {
        double v;
        *param_range(u, u->state + k) = ir_is_const(u->p->state_init->results.at[k], &v) ? (Range){ v, v, false } : anything;
    }
    for (int round = 0; round < 6; round++) {
        forward(&u->f);
        for (int k = 0; k < u->p->state.n; k++) {
            Range *s = param_range(u, u->state + k), next = join(*s, u->f.range[result(u, u->p->param.n + k)->id]);
            if (round > 1 && next.lo < s->lo)
                next.lo = next.lo >= 0 ? 0 : -INFINITY;
            if (round > 1 && next.hi > s->hi)
                next.hi = INFINITY;
            *s = next;
        }
    }
    forward(&u->f);
}

/* Which roots get a derivative in some step: marks them in `hit`. */
static void find_active(Update *u, bool *hit)
{
    Problem *p = u->p;
    bool cut = problem_window(p) != 0, inner = depends_on_meta(p, p->inner, 0), moving = false;
    int64_t window = cut ? p->truncate : p->steps;
    for (int k = 0; k < p->meta.n; k++)
        *param_active(u, p->data.n + k) = true;
    for (int k = 0; k < p->param.n; k++) {
        *param_active(u, u->par + k) = !cut && depends_on_meta(p, p->param_init, k);
        moving |= *param_active(u, u->par + k);
    }
    for (int k = 0; k < p->state.n; k++)                   /* one that starts from its array moves as that does */
        *param_active(u, u->state + k) = moving && !ir_is_const(p->state_init->results.at[k], &(double){ 0 });
    for (int64_t t = 0; t < window && t < 4 + p->param.n; t++) {
        for (int k = 0; k < p->param.n; k++)
            *param_active(u, u->grad + k) = inner || moving;
        forward(&u->f);
        for (int i = 0; i < u->f.g->nodes.n; i++) {
            const Node *n = u->f.g->nodes.at[i], *x = root_argument(n);
            hit[n->id] |= x && u->f.active[x->id] && u->f.useful[n->id];
        }
        for (int k = 0; k < p->param.n + p->state.n; k++) {
            bool *to = param_active(u, k < p->param.n ? u->par + k : u->state + k - p->param.n);
            *to |= u->f.active[result(u, k)->id];
            moving |= k < p->param.n && *to;
        }
    }
}

static void warn(Diags *d, Span at, Span root, const char *what)
{
    Diag *w = diag_warning(d, at, NULL, "%s, where the derivative of a square root is infinite and the hypergradient may be NaN; add a small number under the root (adam, adamw, rmsprop, adagrad: eps_root = 1e-12)", what);
    if (root.src && root.src != at.src)
        diag_note(d, w, (Span){ 0 }, "the root is in %s, line %d", root.src->path, root.first.line);
}

static void warn_update(Problem *p, Diags *d)
{
    Update u = { p, facts_new(p->arena, p->update), p->data.n + p->meta.n, p->data.n + p->meta.n + p->param.n, p->data.n + p->meta.n + 2 * p->param.n };
    bool *hit = NEW_N(p->arena, bool, graph_limit(p->update) + 1);
    backward(&u.f, p->param.n + p->state.n);
    find_active(&u, hit);
    widen_states(&u);
    for (int k = 0; k < p->param.n; k++) {
        Span at = p->param.at[k].stepped;
        bool said = !at.src;
        for (int q = 0; q < k; q++)
            said |= at.src && p->param.at[q].stepped.first.off == at.first.off;
        Node *const moved = result(&u, k);
        const bool *need = said ? NULL : graph_needed(p->arena, p->update, &moved, 1);
        for (int i = 0; !said && i < p->update->nodes.n; i++) {
            const Node *n = p->update->nodes.at[i], *x = root_argument(n);
            Range r = x ? u.f.range[x->id] : anything;
            if (!hit[n->id] || r.lo != 0 || r.above || !need[n->id])
                continue;
            warn(d, at, n->origin.span, arena_printf(p->arena, "%.*s takes a square root of what %s", (int)(at.last.off - at.first.off), at.src->text + at.first.off,
                                                     r.hi == 0 ? "is exactly 0 at the first step" : "can be exactly 0, as where a gradient has always been 0"));
            said = true;
        }
    }
}

/* ---- the inner loss at the initial parameters ---- */
static void warn_inner(Problem *p, Diags *d)
{
    Facts f = facts_new(p->arena, p->inner);
    for (int k = 0; k < p->meta.n; k++)
        f.active[p->inner->params.at[p->data.n + k]->id] = true;
    for (int k = 0; k < p->param.n; k++) {
        double v;
        Node *x = p->inner->params.at[p->data.n + p->meta.n + k];
        f.active[x->id] = true;
        if (ir_is_const(p->param_init->results.at[k], &v))
            f.range[x->id] = (Range){ v, v, false };
    }
    forward(&f);
    backward(&f, 1);
    for (int i = 0; i < p->inner->nodes.n; i++) {
        const Node *n = p->inner->nodes.at[i], *x = root_argument(n);
        if (x && f.useful[n->id] && f.active[x->id] && f.range[x->id].lo == 0 && f.range[x->id].hi == 0)
            warn(d, n->origin.span, n->origin.span, "the inner loss takes a square root of what is exactly 0 at the initial parameters");
    }
}

void warn_roots(Problem *p, Diags *d)
{
    if (p->steps <= 0)
        return;
    warn_update(p, d);
    warn_inner(p, d);
}
