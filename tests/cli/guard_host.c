/* guard_host.c -- runs a guarded build through its descriptor, for problems without data, and prints what it found as mflc does. Built with -DPROBLEM=NAME_problem. */
#include <mfl/runtime.h>
#include <stdio.h>
#include <stdlib.h>

extern const mfl_problem PROBLEM;

static void *room_for(const mfl_array *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->rank; d++)
        n *= a->dim[d];
    return calloc((size_t)n + 1, 8);
}

int main(void)
{
    const mfl_problem *p = &PROBLEM;
    void *meta[16], *grad[16], *work = aligned_alloc(64, (p->work_bytes + 127) / 64 * 64);
    double outer[1];
    mfl_status st;
    for (int k = 0; k < p->nmeta; k++) {
        meta[k] = room_for(&p->meta[k]);
        grad[k] = room_for(&p->meta[k]);
    }
    if (p->init(NULL, meta, NULL, NULL, NULL, NULL, 0, work, &st))
        return 1;
    int code = p->hypergradient(NULL, meta, grad, outer, NULL, NULL, 0, work, &st);
    if (p->hypergradient(NULL, meta, grad, outer, NULL, NULL, 0, work, NULL) != code)      /* without a status: the same */
        return 1;
    if (!code)
        puts("all finite");
    else if (st.step >= 0)
        printf("inner step %lld: %s is %g\n", (long long)st.step, st.name, st.value);
    else
        printf("%s is %g\n", st.name, st.value);
    return code && code != MFL_NONFINITE;
}
