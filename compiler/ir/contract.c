/* contract.c -- building contractions: every one is brought to a normal form, so that equal ones are one node and views disappear into their users.
 *
 * Normal form: constants, signs and views are folded into the contract; index arithmetic into places; letters of range 1 and letters that occur nowhere
 * are gone; guards that cannot fail are gone; places of `out` are distinct letters where an affine equation allows it (a gather instead of a
 * scatter); letters are numbered in order of appearance. A contract that does nothing is its operand; a product without a sum is elementwise. */
#include "contract.h"

static void drop_operand(Work *w, int k)
{
    Contract *c = &w->c;
    int n = c->nfactor + c->nindex;
    memmove(w->arg + k, w->arg + k + 1, sizeof *w->arg * (size_t)(n - k - 1));
    memmove(c->arg + k, c->arg + k + 1, sizeof *c->arg * (size_t)(n - k - 1));
    if (k < c->nfactor)
        c->nfactor--;
    else
        c->nindex--;
    for (int a = -1; a < n - 1; a++) {
        Access *x = a < 0 ? &c->out : &c->arg[a];
        for (int d = 0; d < x->rank; d++)
            if (x->place[d].index > k)
                x->place[d].index--;
    }
}

static bool index_used(const Contract *c, int k)
{
    for (int a = -1; a < c->nfactor; a++) {
        const Access *x = a < 0 ? &c->out : &c->arg[a];
        for (int d = 0; d < x->rank; d++)
            if (x->place[d].index == k)
                return true;
    }
    return false;
}

/* ---- operands ---- */

bool contract_only_copies(const Contract *c, const Type *out)
{
    bool seen[MAX_LETTERS] = { false };
    for (int d = 0; d < c->out.rank; d++) {
        int l;
        int64_t zero;
        if (place_is_const(&c->out.place[d], &zero) && zero == 0 && out->dim[d] == 1)
            continue;
        if (!place_is_letter(&c->out.place[d], &l) || seen[l] || c->range[l] != out->dim[d])
            return false;
        seen[l] = true;
    }
    for (int l = 0; l < c->nletters; l++)
        if (!seen[l])
            return false;
    return true;
}

static bool is_view(const Node *v)
{
    return v->op == OP_contract && v->u.contract->nfactor == 1 && contract_only_copies(v->u.contract, &v->type);
}

/* v's place in terms of w's letters: letter l of v stands for at[l], a place of w. Index operands of v start at `shift`. */
static bool through(const Place *p, const Place *const *at, int nletters, int shift, Place *out)
{
    *out = place_const(p->base);
    out->index = p->index >= 0 ? p->index + shift : -1;
    for (int l = 0; l < nletters; l++) {
        int32_t k = p->coef[l];
        if (!k)
            continue;
        if (!at[l])
            continue;
        out->base += k * at[l]->base;
        for (int i = 0; i < MAX_LETTERS; i++)
            out->coef[i] += k * at[l]->coef[i];
        if (at[l]->index >= 0) {
            if (k != 1 || out->index >= 0)
                return false;
            out->index = at[l]->index;
        }
    }
    return true;
}

/* Reads operand k through the view that it is. */
static bool fold_view(Work *w, int k)
{
    Contract *c = &w->c;
    const Node *v = w->arg[k];
    const Contract *vc = v->u.contract;
    bool factor = k < c->nfactor;
    if (!is_view(v) || c->nfactor + c->nindex + vc->nindex > MAX_OPERANDS || c->nguard + vc->nguard > MAX_RANK)
        return false;
    if (!factor && (vc->nindex || vc->nguard || vc->scale != 1))
        return false;
    const Place *at[MAX_LETTERS] = { NULL };
    Place old[MAX_RANK];
    memcpy(old, c->arg[k].place, sizeof old);
    for (int d = 0, l; d < vc->out.rank; d++)
        if (place_is_letter(&vc->out.place[d], &l))
            at[l] = &old[d];
    int shift = c->nfactor + c->nindex - 1;       /* v's operand 1 becomes operand nfactor + nindex */
    Access access = vc->arg[0], index[MAX_OPERANDS];
    Guard guard[MAX_RANK];
    for (int d = 0; d < access.rank; d++)
        if (!through(&vc->arg[0].place[d], at, vc->nletters, shift, &access.place[d]))
            return false;
    for (int i = 0; i < vc->nindex; i++) {
        index[i] = vc->arg[1 + i];
        for (int d = 0; d < index[i].rank; d++)
            if (!through(&vc->arg[1 + i].place[d], at, vc->nletters, 0, &index[i].place[d]) || index[i].place[d].index >= 0)
                return false;
    }
    for (int i = 0; i < vc->nguard; i++) {
        guard[i].n = vc->guard[i].n;
        if (!through(&vc->guard[i].place, at, vc->nletters, 0, &guard[i].place) || guard[i].place.index >= 0)
            return false;
    }
    c->arg[k] = access;
    w->arg[k] = v->arg[0];
    for (int i = 0; i < vc->nindex; i++) {
        c->arg[c->nfactor + c->nindex] = index[i];
        w->arg[c->nfactor + c->nindex++] = v->arg[1 + i];
    }
    for (int i = 0; i < vc->nguard; i++)
        c->guard[c->nguard++] = guard[i];
    c->scale *= vc->scale;
    return true;
}

static bool letter_in(const Contract *c, const Access *x, int letter)
{
    for (int d = 0; d < x->rank; d++)
        if (x->place[d].coef[letter])
            return true;
    return false;
}

/* May the letter be the value of index operand `index` instead? It then stands alone or beside constants and letters, where no other index is. */
static bool may_be_index(const Contract *c, int letter, int index, int k)
{
    bool sums = !letter_in(c, &c->out, letter);
    for (int l = 0; l < c->nletters; l++)
        sums |= letter_in(c, &c->arg[index], l) && !letter_in(c, &c->out, l);
    for (int a = -1; a < c->nfactor + c->nindex; a++) {
        const Access *x = a < 0 ? &c->out : &c->arg[a];
        for (int d = 0; a != k && d < x->rank; d++)
            if (x->place[d].coef[letter] && (a >= c->nfactor || x->place[d].coef[letter] != 1 || x->place[d].index >= 0))
                return false;
    }
    for (int g = 0; g < c->nguard; g++)
        if (c->guard[g].place.coef[letter])
            return false;
    return sums;
}

/* A factor that is 1 where its two places are equal and else 0: the letter of one takes the value of the other, sum[i](d[y[e], i] x[i]) = x[y[e]], and a
 * product with a matrix of labels becomes a gather, or a scatter. Only where something is summed: one element of it costs nothing. */
static bool fold_delta(Work *w, int k)
{
    Contract *c = &w->c;
    const Node *n = w->arg[k], *is = n->op == OP_real ? n->arg[0] : n;
    if (is->op != OP_eq || n->type.rank != 2 || n->type.dim[0] != n->type.dim[1] || is->arg[0]->op != OP_iota || is->arg[1]->op != OP_iota || is->arg[0] == is->arg[1])
        return false;
    for (int side = 0; side < 2; side++) {
        Place by = c->arg[k].place[side], alone = by;
        int letter;
        int64_t lo, hi, base;
        if (!place_is_letter(&c->arg[k].place[1 - side], &letter) || c->range[letter] != n->type.dim[0] || by.coef[letter])
            continue;
        alone.index = -1;
        place_range(c, &alone, &lo, &hi);
        bool gathers = by.index >= 0 && place_is_const(&alone, &base) && base == 0 && may_be_index(c, letter, by.index, k);
        bool affine = by.index < 0 && lo >= 0 && hi < n->type.dim[0] && !letter_in(c, &c->out, letter);
        if (!gathers && !affine)
            continue;
        if (affine)
            contract_put(c, letter, by);
        for (int a = -1; gathers && a < c->nfactor; a++) {
            Access *x = a < 0 ? &c->out : &c->arg[a];
            for (int d = 0; a != k && d < x->rank; d++)
                if (x->place[d].coef[letter]) {
                    x->place[d].coef[letter] = 0;
                    x->place[d].index = by.index;
                }
        }
        c->range[letter] = 1;
        w->arg[k] = ir_real(w->g, 1);
        c->arg[k].rank = 0;
        return true;
    }
    return false;
}

static bool fold_factor(Work *w, int k)
{
    Node *n = w->arg[k];
    double v;
    if (w->out.dtype == T_REAL && fold_delta(w, k))
        return true;
    if (w->out.dtype == T_REAL && ir_is_const(n, &v) && !(w->c.nfactor == 1 && n->type.rank == 0)) {
        w->c.scale *= v;
        if (w->c.nfactor > 1) {
            drop_operand(w, k);
            return true;
        }
        w->arg[k] = ir_real(w->g, 1);
        w->c.arg[k].rank = 0;
        return true;
    }
    if (w->out.dtype == T_REAL && ir_is_const(n, &v) && v != 1) {
        w->c.scale *= v;
        w->arg[k] = ir_real(w->g, 1);
        return true;
    }
    if (w->out.dtype == T_REAL && n->op == OP_neg) {
        w->c.scale = -w->c.scale;
        w->arg[k] = n->arg[0];
        return true;
    }
    if (w->out.dtype == T_REAL && n->op == OP_mul && (ir_is_const(n->arg[0], &v) || ir_is_const(n->arg[1], &v))) {
        w->c.scale *= v;
        w->arg[k] = n->arg[ir_is_const(n->arg[0], NULL)];
        return true;
    }
    return fold_view(w, k);
}

/* An index operand that is known arithmetic moves into the places that use it. */
static bool fold_index(Work *w, int k)
{
    Contract *c = &w->c;
    Node *n = w->arg[k], *rest = NULL;
    double v;
    Place add = place_const(0);
    if (!index_used(c, k)) {
        drop_operand(w, k);
        return true;
    }
    if (ir_is_const(n, &v))
        add.base = (int64_t)v;
    else if (n->op == OP_iota)
        add = c->arg[k].place[n->u.axis];
    else if (n->op == OP_add && (ir_is_const(n->arg[0], &v) || ir_is_const(n->arg[1], &v))) {
        add.base = (int64_t)v;
        rest = n->arg[ir_is_const(n->arg[0], NULL)];
    } else if (n->op == OP_sub && ir_is_const(n->arg[1], &v)) {
        add.base = -(int64_t)v;
        rest = n->arg[0];
    } else
        return fold_view(w, k);
    for (int a = -1; a < c->nfactor; a++) {
        Access *x = a < 0 ? &c->out : &c->arg[a];
        for (int d = 0; d < x->rank; d++)
            if (x->place[d].index == k) {
                x->place[d].base += add.base;
                for (int l = 0; l < MAX_LETTERS; l++)
                    x->place[d].coef[l] += add.coef[l];
                if (!rest)
                    x->place[d].index = -1;
            }
    }
    if (rest)
        w->arg[k] = rest;
    else
        drop_operand(w, k);
    return true;
}

static bool fold_one(Work *w)
{
    for (int k = 0; k < w->c.nfactor; k++)
        if (fold_factor(w, k))
            return true;
    for (int k = w->c.nfactor; k < w->c.nfactor + w->c.nindex; k++)
        if (fold_index(w, k))
            return true;
    return false;
}

/* ---- normal form ---- */

/* Accessed as out is: all plain letters in out's order. */
static bool like_out(const Contract *c, const Access *x, const Type *arg, const Type *out)
{
    if (x->rank != c->out.rank)
        return false;
    for (int k = 0; k < x->rank; k++)
        if (memcmp(&x->place[k], &c->out.place[k], sizeof(Place)) || arg->dim[k] != out->dim[k])
            return false;
    return true;
}

static Node *elementwise(Work *w)
{
    Contract *c = &w->c;
    if (c->nguard || c->nindex || !contract_only_copies(c, &w->out))
        return NULL;
    if (w->out.dtype == T_REAL && c->nfactor == 1 && ir_is_const(w->arg[0], NULL) && w->arg[0]->type.rank == 0)
        return ir_const(w->g, w->out, c->scale * w->arg[0]->u.number);
    if (c->nfactor == 1 && ir_is_const(w->arg[0], NULL))
        return ir_const(w->g, w->out, c->scale * w->arg[0]->u.number);
    for (int k = 0; k < c->nfactor; k++)
        if (!like_out(c, &c->arg[k], &w->arg[k]->type, &w->out))
            return NULL;
    Node *n = w->arg[0];
    for (int k = 1; k < c->nfactor; k++)
        n = ir_map2(w->g, OP_mul, n, w->arg[k]);
    return c->scale == 1 ? n : ir_scale(w->g, n, c->scale);
}

Node *ir_contract(Graph *g, const Contract *contract, Node *const *args, Type out)
{
    static _Thread_local Work pool[64];
    static _Thread_local int depth;
    if (depth >= 64)
        ice("contractions are built inside each other too deeply");
    Work *w = &pool[depth++];
    w->g = g;
    w->zero = false;
    w->out = out;
    contract_copy(&w->c, contract);
    memcpy(w->arg, args, sizeof *args * (size_t)(contract->nfactor + contract->nindex));
    for (int a = -1; a < w->c.nfactor + w->c.nindex; a++) {
        Access *x = a < 0 ? &w->c.out : &w->c.arg[a];
        if (x->rank != (a < 0 ? out.rank : args[a]->type.rank))
            ice("a contraction accesses operand %d with %d places", a, x->rank);
    }
    for (int k = w->c.nfactor; k < w->c.nfactor + w->c.nindex; k++)
        if (args[k]->type.dtype != T_INT)
            ice("a contraction's index is not of type int");
    for (bool again = true; again && !w->zero;) {
        again = contract_tidy_letters(w) || contract_tidy_guards(w) || fold_one(w) || contract_solve_out(w);
        if (w->c.scale == 0)
            w->zero = true;
    }
    Node *n;
    if (w->zero || (out.dtype == T_REAL && w->c.nfactor && ir_is_const(w->arg[0], NULL) && w->arg[0]->u.number == 0))
        n = ir_const(g, out, 0);
    else {
        contract_renumber(&w->c);
        n = elementwise(w);
        if (!n) {
            Node like = { .op = OP_contract, .type = out };
            like.u.contract = (Contract *)contract_intern(&w->c);
            n = node_make(g, &like, w->arg, w->c.nfactor + w->c.nindex);
        }
    }
    depth--;
    return n;
}
