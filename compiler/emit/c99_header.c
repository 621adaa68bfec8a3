/* c99_header.c -- NAME.h: sizes, the structs of the problem's arrays, the prototypes. */
#include "c99.h"
#include <string.h>

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

/* What mfl_differences_bytes says: see runtime/differences.c. */
static int64_t check_bytes(const LProgram *p)
{
    int64_t n = (p->work_bytes + 63) / 64 * 64 + (2 * 8 * p->problem->meta.n + 63) / 64 * 64;
    for (int k = 0; k < p->problem->meta.n; k++)
        n += 2 * ((type_count(&p->problem->meta.at[k].type) * p->real_bytes + 63) / 64 * 64);
    return n;
}

void c99_header(C *c)
{
    static const char *const own[] = { "STEPS", "WORK_BYTES", "STATE_BYTES", "LOGS", "WINDOW", "CARRIED_BYTES", "CHECK_BYTES", "STORE_SLOTS", "STORE_BYTES", NULL };     /* a dim of such a name gets a `_` */
    const LProgram *p = c->p;
    const Problem *q = p->problem;
    c99_banner(c);
    buf_puts(c->o, "/* Re-entrant: no globals, no allocation. */\n");
    buf_printf(c->o, "#ifndef MFL_%s_INCLUDED\n#define MFL_%s_INCLUDED\n#include <mfl/runtime.h>\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\nenum {", c->upper, c->upper);
    for (int k = 0; k < q->ndims; k++)
        if (q->dims[k].value <= INT32_MAX)
            buf_printf(c->o, " %s_%s%s = %lld,", c->upper, q->dims[k].name, c99_one_of(own, q->dims[k].name, strlen(q->dims[k].name)) ? "_" : "", (long long)q->dims[k].value);
    buf_printf(c->o, " %s_STEPS = %lld };\n", c->upper, (long long)q->steps);
    buf_printf(c->o, "#define %s_WORK_BYTES %lldu   /* aligned to 64 */\n#define %s_STATE_BYTES %lldu\n#define %s_LOGS %lldu\n\n", c->upper, (long long)p->work_bytes, c->upper, (long long)p->state_bytes, c->upper, (long long)p->nlogs);
    if (p->carried_bytes)
        buf_printf(c->o, "/* truncated: windows of as many inner steps, and the state that is carried from one to the next */\n#define %s_WINDOW %lld\n#define %s_CARRIED_BYTES %lldu\n\n", c->upper, (long long)q->truncate,
                   c->upper, (long long)p->carried_bytes);
    if (p->store_slots)
        buf_printf(c->o, "/* states of the inner loop lie in a store: as many slots of at most as many bytes. mfl_use_store(work, &store) before the first gradient */\n#define %s_STORE_SLOTS %lld\n#define %s_STORE_BYTES %lldu\n\n",
                   c->upper, (long long)p->store_slots, c->upper, (long long)p->store_bytes);
    if (c->checks)
        buf_printf(c->o, "#define %s_CHECK_BYTES %lldu\n\n", c->upper, (long long)check_bytes(p));
    structure(c, "data", q->data.at, q->data.n, true);
    buf_puts(c->o, "/* Values, and gradients in the same shape. */\n");
    structure(c, "meta", q->meta.at, q->meta.n, false);
    structure(c, "params", q->param.at, q->param.n, false);
    buf_printf(c->o, "size_t %s_work_bytes(void);                 /* == %s_WORK_BYTES */\n", c->name, c->upper);
    for (int k = 0; k < C99_FUNCTIONS; k++)
        if (c99_offers(c, c99_order[k])) {
            c99_prototype(c, c99_order[k]);
            buf_puts(c->o, ";\n");
        }
    buf_printf(c->o, "/* Names, shapes, sizes and entry points, for hosts and scripts that do not know the structs. */\nextern const mfl_problem %s_problem;\n", c->name);
    buf_puts(c->o, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

