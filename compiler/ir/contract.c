/* contract.c -- building contractions: every one is brought to a normal form, so that equal ones are one node and views disappear into their users.
 *
 * Normal form: constants, signs and views are folded into the contract; index arithmetic into places; letters of range 1 and letters that occur nowhere
 * are gone; guards that cannot fail are gone; places of `out` are distinct letters where an affine equation allows it (a gather instead of a
 * scatter); letters are numbered in order of appearance. A contract that does nothing is its operand; a product without a sum is elementwise. */
#include "contract.h"

void contract_init(Contract *c)
{
    memset(c, 0, sizeof *c);
    c->scale = 1;
}

int contract_letter(Contract *c, int64_t range, Name name)
{
    if (c->nletters >= MAX_LETTERS)
        ice("a contraction of more than %d letters", MAX_LETTERS);
    c->range[c->nletters] = range;
    c->letter[c->nletters] = name;
    return c->nletters++;
}

Place place_const(int64_t base) { return (Place){ .base = base, .index = -1 }; }

Place place_letter(int letter)
{
    Place p = place_const(0);
    p.coef[letter] = 1;
    return p;
}

bool place_is_letter(const Place *p, int *letter)
{
    int at = -1;
    if (p->base || p->index >= 0)
        return false;
    for (int l = 0; l < MAX_LETTERS; l++)
        if (p->coef[l]) {
            if (at >= 0 || p->coef[l] != 1)
                return false;
            at = l;
        }
    if (letter)
        *letter = at;
    return at >= 0;
}

static bool place_is_const(const Place *p, int64_t *value)
{
    for (int l = 0; l < MAX_LETTERS; l++)
        if (p->coef[l])
            return false;
    *value = p->base;
    return p->index < 0;
}

void place_range(const Contract *c, const Place *p, int64_t *lo, int64_t *hi)
{
    *lo = *hi = p->base;
    for (int l = 0; l < c->nletters; l++) {
        int64_t d = p->coef[l] * (c->range[l] - 1);
        *lo += d < 0 ? d : 0;
        *hi += d > 0 ? d : 0;
    }
}

/* Calls f on every place of the contract: accesses and guards. */
typedef void PlaceFn(Place *, void *);
static void each_place(Contract *c, PlaceFn *f, void *user)
{
    for (int k = 0; k < c->out.rank; k++)
        f(&c->out.place[k], user);
    for (int a = 0; a < c->nfactor + c->nindex; a++)
        for (int k = 0; k < c->arg[a].rank; k++)
            f(&c->arg[a].place[k], user);
    for (int g = 0; g < c->nguard; g++)
        f(&c->guard[g].place, user);
}

typedef struct Subst { int letter; Place by; } Subst;
static void subst_place(Place *p, void *user)
{
    const Subst *s = user;
    int32_t k = p->coef[s->letter];
    if (!k)
        return;
    p->coef[s->letter] = 0;
    p->base += k * s->by.base;
    for (int l = 0; l < MAX_LETTERS; l++)
        p->coef[l] += k * s->by.coef[l];
}

static void substitute(Contract *c, int letter, Place by) { each_place(c, subst_place, &(Subst){ letter, by }); }

typedef struct Uses { int letter; int n; } Uses;
static void count_use(Place *p, void *user) { ((Uses *)user)->n += p->coef[((Uses *)user)->letter] != 0; }

static int letter_uses(Contract *c, int letter)
{
    Uses u = { letter, 0 };
    each_place(c, count_use, &u);
    return u.n;
}

static bool in_out(const Contract *c, int letter)
{
    for (int k = 0; k < c->out.rank; k++)
        if (c->out.place[k].coef[letter])
            return true;
    return false;
}

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

/* Every out place of v is its own letter (or 0 on an axis of length 1), and there are no other letters. */
static bool is_view(const Node *v)
{
    const Contract *c;
    if (v->op != OP_contract || (c = v->u.contract)->nfactor != 1)
        return false;
    bool seen[MAX_LETTERS] = { false };
    for (int d = 0; d < c->out.rank; d++) {
        int l;
        int64_t zero;
        if (place_is_const(&c->out.place[d], &zero) && zero == 0 && v->type.dim[d] == 1)
            continue;
        if (!place_is_letter(&c->out.place[d], &l) || seen[l] || c->range[l] != v->type.dim[d])
            return false;
        seen[l] = true;
    }
    for (int l = 0; l < c->nletters; l++)
        if (!seen[l])
            return false;
    return true;
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

static void insert_gap(Work *w, int at)
{
    Contract *c = &w->c;
    int n = c->nfactor + c->nindex;
    memmove(w->arg + at + 1, w->arg + at, sizeof *w->arg * (size_t)(n - at));
    memmove(c->arg + at + 1, c->arg + at, sizeof *c->arg * (size_t)(n - at));
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

static bool fold_factor(Work *w, int k)
{
    Node *n = w->arg[k];
    double v;
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
    (void)insert_gap;
    return false;
}

/* ---- letters and guards ---- */

static bool tidy_letters(Work *w)
{
    Contract *c = &w->c;
    for (int l = 0; l < c->nletters; l++) {
        if (c->range[l] == 1 && letter_uses(c, l)) {
            substitute(c, l, place_const(0));
            return true;
        }
        if (!letter_uses(c, l) && c->range[l] != 1) {
            c->scale *= (double)c->range[l];
            c->range[l] = 1;
            return true;
        }
    }
    return false;
}

/* The only letter of a place, with coefficient 1 or -1; -1 when there is none. */
static int single_letter(const Place *p)
{
    int at = -1;
    for (int l = 0; l < MAX_LETTERS; l++)
        if (p->coef[l]) {
            if (at >= 0 || (p->coef[l] != 1 && p->coef[l] != -1))
                return -1;
            at = l;
        }
    return at;
}

static bool tidy_guard(Work *w, int g)
{
    Contract *c = &w->c;
    Guard x = c->guard[g];
    int64_t lo, hi;
    place_range(c, &x.place, &lo, &hi);
    if (hi < 0 || lo >= x.n) {
        w->zero = true;
        return false;
    }
    if (lo >= 0 && hi < x.n) {
        c->guard[g] = c->guard[--c->nguard];
        return true;
    }
    int l = single_letter(&x.place);
    if (l >= 0 && !in_out(c, l)) {                /* the sum runs over part of the letter's range */
        int64_t from = x.place.coef[l] > 0 ? -x.place.base : x.place.base - x.n + 1, to = x.place.coef[l] > 0 ? x.n - 1 - x.place.base : x.place.base;
        from = from > 0 ? from : 0;
        to = to < c->range[l] - 1 ? to : c->range[l] - 1;
        Place by = place_letter(l);
        by.base = from;
        c->range[l] = to - from + 1;
        Place keep = place_letter(l);
        (void)keep;
        for (int d = 0; d < 1; d++) {             /* l = l' + from, the same letter number */
            Subst s = { l, by };
            each_place(c, subst_place, &s);
        }
        return true;
    }
    if (x.n == 1)                                 /* an equation: a letter that out does not need is eliminated */
        for (l = 0; l < c->nletters; l++) {
            int32_t k = x.place.coef[l];
            if ((k != 1 && k != -1) || in_out(c, l))
                continue;
            Place by = place_const(-k * x.place.base);
            for (int i = 0; i < MAX_LETTERS; i++)
                by.coef[i] = i == l ? 0 : -k * x.place.coef[i];
            c->guard[g] = (Guard){ by, c->range[l] };
            substitute(c, l, by);
            c->range[l] = 1;
            return true;
        }
    return false;
}

static bool tidy_one_guard(Work *w)
{
    for (int g = 0; g < w->c.nguard && !w->zero; g++) {
        for (int h = 0; h < g; h++)
            if (w->c.guard[h].n == w->c.guard[g].n && !memcmp(&w->c.guard[h].place, &w->c.guard[g].place, sizeof(Place))) {
                w->c.guard[g] = w->c.guard[--w->c.nguard];
                return true;
            }
        if (tidy_guard(w, g))
            return true;
    }
    return false;
}

/* ---- places of out ---- */

static bool plain_before(const Contract *c, int axis, int letter)
{
    for (int d = 0; d < axis; d++) {
        int l;
        if (place_is_letter(&c->out.place[d], &l) && l == letter)
            return true;
    }
    return false;
}

static bool plain_anywhere(const Contract *c, int axis, int letter)
{
    for (int d = 0; d < c->out.rank; d++) {
        int l;
        if (d != axis && place_is_letter(&c->out.place[d], &l) && l == letter)
            return true;
    }
    return false;
}

/* Makes one place of out a letter of its own; false when all are, or cannot be. */
static bool solve_out(Work *w)
{
    Contract *c = &w->c;
    for (int d = 0; d < c->out.rank; d++) {
        Place p = c->out.place[d];
        int l;
        int64_t at;
        bool whole = place_is_letter(&p, &l) && !plain_before(c, d, l) && c->range[l] == w->out.dim[d];
        if (whole || p.index >= 0 || (w->out.dim[d] == 1 && place_is_const(&p, &at) && at == 0))
            continue;
        if (c->nletters >= MAX_LETTERS || c->nguard >= MAX_RANK)
            return false;
        int found = -1;
        for (l = 0; l < c->nletters; l++) {
            bool elsewhere = false;
            for (int k = 0; k < c->out.rank; k++)
                elsewhere |= k != d && c->out.place[k].coef[l] != 0;
            if ((p.coef[l] == 1 || p.coef[l] == -1) && !elsewhere && !plain_anywhere(c, d, l))
                found = l;
        }
        bool equation = found < 0;
        if (equation) {                           /* out's place is fixed by other letters: the new letter must equal it */
            for (l = 0; l < c->nletters; l++)
                if (p.coef[l] && !in_out(c, l))
                    return false;
            for (l = 0; l < c->nletters; l++)
                if (p.coef[l] && !plain_anywhere(c, d, l))
                    return false;
        }
        int q = contract_letter(c, w->out.dim[d], NULL);
        if (equation) {
            Place e = p;
            e.coef[q] -= 1;
            c->guard[c->nguard++] = (Guard){ e, 1 };
        } else {
            /* p = k l + rest = q, so l = k (q - rest) */
            int32_t k = p.coef[found];
            Place by = place_const(-k * p.base);
            for (int i = 0; i < MAX_LETTERS; i++)
                by.coef[i] = i == found ? 0 : -k * p.coef[i];
            by.coef[q] = k;
            c->guard[c->nguard++] = (Guard){ by, c->range[found] };
            substitute(c, found, by);
            c->range[found] = 1;
        }
        c->out.place[d] = place_letter(q);
        return true;
    }
    return false;
}

/* ---- normal form ---- */

static void see(int *number, int *n, const Place *p)
{
    for (int l = 0; l < MAX_LETTERS; l++)
        if (p->coef[l] && number[l] < 0)
            number[l] = (*n)++;
}

static void renumber(Contract *c)
{
    int number[MAX_LETTERS], n = 0;
    for (int l = 0; l < MAX_LETTERS; l++)
        number[l] = -1;
    for (int k = 0; k < c->out.rank; k++)
        see(number, &n, &c->out.place[k]);
    for (int a = 0; a < c->nfactor + c->nindex; a++)
        for (int k = 0; k < c->arg[a].rank; k++)
            see(number, &n, &c->arg[a].place[k]);
    for (int g = 0; g < c->nguard; g++)
        see(number, &n, &c->guard[g].place);
    Contract *old = NULL;
    static _Thread_local Contract copy;
    copy = *c;
    old = &copy;
    memset(c, 0, sizeof *c);
    c->nletters = n;
    c->scale = old->scale;
    c->nfactor = old->nfactor;
    c->nindex = old->nindex;
    c->nguard = old->nguard;
    for (int l = 0; l < MAX_LETTERS; l++)
        if (number[l] >= 0) {
            c->range[number[l]] = old->range[l];
            c->letter[number[l]] = old->letter[l];
        }
#define MOVE(to, from) do { (to) = place_const((from).base); (to).index = (from).index; \
        for (int l_ = 0; l_ < MAX_LETTERS; l_++) if ((from).coef[l_]) (to).coef[number[l_]] = (from).coef[l_]; } while (0)
    c->out.rank = old->out.rank;
    for (int k = 0; k < c->out.rank; k++)
        MOVE(c->out.place[k], old->out.place[k]);
    for (int a = 0; a < c->nfactor + c->nindex; a++) {
        c->arg[a].rank = old->arg[a].rank;
        for (int k = 0; k < c->arg[a].rank; k++)
            MOVE(c->arg[a].place[k], old->arg[a].place[k]);
    }
    for (int g = 0; g < c->nguard; g++) {
        c->guard[g].n = old->guard[g].n;
        MOVE(c->guard[g].place, old->guard[g].place);
    }
}

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

static bool only_out_letters(const Contract *c, const Type *out)
{
    bool seen[MAX_LETTERS] = { false };
    for (int d = 0; d < c->out.rank; d++) {
        int l;
        int64_t zero;
        if (place_is_const(&c->out.place[d], &zero) && out->dim[d] == 1 && !zero)
            continue;
        if (!place_is_letter(&c->out.place[d], &l) || seen[l])
            return false;
        seen[l] = true;
    }
    for (int l = 0; l < c->nletters; l++)
        if (!seen[l])
            return false;
    return true;
}

static Node *elementwise(Work *w)
{
    Contract *c = &w->c;
    if (c->nguard || c->nindex || !only_out_letters(c, &w->out))
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

static uint64_t *contract_hashes;                 /* beside the table: of each entry */

static const Contract *contract_intern(const Contract *c)
{
    static Contract **table;
    static int size, n;
    static Arena *arena;
    uint64_t h = 1469598103934665603u;
    size_t bytes = offsetof(Contract, arg) + sizeof(Access) * (size_t)(c->nfactor + c->nindex);
    Contract key;
    memset(&key, 0, sizeof key);
    memcpy(&key, c, bytes);
    key.nguard = c->nguard;
    memcpy(key.guard, c->guard, sizeof *c->guard * (size_t)c->nguard);
    memset(key.letter, 0, sizeof key.letter);
    for (size_t i = 0; i + 8 <= sizeof key; i += 8) {
        uint64_t x;
        memcpy(&x, (char *)&key + i, 8);
        if (x)
            h = (h ^ x ^ i) * 1099511628211u, h ^= h >> 31;
    }
    if (!arena)
        arena = arena_new("contracts");
    if (2 * (n + 1) > size) {
        int bigger = size ? 2 * size : 256;
        Contract **t = NEW_N(arena, Contract *, bigger);
        uint64_t *hs = NEW_N(arena, uint64_t, bigger);
        for (int i = 0; i < size; i++)
            if (table[i]) {
                int j = (int)(contract_hashes[i] & (uint64_t)(bigger - 1));
                while (t[j])
                    j = (j + 1) & (bigger - 1);
                t[j] = table[i];
                hs[j] = contract_hashes[i];
            }
        table = t;
        contract_hashes = hs;
        size = bigger;
    }
    int j = (int)(h & (uint64_t)(size - 1));
    for (; table[j]; j = (j + 1) & (size - 1)) {
        if (contract_hashes[j] != h)
            continue;
        Contract other = *table[j];
        memset(other.letter, 0, sizeof other.letter);
        if (!memcmp(&other, &key, sizeof key))
            return table[j];
    }
    memcpy(key.letter, c->letter, sizeof key.letter);
    table[j] = NEW(arena, Contract);
    *table[j] = key;
    contract_hashes[j] = h;
    n++;
    return table[j];
}

Node *ir_contract(Graph *g, const Contract *contract, Node *const *args, Type out)
{
    static _Thread_local Work pool[64];
    static _Thread_local int depth;
    if (depth >= 64)
        ice("contractions are built inside each other too deeply");
    Work *w = &pool[depth++];
    memset(w, 0, sizeof *w);
    w->g = g;
    w->c = *contract;
    w->out = out;
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
        again = tidy_letters(w) || tidy_one_guard(w) || fold_one(w) || solve_out(w);
        if (w->c.scale == 0)
            w->zero = true;
    }
    Node *n;
    if (w->zero || (out.dtype == T_REAL && w->c.nfactor && ir_is_const(w->arg[0], NULL) && w->arg[0]->u.number == 0))
        n = ir_const(g, out, 0);
    else {
        renumber(&w->c);
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
