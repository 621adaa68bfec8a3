/* syntax.h -- private to the scanner and the parser: the state of one parse. */
#ifndef MFL_SYNTAX_H
#define MFL_SYNTAX_H
#include "ast.h"

typedef Vec(Expr *) ExprList;
typedef Vec(Arg) ArgList;
typedef Vec(Item) ItemList;
typedef Vec(NameAt) NameList;
typedef Vec(Stmt) StmtList;
typedef Vec(StateVar) StateList;
typedef Vec(Declared) DeclaredList;
typedef struct Open { Span span; char what; } Open;

typedef struct Syntax {
    Arena *arena;
    Diags *diags;
    const Source *src;
    Vec(Decl) decls;
    Vec(Comment) comments;
    Vec(Span) tokens;
    Vec(Name) grads;                 /* as in Ast */
    Vec(Open) open;                  /* brackets that are open, for messages */
    int   last;                      /* the token before */
    Span  last_span;
    bool  too_deep, stop;
    bool  skip;                      /* the token of the error begins no declaration */
    int   strange_line;              /* the last line with a character that is nothing */
} Syntax;

/* ---- ast.c: making nodes ---- */
Expr *expr_new(Syntax *, ExprKind, Span span, Span at);
Expr *expr_binary(Syntax *, BinaryOp, Expr *a, Span op, Expr *b);
Expr *expr_over(Syntax *, Expr *base, ItemList *items, Expr *body, Span span);   /* sum[i, j](body) */
/* ---- habits.c: NULL where there is nothing to say ---- */
const char *habit_at(const Syntax *, Span at, const char *expected);             /* of a syntax error */
const char *habit_of_character(const Source *, size_t at);
void  comment_for(Syntax *, Declared *);
void  syntax_add(Syntax *, Decl);
void  syntax_close(Syntax *, char what);
#endif
