/* test_ops.c -- walks the operator table: for every operator that has a derivative, in double,
 *   jvp against central differences (one Richardson step), <c, J v> = <J' c, v>, and the same again for the jvp (second order);
 *   then the structural operators, loops and gradients of gradients, on small random graphs.
 * The reference interpreter gives every value; kinks are stepped over by the table's ranges, not by looser tolerances. */
#include "check_graph.h"

static void setup(void) { arena = arena_new("test"); state = 88172645463325252u; }
static void teardown(void) { arena_free(arena); }
TestSuite(ops, .init = setup, .fini = teardown);

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
