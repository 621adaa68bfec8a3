/* sema.h -- shared by the checker's files: values during elaboration, scopes, the checker's state.
 *
 * Elaboration is evaluation: expressions are evaluated over Vals, whose array parts are nodes of the graph being built. Functions are
 * inlined at each call. Static numbers (dims, integer constants, literals) stay numbers until they meet an array.
 * Who writes what: decls.c structs.c optimizers.c problem.c imports.c (declarations to a Problem) | expr.c index.c call.c builtins.c
 * notation.c loops.c (expressions and statements). */
#ifndef MFL_SEMA_H
#define MFL_SEMA_H
#include "ast.h"
#include "front.h"

typedef enum { V_ERROR, V_NUM, V_ARRAY, V_RECORD } ValKind;      /* V_ERROR: reported already; poisons silently */
typedef struct StructType StructType;
typedef struct Val Val;
struct Val {
    ValKind  kind;
    double   num; bool whole;                  /* NUM: a compile-time number; whole: an integer */
    Name     dim;                              /* NUM: the dim that it is, or NULL: what has it for a size names the axis so */
    Node    *node;                             /* ARRAY: rank 0 included */
    int64_t  bound;                            /* ARRAY of INT from index(C): C, for messages; 0 otherwise */
    bool     ranged; int64_t lo, hi;           /* ARRAY of INT: every value is in lo..hi, so it may index; not ranged: it may not (int data) */
    Node    *over, *ratio; int64_t by;         /* ARRAY of REAL: where ratio is node, not a part of it, that is over / by, and over an INT array in lo..hi: its floor may index */
    const char *why_not_index;                 /* for messages: "int data", "real" ... may be NULL */
    const StructType *type; Val *field;        /* RECORD: one Val for each type->field; arrays of records hold stacked fields */
    int nlead; int64_t lead[USER_RANK];        /* RECORD: leading axes; 0 for a single record */
};
typedef struct Field { Name name; Span span; int rank; int64_t dim[USER_RANK]; Name axis_name[USER_RANK];
                       const StructType *type;              /* of a record field; NULL for an array */
                       int nlead; int64_t lead[USER_RANK];  /* of a record field: blocks[L] : S */
                       const struct Expr *init; } Field;
struct StructType { Name name; Span span; int nsize; Name *size_name; int64_t *size; int nfield; Field *field;
                    const char *text; };       /* instantiated: "Dense[3, 1]"; one object for equal name and sizes: compare pointers */

/* What a name means. */
typedef enum { SYM_DIM, SYM_CONST, SYM_DATA, SYM_META, SYM_PARAM, SYM_STATE, SYM_FN, SYM_STRUCT, SYM_OPTIMIZER, SYM_LOCAL, SYM_ARG, SYM_STEP, SYM_LETTER } SymKind;
typedef struct Sym {
    SymKind kind; Name name; Span span;        /* where it is declared: for notes */
    const struct Decl *decl;                   /* of top-level symbols */
    Val val;                                   /* SYM_DIM, CONST (array constants are rebuilt on use), LOCAL, ARG; DATA, META, PARAM: bound per graph */
    Name stands_for;                           /* SYM_DIM, a size of a struct or of an argument: the dim that it is given, or NULL */
    bool has_val, assigned, busy, library;     /* assigned: by a statement of its body, an argument or state too; busy: a const whose value is being found; library: of std/, whose files see each other and nothing of the user's */
} Sym;
typedef struct Scope { struct Scope *up; Vec(Sym *) syms; } Scope;
Sym *scope_find(const Scope *, Name);          /* innermost first, through `up` */
Sym *scope_add(Arena *, Scope *, SymKind, Name, Span);

/* Where an expression stands: which names it may see, for messages such as "w is a param; an optimizer argument cannot read params". */
typedef enum { CTX_SIZE, CTX_CONST, CTX_META_INIT, CTX_PARAM_INIT, CTX_STRUCT_INIT, CTX_INNER, CTX_OUTER, CTX_PATH, CTX_FN, CTX_OPT_ARG, CTX_OPT_BODY, CTX_STATE, CTX_LEARN_ARG } Context;

typedef struct Frame {                         /* one model loop being built, innermost first */
    struct Frame *up; LoopBuilder *builder; Scope *scope; const struct Stmt *loop;
    int64_t trips; Sym *var; void *state;      /* eval_loop.c: what is carried and collected */
} Frame;
/* A local that grad[w](e) reads, where it is read, and w: was it computed from w? Values of one moment, nodes of one graph or of graphs around it. */
typedef Vec(Node *) Nodes;
struct HeldRead { Name name, in; Span at; Nodes v, w; bool *said; };
typedef struct Inside { const Scope *behind; Name name; Span span; } Inside;      /* a name that a loop bound for itself alone, and the scope behind the loop */
typedef struct Sema {
    Arena *arena; Diags *diags; const FrontOptions *opt;
    Vec(struct Ast *) files;                   /* the main file first, then imports and std */
    Vec(StructType *) types;                   /* every instance of a struct: one object for equal name and sizes */
    Scope *library;                            /* below global: what is always there */
    Scope *global;                             /* dims, consts, fns, structs, optimizers (user's, imported, std) */
    Problem *problem;
    int64_t steps;                             /* T, for checks of x[step]; -1 while unknown */
    struct Held *grads;                        /* held.c: the grad[w](...) that are being evaluated, innermost first, */
    Vec(struct HeldRead) held;                 /* and what they read, until the loops around them are ended */
    /* the graph being built */
    Graph *graph;                              /* the outermost of the current loss or update; loop bodies are frames */
    Graph *here;                               /* where nodes go now: graph or the innermost frame's body */
    Frame *frame;
    Context context;
    Type draw_shape;                           /* of the array whose initialiser is being evaluated */
    bool as_base;                              /* the expression is the base of an index or a field */
    Node *seed; int64_t stream;                /* for normal/uniform in initialisers: seed node and a stream number unique to the array */
    Vec(struct { Name name; Node *value; Span span; }) logs;   /* log lines of the graph being built (outermost level; in loops: the last iteration's value) */
    Name log_of;                               /* CTX_OPT_BODY: the array whose update is built, before the names of its log lines: w.size */
    const char *arg_name;                      /* CTX_OPT_ARG, CTX_LEARN_ARG: the argument being evaluated, for messages */
    int in_notation;                           /* > 0: inside index notation, where values are numbers: reductions and indexing of letters' values are refused */
    int notation_calls;                        /* calls.n where the notation stands */
    void *solved;                              /* eval_notation.c: ranges of the letters of the statements being evaluated */
    int nletters; struct Sym **letters;        /* the letters in force, outermost first: arrays have one axis for each, of its range or 1 */
    bool in_library;                           /* inside a function of std/: what it makes is said to come from the call, */
    bool hidden;                               /* and, where that file is always there, its own lines and names are not shown */
    Vec(Inside) inside;                        /* for messages */
    int64_t inlined;                           /* calls made so far */
    Vec(struct FnCall { const struct Decl *fn; Span call; }) calls;   /* the inlining stack: recursion, depth limit 200 */
} Sema;

/* ---- expr.c and friends ---- */
/* Evaluates e. On an error reports it and returns V_ERROR. */
Val   sema_expr(Sema *, Scope *, const struct Expr *);
/* A compile-time whole number; false when reported. what: "a size", "the number of steps" for the message. */
bool  sema_whole(Sema *, Scope *, const struct Expr *, const char *what, int64_t *out);
/* Runs a body (= e, or { ... }); returns the returned value. V_ERROR also when there is no return (reported at `name`, span). */
Val   sema_body(Sema *, Scope *, const struct Body *, Name name, Span span);
/* Runs an optimizer body's statements in scope (rebinding p and states); no return. */
bool  sema_statements(Sema *, Scope *, const struct Body *);
/* Val to a REAL node of s->here (numbers become constants; INT and BOOL are cast); NULL when it is a record (reported at span). */
Node *sema_real(Sema *, Val, Span, const char *what);
Node *sema_node(Sema *, Val);                  /* NUM: INT or REAL scalar constant; ARRAY: its node, captured into s->here if it is of an outer graph */
Val   val_array(Node *), val_num(double, bool whole), val_error(void);
char *val_text(Sema *, Val);                   /* "[8, 3]", "Dense[3, 1]", "a number": for messages */
/* Broadcasts or casts v to exactly a REAL array of this shape; NULL (nothing reported) when it does not fit. */
bool  sema_argument_sizes(Sema *, Scope *, const Decl *fn, const Declared *formal, const Val *, Span at);   /* the sizes that formal declares are those of the value; new names are bound in scope; false: reported */
Node *sema_fit(Sema *, Val, int rank, const int64_t *dim);
/* field by field; every field array in order, with its dotted path ("l1.w") */
void  val_leaves(Sema *, Val, Name path, void (*each)(void *user, Name path, Val *leaf), void *user);
/* Library functions known in C (not std/NAME.mfl): is `name` one? For "nearest name" and for replacing by declarations. */
bool  is_flag(Name);                             /* the bare words keep, causal, upper; resolve.c */
bool  sema_is_builtin(Name);
void  report_unknown(Sema *, const Expr *, Name near);                           /* an unknown name; near: what may have been meant, or NULL */
int   sema_builtin_names(const Name **out);

/* ---- decls.c and friends ---- */
/* The axis names and declared place of a top-level array, for notes: "w is declared here with shape [8, 3]". Adds nothing when unknown. */
void  sema_note_declared(Sema *, Diag *, const struct Expr *);
/* ---- declare.c ---- */
bool  always_there(const char *path);                      /* a library file whose names need no import */
bool  is_library(const Source *);                           /* a file that the compiler brings along */
#endif
