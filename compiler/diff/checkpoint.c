/* checkpoint.c -- sparse schedules: a forward loop that saves some of its states, and a reverse loop that computes the others again from them.
 *
 * Before: L collects its carried values c_i, R (its reverse) reads slice i of them. After: L saves states in slots, R has STATE parameters, and R's
 * `again` is L's iteration reduced to what the next state needs. Values that L stores for every iteration (saved gradients, see residuals.c) are read there,
 * so that a step is run again without its gradient.
 *   live(c) = what R reads, closed under "the next value of a live one needs it"
 * Only what is live is saved. A loop whose collected states anybody but R reads, or R otherwise than by slice i, is left as it is (every state kept). */
#include "rules.h"
#include "opt.h"

typedef struct Sparse {
    Graph *g;
    Node  *fwd, *rev, *index;          /* L, R, R's index */
    const Checkpoints *plan;
    bool  *live;                       /* by parameter of L */
    int   *state_of;                   /* by parameter of L: R's STATE parameter for it, or -1 */
    int   *stacked;                    /* by id of R's nodes: for a capture of an output of L its number, else -1 */
    int   *cut;                        /* by id of L's nodes: 1 + the output in which L collects its value */
} Sparse;

static int param_of(const Loop *l, const Node *x)
{
    for (int p = 0; p < l->params.n; p++)
        if (l->body->params.at[p] == x)
            return p;
    return -1;
}

/* Output k of L: the carried parameter whose values at the start of each iteration it collects, or -1. */
static int saved_param(const Loop *l, int k)
{
    LoopOut o = l->outs.at[k];
    int p = o.kind == LO_COLLECT ? param_of(l, l->body->results.at[o.result]) : -1;
    return p >= 0 && l->params.at[p].kind == LP_CARRY ? p : -1;
}

static bool reads_slice(const Sparse *s, const Node *n, int a)
{
    const Contract *c = n->u.contract;
    if (n->op != OP_contract || a >= c->nfactor)
        return false;
    const Place *p = &c->arg[a].place[0];
    for (int l = 0; l < c->nletters; l++)
        if (p->coef[l])
            return false;
    return !p->base && p->index >= 0 && n->arg[p->index] == s->index;
}

/* Who reads L's states: R alone, at its index. */
static bool only_slices(Sparse *s)
{
    const Loop *l = s->fwd->u.loop, *r = s->rev->u.loop;
    for (int i = 0; i < s->g->nodes.n; i++) {
        const Node *n = s->g->nodes.at[i];
        for (int a = 0; a < n->narg; a++)
            if (n != s->rev && n->arg[a]->op == OP_proj && n->arg[a]->arg[0] == s->fwd && saved_param(l, (int)n->arg[a]->u.axis) >= 0)
                return false;
    }
    for (int k = 0; k < s->g->results.n; k++)
        if (s->g->results.at[k]->op == OP_proj && s->g->results.at[k]->arg[0] == s->fwd && saved_param(l, (int)s->g->results.at[k]->u.axis) >= 0)
            return false;
    s->stacked = NEW_N(s->g->arena, int, graph_limit(r->body) + 1);
    for (int k = 0; k < graph_limit(r->body); k++)
        s->stacked[k] = -1;
    for (int p = 0; p < r->params.n; p++) {
        if (r->params.at[p].kind == LP_INDEX)
            s->index = r->body->params.at[p];
        const Node *arg = r->params.at[p].kind == LP_CAPTURE ? s->rev->arg[loop_argument(r, p)] : NULL;
        if (arg && arg->op == OP_proj && arg->arg[0] == s->fwd && l->outs.at[arg->u.axis].kind == LO_COLLECT)
            s->stacked[r->body->params.at[p]->id] = (int)arg->u.axis;
    }
    for (int i = 0; i < r->body->nodes.n; i++)
        for (int a = 0; a < r->body->nodes.at[i]->narg; a++) {
            int k = s->stacked[r->body->nodes.at[i]->arg[a]->id];
            if (k >= 0 && saved_param(l, k) >= 0 && !reads_slice(s, r->body->nodes.at[i], a))
                return false;
        }
    return true;
}

/* Values that L stores for every iteration anyway. */
static void find_cuts(Sparse *s)
{
    const Loop *l = s->fwd->u.loop;
    s->cut = NEW_N(s->g->arena, int, graph_limit(l->body) + 1);
    for (int k = 0; k < l->outs.n; k++)
        if (l->outs.at[k].kind == LO_COLLECT && saved_param(l, k) < 0)
            s->cut[l->body->results.at[l->outs.at[k].result]->id] = k + 1;
}

static void find_live(Sparse *s)
{
    const Loop *l = s->fwd->u.loop, *r = s->rev->u.loop;
    s->live = NEW_N(s->g->arena, bool, l->params.n + 1);
    for (int p = 0; p < r->params.n; p++) {
        int k = s->stacked[r->body->params.at[p]->id];
        if (k >= 0 && saved_param(l, k) >= 0)
            s->live[saved_param(l, k)] = true;
    }
    bool *need = NEW_N(s->g->arena, bool, graph_limit(l->body) + 1);
    for (bool more = true; more;) {
        more = false;
        for (int p = 0; p < l->params.n; p++)
            if (s->live[p])
                need[l->body->results.at[l->params.at[p].result]->id] = true;
        for (int i = l->body->nodes.n - 1; i >= 0; i--) {
            const Node *n = l->body->nodes.at[i];
            for (int a = 0; need[n->id] && !s->cut[n->id] && a < n->narg; a++)
                need[n->arg[a]->id] = true;
        }
        for (int p = 0; p < l->params.n; p++)
            if (l->params.at[p].kind == LP_CARRY && !s->live[p] && need[l->body->params.at[p]->id])
                more = s->live[p] = true;
    }
}

/* ---- R with STATE parameters ---- */
static Node *without_slice(Sparse *s, Graph *to, const Node *n, Node *const *map)
{
    Contract c = *n->u.contract;
    Node *args[MAX_OPERANDS];
    for (int a = 0; a < n->narg; a++) {
        int k = s->stacked[n->arg[a]->id], p = k >= 0 ? saved_param(s->fwd->u.loop, k) : -1;
        args[a] = map[n->arg[a]->id];
        if (p < 0 || a >= c.nfactor)
            continue;
        args[a] = to->params.at[s->state_of[p]];
        c.arg[a].rank--;
        memmove(c.arg[a].place, c.arg[a].place + 1, sizeof *c.arg[a].place * (size_t)c.arg[a].rank);
    }
    to->here = n->origin;
    return ir_contract(to, &c, args, n->type);
}

static bool uses_state(const Sparse *s, const Node *n)
{
    for (int a = 0; a < n->narg; a++) {
        int k = s->stacked[n->arg[a]->id];
        if (k >= 0 && saved_param(s->fwd->u.loop, k) >= 0)
            return true;
    }
    return false;
}

static int new_param(Graph *g, Loop *r, Node *rev, LoopParamKind kind, const Node *like, Node *arg)
{
    ir_param_like(r->body, like);
    vec_push(g->arena, r->params, (LoopParam){ kind, -1 });
    Node **args = NEW_N(g->arena, Node *, rev->narg + 1);
    memcpy(args, rev->arg, sizeof *args * (size_t)rev->narg);
    args[rev->narg++] = arg;
    rev->arg = args;
    return r->params.n - 1;
}

static void give_states(Sparse *s)
{
    Loop *l = s->fwd->u.loop, *r = s->rev->u.loop;
    Graph *old = r->body, *body = graph_new(s->g->arena, old->name);
    Node **map = NEW_N(s->g->arena, Node *, graph_limit(old) + 1);
    graph_same_params(body, old, map);
    r->body = body;
    l->saves = r->saves = s->plan;
    s->state_of = NEW_N(s->g->arena, int, l->params.n + 1);
    for (int p = 0; p < l->params.n; p++) {
        s->state_of[p] = -1;
        if (!s->live[p])
            continue;
        vec_push(s->g->arena, l->outs, (LoopOut){ LO_SAVE, p, -1 });
        s->state_of[p] = new_param(s->g, r, s->rev, LP_STATE, l->body->params.at[p], ir_proj(s->g, s->fwd, l->outs.n - 1));
    }
    for (int i = 0; i < old->nodes.n; i++) {
        Node *n = old->nodes.at[i];
        if (map[n->id] || n->op == OP_param)
            continue;
        if (uses_state(s, n))
            map[n->id] = without_slice(s, body, n, map);
        else
            graph_copy(body, old, n, map);
    }
    graph_same_results(body, old, map);
}

/* ---- the way from a saved state: L's iteration over parameters of R ---- */
typedef struct Way { Sparse *s; Loop *loop; Vec(int) from; } Way;

static Node *way_param(Way *w, LoopParamKind kind, int rev_param, const Node *like)
{
    for (int k = 0; k < w->loop->params.n; k++)
        if (w->from.at[k] == rev_param)
            return w->loop->body->params.at[k];
    Node *p = ir_param_like(w->loop->body, like);
    vec_push(w->s->g->arena, w->loop->params, (LoopParam){ kind, -1 });
    vec_push(w->s->g->arena, w->from, rev_param);
    return p;
}

static int capture_in_reverse(Way *w, Node *outer, const Node *like)
{
    Loop *r = w->s->rev->u.loop;
    for (int p = 0; p < r->params.n; p++)
        if (r->params.at[p].kind == LP_CAPTURE && w->s->rev->arg[loop_argument(r, p)] == outer)
            return p;
    return new_param(w->s->g, r, w->s->rev, LP_CAPTURE, like, outer);
}

static void make_way(Sparse *s)
{
    Loop *l = s->fwd->u.loop, *r = s->rev->u.loop;
    Way w = { .s = s, .loop = NEW(s->g->arena, Loop) };
    Graph *body = graph_new(s->g->arena, l->body->name);
    *w.loop = (Loop){ .n = l->n, .down = l->down, .name = intern_printf("%s.again", l->name ? l->name : "loop"), .is_steps = l->is_steps, .first = l->first, .body = body };
    Node **map = NEW_N(s->g->arena, Node *, graph_limit(l->body) + 1), **params = NEW_N(s->g->arena, Node *, l->params.n + 1), *index = NULL;
    bool *need = NEW_N(s->g->arena, bool, graph_limit(l->body) + 1);
    for (int p = 0; p < l->params.n; p++)
        if (s->live[p])
            need[l->body->results.at[l->params.at[p].result]->id] = true;
    for (int i = l->body->nodes.n - 1; i >= 0; i--)
        for (int a = 0; need[l->body->nodes.at[i]->id] && !s->cut[l->body->nodes.at[i]->id] && a < l->body->nodes.at[i]->narg; a++)
            need[l->body->nodes.at[i]->arg[a]->id] = true;
    for (int p = 0; p < r->params.n; p++)
        if (r->params.at[p].kind == LP_INDEX)
            index = way_param(&w, LP_INDEX, p, r->body->params.at[p]);
    for (int p = 0; p < l->params.n; p++) {
        const Node *x = l->body->params.at[p];
        if (l->params.at[p].kind == LP_INDEX)
            params[p] = index;
        else if (l->params.at[p].kind == LP_CARRY)
            params[p] = s->live[p] ? way_param(&w, LP_CARRY, s->state_of[p], x) : NULL;
        else if (need[x->id])
            params[p] = way_param(&w, LP_CAPTURE, capture_in_reverse(&w, s->fwd->arg[loop_argument(l, p)], x), x);
    }
    for (int i = 0; i < l->body->nodes.n; i++) {
        const Node *n = l->body->nodes.at[i];
        if (!need[n->id] || !s->cut[n->id])
            continue;
        body->here = n->origin;
        Node *all = ir_proj(s->g, s->fwd, s->cut[n->id] - 1);
        all->origin.name = n->origin.name ? intern_printf("%s_at", n->origin.name) : NULL;
        map[n->id] = slice_at(body, way_param(&w, LP_CAPTURE, capture_in_reverse(&w, all, all), all), index);
    }
    for (int p = 0; p < l->params.n; p++) {
        if (!s->live[p])
            continue;
        Node *next = l->body->results.at[l->params.at[p].result], *out;
        graph_inline(body, l->body, params, &next, 1, &out, map);
        ir_result(body, out, l->body->params.at[p]->origin.name);
        for (int k = 0; k < w.loop->params.n; k++)
            if (w.from.at[k] == s->state_of[p])
                w.loop->params.at[k].result = body->results.n - 1;
    }
    Again *a = NEW(s->g->arena, Again);
    *a = (Again){ w.loop, w.from.at, NEW_N(s->g->arena, int, w.from.n + 1) };
    for (int k = 0; k < w.from.n; k++)
        a->start[k] = -1;
    for (int p = 0; p < l->params.n && s->plan->from_start; p++)
        for (int k = 0; k < w.from.n && s->live[p]; k++)
            if (w.from.at[k] == s->state_of[p])
                a->start[k] = capture_in_reverse(&w, s->fwd->arg[loop_argument(l, p)], l->body->params.at[p]);
    r->again = a;
}

/* The initial state need not be saved when all that is live of it is constant or comes from outside. */
static const Checkpoints *without_start(const Sparse *s)
{
    const Loop *l = s->fwd->u.loop;
    if (s->plan->bases != 1 || s->plan->stored)
        return s->plan;
    for (int p = 0; p < l->params.n; p++)
        if (s->live[p] && s->fwd->arg[loop_argument(l, p)]->op != OP_const && s->fwd->arg[loop_argument(l, p)]->op != OP_param)
            return s->plan;
    Checkpoints *c = NEW(s->g->arena, Checkpoints);
    *c = *s->plan;
    c->bases = 0;
    c->from_start = true;
    return c;
}

bool checkpoint_pair(Graph *g, Node *fwd, Node *rev, const Checkpoints *plan)
{
    Sparse s = { .g = g, .fwd = fwd, .rev = rev, .plan = plan };
    if (!only_slices(&s))
        return false;
    find_cuts(&s);
    find_live(&s);
    bool any = false;
    for (int p = 0; p < fwd->u.loop->params.n; p++)
        any |= s.live[p];
    if (!any)
        return false;
    s.plan = without_start(&s);
    give_states(&s);
    make_way(&s);
    return true;
}
