/* aside.c -- operands of matrix products that are not stored as rows or columns.
 *
 * A factor that is gathered (x = table[tokens], then x @ w) or whose summed letter jumps through memory is copied to an array of its own before the product;
 * equal factors of several products of one graph share the copy. A result that is scattered, or in which a batch runs along memory, is made aside and spread.
 * The copies cost one load and store for each element, the product at least LONG multiplications. */
#include "gemm.h"

static const Access *access_of(const Product *p, int k) { return k == 2 ? &p->t.c->out : &p->t.c->arg[k]; }

static bool access_has(const Contract *c, const Access *x, int q)
{
    for (int d = 0; d < x->rank; d++) {
        if (x->place[d].coef[q])
            return true;
        if (x->place[d].index >= 0 && access_has(c, &c->arg[x->place[d].index], q))
            return true;
    }
    return false;
}

/* Which letters the operand has, as strides that keep their order. */
void note_letters(Product *p, int k)
{
    const Contract *c = p->t.c;
    for (int q = 0; q < c->nletters; q++)
        p->op[k].stride[q] = access_has(c, access_of(p, k), q) ? c->nletters - q : 0;
    p->op[k].scale = 1;
}

static const Group *groups_of(const Product *p, int k, const Group **second)
{
    *second = k == 0 ? &p->sum : &p->cols;
    return k == 1 ? &p->sum : &p->rows;
}

static bool in_group(const Group *g, int q)
{
    for (int i = 0; i < g->n; i++)
        if (g->letter[i] == q)
            return true;
    return false;
}

/* The letters of the buffer, outer to inner. */
static int letters_of(const Product *p, int k, int *letter)
{
    const Group *second, *first = groups_of(p, k, &second);
    int n = 0;
    for (int i = 0; i < 2; i++) {
        const Group *g = (i == 0) == p->op[k].rows_last ? second : first;
        for (int j = 0; j < g->n; j++)
            letter[n++] = g->letter[j];
    }
    return n;
}

/* Settles how the buffer is laid out: as the operand is, so that copies run along memory. false: more axes than a buffer can have. */
bool fits_aside(Product *p, int k)
{
    const Group *second, *first = groups_of(p, k, &second);
    const Access *x = access_of(p, k);
    p->op[k].rows_last = false;
    for (int d = 0; d < x->rank; d++)
        for (int q = 0; q < p->t.c->nletters; q++)
            if (x->place[d].coef[q] && (in_group(first, q) || in_group(second, q)))
                p->op[k].rows_last = in_group(first, q);
    return first->n + second->n <= MAX_RANK;
}

void make_aside(Low *l, Product *p, int k)
{
    int letter[2 * MAX_LETTERS], n = letters_of(p, k, letter);
    int64_t dim[MAX_RANK];
    Name axis[MAX_RANK];
    const Node *about = k == 2 ? p->n : p->n->arg[k];
    for (int d = 0; d < n; d++) {
        dim[d] = p->t.c->range[letter[d]];
        axis[d] = letter_name(p->n, letter[d]);
    }
    Name hint = about->origin.name ? intern_printf(k == 2 ? "%s_product" : "%s_rows", about->origin.name) : NULL;
    p->op[k].buf = new_buf(l, T_REAL, n, dim, LB_WORK, hint, &about->origin);
    size_buffer(l, p->op[k].buf, 0, axis);
}

LPtr aside_start(Low *l, const Operand *o)
{
    int64_t dim[MAX_RANK];
    memcpy(dim, o->buf->dim, sizeof dim);
    Type t = { .dtype = T_REAL, .rank = o->buf->rank };
    return first_of(l, &(Slot){ .buf = o->buf }, &t);
}

/* Loops over the letters of the buffer; x: the letters in them. idx: the element of the buffer. */
static LBlock *element_loops(Low *l, Product *p, int k, bool parallel, LExpr **x, LExpr **idx, LBlock *at)
{
    int letter[2 * MAX_LETTERS], n = letters_of(p, k, letter);
    for (int q = 0; q < p->t.c->nletters; q++)
        x[q] = p->t.c->range[q] == 1 ? x_int(l, 0) : p->t.x[q];
    for (int d = 0; d < n; d++) {
        LStmt *f = new_for(l, new_var(l, letter_name(p->n, letter[d])), p->t.c->range[letter[d]], parallel, NULL);
        push_stmt(l, at, f);
        at = &f->body;
        idx[d] = x[letter[d]] = x_var(l, f->var);
    }
    return at;
}

static void push_store(Low *l, const Node *about, LBuf *buf, LExpr **idx, LExpr *x, bool add, LBlock *at)
{
    LStmt *s = new_stmt(l, LS_STORE, about);
    s->dst.buf = buf;
    s->dst.idx = idx;
    s->x = x;
    s->add = add;
    push_stmt(l, at, s);
}

/* ---- equal factors ---- */
static bool same_places(const Copied *a, const Access *x, const Copied *b, const Access *y)
{
    if (x->rank != y->rank)
        return false;
    for (int d = 0; d < x->rank; d++) {
        const Place *p = &x->place[d], *q = &y->place[d];
        if (p->base != q->base || (p->index < 0) != (q->index < 0))
            return false;
        for (int i = 0; i < a->nletter; i++)
            if (p->coef[a->letter[i]] != q->coef[b->letter[i]])
                return false;
        if (p->index >= 0 && (a->n->arg[p->index] != b->n->arg[q->index] || !same_places(a, &a->n->u.contract->arg[p->index], b, &b->n->u.contract->arg[q->index])))
            return false;
    }
    return true;
}

static LBuf *copied_before(const Env *e, const Copied *a)
{
    for (int i = 0; i < e->copied.n; i++) {
        const Copied *b = &e->copied.at[i];
        bool same = a->n->arg[a->factor] == b->n->arg[b->factor] && a->nletter == b->nletter;
        for (int d = 0; same && d < a->nletter; d++)
            same = a->n->u.contract->range[a->letter[d]] == b->n->u.contract->range[b->letter[d]];
        if (same && same_places(a, &a->n->u.contract->arg[a->factor], b, &b->n->u.contract->arg[b->factor]))
            return b->buf;
    }
    return NULL;
}

void copy_aside(Low *l, Env *e, Product *p, int k, bool whole, LBlock *at)
{
    Copied mine = { .n = p->n, .factor = k };
    int letter[2 * MAX_LETTERS];
    LExpr *x[MAX_LETTERS], **idx = NEW_N(l->arena, LExpr *, MAX_RANK);
    mine.nletter = letters_of(p, k, letter);
    memcpy(mine.letter, letter, sizeof *letter * (size_t)mine.nletter);
    p->op[k].buf = whole ? copied_before(e, &mine) : NULL;
    if (p->op[k].buf)
        return;
    make_aside(l, p, k);
    mine.buf = p->op[k].buf;
    at = element_loops(l, p, k, true, x, idx, at);
    push_store(l, p->n->arg[k], p->op[k].buf, idx, value_at(l, e, p->n->arg[k], places_at(l, e, p->n, &p->t.c->arg[k], x)), false, at);
    if (whole)
        vec_push(l->arena, e->copied, mine);
}

void spread(Low *l, Env *e, Product *p, bool add, LBlock *at)
{
    LExpr *x[MAX_LETTERS], **idx = NEW_N(l->arena, LExpr *, MAX_RANK);
    at = element_loops(l, p, 2, !p->scatter, x, idx, at);
    LExpr **out = places_at(l, e, p->n, &p->t.c->out, x);
    push_store(l, p->n, p->to->buf, slot_index(l, p->to, out, p->n->type.rank), x_load(l, p->op[2].buf, idx), add, at);
}
