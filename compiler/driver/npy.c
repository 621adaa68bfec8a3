/* npy.c -- NumPy's .npy, versions 1 to 3: little and big endian, C and Fortran order, real, integer and truth types.
 * The header is a Python dictionary; only its three keys are read. Sizes are checked against the file. */
#include "driver.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

static const char *value_of(const char *head, const char *key)
{
    const char *p = strstr(head, key);
    p = p ? strchr(p + strlen(key), ':') : NULL;
    while (p && (*++p == ' '))
        ;
    return p;
}

static bool read_header(const char *head, FileArray *a, const char **why)
{
    const char *descr = value_of(head, "'descr'"), *order = value_of(head, "'fortran_order'"), *shape = value_of(head, "'shape'");
    if (descr && *descr == '[') {
        *why = "its elements are records; an array of numbers is expected";
        return false;
    }
    if (!descr || !order || !shape || *descr != '\'' || *shape != '(' || !descr[1] || !strchr("<>|=", descr[1]) || (strncmp(order, "True", 4) && strncmp(order, "False", 5))) {
        *why = "its .npy header is damaged";
        return false;
    }
    a->big = descr[1] == '>';
    a->kind = descr[2];
    char *end;
    a->size = (int)strtol(descr + 3, &end, 10);
    a->fortran = !strncmp(order, "True", 4);
    bool known = *end == '\'' && ((a->kind == 'f' && (a->size == 2 || a->size == 4 || a->size == 8)) || (a->kind == 'b' && a->size == 1) ||
                 ((a->kind == 'i' || a->kind == 'u') && (a->size == 1 || a->size == 2 || a->size == 4 || a->size == 8)));
    if (!known) {
        *why = "its element type is not one of f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1";
        return false;
    }
    a->whole = a->kind != 'f';
    const char *p = shape + 1;
    while (*p && *p != ')') {
        if (*p == ' ' || *p == ',' || *p == 'L') {             /* 3L: written by Python 2 */
            p++;
            continue;
        }
        if (!isdigit((unsigned char)*p))
            break;
        long long d = strtoll(p, &end, 10);
        if (a->rank == MAX_RANK || d > INT32_MAX) {
            *why = "its shape is too large";
            return false;
        }
        a->dim[a->rank++] = d;
        p = end;
    }
    if (*p != ')')
        *why = "its .npy header is damaged";
    return *p == ')';
}

/* IEEE 754 binary16. */
static double half(unsigned u)
{
    int e = u >> 10 & 31, f = u & 1023;
    double x = e == 31 ? (f ? NAN : INFINITY) : e ? ldexp(1024 + f, e - 25) : ldexp(f, -24);
    return u >> 15 ? -x : x;
}

/* The number of elements; false when the file has not so many. */
static bool count_elements(const FileArray *a, uint64_t have, uint64_t *count)
{
    *count = 1;
    for (int k = 0; k < a->rank; k++)
        if (a->dim[k] == 0)
            *count = 0;
    for (int k = 0; *count && k < a->rank; k++) {
        *count *= (uint64_t)a->dim[k];                         /* at most 2^30 * 2^31 */
        if (*count > have)
            return false;
    }
    return *count <= have;
}

static double element(const unsigned char *p, const FileArray *t)
{
    unsigned char b[8] = { 0 };
    for (int k = 0; k < t->size; k++)
        b[k] = p[t->big ? t->size - 1 - k : k];
    uint64_t u;
    memcpy(&u, b, 8);
    if (t->kind == 'f') {
        float f;
        double d;
        memcpy(&f, b, 4);
        memcpy(&d, b, 8);
        return t->size == 2 ? half((unsigned)u) : t->size == 4 ? (double)f : d;
    }
    if (t->kind == 'i') {
        int shift = 64 - 8 * t->size;
        return (double)((int64_t)(u << shift) >> shift);
    }
    return (double)u;
}

/* Where element k in row-major order lies: the file may count the first index fastest. */
static int64_t place(const FileArray *a, int64_t k)
{
    int64_t at = 0, stride = 1;
    if (!a->fortran)
        return k;
    for (int d = 0; d < a->rank; d++)
        stride *= a->dim[d];
    for (int d = a->rank - 1; d >= 0; d--) {
        stride /= a->dim[d];
        at += k % a->dim[d] * stride;
        k /= a->dim[d];
    }
    return at;
}

double file_value(const FileArray *a, int64_t k) { return element(a->at + place(a, k) * a->size, a); }

FileArray *npy_read(Arena *arena, const char *path, const unsigned char *bytes, size_t n, const char **why)
{
    (void)path;
    FileArray *a = NEW(arena, FileArray);
    if (n > 6 && (bytes[6] < 1 || bytes[6] > 3)) {
        *why = arena_printf(arena, "it is .npy of version %d; 1 to 3 are known", bytes[6]);
        return NULL;
    }
    size_t start = n > 6 && bytes[6] >= 2 ? 12 : 10;
    size_t len = n < start ? 0 : start == 10 ? bytes[8] + 256u * bytes[9] : bytes[8] + 256u * bytes[9] + 65536u * bytes[10] + 16777216u * (size_t)bytes[11];
    if (n < start || len > n - start) {
        *why = "its .npy header is cut short";
        return NULL;
    }
    if (!read_header(arena_strndup(arena, (const char *)bytes + start, len), a, why))
        return NULL;
    uint64_t count;
    if (!count_elements(a, (n - start - len) / (uint64_t)a->size, &count)) {
        *why = "it is cut short: it holds fewer elements than its shape says";
        return NULL;
    }
    a->at = bytes + start + len;
    return a;
}

bool npy_write(const char *path, int rank, const int64_t *dim, int real_bytes, const void *at)
{
    Buf b = { 0 };
    size_t count = 1;
    buf_put(&b, "\x93NUMPY\x01\x00\x00\x00", 10);
    buf_printf(&b, "{'descr': '<f%d', 'fortran_order': False, 'shape': (", real_bytes);
    for (int k = 0; k < rank; k++) {
        buf_printf(&b, rank == 1 ? "%lld," : k ? ", %lld" : "%lld", (long long)dim[k]);
        count *= (size_t)dim[k];
    }
    buf_puts(&b, "), }");
    while ((b.n + 1) % 64)
        buf_puts(&b, " ");
    buf_puts(&b, "\n");
    b.at[8] = (char)((b.n - 10) & 255);
    b.at[9] = (char)((b.n - 10) >> 8);
    buf_put(&b, at, count * (size_t)real_bytes);
    bool ok = write_atomically(path, b.at, b.n);
    buf_free(&b);
    return ok;
}
