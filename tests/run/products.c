/* products.c -- the bits of many products of the runtime, as one number for each type: sizes around those of its tiles, both ways of storing each operand, a factor that
 * is no power of two, added to what is there. Built by several compilers and for several vector widths: the numbers must be the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void mfl_gemm_f32(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, int ta, const float *b, int64_t ldb, int tb, int accumulate, float *c, int64_t ldc);
void mfl_gemm_f64(int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda, int ta, const double *b, int64_t ldb, int tb, int accumulate, double *c, int64_t ldc);
enum { MOST = 90000 };
#define RUN(REAL, gemm)                                                                                                     \
    {                                                                                                                       \
        static REAL a[MOST], b[MOST], c[MOST];                                                                              \
        uint64_t sum = 0;                                                                                                   \
        for (int64_t n = 1; n < 70; n++)                                                                                    \
            for (int64_t m = 1; m < 20; m += 3)                                                                             \
                for (int way = 0; way < 4; way++) {                                                                         \
                    int64_t k = n * 7 % 41 + (n % 5 == 0) * 300;                                                            \
                    for (int64_t i = 0; i < MOST; i++) {                                                                    \
                        a[i] = (REAL)(i * 7919 % 1009) / (REAL)333 - (REAL)1.5;                                             \
                        b[i] = (REAL)(i * 104729 % 997) / (REAL)331 - (REAL)1.5;                                            \
                        c[i] = (REAL)(i % 13) / (REAL)7;                                                                    \
                    }                                                                                                       \
                    gemm(m, n, k, (REAL)0.3, a, way & 1 ? m : k, way & 1, b, way & 2 ? k : n, way >> 1, 1, c, n);           \
                    for (int64_t i = 0; i < m * n; i++) {                                                                   \
                        uint64_t bits = 0;                                                                                  \
                        memcpy(&bits, &c[i], sizeof(REAL));                                                                 \
                        sum = sum * 1000003u + bits;                                                                        \
                    }                                                                                                       \
                }                                                                                                           \
        printf(#gemm " %016llx\n", (unsigned long long)sum);                                                               \
    }

int main(void)
{
    RUN(float, mfl_gemm_f32)
    RUN(double, mfl_gemm_f64)
    return 0;
}
