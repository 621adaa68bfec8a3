/* run.c -- mflc run: meta-training. Each outer step computes the hypergradient and hands it to the generated learn function; progress goes to
 * stderr, results to files. A checkpoint holds everything that the next step depends on, so that --resume goes on bit for bit; it is replaced
 * atomically, so that being killed at any moment loses at most the steps since the last one. Ctrl-C stops after the current step. */
#include "driver.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;
static void on_signal(int sig) { (void)sig; stopped = 1; }

typedef struct Run {
    Session  s;
    Options *o;
    int64_t  step, steps;
    void   **grad;
    double  *loss;                 /* outer loss before each outer step; loss[steps]: at the end */
    double   began;
    double  *logs;
    FILE    *log;
} Run;

/* ---- the checkpoint: a header that identifies the problem, then step, losses, metas and optimizer states ---- */
typedef struct Head { char magic[8]; uint64_t identity; int64_t real_bytes, steps_done, state_bytes, meta_bytes; } Head;

static uint64_t hash(uint64_t h, const void *at, size_t n)
{
    for (size_t k = 0; k < n; k++)
        h = (h ^ ((const unsigned char *)at)[k]) * 1099511628211u;
    return h;
}

/* Of the program text, sizes, options and data: what makes a run the same run. */
static uint64_t identity(const Run *r)
{
    const Problem *p = r->s.problem;
    uint64_t h = hash(14695981039346656037u, p->src->text, p->src->len);
    int64_t facts[] = { r->s.real_bytes, r->s.diff.mode, r->s.diff.steps.keep, r->s.diff.loops.keep, (int64_t)r->o->seed };
    h = hash(h, facts, sizeof facts);
    h = hash(h, &r->o->clip, sizeof r->o->clip);
    for (int k = 0; k < p->data.n; k++)
        h = hash(h, r->s.bound.data[k], leaf_bytes(&p->data.at[k], r->s.real_bytes) * (size_t)(p->data.at[k].task ? r->s.bound.tasks : 1));
    return h;
}

static size_t meta_bytes(const Run *r)
{
    size_t n = 0;
    for (int k = 0; k < r->s.problem->meta.n; k++)
        n += leaf_bytes(&r->s.problem->meta.at[k], r->s.real_bytes);
    return n;
}

static const char *checkpoint_path(const Run *r)
{
    return arena_printf(r->s.arena, "%s/%s.ckpt", r->o->out, r->s.problem->name);
}

static void save_checkpoint(Run *r)
{
    Head h = { "mflckpt", identity(r), r->s.real_bytes, r->step, r->s.program->state_bytes, (int64_t)meta_bytes(r) };
    Buf b = { 0 };
    buf_put(&b, (const char *)&h, sizeof h);
    buf_put(&b, (const char *)r->loss, sizeof *r->loss * (size_t)r->step);
    for (int k = 0; k < r->s.problem->meta.n; k++)
        buf_put(&b, r->s.bound.meta[k], leaf_bytes(&r->s.problem->meta.at[k], r->s.real_bytes));
    buf_put(&b, r->s.state, (size_t)h.state_bytes);
    uint64_t sum = hash(14695981039346656037u, b.at, b.n);
    buf_put(&b, (const char *)&sum, sizeof sum);
    if (!write_atomically(checkpoint_path(r), b.at, b.n))
        fprintf(stderr, "mflc: the checkpoint %s cannot be written\n", checkpoint_path(r));
    buf_free(&b);
}

static int resume(Run *r)
{
    size_t n;
    const char *why = NULL;
    const char *path = r->o->resume;
    unsigned char *at = slurp(r->s.arena, path, &n, &why);
    Head h;
    uint64_t sum;
    if (at && n < sizeof h + sizeof sum)
        why = "it is not a checkpoint of mflc";
    if (!why) {
        memcpy(&h, at, sizeof h);
        memcpy(&sum, at + n - sizeof sum, sizeof sum);
        size_t want = sizeof h + sizeof sum + (size_t)h.steps_done * sizeof(double) + (size_t)h.meta_bytes + (size_t)h.state_bytes;
        if (memcmp(h.magic, "mflckpt", 8))
            why = "it is not a checkpoint of mflc";
        else if (h.steps_done < 0 || h.steps_done > (int64_t)(n / sizeof(double)) || want != n || sum != hash(14695981039346656037u, at, n - sizeof sum))
            why = "it is damaged";
        else if (h.identity != identity(r) || h.meta_bytes != (int64_t)meta_bytes(r) || h.state_bytes != r->s.program->state_bytes)
            why = "it belongs to another problem, other data or other options";
        else if (h.steps_done > r->steps)
            why = "it is further than the number of outer steps";
    }
    if (why) {
        fprintf(stderr, "mflc: %s cannot be resumed: %s\n", path, why);
        return EXIT_DATA;
    }
    unsigned char *p = at + sizeof h;
    r->step = h.steps_done;
    memcpy(r->loss, p, sizeof *r->loss * (size_t)r->step);
    p += sizeof *r->loss * (size_t)r->step;
    for (int k = 0; k < r->s.problem->meta.n; k++) {
        size_t b = leaf_bytes(&r->s.problem->meta.at[k], r->s.real_bytes);
        memcpy(r->s.bound.meta[k], p, b);
        p += b;
    }
    memcpy(r->s.state, p, (size_t)h.state_bytes);
    return -1;
}

/* ---- one outer step ---- */
static double gradient_norm(const Run *r)
{
    double sum = 0;
    for (int k = 0; k < r->s.problem->meta.n; k++)
        for (int64_t i = 0, n = type_count(&r->s.problem->meta.at[k].type); i < n; i++) {
            double x = real_at(r->grad[k], r->s.real_bytes, i);
            sum += x * x;
        }
    return sqrt(sum);
}

static void clip(Run *r, double norm)
{
    if (!(r->o->clip > 0) || norm <= r->o->clip)
        return;
    for (int k = 0; k < r->s.problem->meta.n; k++)
        for (int64_t i = 0, n = type_count(&r->s.problem->meta.at[k].type); i < n; i++)
            real_set(r->grad[k], r->s.real_bytes, i, real_at(r->grad[k], r->s.real_bytes, i) * (r->o->clip / norm));
}

static void progress(Run *r, double norm, int64_t first)
{
    bool tty = isatty(2), last = r->step + 1 == r->steps;
    if (r->o->quiet || (!tty && !last && r->step % (r->steps / 10 ? r->steps / 10 : 1)))
        return;
    double spent = now_seconds() - r->began, left = spent / (double)(r->step + 1 - first) * (double)(r->steps - r->step - 1);
    fprintf(stderr, "%sstep %lld of %lld   outer loss %.6g   |hypergradient| %.3g   %.0f s left   %s", tty ? "\r" : "", (long long)r->step + 1, (long long)r->steps,
            r->loss[r->step], norm, left, tty && !last ? "" : "\n");
}

static void log_line(const Run *r, double norm)
{
    if (!r->log)
        return;
    fprintf(r->log, "{\"step\": %lld, \"outer\": ", (long long)r->step);
    fprintf(r->log, isfinite(r->loss[r->step]) ? "%.17g" : "null", r->loss[r->step]);
    fprintf(r->log, ", \"norm\": ");
    fprintf(r->log, isfinite(norm) ? "%.17g}\n" : "null}\n", norm);
    fflush(r->log);
}

static int outer_step(Run *r, int64_t first)
{
    mfl_status st = { 0 };
    Session *s = &r->s;
    if (session_gradient(s, s->bound.meta, &r->loss[r->step], r->grad, &st))
        return numeric_failure(s, &st);
    double norm = gradient_norm(r);
    log_line(r, norm);
    if (!isfinite(norm) || !isfinite(r->loss[r->step])) {
        fprintf(stderr, "\nmflc: outer step %lld: the %s is not finite (outer loss %g, norm of the hypergradient %g)\n", (long long)r->step + 1,
                isfinite(r->loss[r->step]) ? "hypergradient" : "outer loss", r->loss[r->step], norm);
        return r->o->on_nonfinite && !strcmp(r->o->on_nonfinite, "skip") ? -1 : EXIT_NUMERIC;
    }
    clip(r, norm);
    progress(r, norm, first);
    if (jit_entry(s->jit, LE_LEARN)(NULL, s->bound.meta, r->grad, NULL, NULL, s->state, r->step, s->work, &st))
        return numeric_failure(s, &st);
    return -1;
}

/* ---- results ---- */
static bool write_both(Run *r, const char *name, const Type *t, const void *at)
{
    const char *stem = arena_printf(r->s.arena, "%s/%s", r->o->out, name);
    return npy_write(arena_printf(r->s.arena, "%s.npy", stem), t->rank, t->dim, r->s.real_bytes, at) &&
           csv_write(arena_printf(r->s.arena, "%s.csv", stem), t->rank, t->dim, r->s.real_bytes, at);
}

static int write_results(Run *r)
{
    Session *s = &r->s;
    Problem *p = s->problem;
    mfl_status st = { 0 };
    bool ok = true;
    for (int k = 0; ok && k < p->meta.n; k++)
        ok = write_both(r, p->meta.at[k].name, &p->meta.at[k].type, s->bound.meta[k]);
    if (ok && !p->has_tasks) {
        void **par = leaf_buffers(s->arena, s->real_bytes, p->param.at, p->param.n);
        if (jit_entry(s->jit, LE_ADAPT)((const void *const *)s->bound.data, s->bound.meta, par, NULL, NULL, NULL, 0, s->work, &st))
            return numeric_failure(s, &st);
        for (int k = 0; ok && k < p->param.n; k++)
            ok = write_both(r, p->param.at[k].name, &p->param.at[k].type, par[k]);
    }
    svg_curve(arena_printf(s->arena, "%s/loss.svg", r->o->out), p->name, r->loss, r->step + 1);
    if (!ok)
        fprintf(stderr, "mflc: the results cannot be written to %s\n", r->o->out);
    return ok ? -1 : EXIT_DATA;
}

static void print_logs(const Run *r, const char *when)
{
    const Problem *p = r->s.problem;
    int64_t at = 0;
    const Graph *of[] = { p->steps > 0 ? p->inner : NULL, p->outer };
    for (int g = 0; g < 2; g++)
        for (int k = 1; of[g] && k < of[g]->results.n; k++) {
            int64_t n = type_count(&of[g]->results.at[k]->type);
            Name name = k < of[g]->result_names.n ? of[g]->result_names.at[k] : NULL;
            if (n == 1)
                printf("  %-22s %s %.6g\n", name ? name : "log", when, r->logs[at]);
            at += n;
        }
}

static int finish(Run *r, double before)
{
    mfl_status st = { 0 };
    int code = -1;
    if (session_value(&r->s, r->s.bound.meta, &r->loss[r->step], r->logs, &st))
        return numeric_failure(&r->s, &st);
    code = write_results(r);
    if (code >= 0)
        return code;
    printf("outer loss %.6g before, %.6g after %lld outer steps\n", before, r->loss[r->step], (long long)r->step);
    print_logs(r, "after ");
    printf("results in %s: the learned values%s as .npy and .csv, loss.svg\n", r->o->out, r->s.problem->has_tasks ? "" : " and the inner parameters");
    return -1;
}

static int train(Run *r)
{
    int64_t first = r->step, every = r->o->every > 0 ? r->o->every : 10;
    r->began = now_seconds();
    for (; r->step < r->steps && !stopped; r->step++) {
        int code = outer_step(r, first);
        if (code >= 0)
            return code;
        if ((r->step + 1) % every == 0) {
            r->step++;
            save_checkpoint(r);
            r->step--;
        }
    }
    if (stopped)
        fprintf(stderr, "\nmflc: stopped after outer step %lld; go on with --resume %s\n", (long long)r->step, checkpoint_path(r));
    save_checkpoint(r);
    return -1;
}

static int prepare(Run *r)
{
    Session *s = &r->s;
    Problem *p = s->problem;
    mfl_status st = { 0 };
    if (!p->learn) {
        fprintf(stderr, "mflc: %s has no `learn` line: say how its meta variables move, for example: learn %s by adam(rate = 0.01) for 100\n", r->o->file,
                p->meta.n ? p->meta.at[0].name : "m");
        return EXIT_PROBLEM;
    }
    if (!make_folder(r->o->out)) {
        fprintf(stderr, "mflc: the folder %s cannot be made\n", r->o->out);
        return EXIT_DATA;
    }
    if (r->o->log && !(r->log = fopen(r->o->log, "a"))) {
        fprintf(stderr, "mflc: %s cannot be written\n", r->o->log);
        return EXIT_DATA;
    }
    int code = session_init_meta(s);
    if (code >= 0)
        return code;
    if (jit_entry(s->jit, LE_LEARN_INIT)(NULL, s->bound.meta, NULL, NULL, NULL, s->state, 0, s->work, &st))
        return numeric_failure(s, &st);
    r->steps = r->o->has_steps ? r->o->steps : p->learn_n;
    r->loss = NEW_N(s->arena, double, r->steps + 1);
    r->logs = NEW_N(s->arena, double, s->program->nlogs + 1);
    r->grad = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n);
    return r->o->resume ? resume(r) : -1;
}

int command_run(Options *o)
{
    Run r = { .o = o };
    if (!o->out)
        o->out = "result";
    int code = session_open(&r.s, o, WANT_JIT | WANT_DATA | WANT_LEARN | WANT_ADAPT | WANT_VALUE);
    if (code < 0)
        code = prepare(&r);
    if (code < 0) {
        struct sigaction act = { .sa_handler = on_signal };
        sigaction(SIGINT, &act, NULL);
        sigaction(SIGTERM, &act, NULL);
        mfl_status st = { 0 };
        double before = r.step ? r.loss[0] : 0;
        if (!o->quiet)
            fprintf(stderr, "%s: %s\n", r.s.problem->name, r.s.why);
        if (!r.step && session_value(&r.s, r.s.bound.meta, &before, r.logs, &st))
            code = numeric_failure(&r.s, &st);
        if (code < 0)
            code = train(&r);
        if (code < 0 || code == EXIT_NUMERIC) {
            int end = finish(&r, before);
            code = code < 0 ? end : code;
        }
    }
    if (r.log)
        fclose(r.log);
    session_close(&r.s);
    return code < 0 ? EXIT_DONE : code;
}
