/* gemm.c -- contractions that are matrix products in disguise.
 *
 * Each operand is followed through views, captures and picks down to the stored buffer, where every letter of the contraction is a stride.
 * The letters of c[..] += a[..] b[..] fall into rows (in a and c), columns (in b and c), summed (in a and b) and batch (in all three). Letters of one kind
 * whose strides nest are one; the innermost group of each kind makes the product, everything else becomes loops around it. Transposed
 * storage is a flag, a constant factor or a sign becomes alpha. An operand that is not stored as rows or columns (gathered, or another letter runs along
 * memory) is copied aside first, and a result is spread from aside, where that is little beside the product: aside.c. Products that are too small, or not made
 * of rows and columns, stay plain loops. */
#include "gemm.h"
#include "mfl/kernels.h"

/* Adds the coefficients of the letters in an index; false when it is not affine in them. */
static bool affine(const LExpr *e, const Letters *t, int64_t times, int64_t *coef)
{
    if (e->kind == LX_VAR) {
        for (int q = 0; q < t->c->nletters; q++)
            if (e->var == t->var[q])
                coef[q] += times;
        return true;
    }
    if (e->kind == LX_MAP && e->dtype == T_INT && (e->op == OP_add || e->op == OP_sub))
        return affine(e->arg[0], t, times, coef) && affine(e->arg[1], t, e->op == OP_sub ? -times : times, coef);
    if (e->kind == LX_MAP && e->dtype == T_INT && e->op == OP_neg)
        return affine(e->arg[0], t, -times, coef);
    if (e->kind == LX_MAP && e->dtype == T_INT && e->op == OP_mul && e->arg[1]->kind == LX_INT)
        return affine(e->arg[0], t, times * e->arg[1]->i, coef);
    for (int q = 0; q < t->c->nletters; q++)
        if (t->var[q] && x_mentions(e, t->var[q]))
            return false;
    return true;
}

static bool strides(const Letters *t, Operand *o)
{
    int64_t stride = 1;
    memset(o->stride, 0, sizeof o->stride);
    for (int d = o->at.buf->rank - 1; d >= 0; d--) {
        int64_t coef[MAX_LETTERS] = { 0 };
        if (!affine(o->at.idx[d], t, 1, coef))
            return false;
        for (int q = 0; q < t->c->nletters; q++)
            o->stride[q] += coef[q] * stride;
        stride *= o->at.buf->dim[d];
    }
    return true;
}

/* A factor of the product at the letters: an element of a buffer, maybe with a sign or a constant in front. */
static bool factor_at(Low *l, Env *e, Node *n, int k, const Letters *t, Operand *o)
{
    const Access *a = &n->u.contract->arg[k];
    LExpr *idx[MAX_RANK], *letter[MAX_LETTERS];
    memcpy(letter, t->x, sizeof letter);
    for (int d = 0; d < a->rank; d++)
        idx[d] = place_at(l, e, n, &a->place[d], letter);
    LExpr *x = value_at(l, e, n->arg[k], idx);
    o->scale = 1;
    for (; x->kind == LX_MAP && x->dtype == T_REAL; x = x->op == OP_neg ? x->arg[0] : x->arg[1]) {
        if (x->op == OP_neg)
            o->scale = -o->scale;
        else if (x->op == OP_mul && x->arg[0]->kind == LX_NUM)
            o->scale *= x->arg[0]->num;
        else
            return false;
    }
    if (x->kind != LX_LOAD || x->dtype != T_REAL)
        return false;
    o->at = (LPtr){ x->buf, x->idx, 0 };
    return strides(t, o);
}

/* Where the product goes. Every axis of the output is one letter or fixed; *partial: the letters do not reach all of it. */
static bool output_at(Low *l, Env *e, Node *n, const Slot *to, const Letters *t, Operand *o, bool *partial)
{
    const Contract *c = n->u.contract;
    LExpr *idx[MAX_RANK], *letter[MAX_LETTERS];
    bool seen[MAX_LETTERS] = { false };
    memcpy(letter, t->x, sizeof letter);
    *partial = false;
    for (int d = 0; d < c->out.rank; d++) {
        const Place *p = &c->out.place[d];
        int q = place_shifted_letter(p), count = 0;
        for (int k = 0; k < c->nletters; k++)
            count += p->coef[k] != 0;
        bool one = q >= 0 && !seen[q];
        if (count && !one)
            return false;
        if (one)
            seen[q] = true;
        *partial |= (one ? c->range[q] : 1) < n->type.dim[d];
        idx[d] = place_at(l, e, n, p, letter);
    }
    o->scale = 1;
    o->at = (LPtr){ to->buf, slot_index(l, to, idx, n->type.rank), 0 };
    return strides(t, o);
}

enum { ENOUGH = 128 };                            /* a product of this size runs at full speed: outer letters stay loops, for fusion */

/* Does letter q run around `first` in storage, without a gap? What is copied aside is laid out as the product wants it. */
static bool nests(const Contract *c, const Operand *o, int q, int first) { return o->aside || o->stride[q] == o->stride[first] * c->range[first]; }

/* Splits off the innermost group: letters (given outer to inner) whose strides nest in both x and y. */
static Group inner_group(const Contract *c, const int *letter, int n, const Operand *x, const Operand *y)
{
    Group g = { .size = 1 };
    for (int k = n - 1; k >= 0; k--) {
        int q = letter[k];
        if (g.n) {
            int first = g.letter[0];
            if (g.size >= ENOUGH || !nests(c, x, q, first) || !nests(c, y, q, first))
                break;
        }
        memmove(g.letter + 1, g.letter, sizeof *g.letter * (size_t)g.n);
        g.letter[0] = q;
        g.n++;
        g.size *= c->range[q];
    }
    return g;
}

static int64_t inner_stride(const Group *g, const Operand *o) { return g->n ? o->stride[g->letter[g->n - 1]] : 1; }

/* op(x)[rows][cols] in storage: plain when columns are adjacent, transposed when rows are. */
static bool layout(const Group *rows, const Group *cols, const Operand *o, bool *trans, int64_t *ld)
{
    if (o->aside) {
        *trans = o->rows_last;
        *ld = o->rows_last ? rows->size : cols->size;
        return true;
    }
    int64_t rs = inner_stride(rows, o), cs = inner_stride(cols, o);
    if (cs == 1 || cols->size == 1) {
        *trans = false;
        *ld = rows->size == 1 ? cols->size : rs;
        return *ld >= cols->size;
    }
    if (rs == 1 || rows->size == 1) {
        *trans = true;
        *ld = cs;
        return *ld >= rows->size;
    }
    return false;
}

/* Letters of a product by kind, each outer to inner by its stride in an operand that has it. */
typedef struct Kinds { int letter[4][MAX_LETTERS], n[4]; } Kinds;
enum { ROWS, COLS, SUMMED, BATCH };

static bool kinds_of(const Contract *c, const Operand *op, Kinds *k)
{
    static const int holder[][2] = { { 0, 2 }, { 1, 2 }, { 0, 1 }, { 0, 0 } };
    *k = (Kinds){ 0 };
    for (int q = 0; q < c->nletters; q++) {
        bool a = op[0].stride[q], b = op[1].stride[q], o = op[2].stride[q];
        int kind = a && b && o ? BATCH : a && o ? ROWS : b && o ? COLS : a && b ? SUMMED : -1;
        if (c->range[q] == 1)
            continue;
        if (kind < 0)
            return false;
        const int64_t *stride = op[holder[kind][op[holder[kind][0]].aside]].stride;
        int at = k->n[kind]++;
        for (; kind != BATCH && at > 0 && stride[k->letter[kind][at - 1]] < stride[q]; at--)
            k->letter[kind][at] = k->letter[kind][at - 1];
        k->letter[kind][at] = q;
    }
    return k->n[ROWS] && k->n[COLS] && k->n[SUMMED];
}

/* c is stored with its rows adjacent: c' = b' a'. */
static LGemm swapped(const LGemm *g)
{
    LGemm s = *g;
    s.m = g->n, s.n = g->m;
    s.a = g->b, s.ta = !g->tb, s.lda = g->ldb;
    s.b = g->a, s.tb = !g->ta, s.ldb = g->lda;
    return s;
}

/* The loops around a product, outer to inner as the factor with the most of them is stored: so they meet the loops that made it. sums: the first that is over a summed
 * letter; mixed: one over a letter of the result is inside it. */
typedef struct Around { int letter[MAX_LETTERS], n, sums; bool mixed; } Around;

static Around outer_letters(const Product *p)
{
    const Operand *op = p->op;
    Around r = { .n = 0 };
    int count[2] = { 0, 0 };
    for (int q = 0; q < p->t.c->nletters; q++)
        for (int k = 0; k < 2; k++)
            count[k] += !p->inside[q] && op[k].stride[q];
    const int64_t *s = op[count[1] > count[0]].stride;
    for (int q = 0; q < p->t.c->nletters; q++) {
        int at = r.n;
        if (p->inside[q])
            continue;
        for (; at > 0 && s[r.letter[at - 1]] < s[q]; at--)
            r.letter[at] = r.letter[at - 1];
        r.letter[at] = q;
        r.n++;
    }
    while (r.sums < r.n && op[2].stride[r.letter[r.sums]])
        r.sums++;
    for (int k = r.sums; k < r.n; k++)
        r.mixed |= op[2].stride[r.letter[k]] != 0;
    return r;
}

/* The pointer at the first element of the product, and the dimensions along which the product moves. */
static LPtr start_of(Low *l, const Operand *o, const Letters *t, const bool *inside)
{
    LPtr p = { o->at.buf, NEW_N(l->arena, LExpr *, o->at.buf->rank + 1), 0 };
    for (int d = 0; d < p.buf->rank; d++) {
        p.idx[d] = o->at.idx[d];
        for (int q = 0; q < t->c->nletters; q++)
            if (inside[q] && x_mentions(p.idx[d], t->var[q])) {
                p.along |= t->c->range[q] > 1 ? 1u << d : 0;
                p.idx[d] = x_with(l, p.idx[d], t->var[q], x_int(l, 0));
            }
    }
    return p;
}

static LPtr operand_start(Low *l, Product *p, int k)
{
    return p->op[k].aside ? aside_start(l, &p->op[k]) : start_of(l, &p->op[k], &p->t, p->inside);
}

/* Zeros for the part of the result that the product makes; none where that part is not all in one. */
static bool zero_part(Low *l, const Product *p, LBlock *at)
{
    LPtr c = operand_start(l, (Product *)p, 2);
    int64_t count = 1;
    int d = c.buf->rank;
    while (d > 0 && count < p->g.m * p->g.n)
        count *= c.buf->dim[--d];
    if (count != p->g.m * p->g.n || c.along >> d << d != c.along)
        return false;
    LStmt *s = new_stmt(l, LS_ZERO, NULL);
    s->dst = c;
    s->dst.along = ((1u << c.buf->rank) - 1) >> d << d;
    s->count = count;
    push_stmt(l, at, s);
    return true;
}

/* Its letters are axes of the result, one each: they fit. */
static void result_aside(Product *p, bool *swap)
{
    p->op[2].aside = true;
    if (!fits_aside(p, 2) || !layout(&p->rows, &p->cols, &p->op[2], swap, &p->g.ldc))
        ice("gemm: a result that does not fit aside");
}

static LBlock *open_letters(Low *l, const Product *p, const int *letter, int n, LBlock *at)
{
    for (int k = 0; k < n; k++) {
        LStmt *f = new_for(l, p->t.var[letter[k]], p->t.c->range[letter[k]], false, NULL);
        push_stmt(l, at, f);
        at = &f->body;
    }
    return at;
}

/* add: the result is added to what is there, when it is whole. The sum of loops around the product begins with zeros just before them; where they are mixed with loops over
 * the result, the caller has filled all of it. */
static void push_product(Low *l, Env *e, Product *p, const Around *r, bool swap, bool add, LBlock *b)
{
    LStmt *s = new_stmt(l, LS_GEMM, p->n);
    const bool sums = r->sums < r->n && !r->mixed;
    const int outer = sums ? r->sums : r->n;
    LBlock *each = open_letters(l, p, r->letter, outer, b);
    if (sums && !p->op[2].aside && (add || !zero_part(l, p, each)))
        result_aside(p, &swap);
    if (p->op[2].aside) {
        make_aside(l, p, 2);
        if (sums && !zero_part(l, p, each))
            ice("gemm: a result aside is not all in one");
    }
    LBlock *at = open_letters(l, p, r->letter + outer, r->n - outer, each);
    for (int k = 0; k < 2; k++)
        if (p->op[k].aside)
            copy_aside(l, e, p, k, !r->n, at);
    s->gemm = p->g;
    s->gemm.accumulate = sums || ((add || r->mixed) && !p->op[2].aside);
    s->gemm.a = operand_start(l, p, 0);
    s->gemm.b = operand_start(l, p, 1);
    s->gemm.c = operand_start(l, p, 2);
    if (swap)
        s->gemm = swapped(&s->gemm);
    push_stmt(l, at, s);
    if (p->op[2].aside)
        spread(l, e, p, add || r->mixed, each);
}

/* Sizes of LONG and more count the same, so that the form of the code does not turn on how long a batch is: small are products with one of something,
 * and those of a few numbers each way. They stay loops, which fuse with what is around them. Docs: compiler.md, "Sizes". */
static bool is_worth_a_call(const LGemm *g)
{
    enum { LEAST = 128 };
    int64_t size[] = { g->m, g->n, g->k }, work = 1;
    for (int k = 0; k < 3; k++)
        work *= size[k] < LONG ? size[k] : LONG;
    return work >= LEAST;
}

/* Each element that is copied aside takes part in LONG multiplications or more. */
static bool is_worth_a_copy(const LGemm *g, int k) { return (k == 0 ? g->n : k == 1 ? g->m : g->k) >= LONG; }

/* The groups of the product and how its operands are stored; *bad: the operand that is not stored as rows or columns, -1 where that is not the trouble. */
static bool arrange(Product *p, bool *swap, int *bad)
{
    const Contract *c = p->t.c;
    Operand *op = p->op;
    Kinds kind;
    *bad = -1;
    for (int k = 0; k < 3; k++)
        if (op[k].aside)
            note_letters(p, k);
    if (!kinds_of(c, op, &kind))
        return false;
    p->rows = inner_group(c, kind.letter[ROWS], kind.n[ROWS], &op[0], &op[2]);
    p->cols = inner_group(c, kind.letter[COLS], kind.n[COLS], &op[1], &op[2]);
    p->sum = inner_group(c, kind.letter[SUMMED], kind.n[SUMMED], &op[0], &op[1]);
    p->g = (LGemm){ .m = p->rows.size, .n = p->cols.size, .k = p->sum.size, .alpha = c->scale * op[0].scale * op[1].scale };
    if (!is_worth_a_call(&p->g))
        return false;
    for (int k = 0; k < 3; k++)
        if (op[k].aside && (!is_worth_a_copy(&p->g, k) || !fits_aside(p, k)))
            return false;
    if (!layout(&p->rows, &p->sum, &op[0], &p->g.ta, &p->g.lda))
        *bad = 0;
    else if (!layout(&p->sum, &p->cols, &op[1], &p->g.tb, &p->g.ldb))
        *bad = 1;
    else if (!layout(&p->rows, &p->cols, &op[2], swap, &p->g.ldc))
        *bad = 2;
    return *bad < 0;
}

/* The runtime adds a product to c when it is whole. A BLAS adds it in pieces: those are the products that it may be given (runtime/gemm.c). */
static bool is_large(const LGemm *g) { return (double)g->m * (double)g->n * (double)g->k > MFL_GEMM_LARGE; }

bool emit_gemm(Low *l, Env *e, Node *whole, Slot *to, LBlock *b, bool accumulate)
{
    Product p = { .n = bounded(l, whole), .to = to };
    const Contract *c = p.t.c = p.n->u.contract;
    if (!l->opt->gemm_calls || c->nfactor != 2 || c->nguard || p.n->type.dtype != T_REAL)
        return false;
    for (int q = 0; q < c->nletters; q++) {
        p.t.var[q] = new_var(l, letter_name(p.n, q));
        p.t.x[q] = x_var(l, p.t.var[q]);
    }
    bool partial, swap;
    int bad;
    for (int k = 0; k < 2; k++)
        p.op[k].aside = !factor_at(l, e, p.n, k, &p.t, &p.op[k]);
    p.scatter = p.op[2].aside = !output_at(l, e, p.n, to, &p.t, &p.op[2], &partial);
    while (!arrange(&p, &swap, &bad)) {
        if (bad < 0)
            return false;
        p.op[bad].aside = true;
    }
    const Group *groups[] = { &p.rows, &p.cols, &p.sum };
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < groups[k]->n; i++)
            p.inside[groups[k]->letter[i]] = true;
    for (int q = 0; q < c->nletters; q++)
        p.inside[q] |= c->range[q] == 1;
    const Around r = outer_letters(&p);
    if (r.mixed && accumulate && !p.scatter) {
        add_apart(l, e, whole, to, b);
        return true;
    }
    if (accumulate && is_large(&p.g) && !p.op[2].aside)
        result_aside(&p, &swap);
    if ((partial || p.scatter || r.mixed) && !accumulate)      /* what the product does not reach is zero */
        zero_slot(l, p.n, to, b);
    push_product(l, e, &p, &r, swap, accumulate || p.scatter, b);
    return true;
}
