/* merge_loops.c -- loops of one graph that do the same work do it once.
 *
 * Two loops A (earlier) and B with equal trip counts and directions are laid over each other: their bodies are inlined into one graph, in which captures of
 * the same value are one parameter and carried values of the same name and initial value are taken to be equal. Hash-consing then tells which of them
 * really have the same next value (a coinduction: assume, check, give up those that fail, check again). What follows:
 *   independent   B's work joins A's loop (when something is shared): equal loops become one, a tangent loop takes over its primal's work
 *   B needs A     a carried value of B that A collects is read from A's output
 * The latter ties B to the stacked output of A, so it is done for loops whose values are all stored (see Shared). Where they are not, the opposite is done:
 *   B is told apart   what a later loop reads of both comes from B alone, which has A's values too: each of A and B is then read by one loop, and may save few of its
 *                     states for it. (A primal loop, then its tangent that needs the gradient first: the reverse loop of the gradient reads A, that of the tangent B.)
 * Loops that save few states already are left as they are. The graph computes the same numbers. */
#include "opt.h"

typedef struct Both {
    Graph *c;                  /* the graph under construction */
    Node  *a;                  /* A in it */
    const Loop *la, *lb;
    Node *const *barg;         /* B's arguments in it */
    int   *same;               /* by parameter of B: the carried parameter of A it is equal to, or -1 */
    Graph *s;                  /* both bodies over common parameters */
    Loop  *joint;              /* s's parameters described; results: A's, then B's */
    Vec(Node *) arg;           /* its arguments in c */
    int   *aparam, *bparam;    /* A's and B's parameters among s's */
} Both;

static int find_param(const Both *b, LoopParamKind kind, const Node *outer)
{
    for (int p = 0, a = 0; p < b->joint->params.n; p++) {
        if (b->joint->params.at[p].kind == kind && b->arg.at[a] == outer)
            return p;
        a += b->joint->params.at[p].kind != LP_INDEX;
    }
    return -1;
}

static int add_param(Both *b, LoopParamKind kind, const Node *like, Node *arg)
{
    int found = kind == LP_CAPTURE || kind == LP_GIVEN ? find_param(b, kind, arg) : -1;
    if (found >= 0)
        return found;
    ir_param_like(b->s, like);
    vec_push(b->c->arena, b->joint->params, (LoopParam){ kind, -1 });
    if (kind != LP_INDEX)
        vec_push(b->c->arena, b->arg, arg);
    return b->joint->params.n - 1;
}

/* Lays both bodies over each other under the present assumptions. */
static void overlay(Both *b)
{
    Arena *arena = b->c->arena;
    b->s = graph_new(arena, b->la->body->name);
    b->joint = NEW(arena, Loop);
    b->joint->n = b->la->n;
    b->joint->down = b->la->down;
    b->joint->name = b->la->name;
    b->joint->is_steps = b->la->is_steps;
    b->joint->first = b->la->first;
    b->arg.n = 0;
    for (int p = 0, a = 0; p < b->la->params.n; p++) {
        LoopParamKind kind = b->la->params.at[p].kind;
        b->aparam[p] = add_param(b, kind, b->la->body->params.at[p], kind == LP_INDEX ? NULL : b->a->arg[a]);
        a += kind != LP_INDEX;
    }
    for (int p = 0, a = 0; p < b->lb->params.n; p++) {
        LoopParamKind kind = b->lb->params.at[p].kind;
        if (kind == LP_INDEX) {
            for (int q = 0; q < b->la->params.n; q++)
                if (b->la->params.at[q].kind == LP_INDEX)
                    b->bparam[p] = b->aparam[q];
            continue;
        }
        b->bparam[p] = b->same[p] >= 0 ? b->aparam[b->same[p]] : add_param(b, kind, b->lb->body->params.at[p], b->barg[a]);
        a++;
    }
    Node **ap = NEW_N(arena, Node *, b->la->params.n + 1), **bp = NEW_N(arena, Node *, b->lb->params.n + 1);
    for (int p = 0; p < b->la->params.n; p++)
        ap[p] = b->s->params.at[b->aparam[p]];
    for (int p = 0; p < b->lb->params.n; p++)
        bp[p] = b->s->params.at[b->bparam[p]];
    const Graph *ga = b->la->body, *gb = b->lb->body;
    Node **res = NEW_N(arena, Node *, ga->results.n + gb->results.n + 1);
    graph_inline(b->s, ga, ap, ga->results.at, ga->results.n, res, NULL);
    graph_inline(b->s, gb, bp, gb->results.at, gb->results.n, res + ga->results.n, NULL);
    for (int k = 0; k < ga->results.n + gb->results.n; k++)
        ir_result(b->s, res[k], NULL);
    b->s = b->joint->body = opt_merge_loops(b->s, NULL, NULL);
}

static Node *a_result(const Both *b, int k) { return b->s->results.at[k]; }
static Node *b_result(const Both *b, int k) { return b->s->results.at[b->la->body->results.n + k]; }

static bool may_be_same(const Both *b, int p, int q)
{
    const Node *x = b->lb->body->params.at[p], *y = b->la->body->params.at[q];
    return b->la->params.at[q].kind == LP_CARRY && x->origin.name && x->origin.name == y->origin.name && b->barg[loop_argument(b->lb, p)] == b->a->arg[loop_argument(b->la, q)];
}

/* Which carried values of B are A's. Returns their number. */
static int find_same(Both *b)
{
    int count = 0;
    for (int p = 0; p < b->lb->params.n; p++) {
        b->same[p] = -1;
        for (int q = 0; q < b->la->params.n && b->lb->params.at[p].kind == LP_CARRY && b->same[p] < 0; q++) {
            bool taken = false;
            for (int k = 0; k < p; k++)
                taken |= b->same[k] == q;
            if (!taken && may_be_same(b, p, q))
                b->same[p] = q;
        }
        count += b->same[p] >= 0;
    }
    for (bool again = count > 0; again;) {
        overlay(b);
        again = false;
        for (int p = 0; p < b->lb->params.n; p++)
            if (b->same[p] >= 0 && b_result(b, b->lb->params.at[p].result) != a_result(b, b->la->params.at[b->same[p]].result)) {
                b->same[p] = -1;
                count--;
                again = count > 0;
            }
    }
    return count;
}

/* What B is given A is given too: then A's recording is B's, since what a loop is given of another at an iteration is what that one computes there. */
static bool given_the_same(const Both *b)
{
    for (int p = 0; p < b->lb->params.n; p++) {
        bool found = b->lb->params.at[p].kind != LP_GIVEN;
        for (int q = 0; q < b->la->params.n && !found; q++)
            found = b->la->params.at[q].kind == LP_GIVEN && b->a->arg[loop_argument(b->la, q)] == b->barg[loop_argument(b->lb, p)];
        if (!found)
            return false;
    }
    return true;
}

/* A's recording, with its parameters where they are in the joint loop. */
static const Record *joint_record(const Both *b)
{
    const Record *old = b->la->record;
    Record *r = NEW(b->c->arena, Record);
    *r = (Record){ old->loop, NEW_N(b->c->arena, int, old->loop->params.n + 1), NEW_N(b->c->arena, int, old->loop->body->results.n + 1) };
    for (int k = 0; k < old->loop->params.n; k++)
        r->from[k] = b->aparam[old->from[k]];
    for (int k = 0; k < old->loop->body->results.n; k++)
        r->gives[k] = b->aparam[old->gives[k]];
    return r;
}

static bool needs(const Both *b)
{
    return graph_needed(b->a->graph->arena, b->a->graph, b->arg.at, b->joint->params.n - 1)[b->a->id];
}

static int add_out(Graph *c, Loop *l, LoopOut o)
{
    for (int k = 0; k < l->outs.n; k++)
        if (l->outs.at[k].kind == o.kind && (o.kind == LO_CARRY ? l->outs.at[k].param == o.param : l->body->results.at[l->outs.at[k].result] == l->body->results.at[o.result]))
            return k;
    vec_push(c->arena, l->outs, o);
    return l->outs.n - 1;
}

static void visit(Node *n, bool *seen, Node **order, int *count)
{
    if (seen[n->id])
        return;
    seen[n->id] = true;
    for (int a = 0; a < n->narg; a++)
        visit(n->arg[a], seen, order, count);
    order[(*count)++] = n;
}

void opt_reorder(Graph *g)
{
    int limit = 0, n = 0;
    for (int i = 0; i < g->nodes.n; i++)
        limit = g->nodes.at[i]->id >= limit ? g->nodes.at[i]->id + 1 : limit;
    bool *seen = NEW_N(g->arena, bool, limit + 1);
    Node **order = NEW_N(g->arena, Node *, g->nodes.n + 1);
    for (int i = 0; i < g->nodes.n; i++)
        visit(g->nodes.at[i], seen, order, &n);
    for (int i = 0; i < n; i++) {
        g->nodes.at[i] = order[i];
        order[i]->id = i;
    }
    g->nodes.n = n;
    g->table_size = 0;                            /* hashes go by number: made anew with the next node */
}

/* A does B's work too; place: where B's outputs are among A's. */
static void join(Both *b, int *place)
{
    Loop *l = b->joint;
    int na = b->la->body->results.n;
    for (int p = 0; p < b->la->params.n; p++)
        if (b->la->params.at[p].kind == LP_CARRY)
            l->params.at[b->aparam[p]].result = b->la->params.at[p].result;
    for (int p = 0; p < b->lb->params.n; p++)
        if (b->lb->params.at[p].kind == LP_CARRY && b->same[p] < 0)
            l->params.at[b->bparam[p]].result = na + b->lb->params.at[p].result;
    for (int k = 0; k < b->la->outs.n; k++) {
        LoopOut o = b->la->outs.at[k];
        if (o.kind == LO_CARRY)
            o.param = b->aparam[o.param];
        vec_push(b->c->arena, l->outs, o);
    }
    for (int k = 0; k < b->lb->outs.n; k++) {
        LoopOut o = b->lb->outs.at[k];
        place[k] = add_out(b->c, l, o.kind == LO_CARRY ? (LoopOut){ LO_CARRY, b->bparam[o.param], l->params.at[b->bparam[o.param]].result } : (LoopOut){ o.kind, -1, na + o.result });
    }
    if (b->la->record)
        l->record = joint_record(b);
    b->a->u.loop = l;
    b->a->narg = b->arg.n;
    b->a->arg = b->arg.at;
    opt_reorder(b->c);
}

static int collected(const Loop *l, int q)
{
    for (int k = 0; k < l->outs.n; k++)
        if (l->outs.at[k].kind == LO_COLLECT && l->body->results.at[l->outs.at[k].result] == l->body->params.at[q])
            return k;
    return -1;
}

/* B with those of its carried values that A collects as slices of A's outputs. Returns B in c, or NULL when A collects none of them. */
static Node *read_from(Both *b)
{
    Arena *arena = b->c->arena;
    const Loop *old = b->lb;
    Loop *l = NEW(arena, Loop);
    Graph *body = graph_new(arena, old->body->name);
    *l = (Loop){ .n = old->n, .down = old->down, .name = old->name, .is_steps = old->is_steps, .first = old->first, .body = body };
    Vec(Node *) args = { 0 };
    Node **params = NEW_N(arena, Node *, old->params.n + 1), **res = NEW_N(arena, Node *, old->body->results.n + 1), *index = NULL;
    int *at = NEW_N(arena, int, old->params.n + 1), found = 0;
    for (int p = 0; p < old->params.n; p++)
        if (old->params.at[p].kind == LP_INDEX) {
            params[p] = index = ir_param_like(body, old->body->params.at[p]);
            vec_push(arena, l->params, (LoopParam){ LP_INDEX, -1 });
        }
    for (int p = 0, a = 0; p < old->params.n; p++) {
        const Node *x = old->body->params.at[p];
        if (old->params.at[p].kind == LP_INDEX)
            continue;
        int out = b->same[p] >= 0 ? collected(b->la, b->same[p]) : -1;
        at[p] = l->params.n;
        vec_push(arena, l->params, (LoopParam){ out >= 0 ? LP_CAPTURE : old->params.at[p].kind, old->params.at[p].result });
        if (out < 0) {
            params[p] = ir_param_like(body, x);
            vec_push(arena, args, b->barg[a++]);
            continue;
        }
        Node *all = ir_proj(b->c, b->a, out), *param = ir_param_like(body, all);
        param->origin.name = x->origin.name ? intern_printf("%s_at", x->origin.name) : NULL;
        params[p] = ir_pick(body, param, 0, index);
        vec_push(arena, args, all);
        at[p] = -1;
        found++;
        a++;
    }
    if (!found)
        return NULL;
    graph_inline(body, old->body, params, old->body->results.at, old->body->results.n, res, NULL);
    for (int k = 0; k < old->body->results.n; k++)
        ir_result(body, res[k], NULL);
    for (int k = 0; k < old->outs.n; k++) {
        LoopOut o = old->outs.at[k];
        if (o.kind == LO_CARRY && at[o.param] < 0)
            o = (LoopOut){ LO_COLLECT, -1, o.result };           /* its last value is A's: see merge_one; nobody reads this */
        else if (o.kind == LO_CARRY)
            o.param = at[o.param];
        vec_push(arena, l->outs, o);
    }
    return ir_loop(b->c, l, args.at, args.n);
}

/* Output `out` of A collects what B carries as its parameter too. b is known once B is built. */
typedef struct Twin { Node *a, *b; int out, param; } Twin;
typedef struct Twins { Vec(Twin) all; int told; } Twins;       /* those from `told` on wait for their B */

static void find_twins(const Both *b, Twins *twins)
{
    for (int p = 0; p < b->lb->params.n; p++) {
        int out = b->same[p] >= 0 ? collected(b->la, b->same[p]) : -1;
        if (out >= 0)
            vec_push(b->c->arena, twins->all, (Twin){ b->a, NULL, out, p });
    }
}

static bool reads_both(Node *const *args, int n, const Twin *t)
{
    bool a = false, b = false;
    for (int k = 0; k < n; k++) {
        a |= args[k]->op == OP_proj && args[k]->arg[0] == t->a && args[k]->u.axis == t->out;
        b |= args[k]->op == OP_proj && args[k]->arg[0] == t->b && t->b->u.loop->outs.at[args[k]->u.axis].kind == LO_COLLECT;
    }
    return a && b;
}

/* What a loop over these arguments reads of A and B comes from B. */
static void tell_apart(Graph *c, Node **args, int n, const Twins *twins)
{
    for (int i = 0; i < twins->told; i++) {
        const Twin *t = &twins->all.at[i];
        if (!reads_both(args, n, t))
            continue;
        Loop *l = t->b->u.loop;
        int out = collected(l, t->param);
        if (out < 0) {
            ir_result(l->body, l->body->params.at[t->param], NULL);
            out = add_out(c, l, (LoopOut){ LO_COLLECT, -1, l->body->results.n - 1 });
        }
        for (int k = 0; k < n; k++)
            if (args[k]->op == OP_proj && args[k]->arg[0] == t->a && args[k]->u.axis == t->out) {
                Node *all = ir_proj(c, t->b, out);
                all->origin = args[k]->origin;
                args[k] = all;
            }
    }
}

/* B joined to, or fed by, an earlier loop of c; out: B's outputs in c. false: it stays by itself. */
static bool merge_one(Graph *c, const Node *n, Node *const *args, SharedFn *shared, const void *user, Node **out, Twins *twins)
{
    const Loop *l = n->u.loop;
    Both b = { .c = c, .lb = l, .barg = args };
    for (int i = 0; i < c->nodes.n; i++) {
        b.a = c->nodes.at[i];
        if (b.a->op != OP_loop || b.a->u.loop->saves || l->saves || b.a->u.loop->n != l->n || b.a->u.loop->down != l->down || b.a->u.loop->is_steps != l->is_steps || b.a->u.loop->first != l->first)
            continue;
        b.la = b.a->u.loop;
        b.same = NEW_N(c->arena, int, l->params.n + 1);
        b.aparam = NEW_N(c->arena, int, b.la->params.n + 1);
        b.bparam = NEW_N(c->arena, int, l->params.n + 1);
        if (!given_the_same(&b) || !find_same(&b))
            continue;
        if (!needs(&b)) {
            int *place = NEW_N(c->arena, int, l->outs.n + 1);
            join(&b, place);
            for (int k = 0; k < l->outs.n; k++)
                out[k] = ir_proj(c, b.a, place[k]);
            return true;
        }
        if (l->record)
            continue;
        bool stacks = !shared || shared(l, user);
        if (!stacks)
            find_twins(&b, twins);
        Node *fed = stacks ? read_from(&b) : NULL;
        for (int k = 0; fed && k < l->outs.n; k++) {
            LoopOut o = l->outs.at[k];
            if (o.kind == LO_CARRY && b.same[o.param] >= 0 && fed->u.loop->outs.at[k].kind == LO_COLLECT)
                out[k] = ir_proj(c, b.a, add_out(c, b.a->u.loop, (LoopOut){ LO_CARRY, b.same[o.param], b.la->params.at[b.same[o.param]].result }));
            else
                out[k] = ir_proj(c, fed, k);
        }
        if (fed)
            return true;
    }
    return false;
}

Graph *opt_merge_loops(Graph *g, SharedFn *shared, const void *user)
{
    int limit = graph_limit(g);
    Graph *c = graph_new(g->arena, g->name);
    Node **map = NEW_N(g->arena, Node *, limit + 1), ***outs = NEW_N(g->arena, Node **, limit + 1);
    graph_same_params(c, g, map);
    bool *need = graph_needed(g->arena, g, g->results.at, g->results.n);
    Twins twins = { 0 };
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (map[n->id] || n->op == OP_param || !need[n->id])
            continue;
        c->here = n->origin;
        if (n->op == OP_loop) {
            Node **args = NEW_N(g->arena, Node *, n->narg + 1);
            for (int a = 0; a < n->narg; a++)
                args[a] = map[n->arg[a]->id];
            n->u.loop->body = opt_merge_loops(n->u.loop->body, shared, user);
            outs[n->id] = NEW_N(g->arena, Node *, n->u.loop->outs.n + 1);
            tell_apart(c, args, n->narg, &twins);
            if (!merge_one(c, n, args, shared, user, outs[n->id], &twins)) {
                outs[n->id] = NULL;
                map[n->id] = ir_loop(c, n->u.loop, args, n->narg);
                for (; twins.told < twins.all.n; twins.told++)
                    twins.all.at[twins.told].b = map[n->id];
            }
            twins.all.n = twins.told;
        } else if (n->op == OP_proj && outs[n->arg[0]->id])
            map[n->id] = outs[n->arg[0]->id][n->u.axis];
        else
            graph_copy(c, g, n, map);
    }
    graph_same_results(c, g, map);
    return c;
}
