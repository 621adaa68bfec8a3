/* grad.c -- mflc grad: the outer value and the hypergradient once; to files, as JSON, timed. */
#include "driver.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static double norm_of(const Session *s, const void *at, const Leaf *leaf, double *largest)
{
    double sum = 0;
    *largest = 0;
    for (int64_t k = 0, n = type_count(&leaf->type); k < n; k++) {
        double x = real_at(at, s->real_bytes, k);
        sum += x * x;
        *largest = fmax(*largest, fabs(x));
    }
    return sqrt(sum);
}

static bool write_leaf(Session *s, const char *prefix, const char *name, const Type *t, const void *at)
{
    const char *path = arena_printf(s->arena, "%s/%s%s.npy", s->opt->out, prefix, name);
    return npy_write(path, t->rank, t->dim, s->real_bytes, at) || cannot_write(path) < 0;
}

static int write_results(Session *s, double outer, void **grad)
{
    Problem *p = s->problem;
    Type scalar = type_scalar(T_REAL);
    double value[1];
    mfl_status st = { 0 };
    real_set(value, s->real_bytes, 0, outer);
    if (!make_folder(s->opt->out))
        return cannot_write(s->opt->out);
    bool ok = write_leaf(s, "", "outer", &scalar, value);
    for (int k = 0; ok && k < p->meta.n; k++)
        ok = write_leaf(s, "d_", p->meta.at[k].name, &p->meta.at[k].type, grad[k]);
    if (ok && !p->has_tasks) {
        void **par = leaf_buffers(s->arena, s->real_bytes, p->param.at, p->param.n);
        if (jit_entry(s->jit, LE_ADAPT)((const void *const *)s->bound.data, s->bound.meta, par, NULL, NULL, NULL, 0, s->work, &st))
            return numeric_failure(s, &st);
        for (int k = 0; ok && k < p->param.n; k++)
            ok = write_leaf(s, "p_", p->param.at[k].name, &p->param.at[k].type, par[k]);
    }
    return ok ? -1 : EXIT_DATA;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds of n computations, sorted. */
static double *timings(Session *s, int64_t n, double *outer, void **grad)
{
    mfl_status st = { 0 };
    double *t = NEW_N(s->arena, double, n + 1);
    for (int64_t k = 0; k < n; k++) {
        double from = now_seconds();
        session_gradient(s, s->bound.meta, outer, grad, &st);
        t[k] = now_seconds() - from;
    }
    qsort(t, (size_t)n, sizeof *t, by_value);
    return t;
}

static void print_json(const Session *s, double outer, void **grad, const double *t, int64_t n)
{
    const Problem *p = s->problem;
    json_t *o = json_object(), *norms = json_object();
    json_object_set_new(o, "problem", json_string(p->name));
    json_object_set_new(o, "outer", isfinite(outer) ? json_real(outer) : json_null());
    for (int k = 0; k < p->meta.n; k++) {
        double largest, norm = norm_of(s, grad[k], &p->meta.at[k], &largest);
        json_object_set_new(norms, p->meta.at[k].name, isfinite(norm) ? json_real(norm) : json_null());
    }
    json_object_set_new(o, "norms", norms);
    json_object_set_new(o, "mode", json_string(mode_text(p, &s->diff)));
    json_object_set_new(o, "schedule", json_string(schedule_text(s->arena, &s->diff.steps)));
    json_object_set_new(o, "loops", json_string(schedule_text(s->arena, &s->diff.loops)));
    json_object_set_new(o, "why", json_string(s->why));
    json_object_set_new(o, "real", json_string(s->real_bytes == 4 ? "float" : "double"));
    json_object_set_new(o, "work_bytes", json_integer(s->program->work_bytes));
    json_object_set_new(o, "tasks", json_integer(s->bound.tasks));
    if (n) {
        json_object_set_new(o, "seconds_min", json_real(t[0]));
        json_object_set_new(o, "seconds_median", json_real(t[n / 2]));
        json_object_set_new(o, "repeat", json_integer(n));
    }
    char *text = json_dumps(o, JSON_INDENT(2));
    puts(text);
    free(text);
    json_decref(o);
}

static void print_text(const Session *s, double outer, void **grad, const double *t, int64_t n)
{
    const Problem *p = s->problem;
    printf("%s: %s, %s\n", p->name, s->real_bytes == 4 ? "float" : "double", plan_text(s->arena, p, &(Plan){ .o = s->diff }));
    printf("  %-28s %.12g\n", "outer value", outer);
    for (int k = 0; k < p->meta.n; k++) {
        double largest, norm = norm_of(s, grad[k], &p->meta.at[k], &largest);
        if (p->meta.at[k].type.rank == 0)
            printf("  d_%-26s %.12g\n", p->meta.at[k].name, real_at(grad[k], s->real_bytes, 0));
        else
            printf("  d_%-26s %s  norm %.6g, largest %.6g\n", p->meta.at[k].name, type_text(s->arena, &p->meta.at[k].type), norm, largest);
    }
    printf("  %-28s %lld\n", "workspace bytes", (long long)s->program->work_bytes);
    if (n)
        printf("  %-28s %.6g min, %.6g median of %lld\n", "seconds", t[0], t[n / 2], (long long)n);
}

static bool all_finite(const Session *s, double outer, void **grad)
{
    bool ok = isfinite(outer);
    for (int k = 0; k < s->problem->meta.n; k++)
        for (int64_t i = 0, n = type_count(&s->problem->meta.at[k].type); i < n; i++)
            ok &= isfinite(real_at(grad[k], s->real_bytes, i)) != 0;
    return ok;
}

int command_grad(Options *o)
{
    Session s;
    int code = session_open(&s, o, WANT_JIT | WANT_DATA | (o->out ? WANT_ADAPT : 0));
    if (code < 0)
        code = session_init_meta(&s);
    if (code < 0) {
        mfl_status st = { 0 };
        double outer, *t = NULL;
        void **grad = leaf_buffers(s.arena, s.real_bytes, s.problem->meta.at, s.problem->meta.n);
        if (session_gradient(&s, s.bound.meta, &outer, grad, &st))
            code = numeric_failure(&s, &st);
        else {
            if (o->repeat)
                t = timings(&s, o->repeat, &outer, grad);
            (o->json ? print_json : print_text)(&s, outer, grad, t, o->repeat);
            if (o->out)
                code = write_results(&s, outer, grad);
            if (code < 0 && !all_finite(&s, outer, grad)) {
                fprintf(messages(), "mflc: the outer value or the hypergradient is not finite\n");
                code = EXIT_NUMERIC;
            }
        }
    }
    session_close(&s);
    return code < 0 ? EXIT_DONE : code;
}
