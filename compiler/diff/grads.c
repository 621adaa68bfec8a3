/* grads.c -- gradients as regions: a grad node holds its loss as a graph, and each way to differentiate it starts from that.
 *
 *   gradient          vjp of the loss: reverse mode                                   (expand_grads)
 *   Hessian product   tangent of (grad_p L, grad_m L) in direction u on p: one forward sweep over the gradient gives both H u and M u.
 *                     It is the transpose of d(grad_p L) because second partial derivatives of a scalar commute
 *                     (detached arguments are constants at every order, so they do not break that).
 * The derivative of a region is taken in a graph of its own, where its arguments are independent variables, and then inlined. */
#include "rules.h"

/* Derivatives of the inner loss are g_v: b_v is left to the outer value. */
static void name_gradients(Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (n->op == OP_loop)
            name_gradients(n->u.loop->body);
        if (n->origin.kind == ADJOINT && n->origin.name && !strncmp(n->origin.name, "b_", 2))
            n->origin.name = intern_printf("g_%s", n->origin.name + 2);
    }
}

Graph *gradient_graph(const Region *r, const int *wrt, int nwrt)
{
    const Graph *body = r->body;
    Graph *g = graph_new(body->arena, intern_printf("%s_gradient", body->name ? body->name : "loss"));
    Node **params = NEW_N(g->arena, Node *, body->params.n + 1), *loss, **in = NEW_N(g->arena, Node *, nwrt + 1), **ct = NEW_N(g->arena, Node *, nwrt + 1);
    for (int k = 0; k < body->params.n; k++)
        params[k] = ir_param_like(g, body->params.at[k]);
    graph_inline(g, body, params, body->results.at, 1, &loss, NULL);
    for (int k = 0; k < nwrt; k++)
        in[k] = params[wrt[k]];
    vjp(g, in, nwrt, &loss, (Node *[]){ ir_real(g, 1) }, 1, ct);
    name_gradients(g);
    for (int k = 0; k < nwrt; k++)
        ir_result(g, or_zero(g, ct[k], &in[k]->type), NULL);
    return g;
}

Graph *hessian_product_graph(const Region *r)
{
    Graph *g = gradient_graph(r, r->active, r->nactive);
    int np = g->params.n;
    Node **in = NEW_N(g->arena, Node *, r->nwrt + 1), **u = NEW_N(g->arena, Node *, r->nwrt + 1), **out = NEW_N(g->arena, Node *, r->nactive + 1);
    for (int k = 0; k < r->nwrt; k++) {
        in[k] = g->params.at[r->wrt[k]];
        u[k] = ir_param_like(g, in[k]);
        u[k]->origin.name = ir_tangent_name(in[k]->origin.name);
    }
    (void)np;
    linearize(g, in, u, r->nwrt, g->results.at, r->nactive, out, false);
    for (int k = 0; k < r->nactive; k++)
        g->results.at[k] = or_zero(g, out[k], &g->params.at[r->active[k]]->type);
    return g;
}

void linearize_grad(Graph *g, Node *n, Node *const *tin, Node **out)
{
    const Region *r = n->u.region;
    Region *lin = NEW(g->arena, Region);
    *lin = *r;
    lin->active = NEW_N(g->arena, int, n->narg + 1);
    lin->nactive = 0;
    Node **args = NEW_N(g->arena, Node *, 2 * n->narg + 1);
    memcpy(args, n->arg, sizeof *args * (size_t)n->narg);
    for (int a = 0; a < n->narg; a++)
        if (tin[a]) {
            args[n->narg + lin->nactive] = tin[a];
            lin->active[lin->nactive++] = a;
        }
    Node *d = ir_grad(g, OP_lingrad, lin, args, n->narg + lin->nactive);
    for (int k = 0; k < r->nwrt; k++)
        out[k] = ir_proj(g, d, k);
}

void transpose_lingrad(Graph *g, Node *n, Node *const *ct, Node **ctin)
{
    const Region *r = n->u.region;
    int np = n->narg - r->nactive;
    Graph *hp = hessian_product_graph(r);
    Node **args = NEW_N(g->arena, Node *, np + r->nwrt + 1);
    memcpy(args, n->arg, sizeof *args * (size_t)np);
    for (int k = 0; k < r->nwrt; k++)
        args[np + k] = or_zero(g, ct[k], &r->body->params.at[r->wrt[k]]->type);
    graph_inline(g, hp, args, hp->results.at, r->nactive, ctin + np, NULL);
}

static bool has_grads(const Graph *g, bool marked)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if ((n->op == OP_grad && (n->u.region->reverse || !marked)) || (n->op == OP_loop && has_grads(n->u.loop->body, marked)))
            return true;
    }
    return false;
}

/* Rebuilds g without grad nodes: in place, so that loops and callers keep their pointer. */
void expand_grads(Graph *g, bool marked)
{
    if (!has_grads(g, marked))
        return;
    Graph *fresh = graph_new(g->arena, g->name);
    int limit = graph_limit(g);
    Node **map = NEW_N(g->arena, Node *, limit + 1), ***outs = NEW_N(g->arena, Node **, limit + 1);
    Node **params = NEW_N(g->arena, Node *, g->params.n + 1), **done = NEW_N(g->arena, Node *, g->results.n + 1);
    for (int k = 0; k < g->params.n; k++)
        params[k] = map[g->params.at[k]->id] = ir_param_like(fresh, g->params.at[k]);
    int need_limit;
    bool *need = cone_of(g, g->results.at, g->results.n, &need_limit);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (!need[n->id] || map[n->id])
            continue;
        if (n->op == OP_loop)
            expand_grads(n->u.loop->body, marked);
        if (n->op == OP_grad && (n->u.region->reverse || !marked)) {
            const Region *r = n->u.region;
            expand_grads(r->body, marked);
            Graph *grad = gradient_graph(r, r->wrt, r->nwrt);
            Node **args = NEW_N(g->arena, Node *, n->narg + 1);
            for (int a = 0; a < n->narg; a++)
                args[a] = map[n->arg[a]->id];
            outs[n->id] = NEW_N(g->arena, Node *, r->nwrt + 1);
            graph_inline(fresh, grad, args, grad->results.at, r->nwrt, outs[n->id], NULL);
            for (int k = 0; k < r->nwrt && !r->written; k++)
                outs[n->id][k] = ir_map1(fresh, OP_mark, outs[n->id][k]);
        } else if (n->op == OP_proj && outs[n->arg[0]->id])
            map[n->id] = outs[n->arg[0]->id][n->u.axis];
        else
            graph_copy(fresh, g, n, map);
    }
    for (int k = 0; k < g->results.n; k++)
        done[k] = map[g->results.at[k]->id];
    fresh->results.n = 0;
    for (int k = 0; k < g->results.n; k++)
        ir_result(fresh, done[k], k < g->result_names.n ? g->result_names.at[k] : NULL);
    *g = *fresh;
    for (int i = 0; i < g->nodes.n; i++)
        g->nodes.at[i]->graph = g;
}

/* What grad[w](e) of the text stands for: from here on a problem's graphs hold no gradients, and those of the inner loss are the only regions. */
void expand_written_grads(Problem *p)
{
    Graph *const all[] = { p->meta_init, p->param_init, p->state_init, p->inner, p->update, p->path, p->outer, p->learn_init, p->learn };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (all[k] && has_grads(all[k], false)) {
            expand_grads(all[k], false);
            ir_name_values(all[k]);
        }
}
