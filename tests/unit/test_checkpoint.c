/* test_checkpoint.c -- the runtime's checkpoint schedule: never more slots than given, never a state that is not there, and the fewest extra steps. */
#include "mfl/runtime.h"
#include <stdbool.h>
#include <criterion/criterion.h>
#include <stdlib.h>

enum { MOST = 40 };

/* Extra steps of a sweep over n steps: the last keeps its values and has no state saved, every other is run again once for its own reversal. -1: a wrong slot. */
static long extra_steps(int n, int period, int inner)
{
    int32_t *table = calloc((size_t)inner + 2, sizeof *table);
    int bases = (n - 1 + period - 1) / period, *at = malloc(sizeof *at * (size_t)(bases + inner + 1));
    long extra = 0;
    for (int t = 0; t < n; t++) {
        int base = mfl_checkpoint_base(t, n - 1, period), slot = mfl_checkpoint_save(table, t, n - 1, period, bases, inner);
        if (base >= 0)
            at[base] = t;
        if (slot >= 0)
            at[slot] = t;
        if (slot >= bases + inner || base >= bases || (t == n - 1 && (slot >= 0 || base >= 0)))
            extra = -1;
    }
    for (int t = n - 2; t >= 0 && extra >= 0; t--) {
        int from = mfl_checkpoint_from(table, t, period), slot = mfl_checkpoint_slot(table, from, period, bases);
        if (from > t || slot < 0 || slot >= bases + inner || at[slot] != from) {
            extra = -1;
            break;
        }
        for (int j = from; j < t; j++, extra++) {
            slot = mfl_checkpoint_save(table, j, t, period, bases, inner);
            if (slot >= 0)
                at[slot] = j;
        }
        extra++;
    }
    free(table);
    free(at);
    return extra;
}

/* By dynamic programming: l steps, c saved states. */
static long fewest[MOST + 1][MOST + 1];
static void find_fewest(void)
{
    for (int l = 0; l <= MOST; l++)
        for (int c = 1; c <= MOST; c++) {
            long best = l < 2 ? 0 : (long)l * (l - 1) / 2;
            for (int d = 1; c > 1 && d < l; d++) {
                long x = d + fewest[l - d][c - 1] + fewest[d][c];
                best = x < best ? x : best;
            }
            fewest[l][c] = best;
        }
}

Test(checkpoint, known_numbers)
{
    static const int known[][3] = { { 10, 3, 15 }, { 50, 4, 144 }, { 100, 1, 4950 }, { 100, 3, 490 }, { 100, 5, 316 }, { 100, 10, 222 } };
    for (int k = 0; k < 6; k++)
        cr_expect_eq(extra_steps(known[k][0], known[k][0], known[k][1] - 1), known[k][2], "%d steps, %d states", known[k][0], known[k][1]);
}

Test(checkpoint, binomial_is_optimal)
{
    find_fewest();
    for (int n = 1; n <= MOST; n++)
        for (int c = 1; c <= n; c++)
            cr_expect_eq(extra_steps(n, n, c - 1), fewest[n][c], "%d steps, %d states", n, c);
}

Test(checkpoint, segments)
{
    find_fewest();
    for (int n = 1; n <= MOST; n++)
        for (int period = 1; period <= n; period++)
            for (int inner = 0; inner < period; inner++) {
                /* A segment that is not the last is passed without saving: its steps are run again from the base state, and each once for its own reversal. */
                long want = 0;
                for (int base = 0; base < n - 1; base += period) {
                    bool last = base + period >= n - 1;
                    want += fewest[last ? n - base : period][inner + 1] + (last ? 0 : period);
                }
                cr_assert_eq(extra_steps(n, period, inner), want, "%d steps, period %d, %d inner", n, period, inner);
            }
}

Test(checkpoint, long_loops_end)
{
    cr_expect(extra_steps(100000, 317, 316) > 0);
    cr_expect(extra_steps(100000, 100001, 99) < 3 * 100000L);
}
