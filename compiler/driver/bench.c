/* bench.c -- mflc bench: every alternative that explain lists, run: predicted time and bytes beside measured ones. --calibrate: this machine's rates, from small
 * problems of known work, into the profile that predictions use.
 *
 * Seconds are the processor's: what else runs on the machine does not count. Measured bytes are those up to the last one of the workspace that was written: the workspace is filled with a pattern before the run. */
#include "driver.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { PATTERN = 0xA5 };
static const double batch_seconds = 1e-4;         /* the clock of the processor takes 0.3 us to read */

/* All tasks, one after the other, straight into the machine code. */
static bool run_tasks(Session *s, void **grad, const void **data, double *logs, mfl_status *st)
{
    double outer[1];
    for (int64_t task = 0; task < s->bound.tasks; task++) {
        for (int k = 0; k < s->problem->data.n; k++)
            data[k] = (const char *)s->bound.data[k] + (size_t)task * s->bound.data_stride[k];
        if (jit_entry(s->jit, LE_HYPERGRADIENT)(data, s->bound.meta, grad, outer, logs, NULL, 0, s->work, st))
            return false;
    }
    return true;
}

/* Minimum seconds of up to n runs, or of as many as fit in a second after the first; short ones are timed several at once. */
static double time_gradient(Session *s, int64_t n, void **grad, mfl_status *st)
{
    double best = INFINITY, start = cpu_seconds(), *logs = NEW_N(s->arena, double, s->program->nlogs + 1);
    const void **data = NEW_N(s->arena, const void *, s->problem->data.n + 1);
    int64_t times = 1;
    for (int64_t k = 0; k < n && (k < 2 || cpu_seconds() - start < 1 || s->opt->repeat); k++) {
        double from = cpu_seconds();
        for (int64_t i = 0; i < times; i++)
            if (!run_tasks(s, grad, data, logs, st))
                return NAN;
        double t = (cpu_seconds() - from) / (double)times;
        best = t < best ? t : best;
        times = (int64_t)(batch_seconds / best) + 1;
    }
    return best;
}

static int64_t bytes_written(Session *s, void **grad, mfl_status *st)
{
    double outer;
    memset(s->work, PATTERN, (size_t)s->program->work_bytes);
    if (s->program->store_slots)
        mfl_use_store(s->work, &s->store);
    if (session_gradient(s, s->bound.meta, &outer, grad, st))
        return -1;
    int64_t n = s->program->work_bytes;
    while (n > 0 && ((unsigned char *)s->work)[n - 1] == PATTERN)
        n--;
    return n;
}

/* What the prediction is made of: amounts of each kind of work. */
static json_t *work_json(const Work *w)
{
    json_t *o = json_object();
    for (int k = 0; k < W_KINDS; k++)
        json_object_set_new(o, work_name[k], json_real(w->of[k]));
    return o;
}

static json_t *nests_json(const Session *s, const Pieces *all)
{
    json_t *list = json_array();
    for (int k = 0; k < all->n; k++) {
        const Piece *x = &all->at[k];
        json_array_append_new(list, json_pack("{s:s, s:i, s:f, s:f, s:f, s:o, s:s}", "what", x->about->note ? utf8_text(s->arena, x->about->note) : "", "statements", x->n, "times", x->times, "predicted_seconds",
                                              work_seconds(&x->work, &s->rates, s->real_bytes), "measured_seconds", x->seconds, "work", work_json(&x->work), "loops", x->text));
    }
    return list;
}

/* The pieces that take most of the plan's time, and all of them together. */
static void print_nests(const Session *s, const Pieces *all, const char *plan)
{
    double sum = 0, predicted = 0;
    for (int k = 0; k < all->n; k++)
        sum += all->at[k].times * all->at[k].seconds;
    printf("nests of %s, each by itself, ns\n  %10s %11s %11s %7s %7s\n", plan, "times", "predicted", "measured", "ratio", "share");
    for (int k = 0; k < all->n; k++) {
        const Piece *x = &all->at[k];
        double p = work_seconds(&x->work, &s->rates, s->real_bytes), share = x->times * x->seconds / sum;
        predicted += x->times * p;
        if (share > 0.002)
            printf("  %10g %11.4g %11.4g %7.2f %6.1f%%  %.*s\n", x->times, 1e9 * p, 1e9 * x->seconds, p / x->seconds, 100 * share, (int)strcspn(x->text + strspn(x->text, " "), "\n"), x->text + strspn(x->text, " "));
    }
    printf("  %10s %11.4g %11.4g %7.2f\n", "all", 1e9 * predicted, 1e9 * sum, predicted / sum);
}

static int run_plan(Session *s, const Plan *p, json_t *list, Pieces *pieces)
{
    mfl_status st = { 0 };
    void **grad = leaf_buffers(s->arena, s->real_bytes, s->problem->meta.at, s->problem->meta.n);
    int code = session_compile(s, p->o, plan_made(&s->plans, (int)(p - s->plans.all.at)), WANT_JIT);
    if (code < 0)
        code = session_init_meta(s);
    if (code >= 0)
        return code;
    int64_t written = bytes_written(s, grad, &st);
    double t = written < 0 ? NAN : time_gradient(s, s->opt->repeat ? s->opt->repeat : 100, grad, &st) / (double)s->bound.tasks;
    if (st.code)
        return numeric_failure(s, &st);
    if (s->opt->nests && (list || p == &s->plans.all.at[s->plans.chosen]) && !pieces_measure(s, s->bound.data, s->bound.meta, grad, pieces))
        return EXIT_NUMERIC;
    if (list) {
        json_array_append_new(list, json_pack("{s:b, s:s, s:f, s:f, s:I, s:I, s:o}", "chosen", p == &s->plans.all.at[s->plans.chosen], "plan", plan_text(s->arena, s->problem, p), "predicted_seconds", p->seconds, "measured_seconds", t,
                                              "predicted_bytes", (json_int_t)p->program_bytes, "measured_bytes", (json_int_t)written, "work", work_json(&p->work)));
        if (s->opt->nests)
            json_object_set_new(json_array_get(list, json_array_size(list) - 1), "nests", nests_json(s, pieces));
    } else
        printf("%s %-*s %11.4g %11.4g %7.2f %13lld %13lld\n", p == &s->plans.all.at[s->plans.chosen] ? "*" : " ", plans_width(s), plan_text(s->arena, s->problem, p), 1e3 * p->seconds, 1e3 * t, p->seconds / t, (long long)p->program_bytes,
               (long long)written);
    fflush(stdout);
    return -1;
}

int command_bench(Options *o)
{
    Session s;
    if (o->calibrate && !o->file)
        return calibrate(o);
    int code = o->calibrate ? calibrate(o) : -1;
    if (code > 0)
        return code;
    code = session_open(&s, o, WANT_EVERY | WANT_PLAN | WANT_DATA);
    if (code < 0) {
        json_t *list = o->json ? json_array() : NULL;
        Pieces pieces = { 0 };
        const Plan **at = plans_sorted(&s);
        if (!list)
            printf("%s: %s; times in ms for one task\n  %-*s %11s %11s %7s %13s %13s\n", s.problem->name, s.real_bytes == 4 ? "float" : "double", plans_width(&s), "plan", "predicted", "measured", "ratio", "bytes", "written");
        for (int k = 0; k < s.plans.all.n && code < 0; k++)
            code = run_plan(&s, at[k], list, &pieces);
        if (list && code < 0) {
            char *text = json_dumps(list, JSON_INDENT(2));
            puts(text);
            free(text);
        }
        json_decref(list);
        if (o->nests && !list && code < 0)
            print_nests(&s, &pieces, plan_text(s.arena, s.problem, &s.plans.all.at[s.plans.chosen]));
    }
    session_close(&s);
    return code < 0 ? EXIT_DONE : code;
}
