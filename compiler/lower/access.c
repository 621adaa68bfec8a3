/* access.c -- what statements read and write: the one walk that copies, fusion, placement and both emitters share. */
#include "low.h"

bool same_expr(const LExpr *a, const LExpr *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->dtype != b->dtype || a->i != b->i || a->num != b->num || a->var != b->var || a->temp != b->temp || a->buf != b->buf || a->op != b->op || a->narg != b->narg)
        return false;
    for (int k = 0; k < a->narg; k++)
        if (!same_expr(a->arg[k], b->arg[k]))
            return false;
    for (int k = 0; a->kind == LX_LOAD && k < a->buf->rank; k++)
        if (!same_expr(a->idx[k], b->idx[k]))
            return false;
    return true;
}

bool same_place(const LBuf *b, LExpr *const *x, LExpr *const *y)
{
    for (int d = 0; d < b->rank; d++)
        if (!same_expr(x[d], y[d]))
            return false;
    return true;
}

static void expr_access(const LExpr *e, LAccessFn *f, void *user)
{
    if (!e)
        return;
    for (int k = 0; k < e->narg; k++)
        expr_access(e->arg[k], f, user);
    if (e->kind == LX_FOLD)
        f(user, e->buf, NULL, 1, 0);
    if (e->kind != LX_LOAD)
        return;
    for (int k = 0; k < e->buf->rank; k++)
        expr_access(e->idx[k], f, user);
    f(user, e->buf, e->idx, 0, 0);
}

static void ptr_access(const LPtr *p, LAccessFn *f, void *user, int how)
{
    if (!p->buf)
        return;
    for (int k = 0; k < p->buf->rank; k++)
        expr_access(p->idx[k], f, user);
    f(user, p->buf, p->idx, p->along, how | LA_ADDRESS);
}

typedef struct Known { bool *written, *address; } Known;       /* by id */

static void note_known(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Known *x = user;
    (void)idx, (void)along;
    x->written[b->id] |= (how & LA_WRITE) != 0;
    x->address[b->id] |= (how & LA_ADDRESS) != 0;
}

bool *lir_values(const LProgram *p, const LFunc *f)
{
    int n = p->bufs.n + 1;
    Known deep = { NEW_N(p->arena, bool, n), NEW_N(p->arena, bool, n) }, own = { NEW_N(p->arena, bool, n), NEW_N(p->arena, bool, n) };
    for (int k = 0; k < f->body.n; k++) {
        lir_each_access(f->body.at[k], true, note_known, &deep);
        lir_each_access(f->body.at[k], false, note_known, &own);
    }
    for (int k = 0; k < p->bufs.n; k++)
        own.address[k] = !p->bufs.at[k]->rank && !deep.written[k] && !own.address[k];
    return own.address;
}

bool lir_has_checks(const LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = b->at[k];
        if (s->kind == LS_CHECK || s->kind == LS_SNAPSHOT || lir_has_checks(&s->body) || (s->kind == LS_INVOKE && lir_has_checks(&s->func->body)))
            return true;
    }
    return false;
}

bool lir_has_function(const LExpr *e)
{
    bool yes = e->kind == LX_MAP && e->dtype == T_REAL && op_info[e->op].flops >= 10;
    for (int k = 0; k < e->narg; k++)
        yes |= lir_has_function(e->arg[k]);
    return yes;
}

enum { FEW = 4, LITTLE = 16 };

/* Statements of one iteration of a nest of plain arithmetic, LITTLE + 1 of others: sums in lanes and expensive functions are vectors. */
static int64_t statements(const LStmt *s)
{
    int64_t n = 0;
    for (int k = 0; k < s->body.n && n <= LITTLE; k++) {
        const LStmt *x = s->body.at[k];
        bool plain = x->kind == LS_FOR ? !x->lo && x->width <= 1 : x->kind == LS_LET || x->kind == LS_SET || x->kind == LS_STORE;
        if (!plain || (x->x && lir_has_function(x->x)))
            return LITTLE + 1;
        n += x->kind == LS_FOR ? x->n * statements(x) : 1;
    }
    return n;
}

bool lir_is_unrolled(const LStmt *s) { return !s->lo && s->width <= 1 && s->n <= FEW && s->n * statements(s) <= LITTLE; }

int lir_index_args(const LStmt *s) { return s->kind == LS_INVOKE ? s->func->nindex : s->kind == LS_ASK ? (int)s->nnum : 0; }

void lir_each_access(const LStmt *s, bool deep, LAccessFn *f, void *user)
{
    expr_access(s->x, f, user);
    switch (s->kind) {
    case LS_STORE:
        for (int k = 0; k < s->dst.buf->rank; k++)
            expr_access(s->dst.idx[k], f, user);
        if (s->add)
            f(user, s->dst.buf, s->dst.idx, 0, LA_ADD);
        f(user, s->dst.buf, s->dst.idx, 0, s->add ? LA_ADD | LA_WRITE : LA_WRITE);
        break;
    case LS_LOCAL: ptr_access(&s->dst, f, user, LA_WRITE); break;
    case LS_ZERO: ptr_access(&s->dst, f, user, LA_WRITE); break;
    case LS_COPY: ptr_access(&s->src, f, user, 0); ptr_access(&s->dst, f, user, LA_WRITE); break;
    case LS_GEMM:
        ptr_access(&s->gemm.a, f, user, 0);
        ptr_access(&s->gemm.b, f, user, 0);
        if (s->gemm.accumulate)
            ptr_access(&s->gemm.c, f, user, LA_ADD);
        ptr_access(&s->gemm.c, f, user, s->gemm.accumulate ? LA_ADD | LA_WRITE : LA_WRITE);
        break;
    case LS_SNAPSHOT: ptr_access(&s->ptr[0], f, user, s->load ? LA_WRITE : 0); break;
    case LS_CHECK:
        for (int k = 0; k < s->nptr; k++)
            ptr_access(&s->ptr[k], f, user, 0);
        break;
    case LS_CALL:
        for (int k = 0; k < s->nptr; k++) {
            ptr_access(&s->ptr[k], f, user, 0);
            if (k == 0 || (k == 1 && s->callee && !strcmp(s->callee, "solve")))
                ptr_access(&s->ptr[k], f, user, LA_WRITE);
        }
        break;
    case LS_ASK:
        for (int k = 0; k < s->nnum; k++)
            expr_access(s->index_arg[k], f, user);
        for (int k = 0; k < s->nptr; k++) {
            ptr_access(&s->ptr[k], f, user, 0);
            ptr_access(&s->ptr[k], f, user, LA_WRITE);
        }
        break;
    case LS_FOR:
        expr_access(s->lo, f, user);
        expr_access(s->hi, f, user);
        break;
    case LS_INVOKE:
        for (int k = 0; deep && k < s->func->body.n; k++)
            lir_each_access(s->func->body.at[k], true, f, user);
        break;
    default: break;
    }
    for (int k = 0; k < s->body.n; k++)
        lir_each_access(s->body.at[k], deep, f, user);
}
