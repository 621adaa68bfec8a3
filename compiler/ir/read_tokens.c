/* read_tokens.c -- tokens of the text form: words, numbers, names, and where a mistake is. */
#include "read.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

/* ---- places and mistakes ---- */

static Pos pos_at(const Source *s, size_t off)
{
    Pos p = { 1, 1, off };
    for (size_t k = 0; k < off && k < s->len; k += (size_t)utf8_len(s->text + k, s->len - k))
        if (s->text[k] == '\n') {
            p.line++;
            p.col = 1;
        } else
            p.col++;
    return p;
}

void read_fail(Reader *r, size_t from, size_t to, const char *fmt, ...)
{
    if (r->failed)
        return;
    Buf b = { 0 };
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    Span span = { r->text, pos_at(r->text, from), pos_at(r->text, to > from ? to : from + 1) };
    diag_error(r->diags, span, NULL, "%s", b.at);
    buf_free(&b);
    r->failed = true;
    r->at = r->text->len;
}

/* ---- tokens ---- */

char read_peek(const Reader *r) { return r->at < r->text->len ? r->text->text[r->at] : 0; }

void read_skip(Reader *r)
{
    while (r->at < r->text->len) {
        char c = read_peek(r);
        if (c == '#' && (r->at == 0 || r->text->text[r->at - 1] == '\n'))
            while (r->at < r->text->len && read_peek(r) != '\n')
                r->at++;
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            r->at++;
        else
            return;
    }
}

size_t read_word_end(const Reader *r)
{
    size_t k = r->at;
    while (k < r->text->len && (isalnum((unsigned char)r->text->text[k]) || r->text->text[k] == '_'))
        k++;
    return k;
}

/* What stands here, for a message. */
static char *found(const Reader *r)
{
    if (r->at >= r->text->len)
        return "the end of the text";
    size_t n = read_word_end(r) - r->at;
    if (n == 0)
        n = (size_t)utf8_len(r->text->text + r->at, r->text->len - r->at);
    if (n == 1 && !isprint((unsigned char)read_peek(r)))
        return arena_printf(r->arena, "the byte %d", (unsigned char)read_peek(r));
    return arena_printf(r->arena, "`%.*s`", n > 40 ? 40 : (int)n, r->text->text + r->at);
}

void read_expected(Reader *r, const char *what)
{
    size_t end = read_word_end(r);
    read_fail(r, r->at, end > r->at ? end : r->at + 1, "expected %s, found %s", what, found(r));
}

/* Takes the text if it stands next; a word must end there. */
bool read_take(Reader *r, const char *text)
{
    read_skip(r);
    size_t n = strlen(text);
    if (r->at + n > r->text->len || memcmp(r->text->text + r->at, text, n))
        return false;
    if (isalnum((unsigned char)text[0]) && read_word_end(r) != r->at + n)
        return false;
    r->at += n;
    return true;
}

void read_need(Reader *r, const char *text)
{
    if (!read_take(r, text))
        read_expected(r, arena_printf(r->arena, "`%s`", text));
}

bool read_is_digit(const Reader *r) { return isdigit((unsigned char)read_peek(r)); }

/* A whole number of lo..hi. */
int64_t read_whole(Reader *r, const char *what, int64_t lo, int64_t hi)
{
    read_skip(r);
    size_t from = r->at;
    bool negative = lo < 0 && read_peek(r) == '-';
    int64_t v = 0;
    bool large = false;
    if (negative)
        r->at++;
    if (!read_is_digit(r)) {
        read_expected(r, what);
        return lo;
    }
    for (; read_is_digit(r); r->at++)
        large |= __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, read_peek(r) - '0', &v);
    v = negative ? -v : v;
    if (large || v < lo || v > hi) {
        read_fail(r, from, r->at, "%s is %lld..%lld here", what, (long long)lo, (long long)hi);
        return lo;
    }
    return v;
}

double read_number(Reader *r)
{
    read_skip(r);
    const char *from = r->text->text + r->at;      /* a source ends with a 0: strtod stays inside */
    char *end = NULL;
    double x;
    if (r->text->len - r->at > 4 && !strncmp(from, "nan:", 4)) {
        uint64_t bits = strtoull(from + 4, &end, 16);
        memcpy(&x, &bits, 8);
        if (end != from + 4 + 16 || !isnan(x))
            read_expected(r, "`nan:` and 16 hexadecimal digits of a double that is not a number");
    } else {
        x = strtod(from, &end);
        if (end == from || isnan(x))
            read_expected(r, "a number");
    }
    if (!r->failed)
        r->at += (size_t)(end - from);
    return r->failed ? 0 : x;
}

static int hex(char c) { return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* A quoted name; "" is no name. false: none stands here. */
bool read_name(Reader *r, Name *to)
{
    read_skip(r);
    size_t from = r->at;
    if (read_peek(r) != '"')
        return false;
    Buf b = { 0 };
    for (r->at++; read_peek(r) != '"';) {
        const char *s = r->text->text + r->at;
        size_t left = r->text->len - r->at;
        if (!left || *s == '\n') {
            read_fail(r, from, r->at, "the name is not closed by `\"`");
            break;
        }
        bool code = left > 3 && s[0] == '\\' && s[1] == 'x' && hex(s[2]) >= 0 && hex(s[3]) >= 0;
        char c = code ? (char)(hex(s[2]) * 16 + hex(s[3])) : s[0] == '\\' && left > 1 ? s[1] : s[0];
        buf_put(&b, &c, 1);
        r->at += code ? 4 : s[0] == '\\' && left > 1 ? 2 : 1;
    }
    if (!r->failed)
        r->at++;
    *to = b.n ? intern_n(b.at, b.n) : NULL;
    buf_free(&b);
    return true;
}

void read_names(Reader *r, Name *own, Name *of_body)
{
    if (!read_name(r, own))
        return;
    *of_body = *own;
    read_name(r, of_body);
}
