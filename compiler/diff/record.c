/* record.c -- the iteration that a loop runs last is not run again for its reversal.
 *
 * An iteration of a reverse loop R is two parts: recording computes, from the forward loop L's saved state, the residuals that reversing needs beside the carried
 * cotangents (the closed nodes of residuals.c). L has just run the iteration that R reverses first, and its residuals are those that R would record. So L leaves them behind
 * (LATEST outputs), R has them as GIVEN parameters, and the recording is a body of its own (Record), run before each iteration but the first. States brought back
 * from saved ones are recorded too where reversing reads them: the last state need not be brought back either.
 * A closed node that L does not compute itself (a partial derivative, say) is reversing's: L is to do little that it did not do before but leave values behind.
 * Invariant: the graph computes the same numbers, with the same operations; afterwards R's own body reads no STATE parameter. */
#include "residuals.h"
#include "opt.h"

/* What is recorded: nodes of R's body, of which the last are STATE parameters; out: the LATEST output of L for each, given: R's parameter for it. */
typedef struct Recording { Pair p; Node **node; int n; int *out, *given; } Recording;

/* Is the value made of what is there by elementwise operators and views alone? */
static bool is_near(const Graph *g, const Node *value, bool *there)
{
    bool *need = NEW_N(g->arena, bool, graph_limit(g) + 1);
    need[value->id] = true;
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        const Node *n = g->nodes.at[i];
        if (!need[n->id] || there[n->id] || n->op == OP_const || n->op == OP_iota || n->op == OP_reshape)
            continue;
        if (op_info[n->op].kind != K_MAP && !(n->op == OP_contract && contract_only_copies(n->u.contract, &n->type)))
            return false;
        for (int a = 0; a < n->narg; a++)
            need[n->arg[a]->id] = true;
    }
    return true;
}

/* Output `proj` of a loop whose other outputs are computed anyway, and what is missing for this one is little: a partial derivative. */
static bool beside_others(const Graph *g, const Node *proj, const bool *need)
{
    const Node *n = proj->arg[0];
    const Loop *l = n->op == OP_loop ? n->u.loop : NULL;
    if (!l || !need[n->id])
        return false;
    LoopOut o = l->outs.at[proj->u.axis];
    bool *out = NEW_N(g->arena, bool, l->outs.n + 1), *param = NEW_N(g->arena, bool, l->params.n + 1), *inside = NEW_N(g->arena, bool, graph_limit(l->body) + 1);
    for (int i = 0; i < g->nodes.n; i++)
        if (g->nodes.at[i]->op == OP_proj && g->nodes.at[i]->arg[0] == n && need[g->nodes.at[i]->id])
            out[g->nodes.at[i]->u.axis] = true;
    opt_live(l, out, param, inside);
    if (o.kind == LO_CARRY)
        return param[o.param];
    for (int p = 0; p < l->params.n; p++)
        inside[l->body->params.at[p]->id] = param[p];
    return is_near(l->body, l->body->results.at[o.result], inside);
}

/* All closed nodes are built in L's body, whose loops take over those that do the same; closed stay those that L needs anyway. */
static void only_what_is_computed(Recording *x, const DiffOptions *o)
{
    Pair *p = &x->p;
    Loop *l = p->fwd->u.loop;
    const Graph *old = p->rev->u.loop->body;
    int nr = l->body->results.n, *at = NEW_N(p->g->arena, int, p->limit + 1);
    for (int i = 0; i < old->nodes.n; i++) {
        Node *n = old->nodes.at[i];
        if (!p->closed[n->id] || n->type.dtype == T_NONE || (n->op == OP_param && !p->map[n->id]))
            continue;
        ir_result(l->body, residuals_translate(p, n), NULL);
        at[n->id] = l->body->results.n - 1;
    }
    l->body = share_loops(l->body, o);
    bool *need = graph_needed(p->g->arena, l->body, l->body->results.at, nr), *live = graph_needed(p->g->arena, old, old->results.at, old->results.n);
    for (int i = 0; i < old->nodes.n; i++) {
        Node *n = old->nodes.at[i];
        Node *value = at[n->id] ? l->body->results.at[at[n->id]] : NULL;
        p->map[n->id] = value;
        if (value && n->op != OP_param)
            p->closed[n->id] = need[value->id] || value->op == OP_const || (value->op == OP_proj && beside_others(l->body, value, need));
        if (value && n->op == OP_proj && live[n->id] && !p->closed[n->id])
            p->closed[n->arg[0]->id] = false;     /* reversing runs the loop */
    }
    l->body->results.n = l->body->result_names.n = nr;
    residuals_trivial(p);
}

/* The STATE parameters that reversing reads when it has the other residuals. */
static void add_states(Recording *x)
{
    const Loop *r = x->p.rev->u.loop;
    bool *need = NEW_N(x->p.g->arena, bool, x->p.limit + 1), *given = NEW_N(x->p.g->arena, bool, x->p.limit + 1);
    for (int k = 0; k < x->n; k++)
        given[x->node[k]->id] = true;
    for (int k = 0; k < r->body->results.n; k++)
        need[r->body->results.at[k]->id] = true;
    for (int i = r->body->nodes.n - 1; i >= 0; i--)
        for (int a = 0; need[r->body->nodes.at[i]->id] && !given[r->body->nodes.at[i]->id] && a < r->body->nodes.at[i]->narg; a++)
            need[r->body->nodes.at[i]->arg[a]->id] = true;
    for (int q = 0; q < r->params.n; q++)
        if (r->params.at[q].kind == LP_STATE && need[r->body->params.at[q]->id])
            x->node[x->n++] = r->body->params.at[q];
}

/* A parameter of R for each output of L; values that are one in L are one here. */
static void give(Recording *x, Graph *body, Node **map)
{
    Node *rev = x->p.rev, **args = NEW_N(x->p.g->arena, Node *, rev->narg + x->n + 1);
    memcpy(args, rev->arg, sizeof *args * (size_t)rev->narg);
    for (int k = 0; k < x->n; k++) {
        int same = 0;
        while (same < k && x->out[same] != x->out[k])
            same++;
        if (same < k) {
            x->given[k] = -1;
            map[x->node[k]->id] = map[x->node[same]->id];
            continue;
        }
        map[x->node[k]->id] = ir_param_like(body, x->node[k]);
        vec_push(x->p.g->arena, rev->u.loop->params, (LoopParam){ LP_GIVEN, -1 });
        x->given[k] = rev->u.loop->params.n - 1;
        args[rev->narg++] = ir_proj(x->p.g, x->p.fwd, x->out[k]);
    }
    rev->arg = args;
}

/* The recording of R's old body, over parameters of its own. */
static const Record *make_record(const Recording *x, const Graph *old)
{
    Arena *arena = x->p.g->arena;
    const Loop *r = x->p.rev->u.loop;
    bool *need = graph_needed(arena, old, x->node, x->n);
    Record *record = NEW(arena, Record);
    Loop *w = NEW(arena, Loop);
    Graph *body = graph_new(arena, old->name);
    *w = (Loop){ .n = r->n, .down = r->down, .name = intern_printf("%s.record", x->p.fwd->u.loop->name ? x->p.fwd->u.loop->name : "loop"), .is_steps = r->is_steps, .first = r->first, .body = body };
    *record = (Record){ w, NEW_N(arena, int, old->params.n + 1), NEW_N(arena, int, x->n + 1) };
    Node **stand = NEW_N(arena, Node *, old->params.n + 1), **value = NEW_N(arena, Node *, x->n + 1);
    for (int q = 0; q < old->params.n; q++) {
        if (r->params.at[q].kind != LP_INDEX && !need[old->params.at[q]->id])
            continue;
        stand[q] = ir_param_like(body, old->params.at[q]);
        record->from[w->params.n] = q;
        vec_push(arena, w->params, (LoopParam){ r->params.at[q].kind == LP_INDEX ? LP_INDEX : LP_CAPTURE, -1 });
    }
    graph_inline(body, old, stand, x->node, x->n, value, NULL);
    for (int k = 0; k < x->n; k++)
        if (x->given[k] >= 0) {
            record->gives[body->results.n] = x->given[k];
            ir_result(body, value[k], NULL);
        }
    return record;
}

bool residuals_record(Graph *g, Node *fwd, Node *rev, const DiffOptions *o)
{
    Recording x = { .p = residuals_pair(g, fwd, rev) };
    Loop *r = rev->u.loop;
    only_what_is_computed(&x, o);
    x.node = NEW_N(g->arena, Node *, x.p.limit + 1);
    x.n = residuals_choose(&x.p, x.node);
    add_states(&x);
    if (!x.n)
        return false;
    x.out = NEW_N(g->arena, int, x.n + 1);
    x.given = NEW_N(g->arena, int, x.n + 1);
    for (int k = 0; k < x.n; k++)
        x.out[k] = residuals_output(&x.p, LO_LATEST, x.p.map[x.node[k]->id]);
    Graph *old = r->body, *body = graph_new(g->arena, old->name);
    Node **map = NEW_N(g->arena, Node *, x.p.limit + 1), **params = graph_same_params(body, old, map), **res = NEW_N(g->arena, Node *, old->results.n + 1);
    give(&x, body, map);
    graph_inline(body, old, params, old->results.at, old->results.n, res, map);
    for (int k = 0; k < old->results.n; k++)
        ir_result(body, res[k], NULL);
    r->record = make_record(&x, old);
    r->body = body;
    return true;
}
