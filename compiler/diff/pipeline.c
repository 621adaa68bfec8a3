/* pipeline.c -- the passes over the graph of an entry, in their order: one table, one way to run a pass.
 *
 * The passes before merge_loops know no schedule: what they give is made once for all alternatives that differ in schedules only (bilevel.c).
 *
 * Each pass needs a graph of one stage and gives one of the next or the same (ir.h: IrStage). After each the graph is verified, in checked builds, and shown
 * to the observer: --dump prints it, tests read it back. A graph may also come from text (mflc ir) and go through any of them. */
#include "diff.h"
#include "opt.h"

static Graph *expand(Graph *g, const DiffOptions *o)
{
    (void)o;
    expand_grads(g, false);
    return g;
}

static Graph *dead_code(Graph *g, const DiffOptions *o) { return (void)o, opt_dead_code(g); }
static Graph *simplify(Graph *g, const DiffOptions *o) { return (void)o, opt_simplify(g); }
static Graph *hoist(Graph *g, const DiffOptions *o) { return (void)o, opt_hoist(g); }

static Graph *rows(Graph *g, const DiffOptions *o)
{
    (void)o;
    opt_rows(g);
    return g;
}

const GraphPass graph_passes[] = {
    { "expand_grads", expand,          IR_BUILT,    IR_EXPANDED,  "inner gradients that are still regions become reverse mode over their loss" },
    { "dead_code",    dead_code,       IR_EXPANDED, IR_EXPANDED,  "only what results need: values, carried values, captures and outputs of loops" },
    { "simplify",     simplify,        IR_EXPANDED, IR_EXPANDED,  "the builder's algebra anew; long products in pairs of least cost" },
    { "hoist",        hoist,           IR_EXPANDED, IR_EXPANDED,  "what does not depend on the iteration leaves its loop" },
    { "rows",         rows,            IR_EXPANDED, IR_EXPANDED,  "arrays that loops fill row by row are collected, not carried" },
    { "merge_loops",  share_loops,     IR_EXPANDED, IR_EXPANDED,  "loops that do the same work do it once" },
    { "dead_code",    dead_code,       IR_EXPANDED, IR_EXPANDED,  "again, for what the passes before have left" },
    { "schedule",     apply_schedules, IR_EXPANDED, IR_SCHEDULED, "what forward loops store and reverse loops compute again" },
    { NULL, NULL, IR_BUILT, IR_BUILT, NULL },
};

Graph *run_pass(const GraphPass *pass, Graph *g, const DiffOptions *o, const PassObserver *observer)
{
    const char *before = ice_pass;
    ice_pass = pass->name;
    g = pass->run(g, o);
#ifndef NDEBUG
    const char *wrong = ir_verify_stage(g, pass->gives);
    if (wrong)
        ice("%s", wrong);
#endif
    if (observer)
        observer->after(observer->user, pass->name, g);
    ice_pass = before;
    return g;
}

/* The passes from p to before `end`. Each leaves copies of loops behind in the graph's memory, more than the graph has: they run in memory of their own, that is gone then. */
static Graph *run_apart(const GraphPass *p, PassFn *end, const Graph *g, const DiffOptions *o, const PassObserver *observer)
{
    Arena *apart = arena_part(g->arena, "passes");
    Graph *now = graph_clone_in(apart, g, g->name);
    for (; p->run != end; p++)
        now = run_pass(p, now, o, observer);
    now = graph_clone_in(g->arena, now, g->name);
    arena_free(apart);
    return now;
}

Graph *run_passes_for_all(Graph *g, const PassObserver *observer)
{
#ifndef NDEBUG
    const char *wrong = ir_verify_stage(g, IR_BUILT);
    if (wrong)
        ice("%s", wrong);
#endif
    if (observer)
        observer->after(observer->user, "bilevel", g);
    return run_apart(graph_passes, share_loops, g, NULL, observer);
}

Graph *run_passes_for(Graph *g, const DiffOptions *o, const PassObserver *observer)
{
    const GraphPass *p = graph_passes;
    while (p->run != share_loops)
        p++;
    g = run_apart(p, apply_schedules, g, o, observer);
    while (p->run != apply_schedules)
        p++;
    return run_pass(p, g, o, observer);
}
