/* mfl/kernels.h -- what the statements of generated code call: products, factorisations, sums, copies. Floats in functions that end in _f32, doubles in _f64.
 *
 * Nothing here allocates or keeps state. Arrays are row-major; all sizes are numbers of elements. */
#ifndef MFL_KERNELS_H
#define MFL_KERNELS_H
#include <stdint.h>
#include "status.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Whole numbers. */
static inline int mfl_min_int(int a, int b) { return a < b ? a : b; }
static inline int mfl_max_int(int a, int b) { return a > b ? a : b; }
static inline int mfl_abs_int(int a) { return a < 0 ? -a : a; }

/* Results on their way to the caller, where y NULL is not wanted: n numbers overwritten or added to; sums of n tasks made means */
static inline void mfl_put_f32(float *y, const float *a, int64_t n, int add)
{
    for (int64_t k = 0; y && k < n; k++)
        y[k] = add ? y[k] + a[k] : a[k];
}
static inline void mfl_put_f64(double *y, const double *a, int64_t n, int add)
{
    for (int64_t k = 0; y && k < n; k++)
        y[k] = add ? y[k] + a[k] : a[k];
}
static inline void mfl_divide_f32(float *y, int64_t count, int64_t n)
{
    for (int64_t k = 0; y && k < count; k++)
        y[k] /= (float)n;
}
static inline void mfl_divide_f64(double *y, int64_t count, int64_t n)
{
    for (int64_t k = 0; y && k < count; k++)
        y[k] /= (double)n;
}

/* Guarded programs (mflc build --guard): the first value that is not finite goes into the status, with the inner step that mfl_check_step named. */
void mfl_check_f32(mfl_status *, float x, int32_t line, const char *text);
void mfl_check_f64(mfl_status *, double x, int32_t line, const char *text);
void mfl_check_rows_f32(mfl_status *, const float *at, int64_t rows, int64_t columns, int64_t apart, int32_t line, const char *text);
void mfl_check_rows_f64(mfl_status *, const double *at, int64_t rows, int64_t columns, int64_t apart, int32_t line, const char *text);
void mfl_check_begin(mfl_status *);
void mfl_check_step(mfl_status *, int64_t step);

/* Matrix product: c[m][n] = (or +=, accumulate) alpha * op(a)[m][k] op(b)[k][n]; row-major with leading dimensions;
 * ta: a is stored [k][m], tb: b is stored [n][k]. c overlaps neither. The product is whole when it is added to c: the bits are those of a product and an
 * addition. Not so where more than MFL_GEMM_LARGE multiplications are the BLAS's, under MFL_USE_BLAS: they need blocking for caches; generated code adds such products itself. */
enum { MFL_GEMM_LARGE = 1 << 24 };
void mfl_gemm_f32(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, int ta, const float *b, int64_t ldb, int tb, int accumulate, float *c, int64_t ldc);
void mfl_gemm_f64(int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda, int ta, const double *b, int64_t ldb, int tb, int accumulate, double *c, int64_t ldc);

/* Kernels on `batch` matrices behind one another; flags: 1 upper, 2 transposed.
 * cholesky: lower factor of a[n][n] into l (upper triangle 0); NaN where a is not positive definite. a is read in its lower triangle.
 * trisolve: op(t) x = b, b and x [n][nrhs]; the other triangle of t is not read.
 * solve: op(a) x = b by LU with partial pivoting; scratch: n * n reals and n reals behind them. x may not overlap a or b. */
void mfl_cholesky_f32(float *l, const float *a, int64_t batch, int64_t n);
void mfl_cholesky_f64(double *l, const double *a, int64_t batch, int64_t n);
void mfl_trisolve_f32(float *x, const float *t, const float *b, int64_t batch, int64_t n, int64_t nrhs, int64_t flags);
void mfl_trisolve_f64(double *x, const double *t, const double *b, int64_t batch, int64_t n, int64_t nrhs, int64_t flags);
void mfl_solve_f32(float *x, float *scratch, const float *a, const float *b, int64_t batch, int64_t n, int64_t nrhs, int64_t flags);
void mfl_solve_f64(double *x, double *scratch, const double *a, const double *b, int64_t batch, int64_t n, int64_t nrhs, int64_t flags);
/* running sum along the middle axis of [outer][n][inner]; reversed: from the end */
void mfl_cumsum_f32(float *y, const float *x, int64_t outer, int64_t n, int64_t inner, int64_t reversed);
void mfl_cumsum_f64(double *y, const double *x, int64_t outer, int64_t n, int64_t inner, int64_t reversed);
#ifdef __cplusplus
}
#endif
#endif
