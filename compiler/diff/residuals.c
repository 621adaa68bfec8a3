/* residuals.c -- the schedules `keep` and `gradients`: values that a reverse loop computes again are stored by the forward loop instead.
 *
 * After differentiation every reverse loop R finds the carried values c_i of its forward loop L stacked in an output of L, and computes what
 * it needs of L's iteration again (a snapshot per iteration). A node of R's body is closed if it depends only on those slices, on the index and on
 * values that L may read as well. Closed nodes that others use are the residuals. `keep` builds them in L's body (where hash-consing
 * finds the values that L computes anyway), collects them there, and makes R read slices. Elementwise residuals whose operands are at hand
 * stay recomputed: that costs less than the traffic.
 * Invariant: the graph computes the same numbers, with the same operations. */
#include "residuals.h"

Node *residuals_forward(Graph *g, const Node *rev)
{
    for (int a = 0; a < rev->narg; a++) {
        const Node *x = rev->arg[a];
        if (x->op != OP_proj || x->arg[0]->op != OP_loop || x->arg[0] == rev)
            continue;
        const Loop *l = x->arg[0]->u.loop;
        if (l->n == rev->u.loop->n && l->down != rev->u.loop->down && l->outs.at[x->u.axis].kind == LO_COLLECT)
            return x->arg[0];
    }
    return NULL;
}

bool is_index_place(const Place *p, const Node *n, const Node *index)
{
    for (int l = 0; l < n->u.contract->nletters; l++)
        if (p->coef[l])
            return false;
    return !p->base && p->index >= 0 && n->arg[p->index] == index;
}

/* Every stacked operand of the contract is read at the loop's index. */
static bool reads_slices(const Pair *p, const Node *n)
{
    if (n->op != OP_contract)
        return false;
    for (int a = 0; a < n->narg; a++)
        if (p->stacked[n->arg[a]->id] >= 0 && (a >= n->u.contract->nfactor || !is_index_place(&n->u.contract->arg[a].place[0], n, p->index)))
            return false;
    return true;
}

/* A carried value of L at iteration i, where it is not stacked but brought back from a saved state. */
static Node *state_in_forward(const Pair *p, int q)
{
    const Node *saved = p->rev->arg[loop_argument(p->rev->u.loop, q)];
    const Loop *l = p->fwd->u.loop;
    return l->body->params.at[l->outs.at[saved->u.axis].param];
}

/* Loops that save few of their states are run where they stand: others have no room for what they hold. */
static bool saves_few(const Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Loop *l = g->nodes.at[i]->op == OP_loop ? g->nodes.at[i]->u.loop : NULL;
        if (l && (l->saves || saves_few(l->body)))
            return true;
    }
    return false;
}

static void find_closed(Pair *p)
{
    const Loop *r = p->rev->u.loop;
    Graph *b = r->body;
    for (int q = 0; q < r->params.n; q++) {
        Node *param = b->params.at[q];
        p->stacked[param->id] = -1;
        p->trivial[param->id] = true;
        if (r->params.at[q].kind == LP_INDEX) {
            p->closed[param->id] = true;
            p->index = param;
        } else if (r->params.at[q].kind == LP_STATE) {
            p->closed[param->id] = true;
            p->map[param->id] = p->args[q] = state_in_forward(p, q);
        } else if (r->params.at[q].kind == LP_CAPTURE) {
            Node *arg = p->rev->arg[loop_argument(r, q)];
            if (arg->op == OP_proj && arg->arg[0] == p->fwd && p->fwd->u.loop->outs.at[arg->u.axis].kind == LO_COLLECT)
                p->stacked[param->id] = (int)arg->u.axis;
            else
                p->closed[param->id] = !p->after[arg->id];
        }
    }
    for (int i = 0; i < b->nodes.n; i++) {
        Node *n = b->nodes.at[i];
        if (n->op == OP_param)
            continue;
        bool closed = n->op != OP_loop || !(n->u.loop->saves || saves_few(n->u.loop->body));
        for (int a = 0; a < n->narg; a++)
            closed &= p->closed[n->arg[a]->id] || (p->stacked[n->arg[a]->id] >= 0 && reads_slices(p, n));
        p->closed[n->id] = closed;
    }
    residuals_trivial(p);
}

void residuals_trivial(Pair *p)
{
    const Graph *b = p->rev->u.loop->body;
    for (int i = 0; i < b->nodes.n; i++) {
        const Node *n = b->nodes.at[i];
        if (n->op == OP_param)
            continue;
        bool view = n->op == OP_contract && n->u.contract->nfactor == 1, easy = true;
        for (int a = 0; a < n->narg; a++)
            easy &= p->trivial[n->arg[a]->id] || p->stacked[n->arg[a]->id] >= 0;
        /* Views of what is at hand, and what elementwise operators make of it cheaply, are not worth storing. */
        bool cheap = op_info[n->op].kind == K_MAP && op_info[n->op].flops <= 4;
        bool sums = view && !contract_only_copies(n->u.contract, &n->type) && p->stacked[n->arg[0]->id] < 0;
        p->trivial[n->id] = p->closed[n->id] && easy && (n->op == OP_const || n->op == OP_iota || cheap || (view && !sums) || n->op == OP_reshape);
    }
}

/* A broadcast: what it is made of takes less room. */
static bool widens(const Pair *p, const Node *n)
{
    return n->op == OP_contract && n->narg == 1 && p->closed[n->arg[0]->id] && type_count(&n->arg[0]->type) < type_count(&n->type);
}

/* Which closed nodes to store. A stored node makes consumers of it cheap, so trivial is brought up to date in order. */
int residuals_choose(Pair *p, Node **saved)
{
    const Loop *r = p->rev->u.loop;
    Graph *b = r->body;
    bool *used = NEW_N(b->arena, bool, p->limit + 1);
    for (int i = 0; i < b->nodes.n; i++)
        for (int a = 0; a < b->nodes.at[i]->narg; a++)
            if (!p->closed[b->nodes.at[i]->id])
                used[b->nodes.at[i]->arg[a]->id] = true;
    for (int k = 0; k < b->results.n; k++)
        used[b->results.at[k]->id] = true;
    for (int i = b->nodes.n - 1; i >= 0; i--) {
        Node *x = b->nodes.at[i];
        if (used[x->id] && p->closed[x->id] && !p->trivial[x->id] && widens(p, x)) {
            used[x->id] = false;
            used[x->arg[0]->id] = true;
        }
    }
    int n = 0;
    for (int i = 0; i < b->nodes.n; i++) {
        Node *x = b->nodes.at[i];
        if (!p->closed[x->id] || x->op == OP_param || x->op == OP_loop)
            continue;
        if (!p->trivial[x->id] && ((op_info[x->op].kind == K_MAP && op_info[x->op].flops <= 4) || widens(p, x))) {
            bool easy = true;
            for (int a = 0; a < x->narg; a++)
                easy &= p->trivial[x->arg[a]->id];
            p->trivial[x->id] = easy;
        }
        if (used[x->id] && !p->trivial[x->id] && x->type.dtype != T_NONE) {
            saved[n++] = x;
            p->trivial[x->id] = true;
        }
    }
    return n;
}

/* L's body parameter for a value that R captures; captured anew if L does not. */
static Node *capture_in_forward(Pair *p, Node *outer)
{
    Loop *l = p->fwd->u.loop;
    for (int q = 0; q < l->params.n; q++)
        if (l->params.at[q].kind == LP_CAPTURE && p->fwd->arg[loop_argument(l, q)] == outer)
            return l->body->params.at[q];
    Node *param = ir_param_like(l->body, outer);
    vec_push(p->g->arena, l->params, (LoopParam){ LP_CAPTURE, -1 });
    Node **args = NEW_N(p->g->arena, Node *, p->fwd->narg + 1);
    memcpy(args, p->fwd->arg, sizeof *args * (size_t)p->fwd->narg);
    args[p->fwd->narg++] = outer;
    p->fwd->arg = args;
    return param;
}

static Node *translate_contract(Pair *p, Node *n)
{
    const Loop *l = p->fwd->u.loop;
    Contract c = *n->u.contract;
    Node *args[MAX_OPERANDS];
    for (int a = 0; a < n->narg; a++) {
        int k = p->stacked[n->arg[a]->id];
        if (k < 0) {
            args[a] = residuals_translate(p, n->arg[a]);
            continue;
        }
        args[a] = l->body->results.at[l->outs.at[k].result];
        c.arg[a].rank--;
        memmove(c.arg[a].place, c.arg[a].place + 1, sizeof *c.arg[a].place * (size_t)c.arg[a].rank);
    }
    return ir_contract(l->body, &c, args, n->type);
}

Node *residuals_translate(Pair *p, Node *n)
{
    if (p->map[n->id])
        return p->map[n->id];
    const Loop *r = p->rev->u.loop;
    Graph *to = p->fwd->u.loop->body;
    if (n->op == OP_param) {
        for (int q = 0; q < r->params.n; q++)
            if (r->body->params.at[q] == n) {
                if (r->params.at[q].kind == LP_INDEX) {
                    for (int k = 0; k < p->fwd->u.loop->params.n; k++)
                        if (p->fwd->u.loop->params.at[k].kind == LP_INDEX)
                            return p->map[n->id] = p->args[q] = to->params.at[k];
                }
                return p->map[n->id] = p->args[q] = capture_in_forward(p, p->rev->arg[loop_argument(r, q)]);
            }
        ice("keep: a parameter is not the loop's");
    }
    bool slices = false;
    for (int a = 0; a < n->narg; a++)
        slices |= p->stacked[n->arg[a]->id] >= 0;
    if (slices)
        return p->map[n->id] = translate_contract(p, n);
    for (int a = 0; a < n->narg; a++)
        residuals_translate(p, n->arg[a]);
    graph_inline(to, r->body, p->args, &n, 1, &p->map[n->id], p->map);
    return p->map[n->id];
}

int residuals_output(Pair *p, LoopOutKind kind, Node *value)
{
    Loop *l = p->fwd->u.loop;
    for (int k = 0; k < l->outs.n; k++)
        if (l->outs.at[k].kind == kind && l->body->results.at[l->outs.at[k].result] == value)
            return k;
    ir_result(l->body, value, NULL);
    vec_push(p->g->arena, l->outs, (LoopOut){ kind, -1, l->body->results.n - 1 });
    return l->outs.n - 1;
}

/* R with slices of new captures in the place of the stored nodes. */
static void rewrite_reverse(Pair *p, Node **saved, const int *out, int n)
{
    Loop *r = p->rev->u.loop;
    Graph *old = r->body, *body = graph_new(p->g->arena, old->name);
    Node **params = NEW_N(p->g->arena, Node *, old->params.n + 1), **map = NEW_N(p->g->arena, Node *, p->limit + 1), *index = NULL;
    for (int q = 0; q < old->params.n; q++) {
        params[q] = ir_param_like(body, old->params.at[q]);
        if (r->params.at[q].kind == LP_INDEX)
            index = params[q];
    }
    Node **args = NEW_N(p->g->arena, Node *, p->rev->narg + n + 1);
    memcpy(args, p->rev->arg, sizeof *args * (size_t)p->rev->narg);
    for (int k = 0; k < n; k++) {
        Node *all = ir_proj(p->g, p->fwd, out[k]);
        Node *param = ir_param(body, all->type, saved[k]->origin.name);
        param->origin = saved[k]->origin;
        vec_push(p->g->arena, r->params, (LoopParam){ LP_CAPTURE, -1 });
        args[p->rev->narg++] = all;
        body->here = saved[k]->origin;
        map[saved[k]->id] = slice_at(body, param, index);
    }
    p->rev->arg = args;
    Node **res = NEW_N(p->g->arena, Node *, old->results.n + 1);
    graph_inline(body, old, params, old->results.at, old->results.n, res, map);
    for (int k = 0; k < old->results.n; k++)
        ir_result(body, res[k], NULL);
    r->body = body;
}

static bool is_computed(const Node *n) { return n->op != OP_const && n->op != OP_param; }

/* The inner gradients that L computes are collected; those that R computes again are read. */
static int choose_gradients(Pair *p, Node **saved)
{
    Loop *l = p->fwd->u.loop;
    Graph *b = p->rev->u.loop->body;
    int n = 0, count = l->body->nodes.n;
    for (int i = 0; i < b->nodes.n; i++)
        if (b->nodes.at[i]->op == OP_mark && p->closed[b->nodes.at[i]->id] && is_computed(b->nodes.at[i]->arg[0]))
            saved[n++] = b->nodes.at[i]->arg[0];
    for (int i = 0; i < count; i++)
        if (l->body->nodes.at[i]->op == OP_mark && is_computed(l->body->nodes.at[i]->arg[0]))
            residuals_output(p, LO_COLLECT, l->body->nodes.at[i]->arg[0]);
    return n;
}

Pair residuals_pair(Graph *g, Node *fwd, Node *rev)
{
    Pair p = { .g = g, .fwd = fwd, .rev = rev, .limit = graph_limit(rev->u.loop->body) };
    p.stacked = NEW_N(g->arena, int, p.limit + 1);
    for (int i = 0; i < p.limit; i++)
        p.stacked[i] = -1;
    p.closed = NEW_N(g->arena, bool, p.limit + 1);
    p.trivial = NEW_N(g->arena, bool, p.limit + 1);
    p.map = NEW_N(g->arena, Node *, p.limit + 1);
    p.args = NEW_N(g->arena, Node *, rev->u.loop->params.n + 1);
    p.after = NEW_N(g->arena, bool, graph_limit(g) + 1);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        p.after[n->id] = n == fwd;
        for (int a = 0; a < n->narg; a++)
            p.after[n->id] |= p.after[n->arg[a]->id];
    }
    find_closed(&p);
    return p;
}

void residuals_keep(Graph *g, Node *fwd, Node *rev, Kept what)
{
    Pair p = residuals_pair(g, fwd, rev);
    Node **saved = NEW_N(g->arena, Node *, p.limit + 1);
    int n = what == KEEP_ALL ? residuals_choose(&p, saved) : choose_gradients(&p, saved), *out = NEW_N(g->arena, int, n + 1);
    for (int k = 0; k < n; k++)
        out[k] = residuals_output(&p, LO_COLLECT, residuals_translate(&p, saved[k]));
    if (n)
        rewrite_reverse(&p, saved, out, n);
}
