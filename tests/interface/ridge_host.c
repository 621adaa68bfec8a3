/* ridge_host.c -- ridge as its header offers it: static functions and those with a workspace give the same bits, tasks as an array of structs, _check in just the
 * bytes that RIDGE_CHECK_BYTES says. */
#define _DEFAULT_SOURCE
#include "ridge_static.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { N = RIDGE_N, V = RIDGE_V, D = RIDGE_D };
static double x[N * D], y[N], y2[N], xv[V * D], yv[V], log_l2[D], g[D], g2[D], w[D], w2[D];
static unsigned char state_at[RIDGE_STATE_BYTES + 64];
static int failures;
#define CHECK(cond) do { if (!(cond)) { printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); failures++; } } while (0)

static void *guarded(size_t n)
{
    size_t pages = (n + 4095) / 4096 * 4096;
    char *at = mmap(NULL, pages + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + pages, 4096, PROT_NONE))
        exit(3);
    return at + pages - n;
}

static void fill(double *at, int n, int stream)
{
    for (int k = 0; k < n; k++)
        at[k] = mfl_uniform(3, stream, k) - 0.5;
}

int main(void)
{
    fill(x, N * D, 1), fill(y, N, 2), fill(xv, V * D, 3), fill(yv, V, 4), fill(y2, N, 5);
    const ridge_data tasks[2] = { { x, y, xv, yv }, { x, y2, xv, yv } }, *data = &tasks[0];
    ridge_meta meta = { log_l2 };
    const ridge_meta grad = { g }, grad2 = { g2 };
    const ridge_params params = { w }, params2 = { w2 };
    void *work = guarded(RIDGE_WORK_BYTES), *state = state_at + (64 - (uintptr_t)state_at % 64) % 64;
    double outer = 0, outer2 = 0, sum = 0;
    mfl_status st;

    CHECK(ridge_work_bytes() == RIDGE_WORK_BYTES);
    CHECK(!ridge_static_init(&meta, 0, &st) && log_l2[0] == -2);
    CHECK(!ridge_hypergradient(data, &meta, &outer, &grad, work, &st) && !ridge_static_hypergradient(data, &meta, &outer2, &grad2, &st));
    CHECK(outer == outer2 && outer > 0 && !memcmp(g, g2, sizeof g));
    CHECK(!ridge_adapt(data, &meta, &params, work, &st) && !ridge_static_adapt(data, &meta, &params2, &st) && !memcmp(w, w2, sizeof w));

    CHECK(!ridge_hypergradient(&tasks[1], &meta, &sum, NULL, work, &st));
    CHECK(!ridge_hypergradient_tasks(2, tasks, &meta, &outer2, &grad2, work, 1, &st));
    CHECK(!ridge_hypergradient_add(&tasks[1], &meta, &outer, &grad, work, &st));
    CHECK(outer2 == outer / 2);
    for (int d = 0; d < D; d++)
        CHECK(g2[d] == g[d] / 2);

    CHECK(RIDGE_CHECK_BYTES == mfl_differences_bytes(&ridge_problem));
    void *room = guarded(RIDGE_CHECK_BYTES);
    CHECK(!ridge_check(data, &meta, room, 1e-6, &st) && !strcmp(st.name, "log_l2") && st.value <= 1e-6);
    CHECK(!ridge_static_check(data, &meta, 1e-6, &st));
    CHECK(ridge_check(NULL, &meta, room, 1e-6, &st) == MFL_NULL_INPUT && !strcmp(st.name, "data"));

    /* a learning step: the static state is the one between init and learn */
    CHECK(!ridge_hypergradient(data, &meta, &outer, &grad, work, &st));
    CHECK(!ridge_learn_init(&meta, state, work, &st) && !ridge_static_learn_init(&meta, &st));
    double before[D], after[D];
    memcpy(before, log_l2, sizeof before);
    CHECK(!ridge_learn(&meta, &grad, state, 0, work, &st) && !ridge_learn(&meta, &grad, state, 1, work, &st));
    memcpy(after, log_l2, sizeof after);
    memcpy(log_l2, before, sizeof before);
    CHECK(!ridge_static_learn(&meta, &grad, 0, &st) && !ridge_static_learn(&meta, &grad, 1, &st));
    CHECK(!memcmp(after, log_l2, sizeof after) && memcmp(after, before, sizeof after));
    return failures != 0;
}
