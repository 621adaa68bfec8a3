/* host.c -- runs generated code through its descriptor, knowing nothing of its structs: host IN OUT reads IN/NAME.npy for every array, calls hypergradient
 * and adapt, writes OUT/outer.npy, d_NAME.npy and p_NAME.npy in double. Tasks: the mean. Built with -DPROBLEM=NAME_problem.
 * host IN OUT W: the results of the W-th window of the inner loop, after the W - 1 before it (hypergradient_window); a p_NAME is then the carried one. */
#include <mfl/runtime.h>
#include <stdio.h>
#include <stdlib.h>

extern const mfl_problem PROBLEM;

static int64_t count(const mfl_array *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->rank; d++)
        n *= a->dim[d];
    return n;
}

/* All numbers of a little-endian f8 or i4 file as the program's own type; *tasks: how many arrays it holds. */
static void *load(const char *dir, const mfl_array *a, int real_bytes, int64_t *tasks)
{
    char path[4096], head[10], text[65536];
    snprintf(path, sizeof path, "%s/%s.npy", dir, a->name);
    FILE *f = fopen(path, "rb");
    if (!f || fread(head, 1, 10, f) != 10) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(3);
    }
    size_t len = (unsigned char)head[8] + 256u * (unsigned char)head[9];
    if (fread(text, 1, len, f) != len)
        exit(3);
    text[len < sizeof text ? len : 0] = 0;
    int whole = strstr(text, "<i4") != NULL;
    int64_t n = count(a), read = 0, cap = n > 0 ? n : 1;
    size_t each = a->dtype == MFL_REAL ? (size_t)real_bytes : 4;
    char *at = malloc((size_t)cap * each);
    double x;
    int32_t i;
    while (at && (whole ? fread(&i, 4, 1, f) : fread(&x, 8, 1, f)) == 1) {
        if (read == cap) {
            cap *= 2;
            at = realloc(at, (size_t)cap * each);
        }
        double v = whole ? i : x;
        if (a->dtype == MFL_INT)
            ((int32_t *)at)[read++] = (int32_t)v;
        else if (real_bytes == 4)
            ((float *)at)[read++] = (float)v;
        else
            ((double *)at)[read++] = v;
    }
    fclose(f);
    *tasks = n ? read / n : 1;
    return at;
}

static void save(const char *dir, const char *prefix, const mfl_array *a, const char *name, const double *at)
{
    char path[4096], head[256];
    snprintf(path, sizeof path, "%s/%s%s.npy", dir, prefix, name);
    int n = snprintf(head, sizeof head, "{'descr': '<f8', 'fortran_order': False, 'shape': (");
    for (int d = 0; a && d < a->rank; d++)
        n += snprintf(head + n, sizeof head - (size_t)n, a->rank == 1 ? "%lld," : d ? ", %lld" : "%lld", (long long)a->dim[d]);
    n += snprintf(head + n, sizeof head - (size_t)n, "), }");
    while ((n + 11) % 64)
        head[n++] = ' ';
    head[n++] = '\n';
    FILE *f = fopen(path, "wb");
    if (!f)
        exit(3);
    fwrite("\x93NUMPY\x01\x00", 1, 8, f);
    fputc(n & 255, f);
    fputc(n >> 8, f);
    fwrite(head, 1, (size_t)n, f);
    fwrite(at, 8, (size_t)(a ? count(a) : 1), f);
    fclose(f);
}

static double real_at(const void *p, int64_t k) { return PROBLEM.real_bytes == 4 ? (double)((const float *)p)[k] : ((const double *)p)[k]; }

/* The outer value and the gradient of window w, 1 .. , with the parameters after it. What a host can do wrong is refused. */
static int window(const void *const *data, void *const *meta, void **grad, void *value, void **par, int64_t w, void *work, mfl_status *st)
{
    const mfl_problem *p = &PROBLEM;
    char *carried = aligned_alloc(64, p->carried_bytes + 64);
    size_t at = 0;
    if (!p->hypergradient_window || !carried)
        return 1;
    memset(carried, 0xff, p->carried_bytes);                 /* NaN: nothing of it counts at step 0 */
    for (int64_t k = 0; k < w; k++)
        if (p->hypergradient_window(data, meta, grad, value, NULL, carried, k * p->window, work, st))
            return 1;
    for (int k = 0; k < p->nparam; k++) {
        size_t bytes = (size_t)count(&p->param[k]) * (size_t)p->real_bytes;
        memcpy(par[k], carried + at, bytes);
        at += (bytes + 63) / 64 * 64;
    }
    int refused = p->hypergradient_window(data, meta, grad, value, NULL, NULL, 0, work, st) == MFL_NULL_INPUT;
    for (int64_t bad = 0; bad < 3; bad++)
        refused += p->hypergradient_window(data, meta, grad, value, NULL, carried, bad == 0 ? -p->window : bad == 1 ? 1 : (p->steps + p->window - 1) / p->window * p->window, work, st) == MFL_BAD_COUNT;
    free(carried);
    return refused != 4;
}

int main(int argc, char **argv)
{
    const mfl_problem *p = &PROBLEM;
    if (argc != 3 && argc != 4)
        return 2;
    void *data[256], *meta[256], *grad[256], *par[256];
    int64_t ndata[256], tasks = 1, one;
    double *sum[256], outer = 0, value[1];
    mfl_status st;
    for (int k = 0; k < p->ndata; k++) {
        data[k] = load(argv[1], &p->data[k], p->real_bytes, &ndata[k]);
        if (p->data[k].task)
            tasks = ndata[k];
    }
    for (int k = 0; k < p->nmeta; k++) {
        meta[k] = load(argv[1], &p->meta[k], p->real_bytes, &one);
        grad[k] = calloc((size_t)count(&p->meta[k]) + 1, 8);
        sum[k] = calloc((size_t)count(&p->meta[k]) + 1, 8);
    }
    for (int k = 0; k < p->nparam; k++)
        par[k] = calloc((size_t)count(&p->param[k]) + 1, 8);
    void *work = aligned_alloc(64, (p->work_bytes + 127) / 64 * 64);
    char file[4096];
    mfl_file_store states;
    mfl_store store;
    snprintf(file, sizeof file, "%s/states", argv[2]);
    if (p->store_slots) {
        if (p->hypergradient((const void *const *)data, meta, grad, value, NULL, NULL, 0, memset(work, 0xff, p->work_bytes), &st) != MFL_NO_STORE)
            return 6;
        if (mfl_file_store_open(&states, file, p->store_bytes, &store) || mfl_use_store(work, &store))
            return 7;
    }
    for (int64_t t = 0; t < tasks; t++) {
        const void *d[256];
        for (int k = 0; k < p->ndata; k++)
            d[k] = (const char *)data[k] + (p->data[k].task ? (size_t)t * (size_t)count(&p->data[k]) * (p->data[k].dtype == MFL_REAL ? (size_t)p->real_bytes : 4) : 0);
        if (argc == 4 ? window(d, meta, grad, value, par, atoi(argv[3]), work, &st) : p->hypergradient(d, meta, grad, value, NULL, NULL, 0, work, &st) || (tasks == 1 && p->adapt(d, meta, par, NULL, NULL, NULL, 0, work, &st))) {
            fprintf(stderr, "%s: %s\n", mfl_strerror(st.code), st.name ? st.name : "");
            return 4;
        }
        outer += real_at(value, 0);
        for (int k = 0; k < p->nmeta; k++)
            for (int64_t i = 0; i < count(&p->meta[k]); i++)
                sum[k][i] += real_at(grad[k], i);
    }
    /* Nothing is written where nothing is wanted; a missing input is an error, not a crash. */
    if (p->hypergradient((const void *const *)data, meta, NULL, NULL, NULL, NULL, 0, work, &st) || p->hypergradient((const void *const *)data, meta, grad, value, NULL, NULL, 0, NULL, &st) != MFL_BAD_WORK)
        return 5;
    outer /= (double)tasks;                       /* summed first, divided once: as mflc grad does, to the last bit */
    for (int k = 0; k < p->nmeta; k++)
        for (int64_t i = 0; i < count(&p->meta[k]); i++)
            sum[k][i] /= (double)tasks;
    save(argv[2], "", NULL, "outer", &outer);
    for (int k = 0; k < p->nmeta; k++)
        save(argv[2], "d_", &p->meta[k], p->meta[k].name, sum[k]);
    for (int k = 0; k < p->nparam && tasks == 1; k++) {
        double *x = calloc((size_t)count(&p->param[k]) + 1, 8);
        for (int64_t i = 0; i < count(&p->param[k]); i++)
            x[i] = real_at(par[k], i);
        save(argv[2], "p_", &p->param[k], p->param[k].name, x);
    }
    if (p->store_slots && mfl_file_store_close(&states))
        return 8;
    return 0;
}
