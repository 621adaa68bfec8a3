/* check_graph.h -- a graph and the two rules: jvp against central differences (one Richardson step), <c, J v> = <J' c, v> in reverse and in mixed mode, and the
 * same for its tangent and its adjoint, so orders one to three. The reference interpreter gives every value. */
#ifndef CHECK_GRAPH_H
#define CHECK_GRAPH_H
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
    expand_grads(j, false);
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
        expand_grads(j, false);
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
    expand_grads(j, false);
    return j;
}

/* Both rules at the point x[]; REAL parameters only are moved. */
static void check_order(const Graph *g, const Tensor *x, const char *what, double tol)
{
    int n = g->params.n, m = g->results.n;
    Tensor args[80], v[40], plus[40][4], out[80], c[40];
    int reals = 0;
    Graph *value = copy(g);
    expand_grads(value, false);
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
#endif
