/* invariant.c -- an element that does not move with an innermost loop is read before it, where a C compiler would not see that it may: it reads the element again after
 * each store that could have changed it, and in the branch of a choice only where that is taken; the loop is then no vector.
 *
 *     for j: y[s][j] = s >= j ? a[s][j] * r[s] : 0        becomes        this_r = r[s];  for j: y[s][j] = s >= j ? a[s][j] * this_r : 0
 *
 * Taken out are elements read in a choice, and those that the statements before the loop, in its block, touch too: their value is at hand. What is a value to the function anyway
 * (lir_values) stays. Subscripts of what a guard protects may lie outside and stay. Runs after sums are split into lanes. */
#include "low.h"

typedef struct Hoist { Low *l; const bool *value; LBlock *before; const LStmt *loop; bool chosen; } Hoist;     /* value: by id, see lir_values; chosen: in a branch of a choice */
typedef struct Seen { const LBuf *buf; LExpr **idx; bool found; } Seen;

static void look(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Seen *s = user;
    (void)along, (void)how;
    s->found |= same_array(b, s->buf) && idx && s->idx && same_place(b, idx, s->idx);
}

static bool touched_before(const Hoist *h, const LExpr *load)
{
    Seen s = { load->buf, load->idx, false };
    for (int k = 0; k < h->before->n && !s.found; k++)
        lir_each_access(h->before->at[k], false, look, &s);
    return s.found;
}

static void note_write(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Seen *s = user;
    (void)idx, (void)along;
    s->found |= same_array(b, s->buf) && (how & LA_WRITE);
}

static bool is_fixed(const Hoist *h, const LExpr *e)
{
    bool fixed = e->kind == LX_INT || e->kind == LX_VAR || e->kind == LX_MAP;
    for (int k = 0; k < e->narg; k++)
        fixed &= is_fixed(h, e->arg[k]);
    return fixed && !x_mentions(e, h->loop->var);
}

static bool is_invariant(const Hoist *h, const LExpr *load)
{
    Seen s = { load->buf, NULL, false };
    for (int d = 0; d < load->buf->rank; d++)
        if (!is_fixed(h, load->idx[d]))
            return false;
    lir_each_access(h->loop, false, note_write, &s);
    return !s.found && load->dtype == T_REAL && load->buf->storage != LB_LOCAL && !h->value[load->buf->id];
}

static bool is_set(const LBlock *b, int from, const LTemp *t)
{
    for (int k = from; k < b->n; k++)
        if ((b->at[k]->kind == LS_SET && b->at[k]->temp == t) || is_set(&b->at[k]->body, 0, t))
            return true;
    return false;
}

/* Is this the store of a temporary as that element? */
static bool keeps(const LStmt *s, const LExpr *load)
{
    return s->kind == LS_STORE && !s->add && s->x->kind == LX_TEMP && same_array(s->dst.buf, load->buf) && same_place(load->buf, s->dst.idx, load->idx);
}

/* The temporary that has the element: declared or stored before the loop, or before an earlier one after which the array did not change. */
static LTemp *read_before(Hoist *h, LExpr *load)
{
    Seen changed = { load->buf, NULL, false };
    for (int k = h->before->n - 1; k >= 0 && !changed.found; k--) {
        const LStmt *s = h->before->at[k];
        LTemp *t = s->kind == LS_LET && same_expr(s->x, load) ? s->temp : keeps(s, load) ? s->x->temp : NULL;
        if (t && !is_set(h->before, k, t))
            return t;
        lir_each_access(s, true, note_write, &changed);
    }
    LStmt *s = new_stmt(h->l, LS_LET, NULL);
    s->temp = new_temp(h->l, T_REAL, intern_printf("this_%s", load->buf->name));
    s->x = load;
    push_stmt(h->l, h->before, s);
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
        return is_invariant(h, e) && (h->chosen || touched_before(h, e)) ? x_temp(h->l, read_before(h, e)) : e;
    return x_rebuilt(h->l, e, take_out_part, h);
}

static bool stores(const LStmt *loop)
{
    bool some = false;
    for (int k = 0; k < loop->body.n; k++)
        some |= loop->body.at[k]->kind == LS_STORE && loop->body.at[k]->dst.buf->storage != LB_LOCAL;
    return some;
}

static void read_block(Low *l, const bool *value, LBlock *b)
{
    LBlock out = { 0 };
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        read_block(l, value, &s->body);
        if (s->kind == LS_FOR && !s->lo && s->n > 1 && (s->lane || lir_independent(s)) && stores(s)) {
            Hoist h = { l, value, &out, s, false };
            for (int i = 0; i < s->body.n; i++)
                s->body.at[i]->x = take_out(&h, s->body.at[i]->x);
        }
        push_stmt(l, &out, s);
    }
    *b = out;
}

void read_first(Low *l, LFunc *f) { read_block(l, lir_values(l->prog, f), &f->body); }
