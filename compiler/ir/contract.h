/* contract.h -- private to ir/: what the files that build nodes share.
 *
 * Work is a contract while it is being brought to normal form. Invariants: coefficients of letters >= nletters are 0 in every place;
 * `zero` means that no term is left. */
#ifndef MFL_IR_CONTRACT_H
#define MFL_IR_CONTRACT_H
#include "ir.h"

typedef struct Work {
    Graph   *g;
    Contract c;
    Node    *arg[MAX_OPERANDS];
    Type     out;
    bool     zero;
} Work;

/* ---- build.c ---- */
/* The node equal to *like in g, made when there is none. args are copied. */
Node *node_make(Graph *, const Node *like, Node *const *args, int narg);
void  node_rehash(Graph *);                                  /* after nodes were renumbered or removed */
/* ---- fold.c: local algebra; NULL: nothing to simplify ---- */
Node *fold_map(Graph *, Op, const Type *, Node *const *args, int n);

/* ---- places.c ---- */
bool    place_eq(const Place *, const Place *);
bool    place_uses(const Place *, int letter);
bool    place_is_const(const Place *, int64_t *value);       /* no letters, no index */
bool    place_add(Place *, const Place *, int64_t times);    /* the affine part; false when a coefficient gets too large */
bool    place_same_letters(const Place *, const Place *, int *ratio);    /* coefficients equal (ratio 1) or negated (-1), not all zero */
void    place_range(const Contract *, const Place *, int64_t *lo, int64_t *hi);     /* over the letters' ranges alone */
void    place_bounds(const Contract *, const Place *, int skip_guard, int64_t *lo, int64_t *hi);   /* and the guards', one left out */
int     contract_args(const Contract *);                     /* nfactor + nindex */
void    contract_copy(Contract *to, const Contract *from);   /* only what is used: a Contract is large */
bool    contract_substitute(Contract *, int letter, const Place *by);    /* false: unchanged, a coefficient got too large */
void    contract_rename(Contract *, const int *to);          /* letter l becomes to[l]; to[l] < 0: dropped; ranges and names move along */
bool    contract_letter_in_args(const Contract *, int letter);
int     contract_out_letter(const Contract *, int axis);     /* the letter that alone is this place of out, or -1 */
bool    contract_is_out_letter(const Contract *, int letter);/* does it stand alone in some place of out? */
bool    contract_add_guard(Contract *, const Place *, int64_t n);        /* false: no room */
/* out is made of distinct letters over the whole axes (or a const 0 on an axis of size 1), and there are no other letters. */
bool    contract_is_view(const Contract *, const Type *out);
const Contract *contract_intern(const Contract *);           /* one copy of equal contracts, for the life of the process */

/* ---- contract_fold.c, contract_solve.c ---- */
bool fold_operands(Work *);      /* constants, signs, views and index arithmetic into the contract; true when something changed */
bool tidy_guards(Work *);        /* drops guards that cannot fail, merges, shrinks ranges; sets zero when one always fails */
bool solve_equalities(Work *);   /* 0 <= e < 1 with a letter of coefficient 1 or -1 that out does not need: eliminates the letter */
bool solve_outputs(Work *);      /* places of out that are no letter become one, where that does not multiply the work */
/* Axes of out whose place is a mixed-radix number of letters: split in the contract, joined again by a reshape. 0: none. Gives the new out type. */
bool split_outputs(Work *);
#endif
