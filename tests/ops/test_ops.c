/* test_ops.c -- walks the operator table: for every operator that has a derivative, in double,
 *   jvp against central differences (one Richardson step), <c, J v> = <J' c, v>, and the same again for the jvp (second order);
 *   then the structural operators, loops and gradients of gradients, on small random graphs.
 * The reference interpreter gives every value; kinks are stepped over by the table's ranges, not by looser tolerances. */
#include <criterion/criterion.h>
#include <math.h>
#include "diff.h"

static Arena *arena;
static uint64_t state = 88172645463325252u;

static double draw(double lo, double hi)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return lo + (hi - lo) * (double)(state >> 11) * 0x1p-53;
}

static void setup(void) { arena = arena_new("test"); state = 88172645463325252u; }
static void teardown(void) { arena_free(arena); }
TestSuite(ops, .init = setup, .fini = teardown);

static Tensor tensor(Type t)
{
    return (Tensor){ t, NEW_N(arena, double, type_count(&t) + 1) };
}

static Tensor random_tensor(Type t, double lo, double hi)
{
    Tensor x = tensor(t);
    for (int64_t k = 0; k < type_count(&t); k++)
        x.at[k] = draw(lo, hi);
    return x;
}

static Tensor moved(Tensor x, Tensor v, double by)
{
    Tensor y = tensor(x.type);
    for (int64_t k = 0; k < type_count(&x.type); k++)
        y.at[k] = x.at[k] + by * v.at[k];
    return y;
}

static double dot(Tensor a, Tensor b)
{
    double s = 0;
    for (int64_t k = 0; k < type_count(&a.type); k++)
        s += a.at[k] * b.at[k];
    return s;
}

static void evaluate(const Graph *g, const Tensor *args, Tensor *out)
{
    const char *wrong = ir_verify(g);
    cr_assert_null(wrong, "%s", wrong);
    for (int k = 0; k < g->results.n; k++)
        out[k] = tensor(g->results.at[k]->type);
    ir_interpret(g, args, out, arena);
}

static Graph *copy(const Graph *g) { return graph_clone(g, g->name); }

/* (x..) -> y   becomes   (x.., v..) -> y, dy[v] */
static Graph *jvp_graph(const Graph *g)
{
    Graph *j = copy(g);
    int n = g->params.n, m = g->results.n;
    Node *in[40], *tin[40], *out[40];
    int used = 0;
    expand_grads(j);
    for (int k = 0; k < n; k++)
        if (j->params.at[k]->type.dtype == T_REAL) {
            in[used] = j->params.at[k];
            tin[used++] = ir_param(j, j->params.at[k]->type, NULL);
        }
    Node *roots[40];
    for (int k = 0; k < m; k++)
        roots[k] = j->results.at[k];
    linearize(j, in, tin, used, roots, m, out, false);
    for (int k = 0; k < m; k++)
        ir_result(j, out[k] ? out[k] : ir_const(j, roots[k]->type, 0), NULL);
    return j;
}

/* (x..) -> y   becomes   (x.., c..) -> x-cotangents. keep: gradients stay regions (mixed mode) */
static Graph *vjp_graph(const Graph *g, bool keep)
{
    Graph *j = copy(g);
    if (!keep)
        expand_grads(j);
    int n = 0, m = j->results.n;
    Node *in[40], *ct[40], *back[40], *roots[40];
    for (int k = 0; k < g->params.n; k++)
        if (j->params.at[k]->type.dtype == T_REAL)
            in[n++] = j->params.at[k];
    for (int k = 0; k < m; k++) {
        roots[k] = j->results.at[k];
        ct[k] = ir_param(j, roots[k]->type, NULL);
    }
    vjp(j, in, n, roots, ct, m, back);
    j->results.n = j->result_names.n = 0;
    for (int k = 0; k < n; k++)
        ir_result(j, back[k] ? back[k] : ir_const(j, in[k]->type, 0), NULL);
    expand_grads(j);
    return j;
}

/* Both rules at the point x[]; REAL parameters only are moved. */
static void check_order(const Graph *g, const Tensor *x, const char *what, double tol)
{
    int n = g->params.n, m = g->results.n;
    Tensor args[80], v[40], plus[40][4], out[80], c[40];
    int reals = 0;
    Graph *value = copy(g);
    expand_grads(value);
    for (int k = 0; k < n; k++)
        args[k] = x[k];
    for (int k = 0; k < n; k++)
        if (x[k].type.dtype == T_REAL)
            args[n + reals] = v[reals] = random_tensor(x[k].type, -1, 1), reals++;
    Graph *j = jvp_graph(g);
    evaluate(j, args, out);
    const double h = 1e-3, at[4] = { 1, -1, .5, -.5 };
    for (int s = 0; s < 4; s++) {
        Tensor p[40], y[40];
        for (int k = 0, r = 0; k < n; k++)
            p[k] = x[k].type.dtype == T_REAL ? moved(x[k], v[r++], at[s] * h) : x[k];
        evaluate(value, p, y);
        for (int k = 0; k < m; k++)
            plus[k][s] = y[k];
    }
    double left = 0, scale = 0;
    for (int k = 0; k < m; k++) {
        double worst = 0, size = 1e-3;
        c[k] = random_tensor(g->results.at[k]->type, -1, 1);
        for (int64_t i = 0; i < type_count(&c[k].type); i++) {
            double d1 = (plus[k][0].at[i] - plus[k][1].at[i]) / (2 * h), d2 = (plus[k][2].at[i] - plus[k][3].at[i]) / h, d = (4 * d2 - d1) / 3;
            worst = fmax(worst, fabs(d - out[m + k].at[i]));
            size = fmax(size, fmax(fabs(d), fabs(out[k].at[i])));
        }
        cr_expect(worst <= tol * size, "%s: result %d: jvp differs from differences by %g of %g", what, k, worst, size);
        left += dot(c[k], out[m + k]);
        scale += fabs(left);
        args[n + k] = c[k];
    }
    for (int mixed = 0; mixed < 2; mixed++) {
        Graph *b = vjp_graph(g, mixed);
        Tensor back[40];
        evaluate(b, args, back);
        double right = 0;
        for (int k = 0; k < reals; k++) {
            right += dot(back[k], v[k]);
            scale += fabs(dot(back[k], v[k]));
        }
        cr_expect(fabs(left - right) <= 1e-11 * fmax(scale, 1e-3), "%s: <c, Jv> = %.16g, <J'c, v> = %.16g (%s)", what, left, right, mixed ? "mixed" : "reverse");
    }
}

/* Orders one, two and three: the jvp and the vjp are graphs like any other. */
static void check_graph(const Graph *g, const Tensor *x, const char *what)
{
    check_order(g, x, what, 1e-8);
    Tensor more[80];
    int n = 0, reals = 0;
    for (; n < g->params.n; n++)
        more[n] = x[n];
    for (int k = 0; k < g->params.n; k++)
        if (x[k].type.dtype == T_REAL)
            more[n + reals++] = random_tensor(x[k].type, -1, 1);
    char name[200];
    snprintf(name, sizeof name, "%s, tangent", what);
    check_order(jvp_graph(g), more, name, 1e-7);
    n = g->params.n;
    for (int k = 0; k < g->results.n; k++)
        more[n + k] = random_tensor(g->results.at[k]->type, -1, 1);
    snprintf(name, sizeof name, "%s, adjoint", what);
    check_order(vjp_graph(g, false), more, name, 1e-7);
}

static Type vector(int64_t n) { return type_of(T_REAL, 1, &n); }
static Type matrix(int64_t n, int64_t m) { return type_of(T_REAL, 2, (int64_t[]){ n, m }); }

Test(ops, elementwise)
{
    for (int op = 0; op < OP_COUNT; op++) {
        const OpInfo *o = &op_info[op];
        if (o->kind != K_MAP || (o->flags & OPF_ZERO_DERIV))
            continue;
        Graph *g = graph_new(arena, intern(o->name));
        Node *a[3];
        Tensor x[3];
        for (int k = 0; k < o->arity; k++) {
            Type t = vector(7);
            double lo = o->lo, hi = o->hi;
            if (op == OP_select && k == 0)
                t.dtype = T_BOOL;
            if (op == OP_polygamma && k == 0)
                t.dtype = T_REAL;
            x[k] = random_tensor(t, lo, hi);
            if (t.dtype == T_BOOL)
                for (int i = 0; i < 7; i++)
                    x[k].at[i] = i % 2;
            a[k] = op == OP_polygamma && k == 0 ? ir_const(g, t, 1) : ir_param(g, t, NULL);
        }
        if (op == OP_polygamma)
            x[0] = x[1];
        ir_result(g, ir_map(g, (Op)op, a, o->arity), NULL);
        check_graph(g, x, o->name);
    }
}

Test(ops, zero_derivatives)
{
    for (int op = 0; op < OP_COUNT; op++) {
        const OpInfo *o = &op_info[op];
        if (o->kind != K_MAP || !(o->flags & OPF_ZERO_DERIV) || o->arity > 2 || op == OP_not || op == OP_and || op == OP_or || op == OP_real)
            continue;
        Graph *g = graph_new(arena, intern(o->name));
        Node *a[2] = { ir_param(g, vector(3), NULL), o->arity > 1 ? ir_param(g, vector(3), NULL) : NULL };
        Node *y = ir_map(g, (Op)op, a, o->arity), *t[2] = { ir_param(g, vector(3), NULL), ir_param(g, vector(3), NULL) }, *out;
        linearize(g, a, t, o->arity, &y, 1, &out, false);
        cr_expect_null(out, "%s has a derivative", o->name);
    }
}

Test(ops, contractions)
{
    Graph *g = graph_new(arena, intern("products"));
    Node *a = ir_param(g, matrix(4, 3), NULL), *b = ir_param(g, matrix(3, 5), NULL), *v = ir_param(g, vector(3), NULL);
    Node *ab = ir_matmul(g, a, b);
    ir_result(g, ir_map1(g, OP_tanh, ir_matmul(g, ab, ir_transpose(g, b, (int[]){ 1, 0 }))), NULL);
    ir_result(g, ir_map2(g, OP_mul, ir_matmul(g, a, v), ir_slice(g, ir_sum(g, ab, 2), 0, 0, 4, 1)), NULL);
    ir_result(g, ir_slice(g, ir_broadcast(g, v, 2, (int64_t[]){ 4, 3 }), 1, 2, 2, -1), NULL);
    Tensor x[] = { random_tensor(matrix(4, 3), -1, 1), random_tensor(matrix(3, 5), -1, 1), random_tensor(vector(3), -1, 1) };
    check_graph(g, x, "products");

    /* y[i, o] = sum[k, c](x[i + k, c] * f[k, c, o]): a window; and a gather with repeats */
    g = graph_new(arena, intern("windows"));
    Node *s = ir_param(g, matrix(8, 2), NULL), *f = ir_param(g, type_of(T_REAL, 3, (int64_t[]){ 3, 2, 2 }), NULL);
    int64_t four = 4;
    Node *pick = ir_param(g, type_of(T_INT, 1, &four), NULL);
    Contract c;
    contract_init(&c);
    int i = contract_letter(&c, 6, NULL), o = contract_letter(&c, 2, NULL), k = contract_letter(&c, 3, NULL), ch = contract_letter(&c, 2, NULL);
    c.nfactor = 2;
    c.out.rank = 2;
    c.out.place[0] = place_letter(i);
    c.out.place[1] = place_letter(o);
    c.arg[0].rank = 2;
    c.arg[0].place[0] = place_letter(i);
    c.arg[0].place[0].coef[k] = 1;
    c.arg[0].place[1] = place_letter(ch);
    c.arg[1].rank = 3;
    c.arg[1].place[0] = place_letter(k);
    c.arg[1].place[1] = place_letter(ch);
    c.arg[1].place[2] = place_letter(o);
    ir_result(g, ir_map1(g, OP_sin, ir_contract(g, &c, (Node *[]){ s, f }, matrix(6, 2))), NULL);
    ir_result(g, ir_map1(g, OP_exp, ir_pick(g, s, 0, pick)), NULL);
    Tensor y[] = { random_tensor(matrix(8, 2), -1, 1), random_tensor(f->type, -1, 1), tensor(pick->type) };
    for (int q = 0; q < 4; q++)
        y[2].at[q] = (q * q) % 8 == 1 ? 4 : q % 3;
    check_graph(g, y, "windows");
}

Test(ops, structure)
{
    Graph *g = graph_new(arena, intern("structure"));
    Node *a = ir_param(g, matrix(3, 4), NULL);
    ir_result(g, ir_map1(g, OP_sin, ir_reshape(g, a, 2, (int64_t[]){ 2, 6 })), NULL);
    ir_result(g, ir_map1(g, OP_exp, ir_op(g, OP_cumsum, &a, 1, a->type, 1 * 2 + 1)), NULL);
    ir_result(g, ir_map2(g, OP_mul, ir_reduce(g, OP_max_over, a, 1), ir_reduce(g, OP_min_over, a, 1)), NULL);
    Tensor x[] = { random_tensor(a->type, -1, 1) };
    check_graph(g, x, "structure");
}

Test(ops, kernels)
{
    Graph *g = graph_new(arena, intern("kernels"));
    Node *l = ir_param(g, matrix(3, 3), NULL), *b = ir_param(g, matrix(3, 2), NULL);
    Type it = matrix(3, 3);
    it.dtype = T_INT;
    Node *eye = ir_cast_real(g, ir_map2(g, OP_eq, ir_iota(g, it, 0), ir_iota(g, it, 1)));
    Node *s = ir_map2(g, OP_add, ir_matmul(g, l, ir_transpose(g, l, (int[]){ 1, 0 })), eye);
    Node *r = ir_op(g, OP_cholesky, &s, 1, s->type, 0);
    ir_result(g, r, NULL);
    ir_result(g, ir_op(g, OP_trisolve, (Node *[]){ r, b }, 2, b->type, 0), NULL);
    ir_result(g, ir_op(g, OP_trisolve, (Node *[]){ r, b }, 2, b->type, 2), NULL);
    ir_result(g, ir_op(g, OP_trisolve, (Node *[]){ ir_map2(g, OP_add, l, ir_map2(g, OP_mul, eye, ir_like(g, eye, 3))), b }, 2, b->type, 1), NULL);
    ir_result(g, ir_op(g, OP_solve, (Node *[]){ ir_map2(g, OP_add, s, l), b }, 2, b->type, 0), NULL);
    Tensor x[] = { random_tensor(l->type, -1, 1), random_tensor(b->type, -1, 1) };
    check_graph(g, x, "kernels");
}

/* h = tanh(w[i] * h + v), collected, nested; the carried value and the outputs are results. */
static void loop_results(Graph *g, Node *w, Node *v, int64_t n, int depth)
{
    LoopBuilder *b = loop_begin(g, n, intern("loop"));
    Graph *body = b->loop->body;
    Node *h = loop_carry(b, v, intern("h"));
    Node *wi = ir_pick(body, loop_capture(b, w), 0, b->index), *vi = loop_capture(b, v);
    Node *next = ir_map1(body, OP_tanh, ir_map2(body, OP_add, ir_map2(body, OP_mul, wi, h), vi));
    if (depth) {
        LoopBuilder *c = loop_begin(body, 3, intern("inner"));
        Node *z = loop_carry(c, next, intern("z")), *k = loop_capture(c, wi);
        loop_next(c, z, ir_map2(c->loop->body, OP_sub, z, ir_map2(c->loop->body, OP_mul, ir_map1(c->loop->body, OP_sin, z), k)));
        int f = loop_final(c, z);
        next = ir_proj(body, loop_end(c), f);
    }
    loop_next(b, h, next);
    int out = loop_collect(b, ir_map1(body, OP_exp, next)), last = loop_final(b, h);
    Node *loop = loop_end(b);
    ir_result(g, ir_proj(g, loop, last), NULL);
    ir_result(g, ir_proj(g, loop, out), NULL);
}

Test(ops, loops)
{
    for (int depth = 0; depth < 2; depth++) {
        Graph *g = graph_new(arena, intern("loops"));
        Node *w = ir_param(g, matrix(4, 3), NULL), *v = ir_param(g, vector(3), NULL);
        loop_results(g, w, v, 4, depth);
        Tensor x[] = { random_tensor(w->type, -1, 1), random_tensor(v->type, -1, 1) };
        check_graph(g, x, depth ? "nested loops" : "loop");
    }
}

/* A step of gradient descent with a loss that is quartic in p and depends on m: reverse over reverse and mixed must agree. */
Test(ops, gradients)
{
    Graph *loss = graph_new(arena, intern("loss"));
    Node *p = ir_param(loss, vector(3), intern("p")), *m = ir_param(loss, vector(3), intern("m")), *a = ir_param(loss, matrix(4, 3), intern("a"));
    Node *z = ir_map1(loss, OP_tanh, ir_matmul(loss, a, ir_map2(loss, OP_mul, p, ir_map1(loss, OP_exp, m))));
    ir_result(loss, ir_sum(loss, ir_map2(loss, OP_mul, z, z), 1), NULL);
    Region *r = NEW(arena, Region);
    *r = (Region){ .body = loss, .nwrt = 1, .wrt = NEW(arena, int), .name = intern("inner") };
    Graph *g = graph_new(arena, intern("step"));
    Node *q[] = { ir_param(g, vector(3), NULL), ir_param(g, vector(3), NULL), ir_param(g, matrix(4, 3), NULL) };
    Node *d = ir_proj(g, ir_grad(g, OP_grad, r, q, 3), 0);
    ir_result(g, ir_map2(g, OP_sub, q[0], ir_map2(g, OP_mul, d, ir_map2(g, OP_mul, d, q[1]))), NULL);
    Tensor x[] = { random_tensor(vector(3), -1, 1), random_tensor(vector(3), -.5, .5), random_tensor(matrix(4, 3), -1, 1) };
    check_graph(g, x, "step of descent");
}

/* if x > 0 then log(x) else 0: nothing, and no NaN, from the branch that is not taken, at every order */
Test(ops, branch_not_taken)
{
    Graph *g = graph_new(arena, intern("branch"));
    Node *x = ir_param(g, vector(3), NULL), *zero = ir_like(g, x, 0);
    Node *y = ir_map3(g, OP_select, ir_map2(g, OP_gt, x, zero), ir_map1(g, OP_log, x), ir_map1(g, OP_sqrt, ir_map1(g, OP_neg, x)));
    ir_result(g, ir_sum(g, y, 1), NULL);
    Graph *b = vjp_graph(g, false), *bb = jvp_graph(b);
    Tensor at = tensor(vector(3)), c = tensor(type_scalar(T_REAL)), out[4], more[4];
    at.at[0] = 2, at.at[1] = -4, at.at[2] = 0.5;
    c.at[0] = 1;
    evaluate(b, (Tensor[]){ at, c }, out);
    cr_expect_float_eq(out[0].at[0], 0.5, 1e-15);
    cr_expect_float_eq(out[0].at[1], -0.25, 1e-15);
    cr_expect_float_eq(out[0].at[2], 2, 1e-15);
    more[0] = at, more[1] = c, more[2] = random_tensor(vector(3), 1, 1), more[3] = tensor(type_scalar(T_REAL));
    evaluate(bb, more, out);
    cr_expect_float_eq(out[1].at[0], -0.25, 1e-15);
    cr_expect_float_eq(out[1].at[1], -1.0 / 32, 1e-15);
    cr_expect_float_eq(out[1].at[2], -4, 1e-15);
}
