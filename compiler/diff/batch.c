/* batch.c -- a graph on many values at once: parameters that come in a batch have one more leading axis, and so has all that depends on them.
 *
 * Forward mode carries k tangents together this way: a tangent is linear in the direction, the primal values beside it do not depend on it and are computed once.
 * Input: the nodes of one graph, arguments for its parameters (batched or not). Output: the roots in another graph, batched or not. The rules are those of the kinds:
 * elementwise operators and reductions shift their axes, a contraction gets one more letter, loops carry what is batched as it is. */
#include "rules.h"

typedef struct Batch { Graph *to; const Graph *from; int64_t k; Node **map; bool *is; bool **is_out; Node *const *params; } Batch;

static Type batched_type(int64_t k, const Type *t)
{
    if (t->rank >= MAX_RANK)
        ice("a batch of values of rank %d", t->rank);
    return stacked_type(k, t);
}

/* The value with a leading axis: its own, or repeated. */
static Node *with_axis(Batch *b, const Node *n)
{
    Node *x = b->map[n->id];
    int axis[MAX_RANK];
    if (b->is[n->id])
        return x;
    Type t = batched_type(b->k, &x->type);
    for (int d = 0; d < x->type.rank; d++)
        axis[d] = d + 1;
    return ir_expand(b->to, x, t.rank, t.dim, axis);
}

static void push_axis(Access *a, int letter)
{
    memmove(a->place + 1, a->place, sizeof *a->place * (size_t)a->rank++);
    a->place[0] = place_letter(letter);
}

static Node *batch_contract(Batch *b, const Node *n)
{
    Contract c = *n->u.contract;
    Node *args[MAX_OPERANDS];
    int letter = contract_letter(&c, b->k, intern("direction_"));
    for (int a = 0; a < n->narg; a++) {
        args[a] = b->map[n->arg[a]->id];
        if (b->is[n->arg[a]->id])
            push_axis(&c.arg[a], letter);
    }
    push_axis(&c.out, letter);
    return ir_contract(b->to, &c, args, batched_type(b->k, &n->type));
}

/* Which outputs of a loop, and which of its parameters, are batched when these arguments are. */
static void loop_flags(const Loop *, const bool *arg, bool *param, bool *out);

static void node_flags(const Graph *g, bool *is)
{
    bool **outs = NEW_N(g->arena, bool *, graph_limit(g) + 1);
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (n->op == OP_loop) {
            bool *arg = NEW_N(g->arena, bool, n->narg + 1), *param = NEW_N(g->arena, bool, n->u.loop->params.n + 1);
            outs[n->id] = NEW_N(g->arena, bool, n->u.loop->outs.n + 1);
            for (int a = 0; a < n->narg; a++)
                arg[a] = is[n->arg[a]->id];
            loop_flags(n->u.loop, arg, param, outs[n->id]);
        } else if (n->op == OP_proj)
            is[n->id] = outs[n->arg[0]->id][n->u.axis];
        else
            for (int a = 0; a < n->narg; a++)
                is[n->id] |= is[n->arg[a]->id];
    }
}

static void loop_flags(const Loop *l, const bool *arg, bool *param, bool *out)
{
    const Graph *g = l->body;
    bool *is = NULL;
    for (int p = 0; p < l->params.n; p++)
        param[p] = l->params.at[p].kind != LP_INDEX && arg[loop_argument(l, p)];
    for (bool again = true; again;) {
        again = false;
        is = NEW_N(g->arena, bool, graph_limit(g) + 1);
        for (int p = 0; p < l->params.n; p++)
            is[g->params.at[p]->id] = param[p];
        node_flags(g, is);
        for (int p = 0; p < l->params.n; p++)
            if (l->params.at[p].kind == LP_CARRY && !param[p] && is[g->results.at[l->params.at[p].result]->id])
                again = param[p] = true;
    }
    for (int k = 0; k < l->outs.n; k++)
        out[k] = l->outs.at[k].kind == LO_CARRY ? param[l->outs.at[k].param] : is[g->results.at[l->outs.at[k].result]->id];
}

/* A collected value has the iterations before the batch; users expect the batch first. */
static Node *batch_first(Graph *g, Node *n)
{
    int perm[MAX_RANK];
    for (int d = 0; d < n->type.rank; d++)
        perm[d] = d == 0 ? 1 : d == 1 ? 0 : d;
    return ir_transpose(g, n, perm);
}

static Node *batch_loop(Batch *b, const Node *n)
{
    const Loop *old = n->u.loop;
    Arena *arena = b->to->arena;
    Loop *l = NEW(arena, Loop);
    *l = (Loop){ .n = old->n, .down = old->down, .name = old->name, .is_steps = old->is_steps, .body = graph_new(arena, old->body->name) };
    bool *arg = NEW_N(arena, bool, n->narg + 1), *param = NEW_N(arena, bool, old->params.n + 1), *out_is = NEW_N(arena, bool, old->body->results.n + 1);
    Node **args = NEW_N(arena, Node *, n->narg + 1), **stand = NEW_N(arena, Node *, old->params.n + 1), **res = NEW_N(arena, Node *, old->body->results.n + 1);
    for (int a = 0; a < n->narg; a++)
        arg[a] = b->is[n->arg[a]->id];
    b->is_out[n->id] = NEW_N(arena, bool, old->outs.n + 1);
    loop_flags(old, arg, param, b->is_out[n->id]);
    for (int p = 0; p < old->params.n; p++) {
        Node *x = old->body->params.at[p];
        stand[p] = ir_param_like(l->body, x);
        if (param[p]) {
            stand[p]->type = batched_type(b->k, &x->type);
            memmove(stand[p]->axis_name + 1, stand[p]->axis_name, sizeof *stand[p]->axis_name * (MAX_RANK - 1));
            stand[p]->axis_name[0] = NULL;
        }
        vec_push(arena, l->params, (LoopParam){ old->params.at[p].kind, old->params.at[p].result });
        if (old->params.at[p].kind != LP_INDEX) {
            const Node *given = n->arg[loop_argument(old, p)];
            args[loop_argument(old, p)] = param[p] ? with_axis(b, given) : b->map[given->id];
        }
    }
    batch_inline(l->body, old->body, stand, param, old->body->results.at, old->body->results.n, b->k, res, out_is);
    for (int k = 0; k < old->body->results.n; k++) {
        bool carried = false;
        for (int p = 0; p < old->params.n; p++)
            carried |= old->params.at[p].kind == LP_CARRY && old->params.at[p].result == k && param[p];
        if (carried && !out_is[k]) {               /* batched from outside only: the next value is the same for all */
            int axis[MAX_RANK];
            Type t = batched_type(b->k, &res[k]->type);
            for (int d = 0; d < res[k]->type.rank; d++)
                axis[d] = d + 1;
            res[k] = ir_expand(l->body, res[k], t.rank, t.dim, axis);
        }
        ir_result(l->body, res[k], NULL);
    }
    for (int k = 0; k < old->outs.n; k++) {
        LoopOut o = old->outs.at[k];
        if (o.kind == LO_COLLECT)
            b->is_out[n->id][k] = l->body->results.at[o.result]->type.rank > old->body->results.at[o.result]->type.rank;
        vec_push(arena, l->outs, o);
    }
    return ir_loop(b->to, l, args, n->narg);
}

static Node *batch_node(Batch *b, const Node *n)
{
    Graph *g = b->to;
    Node *args[4];
    for (int a = 0; a < n->narg && a < 4 && n->op != OP_contract; a++)
        args[a] = with_axis(b, n->arg[a]);
    switch (op_info[n->op].kind) {
    case K_MAP: return ir_map(g, n->op, args, n->narg);
    case K_CONTRACT: return batch_contract(b, n);
    case K_REDUCE: return ir_reduce(g, n->op, args[0], (unsigned)n->u.axis << 1);
    default: break;
    }
    Type t = batched_type(b->k, &n->type);
    switch (n->op) {
    case OP_reshape: return ir_reshape(g, args[0], t.rank, t.dim);
    case OP_cumsum: return ir_op(g, OP_cumsum, args, 1, t, n->u.axis + 2);
    case OP_cholesky: case OP_trisolve: case OP_solve: return ir_op(g, n->op, args, n->narg, t, n->u.axis);
    default: ice("batch: no rule for %s", op_info[n->op].name);
    }
}

void batch_inline(Graph *to, const Graph *from, Node *const *args, const bool *batched, Node *const *roots, int nroots, int64_t k, Node **out, bool *out_is)
{
    int limit = graph_limit(from);
    Batch b = { to, from, k, NEW_N(to->arena, Node *, limit + 1), NEW_N(to->arena, bool, limit + 1), NEW_N(to->arena, bool *, limit + 1), args };
    bool *need = graph_needed(to->arena, from, roots, nroots);
    for (int p = 0; p < from->params.n; p++) {
        b.map[from->params.at[p]->id] = args[p];
        b.is[from->params.at[p]->id] = batched[p];
    }
    Origin before = to->here;
    for (int i = 0; i < from->nodes.n; i++) {
        Node *n = from->nodes.at[i];
        bool any = false;
        if (!need[n->id] || b.map[n->id])
            continue;
        for (int a = 0; a < n->narg; a++)
            any |= b.is[n->arg[a]->id];
        to->here = n->origin;
        if (n->op == OP_loop && any)
            b.map[n->id] = batch_loop(&b, n);
        else if (n->op == OP_proj && b.is_out[n->arg[0]->id]) {
            b.is[n->id] = b.is_out[n->arg[0]->id][n->u.axis];
            b.map[n->id] = ir_proj(to, b.map[n->arg[0]->id], (int)n->u.axis);
            if (b.is[n->id] && n->arg[0]->op == OP_loop && n->arg[0]->u.loop->outs.at[n->u.axis].kind == LO_COLLECT)
                b.map[n->id] = batch_first(to, b.map[n->id]);
        } else if (any) {
            b.is[n->id] = true;
            b.map[n->id] = batch_node(&b, n);
        } else
            graph_inline(to, from, args, &n, 1, &b.map[n->id], b.map);
    }
    to->here = before;
    for (int r = 0; r < nroots; r++) {
        out[r] = b.map[roots[r]->id];
        out_is[r] = b.is[roots[r]->id];
    }
}
