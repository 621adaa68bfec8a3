/* walk.c -- copying graphs into others, cloning, dropping what is dead. Loop bodies are owned by one Loop node each: copying a loop copies its body. */
#include "contract.h"

int graph_limit(const Graph *g) { return g->nodes.n ? g->nodes.at[g->nodes.n - 1]->id + 1 : 0; }

typedef struct Copy { Graph *dst; const Graph *src; Node **map; } Copy;

static Loop *clone_loop(Graph *dst, const Loop *l)
{
    Loop *n = NEW(dst->arena, Loop);
    *n = *l;
    n->body = graph_clone_in(dst->arena, l->body, l->body->name);
    n->params.at = NULL;
    n->params.n = n->params.cap = 0;
    n->outs.at = NULL;
    n->outs.n = n->outs.cap = 0;
    for (int k = 0; k < l->params.n; k++)
        vec_push(dst->arena, n->params, l->params.at[k]);
    for (int k = 0; k < l->outs.n; k++)
        vec_push(dst->arena, n->outs, l->outs.at[k]);
    return n;
}

/* The node in dst that n with these operands is; folding happens anew. */
static Node *rebuild(Graph *dst, const Node *n, Node *const *args)
{
    switch (op_info[n->op].kind) {
    case K_MAP: return ir_map(dst, n->op, args, n->narg);
    case K_CONTRACT: return ir_contract(dst, n->u.contract, args, n->type);
    case K_REDUCE: return ir_reduce(dst, n->op, args[0], (unsigned)n->u.axis);
    default: break;
    }
    switch (n->op) {
    case OP_const: return ir_const(dst, n->type, n->u.number);
    case OP_iota: return ir_iota(dst, n->type, (int)n->u.axis);
    case OP_reshape: return ir_reshape(dst, args[0], n->type.rank, n->type.dim);
    case OP_loop: return ir_loop(dst, clone_loop(dst, n->u.loop), args, n->narg);
    case OP_grad: case OP_lingrad: return ir_grad(dst, n->op, n->u.region, args, n->narg);
    case OP_proj: return ir_proj(dst, args[0], (int)n->u.axis);
    case OP_param: ice("a parameter without an argument is copied");
    default: return ir_op(dst, n->op, args, n->narg, n->type, n->u.axis);
    }
}

static Node *copy_one(Copy *c, Node *n)
{
    Node *args[64], **at = n->narg <= 64 ? args : NEW_N(c->dst->arena, Node *, n->narg);
    for (int a = 0; a < n->narg; a++)
        at[a] = c->map[n->arg[a]->id];
    c->dst->here = n->origin;
    Node *m = rebuild(c->dst, n, at);
    if (n->origin.name && !m->origin.name && m->op != OP_const)
        m->origin.name = n->origin.name;
    for (int d = 0; d < m->type.rank && m->type.rank == n->type.rank; d++)
        if (!m->axis_name[d])
            m->axis_name[d] = n->axis_name[d];
    return c->map[n->id] = m;
}

/* Operands first, without recursion: graphs can be deep. */
static void copy_cone(Copy *c, Node *root, Node ***stack, int *cap)
{
    int n = 0;
    if (c->map[root->id])
        return;
    (*stack)[n++] = root;
    while (n) {
        Node *x = (*stack)[n - 1];
        bool ready = true;
        for (int a = 0; a < x->narg; a++)
            if (!c->map[x->arg[a]->id]) {
                if (n + 1 >= *cap) {
                    Node **more = NEW_N(c->dst->arena, Node *, *cap * 2);
                    memcpy(more, *stack, sizeof *more * (size_t)n);
                    *stack = more;
                    *cap *= 2;
                }
                (*stack)[n++] = x->arg[a];
                ready = false;
                break;
            }
        if (!ready)
            continue;
        n--;
        if (!c->map[x->id])
            copy_one(c, x);
    }
}

Node *graph_copy(Graph *dst, const Graph *src, Node *n, Node **map)
{
    Node *small[64], **stack = small;
    int cap = 64;
    Copy c = { dst, src, map };
    Origin before = dst->here;
    copy_cone(&c, n, &stack, &cap);
    dst->here = before;
    return map[n->id];
}

void graph_inline(Graph *dst, const Graph *src, Node *const *args, Node *const *roots, int n, Node **out, Node **map)
{
    int limit = graph_limit(src), cap = 64;
    Node *small[64], **stack = small;
    Copy c = { dst, src, map ? map : NEW_N(dst->arena, Node *, limit + 1) };
    Origin before = dst->here;
    for (int k = 0; k < src->params.n; k++)
        if (args[k] && !c.map[src->params.at[k]->id])
            c.map[src->params.at[k]->id] = args[k];
    for (int k = 0; k < n; k++) {
        copy_cone(&c, roots[k], &stack, &cap);
        out[k] = c.map[roots[k]->id];
    }
    dst->here = before;
}

Node *ir_param_like(Graph *g, const Node *p)
{
    Node *n = ir_param(g, p->type, p->origin.name);
    n->origin = p->origin;
    memcpy(n->axis_name, p->axis_name, sizeof n->axis_name);
    return n;
}

Node **graph_same_params(Graph *to, const Graph *g, Node **map)
{
    Node **params = NEW_N(to->arena, Node *, g->params.n + 1);
    for (int k = 0; k < g->params.n; k++)
        params[k] = map[g->params.at[k]->id] = ir_param_like(to, g->params.at[k]);
    return params;
}

void graph_same_results(Graph *to, const Graph *g, Node *const *map)
{
    for (int k = 0; k < g->results.n; k++)
        ir_result(to, map[g->results.at[k]->id], k < g->result_names.n ? g->result_names.at[k] : NULL);
}

bool *graph_needed(Arena *arena, const Graph *g, Node *const *roots, int n)
{
    bool *need = NEW_N(arena, bool, graph_limit(g) + 1);
    for (int k = 0; k < n; k++)
        if (roots[k])
            need[roots[k]->id] = true;
    for (int i = g->nodes.n - 1; i >= 0; i--)
        for (int a = 0; need[g->nodes.at[i]->id] && a < g->nodes.at[i]->narg; a++)
            need[g->nodes.at[i]->arg[a]->id] = true;
    return need;
}

Graph *graph_clone(const Graph *g, Name name) { return graph_clone_in(g->arena, g, name); }

Graph *graph_clone_in(Arena *arena, const Graph *g, Name name)
{
    Graph *c = graph_new(arena, name);
    Node **map = NEW_N(arena, Node *, graph_limit(g) + 1);
    graph_same_params(c, g, map);
    bool *need = graph_needed(arena, g, g->results.at, g->results.n);
    for (int i = 0; i < g->nodes.n; i++) {              /* in the order in which they stand */
        Node *n = g->nodes.at[i];
        if (need[n->id] && !map[n->id])
            graph_copy(c, g, n, map);
    }
    graph_same_results(c, g, map);
    return c;
}

void graph_topo(Graph *g)
{
    Graph *c = graph_new(g->arena, g->name);
    Node **map = NEW_N(g->arena, Node *, graph_limit(g) + 1), **out = NEW_N(g->arena, Node *, g->results.n + 1);
    graph_inline(c, g, graph_same_params(c, g, map), g->results.at, g->results.n, out, map);
    graph_same_results(c, g, map);
    *g = *c;
    for (int k = 0; k < g->nodes.n; k++)
        g->nodes.at[k]->graph = g;
}
