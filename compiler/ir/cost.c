/* cost.c -- flops and bytes moved, from static shapes. Loops count their body times their trip count. Views, constants and what is elementwise next to its
 * user move no bytes of their own: only contractions, reductions, kernels and loop outputs are counted as stored. */
#include "ir.h"

static double count(const Type *t) { return (double)type_count(t); }

static Cost contract_cost(const Node *n, double real_bytes)
{
    const Contract *c = n->u.contract;
    double work = 1;
    Cost k = { 0, 0 };
    for (int l = 0; l < c->nletters; l++)
        work *= (double)c->range[l];
    bool sums = work > count(&n->type) || c->nfactor > 1;
    if (!sums)
        return k;
    k.flops = work * (c->nfactor > 1 ? c->nfactor : 1);
    k.bytes = count(&n->type) * real_bytes;
    for (int a = 0; a < c->nfactor; a++)
        k.bytes += count(&n->arg[a]->type) * real_bytes;
    return k;
}

Cost ir_cost(const Graph *g, double real_bytes)
{
    Cost sum = { 0, 0 };
    bool *need = NEW_N(g->arena, bool, g->nodes.n + 1);
    for (int k = 0; k < g->results.n; k++)
        need[g->results.at[k]->id] = true;
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        const Node *n = g->nodes.at[i];
        Cost c = { 0, 0 };
        if (!need[n->id])
            continue;
        for (int a = 0; a < n->narg; a++)
            need[n->arg[a]->id] = true;
        switch (op_info[n->op].kind) {
        case K_MAP: c.flops = op_info[n->op].flops * count(&n->type); c.bytes = 0.5 * count(&n->type) * real_bytes; break;
        case K_CONTRACT: c = contract_cost(n, real_bytes); break;
        case K_REDUCE: c.flops = count(&n->arg[0]->type); break;
        default: break;
        }
        if (n->op == OP_loop) {
            Cost body = ir_cost(n->u.loop->body, real_bytes);
            c.flops = body.flops * (double)n->u.loop->n;
            c.bytes = body.bytes * (double)n->u.loop->n;
            for (int k = 0; k < n->u.loop->outs.n; k++)
                if (n->u.loop->outs.at[k].kind == LO_COLLECT)
                    c.bytes += 2 * count(&n->u.loop->body->results.at[n->u.loop->outs.at[k].result]->type) * real_bytes * (double)n->u.loop->n;
        }
        if (n->op == OP_cholesky || n->op == OP_solve || n->op == OP_trisolve)
            c.flops = count(&n->arg[0]->type) * (double)n->type.dim[n->type.rank - 1];
        sum.flops += c.flops;
        sum.bytes += c.bytes;
    }
    return sum;
}
