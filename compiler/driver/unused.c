/* unused.c -- options that change nothing for this problem and its plan: a note says so and why, since who gives one expects something of it. */
#include "driver.h"

/* Of what the user gave: the measurements of --calibrate open problems with options of their own. */
static void note(const Options *o, const char *option, const char *value, const char *why)
{
    bool given = false;
    for (int k = 0; k < o->given.n; k++)
        given |= !strcmp(o->given.at[k].option, option);
    if (given)
        fprintf(messages(), "mflc: note: %s %s has no effect: %s\n", option, value, why);
}

void note_unused(const Session *s, bool data)
{
    const Options *o = s->opt;
    const DiffOptions *plan = &s->plans.all.at[s->plans.chosen].o;
    if (!strcmp(o->command, "build") && o->meta.n && !o->smoke)
        note(o, "--meta", o->meta.at[0], "the caller gives the numbers of meta variables; with --main its program has these");
    if (o->threads > 1 && !s->problem->has_tasks)
        note(o, "--threads", arena_printf(s->arena, "%lld", (long long)o->threads), "the problem has no task data, and it is tasks that are computed side by side");
    if (o->schedule && strcmp(o->schedule, "auto") && plan->mode == MODE_FORWARD)
        note(o, "--schedule", o->schedule, "mode forward goes once through the inner loop and saves no states");
    if (o->loops && strcmp(o->loops, "auto") && !s->problem->loops.n)
        note(o, "--loops", o->loops, "the problem has no model loops");
    if (o->store && !o->memory && !plan->steps.store)
        note(o, "--store", o->store, "the plan keeps no states there; --schedule every:K+store does, and with --memory such a plan may be chosen");
    if (o->from && data && !s->bindings.from_used)
        note(o, "--from", o->from, "it holds nothing of the problem's data and meta variables, by name, as .npy or .csv");
}
