/* differences.c -- is a generated gradient right? In each meta array one fixed direction v: <gradient, v> against central differences of the outer value with
 * one Richardson step, slope = (4 s(h/2) - s(h)) / 3, s(h) = (F(m + h v) - F(m - h v)) / 2h.
 * All in the caller's memory: the problem's workspace, then two copies of every meta array (gradient, moved values), then two tables of pointers to them. */
#include "mfl/runtime.h"

static size_t rounded(size_t n) { return (n + 63) / 64 * 64; }

static int64_t count(const mfl_array *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->rank; d++)
        n *= a->dim[d];
    return n;
}

static double real_at(const mfl_problem *p, const void *at, int64_t k) { return p->real_bytes == 4 ? (double)((const float *)at)[k] : ((const double *)at)[k]; }

static void real_set(const mfl_problem *p, void *at, int64_t k, double v)
{
    if (p->real_bytes == 4)
        ((float *)at)[k] = (float)v;
    else
        ((double *)at)[k] = v;
}

/* Element i of the direction in array `leaf`: the same in every run. */
static double direction(int leaf, int64_t i) { return 2.0 * mfl_random_uniform(1, leaf, (int32_t)i) - 1.0; }

size_t mfl_differences_bytes(const mfl_problem *p)
{
    size_t n = rounded(p->work_bytes);
    for (int k = 0; k < p->nmeta; k++)
        n += 2 * rounded((size_t)count(&p->meta[k]) * (size_t)p->real_bytes);
    return n + rounded(2 * 8 * (size_t)p->nmeta);
}

typedef struct Point { const mfl_problem *p; const void *const *data; void *const *meta; void **moved; void *work; int leaf; mfl_status *status; } Point;

/* F at meta + h v; not finite on an error, which is then in *status. */
static double value(const Point *x, double h)
{
    union { float f; double d; } outer;
    for (int64_t i = 0, n = count(&x->p->meta[x->leaf]); i < n; i++)
        real_set(x->p, x->moved[x->leaf], i, real_at(x->p, x->meta[x->leaf], i) + h * direction(x->leaf, i));
    if (x->p->value(x->data, x->moved, NULL, &outer, NULL, NULL, 0, x->work, x->status))
        return (double)NAN;
    return x->p->real_bytes == 4 ? (double)outer.f : outer.d;
}

/* How far <gradient, v> is from the slope, relative to the size of its terms, less what the rounding of F explains. NaN where the slope is not finite. */
static double distance(const Point *x, const void *gradient)
{
    const double eps = x->p->real_bytes == 4 ? 1.2e-7 : 2.3e-16, h = x->p->real_bytes == 4 ? 2e-2 : 2e-4;
    double up = value(x, h), down = value(x, -h), up2 = value(x, h / 2.0), down2 = value(x, -h / 2.0);
    double slope = (4.0 * (up2 - down2) / h - (up - down) / (2.0 * h)) / 3.0, noise = 8.0 * eps * (fabs(up2) + fabs(down2)) / h;
    double exact = 0.0, size = fabs(slope), terms = 0.0, off;
    for (int64_t i = 0, n = count(&x->p->meta[x->leaf]); i < n; i++) {
        double term = real_at(x->p, gradient, i) * direction(x->leaf, i);
        exact += term;
        terms += fabs(term);
    }
    size = size > terms ? size : terms;
    off = fabs(slope - exact) - noise;
    return off > 0.0 ? off / size : off == off ? 0.0 : off;
}

int mfl_differences(const mfl_problem *p, const void *const *data, void *const *meta, double tol, void *work, mfl_status *status)
{
    char *at = (char *)work;
    void **gradient, **moved;
    double worst = 0.0;
    const char *name = NULL;
    mfl_status own;
    if (!status)
        status = &own;
    if (!work || (uintptr_t)work % 64)
        return mfl_fail(status, MFL_BAD_WORK, "work", 0);
    if (!(tol > 0.0))
        return mfl_fail(status, MFL_BAD_COUNT, "tol", tol);
    gradient = (void **)(void *)(at + mfl_differences_bytes(p) - rounded(2 * 8 * (size_t)p->nmeta));
    moved = gradient + p->nmeta;
    at += rounded(p->work_bytes);
    for (int k = 0; k < p->nmeta; k++) {
        size_t n = (size_t)count(&p->meta[k]) * (size_t)p->real_bytes;
        gradient[k] = at;
        moved[k] = at + rounded(n);
        at += 2 * rounded(n);
    }
    int code = p->hypergradient(data, meta, gradient, NULL, NULL, NULL, 0, work, status);      /* checks that every input is there */
    if (code)
        return code;
    for (int k = 0; k < p->nmeta; k++)
        memcpy(moved[k], meta[k], (size_t)count(&p->meta[k]) * (size_t)p->real_bytes);
    for (int k = 0; k < p->nmeta; k++) {                      /* from here on status->code is 0 */
        Point x = { p, data, meta, moved, work, k, status };
        double off = distance(&x, gradient[k]);
        if (status->code)
            return status->code;
        memcpy(moved[k], meta[k], (size_t)count(&p->meta[k]) * (size_t)p->real_bytes);
        if (off != off)
            return mfl_fail(status, MFL_NONFINITE, p->meta[k].name, off);
        if (off > worst || !name) {
            worst = off;
            name = p->meta[k].name;
        }
    }
    if (worst > tol)
        return mfl_fail(status, MFL_WRONG_GRADIENT, name, worst);
    mfl_ok(status);
    status->name = name;
    status->value = worst;
    return MFL_OK;
}
