/* invariant.c -- an element that does not move with an innermost loop is read before it, where a C compiler would not see that it may: it reads the element again after
 * each store that could have changed it, and in the branch of a choice only where that is taken; the loop is then no vector.
 *
 *     for j: y[s][j] = s >= j ? a[s][j] * r[s] : 0        becomes        this_r = r[s];  for j: y[s][j] = s >= j ? a[s][j] * this_r : 0
 *
 * Taken out are elements read in a choice, and those that the statements before the loop, in its block, touch too: their value is at hand. What is a value to the function anyway
 * (lir_values) stays. Subscripts of what a guard protects may lie outside and stay. Runs after sums are split into lanes. */
#include "low.h"

/* Accesses of the statements that stand in a block so far, with those of the blocks around it before them. `last` is by buffer the number of its latest access (from 1, 0: none),
 * each access knows the one before. */
typedef struct Past { const LBuf *buf; LExpr **idx; const LStmt *by; bool writes; int before; } Past;
typedef struct History { Low *l; Vec(Past) all; const bool *value; int *last; bool *set; int nset; const LStmt *by; } History;     /* value: by buffer, see lir_values; set: the temporaries that change, the first nset; younger ones do not */
typedef struct Written { Vec(int) all; bool known; } Written;                        /* the arrays that the loop writes */
typedef struct Hoist { History *past; int from; LBlock *before; const LStmt *loop; Written *written; bool chosen; } Hoist;     /* chosen: in a branch of a choice */

static void note_past(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    History *h = user;
    int *last = &h->last[b->id];
    (void)along;
    vec_push(h->l->arena, h->all, (Past){ b, idx, h->by, how & LA_WRITE, *last });
    *last = h->all.n;
}

static void note_sets(History *h, const LStmt *s)
{
    if (s->kind == LS_SET && s->temp->id < h->nset)
        h->set[s->temp->id] = true;
    for (int k = 0; k < s->body.n; k++)
        note_sets(h, s->body.at[k]);
}

static void append(History *h, LBlock *out, LStmt *s)
{
    push_stmt(h->l, out, s);
    h->by = s;
    lir_each_access(s, true, note_past, h);
    note_sets(h, s);
}

static void forget(History *h, int from)
{
    while (h->all.n > from) {
        const Past *p = &h->all.at[--h->all.n];
        h->last[p->buf->id] = p->before;
    }
}

static bool touched_before(const Hoist *h, const LExpr *load)
{
    const History *p = h->past;
    for (int k = p->last[load->buf->id]; k > h->from; k = p->all.at[k - 1].before)
        if (p->all.at[k - 1].idx && same_place(load->buf, p->all.at[k - 1].idx, load->idx))
            return true;
    return false;
}

static void note_write(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Hoist *h = user;
    (void)idx, (void)along;
    if (how & LA_WRITE)
        vec_push(h->past->l->arena, h->written->all, b->id);
}

static bool is_written(Hoist *h, const LBuf *b)
{
    if (!h->written->known)
        lir_each_access(h->loop, false, note_write, h);
    h->written->known = true;
    for (int k = 0; k < h->written->all.n; k++)
        if (h->written->all.at[k] == b->id)
            return true;
    return false;
}

static bool is_fixed(const Hoist *h, const LExpr *e)
{
    bool fixed = e->kind == LX_INT || e->kind == LX_VAR || e->kind == LX_MAP;
    for (int k = 0; k < e->narg; k++)
        fixed &= is_fixed(h, e->arg[k]);
    return fixed && !x_mentions(e, h->loop->var);
}

static bool is_invariant(Hoist *h, const LExpr *load)
{
    for (int d = 0; d < load->buf->rank; d++)
        if (!is_fixed(h, load->idx[d]))
            return false;
    return load->dtype == T_REAL && load->buf->storage != LB_LOCAL && !h->past->value[load->buf->id] && !is_written(h, load->buf);
}

/* Is this the store of a temporary as that element? */
static bool keeps(const LStmt *s, const LExpr *load)
{
    return s->kind == LS_STORE && !s->add && s->x->kind == LX_TEMP && s->dst.buf == load->buf && same_place(load->buf, s->dst.idx, load->idx);
}

/* The temporary that has the element: declared or stored before the loop, or before an earlier one after which the array did not change. */
static LTemp *read_before(Hoist *h, LExpr *load)
{
    History *p = h->past;
    bool changed = false;
    for (int k = p->last[load->buf->id]; k > h->from && !changed; k = p->all.at[k - 1].before) {
        const LStmt *by = p->all.at[k - 1].by;
        LTemp *t = by->kind == LS_LET && same_expr(by->x, load) ? by->temp : keeps(by, load) ? by->x->temp : NULL;
        if (t && !(t->id < p->nset && p->set[t->id]))
            return t;
        changed = p->all.at[k - 1].writes;
    }
    LStmt *s = new_stmt(p->l, LS_LET, NULL);
    s->temp = new_temp(p->l, T_REAL, intern_printf("this_%s", load->buf->name));
    s->x = load;
    append(p, h->before, s);
    return s->temp;
}

static LExpr *take_out(Hoist *h, LExpr *e);

static LExpr *take_out_part(void *hoist, LExpr *e, int k)
{
    Hoist inner = *(Hoist *)hoist;
    inner.chosen |= e->op == OP_select && k > 0;
    return take_out(&inner, e->arg[k]);
}

static LExpr *take_out(Hoist *h, LExpr *e)
{
    if (e->kind == LX_GUARD)
        return e;
    if (e->kind == LX_LOAD)
        return (h->chosen || touched_before(h, e)) && is_invariant(h, e) ? x_temp(h->past->l, read_before(h, e)) : e;
    return x_rebuilt(h->past->l, e, take_out_part, h);
}

static bool stores(const LStmt *loop)
{
    bool some = false;
    for (int k = 0; k < loop->body.n; k++)
        some |= loop->body.at[k]->kind == LS_STORE && loop->body.at[k]->dst.buf->storage != LB_LOCAL;
    return some;
}

static void read_in(History *p, LBlock *b)
{
    LBlock out = { 0 };
    int from = p->all.n;
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        read_in(p, &s->body);
        if (s->kind == LS_FOR && !s->lo && s->n > 1 && (s->lane || lir_independent(s)) && stores(s)) {
            Written written = { { 0 }, false };
            Hoist h = { p, from, &out, s, &written, false };
            for (int i = 0; i < s->body.n; i++)
                s->body.at[i]->x = take_out(&h, s->body.at[i]->x);
        }
        append(p, &out, s);
    }
    forget(p, from);
    *b = out;
}

void read_first(Low *l, LFunc *f)
{
    History h = { .l = l, .value = lir_values(l->prog, f), .last = NEW_N(l->arena, int, l->prog->bufs.n + 1), .set = NEW_N(l->arena, bool, l->ntemps + 1), .nset = l->ntemps };
    read_in(&h, &f->body);
}
