/* test_functions.c -- walks library.def: every function and operator of the language.
 *   examples   each gives the value that stands beside it, as machine code
 *   tangents   the derivative that is documented is the compiler's, at random points, to 1e-10
 *   orders     tangent, adjoint and their tangents and adjoints against differences and against each other; the third order in two modes; the interpreter and
 *              machine code agree
 *   extremes   softmax and its kin at inputs up to 1e4, values and three derivatives against formulas in long double
 *   names      every function of std/math.mfl and every name that the evaluator knows has a row */
#include "check_graph.h"
#include <ctype.h>
#include <stdlib.h>
#include "driver.h"
#include "functions.h"

static void setup(void) { arena = arena_new("test"); state = 88172645463325252u; }
static void teardown(void) { arena_free(arena); }
TestSuite(functions, .init = setup, .fini = teardown);

static bool is_sentence(const char *tangent) { return isupper((unsigned char)tangent[0]); }

static int64_t count(const Graph *g)
{
    int64_t n = 0;
    for (int k = 0; k < g->results.n; k++)
        n += type_count(&g->results.at[k]->type);
    return n;
}

static bool near(double a, double b, double tol) { return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= tol * fmax(fmax(fabs(a), fabs(b)), 1e-3); }

/* Random arguments, their tangents behind them. */
static void draw_arguments(const Sample *s, double **in)
{
    for (int k = 0; k < 2 * s->nargs; k++) {
        const SampleArg *a = &s->arg[k % s->nargs];
        in[k] = random_tensor(a->type, k < s->nargs ? a->lo : -1, k < s->nargs ? a->hi : 1).at;
    }
}

Test(functions, examples)
{
    int n;
    const FunctionRow *row = function_rows(&n);
    cr_assert(n > 60);
    for (int k = 0; k < n; k++) {
        Sample s;
        cr_assert(sample_load(&s, arena, "", "", &row[k].example, 1), "%s", row[k].form);
        double *out = NEW_N(arena, double, count(s.graph) + 1);
        cr_assert(sample_run(&s, s.graph, NULL, out), "%s", row[k].form);
        int64_t at = 0;
        for (const char *p = row[k].value; *p;) {
            char *end;
            double v = strtod(p, &end);
            if (end == p) {
                p++;
                continue;
            }
            cr_expect(at < count(s.graph) && near(v, out[at], 1e-14), "%s: element %lld is %.17g, not %.17g", row[k].form, (long long)at, out[at], v);
            at++;
            p = end;
        }
        cr_expect_eq(at, count(s.graph), "%s: %lld elements", row[k].form, (long long)count(s.graph));
    }
}

Test(functions, tangents)
{
    int n;
    const FunctionRow *row = function_rows(&n);
    for (int k = 0; k < n; k++) {
        if (!*row[k].args || is_sentence(row[k].tangent))
            continue;
        Sample s;
        const char *expr[] = { row[k].call, arena_printf(arena, "%s + zeros()", row[k].tangent) };
        cr_assert(sample_load(&s, arena, row[k].args, row[k].given, expr, 2), "%s", row[k].form);
        Graph *g = graph_clone(s.graph, intern("tangent"));
        Node *in[MAX_SAMPLE_ARGS], *tin[MAX_SAMPLE_ARGS], *y = g->results.at[0], *t = NULL;
        for (int i = 0; i < s.nargs; i++) {
            in[i] = sample_param(&s, g, i, false);
            tin[i] = sample_param(&s, g, i, true);
        }
        linearize(g, in, tin, s.nargs, &y, 1, &t, false);
        ir_result(g, t ? t : ir_const(g, y->type, 0), NULL);
        int64_t size = type_count(&y->type), other = type_count(&g->results.at[1]->type);
        cr_expect(other == size || other == 1, "%s: the documented tangent has another shape", row[k].form);
        double *at[2 * MAX_SAMPLE_ARGS], *out = NEW_N(arena, double, count(g) + 1);
        for (int trial = 0; trial < 3; trial++) {
            draw_arguments(&s, at);
            cr_assert(sample_run(&s, g, at, out), "%s", row[k].form);
            for (int64_t i = 0; i < size; i++) {
                double want = out[size + (other == 1 ? 0 : i)], found = out[size + other + i];
                cr_expect(near(want, found, 1e-10), "%s: documented %.17g, compiled %.17g", row[k].form, want, found);
            }
        }
    }
}

/* The graph over the arguments alone, as check_graph wants it. */
static Graph *arguments_only(const Sample *s)
{
    Graph *g = graph_new(arena, s->graph->name);
    Node *in[1 + 2 * MAX_SAMPLE_ARGS], *y;
    for (int k = 0; k < s->graph->params.n; k++) {
        const Node *p = s->graph->params.at[k];
        bool argument = k >= 1 && k <= s->nargs;
        in[k] = argument ? ir_param(g, p->type, NULL) : ir_const(g, p->type, 0);
    }
    graph_inline(g, s->graph, in, s->graph->results.at, 1, &y, NULL);
    ir_result(g, y, NULL);
    return g;
}

/* Third order: the tangent of the tangent of the tangent, and the same number from the adjoint of the second tangent. */
static void check_third(const Sample *s, const char *form, double *const *at)
{
    Graph *g = graph_clone(s->graph, intern("third"));
    Node *in[MAX_SAMPLE_ARGS], *tin[MAX_SAMPLE_ARGS], *back[MAX_SAMPLE_ARGS], *y = g->results.at[0], *t = NULL, *second = y;
    for (int i = 0; i < s->nargs; i++) {
        in[i] = sample_param(s, g, i, false);
        tin[i] = sample_param(s, g, i, true);
    }
    for (int order = 1; order <= 3; order++) {
        linearize(g, in, tin, s->nargs, &second, 1, &t, false);
        if (!t)
            return;
        if (order < 3)
            second = t;
    }
    Node *forward = ir_sum(g, t, (1u << t->type.rank) - 1), *loss = ir_sum(g, second, (1u << second->type.rank) - 1), *one = ir_real(g, 1), *reverse = ir_real(g, 0);
    vjp(g, in, s->nargs, &loss, &one, 1, back);
    for (int i = 0; i < s->nargs; i++)
        if (back[i])
            reverse = ir_map2(g, OP_add, reverse, ir_sum(g, ir_map2(g, OP_mul, back[i], tin[i]), (1u << tin[i]->type.rank) - 1));
    g->results.n = g->result_names.n = 0;
    ir_result(g, forward, NULL);
    ir_result(g, reverse, NULL);
    double out[3];
    Tensor args[1 + 2 * MAX_SAMPLE_ARGS], checked[2];
    cr_assert(sample_run(s, g, at, out), "%s", form);
    cr_expect(near(out[0], out[1], 1e-8), "%s: third order: forward %.17g, reverse over forward %.17g", form, out[0], out[1]);
    args[0] = tensor(g->params.at[0]->type);
    for (int k = 0; k < 2 * s->nargs; k++)
        args[1 + k] = (Tensor){ g->params.at[1 + k]->type, at[k] };
    evaluate(g, args, checked);
    cr_expect(near(out[0], checked[0].at[0], 1e-8), "%s: third order: machine code %.17g, interpreter %.17g", form, out[0], checked[0].at[0]);
}

Test(functions, orders)
{
    int n;
    const FunctionRow *row = function_rows(&n);
    for (int k = 0; k < n; k++) {
        /* differences know nothing of detach, and sign, floor and comparisons are steps */
        if (!*row[k].args || strstr(row[k].call, "detach"))
            continue;
        Sample s;
        cr_assert(sample_load(&s, arena, row[k].args, row[k].given, &row[k].call, 1), "%s", row[k].form);
        double *at[2 * MAX_SAMPLE_ARGS];
        draw_arguments(&s, at);
        Tensor x[MAX_SAMPLE_ARGS];
        for (int i = 0; i < s.nargs; i++)
            x[i] = (Tensor){ s.arg[i].type, at[i] };
        check_graph(arguments_only(&s), x, row[k].form);
        check_third(&s, row[k].form, at);
    }
}

/* ---- extremes ---- */
enum { N = 4 };
/* y[0..2]: directional derivatives of orders 1 to 3 of log sum exp along v, s: softmax, v its means, all in long double */
static void cumulants(const double *x, const double *v, long double *lse, long double *s, long double *k)
{
    long double m = x[0], sum = 0, mean = 0, c2 = 0, c3 = 0;
    for (int i = 1; i < N; i++)
        m = fmaxl(m, x[i]);
    for (int i = 0; i < N; i++)
        sum += s[i] = expl(x[i] - m);
    for (int i = 0; i < N; i++)
        mean += (s[i] /= sum) * v[i];
    for (int i = 0; i < N; i++) {
        c2 += s[i] * (v[i] - mean) * (v[i] - mean);
        c3 += s[i] * (v[i] - mean) * (v[i] - mean) * (v[i] - mean);
    }
    *lse = m + logl(sum);
    k[0] = mean, k[1] = c2, k[2] = c3;
}

static const double points[][N] = { { 1e4, -1e4, 0, 1e4 }, { -1e4, -1e4, -1e4, -1e4 }, { 1e4, 9999, -1e4, 9998.5 }, { 0, 1, -1, .5 }, { 1e4, 0, 0, 0 }, { -1e4, 1e4, 3, -3 }, { 700, -700, 710, 709 }, { 1e-8, 0, -1e-8, 1 } };
static const double directions[N] = { .7, -1.1, .4, 1.3 };

/* Value and derivatives of orders 1 to 3 along the direction, by forward mode and by an adjoint at each order: out[4][n] and then the sums by adjoint [3]. */
static double *orders_of(const char *expr, int64_t *size, const double *x)
{
    Sample s;
    cr_assert(sample_load(&s, arena, "x[4]", "", &expr, 1));
    Graph *g = graph_clone(s.graph, intern("orders"));
    Node *in = sample_param(&s, g, 0, false), *tin = sample_param(&s, g, 0, true), *y = g->results.at[0], *t, *one = ir_real(g, 1), *adjoint[3];
    *size = type_count(&y->type);
    for (int order = 0; order < 3; order++) {
        Node *loss = ir_sum(g, y, (1u << y->type.rank) - 1), *back;
        linearize(g, &in, &tin, 1, &y, 1, &t, false);
        vjp(g, &in, 1, &loss, &one, 1, &back);
        y = t ? t : ir_const(g, y->type, 0);
        adjoint[order] = back ? ir_sum(g, ir_map2(g, OP_mul, back, tin), 1) : ir_real(g, 0);
        ir_result(g, y, NULL);
    }
    for (int order = 0; order < 3; order++)
        ir_result(g, adjoint[order], NULL);
    double *out = NEW_N(arena, double, count(g) + 1), *at[2] = { (double *)x, (double *)directions };
    cr_assert(sample_run(&s, g, at, out), "%s", expr);
    return out;
}

static void expect_orders(const char *expr, const double *x, const long double (*want)[N], int64_t n)
{
    int64_t size;
    double *out = orders_of(expr, &size, x);
    cr_assert_eq(size, n);
    for (int order = 0; order < 4; order++) {
        long double sum = 0, scale = 0;
        for (int64_t i = 0; i < n; i++) {
            double found = out[order * n + i];
            long double w = want[order][i];
            sum += w;
            scale += fabsl(w);
            /* 1e-13: sums of a few rounded terms of the size of the direction */
            cr_expect(isfinite(found) && fabsl(found - w) <= 1e-13L * fmaxl(fabsl(w), 1), "%s at (%g, %g, ..), order %d, element %lld: %.17g, exact %.17Lg", expr, x[0], x[1], order, (long long)i, found, w);
        }
        if (order)
            cr_expect(fabsl(out[4 * n + order - 1] - sum) <= 1e-13L * fmaxl(scale, 1), "%s at (%g, %g, ..), order %d by adjoint: %.17g, exact %.17Lg", expr, x[0], x[1], order, out[4 * n + order - 1], sum);
    }
}

Test(functions, softmax_extremes)
{
    for (size_t p = 0; p < sizeof points / sizeof *points; p++) {
        const double *x = points[p], *v = directions;
        long double lse, s[N], k[3], soft[4][N], logsoft[4][N], one[4][N] = { { 0 } }, entropy[4][N] = { { 0 } };
        cumulants(x, v, &lse, s, k);
        for (int i = 0; i < N; i++) {
            long double d = v[i] - k[0];
            soft[0][i] = s[i];
            soft[1][i] = s[i] * d;
            soft[2][i] = s[i] * (d * d - k[1]);
            soft[3][i] = s[i] * (d * d * d - 3 * d * k[1] - k[2]);
            logsoft[0][i] = x[i] - lse;
            logsoft[1][i] = d;
            logsoft[2][i] = -k[1];
            logsoft[3][i] = -k[2];
        }
        one[0][0] = lse;
        for (int o = 0; o < 3; o++)
            one[o + 1][0] = k[o];
        for (int o = 0; o < 4; o++)
            entropy[o][0] = -logsoft[o][0];
        expect_orders("softmax(x)", x, soft, N);
        expect_orders("log_softmax(x)", x, logsoft, N);
        expect_orders("logsumexp(x)", x, one, 1);
        expect_orders("cross_entropy(x[none, :], iota(1))", x, entropy, 1);
        for (int o = 0; o < 4; o++)
            entropy[o][0] = -0.25L * logsoft[o][0] - 0.75L * logsoft[o][2];
        expect_orders("cross_entropy(x, stack(0.25, 0, 0.75, 0))", x, entropy, 1);
    }
}

/* The 2-norm has no derivative at 0; 0 is chosen at every order. Beside 0 it is exact: y = sqrt(q), of q the derivatives by the direction. */
Test(functions, norm_zero)
{
    static const double at[][N] = { { 0, 0, 0, 0 }, { 1e-8, 0, 0, 0 }, { 3, 0, -4, 0 } };
    for (size_t p = 0; p < sizeof at / sizeof *at; p++) {
        long double want[4][N] = { { 0 } }, xx = 0, xv = 0, vv = 0;
        for (int i = 0; i < N; i++) {
            xx += (long double)at[p][i] * at[p][i];
            xv += (long double)at[p][i] * directions[i];
            vv += (long double)directions[i] * directions[i];
        }
        long double y = sqrtl(xx);
        want[0][0] = y;
        want[1][0] = y > 0 ? xv / y : 0;
        want[2][0] = y > 0 ? (vv - want[1][0] * want[1][0]) / y : 0;
        want[3][0] = y > 0 ? -3 * want[1][0] * want[2][0] / y : 0;
        expect_orders("norm(x)", at[p], want, 1);
        expect_orders("norm(x[none, :], axis = 1)[0]", at[p], want, 1);
    }
}

/* sigmoid and its three derivatives at x, without cancellation: s' = s r with r = s(-x) */
static void sigmoid_orders(long double x, long double *y)
{
    long double e = expl(-fabsl(x)), s = x > 0 ? 1 / (1 + e) : e / (1 + e), r = x > 0 ? e / (1 + e) : 1 / (1 + e);
    y[0] = s;
    y[1] = s * r;
    y[2] = s * r * (r - s);
    y[3] = s * r * ((r - s) * (r - s) - 2 * s * r);
}

Test(functions, elementwise_extremes)
{
    static const double at[][N] = { { 1e4, -1e4, 0, 1 }, { -700, 700, -40, 40 }, { 1e-9, -1e-9, 20, -20 }, { 5, -5, 100, -100 } };
    for (size_t p = 0; p < sizeof at / sizeof *at; p++) {
        long double sig[4][N], soft[4][N], silu[4][N], tanh_[4][N], s[4], t[4];
        for (int i = 0; i < N; i++) {
            long double x = at[p][i], v = directions[i], power = 1;
            sigmoid_orders(x, s);
            sigmoid_orders(2 * x, t);
            for (int o = 0; o < 4; o++, power *= v) {
                sig[o][i] = s[o] * power;
                soft[o][i] = (o ? s[o - 1] : fmaxl(x, 0) + log1pl(expl(-fabsl(x)))) * power;
                silu[o][i] = (x * s[o] + (o ? o * s[o - 1] : 0)) * power;
                tanh_[o][i] = (o ? 2 * t[o] * (o == 1 ? 2 : o == 2 ? 4 : 8) : tanhl(x)) * power;
            }
        }
        expect_orders("sigmoid(x)", at[p], sig, N);
        expect_orders("softplus(x)", at[p], soft, N);
        expect_orders("silu(x)", at[p], silu, N);
        expect_orders("tanh(x)", at[p], tanh_, N);
    }
}

/* lgamma keeps its relative precision beside its zeros at 1 and 2. */
Test(functions, lgamma_zeros)
{
    Sample s;
    const char *expr = "lgamma(x)";
    cr_assert(sample_load(&s, arena, "x", "", &expr, 1));
    for (int k = 0; k < 60; k++) {
        double x = 1 + k % 2 + (k % 3 - 1) * pow(2, -2 - k / 2.0), out, *in[2] = { &x, &x };
        cr_assert(sample_run(&s, s.graph, in, &out));
        cr_expect(fabsl(out - lgammal(x)) <= 1e-14L * fabsl(lgammal(x)), "lgamma(%.17g) = %.17g", x, out);
    }
}

/* ---- ranks and lengths ---- */
Test(functions, ranks)
{
    static const char *const expr[] = {
        "sum(a^2)", "sum(a, 5) * mean(a, -3)", "max(a, axis = 3)", "softmax(a, axis = 2)", "transpose(a, 7, 6, 5, 4, 3, 2, 1, 0)", "reshape(a, 4, 9) @ b", "flip(a)", "cumsum(a, 4)",
        "concat(a, a * b[0, 0], axis = 6)", "a[0, :, 1, 0, :, 0, 1, none, 0]", "a * sum(a, axis = 1, keep)", "prod(a, axis = 4)", "pad(a, 1, 0, axis = 0)", "logsumexp(a, axis = 7)",
        "sum[i, j, k, l, m, n, o, p](a[i, j, k, l, m, n, o, p] * b[3 * m, i])", "a @ broadcast(1, 1, 2)", "layer_norm(a)",
    };
    for (size_t k = 0; k < sizeof expr / sizeof *expr; k++) {
        Sample s;
        cr_assert(sample_load(&s, arena, "a[1, 3, 2, 1, 3, 1, 2, 1]; b[9, 1]", "", &expr[k], 1), "%s", expr[k]);
        double *at[2 * MAX_SAMPLE_ARGS];
        draw_arguments(&s, at);
        Tensor x[] = { { s.arg[0].type, at[0] }, { s.arg[1].type, at[1] } };
        check_graph(arguments_only(&s), x, expr[k]);
        check_third(&s, expr[k], at);
    }
}

Test(functions, axes_of_length_one)
{
    static const char *const expr[] = {
        "sum(a, 0) + mean(a, 1)", "max(a, axis = 1) * min(a)", "prod(a) + var(a, 1) + norm(a, 0)", "softmax(a) * a", "log_softmax(a, axis = 0) * a", "logsumexp(a, 1)", "cumsum(a, 0)", "layer_norm(a) + rms_norm(a)",
        "cross_entropy(a, iota(1))", "cholesky(a * a)", "solve(a + 2, a)", "solve_triangular(a + 2, a[0])", "logdet(a * a)", "a @ a", "attention(a, a, a)", "conv2d(a[none, :, :, none], a[:, :, none, none])", "max_pool2d(a[none, :, :, none], 1)",
        "dot(a[0], a[:, 0]) * outer_product(a[0], a[0])", "stack(a, a, axis = 2)", "sum[i](a[i, i] * a[i, 0])", "transpose(a) * flip(a) * tril(a)",
    };
    for (size_t k = 0; k < sizeof expr / sizeof *expr; k++) {
        Sample s;
        cr_assert(sample_load(&s, arena, "a[1, 1] .3 2", "", &expr[k], 1), "%s", expr[k]);
        double *at[2 * MAX_SAMPLE_ARGS];
        draw_arguments(&s, at);
        Tensor x[] = { { s.arg[0].type, at[0] } };
        check_graph(arguments_only(&s), x, expr[k]);
        check_third(&s, expr[k], at);
    }
}

/* Letters that never stand alone: the adjoint's guards must bound every place (an internal error before). */
Test(functions, windows)
{
    static const char *const expr[] = {
        "sum[i, j](a[i + 1, j] * a[2 * i, j] * b[j + 1])", "sum[i, k](b[3 - k] * a[k + i, 0])", "mean[i, j, k](b[3 - k] * a[k + i, j + j])", "sum[i, j, k](a[2, j + k] * b[3 - j] * a[i + 2, 2 * j])", "max[i, k](a[i + k, 3 - k])",
    };
    for (size_t k = 0; k < sizeof expr / sizeof *expr; k++) {
        Sample s;
        cr_assert(sample_load(&s, arena, "a[5, 5]; b[7]", "", &expr[k], 1), "%s", expr[k]);
        double *at[2 * MAX_SAMPLE_ARGS];
        draw_arguments(&s, at);
        Tensor x[] = { { s.arg[0].type, at[0] }, { s.arg[1].type, at[1] } };
        check_graph(arguments_only(&s), x, expr[k]);
        check_third(&s, expr[k], at);
    }
}

/* ---- kinks: what library.def says of them, in every mode ---- */
Test(functions, kinks)
{
    static const struct { const char *expr; double x[2], d[2]; } kink[] = {
        { "abs(x[0])", { 0 }, { 0 } }, { "relu(x[0])", { 0 }, { 0 } }, { "sign(x[0]) + floor(x[0])", { 1 }, { 0 } }, { "max(x)", { 3, 3 }, { .5, .5 } }, { "min(x)", { 3, 3 }, { .5, .5 } },
        { "max(x[0], x[1])", { 3, 3 }, { .5, .5 } }, { "min(x[0], x[1])", { 3, 3 }, { .5, .5 } }, { "max[i](x[i])", { 3, 3 }, { .5, .5 } }, { "clamp(x[0], 0, 1)", { 0 }, { 1 } }, { "clamp(x[0], 0, 1)", { 1 }, { 1 } },
        { "clamp(1, x[0], 2)", { 1 }, { 0 } }, { "prod(x)", { 0, 4 }, { 4, 0 } }, { "prod(x)", { 0, 0 }, { 0, 0 } }, { "if x[0] > 0 then log(x[0]) else 0", { 0 }, { 0 } }, { "if x[0] > 0 then sqrt(x[0]) else x[1]", { -1, 2 }, { 0, 1 } },
        { "x[0]^2", { 0 }, { 0 } }, { "x[0]^x[1]", { 0, 2 }, { 0, 0 } }, { "x[0]^x[1]", { 0, 0 }, { 0, 0 } }, { "x[0]^x[1]", { -2, 2 }, { -4, 0 } }, { "x[0]^0", { 0 }, { 0 } }, { "where(x[0] > 0, 1 / x[0], x[0])", { 0 }, { 1 } },
        { "max_pool2d(broadcast(reshape(x, 1, 2, 1, 1), 1, 2, 2, 1), 2)[0, 0, 0, 0]", { 1, 1 }, { .5, .5 } }, { "detach(x[0]) * x[1]", { 2, 3 }, { 0, 2 } }, { "rms_norm(x)[0] * 0.001", { 0, 0 }, { 1, 0 } },
        { "norm(x)", { 0, 0 }, { 0, 0 } }, { "norm(x[0:1]) * x[1]", { 0, 3 }, { 0, 0 } }, { "sum(norm(stack(x, 0 * x), 1))", { 0, 3 }, { 0, 1 } }, { "where(x[0] > 0, norm(x), x[1])", { 0, 0 }, { 0, 1 } },
    };
    for (size_t k = 0; k < sizeof kink / sizeof *kink; k++) {
        Sample s;
        const char *expr = kink[k].expr;
        cr_assert(sample_load(&s, arena, "x[2]", "", &expr, 1), "%s", expr);
        Graph *g = graph_clone(s.graph, intern("kink"));
        Node *in = sample_param(&s, g, 0, false), *y = g->results.at[0], *one = ir_real(g, 1), *back = NULL, *unit[2], *t;
        Type two = in->type;
        vjp(g, &in, 1, &y, &one, 1, &back);
        ir_result(g, back ? back : ir_const(g, two, 0), NULL);
        Type whole = two;
        whole.dtype = T_INT;
        for (int i = 0; i < 2; i++) {
            unit[i] = ir_cast_real(g, ir_map2(g, OP_eq, ir_iota(g, whole, 0), ir_const(g, whole, i)));
            linearize(g, &in, &unit[i], 1, &y, 1, &t, false);
            ir_result(g, t ? t : ir_real(g, 0), NULL);
        }
        double out[5], *at[2] = { (double *)kink[k].x, (double[2]){ 0 } };
        cr_assert(sample_run(&s, g, at, out), "%s", expr);
        for (int i = 0; i < 2; i++) {
            cr_expect_float_eq(out[1 + i], kink[k].d[i], 1e-12, "%s: reverse: derivative %d is %g", expr, i, out[1 + i]);
            cr_expect_float_eq(out[3 + i], kink[k].d[i], 1e-12, "%s: forward: derivative %d is %g", expr, i, out[3 + i]);
        }
    }
}

/* ---- nothing is left out ---- */
extern const struct StdFile { const char *name, *text; } std_files[];

Test(functions, names)
{
    int n, missing = 0;
    const FunctionRow *row = function_rows(&n);
    for (const struct StdFile *f = std_files; f->name; f++)
        for (const char *p = strcmp(f->name, "std/math.mfl") ? "" : f->text; (p = strstr(p, "\nfn ")); p++) {
            size_t len = strcspn(p + 4, "(");
            bool found = !strncmp(p + 4, "windows_of", len);               /* a step of the pools */
            for (int k = 0; k < n && !found; k++)
                found = row[k].name && strlen(row[k].name) == len && !strncmp(row[k].name, p + 4, len);
            cr_expect(found, "%.*s of std/math.mfl has no row in library.def", (int)len, p + 4);
            missing += !found;
        }
    cr_expect_eq(missing, 0);
}
