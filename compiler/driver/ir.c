/* ir.c -- graphs from text: mflc ir reads and verifies them, runs passes and prints what they make; --ir gives an entry of a problem as text.
 *
 * So a pass can be tried on anything that --dump or --emit ir prints, or on a few lines written by hand. */
#include "driver.h"

/* linearize and transpose have no place in the pipeline's order: they make and use graphs that are between two stages. */
static int run_one(Graph **g, const char *pass, const char *path)
{
    const char *wrong = NULL;
    if (!strcmp(pass, "linearize")) {
        wrong = ir_verify_stage(*g, IR_BUILT);
        *g = wrong ? *g : linearize_graph(*g);
    } else if (!strcmp(pass, "transpose")) {
        wrong = transpose_refuses(*g);
        *g = wrong ? *g : transpose_graph(*g);
    } else {
        const GraphPass *p = graph_passes;
        while (strcmp(p->name, pass))
            p++;
        wrong = ir_verify_stage(*g, p->needs);
        *g = wrong ? *g : run_pass(p, *g, NULL, NULL);
    }
    if (!wrong)
        return -1;
    fprintf(messages(), "%s: error: %s cannot run on graph %s: %s\n", path, pass, (*g)->name ? (*g)->name : "", wrong);
    return EXIT_PROBLEM;
}

bool graph_pass_known(const char *name)
{
    for (const GraphPass *p = graph_passes; p->name; p++)
        if (!strcmp(p->name, name))
            return true;
    return !strcmp(name, "linearize") || !strcmp(name, "transpose");
}

static int each_graph(Options *o, Arena *arena, const Source *text)
{
    Diags diags = { .arena = arena };
    Buf b = { 0 };
    Graph *g;
    int code = -1, n = 0;
    for (size_t at = 0; code < 0 && (g = ir_read(arena, &diags, text, &at, NULL)); n++) {
        for (int k = 0; code < 0 && k < o->pass.n; k++)
            code = run_one(&g, o->pass.at[k], o->file);
        ir_print(g, &b);
    }
    diags_print(&diags, messages());
    if (code < 0 && diags.errors)
        code = EXIT_PROBLEM;
    if (code < 0 && !n) {
        fprintf(messages(), "%s: error: no graph: expected `graph \"NAME\" {`, as mflc build --emit ir writes it\n", o->file);
        code = EXIT_PROBLEM;
    }
    if (code < 0)
        fwrite(b.at, 1, b.n, stdout);
    buf_free(&b);
    return code < 0 ? EXIT_DONE : code;
}

static int cannot_read(const char *path, const char *why)
{
    fprintf(messages(), "mflc: %s cannot be read: %s\n", path, why);
    return EXIT_DATA;
}

int command_ir(Options *o)
{
    Arena *arena = arena_new("ir");
    const char *why = NULL;
    const Source *text = source_read(arena, o->file, &why);
    int code = text ? each_graph(o, arena, text) : cannot_read(o->file, why);
    arena_free(arena);
    return code;
}

static const char *differs(const Graph *a, const Graph *b)
{
    if (a->params.n != b->params.n || a->results.n != b->results.n)
        return "the number of its parameters or results";
    for (int k = 0; k < a->params.n; k++)
        if (!type_eq(&a->params.at[k]->type, &b->params.at[k]->type))
            return "the type of a parameter";
    for (int k = 0; k < a->results.n; k++)
        if (!type_eq(&a->results.at[k]->type, &b->results.at[k]->type))
            return "the type of a result";
    return NULL;
}

/* The graphs of opt->ir in place of the derived entries of the same name. */
int entries_from_text(Session *s)
{
    const char *why = NULL, *path = s->opt->ir;
    const Source *text = path ? source_read(s->arena, path, &why) : NULL;
    if (!text)
        return path ? cannot_read(path, why) : -1;
    SourceList known = { 0 };
    for (int k = 0; k < s->entries.n; k++)
        ir_sources(s->arena, s->entries.at[k].graph, &known);
    Graph *g;
    int before = s->diags.errors;
    for (size_t at = 0; (g = ir_read(s->arena, &s->diags, text, &at, &known));)
        for (int k = 0; k < s->entries.n; k++) {
            EntryGraph *e = &s->entries.at[k];
            if (e->graph->name != g->name)
                continue;
            why = differs(g, e->graph);
            const char *wrong = ir_verify_stage(g, IR_SCHEDULED);
            if (why || wrong) {
                fprintf(messages(), "%s: error: graph %s %s%s\n", path, g->name, why ? "does not stand for this problem's: it differs in " : "cannot be lowered: ", why ? why : wrong);
                return EXIT_PROBLEM;
            }
            e->graph = g;
        }
    if (s->diags.errors > before) {
        diags_print(&s->diags, messages());
        return EXIT_PROBLEM;
    }
    return -1;
}
