/* c99_interface.c -- the functions that a caller of the generated C sees: entries with their tests of what comes in, and what is made of the entries:
 * the gradient added to what is there, the mean over tasks.
 *
 * value and hypergradient are two functions inside: NAME_run_X computes everything in the workspace, NAME_put_X brings the results to the caller,
 * overwritten or added to. Tasks run side by side and put their results in their own order, so that sums do not depend on the number of threads. */
#include "c99.h"
#include <string.h>

/* ---- text ---- */
void c99_say(C *c, const char *template)
{
    for (const char *p = template; *p;) {
        size_t n = strcspn(p, "@^$");
        buf_put(c->o, p, n);
        p += n;
        if (*p)
            buf_puts(c->o, *p == '@' ? c->name : *p == '^' ? c->upper : c->real);
        p += *p != 0;
    }
}

static const char *const words[] = { "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "bool", "catch", "class", "delete", "explicit", "export",
    "false", "friend", "mutable", "namespace", "new", "operator", "private", "protected", "public", "template", "this", "throw", "true", "try", "typename", "using", "virtual", "NULL", "NAN", "INFINITY", "I",
    "alignas", "alignof", "and", "and_eq", "asm", "bitand", "bitor", "char8_t", "char16_t", "char32_t", "compl", "concept", "const_cast", "consteval", "constexpr", "constinit", "co_await", "co_return", "co_yield",
    "decltype", "dynamic_cast", "noexcept", "noreturn", "not", "not_eq", "nullptr", "or", "or_eq", "reinterpret_cast", "requires", "static_assert", "static_cast", "thread_local", "typeid", "typeof", "typeof_unqual", "wchar_t",
    "xor", "xor_eq", "complex", "imaginary", "errno", "EOF", "stdin", "stdout", "stderr", "linux", "unix", "signgam", NULL };

bool c99_one_of(const char *const *list, const char *text, size_t n)
{
    for (; *list; list++)
        if (strlen(*list) == n && !strncmp(*list, text, n))
            return true;
    return false;
}

const char *c99_field(const C *c, const char *dotted)
{
    Buf b = { 0 };
    for (const char *p = dotted; *p;) {
        size_t n = strcspn(p, ".");
        buf_printf(&b, "%.*s%s%s", (int)n, p, c99_one_of(words, p, n) ? "_" : "", p[n] ? "." : "");
        p += n + (p[n] != 0);
    }
    const char *name = arena_printf(c->p->arena, "%s", b.at);
    buf_free(&b);
    return name;
}

/* ---- the list of functions ---- */
static const struct Public { const char *doc, *prototype; } functions[] = {
    [LE_INIT] = { "Initial values of the meta variables, drawn from seed.",
        "int @_init(@_meta *meta, int64_t seed, void *work, mfl_status *status)" },
    [LE_ADAPT] = { "The inner loop alone: parameters after the last step. A NULL field of params is not wanted.",
        "int @_adapt(const @_data *data, const @_meta *meta, const @_params *params, void *work, mfl_status *status)" },
    [LE_VALUE] = { "The outer value, and the values of the log lines; each may be NULL: not wanted.",
        "int @_value(const @_data *data, const @_meta *meta, $ *outer, $ *logs, void *work, mfl_status *status)" },
    [LE_HYPERGRADIENT] = { "The outer value and its gradient in the meta variables; outer, grad and each field of grad may be NULL: not wanted, not computed.",
        "int @_hypergradient(const @_data *data, const @_meta *meta, $ *outer, const @_meta *grad, void *work, mfl_status *status)" },
    [LE_LEARN_INIT] = { "Initial states of the learn lines' optimizers.",
        "int @_learn_init(const @_meta *meta, void *state, void *work, mfl_status *status)" },
    [LE_LEARN] = { "One step of the learn lines: meta moves along grad, state with it; step counts from 0.",
        "int @_learn(const @_meta *meta, const @_meta *grad, void *state, int64_t step, void *work, mfl_status *status)" },
    [LE_WINDOW] = { "A window of ^_WINDOW inner steps from `step` on (0, ^_WINDOW, 2 * ^_WINDOW, ... below ^_STEPS), which begins at the state in carried (^_CARRIED_BYTES, aligned\n"
        " * to 64; at step 0 at the initial values) and leaves there the state after it: the outer value at its end and the gradient through its steps alone.\n"
        " * outer, grad and each field of grad may be NULL: not wanted.",
        "int @_hypergradient_window(const @_data *data, const @_meta *meta, void *carried, int64_t step, $ *outer, const @_meta *grad, void *work, mfl_status *status)" },
    [C99_ADD] = { "The same, added to what outer and grad hold.",
        "int @_hypergradient_add(const @_data *data, const @_meta *meta, $ *outer, const @_meta *grad, void *work, mfl_status *status)" },
    [C99_TASKS] = { "The mean of outer values and of gradients over n tasks. works: ^_WORK_BYTES for each of `threads` threads, behind one another, aligned to 64.\n"
        " * With OpenMP as many run at once; results are summed in the tasks' order, so that the bits are the same for any number. What is wrong in one of them: status->task is its number.",
        "int @_hypergradient_tasks(int64_t n, const @_data *tasks, const @_meta *meta, $ *outer, const @_meta *grad, void *works, int threads, mfl_status *status)" },
    [C99_CHECK] = { "Is the gradient right? In each meta array one fixed direction: its slope by the gradient and by central differences of the outer value. work: ^_CHECK_BYTES.\n"
        " * MFL_WRONG_GRADIENT when the two differ by more than tol (1e-6 in double, 2e-2 in float), relative to their terms; status->name and value: the worst array, and by how much.",
        "int @_check(const @_data *data, const @_meta *meta, void *work, double tol, mfl_status *status)" },
};

const int c99_order[C99_FUNCTIONS] = { LE_INIT, LE_ADAPT, LE_VALUE, LE_HYPERGRADIENT, C99_ADD, C99_TASKS, C99_CHECK, LE_WINDOW, LE_LEARN_INIT, LE_LEARN };

const char *c99_prototype_of(int function) { return functions[function].prototype; }

bool c99_offers(const C *c, int function)
{
    if (function >= LE_KINDS)
        return function != C99_CHECK || c->checks;
    for (int k = 0; k < c->p->entries.n; k++)
        if ((int)c->p->entries.at[k].kind == function)
            return true;
    return false;
}

void c99_prototype(C *c, int function)
{
    buf_printf(c->o, "/* ");
    c99_say(c, functions[function].doc);
    buf_puts(c->o, " */\n");
    c99_say(c, functions[function].prototype);
}

/* ---- what comes in ---- */
static void not_null(C *c, const char *what, const Leaf *leaf, int n, const char *shown)
{
    for (int i = 0; i < n; i++)
        buf_printf(c->o, "    if (!%s->%s)\n        return mfl_fail(status, MFL_NULL_INPUT, \"%s%s\", 0);\n", what, c99_field(c, leaf[i].name), shown, leaf[i].name);
}

static void in_range(C *c, const Leaf *leaf)
{
    const char *field = c99_field(c, leaf->name);
    buf_puts(c->o, "    for (int64_t i = 0; i < ");
    c99_elements(c, leaf);
    buf_printf(c->o, "; i++)\n        if (data->%s[i] < 0 || data->%s[i] >= %lld)\n            return mfl_fail(status, MFL_BAD_INDEX, \"%s\", (double)data->%s[i]);\n", field, field, (long long)leaf->bound, leaf->name, field);
}

/* Functions that all entries share: is every input there, which results are wanted. */
void c99_inputs(C *c)
{
    const Problem *p = c->p->problem;
    c99_say(c, "/* The meta variables and the workspace, which every function reads. */\nstatic int @_inputs(const @_meta *meta, const void *work, mfl_status *status)\n{\n"
               "    if (!meta)\n        return mfl_fail(status, MFL_NULL_INPUT, \"meta\", 0);\n");
    not_null(c, "meta", p->meta.at, p->meta.n, "");
    buf_puts(c->o, "    if (!work || (uintptr_t)work % 64)\n        return mfl_fail(status, MFL_BAD_WORK, \"work\", 0);\n    return MFL_OK;\n}\n\n");
    c99_say(c, "/* The data too: indices are in their range. */\nstatic int @_inputs_data(const @_data *data, const @_meta *meta, const void *work, mfl_status *status)\n{\n");
    if (p->data.n)
        buf_puts(c->o, "    if (!data)\n        return mfl_fail(status, MFL_NULL_INPUT, \"data\", 0);\n");
    else
        buf_puts(c->o, "    (void)data;\n");
    not_null(c, "data", p->data.at, p->data.n, "");
    for (int i = 0; i < p->data.n; i++)
        if (p->data.at[i].bound)
            in_range(c, &p->data.at[i]);
    c99_say(c, "    return @_inputs(meta, work, status);\n}\n\n/* Is any part of the gradient wanted? */\nstatic int @_wants(const @_meta *grad)\n{\n    return grad");
    buf_puts(c->o, p->meta.n > 1 ? " && (" : " && ");
    for (int i = 0; i < p->meta.n; i++)
        buf_printf(c->o, "%sgrad->%s", i ? " || " : "", c99_field(c, p->meta.at[i].name));
    buf_puts(c->o, p->meta.n > 1 ? ");\n}\n\n" : p->meta.n ? ";\n}\n\n" : "0;\n}\n\n");
}

/* ---- entries ---- */
static bool is_output(const LStmt *s) { return s->kind == LS_COPY && (s->dst.buf->storage == LB_OUTER || s->dst.buf->storage == LB_GRAD || s->dst.buf->storage == LB_LOGS); }

static void body(C *c, const LFunc *f)
{
    c->said = NULL;
    c99_locals(c, f);
    buf_puts(c->o, "\n");
    c99_block(c, &f->body, 1);
}

/* Guarded: what is found is noted, also for callers without a status. */
static void open_status(C *c)
{
    if (c->uses_status)
        buf_puts(c->o, "    mfl_status found;\n    if (!status)\n        status = &found;\n    mfl_ok(status);\n");
}

/* A schedule with +store needs one. */
static void known_store(C *c)
{
    if (c->p->store_slots)
        buf_puts(c->o, "    if (!mfl_store_of(work))\n        return mfl_fail(status, MFL_NO_STORE, \"work\", 0);\n");
}

/* int NAME_init(...) and the others that write their results themselves */
static void whole_entry(C *c, const LEntry *e)
{
    const Problem *p = c->p->problem;
    c99_prototype(c, e->kind);
    c99_uses_of(c, e->func);
    buf_puts(c->o, "\n{\n    int code = ");
    c99_say(c, e->kind == LE_ADAPT || e->kind == LE_WINDOW ? "@_inputs_data(data, meta, work, status);\n    if (code)\n        return code;\n" : "@_inputs(meta, work, status);\n    if (code)\n        return code;\n");
    if (e->kind == LE_LEARN) {
        buf_puts(c->o, "    if (!grad)\n        return mfl_fail(status, MFL_NULL_INPUT, \"grad\", 0);\n");
        not_null(c, "grad", p->meta.at, p->meta.n, "grad.");
    }
    if (e->kind == LE_LEARN || e->kind == LE_LEARN_INIT)
        buf_puts(c->o, "    if (!state)\n        return mfl_fail(status, MFL_NULL_INPUT, \"state\", 0);\n");
    if (e->kind == LE_WINDOW)
        c99_say(c, "    if (!carried || (uintptr_t)carried % 64)\n        return mfl_fail(status, MFL_NULL_INPUT, \"carried\", 0);\n"
                   "    if (step < 0 || step >= ^_STEPS || step % ^_WINDOW)\n        return mfl_fail(status, MFL_BAD_COUNT, \"step\", (double)step);\n");
    if (e->kind == LE_WINDOW)
        known_store(c);
    open_status(c);
    if (e->kind == LE_INIT && !c->uses_step)
        buf_puts(c->o, "    (void)seed;\n");
    if (e->kind == LE_LEARN && !c->uses_step)
        buf_puts(c->o, "    (void)step;\n");
    body(c, e->func);
    buf_puts(c->o, c->uses_status ? "    return status->code;\n}\n\n" : "    return mfl_ok(status);\n}\n\n");
}

/* NAME_run_value, NAME_put_value; likewise of hypergradient. */
static void run_and_put(C *c, const LEntry *e)
{
    const char *name = e->kind == LE_VALUE ? "value" : "hypergradient";
    LFunc run = *e->func, put = *e->func;
    while (run.body.n > 0 && is_output(run.body.at[run.body.n - 1]))
        run.body.n--;
    put.body.at += run.body.n;
    put.body.n -= run.body.n;
    c99_uses_of(c, &run);
    c99_say(c, e->kind == LE_VALUE ? "/* The outer value, computed in the workspace. */\n" : "/* The outer value and its gradient, computed in the workspace. */\n");
    c99_say(c, "static int @_run_");
    buf_puts(c->o, name);
    c99_say(c, "(const @_data *data, const @_meta *meta, void *work, mfl_status *status)\n{\n");
    buf_printf(c->o, "%s%s%s", c->uses_data ? "" : "    (void)data;\n", c->uses_meta ? "" : "    (void)meta;\n", c->uses_work ? "" : "    (void)work;\n");
    if (e->kind == LE_HYPERGRADIENT)
        known_store(c);
    open_status(c);
    body(c, &run);
    buf_puts(c->o, c->uses_status ? "    return status->code;\n}\n\n" : "    return mfl_ok(status);\n}\n\n");
    c99_say(c, "/* The results to the caller: overwritten, or added to. */\nstatic void @_put_");
    buf_puts(c->o, name);
    c99_say(c, e->kind == LE_VALUE ? "($ *outer, $ *logs, void *work, int add)\n{\n" : "($ *outer, const @_meta *grad, void *work, int add)\n{\n");
    if (e->kind == LE_VALUE && !c->p->nlogs)
        buf_puts(c->o, "    (void)logs;\n");
    if (e->kind == LE_HYPERGRADIENT && !c->p->problem->meta.n)
        buf_puts(c->o, "    (void)grad;\n");
    body(c, &put);
    buf_puts(c->o, "}\n\n");
}

static void value_entry(C *c)
{
    c99_prototype(c, LE_VALUE);
    c99_say(c, "\n{\n"
               "    int code = @_inputs_data(data, meta, work, status);\n"
               "    if (code || (!outer && !logs))\n"
               "        return code ? code : mfl_ok(status);\n"
               "    code = @_run_value(data, meta, work, status);\n"
               "    @_put_value(outer, logs, work, 0);\n"
               "    return code;\n"
               "}\n\n");
}

/* _hypergradient and _hypergradient_add; where no gradient is wanted they do what _value does. */
static void hypergradient_entries(C *c)
{
    c99_say(c, "static int @_gradient(const @_data *data, const @_meta *meta, $ *outer, const @_meta *grad, void *work, int add, mfl_status *status)\n{\n"
               "    int code = @_inputs_data(data, meta, work, status);\n"
               "    if (!code && @_wants(grad)) {\n"
               "        code = @_run_hypergradient(data, meta, work, status);\n"
               "        if (code == MFL_OK || code == MFL_NONFINITE)\n            @_put_hypergradient(outer, grad, work, add);\n"
               "    } else if (!code && outer) {\n"
               "        code = @_run_value(data, meta, work, status);\n"
               "        @_put_value(outer, NULL, work, add);\n"
               "    }\n"
               "    return code ? code : mfl_ok(status);\n"
               "}\n\n");
    c99_prototype(c, LE_HYPERGRADIENT);
    c99_say(c, "\n{\n    return @_gradient(data, meta, outer, grad, work, 0, status);\n}\n\n");
    c99_prototype(c, C99_ADD);
    c99_say(c, "\n{\n    return @_gradient(data, meta, outer, grad, work, 1, status);\n}\n\n");
}

/* Tasks come as an array of structs, or as rows of pointers from the descriptor. */
void c99_tasks(C *c)
{
    const Problem *p = c->p->problem;
    c99_say(c, "static int @_over_tasks(int64_t n, const @_data *tasks, const void *const *rows, const @_meta *meta, $ *outer, const @_meta *grad, void *works, int threads, mfl_status *status)\n{\n"
               "    const int wants = @_wants(grad);\n"
               "    int failed = MFL_OK;\n"
               "    if (n < 1)\n        return mfl_fail(status, MFL_BAD_COUNT, \"n\", (double)n);\n"
               "    if (threads < 1)\n        return mfl_fail(status, MFL_BAD_COUNT, \"threads\", threads);\n");
    if (p->data.n)
        buf_puts(c->o, "    if (!tasks && !rows)\n        return mfl_fail(status, MFL_NULL_INPUT, \"tasks\", 0);\n");
    c99_say(c, "    for (int64_t k = 0; k < n; k++) {\n"
               "        const @_data data = tasks ? tasks[k] : @_data_of(rows, k);\n"
               "        int code = @_inputs_data(&data, meta, works, status);\n"
               "        if (code) {\n"
               "            if (status)\n                status->task = k;\n"
               "            return code;\n"
               "        }\n"
               "    }\n"
               "    mfl_ok(status);\n"
               "    if (!outer && !wants)\n        return MFL_OK;\n"
               "#ifdef _OPENMP\n#pragma omp parallel for ordered schedule(static, 1) num_threads(threads)\n#endif\n"
               "    for (int64_t k = 0; k < n; k++) {\n"
               "        const @_data data = tasks ? tasks[k] : @_data_of(rows, k);\n"
               "        char *work = works;\n"
               "        mfl_status own;\n"
               "#ifdef _OPENMP\n        work += (size_t)omp_get_thread_num() * ^_WORK_BYTES;\n#endif\n"
               "        int code = wants ? @_run_hypergradient(&data, meta, work, &own) : @_run_value(&data, meta, work, &own);\n"
               "#ifdef _OPENMP\n#pragma omp ordered\n#endif\n"
               "        {\n"
               "            if (wants)\n                @_put_hypergradient(outer, grad, work, k > 0);\n"
               "            else\n                @_put_value(outer, NULL, work, k > 0);\n"
               "            if (code && !failed && status) {\n                *status = own;\n                status->task = k;\n            }\n"
               "            failed = failed ? failed : code;\n"
               "        }\n"
               "    }\n");
    buf_printf(c->o, "    mfl_divide_f%d(outer, 1, n);\n", 8 * c->p->real_bytes);
    if (p->meta.n)
        buf_puts(c->o, "    if (!wants)\n        return failed;\n");
    for (int k = 0; k < p->meta.n; k++) {
        buf_printf(c->o, "    mfl_divide_f%d(grad->%s, ", 8 * c->p->real_bytes, c99_field(c, p->meta.at[k].name));
        c99_elements(c, &p->meta.at[k]);
        buf_puts(c->o, ", n);\n");
    }
    buf_puts(c->o, "    return failed;\n}\n\n");
    c99_prototype(c, C99_TASKS);
    c99_say(c, "\n{\n    return @_over_tasks(n, tasks, NULL, meta, outer, grad, works, threads, status);\n}\n\n");
}

void c99_entry(C *c, const LEntry *e)
{
    c->kind = e->kind;
    if (e->kind != LE_VALUE && e->kind != LE_HYPERGRADIENT) {
        whole_entry(c, e);
        return;
    }
    run_and_put(c, e);
    if (e->kind == LE_VALUE)
        value_entry(c);
    else
        hypergradient_entries(c);
}

/* NAME_check: the arrays as the descriptor's pointers, for the runtime's differences. */
void c99_check(C *c)
{
    const Problem *p = c->p->problem;
    buf_puts(c->o, "\n");
    c99_prototype(c, C99_CHECK);
    buf_printf(c->o, "\n{\n    const void *d[%d] = { NULL };\n    void *m[%d] = { NULL };\n", p->data.n ? p->data.n : 1, p->meta.n ? p->meta.n : 1);
    c99_say(c, "    int code = @_inputs_data(data, meta, work, status);\n    if (code)\n        return code;\n");
    for (int k = 0; k < p->data.n; k++)
        buf_printf(c->o, "    d[%d] = data->%s;\n", k, c99_field(c, p->data.at[k].name));
    for (int k = 0; k < p->meta.n; k++)
        buf_printf(c->o, "    m[%d] = meta->%s;\n", k, c99_field(c, p->meta.at[k].name));
    c99_say(c, "    return mfl_differences(&@_problem, d, m, tol, work, status);\n}\n");
}
