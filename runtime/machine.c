/* machine.c -- around the bare entries of machine code: is every input there and in its range, which results are wanted, the gradient added to what is there, the mean
 * over tasks. By the descriptor, with the meaning of what c99_interface.c writes out for each problem. */
#include "mfl/machine.h"
#ifdef _OPENMP
#include <omp.h>
#endif

static int64_t count(const mfl_array *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->rank; d++)
        n *= a->dim[d];
    return n;
}

static int is_missing(const mfl_array *a, int n, const void *const *at, mfl_status *status)
{
    for (int k = 0; k < n; k++)
        if (!at[k])
            return mfl_fail(status, MFL_NULL_INPUT, a[k].name, 0);
    return MFL_OK;
}

static int data_is_wrong(const mfl_problem *p, const void *const *data, mfl_status *status)
{
    int code = p->ndata && !data ? mfl_fail(status, MFL_NULL_INPUT, "data", 0) : is_missing(p->data, p->ndata, data, status);
    for (int k = 0; !code && k < p->ndata; k++)
        for (int64_t i = 0, n = p->data[k].bound ? count(&p->data[k]) : 0; i < n; i++) {
            int32_t index = ((const int32_t *)data[k])[i];
            if (index < 0 || index >= p->data[k].bound)
                return mfl_fail(status, MFL_BAD_INDEX, p->data[k].name, (double)index);
        }
    return code;
}

/* The data are not looked at by entries that have none. */
static int inputs_are_wrong(const mfl_problem *p, int entry, const void *const *data, void *const *meta, const void *work, mfl_status *status)
{
    int reads = entry == MFL_ADAPT || entry == MFL_VALUE || entry == MFL_HYPERGRADIENT || entry == MFL_WINDOW;
    int code = reads ? data_is_wrong(p, data, status) : MFL_OK;
    if (!code)
        code = p->nmeta && !meta ? mfl_fail(status, MFL_NULL_INPUT, "meta", 0) : is_missing(p->meta, p->nmeta, (const void *const *)meta, status);
    return !code && (!work || (uintptr_t)work % 64) ? mfl_fail(status, MFL_BAD_WORK, "work", 0) : code;
}

/* What learning and windows need besides. */
static int rest_is_wrong(const mfl_problem *p, int entry, void *const *out, const void *state, int64_t number, mfl_status *status)
{
    if (entry == MFL_LEARN) {
        int code = p->nmeta && !out ? mfl_fail(status, MFL_NULL_INPUT, "grad", 0) : is_missing(p->meta, p->nmeta, (const void *const *)out, status);
        if (code)
            return code;
    }
    if ((entry == MFL_LEARN || entry == MFL_LEARN_INIT) && !state)
        return mfl_fail(status, MFL_NULL_INPUT, "state", 0);
    if (entry != MFL_WINDOW)
        return MFL_OK;
    if (!state || (uintptr_t)state % 64)
        return mfl_fail(status, MFL_NULL_INPUT, "carried", 0);
    return number < 0 || number >= p->steps || number % p->window ? mfl_fail(status, MFL_BAD_COUNT, "step", (double)number) : MFL_OK;
}

static int wants_gradient(const mfl_problem *p, void *const *out)
{
    for (int k = 0; out && k < p->nmeta; k++)
        if (out[k])
            return 1;
    return 0;
}

static void put(const mfl_problem *p, void *to, const char *from, int64_t n, int add)
{
    if (p->real_bytes == 4)
        mfl_put_f32((float *)to, (const float *)(const void *)from, n, add);
    else
        mfl_put_f64((double *)to, (const double *)(const void *)from, n, add);
}

/* The outer value and, where it is wanted, the gradient, left in the workspace. */
static int run(const mfl_machine *m, int gradient, const void *const *data, void *const *meta, void *work, mfl_status *status)
{
    if (gradient && m->problem->store_slots && !mfl_store_of(work))
        return mfl_fail(status, MFL_NO_STORE, "work", 0);
    mfl_ok(status);
    return m->entry[gradient ? MFL_HYPERGRADIENT : MFL_VALUE](data, meta, NULL, NULL, NULL, NULL, 0, work, status);
}

static void fetch(const mfl_machine *m, int gradient, void *const *out, void *outer, const char *work, int add)
{
    put(m->problem, outer, work + (gradient ? m->outer_at : m->value_at), 1, add);
    for (int k = 0; gradient && k < m->problem->nmeta; k++)
        put(m->problem, out[k], work + m->gradient_at[k], count(&m->problem->meta[k]), add);
}

int mfl_machine_call(const mfl_machine *m, int entry, int add, const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state,
                     int64_t number, void *work, mfl_status *status)
{
    const mfl_problem *p = m->problem;
    int code = inputs_are_wrong(p, entry, data, meta, work, status), gradient = wants_gradient(p, out);
    if (!code)
        code = rest_is_wrong(p, entry, out, state, number, status);
    if (!code && entry == MFL_WINDOW && p->store_slots && !mfl_store_of(work))
        code = mfl_fail(status, MFL_NO_STORE, "work", 0);
    if (code)
        return code;
    if (entry == MFL_HYPERGRADIENT && (gradient || outer)) {
        code = run(m, gradient, data, meta, work, status);
        if (code == MFL_OK || code == MFL_NONFINITE)
            fetch(m, gradient, out, outer, (const char *)work, add);
        return code;
    }
    mfl_ok(status);
    if (entry == MFL_HYPERGRADIENT || (entry == MFL_VALUE && !outer && !logs))
        return MFL_OK;
    return m->entry[entry](data, meta, out, outer, logs, state, number, work, status);
}

static void divide(const mfl_problem *p, void *y, int64_t n, int64_t by)
{
    if (p->real_bytes == 4)
        mfl_divide_f32((float *)y, n, by);
    else
        mfl_divide_f64((double *)y, n, by);
}

static int tasks_are_wrong(const mfl_problem *p, int64_t n, const void *const *rows, void *const *meta, const void *works, int threads, mfl_status *status)
{
    if (n < 1)
        return mfl_fail(status, MFL_BAD_COUNT, "n", (double)n);
    if (threads < 1)
        return mfl_fail(status, MFL_BAD_COUNT, "threads", threads);
    if (p->ndata && !rows)
        return mfl_fail(status, MFL_NULL_INPUT, "tasks", 0);
    for (int64_t k = 0; k < n; k++) {
        int code = inputs_are_wrong(p, MFL_HYPERGRADIENT, rows + k * p->ndata, meta, works, status);
        if (code && status)
            status->task = k;
        if (code)
            return code;
    }
    return mfl_ok(status);
}

int mfl_machine_tasks(const mfl_machine *m, int64_t n, const void *const *rows, void *const *meta, void *const *out, void *outer, void *works, int threads, mfl_status *status)
{
    const mfl_problem *p = m->problem;
    int gradient = wants_gradient(p, out), failed = tasks_are_wrong(p, n, rows, meta, works, threads, status);
    if (failed || (!outer && !gradient))
        return failed;
#ifdef _OPENMP
#pragma omp parallel for ordered schedule(static, 1) num_threads(threads)
#endif
    for (int64_t k = 0; k < n; k++) {
        char *work = (char *)works;
        mfl_status own;
#ifdef _OPENMP
        work += (size_t)omp_get_thread_num() * p->work_bytes;
#endif
        int code = run(m, gradient, rows + k * p->ndata, meta, work, &own);
#ifdef _OPENMP
#pragma omp ordered
#endif
        {
            fetch(m, gradient, out, outer, work, k > 0);
            if (code && !failed && status) {
                *status = own;
                status->task = k;
            }
            failed = failed ? failed : code;
        }
    }
    divide(p, outer, 1, n);
    for (int k = 0; gradient && k < p->nmeta; k++)
        divide(p, out[k], count(&p->meta[k]), n);
    return failed;
}
