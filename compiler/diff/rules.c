/* rules.c -- linearize and transpose as passes over a whole graph, so that both can be tried from text and tested by it.
 *
 * linearize: f(x) becomes f(x), J dx over the parameters x, dx. transpose: of those, the parameters dx and the results that depend on them change sides:
 * f(x), J' by over x, by. A parameter is a tangent if its origin says so. */
#include "rules.h"
#include "opt.h"

static Node *derived_param(Graph *g, const Node *of, Name name, OriginKind kind)
{
    Node *p = ir_param(g, of->type, name);
    p->origin.kind = kind;
    return p;
}

Graph *linearize_graph(Graph *g)
{
    Graph *c = graph_clone(g, g->name);
    int np = c->params.n, nr = c->results.n, n = 0;
    Node **in = NEW_N(c->arena, Node *, np + 1), **tin = NEW_N(c->arena, Node *, np + 1), **out = NEW_N(c->arena, Node *, nr + 1);
    for (int k = 0; k < np; k++)
        if (is_differentiable(c->params.at[k])) {
            in[n] = c->params.at[k];
            tin[n] = derived_param(c, in[n], ir_tangent_name(in[n]->origin.name), TANGENT);
            n++;
        }
    linearize(c, in, tin, n, c->results.at, nr, out, true);
    for (int k = 0; k < nr; k++) {
        const Node *r = c->results.at[k];
        Name called = k < c->result_names.n ? c->result_names.at[k] : NULL;
        if (is_differentiable(r))
            ir_result(c, or_zero(c, out[k], &r->type), ir_tangent_name(called));
    }
    return opt_dead_code(c);
}

/* The tangent parameters, and which results depend on them. */
static int linear_part(Graph *g, Node **lin, bool *dep)
{
    int n = 0;
    bool *marked = NEW_N(g->arena, bool, graph_limit(g) + 1);
    for (int k = 0; k < g->params.n; k++)
        if (g->params.at[k]->origin.kind == TANGENT) {
            lin[n++] = g->params.at[k];
            marked[g->params.at[k]->id] = true;
        }
    for (int i = 0; i < g->nodes.n; i++)
        for (int a = 0; a < g->nodes.at[i]->narg; a++)
            marked[i] |= marked[g->nodes.at[i]->arg[a]->id];
    for (int k = 0; k < g->results.n; k++)
        dep[k] = marked[g->results.at[k]->id];
    return n;
}

const char *transpose_refuses(Graph *g)
{
    Node **lin = NEW_N(g->arena, Node *, g->params.n + 1), **roots = NEW_N(g->arena, Node *, g->results.n + 1);
    bool *dep = NEW_N(g->arena, bool, g->results.n + 1);
    int nlin = linear_part(g, lin, dep);
    for (int k = 0; k < g->results.n; k++)
        roots[k] = dep[k] ? g->results.at[k] : NULL;
    return nlin ? ir_verify_linear(g, lin, nlin, roots, g->results.n) : "no parameter is a tangent (d)";
}

Graph *transpose_graph(Graph *g)
{
    Graph *c = graph_clone(g, g->name);
    int np = c->params.n, nr = c->results.n, nouts = 0, kept = 0;
    Node **lin = NEW_N(c->arena, Node *, np + 1), **outs = NEW_N(c->arena, Node *, nr + 1), **ct = NEW_N(c->arena, Node *, nr + 1), **back = NEW_N(c->arena, Node *, np + 1);
    bool *dep = NEW_N(c->arena, bool, nr + 1);
    int nlin = linear_part(c, lin, dep);
    for (int k = 0; k < nr; k++) {
        Name called = k < c->result_names.n ? c->result_names.at[k] : NULL;
        if (dep[k]) {
            outs[nouts] = c->results.at[k];
            ct[nouts++] = derived_param(c, c->results.at[k], ir_adjoint_name(called), ADJOINT);
        } else {
            c->results.at[kept] = c->results.at[k];
            c->result_names.at[kept++] = called;
        }
    }
    c->results.n = c->result_names.n = kept;
    transpose(c, lin, nlin, outs, ct, nouts, back);
    for (int k = 0; k < nlin; k++)
        ir_result(c, or_zero(c, back[k], &lin[k]->type), ir_adjoint_name(lin[k]->origin.name));
    kept = 0;
    for (int k = 0; k < c->params.n; k++)
        if (c->params.at[k]->origin.kind != TANGENT)
            c->params.at[kept++] = c->params.at[k];
    c->params.n = kept;
    return opt_dead_code(c);
}
