/* print.c -- the text form of a graph: one line per node, bodies indented below their loops. */
#include "ir.h"

static void line(const Graph *g, Buf *b, int indent);

static void place(Buf *b, const Contract *c, const Place *p)
{
    bool any = false;
    for (int l = 0; l < c->nletters; l++)
        if (p->coef[l]) {
            if (p->coef[l] == 1)
                buf_printf(b, "%s%c", any ? "+" : "", 'a' + l);
            else
                buf_printf(b, "%s%d%c", any && p->coef[l] > 0 ? "+" : "", (int)p->coef[l], 'a' + l);
            any = true;
        }
    if (p->index >= 0) {
        buf_printf(b, "%s#%d", any ? "+" : "", p->index);
        any = true;
    }
    if (p->base || !any)
        buf_printf(b, any && p->base >= 0 ? "+%lld" : "%lld", (long long)p->base);
}

static void access(Buf *b, const Contract *c, const Access *x)
{
    for (int k = 0; k < x->rank; k++) {
        buf_puts(b, k ? "," : "[");
        place(b, c, &x->place[k]);
    }
    buf_puts(b, x->rank ? "]" : "[]");
}

static void contract(Buf *b, const Contract *c)
{
    buf_puts(b, " {");
    for (int l = 0; l < c->nletters; l++)
        buf_printf(b, "%s%c<%lld", l ? " " : "", 'a' + l, (long long)c->range[l]);
    buf_puts(b, "} ");
    access(b, c, &c->out);
    buf_printf(b, " += %.17g", c->scale);
    for (int a = 0; a < c->nfactor + c->nindex; a++) {
        buf_puts(b, a < c->nfactor ? " *" : " ;");
        access(b, c, &c->arg[a]);
    }
    for (int g = 0; g < c->nguard; g++) {
        buf_puts(b, " if 0<=");
        place(b, c, &c->guard[g].place);
        buf_printf(b, "<%lld", (long long)c->guard[g].n);
    }
}

static void type(Buf *b, const Type *t)
{
    static const char *const name[] = { "real", "int", "bool", "none" };
    buf_puts(b, name[t->dtype]);
    for (int k = 0; k < t->rank; k++)
        buf_printf(b, "%s%lld", k ? "," : "[", (long long)t->dim[k]);
    if (t->rank)
        buf_puts(b, "]");
}

static void line(const Graph *g, Buf *b, int indent);

static void node(const Node *n, Buf *b, int indent)
{
    buf_printf(b, "%*s%%%d = %s", indent, "", n->id, op_info[n->op].name);
    for (int a = 0; a < n->narg; a++)
        buf_printf(b, " %%%d", n->arg[a]->id);
    if (n->op == OP_const)
        buf_printf(b, " %.17g", n->u.number);
    else if (n->op == OP_contract)
        contract(b, n->u.contract);
    else if (n->op == OP_loop)
        buf_printf(b, " %s %lld%s", n->u.loop->name ? n->u.loop->name : "loop", (long long)n->u.loop->n, n->u.loop->down ? " down" : "");
    else if (n->op == OP_grad || n->op == OP_lingrad)
        buf_printf(b, " of %s", n->u.region->name);
    else if (op_info[n->op].kind != K_MAP)
        buf_printf(b, " %lld", (long long)n->u.axis);
    buf_puts(b, " : ");
    type(b, &n->type);
    if (n->origin.name || n->origin.span.src)
        buf_puts(b, "   #");
    if (n->origin.name)
        buf_printf(b, " %s", n->origin.name);
    if (n->origin.span.src)
        buf_printf(b, " line %d", n->origin.span.first.line);
    buf_puts(b, "\n");
    if (n->op != OP_loop)
        return;
    const Loop *l = n->u.loop;
    static const char *const kinds[] = { "index", "carry", "capture", "state" }, *const outs[] = { "last", "each", "saved" };
    if (l->saves)
        buf_printf(b, "%*s  saves %lld %lld %lld %lld%s\n", indent, "", (long long)l->saves->last, (long long)l->saves->period, (long long)l->saves->inner, (long long)l->saves->bases, l->saves->from_start ? " from_start" : "");
    for (int p = 0; p < l->params.n; p++) {
        buf_printf(b, "%*s  param %%%d %s", indent, "", l->body->params.at[p]->id, kinds[l->params.at[p].kind]);
        if (l->params.at[p].kind == LP_CARRY)
            buf_printf(b, " next %%%d", l->body->results.at[l->params.at[p].result]->id);
        buf_puts(b, "\n");
    }
    if (l->again) {
        buf_printf(b, "%*s  again\n", indent, "");
        for (int p = 0; p < l->again->loop->params.n; p++) {
            buf_printf(b, "%*s    param %%%d for %%%d", indent, "", l->again->loop->body->params.at[p]->id, l->body->params.at[l->again->from[p]]->id);
            if (l->again->loop->params.at[p].kind == LP_CARRY)
                buf_printf(b, " next %%%d", l->again->loop->body->results.at[l->again->loop->params.at[p].result]->id);
            buf_puts(b, "\n");
        }
        line(l->again->loop->body, b, indent + 4);
    }
    line(l->body, b, indent + 2);
    for (int k = 0; k < l->outs.n; k++)
        buf_printf(b, "%*s  out %d %s %%%d\n", indent, "", k, outs[l->outs.at[k].kind],
                   l->outs.at[k].kind != LO_COLLECT ? l->body->params.at[l->outs.at[k].param]->id : l->body->results.at[l->outs.at[k].result]->id);
}

static void line(const Graph *g, Buf *b, int indent)
{
    for (int i = 0; i < g->nodes.n; i++)
        node(g->nodes.at[i], b, indent);
}

void ir_print(const Graph *g, Buf *b)
{
    buf_printf(b, "graph %s\n", g->name ? g->name : "");
    line(g, b, 2);
    buf_puts(b, "  results");
    for (int k = 0; k < g->results.n; k++)
        buf_printf(b, " %%%d", g->results.at[k]->id);
    buf_puts(b, "\nend\n");
}
