/* calibrate.c -- mflc bench --calibrate: the rates of this machine. Small problems, each for one or two kinds of work, are compiled in several plans and taken to pieces (nests.c); every piece
 * runs by itself, so that most rows of the fit hold one kind of work or two. The rates are those that explain the times of the pieces best. The model is P_i(r) = sum_k w_ik r_k for piece i; with x = log r the fit
 * minimises
 *   sum_i c_i (log(t_i / P_i))^2 + PULL sum_k (x_k - x0_k)^2
 * by Gauss-Newton steps: the derivative of log P_i in x_k is the share of kind k in piece i. c_i: the pieces of one problem count WEIGHT together, whatever their number. x0: the default rates,
 * which stay where nothing measured speaks against them. A piece that is far off (a core that slowed down) counts less: c_i falls with the error. */
#include "driver.h"
#include <math.h>
#include <stdlib.h>

static const char *const probes[] = {
    "problem p1\ndata x[256, 256]\nparam w[256, 256] = 0.01\nmeta m = 0.1\ninner = mean((x @ w)^2) + m * mean(w^2)\nstep w by sgd(rate = m) for 4\nouter = mean(w^2)\n",
    "problem p2\ndata x[16, 16]\nparam w[16, 16] = 0.01\nmeta m = 0.1\ninner = mean((x @ w)^2) + m * mean(w^2)\nstep w by sgd(rate = m) for 200\nouter = mean(w^2)\n",
    "problem p3\ndata x[20000]\nparam w[20000] = 0.01\nmeta m = 0.1\ninner = sum((x * w - x)^2 * w + m * w^2)\nstep w by sgd(rate = m) for 3\nouter = mean(w)\n",
    "problem p4\ndata x[20000]\nparam w[20000] = 0.01\nmeta m = 0.1\ninner = sum(tanh(x * w) + exp(-w * x) + m * w^2)\nstep w by sgd(rate = m) for 10\nouter = mean(w)\n",
    "problem p5\ndata x[6000000]\nparam w[6000000] = 0.01\nmeta m = 0.1\ninner = sum((x * w - x)^2 + m * w^2)\nstep w by sgd(rate = m) for 2\nouter = mean(w)\n",
    "problem p6\ndata x[2]\nparam w[2] = 0.01\nmeta m = 0.1\ninner = sum((x * w - x)^2) + m * sum(w^2)\nstep w by momentum(rate = 0.1) for 5000\nouter = sum(w^2)\n",
    "problem p7\ndata x[64, 500], y[64]\nparam w[500] = 0.01\nmeta m = 0.1\ninner = mean((x @ w - y)^2) + m * sum(w^2)\nstep w by sgd(rate = 0.1) for 50\nouter = sum(w^2)\n",
    "problem p8\ndata x[300, 40]\nparam w[40, 10] = 0.01\nmeta m = 0.1\ninner = -mean(log_softmax(x @ w)) + m * sum(w^2)\nstep w by adam(rate = 0.01, eps_root = 1e-8) for 20\nouter = sum(w^2)\n",
    "problem p9\ndata x[40]\nparam w[40] = 0.01\nmeta m = 0.1\ninner { h = m  for i in 0:40 { h = tanh(h * w[i] + x[i]) }  return h^2 }\nstep w by sgd(rate = 0.1) for 50\nouter = sum(w^2)\n",
    "problem p11\ndata x[300, 10], y[300]\nparam w[10] = 0.01\nmeta m[10] = 0.1\ninner = mean((x @ w - y)^2) + sum(m * w^2)\nstep w by sgd(rate = 0.05) for 100\nouter = mean((x @ w - y)^2)\n",
    "problem p12\ndata x[48, 64], y[48, 10]\nparam a[64, 32] = 0.01\nparam b[32, 10] = 0.02\nmeta m = 0.1, rate = 0.01\ninner = -mean(y * log_softmax(tanh(x @ a + m) @ b)) + m * sum(a^2)\nstep a by adam(rate = rate, eps_root = 1e-8) for 10\nstep b by adam(rate = rate, eps_root = 1e-8) for 10\nouter = -mean(y * log_softmax(tanh(x @ a) @ b))\n",
    "problem p13\ndata x[10, 1], y[10, 1]\nparam a[1, 40] = 0.01\nparam b[40, 40] = 0.02\nparam c[40, 1] = 0.03\nmeta m = 0.1\ninner = mean((tanh(tanh(x @ a) @ b) @ c - y)^2) + m * sum(b^2)\nstep a by sgd(rate = 0.01) for 10\nstep b by sgd(rate = 0.01) for 10\nstep c by sgd(rate = 0.01) for 10\nouter = mean((tanh(tanh(x @ a) @ b) @ c - y)^2)\n",
    "problem p14\ndata x[500, 20], y[500]\nparam w[20] = 0.01\nmeta m[20] = 0.1\ninner = mean(softplus(-y * (x @ w))) + sum(exp(m) * w^2)\nstep w by momentum(rate = 0.1) for 40\nouter = mean(softplus(-y * (x @ w)))\n",
    "problem p15\ndata x[600000]\nparam w[600000] = 0.01\nmeta m = 0.1\ninner = sum((x * w - x)^2 + m * w^2)\nstep w by sgd(rate = m) for 2\nouter = mean(w)\n",
    "problem p16\nparam w = 0.01\nmeta m = 0.1\ninner = m * w^2\nstep w by sgd(rate = 0.1) for 1\nouter = w\n",
    "problem p17\ndata x[400, 7]\nparam w[400, 7] = 0.01\nmeta m = 0.1\ninner = sum(x * w^2) + m * sum(x / (1 + w))\nstep w by momentum(rate = 0.1) for 3\nouter = sum(w^2)\n",
    "problem p18\ndata x[500]\nparam w[500] = 0.01\nmeta m = 0.1\ninner { h = m  for i in 0:500 { h = 0.5 * h + x[i] / (1 + w[i] * h) }  return h }\nstep w by sgd(rate = 0.1) for 2\nouter = sum(w / (2 + x))\n",
    "problem p19\ndata x[300, 300]\nparam w[300, 300] = 0.01\nmeta m = 0.1\ninner = mean((x @ w)^2) + m * mean(w^2)\nstep w by sgd(rate = m) for 2\nouter = mean(w^2)\n",
    "problem p10\ndata x[64, 64]\nparam w[64, 64] = 0.01\nmeta m = 0.1\ninner = mean(tanh(x @ w)^2) + m * mean(w^2)\nstep w by momentum(rate = m) for 40\nouter = mean(w^2)\n",
};
static const struct Way { const char *mode, *schedule; } ways[] = { { "mixed", "snapshot" }, { "reverse", "keep" }, { "forward", "snapshot" } };
enum { NPROBES = sizeof probes / sizeof *probes, NWAYS = sizeof ways / sizeof *ways, ROUNDS = 200, WEIGHT = 10 };
static const double pull = 0.05, shortest = 5e-9, outlier = 0.5;
typedef struct Row { Work w; double seconds, weight; } Row;
typedef Vec(Row) Rows;

static void add_pieces(Arena *a, const Pieces *p, Rows *rows)
{
    int first = rows->n;
    for (int k = 0; k < p->n; k++)
        if (p->at[k].f && p->at[k].seconds > shortest) {
            Row r = { p->at[k].work, p->at[k].seconds, 0 };
            vec_push(a, *rows, r);
        }
    for (int k = first; k < rows->n; k++)
        rows->at[k].weight = (double)WEIGHT / NWAYS / (rows->n - first);
}

/* The pieces of one probe in one plan, in one temporary folder. whole: work and seconds of all of it. */
static int probe(Options *o, const char *text, const char *folder, const char *real, const struct Way *way, Rows *rows, Row *whole)
{
    Options mine = { .arena = o->arena, .command = "bench", .real = real, .mode = way->mode, .schedule = way->schedule, .loops = way->schedule };
    const char *path = arena_printf(o->arena, "%s/probe.mfl", folder);
    mine.file = path;
    if (!write_atomically(path, text, strlen(text))) {
        fprintf(messages(), "mflc: %s cannot be written\n", path);
        return EXIT_DATA;
    }
    Session s;
    int code = session_open(&s, &mine, WANT_JIT);
    if (code < 0) {
        void **data = leaf_buffers(s.arena, s.real_bytes, s.problem->data.at, s.problem->data.n), **meta = leaf_buffers(s.arena, s.real_bytes, s.problem->meta.at, s.problem->meta.n);
        void **grad = leaf_buffers(s.arena, s.real_bytes, s.problem->meta.at, s.problem->meta.n);
        for (int k = 0; k < s.problem->data.n; k++)
            for (int64_t i = 0, n = type_count(&s.problem->data.at[k].type); i < n; i++)
                real_set(data[k], s.real_bytes, i, 0.01 * (double)(i % 37) - 0.2);
        for (int k = 0; k < s.problem->meta.n; k++)
            for (int64_t i = 0, n = type_count(&s.problem->meta.at[k].type); i < n; i++)
                real_set(meta[k], s.real_bytes, i, 0.1);
        Pieces pieces = { 0 };
        code = pieces_measure(&s, data, meta, grad, &pieces) ? -1 : EXIT_NUMERIC;
        *whole = (Row){ s.plans.all.at[s.plans.chosen].work, pieces.whole, 1 };
        if (code < 0)
            add_pieces(o->arena, &pieces, rows);
    }
    session_close(&s);
    return code;
}

/* a x = b for a symmetric positive definite a, by elimination; x in b. */
static void solve(double a[W_KINDS][W_KINDS], double *b)
{
    for (int k = 0; k < W_KINDS; k++)
        for (int i = k + 1; i < W_KINDS; i++) {
            double f = a[i][k] / a[k][k];
            for (int j = k; j < W_KINDS; j++)
                a[i][j] -= f * a[k][j];
            b[i] -= f * b[k];
        }
    for (int k = W_KINDS - 1; k >= 0; k--) {
        for (int j = k + 1; j < W_KINDS; j++)
            b[k] -= a[k][j] * b[j];
        b[k] /= a[k][k];
    }
}

/* One step; how far it went. */
static double step(double *x, const double *x0, const Row *row, int n)
{
    double a[W_KINDS][W_KINDS] = { { 0 } }, b[W_KINDS], far = 0;
    for (int k = 0; k < W_KINDS; k++) {
        a[k][k] = pull;
        b[k] = pull * (x0[k] - x[k]);
    }
    for (int i = 0; i < n; i++) {
        double share[W_KINDS], sum = 0;
        for (int k = 0; k < W_KINDS; k++)
            sum += share[k] = row[i].w.of[k] * exp(x[k]);
        double error = log(row[i].seconds / sum), c = row[i].weight / sqrt(1 + error * error / (outlier * outlier));
        for (int k = 0; k < W_KINDS; k++)
            for (int j = 0; j < W_KINDS; j++)
                a[k][j] += c * share[k] * share[j] / (sum * sum);
        for (int k = 0; k < W_KINDS; k++)
            b[k] += c * share[k] / sum * error;
    }
    solve(a, b);
    for (int k = 0; k < W_KINDS; k++) {
        double d = 0.3 * fmax(-1, fmin(1, b[k]));
        x[k] += d;
        far = fmax(far, fabs(d));
    }
    return far;
}

static void fit(double *rate, const Row *row, int n)
{
    double x[W_KINDS], x0[W_KINDS];
    for (int k = 0; k < W_KINDS; k++)
        x[k] = x0[k] = log(rate[k]);
    for (int round = 0; round < ROUNDS && step(x, x0, row, n) > 1e-6; round++)
        ;
    for (int k = 0; k < W_KINDS; k++)
        rate[k] = exp(x[k]);
}

int calibrate(Options *o)
{
    char folder[] = "/tmp/mflc-calibrate-XXXXXX";
    if (!mkdtemp(folder)) {
        fprintf(messages(), "mflc: no temporary folder can be made in /tmp\n");
        return EXIT_DATA;
    }
    Rates r = default_rates;
    const char *path = rates_path(o->arena);
    int code = rates_writable(path) ? -1 : cannot_write(path);           /* known now, not after minutes */
    for (int d = 0; d < 2 && code < 0; d++) {
        Rows rows = { 0 };
        Row whole[NPROBES * NWAYS];
        for (int i = 0; i < NPROBES * NWAYS && code < 0; i++) {
            code = probe(o, probes[i / NWAYS], folder, d ? "double" : "float", &ways[i % NWAYS], &rows, &whole[i]);
            if (code < 0)
                vec_push(o->arena, rows, whole[i]);
        }
        if (code >= 0)
            break;
        fit(r.seconds[d], rows.at, rows.n);
        for (int i = 0; i < NPROBES * NWAYS; i++)
            printf("%-6s probe %2d %-17s measured %9.4g ms, by the new rates %9.4g ms\n", d ? "double" : "float", i / NWAYS + 1, arena_printf(o->arena, "%s, %s:", ways[i % NWAYS].mode, ways[i % NWAYS].schedule),
                   1e3 * whole[i].seconds, 1e3 * work_seconds(&whole[i].w, &r, d ? 8 : 4));
    }
    remove(arena_printf(o->arena, "%s/probe.mfl", folder));
    remove(folder);
    if (code >= 0)
        return code;
    if (!rates_save(&r, path))
        return cannot_write(path);
    printf("%s\n", path);
    return EXIT_DONE;
}
