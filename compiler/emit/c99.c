/* c99.c -- the loop IR as C99: NAME.c and NAME.h, to be read and signed by a person. The same tree that llvm.c walks, in the same order.
 *
 * Arrays are pointers to rows, so that subscripts are the program's own (h[n][d]); every function declares just what it uses. Comments on the right say
 * which line of the .mfl a statement comes from. Nothing is static, global or allocated; the text depends on nothing but the program. */
#include "emit.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

typedef struct C { const LProgram *p; Buf *o; const char *name, *real, *suffix; char *upper; bool *used; bool uses_data, uses_meta, uses_out, uses_work, uses_step; LEntryKind kind; } C;

/* ---- numbers and expressions ---- */
static void number(C *c, double v, bool bare)
{
    char text[64];
    if (isnan(v) || isinf(v)) {
        buf_printf(c->o, "(%s)%s%s", c->real, v < 0 ? "-" : "", isnan(v) ? "NAN" : "INFINITY");
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (c->p->real_bytes == 4 ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
            break;
    }
    bool point = strpbrk(text, ".e") != NULL;
    buf_printf(c->o, v < 0 && !bare ? "(%s%s%s)" : "%s%s%s", text, point ? "" : ".0", c->p->real_bytes == 4 ? "f" : "");
}

enum { P_SELECT = 1, P_OR, P_AND, P_EQ, P_REL, P_ADD, P_MUL, P_UNARY, P_ATOM };
static void expr(C *c, const LExpr *e, int outer);

static void subscripts(C *c, const LBuf *b, LExpr *const *idx, int n)
{
    for (int k = 0; k < n; k++) {
        buf_puts(c->o, "[");
        expr(c, idx[k], 0);
        buf_puts(c->o, "]");
    }
    if (b->rank == 0)
        buf_puts(c->o, "[0]");
}

static void binary(C *c, const LExpr *e, int prec, const char *op, int outer)
{
    bool wrap = prec < outer;
    buf_puts(c->o, wrap ? "(" : "");
    expr(c, e->arg[0], prec);
    buf_printf(c->o, " %s ", op);
    expr(c, e->arg[1], prec + 1);
    buf_puts(c->o, wrap ? ")" : "");
}

static void choice(C *c, const LExpr *cond, const LExpr *a, const LExpr *b, DType t, int outer)
{
    bool wrap = outer > P_SELECT;
    buf_puts(c->o, wrap ? "(" : "");
    expr(c, cond, P_OR);
    buf_puts(c->o, " ? ");
    expr(c, a, P_OR);
    buf_puts(c->o, " : ");
    if (b)
        expr(c, b, P_OR);
    else if (t == T_REAL)
        number(c, 0, true);
    else
        buf_puts(c->o, "0");
    buf_puts(c->o, wrap ? ")" : "");
}

static void call(C *c, const LExpr *e)
{
    bool whole = e->dtype == T_INT;
    buf_printf(c->o, whole ? "mfl_%s_int(" : "mfl_%s%s(", op_info[e->op].name, whole ? "" : c->suffix);
    for (int k = 0; k < e->narg; k++) {
        buf_puts(c->o, k ? ", " : "");
        expr(c, e->arg[k], 0);
    }
    buf_puts(c->o, ")");
}

static void map(C *c, const LExpr *e, int outer)
{
    switch (e->op) {
    case OP_add: binary(c, e, P_ADD, "+", outer); return;
    case OP_sub: binary(c, e, P_ADD, "-", outer); return;
    case OP_mul: binary(c, e, P_MUL, "*", outer); return;
    case OP_div: binary(c, e, P_MUL, "/", outer); return;
    case OP_lt: binary(c, e, P_REL, "<", outer ? P_ATOM : 0); return;
    case OP_le: binary(c, e, P_REL, "<=", outer ? P_ATOM : 0); return;
    case OP_gt: binary(c, e, P_REL, ">", outer ? P_ATOM : 0); return;
    case OP_ge: binary(c, e, P_REL, ">=", outer ? P_ATOM : 0); return;
    case OP_eq: binary(c, e, P_EQ, "==", outer ? P_ATOM : 0); return;
    case OP_ne: binary(c, e, P_EQ, "!=", outer ? P_ATOM : 0); return;
    case OP_and: binary(c, e, P_AND, "&&", outer > P_AND || outer == P_OR ? P_ATOM : outer); return;
    case OP_or: binary(c, e, P_OR, "||", outer > P_OR ? P_ATOM : outer); return;
    case OP_not: buf_puts(c->o, "!"); expr(c, e->arg[0], P_ATOM); return;
    case OP_neg:
        buf_puts(c->o, outer > P_ADD ? "(-" : "-");
        expr(c, e->arg[0], P_ATOM);
        buf_puts(c->o, outer > P_ADD ? ")" : "");
        return;
    case OP_select: choice(c, e->arg[0], e->arg[1], e->arg[2], e->dtype, outer); return;
    case OP_real:
        buf_printf(c->o, "(%s)", c->real);
        expr(c, e->arg[0], P_ATOM);
        return;
    case OP_detach: expr(c, e->arg[0], outer); return;
    default: call(c, e); return;
    }
}

static void expr(C *c, const LExpr *e, int outer)
{
    switch (e->kind) {
    case LX_NUM: if (e->dtype == T_BOOL) buf_puts(c->o, e->num != 0 ? "1" : "0"); else number(c, e->num, !outer); return;
    case LX_INT: buf_printf(c->o, e->i < 0 && outer ? "(%lld)" : "%lld", (long long)e->i); return;
    case LX_VAR: buf_puts(c->o, e->var->name); return;
    case LX_TEMP: buf_puts(c->o, e->temp->name); return;
    case LX_GUARD: choice(c, e->arg[0], e->arg[1], NULL, e->dtype, outer); return;
    case LX_MAP: map(c, e, outer); return;
    case LX_LOAD:
        if (e->buf->storage == LB_STEP || e->buf->storage == LB_SEED) {
            buf_printf(c->o, "(int)%s", e->buf->storage == LB_STEP ? "step" : "seed");
            return;
        }
        buf_puts(c->o, e->buf->name);
        subscripts(c, e->buf, e->idx, e->buf->rank);
        return;
    }
}

/* ---- what a function uses ---- */
static void use_expr(C *c, const LExpr *e);
static void use(C *c, const LBuf *b)
{
    c->used[b->id] = true;
    switch (b->storage) {
    case LB_DATA: c->uses_data = true; break;
    case LB_META: case LB_META_OUT: c->uses_meta = true; break;
    case LB_GRAD: case LB_GRAD_IN: case LB_PARAMS: c->uses_out = true; break;
    case LB_WORK: c->uses_work = true; break;
    case LB_STEP: case LB_SEED: c->uses_step = true; break;
    default: break;
    }
}

static void use_expr(C *c, const LExpr *e)
{
    if (!e)
        return;
    for (int k = 0; k < e->narg; k++)
        use_expr(c, e->arg[k]);
    if (e->kind != LX_LOAD)
        return;
    use(c, e->buf);
    for (int k = 0; k < e->buf->rank; k++)
        use_expr(c, e->idx[k]);
}

static void use_ptr(C *c, const LPtr *p)
{
    if (!p->buf)
        return;
    use(c, p->buf);
    for (int k = 0; k < p->buf->rank; k++)
        use_expr(c, p->idx[k]);
}

static void use_block(C *c, const LBlock *b, bool deep);
static void use_stmt(C *c, const LStmt *s, bool deep)
{
    use_expr(c, s->x);
    use_ptr(c, &s->dst);
    use_ptr(c, &s->src);
    if (s->kind == LS_GEMM) {
        use_ptr(c, &s->gemm.a);
        use_ptr(c, &s->gemm.b);
        use_ptr(c, &s->gemm.c);
    }
    for (int k = 0; k < s->nptr; k++)
        use_ptr(c, &s->ptr[k]);
    if (s->kind == LS_INVOKE && deep) {          /* what is passed on is used */
        bool *mine = c->used;
        c->used = NEW_N(c->p->arena, bool, c->p->bufs.n + 1);
        use_block(c, &s->func->body, true);
        c->used = mine;
    }
    use_block(c, &s->body, deep);
}

static void use_block(C *c, const LBlock *b, bool deep)
{
    for (int k = 0; k < b->n; k++)
        use_stmt(c, b->at[k], deep);
}

static void uses_of(C *c, const LFunc *f)
{
    c->uses_data = c->uses_meta = c->uses_out = c->uses_work = c->uses_step = false;
    c->used = NEW_N(c->p->arena, bool, c->p->bufs.n + 1);
    use_block(c, &f->body, true);
}

/* ---- statements ---- */
static void indent(C *c, int n) { buf_printf(c->o, "%*s", 4 * n, ""); }

static void finish(C *c, const LStmt *s, size_t from)
{
    size_t width = c->o->n - from;
    if (s->note && s->span.src) {
        const char *slash = strrchr(s->span.src->path, '/');
        Buf t = { 0 };
        for (const char *p = s->note; *p; p++)
            buf_printf(&t, *p == '*' && p[1] == '/' ? "* " : "%c", *p == '*' && p[1] == '/' ? 0 : *p);
        buf_printf(c->o, "%*s/* %s   %s:%d */", width < 72 ? (int)(72 - width) : 2, "", t.at ? t.at : "", slash ? slash + 1 : s->span.src->path, s->span.first.line);
        buf_free(&t);
    }
    buf_puts(c->o, "\n");
}

static void block(C *c, const LBlock *b, int n);

static void pointer(C *c, const LPtr *p)
{
    if (p->buf->rank == 0) {
        buf_puts(c->o, p->buf->name);
        return;
    }
    bool zero = true;
    for (int k = 0; k < p->buf->rank; k++)
        zero &= p->idx[k]->kind == LX_INT && p->idx[k]->i == 0;
    if (zero && p->buf->rank == 1) {
        buf_puts(c->o, p->buf->name);
        return;
    }
    buf_printf(c->o, "&%s", p->buf->name);
    subscripts(c, p->buf, p->idx, p->buf->rank);
}

static const char *memory_type(const C *c, DType t) { return t == T_REAL ? c->real : t == T_INT ? "int32_t" : "unsigned char"; }

static void copy(C *c, const LStmt *s, int n)
{
    LStorage to = s->dst.buf->storage;
    bool optional = to == LB_GRAD || to == LB_PARAMS || to == LB_OUTER || to == LB_LOGS;
    size_t from = c->o->n;
    indent(c, n);
    if (optional) {
        if (to == LB_OUTER)
            buf_puts(c->o, "if (outer)\n");
        else if (to == LB_LOGS)
            buf_puts(c->o, "if (logs)\n");
        else
            buf_printf(c->o, "if (%s && %s->%s)\n", to == LB_GRAD ? "grad" : "params", to == LB_GRAD ? "grad" : "params", s->dst.buf->field);
        from = c->o->n;
        indent(c, n + 1);
    }
    buf_puts(c->o, "memcpy(");
    if (to == LB_OUTER)
        buf_puts(c->o, "outer");
    else if (to == LB_LOGS)
        buf_printf(c->o, "logs + %lld", (long long)(s->dst.buf->offset / c->p->real_bytes));
    else if (optional)
        buf_printf(c->o, "%s->%s", to == LB_GRAD ? "grad" : "params", s->dst.buf->field);
    else
        pointer(c, &s->dst);
    buf_puts(c->o, ", ");
    pointer(c, &s->src);
    buf_printf(c->o, ", %lld * sizeof(%s));", (long long)s->count, memory_type(c, s->dst.buf->dtype));
    finish(c, s, from);
}

static void gemm(C *c, const LGemm *g)
{
    buf_printf(c->o, "mfl_gemm_f%d(%lld, %lld, %lld, ", 8 * c->p->real_bytes, (long long)g->m, (long long)g->n, (long long)g->k);
    number(c, g->alpha, true);
    buf_puts(c->o, ", ");
    pointer(c, &g->a);
    buf_printf(c->o, ", %lld, %d, ", (long long)g->lda, g->ta);
    pointer(c, &g->b);
    buf_printf(c->o, ", %lld, %d, %d, ", (long long)g->ldb, g->tb, g->accumulate);
    pointer(c, &g->c);
    buf_printf(c->o, ", %lld);", (long long)g->ldc);
}

static void arguments(C *c, const LFunc *f, bool types);

static void invoke(C *c, const LStmt *s)
{
    C inner = *c;
    uses_of(&inner, s->func);
    inner.o = c->o;
    buf_printf(c->o, "%s_%s(", c->name, s->func->name);
    arguments(&inner, s->func, false);
    for (int k = 0; k < s->func->nindex; k++) {
        buf_puts(c->o, c->o->at[c->o->n - 1] == '(' ? "" : ", ");
        expr(c, s->index_arg[k], 0);
    }
    buf_puts(c->o, ");");
}

static void stmt(C *c, const LStmt *s, int n)
{
    size_t from = c->o->n;
    if (s->kind == LS_FOR) {
        if (s->n <= 0)
            return;
        indent(c, n);
        if (s->down)
            buf_printf(c->o, "for (int %s = %lld; %s >= 0; %s--)", s->var->name, (long long)s->n - 1, s->var->name, s->var->name);
        else
            buf_printf(c->o, "for (int %s = 0; %s < %lld; %s++)", s->var->name, s->var->name, (long long)s->n, s->var->name);
        bool one = s->body.n == 1 && s->body.at[0]->kind != LS_IF;
        buf_puts(c->o, one ? "\n" : " {\n");
        block(c, &s->body, n + 1);
        if (!one) {
            indent(c, n);
            buf_puts(c->o, "}\n");
        }
        return;
    }
    if (s->kind == LS_COPY) {
        copy(c, s, n);
        return;
    }
    indent(c, n);
    switch (s->kind) {
    case LS_LET: buf_printf(c->o, "%s %s = ", c->real, s->temp->name); expr(c, s->x, 0); buf_puts(c->o, ";"); break;
    case LS_SET:
        buf_printf(c->o, "%s %s ", s->temp->name, s->add ? "+=" : "=");
        expr(c, s->x, 0);
        buf_puts(c->o, ";");
        break;
    case LS_STORE:
        buf_puts(c->o, s->dst.buf->name);
        subscripts(c, s->dst.buf, s->dst.idx, s->dst.buf->rank);
        buf_puts(c->o, s->add ? " += " : " = ");
        expr(c, s->x, 0);
        buf_puts(c->o, ";");
        break;
    case LS_IF:
        buf_puts(c->o, "if (");
        expr(c, s->x, 0);
        buf_puts(c->o, ") {\n");
        block(c, &s->body, n + 1);
        indent(c, n);
        buf_puts(c->o, "}\n");
        return;
    case LS_ZERO:
        buf_puts(c->o, "memset(");
        pointer(c, &s->dst);
        buf_printf(c->o, ", 0, %lld * sizeof(%s));", (long long)s->count, memory_type(c, s->dst.buf->dtype));
        break;
    case LS_GEMM: gemm(c, &s->gemm); break;
    case LS_CALL:
        buf_printf(c->o, "mfl_%s_f%d(", s->callee, 8 * c->p->real_bytes);
        for (int k = 0; k < s->nptr; k++) {
            buf_puts(c->o, k ? ", " : "");
            pointer(c, &s->ptr[k]);
        }
        for (int k = 0; k < s->nnum; k++)
            buf_printf(c->o, ", %lld", (long long)s->num[k]);
        buf_puts(c->o, ");");
        break;
    case LS_INVOKE: invoke(c, s); break;
    default: break;
    }
    finish(c, s, from);
}

static void block(C *c, const LBlock *b, int n)
{
    for (int k = 0; k < b->n; k++)
        stmt(c, b->at[k], n);
}

/* ---- functions ---- */
static const char *out_type(const C *c) { return c->kind == LE_ADAPT ? "params" : "meta"; }
static const char *out_name(const C *c) { return c->kind == LE_ADAPT ? "params" : "grad"; }

/* Parameters of a phase: just what it and what it calls use. */
static void arguments(C *c, const LFunc *f, bool types)
{
    const char *sep = "";
    (void)f;
#define ARG(cond, ...) do { if (cond) { buf_puts(c->o, sep); buf_printf(c->o, __VA_ARGS__); sep = ", "; } } while (0)
    if (types) {
        ARG(c->uses_data, "const %s_data *data", c->name);
        ARG(c->uses_meta, "const %s_meta *meta", c->name);
        ARG(c->uses_out, "const %s_%s *%s", c->name, out_type(c), out_name(c));
        ARG(c->uses_step, "int64_t step");
        ARG(c->uses_work, "char *work");
    } else {
        ARG(c->uses_data, "data");
        ARG(c->uses_meta, "meta");
        ARG(c->uses_out, "%s", out_name(c));
        ARG(c->uses_step, "step");
        ARG(c->uses_work, "work");
    }
}

static void written(void *user, const LBlock *b)
{
    bool *w = user;
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = b->at[k];
        if (s->dst.buf && (s->kind == LS_STORE || s->kind == LS_ZERO || s->kind == LS_COPY))
            w[s->dst.buf->id] = true;
        if (s->kind == LS_GEMM)
            w[s->gemm.c.buf->id] = true;
        for (int i = 0; s->kind == LS_CALL && i < s->nptr && i < 2; i++)
            w[s->ptr[i].buf->id] = true;
        written(user, &s->body);
    }
}

/* Local names for the arrays that the function touches itself. */
static void locals(C *c, const LFunc *f)
{
    bool *mine = NEW_N(c->p->arena, bool, c->p->bufs.n + 1), *all = c->used, *writes = NEW_N(c->p->arena, bool, c->p->bufs.n + 1);
    c->used = mine;
    use_block(c, &f->body, false);
    c->used = all;
    written(writes, &f->body);
    for (int k = 0; k < c->p->bufs.n; k++) {
        const LBuf *b = c->p->bufs.at[k];
        if (!mine[k] || b->storage == LB_STEP || b->storage == LB_SEED || b->storage == LB_OUTER || b->storage == LB_LOGS || b->storage == LB_GRAD || b->storage == LB_PARAMS)
            continue;
        const char *t = memory_type(c, b->dtype), *co = writes[k] ? "" : "const ";
        size_t from = c->o->n;
        buf_printf(c->o, "    %s%s ", co, t);
        if (b->rank < 2)
            buf_printf(c->o, "*%s = (%s%s *)", b->name, co, t);
        else {
            buf_printf(c->o, "(*%s)", b->name);
            for (int d = 1; d < b->rank; d++)
                buf_printf(c->o, "[%lld]", (long long)b->dim[d]);
            buf_printf(c->o, " = (%s%s (*)", co, t);
            for (int d = 1; d < b->rank; d++)
                buf_printf(c->o, "[%lld]", (long long)b->dim[d]);
            buf_puts(c->o, ")");
        }
        switch (b->storage) {
        case LB_WORK: buf_printf(c->o, "(work + %lld);", (long long)b->offset); break;
        case LB_STATE: buf_printf(c->o, "((char *)state + %lld);", (long long)b->offset); break;
        case LB_DATA: buf_printf(c->o, "data->%s;", b->field); break;
        case LB_GRAD_IN: buf_printf(c->o, "grad->%s;", b->field); break;
        default: buf_printf(c->o, "meta->%s;", b->field); break;
        }
        if (b->rank) {
            size_t w = c->o->n - from;
            buf_printf(c->o, "%*s/* ", w < 72 ? (int)(72 - w) : 2, "");
            for (int d = 0; d < b->rank; d++)
                buf_printf(c->o, "[%lld]", (long long)b->dim[d]);
            buf_puts(c->o, " */");
        }
        buf_puts(c->o, "\n");
    }
}

/* Does the word stand in the text? */
static bool names(const char *text, const char *word)
{
    size_t n = strlen(word);
    bool comment = false;
    for (const char *p = text; *p; p++) {
        comment = comment ? strncmp(p, "*/", 2) != 0 : !strncmp(p, "/*", 2);
        if (!comment && !strncmp(p, word, n) && (p == text || (!isalnum((unsigned char)p[-1]) && p[-1] != '_')) && !isalnum((unsigned char)p[n]) && p[n] != '_')
            return true;
    }
    return false;
}

static void phase(C *c, const LFunc *f)
{
    uses_of(c, f);
    buf_printf(c->o, "/* %s */\nstatic void %s_%s(", f->doc ? f->doc : "A phase of the program.", c->name, f->name);
    arguments(c, f, true);
    for (int k = 0; k < f->nindex; k++)
        buf_printf(c->o, "%sint %s", c->o->at[c->o->n - 1] == '(' ? "" : ", ", f->index[k]->name);
    buf_puts(c->o, ")\n{\n");
    Buf text = { 0 }, *o = c->o;
    c->o = &text;
    locals(c, f);
    buf_puts(c->o, "\n");
    block(c, &f->body, 1);
    c->o = o;
    for (int k = 0; k < f->nindex; k++)
        if (!names(text.at, f->index[k]->name))
            buf_printf(c->o, "    (void)%s;\n", f->index[k]->name);
    buf_put(c->o, text.at, text.n);
    buf_free(&text);
    buf_puts(c->o, "}\n\n");
}

static const char *const entry_doc[] = {
    "Initial values of the meta variables, drawn from seed.",
    "The inner loop alone: parameters after the last step. A NULL field of params is not wanted.",
    "The outer value, and the values of the log lines (logs may be NULL).",
    "The outer value and its gradient in the meta variables; outer, grad and each field of grad may be NULL: not wanted.",
    "Initial states of the learn lines' optimizers.",
    "One step of the learn lines: meta moves along grad, state with it; step counts from 0.",
};

static void prototype(C *c, LEntryKind k)
{
    const char *n = c->name, *r = c->real;
    switch (k) {
    case LE_INIT: buf_printf(c->o, "int %s_init(%s_meta *meta, int64_t seed, void *work, mfl_status *status)", n, n); break;
    case LE_ADAPT: buf_printf(c->o, "int %s_adapt(const %s_data *data, const %s_meta *meta, const %s_params *params, void *work, mfl_status *status)", n, n, n, n); break;
    case LE_VALUE: buf_printf(c->o, "int %s_value(const %s_data *data, const %s_meta *meta, %s *outer, %s *logs, void *work, mfl_status *status)", n, n, n, r, r); break;
    case LE_HYPERGRADIENT: buf_printf(c->o, "int %s_hypergradient(const %s_data *data, const %s_meta *meta, %s *outer, const %s_meta *grad, void *work, mfl_status *status)", n, n, n, r, n); break;
    case LE_LEARN_INIT: buf_printf(c->o, "int %s_learn_init(const %s_meta *meta, void *state, void *work, mfl_status *status)", n, n); break;
    case LE_LEARN: buf_printf(c->o, "int %s_learn(const %s_meta *meta, const %s_meta *grad, void *state, int64_t step, void *work, mfl_status *status)", n, n, n); break;
    }
}

static void null_checks(C *c, LEntryKind k)
{
    const Problem *p = c->p->problem;
    bool data = k == LE_ADAPT || k == LE_VALUE || k == LE_HYPERGRADIENT, grad = k == LE_LEARN;
    if (data && p->data.n)
        buf_puts(c->o, "    if (!data)\n        return mfl_fail(status, MFL_NULL_INPUT, \"data\", 0);\n");
    buf_puts(c->o, "    if (!meta)\n        return mfl_fail(status, MFL_NULL_INPUT, \"meta\", 0);\n");
    for (int i = 0; data && i < p->data.n; i++)
        buf_printf(c->o, "    if (!data->%s)\n        return mfl_fail(status, MFL_NULL_INPUT, \"%s\", 0);\n", p->data.at[i].name, p->data.at[i].name);
    for (int i = 0; i < p->meta.n; i++)
        buf_printf(c->o, "    if (!meta->%s)\n        return mfl_fail(status, MFL_NULL_INPUT, \"%s\", 0);\n", p->meta.at[i].name, p->meta.at[i].name);
    for (int i = 0; grad && i < p->meta.n; i++)
        buf_printf(c->o, "    if (!grad || !grad->%s)\n        return mfl_fail(status, MFL_NULL_INPUT, \"grad.%s\", 0);\n", p->meta.at[i].name, p->meta.at[i].name);
    if (k == LE_LEARN || k == LE_LEARN_INIT)
        buf_puts(c->o, "    if (!state)\n        return mfl_fail(status, MFL_NULL_INPUT, \"state\", 0);\n");
    buf_puts(c->o, "    if (!work_bytes || (uintptr_t)work_bytes % 64)\n        return mfl_fail(status, MFL_BAD_WORK, \"work\", 0);\n");
    for (int i = 0; data && i < p->data.n; i++)
        if (p->data.at[i].bound)
            buf_printf(c->o, "    for (int64_t i = 0; i < %lld; i++)\n        if (data->%s[i] < 0 || data->%s[i] >= %lld)\n            return mfl_fail(status, MFL_BAD_INDEX, \"%s\", (double)data->%s[i]);\n",
                       (long long)type_count(&p->data.at[i].type), p->data.at[i].name, p->data.at[i].name, (long long)p->data.at[i].bound, p->data.at[i].name, p->data.at[i].name);
}

static void entry(C *c, const LEntry *e)
{
    c->kind = e->kind;
    uses_of(c, e->func);
    Buf text = { 0 }, *o = c->o;
    c->o = &text;
    prototype(c, e->kind);
    c->o = o;
    /* The parameter is the caller's void *; inside, bytes. */
    char *work = strstr(text.at, "void *work");
    buf_printf(c->o, "/* %s */\n%.*svoid *work_bytes%s\n{\n", entry_doc[e->kind], (int)(work - text.at), text.at, work + strlen("void *work"));
    buf_free(&text);
    null_checks(c, e->kind);
    if (c->uses_work)
        buf_puts(c->o, "    char *work = work_bytes;\n");
    if (e->kind == LE_INIT && !c->uses_step)
        buf_puts(c->o, "    (void)seed;\n");
    if (e->kind == LE_LEARN && !c->uses_step)
        buf_puts(c->o, "    (void)step;\n");
    if (e->kind == LE_VALUE && !c->p->nlogs)
        buf_puts(c->o, "    (void)logs;\n");
    if ((e->kind == LE_ADAPT || e->kind == LE_VALUE || e->kind == LE_HYPERGRADIENT) && !c->uses_data && !c->p->problem->data.n)
        buf_puts(c->o, "    (void)data;\n");
    locals(c, e->func);
    buf_puts(c->o, "\n");
    block(c, &e->func->body, 1);
    buf_puts(c->o, "    return mfl_ok(status);\n}\n\n");
}

/* ---- the header ---- */
/* Dotted names as nested structs: consecutive leaves share what they have in common. */
static void fields(C *c, const Leaf *leaf, int n, size_t skip, int depth, bool constant)
{
    for (int k = 0; k < n;) {
        const char *name = leaf[k].name + skip, *dot = strchr(name, '.');
        indent(c, depth);
        if (!dot) {
            size_t from = c->o->n;
            buf_printf(c->o, "%s%s *%s;", constant ? "const " : "", leaf[k].type.dtype == T_REAL ? c->real : "int32_t", name);
            size_t w = c->o->n - from + 4 * (size_t)depth;
            buf_printf(c->o, "%*s/*", w < 40 ? (int)(40 - w) : 2, "");
            for (int d = 0; d < leaf[k].type.rank; d++) {
                if (leaf[k].axis_name[d])
                    buf_printf(c->o, " [%s=%lld]", leaf[k].axis_name[d], (long long)leaf[k].type.dim[d]);
                else
                    buf_printf(c->o, " [%lld]", (long long)leaf[k].type.dim[d]);
            }
            if (leaf[k].bound)
                buf_printf(c->o, " 0..%lld", (long long)leaf[k].bound - 1);
            if (leaf[k].comment && !strstr(leaf[k].comment, "*/"))
                buf_printf(c->o, " %s", leaf[k].comment);
            buf_puts(c->o, " */\n");
            k++;
            continue;
        }
        size_t len = (size_t)(dot - name) + 1;
        int m = k + 1;
        while (m < n && !strncmp(leaf[m].name + skip, name, len))
            m++;
        buf_puts(c->o, "struct {\n");
        fields(c, leaf + k, m - k, skip + len, depth + 1, constant);
        indent(c, depth);
        buf_printf(c->o, "} %.*s;\n", (int)len - 1, name);
        k = m;
    }
}

static void structure(C *c, const char *what, const Leaf *leaf, int n, bool constant)
{
    buf_puts(c->o, "typedef struct {\n");
    if (n)
        fields(c, leaf, n, 0, 1, constant);
    else
        buf_puts(c->o, "    char none;\n");
    buf_printf(c->o, "} %s_%s;\n\n", c->name, what);
}

static void header(C *c)
{
    const LProgram *p = c->p;
    const Problem *q = p->problem;
    buf_printf(c->o, "/* Written by mflc 0.1 from %s.mfl; real = %s, mode = %s, schedule = %s. The code carries the licence of its .mfl.\n * Re-entrant: no globals, no allocation. */\n", c->name, c->real, p->mode, p->schedule);
    buf_printf(c->o, "#ifndef MFL_%s_INCLUDED\n#define MFL_%s_INCLUDED\n#include <mfl/runtime.h>\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\nenum {", c->upper, c->upper);
    for (int k = 0; k < q->ndims; k++)
        if (q->dims[k].value <= INT32_MAX)
            buf_printf(c->o, " %s_%s = %lld,", c->upper, q->dims[k].name, (long long)q->dims[k].value);
    buf_printf(c->o, " %s_STEPS = %lld };\n", c->upper, (long long)q->steps);
    buf_printf(c->o, "#define %s_WORK_BYTES %lldu   /* aligned to 64 */\n#define %s_STATE_BYTES %lldu\n#define %s_LOGS %lldu\n\n", c->upper, (long long)p->work_bytes, c->upper, (long long)p->state_bytes, c->upper, (long long)p->nlogs);
    structure(c, "data", q->data.at, q->data.n, true);
    buf_puts(c->o, "/* Values, and gradients in the same shape. */\n");
    structure(c, "meta", q->meta.at, q->meta.n, false);
    structure(c, "params", q->param.at, q->param.n, false);
    buf_printf(c->o, "size_t %s_work_bytes(void);                 /* == %s_WORK_BYTES */\n", c->name, c->upper);
    for (int k = 0; k < p->entries.n; k++) {
        buf_printf(c->o, "/* %s */\n", entry_doc[p->entries.at[k].kind]);
        prototype(c, p->entries.at[k].kind);
        buf_puts(c->o, ";\n");
    }
    buf_printf(c->o, "/* Names, shapes, sizes and entry points, for hosts and scripts that do not know the structs. */\nextern const mfl_problem %s_problem;\n", c->name);
    buf_puts(c->o, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

/* ---- the descriptor ---- */
static void arrays(C *c, const char *what, const char *role, const Leaf *leaf, int n)
{
    buf_printf(c->o, "static const mfl_array %s_%s_arrays[] = {\n", c->name, what);
    for (int k = 0; k < n; k++) {
        buf_printf(c->o, "    { \"%s\", %s, %s, %d, { ", leaf[k].name, role, leaf[k].type.dtype == T_REAL ? "MFL_REAL" : "MFL_INT", leaf[k].type.rank);
        for (int d = 0; d < leaf[k].type.rank; d++)
            buf_printf(c->o, "%s%lld", d ? ", " : "", (long long)leaf[k].type.dim[d]);
        buf_printf(c->o, "%s }, %lld, %d, NULL },\n", leaf[k].type.rank ? "" : "0", (long long)leaf[k].bound, leaf[k].task);
    }
    if (!n)
        buf_printf(c->o, "    { NULL, %s, MFL_REAL, 0, { 0 }, 0, 0, NULL },\n", role);
    buf_puts(c->o, "};\n");
}

static void fill(C *c, const char *var, const char *from, const Leaf *leaf, int n, bool constant)
{
    for (int k = 0; k < n; k++)
        buf_printf(c->o, "    %s.%s = %s ? (%s%s *)%s[%d] : NULL;\n", var, leaf[k].name, from, constant ? "const " : "", leaf[k].type.dtype == T_REAL ? c->real : "int32_t", from, k);
}

static void uniform(C *c, LEntryKind k)
{
    static const char *const name[] = { "init", "adapt", "value", "hypergradient", "learn_init", "learn" };
    const Problem *q = c->p->problem;
    const char *n = c->name;
    bool data = k == LE_ADAPT || k == LE_VALUE || k == LE_HYPERGRADIENT;
    buf_printf(c->o, "static int %s_call_%s(const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state, int64_t number, void *work, mfl_status *status)\n{\n", n, name[k]);
    if (data) {
        buf_printf(c->o, "    %s_data d;\n", n);
        if (!q->data.n)
            buf_puts(c->o, "    d.none = 0;\n");
    }
    buf_printf(c->o, "    %s_meta m;\n", n);
    if (k == LE_HYPERGRADIENT || k == LE_LEARN)
        buf_printf(c->o, "    %s_meta g;\n", n);
    if (k == LE_ADAPT)
        buf_printf(c->o, "    %s_params p;\n", n);
    buf_puts(c->o, "    (void)data, (void)out, (void)outer, (void)logs, (void)state, (void)number;\n");
    if (data)
        fill(c, "d", "data", q->data.at, q->data.n, true);
    fill(c, "m", "meta", q->meta.at, q->meta.n, false);
    if (k == LE_HYPERGRADIENT || k == LE_LEARN)
        fill(c, "g", "out", q->meta.at, q->meta.n, false);
    if (k == LE_ADAPT)
        fill(c, "p", "out", q->param.at, q->param.n, false);
    static const char *const args[] = { "&m, number, work, status", "&d, &m, &p, work, status", "&d, &m, outer, logs, work, status", "&d, &m, outer, &g, work, status", "&m, state, work, status", "&m, &g, state, number, work, status" };
    buf_printf(c->o, "    return %s_%s(%s);\n}\n", n, name[k], args[k]);
}

static void descriptor(C *c)
{
    const LProgram *p = c->p;
    const Problem *q = p->problem;
    const char *n = c->name;
    bool learn = q->learn != NULL;
    buf_printf(c->o, "size_t %s_work_bytes(void)\n{\n    return %s_WORK_BYTES;\n}\n\n/* ---- the descriptor ---- */\n", n, c->upper);
    arrays(c, "data", "MFL_DATA", q->data.at, q->data.n);
    arrays(c, "meta", "MFL_META", q->meta.at, q->meta.n);
    arrays(c, "param", "MFL_PARAM", q->param.at, q->param.n);
    for (int k = 0; k < p->entries.n; k++)
        uniform(c, p->entries.at[k].kind);
    buf_printf(c->o, "const mfl_problem %s_problem = {\n    \"%s\", \"0.1\", %d, %lld, %lld, %d, %d, %d, %s_data_arrays, %s_meta_arrays, %s_param_arrays,\n    %s_WORK_BYTES, %s_STATE_BYTES, %s_LOGS,\n"
               "    %s_call_init, %s_call_adapt, %s_call_value, %s_call_hypergradient, ", n, n, p->real_bytes, (long long)q->steps, (long long)q->learn_n, q->data.n, q->meta.n, q->param.n, n, n, n,
               c->upper, c->upper, c->upper, n, n, n, n);
    if (learn)
        buf_printf(c->o, "%s_call_learn_init, %s_call_learn\n};\n", n, n);
    else
        buf_puts(c->o, "NULL, NULL\n};\n");
}

void emit_c99(const LProgram *p, Buf *source, Buf *head)
{
    C c = { .p = p, .name = p->problem->name, .real = p->real_bytes == 4 ? "float" : "double", .suffix = p->real_bytes == 4 ? "f" : "" };
    c.upper = arena_printf(p->arena, "%s", c.name);
    for (char *s = c.upper; *s; s++)
        *s = (char)toupper((unsigned char)*s);
    c.o = head;
    header(&c);
    c.o = source;
    buf_printf(c.o, "/* Written by mflc 0.1 from %s.mfl; real = %s, mode = %s, schedule = %s.\n * d_v is the tangent of v, b_v its adjoint. */\n#include \"%s.h\"\n\n", c.name, c.real, p->mode, p->schedule, c.name);
    int done = 0;
    for (int k = 0; k < p->funcs.n; k++) {
        const LFunc *f = p->funcs.at[k];
        if (f->is_entry) {
            entry(&c, &p->entries.at[done++]);
            continue;
        }
        c.kind = p->entries.at[done].kind;
        phase(&c, f);
    }
    descriptor(&c);
}
