/* low.h -- private to lower/: the state of lowering one program, expressions, values of nodes.
 *
 * A node is either written out where it is used (views, constants, cheap or singly used elementwise values) or stored in a buffer by a statement of its own.
 * Values of loop parameters are the buffers, or the outer nodes, that they stand for. */
#ifndef MFL_LOW_H
#define MFL_LOW_H
#include "lower.h"

typedef struct Env Env;
typedef struct Slot {                          /* what a node's value is */
    LBuf   *buf;                               /* stored: buf[prefix..., index...] */
    LExpr  *prefix[MAX_RANK]; int nprefix;
    Env    *alias_env; Node *alias;            /* or the value of a node outside */
    bool    stored, done;                      /* to be stored; has been */
    LVar   *index_var;                         /* the loop's index parameter */
    LExpr  *index_at;                          /* the same, where it is not a variable */
} Slot;
typedef struct Copied { Node *n; int factor, letter[MAX_RANK], nletter; LBuf *buf; } Copied;   /* factor of product n, stored for it by the letters: aside.c */
/* By node: user is one of the nodes that ask for it, the only one where uses is 1; NULL: a result alone. */
struct Env { Env *outer; Graph *graph; Slot *slot; int *uses; Node **user; bool *need; Vec(Copied) copied; };
typedef struct Low {
    Arena *arena; LProgram *prog; const LowerOptions *opt; Problem *problem;
    LFunc *func; int nvars, ntemps;
    int named;                                    /* buffers of the caller's memory before that one have their final names */
    Vec(struct { const Checkpoints *of; LBuf *buf; }) tables;   /* of loops that save some of their states: see checkpoint.c */
    const char *prefix;
    int *use_at;                                  /* scratch of fuse.c: one for each buffer and temporary */
} Low;

/* ---- lexpr.c ---- */
LExpr *x_int(Low *, int64_t);
LExpr *x_size(Low *, Name size, int64_t n, int64_t over);        /* n + over, where n is the size of that name; NULL: of none */
LExpr *x_num(Low *, double, DType);
LExpr *x_var(Low *, LVar *);
LExpr *x_temp(Low *, LTemp *);
LExpr *x_add(Low *, LExpr *, LExpr *);
LExpr *x_times(Low *, LExpr *, int64_t);
LExpr *x_load(Low *, LBuf *, LExpr **idx);
LExpr *x_map(Low *, Op, DType, LExpr **arg, int n);
LExpr *x_real(Low *, Op, LExpr **arg, int n);                      /* of real numbers: a + -b is a - b */
LExpr *x_scaled(Low *, double scale, LExpr *);
bool   x_is_one(const LExpr *);
LExpr *x_rebuilt(Low *, LExpr *, LExpr *part(void *user, LExpr *e, int k), void *user);      /* the expression with its arguments replaced; a copy only where one differs */
LExpr *x_about(Low *, LExpr *, const Node *);                      /* the same expression; guarded programs: what to say of it */
LExpr *x_guard(Low *, LExpr *cond, LExpr *value);
LExpr *x_fold(Low *, Op, LBuf *lanes);
LExpr *x_inside(Low *, LExpr *e, int64_t lo, int64_t hi, int64_t n);   /* 0 <= e < n, where e is in lo..hi; NULL: always */
bool   x_mentions(const LExpr *, const LVar *);
LExpr *x_with(Low *, LExpr *, const LVar *, LExpr *value);           /* the expression with the variable replaced; index arithmetic is folded again */
LVar  *new_var(Low *, Name hint);
LTemp *new_temp(Low *, DType, Name hint);
LBuf  *new_buf(Low *, DType, int rank, const int64_t *dim, LStorage, Name hint, const Origin *);
LStmt *new_stmt(Low *, LStmtKind, const Node *about);
void   push_stmt(Low *, LBlock *, LStmt *);
LStmt *new_for(Low *, LVar *, int64_t n, bool parallel, const Node *about);

/* ---- value.c ---- */
bool   is_view_node(const Node *);
bool   is_trivial(const Env *, const Node *);
Slot  *slot_of(Env **, Node **);                                   /* follows aliases; env and node become those of the slot */
LExpr *value_at(Low *, Env *, Node *, LExpr **idx);
LExpr *place_at(Low *, Env *, const Node *contract, const Place *, LExpr **letter);
LExpr **places_at(Low *, Env *, const Node *contract, const Access *, LExpr **letter);   /* of all dimensions of an operand, or of the result */
LExpr *guards_at(Low *, Env *, const Node *contract, LExpr **letter);
void   decide(Low *, Env *);
bool   is_part(const Env *, const Node *);                         /* a contraction that the addition that asks for it adds in place */
bool   sums_parts(const Env *, const Node *);                      /* an addition with parts that is itself only a term of another one */
bool   adds_parts(const Env *, const Node *);                      /* an addition with parts */
bool   adds_to_carried(const Env *, const Node *);                 /* a term of what a loop's carried value becomes, which starts from that value: a table that grows by a few rows in
                                                                    * each iteration. Nothing else can ask for it, so a scatter may add to it element by element */

LPtr   first_of(Low *, const Slot *, const Type *);                /* the address of the first element */

/* ---- nest.c, gemm.c, graph.c ---- */
void   zero_slot(Low *, const Node *, const Slot *, LBlock *);
Env   *new_env(Low *, Env *outer, Graph *);
void   emit_into(Low *, Env *, Node *, Slot *, LBlock *);          /* statements that store n in the slot */
Name   letter_name(const Node *contract, int letter);
void   emit_contract(Low *, Env *, Node *, Slot *, LBlock *, bool accumulate);      /* accumulate: the whole sum is added to what is there */
void   add_apart(Low *, Env *, Node *contract, Slot *, LBlock *);   /* the sum in an array of its own, then added to what is there */
Node  *bounded(Low *, Node *contract);                             /* the same sum with guards of one letter turned into the letter's range */
int    place_shifted_letter(const Place *);                        /* 1 * letter + constant: the letter, else -1 */
bool   emit_gemm(Low *, Env *, Node *, Slot *, LBlock *, bool accumulate);
void   emit_graph(Low *, Env *, LBlock *);                         /* every stored node, in order */
void   emit_loop(Low *, Env *, Node *, LBlock *);
void   store_value(Low *, Env *, Node *, Slot *, LBlock *);        /* a copy of a value that exists, or is written out, into the slot */
LExpr **slot_index(Low *, const Slot *, LExpr **idx, int n);

/* A loop that is being lowered: its node in `outer`, its body in `in`. */
typedef struct Making { Env *outer, *in; Node *node; Loop *loop; LBuf **carry, **out; LVar *index; LBlock *body; } Making;
void   carry_over(Low *, Making *);                                /* next values take the place of the carried ones */
Name   phase_name(Low *, Name loop);
/* ---- checkpoint.c ---- */
void   save_states(Low *, Making *, LBlock *before, LBlock *body, LVar *t);    /* of a forward loop, at the start of an iteration */
void   restore_states(Low *, Making *, LBlock *body, LVar *t);                 /* of a reverse loop: its STATE parameters get their values */

/* ---- record.c ---- */
void   leave_latest(Low *, Making *, LBlock *body, LVar *t);                   /* of a forward loop, before its body: what it leaves behind is stored */
void   publish_latest(Low *, Making *);                                        /* and after its body: where that is */
void   bind_given(Low *, Making *, int p, LBlock *before);                     /* of a reverse loop, before it */
void   note_renewed(Low *, const Making *, LStmt *loop);                        /* of either, after its body */
LBlock *where_not_first(Low *, Making *, LBlock *body, LVar *t);               /* of a reverse loop that records: the block for iterations that are not at hand; NULL: there are none */
void   record_given(Low *, Making *, LBlock *body, LVar *t);

Name trips_text(const Low *, const Node *loop);                  /* graph.c: the name of its number of iterations, or NULL */

/* ---- names.c ---- */
void   name_entry(Low *, int first_func, int end);                          /* the final names of an entry and its phases */
void   size_entry(Low *, int first_func);                          /* the same: sizes of loops and arrays that follow from others */
void   name_sizes(Low *);
Name   c_name(const char *text);                                   /* as an identifier of C */
Name   size_text(const Low *, Name axis, int64_t n);               /* the name of the size n of an axis; NULL: a number */
void   size_buffer(const Low *, LBuf *, int first, const Name *axis);          /* names for the sizes from dimension `first` on */

/* ---- copies.c, fuse.c, temps.c, place.c ---- */
/* checkpoint.c: a part of an iteration becomes a phase of the program where it is one of the inner loop: NULL: it is not, w's body stays. close_phase ends it and calls it
 * with t in b; before: the function around it. */
LFunc *open_phase(Low *, Making *w, const char *doc);
void   close_phase(Low *, LFunc *, LFunc *before, LExpr *t, LBlock *b);
void   remove_copies(Low *, LBlock *);
bool   is_place(const LBuf *);
void   join_firsts(Low *, int first_func);
void   single_copies(Low *, LBlock *);
void   block_copies(Low *, LBlock *);
void   fuse_block(Low *, LBlock *);
void   shrink_buffers(Low *, int first_func);                      /* the functions from there on: an entry and its phases */
void   join_temps(LBlock *);
void   drop_unread(Low *, LBlock *);
void   pack_rows(Low *, LFunc *);                                  /* pack.c */
void   jam_rows(Low *, LBlock *);                                  /* jam.c */
void   split_sums(Low *, LBlock *);                                /* lanes.c */
void   place_buffers(Low *, int first_func, int end, int64_t *work_bytes);     /* of an entry, the last of these functions */
int64_t *share_phases(Low *, int first_func, int end);                      /* share.c: by id the offsets that shared phases want, -1: any; NULL: nothing is shared */
void   name_shared(Low *, int first_func, int end, bool shared);            /* after placing: they are shared, or not */
void   read_first(Low *, LFunc *);                                 /* invariant.c */
void   update_in_place(LBlock *);                                   /* update.c */
/* ---- independent.c ---- */
bool   own_elements(const LStmt *loop);                             /* no iteration touches an element that a store of the body writes in another */
/* ---- guard.c ---- */
void   guard_mark(Low *, Graph *);                                 /* which values need not be finite */
bool   guard_is_lax(const Node *);
void   guard_function(Low *, LFunc *, LExpr *from);
#endif
