/* c99.c -- the loop IR as C99: NAME.c and NAME.h, to be read and signed by a person. The same tree that llvm.c walks, in the same order.
 *
 * Arrays are pointers to rows, so that subscripts are the program's own (h[n][d]); every function declares just what it uses. Comments on the right say
 * which line of the .mfl a statement comes from. Nothing is static, global or allocated; the text depends on nothing but the program. */
#include "c99.h"
#include <ctype.h>

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

/* In braces, but for one statement that is neither a condition nor lines that belong together. */
static void body(C *c, const LStmt *s, int n)
{
    bool one = s->body.n == 1 && s->body.at[0]->kind != LS_IF;
    buf_puts(c->o, one ? "\n" : " {\n");
    c99_block(c, &s->body, n + 1);
    if (!one) {
        c99_indent(c, n);
        buf_puts(c->o, "}\n");
    }
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
    body(c, s, n);
}

/* m = m * 0.9 */
static bool scales(const LStmt *s)
{
    const LExpr *x = s->x;
    return x->kind == LX_MAP && x->op == OP_mul && x->arg[0]->kind == LX_LOAD && x->arg[0]->buf == s->dst.buf && same_place(s->dst.buf, x->arg[0]->idx, s->dst.idx);
}

static bool is_mean(const LStmt *s)
{
    const char *mean = s->note ? strstr(s->note, "mean(") : NULL;
    return mean && !strstr(s->note, "tangent of ") && !strstr(s->note, "adjoint of ");
}

static void stmt(C *c, const LStmt *s, int n)
{
    size_t from = c->o->n;
    if (s->kind == LS_FOR) {
        (s->lane ? c99_lanes : counted)(c, s, n);
        return;
    }
    if (s->kind == LS_COPY) {
        c99_copy(c, s, n);
        return;
    }
    c99_indent(c, n);
    c->mean = is_mean(s);
    switch (s->kind) {
    case LS_LET: buf_printf(c->o, "%s %s = ", s->temp->dtype == T_REAL ? c->real : "int", s->temp->name); c99_expr(c, s->x, 0); buf_puts(c->o, ";"); break;
    case LS_LOCAL: c99_parts(c, s, from, n); return;
    case LS_SET:
        buf_printf(c->o, "%s %s ", s->temp->name, s->add ? "+=" : "=");
        c99_expr(c, s->x, 0);
        buf_puts(c->o, ";");
        break;
    case LS_STORE:
        c99_element(c, s->dst.buf, s->dst.idx);
        buf_puts(c->o, s->minus ? " -= " : s->add ? " += " : scales(s) ? " *= " : " = ");
        c99_expr(c, !s->minus && !s->add && scales(s) ? s->x->arg[1] : s->x, 0);
        buf_puts(c->o, ";");
        break;
    case LS_IF:
        buf_puts(c->o, "if (");
        c99_expr(c, s->x, 0);
        buf_puts(c->o, ")");
        body(c, s, n);
        return;
    case LS_ZERO:
        buf_puts(c->o, "memset(");
        c99_pointer(c, &s->dst);
        buf_puts(c->o, ", 0, ");
        c99_bytes(c, &s->dst, s->count);
        buf_puts(c->o, ");");
        break;
    case LS_GEMM: c99_gemm(c, &s->gemm); break;
    case LS_CALL: c99_kernel(c, s); break;
    case LS_INVOKE: c99_invoke(c, s); break;
    case LS_ASK: c99_ask(c, s); break;
    case LS_SNAPSHOT: c99_snapshot(c, s); break;
    case LS_CHECK: c99_print_check(c, s); return;                            /* a text is not to be broken */
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
        if (c99_goes_to(b, k, LB_GRAD))
            k = c99_put_gradient(c, b, k, n);
        else if (c99_goes_to(b, k, LB_LOGS))
            k = c99_put_logs(c, b, k, n);
        else if (c99_goes_to(b, k, LB_OUTER))
            c99_put(c, b->at[k], n);
        else
            stmt(c, b->at[k], n);
    }
}

/* ---- functions ---- */
static void phase(C *c, const LFunc *f)
{
    if (f->same)
        return;
    c99_uses_of(c, f);
    c->said = NULL;
    buf_printf(c->o, "/* %s */\nstatic void %s_%s(", f->doc ? f->doc : "A phase of the program.", c->name, f->name);
    c99_arguments(c, f, true);
    for (int k = 0; k < f->nindex; k++)
        if (c99_uses_index(f, k))
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
