/* residuals.h -- a reverse loop R and the forward loop L whose states it reads: which values of R's iteration L computes too. Private to residuals.c and record.c. */
#ifndef MFL_RESIDUALS_H
#define MFL_RESIDUALS_H
#include "rules.h"

typedef struct Pair {
    Graph *g;
    Node  *fwd, *rev;          /* L, R */
    Node  *index;              /* R's index parameter */
    int    limit;
    int   *stacked;            /* by id of an R parameter: output of L it stands for, or -1 */
    bool  *closed, *trivial;   /* by id of R's nodes */
    bool  *after;              /* by id of g's nodes: depends on L */
    Node **map;                /* by id: the node of L's body it stands for */
    Node **args;               /* by parameter of R: its stand-in in L's body */
} Pair;

Pair  residuals_pair(Graph *, Node *fwd, Node *rev);
void  residuals_trivial(Pair *);                         /* which closed nodes are not worth storing */
int   residuals_choose(Pair *, Node **saved);            /* the closed nodes that are worth storing; saved: room for p->limit; how many */
int   residuals_output(Pair *, LoopOutKind, Node *);     /* L's output of that kind for a value of its body, new if there is none */
Node *residuals_translate(Pair *, Node *of_rev);         /* a closed node, built in L's body */
#endif
