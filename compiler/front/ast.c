/* ast.c -- making the nodes of the syntax tree, and parse_source, which runs the parser over one file. */
#include "syntax.h"

void scan_and_parse(Syntax *);

Expr *expr_new(Syntax *syn, ExprKind kind, Span span, Span at)
{
    Expr *e = NEW(syn->arena, Expr);
    e->kind = kind;
    e->span = span;
    e->at = at;
    e->depth = 1;
    return e;
}

Span span_join(Span first, Span last)
{
    first.last = last.last;
    return first;
}

/* A tree that is too deep is replaced by a number, after one error. */
static Expr *shallow(Syntax *syn, Expr *e)
{
    if (e->depth <= EXPR_DEPTH)
        return e;
    if (!syn->too_deep)
        diag_error(syn->diags, e->at, NULL, "this expression is more than %d operations deep; give parts of it names", EXPR_DEPTH);
    syn->too_deep = true;
    return expr_new(syn, E_NUM, e->span, e->at);
}

Expr *expr_binary(Syntax *syn, BinaryOp op, Expr *a, Span at, Expr *b)
{
    Expr *e = expr_new(syn, E_BINARY, span_join(a->span, b->span), at);
    e->op = op;
    e->a = a;
    e->b = b;
    e->depth = 1 + (a->depth > b->depth ? a->depth : b->depth);
    return shallow(syn, e);
}

Expr *expr_over(Syntax *syn, Expr *base, ItemList *items, Expr *body, Span span)
{
    Expr *e = expr_new(syn, E_OVER, span, base->at);
    e->a = body;
    e->name = base->kind == E_NAME ? base->name : intern("?");
    e->depth = body->depth + 1;
    if (base->kind != E_NAME)
        diag_error(syn->diags, base->at, NULL, "sum[k](...), mean[k](...), max[k](...) or min[k](...) is expected before `(`");
    e->letter = NEW_N(syn->arena, NameAt, items->n + 1);
    for (int k = 0; k < items->n; k++) {
        const Item *it = &items->at[k];
        if (it->kind != ITEM_AT || it->at->kind != E_NAME) {
            diag_error(syn->diags, it->span, NULL, strcmp(e->name, "grad") ? "a letter is expected: %s[i, j](...)" : "a name is expected: %s[w](...)", e->name);
            continue;
        }
        e->letter[e->nletter++] = (NameAt){ it->at->name, it->at->span };
        if (!strcmp(e->name, "grad"))
            vec_push(syn->arena, syn->grads, it->at->name);
    }
    return shallow(syn, e);
}

void syntax_add(Syntax *syn, Decl d) { vec_push(syn->arena, syn->decls, d); }

void syntax_close(Syntax *syn, char what)
{
    for (int k = syn->open.n - 1; k >= 0; k--)
        if (syn->open.at[k].what == what) {
            memmove(syn->open.at + k, syn->open.at + k + 1, sizeof *syn->open.at * (size_t)(syn->open.n - k - 1));
            syn->open.n--;
            return;
        }
}

/* The comment that stands behind a declared array on its last line. */
void comment_for(Syntax *syn, Declared *d)
{
    for (int k = syn->comments.n - 1; k >= 0; k--) {
        const Comment *c = &syn->comments.at[k];
        if (c->alone || c->span.first.line != d->span.last.line || c->span.first.off < d->span.last.off)
            continue;
        const char *from = syn->src->text + c->span.first.off + 1, *to = syn->src->text + c->span.last.off;
        while (from < to && (*from == ' ' || *from == '\t'))
            from++;
        while (to > from && (to[-1] == ' ' || to[-1] == '\r'))
            to--;
        d->comment = arena_strndup(syn->arena, from, (size_t)(to - from));
        return;
    }
}

const char *binary_text(BinaryOp op)
{
    static const char *const text[] = { "+", "-", "*", "/", "@", "%", "^", "<", "<=", ">", ">=", "==", "!=", "and", "or" };
    return text[op];
}

Ast *parse_source(Arena *arena, Diags *diags, const Source *src)
{
    Syntax syn = { .arena = arena, .diags = diags, .src = src };
    Ast *a = NEW(arena, Ast);
    scan_and_parse(&syn);
    for (int k = 0; k < syn.decls.n; k++)
        if (syn.decls.at[k].declared)
            comment_for(&syn, syn.decls.at[k].declared);
    a->src = src;
    a->decl = syn.decls.at;
    a->ndecl = syn.decls.n;
    a->comment = syn.comments.at;
    a->ncomment = syn.comments.n;
    a->token = syn.tokens.at;
    a->ntoken = syn.tokens.n;
    a->grad = syn.grads.at;
    a->ngrad = syn.grads.n;
    return a;
}
