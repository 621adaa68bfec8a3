/* notation.h -- private to eval_notation.c and notation_ranges.c: letters and their ranges. */
#ifndef MFL_NOTATION_H
#define MFL_NOTATION_H
#include "eval.h"

typedef struct Known { const Expr *over; int64_t *range; } Known;               /* the ranges of the letters of one sum[...] */
typedef struct Solved { Vec(Known) all; struct Solved *up; } Solved;            /* of one statement; up: of those around it */

/* Infers the letters of a statement (out: those on the left) or of a sum that stands alone; target: what the statement
 * defines, for messages. false: reported. */
bool notation_infer(Sema *, Scope *, Name target, const NameAt *out, int nout, const Expr *, Solved *, int64_t *out_range);
#endif
