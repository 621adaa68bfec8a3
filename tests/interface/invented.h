/* invented.h -- data of their own for hosts that test any problem: memory that ends at a page without access, numbers that suit what an array is for. `p` is the problem. */
#include <sys/mman.h>
#include <unistd.h>

static size_t bytes(const mfl_array *a)
{
    size_t n = a->dtype == MFL_REAL ? (size_t)p->real_bytes : 4;
    for (int d = 0; d < a->rank; d++)
        n *= (size_t)a->dim[d];
    return n;
}

/* n bytes of which the last is the last before a page without access */
static void *guarded(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (n + page - 1) / page * page;
    char *at = mmap(NULL, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + pages, page, PROT_NONE))
        exit(3);
    return at + pages - n;
}

/* Small numbers that differ from task to task; indices within their bound. What is the logarithm of a rate (log_...) is that of a small one: with rates near 1 an
 * inner loop diverges, and differences then say nothing. */
static void *numbers(const mfl_array *a, int stream)
{
    size_t n = bytes(a);
    double shift = strncmp(a->name, "log_", 4) ? 0.0 : 3.0;
    void *at = guarded(n);
    for (size_t k = 0; a->dtype == MFL_INT && k < n / 4; k++)
        ((int32_t *)at)[k] = a->bound ? (int32_t)((k * 7 + (size_t)stream) % (size_t)a->bound) : (int32_t)(k % 3);
    for (size_t k = 0; a->dtype == MFL_REAL && k < n / (size_t)p->real_bytes; k++) {
        double x = 0.5 * mfl_random_uniform(7, stream, (int32_t)k) + 0.1 - shift;
        if (p->real_bytes == 4)
            ((float *)at)[k] = (float)x;
        else
            ((double *)at)[k] = x;
    }
    return at;
}
