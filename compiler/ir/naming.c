/* naming.c -- names for the values that the user gave none, so that generated code, dumps and reports can be read beside the .mfl.
 *
 * A value is called after what it is: exp_log_l2, x_w (a product of x and w), x_w_minus_y, mean_loss. A view of a value (a broadcast, a slice, a transpose)
 * keeps its name. Where that becomes too long it is called after the variable or function of which it is a part and its operator: attention_product.
 * Names mean nothing to any pass; they need not be unique. Derivatives are called after their primal: d_ and b_ are put before it. */
#include "contract.h"

enum { LONG = 24, LONGEST = 48 };

Name ir_tangent_name(Name name)
{
    return name ? intern_printf("d_%.*s", LONGEST, name) : NULL;
}

Name ir_adjoint_name(Name tangent)
{
    if (!tangent)
        return NULL;
    return intern_printf("b_%.*s", LONGEST, strncmp(tangent, "d_", 2) ? tangent : tangent + 2);
}

/* The operator as a noun, and between or before its operands. */
typedef struct Word { const char *noun, *format; } Word;
static Word word_of(Op op)
{
    switch (op) {
    case OP_add: return (Word){ "sum", "%s_plus_%s" };
    case OP_sub: return (Word){ "difference", "%s_minus_%s" };
    case OP_mul: return (Word){ "product", "%s_times_%s" };
    case OP_div: return (Word){ "quotient", "%s_over_%s" };
    case OP_pow: return (Word){ "power", "%s_to_%s" };
    case OP_neg: return (Word){ "negated", "minus_%s" };
    case OP_select: return (Word){ "choice", NULL };
    case OP_lt: case OP_le: return (Word){ "test", "%s_below_%s" };
    case OP_gt: case OP_ge: return (Word){ "test", "%s_above_%s" };
    case OP_eq: return (Word){ "test", "%s_is_%s" };
    case OP_ne: return (Word){ "test", "%s_is_not_%s" };
    default: return (Word){ op_info[op].name, NULL };
    }
}

/* Of a value whose own name would say too little or too much. */
static Name fallback(const Node *n, const char *noun)
{
    return n->origin.within ? intern_printf("%.*s_%s", LONG, n->origin.within, noun) : intern(noun);
}

static Name short_enough(const Node *n, Name name, const char *noun)
{
    return strlen(name) <= LONG ? name : fallback(n, noun);
}

static Name with_constant(const Node *n, const Node *x, double c, bool first, const char *noun)
{
    Name a = x->origin.name;
    switch (n->op) {
    case OP_add: return intern_printf(c == 1 ? "one_plus_%s" : "shifted_%s", a);
    case OP_sub: return intern_printf(first && c == 1 ? "one_minus_%s" : "shifted_%s", a);
    case OP_mul: return intern_printf(c == 2 ? "twice_%s" : "scaled_%s", a);
    case OP_div: return intern_printf(first ? "inverse_%s" : "scaled_%s", a);
    case OP_pow: return intern_printf(!first && c == 2 ? "%s_squared" : "%s_power", a);
    default: return intern_printf("%s_%s", noun, a);
    }
}

static Name of_map(const Node *n)
{
    const Word w = word_of(n->op);
    const Node *a = n->arg[0], *b = n->narg > 1 ? n->arg[1] : NULL;
    double c;
    if (n->op == OP_detach || n->op == OP_mark || n->op == OP_real)
        return a->origin.name ? a->origin.name : fallback(n, "value");
    if (n->narg == 1)
        return a->origin.name ? short_enough(n, w.format ? intern_printf(w.format, a->origin.name) : intern_printf("%s_%s", w.noun, a->origin.name), w.noun) : fallback(n, w.noun);
    if (n->narg == 2 && ir_is_const(a, &c) && b->origin.name)
        return short_enough(n, with_constant(n, b, c, true, w.noun), w.noun);
    if (n->narg == 2 && ir_is_const(b, &c) && a->origin.name)
        return short_enough(n, with_constant(n, a, c, false, w.noun), w.noun);
    if (n->narg != 2 || !a->origin.name || !b->origin.name)
        return fallback(n, w.noun);
    if (n->op == OP_mul && a == b)
        return short_enough(n, intern_printf("%s_squared", a->origin.name), "square");
    return short_enough(n, w.format ? intern_printf(w.format, a->origin.name, b->origin.name) : intern_printf("%s_%s_%s", w.noun, a->origin.name, b->origin.name), w.noun);
}

/* Does some letter not show in the result? */
static bool sums(const Contract *c)
{
    for (int l = 0; l < c->nletters; l++) {
        bool shows = c->range[l] == 1;
        for (int d = 0; d < c->out.rank; d++)
            shows |= c->out.place[d].coef[l] != 0;
        if (!shows)
            return true;
    }
    return false;
}

static Name of_contract(const Node *n)
{
    const Contract *c = n->u.contract;
    Name a = n->arg[0]->origin.name, b = c->nfactor > 1 ? n->arg[1]->origin.name : NULL;
    bool sum = sums(c);
    if (c->nfactor > 2 || !a || (c->nfactor == 2 && !b))
        return fallback(n, c->nfactor > 1 ? "product" : sum ? "sum" : "view");
    if (c->nfactor == 2 && n->arg[0] == n->arg[1])
        return short_enough(n, intern_printf(sum ? "sum_%s_squared" : "%s_squared", a), "square");
    if (c->nfactor == 2)
        return short_enough(n, intern_printf(sum ? "%s_%s" : "%s_times_%s", a, b), "product");
    if (sum)
        return short_enough(n, intern_printf(c->scale == 1 ? "sum_%s" : "mean_%s", a), c->scale == 1 ? "sum" : "mean");
    return c->scale == 1 ? a : short_enough(n, intern_printf("scaled_%s", a), "scaled");
}

static Name name_of(const Node *n)
{
    Name a = n->narg ? n->arg[0]->origin.name : NULL;
    switch (op_info[n->op].kind) {
    case K_MAP: return of_map(n);
    case K_CONTRACT: return of_contract(n);
    case K_REDUCE: return a ? short_enough(n, intern_printf("%s_%s", n->op == OP_max_over ? "max" : "min", a), n->op == OP_max_over ? "max" : "min") : NULL;
    default: break;
    }
    switch (n->op) {
    case OP_reshape: return a;
    case OP_cumsum: case OP_cholesky: case OP_trisolve: case OP_solve:
        return a ? short_enough(n, intern_printf("%s_%s", op_info[n->op].name, a), op_info[n->op].name) : fallback(n, op_info[n->op].name);
    default: return NULL;
    }
}

/* Results are called as the graph calls them, and what is only reshaped as its new shape. */
static void name_results(Graph *g)
{
    for (int k = 0; k < g->results.n && k < g->result_names.n; k++) {
        Origin *o = &g->results.at[k]->origin;
        if (!o->name && g->results.at[k]->op != OP_const)
            o->name = g->result_names.at[k];
    }
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        const Node *n = g->nodes.at[i];
        if (n->op == OP_reshape && n->origin.name && !n->arg[0]->origin.name && n->arg[0]->op != OP_const)
            n->arg[0]->origin.name = n->origin.name;
    }
}

/* What a loop's body sees of the outside is called as it is there. */
static void name_params(const Node *n)
{
    const Loop *l = n->u.loop;
    for (int p = 0; p < l->params.n; p++) {
        Origin *o = &l->body->params.at[p]->origin;
        if (!o->name && l->params.at[p].kind != LP_INDEX)
            o->name = n->arg[loop_argument(l, p)]->origin.name;
    }
}

void ir_name_values(Graph *g)
{
    name_results(g);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (n->op == OP_loop) {
            name_params(n);
            ir_name_values(n->u.loop->body);
        }
        if (!n->origin.name)
            n->origin.name = name_of(n);
    }
}
