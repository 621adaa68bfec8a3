/* build.c -- graphs and their nodes: every node is made here.
 *
 * Equal nodes (operator, type, operands, attribute) are one node, except parameters and loops, which have identity. Operands come before
 * their users, and a node's id is its place in g->nodes. Constants are splats, so a constant array costs nothing. */
#include "contract.h"

Graph *graph_new(Arena *arena, Name name)
{
    Graph *g = NEW(arena, Graph);
    g->arena = arena;
    g->name = name;
    return g;
}

/* ---- hash-consing ---- */

static uint64_t combine(uint64_t h, uint64_t x)
{
    h ^= x;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* What tells two nodes with equal operator, type and operands apart. */
static uint64_t attribute(const Node *n)
{
    switch (n->op) {
    case OP_contract: return (uint64_t)(uintptr_t)n->u.contract->as;
    case OP_grad: case OP_lingrad: return (uint64_t)(uintptr_t)n->u.region;
    default: return (uint64_t)n->u.axis;             /* a constant's bits, too: -0 and 0 differ */
    }
}

/* The attribute's share in the hash must not depend on addresses, or the table's order would; contracts add none. */
static uint64_t hash_node(const Node *n)
{
    uint64_t h = combine((uint64_t)n->op, (uint64_t)n->type.dtype);
    for (int d = 0; d < n->type.rank; d++)
        h = combine(h, (uint64_t)n->type.dim[d]);
    for (int a = 0; a < n->narg; a++)
        h = combine(h, (uint64_t)n->arg[a]->id);
    if (n->op == OP_contract)
        return combine(h, (uint64_t)n->u.contract->nletters << 8 | (uint64_t)n->u.contract->nguard);
    return n->op == OP_grad || n->op == OP_lingrad ? h : combine(h, attribute(n));
}

static bool same_node(const Node *a, const Node *b)
{
    if (a->op != b->op || a->narg != b->narg || !type_eq(&a->type, &b->type) || attribute(a) != attribute(b))
        return false;
    for (int k = 0; k < a->narg; k++)
        if (a->arg[k] != b->arg[k])
            return false;
    return true;
}

static bool has_identity(Op op)
{
    return op == OP_param || op == OP_loop;
}

static Node **find(Graph *g, const Node *n)
{
    uint64_t mask = (uint64_t)g->table_size - 1, i = hash_node(n) & mask;
    while (g->table[i] && !same_node(g->table[i], n))
        i = (i + 1) & mask;
    return &g->table[i];
}

static void node_rehash(Graph *g)
{
    int size = 64;
    while (size < 4 * (g->nodes.n + 1))
        size *= 2;
    g->table = NEW_N(g->arena, Node *, size);
    g->table_size = size;
    for (int i = 0; i < g->nodes.n; i++)
        if (!has_identity(g->nodes.at[i]->op))
            *find(g, g->nodes.at[i]) = g->nodes.at[i];
}

/* Loop variables are named after axes: from a contract's letters, else from the first operand of the same shape. */
static void name_axes(Node *n)
{
    if (n->op == OP_contract)
        for (int d = 0, l; d < n->type.rank; d++) {
            if (place_is_letter(&n->u.contract->out.place[d], &l))
                n->axis_name[d] = n->u.contract->letter[l];
        }
    else
        for (int a = n->narg - 1; a >= 0; a--)
            for (int d = 0; d < n->type.rank && n->arg[a]->type.rank == n->type.rank; d++)
                if (n->arg[a]->axis_name[d] && n->arg[a]->type.dim[d] == n->type.dim[d])
                    n->axis_name[d] = n->arg[a]->axis_name[d];
}

Node *node_make(Graph *g, const Node *like, Node *const *args, int narg)
{
    Node key = *like;
    key.narg = narg;
    key.arg = (Node **)args;
    for (int k = 0; k < narg; k++)
        if (!args[k] || args[k]->graph != g)
            ice("%s: operand %d is %s", op_info[key.op].name, k, args[k] ? "a node of another graph" : "missing");
    if (g->table_size < 2 * (g->nodes.n + 1))
        node_rehash(g);
    Node **slot = has_identity(key.op) ? NULL : find(g, &key);
    if (slot && *slot)
        return *slot;
    Node *n = NEW(g->arena, Node);
    *n = key;
    n->arg = NEW_N(g->arena, Node *, narg + 1);
    if (narg)
        memcpy(n->arg, args, sizeof *args * (size_t)narg);
    n->graph = g;
    n->id = g->nodes.n;
    n->origin = g->here;
    if (n->op == OP_const)
        n->origin.name = NULL;                    /* the same number has many origins */
    name_axes(n);
    vec_push(g->arena, g->nodes, n);
    if (slot)
        *slot = n;
    return n;
}

/* ---- leaves ---- */

Node *ir_param(Graph *g, Type type, Name name)
{
    Node like = { .op = OP_param, .type = type, .u.axis = g->params.n };
    Node *n = node_make(g, &like, NULL, 0);
    n->origin.name = name;
    vec_push(g->arena, g->params, n);
    return n;
}

void ir_result(Graph *g, Node *n, Name name)
{
    if (n->graph != g)
        ice("a result of %s is a node of another graph", g->name ? g->name : "a graph");
    while (g->result_names.n < g->results.n)
        vec_push(g->arena, g->result_names, (Name)NULL);
    g->result_names.n = g->results.n;
    vec_push(g->arena, g->results, n);
    vec_push(g->arena, g->result_names, name);
}

Node *ir_const(Graph *g, Type type, double value)
{
    Node like = { .op = OP_const, .type = type };
    like.u.number = value;
    return node_make(g, &like, NULL, 0);
}

Node *ir_real(Graph *g, double value)
{
    return ir_const(g, type_scalar(T_REAL), value);
}

Node *ir_int(Graph *g, int64_t value)
{
    return ir_const(g, type_scalar(T_INT), (double)value);
}

Node *ir_like(Graph *g, const Node *shape, double value)
{
    Type t = shape->type;
    t.dtype = T_REAL;
    return ir_const(g, t, value);
}

Node *ir_any_zero_like(Graph *g, const Node *n)
{
    return ir_const(g, n->type, 0);
}

Node *ir_iota(Graph *g, Type type, int axis)
{
    if (axis < 0 || axis >= type.rank)
        ice("iota along axis %d of rank %d", axis, type.rank);
    type.dtype = T_INT;
    if (type.dim[axis] == 1)
        return ir_const(g, type, 0);
    Node like = { .op = OP_iota, .type = type, .u.axis = axis };
    return node_make(g, &like, NULL, 0);
}

bool ir_is_const(const Node *n, double *value)
{
    if (n->op != OP_const)
        return false;
    if (value)
        *value = n->u.number;
    return true;
}

/* ---- elementwise ---- */

static Type map_type(Op op, Node *const *args, int n)
{
    Type t = args[n - 1]->type;
    if (op_info[op].result != T_NONE)
        t.dtype = op_info[op].result;
    return t;
}

Node *ir_map(Graph *g, Op op, Node *const *args, int n)
{
    if (op_info[op].kind != K_MAP || op_info[op].arity != n)
        ice("%s does not map %d operands", op_info[op].name, n);
    for (int k = 1; k < n; k++)
        if (!shape_eq(&args[0]->type, &args[k]->type))
            ice("%s of %s and %s", op_info[op].name, type_text(g->arena, &args[0]->type), type_text(g->arena, &args[k]->type));
    Type type = map_type(op, args, n);
    Node *simple = fold_map(g, op, &type, args, n);
    if (!simple)
        simple = narrow_map(g, op, &type, args, n);
    if (simple)
        return simple;
    Node like = { .op = op, .type = type }, *sorted[3];
    memcpy(sorted, args, sizeof *args * (size_t)n);
    if (op_info[op].flags & OPF_COMMUTES && sorted[0]->id > sorted[1]->id) {
        sorted[0] = args[1];
        sorted[1] = args[0];
    }
    return node_make(g, &like, sorted, n);
}

Node *ir_map1(Graph *g, Op op, Node *a)
{
    return ir_map(g, op, &a, 1);
}

Node *ir_apart(Node *n)
{
    Node like = { .op = OP_detach, .type = n->type };
    return node_make(n->graph, &like, &n, 1);
}

/* Operands of rank 0 take the shape of the others. */
static Node *map_broadcast(Graph *g, Op op, Node **args, int n)
{
    const Type *shape = &args[0]->type;
    for (int k = 1; k < n; k++)
        if (args[k]->type.rank > shape->rank)
            shape = &args[k]->type;
    for (int k = 0; k < n; k++)
        if (args[k]->type.rank == 0 && shape->rank > 0)
            args[k] = ir_broadcast(g, args[k], shape->rank, shape->dim);
    return ir_map(g, op, args, n);
}

Node *ir_map2(Graph *g, Op op, Node *a, Node *b)
{
    return map_broadcast(g, op, (Node *[]){ a, b }, 2);
}

Node *ir_map3(Graph *g, Op op, Node *a, Node *b, Node *c)
{
    return map_broadcast(g, op, (Node *[]){ a, b, c }, 3);
}

Node *ir_cast_real(Graph *g, Node *n)
{
    return n->type.dtype == T_REAL ? n : ir_map1(g, OP_real, n);
}

Node *ir_scale(Graph *g, Node *n, double by)
{
    return ir_map2(g, OP_mul, ir_const(g, n->type, by), n);
}

/* ---- reductions, reshape, kernels ---- */

Node *ir_reduce(Graph *g, Op op, Node *n, unsigned axes)
{
    Type t = { .dtype = n->type.dtype };
    int64_t merged = 1;
    if (op_info[op].kind != K_REDUCE)
        ice("%s does not reduce", op_info[op].name);
    for (int d = 0; d < n->type.rank; d++) {
        if (axes >> d & 1)
            merged *= n->type.dim[d];
        else
            t.dim[t.rank++] = n->type.dim[d];
    }
    if (merged == 1)
        return ir_reshape(g, n, t.rank, t.dim);
    if (n->op == OP_const && merged > 0)
        return ir_const(g, t, n->u.number);
    Node like = { .op = op, .type = t, .u.axis = (int64_t)axes };
    Node *r = node_make(g, &like, &n, 1);
    for (int d = 0, k = 0; d < n->type.rank; d++)
        if (!(axes >> d & 1))
            r->axis_name[k++] = n->axis_name[d];
    return r;
}

/* A reshape that only adds or removes axes of size 1, as a view. */
static Node *reshape_units(Graph *g, Node *n, const Type *t)
{
    Contract c;
    contract_init(&c);
    c.nfactor = 1;
    c.arg[0].rank = n->type.rank;
    c.out.rank = t->rank;
    for (int d = 0; d < t->rank; d++)
        c.out.place[d] = place_const(0);
    for (int d = 0, k = 0; d < n->type.rank; d++) {
        c.arg[0].place[d] = place_const(0);
        if (n->type.dim[d] == 1)
            continue;
        while (t->dim[k] == 1)
            k++;
        c.arg[0].place[d] = c.out.place[k++] = place_letter(contract_letter(&c, n->type.dim[d], n->axis_name[d]));
    }
    return ir_contract(g, &c, &n, *t);
}

static bool same_but_units(const Type *a, const Type *b)
{
    int i = 0, k = 0;
    for (;;) {
        while (i < a->rank && a->dim[i] == 1)
            i++;
        while (k < b->rank && b->dim[k] == 1)
            k++;
        if (i == a->rank || k == b->rank)
            return i == a->rank && k == b->rank;
        if (a->dim[i++] != b->dim[k++])
            return false;
    }
}

Node *ir_reshape(Graph *g, Node *n, int rank, const int64_t *dim)
{
    Type t = type_of(n->type.dtype, rank, dim);
    if (type_count(&t) != type_count(&n->type))
        ice("reshape of %s to %s", type_text(g->arena, &n->type), type_text(g->arena, &t));
    if (shape_eq(&t, &n->type))
        return n;
    if (n->op == OP_const)
        return ir_const(g, t, n->u.number);
    if (same_but_units(&n->type, &t))
        return reshape_units(g, n, &t);
    if (n->op == OP_reshape)
        return ir_reshape(g, n->arg[0], rank, dim);
    Node like = { .op = OP_reshape, .type = t };
    return node_make(g, &like, &n, 1);
}

Node *ir_op(Graph *g, Op op, Node *const *args, int n, Type out, int64_t axis)
{
    if (op_info[op].kind != K_OTHER || op_info[op].arity != n)
        ice("%s does not take %d operands", op_info[op].name, n);
    if (op == OP_cumsum && out.dim[axis / 2] == 1)
        return args[0];
    if (op != OP_cholesky && args[n - 1]->op == OP_const && args[n - 1]->u.number == 0)
        return args[n - 1];
    Node like = { .op = op, .type = out, .u.axis = axis };
    return node_make(g, &like, args, n);
}

/* ---- several outputs ---- */

Node *ir_grad(Graph *g, Op op, Region *region, Node *const *args, int n)
{
    Node like = { .op = op, .type = { .dtype = T_NONE } };
    like.u.region = region;
    return node_make(g, &like, args, n);
}

bool ir_output_type(const Node *n, int k, Type *type)
{
    if (n->op == OP_grad || n->op == OP_lingrad) {
        if (k < 0 || k >= n->u.region->nwrt)
            return false;
        *type = n->u.region->body->params.at[n->u.region->wrt[k]]->type;
        return true;
    }
    if (n->op != OP_loop || k < 0 || k >= n->u.loop->outs.n)
        return false;
    const Loop *loop = n->u.loop;
    LoopOut o = loop->outs.at[k];
    bool result = o.kind == LO_COLLECT || o.kind == LO_LATEST;
    *type = result ? loop->body->results.at[o.result]->type : loop->body->params.at[o.param]->type;
    if (o.kind == LO_CARRY || o.kind == LO_LATEST)
        return true;
    if (type->rank >= MAX_RANK)
        return false;
    memmove(type->dim + 1, type->dim, sizeof *type->dim * (size_t)type->rank++);
    type->dim[0] = o.kind == LO_SAVE ? checkpoint_slots(loop->saves) : loop->n;
    return true;
}

Node *ir_proj(Graph *g, Node *n, int k)
{
    Node like = { .op = OP_proj, .u.axis = k };
    if (!ir_output_type(n, k, &like.type))
        ice("%s has no output %d, or one of rank above %d", op_info[n->op].name, k, MAX_RANK);
    Node *p = node_make(g, &like, &n, 1);
    if (n->op != OP_loop) {
        Name of = n->u.region->body->params.at[n->u.region->wrt[k]]->origin.name;
        if (!p->origin.name && of)
            p->origin.name = intern_printf(n->op == OP_grad ? "g_%s" : "d_g_%s", of);
        return p;
    }
    LoopOut o = n->u.loop->outs.at[k];
    bool result = o.kind == LO_COLLECT || o.kind == LO_LATEST;
    const Node *of = result ? n->u.loop->body->results.at[o.result] : n->u.loop->body->params.at[o.param];
    int lead = p->type.rank - of->type.rank;
    for (int d = lead; d < p->type.rank; d++)
        p->axis_name[d] = of->axis_name[d - lead];
    if (!p->origin.name && of->origin.name)
        p->origin.name = lead ? intern_printf("%s_at", of->origin.name) : of->origin.name;
    return p;
}
