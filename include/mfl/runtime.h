/* mfl/runtime.h -- all that generated C includes. C99; C++ may include it, and gets what calls generated code: not the
 * functions that its text is made of (vmath.h, sums.h, kernels.h, checkpoint.h).
 *
 *   status.h       codes, mfl_status                    problem.h      the descriptor
 *   kernels.h      products, factorisations, sums       vmath.h        elementwise functions
 *   checkpoint.h   which states a loop saves            differences.h  the gradient against differences
 *   store.h        states outside of the workspace      sums.h         sums in lanes
 * Beside it: machine.h, what object files of mflc call.
 *
 * Nothing here allocates, prints, exits or keeps state. */
#ifndef MFL_RUNTIME_H
#define MFL_RUNTIME_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "status.h"
#include "problem.h"
#include "store.h"
#include "differences.h"
#ifndef __cplusplus
#include "vmath.h"
#include "sums.h"
#include "kernels.h"
#include "checkpoint.h"
#endif
#endif
