/* gemm.c -- the matrix product: a BLAS when built with MFL_USE_BLAS (and the product is large enough to pay for the call), else the runtime's own. */
#include "mfl/runtime.h"
#if MFL_USE_BLAS
#include <cblas.h>
enum { SMALL = 4096 };                                                    /* products of up to this many multiplications are made here */
#endif
#define REAL float
#define LANES 16
#define NAME(f) mfl_f32_##f
#include "gemm.inc"
#undef REAL
#undef LANES
#undef NAME
#define REAL double
#define LANES 8
#define NAME(f) mfl_f64_##f
#include "gemm.inc"

void mfl_gemm_f32(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, int ta, const float *b, int64_t ldb, int tb, int accumulate, float *c, int64_t ldc)
{
#if MFL_USE_BLAS
    if (m * n * k > SMALL) {
        cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb,
                    accumulate ? 1.0f : 0.0f, c, (int)ldc);
        return;
    }
#endif
    mfl_f32_gemm_own(m, n, k, alpha, a, lda, ta, b, ldb, tb, accumulate, c, ldc);
}

void mfl_gemm_f64(int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda, int ta, const double *b, int64_t ldb, int tb, int accumulate, double *c, int64_t ldc)
{
#if MFL_USE_BLAS
    if (m * n * k > SMALL) {
        cblas_dgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb,
                    accumulate ? 1.0 : 0.0, c, (int)ldc);
        return;
    }
#endif
    mfl_f64_gemm_own(m, n, k, alpha, a, lda, ta, b, ldb, tb, accumulate, c, ldc);
}
