/* pack.c -- strided loads that an outer loop repeats are packed once before it.
 *
 * In an innermost loop over v, a load whose address moves by other than one element with v, and by none of the loops around it, reads the same few elements
 * again and again: w[v][0] for every row. They are copied into a row, outside the outermost loop that leaves them as they are, and read there. Vector units
 * want neighbours. Guarded loads stay: they may lie outside of the array. Runs after contraction, before sums are split into lanes. */
#include "low.h"

enum { MOST = 1024, REPEATS = 8, DEPTH = 24 };
typedef struct Row { LBuf *of, *row; LExpr **idx; LVar *var; } Row;
typedef struct Pack {
    Low *l;
    const LFunc *func;
    Vec(Row) rows;                                /* made so far, in this block or one around it */
    const LStmt *path[DEPTH]; int depth;          /* the loops around, from the one that is looked at */
    LBlock before;                                /* what goes before it */
} Pack;

typedef struct Writes { const LBuf *of; bool any; } Writes;

static void note_write(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Writes *w = user;
    (void)idx, (void)along;
    w->any |= b == w->of && how & LA_WRITE;
}

static bool writes(const LStmt *s, const LBuf *b)
{
    Writes w = { b, false };
    lir_each_access(s, true, note_write, &w);
    return w.any;
}

static bool function_writes(const LFunc *f, const LBuf *b)
{
    bool yes = false;
    for (int k = 0; k < f->body.n; k++)
        yes |= writes(f->body.at[k], b);
    return yes;
}

/* index = *k * v + what the loops of the path have no part in; false: it is not so. */
static bool moves_with(const Pack *x, const LExpr *e, const LVar *v, int64_t times, int64_t *k)
{
    if (e->kind == LX_INT)
        return true;
    if (e->kind == LX_VAR) {
        *k += e->var == v ? times : 0;
        for (int d = 0; d < x->depth && e->var != v; d++)
            if (x->path[d]->var == e->var)
                return false;
        return true;
    }
    if (e->kind != LX_MAP || e->dtype != T_INT)
        return false;
    if (e->op == OP_add || e->op == OP_sub)
        return moves_with(x, e->arg[0], v, times, k) && moves_with(x, e->arg[1], v, e->op == OP_sub ? -times : times, k);
    if (e->op == OP_neg)
        return moves_with(x, e->arg[0], v, -times, k);
    return e->op == OP_mul && e->arg[1]->kind == LX_INT && moves_with(x, e->arg[0], v, times * e->arg[1]->i, k);
}

/* Worth a row? Its address moves with v by a stride that is neither 0 nor 1, and the loops around v repeat it. */
static bool strided(const Pack *x, const LExpr *load, const LVar *v)
{
    int64_t stride = 1, by = 0;
    for (int d = load->buf->rank - 1; d >= 0; d--) {
        int64_t k = 0;
        if (!moves_with(x, load->idx[d], v, 1, &k))
            return false;
        by += k * stride;
        stride *= load->buf->dim[d];
    }
    return by != 0 && by != 1 && !writes(x->path[0], load->buf);
}

static LExpr *row_of(Pack *x, const LExpr *load, const LStmt *inner)
{
    Low *l = x->l;
    LExpr **idx = NEW_N(l->arena, LExpr *, 1);
    idx[0] = x_var(l, inner->var);
    for (int r = 0; r < x->rows.n; r++) {
        const Row *old = &x->rows.at[r];
        bool same = old->of == load->buf && old->row->dim[0] == inner->n;
        for (int d = 0; same && d < load->buf->rank; d++)
            same = same_expr(x_with(l, load->idx[d], inner->var, x_var(l, old->var)), old->idx[d]);
        if (same)
            return x_load(l, old->row, idx);
    }
    Row row = { load->buf, new_buf(l, T_REAL, 1, &inner->n, LB_WORK, intern_printf("%s_row", load->buf->name), &load->buf->origin), NEW_N(l->arena, LExpr *, load->buf->rank + 1), new_var(l, inner->var->name) };
    for (int d = 0; d < load->buf->rank; d++)
        row.idx[d] = x_with(l, load->idx[d], inner->var, x_var(l, row.var));
    LStmt *f = new_for(l, row.var, inner->n, true, NULL), *s = new_stmt(l, LS_STORE, NULL);
    s->dst = (LPtr){ row.row, NEW_N(l->arena, LExpr *, 1), 0 };
    s->dst.idx[0] = x_var(l, row.var);
    s->x = x_load(l, load->buf, row.idx);
    push_stmt(l, &f->body, s);
    push_stmt(l, &x->before, f);
    vec_push(l->arena, x->rows, row);
    return x_load(l, row.row, idx);
}

static LExpr *packed(Pack *x, LExpr *e);

static LExpr *packed_part(void *pack, LExpr *e, int k) { return packed(pack, e->arg[k]); }

static LExpr *packed(Pack *x, LExpr *e)
{
    const LStmt *inner = x->path[x->depth - 1];
    if (!e || e->kind == LX_GUARD)
        return e;
    if (e->kind == LX_LOAD)
        return e->dtype == T_REAL && strided(x, e, inner->var) ? row_of(x, e, inner) : e;
    return x_rebuilt(x->l, e, packed_part, x);
}

static bool innermost(const LStmt *f)
{
    for (int k = 0; k < f->body.n; k++) {
        LStmtKind kind = f->body.at[k]->kind;
        if (kind != LS_STORE && kind != LS_LET && kind != LS_SET)
            return false;
    }
    return true;
}

/* The loops of the nest that starts with path[0]. */
static void pack_nest(Pack *x, LStmt *f)
{
    double repeats = 1;
    if (f->kind != LS_FOR || f->lo || x->depth == DEPTH)
        return;
    for (int d = 0; d < x->depth; d++)
        repeats *= (double)x->path[d]->n;
    x->path[x->depth++] = f;
    if (!innermost(f))
        for (int k = 0; k < f->body.n; k++)
            pack_nest(x, f->body.at[k]);
    else if (repeats >= REPEATS && f->n >= 4 && f->n <= MOST)
        for (int k = 0; k < f->body.n; k++)
            f->body.at[k]->x = packed(x, f->body.at[k]->x);
    x->depth--;
}

static void pack_block(Pack *x, LBlock *b)
{
    LBlock out = { 0 };
    int known = x->rows.n;
    for (int k = 0; k < b->n; k++) {
        int before = x->rows.n, kept;
        x->before = (LBlock){ 0 };
        pack_nest(x, b->at[k]);
        for (int i = 0; i < x->before.n; i++)
            push_stmt(x->l, &out, x->before.at[i]);
        push_stmt(x->l, &out, b->at[k]);
        kept = before;                            /* rows of what the function writes are good for this nest only */
        for (int r = before; r < x->rows.n; r++)
            if (!function_writes(x->func, x->rows.at[r].of))
                x->rows.at[kept++] = x->rows.at[r];
        x->rows.n = kept;
        pack_block(x, &b->at[k]->body);
    }
    x->rows.n = known;
    *b = out;
}

void pack_rows(Low *l, LFunc *f)
{
    Pack x = { .l = l, .func = f };
    pack_block(&x, &f->body);
}
