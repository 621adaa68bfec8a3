/* test_gemm.c -- the runtime's matrix product: every storage, with and without accumulation, around every edge of its tiles, equals the plain sum; it reads
 * nothing beyond its operands (they end at a page that may not be touched) and writes nothing between the rows of its result. */
#include "mfl/runtime.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, ROOM = 128 * PAGE };

/* The last `bytes` bytes before a page that may not be touched. */
static void *at_the_end(size_t bytes)
{
    static char *room[3];
    static int next;
    int k = next++ % 3;
    if (!room[k]) {
        room[k] = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert(room[k] != MAP_FAILED && !mprotect(room[k] + ROOM, PAGE, PROT_NONE));
    }
    cr_assert(bytes <= ROOM);
    return room[k] + ROOM - bytes;
}

static unsigned long long seed = 1;
static double draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(int)(seed >> 40) / (1 << 23) - 1;
}

#define CHECK(name, real, tolerance)                                                                                                       \
    static int name(int64_t m, int64_t n, int64_t k, int ta, int tb, int accumulate, int64_t gap)                                          \
    {                                                                                                                                      \
        int64_t ar = ta ? k : m, ac = ta ? m : k, br = tb ? n : k, bc = tb ? k : n, lda = ac + gap, ldb = bc + gap, ldc = n + gap;         \
        int64_t na = (ar - 1) * lda + ac, nb = (br - 1) * ldb + bc, nc = (m - 1) * ldc + n;                                                \
        real *a = at_the_end(sizeof(real) * (size_t)na), *b = at_the_end(sizeof(real) * (size_t)nb), *c = at_the_end(sizeof(real) * (size_t)nc), alpha = (real)-0.5; \
        real *old = malloc(sizeof(real) * (size_t)nc);                                                                                     \
        for (int64_t i = 0; i < na; i++) a[i] = (real)draw();                                                                              \
        for (int64_t i = 0; i < nb; i++) b[i] = (real)draw();                                                                              \
        for (int64_t i = 0; i < nc; i++) old[i] = c[i] = accumulate || i % ldc >= n ? (real)draw() : (real)NAN;                            \
        mfl_gemm_##name(m, n, k, alpha, a, lda, ta, b, ldb, tb, accumulate, c, ldc);                                                       \
        int wrong = 0;                                                                                                                     \
        for (int64_t i = 0; i < nc; i++) {                                                                                                 \
            int64_t r = i / ldc, q = i % ldc;                                                                                              \
            double sum = 0;                                                                                                                \
            for (int64_t p = 0; q < n && p < k; p++)                                                                                       \
                sum += (double)(ta ? a[p * lda + r] : a[r * lda + p]) * (double)(tb ? b[q * ldb + p] : b[p * ldb + q]);                    \
            double want = q >= n ? (double)old[i] : (double)alpha * sum + (accumulate ? (double)old[i] : 0);                               \
            wrong += !(fabs((double)c[i] - want) <= (q >= n ? 0 : tolerance * (1 + (double)k)));                                           \
        }                                                                                                                                  \
        free(old);                                                                                                                         \
        return wrong;                                                                                                                      \
    }
CHECK(f32, float, 1e-6)                           /* each of the k terms may add half a unit of single precision */
CHECK(f64, double, 1e-15)

Test(gemm, every_edge)
{
    static const int64_t rows[] = { 1, 2, 3, 5, 8, 9, 13, 16, 17, 33 }, cols[] = { 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 49 }, deep[] = { 1, 2, 3, 5, 8, 40, 256, 257 };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned j = 0; j < sizeof cols / sizeof *cols; j++)
            for (unsigned d = 0; d < sizeof deep / sizeof *deep; d++)
                for (int how = 0; how < 16; how++) {
                    int64_t gap = how & 8 ? 3 : 0;
                    int wrong = f32(rows[i], cols[j], deep[d], how & 1, how >> 1 & 1, how >> 2 & 1, gap) + f64(rows[i], cols[j], deep[d], how & 1, how >> 1 & 1, how >> 2 & 1, gap);
                    cr_expect(!wrong, "%d elements of %ld x %ld x %ld are wrong, way %d", wrong, (long)rows[i], (long)cols[j], (long)deep[d], how);
                }
}
