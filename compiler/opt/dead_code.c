/* dead_code.c -- drops what no result needs. In loops: an output that nobody reads, then a carried value that neither an output nor a live value
 * needs, then captures without a reader. Works from the outside in, since a use outside decides what is live inside. */
#include "opt.h"

typedef struct Live { const Loop *loop; bool *out, *param; } Live;

/* Which parameters the live outputs need: a fixed point over the carried values. */
void opt_live(const Loop *l, const bool *out, bool *param, bool *need)
{
    const Graph *b = l->body;
    bool again = true;
    for (int k = 0; k < l->outs.n; k++)
        if (out[k] && (l->outs.at[k].kind == LO_COLLECT || l->outs.at[k].kind == LO_LATEST))
            need[b->results.at[l->outs.at[k].result]->id] = true;
    for (int k = 0; k < l->outs.n; k++)
        if (out[k] && (l->outs.at[k].kind == LO_CARRY || l->outs.at[k].kind == LO_SAVE))
            param[l->outs.at[k].param] = true;
    for (int k = 0; l->again && k < l->again->loop->params.n; k++)
        param[l->again->from[k]] = param[l->again->start[k] >= 0 ? l->again->start[k] : l->again->from[k]] = true;
    for (int k = 0; l->record && k < l->record->loop->params.n; k++)
        param[l->record->from[k]] = true;
    for (int k = 0; l->record && k < l->record->loop->body->results.n; k++)
        param[l->record->gives[k]] = true;
    while (again) {
        again = false;
        for (int p = 0; p < l->params.n; p++)
            if (param[p] && l->params.at[p].kind == LP_CARRY)
                need[b->results.at[l->params.at[p].result]->id] = true;
        for (int i = b->nodes.n - 1; i >= 0; i--)
            if (need[b->nodes.at[i]->id])
                for (int a = 0; a < b->nodes.at[i]->narg; a++)
                    need[b->nodes.at[i]->arg[a]->id] = true;
        for (int p = 0; p < l->params.n; p++)
            if (!param[p] && (need[b->params.at[p]->id] || l->params.at[p].kind == LP_INDEX)) {
                param[p] = true;
                again |= l->params.at[p].kind == LP_CARRY;
            }
    }
}

static void live_params(const Loop *l, const bool *out, bool *param)
{
    opt_live(l, out, param, NEW_N(l->body->arena, bool, graph_limit(l->body) + 1));
}

/* A result of body is added once; its number. */
static int result_once(Graph *body, Node *value)
{
    for (int q = body->results.n - 1; q >= 0; q--)
        if (body->results.at[q] == value)
            return q;
    ir_result(body, value, NULL);
    return body->results.n - 1;
}

/* What brings back the state, with at[p] for parameter p. */
static const Again *renumber_again(Arena *arena, const Again *old, const int *at)
{
    Again *w = NEW(arena, Again);
    w->loop = old->loop;
    w->from = NEW_N(arena, int, w->loop->params.n + 1);
    w->start = NEW_N(arena, int, w->loop->params.n + 1);
    for (int k = 0; k < w->loop->params.n; k++) {
        w->from[k] = at[old->from[k]];
        w->start[k] = old->start[k] < 0 ? -1 : at[old->start[k]];
    }
    return w;
}

/* What is recorded, with live parts only. */
static const Record *renumber_record(Arena *arena, const Record *old, const int *at)
{
    Record *r = NEW(arena, Record);
    r->loop = NEW(arena, Loop);
    *r->loop = *old->loop;
    r->loop->body = opt_dead_code(old->loop->body);
    r->from = NEW_N(arena, int, r->loop->params.n + 1);
    r->gives = NEW_N(arena, int, r->loop->body->results.n + 1);
    for (int k = 0; k < r->loop->params.n; k++)
        r->from[k] = at[old->from[k]];
    for (int k = 0; k < r->loop->body->results.n; k++)
        r->gives[k] = at[old->gives[k]];
    return r;
}

/* The loop with live parts only; args: its operands in g, in the old order. place: the new number of each old output. */
static Node *shrink_loop(Graph *g, const Node *old, Node *const *args, const bool *out, int *place)
{
    const Loop *l = old->u.loop;
    bool *param = NEW_N(g->arena, bool, l->params.n + 1);
    live_params(l, out, param);
    Graph *body = graph_new(g->arena, l->body->name);
    Loop *n = NEW(g->arena, Loop);
    *n = (Loop){ .n = l->n, .down = l->down, .body = body, .name = l->name, .is_steps = l->is_steps, .first = l->first, .saves = l->saves };
    Node **stand = NEW_N(g->arena, Node *, l->params.n + 1), **arg = NEW_N(g->arena, Node *, old->narg + 1);
    int *at = NEW_N(g->arena, int, l->params.n + 1), narg = 0;
    for (int p = 0, a = 0; p < l->params.n; p++) {
        const Node *x = l->body->params.at[p];
        bool index = l->params.at[p].kind == LP_INDEX;
        at[p] = n->params.n;
        if (param[p]) {
            stand[p] = ir_param_like(body, x);
            vec_push(g->arena, n->params, (LoopParam){ l->params.at[p].kind, -1 });
            if (!index)
                arg[narg++] = args[a];
        }
        a += !index;
    }
    int limit = graph_limit(l->body);
    Node **map = NEW_N(g->arena, Node *, limit + 1);
    for (int p = 0; p < l->params.n; p++)
        if (param[p] && l->params.at[p].kind == LP_CARRY) {
            Node *r = l->body->results.at[l->params.at[p].result], *new;
            graph_inline(body, l->body, stand, &r, 1, &new, map);
            ir_result(body, new, NULL);
            n->params.at[at[p]].result = body->results.n - 1;
        }
    for (int k = 0; k < l->outs.n; k++) {
        LoopOut o = l->outs.at[k];
        place[k] = -1;
        if (!out[k])
            continue;
        place[k] = n->outs.n;
        if (o.kind == LO_CARRY || o.kind == LO_SAVE) {
            vec_push(g->arena, n->outs, (LoopOut){ o.kind, at[o.param], n->params.at[at[o.param]].result });
            continue;
        }
        Node *r = l->body->results.at[o.result], *new;
        graph_inline(body, l->body, stand, &r, 1, &new, map);
        vec_push(g->arena, n->outs, (LoopOut){ o.kind, -1, result_once(body, new) });
    }
    n->body = opt_dead_code(body);
    if (l->again)
        n->again = renumber_again(g->arena, l->again, at);
    if (l->record)
        n->record = renumber_record(g->arena, l->record, at);
    return ir_loop(g, n, arg, narg);
}

Graph *opt_dead_code(Graph *g)
{
    int limit = graph_limit(g);
    bool *need = NEW_N(g->arena, bool, limit + 1), **out = NEW_N(g->arena, bool *, limit + 1);
    int **place = NEW_N(g->arena, int *, limit + 1);
    Node **map = NEW_N(g->arena, Node *, limit + 1);
    for (int k = 0; k < g->results.n; k++)
        need[g->results.at[k]->id] = true;
    /* From the back: a loop's outputs are known before its operands' needs are. */
    bool **param = NEW_N(g->arena, bool *, limit + 1);
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        Node *n = g->nodes.at[i];
        if (!need[n->id])
            continue;
        if (n->op == OP_proj && n->arg[0]->op == OP_loop) {
            if (!out[n->arg[0]->id])
                out[n->arg[0]->id] = NEW_N(g->arena, bool, n->arg[0]->u.loop->outs.n + 1);
            out[n->arg[0]->id][n->u.axis] = true;
        }
        if (n->op == OP_loop) {
            const Loop *l = n->u.loop;
            param[n->id] = NEW_N(g->arena, bool, l->params.n + 1);
            live_params(l, out[n->id], param[n->id]);
            for (int p = 0, a = 0; p < l->params.n; p++) {
                if (l->params.at[p].kind == LP_INDEX)
                    continue;
                if (param[n->id][p])
                    need[n->arg[a]->id] = true;
                a++;
            }
            continue;
        }
        for (int a = 0; a < n->narg; a++)
            need[n->arg[a]->id] = true;
    }
    Graph *c = graph_new(g->arena, g->name);
    graph_same_params(c, g, map);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (!need[n->id] || map[n->id])
            continue;
        c->here = n->origin;
        if (n->op == OP_loop) {
            Node **args = NEW_N(g->arena, Node *, n->narg + 1);
            for (int a = 0; a < n->narg; a++)
                args[a] = map[n->arg[a]->id];
            place[n->id] = NEW_N(g->arena, int, n->u.loop->outs.n + 1);
            map[n->id] = shrink_loop(c, n, args, out[n->id], place[n->id]);
        } else if (n->op == OP_proj && n->arg[0]->op == OP_loop) {
            map[n->id] = ir_proj(c, map[n->arg[0]->id], place[n->arg[0]->id][n->u.axis]);
            if (!map[n->id]->origin.name)
                map[n->id]->origin = n->origin;
        } else
            graph_copy(c, g, n, map);
    }
    graph_same_results(c, g, map);
    return c;
}
