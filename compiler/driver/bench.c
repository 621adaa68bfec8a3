/* bench.c -- mflc bench: every alternative that explain lists, run: predicted time and bytes beside measured ones. --calibrate: this machine's rates, from small
 * problems of known work, into the profile that predictions use.
 *
 * Measured bytes are those up to the last one of the workspace that was written: the workspace is filled with a pattern before the run. */
#include "driver.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { PATTERN = 0xA5 };

/* Minimum seconds of up to n runs, or of as many as fit in a second after the first. */
static double time_gradient(Session *s, int64_t n, void **grad, mfl_status *st)
{
    double best = INFINITY, outer, start = now_seconds();
    for (int64_t k = 0; k < n && (k < 2 || now_seconds() - start < 1 || s->opt->repeat); k++) {
        double from = now_seconds();
        if (session_gradient(s, s->bound.meta, &outer, grad, st))
            return NAN;
        double t = now_seconds() - from;
        best = t < best ? t : best;
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

static int run_plan(Session *s, const Plan *p, json_t *list)
{
    mfl_status st = { 0 };
    void **grad = leaf_buffers(s->arena, s->real_bytes, s->problem->meta.at, s->problem->meta.n);
    int code = session_compile(s, p->o, p, WANT_JIT);
    if (code < 0)
        code = session_init_meta(s);
    if (code >= 0)
        return code;
    int64_t written = bytes_written(s, grad, &st);
    double t = written < 0 ? NAN : time_gradient(s, s->opt->repeat ? s->opt->repeat : 100, grad, &st) / (double)s->bound.tasks;
    if (st.code)
        return numeric_failure(s, &st);
    if (list)
        json_array_append_new(list, json_pack("{s:s, s:f, s:f, s:I, s:I, s:o}", "plan", plan_text(s->arena, s->problem, p), "predicted_seconds", p->seconds, "measured_seconds", t, "predicted_bytes", (json_int_t)p->program->work_bytes,
                                              "measured_bytes", (json_int_t)written, "work", work_json(&p->work)));
    else
        printf("%s %-*s %11.4g %11.4g %7.2f %13lld %13lld\n", p == &s->plans.all.at[s->plans.chosen] ? "*" : " ", plans_width(s), plan_text(s->arena, s->problem, p), 1e3 * p->seconds, 1e3 * t, p->seconds / t, (long long)p->program->work_bytes,
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
        const Plan **at = plans_sorted(&s);
        if (!list)
            printf("%s: %s; times in ms for one task\n  %-*s %11s %11s %7s %13s %13s\n", s.problem->name, s.real_bytes == 4 ? "float" : "double", plans_width(&s), "plan", "predicted", "measured", "ratio", "bytes", "written");
        for (int k = 0; k < s.plans.all.n && code < 0; k++)
            code = run_plan(&s, at[k], list);
        if (list && code < 0) {
            char *text = json_dumps(list, JSON_INDENT(2));
            puts(text);
            free(text);
        }
        json_decref(list);
    }
    session_close(&s);
    return code < 0 ? EXIT_DONE : code;
}
