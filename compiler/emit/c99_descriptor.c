/* c99_descriptor.c -- the descriptor: tables of names, shapes and sizes, and every function with one calling convention, for hosts and scripts that do not
 * know the structs. */
#include "c99.h"

/* A comment of the .mfl as a string of C; three octal digits cannot run into what follows. */
static void literal(C *c, const char *text)
{
    if (!text) {
        buf_puts(c->o, "NULL");
        return;
    }
    buf_puts(c->o, "\"");
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        buf_printf(c->o, *p == '"' || *p == '\\' || *p == '?' || *p < 32 || *p > 126 ? "\\%03o" : "%c", *p);
    buf_puts(c->o, "\"");
}

static void arrays(C *c, const char *what, const char *role, const Leaf *leaf, int n)
{
    buf_printf(c->o, "static const mfl_array %s_%s_arrays[] = {\n", c->name, what);
    for (int k = 0; k < n; k++) {
        buf_printf(c->o, "    { \"%s\", %s, %s, %d, { ", leaf[k].name, role, leaf[k].type.dtype == T_REAL ? "MFL_REAL" : "MFL_INT", leaf[k].type.rank);
        for (int d = 0; d < leaf[k].type.rank; d++)
            buf_printf(c->o, "%s%lld", d ? ", " : "", (long long)leaf[k].type.dim[d]);
        buf_printf(c->o, "%s }, %lld, %d, ", leaf[k].type.rank ? "" : "0", (long long)leaf[k].bound, leaf[k].task);
        literal(c, leaf[k].comment);
        buf_puts(c->o, " },\n");
    }
    if (!n)
        buf_printf(c->o, "    { NULL, %s, MFL_REAL, 0, { 0 }, 0, 0, NULL },\n", role);
    buf_puts(c->o, "};\n");
}

/* static NAME_data NAME_data_of(rows, k): the struct of row k of pointers; rows NULL: all NULL. */
static void from_pointers(C *c, const char *what, const Leaf *leaf, int n, bool constant)
{
    buf_printf(c->o, "static %s_%s %s_%s_of(%svoid *const *rows, int64_t k)\n{\n    %s_%s x;\n", c->name, what, c->name, what, constant ? "const " : "", c->name, what);
    if (n)
        buf_printf(c->o, "    %svoid *const *row = rows ? rows + %d * k : NULL;\n", constant ? "const " : "", n);
    else
        buf_puts(c->o, "    (void)rows, (void)k;\n    x.none = 0;\n");
    for (int i = 0; i < n; i++)
        buf_printf(c->o, "    x.%s = row ? (%s%s *)row[%d] : NULL;\n", c99_field(c, leaf[i].name), constant ? "const " : "", leaf[i].type.dtype == T_REAL ? c->real : "int32_t", i);
    buf_puts(c->o, "    return x;\n}\n");
}

void c99_structs_of(C *c)
{
    const Problem *q = c->p->problem;
    buf_puts(c->o, "/* ---- pointers of the descriptor's callers as structs ---- */\n");
    from_pointers(c, "data", q->data.at, q->data.n, true);
    from_pointers(c, "meta", q->meta.at, q->meta.n, false);
    from_pointers(c, "params", q->param.at, q->param.n, false);
    buf_puts(c->o, "\n");
}

/* Every function with the descriptor's one calling convention. */
static void uniform(C *c, int function)
{
    static const struct { const char *name, *made, *args; } way[] = {
        [LE_INIT] = { "init", "m", "&m, number, work, status" },
        [LE_ADAPT] = { "adapt", "dmp", "&d, &m, &p, work, status" },
        [LE_VALUE] = { "value", "dm", "&d, &m, outer, logs, work, status" },
        [LE_HYPERGRADIENT] = { "hypergradient", "dmg", "&d, &m, outer, &g, work, status" },
        [LE_LEARN_INIT] = { "learn_init", "m", "&m, state, work, status" },
        [LE_LEARN] = { "learn", "mg", "&m, &g, state, number, work, status" },
        [LE_WINDOW] = { "hypergradient_window", "dmg", "&d, &m, state, number, outer, &g, work, status" },
        [C99_ADD] = { "hypergradient_add", "dmg", "&d, &m, outer, &g, work, status" },
    };
    buf_printf(c->o, "static int %s_call_%s(const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state, int64_t number, void *work, mfl_status *status)\n{\n", c->name, way[function].name);
    for (const char *m = way[function].made; *m; m++)
        c99_say(c, *m == 'd' ? "    const @_data d = @_data_of(data, 0);\n" : *m == 'm' ? "    @_meta m = @_meta_of(meta, 0);\n" : *m == 'g' ? "    const @_meta g = @_meta_of(out, 0);\n" : "    const @_params p = @_params_of(out, 0);\n");
    buf_puts(c->o, "    (void)data, (void)meta, (void)out, (void)outer, (void)logs, (void)state, (void)number;\n");
    buf_printf(c->o, "    return %s_%s(%s);\n}\n", c->name, way[function].name, way[function].args);
}

static void uniform_tasks(C *c)
{
    c99_say(c, "static int @_call_tasks(int64_t n, const void *const *tasks, void *const *meta, void *const *out, void *outer, void *works, int threads, mfl_status *status)\n{\n"
               "    const @_meta m = @_meta_of(meta, 0), g = @_meta_of(out, 0);\n"
               "    return @_over_tasks(n, NULL, tasks, &m, outer, &g, works, threads, status);\n}\n");
}

void c99_descriptor(C *c)
{
    const LProgram *p = c->p;
    const Problem *q = p->problem;
    const char *n = c->name;
    bool learn = q->learn != NULL;
    buf_printf(c->o, "size_t %s_work_bytes(void)\n{\n    return %s_WORK_BYTES;\n}\n\n/* ---- the descriptor ---- */\n", n, c->upper);
    arrays(c, "data", "MFL_DATA", q->data.at, q->data.n);
    arrays(c, "meta", "MFL_META", q->meta.at, q->meta.n);
    arrays(c, "param", "MFL_PARAM", q->param.at, q->param.n);
    for (int k = 0; k < p->entries.n; k++)
        uniform(c, p->entries.at[k].kind);
    uniform(c, C99_ADD);
    uniform_tasks(c);
    buf_printf(c->o, "const mfl_problem %s_problem = {\n    \"%s\", \"0.1\", %d, %lld, %lld, %d, %d, %d, %s_data_arrays, %s_meta_arrays, %s_param_arrays,\n    %s_WORK_BYTES, %s_STATE_BYTES, %s_LOGS,\n"
               "    %s_call_init, %s_call_adapt, %s_call_value, %s_call_hypergradient, ", n, n, p->real_bytes, (long long)q->steps, (long long)q->learn_n, q->data.n, q->meta.n, q->param.n, n, n, n,
               c->upper, c->upper, c->upper, n, n, n, n);
    if (learn)
        buf_printf(c->o, "%s_call_learn_init, %s_call_learn,\n", n, n);
    else
        buf_puts(c->o, "NULL, NULL,\n");
    c99_say(c, "    @_call_hypergradient_add, @_call_tasks,\n");
    if (p->carried_bytes)
        c99_say(c, "    ^_WINDOW, ^_CARRIED_BYTES, @_call_hypergradient_window,\n");
    else
        buf_puts(c->o, "    0, 0, NULL,\n");
    c99_say(c, p->store_slots ? "    ^_STORE_SLOTS, ^_STORE_BYTES\n};\n" : "    0, 0\n};\n");
}
