/* c99_calls.c -- statements that leave the loops: copies and results, runtime functions, products, phases with the arguments that they need, checks, the caller's store. */
#include "c99.h"
#include <ctype.h>

/* A result to where the caller wants it; NULL is known to mfl_put. */
void c99_put(C *c, const LStmt *s, int n)
{
    const LBuf *to = s->dst.buf;
    size_t from = c->o->n;
    c99_indent(c, n);
    buf_printf(c->o, "mfl_put_f%d(", 8 * c->p->real_bytes);
    buf_printf(c->o, to->storage == LB_GRAD ? "grad->%s, " : "outer, ", to->storage == LB_GRAD ? c99_field(c, to->field) : "");
    c99_pointer(c, &s->src);
    buf_puts(c->o, ", ");
    c99_count(c, &s->src, s->count);
    buf_puts(c->o, c->kind == LE_WINDOW ? ", 0);" : ", add);");
    c99_finish(c, s, from, n);
}

bool c99_goes_to(const LBlock *b, int k, LStorage to) { return k < b->n && b->at[k]->kind == LS_COPY && b->at[k]->dst.buf->storage == to; }

/* The results from k on that are parts of the gradient, which may not be wanted at all; returns the last of them. */
int c99_put_gradient(C *c, const LBlock *b, int k, int n)
{
    bool several = c99_goes_to(b, k + 1, LB_GRAD);
    c99_indent(c, n);
    buf_puts(c->o, several ? "if (grad) {\n" : "if (grad)\n");
    c99_put(c, b->at[k], n + 1);
    while (c99_goes_to(b, k + 1, LB_GRAD))
        c99_put(c, b->at[++k], n + 1);
    if (several) {
        c99_indent(c, n);
        buf_puts(c->o, "}\n");
    }
    return k;
}

/* The values of the log lines from k on; returns the last of them. */
int c99_put_logs(C *c, const LBlock *b, int k, int n)
{
    bool several = c99_goes_to(b, k + 1, LB_LOGS);
    c99_indent(c, n);
    buf_puts(c->o, several ? "if (logs) {\n" : "if (logs)\n");
    for (k--; c99_goes_to(b, k + 1, LB_LOGS);) {
        const LStmt *s = b->at[++k];
        long long at = (long long)(s->dst.buf->offset / c->p->real_bytes);
        size_t from = c->o->n;
        c99_indent(c, n + 1);
        if (s->dst.buf->rank) {
            buf_puts(c->o, "memcpy(");
            buf_printf(c->o, at ? "logs + %lld, " : "logs, ", at);
            c99_pointer(c, &s->src);
            buf_puts(c->o, ", ");
            c99_bytes(c, &s->src, s->count);
            buf_puts(c->o, ");");
        } else {
            buf_printf(c->o, "logs[%lld] = ", at);
            c99_element(c, s->src.buf, s->src.idx);
            buf_puts(c->o, ";");
        }
        c99_finish(c, s, from, n + 1);
    }
    if (several) {
        c99_indent(c, n);
        buf_puts(c->o, "}\n");
    }
    return k;
}

/* The size is the destination's: shapes are equal. */
void c99_copy(C *c, const LStmt *s, int n)
{
    const LBuf *to = s->dst.buf;
    bool out = to->storage == LB_PARAMS;
    size_t from = c->o->n;
    c99_indent(c, n);
    if (out) {
        buf_printf(c->o, "if (params && params->%s)\n", c99_field(c, to->field));
        from = c->o->n;
        c99_indent(c, n + 1);
    }
    buf_puts(c->o, "memcpy(");
    if (out)
        buf_printf(c->o, "params->%s", c99_field(c, to->field));
    else
        c99_pointer(c, &s->dst);
    buf_puts(c->o, ", ");
    c99_pointer(c, &s->src);
    buf_puts(c->o, ", ");
    c99_bytes(c, &s->src, s->count);
    buf_puts(c->o, ");");
    c99_finish(c, s, from, n + out);
}

/* Sides and leading dimensions by the names that the arrays' own have. */
void c99_gemm(C *c, const LGemm *g)
{
    buf_printf(c->o, "mfl_gemm_f%d(", 8 * c->p->real_bytes);
    c99_side(c, &g->c, true, g->m);
    buf_puts(c->o, ", ");
    c99_side(c, &g->c, false, g->n);
    buf_puts(c->o, ", ");
    c99_side(c, &g->a, g->ta, g->k);
    buf_puts(c->o, ", ");
    c99_factor(c, g->alpha, 0);
    buf_puts(c->o, ", ");
    c99_pointer(c, &g->a);
    buf_puts(c->o, ", ");
    c99_lead(c, &g->a, g->lda);
    buf_printf(c->o, ", %d, ", g->ta);
    c99_pointer(c, &g->b);
    buf_puts(c->o, ", ");
    c99_lead(c, &g->b, g->ldb);
    buf_printf(c->o, ", %d, %d, ", g->tb, g->accumulate);
    c99_pointer(c, &g->c);
    buf_puts(c->o, ", ");
    c99_lead(c, &g->c, g->ldc);
    buf_puts(c->o, ");");
}

/* ---- does a phase look at its index? ---- */
static bool index_in(const LExpr *e, const LVar *v)
{
    bool yes = e && e->kind == LX_VAR && e->var == v;
    for (int k = 0; e && k < e->narg; k++)
        yes |= index_in(e->arg[k], v);
    for (int k = 0; e && e->kind == LX_LOAD && k < e->buf->rank; k++)
        yes |= index_in(e->idx[k], v);
    return yes;
}

static bool index_at(const LPtr *p, const LVar *v)
{
    bool yes = false;
    for (int k = 0; p->buf && k < p->buf->rank; k++)
        yes |= index_in(p->idx[k], v);
    return yes;
}

static bool mentions(const LBlock *b, const LVar *v)
{
    bool yes = false;
    for (int k = 0; k < b->n && !yes; k++) {
        const LStmt *s = b->at[k];
        yes = index_in(s->x, v) || index_in(s->lo, v) || index_in(s->hi, v) || index_at(&s->dst, v) || index_at(&s->src, v) ||
              index_at(&s->gemm.a, v) || index_at(&s->gemm.b, v) || index_at(&s->gemm.c, v) || mentions(&s->body, v);
        for (int i = 0; i < s->nptr; i++)
            yes |= index_at(&s->ptr[i], v);
        for (int i = 0; i < lir_index_args(s); i++)
            yes |= index_in(s->index_arg[i], v) && (s->kind != LS_INVOKE || c99_uses_index(s->func, i));
    }
    return yes;
}

bool c99_uses_index(const LFunc *f, int k) { return mentions(&f->body, f->index[k]); }

static const char *out_type(const C *c) { return c->kind == LE_ADAPT ? "params" : "meta"; }
static const char *out_name(const C *c) { return c->kind == LE_ADAPT ? "params" : "grad"; }

/* Parameters of a phase: just what it and what it calls use. */
void c99_arguments(C *c, const LFunc *f, bool types)
{
    const char *sep = "";
    (void)f;
#define ARG(cond, ...) do { if (cond) { buf_puts(c->o, sep); buf_printf(c->o, __VA_ARGS__); sep = ", "; } } while (0)
    if (types) {
        ARG(c->uses_data, "const %s_data *data", c->name);
        ARG(c->uses_meta, "const %s_meta *meta", c->name);
        ARG(c->uses_out, "const %s_%s *%s", c->name, out_type(c), out_name(c));
        ARG(c->uses_carried, "void *carried");
        ARG(c->uses_step, "int64_t step");
        ARG(c->uses_work, "void *work");
        ARG(c->uses_status, "mfl_status *status");
    } else {
        ARG(c->uses_data, "data");
        ARG(c->uses_meta, "meta");
        ARG(c->uses_out, "%s", out_name(c));
        ARG(c->uses_carried, "carried");
        ARG(c->uses_step, "step");
        ARG(c->uses_work, "work");
        ARG(c->uses_status, "status");
    }
}

void c99_invoke(C *c, const LStmt *s)
{
    C inner = *c;
    c99_uses_of(&inner, s->func);
    inner.o = c->o;
    buf_printf(c->o, "%s_%s(", c->name, s->func->name);
    c99_arguments(&inner, s->func, false);
    for (int k = 0; k < s->func->nindex; k++) {
        if (!c99_uses_index(s->func, k))
            continue;
        buf_puts(c->o, c->o->at[c->o->n - 1] == '(' ? "" : ", ");
        c99_expr(c, s->index_arg[k], 0);
    }
    buf_puts(c->o, ");");
}

/* A decision of the runtime's schedule. */
void c99_ask(C *c, const LStmt *s)
{
    buf_printf(c->o, "int %s = mfl_%s(", s->var->name, s->callee);
    if (s->nptr)
        c99_pointer(c, &s->ptr[0]);
    for (int k = 0; k < s->nnum; k++) {
        buf_puts(c->o, k || s->nptr ? ", " : "");
        c99_expr(c, s->index_arg[k], 0);
    }
    buf_puts(c->o, ");");
}

void c99_kernel(C *c, const LStmt *s)
{
    buf_printf(c->o, "mfl_%s_f%d(", s->callee, 8 * c->p->real_bytes);
    for (int k = 0; k < s->nptr; k++) {
        buf_puts(c->o, k ? ", " : "");
        c99_pointer(c, &s->ptr[k]);
    }
    for (int k = 0; k < s->nnum; k++)
        buf_printf(c->o, ", %lld", (long long)s->num[k]);
    buf_puts(c->o, ");");
}

static void quoted(C *c, const char *text)
{
    buf_puts(c->o, "\"");
    for (const char *p = text; *p; p++)
        buf_printf(c->o, *p == '"' || *p == '\\' ? "\\%c" : *p == '?' ? "\\?" : isprint((unsigned char)*p) ? "%c" : "\\%03o", (unsigned char)*p);
    buf_puts(c->o, "\"");
}

/* Part of a state to the caller's store, or from it. */
void c99_snapshot(C *c, const LStmt *s)
{
    buf_printf(c->o, "mfl_snapshot_%s(status, work, ", s->load ? "load" : "save");
    c99_expr(c, s->x, 0);
    buf_puts(c->o, ", ");
    c99_pointer(c, &s->ptr[0]);
    buf_printf(c->o, ", %lld * (int64_t)sizeof(%s));", (long long)s->count, c->real);
}

/* What --guard puts behind a statement. */
void c99_print_check(C *c, const LStmt *s)
{
    if (!s->callee) {
        buf_puts(c->o, "mfl_check_step(status, ");
        c99_expr(c, s->x, 0);
        buf_puts(c->o, ");\n");
        return;
    }
    buf_printf(c->o, "mfl_check_%sf%d(status, ", s->nptr ? "rows_" : "", 8 * c->p->real_bytes);
    if (s->nptr) {
        c99_pointer(c, &s->ptr[0]);
        buf_printf(c->o, ", %lld, %lld, %lld", (long long)s->num[0], (long long)s->num[1], (long long)s->num[2]);
    } else
        c99_expr(c, s->x, 0);
    buf_printf(c->o, ", %lld, ", (long long)s->count);
    quoted(c, s->callee);
    buf_puts(c->o, ");\n");
}
