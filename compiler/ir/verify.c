/* verify.c -- is a graph sound? Operands first and of the same graph, arities, shapes of elementwise operators, contractions inside their arrays
 * (or guarded), loops described as they are. */
#include "contract.h"

static const char *wrong(const Graph *g, const Node *n, const char *what)
{
    return arena_printf(g->arena, "%s: node %d (%s): %s", g->name ? g->name : "graph", n ? n->id : -1, n ? op_info[n->op].name : "", what);
}

/* Can the place leave 0..dim-1 where the guards hold? A guard on the very same place decides; else ranges do. */
static bool may_leave(const Contract *c, const Place *p, int64_t dim)
{
    int64_t lo, hi;
    if (p->index >= 0)
        return false;                             /* the values of index arrays were checked when they were bound */
    place_range(c, p, &lo, &hi);
    if (lo >= 0 && hi < dim)
        return false;
    for (int g = 0; g < c->nguard; g++) {
        const Guard *x = &c->guard[g];
        int64_t shift = p->base - x->place.base;
        bool same = true, opposite = true;
        for (int l = 0; l < MAX_LETTERS; l++) {
            same &= p->coef[l] == x->place.coef[l];
            opposite &= p->coef[l] == -x->place.coef[l];
        }
        if (same && shift >= 0 && shift + x->n <= dim)
            return false;
        if (opposite && p->base + x->place.base - (x->n - 1) >= 0 && p->base + x->place.base < dim)
            return false;
    }
    return c->nguard < 2;                         /* several guards together may bound a place: that is not decided here */
}

static const char *verify_contract(const Graph *g, const Node *n)
{
    const Contract *c = n->u.contract;
    if (c->nfactor < 1 || c->nfactor + c->nindex != n->narg)
        return wrong(g, n, "wrong number of operands");
    for (int a = -1; a < n->narg; a++) {
        const Access *x = a < 0 ? &c->out : &c->arg[a];
        const Type *t = a < 0 ? &n->type : &n->arg[a]->type;
        if (x->rank != t->rank)
            return wrong(g, n, "an access has the wrong rank");
        for (int k = 0; k < x->rank; k++)
            if (may_leave(c, &x->place[k], t->dim[k]))
                return wrong(g, n, arena_printf(g->arena, "operand %d may be read outside axis %d", a, k));
        if (a >= 0 && a < c->nfactor && t->dtype != n->type.dtype)
            return wrong(g, n, "a factor has another element type");
    }
    return NULL;
}

static const char *verify_loop(const Graph *g, const Node *n)
{
    const Loop *l = n->u.loop;
    int args = 0, index = 0;
    if (l->body->params.n != l->params.n)
        return wrong(g, n, "the body's parameters are not described");
    for (int p = 0; p < l->params.n; p++) {
        const Node *param = l->body->params.at[p];
        if (l->params.at[p].kind == LP_INDEX) {
            index++;
            continue;
        }
        if (args >= n->narg || (l->params.at[p].kind != LP_STATE && !type_eq(&n->arg[args]->type, &param->type)))
            return wrong(g, n, arena_printf(g->arena, "parameter %d does not fit its argument", p));
        args++;
        if (l->params.at[p].kind == LP_CARRY && (l->params.at[p].result < 0 || !type_eq(&l->body->results.at[l->params.at[p].result]->type, &param->type)))
            return wrong(g, n, arena_printf(g->arena, "carried parameter %d changes its type", p));
    }
    if (args != n->narg || index != 1)
        return wrong(g, n, "arguments and parameters differ in number");
    for (int k = 0; l->again && k < l->again->loop->params.n; k++)
        if (l->again->from[k] < 0 || l->again->from[k] >= l->params.n || (l->again->loop->params.at[k].kind == LP_CARRY) != (l->params.at[l->again->from[k]].kind == LP_STATE)
            || !type_eq(&l->again->loop->body->params.at[k]->type, &l->body->params.at[l->again->from[k]]->type))
            return wrong(g, n, "the way from a saved state does not fit the loop's parameters");
    if (l->again && ir_verify(l->again->loop->body))
        return ir_verify(l->again->loop->body);
    return ir_verify(l->body);
}

const char *ir_verify(const Graph *g)
{
    int last = -1;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        const char *bad = NULL;
        if (n->graph != g || n->id <= last)
            return wrong(g, n, "out of order");
        last = n->id;
        for (int a = 0; a < n->narg; a++)
            if (n->arg[a]->graph != g || n->arg[a]->id >= n->id)
                return wrong(g, n, "an operand is not before its user");
        for (int a = 1; op_info[n->op].kind == K_MAP && a < n->narg; a++)
            if (!shape_eq(&n->arg[0]->type, &n->arg[a]->type))
                return wrong(g, n, "operands of different shapes");
        if (n->op == OP_contract)
            bad = verify_contract(g, n);
        if (n->op == OP_loop)
            bad = verify_loop(g, n);
        if (bad)
            return bad;
    }
    for (int k = 0; k < g->results.n; k++)
        if (g->results.at[k]->graph != g)
            return wrong(g, NULL, "a result of another graph");
    return NULL;
}
