/* linearize.c -- the tangent of a graph: for each active node, in order, the node that computes its tangent from its operands' tangents.
 *
 *   y = f(x):  dy = sum_k  df/dx_k * dx_k          (elementwise: the partials of the operator table)
 *   contract:  dy = sum_k  contract(.., dx_k, ..)  (multilinear)
 *
 * Input: nodes with given tangents. Output: tangents of the roots, NULL where they are zero. Tangents are appended to the same graph, so
 * primal values are shared. Invariant: every tangent node is linear in the given tangents; transpose.c relies on it.
 *
 * "The branch of an if that is not taken contributes nothing, no NaN either": a node whose every use is a branch of a select (or
 * feeds only such nodes) multiplies by its partials with mulz, in which an exact zero wins over what is not finite. */
#include "rules.h"

bool *cone_of(Graph *g, Node *const *roots, int n, int *limit)
{
    *limit = graph_limit(g);
    bool *in = NEW_N(g->arena, bool, *limit + 1);
    for (int k = 0; k < n; k++)
        if (roots[k])
            in[roots[k]->id] = true;
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        Node *x = g->nodes.at[i];
        if (in[x->id])
            for (int a = 0; a < x->narg; a++)
                in[x->arg[a]->id] = true;
    }
    return in;
}

bool is_differentiable(const Node *n)
{
    return n->type.dtype == T_REAL;
}

Origin derived_origin(const Node *n, OriginKind kind)
{
    Origin o = n->origin;
    o.name = kind == TANGENT ? ir_tangent_name(o.name) : ir_adjoint_name(o.name);
    if (n->origin.kind == ADJOINT || n->origin.kind == TANGENT_OF_ADJOINT || n->origin.kind == ADJOINT_OF_ADJOINT)
        kind = kind == TANGENT ? TANGENT_OF_ADJOINT : ADJOINT_OF_ADJOINT;
    o.kind = kind;
    return o;
}

Node *linear_input(Graph *g, const Node *of)
{
    Node *n = ir_param(g, of->type, ir_tangent_name(of->origin.name));
    g->params.n--;
    return n;
}

Node *add_or(Graph *g, Node *a, Node *b)
{
    return !a ? b : !b ? a : ir_map2(g, OP_add, a, b);
}

Node *or_zero(Graph *g, Node *n, const Type *type)
{
    return n ? n : ir_const(g, *type, 0);
}

Type stacked_type(int64_t n, const Type *t)
{
    Type s = *t;
    if (t->rank >= MAX_RANK)
        ice("a loop stacks values of rank %d", t->rank);
    s.rank++;
    s.dim[0] = n;
    memcpy(s.dim + 1, t->dim, sizeof *t->dim * (size_t)t->rank);
    return s;
}

Node *slice_at(Graph *g, Node *stacked, Node *index)
{
    return ir_pick(g, stacked, 0, index);
}

typedef struct Lin {
    Graph *g;
    bool   for_transpose;
    int    limit;
    Node **tan;            /* by id: tangent of a node, NULL: zero */
    Node ***tan_out;       /* by id of a loop or grad: tangents of its outputs */
    bool  *need, *guarded;
} Lin;

/* Nodes that matter only where a select takes them. */
static void find_guarded(Lin *l, Node *const *roots, int nroots)
{
    Graph *g = l->g;
    bool *open = NEW_N(g->arena, bool, l->limit + 1), *used = NEW_N(g->arena, bool, l->limit + 1);
    for (int k = 0; k < nroots; k++)
        open[roots[k]->id] = true;
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        Node *n = g->nodes.at[i];
        if (!l->need[n->id])
            continue;
        bool mine = used[n->id] && !open[n->id];
        bool passes = op_info[n->op].kind == K_MAP || (n->op == OP_contract && n->u.contract->nfactor == 1);
        l->guarded[n->id] = mine;
        for (int a = 0; a < n->narg; a++) {
            used[n->arg[a]->id] = true;
            bool branch = (n->op == OP_select && a > 0) || n->op == OP_mulz;
            if (!branch && !(mine && passes))
                open[n->arg[a]->id] = true;
        }
    }
}

static Node *times(Lin *l, const Node *of, Node *partial, Node *t)
{
    double c;
    bool plain = !l->guarded[of->id] || ir_is_const(partial, &c);
    return ir_map2(l->g, plain ? OP_mul : OP_mulz, partial, t);
}

static Node *linearize_map(Lin *l, Node *n)
{
    Graph *g = l->g;
    Node *a = n->narg > 0 ? l->tan[n->arg[0]->id] : NULL, *b = n->narg > 1 ? l->tan[n->arg[1]->id] : NULL;
    if (op_info[n->op].flags & OPF_ZERO_DERIV)
        return NULL;
    switch (n->op) {
    case OP_neg: return a ? ir_map1(g, OP_neg, a) : NULL;
    case OP_mark: return a;
    case OP_add: return add_or(g, a, b);
    case OP_sub: return !b ? a : !a ? ir_map1(g, OP_neg, b) : ir_map2(g, OP_sub, a, b);
    case OP_select: {
        Node *c = n->narg > 2 ? l->tan[n->arg[2]->id] : NULL;
        return b || c ? ir_map3(g, OP_select, n->arg[0], or_zero(g, b, &n->type), or_zero(g, c, &n->type)) : NULL;
    }
    case OP_mulz:
        return add_or(g, a ? ir_map2(g, OP_mulz, n->arg[1], a) : NULL, b ? ir_map2(g, OP_mulz, n->arg[0], b) : NULL);
    default: break;
    }
    Node *sum = NULL;
    for (int k = 0; k < n->narg; k++) {
        Node *t = l->tan[n->arg[k]->id], *d = t ? map_partial(g, n, k) : NULL;
        if (d)
            sum = add_or(g, sum, times(l, n, d, t));
    }
    return sum;
}

static Node *linearize_contract(Lin *l, Node *n)
{
    Node *sum = NULL, *args[MAX_OPERANDS];
    for (int k = 0; k < n->u.contract->nfactor; k++) {
        Node *t = l->tan[n->arg[k]->id];
        if (!t)
            continue;
        memcpy(args, n->arg, sizeof *args * (size_t)n->narg);
        args[k] = t;
        sum = add_or(l->g, sum, ir_contract(l->g, n->u.contract, args, n->type));
    }
    return sum;
}

/* y = max over axes: equal largest elements share the derivative; which they are is constant. */
static Node *linearize_reduce(Lin *l, Node *n)
{
    Graph *g = l->g;
    Node *x = n->arg[0], *t = l->tan[x->id];
    if (!t)
        return NULL;
    unsigned axes = (unsigned)n->u.axis;
    int map[MAX_RANK], k = 0;
    for (int d = 0; d < x->type.rank; d++)
        if (!(axes >> d & 1))
            map[k++] = d;
    Node *top = ir_expand(g, n, x->type.rank, x->type.dim, map);
    Node *is = ir_cast_real(g, ir_map2(g, OP_eq, x, top));
    Node *share = ir_map2(g, OP_div, is, ir_expand(g, ir_sum(g, is, axes), x->type.rank, x->type.dim, map));
    return ir_sum(g, ir_map2(g, OP_mul, share, t), axes);
}

static Node *swap_last(Graph *g, Node *n)
{
    int perm[MAX_RANK], r = n->type.rank;
    for (int k = 0; k < r; k++)
        perm[k] = k;
    perm[r - 1] = r - 2;
    perm[r - 2] = r - 1;
    return ir_transpose(g, n, perm);
}

/* Keeps the lower (or upper) triangle of the last two axes; the diagonal times `diagonal`. */
static Node *triangle(Graph *g, Node *n, bool upper, double diagonal)
{
    Type t = n->type;
    t.dtype = T_INT;
    Node *row = ir_iota(g, t, t.rank - 2), *col = ir_iota(g, t, t.rank - 1);
    Node *strict = ir_map2(g, upper ? OP_lt : OP_gt, row, col);
    Node *inside = ir_map3(g, OP_select, strict, n, ir_const(g, n->type, 0));
    return ir_map3(g, OP_select, ir_map2(g, OP_eq, row, col), ir_scale(g, n, diagonal), inside);
}

/* a = l l':  dl = l phi(l^-1 da l^-T), phi: lower triangle with half the diagonal (Smith 1995; Murray 2016, arXiv:1602.07527). */
static Node *linearize_cholesky(Lin *l, Node *n)
{
    Graph *g = l->g;
    Node *t = l->tan[n->arg[0]->id];
    if (!t)
        return NULL;
    t = ir_scale(g, ir_map2(g, OP_add, t, swap_last(g, t)), 0.5);
    Node *x = ir_op(g, OP_trisolve, (Node *[]){ n, t }, 2, t->type, 0);
    Node *y = ir_op(g, OP_trisolve, (Node *[]){ n, swap_last(g, x) }, 2, t->type, 0);
    return ir_matmul(g, n, triangle(g, y, false, 0.5));
}

/* op(a) x = b:  dx = op(a)^-1 (db - op(da) x); a triangular solve reads one triangle only. */
static Node *linearize_solve(Lin *l, Node *n)
{
    Graph *g = l->g;
    Node *da = l->tan[n->arg[0]->id], *db = l->tan[n->arg[1]->id];
    if (da) {
        if (n->op == OP_trisolve)
            da = triangle(g, da, n->u.axis & 1, 1);
        if (n->u.axis & 2)
            da = swap_last(g, da);
        Node *r = ir_matmul(g, da, n);
        db = db ? ir_map2(g, OP_sub, db, r) : ir_map1(g, OP_neg, r);
    }
    return db ? ir_op(g, n->op, (Node *[]){ n->arg[0], db }, 2, n->type, n->u.axis) : NULL;
}

static void linearize_outputs(Lin *l, Node *n)
{
    Node **tin = NEW_N(l->g->arena, Node *, n->narg);
    int nout = n->op == OP_loop ? n->u.loop->outs.n : n->u.region->nwrt;
    bool any = false;
    for (int a = 0; a < n->narg; a++) {
        tin[a] = is_differentiable(n->arg[a]) ? l->tan[n->arg[a]->id] : NULL;
        any |= tin[a] != NULL;
    }
    l->tan_out[n->id] = NEW_N(l->g->arena, Node *, nout + 1);
    if (!any)
        return;
    if (n->op == OP_grad && !l->for_transpose)
        ice("linearize: a gradient is left unexpanded in forward mode");
    if (n->op == OP_grad)
        linearize_grad(l->g, n, tin, l->tan_out[n->id]);
    else
        (l->for_transpose ? linearize_loop_split : linearize_loop_fused)(l->g, n, tin, l->tan_out[n->id]);
}

static Node *linearize_node(Lin *l, Node *n)
{
    Graph *g = l->g;
    Node *t = n->narg ? l->tan[n->arg[0]->id] : NULL;
    switch (op_info[n->op].kind) {
    case K_MAP: return linearize_map(l, n);
    case K_CONTRACT: return linearize_contract(l, n);
    case K_REDUCE: return linearize_reduce(l, n);
    default: break;
    }
    switch (n->op) {
    case OP_param: case OP_const: case OP_iota: return NULL;
    case OP_reshape: return t ? ir_reshape(g, t, n->type.rank, n->type.dim) : NULL;
    case OP_cumsum: return t ? ir_op(g, OP_cumsum, &t, 1, n->type, n->u.axis) : NULL;
    case OP_cholesky: return linearize_cholesky(l, n);
    case OP_trisolve: case OP_solve: return linearize_solve(l, n);
    case OP_proj: return l->tan_out[n->arg[0]->id] ? l->tan_out[n->arg[0]->id][n->u.axis] : NULL;
    case OP_loop: case OP_grad: linearize_outputs(l, n); return NULL;
    default: ice("linearize: no rule for %s", op_info[n->op].name);
    }
}

/* Of the nodes made for the tangent of x one is d_x; what does not depend on tangents is the slope by which they are multiplied. */
static void name_parts(Graph *g, int first, const Node *x, Node *t)
{
    Name name = ir_tangent_name(x->origin.name);
    if (!name)
        return;
    if (t && (t->id >= first || !t->origin.name))
        t->origin.name = name;
    for (int i = first; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        bool linear = n == t;
        for (int a = 0; a < n->narg && !linear; a++)
            linear = n->arg[a]->origin.name && !strncmp(n->arg[a]->origin.name, "d_", 2);
        if (!linear && n->op != OP_param && n->op != OP_const)
            n->origin.name = intern_printf("slope_%s", x->origin.name);
    }
}

void linearize(Graph *g, Node *const *in, Node *const *tin, int nin, Node *const *roots, int nroots, Node **out, bool for_transpose)
{
    Lin l = { .g = g, .for_transpose = for_transpose };
    l.need = cone_of(g, roots, nroots, &l.limit);
    l.tan = NEW_N(g->arena, Node *, l.limit + 1);
    l.tan_out = NEW_N(g->arena, Node **, l.limit + 1);
    l.guarded = NEW_N(g->arena, bool, l.limit + 1);
    find_guarded(&l, roots, nroots);
    bool *given = NEW_N(g->arena, bool, l.limit + 1);
    for (int k = 0; k < nin; k++) {
        given[in[k]->id] = true;
        l.tan[in[k]->id] = add_or(g, l.tan[in[k]->id], tin[k]);
    }
    Origin before = g->here;
    for (int i = 0, n = g->nodes.n; i < n; i++) {
        Node *x = g->nodes.at[i];
        if (!l.need[x->id] || given[x->id] || (x->op != OP_loop && x->op != OP_grad && x->op != OP_proj && !is_differentiable(x)))
            continue;
        g->here = derived_origin(x, TANGENT);
        int first = g->nodes.n;
        l.tan[x->id] = linearize_node(&l, x);
        name_parts(g, first, x, l.tan[x->id]);
    }
    g->here = before;
    for (int k = 0; k < nroots; k++)
        out[k] = l.tan[roots[k]->id];
}
