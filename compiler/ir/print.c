/* print.c -- the text form of a graph; read.c reads it back, and printing that gives the same text.
 *
 *   graph   = "graph" NAME "{" source* body "}"                 source = "source" NUMBER PATH
 *   body    = node* "takes" value* "gives" (value NAME?)*       parameters in order; results and their names
 *   node    = value "=" OPERATOR value* attribute ":" type NAME? KIND? ("in" NAME)? ("@" place)?
 *   type    = ("real" | "int" | "bool" | "none") ("[" SIZE AXIS? ("," SIZE AXIS?)* "]")?
 *   place   = SOURCE ":" LINE ":" COLUMN "-" LINE ":" COLUMN
 *   loop    = ... "times" N flags NAME? BODYNAME? saves? ":" "none" ... "{" body ("param" K what)* ("out" K what)* again? record? "}"
 *   region  = ... "of" NAME BODYNAME? "wrt" K* ("active" K*)? ":" "none" ... "{" body "}"
 *   saves   = "saves" SCHEDULE ":" LAST PERIOD INNER BASES "from_start"?      equal numbers: the same states, saved by one loop and read by another
 *   contract= "{" (LETTER "<" RANGE NAME?)* "}" access "+=" SCALE ("*" access)* (";" access)* ("if" "0" "<=" place "<" N)*
 *
 * NAMEs are quoted. KIND: d a tangent, b an adjoint, db and bb a tangent and an adjoint of one. in: the variable or function it is a part of. Numbers are printed so that they read back to the last bit. */
#include "ir.h"
#include <math.h>

typedef struct Printer { Buf *b; SourceList src; Arena *arena; Vec(const Checkpoints *) saves; } Printer;

static void body(Printer *, const Graph *, int indent);

static void name(Buf *b, Name n)
{
    buf_puts(b, " \"");
    for (const unsigned char *s = (const unsigned char *)(n ? n : ""); *s; s++)
        if (*s == '"' || *s == '\\')
            buf_printf(b, "\\%c", *s);
        else if (*s < 32)
            buf_printf(b, "\\x%02x", *s);
        else
            buf_printf(b, "%c", *s);
    buf_puts(b, "\"");
}

/* 17 digits tell doubles apart; a not-a-number is its bits. */
static void number(Buf *b, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, 8);
    if (isnan(x))
        buf_printf(b, "nan:%016llx", (unsigned long long)bits);
    else
        buf_printf(b, "%.17g", x);
}

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

void ir_print_access(Buf *b, const Contract *c, const Access *x)
{
    buf_puts(b, "[");
    for (int k = 0; k < x->rank; k++) {
        buf_puts(b, k ? "," : "");
        place(b, c, &x->place[k]);
    }
    buf_puts(b, "]");
}

static void contract(Buf *b, const Contract *c)
{
    buf_puts(b, " {");
    for (int l = 0; l < c->nletters; l++) {
        buf_printf(b, "%s%c<%lld", l ? " " : "", 'a' + l, (long long)c->range[l]);
        if (c->letter[l])
            name(b, c->letter[l]);
    }
    buf_puts(b, "} ");
    ir_print_access(b, c, &c->out);
    buf_puts(b, " += ");
    number(b, c->scale);
    for (int a = 0; a < c->nfactor + c->nindex; a++) {
        buf_puts(b, a < c->nfactor ? " *" : " ;");
        ir_print_access(b, c, &c->arg[a]);
    }
    for (int g = 0; g < c->nguard; g++) {
        buf_puts(b, " if 0<=");
        place(b, c, &c->guard[g].place);
        buf_printf(b, "<%lld", (long long)c->guard[g].n);
    }
}

static void type(Buf *b, const Node *n)
{
    static const char *const text[] = { "real", "int", "bool", "none" };
    buf_printf(b, " : %s", text[n->type.dtype]);
    for (int k = 0; k < n->type.rank; k++) {
        buf_printf(b, "%s%lld", k ? "," : "[", (long long)n->type.dim[k]);
        if (n->axis_name[k])
            name(b, n->axis_name[k]);
    }
    if (n->type.rank)
        buf_puts(b, "]");
}

static int source_number(const SourceList *all, const Source *s)
{
    for (int k = 0; k < all->n; k++)
        if (all->at[k] == s)
            return k;
    return -1;
}

static void written_at(const Printer *p, const Span *at)
{
    if (at->src)
        buf_printf(p->b, " @%d:%d:%d-%d:%d", source_number(&p->src, at->src), at->first.line, at->first.col, at->last.line, at->last.col);
}

static void origin(const Printer *p, const Origin *o)
{
    if (o->name)
        name(p->b, o->name);
    static const char *const kind[] = { "", " d", " b", " db", " bb" };
    buf_puts(p->b, kind[o->kind]);
    if (o->within) {
        buf_puts(p->b, " in");
        name(p->b, o->within);
    }
    written_at(p, &o->span);
    written_at(p, &o->inner);
}

static void names(Buf *b, Name own, Name of_body)
{
    if (own || of_body)
        name(b, own);
    if (of_body != own)
        name(b, of_body);
}

/* The schedule's number: a forward loop and its reverse share one. */
static int saves_number(Printer *p, const Checkpoints *c)
{
    for (int k = 0; k < p->saves.n; k++)
        if (p->saves.at[k] == c)
            return k;
    vec_push(p->arena, p->saves, c);
    return p->saves.n - 1;
}

static void loop_head(Printer *p, const Loop *l)
{
    Buf *b = p->b;
    buf_printf(b, " times %lld%s%s", (long long)l->n, l->down ? " down" : "", l->is_steps ? " steps" : "");
    if (l->saves)
        buf_printf(b, " saves %d: %lld %lld %lld %lld %lld%s", saves_number(p, l->saves), (long long)l->saves->last, (long long)l->saves->period, (long long)l->saves->inner, (long long)l->saves->bases, (long long)l->saves->stored,
                   l->saves->from_start ? " from_start" : "");
    names(b, l->name, l->body->name);
}

static void numbers(Buf *b, const char *what, const int *at, int n)
{
    buf_printf(b, " %s", what);
    for (int k = 0; k < n; k++)
        buf_printf(b, " %d", at[k]);
}

static void attribute(Printer *p, const Node *n)
{
    Buf *b = p->b;
    switch (n->op) {
    case OP_const: buf_puts(b, " "); number(b, n->u.number); break;
    case OP_contract: contract(b, n->u.contract); break;
    case OP_loop: loop_head(p, n->u.loop); break;
    case OP_grad: case OP_lingrad:
        buf_puts(b, " of");
        names(b, n->u.region->name ? n->u.region->name : "", n->u.region->body->name);
        numbers(b, "wrt", n->u.region->wrt, n->u.region->nwrt);
        if (n->op == OP_lingrad)
            numbers(b, "active", n->u.region->active, n->u.region->nactive);
        break;
    default:
        if (op_info[n->op].kind != K_MAP && n->op != OP_reshape && n->op != OP_cholesky)
            buf_printf(b, " %lld", (long long)n->u.axis);
    }
}

/* of, start: of a body beside a loop's own, the loop's parameters that its parameters stand for. */
static void loop_rest(Printer *p, const Loop *l, const int *of, const int *start, int indent)
{
    static const char *const kinds[] = { "index", "carry", "capture", "state", "given" }, *const outs[] = { "last", "each", "saved", "latest" };
    body(p, l->body, indent);
    for (int k = 0; k < l->params.n; k++) {
        buf_printf(p->b, "%*sparam %d %s", indent, "", k, kinds[l->params.at[k].kind]);
        if (l->params.at[k].kind == LP_CARRY)
            buf_printf(p->b, " %d", l->params.at[k].result);
        if (of)
            buf_printf(p->b, " for %d", of[k]);
        if (start && start[k] >= 0)
            buf_printf(p->b, " start %d", start[k]);
        buf_puts(p->b, "\n");
    }
    for (int k = 0; k < l->outs.n; k++)
        buf_printf(p->b, "%*sout %d %s %d\n", indent, "", k, outs[l->outs.at[k].kind], l->outs.at[k].kind == LO_COLLECT || l->outs.at[k].kind == LO_LATEST ? l->outs.at[k].result : l->outs.at[k].param);
    for (int k = 0; k < 2; k++) {
        const Loop *beside = loop_beside(l, k);
        if (!beside)
            continue;
        buf_printf(p->b, "%*s%s", indent, "", k ? "record" : "again");
        loop_head(p, beside);
        buf_puts(p->b, " {\n");
        loop_rest(p, beside, k ? l->record->from : l->again->from, k ? NULL : l->again->start, indent + 2);
        for (int i = 0; k && i < beside->body->results.n; i++)
            buf_printf(p->b, "%*sgive %d to %d\n", indent + 2, "", i, l->record->gives[i]);
        buf_printf(p->b, "%*s}\n", indent, "");
    }
}

static void node(Printer *p, const Node *n, int indent)
{
    buf_printf(p->b, "%*s%%%d = %s", indent, "", n->id, op_info[n->op].name);
    for (int a = 0; a < n->narg; a++)
        buf_printf(p->b, " %%%d", n->arg[a]->id);
    attribute(p, n);
    type(p->b, n);
    origin(p, &n->origin);
    bool region = n->op == OP_grad || n->op == OP_lingrad;
    buf_puts(p->b, region || n->op == OP_loop ? " {\n" : "\n");
    if (n->op == OP_loop)
        loop_rest(p, n->u.loop, NULL, NULL, indent + 2);
    if (region)
        body(p, n->u.region->body, indent + 2);
    if (region || n->op == OP_loop)
        buf_printf(p->b, "%*s}\n", indent, "");
}

static void body(Printer *p, const Graph *g, int indent)
{
    for (int i = 0; i < g->nodes.n; i++)
        node(p, g->nodes.at[i], indent);
    buf_printf(p->b, "%*stakes", indent, "");
    for (int k = 0; k < g->params.n; k++)
        buf_printf(p->b, " %%%d", g->params.at[k]->id);
    buf_printf(p->b, "\n%*sgives", indent, "");
    for (int k = 0; k < g->results.n; k++) {
        buf_printf(p->b, " %%%d", g->results.at[k]->id);
        if (k < g->result_names.n && g->result_names.at[k])
            name(p->b, g->result_names.at[k]);
    }
    buf_puts(p->b, "\n");
}

/* In the order in which they appear. */
void ir_sources(Arena *arena, const Graph *g, SourceList *all)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        for (int k = 0; k < 2; k++) {
            const Span *at = k ? &n->origin.inner : &n->origin.span;
            if (at->src && source_number(all, at->src) < 0)
                vec_push(arena, *all, at->src);
        }
        if (n->op == OP_loop) {
            ir_sources(arena, n->u.loop->body, all);
            for (int k = 0; k < 2; k++)
                if (loop_beside(n->u.loop, k))
                    ir_sources(arena, loop_beside(n->u.loop, k)->body, all);
        } else if (n->op == OP_grad || n->op == OP_lingrad)
            ir_sources(arena, n->u.region->body, all);
    }
}

void ir_print(const Graph *g, Buf *b)
{
    Arena *arena = arena_new("print");
    Printer p = { .b = b, .arena = arena };
    ir_sources(arena, g, &p.src);
    buf_puts(b, "graph");
    name(b, g->name);
    buf_puts(b, " {\n");
    for (int k = 0; k < p.src.n; k++) {
        buf_printf(b, "  source %d", k);
        name(b, p.src.at[k]->path);
        buf_puts(b, "\n");
    }
    body(&p, g, 2);
    buf_puts(b, "}\n");
    arena_free(arena);
}
