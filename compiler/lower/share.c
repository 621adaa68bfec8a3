/* share.c -- a phase that does what a phase of another entry does is that one: one function for the step of adapt, of value, and of a hypergradient that runs
 * steps again.
 *
 * Two phases are the same when their statements are, one by one, with the arrays of the workspace, temporaries and variables of the one in the place of the
 * other's; what is the caller's memory is the same memory. As a phase finds its arrays at fixed offsets, those must be equal too: the arrays of the
 * phase are given the offsets of those that are placed before the entry's other arrays are. That is given up where two of them would meet, or where the
 * program's workspace would grow: so the entries with the larger workspace are placed first. Result: LFunc.same, the one that is defined first, and one name
 * without the entry's; emitters leave the others out. */
#include "low.h"

typedef struct VarPair { const LVar *a, *b; } VarPair;
typedef struct TempPair { const LTemp *a, *b; } TempPair;
typedef struct Same {
    Low *l;
    LBuf **to, **from;                            /* by id: the earlier phase's buffer for the later one's, and back */
    Vec(VarPair) vars;
    Vec(TempPair) temps;
} Same;

static bool same_buf(Same *x, LBuf *a, LBuf *b)
{
    if (a == b)
        return !a || (a->storage != LB_WORK && a->storage != LB_LOCAL);
    if (!a || !b || a->storage != b->storage || (a->storage != LB_WORK && a->storage != LB_LOCAL) || a->dtype != b->dtype || a->rank != b->rank)
        return false;
    for (int d = 0; d < a->rank; d++)
        if (a->dim[d] != b->dim[d])
            return false;
    if (!x->to[a->id] && !x->from[b->id]) {
        x->to[a->id] = b;
        x->from[b->id] = a;
    }
    return x->to[a->id] == b && x->from[b->id] == a;
}

static bool same_var(Same *x, const LVar *a, const LVar *b)
{
    if (!a || !b)
        return a == b;
    for (int k = x->vars.n - 1; k >= 0; k--)
        if (x->vars.at[k].a == a || x->vars.at[k].b == b)
            return x->vars.at[k].a == a && x->vars.at[k].b == b;
    vec_push(x->l->arena, x->vars, (VarPair){ a, b });
    return true;
}

static bool same_temp(Same *x, const LTemp *a, const LTemp *b)
{
    if (!a || !b)
        return a == b;
    for (int k = x->temps.n - 1; k >= 0; k--)
        if (x->temps.at[k].a == a || x->temps.at[k].b == b)
            return x->temps.at[k].a == a && x->temps.at[k].b == b;
    vec_push(x->l->arena, x->temps, (TempPair){ a, b });
    return a->dtype == b->dtype;
}

static bool same_value(Same *x, const LExpr *a, const LExpr *b)
{
    if (!a || !b)
        return a == b;
    bool bits = a->kind == b->kind && a->dtype == b->dtype && !memcmp(&a->num, &b->num, sizeof a->num) && a->i == b->i && a->op == b->op && a->narg == b->narg;
    if (!bits || !same_buf(x, a->buf, b->buf) || !same_var(x, a->var, b->var) || !same_temp(x, a->temp, b->temp))
        return false;
    for (int k = 0; k < a->narg; k++)
        if (!same_value(x, a->arg[k], b->arg[k]))
            return false;
    for (int k = 0; a->kind == LX_LOAD && k < a->buf->rank; k++)
        if (!same_value(x, a->idx[k], b->idx[k]))
            return false;
    return true;
}

static bool same_ptr(Same *x, const LPtr *a, const LPtr *b)
{
    if (!same_buf(x, a->buf, b->buf) || a->along != b->along)
        return false;
    for (int k = 0; a->buf && k < a->buf->rank; k++)
        if (!same_value(x, a->idx[k], b->idx[k]))
            return false;
    return true;
}

static bool same_gemm(Same *x, const LGemm *a, const LGemm *b)
{
    return a->m == b->m && a->n == b->n && a->k == b->k && a->ta == b->ta && a->tb == b->tb && a->accumulate == b->accumulate && a->alpha == b->alpha && a->lda == b->lda &&
           a->ldb == b->ldb && a->ldc == b->ldc && same_ptr(x, &a->a, &b->a) && same_ptr(x, &a->b, &b->b) && same_ptr(x, &a->c, &b->c);
}

static bool same_block(Same *x, const LBlock *a, const LBlock *b);

static bool same_stmt(Same *x, const LStmt *a, const LStmt *b)
{
    bool flat = a->kind == b->kind && a->kind != LS_CHECK && a->size == b->size && a->n == b->n && a->down == b->down && a->parallel == b->parallel && a->width == b->width && a->add == b->add && a->minus == b->minus && a->load == b->load &&
                a->count == b->count && a->callee == b->callee && a->nptr == b->nptr && a->nnum == b->nnum && a->func == b->func;
    if (!flat || !same_var(x, a->var, b->var) || !same_var(x, a->lane, b->lane) || !same_temp(x, a->temp, b->temp) || !same_value(x, a->lo, b->lo) || !same_value(x, a->hi, b->hi) || !same_value(x, a->x, b->x))
        return false;
    if (!same_ptr(x, &a->dst, &b->dst) || !same_ptr(x, &a->src, &b->src) || (a->kind == LS_GEMM && !same_gemm(x, &a->gemm, &b->gemm)))
        return false;
    for (int k = 0; k < a->nptr; k++)
        if (!same_ptr(x, &a->ptr[k], &b->ptr[k]))
            return false;
    for (int k = 0; a->num && k < a->nnum; k++)
        if (!b->num || a->num[k] != b->num[k])
            return false;
    for (int k = 0; k < lir_index_args(a); k++)
        if (!same_value(x, a->index_arg[k], b->index_arg[k]))
            return false;
    return same_block(x, &a->body, &b->body);
}

static bool same_block(Same *x, const LBlock *a, const LBlock *b)
{
    if (a->n != b->n)
        return false;
    for (int k = 0; k < a->n; k++)
        if (!same_stmt(x, a->at[k], b->at[k]))
            return false;
    return true;
}

static bool same_phase(Same *x, const LFunc *a, const LFunc *b)
{
    if (b->is_entry || b->same || a->nindex != b->nindex || a->first != b->first)
        return false;
    for (int k = 0; k < a->nindex; k++)
        if (!same_var(x, a->index[k], b->index[k]))
            return false;
    return same_block(x, &a->body, &b->body);
}

/* Offsets for the phase's arrays; false: another shared phase has given one of them another offset. */
static bool pin(const Low *l, const Same *x, int64_t *at)
{
    for (int round = 0; round < 2; round++)
        for (int k = 0; k < l->prog->bufs.n; k++) {
            if (!x->to[k] || x->to[k]->storage != LB_WORK || (round == 0 && at[k] < 0))
                continue;
            if (round == 0 && at[k] != x->to[k]->offset)
                return false;
            at[k] = x->to[k]->offset;
        }
    return true;
}

int64_t *share_phases(Low *l, int first, int end)
{
    LProgram *p = l->prog;
    int64_t *at = NEW_N(l->arena, int64_t, p->bufs.n + 1);
    bool any = false;
    for (int k = 0; k < p->bufs.n; k++)
        at[k] = -1;
    for (int f = first; f < end; f++) {
        LFunc *a = p->funcs.at[f];
        for (int g = 0; g < p->funcs.n && !a->is_entry && !a->same; g++) {
            if (!p->funcs.at[g]->placed)
                continue;
            Same x = { .l = l, .to = NEW_N(l->arena, LBuf *, p->bufs.n + 1), .from = NEW_N(l->arena, LBuf *, p->bufs.n + 1) };
            if (same_phase(&x, a, p->funcs.at[g]) && pin(l, &x, at)) {
                a->same = p->funcs.at[g];
                any = true;
            }
        }
    }
    return any ? at : NULL;
}

/* "step" of value_step: it is not value's alone. */
static Name after_prefix(Name name)
{
    static const char *const of[] = { "value_", "adapt_", NULL };
    for (int k = 0; of[k]; k++)
        if (!strncmp(name, of[k], strlen(of[k])))
            return intern(name + strlen(of[k]));
    return NULL;
}

static bool is_before(const Low *l, const LFunc *a, const LFunc *b)
{
    for (int k = 0; l->prog->funcs.at[k] != b; k++)
        if (l->prog->funcs.at[k] == a)
            return true;
    return false;
}

static bool is_function(const Low *l, Name name)
{
    for (int k = 0; k < l->prog->funcs.n; k++)
        if (l->prog->funcs.at[k]->name == name)
            return true;
    return false;
}

void name_shared(Low *l, int first, int end, bool shared)
{
    for (int f = first; f < end; f++) {
        LFunc *a = l->prog->funcs.at[f], *to = a->same;
        if (!shared || !to) {
            a->same = NULL;
            continue;
        }
        if (is_before(l, a, to)) {                /* the one that is defined first stays: what was said to be the other is that one now */
            for (int k = 0; k < l->prog->funcs.n; k++)
                if (l->prog->funcs.at[k]->same == to)
                    l->prog->funcs.at[k]->same = a;
            a->same = NULL;
            to->same = a;
            to = a;
        }
        Name plain = after_prefix(to->name);
        if (plain && !is_function(l, plain))
            to->name = plain;
        for (int k = 0; k < l->prog->funcs.n; k++)
            if (l->prog->funcs.at[k]->same == to)
                l->prog->funcs.at[k]->name = to->name;
    }
}
