/* hoist.c -- loop-invariant code: a value of a loop's body that depends on captures alone is computed once, outside, and captured.
 *
 * A zero that is carried and never changes (the derivative in what a loop does not use) is zero in it and behind it. Other values stay carried: were they
 * captured, much of what a reverse loop computes would depend on captures and saved states alone, and the schedule `keep` would store it.
 * Else only what does arithmetic moves: views and constants cost nothing where they are. Inner loops first, so that a value climbs as far as it can. */
#include "opt.h"
#include <math.h>

static bool worth(const Node *n)
{
    if (n->op == OP_contract) {
        double work = 1;
        for (int l = 0; l < n->u.contract->nletters; l++)
            work *= (double)n->u.contract->range[l];
        return n->u.contract->nfactor > 1 || work > (double)type_count(&n->type);
    }
    if (op_info[n->op].kind == K_MAP)
        return op_info[n->op].flops > 0 && n->type.dtype == T_REAL && n->op != OP_real;
    return op_info[n->op].kind == K_REDUCE || n->op == OP_cholesky || n->op == OP_solve || n->op == OP_trisolve || n->op == OP_cumsum || n->op == OP_proj;
}

/* Carried zeros that every iteration passes on as they are, by parameter; args: the loop's operands. */
static bool *lasting_zeros(Arena *arena, const Loop *l, Node *const *args)
{
    bool *zero = NEW_N(arena, bool, l->params.n + 1);
    double v;
    for (int p = 0, a = 0; p < l->params.n; p++) {
        zero[p] = l->params.at[p].kind == LP_CARRY && l->body->results.at[l->params.at[p].result] == l->body->params.at[p] && ir_is_const(args[a], &v) && v == 0 && !signbit(v);
        a += l->params.at[p].kind != LP_INDEX;
    }
    return zero;
}

/* Values of the body that depend on captures alone (fixed), and those of them that something else reads (wanted). */
static void find_invariants(const Loop *l, bool *fixed, bool *wanted)
{
    const Graph *b = l->body;
    for (int p = 0; p < l->params.n; p++)
        fixed[b->params.at[p]->id] = l->params.at[p].kind == LP_CAPTURE;
    for (int i = 0; i < b->nodes.n; i++) {
        Node *n = b->nodes.at[i];
        if (n->op == OP_param)
            continue;
        fixed[n->id] = true;
        for (int k = 0; k < n->narg; k++)
            fixed[n->id] &= fixed[n->arg[k]->id];
    }
    for (int i = 0; i < b->nodes.n; i++)
        for (int k = 0; k < b->nodes.at[i]->narg; k++)
            if (!fixed[b->nodes.at[i]->id])
                wanted[b->nodes.at[i]->arg[k]->id] = true;
    for (int k = 0; k < b->results.n; k++)
        wanted[b->results.at[k]->id] = true;
    /* A wanted view of something worth moving: move what it views. */
    for (int i = b->nodes.n - 1; i >= 0; i--) {
        Node *n = b->nodes.at[i];
        if (fixed[n->id] && wanted[n->id] && !worth(n) && n->op != OP_param)
            for (int k = 0; k < n->narg; k++)
                wanted[n->arg[k]->id] = true;
    }
}

/* The outputs of a loop and what they are now: the new loop's output `place`, or a value outside. */
typedef struct Outputs { Node **instead; int *place; } Outputs;

static Outputs outputs_of(Graph *g, const Loop *l, Loop *m, const bool *zero)
{
    Outputs o = { NEW_N(g->arena, Node *, l->outs.n + 1), NEW_N(g->arena, int, l->outs.n + 1) };
    for (int k = 0; k < l->outs.n; k++) {
        o.place[k] = m->outs.n;
        if (l->outs.at[k].kind == LO_CARRY && zero[l->outs.at[k].param])
            o.instead[k] = ir_const(g, l->body->params.at[l->outs.at[k].param]->type, 0);
        else
            vec_push(g->arena, m->outs, l->outs.at[k]);
    }
    return o;
}

/* The loop with its invariants moved into g; args are its operands there. */
static Node *hoist_loop(Graph *g, Node *loop, Node *const *args, Outputs *outs)
{
    Loop *l = loop->u.loop;
    Graph *b = l->body = opt_hoist(l->body);
    int limit = graph_limit(b);
    bool *fixed = NEW_N(g->arena, bool, limit + 1), *wanted = NEW_N(g->arena, bool, limit + 1);
    Node **outside = NEW_N(g->arena, Node *, l->params.n + 1);
    bool *zero = lasting_zeros(g->arena, l, args);
    find_invariants(l, fixed, wanted);
    Loop *m = NEW(g->arena, Loop);
    *m = (Loop){ .n = l->n, .down = l->down, .body = graph_new(g->arena, b->name), .name = l->name, .is_steps = l->is_steps, .first = l->first };
    Node **map = NEW_N(g->arena, Node *, limit + 1), **stand = NEW_N(g->arena, Node *, l->params.n + 1), **lift = NEW_N(g->arena, Node *, limit + 1);
    Vec(Node *) arg = { 0 };
    for (int p = 0, a = 0; p < l->params.n; p++) {
        outside[p] = l->params.at[p].kind == LP_CAPTURE ? args[a] : NULL;
        stand[p] = ir_param_like(m->body, b->params.at[p]);
        vec_push(g->arena, m->params, zero[p] ? (LoopParam){ LP_CAPTURE, -1 } : l->params.at[p]);
        if (l->params.at[p].kind != LP_INDEX)
            vec_push(g->arena, arg, args[a++]);
    }
    for (int i = 0; i < b->nodes.n; i++) {
        Node *n = b->nodes.at[i], *moved;
        if (!fixed[n->id] || !wanted[n->id] || !worth(n) || n->type.dtype == T_NONE)
            continue;
        graph_inline(g, b, outside, &n, 1, &moved, lift);
        double v;
        if (ir_is_const(moved, &v)) {
            map[n->id] = ir_const(m->body, moved->type, v);
            continue;
        }
        map[n->id] = ir_param_like(m->body, n);
        vec_push(g->arena, m->params, (LoopParam){ LP_CAPTURE, -1 });
        vec_push(g->arena, arg, moved);
    }
    for (int p = 0; p < l->params.n; p++)
        if (zero[p])
            stand[p] = ir_const(m->body, b->params.at[p]->type, 0);
    Node **res = NEW_N(g->arena, Node *, b->results.n + 1);
    graph_inline(m->body, b, stand, b->results.at, b->results.n, res, map);
    for (int k = 0; k < b->results.n; k++)
        ir_result(m->body, res[k], k < b->result_names.n ? b->result_names.at[k] : NULL);
    *outs = outputs_of(g, l, m, zero);
    return ir_loop(g, m, arg.at, arg.n);
}

Graph *opt_hoist(Graph *g)
{
    int limit = graph_limit(g);
    Graph *c = graph_new(g->arena, g->name);
    Node **map = NEW_N(g->arena, Node *, limit + 1);
    graph_same_params(c, g, map);
    Outputs *outs = NEW_N(g->arena, Outputs, limit + 1);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (map[n->id] || n->op == OP_param)
            continue;
        if (n->op == OP_proj && n->arg[0]->op == OP_loop) {
            const Outputs *of = &outs[n->arg[0]->id];
            map[n->id] = of->instead[n->u.axis] ? of->instead[n->u.axis] : ir_proj(c, map[n->arg[0]->id], of->place[n->u.axis]);
            if (!map[n->id]->origin.name)
                map[n->id]->origin = n->origin;
            continue;
        }
        if (n->op != OP_loop) {
            graph_copy(c, g, n, map);
            continue;
        }
        Node **args = NEW_N(g->arena, Node *, n->narg + 1);
        for (int a = 0; a < n->narg; a++)
            args[a] = map[n->arg[a]->id];
        c->here = n->origin;
        map[n->id] = hoist_loop(c, n, args, &outs[n->id]);
    }
    graph_same_results(c, g, map);
    return c;
}
