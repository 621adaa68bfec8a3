/* dot.c -- mflc build --emit dot: the graph of the hypergradient for Graphviz.
 *
 * A box is a value: its name as the .mfl and the generated C have it, a formula, its shape. What has one use and no name of its own stands in the formula of its use, as numbers do.
 * Loops are clusters, one in another; so are the phases: primal, tangent and adjoint values, which colours tell apart inside loops. Solid edges go from a value to its uses,
 * into a loop to the parameter that stands for it there; dashed ones to the next iteration. */
#include "driver.h"

enum { MOST_IN_FORMULA = 6, LARGE = 500 };      /* operators, so that boxes stay small; nodes of a graph that Graphviz takes minutes for */
typedef struct Dot { Buf *b; Arena *a; bool *folded; } Dot;       /* folded: of the graph that is printed, by id */
static const struct Phase { const char *title, *fill, *before; } phases[] = {
    [PRIMAL] = { "primal", "#ffffff", "" }, [TANGENT] = { "tangent", "#f6e3c5", "d_" }, [ADJOINT] = { "adjoint", "#cfe0f4", "b_" },
    [TANGENT_OF_ADJOINT] = { "tangent of adjoint", "#d9ecd0", "" }, [ADJOINT_OF_ADJOINT] = { "adjoint of adjoint", "#e3d5ee", "" }
};
enum { PHASES = sizeof phases / sizeof *phases };

static void graph(Dot *d, const Graph *g, const char *prefix, bool whole, int indent);

/* "w", "d_w" of a tangent, "b_w" of an adjoint; NULL without a name */
static const char *name_of(Dot *d, const Node *n)
{
    const char *before = phases[n->origin.kind].before;
    return !n->origin.name ? NULL : !strncmp(n->origin.name, before, strlen(before)) ? n->origin.name : arena_printf(d->a, "%s%s", before, n->origin.name);
}

static void formula(Dot *d, const Node *n);

static void operand(Dot *d, const Node *n)
{
    const char *name = name_of(d, n);
    if (n->op == OP_const)
        buf_printf(d->b, "%.6g", n->u.number);
    else if (d->folded[n->id])
        formula(d, n);
    else
        buf_puts(d->b, name ? name : "·");
}

/* [a] = 2 x[a,b] w[b] */
static void contraction(Dot *d, const Node *n)
{
    const Contract *c = n->u.contract;
    bool inner = d->folded[n->id];
    buf_puts(d->b, inner ? "(" : "");
    ir_print_access(d->b, c, &c->out);
    buf_puts(d->b, " = ");
    if (c->scale != 1)
        buf_printf(d->b, "%.6g ", c->scale);
    for (int k = 0; k < n->narg; k++) {
        buf_puts(d->b, !k ? "" : k < c->nfactor ? " " : k == c->nfactor ? "; " : ", ");
        operand(d, n->arg[k]);
        ir_print_access(d->b, c, &c->arg[k]);
    }
    buf_puts(d->b, inner ? ")" : "");
}

static void formula(Dot *d, const Node *n)
{
    static const char infix[OP_COUNT] = { [OP_add] = '+', [OP_sub] = '-', [OP_mul] = '*', [OP_div] = '/' };
    bool bare = infix[n->op] && !d->folded[n->id];
    if (n->op == OP_contract) {
        contraction(d, n);
        return;
    }
    buf_puts(d->b, infix[n->op] ? "" : op_info[n->op].name);
    if (!n->narg)
        return;
    buf_puts(d->b, bare ? "" : "(");
    for (int k = 0; k < n->narg; k++) {
        if (k && infix[n->op])
            buf_printf(d->b, " %c ", infix[n->op]);
        else if (k)
            buf_puts(d->b, ", ");
        operand(d, n->arg[k]);
    }
    buf_puts(d->b, bare ? "" : ")");
}

/* What stands in the formula of its only use, by id: parts of a statement, not what it defines. */
static bool *folded_of(Dot *d, const Graph *g)
{
    int limit = graph_limit(g), *uses = NEW_N(d->a, int, limit + 1), *size = NEW_N(d->a, int, limit + 1);
    bool *folded = NEW_N(d->a, bool, limit + 1);
    const Node **user = NEW_N(d->a, const Node *, limit + 1);
    for (int i = 0; i < g->nodes.n; i++)
        for (int k = 0; k < g->nodes.at[i]->narg; k++) {
            user[g->nodes.at[i]->arg[k]->id] = g->nodes.at[i];
            uses[g->nodes.at[i]->arg[k]->id] += g->nodes.at[i]->op == OP_loop ? 2 : 1;
        }
    for (int k = 0; k < g->results.n; k++)
        uses[g->results.at[k]->id] += 2;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        size[n->id] = 1;
        for (int k = 0; k < n->narg; k++)
            size[n->id] += folded[n->arg[k]->id] ? size[n->arg[k]->id] : 0;
        bool unused_index = n->op == OP_param && n->type.dtype == T_INT && !n->type.rank && !uses[n->id];
        bool part = uses[n->id] == 1 && (!n->origin.name || n->origin.name == user[n->id]->origin.name);
        folded[n->id] = unused_index || (part && n->op != OP_param && n->op != OP_proj && n->op != OP_const && n->type.dtype != T_NONE && size[n->id] < MOST_IN_FORMULA);
    }
    return folded;
}

static void box(Dot *d, const Node *n, const char *prefix, int indent)
{
    const char *name = name_of(d, n);
    bool value = n->op != OP_param && n->op != OP_proj;
    buf_printf(d->b, "%*s%s%d [label=\"%s", indent, "", prefix, n->id, name ? name : value ? "" : n->op != OP_param ? "result" : n->type.dtype == T_INT && !n->type.rank ? "iteration" : "parameter");
    buf_puts(d->b, name && value ? "\\n" : "");
    if (value)
        formula(d, n);
    buf_printf(d->b, "\\n%s\"", n->type.dtype == T_NONE ? "" : type_text(d->a, &n->type));
    buf_printf(d->b, ", fillcolor=\"%s\"%s];\n", phases[n->origin.kind].fill, n->op == OP_param ? ", shape=ellipse" : "");
}

static void edge(Dot *d, const char *from_prefix, const Node *from, const char *to_prefix, const Node *to, const char *how, int indent)
{
    if (from->op != OP_const)
        buf_printf(d->b, "%*s%s%d -> %s%d%s;\n", indent, "", from_prefix, from->id, to_prefix, to->id, how);
}

static const char *inside(Dot *d, const char *prefix, const Node *loop, const char *what) { return arena_printf(d->a, "%s%d%s_", prefix, loop->id, what); }

/* The body of a loop, or what it runs again or records, with edges from each iteration to the next. */
static void iterations(Dot *d, const Loop *l, const char *prefix, const char *title, int indent)
{
    buf_printf(d->b, "%*ssubgraph cluster_%s {\n%*slabel=\"%s\"; style=\"rounded,filled\"; color=\"#555555\"; fillcolor=\"#f7f7f7\";\n", indent, "", prefix, indent + 2, "", title);
    graph(d, l->body, prefix, false, indent + 2);
    for (int p = 0; p < l->params.n; p++)
        if (l->params.at[p].kind == LP_CARRY && l->body->results.at[l->params.at[p].result] != l->body->params.at[p])
            edge(d, prefix, l->body->results.at[l->params.at[p].result], prefix, l->body->params.at[p], " [style=dashed, constraint=false]", indent + 2);
    buf_printf(d->b, "%*s}\n", indent, "");
}

static void loop(Dot *d, const Node *n, const char *prefix, int indent)
{
    const Loop *l = n->u.loop;
    const char *in = inside(d, prefix, n, "");
    iterations(d, l, in, arena_printf(d->a, "%s: %lld iterations%s", l->name ? l->name : "loop", (long long)l->n, l->down ? ", the last one first" : ""), indent);
    for (int p = 0; p < l->params.n; p++)
        if (l->params.at[p].kind != LP_INDEX)
            edge(d, prefix, n->arg[loop_argument(l, p)], in, l->body->params.at[p], "", indent);
    for (int k = 0; k < 2; k++) {
        const Loop *beside = loop_beside(l, k);
        if (!beside)
            continue;
        const char *re = inside(d, prefix, n, k ? "record" : "again"), *how = " [constraint=false, color=\"#999999\"]";
        iterations(d, beside, re, arena_printf(d->a, k ? "%s: recorded, but for the iteration that ran last" : "%s: again, from the last saved state", l->name ? l->name : "loop"), indent);
        for (int p = 0; p < beside->params.n; p++)
            if (beside->params.at[p].kind != LP_INDEX)
                edge(d, in, l->body->params.at[(k ? l->record->from : l->again->from)[p]], re, beside->body->params.at[p], how, indent);
        for (int i = 0; k && i < beside->body->results.n; i++)
            edge(d, re, beside->body->results.at[i], in, l->body->params.at[l->record->gives[i]], how, indent);
    }
}

/* Output k of a loop: the value in its body that it is taken from. */
static void taken_from(Dot *d, const Node *proj, const char *prefix, int indent)
{
    const Node *n = proj->arg[0];
    if (n->op != OP_loop) {
        edge(d, prefix, n, prefix, proj, "", indent);
        return;
    }
    const Loop *l = n->u.loop;
    const LoopOut *o = &l->outs.at[proj->u.axis];
    const Node *from = o->kind == LO_COLLECT || o->kind == LO_LATEST ? l->body->results.at[o->result] : o->kind == LO_SAVE ? l->body->params.at[o->param] : l->body->results.at[l->params.at[o->param].result];
    edge(d, inside(d, prefix, n, ""), from, prefix, proj, o->kind == LO_CARRY ? " [label=\"last\"]" : o->kind == LO_COLLECT ? " [label=\"each\"]" : o->kind == LO_LATEST ? " [label=\"latest\"]" : " [label=\"saved\"]", indent);
}

/* From everything in n's formula to n's box. */
static void formula_edges(Dot *d, const Node *n, const Node *to, const char *prefix, int indent)
{
    for (int k = 0; k < n->narg; k++)
        if (d->folded[n->arg[k]->id])
            formula_edges(d, n->arg[k], to, prefix, indent);
        else
            edge(d, prefix, n->arg[k], prefix, to, "", indent);
}

static void edges(Dot *d, const Graph *g, const char *prefix, int indent)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (n->op == OP_proj)
            taken_from(d, n, prefix, indent);
        else if (n->op != OP_loop && !d->folded[n->id])
            formula_edges(d, n, n, prefix, indent);
    }
}

/* The values of one phase; of a whole program in a cluster, in loops side by side: more clusters than loops tear apart what belongs together. */
static void phase(Dot *d, const Graph *g, const char *prefix, OriginKind kind, bool cluster, int indent)
{
    int count = 0;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (n->op == OP_loop || n->op == OP_const || d->folded[n->id] || n->origin.kind != kind)
            continue;
        if (!count++ && cluster)
            buf_printf(d->b, "%*ssubgraph cluster_%s%d {\n%*slabel=\"%s\"; style=dotted;\n", indent, "", prefix, (int)kind, indent + 2, "", phases[kind].title);
        box(d, n, prefix, cluster ? indent + 2 : indent);
    }
    if (count && cluster)
        buf_printf(d->b, "%*s}\n", indent, "");
}

static void graph(Dot *d, const Graph *g, const char *prefix, bool whole, int indent)
{
    bool *outside = d->folded;
    d->folded = folded_of(d, g);
    for (int kind = 0; kind < PHASES; kind++)
        phase(d, g, prefix, kind, whole, indent);
    for (int i = 0; i < g->nodes.n; i++)
        if (g->nodes.at[i]->op == OP_loop)
            loop(d, g->nodes.at[i], prefix, indent);
    edges(d, g, prefix, indent);
    d->folded = outside;
}

static int nodes_in(const Graph *g)
{
    int count = g->nodes.n;
    for (int i = 0; i < g->nodes.n; i++)
        if (g->nodes.at[i]->op == OP_loop)
            count += nodes_in(g->nodes.at[i]->u.loop->body);
    return count;
}

void dot_print(const Graph *g, const char *title, Arena *a, Buf *b)
{
    Dot d = { b, a, NULL };
    buf_printf(b, "digraph \"%s\" {\n  label=\"%s\"; labelloc=t; newrank=true; fontname=\"sans-serif\";\n  node [shape=box, style=filled, fontname=\"sans-serif\", fontsize=11];\n  edge [fontname=\"sans-serif\", fontsize=9];\n", g->name ? g->name : "", title);
    if (nodes_in(g) > LARGE)
        buf_puts(b, "  nslimit=0.5; nslimit1=0.5; mclimit=0.1; splines=line;     /* a large graph: laid out sooner, less well */\n");
    graph(&d, g, "n", true, 2);
    for (int k = 0; k < g->results.n; k++) {
        const Node *n = g->results.at[k];
        const char *name = k < g->result_names.n ? g->result_names.at[k] : NULL;
        buf_printf(b, "  out%d [shape=plaintext, style=\"\", label=\"%s", k, name ? name : "result");
        if (n->op == OP_const)
            buf_printf(b, " = %.6g", n->u.number);
        buf_puts(b, "\"];\n");
        if (n->op != OP_const)
            buf_printf(b, "  n%d -> out%d;\n", n->id, k);
    }
    buf_puts(b, "}\n");
}
