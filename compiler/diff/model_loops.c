/* model_loops.c -- the model loops of a problem as regions that have a schedule of their own each.
 *
 * A region is a `for` that an objective (or the update) came to hold: by objective, variable and line. Its name is the variable where that says which, else OBJECTIVE/VARIABLE,
 * else OBJECTIVE/VARIABLE:LINE. Differentiation keeps a loop's name and puts .SUFFIX behind it: the names are how schedules find their loops (schedule.c). */
#include "diff.h"

typedef struct Found { Loop *loop; Name var; const char *in; Span at; } Found;
typedef struct Search { Arena *arena; Vec(Found) all; } Search;

static void search(Search *s, const Graph *g, const char *in)
{
    for (int i = 0; g && i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (n->op != OP_loop)
            continue;
        vec_push(s->arena, s->all, (Found){ n->u.loop, n->u.loop->name ? n->u.loop->name : intern("loop"), in, n->origin.span });
        search(s, n->u.loop->body, in);
    }
}

static bool same_line(const Found *x, const Found *y) { return x->at.src == y->at.src && x->at.first.line == y->at.first.line; }

/* Loops of one variable that are other regions than x: in the same objective, or in any. */
static bool others(const Search *s, const Found *x, bool same_objective)
{
    for (int k = 0; k < s->all.n; k++) {
        const Found *y = &s->all.at[k];
        if (y->var == x->var && (y->in != x->in ? !same_objective : !same_line(x, y)))
            return true;
    }
    return false;
}

static Name region_name(const Search *s, const Found *x)
{
    bool taken = !strcmp(x->var, "steps") || !strcmp(x->var, "gradient");      /* the inner loop and its gradient */
    if (others(s, x, true))
        return intern_printf("%s/%s:%d", x->in, x->var, x->at.first.line);
    return taken || others(s, x, false) ? intern_printf("%s/%s", x->in, x->var) : x->var;
}

void problem_name_loops(Problem *p)
{
    Search s = { .arena = p->arena };
    search(&s, p->inner, "inner");
    search(&s, p->update, "step");
    search(&s, p->path, "path");
    search(&s, p->outer, "outer");
    for (int k = 0; k < s.all.n; k++) {
        const Found *x = &s.all.at[k];
        Name name = region_name(&s, x);
        ModelLoop *known = NULL;
        for (int i = 0; i < p->loops.n && !known; i++)
            if (p->loops.at[i].name == name)
                known = &p->loops.at[i];
        if (!known)
            vec_push(p->arena, p->loops, (ModelLoop){ name, x->var, x->in, x->at, x->loop->n });
        else if (known->n < x->loop->n)
            known->n = x->loop->n;
        x->loop->name = name;
    }
}
