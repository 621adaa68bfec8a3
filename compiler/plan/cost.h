/* cost.h -- private to the pricing of lowered programs: loops.c counts what one loop body does, nest.c how often and how, cost.c the rest. */
#ifndef MFL_COST_H
#define MFL_COST_H
#include "plan.h"

enum { BODY = 256 };
typedef struct Ops { double op, load, store, gather, div, math, alone, fold, flops; } Ops;
/* What the statements of a block do in one iteration of the loop over var. */
typedef struct Body {
    Arena *arena;
    const LVar *var, *lane;            /* NULL: straight code */
    Ops each, once;                    /* in each iteration; before the first */
    bool guarded, scatters, still, chain;    /* holds an if; stores with gaps; stores to one place; carries a temporary */
    const LTemp *set[BODY]; int nset;        /* temporaries that change from iteration to iteration */
    const LExpr *load[BODY]; bool still_load[BODY]; int nload;      /* distinct elements; those that do not move */
    const LStmt *stored[BODY]; int nstored;
} Body;
void count_expr(Body *, const LExpr *);
void count_body(Body *, const LBlock *);     /* the leaves of the block; loops in it are not gone into */

enum { RECENT = 32 };
typedef struct Count {
    const LProgram *p; Work w;
    const LStmt *around[16]; int depth;
    struct { const LBuf *buf; double bytes, at; bool masked; } recent[RECENT]; int nrecent;   /* what was stored last, by how wide stores */
    double now;                        /* cycles of work since the function began, on one way through it */
} Count;
void count_nest(Count *, const LBlock *, double times);    /* loops and leaves */
bool same_bytes(const LBuf *, const LBuf *);               /* what is written over in place is another array at the same bytes */
double latency_of_block(const LBlock *);                   /* of a loop body: cycles from one iteration to the next */
#endif
