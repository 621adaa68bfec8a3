/* choose.c -- the alternatives and the choice among them.
 *
 * Regions and their ways: the inner loop (mode, and a schedule), the gradient inside it (forward over reverse in mode mixed; reverse over reverse, whose model
 * loops with a snapshot per iteration are the checkpointed block adjoints), each model loop (a schedule). search.c chooses them jointly: without a budget the least
 * predicted time, with one the least among the plans that fit. For explain and bench this adds what the choice had no need to look at. */
#include "price.h"

bool plan_fits(const Plans *all, int k) { return !all->budget || all->all.at[k].bytes <= all->budget; }

bool problem_has_loops(const Problem *p) { return p->loops.n > 0; }

/* Plans that treat all model loops alike. */
static void price_joint(Plans *all, const DiffOptions *asked)
{
    enum { MOST_DIRECTIONS = 256 };
    bool loops = problem_has_loops(all->problem) && !asked->loops.given, needed = backward_needs_gradient(all->problem), few = problem_meta_numbers(all->problem) <= MOST_DIRECTIONS;
    Schedule some = { .given = true, .period = INT32_MAX, .inner = all->problem->steps > 12 ? 5 : 1 };
    const Schedule *steps[] = { &schedule_keep, &schedule_snapshot, &schedule_gradients, &some };
    for (Mode m = MODE_MIXED; m <= MODE_REVERSE; m++)
        for (int l = 0; l <= loops; l++)
            for (int k = 0; k < (all->problem->steps > 3 ? 4 : 3); k++) {
                DiffOptions o = plan_with(asked, m, steps[k], l ? &schedule_keep : &schedule_snapshot);
                if (steps[k] != &schedule_gradients || needed)       /* else storing them changes nothing where every state is saved */
                    plan_price(all, &o);
            }
    for (int l = 0; few && l <= loops; l++) {
        DiffOptions o = plan_with(asked, MODE_FORWARD, &schedule_snapshot, l ? &schedule_keep : &schedule_snapshot);
        plan_price(all, &o);
    }
}

static const char *explain_choice(Plans *all, const DiffOptions *asked)
{
    Arena *a = all->arena;
    if (all->chosen < 0)
        return arena_printf(a, "nothing fits in %lld bytes; the smallest workspace is %lld", (long long)all->budget, (long long)all->all.at[all->leanest].bytes);
    const char *text = plan_text(a, all->problem, &all->all.at[all->chosen]);
    if (all->all.at[all->chosen].o.mode == MODE_FORWARD && asked->steps.given)
        text = arena_printf(a, "%s (which saves no steps: %s has no say)", text, schedule_text(a, &asked->steps));
    if (all->tried == 1)
        return arena_printf(a, "%s: as asked", text);
    text = arena_printf(a, "%s: the least predicted time of %d alternatives%s%s", text, all->tried, all->budget ? arena_printf(a, " within %lld bytes", (long long)all->budget) : "",
                        asked->mode == MODE_AUTO ? "" : " in this mode");
    if (all->stored >= 0)
        text = arena_printf(a, "%s; with a store for the states, %s would take %.2g of that time within the same bytes", text, plan_text(a, all->problem, &all->all.at[all->stored]),
                            all->all.at[all->stored].seconds / all->all.at[all->chosen].seconds);
    return text;
}

void plan_choose(Plans *all, const DiffOptions *asked, bool every)
{
    all->chosen = all->stored = -1;
    all->store |= asked->steps.store;                   /* who asks for a store has one */
    plan_search(all, asked);
    all->tried = all->all.n;
    if (every)
        price_joint(all, asked);
    if (every && all->chosen >= 0)
        plan_price_ways(all, asked);
    all->why = explain_choice(all, asked);
}

void plan_baseline(Plans *all)
{
    DiffOptions o = { .mode = MODE_REVERSE, .steps = schedule_keep, .loops = schedule_keep };
    all->baseline = plan_price(all, &o);
}
