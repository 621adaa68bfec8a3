/* gemm.h -- private to gemm.c and aside.c: a contraction on its way to a matrix product c[rows, columns] = a[rows, summed] b[summed, columns]. */
#ifndef MFL_GEMM_H
#define MFL_GEMM_H
#include "low.h"

enum { LONG = 8 };

/* Operand 0, 1: the factors, 2: the result. Element base + sum of stride[q] * letter q of a buffer, times scale. aside: of a buffer of its own, laid out for
 * the product; stride then says only which letters it has, `rows_last` that its first group of letters runs along memory, not the second. */
typedef struct Operand { LPtr at; int64_t stride[MAX_LETTERS]; double scale; bool aside, rows_last; LBuf *buf; } Operand;
typedef struct Group { int letter[MAX_LETTERS], n; int64_t size; } Group;
typedef struct Letters { const Contract *c; LVar *var[MAX_LETTERS]; LExpr *x[MAX_LETTERS]; } Letters;
typedef struct Product {
    Node *n;
    Slot *to;
    Letters t;
    Operand op[3];
    Group rows, cols, sum;
    LGemm g;
    bool inside[MAX_LETTERS];                     /* the product runs over the letter; the others are loops around it */
    bool scatter;                                 /* axes of the output are not letters each */
} Product;

/* ---- aside.c ---- */
void note_letters(Product *, int operand);
bool fits_aside(Product *, int operand);
void make_aside(Low *, Product *, int operand);
void copy_aside(Low *, Env *, Product *, int factor, bool whole, LBlock *);    /* whole: no loops around the product; equal factors of other products share the copy */
void spread(Low *, Env *, Product *, bool add, LBlock *);                      /* the result to where it goes */
LPtr aside_start(Low *, const Operand *);
#endif
