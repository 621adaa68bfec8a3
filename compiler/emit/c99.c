/* c99.c -- the loop IR as C99: NAME.c and NAME.h, to be read and signed by a person. The same tree that llvm.c walks, in the same order.
 *
 * Arrays are pointers to rows, so that subscripts are the program's own (h[n][d]); every function declares just what it uses. Comments on the right say
 * which line of the .mfl a statement comes from. Nothing is static, global or allocated; the text depends on nothing but the program. */
#include "c99.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

/* ---- what a function uses ---- */
static void pass_on(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    C *c = user;
    switch (b->storage) {
    case LB_DATA: c->uses_data = true; break;
    case LB_META: c->uses_meta = true; break;
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
    c->uses_status = lir_has_checks(&f->body);
}

/* ---- statements ---- */
void c99_indent(C *c, int n) { buf_printf(c->o, "%*s", 4 * n, ""); }

/* A result to where the caller wants it; NULL is known to mfl_put. */
static void put(C *c, const LStmt *s, int n)
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

static bool goes_to(const LBlock *b, int k, LStorage to) { return k < b->n && b->at[k]->kind == LS_COPY && b->at[k]->dst.buf->storage == to; }

/* The results from k on that are parts of the gradient, which may not be wanted at all; returns the last of them. */
static int put_gradient(C *c, const LBlock *b, int k, int n)
{
    bool several = goes_to(b, k + 1, LB_GRAD);
    c99_indent(c, n);
    buf_puts(c->o, several ? "if (grad) {\n" : "if (grad)\n");
    put(c, b->at[k], n + 1);
    while (goes_to(b, k + 1, LB_GRAD))
        put(c, b->at[++k], n + 1);
    if (several) {
        c99_indent(c, n);
        buf_puts(c->o, "}\n");
    }
    return k;
}

/* The size is the destination's: shapes are equal. */
static void copy(C *c, const LStmt *s, int n)
{
    const LBuf *to = s->dst.buf;
    bool out = to->storage == LB_PARAMS || to->storage == LB_LOGS;
    size_t from = c->o->n;
    c99_indent(c, n);
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
        c99_pointer(c, &s->dst);
    buf_puts(c->o, ", ");
    c99_pointer(c, &s->src);
    buf_puts(c->o, ", ");
    c99_bytes(c, &s->src, s->count);
    buf_puts(c->o, ");");
    c99_finish(c, s, from, n + out);
}

/* Sides and leading dimensions by the names that the arrays' own have. */
static void gemm(C *c, const LGemm *g)
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

static void arguments(C *c, const LFunc *f, bool types);

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

static bool uses_index(const LFunc *f, int k);

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
            yes |= index_in(s->index_arg[i], v) && (s->kind != LS_INVOKE || uses_index(s->func, i));
    }
    return yes;
}

static bool uses_index(const LFunc *f, int k) { return mentions(&f->body, f->index[k]); }

static void invoke(C *c, const LStmt *s)
{
    C inner = *c;
    c99_uses_of(&inner, s->func);
    inner.o = c->o;
    buf_printf(c->o, "%s_%s(", c->name, s->func->name);
    arguments(&inner, s->func, false);
    for (int k = 0; k < s->func->nindex; k++) {
        if (!uses_index(s->func, k))
            continue;
        buf_puts(c->o, c->o->at[c->o->n - 1] == '(' ? "" : ", ");
        c99_expr(c, s->index_arg[k], 0);
    }
    buf_puts(c->o, ");");
}

typedef struct Arrays { const LBuf *one; bool several, written; } Arrays;

static void note_array(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Arrays *a = user;
    (void)idx, (void)along;
    a->several |= a->one && a->one != b;
    a->one = b;
    a->written |= (how & LA_WRITE) != 0;
}

/* A C compiler would have to ask whether the arrays of this loop overlap: it is told that its iterations are independent. Short loops are left to it. */
static bool is_simd(const LStmt *s)
{
    enum { SHORT = 8 };
    Arrays a = { 0 };
    if (s->lo || s->down || s->n < SHORT || !lir_independent(s))
        return false;
    lir_each_access(s, false, note_array, &a);
    return a.several && a.written;
}

static void counted(C *c, const LStmt *s, int n)
{
    if (s->n <= 0 && !s->lo)
        return;
    c99_indent(c, n);
    if (is_simd(s))
        buf_puts(c->o, "MFL_SIMD ");
    if (s->lo) {
        buf_printf(c->o, "for (int %s = ", s->var->name);
        c99_expr(c, s->lo, 0);
        buf_printf(c->o, "; %s < ", s->var->name);
        c99_expr(c, s->hi, P_ADD);
        buf_printf(c->o, "; %s++)", s->var->name);
    } else if (s->down) {
        buf_printf(c->o, "for (int %s = ", s->var->name);
        c99_size(c, s->size, s->size ? s->n : s->n - 1);
        buf_printf(c->o, "%s; %s >= 0; %s--)", s->size ? " - 1" : "", s->var->name, s->var->name);
    } else {
        buf_printf(c->o, "for (int %s = 0; %s < ", s->var->name, s->var->name);
        c99_size(c, s->size, s->n);
        buf_printf(c->o, "; %s++)", s->var->name);
    }
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
        c99_pointer(c, &s->ptr[0]);
    for (int k = 0; k < s->nnum; k++) {
        buf_puts(c->o, k || s->nptr ? ", " : "");
        c99_expr(c, s->index_arg[k], 0);
    }
    buf_puts(c->o, ");");
}

static void kernel(C *c, const LStmt *s)
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
static void snapshot(C *c, const LStmt *s)
{
    buf_printf(c->o, "mfl_snapshot_%s(status, work, ", s->load ? "load" : "save");
    c99_expr(c, s->x, 0);
    buf_puts(c->o, ", ");
    c99_pointer(c, &s->ptr[0]);
    buf_printf(c->o, ", %lld * (int64_t)sizeof(%s));", (long long)s->count, c->real);
}

/* What --guard puts behind a statement. */
static void check(C *c, const LStmt *s)
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

static void stmt(C *c, const LStmt *s, int n)
{
    size_t from = c->o->n;
    if (s->kind == LS_FOR) {
        (s->lane ? c99_lanes : counted)(c, s, n);
        return;
    }
    if (s->kind == LS_COPY) {
        copy(c, s, n);
        return;
    }
    c99_indent(c, n);
    switch (s->kind) {
    case LS_LET: buf_printf(c->o, "%s %s = ", s->temp->dtype == T_REAL ? c->real : "int", s->temp->name); c99_expr(c, s->x, 0); buf_puts(c->o, ";"); break;
    case LS_LOCAL: c99_parts(c, s, from, n); return;
    case LS_SET:
        buf_printf(c->o, "%s %s ", s->temp->name, s->add ? "+=" : "=");
        c99_expr(c, s->x, 0);
        buf_puts(c->o, ";");
        break;
    case LS_STORE:
        buf_puts(c->o, s->dst.buf->name);
        c99_subscripts(c, s->dst.buf, s->dst.idx, s->dst.buf->rank);
        buf_puts(c->o, s->minus ? " -= " : s->add ? " += " : " = ");
        c99_expr(c, s->x, 0);
        buf_puts(c->o, ";");
        break;
    case LS_IF:
        buf_puts(c->o, "if (");
        c99_expr(c, s->x, 0);
        buf_puts(c->o, ") {\n");
        c99_block(c, &s->body, n + 1);
        c99_indent(c, n);
        buf_puts(c->o, "}\n");
        return;
    case LS_ZERO:
        buf_puts(c->o, "memset(");
        c99_pointer(c, &s->dst);
        buf_puts(c->o, ", 0, ");
        c99_bytes(c, &s->dst, s->count);
        buf_puts(c->o, ");");
        break;
    case LS_GEMM: gemm(c, &s->gemm); break;
    case LS_CALL: kernel(c, s); break;
    case LS_INVOKE: invoke(c, s); break;
    case LS_ASK: ask(c, s); break;
    case LS_SNAPSHOT: snapshot(c, s); break;
    case LS_CHECK: check(c, s); return;                            /* a text is not to be broken */
    default: break;
    }
    c99_finish(c, s, from, n);
}

/* Loops over phases are said to be what they are. */
static bool section(C *c, const LStmt *s, bool apart)
{
    const LStmt *call = NULL;
    for (int k = 0; s->kind == LS_FOR && k < s->body.n; k++)
        if (s->body.at[k]->kind == LS_INVOKE)
            call = s->body.at[k];
    if (!call)
        return false;
    buf_printf(c->o, s->down ? "%s    /* Back through the steps of the inner loop. */\n" : "%s    /* The inner loop. */\n", apart ? "\n" : "");
    return true;
}

/* The statement that says what the paragraph of the k-th is about: what is set to zero belongs to the loop that adds to it, a sum to what is made of it. */
static const LStmt *of_paragraph(const LBlock *b, int k)
{
    for (; k + 1 < b->n && !b->at[k]->note; k++) {
        const LStmt *s = b->at[k];
        if (c99_is_sum(b, k) && k + 3 < b->n && !b->at[k + 1]->body.at[0]->note && !b->at[k + 2]->note)
            k += 2;
        else if (s->kind != LS_LET && s->kind != LS_LOCAL && s->kind != LS_ZERO)
            break;
    }
    return b->at[k];
}

void c99_block(C *c, const LBlock *b, int n)
{
    const LStmt *before = NULL;
    for (int k = 0; k < b->n; k++) {
        if (n == 1 && !section(c, b->at[k], k > 0))
            c99_paragraph(c, of_paragraph(b, k), &before);
        if (c99_is_sum(b, k)) {
            c99_sum(c, b, k, n);
            k += 2;
            continue;
        }
        if (goes_to(b, k, LB_GRAD))
            k = put_gradient(c, b, k, n);
        else if (goes_to(b, k, LB_OUTER))
            put(c, b->at[k], n);
        else
            stmt(c, b->at[k], n);
    }
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

static void phase(C *c, const LFunc *f)
{
    if (f->same)
        return;
    c99_uses_of(c, f);
    c->said = NULL;
    buf_printf(c->o, "/* %s */\nstatic void %s_%s(", f->doc ? f->doc : "A phase of the program.", c->name, f->name);
    arguments(c, f, true);
    for (int k = 0; k < f->nindex; k++)
        if (uses_index(f, k))
            buf_printf(c->o, "%sint %s", c->o->at[c->o->n - 1] == '(' ? "" : ", ", f->index[k]->name);
    buf_puts(c->o, c->o->at[c->o->n - 1] == '(' ? "void)\n{\n" : ")\n{\n");
    c99_locals(c, f);
    buf_puts(c->o, "\n");
    c99_block(c, &f->body, 1);
    buf_puts(c->o, "}\n\n");
}

void c99_begin(C *c, const LProgram *p, const C99Options *o)
{
    *c = (C){ .p = p, .name = p->problem->name, .real = p->real_bytes == 4 ? "float" : "double", .suffix = p->real_bytes == 4 ? "f" : "", .checks = o->check };
    c->upper = arena_printf(p->arena, "%s", c->name);
    for (char *s = c->upper; *s; s++)
        *s = (char)toupper((unsigned char)*s);
}

void c99_banner(C *c)
{
    buf_printf(c->o, "/* Written by mflc 0.1 from %s.mfl; real = %s, mode = %s, schedule = %s. The code carries the licence of its .mfl. */\n", c->name, c->real, c->p->mode, c->p->schedule);
}

void emit_c99(const LProgram *p, const C99Options *o, Buf *source, Buf *head)
{
    C c;
    c99_begin(&c, p, o);
    c.o = head;
    c99_header(&c);
    c.o = source;
    c99_banner(&c);
    c99_say(&c, "/* d_v is the tangent of v, b_v its adjoint: the derivative of the outer value in v; g_v is the derivative of the inner loss in v, v_at what v was in each step. */\n"
                "#include \"@.h\"\n#ifdef _OPENMP\n#include <omp.h>\n#endif\n\n");
    c99_sizes(&c);
    c99_inputs(&c);
    int done = 0;
    for (int k = 0; k < p->funcs.n; k++) {
        const LFunc *f = p->funcs.at[k];
        if (k == 0 || p->funcs.at[k - 1]->is_entry)
            c99_map(&c, &p->entries.at[done], p->funcs.at + k);
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
    if (o->check)
        c99_check(&c);
}
