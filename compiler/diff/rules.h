/* rules.h -- what linearize.c, transpose.c and their loop files share. */
#ifndef MFL_RULES_H
#define MFL_RULES_H
#include "diff.h"

/* The partial derivative of a MAP node in operand k, from the operator table; NULL: zero. */
Node *map_partial(Graph *, const Node *map, int k);
/* A node that stands for an unknown linear input, the tangent of `of`: a parameter that is in no parameter list, dead once transposed. */
Node *linear_input(Graph *, const Node *of);
/* Origin of a value derived from n. */
Origin derived_origin(const Node *n, OriginKind);
Node *add_or(Graph *, Node *a, Node *b);               /* a + b, where NULL is zero */
Node *or_zero(Graph *, Node *, const Type *);
bool  is_differentiable(const Node *);                 /* a REAL value */
Node *slice_at(Graph *, Node *stacked, Node *index);   /* stacked[index] */
Type  stacked_type(int64_t n, const Type *);
/* Marks by id which nodes of g lead to the roots. Result: g->nodes' largest id + 1 entries. */
bool *cone_of(Graph *, Node *const *roots, int n, int *limit);

/* Tangents of a loop's outputs; tin: tangents of its operands (NULL: zero); out: one entry per output. */
void linearize_loop_fused(Graph *, Node *loop, Node *const *tin, Node **out);
void linearize_loop_split(Graph *, Node *loop, Node *const *tin, Node **out);
/* Which outputs of a loop are active when these operands are. carry[p] for each parameter. */
void loop_activity(const Loop *, const bool *active_arg, bool *active_param, bool *active_out);
/* Cotangents of a linear loop's linear operands. ct: one per output, NULL: zero; is_linear: per operand; ctin: one per operand, in: what a captured one
 * has already (NULL: zero), out: with the loop's part added in the order of the iterations. */
void transpose_loop(Graph *, Node *loop, const bool *is_linear, Node *const *ct, Node **ctin);

/* The roots of `from` in `to`, where params[p] stands for args[p]; of a batched one args[p] has one more leading axis, of length k. out_is: is the root batched? */
void batch_inline(Graph *to, const Graph *from, Node *const *args, const bool *batched, Node *const *roots, int n, int64_t k, Node **out, bool *out_is);

/* ---- schedules: a reverse loop and the forward loop whose states it reads ---- */
bool  is_index_place(const Place *, const Node *contract, const Node *index);       /* the index alone */
void  join_fed_loops(Graph *, const DiffOptions *);                                 /* loops that read another's values iteration by iteration become one with it */
typedef enum { KEEP_ALL, KEEP_GRADIENTS } Kept;
Node *residuals_forward(Graph *, const Node *rev);                                  /* NULL: not a reverse loop */
void  residuals_keep(Graph *, Node *fwd, Node *rev, Kept);                          /* what is kept is computed in the forward loop and stored for each iteration */
bool  checkpoint_pair(Graph *, Node *fwd, Node *rev, const Checkpoints *);          /* states saved at some iterations; false: others read all of them */
bool  residuals_record(Graph *, Node *fwd, Node *rev, const DiffOptions *);                            /* what fwd ran last is not computed again; false: there is nothing to record */

/* grad regions: graphs over the region body's parameters. */
Graph *gradient_graph(const Region *, const int *wrt, int nwrt);        /* -> d loss / d param wrt[k] */
/* (params, one direction u_j for each wrt) -> tangent of d loss / d active[k] in direction u */
Graph *hessian_product_graph(const Region *);
void   linearize_grad(Graph *, Node *grad, Node *const *tin, Node **out);           /* lingrad; out per wrt */
void   transpose_lingrad(Graph *, Node *lingrad, Node *const *ct, Node **ctin);     /* ct per wrt; ctin per operand */
#endif
