/* regions.c -- --mode, --schedule, --loops and --mode REGION=WAY as options of differentiation.
 *
 * Regions, as explain prints them: `steps` the inner loop (a mode, or a schedule), `gradient` the inner gradient (mixed or reverse), each model loop by the name of its
 * variable (a schedule). */
#include "driver.h"

void each_loop(const Graph *g, LoopFn *f, void *user)
{
    for (int i = 0; g && i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (n->op != OP_loop)
            continue;
        f(user, n->u.loop, n->origin.span);
        each_loop(n->u.loop->body, f, user);
    }
}

void each_model_loop(const Problem *p, LoopFn *f, void *user)
{
    const Graph *const all[] = { p->inner, p->update, p->path, p->outer };
    for (int k = 0; k < 4; k++)
        each_loop(all[k], f, user);
}

typedef struct Known { Arena *arena; Vec(Name) name; } Known;

static void add_known(void *user, const Loop *l, Span span)
{
    Known *k = user;
    (void)span;
    for (int i = 0; i < k->name.n; i++)
        if (k->name.at[i] == l->name)
            return;
    vec_push(k->arena, k->name, l->name);
}

static int wrong_way(const char *text, const char *expected, const char *word, const char *choices)
{
    return option_refuse("--mode", text, expected, word, choices);
}

/* One REGION=WAY. */
static int one_region(const Known *known, const char *text, DiffOptions *o, RegionSchedule *regions)
{
    const char *eq = strchr(text, '='), *way = eq + 1;
    Name name = intern_n(text, (size_t)(eq - text));
    if (!strcmp(name, "steps") && mode_of(way) != MODE_AUTO)
        o->mode = mode_of(way);
    else if (!strcmp(name, "steps")) {
        if (!schedule_parse(way, true, &o->steps))
            return wrong_way(text, "a mode (mixed, reverse, forward) or a schedule (keep, snapshot, every:K, binomial:S)", way, MODES " " SCHEDULES);
    } else if (!strcmp(name, "gradient")) {
        if (mode_of(way) != MODE_MIXED && mode_of(way) != MODE_REVERSE)
            return wrong_way(text, "mixed (forward over reverse) or reverse (reverse over reverse)", way, "mixed reverse");
        if (o->mode == MODE_FORWARD)
            return wrong_way(text, "no way of its own: mode forward has no reverse sweep over the gradient", "", NULL);
        o->mode = mode_of(way);
    } else {
        bool found = false;
        for (int k = 0; k < known->name.n; k++)
            found |= known->name.at[k] == name;
        if (!found) {
            const char *all = "steps gradient", *said = "one of the regions steps, gradient";
            for (int k = 0; k < known->name.n; k++) {
                all = intern_printf("%s %s", all, known->name.at[k]);
                said = intern_printf("%s, %s", said, known->name.at[k]);
            }
            return wrong_way(text, said, name, all);
        }
        RegionSchedule r = { .name = name };
        if (!schedule_parse(way, false, &r.schedule) || !r.schedule.given)
            return wrong_way(text, "keep, snapshot, every:K or binomial:S", way, SCHEDULES);
        regions[o->nregion++] = r;
    }
    return -1;
}

int regions_options(Session *s, DiffOptions *o)
{
    const Options *opt = s->opt;
    Known known = { .arena = s->arena };
    *o = (DiffOptions){ .mode = mode_of(opt->mode) };
    if (opt->schedule)
        schedule_parse(opt->schedule, true, &o->steps);
    if (opt->loops)
        schedule_parse(opt->loops, false, &o->loops);
    each_model_loop(s->problem, add_known, &known);
    RegionSchedule *regions = NEW_N(s->arena, RegionSchedule, opt->region.n + 1);
    int code = -1;
    for (int k = 0; k < opt->region.n && code < 0; k++)
        code = one_region(&known, opt->region.at[k], o, regions);
    if (o->nregion)
        o->region = regions;
    return code;
}
