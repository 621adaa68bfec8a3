/* library.h -- private to the library functions that are known in C: the table and what reads a call's arguments are in eval_library.c, the functions in
 * library_elementwise.c, library_reduce.c, library_shapes.c and library_layers.c.
 *
 * A function takes the evaluated call and the `op` of its row. It checks its shapes and names itself, the shape found and what it expects. */
#ifndef MFL_LIBRARY_H
#define MFL_LIBRARY_H
#include "eval.h"

typedef Val LibFn(Call *, int op);

/* ---- eval_library.c: arguments ---- */
Val   library_fail(Call *, int k, const char *expected);                                       /* argument k is not what is expected */
Node *library_array(Call *, int k);                                                           /* argument k as REAL */
bool  library_axis(Call *, Val, const Expr *at, int rank, int *axis);                          /* a number as an axis, negative ones from the end; false: reported */
bool  library_axis_or(Call *, int rank, int otherwise, int *axis);                             /* axis = ..., where it is given */

/* ---- library_elementwise.c ---- */
LibFn lib_map;

/* ---- library_reduce.c ---- */
enum { R_SUM, R_MEAN, R_MAX, R_MIN, R_PROD, R_LSE, R_VAR, R_NORM };
LibFn lib_reduce;
Node *library_reduced(Sema *, int which, Node *, unsigned axes);
Node *library_stretched(Sema *, Node *reduced, const Type *full, unsigned axes);               /* back to the full shape */

/* ---- library_shapes.c ---- */
enum { F_ZEROS, F_ONES };
LibFn lib_transpose, lib_reshape, lib_concat, lib_stack, lib_pad, lib_flip, lib_cumsum, lib_one_hot, lib_iota, lib_tril, lib_fill, lib_broadcast;
Node *library_placed(Sema *, Node *, int axis, int64_t offset, int64_t n);                     /* at `offset` along an axis of length n, zero elsewhere */

/* ---- library_layers.c ---- */
LibFn lib_attention, lib_rope, lib_cross_entropy, lib_cholesky, lib_solve, lib_draw;
#endif
