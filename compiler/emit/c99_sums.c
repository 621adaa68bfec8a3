/* c99_sums.c -- sums and extremes in lanes (lower/lanes.c) as C, by the macros of mfl/sums.h.
 *
 * Accumulators, loop and fold of one sum are three statements of the loop IR. Where the loop does nothing else they are one line, MFL_SUM, which declares the result;
 * else the loop is MFL_LANES. Both are as long for any size. */
#include "c99.h"

void c99_parts(C *c, const LStmt *s, size_t from, int n)
{
    const char *name = s->dst.buf->name;
    long long w = (long long)s->dst.buf->dim[0];
    buf_printf(c->o, "%s %s[%lld]%s;", c->real, name, w, s->x->num == 0 ? " = { 0 }" : "");
    c99_finish(c, s, from, n);
    if (s->x->num == 0)
        return;
    c99_indent(c, n);
    buf_printf(c->o, "for (int lane = 0; lane < %lld; lane++)\n", w);
    c99_indent(c, n + 1);
    buf_printf(c->o, "%s[lane] = ", name);
    c99_expr(c, s->x, 0);
    buf_puts(c->o, ";\n");
}

void c99_lanes(C *c, const LStmt *s, int n)
{
    c99_indent(c, n);
    buf_printf(c->o, "MFL_LANES(%s, ", s->var->name);
    c99_size(c, s->size, s->n);
    buf_printf(c->o, ", %lld, %s, {\n", (long long)s->width, s->lane->name);
    c99_block(c, &s->body, n + 1);
    c99_indent(c, n);
    buf_puts(c->o, "})\n");
}

bool c99_is_sum(const LBlock *b, int k)
{
    if (k + 2 >= b->n || b->at[k]->kind != LS_LOCAL || !b->at[k + 1]->lane || b->at[k + 1]->body.n != 1 || b->at[k + 2]->kind != LS_LET)
        return false;
    const LBuf *part = b->at[k]->dst.buf;
    const LStmt *each = b->at[k + 1]->body.at[0];
    const LExpr *fold = b->at[k + 2]->x;
    return each->kind == LS_STORE && each->dst.buf == part && fold->kind == LX_FOLD && fold->buf == part;
}

void c99_sum(C *c, const LBlock *b, int k, int n)
{
    const LStmt *loop = b->at[k + 1], *each = loop->body.at[0], *result = b->at[k + 2];
    size_t from = c->o->n;
    c->mean = false;
    c99_indent(c, n);
    buf_printf(c->o, "%s(%s, %s, %s, ", each->add ? "MFL_SUM" : result->x->op == OP_max ? "MFL_MAX" : "MFL_MIN", c->real, result->temp->name, loop->var->name);
    c99_size(c, loop->size, loop->n);
    buf_printf(c->o, ", %lld, ", (long long)loop->width);
    c99_expr(c, each->add ? each->x : each->x->arg[0], 0);
    buf_puts(c->o, ");");
    c99_finish(c, result->note ? result : each, from, n);
}
