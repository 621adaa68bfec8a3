/* verify_linear.c -- is a part of a graph linear? What linearize leaves for transpose must be: every value that depends on a linear input is a linear
 * function of it, the other operands held constant. A product of two such values, a branch on one or an index made of one is refused. */
#include "ir.h"

static const char *refuse(const Graph *g, const Node *n, const char *what)
{
    return arena_printf(g->arena, "%s: %%%d (%s): %s", g->name ? g->name : "graph", n->id, op_info[n->op].name, what);
}

static const char *check(const Graph *, const bool *dep, const bool *need);

static bool is_zero(const Node *n)
{
    double v;
    return ir_is_const(n, &v) && v == 0;
}

/* Marks what depends on the nodes that are marked. */
static void propagate(const Graph *g, bool *dep)
{
    for (int i = 0; i < g->nodes.n; i++)
        for (int a = 0; a < g->nodes.at[i]->narg; a++)
            dep[i] |= dep[g->nodes.at[i]->arg[a]->id];
}

/* As transposition has it, every carried value of a linear loop is linear, also one that stays zero because nothing linear reaches it; of the others those whose argument is. */
static const char *linear_loop(const Graph *g, const Node *n, const bool *dep)
{
    const Loop *l = n->u.loop;
    bool *in = NEW_N(l->body->arena, bool, graph_limit(l->body) + 1);
    for (int p = 0, a = 0; p < l->params.n; p++)
        if (l->params.at[p].kind != LP_INDEX)
            in[l->body->params.at[p]->id] = dep[n->arg[a++]->id] || l->params.at[p].kind == LP_CARRY;
    propagate(l->body, in);
    for (int p = 0; p < l->params.n; p++)
        if (l->params.at[p].kind == LP_CARRY) {
            const Node *first = n->arg[loop_argument(l, p)], *next = l->body->results.at[l->params.at[p].result];
            if ((!dep[first->id] && !is_zero(first)) || (!in[next->id] && !is_zero(next)))
                return refuse(g, n, "a linear carried value that starts from or becomes a value that is not linear");
        }
    return check(l->body, in, NULL);
}

/* Each of operands from..: linear, or zero. */
static const char *all_linear(const Graph *g, const Node *n, const bool *dep, int from)
{
    for (int a = from; a < n->narg; a++)
        if (!dep[n->arg[a]->id] && !is_zero(n->arg[a]))
            return refuse(g, n, "a linear value beside one that is not");
    return NULL;
}

/* NULL when n, some of whose operands depend on linear inputs, is linear in them. */
static const char *linear_node(const Graph *g, const Node *n, const bool *dep)
{
    int count = 0;
    for (int a = 0; a < n->narg; a++)
        count += dep[n->arg[a]->id];
    if (op_info[n->op].flags & OPF_ZERO_DERIV && op_info[n->op].kind == K_MAP)
        return refuse(g, n, "not linear in its operand");
    switch (n->op) {
    case OP_neg: case OP_mark: case OP_reshape: case OP_cumsum: case OP_proj: return NULL;
    case OP_add: case OP_sub: return all_linear(g, n, dep, 0);
    case OP_mul: case OP_mulz: return count == 1 ? NULL : refuse(g, n, "a product of two linear values");
    case OP_div: return !dep[n->arg[1]->id] ? NULL : refuse(g, n, "divides by a linear value");
    case OP_select: return !dep[n->arg[0]->id] ? all_linear(g, n, dep, 1) : refuse(g, n, "branches on a linear value");
    case OP_trisolve: case OP_solve: return !dep[n->arg[0]->id] ? NULL : refuse(g, n, "its matrix is a linear value");
    case OP_contract:
        for (int a = n->u.contract->nfactor; a < n->narg; a++)
            if (dep[n->arg[a]->id])
                return refuse(g, n, "an index made of a linear value");
        return count == 1 ? NULL : refuse(g, n, "a product of two linear values");
    case OP_lingrad:
        for (int a = 0; a < n->narg - n->u.region->nactive; a++)
            if (dep[n->arg[a]->id])
                return refuse(g, n, "a gradient at a linear value");
        return NULL;
    case OP_loop: return linear_loop(g, n, dep);
    default: return refuse(g, n, "not linear in its operand");
    }
}

static const char *check(const Graph *g, const bool *dep, const bool *need)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        const char *bad = dep[i] && n->op != OP_param && (!need || need[i]) ? linear_node(g, n, dep) : NULL;
        if (bad)
            return bad;
    }
    return NULL;
}

const char *ir_verify_linear(Graph *g, Node *const *lin, int nlin, Node *const *roots, int nroots)
{
    int limit = graph_limit(g);
    bool *dep = NEW_N(g->arena, bool, limit + 1), *need = graph_needed(g->arena, g, roots, nroots);
    for (int k = 0; k < nlin; k++)
        if (lin[k])
            dep[lin[k]->id] = true;
    propagate(g, dep);
    return check(g, dep, need);
}
