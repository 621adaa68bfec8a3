/* lower.h -- tensor graphs to the loop IR: choose what is stored, fuse, match matrix products, shrink, place in the workspace. */
#ifndef MFL_LOWER_H
#define MFL_LOWER_H
#include "lir.h"

typedef struct LowerOptions {
    int  real_bytes;                  /* 4 or 8 */
    bool guard;                       /* check what is computed for NaN and infinity */
    bool gemm_calls;                  /* matrix products above a size become LS_GEMM; false: loops only */
    const char *mode, *schedule;
} LowerOptions;
/* One entry: a graph and what its parameters and results are. */
typedef enum { BIND_DATA, BIND_META, BIND_SEED, BIND_STEP, BIND_STATE, BIND_GRAD_IN, BIND_CARRIED } ParamBind;
typedef enum { OUT_OUTER, OUT_GRAD, OUT_PARAMS, OUT_META, OUT_STATE, OUT_LOG, OUT_CARRIED, OUT_NONE } ResultBind;
typedef struct EntryGraph {
    LEntryKind kind;
    Graph *graph;
    struct { ParamBind bind; int leaf; } *param;       /* for each graph->params */
    struct { ResultBind bind; int leaf; } *result;     /* for each graph->results */
} EntryGraph;
EntryGraph entry_graph(Arena *, const Problem *, LEntryKind, Graph *);       /* what the parameters and results of an entry's graph are */
LProgram *lower_program(Arena *, Problem *, EntryGraph *entries, int n, const LowerOptions *);
#endif
