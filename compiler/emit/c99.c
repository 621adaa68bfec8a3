/* c99.c -- the loop IR as C99: NAME.c and NAME.h, to be read and signed by a person. The same tree that llvm.c walks, in the same order.
 *
 * Arrays are pointers to rows, so that subscripts are the program's own (h[n][d]); every function declares just what it uses. Comments on the right say
 * which line of the .mfl a statement comes from. Nothing is static, global or allocated; the text depends on nothing but the program. */
#include "c99.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

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
    case LX_FOLD: buf_printf(c->o, "mfl_fold_%s%s(%s, %lld)", op_info[e->op].name, c->suffix, e->buf->name, (long long)e->buf->dim[0]); return;
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
typedef struct Touched { bool *here, *written; } Touched;

static void pass_on(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    C *c = user;
    switch (b->storage) {
    case LB_DATA: c->uses_data = true; break;
    case LB_META: case LB_META_OUT: c->uses_meta = true; break;
    case LB_GRAD: case LB_GRAD_IN: case LB_PARAMS: c->uses_out = true; break;
    case LB_WORK: c->uses_work = true; break;
    case LB_STEP: case LB_SEED: c->uses_step = true; break;
    case LB_CARRIED: c->uses_carried = true; break;
    default: break;
    }
}

/* Which of the caller's arguments the function needs, for itself or to pass on. */
void c99_uses_of(C *c, const LFunc *f)
{
    c->uses_data = c->uses_meta = c->uses_out = c->uses_work = c->uses_step = c->uses_carried = false;
    for (int k = 0; k < f->body.n; k++)
        lir_each_access(f->body.at[k], true, pass_on, c);
}

static void touch(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Touched *t = user;
    t->here[b->id] = true;
    t->written[b->id] |= how & LA_WRITE;
}

/* ---- statements ---- */
void c99_indent(C *c, int n) { buf_printf(c->o, "%*s", 4 * n, ""); }

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

/* The size is the destination's: shapes are equal. */
static void copy(C *c, const LStmt *s, int n)
{
    const LBuf *to = s->dst.buf;
    const char *out = to->storage == LB_GRAD ? "grad" : to->storage == LB_PARAMS ? "params" : to->storage == LB_LOGS ? "logs" : NULL;
    size_t from = c->o->n;
    c99_indent(c, n);
    if (to->storage == LB_GRAD || to->storage == LB_OUTER) {                    /* NULL is known to mfl_put */
        if (out)
            buf_printf(c->o, "if (grad)\n%*s", 4 * (n + 1), "");
        buf_printf(c->o, "mfl_put_f%d(", 8 * c->p->real_bytes);
        buf_printf(c->o, out ? "grad->%s, " : "outer, ", out ? c99_field(c, to->field) : "");
        pointer(c, &s->src);
        buf_printf(c->o, ", %lld, %s);", (long long)s->count, c->kind == LE_WINDOW ? "0" : "add");
        finish(c, s, from);
        return;
    }
    if (out) {
        bool field = to->storage == LB_PARAMS;
        buf_printf(c->o, field ? "if (params && params->%s)\n" : "if (logs)\n", field ? c99_field(c, to->field) : "");
        from = c->o->n;
        c99_indent(c, n + 1);
    }
    buf_puts(c->o, "memcpy(");
    if (to->storage == LB_LOGS)
        buf_printf(c->o, "logs + %lld", (long long)(to->offset / c->p->real_bytes));
    else if (out)
        buf_printf(c->o, "params->%s", c99_field(c, to->field));
    else
        pointer(c, &s->dst);
    buf_puts(c->o, ", ");
    pointer(c, &s->src);
    buf_printf(c->o, ", %lld * sizeof(%s));", (long long)s->count, memory_type(c, to->dtype));
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
    c99_uses_of(&inner, s->func);
    inner.o = c->o;
    buf_printf(c->o, "%s_%s(", c->name, s->func->name);
    arguments(&inner, s->func, false);
    for (int k = 0; k < s->func->nindex; k++) {
        buf_puts(c->o, c->o->at[c->o->n - 1] == '(' ? "" : ", ");
        expr(c, s->index_arg[k], 0);
    }
    buf_puts(c->o, ");");
}

static void counted(C *c, const LStmt *s, int n)
{
    if (s->n <= 0 && !s->lo)
        return;
    c99_indent(c, n);
    if (s->lo) {
        buf_printf(c->o, "for (int %s = ", s->var->name);
        expr(c, s->lo, 0);
        buf_printf(c->o, "; %s < ", s->var->name);
        expr(c, s->hi, P_ADD);
        buf_printf(c->o, "; %s++)", s->var->name);
    } else if (s->down)
        buf_printf(c->o, "for (int %s = %lld; %s >= 0; %s--)", s->var->name, (long long)s->n - 1, s->var->name, s->var->name);
    else
        buf_printf(c->o, "for (int %s = 0; %s < %lld; %s++)", s->var->name, s->var->name, (long long)s->n, s->var->name);
    bool one = s->body.n == 1 && s->body.at[0]->kind != LS_IF;
    buf_puts(c->o, one ? "\n" : " {\n");
    c99_block(c, &s->body, n + 1);
    if (!one) {
        c99_indent(c, n);
        buf_puts(c->o, "}\n");
    }
}

/* A decision of the runtime's schedule. */
static void ask(C *c, const LStmt *s)
{
    buf_printf(c->o, "int %s = mfl_%s(", s->var->name, s->callee);
    if (s->nptr)
        pointer(c, &s->ptr[0]);
    for (int k = 0; k < s->nnum; k++) {
        buf_puts(c->o, k || s->nptr ? ", " : "");
        expr(c, s->index_arg[k], 0);
    }
    buf_puts(c->o, ");");
}

/* The lanes of a sum. */
static void local(C *c, const LStmt *s, int n)
{
    const char *name = s->dst.buf->name;
    long long w = (long long)s->dst.buf->dim[0];
    if (s->x->num == 0) {
        buf_printf(c->o, "%s %s[%lld] = { 0 };", c->real, name, w);
        return;
    }
    buf_printf(c->o, "%s %s[%lld];\n", c->real, name, w);
    c99_indent(c, n);
    buf_printf(c->o, "for (int lane = 0; lane < %lld; lane++)\n", w);
    c99_indent(c, n + 1);
    buf_printf(c->o, "%s[lane] = ", name);
    expr(c, s->x, 0);
    buf_puts(c->o, ";");
}

static void kernel(C *c, const LStmt *s)
{
    buf_printf(c->o, "mfl_%s_f%d(", s->callee, 8 * c->p->real_bytes);
    for (int k = 0; k < s->nptr; k++) {
        buf_puts(c->o, k ? ", " : "");
        pointer(c, &s->ptr[k]);
    }
    for (int k = 0; k < s->nnum; k++)
        buf_printf(c->o, ", %lld", (long long)s->num[k]);
    buf_puts(c->o, ");");
}

static void stmt(C *c, const LStmt *s, int n)
{
    size_t from = c->o->n;
    if (s->kind == LS_FOR) {
        counted(c, s, n);
        return;
    }
    if (s->kind == LS_COPY) {
        copy(c, s, n);
        return;
    }
    c99_indent(c, n);
    switch (s->kind) {
    case LS_LET: buf_printf(c->o, "%s %s = ", c->real, s->temp->name); expr(c, s->x, 0); buf_puts(c->o, ";"); break;
    case LS_LOCAL: local(c, s, n); break;
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
        c99_block(c, &s->body, n + 1);
        c99_indent(c, n);
        buf_puts(c->o, "}\n");
        return;
    case LS_ZERO:
        buf_puts(c->o, "memset(");
        pointer(c, &s->dst);
        buf_printf(c->o, ", 0, %lld * sizeof(%s));", (long long)s->count, memory_type(c, s->dst.buf->dtype));
        break;
    case LS_GEMM: gemm(c, &s->gemm); break;
    case LS_CALL: kernel(c, s); break;
    case LS_INVOKE: invoke(c, s); break;
    case LS_ASK: ask(c, s); break;
    default: break;
    }
    finish(c, s, from);
}

void c99_block(C *c, const LBlock *b, int n)
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
        ARG(c->uses_carried, "char *carried");
        ARG(c->uses_step, "int64_t step");
        ARG(c->uses_work, "char *work");
    } else {
        ARG(c->uses_data, "data");
        ARG(c->uses_meta, "meta");
        ARG(c->uses_out, "%s", out_name(c));
        ARG(c->uses_carried, "carried");
        ARG(c->uses_step, "step");
        ARG(c->uses_work, "work");
    }
}

/* Local names for the arrays that the function touches itself. */
void c99_locals(C *c, const LFunc *f)
{
    Touched t = { NEW_N(c->p->arena, bool, c->p->bufs.n + 1), NEW_N(c->p->arena, bool, c->p->bufs.n + 1) };
    for (int k = 0; k < f->body.n; k++)
        lir_each_access(f->body.at[k], false, touch, &t);
    for (int k = 0; k < c->p->bufs.n; k++) {
        const LBuf *b = c->p->bufs.at[k];
        if (!t.here[k] || b->storage == LB_STEP || b->storage == LB_SEED || b->storage == LB_OUTER || b->storage == LB_LOGS || b->storage == LB_GRAD || b->storage == LB_PARAMS || b->storage == LB_LOCAL)
            continue;
        const char *type = memory_type(c, b->dtype), *co = t.written[k] ? "" : "const ";
        size_t from = c->o->n;
        buf_printf(c->o, "    %s%s ", co, type);
        if (b->rank < 2)
            buf_printf(c->o, "*%s = (%s%s *)", b->name, co, type);
        else {
            buf_printf(c->o, "(*%s)", b->name);
            for (int d = 1; d < b->rank; d++)
                buf_printf(c->o, "[%lld]", (long long)b->dim[d]);
            buf_printf(c->o, " = (%s%s (*)", co, type);
            for (int d = 1; d < b->rank; d++)
                buf_printf(c->o, "[%lld]", (long long)b->dim[d]);
            buf_puts(c->o, ")");
        }
        switch (b->storage) {
        case LB_WORK: buf_printf(c->o, "(work + %lld);", (long long)b->offset); break;
        case LB_STATE: buf_printf(c->o, "((char *)state + %lld);", (long long)b->offset); break;
        case LB_CARRIED: buf_printf(c->o, "((char *)carried + %lld);", (long long)b->offset); break;
        case LB_DATA: buf_printf(c->o, "data->%s;", c99_field(c, b->field)); break;
        case LB_GRAD_IN: buf_printf(c->o, "grad->%s;", c99_field(c, b->field)); break;
        default: buf_printf(c->o, "meta->%s;", c99_field(c, b->field)); break;
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
    c99_uses_of(c, f);
    buf_printf(c->o, "/* %s */\nstatic void %s_%s(", f->doc ? f->doc : "A phase of the program.", c->name, f->name);
    arguments(c, f, true);
    for (int k = 0; k < f->nindex; k++)
        buf_printf(c->o, "%sint %s", c->o->at[c->o->n - 1] == '(' ? "" : ", ", f->index[k]->name);
    buf_puts(c->o, ")\n{\n");
    Buf text = { 0 }, *o = c->o;
    c->o = &text;
    c99_locals(c, f);
    buf_puts(c->o, "\n");
    c99_block(c, &f->body, 1);
    c->o = o;
    for (int k = 0; k < f->nindex; k++)
        if (!names(text.at, f->index[k]->name))
            buf_printf(c->o, "    (void)%s;\n", f->index[k]->name);
    buf_put(c->o, text.at, text.n);
    buf_free(&text);
    buf_puts(c->o, "}\n\n");
}

void emit_c99(const LProgram *p, Buf *source, Buf *head)
{
    C c = { .p = p, .name = p->problem->name, .real = p->real_bytes == 4 ? "float" : "double", .suffix = p->real_bytes == 4 ? "f" : "" };
    c.upper = arena_printf(p->arena, "%s", c.name);
    for (char *s = c.upper; *s; s++)
        *s = (char)toupper((unsigned char)*s);
    c.o = head;
    c99_header(&c);
    c.o = source;
    buf_printf(c.o, "/* Written by mflc 0.1 from %s.mfl; real = %s, mode = %s, schedule = %s.\n * d_v is the tangent of v, b_v its adjoint. */\n#include \"%s.h\"\n#ifdef _OPENMP\n#include <omp.h>\n#endif\n\n", c.name, c.real, p->mode, p->schedule, c.name);
    c99_inputs(&c);
    int done = 0;
    for (int k = 0; k < p->funcs.n; k++) {
        const LFunc *f = p->funcs.at[k];
        if (f->is_entry) {
            c99_entry(&c, &p->entries.at[done++]);
            continue;
        }
        c.kind = p->entries.at[done].kind;
        phase(&c, f);
    }
    c99_structs_of(&c);
    c99_tasks(&c);
    c99_descriptor(&c);
}
