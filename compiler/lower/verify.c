/* verify.c -- is the loop IR sound? Variables and temporaries in scope, subscripts of the right number and, where they are affine in loop variables,
 * inside their arrays at the corners; lanes of sums independent; products, copies and zeros inside their buffers; phases defined before they are called; places in the workspace.
 * What a guard or a test protects, and what an index array or the runtime decides, is not judged. */
#include "low.h"

typedef struct Range { int64_t lo, hi; bool known; } Range;
typedef struct Check {
    const LProgram *p;
    const LFunc *func;
    Vec(struct { const LVar *var; Range range; }) vars;
    Vec(const LTemp *) temps;
    int guarded;
    const char *wrong;
} Check;

#define WRONG(c, ...) do { if (!(c)->wrong) (c)->wrong = arena_printf((c)->p->arena, __VA_ARGS__); } while (0)

static Range range_of(Check *c, const LExpr *e)
{
    Range a, b, none = { 0, 0, false };
    switch (e->kind) {
    case LX_INT: return (Range){ e->i, e->i, true };
    case LX_VAR:
        for (int k = c->vars.n - 1; k >= 0; k--)
            if (c->vars.at[k].var == e->var)
                return c->vars.at[k].range;
        WRONG(c, "%s: variable %s is used outside its loop", c->func->name, e->var->name);
        return none;
    case LX_MAP: break;
    default: return none;
    }
    a = range_of(c, e->arg[0]);
    b = e->narg > 1 ? range_of(c, e->arg[1]) : a;
    if (!a.known || !b.known || e->narg > 2)
        return none;
    switch (e->op) {
    case OP_add: return (Range){ a.lo + b.lo, a.hi + b.hi, true };
    case OP_sub: return (Range){ a.lo - b.hi, a.hi - b.lo, true };
    case OP_neg: return (Range){ -a.hi, -a.lo, true };
    case OP_mul:
        if (b.lo != b.hi)
            return none;
        return b.lo >= 0 ? (Range){ a.lo * b.lo, a.hi * b.lo, true } : (Range){ a.hi * b.lo, a.lo * b.lo, true };
    default: return none;
    }
}

static void expr(Check *c, const LExpr *e);

static void subscripts(Check *c, const LBuf *b, LExpr *const *idx)
{
    for (int d = 0; d < b->rank; d++) {
        if (!idx || !idx[d]) {
            WRONG(c, "%s: %s lacks subscript %d", c->func->name, b->name, d);
            return;
        }
        expr(c, idx[d]);
        Range r = range_of(c, idx[d]);
        if (r.known && !c->guarded && (r.lo < 0 || r.hi >= b->dim[d]))
            WRONG(c, "%s: subscript %d of %s runs from %lld to %lld, its size is %lld", c->func->name, d, b->name, (long long)r.lo, (long long)r.hi, (long long)b->dim[d]);
    }
}

static void expr(Check *c, const LExpr *e)
{
    bool protects = e->kind == LX_GUARD;
    if (e->kind == LX_VAR)
        range_of(c, e);
    if (e->kind == LX_TEMP) {
        bool found = false;
        for (int k = 0; k < c->temps.n; k++)
            found |= c->temps.at[k] == e->temp;
        if (!found)
            WRONG(c, "%s: temporary %s is used outside its block", c->func->name, e->temp->name);
    }
    for (int k = 0; k < e->narg; k++) {
        c->guarded += protects && k == 1;
        expr(c, e->arg[k]);
        c->guarded -= protects && k == 1;
    }
    if (e->kind == LX_LOAD)
        subscripts(c, e->buf, e->idx);
}

/* The elements from the pointer on, as many as `reach`, are inside the buffer. */
static void pointer(Check *c, const LPtr *p, int64_t reach)
{
    int64_t at = 0, stride = 1;
    bool known = true;
    if (!p->buf || reach <= 0)
        return;
    subscripts(c, p->buf, p->idx);
    for (int d = p->buf->rank - 1; d >= 0 && !c->wrong; d--) {
        Range r = range_of(c, p->idx[d]);
        known &= r.known;
        at += r.hi * stride;
        stride *= p->buf->dim[d];
    }
    if (known && !c->guarded && at + reach > stride)
        WRONG(c, "%s: %lld elements at %lld of %s, which has %lld", c->func->name, (long long)reach, (long long)at, p->buf->name, (long long)stride);
}

static void product(Check *c, const LGemm *g)
{
    int64_t ar = g->ta ? g->k : g->m, ac = g->ta ? g->m : g->k, br = g->tb ? g->n : g->k, bc = g->tb ? g->k : g->n;
    if (g->lda < ac || g->ldb < bc || g->ldc < g->n)
        WRONG(c, "%s: a product's leading dimension is less than its columns", c->func->name);
    pointer(c, &g->a, (ar - 1) * g->lda + ac);
    pointer(c, &g->b, (br - 1) * g->ldb + bc);
    pointer(c, &g->c, (g->m - 1) * g->ldc + g->n);
}

static bool defined_before(const Check *c, const LFunc *f)
{
    for (int k = 0; k < c->p->funcs.n && c->p->funcs.at[k] != c->func; k++)
        if (c->p->funcs.at[k] == f)
            return true;
    return false;
}

static void block(Check *c, const LBlock *b);

static void inner_block(Check *c, const LStmt *s)
{
    int temps = c->temps.n;
    if (s->lane && !own_elements(s))
        WRONG(c, "%s: lanes of a sum that are not independent: loop over %s", c->func->name, s->var->name);
    if (s->kind == LS_FOR) {
        vec_push(c->p->arena, c->vars, ((typeof(c->vars.at[0])){ s->var, { 0, s->n - 1, !s->lo } }));
        if (s->lane)
            vec_push(c->p->arena, c->vars, ((typeof(c->vars.at[0])){ s->lane, { 0, s->width - 1, true } }));
        if (s->n > 0 || s->lo)
            block(c, &s->body);
        c->vars.n -= s->lane ? 2 : 1;
    } else {
        c->guarded++;
        block(c, &s->body);
        c->guarded--;
    }
    c->temps.n = temps;
}

static void stmt(Check *c, const LStmt *s)
{
    const LExpr *also[] = { s->x, s->lo, s->hi };
    for (int k = 0; k < 3; k++)
        if (also[k])
            expr(c, also[k]);
    for (int k = 0; k < lir_index_args(s); k++)
        expr(c, s->index_arg[k]);
    switch (s->kind) {
    case LS_FOR: case LS_IF: inner_block(c, s); break;
    case LS_LET: vec_push(c->p->arena, c->temps, s->temp); break;
    case LS_SET: expr(c, &(LExpr){ .kind = LX_TEMP, .temp = s->temp }); break;
    case LS_STORE: subscripts(c, s->dst.buf, s->dst.idx); break;
    case LS_LOCAL: break;
    case LS_SNAPSHOT: pointer(c, &s->ptr[0], s->count); break;
    case LS_CHECK:                                /* guard.c */
        for (int k = 0; k < s->nptr; k++)
            pointer(c, &s->ptr[k], 1);
        break;
    case LS_ZERO: pointer(c, &s->dst, s->count); break;
    case LS_COPY: pointer(c, &s->dst, s->count); pointer(c, &s->src, s->count); break;
    case LS_GEMM: product(c, &s->gemm); break;
    case LS_ASK: vec_push(c->p->arena, c->vars, ((typeof(c->vars.at[0])){ s->var, { 0, 0, false } })); break;
    case LS_CALL:
        for (int k = 0; k < s->nptr; k++)
            pointer(c, &s->ptr[k], 1);
        break;
    case LS_INVOKE:
        if (!defined_before(c, s->func))
            WRONG(c, "%s: phase %s is called before its definition", c->func->name, s->func->name);
        break;
    }
}

static void block(Check *c, const LBlock *b)
{
    int vars = c->vars.n;
    for (int k = 0; k < b->n && !c->wrong; k++)
        stmt(c, b->at[k]);
    c->vars.n = vars;
}

static void places(Check *c)
{
    for (int k = 0; k < c->p->bufs.n; k++) {
        const LBuf *b = c->p->bufs.at[k];
        int64_t n = b->dtype == T_REAL ? c->p->real_bytes : b->dtype == T_INT ? 4 : 1;
        for (int d = 0; d < b->rank; d++)
            n *= b->dim[d];
        if (b->rank > MAX_RANK)
            WRONG(c, "%s has too many dimensions", b->name);
        if (b->storage == LB_WORK && b->offset >= 0 && (b->offset % 64 || b->offset + n > c->p->work_bytes))
            WRONG(c, "%s lies outside the workspace", b->name);
    }
}

const char *lir_verify(const LProgram *p)
{
    Check c = { .p = p };
    for (int k = 0; k < p->funcs.n && !c.wrong; k++) {
        c.func = p->funcs.at[k];
        c.vars.n = c.temps.n = 0;
        for (int i = 0; i < c.func->nindex; i++)
            vec_push(p->arena, c.vars, ((typeof(c.vars.at[0])){ c.func->index[i], { 0, 0, false } }));
        block(&c, &c.func->body);
    }
    places(&c);
    return c.wrong;
}
