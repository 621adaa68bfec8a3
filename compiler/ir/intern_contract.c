/* intern_contract.c -- one contract for all equal ones with the same names, and one for all equal ones (`as`), so that nodes compare them by pointer.
 *
 * Only what is in use counts, is hashed and is copied: letters < nletters, places < rank, operands < nfactor + nindex, guards < nguard. Interned contracts live as long as the process. */
#include "contract.h"

static void copy_access(Access *to, const Access *from)
{
    to->rank = from->rank;
    memcpy(to->place, from->place, sizeof *from->place * (size_t)from->rank);
}

void contract_copy(Contract *to, const Contract *from)
{
    to->nletters = from->nletters;
    memcpy(to->range, from->range, sizeof *from->range * (size_t)from->nletters);
    memcpy(to->letter, from->letter, sizeof *from->letter * (size_t)from->nletters);
    to->nfactor = from->nfactor;
    to->nindex = from->nindex;
    to->scale = from->scale;
    copy_access(&to->out, &from->out);
    for (int k = 0; k < from->nfactor + from->nindex; k++)
        copy_access(&to->arg[k], &from->arg[k]);
    to->nguard = from->nguard;
    memcpy(to->guard, from->guard, sizeof *from->guard * (size_t)from->nguard);
}

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 1099511628211u;
    return h ^ h >> 31;
}

static uint64_t hash_place(uint64_t h, const Contract *c, const Place *p)
{
    h = mix(h, (uint64_t)p->base * 31 + (uint64_t)(p->index + 1));
    for (int l = 0; l < c->nletters; l++)
        if (p->coef[l])
            h = mix(h, (uint64_t)l << 32 | (uint32_t)p->coef[l]);
    return h;
}

static uint64_t hash_access(uint64_t h, const Contract *c, const Access *a)
{
    h = mix(h, (uint64_t)a->rank);
    for (int d = 0; d < a->rank; d++)
        h = hash_place(h, c, &a->place[d]);
    return h;
}

static uint64_t hash(const Contract *c)
{
    uint64_t h = 1469598103934665603u, scale;
    memcpy(&scale, &c->scale, sizeof scale);
    h = mix(mix(mix(mix(h, (uint64_t)c->nletters), (uint64_t)c->nfactor), (uint64_t)c->nindex), scale);
    for (int l = 0; l < c->nletters; l++)
        h = mix(h, (uint64_t)c->range[l]);
    h = hash_access(h, c, &c->out);
    for (int k = 0; k < c->nfactor + c->nindex; k++)
        h = hash_access(h, c, &c->arg[k]);
    for (int k = 0; k < c->nguard; k++)
        h = mix(hash_place(h, c, &c->guard[k].place), (uint64_t)c->guard[k].n);
    return h;
}

static bool same_place(const Contract *c, const Place *a, const Place *b)
{
    return a->base == b->base && a->index == b->index && !memcmp(a->coef, b->coef, sizeof *a->coef * (size_t)c->nletters);
}

static bool same_access(const Contract *c, const Access *a, const Access *b)
{
    bool same = a->rank == b->rank;
    for (int d = 0; same && d < a->rank; d++)
        same = same_place(c, &a->place[d], &b->place[d]);
    return same;
}

static bool same_contract(const Contract *a, const Contract *b)
{
    bool same = a->nletters == b->nletters && a->nfactor == b->nfactor && a->nindex == b->nindex && a->nguard == b->nguard && !memcmp(&a->scale, &b->scale, sizeof a->scale)
        && !memcmp(a->range, b->range, sizeof *a->range * (size_t)a->nletters) && same_access(a, &a->out, &b->out);
    for (int k = 0; same && k < a->nfactor + a->nindex; k++)
        same = same_access(a, &a->arg[k], &b->arg[k]);
    for (int k = 0; same && k < a->nguard; k++)
        same = a->guard[k].n == b->guard[k].n && same_place(a, &a->guard[k].place, &b->guard[k].place);
    return same;
}

typedef struct Table { Arena *arena; Contract **at; uint64_t *hash; int size, n; } Table;

static void grow(Table *t)
{
    Table old = *t;
    t->size = old.size ? 2 * old.size : 256;
    t->at = NEW_N(t->arena, Contract *, t->size);
    t->hash = NEW_N(t->arena, uint64_t, t->size);
    for (int i = 0; i < old.size; i++) {
        if (!old.at[i])
            continue;
        int j = (int)(old.hash[i] & (uint64_t)(t->size - 1));
        while (t->at[j])
            j = (j + 1) & (t->size - 1);
        t->at[j] = old.at[i];
        t->hash[j] = old.hash[i];
    }
}

const Contract *contract_intern(const Contract *c)
{
    static Table t;
    if (!t.arena)
        t.arena = arena_new("contracts");
    if (2 * (t.n + 1) > t.size)
        grow(&t);
    uint64_t h = hash(c);
    int j = (int)(h & (uint64_t)(t.size - 1));
    const Contract *as = NULL;
    for (; t.at[j]; j = (j + 1) & (t.size - 1)) {
        if (t.hash[j] != h || !same_contract(t.at[j], c))
            continue;
        if (!memcmp(t.at[j]->letter, c->letter, sizeof *c->letter * (size_t)c->nletters))
            return t.at[j];
        as = t.at[j]->as;
    }
    t.at[j] = NEW(t.arena, Contract);
    contract_copy(t.at[j], c);
    t.at[j]->as = as ? as : t.at[j];
    t.hash[j] = h;
    t.n++;
    return t.at[j];
}
