/* c99_interface.c -- what a caller of the generated C sees: entry functions with their tests for NULL, the header's structs and prototypes, and the
 * descriptor through which hosts call without knowing the structs. */
#include "c99.h"
#include <string.h>

/* ---- names ---- */
static const char *const words[] = { "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "bool", "catch", "class", "delete", "explicit", "export",
    "false", "friend", "mutable", "namespace", "new", "operator", "private", "protected", "public", "template", "this", "throw", "true", "try", "typename", "using", "virtual", "NULL", "NAN", "INFINITY", "I", NULL };

static bool is_one_of(const char *const *list, const char *text, size_t n)
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
        buf_printf(&b, "%.*s%s%s", (int)n, p, is_one_of(words, p, n) ? "_" : "", p[n] ? "." : "");
        p += n + (p[n] != 0);
    }
    const char *name = arena_printf(c->p->arena, "%s", b.at);
    buf_free(&b);
    return name;
}

static const char *const entry_doc[] = {
    "Initial values of the meta variables, drawn from seed.",
    "The inner loop alone: parameters after the last step. A NULL field of params is not wanted.",
    "The outer value, and the values of the log lines (logs may be NULL).",
    "The outer value and its gradient in the meta variables; outer, grad and each field of grad may be NULL: not wanted.",
    "Initial states of the learn lines' optimizers.",
    "One step of the learn lines: meta moves along grad, state with it; step counts from 0.",
};

static void prototype(C *c, LEntryKind k)
{
    const char *n = c->name, *r = c->real;
    switch (k) {
    case LE_INIT: buf_printf(c->o, "int %s_init(%s_meta *meta, int64_t seed, void *work, mfl_status *status)", n, n); break;
    case LE_ADAPT: buf_printf(c->o, "int %s_adapt(const %s_data *data, const %s_meta *meta, const %s_params *params, void *work, mfl_status *status)", n, n, n, n); break;
    case LE_VALUE: buf_printf(c->o, "int %s_value(const %s_data *data, const %s_meta *meta, %s *outer, %s *logs, void *work, mfl_status *status)", n, n, n, r, r); break;
    case LE_HYPERGRADIENT: buf_printf(c->o, "int %s_hypergradient(const %s_data *data, const %s_meta *meta, %s *outer, const %s_meta *grad, void *work, mfl_status *status)", n, n, n, r, n); break;
    case LE_LEARN_INIT: buf_printf(c->o, "int %s_learn_init(const %s_meta *meta, void *state, void *work, mfl_status *status)", n, n); break;
    case LE_LEARN: buf_printf(c->o, "int %s_learn(const %s_meta *meta, const %s_meta *grad, void *state, int64_t step, void *work, mfl_status *status)", n, n, n); break;
    }
}

static void null_checks(C *c, LEntryKind k)
{
    const Problem *p = c->p->problem;
    bool data = k == LE_ADAPT || k == LE_VALUE || k == LE_HYPERGRADIENT, grad = k == LE_LEARN;
    if (data && p->data.n)
        buf_puts(c->o, "    if (!data)\n        return mfl_fail(status, MFL_NULL_INPUT, \"data\", 0);\n");
    buf_puts(c->o, "    if (!meta)\n        return mfl_fail(status, MFL_NULL_INPUT, \"meta\", 0);\n");
    for (int i = 0; data && i < p->data.n; i++)
        buf_printf(c->o, "    if (!data->%s)\n        return mfl_fail(status, MFL_NULL_INPUT, \"%s\", 0);\n", c99_field(c, p->data.at[i].name), p->data.at[i].name);
    for (int i = 0; i < p->meta.n; i++)
        buf_printf(c->o, "    if (!meta->%s)\n        return mfl_fail(status, MFL_NULL_INPUT, \"%s\", 0);\n", c99_field(c, p->meta.at[i].name), p->meta.at[i].name);
    for (int i = 0; grad && i < p->meta.n; i++)
        buf_printf(c->o, "    if (!grad || !grad->%s)\n        return mfl_fail(status, MFL_NULL_INPUT, \"grad.%s\", 0);\n", c99_field(c, p->meta.at[i].name), p->meta.at[i].name);
    if (k == LE_LEARN || k == LE_LEARN_INIT)
        buf_puts(c->o, "    if (!state)\n        return mfl_fail(status, MFL_NULL_INPUT, \"state\", 0);\n");
    buf_puts(c->o, "    if (!work_bytes || (uintptr_t)work_bytes % 64)\n        return mfl_fail(status, MFL_BAD_WORK, \"work\", 0);\n");
    for (int i = 0; data && i < p->data.n; i++) {
        const char *field = c99_field(c, p->data.at[i].name);
        if (p->data.at[i].bound)
            buf_printf(c->o, "    for (int64_t i = 0; i < %lld; i++)\n        if (data->%s[i] < 0 || data->%s[i] >= %lld)\n            return mfl_fail(status, MFL_BAD_INDEX, \"%s\", (double)data->%s[i]);\n",
                       (long long)type_count(&p->data.at[i].type), field, field, (long long)p->data.at[i].bound, p->data.at[i].name, field);
    }
}

void c99_entry(C *c, const LEntry *e)
{
    c->kind = e->kind;
    c99_uses_of(c, e->func);
    Buf text = { 0 }, *o = c->o;
    c->o = &text;
    prototype(c, e->kind);
    c->o = o;
    /* The parameter is the caller's void *; inside, bytes. */
    char *work = strstr(text.at, "void *work");
    buf_printf(c->o, "/* %s */\n%.*svoid *work_bytes%s\n{\n", entry_doc[e->kind], (int)(work - text.at), text.at, work + strlen("void *work"));
    buf_free(&text);
    null_checks(c, e->kind);
    if (c->uses_work)
        buf_puts(c->o, "    char *work = work_bytes;\n");
    if (e->kind == LE_INIT && !c->uses_step)
        buf_puts(c->o, "    (void)seed;\n");
    if (e->kind == LE_LEARN && !c->uses_step)
        buf_puts(c->o, "    (void)step;\n");
    if (e->kind == LE_VALUE && !c->p->nlogs)
        buf_puts(c->o, "    (void)logs;\n");
    if ((e->kind == LE_ADAPT || e->kind == LE_VALUE || e->kind == LE_HYPERGRADIENT) && !c->uses_data && !c->p->problem->data.n)
        buf_puts(c->o, "    (void)data;\n");
    c99_locals(c, e->func);
    buf_puts(c->o, "\n");
    c99_block(c, &e->func->body, 1);
    buf_puts(c->o, "    return mfl_ok(status);\n}\n\n");
}

/* ---- the header ---- */
/* Dotted names as nested structs: consecutive leaves share what they have in common. */
static void fields(C *c, const Leaf *leaf, int n, size_t skip, int depth, bool constant)
{
    for (int k = 0; k < n;) {
        const char *name = leaf[k].name + skip, *dot = strchr(name, '.');
        c99_indent(c, depth);
        if (!dot) {
            size_t from = c->o->n;
            buf_printf(c->o, "%s%s *%s;", constant ? "const " : "", leaf[k].type.dtype == T_REAL ? c->real : "int32_t", c99_field(c, name));
            size_t w = c->o->n - from + 4 * (size_t)depth;
            buf_printf(c->o, "%*s/*", w < 40 ? (int)(40 - w) : 2, "");
            for (int d = 0; d < leaf[k].type.rank; d++) {
                if (leaf[k].axis_name[d])
                    buf_printf(c->o, " [%s=%lld]", leaf[k].axis_name[d], (long long)leaf[k].type.dim[d]);
                else
                    buf_printf(c->o, " [%lld]", (long long)leaf[k].type.dim[d]);
            }
            if (leaf[k].bound)
                buf_printf(c->o, " 0..%lld", (long long)leaf[k].bound - 1);
            if (leaf[k].comment && !strstr(leaf[k].comment, "*/"))
                buf_printf(c->o, " %s", leaf[k].comment);
            buf_puts(c->o, " */\n");
            k++;
            continue;
        }
        size_t len = (size_t)(dot - name) + 1;
        int m = k + 1;
        while (m < n && !strncmp(leaf[m].name + skip, name, len))
            m++;
        buf_puts(c->o, "struct {\n");
        fields(c, leaf + k, m - k, skip + len, depth + 1, constant);
        c99_indent(c, depth);
        buf_printf(c->o, "} %s;\n", c99_field(c, arena_printf(c->p->arena, "%.*s", (int)len - 1, name)));
        k = m;
    }
}

static void structure(C *c, const char *what, const Leaf *leaf, int n, bool constant)
{
    buf_puts(c->o, "typedef struct {\n");
    if (n)
        fields(c, leaf, n, 0, 1, constant);
    else
        buf_puts(c->o, "    char none;\n");
    buf_printf(c->o, "} %s_%s;\n\n", c->name, what);
}

void c99_header(C *c)
{
    static const char *const own[] = { "STEPS", "WORK_BYTES", "STATE_BYTES", "LOGS", NULL };     /* a dim of such a name gets a `_` */
    const LProgram *p = c->p;
    const Problem *q = p->problem;
    buf_printf(c->o, "/* Written by mflc 0.1 from %s.mfl; real = %s, mode = %s, schedule = %s. The code carries the licence of its .mfl.\n * Re-entrant: no globals, no allocation. */\n", c->name, c->real, p->mode, p->schedule);
    buf_printf(c->o, "#ifndef MFL_%s_INCLUDED\n#define MFL_%s_INCLUDED\n#include <mfl/runtime.h>\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\nenum {", c->upper, c->upper);
    for (int k = 0; k < q->ndims; k++)
        if (q->dims[k].value <= INT32_MAX)
            buf_printf(c->o, " %s_%s%s = %lld,", c->upper, q->dims[k].name, is_one_of(own, q->dims[k].name, strlen(q->dims[k].name)) ? "_" : "", (long long)q->dims[k].value);
    buf_printf(c->o, " %s_STEPS = %lld };\n", c->upper, (long long)q->steps);
    buf_printf(c->o, "#define %s_WORK_BYTES %lldu   /* aligned to 64 */\n#define %s_STATE_BYTES %lldu\n#define %s_LOGS %lldu\n\n", c->upper, (long long)p->work_bytes, c->upper, (long long)p->state_bytes, c->upper, (long long)p->nlogs);
    structure(c, "data", q->data.at, q->data.n, true);
    buf_puts(c->o, "/* Values, and gradients in the same shape. */\n");
    structure(c, "meta", q->meta.at, q->meta.n, false);
    structure(c, "params", q->param.at, q->param.n, false);
    buf_printf(c->o, "size_t %s_work_bytes(void);                 /* == %s_WORK_BYTES */\n", c->name, c->upper);
    for (int k = 0; k < p->entries.n; k++) {
        buf_printf(c->o, "/* %s */\n", entry_doc[p->entries.at[k].kind]);
        prototype(c, p->entries.at[k].kind);
        buf_puts(c->o, ";\n");
    }
    buf_printf(c->o, "/* Names, shapes, sizes and entry points, for hosts and scripts that do not know the structs. */\nextern const mfl_problem %s_problem;\n", c->name);
    buf_puts(c->o, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

/* ---- the descriptor ---- */
static void arrays(C *c, const char *what, const char *role, const Leaf *leaf, int n)
{
    buf_printf(c->o, "static const mfl_array %s_%s_arrays[] = {\n", c->name, what);
    for (int k = 0; k < n; k++) {
        buf_printf(c->o, "    { \"%s\", %s, %s, %d, { ", leaf[k].name, role, leaf[k].type.dtype == T_REAL ? "MFL_REAL" : "MFL_INT", leaf[k].type.rank);
        for (int d = 0; d < leaf[k].type.rank; d++)
            buf_printf(c->o, "%s%lld", d ? ", " : "", (long long)leaf[k].type.dim[d]);
        buf_printf(c->o, "%s }, %lld, %d, NULL },\n", leaf[k].type.rank ? "" : "0", (long long)leaf[k].bound, leaf[k].task);
    }
    if (!n)
        buf_printf(c->o, "    { NULL, %s, MFL_REAL, 0, { 0 }, 0, 0, NULL },\n", role);
    buf_puts(c->o, "};\n");
}

static void fill(C *c, const char *var, const char *from, const Leaf *leaf, int n, bool constant)
{
    for (int k = 0; k < n; k++)
        buf_printf(c->o, "    %s.%s = %s ? (%s%s *)%s[%d] : NULL;\n", var, c99_field(c, leaf[k].name), from, constant ? "const " : "", leaf[k].type.dtype == T_REAL ? c->real : "int32_t", from, k);
}

static void uniform(C *c, LEntryKind k)
{
    static const char *const name[] = { "init", "adapt", "value", "hypergradient", "learn_init", "learn" };
    const Problem *q = c->p->problem;
    const char *n = c->name;
    bool data = k == LE_ADAPT || k == LE_VALUE || k == LE_HYPERGRADIENT;
    buf_printf(c->o, "static int %s_call_%s(const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state, int64_t number, void *work, mfl_status *status)\n{\n", n, name[k]);
    if (data) {
        buf_printf(c->o, "    %s_data d;\n", n);
        if (!q->data.n)
            buf_puts(c->o, "    d.none = 0;\n");
    }
    buf_printf(c->o, "    %s_meta m;\n", n);
    if (k == LE_HYPERGRADIENT || k == LE_LEARN)
        buf_printf(c->o, "    %s_meta g;\n", n);
    if (k == LE_ADAPT)
        buf_printf(c->o, "    %s_params p;\n", n);
    buf_puts(c->o, "    (void)data, (void)out, (void)outer, (void)logs, (void)state, (void)number;\n");
    if (data)
        fill(c, "d", "data", q->data.at, q->data.n, true);
    fill(c, "m", "meta", q->meta.at, q->meta.n, false);
    if (k == LE_HYPERGRADIENT || k == LE_LEARN)
        fill(c, "g", "out", q->meta.at, q->meta.n, false);
    if (k == LE_ADAPT)
        fill(c, "p", "out", q->param.at, q->param.n, false);
    static const char *const args[] = { "&m, number, work, status", "&d, &m, &p, work, status", "&d, &m, outer, logs, work, status", "&d, &m, outer, &g, work, status", "&m, state, work, status", "&m, &g, state, number, work, status" };
    buf_printf(c->o, "    return %s_%s(%s);\n}\n", n, name[k], args[k]);
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
    buf_printf(c->o, "const mfl_problem %s_problem = {\n    \"%s\", \"0.1\", %d, %lld, %lld, %d, %d, %d, %s_data_arrays, %s_meta_arrays, %s_param_arrays,\n    %s_WORK_BYTES, %s_STATE_BYTES, %s_LOGS,\n"
               "    %s_call_init, %s_call_adapt, %s_call_value, %s_call_hypergradient, ", n, n, p->real_bytes, (long long)q->steps, (long long)q->learn_n, q->data.n, q->meta.n, q->param.n, n, n, n,
               c->upper, c->upper, c->upper, n, n, n, n);
    if (learn)
        buf_printf(c->o, "%s_call_learn_init, %s_call_learn\n};\n", n, n);
    else
        buf_puts(c->o, "NULL, NULL\n};\n");
}
