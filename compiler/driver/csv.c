/* csv.c -- tables of numbers as comma-separated text: an optional header line, quotes, CRLF, blank lines at the end.
 * Every row must have as many fields as the first; what is not a number is reported with its line and column. */
#include "driver.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_COLUMNS = 100000 };
typedef struct Field { const char *at; size_t n; } Field;
typedef struct Csv { Arena *arena; const char *p, *end; int line; Vec(Field) fields; } Csv;

static Field trim(const char *from, const char *to)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    if (to - from >= 2 && *from == '"' && to[-1] == '"')
        from++, to--;
    return (Field){ from, (size_t)(to - from) };
}

/* The fields of the next line that is not blank; false at the end. */
static bool next_line(Csv *c)
{
    while (c->p < c->end) {
        const char *start = c->p;
        bool quoted = false;
        c->fields.n = 0;
        c->line++;
        const char *q = start;
        for (; q < c->end && (*q != '\n' || quoted); q++) {
            quoted ^= *q == '"';
            if ((*q == ',' || *q == ';') && !quoted && c->fields.n < MAX_COLUMNS) {
                vec_push(c->arena, c->fields, trim(start, q));
                start = q + 1;
            }
        }
        c->p = q < c->end ? q + 1 : q;
        vec_push(c->arena, c->fields, trim(start, q));
        if (c->fields.n > 1 || c->fields.at[0].n)
            return true;
    }
    return false;
}

static bool number(Field f, double *out)
{
    char text[64], *end;
    if (!f.n || f.n >= sizeof text)
        return false;
    memcpy(text, f.at, f.n);
    text[f.n] = 0;
    *out = strtod(text, &end);
    return !*end && end != text;
}

static bool add_column(Arena *arena, const char *path, const char *word, const Csv *c, bool header, int *list, int *n, const char **why)
{
    char *end;
    long lo = strtol(word, &end, 10), hi = lo;
    if (end != word && (!*end || !strncmp(end, "..", 2))) {
        if (*end)
            hi = strtol(end + 2, &end, 10);
        if (*end || lo < 1 || hi < lo || hi > c->fields.n) {
            *why = arena_printf(arena, "columns %s are asked for; %s has columns 1..%d", word, path, c->fields.n);
            return false;
        }
        for (long k = lo; k <= hi && *n < c->fields.n; k++)
            list[(*n)++] = (int)k - 1;
        return true;
    }
    for (int k = 0; header && k < c->fields.n; k++)
        if (strlen(word) == c->fields.at[k].n && !memcmp(word, c->fields.at[k].at, c->fields.at[k].n)) {
            if (*n < c->fields.n)
                list[(*n)++] = k;
            return true;
        }
    Name *known = NEW_N(arena, Name, c->fields.n + 1);
    for (int k = 0; k < c->fields.n; k++)
        known[k] = intern_n(c->fields.at[k].at, c->fields.at[k].n);
    Name near = header ? nearest_name(intern(word), known, c->fields.n) : NULL;
    *why = arena_printf(arena, header ? "it has no column named %s%s%s%s" : "column %s is asked for by name, but its first line is no header%s%s%s", word,
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return false;
}

/* Which columns to read, in order. */
static int *pick_columns(Arena *arena, const char *path, const char *columns, const Csv *c, bool header, int *n, const char **why)
{
    int *list = NEW_N(arena, int, c->fields.n + 1);
    *n = 0;
    if (!columns) {
        for (; *n < c->fields.n; ++*n)
            list[*n] = *n;
        return list;
    }
    for (const char *p = columns; *p;) {
        while (*p == ' ' || *p == ',')
            p++;
        const char *q = p;
        while (*q && *q != ' ' && *q != ',')
            q++;
        if (q > p && !add_column(arena, path, arena_strndup(arena, p, (size_t)(q - p)), c, header, list, n, why))
            return NULL;
        p = q;
    }
    return list;
}

FileArray *csv_read(Arena *arena, const char *path, const char *text, size_t n, const char *columns, const char **why)
{
    Csv c = { arena, text, text + n, 0, { 0 } };
    FileArray *a = NEW(arena, FileArray);
    Vec(double) values = { 0 };
    if (memchr(text, 0, n)) {
        *why = "it is neither .npy nor text";
        return NULL;
    }
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        c.p += 3;
    if (!next_line(&c)) {
        *why = "it is empty";
        return NULL;
    }
    double x;
    bool header = false;
    for (int k = 0; k < c.fields.n; k++)
        header |= !number(c.fields.at[k], &x);
    int width = c.fields.n, picked, *list = pick_columns(arena, path, columns, &c, header, &picked, why);
    if (!list)
        return NULL;
    a->whole = a->table = true;
    bool more = header ? next_line(&c) : true;
    a->first_row = c.line;
    for (; more; more = next_line(&c)) {
        if (c.fields.n != width) {
            *why = arena_printf(arena, "line %d has %d fields; %d are expected, as in the first line", c.line, c.fields.n, width);
            return NULL;
        }
        for (int k = 0; k < picked; k++) {
            Field f = c.fields.at[list[k]];
            if (!number(f, &x)) {
                *why = arena_printf(arena, "line %d, column %d: a number is expected, found `%.*s`", c.line, list[k] + 1, (int)(f.n > 40 ? 40 : f.n), f.at);
                return NULL;
            }
            a->whole &= x == floor(x);
            vec_push(arena, values, x);
        }
        a->dim[0]++;
    }
    a->rank = 2;
    a->dim[1] = picked;
    a->at = values.at ? values.at : NEW(arena, double);
    return a;
}

bool csv_write(const char *path, int rank, const int64_t *dim, int real_bytes, const void *at)
{
    Buf b = { 0 };
    int64_t count = 1, width = rank ? dim[rank - 1] : 1;
    for (int k = 0; k < rank; k++)
        count *= dim[k];
    if (rank == 1)
        width = 1;
    for (int64_t k = 0; k < count; k++)
        buf_printf(&b, real_bytes == 4 ? "%.9g%s" : "%.17g%s", real_at(at, real_bytes, k), (k + 1) % width ? "," : "\n");
    bool ok = write_atomically(path, b.at ? b.at : "", b.n);
    buf_free(&b);
    return ok;
}
