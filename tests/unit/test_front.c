/* test_front.c -- scanner and parser: what binds how tightly, the place of everything, going on after a mistake, limits that are stated instead of hit. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include "ast.h"

static Arena *arena;
static Diags diags;
static const Source *src;
static void setup(void) { arena = arena_new("test"); diags = (Diags){ .arena = arena }; }
static void teardown(void) { arena_free(arena); }
TestSuite(front, .init = setup, .fini = teardown);

static Ast *parse(const char *text, size_t n)
{
    diags = (Diags){ .arena = arena };
    src = source_from_text(arena, "t.mfl", text, n);
    return parse_source(arena, &diags, src);
}

/* ---- precedence: an expression as nested lists ---- */

static void list(Buf *b, const Expr *e)
{
    static const char *const op[] = { "+", "-", "*", "/", "@", "%", "^", "<", "<=", ">", ">=", "==", "!=", "and", "or" };
    const Expr *part[] = { e->a, e->b, e->c };
    switch (e->kind) {
    case E_NUM: buf_printf(b, "%g", e->num); return;
    case E_NAME: buf_puts(b, e->name); return;
    case E_FIELD: buf_puts(b, "(. "); list(b, e->a); buf_printf(b, " %s)", e->name); return;
    case E_CALL: buf_printf(b, "(%s", e->name); break;
    case E_INDEX: buf_puts(b, "([]"); break;
    case E_NEG: buf_puts(b, "(neg"); break;
    case E_NOT: buf_puts(b, "(not"); break;
    case E_BINARY: buf_printf(b, "(%s", op[e->op]); break;
    case E_IF: buf_puts(b, "(if"); break;
    case E_OVER: buf_printf(b, "(%s over", e->name); break;
    }
    for (int k = 0; k < 3; k++)
        if (part[k]) {
            buf_puts(b, " ");
            list(b, part[k]);
        }
    for (int k = 0; k < e->narg; k++) {
        buf_printf(b, " %s%s", e->arg[k].name.name ? e->arg[k].name.name : "", e->arg[k].name.name ? "=" : "");
        list(b, e->arg[k].value);
    }
    for (int k = 0; k < e->nitem; k++) {
        const Item *i = &e->item[k];
        buf_puts(b, i->kind == ITEM_NONE ? " none" : " ");
        if (i->kind == ITEM_AT)
            list(b, i->at);
        if (i->kind == ITEM_SLICE) {
            if (i->lo)
                list(b, i->lo);
            buf_puts(b, ":");
            if (i->hi)
                list(b, i->hi);
        }
    }
    buf_puts(b, ")");
}

Test(front, precedence)
{
    static const struct { const char *text, *tree; } cases[] = {
        { "a + b * c", "(+ a (* b c))" }, { "a - b - c", "(- (- a b) c)" }, { "a / b * c", "(* (/ a b) c)" }, { "a @ b * c @ d", "(@ (* (@ a b) c) d)" }, { "a + b % c * d", "(+ a (* (% b c) d))" }, { "-a % b", "(% (neg a) b)" },
        { "-x^2", "(neg (^ x 2))" }, { "2^-x", "(^ 2 (neg x))" }, { "a^b^c", "(^ a (^ b c))" }, { "(a^b)^c", "(^ (^ a b) c)" }, { "-a * b", "(* (neg a) b)" }, { "a * -b", "(* a (neg b))" }, { "--a", "(neg (neg a))" },
        { "a < b + 1", "(< a (+ b 1))" }, { "not a < b and c or d", "(or (and (not (< a b)) c) d)" }, { "a or b and c", "(or a (and b c))" },
        { "if a then b else c + d", "(if a b (+ c d))" }, { "1 + (if a then b else c)", "(+ 1 (if a b c))" }, { "if a then b else if c then d else e", "(if a b (if c d e))" },
        { "a.b.c[0]", "([] (. (. a b) c) 0)" }, { "a[i][j]", "([] ([] a i) j)" }, { "-a[i]", "(neg ([] a i))" }, { "a[i]^2", "(^ ([] a i) 2)" }, { "f(x)[0]", "([] (f x) 0)" }, { "a[1:, :n, :, none, -1]", "([] a 1: :n : none (neg 1))" },
        { "f(a, rate = 2, b)", "(f a rate=2 b)" }, { "sum[i, j](a[i, j])", "(sum over ([] a i j))" }, { "sum(a) + sum[k](b[k])", "(+ (sum a) (sum over ([] b k)))" },
        { "1e3 + .5 + 2. + 1.5e-2", NULL },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char *text = arena_printf(arena, "inner = %s\n", cases[k].text);
        Ast *ast = parse(text, strlen(text));
        if (!cases[k].tree)
            continue;
        cr_assert(ast && ast->ndecl == 1 && !diags.errors, "%s: %s", cases[k].text, diags.all.n ? diags.all.at[0].text : "nothing is parsed");
        Buf b = { 0 };
        list(&b, ast->decl[0].body->stmt[0].value);
        cr_expect_str_eq(b.at, cases[k].tree, "%s: %s, expected %s", cases[k].text, b.at, cases[k].tree);
        buf_free(&b);
    }
}

Test(front, numbers)
{
    static const struct { const char *text; double value; bool whole; } cases[] = {
        { "0", 0, true }, { "12", 12, true }, { "9007199254740991", 9007199254740991., true }, { "9007199254740993", 9007199254740993., false }, { "1.0", 1, false }, { "1e3", 1e3, false },
        { "1.5e-3", 1.5e-3, false }, { "2.2250738585072014e-308", 2.2250738585072014e-308, false }, { "0.1", 0.1, false }, { "123456789012345678901234567890", 123456789012345678901234567890., false },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char *text = arena_printf(arena, "inner = %s\n", cases[k].text);
        Ast *ast = parse(text, strlen(text));
        cr_assert(ast && ast->ndecl == 1, "%s", cases[k].text);
        const Expr *e = ast->decl[0].body->stmt[0].value;
        cr_expect(e->kind == E_NUM && e->num == cases[k].value && e->whole == cases[k].whole, "%s: %.17g%s", cases[k].text, e->num, e->whole ? ", whole" : "");
    }
}

/* ---- places ---- */

static char *covered(Span s) { return arena_strndup(arena, s.src->text + s.first.off, s.last.off - s.first.off); }

static void place_is(Span s, const char *text, int line, int col, const char *what)
{
    cr_assert(s.src, "%s has no place", what);
    cr_expect_str_eq(covered(s), text, "%s covers `%s`, not `%s`", what, covered(s), text);
    cr_expect(s.first.line == line && s.first.col == col, "%s stands at %d:%d, not %d:%d", what, s.first.line, s.first.col, line, col);
}

Test(front, places)
{
    const char *text = "# \xc3\xa9t\xc3\xa9\nproblem p\nmeta  m[N, 2 * D] = -2   # h\xc3\xa9llo\nfn f(a, b[n]) = a *\n  tanh(b.c[1:n])\nstep w by sgd(rate = 0.1)\n  for T\n";
    Ast *ast = parse(text, strlen(text));
    cr_assert(ast && !diags.errors && ast->ndecl == 4);
    const Decl *m = &ast->decl[1], *f = &ast->decl[2], *w = &ast->decl[3];
    place_is(m->name.span, "m", 3, 7, "the name of m");
    place_is(m->declared->size[1]->at, "*", 3, 14, "the operator in a size");
    place_is(m->declared->init->span, "-2", 3, 21, "the initial value");
    cr_expect_str_eq(m->declared->comment, "h\xc3\xa9llo");
    const Expr *e = f->body->stmt[0].value;
    place_is(e->span, "a *\n  tanh(b.c[1:n])", 4, 17, "a product over two lines");
    place_is(e->at, "*", 4, 19, "its operator");
    place_is(e->b->at, "tanh", 5, 3, "the name of a call");
    place_is(e->b->arg[0].value->span, "b.c[1:n]", 5, 8, "an index");
    place_is(e->b->arg[0].value->a->at, "c", 5, 10, "a field");
    place_is(e->b->arg[0].value->item[0].span, "1:n", 5, 12, "a slice");
    place_is(w->rule.span, "sgd", 6, 11, "the rule");
    place_is(w->arg[0].name.span, "rate", 6, 15, "an argument's name");
    place_is(w->count->span, "T", 7, 7, "the count");
}

/* ---- mistakes ---- */

static bool says(int k, const char *words, int line)
{
    return k < diags.all.n && strstr(diags.all.at[k].text, words) && diags.all.at[k].span.first.line == line;
}

static bool has_error(int line)
{
    for (int k = 0; k < diags.all.n; k++)
        if (diags.all.at[k].span.first.line == line)
            return true;
    return false;
}

Test(front, goes_on_after_a_mistake)
{
    const char *text = "problem p\ndim N = = 3\nmeta m = 0\nparam w[ = 0\nfn f(a) = a +\ninner = f(w) * m\nstep w by sgd(rate = 0.1) for 10\nouter = sum(w^2\n";
    Ast *ast = parse(text, strlen(text));
    cr_expect(has_error(2) && has_error(4), "not every line's mistake is reported");
    cr_expect(diags.errors >= 3 && diags.errors <= 8, "%d errors", diags.errors);
    bool meta = false, step = false;
    for (int k = 0; ast && k < ast->ndecl; k++) {
        meta |= ast->decl[k].kind == D_META;
        step |= ast->decl[k].kind == D_STEP;
    }
    cr_expect(meta && step, "what is right between the mistakes is parsed");
}

/* Whatever is left out of a program, no error is without place or text, and nothing that its kind promises is NULL. */
static void promised(const Expr *e)
{
    cr_assert(e && e->span.src && e->at.src);
    if (e->kind == E_BINARY || e->kind == E_IF)
        cr_assert(e->a && e->b);
    if (e->kind == E_IF)
        cr_assert(e->c);
    if (e->kind == E_NEG || e->kind == E_NOT || e->kind == E_INDEX || e->kind == E_FIELD || e->kind == E_OVER)
        cr_assert(e->a);
    for (int k = 0; k < e->narg; k++)
        promised(e->arg[k].value);
    const Expr *part[] = { e->a, e->b, e->c };
    for (int k = 0; k < 3; k++)
        if (part[k])
            promised(part[k]);
}

Test(front, damaged_programs)
{
    const char *text = "problem p\nstruct S[i] { w[i] = 0  b : T }\ndata x[N, D] from \"a.csv\" columns 1..3, y[N] : index(3)\nmeta m : S[2]\nparam w[D] = if 1 < 2 then 0 else normal(1 / sqrt(D))\n"
                       "fn f(p : S, a[n]) {\n  for i in 0:n { h = h + p.w[i] * a[:, none]  ys[i] = h }\n  log q = sum[i](a[i])\n  return -h^2 @ ys\n}\noptimizer o(r) on p, g { state v = 0  v = g  p = p - r * v }\n"
                       "inner = f(m, x)\nstep w by o(r = 0.1) for 5\nouter over steps = sum(w)\ntruncate 3\nlearn m by o(1) for 2\n";
    size_t n = strlen(text);
    Ast *ast = parse(text, n);
    cr_assert(ast && !diags.errors, "%s", diags.all.n ? diags.all.at[0].text : "");
    for (size_t cut = 0; cut < n; cut++)
        for (int way = 0; way < 3; way++) {
            char *bad = arena_strndup(arena, text, n);
            size_t len = n;
            if (way == 0)
                bad[cut] = "([{)]}=+,;:\"\x01\xff 0a"[cut % 17];
            else if (way == 1)
                memmove(bad + cut, bad + cut + 1, len-- - cut);
            else
                len = cut;
            ast = parse(bad, len);
            for (int k = 0; k < diags.all.n; k++)
                cr_assert(diags.all.at[k].text[0] && diags.all.at[k].span.src && diags.all.at[k].span.first.off <= len);
            for (int k = 0; ast && k < ast->ndecl; k++) {
                const Decl *d = &ast->decl[k];
                for (int i = 0; d->body && i < d->body->nstmt; i++)
                    if (d->body->stmt[i].kind == S_LET || d->body->stmt[i].kind == S_RETURN)
                        promised(d->body->stmt[i].value);
                for (int i = 0; i < d->narg; i++)
                    promised(d->arg[i].value);
            }
        }
}

/* ---- limits ---- */

static void repeated(const char *head, const char *part, int n, const char *tail)
{
    Buf b = { 0 };
    buf_puts(&b, head);
    for (int k = 0; k < n; k++)
        buf_puts(&b, part);
    buf_puts(&b, tail);
    parse(b.at, b.n);
    buf_free(&b);
}

Test(front, limits_are_stated)
{
    repeated("inner = ", "(", NESTING - 10, "x");
    cr_expect(diags.errors > 0);
    repeated("inner = ", "(", 100000, "x");
    cr_expect(diags.errors >= 1 && diags.errors <= 3 && says(0, "deep", 1), "%d errors: %s", diags.errors, diags.all.at[0].text);
    repeated("inner = x", " + x", EXPR_DEPTH + 10, "\n");
    cr_expect(diags.errors == 1, "%d errors", diags.errors);
    repeated("inner = x", " + x", EXPR_DEPTH - 10, "\n");
    cr_expect_eq(diags.errors, 0);
    repeated("inner = ", "-", 100000, "x\n");
    cr_expect(diags.errors >= 1);
    repeated("inner ", "{ for i in 0:2 ", 5000, "\n");
    cr_expect(diags.errors >= 1);
    repeated("problem ", "a", 255, "\n");
    cr_expect_eq(diags.errors, 0);
    repeated("problem ", "a", 1000000, "\n");
    cr_expect(diags.errors >= 1 && says(0, "255", 1), "%d errors: %s", diags.errors, diags.errors ? diags.all.at[0].text : "");
    repeated("", "\n", 1000000, "x");
    cr_expect(diags.errors == 1 && diags.all.at[0].span.first.line == 1000001);
}
