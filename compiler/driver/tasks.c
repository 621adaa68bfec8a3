/* tasks.c -- value and gradient as means over the tasks, several tasks at a time. Each thread has a workspace of its own and takes every n-th task;
 * results are added in the tasks' order, each thread waiting for its turn, so that the bits are the same for any number of threads. */
#include "driver.h"
#include <stdlib.h>
#include <unistd.h>

typedef struct Sum {
    Session *s;
    LEntryKind kind;
    void *const *meta;
    double *outer, *logs;
    void  **grad;
    mfl_status *st;
    int64_t step;                  /* of a window */
    int64_t next;                  /* the task whose turn it is */
    int     code;                  /* of the first task, in their order, that failed */
    pthread_mutex_t lock;
    pthread_cond_t  turn;
} Sum;
struct Lane { Sum *sum; int first; mfl_file_store file; mfl_store store; void *work, *logs, **part; const void **data; pthread_t thread; };

void lanes_free(Session *s)
{
    for (int k = 1; k < s->nlanes; k++) {
        free(s->lane[k].work);
        mfl_file_store_close(&s->lane[k].file);
    }
    s->nlanes = 0;
}

int session_store(const Session *s, mfl_file_store *file, mfl_store *store, void *work, int number)
{
    const char *folder = s->opt->store ? s->opt->store : getenv("TMPDIR");
    if (!s->program->store_slots)
        return -1;
    const char *path = arena_printf(s->arena, "%s/mflc-%ld-%d.store", folder && *folder ? folder : "/tmp", (long)getpid(), number);
    int code = mfl_file_store_open(file, path, (size_t)s->program->store_bytes, store);
    if (code) {
        fprintf(messages(), "mflc: %s: %s (--store DIR)\n", path, mfl_strerror(code));
        return EXIT_DATA;
    }
    unlink(path);                                 /* it lives as long as it is open: a process that is killed leaves nothing behind */
    file->path = NULL;
    mfl_use_store(work, store);
    return -1;
}

/* One lane for each thread, or as many as there is memory for; the first has the session's own workspace. */
static void make_lanes(Session *s)
{
    Problem *p = s->problem;
    int64_t n = s->opt->threads < 1 ? 1 : s->opt->threads;
    n = n < s->bound.tasks ? n : s->bound.tasks;
    if (s->nlanes)
        return;
    s->lane = NEW_N(s->arena, Lane, n);
    for (int k = 0; k < n; k++) {
        Lane *l = &s->lane[k];
        l->first = k;
        l->work = k ? aligned_alloc(64, ((size_t)s->program->work_bytes + 127) / 64 * 64) : s->work;
        if (!l->work || (k && session_store(s, &l->file, &l->store, l->work, k) >= 0))
            return;
        l->logs = arena_alloc(s->arena, (size_t)(s->program->nlogs + 1) * 8);
        l->data = NEW_N(s->arena, const void *, p->data.n + 1);
        l->part = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n);
        s->nlanes = k + 1;
    }
}

static void add_reals(const Session *s, void *to, const void *from, int64_t n, bool first)
{
    for (int64_t i = 0; i < n; i++)
        real_set(to, s->real_bytes, i, (first ? 0 : real_at(to, s->real_bytes, i)) + real_at(from, s->real_bytes, i));
}

/* Called in the tasks' order. */
static void add(Sum *x, const Lane *l, int64_t task, const double *value, int code, const mfl_status *st)
{
    Session *s = x->s;
    Problem *p = s->problem;
    if (code && !x->code) {
        x->code = code;
        *x->st = *st;
        s->failed_task = task + 1;
    }
    if (x->code)
        return;
    *x->outer += real_at(value, s->real_bytes, 0);
    for (int64_t k = 0; x->logs && k < s->program->nlogs; k++)
        x->logs[k] += real_at(l->logs, s->real_bytes, k) / (double)s->bound.tasks;
    for (int k = 0; x->grad && s->bound.tasks > 1 && k < p->meta.n; k++)
        add_reals(s, x->grad[k], l->part[k], type_count(&p->meta.at[k].type), task == 0);
}

static void *run_lane(void *lane)
{
    Lane *l = lane;
    Sum *x = l->sum;
    Session *s = x->s;
    for (int64_t t = l->first; t < s->bound.tasks; t += s->nlanes) {
        double value[1] = { 0 };
        mfl_status st = { 0 };
        for (int k = 0; k < s->problem->data.n; k++)
            l->data[k] = (const char *)s->bound.data[k] + s->bound.data_stride[k] * (size_t)t;
        void **out = x->grad && s->bound.tasks > 1 ? l->part : x->grad;
        void *carried = x->kind == LE_WINDOW ? (char *)s->carried + s->program->carried_bytes * t : NULL;
        int code = jit_entry(s->jit, x->kind)(l->data, x->meta, out, value, x->logs ? l->logs : NULL, carried, x->step, l->work, &st);
        pthread_mutex_lock(&x->lock);
        while (x->next != t)
            pthread_cond_wait(&x->turn, &x->lock);
        add(x, l, t, value, code, &st);
        x->next++;
        bool stop = x->code != 0 && s->nlanes == 1;
        pthread_cond_broadcast(&x->turn);
        pthread_mutex_unlock(&x->lock);
        if (stop)
            break;
    }
    return NULL;
}

static int over_tasks(Session *s, LEntryKind kind, int64_t step, void *const *meta, double *outer, double *logs, void **grad, mfl_status *st)
{
    Sum x = { s, kind, meta, outer, logs, grad, st, step, 0, 0, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
    make_lanes(s);
    s->failed_task = 0;
    *outer = 0;
    for (int64_t k = 0; logs && k < s->program->nlogs; k++)
        logs[k] = 0;
    int started = 1;
    for (; started < s->nlanes; started++) {
        s->lane[started].sum = &x;
        if (thread_start(&s->lane[started].thread, run_lane, &s->lane[started]))
            no_memory((size_t)s->program->work_bytes);
    }
    s->lane[0].sum = &x;
    run_lane(&s->lane[0]);
    for (int k = 1; k < started; k++)
        pthread_join(s->lane[k].thread, NULL);
    if (x.code)
        return x.code;
    double n = (double)s->bound.tasks;
    *outer /= n;
    for (int k = 0; grad && s->bound.tasks > 1 && k < s->problem->meta.n; k++)
        for (int64_t i = 0, count = type_count(&s->problem->meta.at[k].type); i < count; i++)
            real_set(grad[k], s->real_bytes, i, real_at(grad[k], s->real_bytes, i) / n);
    return 0;
}

int session_value(Session *s, void *const *meta, double *outer, double *logs, mfl_status *st)
{
    return over_tasks(s, LE_VALUE, 0, meta, outer, logs, NULL, st);
}

int session_gradient(Session *s, void *const *meta, double *outer, void **grad, mfl_status *st)
{
    return over_tasks(s, LE_HYPERGRADIENT, 0, meta, outer, NULL, grad, st);
}

void *session_carried(Session *s)
{
    size_t bytes = (size_t)(s->program->carried_bytes * s->bound.tasks);
    if (!s->carried) {
        s->carried = aligned_alloc(64, bytes + 64);
        if (!s->carried)
            no_memory(bytes);
        memset(s->carried, 0, bytes);
    }
    return s->carried;
}

int session_window(Session *s, int64_t step, void *const *meta, double *outer, void **grad, mfl_status *st)
{
    session_carried(s);
    return over_tasks(s, LE_WINDOW, step, meta, outer, NULL, grad, st);
}
