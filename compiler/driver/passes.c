/* passes.c -- the passes as the user sees them: --passes lists them, --dump=PASS prints the program after one, for mflc build.
 * The graph passes are diff/pipeline.c's table; before it stands what makes graphs, behind it what makes loops of them. */
#include "driver.h"

static const struct { const char *name, *needs, *gives, *doc; } ends[] = {
    { "front", "text", "problem", "parse, check, evaluate to the problem's tensor graphs" },
    { "bilevel", "problem", "graphs", "value and hypergradient: linearize, transpose" },
    { "lower", "scheduled", "loops", "loop nests, fusion, matrix products, offsets in the workspace; the plan is chosen among programs lowered so" },
};
static const char *const stage_name[] = { "graphs", "expanded", "scheduled" };

static void print_pass(FILE *f, const char *name, const char *needs, const char *gives, const char *doc)
{
    fprintf(f, "%-13s %-10s %-10s %s\n", name, needs, gives, doc);
}

void passes_print(FILE *f)
{
    print_pass(f, "pass", "needs", "gives", "what it does");
    for (int k = 0; k < 2; k++)
        print_pass(f, ends[k].name, ends[k].needs, ends[k].gives, ends[k].doc);
    for (const GraphPass *p = graph_passes; p->name; p++)
        print_pass(f, p->name, stage_name[p->needs], stage_name[p->gives], p->doc);
    print_pass(f, ends[2].name, ends[2].needs, ends[2].gives, ends[2].doc);
}

const char *pass_names(const char *others)
{
    for (const GraphPass *p = graph_passes; p->name; p++)
        others = intern_printf("%s %s", others, p->name);
    return others;
}

bool pass_known(const char *name)
{
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
        if (!strcmp(ends[k].name, name))
            return true;
    for (const GraphPass *p = graph_passes; p->name; p++)
        if (!strcmp(p->name, name))
            return true;
    return false;
}

bool dumped(const Options *o, const char *pass)
{
    for (int k = 0; k < o->dump.n; k++)
        if (!strcmp(o->dump.at[k], pass))
            return true;
    return false;
}

static void print_buf(Buf *b)
{
    fwrite(b->at ? b->at : "", 1, b->n, stdout);
    buf_free(b);
}

void dump_graph(void *session, const char *pass, const Graph *g)
{
    Buf b = { 0 };
    if (!g || !dumped(((const Session *)session)->opt, pass))
        return;
    buf_printf(&b, "# after %s\n", pass);
    ir_print(g, &b);
    print_buf(&b);
}

void dump_problem(const Session *s)
{
    const Problem *p = s->problem;
    Graph *const all[] = { p->meta_init, p->param_init, p->state_init, p->inner, p->update, p->path, p->outer, p->learn_init, p->learn };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        dump_graph((void *)s, "front", all[k]);
}

void dump_program(const LProgram *p)
{
    Buf b = { 0 };
    buf_puts(&b, "# after lower\n");
    lir_print(p, &b);
    print_buf(&b);
}
