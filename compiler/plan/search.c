/* search.c -- the joint choice: every region's way is a coordinate, a point is an alternative, price.c says its bytes and predicted seconds.
 *
 * Coordinates: the mode (which is the way of the inner gradient and, forward, of the inner loop), the way of each step line's gradient, the inner loop's schedule, each model loop's schedule (in
 * mode forward too: the gradient of a model loop is a reverse loop whatever is done to it). Seeds are plans that treat all model
 * loops alike; from the best of them one coordinate after the other is moved to the way that makes the whole plan best, until none moves. Under a budget a schedule with few states takes as
 * many as fit: bytes grow with the slots, nearly in a line, so two lowered programs tell how many, and a third proves it; and a region's way that fits only when the inner loop saves fewer
 * states is tried together with that. Where no seed fits, the leanest plan is looked for first, in the same way. How much is tried is bounded by what was lowered, not by a clock. */
#include "price.h"

enum { STEPS = REGION_STEPS, ROUNDS = 6, FORWARD_DIRECTIONS = 64 };
/* Statements that may be lowered before no more is tried: without a budget the build of a transformer takes under a second. Where nothing fits the number that is told should be the least. */
static const int64_t enough = 14000, enough_in_budget = 60000, enough_for_least = 200000;
const Schedule schedule_keep = { .given = true, .keep = true }, schedule_snapshot = { .given = true, .period = 1 }, schedule_gradients = { .given = true, .period = 1, .gradients = true };

static const Schedule one_state = { .given = true, .period = INT32_MAX };

typedef struct Search {
    Plans *all; const DiffOptions *asked;
    bool frugal;                           /* the backward step needs no gradient: where every state is saved, storing gradients buys nothing */
    bool lean;                             /* looks for the fewest bytes, not for the least time */
    int  best;                             /* in all; -1: none yet */
    Vec(int) loop;                         /* model loops whose schedule is open */
} Search;

DiffOptions plan_with(const DiffOptions *asked, Mode m, const Schedule *steps, const Schedule *loops)
{
    DiffOptions o = *asked;
    o.mode = m;
    if (!asked->steps.given)
        o.steps = *steps;
    if (!asked->loops.given)
        o.loops = *loops;
    return o;
}

/* ---- one coordinate ---- */
static const Schedule *way_of(const Search *s, const DiffOptions *o, int at)
{
    return at == STEPS ? &o->steps : schedule_of_region(o, s->all->problem->loops.at[at].name);
}

/* `loops` is a schedule that one of them has, so that plans have short names: that of all loops, where all have one. */
static void rename_loops(const Search *s, DiffOptions *o, RegionSchedule *region)
{
    const Schedule first = *way_of(s, o, s->loop.at[0]);
    bool all = true, any = false;
    for (int k = 0; k < s->loop.n; k++) {
        const Schedule *way = way_of(s, o, s->loop.at[k]);
        all &= schedule_same(way, &first);
        any |= schedule_same(way, &o->loops);
    }
    if (all) {
        for (int k = 0; k < s->asked->nregion; k++)
            region[k] = s->asked->region[k];
        o->nregion = s->asked->nregion;
    }
    if (all || !any)
        o->loops = first;
}

static DiffOptions moved(const Search *s, const DiffOptions *from, int at, Schedule way)
{
    DiffOptions o = *from;
    if (at == STEPS) {
        o.steps = way;
        return o;
    }
    Name name = s->all->problem->loops.at[at].name;
    RegionSchedule *region = NEW_N(s->all->arena, RegionSchedule, from->nregion + s->asked->nregion + 1);
    int k = 0;
    if (from->nregion)
        memcpy(region, from->region, sizeof *region * (size_t)from->nregion);
    while (k < from->nregion && region[k].name != name)
        k++;
    o.nregion += k == from->nregion;
    region[k] = (RegionSchedule){ name, way };
    o.region = region;
    rename_loops(s, &o, region);
    return o;
}

static int64_t iterations(const Search *s, int at)
{
    const Problem *p = s->all->problem;
    return at != STEPS ? p->loops.at[at].n : problem_window(p) ? p->truncate : p->steps;
}

/* ---- better ---- */
static bool better(const Search *s, const Plan *x, const Plan *best)
{
    if (s->lean)
        return x->bytes < best->bytes || (x->bytes == best->bytes && x->seconds < best->seconds);
    /* Predictions that are within a few hundredths are equal: then the smaller workspace wins. */
    return x->seconds < 0.97 * best->seconds || (x->seconds < best->seconds && x->bytes <= best->bytes) || (x->seconds < 1.03 * best->seconds && (double)x->bytes < 0.97 * (double)best->bytes);
}

static void consider(Search *s, int k)
{
    const Plan *x = &s->all->all.at[k];
    if ((x->o.steps.store && !s->all->store) || (!s->lean && !plan_fits(s->all, k)))
        return;
    if (s->best < 0 || better(s, x, &s->all->all.at[s->best]))
        s->all->chosen = s->best = k;
}

/* Plans that were priced, those of mode forward or the others. */
static void consider_all(Search *s, bool forward)
{
    s->best = -1;
    for (int k = 0; k < s->all->all.n; k++)
        if ((s->all->all.at[k].o.mode == MODE_FORWARD) == forward)
            consider(s, k);
}

static bool tired(const Search *s) { return s->all->effort > (s->lean ? enough_for_least : s->all->budget ? enough_in_budget : enough); }

static int try(Search *s, DiffOptions o)
{
    int k = plan_price(s->all, &o);
    consider(s, k);
    return k;
}

/* As many states as fit in the budget, in one loop. */
static void try_few(Search *s, DiffOptions o, int at, bool gradients)
{
    int64_t lo = 0, hi = iterations(s, at) - 2;
    Schedule way = { .given = true, .period = INT32_MAX, .inner = lo, .gradients = gradients };
    if (hi < 1 || tired(s))
        return;
    int few = try(s, moved(s, &o, at, way)), many;
    if (!plan_fits(s->all, few) && at == STEPS) {
        way.last_again = true;
        few = try(s, moved(s, &o, at, way));
    }
    if (!plan_fits(s->all, few))
        return;
    way.inner = hi;
    many = try(s, moved(s, &o, at, way));
    for (int k = 0; k < 12 && hi - lo > 1 && !plan_fits(s->all, many) && !tired(s); k++) {
        int64_t bytes_lo = s->all->all.at[few].bytes, bytes_hi = s->all->all.at[many].bytes;
        int64_t guess = lo + (int64_t)((double)(hi - lo) * (double)(s->all->budget - bytes_lo) / (double)(bytes_hi - bytes_lo));
        way.inner = guess = guess <= lo ? lo + 1 : guess >= hi ? hi - 1 : guess;
        int now = try(s, moved(s, &o, at, way));
        if (plan_fits(s->all, now)) {
            lo = guess;
            few = now;
        } else {
            hi = guess;
            many = now;
        }
    }
}

/* Base states in the caller's store, segments of 1, 4, 16 ... steps in memory. */
static void try_store(Search *s, DiffOptions o, bool gradients)
{
    for (int64_t period = 1, n = iterations(s, STEPS); period < n && !tired(s); period *= 4) {
        int k = try(s, moved(s, &o, STEPS, (Schedule){ .given = true, .period = period, .inner = period - 1, .store = true, .gradients = gradients }));
        if (!plan_fits(s->all, k))
            return;
    }
}

/* What the inner loop's schedule can be, with everything else as it is. */
static void try_steps(Search *s, DiffOptions o)
{
    if (s->asked->steps.given || o.mode == MODE_FORWARD)
        return;
    for (int g = 0; g <= 1 && s->all->budget && !s->lean; g++) {     /* few states: what runs again runs without its gradient */
        try_few(s, o, STEPS, g);
        if (s->all->store)
            try_store(s, o, g);
    }
}

static void try_way(Search *s, DiffOptions o)
{
    if (tired(s))
        return;
    int k = try(s, o);
    if (s->all->budget && !s->lean && !plan_fits(s->all, k))
        try_steps(s, o);
}

/* ---- all coordinates ---- */
static void move_steps(Search *s)
{
    DiffOptions o = s->all->all.at[s->best].o;
    const Schedule *const ways[] = { &schedule_gradients, &schedule_snapshot, &schedule_keep };
    if (s->asked->steps.given || o.mode == MODE_FORWARD)
        return;
    for (int k = s->frugal; k < 3 && !tired(s); k++)
        for (int again = 0; again <= (s->lean && !ways[k]->keep); again++) {
            Schedule way = *ways[k];
            way.last_again = again;
            try(s, moved(s, &o, STEPS, way));
        }
    try_steps(s, o);
}

/* Its last iteration left behind, not run again: that takes room, and loops of a few cheap operations would store what lies in registers. */
static void try_loop_left(Search *s, int at)
{
    DiffOptions o = s->all->all.at[s->best].o;
    Schedule way = *way_of(s, &o, at);
    if (way.keep || way.last_left || tired(s))
        return;
    way.last_left = true;
    try_way(s, moved(s, &o, at, way));
}

static void move_loop(Search *s, int at)
{
    DiffOptions o = s->all->all.at[s->best].o;
    try_way(s, moved(s, &o, at, schedule_keep));
    try_way(s, moved(s, &o, at, schedule_snapshot));
    for (int64_t more = 0; s->lean && more < 3 && more < iterations(s, at) - 1; more++)     /* the peak may lie where there is one state, or elsewhere: then few cost nothing */
        try_way(s, moved(s, &o, at, (Schedule){ .given = true, .period = INT32_MAX, .inner = more }));
    if (!s->lean && s->all->budget)
        try_few(s, o, at, false);
    try_loop_left(s, at);
}

static void move_all_loops(Search *s)
{
    for (int keep = 0; keep <= 1 && s->loop.n > 1; keep++) {
        DiffOptions o = s->all->all.at[s->best].o;
        for (int k = 0; k < s->loop.n; k++)
            o = moved(s, &o, s->loop.at[k], keep ? schedule_keep : schedule_snapshot);
        try_way(s, o);
    }
}

static void move_mode(Search *s)
{
    DiffOptions o = s->all->all.at[s->best].o;
    if (s->asked->mode != MODE_AUTO || o.mode == MODE_FORWARD)
        return;
    o.mode = o.mode == MODE_MIXED ? MODE_REVERSE : MODE_MIXED;
    try_way(s, o);
}

/* Last, since it seldom pays: two regions do twice what one does once. */
static void move_lines(Search *s)
{
    const Problem *p = s->all->problem;
    for (int k = 0, lines = gradient_lines(p); s->asked->mode == MODE_AUTO && lines > 1 && k < lines && s->all->all.at[s->best].o.mode != MODE_FORWARD; k++)
        try_way(s, gradient_turned(p, &s->all->all.at[s->best].o, k));
}

/* The last step run again too: its values take no room while the outer loss is computed. */
static void try_last_again(Search *s)
{
    DiffOptions o = s->all->all.at[s->best].o;
    if (s->asked->steps.given || o.mode == MODE_FORWARD || o.steps.keep || tired(s))
        return;
    o.steps.last_again = true;
    try_way(s, o);
    for (int more = 0; o.steps.period == INT32_MAX && more < 3 && o.steps.inner < iterations(s, STEPS) - 2 && !tired(s); more++) {       /* a slot more instead */
        o.steps.inner++;
        if (!plan_fits(s->all, try(s, o)))
            return;
    }
}

static void descend(Search *s)
{
    for (int round = 0, before = -1; round < ROUNDS && s->best >= 0 && before != s->best && !tired(s); round++) {
        before = s->best;
        move_mode(s);
        move_steps(s);
        for (int k = 0; k < s->loop.n; k++)
            move_loop(s, s->loop.at[k]);
        move_all_loops(s);
        move_lines(s);
        if (s->all->budget)
            try_last_again(s);
    }
}

/* ---- seeds ---- */
static bool allowed(const Search *s, Mode m) { return s->asked->mode == MODE_AUTO || s->asked->mode == m; }

/* Without a budget one will do: everything kept. */
static void seed(Search *s, Mode m)
{
    for (int l = s->loop.n > 0; l >= 0; l--) {
        const Schedule *of_loops = l ? &schedule_keep : &schedule_snapshot;
        try(s, plan_with(s->asked, m, &schedule_keep, of_loops));
        if (!s->all->budget)
            return;
        try(s, plan_with(s->asked, m, &schedule_snapshot, of_loops));
        if (!s->asked->steps.given && !s->frugal)
            try(s, plan_with(s->asked, m, &schedule_gradients, of_loops));
        try_steps(s, plan_with(s->asked, m, &schedule_snapshot, of_loops));
    }
}

/* The fewest bytes: from one state in each loop on, whatever the budget, so that the number that is told fits when it is given. */
static void seek_leanest(Search *s)
{
    s->lean = true;
    for (Mode m = MODE_MIXED; m <= MODE_REVERSE; m++)
        for (int g = 0; allowed(s, m) && g <= 1; g++) {
            Schedule steps = { .given = true, .period = INT32_MAX, .gradients = g, .last_again = true };
            try(s, plan_with(s->asked, m, &steps, &one_state));
            try(s, plan_with(s->asked, m, &steps, &schedule_snapshot));
            if (!s->all->store || s->asked->steps.given)
                continue;
            steps = (Schedule){ .given = true, .period = 1, .store = true, .gradients = g, .last_again = true };
            try(s, plan_with(s->asked, m, &steps, &one_state));
            try(s, plan_with(s->asked, m, &steps, &schedule_snapshot));
        }
    consider_all(s, false);
    descend(s);
    s->lean = false;
    consider_all(s, false);
}

/* Last, since its only coordinates are the model loops. Where nothing fits, the fewest bytes there too. */
static void try_forward(Search *s)
{
    int before = s->best;
    for (int keep = 0; keep <= (s->loop.n > 0); keep++)
        try(s, plan_with(s->asked, MODE_FORWARD, &schedule_snapshot, keep ? &schedule_keep : &schedule_snapshot));
    if (s->best < 0 && s->loop.n) {
        s->lean = true;
        consider_all(s, true);
        descend(s);
        s->lean = false;
        consider_all(s, true);
    } else if (s->best != before && s->loop.n)
        descend(s);
}

/* What the caller's store would buy: the fastest plan that fits with one, or the leanest with its states there. */
static int with_store(Search *s)
{
    int first = s->all->all.n, best = s->best >= 0 ? s->best : s->all->leanest, found = -1;
    DiffOptions o = s->all->all.at[best].o;
    if (s->all->store || s->asked->steps.given || o.mode == MODE_FORWARD || s->all->all.at[best].again < 1.5 * (double)iterations(s, STEPS))
        return -1;
    if (s->best < 0) {
        int k = try(s, moved(s, &o, STEPS, (Schedule){ .given = true, .period = 1, .store = true, .gradients = o.steps.gradients }));
        const Plan *x = &s->all->all.at[k], *least = &s->all->all.at[best];
        return x->bytes < least->bytes || x->seconds < 0.9 * least->seconds ? k : -1;
    }
    for (int g = 0; g <= 1; g++)
        try_store(s, o, g);
    for (int k = first; k < s->all->all.n; k++)
        if (plan_fits(s->all, k) && s->all->all.at[k].seconds < 0.9 * s->all->all.at[found < 0 ? best : found].seconds)
            found = k;
    return found;
}

static Search search_of(Plans *all, const DiffOptions *asked)
{
    Search s = { .all = all, .asked = asked, .frugal = !backward_needs_gradient(all->problem), .best = all->chosen };
    const Problem *p = all->problem;
    for (int k = 0; k < p->loops.n && !asked->loops.given; k++) {
        bool open = true;
        for (int i = 0; i < asked->nregion; i++)
            open &= asked->region[i].name != p->loops.at[k].name;
        if (open)
            vec_push(all->arena, s.loop, k);
    }
    return s;
}

/* Within a budget the bytes may go to the inner loop or to model loops, and one coordinate at a time does not lead from one to the other: with the inner loop keeping
 * everything, or one state and the gradients, the model loops are moved by themselves, from one state in each on. */
static void fix_steps(Search *s)
{
    static const Schedule with_gradients = { .given = true, .period = INT32_MAX, .gradients = true };
    const Schedule *const ways[] = { &schedule_keep, &with_gradients };
    for (int w = 0; w < 2 && s->loop.n && !s->asked->steps.given && !tired(s); w++) {
        DiffOptions fixed = *s->asked;
        fixed.steps = *ways[w];
        Search of_loops = search_of(s->all, &fixed);
        of_loops.best = -1;
        for (Mode m = MODE_MIXED; m <= MODE_REVERSE; m++)
            if (allowed(s, m))
                try(&of_loops, plan_with(&fixed, m, ways[w], &one_state));
        descend(&of_loops);
    }
    consider_all(s, false);
    descend(s);
}

void plan_search(Plans *all, const DiffOptions *asked)
{
    Search s = search_of(all, asked);
    const Problem *p = all->problem;
    if (allowed(&s, MODE_MIXED))
        seed(&s, MODE_MIXED);
    if (asked->mode == MODE_REVERSE || (asked->mode == MODE_AUTO && all->budget))
        seed(&s, MODE_REVERSE);
    if (s.best < 0 && asked->mode != MODE_FORWARD)
        seek_leanest(&s);
    descend(&s);
    if (all->budget && s.best >= 0)
        fix_steps(&s);
    if (asked->mode == MODE_FORWARD || (asked->mode == MODE_AUTO && problem_meta_numbers(p) <= FORWARD_DIRECTIONS && !asked->steps.given))
        try_forward(&s);
    all->chosen = s.best;
    for (int k = 1; k < all->all.n; k++)
        if ((all->store || !all->all.at[k].o.steps.store) && all->all.at[k].bytes < all->all.at[all->leanest].bytes)
            all->leanest = k;
    all->stored = all->budget ? with_store(&s) : -1;
}

void plan_price_ways(Plans *all, const DiffOptions *asked)
{
    Search s = search_of(all, asked);
    const DiffOptions o = all->all.at[all->chosen].o;
    const Schedule left = { .given = true, .period = 1, .last_left = true }, *const ways[] = { &schedule_keep, &schedule_snapshot, &schedule_gradients }, *const loop_ways[] = { &schedule_keep, &schedule_snapshot, &left };
    bool forward = o.mode == MODE_FORWARD;
    for (int at = STEPS, k = 0; at < all->problem->loops.n; at = k < s.loop.n ? s.loop.at[k++] : INT32_MAX) {
        int64_t n = iterations(&s, at);
        if (at == STEPS && (asked->steps.given || forward))
            continue;
        DiffOptions x[4];
        int nx = 0;
        for (int w = 0; w < (at == STEPS && s.frugal ? 2 : 3); w++)
            x[nx++] = moved(&s, &o, at, at == STEPS ? *ways[w] : *loop_ways[w]);
        if (n > 3)
            x[nx++] = moved(&s, &o, at, (Schedule){ .given = true, .period = INT32_MAX, .inner = n > 12 ? 5 : 1 });
        for (int w = 0; w < nx; w++)
            plan_price(all, &x[w]);
    }
    DiffOptions other = o;
    other.mode = o.mode == MODE_MIXED ? MODE_REVERSE : MODE_MIXED;
    if (asked->mode != MODE_AUTO || forward)
        return;
    plan_price(all, &other);
    for (int k = 0, lines = gradient_lines(all->problem); lines > 1 && k < lines; k++) {
        other = gradient_turned(all->problem, &o, k);
        plan_price(all, &other);
    }
}
