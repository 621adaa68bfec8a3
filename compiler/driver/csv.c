/* csv.c -- tables of numbers as text: separated by commas, semicolons or tabs (whichever the first line has), an optional header line, quotes, CRLF,
 * a byte-order mark, blank lines. Every row must have as many fields as the first; what is not a number is reported with its line and column.
 * A first line is a header when none of its fields is a number: a line that mixes both is an error, not a row that goes missing. */
#include "driver.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

typedef struct Field { const char *at; size_t n; } Field;
typedef struct Csv { Arena *arena; const char *p, *end; char separator; int line, after; bool open; Vec(Field) fields; } Csv;   /* after: line of p */
typedef struct Columns { int *at, n, cap; } Columns;

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

static char separator_of(const char *p, const char *end)
{
    bool quoted = false, comma = false, tab = false;
    for (; p < end && (*p != '\n' || quoted); p++) {
        quoted ^= *p == '"';
        if (*p == ';' && !quoted)
            return ';';
        comma |= *p == ',' && !quoted;
        tab |= *p == '\t' && !quoted;
    }
    return comma || !tab ? ',' : '\t';
}

/* The fields of the next line that is not blank; false at the end. */
static bool next_line(Csv *c)
{
    while (c->p < c->end) {
        const char *start = c->p, *q = start;
        c->open = false;
        c->fields.n = 0;
        c->line = c->after++;
        for (; q < c->end && (*q != '\n' || c->open); q++) {
            c->open ^= *q == '"';
            c->after += *q == '\n';
            if (*q == c->separator && !c->open) {
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

static const char digits[] = "0123456789";

/* What programs print for a value that is not finite: a number, so that binding can say which and where. */
static bool not_finite(const char *text)
{
    static const char *const words[] = { "nan", "inf", "infinity" };
    for (int k = 0; k < 3; k++)
        if (!strcasecmp(text, words[k]))
            return true;
    return false;
}

/* Decimal digits, a point, an exponent: 1 -2.5 .5 3e-4. strtod takes more, such as 0x10. */
static bool number(Field f, double *out)
{
    char text[512];
    if (!f.n || f.n >= sizeof text)
        return false;
    memcpy(text, f.at, f.n);
    text[f.n] = 0;
    const char *p = text + (*text == '-' || *text == '+'), *whole = p;
    p += strspn(p, digits);
    size_t n = (size_t)(p - whole);
    if (*p == '.') {
        size_t part = strspn(p + 1, digits);
        n += part;
        p += 1 + part;
    }
    if (n && (*p == 'e' || *p == 'E')) {
        const char *power = p + 1 + (p[1] == '-' || p[1] == '+');
        n = strspn(power, digits);
        p = power + n;
    }
    *out = strtod(text, NULL);
    return (n && !*p) || not_finite(whole);
}

/* Is the first line a header? -1: it mixes words and numbers, *why says so. */
static int is_header(Csv *c, const char **why)
{
    double x;
    int word = -1, digit = -1;
    for (int k = 0; k < c->fields.n; k++)
        *(number(c->fields.at[k], &x) ? &digit : &word) = k;
    if (word < 0 || digit < 0)
        return word >= 0;
    bool comma = memchr(c->fields.at[word].at, ',', c->fields.at[word].n) && c->separator != ',';
    Field w = c->fields.at[word], d = c->fields.at[digit];
    *why = arena_printf(c->arena, "line %d, column %d: a number is expected, found `%.*s`, while column %d holds %.*s (%s)", c->line, word + 1,
                        (int)(w.n > 40 ? 40 : w.n), w.at, digit + 1, (int)(d.n > 40 ? 40 : d.n), d.at,
                        comma ? "decimals are written with a point" : "a header line has no numbers");
    return -1;
}

static bool add_column(const char *path, const char *word, const Csv *c, bool header, Columns *list, const char **why)
{
    Arena *arena = c->arena;
    char *end;
    long lo = strtol(word, &end, 10), hi = lo;
    if (end != word && (!*end || !strncmp(end, "..", 2))) {
        if (*end)
            hi = strtol(end + 2, &end, 10);
        if (*end || lo < 1 || hi < lo || hi > c->fields.n) {
            *why = arena_printf(arena, "columns %s are asked for; %s has columns 1..%d", word, path, c->fields.n);
            return false;
        }
        for (long k = lo; k <= hi; k++)
            vec_push(arena, *list, (int)k - 1);
        return true;
    }
    for (int k = 0; header && k < c->fields.n; k++)
        if (strlen(word) == c->fields.at[k].n && !memcmp(word, c->fields.at[k].at, c->fields.at[k].n)) {
            vec_push(arena, *list, k);
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
static bool pick_columns(const char *path, const char *columns, const Csv *c, bool header, Columns *list, const char **why)
{
    for (int k = 0; !columns && k < c->fields.n; k++)
        vec_push(c->arena, *list, k);
    for (const char *p = columns ? columns : ""; *p;) {
        while (*p == ' ' || *p == ',')
            p++;
        const char *q = p;
        while (*q && *q != ' ' && *q != ',')
            q++;
        if (q > p && !add_column(path, arena_strndup(c->arena, p, (size_t)(q - p)), c, header, list, why))
            return false;
        p = q;
    }
    return true;
}

static const char *wrong_field(const Csv *c, int k)
{
    Field f = c->fields.at[k];
    if (!f.n)
        return arena_printf(c->arena, "line %d, column %d: a number is expected, the field is empty", c->line, k + 1);
    bool comma = memchr(f.at, ',', f.n) && c->separator != ',';
    return arena_printf(c->arena, "line %d, column %d: a number is expected, found `%.*s`%s", c->line, k + 1, (int)(f.n > 40 ? 40 : f.n), f.at, comma ? "; decimals are written with a point" : "");
}

FileArray *csv_read(Arena *arena, const char *path, const char *text, size_t n, const char *columns, const char **why)
{
    Csv c = { arena, text, text + n, ',', 0, 1, false, { 0 } };
    FileArray *a = NEW(arena, FileArray);
    Vec(double) values = { 0 };
    Columns lines = { 0 }, list = { 0 };
    if (memchr(text, 0, n)) {
        *why = "it is neither .npy nor .npz nor text";
        return NULL;
    }
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        c.p += 3;
    c.separator = separator_of(c.p, c.end);
    if (!next_line(&c)) {
        *why = "it is empty";
        return NULL;
    }
    int header = is_header(&c, why), width = c.fields.n;
    if (header < 0 || !pick_columns(path, columns, &c, header, &list, why))
        return NULL;
    a->whole = a->table = true;
    for (bool more = header ? !c.open && next_line(&c) : true; more; more = next_line(&c)) {
        if (c.open)
            break;
        if (c.fields.n != width) {
            *why = arena_printf(arena, "line %d has %d fields; %d are expected, as in the first line", c.line, c.fields.n, width);
            return NULL;
        }
        for (int k = 0; k < list.n; k++) {
            double x;
            if (!number(c.fields.at[list.at[k]], &x)) {
                *why = wrong_field(&c, list.at[k]);
                return NULL;
            }
            a->whole &= x == floor(x);
            vec_push(arena, values, x);
        }
        vec_push(arena, lines, c.line);
        a->dim[0]++;
    }
    if (c.open) {
        *why = arena_printf(arena, "line %d: a quote is opened and not closed", c.line);
        return NULL;
    }
    for (int k = 0; k < list.n; k++)
        list.at[k]++;
    a->rank = 2;
    a->dim[1] = list.n;
    a->line = lines.at;
    a->column = list.at;
    a->at = (const unsigned char *)values.at;
    a->kind = 'f';
    a->size = sizeof(double);
    return a;
}

bool csv_write(const char *path, int rank, const int64_t *dim, int real_bytes, const void *at)
{
    Buf b = { 0 };
    int64_t count = 1, width = rank > 1 ? dim[rank - 1] : 1;
    for (int k = 0; k < rank; k++)
        count *= dim[k];
    for (int64_t k = 0; k < count; k++)
        buf_printf(&b, real_bytes == 4 ? "%.9g%s" : "%.17g%s", real_at(at, real_bytes, k), (k + 1) % width ? "," : "\n");
    bool ok = write_atomically(path, b.at ? b.at : "", b.n);
    buf_free(&b);
    return ok;
}
