/* c99.h -- private to emit/: what c99.c (statements) and c99_interface.c (what the caller sees) share. */
#ifndef MFL_C99_H
#define MFL_C99_H
#include "emit.h"

typedef struct C {
    const LProgram *p;
    Buf *o;                                       /* where text goes now */
    const char *name, *real, *suffix;             /* of the problem; the real type in C, and its suffix in the runtime's function names */
    char *upper;
    const char *said;                             /* the last comment of a statement */
    bool mean;                                    /* the statement is a mean, not a derivative of one */
    bool checks;                                  /* NAME_check is wanted */
    LEntryKind kind;                              /* of the entry that is being printed, or whose phase is */
    bool *by_value;                               /* by id: numbers that the function only reads: their names are the values, not pointers to them */
    bool uses_data, uses_meta, uses_out, uses_work, uses_step, uses_carried, uses_status;   /* arguments of the function that is being printed */
} C;

enum { C99_ADD = LE_KINDS, C99_TASKS, C99_CHECK, C99_FUNCTIONS };      /* functions made of entries, numbered behind them */

/* ---- c99_expr.c ---- */
enum { P_SELECT = 1, P_OR, P_AND, P_EQ, P_REL, P_ADD, P_MUL, P_UNARY, P_ATOM };      /* how tightly what is around an expression binds; 0: nothing is around it */
void c99_number(C *, double, bool bare);
void c99_factor(C *, double, int outer);         /* a number, or the ratio of sizes that it is */
void c99_expr(C *, const LExpr *, int outer);
void c99_element(C *, const LBuf *, LExpr *const *idx);
void c99_pointer(C *, const LPtr *);
const char *c99_type(const C *, DType);          /* of an element in memory */
void c99_size(C *, Name, int64_t);               /* the name, or the number where there is none */
void c99_count(C *, const LPtr *, int64_t n);    /* n elements from there */
void c99_bytes(C *, const LPtr *, int64_t n);
void c99_side(C *, const LPtr *, bool first, int64_t n);     /* rows or columns of a matrix */
void c99_lead(C *, const LPtr *, int64_t ld);
void c99_elements(C *, const Leaf *);
/* ---- c99_text.c ---- */
void c99_finish(C *, const LStmt *, size_t from, int indent);            /* the statement printed from there on gets its comment, and its line ends */
void c99_paragraph(C *, const LStmt *, const LStmt **before);            /* a blank line before the statement, where a new paragraph begins */
/* ---- c99_sums.c ---- */
void c99_parts(C *, const LStmt *, size_t from, int n);   /* the declaration of a sum's lanes, a statement printed from there on */
void c99_lanes(C *, const LStmt *, int n);       /* a loop in lanes */
bool c99_is_sum(const LBlock *, int k);          /* do the statements from k on make one sum, and nothing else? */
void c99_sum(C *, const LBlock *, int k, int n);
/* ---- c99_calls.c: a statement each ---- */
void c99_copy(C *, const LStmt *, int n);
void c99_put(C *, const LStmt *, int n);         /* a copy to the caller's outer or grad */
bool c99_goes_to(const LBlock *, int k, LStorage);        /* is statement k such a copy? */
int c99_put_gradient(C *, const LBlock *, int k, int n);  /* all parts of the gradient from k on; returns the last */
int c99_put_logs(C *, const LBlock *, int k, int n);      /* all values of log lines from k on; returns the last */
void c99_gemm(C *, const LGemm *);
void c99_kernel(C *, const LStmt *);
void c99_invoke(C *, const LStmt *);
void c99_ask(C *, const LStmt *);
void c99_snapshot(C *, const LStmt *);
void c99_print_check(C *, const LStmt *);
void c99_arguments(C *, const LFunc *, bool types);       /* of a phase: just what it and what it calls use */
bool c99_uses_index(const LFunc *, int k);
/* ---- c99_work.c ---- */
void c99_sizes(C *);
void c99_map(C *, const LEntry *, LFunc *const *funcs);
/* ---- c99.c, c99_interface.c ... ---- */
void c99_begin(C *, const LProgram *, const C99Options *);
void c99_banner(C *);                            /* the first lines of every file */
void c99_say(C *, const char *template);        /* text in which @ is the problem's name, ^ the same in capitals, $ the real type */
bool c99_one_of(const char *const *list, const char *text, size_t n);
void c99_indent(C *, int n);
const char *c99_field(const C *, const char *dotted);      /* a leaf's name as C struct members: words of C and C++ get a `_` behind, which no MFL name has */
void c99_uses_of(C *, const LFunc *);
void c99_locals(C *, const LFunc *);
void c99_block(C *, const LBlock *, int n);
void c99_prototype(C *, int function);           /* with its comment; an LEntryKind, or one of the above */
extern const int c99_order[C99_FUNCTIONS];       /* in headers */
const char *c99_prototype_of(int function);      /* the template, see c99_say */
bool c99_offers(const C *, int function);        /* does this program have it? */
void c99_inputs(C *);
void c99_check(C *);
void c99_entry(C *, const LEntry *);
void c99_tasks(C *);
void c99_header(C *);
void c99_structs_of(C *);
void c99_descriptor(C *);
#endif
