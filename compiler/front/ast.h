/* ast.h -- what the parser makes of one .mfl file: declarations, statements, expressions, each with its place.
 *
 * Output of parse_source(); input of the checker (sema.h) and of the formatter. Nothing here is checked beyond syntax: names may be
 * unknown, types wrong, declarations repeated. No Expr or Body pointer that its kind promises is NULL: what did not parse is left out
 * (and reported). Nesting of expressions is at most EXPR_DEPTH, so that passes may recurse. Everything lives in the arena of the parse. */
#ifndef MFL_AST_H
#define MFL_AST_H
#include "base.h"

enum { EXPR_DEPTH = 5000, NESTING = 1000, LONGEST = 255 };   /* depth of an expression's tree; brackets and blocks inside each other; characters of a name */

typedef struct Expr Expr;
typedef struct Stmt Stmt;
typedef struct Body Body;
typedef struct Decl Decl;
typedef struct NameAt { Name name; Span span; } NameAt;                  /* a name and its place; name NULL: not given */
typedef struct Arg { NameAt name; Expr *value; } Arg;                    /* f(x, rate = 0.1): name.name is NULL for x */

/* ---- expressions ---- */
typedef enum { ITEM_AT, ITEM_SLICE, ITEM_NONE } ItemKind;                /* a[i]  a[lo:hi]  a[none] */
typedef struct Item { ItemKind kind; Span span; Expr *at; Expr *lo, *hi; } Item;   /* SLICE: lo and hi may be NULL; the span of `:` alone is that character */

typedef enum { E_NUM, E_NAME, E_CALL, E_INDEX, E_FIELD, E_NEG, E_NOT, E_BINARY, E_IF, E_OVER } ExprKind;
typedef enum { B_ADD, B_SUB, B_MUL, B_DIV, B_MATMUL, B_MOD, B_POW, B_LT, B_LE, B_GT, B_GE, B_EQ, B_NE, B_AND, B_OR } BinaryOp;
struct Expr {
    ExprKind kind;
    BinaryOp op;                     /* BINARY */
    bool     whole;                  /* NUM: written without a point or exponent, and below 2^53 */
    bool     parens;                 /* stands in parentheses of its own; they are inside span */
    int      depth;                  /* 1 for a leaf */
    int      nparens;                /* how many pairs of parentheses stand directly around it */
    double   num;                    /* NUM */
    Name     name;                   /* NAME CALL FIELD OVER ("sum"); `step` is a NAME */
    Span     span;                   /* all of it */
    Span     at;                     /* where an error about this operation points: the operator of BINARY NEG NOT, the `if`, the name of CALL
                                        NAME OVER, the name after the dot of FIELD, else the first token (of INDEX: as of its base) */
    Expr    *a, *b, *c;              /* BINARY: a op b. IF: if a then b else c. NEG NOT: a. INDEX FIELD: a is the base. OVER: a is the body */
    Arg     *arg;    int narg;       /* CALL */
    Item    *item;   int nitem;      /* INDEX: at least one */
    NameAt  *letter; int nletter;    /* OVER: sum[i, j](a) */
};

/* ---- statements ---- */
typedef enum { S_LET, S_LET_INDEX, S_RETURN, S_LOG, S_STATE, S_FOR_RANGE, S_FOR_EACH } StmtKind;
struct Body { bool is_expr;          /* written `= e`: one S_RETURN whose spans are those of e */
              Stmt *stmt; int nstmt;
              Span span;             /* of the braces and what is between, or of the expression */
              Span close; };         /* the closing brace; src NULL for `= e` */
typedef struct StateVar { NameAt name; Expr *init; } StateVar;
struct Stmt {
    StmtKind kind;
    Span     span;                   /* all of it */
    Span     at;                     /* its first token: the name, `return`, `log`, `state`, `for` */
    NameAt   name;                   /* LET LET_INDEX LOG: what is bound. FOR: the loop variable */
    Item    *item; int nitem;        /* LET_INDEX: ys[i] = e. Slices parse; the checker says they do not belong here */
    Expr    *value;                  /* LET LET_INDEX RETURN LOG. FOR_EACH: what it runs over */
    Expr    *lo, *hi;                /* FOR_RANGE: for i in lo:hi */
    Body    *body;                   /* FOR: braces always */
    StateVar *state; int nstate;     /* STATE */
};

/* ---- declarations ---- */
typedef enum { TYPE_NONE, TYPE_REAL, TYPE_INT, TYPE_INDEX, TYPE_STRUCT } TypeKind;     /* any other word than real, int, index is a STRUCT's name */
typedef struct TypeRef {
    TypeKind kind; Name name; Span span;     /* span: the name alone, without sizes; kind NONE: not written */
    Expr    *bound;                          /* INDEX: C of index(C) */
    Expr   **size; int nsize;                /* STRUCT: S[i, o]; 0 when written without brackets */
    bool     brackets;                       /* STRUCT: brackets were written */
} TypeRef;

typedef struct Column { bool by_name; Name name; int lo, hi; Span span; } Column;   /* columns 1..10 -> lo 1, hi 10; columns 3 -> lo = hi = 3; columns a -> by_name */

/* name[sizes] : type like other = init from "file" columns ...: a declared array, record, scalar, field or argument. */
typedef struct Declared {
    NameAt  name;
    Span    span;                            /* all of it */
    Expr  **size; int nsize;
    TypeRef type;
    NameAt  like;
    Expr   *init;                            /* NULL: none */
    char   *from; Span from_span;            /* NULL: none; the span has the quotes */
    char   *columns; Span columns_span;      /* the text after `columns`: "1..10" or "a, b"; NULL: none */
    Column *column; int ncolumn;
    const char *comment;                     /* the comment at the end of its last line, without # and outer blanks; NULL: none */
} Declared;

typedef enum { D_PROBLEM, D_DIM, D_CONST, D_DATA, D_META, D_PARAM, D_STRUCT, D_FN, D_INNER, D_OUTER, D_PATH /* outer over steps */,
               D_OUTER_AT_OPTIMUM, D_STEP, D_TRUNCATE, D_LEARN, D_OPTIMIZER, D_IMPORT } DeclKind;
/* One declared name each: `dim A, B` is two Decls, the second with joined set. */
struct Decl {
    DeclKind  kind;
    Span      span;                          /* all of it; of a joined one: from its name on */
    Span      keyword;                       /* its first word: `inner`, `step`, ... (of a joined one: that of the first) */
    NameAt    name;                          /* PROBLEM DIM CONST DATA META PARAM STRUCT FN OPTIMIZER */
    bool      joined;                        /* stands after a comma: continues the declaration before it */
    bool      task;                          /* DATA: task data */
    Declared *declared;                      /* DIM CONST (init), DATA META PARAM */
    NameAt   *size; int nsize;               /* STRUCT: S[i, o] */
    Declared *item; int nitem;               /* STRUCT: the fields. FN OPTIMIZER: the arguments */
    Body     *body;                          /* FN INNER OUTER PATH OUTER_AT_OPTIMUM OPTIMIZER */
    NameAt   *target; int ntarget;           /* STEP: one param. LEARN: the metas */
    NameAt    rule;                          /* STEP LEARN: the optimizer */
    Arg      *arg; int narg;                 /* STEP LEARN: its arguments */
    Expr     *count;                         /* STEP LEARN: for T. TRUNCATE: K */
    NameAt    p, g;                          /* OPTIMIZER: on p, g */
    char     *path; Span path_span;          /* IMPORT: the text between the quotes; the span has the quotes */
    const char *comment;                     /* as in Declared */
};

typedef struct Comment { Span span; bool alone; } Comment;     /* from # to the end of its line; alone: nothing stands before it on the line */
typedef struct Ast {
    const Source *src;
    Decl    *decl;    int ndecl;
    Comment *comment; int ncomment;          /* in order, for the formatter */
    Span    *token;   int ntoken;            /* the same */
    Name    *grad;    int ngrad;             /* w of each grad[w](...) */
    struct Ast *parent; Span imported_at;    /* set by imports.c: the file whose import line named this one, and that line's string; NULL for the main file and std */
} Ast;

/* Parses a file. Reports what is wrong and returns what could be read all the same; never NULL. */
Ast *parse_source(Arena *, Diags *, const Source *);
const char *binary_text(BinaryOp);           /* "+", "and", ... */
Span span_join(Span first, Span last);       /* from the first one's start to the last one's end */
/* ---- habits.c: what is written here instead of a name of other languages ---- */
const char *habit_of_name(Name);                  /* NULL: nothing known */
const char *habit_text(Arena *, Name);            /* "; HINT", or "" */
#endif
