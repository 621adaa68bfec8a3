/* contract_letters.c -- places, letters and guards of a contraction, and what brings them to normal form (contract.c):
 * letters of range 1 and letters that occur nowhere are gone; guards that cannot fail are gone, a guard on a summed letter alone becomes its range; places of
 * `out` are distinct letters where an affine equation allows it; letters are numbered in order of appearance. Each step returns whether it
 * changed something. */
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

bool place_is_const(const Place *p, int64_t *value)
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

void contract_put(Contract *c, int letter, Place by) { each_place(c, subst_place, &(Subst){ letter, by }); }

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

/* ---- letters and guards ---- */

bool contract_tidy_letters(Work *w)
{
    Contract *c = &w->c;
    for (int l = 0; l < c->nletters; l++) {
        if (c->range[l] == 1 && letter_uses(c, l)) {
            contract_put(c, l, place_const(0));
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
        each_place(c, subst_place, &(Subst){ l, by });        /* l = l' + from, the same letter number */
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
            contract_put(c, l, by);
            c->range[l] = 1;
            return true;
        }
    return false;
}

bool contract_tidy_guards(Work *w)
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
bool contract_solve_out(Work *w)
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
            contract_put(c, found, by);
            c->range[found] = 1;
        }
        c->out.place[d] = place_letter(q);
        return true;
    }
    return false;
}

/* ---- numbers in order of appearance ---- */

static void see(int *number, int *n, const Place *p)
{
    for (int l = 0; l < MAX_LETTERS; l++)
        if (p->coef[l] && number[l] < 0)
            number[l] = (*n)++;
}

void contract_renumber(Contract *c)
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
    bool in_order = n == c->nletters;
    for (int l = 0; l < n && in_order; l++)
        in_order = number[l] == l;
    if (in_order)
        return;
    static _Thread_local Contract copy;
    const Contract *old = &copy;
    contract_copy(&copy, c);
    c->nletters = n;
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
