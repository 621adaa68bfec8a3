/* session.c -- a problem from text to machine code, and calls into it: the pipeline that every subcommand uses.
 *
 * session_open loads, differentiates, lowers, compiles and binds as far as asked. */
#include "driver.h"
#include <math.h>
#include <stdlib.h>
#include <time.h>

double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void add_entry(Session *s, LEntryKind kind, Graph *g)
{
    vec_push(s->arena, s->entries, entry_graph(s->arena, s->problem, kind, g));
}

LProgram *session_lower(Session *s, bool guard)
{
    ice_pass = "lower";
    LowerOptions lo = { s->real_bytes, guard, true, mode_text(s->problem, &s->diff), schedule_text(s->arena, &s->diff.steps) };
    return lower_program(s->arena, s->problem, s->entries.at, s->entries.n, &lo);
}

int session_compile(Session *s, DiffOptions diff, const Plan *plan, int want)
{
    char *why = NULL;
    s->diff = diff;
    s->entries.n = 0;
    ice_pass = "bilevel";
    PassObserver dump = { dump_graph, s };
    s->problem->observer = &dump;
    add_entry(s, LE_INIT, bilevel_entry(s->arena, s->problem, s->problem->meta_init));
    bool all = !(want & WANT_JIT);
    if (all || (want & WANT_ADAPT))
        add_entry(s, LE_ADAPT, bilevel_adapt(s->arena, s->problem, &diff));
    if (all || (want & WANT_VALUE))
        add_entry(s, LE_VALUE, bilevel_value(s->arena, s->problem, &diff));
    add_entry(s, LE_HYPERGRADIENT, plan ? plan->graph : bilevel_hypergradient(s->arena, s->problem, &diff));
    if ((all || (want & WANT_LEARN)) && problem_window(s->problem))
        add_entry(s, LE_WINDOW, plan ? plan->window : bilevel_window(s->arena, s->problem, &diff));
    if ((all || (want & WANT_LEARN)) && s->problem->learn) {
        add_entry(s, LE_LEARN_INIT, bilevel_entry(s->arena, s->problem, s->problem->learn_init));
        add_entry(s, LE_LEARN, bilevel_entry(s->arena, s->problem, s->problem->learn));
    }
    s->problem->observer = NULL;
    int code = entries_from_text(s);
    if (code >= 0)
        return code;
    s->program = session_lower(s, s->opt->guard);
    if (dumped(s->opt, "lower"))
        dump_program(s->program);
    if (want & WANT_JIT) {
        ice_pass = "jit";
        if (s->jit)
            jit_free(s->jit);
        free(s->work);
        free(s->state);
        lanes_free(s);
        s->work = s->state = NULL;
        s->jit = jit_new(s->program, false, &why);
        if (!s->jit) {
            fprintf(messages(), "mflc: machine code could not be made: %s\n", why ? why : "unknown reason");
            return EXIT_NUMERIC;
        }
        s->work = aligned_alloc(64, ((size_t)s->program->work_bytes + 127) / 64 * 64);
        s->state = aligned_alloc(64, ((size_t)s->program->state_bytes + 127) / 64 * 64);
        if (!s->work || !s->state) {
            fprintf(messages(), "mflc: no memory for a workspace of %lld bytes\n", (long long)s->program->work_bytes);
            return EXIT_NUMERIC;
        }
        memset(s->state, 0, (size_t)s->program->state_bytes);
        mfl_file_store_close(&s->own_store);
        int code = session_store(s, &s->own_store, &s->store, s->work, 0);
        if (code >= 0)
            return code;
    }
    return -1;
}

static int parse_defines(Session *s, const char ***name, int64_t **value)
{
    Options *o = s->opt;
    *name = NEW_N(s->arena, const char *, o->define.n + 1);
    *value = NEW_N(s->arena, int64_t, o->define.n + 1);
    for (int k = 0; k < o->define.n; k++) {
        const char *eq = strchr(o->define.at[k], '=');
        char *end = NULL;
        if (eq)
            (*value)[k] = strtoll(eq + 1, &end, 10);
        if (!eq || eq == o->define.at[k] || !eq[1] || *end) {
            fprintf(messages(), "mflc: -D %s: expected NAME=N with a whole number N\n", o->define.at[k]);
            return EXIT_USAGE;
        }
        (*name)[k] = intern_n(o->define.at[k], (size_t)(eq - o->define.at[k]));
    }
    return -1;
}

/* What a store for the states would do where nothing fits. */
static const char *store_text(const Session *s)
{
    const Plans *p = &s->plans;
    if (p->stored < 0)
        return "";
    const Plan *x = &p->all.at[p->stored], *least = &p->all.at[p->leanest];
    return arena_printf(s->arena, "; with a store for the states (--schedule %s) it is %lld, at %.2g times the predicted time", schedule_text(s->arena, &x->o.steps), (long long)x->bytes, x->seconds / least->seconds);
}

int session_open(Session *s, Options *o, int want)
{
    *s = (Session){ .opt = o, .arena = arena_new("unit") };
    s->diags.arena = s->arena;
    s->real_bytes = o->real && !strcmp(o->real, "double") ? 8 : 4;
    const char **name;
    int64_t *value;
    int code = parse_defines(s, &name, &value);
    if (code >= 0)
        return code;
    code = bindings_init(&s->bindings, s->arena, o);
    if (code >= 0)
        return code;
    FrontOptions f = { o->file, o->define.n, name, value, bindings_shape, &s->bindings, o->seed, o->text };
    ice_pass = "front";
    s->problem = front_load(s->arena, &s->diags, &f);
    if (s->problem)
        expand_written_grads(s->problem);
    if (s->problem && !s->bindings.failed)
        warn_roots(s->problem, &s->diags);
    diags_print(&s->diags, messages());
    if (s->bindings.failed)
        return EXIT_DATA;
    if (!s->problem)
        return EXIT_PROBLEM;
    problem_name_loops(s->problem);
    dump_problem(s);
    DiffOptions asked;
    code = regions_options(s, &asked);
    if (code >= 0)
        return code;
    ice_pass = "plan";
    LowerOptions *lo = NEW(s->arena, LowerOptions);
    *lo = (LowerOptions){ s->real_bytes, false, true, "", "" };
    s->rates = rates_load();
    s->plans = (Plans){ .arena = s->arena, .problem = s->problem, .lower = lo, .rates = &s->rates, .budget = o->memory, .store = o->store != NULL, .windows = !(want & WANT_JIT) || (want & WANT_LEARN) };
    plan_choose(&s->plans, &asked, (want & WANT_EVERY) != 0);
    s->why = s->plans.why;
    if (s->plans.chosen < 0) {
        int64_t least = s->plans.all.at[s->plans.leanest].bytes;
        fprintf(messages(), "mflc: no plan fits in %lld bytes; the smallest workspace for this problem is %lld bytes (--memory %lld)%s\n", (long long)o->memory, (long long)least, (long long)least,
                store_text(s));
        return EXIT_PROBLEM;
    }
    const Plan *plan = plan_made(&s->plans, s->plans.chosen);
    code = want & WANT_PLAN ? -1 : session_compile(s, plan->o, o->dump.n ? NULL : plan, want);
    if (code >= 0)
        return code;
    if ((want & WANT_DATA) && !bindings_load(&s->bindings, s->problem, s->real_bytes, &s->bound))
        return EXIT_DATA;
    note_unused(s, want & WANT_DATA);
    return -1;
}

void session_close(Session *s)
{
    if (s->jit)
        jit_free(s->jit);
    free(s->work);
    free(s->state);
    free(s->carried);
    mfl_file_store_close(&s->own_store);
    lanes_free(s);
    arena_free(s->arena);
}

int session_init_meta(Session *s)
{
    Problem *p = s->problem;
    mfl_status st = { 0 };
    void **drawn = leaf_buffers(s->arena, s->real_bytes, p->meta.at, p->meta.n);
    if (jit_entry(s->jit, LE_INIT)(NULL, drawn, NULL, NULL, NULL, NULL, (int64_t)s->opt->seed, s->work, &st))
        return numeric_failure(s, &st);
    for (int k = 0; k < p->meta.n; k++) {
        if (s->bound.meta_bound[k])
            continue;
        if (!p->meta.at[k].has_init) {
            fprintf(messages(), "mflc: nothing is bound to meta %s, and it has no initial value: give --meta %s=FILE, or --from DIR\n", p->meta.at[k].name, p->meta.at[k].name);
            return EXIT_DATA;
        }
        memcpy(s->bound.meta[k], drawn[k], leaf_bytes(&p->meta.at[k], s->real_bytes));
    }
    return -1;
}

/* "task 2 of 7: inner step 3: adjoint of tanh(x @ w) (ridge.mfl:12) is nan" */
int numeric_failure(const Session *s, const mfl_status *st)
{
    if (st->code != MFL_NONFINITE) {
        fprintf(messages(), "mflc: %s%s%s\n", mfl_strerror(st->code), st->name ? ": " : "", st->name ? st->name : "");
        return EXIT_NUMERIC;
    }
    fprintf(messages(), "mflc: a value is not finite: ");
    if (s->failed_task && s->bound.tasks > 1)
        fprintf(messages(), "task %lld of %lld: ", (long long)s->failed_task, (long long)s->bound.tasks);
    if (st->step >= 0)
        fprintf(messages(), "inner step %lld: ", (long long)st->step);
    fprintf(messages(), "%s is %g\n", st->name ? st->name : "a value", isnan(st->value) ? (double)NAN : st->value);   /* a NaN has no sign to tell */
    return EXIT_NUMERIC;
}
