/* gemm.c -- contractions that are matrix products in disguise.
 *
 * The letters of c[..] += a[..] b[..] fall into rows (in a and c), columns (in b and c), summed (in a and b) and batch (in all three). Letters of one kind
 * whose strides nest are one; the innermost group of each kind makes the product, everything else becomes loops around it. Transposed
 * storage is a flag. Products that are too small, or not made of rows and columns, stay plain loops. */
#include "low.h"

typedef struct Operand { Slot *slot; Env *env; Node *node; int64_t stride[MAX_LETTERS]; LExpr *base[MAX_RANK]; } Operand;
typedef struct Group { int letter[MAX_LETTERS], n; int64_t size; } Group;

/* Strides of each letter in a stored operand; false when a place is no plain letter, constant or number. */
static bool strides(Low *l, Env *e, Node *n, const Access *x, const Type *t, Operand *o)
{
    int64_t stride = 1;
    for (int d = t->rank - 1; d >= 0; d--) {
        const Place *p = &x->place[d];
        int letter, count = 0;
        for (int k = 0; k < n->u.contract->nletters; k++)
            count += p->coef[k] != 0;
        o->base[d] = NULL;
        if (place_is_letter(p, &letter) && !o->stride[letter])
            o->stride[letter] = stride;
        else if (count == 0)
            o->base[d] = p->index >= 0 && n->u.contract->arg[p->index].rank ? NULL : place_at(l, e, n, p, NULL);
        else
            return false;
        if (count == 0 && !o->base[d])
            return false;
        stride *= t->dim[d];
    }
    return true;
}

/* Splits off the innermost group: letters (given outer to inner) whose strides nest in both x and y. */
static Group inner_group(const Contract *c, const int *letter, int n, const Operand *x, const Operand *y)
{
    Group g = { .size = 1 };
    for (int k = n - 1; k >= 0; k--) {
        int q = letter[k];
        if (g.n) {
            int first = g.letter[0];
            if (x->stride[q] != x->stride[first] * c->range[first] || y->stride[q] != y->stride[first] * c->range[first])
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

static bool in_group(const Group *g, int letter)
{
    for (int k = 0; k < g->n; k++)
        if (g->letter[k] == letter)
            return true;
    return false;
}

static LPtr address(Low *l, const Access *x, const Type *t, const Operand *o, LExpr **letter)
{
    LExpr *idx[MAX_RANK];
    for (int d = 0; d < t->rank; d++) {
        int q;
        if (o->base[d])
            idx[d] = o->base[d];
        else {
            place_is_letter(&x->place[d], &q);
            idx[d] = letter[q] ? letter[q] : x_int(l, 0);
        }
    }
    return (LPtr){ o->slot->buf, slot_index(l, o->slot, idx, t->rank) };
}

/* op(x)[rows][cols] in storage: plain when columns are adjacent, transposed when rows are. */
static bool layout(const Group *rows, const Group *cols, const Operand *o, bool *trans, int64_t *ld)
{
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

/* Letters of a product by kind, each outer to inner by its stride in the operand that has it. */
typedef struct Kinds { int letter[4][MAX_LETTERS], n[4]; double work; } Kinds;
enum { ROWS, COLS, SUMMED, BATCH };

static bool kinds_of(const Contract *c, const Operand *op, Kinds *k)
{
    *k = (Kinds){ .work = 1 };
    for (int q = 0; q < c->nletters; q++) {
        bool a = op[0].stride[q], b = op[1].stride[q], o = op[2].stride[q];
        int kind = a && b && o ? BATCH : a && o ? ROWS : b && o ? COLS : a && b ? SUMMED : -1;
        if (kind < 0)
            return false;
        const int64_t *stride = op[kind == COLS].stride;
        int at = k->n[kind]++;
        for (; kind != BATCH && at > 0 && stride[k->letter[kind][at - 1]] < stride[q]; at--)
            k->letter[kind][at] = k->letter[kind][at - 1];
        k->letter[kind][at] = q;
        k->work *= (double)c->range[q];
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

bool emit_gemm(Low *l, Env *e, Node *n, Slot *to, LBlock *b, bool accumulate)
{
    const Contract *c = n->u.contract;
    if (!l->opt->gemm_calls || c->nfactor != 2 || c->nguard || n->type.dtype != T_REAL)
        return false;
    Operand op[3] = { { .slot = NULL }, { .slot = NULL }, { .slot = to, .node = n } };
    for (int k = 0; k < 2; k++) {
        op[k].env = e;
        op[k].node = n->arg[k];
        op[k].slot = slot_of(&op[k].env, &op[k].node);
        if (!op[k].slot->buf || !strides(l, e, n, &c->arg[k], &n->arg[k]->type, &op[k]))
            return false;
    }
    Kinds kind;
    if (!strides(l, e, n, &c->out, &n->type, &op[2]) || !kinds_of(c, op, &kind))
        return false;
    Group rows = inner_group(c, kind.letter[ROWS], kind.n[ROWS], &op[0], &op[2]), cols = inner_group(c, kind.letter[COLS], kind.n[COLS], &op[1], &op[2]);
    Group sum = inner_group(c, kind.letter[SUMMED], kind.n[SUMMED], &op[0], &op[1]);
    LGemm g = { .m = rows.size, .n = cols.size, .k = sum.size, .alpha = c->scale };
    bool swap;
    if (g.m * g.n * g.k < 512 || kind.work < 2048 || g.m < 2 || g.n < 2 || g.k < 2)
        return false;
    if (!layout(&rows, &sum, &op[0], &g.ta, &g.lda) || !layout(&sum, &cols, &op[1], &g.tb, &g.ldb) || !layout(&rows, &cols, &op[2], &swap, &g.ldc))
        return false;
    /* An output of which the product is only a part (a row at the loop's index) is zero elsewhere. */
    bool loop_sum = sum.n != kind.n[SUMMED], partial = false;
    for (int d = 0; d < n->type.rank; d++)
        partial |= op[2].base[d] && n->type.dim[d] > 1;
    if ((loop_sum || partial) && !accumulate)
        zero_slot(l, n, to, b);
    LBlock *at = b;
    LExpr *letter[MAX_LETTERS] = { NULL };
    for (int q = 0; q < c->nletters; q++) {
        if (in_group(&rows, q) || in_group(&cols, q) || in_group(&sum, q))
            continue;
        LStmt *f = new_for(l, new_var(l, c->letter[q]), c->range[q], false, NULL);
        letter[q] = x_var(l, f->var);
        push_stmt(l, at, f);
        at = &f->body;
    }
    g.accumulate = accumulate || loop_sum;
    g.a = address(l, &c->arg[0], &n->arg[0]->type, &op[0], letter);
    g.b = address(l, &c->arg[1], &n->arg[1]->type, &op[1], letter);
    g.c = address(l, &c->out, &n->type, &op[2], letter);
    LStmt *s = new_stmt(l, LS_GEMM, n);
    s->gemm = swap ? swapped(&g) : g;
    push_stmt(l, at, s);
    return true;
}
