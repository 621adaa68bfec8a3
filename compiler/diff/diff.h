/* diff.h -- differentiation: linearize, then transpose; and the bilevel derivation built on them. */
#ifndef MFL_DIFF_H
#define MFL_DIFF_H
#include "ir.h"

typedef enum { MODE_AUTO, MODE_MIXED, MODE_REVERSE, MODE_FORWARD } Mode;
typedef enum { SCHEDULE_AUTO, SCHEDULE_KEEP, SCHEDULE_SNAPSHOT } Schedule;
typedef struct DiffOptions {
    Mode mode; Schedule schedule;      /* of the inner loop */
    Schedule loops;                    /* of model loops: keep all values, or keep carried values and recompute each iteration */
} DiffOptions;
extern const char *const mode_name[], *const schedule_name[];

/* New graphs over (data leaves, meta leaves) of the problem, in that order. */
Graph *bilevel_adapt(Problem *);                              /* -> params after the last step */
Graph *bilevel_value(Problem *);                              /* -> outer value, then the logs of the last inner step and of outer */
Graph *bilevel_entry(const Graph *);                           /* a graph of the problem, cleaned up as an entry of its own */
Graph *bilevel_hypergradient(Problem *, const DiffOptions *); /* -> outer value, gradient of each meta leaf */

/* ---- the two rules; both append to g ---- */
/* Tangents of roots, given tangents of some nodes. in[i] has tangent tin[i] (same type). out[k] = tangent of roots[k], NULL: zero.
 * for_transpose: loops become a primal loop that saves its carried values and a linear loop, grads become lingrads;
 * otherwise loops carry primal and tangent together. */
void linearize(Graph *g, Node *const *in, Node *const *tin, int nin, Node *const *roots, int nroots, Node **out, bool for_transpose);
/* Cotangents of lin[i] (the placeholders that linearize was given) when outs[k] has cotangent ct[k] (NULL: zero); ctin[i] NULL: zero. */
void transpose(Graph *g, Node *const *lin, int nlin, Node *const *outs, Node *const *ct, int nouts, Node **ctin);
/* Reverse mode: cotangents of in[] given those of roots[]. */
void vjp(Graph *g, Node *const *in, int nin, Node *const *roots, Node *const *ct, int nroots, Node **ctin);
/* Schedules: moves values that a reverse loop computes again into the forward loop that saved its state, where `keep` says so. */
void keep_residuals(Graph *g, const DiffOptions *);
/* The cheapest of the candidates that the options leave open, by flops and bytes. why: a sentence, in the problem's arena. */
DiffOptions bilevel_choose(Problem *, const DiffOptions *, double real_bytes, Graph **best, const char **why);
/* Replaces every grad node by its expansion (reverse mode over its body), in loop bodies too. */
void expand_grads(Graph *g);
#endif
