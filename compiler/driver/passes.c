/* passes.c -- the table of passes: what each needs, gives and destroys; --passes prints it, --dump shows the program after one,
 * and in debug builds the verifier runs after each. The pipeline itself is a straight line (session.c): the table is its description and its check. */
#include "driver.h"

enum { F_TEXT = 1, F_PROBLEM = 2, F_GRAPHS = 4, F_GRADS = 8, F_CLOSED = 16, F_LOOPS = 32 };
static const struct Pass { const char *name; unsigned needs, gives, kills; const char *doc; } passes[] = {
    { "front",    F_TEXT,     F_PROBLEM,          0,       "parse, check, evaluate to the problem's tensor graphs" },
    { "bilevel",  F_PROBLEM,  F_GRAPHS | F_GRADS, 0,       "value and hypergradient: linearize, transpose; gradients expanded as the mode says" },
    { "simplify", F_GRAPHS,   F_CLOSED,           F_GRADS, "dead code, algebra, contractions in pairs, loop-invariant code" },
    { "schedule", F_CLOSED,   0,                  0,       "what reverse loops store and what they compute again" },
    { "lower",    F_CLOSED,   F_LOOPS,            0,       "loop nests, fusion, matrix products, offsets in the workspace; the plan is chosen among programs lowered so" },
};
enum { NPASSES = sizeof passes / sizeof *passes };

static void facts(FILE *f, unsigned set)
{
    static const char *const name[] = { "text", "problem", "graphs", "grads", "closed", "loops" };
    char text[64] = "";
    for (int k = 0; k < 6; k++)
        if (set >> k & 1)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? " " : "", name[k]);
    fprintf(f, " %-14s", *text ? text : "-");
}

void passes_print(FILE *f)
{
    fprintf(f, "%-9s %-14s %-14s %-14s %s\n", "pass", "needs", "gives", "kills", "what it does");
    for (int k = 0; k < NPASSES; k++) {
        fprintf(f, "%-9s", passes[k].name);
        facts(f, passes[k].needs);
        facts(f, passes[k].gives);
        facts(f, passes[k].kills);
        fprintf(f, " %s\n", passes[k].doc);
    }
}

bool pass_known(const char *name)
{
    for (int k = 0; k < NPASSES; k++)
        if (!strcmp(passes[k].name, name))
            return true;
    return false;
}

void pass_done(const Session *s, const char *pass, const Graph *g, const char *entry)
{
    ice_pass = pass;
#ifndef NDEBUG
    const char *wrong = g ? ir_verify(g) : NULL;
    if (wrong)
        ice("%s: %s", entry, wrong);
#endif
    for (int k = 0; k < s->opt->dump.n; k++)
        if (!strcmp(s->opt->dump.at[k], pass)) {
            Buf b = { 0 };
            printf("# after %s: %s\n", pass, entry);
            if (g)
                ir_print(g, &b);
            else
                lir_print(s->program, &b);
            fwrite(b.at ? b.at : "", 1, b.n, stdout);
            buf_free(&b);
        }
}
