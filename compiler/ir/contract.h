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

/* ---- contract_letters.c: one step towards the normal form; false when there is none left ---- */
bool contract_tidy_letters(Work *);
bool contract_tidy_guards(Work *);
bool contract_solve_out(Work *);                           /* makes one place of out a letter of its own; false also where that cannot be */
void contract_put(Contract *, int letter, Place by);       /* an affine place for the letter, everywhere */
void contract_renumber(Contract *);
bool place_is_const(const Place *, int64_t *value);

/* Copies the part that is in use: a contract has room for many operands of many axes, and most of it is empty. The rest of *to stays as it is. */
void contract_copy(Contract *to, const Contract *from);
/* One contract for all equal ones with the same names, and one `as` whatever their letters are called: an axis keeps its name where another has as many elements. */
const Contract *contract_intern(const Contract *);
/* The node equal to *like in g, made when there is none. args are copied. */
Node *node_make(Graph *, const Node *like, Node *const *args, int narg);
/* Local algebra; NULL: nothing to simplify. */
Node *fold_map(Graph *, Op, const Type *, Node *const *args, int n);
Node *narrow_map(Graph *, Op, const Type *, Node *const *args, int n);   /* computed before it is broadcast; NULL: every axis is needed */
#endif
