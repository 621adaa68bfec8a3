/* typed.c -- any problem as its headers offer it: its functions and the static ones give the bits that the descriptor's give; sizes are what the descriptor says.
 * -DNAME=ridge -DUPPER=RIDGE -DHEADER="ridge_static.h" -DREAL=float; -DCHECKED: built with --check; -DWINDOW: truncated */
#define _DEFAULT_SOURCE
#include HEADER
#include <stdio.h>
#include <stdlib.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define F(name) JOIN(NAME, name)
#define SIZE(name) JOIN(UPPER, name)
enum { LEAVES = 256, TASKS = 3 };
static const mfl_problem *const p = &F(_problem);
static int failures;
#include "invented.h"
#define CHECK(cond) do { if (!(cond)) { printf("%s:%d: %s: not so: %s\n", __FILE__, __LINE__, p->name, #cond); failures++; } } while (0)

static const void *data[TASKS][LEAVES];
static void *meta[LEAVES], *want[LEAVES], *got[LEAVES], *params_want[LEAVES], *params_got[LEAVES], *before[LEAVES];
static F(_data) tasks[TASKS];
static F(_meta) m, g;
static F(_params) w;
static void *work;
static REAL outer_want, outer_got;
static mfl_status st;

static int same(void **a, void **b, const mfl_array *arrays, int n)
{
    for (int k = 0; k < n; k++)
        if (memcmp(a[k], b[k], bytes(&arrays[k])))
            return 0;
    return 1;
}

static void spoil(void)
{
    outer_got = -12345;
    for (int k = 0; k < p->nmeta; k++)
        memset(got[k], 0x7f, bytes(&p->meta[k]));
    for (int k = 0; k < p->nparam; k++)
        memset(params_got[k], 0x7f, bytes(&p->param[k]));
}

/* The structs hold pointers alone, in the descriptor's order. */
static void structs(void)
{
    for (int t = 0; t < TASKS; t++)
        if (p->ndata) {
            CHECK(sizeof tasks[t] == (size_t)p->ndata * sizeof(void *));
            memcpy(&tasks[t], data[t], sizeof tasks[t]);
        }
    CHECK(sizeof m == (size_t)p->nmeta * sizeof(void *) && sizeof w == (size_t)p->nparam * sizeof(void *));
    memcpy(&m, meta, sizeof m);
    memcpy(&g, got, sizeof g);
    memcpy(&w, params_got, sizeof w);
}

static void gradients(void)
{
    CHECK(!p->hypergradient(data[0], meta, want, &outer_want, NULL, NULL, 0, work, &st));
    spoil();
    CHECK(!F(_hypergradient)(&tasks[0], &m, &outer_got, &g, work, &st) && outer_got == outer_want && same(got, want, p->meta, p->nmeta));
    spoil();
    CHECK(!F(_static_hypergradient)(&tasks[0], &m, &outer_got, &g, &st) && outer_got == outer_want && same(got, want, p->meta, p->nmeta));
    CHECK(!p->hypergradient_add(data[1], meta, want, &outer_want, NULL, NULL, 0, work, &st));
    CHECK(!F(_static_hypergradient_add)(&tasks[1], &m, &outer_got, &g, &st) && outer_got == outer_want && same(got, want, p->meta, p->nmeta));
    const void *rows[TASKS * LEAVES];
    for (int t = 0; t < TASKS; t++)
        memcpy(rows + t * p->ndata, data[t], (size_t)p->ndata * sizeof *rows);
    CHECK(!p->hypergradient_tasks(TASKS, rows, meta, want, &outer_want, work, 1, &st));
    spoil();
    CHECK(!F(_hypergradient_tasks)(TASKS, tasks, &m, &outer_got, &g, work, 1, &st) && outer_got == outer_want && same(got, want, p->meta, p->nmeta));
    spoil();
    CHECK(!F(_static_hypergradient_tasks)(TASKS, tasks, &m, &outer_got, &g, &st) && outer_got == outer_want && same(got, want, p->meta, p->nmeta));
    CHECK(F(_static_hypergradient_tasks)(0, tasks, &m, &outer_got, &g, &st) == MFL_BAD_COUNT);
}

static void others(void)
{
    size_t logs = SIZE(_LOGS) * sizeof(REAL);
    REAL *logs_want = guarded(logs), *logs_got = guarded(logs);
    CHECK(!p->value(data[0], meta, NULL, &outer_want, logs_want, NULL, 0, work, &st) && !F(_static_value)(&tasks[0], &m, &outer_got, logs_got, &st) && outer_got == outer_want && !memcmp(logs_want, logs_got, logs));
    CHECK(!p->adapt(data[0], meta, params_want, NULL, NULL, NULL, 0, work, &st));
    CHECK(!F(_adapt)(&tasks[0], &m, &w, work, &st) && same(params_got, params_want, p->param, p->nparam));
    spoil();
    CHECK(!F(_static_adapt)(&tasks[0], &m, &w, &st) && same(params_got, params_want, p->param, p->nparam));
    spoil();
    CHECK(!p->init(NULL, want, NULL, NULL, NULL, NULL, 3, work, &st) && !F(_static_init)(&g, 3, &st) && same(got, want, p->meta, p->nmeta));
    CHECK(F(_work_bytes)() == SIZE(_WORK_BYTES) && p->work_bytes == SIZE(_WORK_BYTES) && p->state_bytes == SIZE(_STATE_BYTES) && p->nlogs == SIZE(_LOGS) && p->steps == SIZE(_STEPS));
    CHECK(F(_static_hypergradient)(NULL, &m, &outer_got, &g, &st) == (p->ndata ? MFL_NULL_INPUT : MFL_OK));
    CHECK(F(_static_hypergradient)(&tasks[0], NULL, &outer_got, &g, &st) == MFL_NULL_INPUT && !strcmp(st.name, "meta"));
}

/* Two steps of learning from one place. */
static void learning(void)
{
    void *state = guarded(SIZE(_STATE_BYTES));
    if (!p->learn_steps)
        return;
    CHECK(!p->hypergradient(data[0], meta, got, NULL, NULL, NULL, 0, work, &st));
    for (int k = 0; k < p->nmeta; k++)
        memcpy(before[k], meta[k], bytes(&p->meta[k]));
    CHECK(!p->learn_init(NULL, meta, NULL, NULL, NULL, state, 0, work, &st));
    for (int step = 0; step < 2; step++)
        CHECK(!p->learn(NULL, meta, got, NULL, NULL, state, step, work, &st));
    for (int k = 0; k < p->nmeta; k++) {
        memcpy(want[k], meta[k], bytes(&p->meta[k]));
        memcpy(meta[k], before[k], bytes(&p->meta[k]));
    }
#ifdef LEARNS
    CHECK(!F(_static_learn_init)(&m, &st));
    for (int step = 0; step < 2; step++)
        CHECK(!F(_static_learn)(&m, &g, step, &st));
    CHECK(same(meta, want, p->meta, p->nmeta) && !same(meta, before, p->meta, p->nmeta));
    for (int k = 0; k < p->nmeta; k++)
        memcpy(meta[k], before[k], bytes(&p->meta[k]));
#endif
}

#ifdef WINDOW
/* The static functions carry the state themselves. */
static void windows(void)
{
    void *carried = guarded(SIZE(_CARRIED_BYTES));
    CHECK(p->window == SIZE(_WINDOW) && p->carried_bytes == SIZE(_CARRIED_BYTES));
    for (int64_t step = 0; step < p->steps; step += p->window) {
        CHECK(!p->hypergradient_window(data[0], meta, want, &outer_want, NULL, carried, step, work, &st));
        spoil();
        CHECK(!F(_static_hypergradient_window)(&tasks[0], &m, step, &outer_got, &g, &st) && outer_got == outer_want && same(got, want, p->meta, p->nmeta));
    }
    CHECK(F(_static_hypergradient_window)(&tasks[0], &m, p->steps, &outer_got, &g, &st) == MFL_BAD_COUNT && !strcmp(st.name, "step"));
}
#endif

#ifdef CHECKED
static void checks(void)
{
    double tol = p->real_bytes == 8 ? 1e-6 : 2e-2;
    void *room = guarded(SIZE(_CHECK_BYTES));
    CHECK(SIZE(_CHECK_BYTES) == mfl_differences_bytes(p));
    CHECK(!F(_check)(&tasks[0], &m, room, tol, &st) && !F(_static_check)(&tasks[0], &m, tol, &st));
    CHECK(F(_check)(&tasks[0], NULL, room, tol, &st) == MFL_NULL_INPUT && F(_check)(&tasks[0], &m, room, -1, &st) == MFL_BAD_COUNT);
}
#endif

int main(void)
{
    for (int k = 0; k < p->ndata; k++)
        for (int t = 0; t < TASKS; t++)
            data[t][k] = t == 0 || p->data[k].task ? numbers(&p->data[k], 1 + k + 1000 * t) : data[0][k];
    for (int k = 0; k < p->nmeta; k++) {
        meta[k] = numbers(&p->meta[k], 500 + k);
        want[k] = guarded(bytes(&p->meta[k]));
        got[k] = guarded(bytes(&p->meta[k]));
        before[k] = guarded(bytes(&p->meta[k]));
    }
    for (int k = 0; k < p->nparam; k++) {
        params_want[k] = guarded(bytes(&p->param[k]));
        params_got[k] = guarded(bytes(&p->param[k]));
    }
    work = guarded(SIZE(_WORK_BYTES));
    structs();
    gradients();
    others();
    learning();
#ifdef WINDOW
    windows();
#endif
#ifdef CHECKED
    checks();
#endif
    return failures != 0;
}
