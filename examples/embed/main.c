/* A program that embeds generated code: it learns one penalty per feature of a ridge regression, with no compiler, no mflc and no allocation at run time.
 * ridge.c and ridge.h are what `mflc build examples/ridge.mfl` writes; the data are read from the example's CSV files. */
#include "ridge.h"
#include <stdio.h>
#include <stdlib.h>

enum { N = RIDGE_N, V = RIDGE_V, D = RIDGE_D, OUTER_STEPS = 50 };

/* rows lines of D features and a target, after one header line */
static int read_csv(const char *path, int rows, float *x, float *y)
{
    char line[4096];
    FILE *f = fopen(path, "r");
    if (!f || !fgets(line, sizeof line, f))
        return 0;
    for (int i = 0; i < rows; i++) {
        if (!fgets(line, sizeof line, f))
            return 0;
        char *p = line;
        for (int d = 0; d <= D; d++, p++)
            *(d < D ? &x[i * D + d] : &y[i]) = strtof(p, &p);
    }
    fclose(f);
    return 1;
}

/* The workspace: sized at compile time, aligned to 64 bytes, owned here. */
static union { unsigned char bytes[RIDGE_WORK_BYTES + 64]; double align; } work_memory;
static union { unsigned char bytes[RIDGE_STATE_BYTES + 64]; double align; } state_memory;

static void *aligned(unsigned char *p) { return p + (64 - (uintptr_t)p % 64) % 64; }

int main(int argc, char **argv)
{
    static float x[N * D], y[N], xv[V * D], yv[V], log_l2[D], gradient[D];
    const char *folder = argc > 1 ? argv[1] : "../data";
    char train[1024], valid[1024];
    snprintf(train, sizeof train, "%s/diabetes_train.csv", folder);
    snprintf(valid, sizeof valid, "%s/diabetes_valid.csv", folder);
    if (!read_csv(train, N, x, y) || !read_csv(valid, V, xv, yv)) {
        fprintf(stderr, "the data cannot be read from %s\n", folder);
        return 1;
    }
    const ridge_data data = { x, y, xv, yv };
    ridge_meta meta = { log_l2 }, grad = { gradient };
    void *work = aligned(work_memory.bytes), *state = aligned(state_memory.bytes);
    mfl_status status;
    float outer = 0, first = 0;
    if (ridge_init(&meta, 0, work, &status) || ridge_learn_init(&meta, state, work, &status))
        goto failed;
    for (int k = 0; k < OUTER_STEPS; k++) {
        if (ridge_hypergradient(&data, &meta, &outer, &grad, work, &status))
            goto failed;
        if (k == 0)
            first = outer;
        if (ridge_learn(&meta, &grad, state, k, work, &status))
            goto failed;
    }
    printf("outer loss %.6f before, %.6f after %d outer steps\n", (double)first, (double)outer, OUTER_STEPS);
    return outer < first ? 0 : 1;
failed:
    fprintf(stderr, "%s: %s\n", mfl_strerror(status.code), status.name ? status.name : "");
    return 1;
}
