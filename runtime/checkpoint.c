/* checkpoint.c -- which states a reverse sweep saves and where it restarts from: the schedule of every loop that does not keep all its states.
 *
 * The n steps of a loop fall into segments of `period` steps. The state before the first step of segment j is the base state j, saved by the forward sweep; `inner`
 * further slots serve the segment that is being reversed, filled by the binomial schedule (Griewank and Walther 2000, revolve):
 *   beta(c, r) = (c + r)! / (c! r!)    steps can be reversed with c saved states when no step is run forward more than r times
 * From a saved state with c - 1 slots free and l steps to reverse, the next state is saved d steps ahead, min(beta(c, r - 1), l - beta(c - 1, r - 1)) with the
 * smallest r for which beta(c, r) >= l. One segment (period >= n) is revolve itself; period 1 a snapshot per step; inner = period - 1 runs each step twice at most.
 *
 * The sweep is on its way to step `last`, which is reversed as it is run: it needs no state, and the segment before it is the one that is reversed first. (Where the last step is run
 * again too, that is the step behind it.)
 *
 * Base state j is in slot j (or in a store, then `bases` is 0), the inner ones in the slots from `bases` on. table[0] is the number of inner slots in use, table[1 + k] the step whose
 * state inner slot k holds, ascending. No recursion, no allocation. */
#include "mfl/runtime.h"

/* How many steps ahead of a saved state the next one is saved: l > 1 steps to reverse, c > 1 saved states in all. 1 .. l - 1. */
static int ahead(int l, int c)
{
    int64_t beta = 1, before = 1, smaller = 1;                /* beta(c, r), beta(c, r - 1), beta(c - 1, r - 1) */
    for (int64_t r = 1; beta < l; r++) {
        before = beta;
        smaller = beta * c / (c + r - 1);
        beta = beta * (c + r) / r;
    }
    int64_t d = before < l - smaller ? before : l - smaller;
    return d < 1 ? 1 : d < l ? (int)d : l - 1;
}

int mfl_checkpoint_base(int t, int last, int period) { return t >= last || t % period ? -1 : t / period; }

int mfl_checkpoint_save(int32_t *table, int t, int last, int period, int bases, int inner)
{
    int base = t - t % period, end = last - base <= period ? last : base + period - 1;
    if (t >= last)
        return -1;
    if (t == base)
        table[0] = 0;
    if (last > end || t == base)                              /* on the way to a later segment, or a base state */
        return -1;
    int used = table[0], top = used ? table[used] : base, l = end + 1 - top;
    if (used == inner || l < 2 || t != top + ahead(l, inner - used + 1))
        return -1;
    table[0] = used + 1;
    table[used + 1] = t;
    return bases + used;
}

int mfl_checkpoint_from(int32_t *table, int t, int period)
{
    int base = t - t % period;
    while (table[0] > 0 && table[table[0]] > t)
        table[0]--;
    if (table[0] > 0 && table[table[0]] > base)
        return table[table[0]];
    table[0] = 0;
    return base;
}

int mfl_checkpoint_slot(const int32_t *table, int from, int period, int bases) { return from % period ? bases + table[0] - 1 : from / period; }
