/* price.c -- one alternative: differentiated, lowered and counted, so that its bytes are exact; and its name.
 *
 * What was priced stays in the table of alternatives; asking for it again costs nothing. */
#include "price.h"

int64_t problem_meta_numbers(const Problem *p)
{
    int64_t n = 0;
    for (int k = 0; k < p->meta.n; k++)
        n += type_count(&p->meta.at[k].type);
    return n;
}

const char *plan_text(Arena *a, const Problem *problem, const Plan *p)
{
    const char *text = mode_text(problem, &p->o);
    if (p->o.mode != MODE_FORWARD)
        text = arena_printf(a, "%s, %s", text, schedule_text(a, &p->o.steps));
    if (p->o.loops.keep || p->o.loops.period != 1 || p->o.loops.last_left)
        text = arena_printf(a, "%s, loops %s", text, schedule_text(a, &p->o.loops));
    for (int k = 0; k < p->o.nregion; k++)
        if (!schedule_same(&p->o.region[k].schedule, &p->o.loops))
            text = arena_printf(a, "%s, %s %s", text, p->o.region[k].name, schedule_text(a, &p->o.region[k].schedule));
    return text;
}

/* Of the update p, s, m, g -> p, s the tangents in every direction: does g stand in them? Where it does not, the transpose has no use for it. */
bool backward_needs_gradient(Problem *p)
{
    Graph *g = graph_clone(p->update, p->update->name);
    int first = p->data.n, last = p->data.n + p->meta.n + p->param.n, n = 0, all = g->params.n;
    Node **in = NEW_N(g->arena, Node *, all + 1), **tin = NEW_N(g->arena, Node *, all + 1), **out = NEW_N(g->arena, Node *, g->results.n + 1);
    for (int k = first; k < all; k++)
        if (g->params.at[k]->type.dtype == T_REAL) {
            in[n] = g->params.at[k];
            tin[n] = ir_param(g, in[n]->type, NULL);
            n++;
        }
    linearize(g, in, tin, n, g->results.at, g->results.n, out, false);
    const bool *need = graph_needed(g->arena, g, out, p->param.n + p->state.n);
    for (int k = last; k < last + p->param.n; k++)
        if (need[g->params.at[k]->id])
            return true;
    return false;
}

static bool same(const Problem *p, const DiffOptions *a, const DiffOptions *b)
{
    if (a->mode != b->mode || (a->mode != MODE_FORWARD && (a->apart != b->apart || !schedule_same(&a->steps, &b->steps))))
        return false;
    for (int k = 0; k < p->loops.n; k++)
        if (!schedule_same(schedule_of_region(a, p->loops.at[k].name), schedule_of_region(b, p->loops.at[k].name)))
            return false;
    return true;
}

int plan_region_apart(const Problem *p, const DiffOptions *a, const DiffOptions *b)
{
    int at = REGION_NONE, n = 0;
    bool forward = a->mode == MODE_FORWARD, turns = forward != (b->mode == MODE_FORWARD);     /* the inner loop forward, or not: with everything else alike */
    int lines = gradient_lines(p), turned = 0, turn = 0;
    for (int k = 0; k < lines && !forward && !turns; k++)
        if (gradient_is_mixed(a, k) != gradient_is_mixed(b, k))
            turned++, turn = k;
    if (turned && (turned == 1 || turned == lines))
        n++, at = turned == lines ? REGION_GRADIENT : REGION_LINE - turn;
    else if (turned)
        return REGION_NONE;
    if (turns || (!forward && !schedule_same(&a->steps, &b->steps)))
        n++, at = REGION_STEPS;
    for (int k = 0; k < p->loops.n; k++)
        if (!schedule_same(schedule_of_region(a, p->loops.at[k].name), schedule_of_region(b, p->loops.at[k].name)))
            n++, at = k;
    return n == 1 ? at : REGION_NONE;
}

/* Inner steps that the reverse sweep runs again to get at its states. */
static double steps_again(const Problem *p, const DiffOptions *o)
{
    int64_t window = problem_window(p) ? p->truncate : p->steps, n = window - schedule_kept(&o->steps, window);
    if (o->mode == MODE_FORWARD || o->steps.keep || n < 1)
        return 0;
    const Checkpoints *c = schedule_checkpoints(p->arena, &o->steps, true, n);
    return (double)(o->steps.last_again ? n : n - 1) + (c ? checkpoint_again(c) : 0);
}

/* Statements, those of nests too: how much there was to lower. */
static int64_t statements(const LBlock *b)
{
    int64_t n = b->n;
    for (int k = 0; k < b->n; k++)
        n += statements(&b->at[k]->body);
    return n;
}

/* The entries beside the gradient run in the same workspace: initial values and the learn lines as they are, the inner loop with what its model loops store. */
static int64_t other_bytes(Plans *all, const DiffOptions *o)
{
    Problem *p = all->problem;
    DiffOptions by_loops = *o;
    by_loops.mode = MODE_MIXED;
    by_loops.steps = schedule_snapshot;
    by_loops.apart = 0;
    for (int k = 0; k < all->others.n; k++)
        if (same(p, &all->others.at[k].o, &by_loops))
            return all->others.at[k].bytes;
    const PassObserver *observer = p->observer;
    p->observer = NULL;
    Arena *a = arena_part(all->arena, "others");
    EntryGraph e[5];
    int n = 0;
    e[n++] = entry_graph(a, p, LE_INIT, bilevel_entry(a, p, p->meta_init));
    e[n++] = entry_graph(a, p, LE_ADAPT, bilevel_adapt(a, p, o));
    e[n++] = entry_graph(a, p, LE_VALUE, bilevel_value(a, p, o));
    if (p->learn) {
        e[n++] = entry_graph(a, p, LE_LEARN_INIT, bilevel_entry(a, p, p->learn_init));
        e[n++] = entry_graph(a, p, LE_LEARN, bilevel_entry(a, p, p->learn));
    }
    p->observer = observer;
    OtherBytes x = { by_loops, lower_program(a, p, e, n, all->lower)->work_bytes };
    arena_free(a);
    vec_push(all->arena, all->others, x);
    return x.bytes;
}

/* What the plans beside the chosen one stand for is not needed once they are priced, and is large. */
static void make_room(Plans *all)
{
    for (int k = 0; k < all->all.n; k++) {
        Plan *p = &all->all.at[k];
        if (k == all->chosen || !p->arena)
            continue;
        arena_free(p->arena);
        p->arena = NULL;
        p->graph = p->window = NULL;
        p->program = NULL;
    }
}

static void make(Plans *all, Plan *p)
{
    Arena *a = p->arena = arena_part(all->arena, "alternative");
    p->graph = bilevel_hypergradient(a, all->problem, &p->o);
    EntryGraph e[2] = { entry_graph(a, all->problem, LE_HYPERGRADIENT, p->graph) };
    int n = 1;
    if (all->windows && problem_window(all->problem))
        e[n++] = entry_graph(a, all->problem, LE_WINDOW, p->window = bilevel_window(a, all->problem, &p->o));
    p->program = lower_program(a, all->problem, e, n, all->lower);
}

const Plan *plan_made(Plans *all, int k)
{
    if (!all->all.at[k].arena) {
        make_room(all);
        make(all, &all->all.at[k]);
    }
    return &all->all.at[k];
}

int plan_price(Plans *all, const DiffOptions *o)
{
    for (int k = 0; k < all->all.n; k++)
        if (same(all->problem, &all->all.at[k].o, o))
            return k;
    make_room(all);
    Plan p = { .o = *o };
    make(all, &p);
    int64_t others = other_bytes(all, o);
    p.program_bytes = p.program->work_bytes;
    p.bytes = p.program_bytes > others ? p.program_bytes : others;
    p.work = work_of(p.program, p.program->entries.at[0].func);
    p.seconds = work_seconds(&p.work, all->rates, all->lower->real_bytes);
    p.again = steps_again(all->problem, o);
    vec_push(all->arena, all->all, p);
    for (int k = 0; k < p.program->funcs.n; k++)
        all->effort += statements(&p.program->funcs.at[k]->body);
    return all->all.n - 1;
}
