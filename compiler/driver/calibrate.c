/* calibrate.c -- mflc bench --calibrate: the rates of this machine. Small problems, each ruled by one or two kinds of work, are compiled and timed like any other; the rates
 * are those that explain all the times best: work_k times rate_k summed is the time, fitted in the logarithm by multiplicative steps (each rate moves by the
 * mean error of the problems it matters for, weighted by its share in them). */
#include "driver.h"
#include <math.h>
#include <stdlib.h>

static const char *const probes[] = {
    "problem p1\ndata x[256, 256]\nparam w[256, 256] = 0.01\nmeta m = 0.1\ninner = mean((x @ w)^2) + m * mean(w^2)\nstep w by sgd(rate = m) for 4\nouter = mean(w^2)\n",
    "problem p2\ndata x[16, 16]\nparam w[16, 16] = 0.01\nmeta m = 0.1\ninner = mean((x @ w)^2) + m * mean(w^2)\nstep w by sgd(rate = m) for 200\nouter = mean(w^2)\n",
    "problem p3\ndata x[20000]\nparam w[20000] = 0.01\nmeta m = 0.1\ninner = sum((x * w - x)^2 * w + m * w^2)\nstep w by sgd(rate = m) for 20\nouter = mean(w)\n",
    "problem p4\ndata x[20000]\nparam w[20000] = 0.01\nmeta m = 0.1\ninner = sum(tanh(x * w) + exp(-w * x) + m * w^2)\nstep w by sgd(rate = m) for 10\nouter = mean(w)\n",
    "problem p5\ndata x[2000000]\nparam w[2000000] = 0.01\nmeta m = 0.1\ninner = sum((x * w - x)^2 + m * w^2)\nstep w by sgd(rate = m) for 2\nouter = mean(w)\n",
    "problem p6\ndata x[2]\nparam w[2] = 0.01\nmeta m = 0.1\ninner = sum((x * w - x)^2) + m * sum(w^2)\nstep w by momentum(rate = 0.1) for 5000\nouter = sum(w^2)\n",
    "problem p7\ndata x[64, 500], y[64]\nparam w[500] = 0.01\nmeta m = 0.1\ninner = mean((x @ w - y)^2) + m * sum(w^2)\nstep w by sgd(rate = 0.1) for 50\nouter = sum(w^2)\n",
    "problem p8\ndata x[300, 40]\nparam w[40, 10] = 0.01\nmeta m = 0.1\ninner = -mean(log_softmax(x @ w)) + m * sum(w^2)\nstep w by adam(rate = 0.01, eps_root = 1e-8) for 20\nouter = sum(w^2)\n",
    "problem p9\ndata x[40]\nparam w[40] = 0.01\nmeta m = 0.1\ninner { h = m  for i in 0:40 { h = tanh(h * w[i] + x[i]) }  return h^2 }\nstep w by sgd(rate = 0.1) for 50\nouter = sum(w^2)\n",
    "problem p10\ndata x[64, 64]\nparam w[64, 64] = 0.01\nmeta m = 0.1\ninner = mean(tanh(x @ w)^2) + m * mean(w^2)\nstep w by momentum(rate = m) for 40\nouter = mean(w^2)\n",
};
enum { NPROBES = sizeof probes / sizeof *probes, ROUNDS = 400 };

/* Work and measured seconds of one probe, in one temporary folder. */
static int probe(Options *o, const char *text, const char *folder, const char *real, Work *w, double *seconds)
{
    Options mine = { .arena = o->arena, .command = "bench", .real = real, .mode = "mixed", .schedule = "snapshot", .loops = "snapshot" };
    const char *path = arena_printf(o->arena, "%s/probe.mfl", folder);
    mine.file = path;
    if (!write_atomically(path, text, strlen(text))) {
        fprintf(stderr, "mflc: %s cannot be written\n", path);
        return EXIT_DATA;
    }
    Session s;
    int code = session_open(&s, &mine, WANT_JIT);
    if (code < 0) {
        const Plan *p = &s.plans.all.at[s.plans.chosen];
        void **data = leaf_buffers(s.arena, s.real_bytes, s.problem->data.at, s.problem->data.n), **meta = leaf_buffers(s.arena, s.real_bytes, s.problem->meta.at, s.problem->meta.n);
        void **grad = leaf_buffers(s.arena, s.real_bytes, s.problem->meta.at, s.problem->meta.n), *outer = arena_alloc(s.arena, 64);
        for (int k = 0; k < s.problem->data.n; k++)
            for (int64_t i = 0, n = type_count(&s.problem->data.at[k].type); i < n; i++)
                real_set(data[k], s.real_bytes, i, 0.01 * (double)(i % 37) - 0.2);
        real_set(meta[0], s.real_bytes, 0, 0.1);
        *w = p->work;
        *seconds = INFINITY;
        mfl_status st = { 0 };
        double start = now_seconds();
        for (int k = 0; k < 200 && (k < 5 || now_seconds() - start < 0.3); k++) {
            double from = now_seconds();
            jit_entry(s.jit, LE_HYPERGRADIENT)((const void *const *)data, meta, grad, outer, NULL, NULL, 0, s.work, &st);
            double t = now_seconds() - from;
            *seconds = t < *seconds ? t : *seconds;
        }
    }
    session_close(&s);
    return code;
}

static void fit(double *rate, const Work *w, const double *seconds)
{
    for (int round = 0; round < ROUNDS; round++) {
        double move[W_KINDS] = { 0 }, weight[W_KINDS] = { 0 };
        for (int p = 0; p < NPROBES; p++) {
            double sum = 0;
            for (int k = 0; k < W_KINDS; k++)
                sum += w[p].of[k] * rate[k];
            for (int k = 0; k < W_KINDS && sum > 0; k++) {
                double share = w[p].of[k] * rate[k] / sum;
                move[k] += share * log(seconds[p] / sum);
                weight[k] += share;
            }
        }
        for (int k = 0; k < W_KINDS; k++)
            if (weight[k] > 0.02)
                rate[k] *= exp(0.5 * move[k] / weight[k]);
    }
}

int calibrate(Options *o)
{
    char folder[] = "/tmp/mflc-calibrate-XXXXXX";
    if (!mkdtemp(folder)) {
        fprintf(stderr, "mflc: no temporary folder can be made in /tmp\n");
        return EXIT_DATA;
    }
    Rates r = default_rates;
    int code = -1;
    for (int d = 0; d < 2 && code < 0; d++) {
        Work w[NPROBES];
        double seconds[NPROBES];
        for (int p = 0; p < NPROBES && code < 0; p++)
            code = probe(o, probes[p], folder, d ? "double" : "float", &w[p], &seconds[p]);
        if (code >= 0)
            break;
        fit(r.seconds[d], w, seconds);
        for (int p = 0; p < NPROBES; p++)
            printf("%-6s probe %2d: measured %9.4g ms, by the new rates %9.4g ms\n", d ? "double" : "float", p + 1, 1e3 * seconds[p], 1e3 * work_seconds(&w[p], &r, d ? 8 : 4));
    }
    remove(arena_printf(o->arena, "%s/probe.mfl", folder));
    remove(folder);
    if (code >= 0)
        return code;
    const char *path = rates_path(o->arena);
    if (!rates_save(&r, path)) {
        fprintf(stderr, "mflc: the profile %s cannot be written\n", path);
        return EXIT_DATA;
    }
    printf("%s\n", path);
    return EXIT_DONE;
}
