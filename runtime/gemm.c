/* gemm.c -- the matrix product: a BLAS when built with MFL_USE_BLAS and the product is large, else the runtime's own: register tiles for the vector width of the
 * processor under gcc and clang on x86-64 (gemm_tile.inc, chosen when called), plain C elsewhere (gemm.inc). */
#include "mfl/runtime.h"
#if MFL_USE_BLAS
#include <cblas.h>
#endif
#if defined(__x86_64__) && defined(__clang__) && __clang_major__ >= 18
#define TILES 1
#include <immintrin.h>
#define UNROLL(n) _Pragma("clang loop unroll(full)")
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
#elif defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TILES 1
#define UNROLL_TEXT(text) _Pragma(#text)
#define UNROLL(n) UNROLL_TEXT(GCC unroll n)
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")                                      /* what the header defines may be inlined into both, whatever -march says */
#include <immintrin.h>
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
#endif
#if TILES
#define VB 64
#define TALL 8
#define REAL float
#define NAME(f) mfl_f32_v4_##f
#define MASK_INT int32_t
#define MASK __mmask16
#define MASK_OF(n) ((__mmask16)((1u << (n)) - 1))
#define FUSED(f, x, sum) _mm512_fmadd_ps(_mm512_set1_ps(f), x, sum)
#define LOAD_PART(mask, at) _mm512_maskz_loadu_ps(mask, at)
#define STORE_PART(mask, at, x) _mm512_mask_storeu_ps(at, mask, x)
#include "gemm_tile.inc"
#define REAL double
#define NAME(f) mfl_f64_v4_##f
#define MASK_INT int64_t
#define MASK __mmask8
#define MASK_OF(n) ((__mmask8)((1u << (n)) - 1))
#define FUSED(f, x, sum) _mm512_fmadd_pd(_mm512_set1_pd(f), x, sum)
#define LOAD_PART(mask, at) _mm512_maskz_loadu_pd(mask, at)
#define STORE_PART(mask, at, x) _mm512_mask_storeu_pd(at, mask, x)
#include "gemm_tile.inc"
#undef VB
#undef TALL
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#endif
#define VB 32
#define TALL 6
#define REAL float
#define NAME(f) mfl_f32_v3_##f
#define MASK_INT int32_t
#define MASK __m256i
#define MASK_OF(n) _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define FUSED(f, x, sum) _mm256_fmadd_ps(_mm256_set1_ps(f), x, sum)
#define LOAD_PART(mask, at) _mm256_maskload_ps(at, mask)
#define STORE_PART(mask, at, x) _mm256_maskstore_ps(at, mask, x)
#include "gemm_tile.inc"
#define REAL double
#define NAME(f) mfl_f64_v3_##f
#define MASK_INT int64_t
#define MASK __m256i
#define MASK_OF(n) _mm256_cmpgt_epi64(_mm256_set1_epi64x((n)), _mm256_setr_epi64x(0, 1, 2, 3))
#define FUSED(f, x, sum) _mm256_fmadd_pd(_mm256_set1_pd(f), x, sum)
#define LOAD_PART(mask, at) _mm256_maskload_pd(at, mask)
#define STORE_PART(mask, at, x) _mm256_maskstore_pd(at, mask, x)
#include "gemm_tile.inc"
#undef VB
#undef TALL
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
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
#undef REAL
#undef LANES
#undef NAME

#if MFL_USE_BLAS
#define BLAS(f, one, zero)                                                                                                                                         \
    if (m * n * k > MFL_GEMM_LARGE) {                                                                                                                                       \
        f(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb,                  \
          accumulate ? one : zero, c, (int)ldc);                                                                                                                   \
        return;                                                                                                                                                    \
    }
#else
#define BLAS(f, one, zero)
#endif
#if TILES
#define TILED(type)                                                                                                                                                \
    if (__builtin_cpu_supports("x86-64-v4")) {                                                                                                                     \
        mfl_##type##_v4_gemm_tiles(m, n, k, alpha, a, lda, ta, b, ldb, tb, accumulate, c, ldc);                                                                    \
        return;                                                                                                                                                    \
    }                                                                                                                                                              \
    if (__builtin_cpu_supports("x86-64-v3")) {                                                                                                                     \
        mfl_##type##_v3_gemm_tiles(m, n, k, alpha, a, lda, ta, b, ldb, tb, accumulate, c, ldc);                                                                    \
        return;                                                                                                                                                    \
    }
#else
#define TILED(type)
#endif

void mfl_gemm_f32(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, int ta, const float *b, int64_t ldb, int tb, int accumulate, float *c, int64_t ldc)
{
    BLAS(cblas_sgemm, 1.0f, 0.0f)
    TILED(f32)
    mfl_f32_gemm_own(m, n, k, alpha, a, lda, ta, b, ldb, tb, accumulate, c, ldc);
}

void mfl_gemm_f64(int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda, int ta, const double *b, int64_t ldb, int tb, int accumulate, double *c, int64_t ldc)
{
    BLAS(cblas_dgemm, 1.0, 0.0)
    TILED(f64)
    mfl_f64_gemm_own(m, n, k, alpha, a, lda, ta, b, ldb, tb, accumulate, c, ldc);
}
