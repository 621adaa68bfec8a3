/* mfl/machine.h -- what machine code written by `mflc build --emit llvm`, `asm` and `obj` asks of the runtime: the tests, sums and means around its bare entries.
 *
 * Such code defines the functions of NAME.h and the descriptor NAME_problem, as the generated C does; hosts need no more than those. Nothing here is called by hand. */
#ifndef MFL_MACHINE_H
#define MFL_MACHINE_H
#include "runtime.h"
#ifdef __cplusplus
extern "C" {
#endif

enum { MFL_INIT, MFL_ADAPT, MFL_VALUE, MFL_HYPERGRADIENT, MFL_LEARN_INIT, MFL_LEARN, MFL_WINDOW, MFL_ENTRIES };
/* The bare entries test nothing. They bring their results to the caller where a pointer is not NULL; what they leave in the workspace can be fetched instead. */
typedef struct mfl_machine {
    const mfl_problem *problem;
    mfl_call          *entry[MFL_ENTRIES];                 /* NULL: the problem has none */
    const int64_t     *gradient_at;                        /* bytes from the start of the workspace, of each meta array's gradient after `hypergradient` */
    int64_t            outer_at, value_at;                 /* of the outer value after `hypergradient`, after `value` */
} mfl_machine;

/* One entry with its inputs tested; add: results of `hypergradient` are added to what outer and out hold. */
int mfl_machine_call(const mfl_machine *, int entry, int add, const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state,
                     int64_t number, void *work, mfl_status *status);
/* The mean over n tasks, rows of ndata pointers. With OpenMP in the runtime `threads` at once; without, one after another in the first workspace. */
int mfl_machine_tasks(const mfl_machine *, int64_t n, const void *const *rows, void *const *meta, void *const *out, void *outer, void *works, int threads, mfl_status *status);
#ifdef __cplusplus
}
#endif
#endif
