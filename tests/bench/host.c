/* host.c -- times generated C through its descriptor: host IN REPEAT reads IN/NAME.npy for every array, computes the hypergradient REPEAT times (all tasks each
 * time) and prints one JSON line: seconds (minimum, median), bytes of the workspace, the outer value. Built with -DPROBLEM=NAME_problem. */
#include <mfl/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern const mfl_problem PROBLEM;

static size_t bytes_of(const mfl_array *a)
{
    size_t n = a->dtype == MFL_REAL ? (size_t)PROBLEM.real_bytes : 4;
    for (int d = 0; d < a->rank; d++)
        n *= (size_t)a->dim[d];
    return n;
}

/* The numbers behind the header: little-endian, of the program's own types. *bytes: how many. */
static void *load(const char *dir, const mfl_array *a, size_t *bytes)
{
    char path[4096];
    unsigned char head[10];
    snprintf(path, sizeof path, "%s/%s.npy", dir, a->name);
    FILE *f = fopen(path, "rb");
    if (!f || fread(head, 1, 10, f) != 10 || fseek(f, 0, SEEK_END)) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(3);
    }
    long from = 10 + head[8] + 256L * head[9];
    *bytes = (size_t)(ftell(f) - from);
    void *at = aligned_alloc(64, (*bytes + 127) / 64 * 64);
    if (!at || *bytes < bytes_of(a) || fseek(f, from, SEEK_SET) || fread(at, 1, *bytes, f) != *bytes) {
        fprintf(stderr, "%s does not hold %zu bytes\n", path, bytes_of(a));
        exit(3);
    }
    fclose(f);
    return at;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
    enum { MOST = 256 };
    const mfl_problem *p = &PROBLEM;
    const void *data[MOST];
    void *meta[MOST], *grad[MOST];
    char *first[MOST];
    size_t tasks = 1, bytes;
    double outer = 0, seconds[MOST];
    union { float f; double d; } value;
    mfl_status st;
    int repeat = argc == 3 ? atoi(argv[2]) : 0;
    if (repeat < 1 || repeat > MOST || p->ndata > MOST || p->nmeta > MOST)
        return 2;
    for (int k = 0; k < p->ndata; k++) {
        first[k] = load(argv[1], &p->data[k], &bytes);
        if (p->data[k].task)
            tasks = bytes / bytes_of(&p->data[k]);
    }
    for (int k = 0; k < p->nmeta; k++) {
        meta[k] = load(argv[1], &p->meta[k], &bytes);
        grad[k] = aligned_alloc(64, (bytes_of(&p->meta[k]) + 63) / 64 * 64);
    }
    void *work = aligned_alloc(64, (p->work_bytes + 63) / 64 * 64 + 64);
    for (int r = -1; r < repeat; r++) {                      /* once before: memory is touched, vector units are awake */
        double start = now();
        outer = 0;
        for (size_t t = 0; t < tasks; t++) {
            for (int k = 0; k < p->ndata; k++)
                data[k] = first[k] + (p->data[k].task ? t * bytes_of(&p->data[k]) : 0);
            if (p->hypergradient(data, meta, grad, &value, NULL, NULL, 0, work, &st)) {
                fprintf(stderr, "%s: %s\n", mfl_strerror(st.code), st.name ? st.name : "");
                return 4;
            }
            outer += (p->real_bytes == 4 ? (double)value.f : value.d) / (double)tasks;
        }
        if (r >= 0)
            seconds[r] = now() - start;
    }
    qsort(seconds, (size_t)repeat, sizeof *seconds, ascending);
    printf("{\"seconds_min\": %.9g, \"seconds_median\": %.9g, \"work_bytes\": %zu, \"outer\": %.9g}\n", seconds[0], seconds[repeat / 2], (size_t)p->work_bytes, outer);
    return 0;
}
