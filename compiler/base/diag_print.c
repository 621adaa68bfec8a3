/* diag_print.c -- shows diagnostics: place, message, the source line, a caret under the culprit, notes the same way.
 * Input: Diags. Output: text on a stream. Files come in the order in which their first error was reported, places in source order.
 * Invariant: whatever bytes a source holds, only printable text and tabs are written, the caret stands under its character,
 * and a line shows at most WIDE characters around the caret. */
#include "base.h"
#include <stdlib.h>

enum { WIDE = 120, BEFORE = 70 };            /* of a long line: how much is shown, and how much of it before the caret */

/* ---- order ---- */
typedef struct Ranked { const Diag *diag; int file, serial; } Ranked;

static int compare_size(size_t a, size_t b) { return (a > b) - (a < b); }

static int in_source_order(const void *va, const void *vb) {
    const Ranked *a = va, *b = vb;
    if (a->file != b->file) return a->file - b->file;
    int c = compare_size(a->diag->span.first.off, b->diag->span.first.off);
    return c ? c : a->serial - b->serial;
}

static int file_rank(const Diags *d, const Source *src) {
    int rank = 0;
    for (int i = 0; i < d->all.n; i++) {
        const Source *s = d->all.at[i].span.src;
        if (s == src) return rank;
        bool seen = false;
        for (int j = 0; j < i && !seen; j++) seen = d->all.at[j].span.src == s;
        rank += !seen;
    }
    return rank;
}

/* ---- one source line ---- */
typedef struct Line { const char *at; size_t n; size_t caret, stop; } Line;   /* bytes of the line; the marked bytes */

static Line line_of(Span span) {
    const Source *src = span.src;
    size_t first = span.first.off > src->len ? src->len : span.first.off, last = span.last.off > src->len ? src->len : span.last.off;
    size_t begin = first, end = first;
    while (begin > 0 && src->text[begin - 1] != '\n') begin--;
    while (end < src->len && src->text[end] != '\n') end++;
    if (end > begin && src->text[end - 1] == '\r' && end - 1 >= first) end--;
    return (Line){src->text + begin, end - begin, first - begin, (last < end ? last : end) - begin};
}

/* How a character is shown: itself, or \xNN for each of its bytes. Returns the columns it takes. */
static int show(Buf *out, const char *s, int n) {
    unsigned char c = (unsigned char)s[0];
    bool plain = n > 1 ? !(c == 0xc2 && (unsigned char)s[1] < 0xa0) : c == '\t' || (c >= 0x20 && c < 0x7f);
    if (plain) { buf_put(out, s, (size_t)n); return 1; }
    for (int i = 0; i < n; i++) buf_printf(out, "\\x%02x", (unsigned char)s[i]);
    return 4 * n;
}

static size_t step_back(const char *s, size_t at) {             /* the start of the character before `at` */
    for (int n = 4; n > 1; n--)
        if (at >= (size_t)n && utf8_len(s + at - n, (size_t)n) == n) return at - (size_t)n;
    return at - 1;
}

/* The part of a long line that is shown: [*from, *to). */
static void window(Line l, size_t *from, size_t *to) {
    *from = l.caret;
    int n = 0;
    for (; *from > 0 && n < BEFORE; n++) *from = step_back(l.at, *from);
    if (*from > 0 && *from < 4) *from = 0;                      /* not worth three dots */
    *to = *from;
    for (n = 0; *to < l.n && n < WIDE; n++) *to += (size_t)utf8_len(l.at + *to, l.n - *to);
}

static void pad(Buf *marks, const char *s, int columns) {
    if (*s == '\t') buf_puts(marks, "\t");
    else for (int i = 0; i < columns; i++) buf_puts(marks, " ");
}

/* The line's text and the marks below it. */
static void draw(Line l, Buf *text, Buf *marks) {
    size_t from, to;
    window(l, &from, &to);
    if (from > 0) { buf_puts(text, "..."); buf_puts(marks, "   "); }
    bool marked = false;
    for (size_t i = from; i < to;) {
        int n = utf8_len(l.at + i, l.n - i), columns = show(text, l.at + i, n);
        if (i < l.caret) pad(marks, l.at + i, columns);
        else if (i < l.stop || !marked)
            for (int k = 0; k < columns; k++) { buf_puts(marks, marked ? "~" : "^"); marked = true; }
        i += (size_t)n;
    }
    if (!marked) buf_puts(marks, "^");
    if (to < l.n) buf_puts(text, "...");
}

static void print_snippet(Span span, const char *label, FILE *f) {
    Buf text = {0}, marks = {0};
    draw(line_of(span), &text, &marks);
    int w = snprintf(NULL, 0, "%d", span.first.line);
    if (w < 2) w = 2;
    fprintf(f, "%*s |\n%*d |%s%s\n%*s | %s%s%s\n", w, "", w, span.first.line, text.n ? " " : "", text.n ? text.at : "", w, "", marks.at, label ? " " : "", label ? label : "");
    buf_free(&text);
    buf_free(&marks);
}

static void print_message(Span span, const char *kind, const char *text, const char *label, FILE *f) {
    Buf shown = {0};                                            /* names and paths may hold any byte */
    for (size_t i = 0, n = strlen(text); i < n;) { int k = utf8_len(text + i, n - i); show(&shown, text + i, k); i += (size_t)k; }
    if (span.src) fprintf(f, "%s:%d:%d: ", span.src->path, span.first.line, span.first.col);
    fprintf(f, "%s: %s\n", kind, shown.n ? shown.at : "");
    buf_free(&shown);
    if (span.src) print_snippet(span, label, f);
}

void diags_print(const Diags *d, FILE *f) {
    Ranked *order = calloc((size_t)d->all.n + 1, sizeof *order);
    if (!order) no_memory(0);
    for (int i = 0; i < d->all.n; i++) order[i] = (Ranked){&d->all.at[i], file_rank(d, d->all.at[i].span.src), i};
    qsort(order, (size_t)d->all.n, sizeof *order, in_source_order);
    int shown = 0;
    for (int i = 0; i < d->all.n; i++) {
        const Diag *x = order[i].diag;
        shown += x->kind == DIAG_ERROR;
        print_message(x->span, x->kind == DIAG_ERROR ? "error" : "warning", x->text, x->label, f);
        for (int k = 0; k < x->notes.n; k++) print_message(x->notes.at[k].span, "note", x->notes.at[k].text, NULL, f);
    }
    if (d->errors > shown) fprintf(f, "%d more error%s not shown.\n", d->errors - shown, d->errors - shown == 1 ? " is" : "s are");
    free(order);
}
