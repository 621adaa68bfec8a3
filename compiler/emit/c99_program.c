/* c99_program.c -- files beside NAME.c for programs without a heap: NAME_static.c, which owns the workspace and offers the functions without it, and NAME_main.c, a
 * smoke program that runs the problem once and prints the outer value and norms.
 *
 * The static functions are made from the list of functions: the same prototypes without `work`, `works`, `state`, `carried` and `threads`. */
#include "c99.h"
#include <string.h>

/* ---- NAME_static ---- */
/* The parameters of a prototype, one at a time: text between "(" and ")". */
static const char *next_parameter(const char *at, size_t *n)
{
    at += strspn(at, ", ");
    *n = strcspn(at, ",)");
    return *n ? at : NULL;
}

/* What stands for a parameter that the file itself provides; NULL: the caller gives it. */
static const char *own_argument(const char *at, size_t n)
{
    static const struct { const char *parameter, *argument; } own[] = {
        { "void *work", "aligned(work_memory)" }, { "void *works", "aligned(work_memory)" }, { "void *state", "aligned(state_memory)" },
        { "void *carried", "aligned(carried_memory)" }, { "int threads", "1" },
    };
    for (size_t k = 0; k < sizeof own / sizeof *own; k++)
        if (n == strlen(own[k].parameter) && !strncmp(at, own[k].parameter, n))
            return own[k].argument;
    return NULL;
}

static void static_prototype(C *c, const char *prototype)
{
    const char *open = strchr(prototype, '('), *name = strchr(prototype, '@') + 2, *sep = "";
    size_t n;
    c99_say(c, arena_printf(c->p->arena, "int @_static_%.*s(", (int)(open - name), name));
    for (const char *at = open + 1; (at = next_parameter(at, &n)); at += n) {
        if (own_argument(at, n))
            continue;
        c99_say(c, arena_printf(c->p->arena, "%s%.*s", sep, (int)n, at));
        sep = ", ";
    }
    buf_puts(c->o, ")");
}

/* The call that passes everything on, with the file's own memory. */
static void static_call(C *c, const char *prototype)
{
    const char *open = strchr(prototype, '('), *sep = "", *own;
    size_t n;
    c99_say(c, arena_printf(c->p->arena, "    return %.*s(", (int)(open - strchr(prototype, '@')), strchr(prototype, '@')));
    for (const char *at = open + 1; (at = next_parameter(at, &n)); at += n) {
        size_t last = n;
        while (last && at[last - 1] != ' ' && at[last - 1] != '*')
            last--;
        own = own_argument(at, n);
        if (own)
            buf_printf(c->o, "%s%s", sep, own);
        else
            buf_printf(c->o, "%s%.*s", sep, (int)(n - last), at + last);
        sep = ", ";
    }
    buf_puts(c->o, ");\n");
}

void emit_c99_static(const LProgram *p, const C99Options *o, Buf *source, Buf *head)
{
    C c;
    c99_begin(&c, p, o);
    c.o = head;
    c99_banner(&c);
    c99_say(&c, "/* The functions of @.h with a workspace of their own (@_static.c): not re-entrant, for one thread. */\n"
                "#ifndef MFL_^_STATIC_INCLUDED\n#define MFL_^_STATIC_INCLUDED\n#include \"@.h\"\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    for (int k = 0; k < C99_FUNCTIONS; k++)
        if (c99_offers(&c, c99_order[k])) {
            static_prototype(&c, c99_prototype_of(c99_order[k]));
            buf_puts(c.o, ";\n");
        }
    if (p->store_slots)
        c99_say(&c, "int @_static_use_store(const mfl_store *store);         /* before the first gradient, see mfl_use_store */\n");
    buf_puts(c.o, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
    c.o = source;
    c99_banner(&c);
    c99_say(&c, o->check ? "#include \"@_static.h\"\n\nstatic unsigned char work_memory[^_CHECK_BYTES + 63];\n" : "#include \"@_static.h\"\n\nstatic unsigned char work_memory[^_WORK_BYTES + 63];\n");
    if (p->problem->learn)
        c99_say(&c, "static unsigned char state_memory[^_STATE_BYTES + 63];\n");
    if (p->carried_bytes)
        c99_say(&c, "static unsigned char carried_memory[^_CARRIED_BYTES + 63];\n");
    buf_puts(c.o, "\n/* The first address that is a multiple of 64. */\nstatic void *aligned(unsigned char *memory)\n{\n    return memory + (64 - (uintptr_t)memory % 64) % 64;\n}\n\n");
    for (int k = 0; k < C99_FUNCTIONS; k++)
        if (c99_offers(&c, c99_order[k])) {
            static_prototype(&c, c99_prototype_of(c99_order[k]));
            buf_puts(c.o, "\n{\n");
            static_call(&c, c99_prototype_of(c99_order[k]));
            buf_puts(c.o, "}\n\n");
        }
    if (p->store_slots)
        c99_say(&c, "int @_static_use_store(const mfl_store *store)\n{\n    return mfl_use_store(aligned(work_memory), store);\n}\n\n");
    c.o->n -= c.o->n > 0;                       /* no empty line at the end */
}

/* ---- NAME_main ---- */
static void element(C *c, const Leaf *leaf, const void *at, int64_t k)
{
    if (leaf->type.dtype != T_REAL)
        buf_printf(c->o, "%d", ((const int32_t *)at)[k]);
    else
        c99_number(c, c->p->real_bytes == 4 ? (double)((const float *)at)[k] : ((const double *)at)[k], true);
}

/* static float data_0[30] = { ... }; arrays are numbered, so that no name can clash. Of all tasks behind one another. */
static void array(C *c, const char *what, int k, const Leaf *leaf, const void *at, int64_t tasks, bool constant)
{
    int64_t n = type_count(&leaf->type) * tasks;
    buf_printf(c->o, "static %s%s %s_%d[%lld]", constant && at ? "const " : "", leaf->type.dtype == T_REAL ? c->real : "int32_t", what, k, (long long)(n ? n : 1));
    if (at && n) {
        buf_puts(c->o, " = {");
        for (int64_t i = 0; i < n; i++) {
            buf_puts(c->o, i % 8 ? " " : "\n    ");
            element(c, leaf, at, i);
            buf_puts(c->o, ",");
        }
        buf_puts(c->o, "\n}");
    }
    buf_printf(c->o, ";%*s/* %s */\n", 2, "", leaf->name);
}

static void simple(C *c, const char *what, int k, const Leaf *leaf)
{
    long long n = (long long)type_count(&leaf->type);
    if (leaf->type.dtype == T_REAL)
        buf_printf(c->o, "    for (int i = 0; i < %lld; i++)\n        %s_%d[i] = mfl_uniform%s(%d, %d, i);\n", n, what, k, c->suffix, *what, k);
    else
        buf_printf(c->o, "    for (int i = 0; i < %lld; i++)\n        %s_%d[i] = i %% %lld;\n", n, what, k, leaf->bound ? (long long)leaf->bound : 2LL);
}

static void fields_are(C *c, const char *variable, const char *what, const Leaf *leaf, int n)
{
    for (int k = 0; k < n; k++)
        buf_printf(c->o, "    %s.%s = %s_%d;\n", variable, c99_field(c, leaf[k].name), what, k);
    if (!n)
        buf_printf(c->o, "    %s.none = 0;\n", variable);
}

/* The struct of each task; what is no task data is the same in all. */
static void tasks_are(C *c, int64_t tasks, const Leaf *leaf, int n)
{
    buf_printf(c->o, "    for (int k = 0; k < %lld; k++) {\n", (long long)tasks);
    for (int k = 0; k < n; k++) {
        buf_printf(c->o, "        tasks[k].%s = data_%d", c99_field(c, leaf[k].name), k);
        if (leaf[k].task)
            buf_printf(c->o, " + %lld * k", (long long)type_count(&leaf[k].type));
        buf_puts(c->o, ";\n");
    }
    buf_puts(c->o, "    }\n");
}

static void norms(C *c, const char *what, const char *prefix, const char *behind, const Leaf *leaf, int n)
{
    for (int k = 0; k < n; k++)
        buf_printf(c->o, "    sound &= show(\"%s%s\", \"%s\", %s_%d, %lld);\n", prefix, leaf[k].name, behind, what, k, (long long)type_count(&leaf[k].type));
}

static void arrays_of(C *c, const C99Numbers *x)
{
    const Problem *q = c->p->problem;
    for (int k = 0; k < q->data.n; k++)
        array(c, "data", k, &q->data.at[k], x->data ? x->data[k] : NULL, q->data.at[k].task ? x->tasks : 1, true);
    for (int k = 0; k < q->meta.n; k++) {
        array(c, "meta", k, &q->meta.at[k], NULL, 1, false);
        if (x->meta && x->meta[k])
            array(c, "bound", k, &q->meta.at[k], x->meta[k], 1, true);
        array(c, "grad", k, &q->meta.at[k], NULL, 1, false);
    }
    for (int k = 0; k < q->param.n; k++)
        array(c, "param", k, &q->param.at[k], NULL, 1, false);
    if (x->tasks > 1)
        c99_say(c, arena_printf(c->p->arena, "static @_data tasks[%lld];\n", (long long)x->tasks));
}

/* Every pointer of every struct, and initial values. */
static void inputs(C *c, const C99Options *o, const C99Numbers *x)
{
    const Problem *q = c->p->problem;
    if (x->tasks > 1)
        tasks_are(c, x->tasks, q->data.at, q->data.n);
    else
        fields_are(c, "data", "data", q->data.at, q->data.n);
    fields_are(c, "meta", "meta", q->meta.at, q->meta.n);
    fields_are(c, "grad", "grad", q->meta.at, q->meta.n);
    fields_are(c, "params", "param", q->param.at, q->param.n);
    for (int k = 0; !x->data && k < q->data.n; k++)
        simple(c, "data", k, &q->data.at[k]);
    c99_say(c, arena_printf(c->p->arena, o->own_memory ? "    if (@_static_init(&meta, %llu, &status))\n        goto failed;\n" : "    if (@_init(&meta, %llu, work, &status))\n        goto failed;\n", (unsigned long long)o->seed));
    for (int k = 0; k < q->meta.n; k++)
        if (x->meta && x->meta[k])
            buf_printf(c->o, "    memcpy(meta_%d, bound_%d, sizeof meta_%d);\n", k, k, k);
        else if (!q->meta.at[k].has_init)
            simple(c, "meta", k, &q->meta.at[k]);
}

static void calls(C *c, const C99Options *o, const C99Numbers *x)
{
    const char *call = o->own_memory ? "@_static_" : "@_", *work = o->own_memory ? "" : "work, ", *threads = o->own_memory ? "" : "work, 1, ";
    const char *a = x->tasks > 1
        ? arena_printf(c->p->arena, "    if (%shypergradient_tasks(%lld, tasks, &meta, &outer, &grad, %s&status) || %sadapt(tasks, &meta, &params, %s&status))\n        goto failed;\n", call, (long long)x->tasks, threads, call, work)
        : arena_printf(c->p->arena, "    if (%shypergradient(&data, &meta, &outer, &grad, %s&status) || %sadapt(&data, &meta, &params, %s&status))\n        goto failed;\n", call, work, call, work);
    c99_say(c, a);
}

void emit_c99_main(const LProgram *p, const C99Options *o, const C99Numbers *x, Buf *source)
{
    const Problem *q = p->problem;
    C c;
    c99_begin(&c, p, o);
    c.o = source;
    c99_banner(&c);
    c99_say(&c, arena_printf(p->arena, "/* Runs @ once on %s; prints the outer value and norms of the hypergradient%s and of the adapted parameters%s. */\n", x->data ? "the numbers that were bound to it" : "simple numbers",
                             x->tasks > 1 ? " (means over the tasks)" : "", x->tasks > 1 ? " of the first task" : ""));
    c99_say(&c, o->own_memory ? "#include \"@_static.h\"\n#include <stdio.h>\n\n" : "#include \"@.h\"\n#include <stdio.h>\n\nstatic unsigned char memory[^_WORK_BYTES + 63];\n");
    arrays_of(&c, x);
    c99_say(&c, "\n/* The norm of n numbers; is it finite? */\nstatic int show(const char *name, const char *of, const $ *x, int n)\n{\n    double sum = 0.0;\n"
                "    for (int i = 0; i < n; i++)\n        sum += (double)x[i] * (double)x[i];\n"
                "    printf(\"|%s|%s = %.9g\\n\", name, of, sqrt(sum));\n    return sum < (double)INFINITY;\n}\n\nint main(void)\n{\n");
    if (x->tasks == 1)
        c99_say(&c, "    @_data data;\n");
    c99_say(&c, "    @_meta meta, grad;\n    @_params params;\n    mfl_status status;\n    $ outer = 0;\n    int sound;\n");
    if (!o->own_memory)
        buf_puts(c.o, "    void *work = memory + (64 - (uintptr_t)memory % 64) % 64;\n");
    if (p->store_slots)
        c99_say(&c, "    mfl_file_store file;\n    mfl_store store;\n    status.name = \"@.store\";\n    if ((status.code = mfl_file_store_open(&file, \"@.store\", ^_STORE_BYTES, &store)) != MFL_OK)\n        goto failed;\n");
    if (p->store_slots)
        c99_say(&c, o->own_memory ? "    @_static_use_store(&store);\n" : "    mfl_use_store(work, &store);\n");
    inputs(&c, o, x);
    calls(&c, o, x);
    if (p->store_slots)
        c99_say(&c, "    if ((status.code = mfl_file_store_close(&file)) != MFL_OK)\n        goto failed;\n");
    c99_say(&c, "    printf(\"@: outer = %.9g\\n\", (double)outer);\n    sound = outer - outer == 0;\n");
    norms(&c, "grad", "d ", "", q->meta.at, q->meta.n);
    norms(&c, "param", "", x->tasks > 1 ? " of the first task" : "", q->param.at, q->param.n);
    buf_puts(c.o, "    return sound ? 0 : 1;\nfailed:\n    printf(\"%s: %s\\n\", status.name ? status.name : \"\", mfl_strerror(status.code));\n    return 1;\n}\n");
}
