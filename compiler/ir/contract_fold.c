/* contract_fold.c -- folds operands into the contract that reads them.
 *
 *   splat constant k     scale *= k                    -x, k * x      scale takes the number
 *   view (a contract without a sum, each output letter alone in its place): its places, with the reader's places put for its letters
 *   reshape that splits axes: a place of the unsplit axis is affine in the places of its parts
 *   index operand: constants, iota, sums and differences of them become part of the affine place
 * Invariant of each step: the value stays the same (0 in a view's margin wins over what is not finite in another factor). */
#include "contract.h"
#include <math.h>

static bool real(const Work *w)
{
    return w->out.dtype == T_REAL;
}

/* Takes factor k out. */
static void drop_factor(Work *w, int k)
{
    Contract *c = &w->c;
    for (int j = k; j + 1 < contract_args(c); j++) {
        Access *to = &c->arg[j], *from = &c->arg[j + 1];
        to->rank = from->rank;
        memcpy(to->place, from->place, sizeof *from->place * (size_t)from->rank);
        w->arg[j] = w->arg[j + 1];
    }
    c->nfactor--;
    for (int a = 0; a <= contract_args(c); a++) {
        Access *acc = a ? &c->arg[a - 1] : &c->out;
        for (int d = 0; d < acc->rank; d++)
            acc->place[d].index -= acc->place[d].index > k;
    }
}

static bool fold_constant(Work *w, int k)
{
    double v;
    if (!ir_is_const(w->arg[k], &v) || (v == 1 && w->c.nfactor == 1 && w->arg[k]->type.rank == 0))
        return false;
    /* A truth value or a whole number is its own constant; it stays a factor only as the scalar 1. */
    w->c.scale *= v;
    drop_factor(w, k);
    w->zero |= w->c.scale == 0;
    return true;
}

static bool fold_scale(Work *w, int k)
{
    Node *n = w->arg[k];
    double v = -1;
    int x = 0;
    if (!real(w))
        return false;
    if (n->op == OP_mul && ir_is_const(n->arg[1], &v))
        x = 0;
    else if (n->op == OP_mul && ir_is_const(n->arg[0], &v))
        x = 1;
    else if (n->op != OP_neg)
        return false;
    if (!isfinite(v))
        return false;
    w->c.scale *= v;
    w->arg[k] = n->arg[x];
    return true;
}

/* p with letters replaced by the places of `at`: letter l is by[l], -1: a letter of the view on no axis (there is none). */
static bool compose(const Contract *view, const Place *p, const Access *at, const int *axis_of, bool may_index, Place *out)
{
    Place r = place_const(p->base);
    for (int l = 0; l < view->nletters; l++) {
        if (!p->coef[l])
            continue;
        const Place *q = &at->place[axis_of[l]];
        if (!place_add(&r, q, p->coef[l]))
            return false;
        if (q->index >= 0) {
            if (!may_index || p->coef[l] != 1 || r.index >= 0)
                return false;
            r.index = q->index;
        }
    }
    *out = r;
    return true;
}

static void view_axes(const Contract *view, int *axis_of)
{
    for (int d = 0; d < view->out.rank; d++) {
        int l = contract_out_letter(view, d);
        if (l >= 0)
            axis_of[l] = d;
    }
}

/* Appends index operand `x` read at `at`; its number among the operands, or -1 when there is no room. */
static int add_index(Work *w, Node *x, const Access *at)
{
    int k = contract_args(&w->c);
    if (k == MAX_OPERANDS)
        return -1;
    w->arg[k] = x;
    w->c.arg[k].rank = at->rank;
    memcpy(w->c.arg[k].place, at->place, sizeof *at->place * (size_t)at->rank);
    w->c.nindex++;
    return k;
}

static bool fold_view(Work *w, int k)
{
    Node *n = w->arg[k];
    if (n->op != OP_contract || !contract_is_view(n->u.contract, &n->type) || (n->u.contract->scale != 1 && !real(w)))
        return false;
    const Contract *v = n->u.contract;
    int axis_of[MAX_LETTERS], nindex = w->c.nindex, nguard = w->c.nguard;
    Access at = { .rank = v->arg[0].rank }, idx[MAX_OPERANDS];
    view_axes(v, axis_of);
    for (int d = 0; d < at.rank; d++) {
        if (!compose(v, &v->arg[0].place[d], &w->c.arg[k], axis_of, true, &at.place[d]))
            return false;
        if (v->arg[0].place[d].index >= 0 && at.place[d].index >= 0)
            return false;
    }
    for (int j = 0; j < v->nindex; j++) {
        idx[j].rank = v->arg[1 + j].rank;
        for (int d = 0; d < idx[j].rank; d++)
            if (!compose(v, &v->arg[1 + j].place[d], &w->c.arg[k], axis_of, false, &idx[j].place[d]))
                return false;
    }
    Guard guard[MAX_RANK];
    for (int j = 0; j < v->nguard; j++) {
        guard[j].n = v->guard[j].n;
        if (!compose(v, &v->guard[j].place, &w->c.arg[k], axis_of, false, &guard[j].place))
            return false;
    }
    bool fits = contract_args(&w->c) + v->nindex <= MAX_OPERANDS;
    for (int j = 0; j < v->nguard && fits; j++)
        fits = contract_add_guard(&w->c, &guard[j].place, guard[j].n);
    if (!fits) {
        w->c.nguard = nguard;            /* a guard that was tightened only repeats what the view says itself */
        return false;
    }
    for (int d = 0; d < at.rank; d++)
        if (v->arg[0].place[d].index >= 0)
            at.place[d].index = w->c.nfactor + nindex + v->arg[0].place[d].index - 1;
    for (int j = 0; j < v->nindex; j++)
        add_index(w, n->arg[1 + j], &idx[j]);
    w->c.arg[k] = at;
    w->c.scale *= v->scale;
    w->arg[k] = n->arg[0];
    return true;
}

/* Axis e of the unsplit shape covers axes *d .. of the split one. */
static bool unsplit_axis(const Work *w, int k, int64_t size, int *d, Place *out)
{
    const Type *t = &w->arg[k]->type;
    int from = *d;
    int64_t n = 1;
    while (*d < t->rank && n < size)
        n *= t->dim[(*d)++];
    if (n != size)
        return false;
    Place r = place_const(0);
    n = 1;
    for (int a = *d - 1; a >= from; n *= t->dim[a--]) {
        const Place *p = &w->c.arg[k].place[a];
        if (t->dim[a] == 1)
            continue;
        if (!place_add(&r, p, n) || (p->index >= 0 && (n != 1 || r.index >= 0)))
            return false;
        if (p->index >= 0)
            r.index = p->index;
    }
    *out = r;
    return true;
}

static bool fold_split(Work *w, int k)
{
    Node *n = w->arg[k];
    if (n->op != OP_reshape || type_count(&n->type) == 0)
        return false;
    const Type *old = &n->arg[0]->type;
    Access at = { .rank = old->rank };
    int d = 0;
    for (int e = 0; e < old->rank; e++)
        if (!unsplit_axis(w, k, old->dim[e], &d, &at.place[e]))
            return false;
    w->c.arg[k] = at;
    w->arg[k] = n->arg[0];
    return true;
}

/* ---- index operands ---- */

/* Puts base + sum of letters + (x at `at`) in the place of index operand k, in all places that use it. x NULL: none. */
static bool replace_index(Work *w, int k, const Place *affine, Node *x)
{
    for (int pass = 0; pass < 2; pass++)
        for (int a = 0; a <= w->c.nfactor; a++) {
            Access *acc = a ? &w->c.arg[a - 1] : &w->c.out;
            for (int d = 0; d < acc->rank; d++) {
                Place *p = &acc->place[d], r = *p;
                if (p->index != k)
                    continue;
                if (!place_add(&r, affine, 1))
                    return false;
                r.index = x ? k : -1;
                if (pass)
                    *p = r;
            }
        }
    if (x)
        w->arg[k] = x;
    return true;
}

static bool fold_index_view(Work *w, int k)
{
    Node *n = w->arg[k];
    const Contract *v = n->u.contract;
    if (n->op != OP_contract || !contract_is_view(v, &n->type) || v->scale != 1 || v->nguard || v->nindex)
        return false;
    int axis_of[MAX_LETTERS];
    Access at = { .rank = v->arg[0].rank };
    view_axes(v, axis_of);
    for (int d = 0; d < at.rank; d++)
        if (!compose(v, &v->arg[0].place[d], &w->c.arg[k], axis_of, false, &at.place[d]))
            return false;
    w->c.arg[k] = at;
    w->arg[k] = n->arg[0];
    return true;
}

static bool fold_index(Work *w, int k)
{
    Node *n = w->arg[k];
    double v;
    Place none = place_const(0);
    if (ir_is_const(n, &v)) {
        none.base = (int64_t)v;
        return replace_index(w, k, &none, NULL);
    }
    if (n->op == OP_iota)
        return replace_index(w, k, &w->c.arg[k].place[n->u.axis], NULL);
    if (n->op == OP_contract)
        return fold_index_view(w, k);
    if (n->op != OP_add && n->op != OP_sub)
        return false;
    for (int x = 0; x < 2; x++) {
        Place p = place_const(0);
        int sign = n->op == OP_sub && x == 1 ? -1 : 1;
        if (n->op == OP_sub && x == 0)           /* c - x: the rest would count backwards */
            continue;
        if (ir_is_const(n->arg[x], &v))
            p.base = sign * (int64_t)v;
        else if (n->arg[x]->op != OP_iota || !place_add(&p, &w->c.arg[k].place[n->arg[x]->u.axis], sign))
            continue;
        return replace_index(w, k, &p, n->arg[1 - x]);
    }
    return false;
}

/* An index operand that no place uses. */
static bool drop_index(Work *w, int k)
{
    Contract *c = &w->c;
    for (int a = 0; a <= c->nfactor; a++) {
        const Access *acc = a ? &c->arg[a - 1] : &c->out;
        for (int d = 0; d < acc->rank; d++)
            if (acc->place[d].index == k)
                return false;
    }
    int nfactor = c->nfactor;
    drop_factor(w, k);
    c->nfactor = nfactor;
    c->nindex--;
    return true;
}

/* Index operand k repeats an earlier one. */
static bool merge_index(Work *w, int k)
{
    Contract *c = &w->c;
    for (int j = c->nfactor; j < k; j++) {
        bool same = w->arg[j] == w->arg[k] && c->arg[j].rank == c->arg[k].rank;
        for (int d = 0; d < c->arg[j].rank && same; d++)
            same = place_eq(&c->arg[j].place[d], &c->arg[k].place[d]);
        if (!same)
            continue;
        for (int a = 0; a <= c->nfactor; a++) {
            Access *acc = a ? &c->arg[a - 1] : &c->out;
            for (int d = 0; d < acc->rank; d++)
                if (acc->place[d].index == k)
                    acc->place[d].index = j;
        }
        return drop_index(w, k);
    }
    return false;
}

bool fold_operands(Work *w)
{
    bool any = false, again = true;
    while (again && !w->zero) {
        again = false;
        for (int k = 0; k < w->c.nfactor && !again; k++)
            again = fold_constant(w, k) || fold_scale(w, k) || fold_view(w, k) || fold_split(w, k);
        for (int k = w->c.nfactor; k < contract_args(&w->c) && !again; k++)
            again = drop_index(w, k) || merge_index(w, k) || fold_index(w, k);
        any |= again;
    }
    return any;
}
