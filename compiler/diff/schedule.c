/* schedule.c -- schedules as text and as the transformation of a differentiated graph.
 *
 *   keep              every value that the reverse loop needs is stored
 *   snapshot          the state before each iteration is stored, the rest computed again
 *   every:K           a state for each K iterations, and K - 1 slots for those between
 *   every:K:S         a state for each K iterations, and S states at once in the segment of K that is being reversed, its first among them
 *   binomial:S        S states in all, placed so that the fewest iterations are run again (runtime/checkpoint.c)
 *   +gradients        and the inner gradient of every step is stored: an iteration is run again without it
 *   +store            the first states of every:'s segments lie in the caller's store (include/mfl/store.h), the other S - 1 in memory   (the inner loop only)
 *   +last:K           and the last K steps keep everything                                                  (the inner loop only)
 *   +last:1           and what the last iteration has just computed is left behind for its reversal, so that it is not run again (record.c)
 *   +last:0           the last iteration is run again too: nothing of it lies in memory until it is reversed
 * Without +last: the inner loop goes by +last:1, a model loop by +last:0: its values are many beside those of the little that is gained, one of its few iterations.
 * A loop that is not the inner loop has no gradients of its own to store. */
#include "rules.h"
#include "opt.h"
#include <stdlib.h>

/* A number after the word and its colon; 0: none, or not one. */
static int64_t number_after(const char **at)
{
    char *end;
    if (**at < '0' || **at > '9')
        return 0;
    long long n = strtoll(*at, &end, 10);
    *at = end;
    return n > 0 && n < 1LL << 31 ? (int64_t)n : 0;
}

static bool word(const char **at, const char *w)
{
    size_t n = strlen(w);
    if (strncmp(*at, w, n))
        return false;
    *at += n;
    return true;
}

/* last:K. Model loops leave their last iteration behind, or nothing. */
static bool last_parse(const char **at, bool inner_loop, Schedule *s)
{
    if (!word(at, "last:") || **at < '0' || **at > '9')
        return false;
    bool none = **at == '0';
    int64_t n = none ? ((*at)++, 0) : number_after(at);
    if ((!n && !none) || (!inner_loop && n > 1))
        return false;
    s->last = n > 1 ? n : 0;
    s->last_again = inner_loop && none;
    s->last_left = !inner_loop && n == 1;
    return true;
}

bool schedule_parse(const char *text, bool inner_loop, Schedule *s)
{
    const char *at = text;
    *s = (Schedule){ .given = true };
    if (word(&at, "auto"))
        s->given = false;
    else if (word(&at, "keep"))
        s->keep = true;
    else if (word(&at, "snapshot"))
        s->period = 1;
    else if (word(&at, "every:")) {
        s->period = number_after(&at);
        s->inner = s->period - 1;
        if (word(&at, ":")) {
            s->inner = number_after(&at) - 1;
            if (s->inner < 0 || s->inner >= s->period)
                return false;
        }
    } else if (word(&at, "binomial:")) {
        s->inner = number_after(&at) - 1;
        s->period = s->inner < 0 ? 0 : INT32_MAX;
    } else
        return false;
    while (s->given && !s->keep && *at == '+') {
        at++;
        if (inner_loop && word(&at, "gradients"))
            s->gradients = true;
        else if (inner_loop && s->period != INT32_MAX && word(&at, "store"))
            s->store = true;
        else if (!last_parse(&at, inner_loop, s))
            return false;
    }
    return !*at && (!s->given || s->keep || s->period > 0);
}

const char *schedule_text(Arena *a, const Schedule *s)
{
    const char *base = !s->given ? "auto" : s->keep ? "keep" : s->period == 1 ? "snapshot" : s->period == INT32_MAX ? arena_printf(a, "binomial:%lld", (long long)s->inner + 1)
                       : s->inner < s->period - 1 ? arena_printf(a, "every:%lld:%lld", (long long)s->period, (long long)s->inner + 1) : arena_printf(a, "every:%lld", (long long)s->period);
    base = arena_printf(a, "%s%s%s", base, s->store ? "+store" : "", s->gradients ? "+gradients" : "");
    return s->last || s->last_again || s->last_left ? arena_printf(a, "%s+last:%lld", base, s->last_left ? 1 : (long long)s->last) : base;
}

/* Is the iteration that was run last run again to be reversed? */
static bool runs_last_again(const Schedule *s, bool inner_loop) { return inner_loop ? s->last_again : !s->last_left; }

/* The saved states of a loop of n iterations; NULL: one for each iteration, or none to save. An iteration that is not run again needs none. */
const Checkpoints *schedule_checkpoints(Arena *a, const Schedule *s, bool inner_loop, int64_t n)
{
    bool one = s->period >= n;                    /* one segment */
    int64_t last = runs_last_again(s, inner_loop) ? n : n - 1, period = one ? n + 1 : s->period, most = one ? last - 1 : period - 1, inner = s->inner < most ? s->inner : most;
    bool store = s->store && !one;
    if (s->keep || n < 2 || (period <= 1 && !store) || (one && s->inner >= n - 1))
        return NULL;
    int64_t bases = one ? 1 : (last + period - 1) / period;
    Checkpoints *c = NEW(a, Checkpoints);
    *c = (Checkpoints){ last, period, inner, store ? 0 : bases, store ? bases : 0, false };
    return c;
}

int64_t schedule_kept(const Schedule *s, int64_t n) { return s->last > 1 && s->last <= n ? s->last - 1 : 0; }

bool schedule_same(const Schedule *a, const Schedule *b)
{
    return a->keep == b->keep && a->gradients == b->gradients && a->period == b->period && a->inner == b->inner && a->last == b->last && a->last_again == b->last_again && a->last_left == b->last_left && a->store == b->store;
}

const Schedule *schedule_of_region(const DiffOptions *o, Name name)
{
    for (int k = 0; k < o->nregion; k++)
        if (o->region[k].name == name)
            return &o->region[k].schedule;
    return &o->loops;
}

const Schedule *schedule_of_loop(const DiffOptions *o, const Loop *l)
{
    static const Schedule keep = { .given = true, .keep = true };
    const char *name = l->name ? l->name : "";
    size_t n = strcspn(name, ".");
    if (l->is_steps)
        return !strncmp(name, "steps_last", 10) ? &keep : &o->steps;
    return o->nregion ? schedule_of_region(o, intern_n(name, n)) : &o->loops;
}

/* Loops that save few states must not have others read all of them. */
static bool shared(const Loop *l, const void *options)
{
    const DiffOptions *o = options;
    return !o || !schedule_checkpoints(l->body->arena, schedule_of_loop(o, l), l->is_steps, l->n);
}

Graph *share_loops(Graph *g, const DiffOptions *o) { return opt_merge_loops(g, shared, o); }

/* Identity marks have done their work. */
static Graph *without_marks(Graph *g)
{
    Graph *c = graph_new(g->arena, g->name);
    Node **map = NEW_N(g->arena, Node *, graph_limit(g) + 1);
    graph_same_params(c, g, map);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (map[n->id])
            continue;
        if (n->op == OP_loop) {
            n->u.loop->body = without_marks(n->u.loop->body);
            for (int k = 0; k < 2; k++)
                if (loop_beside(n->u.loop, k))
                    loop_beside(n->u.loop, k)->body = without_marks(loop_beside(n->u.loop, k)->body);
        }
        if (n->op == OP_mark)
            map[n->id] = map[n->arg[0]->id];
        else
            graph_copy(c, g, n, map);
    }
    graph_same_results(c, g, map);
    return c;
}

/* What was moved into L by itself is often what L computes anyway, in loops of its own: they are made one, and so are outputs that turn out to be equal. */
static void join_forward(Graph *g, Node *fwd, Node *rev, const DiffOptions *o)
{
    Loop *l = fwd->u.loop;
    l->body = share_loops(l->body, o);
    for (int a = 0; a < rev->narg; a++) {
        Node *x = rev->arg[a];
        if (x->op != OP_proj || x->arg[0] != fwd || l->outs.at[x->u.axis].kind != LO_COLLECT)
            continue;
        for (int k = 0; k < x->u.axis; k++)
            if (l->outs.at[k].kind == LO_COLLECT && l->body->results.at[l->outs.at[k].result] == l->body->results.at[l->outs.at[x->u.axis].result]) {
                rev->arg[a] = ir_proj(g, fwd, k);
                break;
            }
    }
}

static void schedule_graph(Graph *g, const DiffOptions *o);

typedef Vec(const Loop *) Done;

static void schedule_body(Graph *g, const Loop *l, const DiffOptions *o, Done *done)
{
    for (int k = 0; k < done->n; k++)
        if (done->at[k] == l)
            return;
    vec_push(g->arena, *done, l);
    schedule_graph(l->body, o);
}

/* The iteration that a loop runs last is recorded while it runs. What the loops in it store is decided before: for recording and reversing together, and so that the iteration
 * and its recording still do the same. A reverse loop that is itself reversed is recorded for that one first, while it still computes what it will be given. */
static void record_last(Graph *g, Node *const *rev, int n, const DiffOptions *o, Done *done)
{
    for (int k = n - 1; k >= 0; k--) {
        opt_reorder(g);
        Node *fwd = residuals_forward(g, rev[k]);
        const Schedule *s = schedule_of_loop(o, rev[k]->u.loop);
        if (!fwd || s->keep || runs_last_again(s, rev[k]->u.loop->is_steps))
            continue;
        schedule_body(g, fwd->u.loop, o, done);
        schedule_body(g, rev[k]->u.loop, o, done);
        residuals_record(g, fwd, rev[k], o);
    }
}

static void schedule_graph(Graph *g, const DiffOptions *o)
{
    Done done = { 0 };
    Vec(Node *) reverse = { 0 };
    join_fed_loops(g, o);                         /* the loops around g have stored what they store: what depends on what is known */
    for (int i = 0, count = g->nodes.n; i < count; i++) {
        Node *rev = g->nodes.at[i], *fwd = o && rev->op == OP_loop ? residuals_forward(g, rev) : NULL;   /* without options there is nothing to choose */
        if (!fwd)
            continue;
        const Schedule *s = schedule_of_loop(o, rev->u.loop);
        if (s->keep || s->gradients) {
            residuals_keep(g, fwd, rev, s->keep ? KEEP_ALL : KEEP_GRADIENTS);
            join_forward(g, fwd, rev, o);
        }
        const Checkpoints *plan = schedule_checkpoints(g->arena, s, rev->u.loop->is_steps, rev->u.loop->n);
        if (plan)
            checkpoint_pair(g, fwd, rev, plan);
        vec_push(g->arena, reverse, rev);
    }
    record_last(g, reverse.at, reverse.n, o, &done);
    opt_reorder(g);
    for (int i = 0; i < g->nodes.n; i++)
        if (g->nodes.at[i]->op == OP_loop) {
            const Loop *l = g->nodes.at[i]->u.loop;
            schedule_body(g, l, o, &done);
            if (l->again)
                schedule_graph(l->again->loop->body, o);
        }
}

Graph *apply_schedules(Graph *g, const DiffOptions *o)
{
    schedule_graph(g, o);
    return opt_dead_code(without_marks(g));
}
