/* print.c -- the loop IR as text (--emit loops). */
#include "low.h"

static void expr(const LExpr *e, Buf *b)
{
    switch (e->kind) {
    case LX_NUM: buf_printf(b, "%.17g", e->num); break;
    case LX_INT: buf_printf(b, "%lld", (long long)e->i); break;
    case LX_VAR: buf_puts(b, e->var->name); break;
    case LX_TEMP: buf_puts(b, e->temp->name); break;
    case LX_FOLD: buf_printf(b, "fold_%s(%s)", op_info[e->op].name, e->buf->name); break;
    case LX_LOAD:
        buf_puts(b, e->buf->name);
        for (int k = 0; k < e->buf->rank; k++) {
            buf_puts(b, "[");
            expr(e->idx[k], b);
            buf_puts(b, "]");
        }
        break;
    default:
        buf_printf(b, "%s(", e->kind == LX_GUARD ? "guard" : op_info[e->op].name);
        for (int k = 0; k < e->narg; k++) {
            buf_puts(b, k ? ", " : "");
            expr(e->arg[k], b);
        }
        buf_puts(b, ")");
    }
}

static void ptr(const LPtr *p, Buf *b)
{
    buf_puts(b, p->buf->name);
    for (int k = 0; k < p->buf->rank; k++) {
        buf_puts(b, "[");
        expr(p->idx[k], b);
        buf_puts(b, "]");
    }
}

static void block(const LBlock *s, Buf *b, int indent);

static void pointers(const LStmt *s, Buf *b)
{
    for (int k = 0; k < s->nptr; k++) {
        buf_puts(b, " ");
        ptr(&s->ptr[k], b);
    }
}

static void product(const LGemm *g, Buf *b)
{
    ptr(&g->c, b);
    buf_printf(b, " %s %g * gemm(%lld, %lld, %lld, ", g->accumulate ? "+=" : "=", g->alpha, (long long)g->m, (long long)g->n, (long long)g->k);
    ptr(&g->a, b);
    buf_printf(b, "%s ld %lld, ", g->ta ? "'" : "", (long long)g->lda);
    ptr(&g->b, b);
    buf_printf(b, "%s ld %lld) ld %lld", g->tb ? "'" : "", (long long)g->ldb, (long long)g->ldc);
}

static void stmt(const LStmt *s, Buf *b, int indent)
{
    buf_printf(b, "%*s", indent, "");
    switch (s->kind) {
    case LS_ASK:
        buf_printf(b, "ask %s = %s", s->var->name, s->callee);
        pointers(s, b);
        for (int k = 0; k < s->nnum; k++) {
            buf_puts(b, " ");
            expr(s->index_arg[k], b);
        }
        break;
    case LS_FOR:
        if (s->lo) {
            buf_printf(b, "for %s from ", s->var->name);
            expr(s->lo, b);
            buf_puts(b, " to ");
            expr(s->hi, b);
            buf_puts(b, "\n");
            block(&s->body, b, indent + 2);
            return;
        }
        buf_printf(b, "for %s in %lld%s%s", s->var->name, (long long)s->n, s->down ? " down" : "", s->parallel ? " parallel" : "");
        if (s->lane)
            buf_printf(b, ", %s of %lld", s->lane->name, (long long)s->width);
        buf_puts(b, "\n");
        block(&s->body, b, indent + 2);
        return;
    case LS_LET: buf_printf(b, "let %s = ", s->temp->name); expr(s->x, b); break;
    case LS_SET: buf_printf(b, "%s %s ", s->temp->name, s->add ? "+=" : "="); expr(s->x, b); break;
    case LS_STORE: ptr(&s->dst, b); buf_puts(b, s->minus ? " -= " : s->add ? " += " : " = "); expr(s->x, b); break;
    case LS_LOCAL: buf_printf(b, "local %s[%lld] = ", s->dst.buf->name, (long long)s->dst.buf->dim[0]); expr(s->x, b); break;
    case LS_IF: buf_puts(b, "if "); expr(s->x, b); buf_puts(b, "\n"); block(&s->body, b, indent + 2); return;
    case LS_ZERO: buf_printf(b, "zero %lld ", (long long)s->count); ptr(&s->dst, b); break;
    case LS_COPY: buf_printf(b, "copy %lld ", (long long)s->count); ptr(&s->dst, b); buf_puts(b, " <- "); ptr(&s->src, b); break;
    case LS_GEMM: product(&s->gemm, b); break;
    case LS_CALL:
        buf_printf(b, "call %s", s->callee);
        pointers(s, b);
        for (int k = 0; k < s->nnum; k++)
            buf_printf(b, " %lld", (long long)s->num[k]);
        break;
    case LS_SNAPSHOT:
        buf_puts(b, s->load ? "load " : "save ");
        ptr(&s->ptr[0], b);
        buf_printf(b, " %lld slot ", (long long)s->count);
        expr(s->x, b);
        break;
    case LS_CHECK:
        buf_puts(b, s->callee ? "check " : "inner step ");
        if (s->nptr)
            ptr(&s->ptr[0], b);
        else
            expr(s->x, b);
        break;
    case LS_INVOKE: buf_printf(b, "invoke %s", s->func->name); break;
    }
    if (s->note)
        buf_printf(b, "   # %s", s->note);
    buf_puts(b, "\n");
}

static void block(const LBlock *s, Buf *b, int indent)
{
    for (int k = 0; k < s->n; k++)
        stmt(s->at[k], b, indent);
}

void lir_print_block(const LBlock *s, Buf *b) { block(s, b, 2); }

void lir_print(const LProgram *p, Buf *b)
{
    static const char *const storage[] = { "work", "local", "data", "meta", "grad", "params", "meta out", "grad in", "state", "carried", "outer", "logs", "step", "seed" };
    buf_printf(b, "program %s, %d bytes a real, workspace %lld bytes\n", p->problem->name, p->real_bytes, (long long)p->work_bytes);
    for (int k = 0; k < p->bufs.n; k++) {
        const LBuf *x = p->bufs.at[k];
        if (x->storage == LB_WORK && x->offset < 0)
            continue;
        buf_printf(b, "  buffer %s", x->name);
        for (int d = 0; d < x->rank; d++)
            buf_printf(b, "[%lld]", (long long)x->dim[d]);
        buf_printf(b, " %s", storage[x->storage]);
        if (x->storage == LB_WORK)
            buf_printf(b, " at %lld, alive %d to %d", (long long)x->offset, x->live_from, x->live_to);
        buf_puts(b, "\n");
    }
    for (int k = 0; k < p->funcs.n; k++) {
        buf_printf(b, "function %s\n", p->funcs.at[k]->name);
        block(&p->funcs.at[k]->body, b, 2);
    }
}
