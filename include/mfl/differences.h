/* mfl/differences.h -- is a gradient right? Its slope along one fixed direction in each meta array, against central differences of the outer value.
 *
 * What NAME_check of `mflc build --check` calls; hosts with the descriptor alone call it themselves. See runtime/differences.c. */
#ifndef MFL_DIFFERENCES_H
#define MFL_DIFFERENCES_H
#include "problem.h"
#ifdef __cplusplus
extern "C" {
#endif

/* How many bytes of work mfl_differences needs. */
size_t mfl_differences_bytes(const mfl_problem *);
/* work: aligned to 64. MFL_OK: no distance is above tol; status names the array with the largest, and `value` is that distance. MFL_WRONG_GRADIENT: one is. */
int mfl_differences(const mfl_problem *, const void *const *data, void *const *meta, double tol, void *work, mfl_status *status);
#ifdef __cplusplus
}
#endif
#endif
