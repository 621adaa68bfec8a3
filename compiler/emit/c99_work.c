/* c99_work.c -- where arrays are: the map of the workspace above each entry, one #define for the place of each array, and the pointers by which a function
 * reaches the arrays that it touches. */
#include "c99.h"
#include <ctype.h>
#include <stdlib.h>

typedef struct Touched { bool *here, *written; } Touched;     /* by id */

static void touch(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Touched *t = user;
    t->here[b->id] = true;
    t->written[b->id] |= how & LA_WRITE;
}

static Touched touched_by(const C *c, const LFunc *f, bool deep)
{
    int n = c->p->bufs.n + 1;
    Touched t = { NEW_N(c->p->arena, bool, n), NEW_N(c->p->arena, bool, n) };
    for (int k = 0; k < f->body.n; k++)
        lir_each_access(f->body.at[k], deep, touch, &t);
    return t;
}

/* ---- sizes by name ---- */
static bool block_has_size(const LBlock *b, Name size)
{
    for (int k = 0; k < b->n; k++)
        if (b->at[k]->size == size || block_has_size(&b->at[k]->body, size))
            return true;
    return false;
}

static bool has_size(const LProgram *p, Name size)
{
    for (int k = 0; k < p->bufs.n; k++)
        for (int d = 0; d < p->bufs.at[k]->rank; d++)
            if (p->bufs.at[k]->size[d] == size)
                return true;
    for (int k = 0; k < p->funcs.n; k++)
        if (block_has_size(&p->funcs.at[k]->body, size))
            return true;
    return false;
}

/* The header has the dims and the number of steps; the directions of forward mode are the code's own. */
void c99_sizes(C *c)
{
    Name directions = intern("DIRECTIONS");
    const char *sep = "enum { ";
    for (int k = 0; k < c->p->dims.n; k++, sep = ", ") {
        const LDim *d = &c->p->dims.at[k];
        if (d->text != directions)
            buf_printf(c->o, "%s%s = %s_%s", sep, d->text, c->upper, d->text);
        else if (has_size(c->p, directions))
            buf_printf(c->o, "%s%s = %lld", sep, d->text, (long long)d->value);
    }
    buf_puts(c->o, " };\n\n/* The array at that many bytes of the workspace. */\n#define AT(bytes) ((void *)((char *)work + (bytes)))\n\n");
}

/* ---- the map ---- */
static void shape(C *c, const LBuf *b, int first)
{
    for (int d = first; d < b->rank; d++) {
        buf_puts(c->o, "[");
        c99_size(c, b->size[d], b->dim[d]);
        buf_puts(c->o, "]");
    }
}

/* HYPERGRADIENT_ for the arrays of hypergradient. */
static const char *prefix(const C *c, LEntryKind kind)
{
    const char *name = "";
    for (int k = 0; k < c->p->entries.n; k++)
        if (c->p->entries.at[k].kind == kind)
            name = c->p->entries.at[k].func->name;
    char *text = arena_printf(c->p->arena, "%s_", name), *to = text;
    for (const char *p = name; *p; p++)
        if (*p != '_')
            *to++ = (char)toupper((unsigned char)*p);
    strcpy(to, "_");
    return text;
}

static int by_life(const void *a, const void *b)
{
    const LBuf *x = *(const LBuf *const *)a, *y = *(const LBuf *const *)b;
    return x->live_from != y->live_from ? (x->live_from > y->live_from) - (x->live_from < y->live_from) : (x->id > y->id) - (x->id < y->id);
}

/* Which array is where, and when: positions count the statements as they run. funcs: the entry's, it is the last. */
void c99_map(C *c, const LEntry *e, LFunc *const *funcs)
{
    Touched t = touched_by(c, e->func, true);
    const LBuf **all = NEW_N(c->p->arena, const LBuf *, c->p->bufs.n + 1);
    int n = 0;
    for (int k = 0; k < c->p->bufs.n; k++)
        if (t.here[k] && c->p->bufs.at[k]->storage == LB_WORK)
            all[n++] = c->p->bufs.at[k];
    if (!n)
        return;
    qsort(all, (size_t)n, sizeof *all, by_life);
    buf_printf(c->o, "/* Workspace of %s_%s: %lld bytes. Arrays that are not alive at the same time share bytes; statements are counted as they stand", c->name, e->func->name, (long long)e->work_bytes);
    for (; !(*funcs)->is_entry; funcs++)
        buf_printf(c->o, ",\n * %s_%s is %d to %d", c->name, (*funcs)->name, (*funcs)->from, (*funcs)->to);
    buf_puts(c->o, ". */\n");
    for (int k = 0; k < n; k++) {
        const LBuf *b = all[k];
        size_t from = c->o->n;
        buf_printf(c->o, "#define %s%s ", prefix(c, e->kind), b->name);
        size_t w = c->o->n - from;
        const char *at = arena_printf(c->p->arena, "AT(%lld)", (long long)b->offset);
        buf_printf(c->o, "%*s   /* ", w < 48 ? (int)(56 - w) : 8, at);
        buf_puts(c->o, c99_type(c, b->dtype));
        buf_puts(c->o, b->rank ? " " : "");
        shape(c, b, 0);
        buf_printf(c->o, ", alive %d to %d", b->live_from, b->live_to);
        const Span *from_text = b->origin.inner.src ? &b->origin.inner : &b->origin.span;
        if (from_text->src)
            buf_printf(c->o, "   %s:%d", source_name(from_text->src), from_text->first.line);
        buf_puts(c->o, " */\n");
    }
    buf_puts(c->o, "\n");
}

/* ---- pointers, and values that are only read ---- */
static const char *place(const C *c, const LBuf *b)
{
    switch (b->storage) {
    case LB_WORK: return arena_printf(c->p->arena, "%s%s", prefix(c, c->kind), b->name);
    case LB_STATE: return arena_printf(c->p->arena, "(void *)((char *)state + %lld)", (long long)b->offset);
    case LB_CARRIED: return arena_printf(c->p->arena, "(void *)((char *)carried + %lld)", (long long)b->offset);
    default: return arena_printf(c->p->arena, "%s->%s", b->storage == LB_DATA ? "data" : b->storage == LB_GRAD_IN ? "grad" : "meta", c99_field(c, b->field));
    }
}

static bool has_type(const LBuf *b) { return b->storage == LB_DATA || b->storage == LB_META || b->storage == LB_GRAD_IN; }

/* Memory of the caller has its type, but arrays of rows are others to C. */
static void pointer_to(C *c, const LBuf *b, bool written)
{
    const char *type = c99_type(c, b->dtype), *co = written ? "" : "const ";
    size_t from = c->o->n;
    buf_printf(c->o, b->rank < 2 ? "    %s%s *%s" : "    %s%s (*%s)", co, type, b->name);
    shape(c, b, 1);
    buf_puts(c->o, " = ");
    if (b->rank >= 2 && has_type(b)) {
        buf_printf(c->o, "(%s%s (*)", co, type);
        shape(c, b, 1);
        buf_puts(c->o, ")");
    }
    buf_printf(c->o, "%s;", place(c, b));
    if (b->rank) {
        size_t w = c->o->n - from;
        buf_printf(c->o, "%*s/* ", w < 72 ? (int)(72 - w) : 2, "");
        shape(c, b, 0);
        buf_puts(c->o, " */");
    }
    buf_puts(c->o, "\n");
}

static void value_of(C *c, const LBuf *b)
{
    const char *type = c99_type(c, b->dtype);
    buf_printf(c->o, "    const %s %s = *", type, b->name);
    buf_printf(c->o, has_type(b) ? "%.0s%s;\n" : "(const %s *)%s;\n", type, place(c, b));
}

/* Local names for the arrays that the function touches itself: pointers, or, of numbers that neither it nor what it calls writes, their values. */
void c99_locals(C *c, const LFunc *f)
{
    Touched own = touched_by(c, f, false);
    c->by_value = lir_values(c->p, f);
    for (int k = 0; k < c->p->bufs.n; k++) {
        const LBuf *b = c->p->bufs.at[k];
        if (!own.here[k] || b->storage == LB_STEP || b->storage == LB_SEED || b->storage == LB_OUTER || b->storage == LB_LOGS || b->storage == LB_GRAD || b->storage == LB_PARAMS || b->storage == LB_LOCAL)
            continue;
        if (c->by_value[k])
            value_of(c, b);
        else
            pointer_to(c, b, own.written[k]);
    }
}
