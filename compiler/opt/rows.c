/* rows.c -- an array that a loop fills row by row is collected, not carried.
 *
 * The adjoint of blocks[i] adds into row i of a carried array that starts as zero: c' = c + scatter(row i, x). When that is the only use of c, each row is
 * written once, and the loop's output is the rows x collected by i. The whole array is then neither cleared nor read in every iteration.
 * Invariant: the same numbers (0 + x is x). */
#include "opt.h"

typedef struct Rows { Graph *body; const Node *carry, *index; Vec(Node *) rows; int uses; } Rows;

/* A contraction that writes row `index` of its result and nothing else. */
static bool writes_row(const Node *n, const Node *index)
{
    if (n->op != OP_contract || n->type.rank < 1)
        return false;
    const Contract *c = n->u.contract;
    const Place *p = &c->out.place[0];
    for (int l = 0; l < c->nletters; l++)
        if (p->coef[l])
            return false;
    return !p->base && p->index >= 0 && n->arg[p->index] == index;
}

/* next = carry + rows, in any order of additions; false when anything else is in it. */
static bool take_apart(Rows *r, Node *n)
{
    if (n == r->carry) {
        r->uses++;
        return true;
    }
    if (n->op == OP_add)
        return take_apart(r, n->arg[0]) && take_apart(r, n->arg[1]);
    if (!writes_row(n, r->index))
        return false;
    vec_push(r->body->arena, r->rows, n);
    return true;
}

static int uses_in(const Graph *g, const Node *x)
{
    int n = 0;
    for (int i = 0; i < g->nodes.n; i++)
        for (int a = 0; a < g->nodes.at[i]->narg; a++)
            n += g->nodes.at[i]->arg[a] == x;
    for (int k = 0; k < g->results.n; k++)
        n += g->results.at[k] == x;
    return n;
}

static Node *row_alone(Graph *g, Node *n)
{
    Contract c = *n->u.contract;
    Type t = n->type;
    c.out.rank--;
    memmove(c.out.place, c.out.place + 1, sizeof *c.out.place * (size_t)c.out.rank);
    t.rank--;
    memmove(t.dim, t.dim + 1, sizeof *t.dim * (size_t)t.rank);
    g->here = n->origin;
    return ir_contract(g, &c, n->arg, t);
}

static void collect_rows(Node *loop, int p, const Node *index, const Node *init)
{
    Loop *l = loop->u.loop;
    Rows r = { .body = l->body, .carry = l->body->params.at[p], .index = index };
    double zero;
    if (!ir_is_const(init, &zero) || zero != 0 || r.carry->type.rank < 1 || r.carry->type.dim[0] != l->n || r.carry->type.dtype != T_REAL)
        return;
    if (!take_apart(&r, l->body->results.at[l->params.at[p].result]) || r.uses != 1 || !r.rows.n || uses_in(l->body, r.carry) != 1)
        return;
    Node *sum = NULL;
    for (int k = 0; k < r.rows.n; k++) {
        Node *row = row_alone(l->body, r.rows.at[k]);
        sum = sum ? ir_map2(l->body, OP_add, sum, row) : row;
    }
    ir_result(l->body, sum, r.carry->origin.name);
    for (int k = 0; k < l->outs.n; k++)
        if (l->outs.at[k].kind == LO_CARRY && l->outs.at[k].param == p)
            l->outs.at[k] = (LoopOut){ LO_COLLECT, -1, l->body->results.n - 1 };
}

void opt_rows(Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (n->op != OP_loop)
            continue;
        Loop *l = n->u.loop;
        const Node *index = NULL;
        opt_rows(l->body);
        for (int p = 0; p < l->params.n; p++)
            if (l->params.at[p].kind == LP_INDEX)
                index = l->body->params.at[p];
        for (int p = 0, a = 0; p < l->params.n; p++) {
            if (l->params.at[p].kind == LP_INDEX)
                continue;
            if (l->params.at[p].kind == LP_CARRY)
                collect_rows(n, p, index, n->arg[a]);
            a++;
        }
    }
}
