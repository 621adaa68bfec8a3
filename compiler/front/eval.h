/* eval.h -- private to the evaluator: values of expressions (eval*.c). The interface to declarations is sema.h. */
#ifndef MFL_EVAL_H
#define MFL_EVAL_H
#include "sema.h"

/* ---- eval_value.c: values ---- */
Val   val_int(Node *, int64_t lo, int64_t hi);             /* an INT array whose values are known to be in lo..hi */
Val   val_record(const StructType *, Val *field, int nlead, const int64_t *lead);
bool  val_is_int(const Val *);                             /* a number or array of integers that may index */
Type  val_type(const Val *);                               /* of NUM (rank 0) and ARRAY */
Node *val_real(Sema *, Val);                               /* NUM or ARRAY as REAL in s->here */
Node *val_bool(Sema *, Val);
bool  broadcast_types(const Type *a, const Type *b, Type *out);
Node *broadcast_to(Sema *, Node *, const Type *shape);
typedef Val MapFn(Sema *, const Expr *, Val *arg, int n, void *user);
/* f on arrays; on records field by field, with what is no record given to each field. */
Val   val_each(Sema *, const Expr *at, Val *arg, int n, MapFn *f, void *user);
typedef Val LeafFn(void *user, Val leaf);
Val   val_map_leaves(Sema *, Val, LeafFn *f, void *user);  /* the value with each number or array of it replaced by what f makes of it */
Node *node_here(Sema *, Node *);                           /* captured through the loops between its graph and s->here */
Val   report(Sema *, Span, const char *label, const char *fmt, ...) PRINTF_LIKE(4, 5);

Val   eval_base(Sema *, Scope *, const Expr *);            /* eval.c */

/* ---- eval_arith.c ---- */
Val   eval_binary(Sema *, const Expr *at, BinaryOp, Val, Val);
Val   eval_neg(Sema *, const Expr *, Val);
Val   eval_not(Sema *, const Expr *, Val);
Val   eval_if(Sema *, const Expr *at, Val c, Val a, Val b);
void  int_range(const Val *, int64_t *lo, int64_t *hi);    /* of one that val_is_int */
Val   map_real(Sema *, Op, Val);                           /* elementwise on a NUM or ARRAY */
/* ---- eval_index.c ---- */
Val   eval_index(Sema *, Scope *, const Expr *);
/* ---- eval_call.c ---- */
Val   eval_call(Sema *, Scope *, const Expr *);
/* ---- eval_library.c: functions known in C ---- */
typedef struct Call { Sema *s; const Expr *e; int n; Val *arg; const Expr **at; bool has_axis, keep, causal, upper; Val axis; const Expr *axis_at; Val eps; bool has_eps; } Call;
Val   eval_builtin(Sema *, Scope *, const Expr *, bool *known);
/* ---- eval_notation.c ---- */
Val   eval_over(Sema *, Scope *, const Expr *);
Val   eval_letter_index(Sema *, Scope *, const Expr *);    /* a[i + k, c] while letters are in force */
bool  uses_letters(Sema *, Scope *, const Expr *);
bool  exec_notation(Sema *, Scope *, const Stmt *);        /* t[i, j] = e */
/* ---- eval_grad.c ---- */
Val   eval_grad(Sema *, Scope *, const Expr *);            /* grad[w](e) */
/* ---- held.c: what grad[w](e) holds fixed ---- */
typedef struct Held { struct Held *up; const Scope *scope; Name in; Nodes w; Vec(const Sym *) read; } Held;
void  held_begin(Sema *, Held *, const Scope *, Name in, Val w);   /* e is about to be evaluated in a scope inside of this one; in s->here */
void  held_end(Sema *);
void  held_read(Sema *, const Sym *, Span at);             /* a name was read */
void  held_leave(Sema *, const LoopBuilder *, int64_t trips, int from);   /* a loop, or e, is ended and s->here is what is around it; from: held.n when it began */
Val   held_apart(Sema *, Name, Val);                       /* a value that is about to be called so: where grad[name] stands somewhere, constants in it are not folded, for what is computed from them to be seen */
/* ---- eval_loop.c ---- */
bool  exec_for(Sema *, Scope *, const Stmt *);
bool  exec_collect(Sema *, Scope *, const Stmt *, bool *was);
bool  exec_block(Sema *, Scope *, const Body *, Val *result, bool *returned);
void  assign(Sema *, Scope *, NameAt, Val, bool names);     /* names: the value has no name yet but this one; else it has one elsewhere, `b = a` */
void  log_node(Sema *, NameAt, Node *);
void  loop_log(Sema *, NameAt, Node *);                    /* in the innermost loop: its value of the last iteration is logged behind it */
void  check_name(Sema *, NameAt);                          /* names that end in `_` are the compiler's own: reported */
void  forget(Sema *, Scope *, NameAt);                      /* a name whose definition failed: known, without a value */
bool  is_collecting(const Frame *, const Stmt *);          /* ys[i] = e with the frame's loop variable i */
#endif
