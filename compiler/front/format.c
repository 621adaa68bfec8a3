/* format.c -- the formatter: a source with the same tokens, comments and line breaks, and canonical blanks between them.
 *
 * Input: a source that parses. Output: its text with one way to space and to indent; lines whose code is longer than WIDTH are broken at their
 * outermost commas and operators. Line ends mean nothing in the language, so this keeps the meaning; format_source() checks that the result has
 * the same tokens and comments, and repeats until it changes nothing: the result is a fixed point.
 * The author's choices that stay: which tokens share a line, single blank lines, and what stands below one another. */
#include "format.h"
#include <stdlib.h>

enum { WIDTH = 120, INDENT = 2, CONTINUE = 4 };

/* n bytes, w characters; gap: blanks before it in the source; starts a declaration, field or statement; pad: blanks to add for alignment */
typedef struct Tok { const char *text; int n, w, line, col, gap; size_t off; bool starts; int pad; } Tok;
typedef struct Line { int first, last;               /* tokens first .. last - 1 */
                      int comment;                   /* index into the file's comments, or -1 */
                      int gap;                       /* blank lines before it */
                      int indent, comment_col; bool top, continues; } Line;
typedef struct Format { Arena *arena; const Ast *ast; Tok *tok; int ntok; Vec(Line) lines; Vec(size_t) starts; } Format;

static bool is(const Tok *t, const char *s) { return t->n == (int)strlen(s) && !memcmp(t->text, s, (size_t)t->n); }
static bool one(const Tok *t, const char *set) { return t->n == 1 && strchr(set, *t->text); }
static bool in(const Tok *t, const char *const *words) { for (; *words; words++) if (is(t, *words)) return true; return false; }
static bool word(const Tok *t) { unsigned char c = (unsigned char)*t->text; return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9') || c == '"' || c == '.'; }

/* ---- where declarations, fields and statements start ---- */
static void starts_of_body(Format *f, const Body *b)
{
    for (int k = 0; b && k < b->nstmt; k++) {
        if (!b->is_expr)
            vec_push(f->arena, f->starts, b->stmt[k].span.first.off);
        starts_of_body(f, b->stmt[k].body);
    }
}

static int by_offset(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void find_starts(Format *f)
{
    for (int k = 0; k < f->ast->ndecl; k++) {
        const Decl *d = &f->ast->decl[k];
        if (!d->joined)
            vec_push(f->arena, f->starts, d->keyword.first.off);
        for (int i = 0; d->kind == D_STRUCT && i < d->nitem; i++)
            vec_push(f->arena, f->starts, d->item[i].span.first.off);
        starts_of_body(f, d->body);
    }
    if (f->starts.n)
        qsort(f->starts.at, (size_t)f->starts.n, sizeof *f->starts.at, by_offset);
}

/* ---- tokens ---- */
/* `columns a,b` and `outer  over steps` are one token: their inner blanks are made canonical. */
static char *tidy(Arena *arena, const char *p, int n)
{
    Buf b = { 0 };
    for (int k = 0; k < n; k++)
        if (p[k] == ' ' || p[k] == '\t') {
            if (b.n && b.at[b.n - 1] != ' ' && k + 1 < n && p[k + 1] != ',' && p[k + 1] != ' ' && p[k + 1] != '\t')
                buf_puts(&b, " ");
        } else {
            buf_put(&b, p + k, 1);
            if (p[k] == ',' && k + 1 < n)
                buf_puts(&b, " ");
        }
    char *s = arena_strndup(arena, b.at ? b.at : "", b.n);
    buf_free(&b);
    return s;
}

static void read_tokens(Format *f)
{
    const Ast *a = f->ast;
    int next = 0;
    f->tok = NEW_N(f->arena, Tok, a->ntoken + 1);
    for (int k = 0; k < a->ntoken; k++) {
        Span s = a->token[k];
        Tok *t = &f->tok[f->ntok++];
        *t = (Tok){ .text = a->src->text + s.first.off, .n = (int)(s.last.off - s.first.off), .w = s.last.col - s.first.col, .line = s.first.line, .col = s.first.col, .off = s.first.off };
        t->gap = k && a->token[k - 1].last.line == t->line ? t->col - a->token[k - 1].last.col : 0;
        if (*t->text != '"' && (memchr(t->text, ' ', (size_t)t->n) || memchr(t->text, ',', (size_t)t->n) || memchr(t->text, '\t', (size_t)t->n)) && t->n > 1) {
            t->text = tidy(f->arena, t->text, t->n);
            t->n = t->w = (int)strlen(t->text);
        }
        while (next < f->starts.n && f->starts.at[next] < t->off)
            next++;
        t->starts = next < f->starts.n && f->starts.at[next] == t->off;
        if (t->starts && k && is(t, "data") && is(t - 1, "task"))
            t[-1].starts = true, t->starts = false;
    }
}

/* ---- blanks ---- */
typedef struct At { int depth; char open[NESTING + 2]; bool header; } At;     /* the brackets that are open; header: between `for` and its `{` */
static void pass(At *at, const Tok *t)
{
    if (one(t, "([{") && at->depth <= NESTING)
        at->open[++at->depth] = *t->text;
    else if (one(t, ")]}") && at->depth)
        at->depth--;
    if (is(t, "for") || is(t, "{"))
        at->header = is(t, "for");
}

static bool unary(const Tok *t, const Tok *before)
{
    static const char *const after[] = { "return", "then", "else", "if", "and", "or", "not", "in", NULL };
    if (!one(t, "-"))
        return false;
    return !before || in(before, after) || !(word(before) || one(before, ")]}"));
}

static bool operator_token(const Tok *t, const Tok *before)
{
    static const char *const binary[] = { "+", "-", "*", "/", "%", "@", "<", "<=", ">", ">=", "==", "!=", "and", "or", NULL };
    return in(t, binary) && !unary(t, before);
}

/* Blanks between p and t on one line; pp stands before p; at: after p. */
static int blanks(const At *at, const Tok *pp, const Tok *p, const Tok *t)
{
    static const char *const keyword[] = { "return", "then", "else", "if", "and", "or", "not", "in", "by", "for", "like", "from", NULL };
    bool slice = at->open[at->depth] == '[' || at->header;
    if (t->starts)
        return is(p, "{") ? 1 : 2;
    if (one(p, "{") && one(t, "}"))
        return 0;
    if (one(t, "{}") || one(p, "{}"))
        return 1;
    if (one(p, "([") || one(t, ")],"))
        return 0;
    if (one(t, ".") || one(p, "."))
        return 0;
    if (one(p, ","))
        return 1;
    if ((one(p, ":") || one(t, ":")) && slice)
        return 0;
    if (one(p, "^") || one(t, "^"))
        return 0;
    if (one(p, "-") && unary(p, pp))
        return 0;
    if (one(t, "("))
        return one(p, "])") || (word(p) && !in(p, keyword)) ? 0 : 1;
    if (one(t, "["))
        return one(p, "])") || word(p) ? 0 : 1;
    return 1;
}

/* ---- lines ---- */
static void add_line(Format *f, int first, int last, int comment, int gap)
{
    vec_push(f->arena, f->lines, (Line){ .first = first, .last = last, .comment = comment, .gap = gap });
}

/* The source's own lines: tokens and comments in order. */
static void read_lines(Format *f)
{
    const Ast *a = f->ast;
    int k = 0, c = 0, end = 0;                          /* end: the last source line that is taken */
    while (k < f->ntok || c < a->ncomment) {
        int line = k < f->ntok ? f->tok[k].line : INT32_MAX;
        if (c < a->ncomment && a->comment[c].span.first.line < line) {
            int at = a->comment[c].span.first.line;
            add_line(f, k, k, c++, at - end - 1);
            end = at;
            continue;
        }
        int first = k;
        while (k < f->ntok && f->tok[k].line == line)
            k++;
        bool commented = c < a->ncomment && a->comment[c].span.first.line == line;
        add_line(f, first, k, commented ? c++ : -1, line - end - 1);
        end = line;
    }
}

static int width_of(const Format *f, int first, int last, At at)
{
    int w = 0;
    for (int k = first; k < last; k++) {
        if (k > first)
            w += blanks(&at, k > 1 ? &f->tok[k - 2] : NULL, &f->tok[k - 1], &f->tok[k]);
        w += f->tok[k].w;
        pass(&at, &f->tok[k]);
    }
    return w;
}

static int indent_of(const Format *f, const Line *l, const At *at, bool *continues)
{
    int braces = 0;
    const Tok *t = l->first < l->last ? &f->tok[l->first] : NULL;
    bool bracket = false;
    for (int k = 1; k <= at->depth; k++)
        braces += at->open[k] == '{', bracket |= at->open[k] != '{';
    *continues = t ? !t->starts && !one(t, "}") : bracket;
    if (t && one(t, "}") && braces)
        braces--;
    return braces * INDENT + (*continues ? CONTINUE : 0);
}

/* The token before which a line that is too long is broken: of those that leave the start within WIDTH the outermost, then the last. */
static int break_at(const Format *f, int first, int last, int indent, At at)
{
    int best = -1, best_depth = 0, col = indent, base = at.depth;
    for (int k = first; k < last; k++) {
        const Tok *t = &f->tok[k], *p = k ? &f->tok[k - 1] : NULL;
        if (k > first) {
            bool may = t->starts || operator_token(t, p) || is(p, ",");
            int depth = at.depth - base;
            if (may && (best < 0 || (col <= WIDTH && depth <= best_depth)))
                best = k, best_depth = depth;
            if (col > WIDTH && best >= 0)
                break;
            col += blanks(&at, k > 1 ? &f->tok[k - 2] : NULL, p, t);
        }
        col += t->w;
        pass(&at, t);
    }
    return best;
}

static void break_lines(Format *f)
{
    int n = f->lines.n;
    Line *old = f->lines.at;
    At at = { 0 };
    f->lines.at = NULL;
    f->lines.n = f->lines.cap = 0;
    for (int k = 0; k < n; k++) {
        Line l = old[k];
        for (;;) {
            l.indent = indent_of(f, &l, &at, &l.continues);
            l.top = at.depth == 0 && !l.continues;
            int cut = l.indent + width_of(f, l.first, l.last, at) > WIDTH ? break_at(f, l.first, l.last, l.indent, at) : -1;
            Line part = l;
            if (cut > 0) {
                part.last = cut;
                part.comment = -1;
            }
            vec_push(f->arena, f->lines, part);
            for (int i = part.first; i < part.last; i++)
                pass(&at, &f->tok[i]);
            if (cut <= 0)
                break;
            l.first = cut;
            l.gap = 0;
        }
    }
}

/* ---- what stands below one another ---- */
static const struct Word { const char *text; int n; } declaring[] = {
    { "dim", 3 }, { "data", 4 }, { "meta", 4 }, { "param", 5 }, { "inner", 5 }, { "outer", 5 }, { "step", 4 }, { "learn", 5 }, { NULL, 0 } };

static int declares(const Format *f, const Line *l)
{
    const Tok *t = &f->tok[l->first];
    for (int k = 0; l->first < l->last && l->top && t->starts && declaring[k].text; k++)
        if (is(t, declaring[k].text))
            return declaring[k].n;
    return 0;
}

/* The first words of declarations that follow each other without a blank line are as wide as the widest. */
static void align_words(Format *f)
{
    for (int k = 0; k < f->lines.n;) {
        int end = k, widest = 0;
        do {
            int n = declares(f, &f->lines.at[end]);
            widest = n > widest ? n : widest;
            end++;
        } while (end < f->lines.n && !f->lines.at[end].gap);
        for (; k < end; k++) {
            const Line *l = &f->lines.at[k];
            int n = declares(f, l);
            if (n && l->last > l->first + 1 && !one(&f->tok[l->first + 1], "{"))
                f->tok[l->first + 1].pad = widest - n;
        }
    }
}

/* The token of a line outside brackets that stood at this column of the source, blanks before it; -1. */
static int token_at(const Format *f, const Line *l, int col)
{
    At at = { 0 };
    for (int k = l->first; k < l->last && !l->continues && f->tok[k].col <= col; k++) {
        if (k > l->first && at.depth == 0 && f->tok[k].col == col)
            return f->tok[k].gap > 0 ? k : -1;
        pass(&at, &f->tok[k]);
    }
    return -1;
}

static int column_of(const Format *f, const Line *l, int token)
{
    At at = { 0 };
    int w = l->indent;
    for (int k = l->first; k <= token; k++) {
        if (k > l->first)
            w += blanks(&at, k > 1 ? &f->tok[k - 2] : NULL, &f->tok[k - 1], &f->tok[k]) + f->tok[k].pad;
        if (k < token)
            w += f->tok[k].w;
        pass(&at, &f->tok[k]);
    }
    return w;
}

/* Lines first .. last - 1 all have a token at this column of the source: they share one again, if the author had widened a blank for it. */
static void align_run(Format *f, int first, int last, int col)
{
    int widest = 0;
    bool meant = false;
    for (int k = first; k < last; k++) {
        int t = token_at(f, &f->lines.at[k], col), c = column_of(f, &f->lines.at[k], t);
        widest = c > widest ? c : widest;
        meant |= f->tok[t].gap > (f->tok[t].starts ? 2 : 1);
    }
    for (int k = first; k < last && meant && last > first + 1; k++) {
        int t = token_at(f, &f->lines.at[k], col);
        f->tok[t].pad += widest - column_of(f, &f->lines.at[k], t);
    }
}

static void align_block(Format *f, int first, int last)
{
    bool wide[WIDTH + 2] = { false };
    for (int k = first; k < last; k++)
        for (int t = f->lines.at[k].first + 1; t < f->lines.at[k].last; t++)
            if (f->tok[t].gap > 1 && f->tok[t].col <= WIDTH)
                wide[f->tok[t].col] = true;
    for (int col = 1; col <= WIDTH; col++)
        for (int k = first; wide[col] && k < last;) {
            int end = k;
            while (end < last && token_at(f, &f->lines.at[end], col) >= 0)
                end++;
            if (end > k)
                align_run(f, k, end, col);
            k = end > k ? end : k + 1;
        }
}

/* What the author has put below one another on lines that follow each other stays so. */
static void align_columns(Format *f)
{
    for (int k = 0; k < f->lines.n;) {
        int end = k + 1;
        while (end < f->lines.n && !f->lines.at[end].gap && f->lines.at[end].indent == f->lines.at[k].indent)
            end++;
        align_block(f, k, end);
        k = end;
    }
}

/* Comments behind code: those of neighbouring lines, and those that already share a column, share one. */
static void align_comments(Format *f)
{
    Vec(int) run = { 0 };
    int *width = NEW_N(f->arena, int, f->lines.n + 1);
    At at = { 0 };
    for (int k = 0; k < f->lines.n; k++) {
        const Line *l = &f->lines.at[k];
        width[k] = l->indent + width_of(f, l->first, l->last, at);
        for (int i = l->first; i < l->last; i++) {
            width[k] += i > l->first ? f->tok[i].pad : 0;
            pass(&at, &f->tok[i]);
        }
    }
    for (int k = 0; k <= f->lines.n; k++) {
        bool trailing = k < f->lines.n && f->lines.at[k].comment >= 0 && f->lines.at[k].first < f->lines.at[k].last;
        if (k < f->lines.n && !trailing)
            continue;
        int last = run.n ? run.at[run.n - 1] : -1;
        int col = trailing ? f->ast->comment[f->lines.at[k].comment].span.first.col : 0;
        bool joins = last >= 0 && trailing && ((last == k - 1 && !f->lines.at[k].gap) || col == f->ast->comment[f->lines.at[last].comment].span.first.col);
        if (!joins && run.n) {
            int to = 0, first = f->ast->comment[f->lines.at[run.at[0]].comment].span.first.col;
            bool same = true;
            for (int i = 0; i < run.n; i++) {
                to = width[run.at[i]] + 2 > to ? width[run.at[i]] + 2 : to;
                same &= f->ast->comment[f->lines.at[run.at[i]].comment].span.first.col == first;
            }
            if (same && first - 1 > to && first - 1 <= WIDTH)
                to = first - 1;
            for (int i = 0; i < run.n; i++)
                f->lines.at[run.at[i]].comment_col = to;
            run.n = 0;
        }
        if (trailing)
            vec_push(f->arena, run, k);
    }
}

/* ---- printing ---- */
static void put_comment(const Format *f, int c, Buf *out)
{
    Span s = f->ast->comment[c].span;
    size_t n = s.last.off - s.first.off;
    const char *p = f->ast->src->text + s.first.off;
    while (n && (p[n - 1] == ' ' || p[n - 1] == '\t' || p[n - 1] == '\r'))
        n--;
    buf_put(out, p, n);
}

static void print_lines(Format *f, Buf *out)
{
    At at = { 0 };
    for (int k = 0; k < f->lines.n; k++) {
        const Line *l = &f->lines.at[k];
        int col = l->indent;
        if (l->gap > 0 && k)
            buf_puts(out, "\n");
        buf_printf(out, "%*s", l->indent, "");
        for (int i = l->first; i < l->last; i++) {
            const Tok *t = &f->tok[i];
            int gap = i > l->first ? blanks(&at, i > 1 ? t - 2 : NULL, t - 1, t) + t->pad : 0;
            buf_printf(out, "%*s", gap, "");
            buf_put(out, t->text, (size_t)t->n);
            col += gap + t->w;
            pass(&at, t);
        }
        if (l->comment >= 0) {
            if (l->first < l->last)
                buf_printf(out, "%*s", l->comment_col > col + 2 ? l->comment_col - col : 2, "");
            put_comment(f, l->comment, out);
        }
        buf_puts(out, "\n");
    }
}

static void format_once(Arena *arena, const Ast *ast, Buf *out)
{
    Format f = { .arena = arena, .ast = ast };
    find_starts(&f);
    read_tokens(&f);
    read_lines(&f);
    break_lines(&f);
    align_words(&f);
    align_columns(&f);
    align_comments(&f);
    print_lines(&f, out);
}

/* Has b the tokens and comments of a? Blanks aside. */
static bool same_text(Arena *arena, const Ast *a, const Ast *b)
{
    Format x = { .arena = arena, .ast = a }, y = { .arena = arena, .ast = b };
    if (a->ntoken != b->ntoken || a->ncomment != b->ncomment)
        return false;
    read_tokens(&x);
    read_tokens(&y);
    for (int k = 0; k < x.ntok; k++)
        if (x.tok[k].n != y.tok[k].n || memcmp(x.tok[k].text, y.tok[k].text, (size_t)x.tok[k].n))
            return false;
    for (int k = 0; k < a->ncomment; k++) {
        Buf p = { 0 }, q = { 0 };
        put_comment(&x, k, &p);
        put_comment(&y, k, &q);
        bool same = p.n == q.n && !memcmp(p.at, q.at, p.n);
        buf_free(&p);
        buf_free(&q);
        if (!same)
            return false;
    }
    return true;
}

bool format_source(Arena *arena, Diags *diags, const Source *src, Buf *out)
{
    const Ast *ast = parse_source(arena, diags, src);
    ice_pass = "format";
    if (diags->errors)
        return false;
    for (int round = 0; round < 8; round++) {
        Buf b = { 0 };
        format_once(arena, ast, &b);
        const char *text = arena_strndup(arena, b.at ? b.at : "", b.n);
        size_t n = b.n;
        buf_free(&b);
        const Ast *again = parse_source(arena, diags, source_from_text(arena, src->path, text, n));
        if (diags->errors || !same_text(arena, ast, again))
            ice("%s would change its meaning", src->path);
        if (n == ast->src->len && !memcmp(text, ast->src->text, n)) {
            buf_put(out, text, n);
            return true;
        }
        ast = again;
    }
    ice("%s does not come to rest", src->path);
}
