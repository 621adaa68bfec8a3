/* transpose.c -- the transpose of a linear program: cotangents of its inputs from cotangents of its outputs.
 *
 * Input: a graph in which the outs depend linearly on the placeholders lin[] (linearize.c made them). Walks the linear nodes backwards;
 * each passes its cotangent on to its linear operands:
 *   y = a + b          ct_a += ct,  ct_b += ct
 *   y = x * t          ct_t += x * ct
 *   y = contract(.. t ..)   swap the accesses of y and t: out[..] += others * ct
 * Output: cotangents of lin[], NULL where zero. Zeros are symbolic, never arrays. */
#include "rules.h"

typedef struct Tr {
    Graph *g;
    int    limit, first;                  /* first: the nodes from there on are made for the present one */
    bool  *linear, *need;
    Node **ct;             /* by id */
    Node ***ct_out;        /* by id of a loop or lingrad: cotangents of its outputs */
} Tr;

static void give(Tr *t, Node *to, Node *ct)
{
    if (!ct || !t->linear[to->id])
        return;
    Node *sum = t->ct[to->id] = add_or(t->g, t->ct[to->id], ct);
    Name name = ir_adjoint_name(to->origin.name);
    if (name && ct->id >= t->first)
        ct->origin.name = name;
    if (name && sum->id >= t->first)
        sum->origin.name = name;
}

static void transpose_map(Tr *t, Node *n, Node *ct)
{
    Graph *g = t->g;
    Node **a = n->arg;
    switch (n->op) {
    case OP_neg: give(t, a[0], ir_map1(g, OP_neg, ct)); return;
    case OP_add: give(t, a[0], ct); give(t, a[1], ct); return;
    case OP_sub: give(t, a[0], ct); if (t->linear[a[1]->id]) give(t, a[1], ir_map1(g, OP_neg, ct)); return;
    case OP_mul: case OP_mulz: {
        int k = t->linear[a[0]->id] ? 0 : 1;
        if (t->linear[a[1 - k]->id])
            ice("transpose: a product of two linear values");
        give(t, a[k], ir_map2(g, n->op, a[1 - k], ct));
        return;
    }
    case OP_div:
        if (t->linear[a[1]->id])
            ice("transpose: division by a linear value");
        give(t, a[0], ir_map2(g, OP_div, ct, a[1]));
        return;
    case OP_select: {
        Node *zero = ir_const(g, ct->type, 0);
        if (t->linear[a[1]->id])
            give(t, a[1], ir_map3(g, OP_select, a[0], ct, zero));
        if (t->linear[a[2]->id])
            give(t, a[2], ir_map3(g, OP_select, a[0], zero, ct));
        return;
    }
    default: ice("transpose: %s is not linear", op_info[n->op].name);
    }
}

static void transpose_contract(Tr *t, Node *n, Node *ct)
{
    for (int k = 0; k < n->u.contract->nfactor; k++) {
        if (!t->linear[n->arg[k]->id])
            continue;
        Contract c = *n->u.contract;
        Node *args[MAX_OPERANDS];
        memcpy(args, n->arg, sizeof *args * (size_t)n->narg);
        c.out = n->u.contract->arg[k];
        c.arg[k] = n->u.contract->out;
        args[k] = ct;
        give(t, n->arg[k], ir_contract(t->g, &c, args, n->arg[k]->type));
    }
}

static bool is_captured(const Loop *l, int arg)
{
    for (int p = 0, a = 0; p < l->params.n; p++) {
        if (l->params.at[p].kind == LP_INDEX)
            continue;
        if (a++ == arg)
            return l->params.at[p].kind == LP_CAPTURE;
    }
    return false;
}

static void transpose_outputs(Tr *t, Node *n)
{
    Node **ctin = NEW_N(t->g->arena, Node *, n->narg + 1);
    if (!t->ct_out[n->id])
        return;
    if (n->op == OP_loop) {
        bool *is = NEW_N(t->g->arena, bool, n->narg + 1);
        for (int a = 0; a < n->narg; a++)
            is[a] = t->linear[n->arg[a]->id];
        /* The inner loop adds to what there is, so that a loop in two parts sums in the order of one. */
        bool *goes_on = NEW_N(t->g->arena, bool, n->narg + 1);
        for (int a = 0; a < n->narg && n->u.loop->is_steps; a++) {
            bool twice = false;
            for (int b = 0; b < n->narg; b++)
                twice |= b != a && n->arg[b] == n->arg[a] && is_captured(n->u.loop, b);
            goes_on[a] = is[a] && !twice && is_captured(n->u.loop, a);
            ctin[a] = goes_on[a] ? t->ct[n->arg[a]->id] : NULL;
        }
        transpose_loop(t->g, n, is, t->ct_out[n->id], ctin);
        for (int a = 0; a < n->narg; a++)
            if (goes_on[a]) {
                t->ct[n->arg[a]->id] = ctin[a];
                ctin[a] = NULL;
            }
    } else
        transpose_lingrad(t->g, n, t->ct_out[n->id], ctin);
    for (int a = 0; a < n->narg; a++)
        if (t->linear[n->arg[a]->id])
            give(t, n->arg[a], ctin[a]);
}

static void transpose_proj(Tr *t, Node *n, Node *ct)
{
    Node *of = n->arg[0];
    if (!t->ct_out[of->id])
        t->ct_out[of->id] = NEW_N(t->g->arena, Node *, (of->op == OP_loop ? of->u.loop->outs.n : of->u.region->nwrt) + 1);
    t->ct_out[of->id][n->u.axis] = add_or(t->g, t->ct_out[of->id][n->u.axis], ct);
}

static void transpose_node(Tr *t, Node *n, Node *ct)
{
    Graph *g = t->g;
    switch (op_info[n->op].kind) {
    case K_MAP: transpose_map(t, n, ct); return;
    case K_CONTRACT: transpose_contract(t, n, ct); return;
    default: break;
    }
    switch (n->op) {
    case OP_param: return;
    case OP_reshape: give(t, n->arg[0], ir_reshape(g, ct, n->arg[0]->type.rank, n->arg[0]->type.dim)); return;
    case OP_cumsum: give(t, n->arg[0], ir_op(g, OP_cumsum, &ct, 1, n->type, n->u.axis ^ 1)); return;
    case OP_trisolve: case OP_solve:
        if (t->linear[n->arg[0]->id])
            ice("transpose: a solve with a linear matrix");
        give(t, n->arg[1], ir_op(g, n->op, (Node *[]){ n->arg[0], ct }, 2, ct->type, n->u.axis ^ 2));
        return;
    case OP_proj: transpose_proj(t, n, ct); return;
    default: ice("transpose: no rule for %s", op_info[n->op].name);
    }
}

void transpose(Graph *g, Node *const *lin, int nlin, Node *const *outs, Node *const *ct, int nouts, Node **ctin)
{
    Tr t = { .g = g };
    t.need = cone_of(g, outs, nouts, &t.limit);
    t.linear = NEW_N(g->arena, bool, t.limit + 1);
    t.ct = NEW_N(g->arena, Node *, t.limit + 1);
    t.ct_out = NEW_N(g->arena, Node **, t.limit + 1);
    for (int k = 0; k < nlin; k++)
        if (lin[k] && lin[k]->id < t.limit)
            t.linear[lin[k]->id] = true;
    int count = g->nodes.n;
    for (int i = 0; i < count; i++) {
        Node *n = g->nodes.at[i];
        for (int a = 0; a < n->narg && t.need[n->id]; a++)
            t.linear[n->id] |= t.linear[n->arg[a]->id];
    }
    t.first = g->nodes.n;
    for (int k = 0; k < nouts; k++)
        if (outs[k])
            give(&t, outs[k], ct[k]);
    Origin before = g->here;
    for (int i = count - 1; i >= 0; i--) {
        Node *n = g->nodes.at[i];
        if (!t.need[n->id] || !t.linear[n->id])
            continue;
        g->here = derived_origin(n, ADJOINT);
        t.first = g->nodes.n;
        if (n->op == OP_loop || n->op == OP_lingrad)
            transpose_outputs(&t, n);
        else if (t.ct[n->id])
            transpose_node(&t, n, t.ct[n->id]);
    }
    g->here = before;
    for (int k = 0; k < nlin; k++)
        ctin[k] = lin[k] && lin[k]->id < t.limit ? t.ct[lin[k]->id] : NULL;
}

void vjp(Graph *g, Node *const *in, int nin, Node *const *roots, Node *const *ct, int nroots, Node **ctin)
{
    Node **lin = NEW_N(g->arena, Node *, nin + 1), **tan = NEW_N(g->arena, Node *, nroots + 1);
    for (int k = 0; k < nin; k++)
        lin[k] = linear_input(g, in[k]);
    linearize(g, in, lin, nin, roots, nroots, tan, true);
#ifndef NDEBUG
    const char *wrong = ir_verify_linear(g, lin, nin, tan, nroots);
    if (wrong)
        ice("linearize: %s", wrong);
#endif
    transpose(g, lin, nin, tan, ct, nroots, ctin);
}
