/* regions.c -- --mode, --schedule, --loops and their REGION=WAY as options of differentiation.
 *
 * Regions, as explain prints them: `steps` the inner loop (a mode, or a schedule), `gradient` the inner gradient (mixed or reverse) and, where
 * several step lines take their part of it, `gradient/NAME` the part of the one that moves param NAME, each model loop by the name that
 * diff/model_loops.c gave it (a schedule); the variable of a loop alone means all loops of that variable. */
#include "driver.h"

static int unknown_region(const Problem *p, const char *option, const char *text, const char *name, bool all)
{
    const char *known = all ? "steps gradient" : "", *said = all ? "one of the regions steps, gradient" : p->loops.n ? "one of the model loops" : "no region: this problem has no model loops";
    for (int k = 0, lines = gradient_lines(p); all && lines > 1 && k < lines; k++) {
        known = intern_printf("%s gradient/%s", known, gradient_line_name(p, k));
        said = intern_printf("%s, gradient/%s", said, gradient_line_name(p, k));
    }
    for (int k = 0; k < p->loops.n; k++) {
        known = intern_printf("%s %s", known, p->loops.at[k].name);
        said = intern_printf("%s%s %s", said, all || k ? "," : "", p->loops.at[k].name);
    }
    return option_refuse(option, text, said, name, known);
}

/* The schedule of one model loop, or of all with that variable: what is said later counts. */
static int loop_way(const Problem *p, const char *option, const char *text, Name name, const char *way, DiffOptions *o, RegionSchedule *regions)
{
    Schedule given;
    bool found = false;
    if (!schedule_parse(way, false, &given) || !given.given)
        return option_refuse(option, text, "keep, snapshot, every:K or binomial:S, with +last:1", way, SCHEDULES);
    for (int k = 0; k < p->loops.n; k++) {
        const ModelLoop *l = &p->loops.at[k];
        int at = 0;
        if (l->name != name && l->var != name)
            continue;
        found = true;
        while (at < o->nregion && regions[at].name != l->name)
            at++;
        o->nregion += at == o->nregion;
        regions[at] = (RegionSchedule){ l->name, given };
    }
    return found ? -1 : unknown_region(p, option, text, name, !strcmp(option, "--mode"));
}

/* The step line that moves the parameter, where there are several; -1: none does. */
static int line_of(const Problem *p, const char *name)
{
    int n = gradient_lines(p);
    for (int k = 0; k < n && n > 1; k++)
        if (!strcmp(gradient_line_name(p, k), name))
            return k;
    return -1;
}

/* The gradient of one line; the others go as they are told before, or else mixed. */
static int one_line(const Problem *p, const char *text, int line, const char *way, DiffOptions *o)
{
    if (mode_of(way) != MODE_MIXED && mode_of(way) != MODE_REVERSE)
        return option_refuse("--mode", text, "mixed (forward over reverse) or reverse (reverse over reverse)", way, "mixed reverse");
    if (o->mode == MODE_FORWARD)
        return option_refuse("--mode", text, "no way of its own: mode forward has no reverse sweep over the gradient", "", NULL);
    if (o->mode == MODE_AUTO)
        o->mode = MODE_MIXED;
    if (gradient_is_mixed(o, line) != (mode_of(way) == MODE_MIXED))
        *o = gradient_turned(p, o, line);
    return -1;
}

/* One REGION=WAY of --mode. */
static int one_region(const Problem *p, const char *text, DiffOptions *o, RegionSchedule *regions)
{
    const char *eq = strchr(text, '='), *way = eq + 1, *option = "--mode";
    Name name = intern_n(text, (size_t)(eq - text));
    if (!strcmp(name, "steps") && mode_of(way) != MODE_AUTO)
        o->mode = mode_of(way);
    else if (!strcmp(name, "steps")) {
        if (o->steps.given)
            return option_refuse(option, text, "one schedule of the inner loop; --schedule gives another", "", NULL);
        if (!schedule_parse(way, true, &o->steps))
            return option_refuse(option, text, "a mode (mixed, reverse, forward) or a schedule (keep, snapshot, every:K, binomial:S)", way, MODES " " SCHEDULES);
    } else if (!strcmp(name, "gradient")) {
        if (mode_of(way) != MODE_MIXED && mode_of(way) != MODE_REVERSE)
            return option_refuse(option, text, "mixed (forward over reverse) or reverse (reverse over reverse)", way, "mixed reverse");
        if (o->mode == MODE_FORWARD)
            return option_refuse(option, text, "no way of its own: mode forward has no reverse sweep over the gradient", "", NULL);
        o->mode = mode_of(way);
        o->apart = 0;
    } else if (!strncmp(name, "gradient/", 9))
        return line_of(p, name + 9) < 0 ? unknown_region(p, option, text, name, true) : one_line(p, text, line_of(p, name + 9), way, o);
    else
        return loop_way(p, option, text, name, way, o, regions);
    return -1;
}

int regions_options(Session *s, DiffOptions *o)
{
    const Options *opt = s->opt;
    const Problem *p = s->problem;
    *o = (DiffOptions){ .mode = mode_of(opt->mode) };
    if (opt->schedule)
        schedule_parse(opt->schedule, true, &o->steps);
    if (opt->loops)
        schedule_parse(opt->loops, false, &o->loops);
    RegionSchedule *regions = NEW_N(s->arena, RegionSchedule, p->loops.n + 1);
    int code = -1;
    for (int k = 0; k < opt->region.n && code < 0; k++)
        code = one_region(p, opt->region.at[k], o, regions);
    for (int k = 0; k < opt->loop_region.n && code < 0; k++) {
        const char *text = opt->loop_region.at[k], *eq = strchr(text, '=');
        code = loop_way(p, "--loops", text, intern_n(text, (size_t)(eq - text)), eq + 1, o, regions);
    }
    if (o->nregion)
        o->region = regions;
    return code;
}
