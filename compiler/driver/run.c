/* run.c -- mflc run: meta-training. Each outer step computes the hypergradient and hands it to the generated learn function; progress goes to
 * stderr, results to files. A checkpoint (checkpoint.c) holds everything that the next step depends on, so that --resume goes on bit for bit; it is there
 * from the start and replaced atomically, so that being killed at any moment loses at most the steps since the last one. Ctrl-C (SIGINT),
 * SIGTERM and SIGHUP stop after the current step and write what there is, with exit code 128 + the signal's number; a second one ends at once. */
#include "run.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;               /* by this signal */
static void on_signal(int sig) { stopped = sig; }

/* ---- one outer step ---- */
/* The 2-norm, without overflow on the way. */
static double gradient_norm(const Run *r)
{
    double most = 0, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < r->s.problem->meta.n; k++)
            for (int64_t i = 0, n = type_count(&r->s.problem->meta.at[k].type); i < n; i++) {
                double x = fabs(real_at(r->grad[k], r->s.real_bytes, i));
                if (!isfinite(x))
                    return x;
                if (!pass)
                    most = fmax(most, x);
                else if (most > 0)
                    sum += (x / most) * (x / most);
            }
    return most * sqrt(sum);
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
    fprintf(messages(), "%sstep %lld of %lld   outer loss %.6g   |hypergradient| %.3g   %.0f s left   %s", tty ? "\r" : "", (long long)r->step + 1, (long long)r->steps,
            r->loss[r->step], norm, left, tty && !last ? "" : "\n");
}

static int log_line(const Run *r, double norm, bool skipped)
{
    if (!r->log)
        return -1;
    fprintf(r->log, "{\"step\": %lld, \"outer\": ", (long long)r->step);
    fprintf(r->log, isfinite(r->loss[r->step]) ? "%.17g" : "null", r->loss[r->step]);
    fprintf(r->log, ", \"norm\": ");
    fprintf(r->log, isfinite(norm) ? "%.17g" : "null", norm);
    fprintf(r->log, skipped ? ", \"skipped\": true}\n" : "}\n");
    return fflush(r->log) ? cannot_write(r->o->log) : -1;
}

/* Says what is not finite; the step is skipped or ends the run. */
static int nonfinite(Run *r, double norm, bool skip)
{
    const Problem *p = r->s.problem;
    const char *what = isfinite(r->loss[r->step]) ? "hypergradient" : "outer loss";
    for (int k = 0; isfinite(r->loss[r->step]) && k < p->meta.n; k++)
        for (int64_t i = 0, n = type_count(&p->meta.at[k].type); i < n; i++)
            if (!isfinite(real_at(r->grad[k], r->s.real_bytes, i))) {
                what = arena_printf(r->s.arena, "hypergradient of %s", p->meta.at[k].name);
                i = n, k = p->meta.n - 1;
            }
    fprintf(messages(), "%smflc: outer step %lld: the %s is not finite (outer loss %g, norm of the hypergradient %g)%s\n", isatty(2) ? "\n" : "", (long long)r->step + 1, what,
            r->loss[r->step], norm, skip ? "; skipped" : r->o->guard ? "" : "; --guard says where it appears first");
    return skip ? -1 : EXIT_NUMERIC;
}

static int outer_step(Run *r, int64_t first)
{
    mfl_status st = { 0 };
    Session *s = &r->s;
    bool skip = r->o->on_nonfinite && !strcmp(r->o->on_nonfinite, "skip");
    int code = r->windows ? session_window(s, r->step % r->windows * s->problem->truncate, s->bound.meta, &r->loss[r->step], r->grad, &st)
                          : session_gradient(s, s->bound.meta, &r->loss[r->step], r->grad, &st);
    bool again = r->skipping;                     /* the step before was skipped: the same is not said of each */
    if (code) {
        r->loss[r->step] = NAN;
        if (code != MFL_NONFINITE || !again)
            numeric_failure(s, &st);
        if (code != MFL_NONFINITE)                /* not found by the guard */
            return EXIT_NUMERIC;
    }
    double norm = code ? NAN : gradient_norm(r);
    bool bad = !isfinite(norm) || !isfinite(r->loss[r->step]);
    int end = log_line(r, norm, bad && skip);
    if (end >= 0)
        return end;
    r->skipping = bad && skip;
    r->skipped += bad && skip;
    if (bad)
        return again && skip ? -1 : nonfinite(r, norm, skip);
    if (r->o->verify && r->step == first) {
        end = verify_gradient(r);
        if (end >= 0)
            return end;
    }
    clip(r, norm);
    progress(r, norm, first);
    if (jit_entry(s->jit, LE_LEARN)(NULL, s->bound.meta, r->grad, NULL, NULL, s->state, r->step, s->work, &st))
        return numeric_failure(s, &st);
    return -1;
}

/* ---- results ---- */
static int write_both(Run *r, const char *name, const Type *t, const void *at)
{
    const char *npy = arena_printf(r->s.arena, "%s/%s.npy", r->o->out, name), *csv = arena_printf(r->s.arena, "%s/%s.csv", r->o->out, name);
    if (!npy_write(npy, t->rank, t->dim, r->s.real_bytes, at))
        return cannot_write(npy);
    return csv_write(csv, t->rank, t->dim, r->s.real_bytes, at) ? -1 : cannot_write(csv);
}

static int write_results(Run *r)
{
    Session *s = &r->s;
    Problem *p = s->problem;
    mfl_status st = { 0 };
    int code = -1;
    for (int k = 0; code < 0 && k < p->meta.n; k++)
        code = write_both(r, p->meta.at[k].name, &p->meta.at[k].type, s->bound.meta[k]);
    if (code < 0 && !p->has_tasks) {
        void **par = leaf_buffers(s->arena, s->real_bytes, p->param.at, p->param.n);
        int failed = jit_entry(s->jit, LE_ADAPT)((const void *const *)s->bound.data, s->bound.meta, par, NULL, NULL, NULL, 0, s->work, &st);
        if (failed && failed != MFL_NONFINITE)
            return numeric_failure(s, &st);
        for (int k = 0; code < 0 && k < p->param.n; k++)
            code = write_both(r, p->param.at[k].name, &p->param.at[k].type, par[k]);
    }
    const char *svg = arena_printf(s->arena, "%s/loss.svg", r->o->out);
    if (code < 0 && !svg_curve(svg, p->name, r->loss, r->step + 1))
        code = cannot_write(svg);
    return code;
}

/* Of an array as many as a line holds. */
static void print_array_log(const Type *t, const double *x)
{
    enum { SHOWN = 6 };
    Arena *arena = arena_new("log");
    int64_t n = type_count(t);
    printf(" %s ", type_text(arena, t));
    for (int64_t k = 0; k < n && k < SHOWN; k++)
        printf(" %.6g", x[k]);
    printf(n > SHOWN ? " ...\n" : "\n");
    arena_free(arena);
}

static void print_logs(const Run *r, const char *when)
{
    const Problem *p = r->s.problem;
    int64_t at = 0;
    const struct { const Graph *graph; int first; } of[] = { { p->inner, 1 }, { p->update, p->param.n + p->state.n }, { p->path, 1 }, { p->outer, 1 } };
    for (int g = p->steps > 0 ? 0 : 3; g < 4; g++)
        for (int k = of[g].first; of[g].graph && k < of[g].graph->results.n; k++) {
            const Type *t = &of[g].graph->results.at[k]->type;
            int64_t n = type_count(t);
            Name name = k < of[g].graph->result_names.n ? of[g].graph->result_names.at[k] : NULL;
            printf("  %-22s %s", name ? name : "log", when);
            if (n == 1)
                printf(" %.6g\n", r->logs[at]);
            else
                print_array_log(t, r->logs + at);
            at += n;
        }
}

static int finish(Run *r)
{
    mfl_status st = { 0 };
    run_room(r, r->step);
    int code = session_value(&r->s, r->s.bound.meta, &r->loss[r->step], r->logs, &st);
    if (code)
        r->loss[r->step] = NAN;                   /* what the guard finds here it has told of the step before */
    if (code && code != MFL_NONFINITE)
        return numeric_failure(&r->s, &st);
    code = write_results(r);
    if (code >= 0)
        return code;
    printf("outer loss %.6g before, %.6g after %lld outer steps\n", r->before, r->loss[r->step], (long long)r->step);
    if (r->skipped)
        printf("%lld outer steps were skipped: their hypergradient is not finite\n", (long long)r->skipped);
    print_logs(r, "after ");
    printf("results in %s: the learned values%s as .npy and .csv, loss.svg\n", r->o->out, r->s.problem->has_tasks ? "" : " and the inner parameters");
    return -1;
}

static int train(Run *r)
{
    int64_t first = r->step, every = r->o->every > 0 ? r->o->every : 10;
    r->began = now_seconds();
    int code = checkpoint_save(r);
    while (code < 0 && r->step < r->steps && !stopped) {
        run_room(r, r->step + 1);
        code = outer_step(r, first);
        if (code >= 0)
            break;
        if (++r->step % every == 0)
            code = checkpoint_save(r);
    }
    if (stopped && r->step < r->steps)
        fprintf(messages(), "%smflc: stopped after outer step %lld; go on with --resume %s\n", isatty(2) ? "\n" : "", (long long)r->step, r->path);
    if (code < 0 && r->o->verify && r->step == first)
        fprintf(messages(), "mflc: note: --verify has no effect: there was no outer step to do\n");
    if (code >= 0 && code != EXIT_NUMERIC)
        return code;
    int saved = checkpoint_save(r);
    return saved < 0 ? code : saved;
}

/* The folder of the results is this run's until it ends: two runs would mix theirs. -1, or the exit code. */
static int take_folder(const char *path)
{
    int fd = make_folder(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return cannot_write(path);
    if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        fprintf(messages(), "mflc: another `mflc run` writes to %s; give this one a folder of its own with -o\n", path);
        return EXIT_DATA;
    }
    return -1;
}

static int prepare(Run *r)
{
    Session *s = &r->s;
    Problem *p = s->problem;
    mfl_status st = { 0 };
    if (!p->learn) {
        fprintf(messages(), "mflc: %s has no `learn` line: say how its meta variables move, for example: learn %s by adam(rate = 0.01) for 100\n", r->o->file,
                p->meta.n ? p->meta.at[0].name : "m");
        return EXIT_PROBLEM;
    }
    int code = take_folder(r->o->out);
    if (code < 0)
        code = session_init_meta(s);
    if (code >= 0)
        return code;
    if (jit_entry(s->jit, LE_LEARN_INIT)(NULL, s->bound.meta, NULL, NULL, NULL, s->state, 0, s->work, &st))
        return numeric_failure(s, &st);
    r->windows = problem_window(p) ? (p->steps + p->truncate - 1) / p->truncate : 0;
    r->steps = r->o->has_steps ? r->o->steps : p->learn_n;
    run_room(r, 0);
    r->logs = NEW_N(s->arena, double, s->program->nlogs + 1);
    r->grad = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n);
    if (r->o->resume)
        code = checkpoint_resume(r);
    return code < 0 ? log_open(r) : code;
}

/* Ctrl-C: once stops cleanly, twice ends at once. A terminal that is closed does the same, unless nohup said that it does not matter. */
static void catch_signals(void)
{
    struct sigaction act = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND }, before;
    if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

static int learn(Run *r)
{
    mfl_status st = { 0 };
    catch_signals();
    if (!r->o->quiet)
        fprintf(messages(), "%s: %s\n", r->s.problem->name, r->s.why);
    if (!r->o->quiet && r->windows)
        fprintf(messages(), "%s: windows of %lld inner steps, the state carried from one to the next: %lld outer steps go once through the inner loop\n", r->s.problem->name,
                (long long)r->s.problem->truncate, (long long)r->windows);
    if (!r->step && session_value(&r->s, r->s.bound.meta, &r->before, r->logs, &st))
        r->before = NAN;                          /* the first outer step says so and ends, or is skipped */
    int code = train(r);
    if (code >= 0 && code != EXIT_NUMERIC)
        return code;
    int end = finish(r);
    if (code < 0 && end < 0 && r->step < r->steps)
        return 128 + stopped;                    /* what a shell says of a process that the signal ended */
    return code < 0 ? end : code;
}

int command_run(Options *o)
{
    Run r = { .o = o };
    if (!o->out)
        o->out = "result";
    int code = session_open(&r.s, o, WANT_JIT | WANT_DATA | WANT_LEARN | WANT_ADAPT | WANT_VALUE);
    if (code < 0)
        code = prepare(&r);
    if (code < 0)
        code = learn(&r);
    if (r.log && fclose(r.log) && code < 0)
        code = cannot_write(o->log);
    free(r.loss);
    session_close(&r.s);
    return code < 0 ? EXIT_DONE : code;
}
