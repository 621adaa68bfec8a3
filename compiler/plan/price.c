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
    if (p->o.mode == MODE_FORWARD)
        return "forward";
    const char *text = arena_printf(a, "%s, %s", mode_text(problem, &p->o), schedule_text(a, &p->o.steps));
    if (p->o.loops.keep || p->o.loops.period != 1)
        text = arena_printf(a, "%s, loops %s", text, schedule_text(a, &p->o.loops));
    for (int k = 0; k < p->o.nregion; k++)
        if (!schedule_same(&p->o.region[k].schedule, &p->o.loops))
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

static bool same(const Problem *p, const DiffOptions *a, const DiffOptions *b)
{
    if (a->mode != b->mode || (a->mode != MODE_FORWARD && (a->apart != b->apart || !schedule_same(&a->steps, &b->steps))))
        return false;
    for (int k = 0; k < p->loops.n && a->mode != MODE_FORWARD; k++)
        if (!schedule_same(schedule_of_region(a, p->loops.at[k].name), schedule_of_region(b, p->loops.at[k].name)))
            return false;
    return true;
}

int plan_region_apart(const Problem *p, const DiffOptions *a, const DiffOptions *b)
{
    int at = REGION_NONE, n = 0;
    bool forward = a->mode == MODE_FORWARD || b->mode == MODE_FORWARD;
    if (forward)
        return a->mode != b->mode ? REGION_STEPS : REGION_NONE;
    int lines = gradient_lines(p), turned = 0, turn = 0;
    for (int k = 0; k < lines; k++)
        if (gradient_is_mixed(a, k) != gradient_is_mixed(b, k))
            turned++, turn = k;
    if (turned && (turned == 1 || turned == lines))
        n++, at = turned == lines ? REGION_GRADIENT : REGION_LINE - turn;
    else if (turned)
        return REGION_NONE;
    if (!schedule_same(&a->steps, &b->steps))
        n++, at = REGION_STEPS;
    for (int k = 0; k < p->loops.n; k++)
        if (!schedule_same(schedule_of_region(a, p->loops.at[k].name), schedule_of_region(b, p->loops.at[k].name)))
            n++, at = k;
    return n == 1 ? at : REGION_NONE;
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

/* Statements, those of nests too: how much there was to lower. */
static int64_t statements(const LBlock *b)
{
    int64_t n = b->n;
    for (int k = 0; k < b->n; k++)
        n += statements(&b->at[k]->body);
    return n;
}

static int64_t work_bytes_of(Plans *all, EntryGraph *e, int n)
{
    return lower_program(all->arena, all->problem, e, n, all->lower)->work_bytes;
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
    EntryGraph e[5];
    int n = 0;
    e[n++] = entry_graph(all->arena, p, LE_INIT, bilevel_entry(p, p->meta_init));
    e[n++] = entry_graph(all->arena, p, LE_ADAPT, bilevel_adapt(p, o));
    e[n++] = entry_graph(all->arena, p, LE_VALUE, bilevel_value(p, o));
    if (p->learn) {
        e[n++] = entry_graph(all->arena, p, LE_LEARN_INIT, bilevel_entry(p, p->learn_init));
        e[n++] = entry_graph(all->arena, p, LE_LEARN, bilevel_entry(p, p->learn));
    }
    p->observer = observer;
    OtherBytes x = { by_loops, work_bytes_of(all, e, n) };
    vec_push(all->arena, all->others, x);
    return x.bytes;
}

static Plan make(Plans *all, const DiffOptions *o)
{
    Plan p = { .o = *o };
    p.graph = bilevel_hypergradient(all->problem, o);
    EntryGraph e[2] = { entry_graph(all->arena, all->problem, LE_HYPERGRADIENT, p.graph) };
    int n = 1;
    if (all->windows && problem_window(all->problem))
        e[n++] = entry_graph(all->arena, all->problem, LE_WINDOW, p.window = bilevel_window(all->problem, o));
    p.program = lower_program(all->arena, all->problem, e, n, all->lower);
    int64_t others = other_bytes(all, o);
    p.bytes = p.program->work_bytes > others ? p.program->work_bytes : others;
    p.work = work_of(p.program, p.program->entries.at[0].func);
    p.seconds = work_seconds(&p.work, all->rates, all->lower->real_bytes);
    p.again = steps_again(all->problem, o);
    return p;
}

int plan_price(Plans *all, const DiffOptions *o)
{
    for (int k = 0; k < all->all.n; k++)
        if (same(all->problem, &all->all.at[k].o, o))
            return k;
    Plan p = make(all, o);
    vec_push(all->arena, all->all, p);
    for (int k = 0; k < p.program->funcs.n; k++)
        all->effort += statements(&p.program->funcs.at[k]->body);
    return all->all.n - 1;
}
