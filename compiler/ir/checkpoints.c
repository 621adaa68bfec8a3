/* checkpoints.c -- what a schedule of saved states costs: slots, and iterations that are run again.
 *
 * t(l, c) = r l - beta(c + 1, r - 1), beta(c, r) = (c + r)! / (c! r!), r the smallest with beta(c, r) >= l: the fewest forward steps for reversing l steps
 * with c saved states, the l steps that are run for their own reversal not counted (Griewank and Walther 2000; runtime/checkpoint.c reaches it). */
#include "ir.h"

int64_t checkpoint_slots(const Checkpoints *c) { return c->bases + c->inner; }

static double fewest(double l, double c)
{
    if (l < 2)
        return 0;
    if (c <= 1)
        return l * (l - 1) / 2;
    double beta = 1, more = 1;                    /* beta(c, r), beta(c + 1, r - 1) */
    int64_t r = 0;
    while (beta < l) {
        r++;
        more = r == 1 ? 1 : more * (c + (double)r) / ((double)r - 1);
        beta *= (c + (double)r) / (double)r;
    }
    return (double)r * l - more;
}

/* In the first sweep every iteration is run once; these are the others. A segment that is not reversed first is passed without saving. */
double checkpoint_again(const Checkpoints *c)
{
    double period = (double)c->period, states = (double)c->inner + 1, segments = (double)((c->last - 1) / c->period), tail = (double)c->last - segments * period;
    return segments * fewest(period, states) + fewest(tail + 1, states) - tail;
}
