/* c99_text.c -- how the lines of generated C look: the comment of a statement, long lines, paragraphs.
 *
 * A comment says which expression of the .mfl the statement comes from (of a matrix product also the product, x' for the transpose of x), once for statements behind one another that share it; it stands on the right, or
 * above a long line. A line is measured with all numbers, also ratios of sizes, as equally long, ratios of sizes like numbers, so that the text has as many lines for any size of the problem. */
#include "c99.h"
#include <ctype.h>

enum { RIGHT = 72, WIDE = 104, NUMBER = 4 };

/* The length of what is printed from p to end, and how many brackets are open there. */
typedef struct Measure { size_t length; int depth; } Measure;

static bool word_char(char ch) { return isalnum((unsigned char)ch) || ch == '_'; }

/* Behind "2.0f / (float)N", "(2.0f / (float)N)", "(-1.0f / (float)(N * D))", which stand for a number where sizes allow it (c99_factor); NULL: no such thing at p. */
static const char *behind_ratio(const char *p, const char *end)
{
    bool open = *p == '(';
    p += open;
    p += open && *p == '-';
    if (p >= end || !isdigit((unsigned char)*p))
        return NULL;
    while (p < end && (word_char(*p) || *p == '.'))
        p++;
    if (end - p < 4 || strncmp(p, " / ", 3))
        return NULL;
    p += 3;
    static const char *const cast[] = { "(float)", "(double)" };
    for (int k = 0; k < 2; k++)
        if ((size_t)(end - p) > strlen(cast[k]) && !strncmp(p, cast[k], strlen(cast[k])))
            p += strlen(cast[k]);
    bool two = *p == '(';
    p += two;
    if (!isalpha((unsigned char)*p) && *p != '_')
        return NULL;
    while (p < end && (word_char(*p) || (two && (*p == ' ' || *p == '*'))))
        p++;
    if (two && (p >= end || *p++ != ')'))
        return NULL;
    return !open ? p : p < end && *p == ')' ? p + 1 : NULL;
}

static const char *chunk(const char *p, const char *end, Measure *m)
{
    const char *behind = isdigit((unsigned char)*p) || *p == '(' ? behind_ratio(p, end) : NULL;
    if (behind) {
        m->length += *p == '(' && p[1] == '-' ? NUMBER + 3 : NUMBER;
        return behind;
    }
    if (isalpha((unsigned char)*p) || *p == '_') {
        const char *q = p;
        while (q < end && (isalnum((unsigned char)*q) || *q == '_'))
            q++;
        m->length += (size_t)(q - p);
        return q;
    }
    if (isdigit((unsigned char)*p)) {
        while (p < end && (isalnum((unsigned char)*p) || *p == '.' || ((*p == '-' || *p == '+') && (p[-1] == 'e'))))
            p++;
        m->length += NUMBER;
        if (end - p > 3 && !strncmp(p, " / ", 3) && (isupper((unsigned char)p[3]) || p[3] == '('))       /* 2.0f / N: a number too */
            for (p += 3; p < end && (isalnum((unsigned char)*p) || strchr("_(* ", *p)) && !(*p == ' ' && p[1] != '*' && p[-1] != '*');)
                p++;
        return p;
    }
    bool round = *p == '(' || *p == ')';             /* some stand only around a ratio or a sign */
    m->depth += (*p == '(' || *p == '[') - (*p == ')' || *p == ']');
    m->length += !round;
    return p + 1;
}

static size_t measure(const char *p, const char *end)
{
    Measure m = { 0, 0 };
    while (p < end)
        p = chunk(p, end, &m);
    return m.length;
}

/* May the line end at this blank? Behind a comma or an `=`, or before an operator. */
static bool may_break(const char *p)
{
    return p[-1] == ',' || (p[-1] == '=' && p[-2] == ' ') || (strchr("+-*/?:&|<>", p[1]) && p[2] == ' ') || (p[1] && strchr("=!<>&|", p[1]) && p[2] && strchr("=&|", p[2]) && p[3] == ' ');
}

/* The blank at which to end the line: not too near, outside of as many brackets as can be, as far as can be. */
static const char *best_break(const char *p, const char *end, size_t column)
{
    const char *best = NULL;
    int least = 0;
    Measure m = { column, 0 };
    while (p < end && m.length < WIDE) {
        if (*p == ' ' && m.length > WIDE / 2 && may_break(p) && (!best || m.depth <= least)) {
            best = p;
            least = m.depth;
        }
        p = chunk(p, end, &m);
    }
    return best;
}

/* The statement that was printed from `from` on, in lines that can be read. */
static void wrap(C *c, size_t from, int indent)
{
    if (measure(c->o->at + from, c->o->at + c->o->n) <= WIDE)
        return;
    const char *text = arena_printf(c->p->arena, "%s", c->o->at + from), *p = text, *end = text + strlen(text);
    size_t column = 0;
    c->o->n = from;
    while (column + measure(p, end) > WIDE) {
        const char *at = best_break(p, end, column);
        if (!at)
            break;
        buf_put(c->o, p, (size_t)(at - p));
        buf_printf(c->o, "\n%*s", 4 * indent + 8, "");
        column = (size_t)(4 * indent + 8);
        p = at + 1;
    }
    buf_puts(c->o, p);
}

/* "adjoint of x @ w   ridge.mfl:19"; in comments of C no comment begins or ends. */
static const char *comment(C *c, const LStmt *s)
{
    Buf t = { 0 };
    if (s->kind == LS_GEMM) {
        const LGemm *g = &s->gemm;
        buf_printf(&t, "%s %s ", g->c.buf->name, g->accumulate ? "+=" : "=");
        Buf *o = c->o;
        c->o = &t;
        if (g->alpha != 1)
            c99_factor(c, g->alpha, P_MUL);
        c->o = o;
        buf_printf(&t, "%s%s%s %s%s: ", g->alpha != 1 ? " " : "", g->a.buf->name, g->ta ? "'" : "", g->b.buf->name, g->tb ? "'" : "");
    }
    for (const char *p = s->note; *p; p++) {
        buf_put(&t, p, 1);
        if ((p[0] == '*' && p[1] == '/') || (p[0] == '/' && p[1] == '*'))
            buf_puts(&t, " ");
    }
    const char *text = arena_printf(c->p->arena, "%s   %s:%d", t.at ? t.at : "", source_name(s->span.src), s->span.first.line);
    buf_free(&t);
    return text;
}

void c99_finish(C *c, const LStmt *s, size_t from, int indent)
{
    size_t width = measure(c->o->at + from, c->o->at + c->o->n);
    const char *text = s->note && s->span.src ? comment(c, s) : NULL;
    bool said = text && c->said && !strcmp(text, c->said);
    if (text)
        c->said = text;
    if (text && !said && width >= RIGHT) {
        const char *statement = arena_printf(c->p->arena, "%s", c->o->at + from);
        c->o->n = from;
        c99_indent(c, indent);
        buf_printf(c->o, "/* %s */\n", text);
        from = c->o->n;
        buf_puts(c->o, statement);
    }
    wrap(c, from, indent);
    if (text && !said && width < RIGHT)
        buf_printf(c->o, "%*s/* %s */", (int)(c->o->n - from < RIGHT ? RIGHT - (c->o->n - from) : 2), "", text);
    buf_puts(c->o, "\n");
}

/* ---- paragraphs: a blank line where the code goes on to another line of the .mfl or another derivative ---- */
static const LStmt *first_said(const LStmt *s)
{
    if (s->note && s->span.src)
        return s;
    for (int k = 0; k < s->body.n; k++) {
        const LStmt *x = first_said(s->body.at[k]);
        if (x)
            return x;
    }
    return NULL;
}

/* How much of the two notes says which derivative it is. */
static bool same_kind(const char *a, const char *b)
{
    static const char *const kinds[] = { "tangent of the adjoint of ", "adjoint of the adjoint of ", "tangent of ", "adjoint of ", "" };
    int ka = 0, kb = 0;
    while (strncmp(a, kinds[ka], strlen(kinds[ka])))
        ka++;
    while (strncmp(b, kinds[kb], strlen(kinds[kb])))
        kb++;
    return ka == kb;
}

void c99_paragraph(C *c, const LStmt *s, const LStmt **before)
{
    const LStmt *x = first_said(s);
    if (x && *before && (x->span.src != (*before)->span.src || x->span.first.line != (*before)->span.first.line || !same_kind(x->note, (*before)->note)))
        buf_puts(c->o, "\n");
    if (x)
        *before = x;
}
