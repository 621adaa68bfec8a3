/* mfl/problem.h -- the descriptor of a problem: what a host or a script needs to call generated code without knowing its structs.
 *
 * Generated code defines one constant for each problem, NAME_problem. Everything that it points to is constant and lives as long as the program. */
#ifndef MFL_PROBLEM_H
#define MFL_PROBLEM_H
#include <stddef.h>
#include <stdint.h>
#include "status.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef enum { MFL_REAL, MFL_INT } mfl_dtype;
typedef enum { MFL_DATA, MFL_META, MFL_PARAM } mfl_role;
enum { MFL_MAX_RANK = 12 };
typedef struct mfl_array {
    const char *name;                                      /* dotted: "start.l1.w" */
    mfl_role    role;
    mfl_dtype   dtype;                                     /* REAL: real_bytes each; INT: int32_t */
    int         rank;
    int64_t     dim[MFL_MAX_RANK];
    int64_t     bound;                                     /* INT data that index: values are in 0..bound-1; else 0 */
    int         task;                                      /* 1: one array for each task */
    const char *doc;                                       /* the comment of the declaration, or NULL */
} mfl_array;
/* Arrays of pointers in the descriptor's order; what a function does not use may be NULL. */
typedef int mfl_call(const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state,
                     int64_t step_or_seed, void *work, mfl_status *status);
/* tasks: n rows of ndata pointers; works: work_bytes for each thread, behind one another, aligned to 64 */
typedef int mfl_call_tasks(int64_t n, const void *const *tasks, void *const *meta, void *const *out, void *outer, void *works, int threads, mfl_status *status);
typedef struct mfl_problem {
    const char *name, *version;
    int         real_bytes;
    int64_t     steps;                                     /* of the inner loop */
    int64_t     learn_steps;                               /* of the learn lines; 0: none */
    int         ndata, nmeta, nparam;
    const mfl_array *data, *meta, *param;
    size_t      work_bytes, state_bytes;
    int64_t     nlogs;                                     /* reals that `value` writes to logs */
    mfl_call   *init, *adapt, *value, *hypergradient, *learn_init, *learn;      /* out: params of adapt, gradient of hypergradient and learn */
    mfl_call   *hypergradient_add;                         /* added to what outer and out hold */
    mfl_call_tasks *hypergradient_tasks;                   /* the mean over tasks */
    int64_t     window;                                    /* K of `truncate K`, K < steps; else 0, and what follows is none */
    size_t      carried_bytes;
    mfl_call   *hypergradient_window;                      /* state: the carried state, aligned to 64; step: where the window begins */
    int64_t     store_slots;                               /* slots of at most store_bytes that the gradient needs in a store (mfl_use_store); 0: none */
    size_t      store_bytes;
} mfl_problem;
#ifdef __cplusplus
}
#endif
#endif
