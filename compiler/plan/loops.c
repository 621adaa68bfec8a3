/* loops.c -- what the statements of one loop body cost, as the processor sees them after LLVM: expressions that the loop does not change are computed before it, an element is loaded once
 * however often it is read, what was just stored is not loaded again. Divisions and roots, functions by series, simple operations, loads and stores are counted apart, since they go at rates
 * of their own. */
#include "cost.h"

static bool varies(const Body *b, const LExpr *e)
{
    if (!e)
        return false;
    if (e->kind == LX_VAR)
        return e->var == b->var || e->var == b->lane;
    if (e->kind == LX_TEMP)
        for (int k = 0; k < b->nset; k++)
            if (b->set[k] == e->temp)
                return true;
    if (e->kind == LX_LOAD)
        for (int k = 0; k < b->nstored; k++)
            if (b->stored[k]->dst.buf == e->buf)
                return true;
    if (e->kind == LX_FOLD)
        return true;
    for (int k = 0; k < e->narg; k++)
        if (varies(b, e->arg[k]))
            return true;
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        if (varies(b, e->idx[k]))
            return true;
    return false;
}

/* How far the index moves, in its own units, when v moves by one; WILD: it depends on what is loaded. */
enum { WILD = 1 << 20 };
static int64_t moves(const LExpr *e, const LVar *v)
{
    switch (e->kind) {
    case LX_VAR: return e->var == v;
    case LX_LOAD: return WILD;
    case LX_MAP: {
        int64_t a = moves(e->arg[0], v), b = e->narg > 1 ? moves(e->arg[1], v) : 0;
        if (!a && !b)
            return 0;
        if (a == WILD || b == WILD)
            return WILD;
        if (e->op == OP_add)
            return a + b;
        if (e->op == OP_sub)
            return a - b;
        if (e->op == OP_neg)
            return -a;
        if (e->op == OP_mul && e->arg[0]->kind == LX_INT)
            return e->arg[0]->i * b;
        if (e->op == OP_mul && e->arg[1]->kind == LX_INT)
            return e->arg[1]->i * a;
        return WILD;
    }
    default: return 0;
    }
}

/* Elements between the places of neighbouring iterations. */
static int64_t stride(const LBuf *b, LExpr *const *idx, const LVar *v)
{
    int64_t step = 0, times = 1;
    for (int d = b->rank - 1; v && d >= 0; d--, times *= b->dim[d + 1]) {
        int64_t k = moves(idx[d], v);
        if (k == WILD)
            return WILD;
        step += k * times;
    }
    return step;
}

static bool loaded(Body *b, const LExpr *e)
{
    for (int k = b->nstored - 1; k >= 0 && k > b->nstored - 64; k--)
        if (b->stored[k]->dst.buf == e->buf && same_place(e->buf, b->stored[k]->dst.idx, e->idx))
            return true;
    for (int k = b->nload - 1; k >= 0; k--)
        if (b->load[k]->buf == e->buf && same_place(e->buf, b->load[k]->idx, e->idx))
            return true;
    if (b->nload < BODY)
        b->load[b->nload++] = e;
    return false;
}

static void count_load(Body *b, const LExpr *e, Ops *to)
{
    int n = b->nload;
    if (loaded(b, e))
        return;
    if (b->nload > n)
        b->still_load[n] = to == &b->once;
    int64_t s = stride(e->buf, e->idx, b->var);
    if (to == &b->each && s != 0 && s != 1 && s != -1)
        to->gather += 1;
    else
        to->load += 1;
}

static void count_op(const LExpr *e, Ops *to)
{
    double f = op_info[e->op].flops;
    to->flops += f;
    if (e->op == OP_div || e->op == OP_sqrt)
        to->div += e->op == OP_sqrt ? 2 : 1;
    else if (op_info[e->op].flags & OPF_ALONE)
        to->alone += f / 10;
    else if (f > 4)
        to->math += f / 10;
    else
        to->op += f;
}

void count_expr(Body *b, const LExpr *e)
{
    if (!e || e->kind == LX_NUM || e->kind == LX_INT || e->kind == LX_TEMP)
        return;
    Ops *to = b->var && !varies(b, e) ? &b->once : &b->each;
    if (e->kind == LX_VAR)
        return;
    if (e->dtype == T_INT) {
        if (e->kind == LX_LOAD)
            count_load(b, e, to);
        return;
    }
    for (int k = 0; k < e->narg; k++)
        count_expr(b, e->arg[k]);
    switch (e->kind) {
    case LX_LOAD: count_load(b, e, to); break;
    case LX_GUARD: to->op += 1; b->guarded = true; break;
    case LX_FOLD: to->fold += 1; break;
    case LX_MAP: count_op(e, to); break;
    default: break;
    }
}

static void count_store(Body *b, const LStmt *s)
{
    int64_t step = stride(s->dst.buf, s->dst.idx, b->var);
    if (s->dst.buf->storage == LB_LOCAL) {
        b->each.op += s->add;
        return;
    }
    if (s->add) {
        LExpr *old = NEW(b->arena, LExpr);
        *old = (LExpr){ .kind = LX_LOAD, .dtype = T_REAL, .buf = s->dst.buf, .idx = s->dst.idx };
        count_load(b, old, &b->each);
        b->each.op += 1;
        b->each.flops += 1;
    }
    b->each.store += 1;
    b->scatters |= b->var && step != 0 && step != 1 && step != -1;
    b->still |= b->var && step == 0;
    if (b->nstored < BODY)
        b->stored[b->nstored++] = s;
}

void count_body(Body *b, const LBlock *block)
{
    for (int k = 0; k < block->n; k++) {
        const LStmt *s = block->at[k];
        if (s->kind == LS_FOR)
            continue;
        if (s->kind == LS_IF) {
            count_expr(b, s->x);
            b->guarded = true;
            count_body(b, &s->body);
            continue;
        }
        if (s->kind == LS_LOCAL) {
            b->each.op += 1;
            continue;
        }
        count_expr(b, s->x);
        bool moves = !b->var || s->kind == LS_SET || varies(b, s->x);
        if ((s->kind == LS_SET || s->kind == LS_LET) && moves && b->nset < BODY)
            b->set[b->nset++] = s->temp;
        if (s->kind == LS_SET && s->add) {
            b->each.op += 1;
            b->each.flops += 1;
        }
        b->chain |= b->var && s->kind == LS_SET;
        if (s->kind == LS_STORE)
            count_store(b, s);
    }
}
