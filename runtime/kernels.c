/* kernels.c -- Cholesky factor, triangular and general solves, running sums: plain loops, since sizes here are small; see runtime.h. */
#include "mfl/runtime.h"
#define REAL float
#define SQRT sqrtf
#define FABS fabsf
#define NAME(f) mfl_##f##_f32
#include "kernels.inc"
#undef REAL
#undef SQRT
#undef FABS
#undef NAME
#define REAL double
#define SQRT sqrt
#define FABS fabs
#define NAME(f) mfl_##f##_f64
#include "kernels.inc"
