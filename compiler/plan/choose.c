/* choose.c -- the alternatives and the choice among them.
 *
 * Regions and their ways: the inner loop (mode, and a schedule), the gradient inside it (forward over reverse in mode mixed; reverse over reverse, whose model
 * loops with a snapshot per iteration are the checkpointed block adjoints), each model loop (a schedule). An alternative is differentiated and lowered, so that
 * its bytes are exact, and priced by cost.c. Without a budget the least predicted time wins; with one, schedules with few saved states are added: bytes
 * grow by one state with each slot, so two lowered programs tell how many slots fit, and a third proves it. */
#include "plan.h"

enum { FORWARD_DIRECTIONS = 64 };
static const Schedule keep = { .given = true, .keep = true }, snapshot = { .given = true, .period = 1 }, with_gradients = { .given = true, .period = 1, .gradients = true };

int64_t problem_meta_numbers(const Problem *p)
{
    int64_t n = 0;
    for (int k = 0; k < p->meta.n; k++)
        n += type_count(&p->meta.at[k].type);
    return n;
}

static bool has_loops(const Graph *g)
{
    for (int i = 0; g && i < g->nodes.n; i++)
        if (g->nodes.at[i]->op == OP_loop)
            return true;
    return false;
}

bool problem_has_loops(const Problem *p) { return has_loops(p->inner) || has_loops(p->update) || has_loops(p->outer) || has_loops(p->path); }

const char *plan_text(Arena *a, const Plan *p)
{
    if (p->o.mode == MODE_FORWARD)
        return "forward";
    const char *text = arena_printf(a, "%s, %s", mode_name[p->o.mode], schedule_text(a, &p->o.steps));
    if (p->o.loops.keep || p->o.loops.period != 1)
        text = arena_printf(a, "%s, loops %s", text, schedule_text(a, &p->o.loops));
    for (int k = 0; k < p->o.nregion; k++)
        text = arena_printf(a, "%s, %s %s", text, p->o.region[k].name, schedule_text(a, &p->o.region[k].schedule));
    return text;
}

bool update_is_linear(Problem *p)
{
    Graph *g = graph_clone(p->update, p->update->name);
    int first = p->data.n + p->meta.n + p->param.n, n = p->param.n;
    Node **in = NEW_N(g->arena, Node *, n + 1), **tin = NEW_N(g->arena, Node *, n + 1), **out = NEW_N(g->arena, Node *, g->results.n + 1);
    for (int k = 0; k < n; k++) {
        in[k] = g->params.at[first + k];
        tin[k] = ir_param(g, in[k]->type, NULL);
    }
    linearize(g, in, tin, n, g->results.at, g->results.n, out, false);
    for (int r = 0; r < g->results.n; r++)
        for (int k = 0; k < n && out[r]; k++)
            if (graph_depends(out[r], in[k]))
                return false;
    return true;
}

/* ---- prices ---- */
static bool same_schedule(const Schedule *a, const Schedule *b)
{
    return a->keep == b->keep && a->gradients == b->gradients && a->period == b->period && a->inner == b->inner && a->last == b->last && a->store == b->store;
}

static int find(const Plans *all, const DiffOptions *o)
{
    for (int k = 0; k < all->all.n; k++) {
        const DiffOptions *x = &all->all.at[k].o;
        if (x->mode == o->mode && x->region == o->region && (o->mode == MODE_FORWARD || (same_schedule(&x->steps, &o->steps) && same_schedule(&x->loops, &o->loops))))
            return k;
    }
    return -1;
}

/* Inner steps that the reverse sweep runs again to get at its states. */
static double steps_again(const Problem *p, const DiffOptions *o)
{
    int64_t window = problem_window(p) ? p->truncate : p->steps, last = o->steps.last < window ? o->steps.last : 0;
    if (o->mode == MODE_FORWARD || o->steps.keep || window < 1)
        return 0;
    const Checkpoints *c = schedule_checkpoints(p->arena, &o->steps, window - last);
    return (double)(window - last) + (c ? checkpoint_again(c, window - last) : 0);
}

/* Differentiates, lowers and prices one alternative; its number. */
static int price(Plans *all, const DiffOptions *o)
{
    int known = find(all, o);
    if (known >= 0)
        return known;
    Plan p = { .o = *o };
    p.graph = bilevel_hypergradient(all->problem, o);
    EntryGraph e[2] = { entry_graph(all->arena, all->problem, LE_HYPERGRADIENT, p.graph) };
    int n = 1;
    if (all->windows && problem_window(all->problem))
        e[n++] = entry_graph(all->arena, all->problem, LE_WINDOW, p.window = bilevel_window(all->problem, o));
    p.program = lower_program(all->arena, all->problem, e, n, all->lower);
    p.bytes = p.program->work_bytes;
    p.work = work_of(p.program, p.program->entries.at[0].func);
    p.seconds = work_seconds(&p.work, all->rates, all->lower->real_bytes);
    p.again = steps_again(all->problem, o);
    vec_push(all->arena, all->all, p);
    if (!all->smallest || p.bytes < all->smallest)
        all->smallest = p.bytes;
    return all->all.n - 1;
}

static bool fits(const Plans *all, int k) { return !all->budget || all->all.at[k].bytes <= all->budget; }

/* Predictions that are within a few hundredths are equal: then the smaller workspace wins. */
static void consider(Plans *all, int k)
{
    const Plan *x = &all->all.at[k], *best = all->chosen < 0 ? NULL : &all->all.at[all->chosen];
    if (!fits(all, k))
        return;
    if (!best || x->seconds < 0.97 * best->seconds || (x->seconds < 1.03 * best->seconds && (double)x->bytes < 0.97 * (double)best->bytes))
        all->chosen = k;
}

static int try(Plans *all, DiffOptions o)
{
    int k = price(all, &o);
    consider(all, k);
    return k;
}

/* ---- schedules with few states ---- */
/* The most states that fit in the budget, with this mode, these loops, with or without stored gradients. Bytes grow with the slots, nearly in a line. */
static void try_binomial(Plans *all, DiffOptions o, bool gradients)
{
    int64_t n = problem_window(all->problem) ? all->problem->truncate : all->problem->steps;
    o.steps = (Schedule){ .given = true, .period = INT32_MAX, .inner = 0, .gradients = gradients };
    if (n < 3)
        return;
    int few = try(all, o), many;
    int64_t lo = 0, hi = n - 2;
    if (!fits(all, few))
        return;
    o.steps.inner = hi;
    many = try(all, o);
    for (int k = 0; k < 12 && hi - lo > 1 && !fits(all, many); k++) {
        int64_t bytes_lo = all->all.at[few].bytes, bytes_hi = all->all.at[many].bytes;
        int64_t guess = lo + (int64_t)((double)(hi - lo) * (double)(all->budget - bytes_lo) / (double)(bytes_hi - bytes_lo));
        o.steps.inner = guess = guess <= lo ? lo + 1 : guess >= hi ? hi - 1 : guess;
        int at = try(all, o);
        if (fits(all, at)) {
            lo = guess;
            few = at;
        } else {
            hi = guess;
            many = at;
        }
    }
}

static DiffOptions with(const DiffOptions *asked, Mode m, const Schedule *steps, const Schedule *loops)
{
    DiffOptions o = *asked;
    o.mode = m;
    if (!asked->steps.given)
        o.steps = *steps;
    if (!asked->loops.given)
        o.loops = *loops;
    return o;
}

static void try_mode(Plans *all, const DiffOptions *asked, Mode m)
{
    bool loops = problem_has_loops(all->problem) && !asked->loops.given, linear = update_is_linear(all->problem);
    for (int l = 0; l <= loops; l++) {
        const Schedule *of_loops = l ? &keep : &snapshot;
        try(all, with(asked, m, &keep, of_loops));
        try(all, with(asked, m, &snapshot, of_loops));
        if (!asked->steps.given && !linear)
            try(all, with(asked, m, &with_gradients, of_loops));
        for (int g = 0; g <= !linear && !asked->steps.given && all->budget; g++)
            try_binomial(all, with(asked, m, &snapshot, of_loops), g);
    }
}

/* For explain and bench: what the choice had no need to look at. */
static void price_others(Plans *all, const DiffOptions *asked)
{
    bool loops = problem_has_loops(all->problem) && !asked->loops.given, few = problem_meta_numbers(all->problem) <= 4 * FORWARD_DIRECTIONS;
    Schedule some = { .given = true, .period = INT32_MAX, .inner = all->problem->steps > 12 ? 5 : 1 };
    const Schedule *steps[] = { &keep, &snapshot, &with_gradients, &some };
    for (Mode m = MODE_MIXED; m <= MODE_REVERSE; m++)
        for (int l = 0; l <= loops; l++)
            for (int k = 0; k < (all->problem->steps > 3 ? 4 : 3); k++) {
                DiffOptions o = with(asked, m, steps[k], l ? &keep : &snapshot);
                price(all, &o);
            }
    DiffOptions o = with(asked, MODE_FORWARD, &snapshot, &snapshot);
    if (few)
        price(all, &o);
}

/* The last step's values kept: worth a second copy of the step in the code when it saves more than a twentieth. */
static void try_last(Plans *all, const DiffOptions *asked)
{
    if (all->chosen < 0 || asked->steps.given)
        return;
    DiffOptions o = all->all.at[all->chosen].o;
    double before = all->all.at[all->chosen].seconds;
    if (o.mode == MODE_FORWARD || o.steps.keep || all->problem->steps < 2 || all->problem->steps > 40)
        return;
    o.steps.last = 1;
    int k = price(all, &o);
    if (fits(all, k) && all->all.at[k].seconds < 0.95 * before)
        all->chosen = k;
}

static const char *explain_choice(Plans *all, const DiffOptions *asked, int priced)
{
    if (all->chosen < 0)
        return arena_printf(all->arena, "nothing fits in %lld bytes; the smallest workspace is %lld", (long long)all->budget, (long long)all->smallest);
    const char *text = plan_text(all->arena, &all->all.at[all->chosen]);
    if (priced == 1)
        return arena_printf(all->arena, "%s: as asked", text);
    return arena_printf(all->arena, "%s: the least predicted time of %d alternatives%s%s", text, priced,
                        all->budget ? arena_printf(all->arena, " within %lld bytes", (long long)all->budget) : "", asked->mode == MODE_AUTO ? "" : " in this mode");
}

void plan_choose(Plans *all, const DiffOptions *asked, bool every)
{
    all->chosen = -1;
    bool few = problem_meta_numbers(all->problem) <= FORWARD_DIRECTIONS;
    if (asked->mode == MODE_AUTO || asked->mode == MODE_MIXED)
        try_mode(all, asked, MODE_MIXED);
    if (asked->mode == MODE_REVERSE || (asked->mode == MODE_AUTO && all->budget))
        try_mode(all, asked, MODE_REVERSE);
    else if (asked->mode == MODE_AUTO && all->chosen >= 0) {
        DiffOptions o = all->all.at[all->chosen].o;
        o.mode = MODE_REVERSE;
        try(all, o);
    }
    if (asked->mode == MODE_FORWARD || (asked->mode == MODE_AUTO && few && !asked->steps.given))
        try(all, with(asked, MODE_FORWARD, &snapshot, &snapshot));
    try_last(all, asked);
    int priced = all->all.n;
    if (every)
        price_others(all, asked);
    all->why = explain_choice(all, asked, priced);
}
