/* host.c -- the generated functions and what is made of them, through the descriptor of any problem, on data of its own: sums by hand against _add and _tasks to
 * the bit, for one thread and for several; every workspace ends at a page that must not be touched; wrong inputs are named. -DPROBLEM=NAME_problem */
#define _DEFAULT_SOURCE
#include <mfl/runtime.h>
#include <stdio.h>
#include <stdlib.h>

extern const mfl_problem PROBLEM;
enum { TASKS = 7, LEAVES = 256 };
static const mfl_problem *const p = &PROBLEM;
static int failures;
#include "invented.h"

#define CHECK(cond) do { if (!(cond)) { printf("%s:%d: %s: not so: %s\n", __FILE__, __LINE__, p->name, #cond); failures++; } } while (0)

/* y = y + x, or y / n, in the program's own type */
static void add_to(void *y, const void *x, size_t n)
{
    for (size_t k = 0; k < n / (size_t)p->real_bytes; k++)
        if (p->real_bytes == 4)
            ((float *)y)[k] += ((const float *)x)[k];
        else
            ((double *)y)[k] += ((const double *)x)[k];
}

static void divide(void *y, size_t n, int by)
{
    for (size_t k = 0; k < n / (size_t)p->real_bytes; k++)
        if (p->real_bytes == 4)
            ((float *)y)[k] /= (float)by;
        else
            ((double *)y)[k] /= by;
}

static const void *data[TASKS][LEAVES];
static void *meta[LEAVES], *one[LEAVES], *sum[LEAVES], *got[LEAVES], *work;
static double out_one, out_sum, out_got;
static mfl_status st;

static int gradient(int task, void *outer, void **grad) { return p->hypergradient(data[task], meta, grad, outer, NULL, NULL, 0, work, &st); }

static void fill_outputs(int byte)
{
    for (int k = 0; k < p->nmeta; k++)
        memset(got[k], byte, bytes(&p->meta[k]));
    memset(&out_got, byte, sizeof out_got);
}

static int same(void **a, void **b)
{
    for (int k = 0; k < p->nmeta; k++)
        if (memcmp(a[k], b[k], bytes(&p->meta[k])))
            return 0;
    return 1;
}

static void sums(void)
{
    size_t real = (size_t)p->real_bytes;
    for (int t = 0; t < TASKS; t++) {
        CHECK(gradient(t, &out_one, one) == MFL_OK);
        if (t == 0) {
            memcpy(&out_sum, &out_one, real);
            for (int k = 0; k < p->nmeta; k++)
                memcpy(sum[k], one[k], bytes(&p->meta[k]));
        } else {
            add_to(&out_sum, &out_one, real);
            for (int k = 0; k < p->nmeta; k++)
                add_to(sum[k], one[k], bytes(&p->meta[k]));
        }
    }
    CHECK(gradient(0, &out_got, got) == MFL_OK);
    for (int t = 1; t < TASKS; t++)
        CHECK(p->hypergradient_add(data[t], meta, got, &out_got, NULL, NULL, 0, work, &st) == MFL_OK);
    CHECK(same(got, sum) && !memcmp(&out_got, &out_sum, real));
    divide(&out_sum, real, TASKS);
    for (int k = 0; k < p->nmeta; k++)
        divide(sum[k], bytes(&p->meta[k]), TASKS);
}

static void tasks(void)
{
    const void **rows = malloc(sizeof *rows * (size_t)(TASKS * p->ndata + 1));
    if (!rows)
        exit(3);
    for (int t = 0; t < TASKS; t++)
        for (int k = 0; k < p->ndata; k++)
            rows[t * p->ndata + k] = data[t][k];
    for (int threads = 1; threads <= 3; threads++) {
        void *works = guarded(p->work_bytes * (size_t)threads);
        fill_outputs(0x7f);
        CHECK(p->hypergradient_tasks(TASKS, rows, meta, got, &out_got, works, threads, &st) == MFL_OK);
        CHECK(same(got, sum) && !memcmp(&out_got, &out_sum, (size_t)p->real_bytes));
        /* the value alone: the mean of values */
        memset(&out_one, 0, sizeof out_one);
        for (int t = 0; t < TASKS; t++) {
            double v;
            CHECK(p->value(data[t], meta, NULL, &v, NULL, NULL, 0, work, &st) == MFL_OK);
            if (t)
                add_to(&out_one, &v, (size_t)p->real_bytes);
            else
                memcpy(&out_one, &v, (size_t)p->real_bytes);
        }
        divide(&out_one, (size_t)p->real_bytes, TASKS);
        CHECK(p->hypergradient_tasks(TASKS, rows, meta, NULL, &out_got, works, threads, &st) == MFL_OK);
        CHECK(!memcmp(&out_got, &out_one, (size_t)p->real_bytes));
    }
    CHECK(p->hypergradient_tasks(0, rows, meta, got, &out_got, work, 1, &st) == MFL_BAD_COUNT && !strcmp(st.name, "n"));
    CHECK(p->hypergradient_tasks(TASKS, rows, meta, got, &out_got, work, 0, &st) == MFL_BAD_COUNT && !strcmp(st.name, "threads"));
    if (p->ndata) {
        CHECK(p->hypergradient_tasks(TASKS, NULL, meta, got, &out_got, work, 1, &st) == MFL_NULL_INPUT);
        rows[2 * p->ndata] = NULL;
        fill_outputs(0x7f);
        CHECK(p->hypergradient_tasks(TASKS, rows, meta, got, &out_got, work, 1, &st) == MFL_NULL_INPUT && !strcmp(st.name, p->data[0].name) && st.task == 2 && st.step == -1);
        CHECK(((unsigned char *)&out_got)[0] == 0x7f);
    }
    free(rows);
}

/* What is not wanted is not written, and not computed: the workspace is left as _value leaves it. */
static void not_wanted(void)
{
    char *a = malloc(p->work_bytes + 1), *b = malloc(p->work_bytes + 1);
    if (!a || !b)
        exit(3);
    memset(work, 0x55, p->work_bytes);
    CHECK(p->value(data[0], meta, NULL, &out_one, NULL, NULL, 0, work, &st) == MFL_OK);
    memcpy(a, work, p->work_bytes);
    memset(work, 0x55, p->work_bytes);
    CHECK(gradient(0, &out_got, NULL) == MFL_OK);
    memcpy(b, work, p->work_bytes);
    CHECK(!memcmp(a, b, p->work_bytes) && !memcmp(&out_one, &out_got, (size_t)p->real_bytes));
    memset(work, 0x55, p->work_bytes);
    CHECK(gradient(0, NULL, NULL) == MFL_OK && p->value(data[0], meta, NULL, NULL, NULL, NULL, 0, work, &st) == MFL_OK);
    for (size_t k = 0; k < p->work_bytes; k++)
        if (((char *)work)[k] != 0x55) {
            CHECK(!"nothing is wanted, nothing is touched");
            break;
        }
    CHECK(gradient(0, &out_one, one) == MFL_OK);
    for (int skip = 0; skip < p->nmeta; skip++) {
        void *some[LEAVES];
        for (int k = 0; k < p->nmeta; k++)
            some[k] = k == skip ? NULL : got[k];
        fill_outputs(0x7f);
        CHECK(gradient(0, NULL, some) == MFL_OK);
        for (int k = 0; k < p->nmeta; k++)
            if (k != skip)
                CHECK(!memcmp(got[k], one[k], bytes(&p->meta[k])));
    }
    free(a);
    free(b);
}

static void wrong_inputs(void)
{
    const void *d[LEAVES];
    void *m[LEAVES];
    for (int k = 0; k < p->ndata; k++) {
        memcpy(d, data[0], sizeof d);
        d[k] = NULL;
        CHECK(p->hypergradient(d, meta, got, &out_got, NULL, NULL, 0, work, &st) == MFL_NULL_INPUT && !strcmp(st.name, p->data[k].name));
        CHECK(p->adapt(d, meta, NULL, NULL, NULL, NULL, 0, work, &st) == MFL_NULL_INPUT);
        CHECK(p->value(d, meta, NULL, &out_got, NULL, NULL, 0, work, NULL) == MFL_NULL_INPUT);
        if (p->data[k].bound && bytes(&p->data[k])) {
            int32_t *wrong = malloc(bytes(&p->data[k]));
            if (!wrong)
                exit(3);
            memcpy(wrong, data[0][k], bytes(&p->data[k]));
            wrong[bytes(&p->data[k]) / 4 - 1] = (int32_t)p->data[k].bound;
            d[k] = wrong;
            CHECK(p->hypergradient(d, meta, got, &out_got, NULL, NULL, 0, work, &st) == MFL_BAD_INDEX && !strcmp(st.name, p->data[k].name) && st.value == (double)p->data[k].bound);
            free(wrong);
        }
    }
    for (int k = 0; k < p->nmeta; k++) {
        memcpy(m, meta, sizeof m);
        m[k] = NULL;
        CHECK(p->hypergradient_add(data[0], m, got, &out_got, NULL, NULL, 0, work, &st) == MFL_NULL_INPUT && !strcmp(st.name, p->meta[k].name));
    }
    CHECK(gradient(0, &out_got, got) == MFL_OK && st.code == MFL_OK && st.name == NULL);
    CHECK(p->hypergradient(data[0], meta, got, &out_got, NULL, NULL, 0, NULL, &st) == MFL_BAD_WORK && !strcmp(st.name, "work"));
    CHECK(p->hypergradient(data[0], meta, got, &out_got, NULL, NULL, 0, (char *)work - 8, &st) == MFL_BAD_WORK);
}

/* One array's gradient a percent too large. */
static int wrong_leaf;
static int a_percent_more(const void *const *d, void *const *m, void *const *out, void *outer, void *logs, void *state, int64_t number, void *w, mfl_status *status)
{
    int code = PROBLEM.hypergradient(d, m, out, outer, logs, state, number, w, status);
    for (size_t k = 0; !code && k < bytes(&p->meta[wrong_leaf]) / (size_t)p->real_bytes; k++)
        if (p->real_bytes == 4)
            ((float *)out[wrong_leaf])[k] *= 1.01f;
        else
            ((double *)out[wrong_leaf])[k] *= 1.01;
    return code;
}

/* -DCUT: the derivative is cut somewhere, and differences are another number. Else differences agree with the gradient, in just the memory they say; they see that it is wrong, and where. */
static void differences(void)
{
    double tol = p->real_bytes == 8 ? 1e-6 : 2e-2, size = 0;
    void *room = guarded(mfl_differences_bytes(p));
    mfl_problem wrong = *p;
    CHECK(mfl_differences(p, data[0], meta, tol, room, &st) == MFL_OK && st.value <= tol);
    if (st.code)
        printf("%s: %g\n", st.name, st.value);
    wrong.hypergradient = a_percent_more;
    CHECK(gradient(0, NULL, one) == MFL_OK);
    for (wrong_leaf = 0; p->real_bytes == 8 && wrong_leaf < p->nmeta; wrong_leaf++) {
        size = 0;
        for (size_t k = 0; k < bytes(&p->meta[wrong_leaf]) / 8; k++)
            size += fabs(((double *)one[wrong_leaf])[k]);
        if (size > 1e-3)
            CHECK(mfl_differences(&wrong, data[0], meta, tol, room, &st) == MFL_WRONG_GRADIENT && !strcmp(st.name, p->meta[wrong_leaf].name) && st.value > 1e-4 && st.value < 1e-2);
    }
    CHECK(mfl_differences(p, data[0], meta, 0, room, &st) == MFL_BAD_COUNT && !strcmp(st.name, "tol"));
    CHECK(mfl_differences(p, data[0], meta, tol, NULL, &st) == MFL_BAD_WORK);
}

int main(void)
{
    for (int k = 0; k < p->ndata; k++)
        for (int t = 0; t < TASKS; t++)
            data[t][k] = t == 0 || p->data[k].task ? numbers(&p->data[k], 1 + k + 1000 * t) : data[0][k];
    for (int k = 0; k < p->nmeta; k++) {
        meta[k] = numbers(&p->meta[k], 500 + k);
        one[k] = guarded(bytes(&p->meta[k]));
        sum[k] = guarded(bytes(&p->meta[k]));
        got[k] = guarded(bytes(&p->meta[k]));
    }
    CHECK(p->work_bytes % 64 == 0);
    work = guarded(p->work_bytes);
    sums();
    tasks();
    not_wanted();
    wrong_inputs();
#ifndef CUT
    differences();
#endif
    return failures != 0;
}
