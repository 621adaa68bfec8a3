/* opt.h -- clean-ups of graphs. Each returns a fresh graph with the same parameters and results; the old one must not be used afterwards. */
#ifndef MFL_OPT_H
#define MFL_OPT_H
#include "ir.h"

void opt_live(const Loop *, const bool *out, bool *param, bool *need);   /* what live outputs of a loop need: parameters, and nodes of its body by id */
Graph *opt_dead_code(Graph *);    /* only what results need; loops lose outputs, carried values and captures that nobody reads */
Graph *opt_simplify(Graph *);     /* the builder's algebra over the whole graph; long products in pairs of least cost */
Graph *opt_hoist(Graph *);        /* what does not depend on the iteration leaves the loop */
void   opt_rows(Graph *);         /* in place: arrays that loops fill row by row are collected, not carried; leaves dead code */
/* Loops that do the same work do it once. shared: may this loop read its carried values from another loop's stacked output? NULL: yes. */
typedef bool SharedFn(const Loop *, const void *user);
Graph *opt_merge_loops(Graph *, SharedFn *shared, const void *user);
void   opt_reorder(Graph *);      /* operands first again, after nodes were given later operands */
#endif
