/* diff.h -- differentiation: linearize, then transpose; and the bilevel derivation built on them. */
#ifndef MFL_DIFF_H
#define MFL_DIFF_H
#include "ir.h"

typedef enum { MODE_AUTO, MODE_MIXED, MODE_REVERSE, MODE_FORWARD } Mode;
/* What a loop stores for its reverse sweep; see schedule.c. */
typedef struct Schedule {
    bool    given;                     /* false: the planner's choice */
    bool    keep;                      /* everything; the rest does not count */
    bool    gradients;                 /* the inner gradient of each step */
    bool    store;                     /* base states in the caller's store */
    int64_t period, inner;             /* a base state for each `period` iterations (INT32_MAX: one), slots for states between */
    int64_t last;                      /* so many of the last steps keep everything; 0: one, or none: */
    bool    last_again;                /* of the inner loop: the last step is run again too */
    bool    last_left;                 /* of a model loop: the last iteration is not */
} Schedule;
typedef struct RegionSchedule { Name name; Schedule schedule; } RegionSchedule;       /* name: interned */
typedef struct DiffOptions {
    Mode mode; Schedule steps;         /* of the inner loop */
    Schedule loops;                    /* of model loops */
    const RegionSchedule *region; int nregion;   /* of model loops by name, before `loops` */
    uint64_t apart;                    /* bit k: the gradient of step line k goes the other of the two ways, mixed and reverse, than `mode` says */
} DiffOptions;
extern const char *const mode_name[];
/* inner_loop: gradients and last are allowed. false: not a schedule. */
bool        schedule_parse(const char *text, bool inner_loop, Schedule *);
const char *schedule_text(Arena *, const Schedule *);
const Checkpoints *schedule_checkpoints(Arena *, const Schedule *, bool inner_loop, int64_t n);   /* of a loop of n iterations; NULL: one state for each, or none */
int64_t schedule_kept(const Schedule *, int64_t n);           /* how many of the last of n steps are a loop of their own that keeps everything, behind the step that is recorded */
const Schedule *schedule_of_loop(const DiffOptions *, const Loop *);
const Schedule *schedule_of_region(const DiffOptions *, Name);                   /* of the model loop of this name */
bool        schedule_same(const Schedule *, const Schedule *);
/* Each `step` line's gradient is a region. Lines are numbered in the order of their parameters' declarations, from 64 on all are the last one. */
int         gradient_lines(const Problem *);
int         gradient_line(const Problem *, int param);                           /* of a parameter leaf */
Name        gradient_line_name(const Problem *, int line);                       /* its parameter's */
bool        gradient_is_mixed(const DiffOptions *, int line);
DiffOptions gradient_turned(const Problem *, const DiffOptions *, int line);     /* with the other way for that line; `mode` is that of the first line */
const char *mode_text(const Problem *, const DiffOptions *);                     /* "mixed", or "mixed (b reverse)" */
void        problem_name_loops(Problem *);                                       /* names the model loops of a problem as regions and lists them in p->loops */

/* New graphs over (data leaves, meta leaves) of the problem, in that order; they live in the arena. */
/* What model loops store inside the inner gradient is the options' choice here too. */
Graph *bilevel_adapt(Arena *, Problem *, const DiffOptions *);         /* -> params after the last step */
Graph *bilevel_value(Arena *, Problem *, const DiffOptions *);         /* -> outer value, then the logs of the last inner step and of outer */
Graph *bilevel_slope(Problem *);                              /* also over one direction for each meta leaf -> the derivative of the outer value along it */
Graph *bilevel_entry(Arena *, const Problem *, const Graph *);         /* a graph of the problem, cleaned up as an entry of its own */
Graph *bilevel_hypergradient(Arena *, Problem *, const DiffOptions *); /* -> outer value, gradient of each meta leaf */
/* K steps from a carried state, with `truncate K`: also over that state (parameters, optimizers' states) and the step it begins at, 0 <= step < T, a multiple of K
 * (at 0 the initial values count, not the state) -> outer value, the state after the window, gradient of each meta leaf. */
Graph *bilevel_window(Arena *, Problem *, const DiffOptions *);
int64_t problem_window(const Problem *);                      /* K, or 0: no window is shorter than the inner loop */

/* Warns of square roots that are differentiated where their argument can be exactly 0. */
void warn_roots(Problem *, Diags *);

/* ---- the two rules; both append to g ---- */
/* Tangents of roots, given tangents of some nodes. in[i] has tangent tin[i] (same type). out[k] = tangent of roots[k], NULL: zero.
 * for_transpose: loops become a primal loop that saves its carried values and a linear loop, grads become lingrads;
 * otherwise loops carry primal and tangent together. */
void linearize(Graph *g, Node *const *in, Node *const *tin, int nin, Node *const *roots, int nroots, Node **out, bool for_transpose);
/* Cotangents of lin[i] (the placeholders that linearize was given) when outs[k] has cotangent ct[k] (NULL: zero); ctin[i] NULL: zero. */
void transpose(Graph *g, Node *const *lin, int nlin, Node *const *outs, Node *const *ct, int nouts, Node **ctin);
/* Reverse mode: cotangents of in[] given those of roots[]. */
void vjp(Graph *g, Node *const *in, int nin, Node *const *roots, Node *const *ct, int nroots, Node **ctin);
Graph *share_loops(Graph *, const DiffOptions *);     /* opt_merge_loops, but for loops that save few states; options may be NULL */
/* Decides for each pair of a forward and a reverse loop what the one stores and the other computes again. The last transformation of a graph. */
Graph *apply_schedules(Graph *, const DiffOptions *);
/* ---- pipeline.c: what happens to each of those graphs ---- */
typedef Graph *PassFn(Graph *, const DiffOptions *);
typedef struct GraphPass { const char *name; PassFn *run; IrStage needs, gives; const char *doc; } GraphPass;
extern const GraphPass graph_passes[];                /* in their order; the last has no name */
Graph *run_pass(const GraphPass *, Graph *, const DiffOptions *, const PassObserver *);      /* verifies, tells the observer; both pointers may be NULL */
Graph *run_passes_for_all(Graph *, const PassObserver *);                      /* those that know no schedule */
Graph *run_passes_for(Graph *, const DiffOptions *, const PassObserver *);      /* the others, after them; the graph must not be used afterwards */
/* ---- rules.c: the two rules on a whole graph, for text and tests ---- */
Graph *linearize_graph(Graph *);       /* -> also one tangent for each real result, over one tangent parameter d_x for each real parameter x */
/* The results that are linear in the tangent parameters make room for the cotangents of those parameters, over their own cotangents. */
Graph *transpose_graph(Graph *);
const char *transpose_refuses(Graph *);                /* why it cannot: what is not linear; NULL: it can */
/* Replaces every grad node, or of them the marked ones alone (Region.reverse), by its expansion (reverse mode over its body), in loop bodies too. */
void expand_grads(Graph *g, bool marked);
/* The gradients that the user wrote, grad[w](e); before anything else is done with a problem. */
void expand_written_grads(Problem *);
#endif
