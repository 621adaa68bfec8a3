/* failing.c -- a store that fails: its code comes back from the gradient, at the first failure, and the next call with a sound store is right again.
 * Built with -DPROBLEM=NAME_problem for a problem without data whose meta variables have initial values. */
#include <mfl/runtime.h>
#include <stdio.h>
#include <stdlib.h>

extern const mfl_problem PROBLEM;

typedef struct Memory { char *at; size_t slot; int saves, loads, fail_save, fail_load; } Memory;

static int save(void *user, int64_t slot, const void *at, size_t bytes)
{
    Memory *m = user;
    if (slot < 0 || slot >= PROBLEM.store_slots || bytes > PROBLEM.store_bytes)
        return 99;
    if (++m->saves == m->fail_save)
        return 77;
    memcpy(m->at + (size_t)slot * m->slot, at, bytes);
    return 0;
}

static int load(void *user, int64_t slot, void *at, size_t bytes)
{
    Memory *m = user;
    if (slot < 0 || slot >= PROBLEM.store_slots || bytes > PROBLEM.store_bytes)
        return 99;
    if (++m->loads == m->fail_load)
        return 78;
    memcpy(at, m->at + (size_t)slot * m->slot, bytes);
    return 0;
}

int main(void)
{
    const mfl_problem *p = &PROBLEM;
    Memory m = { malloc((size_t)p->store_slots * p->store_bytes), p->store_bytes, 0, 0, 0, 0 };
    mfl_store store = { save, load, &m };
    void *meta[64], *grad[64], *again[64], *work = aligned_alloc(64, (p->work_bytes + 63) / 64 * 64);
    double outer[2];
    mfl_status st;
    size_t bytes[64];
    for (int k = 0; k < p->nmeta; k++) {
        bytes[k] = 8;
        for (int d = 0; d < p->meta[k].rank; d++)
            bytes[k] *= (size_t)p->meta[k].dim[d];
        meta[k] = malloc(bytes[k]);
        grad[k] = malloc(bytes[k]);
        again[k] = malloc(bytes[k]);
    }
    if (p->init(NULL, meta, NULL, NULL, NULL, NULL, 0, work, &st) || mfl_use_store(NULL, &store) != MFL_BAD_WORK || mfl_use_store(work, &store))
        return 1;
    if (p->hypergradient(NULL, meta, grad, outer, NULL, NULL, 0, work, &st) || !m.saves || !m.loads)
        return 2;
    printf("%d saves, %d loads\n", m.saves, m.loads);
    /* without a status too */
    for (int s = 0; s < 2; s++) {
        m.saves = m.loads = m.fail_load = 0;
        m.fail_save = 3;
        if (p->hypergradient(NULL, meta, again, outer + 1, NULL, NULL, 0, work, s ? NULL : &st) != 77 || m.saves != 3 || m.loads)
            return 3;
        m.saves = m.loads = m.fail_save = 0;
        m.fail_load = 2;
        if (p->hypergradient(NULL, meta, again, outer + 1, NULL, NULL, 0, work, s ? NULL : &st) != 78 || m.loads != 2)
            return 4;
    }
    if (st.code != 78 || strcmp(st.name, "store"))
        return 5;
    m.fail_load = 0;
    if (p->hypergradient(NULL, meta, again, outer + 1, NULL, NULL, 0, work, &st) || outer[0] != outer[1])
        return 6;
    for (int k = 0; k < p->nmeta; k++)
        if (memcmp(grad[k], again[k], bytes[k]))
            return 7;
    mfl_use_store(work, NULL);
    return p->hypergradient(NULL, meta, again, outer + 1, NULL, NULL, 0, work, &st) == MFL_NO_STORE ? 0 : 8;
}
