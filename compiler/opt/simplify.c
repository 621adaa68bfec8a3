/* simplify.c -- the builder's algebra over a whole graph again, after passes have rewritten parts of it; and products of three and more factors
 * as pairs: the pair whose product costs least first, so that matrix products appear. */
#include "opt.h"

static bool uses(const Access *x, int letter)
{
    for (int k = 0; k < x->rank; k++)
        if (x->place[k].coef[letter])
            return true;
    return false;
}

/* Multiplies factors i and j of c into one array over the letters that the rest still needs; false when places are not plain. */
static Node *pair(Graph *g, const Contract *c, Node *const *args, int i, int j, Contract *rest, Node **rest_args, double *cost)
{
    Contract p;
    Type out = { .dtype = T_REAL };
    contract_init(&p);
    *cost = 1;
    p.nfactor = 2;
    p.nletters = c->nletters;
    memcpy(p.range, c->range, sizeof p.range);
    memcpy(p.letter, c->letter, sizeof p.letter);
    p.arg[0] = c->arg[i];
    p.arg[1] = c->arg[j];
    Access both = { 0 };
    for (int l = 0; l < c->nletters; l++) {
        bool here = uses(&c->arg[i], l) || uses(&c->arg[j], l), there = uses(&c->out, l);
        for (int a = 0; a < c->nfactor; a++)
            there |= a != i && a != j && uses(&c->arg[a], l);
        if (here)
            *cost *= (double)c->range[l];
        else
            p.range[l] = 1;
        if (here && there) {
            if (out.rank >= MAX_RANK)
                return NULL;
            both.place[out.rank] = place_letter(l);
            out.dim[out.rank++] = c->range[l];
        }
    }
    both.rank = p.out.rank = out.rank;
    memcpy(p.out.place, both.place, sizeof both.place);
    if (!rest)
        return args[0];
    Node *product = ir_contract(g, &p, (Node *[]){ args[i], args[j] }, out);
    *rest = *c;
    for (int l = 0; l < c->nletters; l++) {       /* letters that the pair summed over are gone */
        bool kept = false;
        for (int d = 0; d < both.rank; d++)
            kept |= both.place[d].coef[l] != 0;
        if (p.range[l] > 1 && !kept)
            rest->range[l] = 1;
    }
    int n = 0;
    for (int a = 0; a < c->nfactor; a++)
        if (a != i && a != j) {
            rest->arg[n] = c->arg[a];
            rest_args[n++] = args[a];
        }
    rest->arg[n] = both;
    rest_args[n++] = product;
    rest->nfactor = n;
    return product;
}

static Node *split(Graph *g, const Contract *c, Node *const *args, const Type *out)
{
    if (c->nfactor <= 2 || c->nindex || c->nguard)
        return ir_contract(g, c, args, *out);
    double best = 0, cost;
    int bi = -1, bj = -1;
    for (int i = 0; i < c->nfactor; i++)
        for (int j = i + 1; j < c->nfactor; j++)
            if (pair(g, c, args, i, j, NULL, NULL, &cost) && (bi < 0 || cost < best))
                best = cost, bi = i, bj = j;
    Contract *rest = NEW(g->arena, Contract);
    Node *rest_args[MAX_OPERANDS];
    if (bi < 0 || !pair(g, c, args, bi, bj, rest, rest_args, &cost))
        return ir_contract(g, c, args, *out);
    return split(g, rest, rest_args, out);
}

Graph *opt_simplify(Graph *g)
{
    int limit = graph_limit(g);
    Graph *c = graph_new(g->arena, g->name);
    Node **map = NEW_N(g->arena, Node *, limit + 1);
    graph_same_params(c, g, map);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (map[n->id] || n->op == OP_param)
            continue;
        if (n->op == OP_loop)
            n->u.loop->body = opt_simplify(n->u.loop->body);
        if (n->op == OP_contract && n->u.contract->nfactor > 2) {
            Node *args[MAX_OPERANDS];
            for (int a = 0; a < n->narg; a++)
                args[a] = map[n->arg[a]->id];
            c->here = n->origin;
            map[n->id] = split(c, n->u.contract, args, &n->type);
        } else
            graph_copy(c, g, n, map);
    }
    graph_same_results(c, g, map);
    return c;
}
