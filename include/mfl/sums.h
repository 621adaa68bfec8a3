/* mfl/sums.h -- sums and extremes in lanes, in an order that does not depend on the compiler.
 *
 *   MFL_SUM(float, s, d, D, 16, x[d] * w[d]);        float s = the sum over d = 0 .. D-1 of x[d] * w[d]
 *   MFL_MAX, MFL_MIN                                 the largest and the least
 *   MFL_LANES(d, D, 16, lane, { ... })               for (d = 0; d < D; d++) { ... } with lane = d % 16
 *
 * Floating-point addition is not associative, so a compiler may not vectorise `s += x[d]`. With 16 lanes the term of d is added to lane d % 16, in order; then halves of the
 * lanes are added, lane k and lane k + 8 and so on, until one is left (mfl_fold_add, vmath.h). Sixteen at a time are independent of each other: vectors. One lane is the plain sum.
 * The number of lanes is a power of two up to 64; sizes and lanes are constants. C99: they declare names, so they stand where a declaration may. */
#ifndef MFL_SUMS_H
#define MFL_SUMS_H
#include "vmath.h"

/*   MFL_SIMD for (int d = 0; d < D; d++) ...         its iterations are independent, and may run side by side
 *
 * The arrays of generated code are places in one workspace, so that a compiler would have to suspect that they overlap. And lanes are to stay loops until they become
 * vectors: unrolled before, their strips are taken apart into narrow vectors by clang, the rest into single elements by gcc, at twice the time. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"                          /* a loop that cannot be a vector is none */
#define MFL_SIMD _Pragma("clang loop vectorize(assume_safety)")
#define MFL_STRIPS _Pragma("clang loop unroll(disable)")
#define MFL_STRIP _Pragma("clang loop vectorize(assume_safety) unroll(disable)")
#elif defined(__GNUC__) && __GNUC__ >= 8
#define MFL_SIMD _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#define MFL_STRIPS
#define MFL_STRIP MFL_SIMD
#else
#define MFL_SIMD
#define MFL_STRIPS
#define MFL_STRIP
#endif
#define MFL_LANES(i, n, lanes, lane, ...)                                                                                                       \
    MFL_STRIPS for (int mfl_strip = 0; mfl_strip < (n) / (lanes); mfl_strip++)                                                                  \
        MFL_STRIP for (int lane = 0; lane < (lanes); lane++) { const int i = mfl_strip * (lanes) + lane; (void)i; __VA_ARGS__ }                 \
    MFL_STRIP for (int lane = 0; lane < (n) % (lanes); lane++) { const int i = (n) - (n) % (lanes) + lane; (void)i; __VA_ARGS__ }

#define MFL_FOLD_add_float mfl_fold_addf
#define MFL_FOLD_add_double mfl_fold_add
#define MFL_FOLD_max_float mfl_fold_maxf
#define MFL_FOLD_max_double mfl_fold_max
#define MFL_FOLD_min_float mfl_fold_minf
#define MFL_FOLD_min_double mfl_fold_min
#define MFL_OF_TWO_max_float mfl_maxf
#define MFL_OF_TWO_max_double mfl_max
#define MFL_OF_TWO_min_float mfl_minf
#define MFL_OF_TWO_min_double mfl_min
#define MFL_SUM(real, name, i, n, lanes, ...)                                                                               \
    real name##_part[lanes] = { 0 };                                                                                        \
    MFL_LANES(i, n, lanes, mfl_lane, name##_part[mfl_lane] += __VA_ARGS__;)                                                 \
    real name = MFL_FOLD_add_##real(name##_part, lanes)
#define MFL_EXTREME(real, op, of_two, start, name, i, n, lanes, ...)                                                        \
    real name##_part[lanes];                                                                                                \
    for (int mfl_lane = 0; mfl_lane < (lanes); mfl_lane++) name##_part[mfl_lane] = start;                                   \
    MFL_LANES(i, n, lanes, mfl_lane, const real mfl_x = __VA_ARGS__; name##_part[mfl_lane] = of_two(mfl_x, name##_part[mfl_lane]);)  \
    real name = MFL_FOLD_##op##_##real(name##_part, lanes)
#define MFL_MAX(real, name, i, n, lanes, ...) MFL_EXTREME(real, max, MFL_OF_TWO_max_##real, (real)-INFINITY, name, i, n, lanes, __VA_ARGS__)
#define MFL_MIN(real, name, i, n, lanes, ...) MFL_EXTREME(real, min, MFL_OF_TWO_min_##real, (real)INFINITY, name, i, n, lanes, __VA_ARGS__)
#endif
