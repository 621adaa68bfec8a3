/* test_damaged_files.c -- the readers of data files on files that are right in every way they may be written, and wrong in every way they may be damaged: numbers to
 * the bit, or a message; never a crash. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include "driver.h"

static Arena *arena;
static void setup(void) { arena = arena_new("test"); }
static void teardown(void) { arena_free(arena); }
TestSuite(damaged_files, .init = setup, .fini = teardown);

/* ---- .npy ---- */

static unsigned char *npy(const char *head, const void *body, size_t n, size_t *size)
{
    size_t len = strlen(head) + 1;
    unsigned char *at = arena_alloc(arena, 10 + len + n);
    memcpy(at, "\x93NUMPY\x01\x00", 8);
    at[8] = (unsigned char)(len & 255);
    at[9] = (unsigned char)(len >> 8);
    memcpy(at + 10, head, len - 1);
    at[9 + len] = '\n';
    memcpy(at + 10 + len, body, n);
    *size = 10 + len + n;
    return at;
}

static FileArray *read_npy(const char *head, const void *body, size_t n, const char **why)
{
    size_t size;
    unsigned char *at = npy(head, body, n, &size);
    *why = NULL;
    return npy_read(arena, "t.npy", at, size, why);
}

#define HEAD(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

Test(damaged_files, npy_types_and_orders)
{
    static const struct { const char *head; const char *body; size_t n; double want[6]; bool whole; } cases[] = {
        { HEAD("<i1", "False", "(3,)"), "\x01\xff\x80", 3, { 1, -1, -128 }, true },
        { HEAD("|u1", "False", "(3,)"), "\x01\xff\x80", 3, { 1, 255, 128 }, true },
        { HEAD("|b1", "False", "(2,)"), "\x01\x00", 2, { 1, 0 }, true },
        { HEAD(">i2", "False", "(2,)"), "\x01\x02\xff\xfe", 4, { 258, -2 }, true },
        { HEAD("<i4", "False", "(2,)"), "\x00\x00\x00\x80\xff\xff\xff\x7f", 8, { -2147483648.0, 2147483647 }, true },
        { HEAD("<f2", "False", "(4,)"), "\x00\x3c\x00\xc0\x01\x00\x00\x7c", 8, { 1, -2, 0x1p-24, INFINITY }, false },
        { HEAD(">f4", "False", "(2,)"), "\x3f\x80\x00\x00\x00\x00\x00\x01", 8, { 1, 0x1p-149 }, false },
        { HEAD("<f8", "False", "()"), "\x01\x00\x00\x00\x00\x00\x00\x00", 8, { 4.9406564584124654e-324 }, false },
        { HEAD("|u1", "False", "(2, 3)"), "\x00\x01\x02\x03\x04\x05", 6, { 0, 1, 2, 3, 4, 5 }, true },
        { HEAD("|u1", "True", "(2, 3)"), "\x00\x01\x02\x03\x04\x05", 6, { 0, 2, 4, 1, 3, 5 }, true },
        { HEAD("|u1", "True", "(1, 2, 3)"), "\x00\x01\x02\x03\x04\x05", 6, { 0, 2, 4, 1, 3, 5 }, true },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *why;
        FileArray *a = read_npy(cases[k].head, cases[k].body, cases[k].n, &why);
        cr_assert(a, "%s: %s", cases[k].head, why);
        int64_t count = 1;
        for (int d = 0; d < a->rank; d++)
            count *= a->dim[d];
        for (int64_t i = 0; i < count; i++)
            cr_expect(!memcmp(&a->at[i], &cases[k].want[i], 8), "%s [%d]: %g, expected %g", cases[k].head, (int)i, a->at[i], cases[k].want[i]);
        cr_expect_eq(a->whole, cases[k].whole, "%s", cases[k].head);
    }
}

Test(damaged_files, npy_refusals)
{
    static const struct { const char *head; size_t n; } cases[] = {
        { HEAD("<f8", "False", "(3,)"), 16 },                 /* too short */
        { HEAD("<c16", "False", "(1,)"), 16 }, { HEAD("<f16", "False", "(1,)"), 16 }, { HEAD("|O", "False", "(1,)"), 8 }, { HEAD("<U4", "False", "(1,)"), 16 }, { HEAD("<f3", "False", "(1,)"), 8 },
        { "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", 8 },
        { HEAD("<f8", "False", "(4294967296, 4294967296)"), 16 }, { HEAD("<f8", "False", "(-1,)"), 16 }, { HEAD("<f8", "False", "(1"), 16 }, { HEAD("<f8", "False", "1"), 16 },
        { HEAD("<f8", "False", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1)"), 16 }, { HEAD("<f8", "Maybe", "(1,)"), 16 }, { "{}", 8 }, { "", 8 }, { "{'descr': '<f8'", 8 }, { "{'descr':", 8 },
        { HEAD("<f8", "False", "(99999999999999999999999,)"), 16 },
    };
    static const char body[64];
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *why;
        FileArray *a = read_npy(cases[k].head, body, cases[k].n, &why);
        cr_expect(!a && why && *why, "%s is read", cases[k].head);
    }
}

static uint64_t state = 88172645463325252u;
static size_t below(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state >> 20) % n;
}

/* Damages bytes; a copy of the very size, so that a sanitizer sees a read behind the end. */
static unsigned char *damaged(const unsigned char *at, size_t n, size_t *size)
{
    *size = below(3) ? n : below(n + 1);
    unsigned char *bad = malloc(*size + 1);
    cr_assert(bad);
    memcpy(bad, at, *size);
    bad[*size] = 0;
    for (size_t k = below(4); *size && k; k--)
        bad[below(*size)] = below(2) ? (unsigned char)below(256) : (unsigned char)"0123456789(),'<>:|\n\""[below(20)];
    return bad;
}

Test(damaged_files, damaged_npy)
{
    size_t n;
    double body[6] = { 1, 2, 3, 4, 5, 6 };
    unsigned char *good = npy(HEAD("<f8", "False", "(2, 3)"), body, sizeof body, &n);
    for (int k = 0; k < 20000; k++) {
        size_t size;
        unsigned char *bad = damaged(good, n, &size);
        const char *why = NULL;
        FileArray *a = npy_read(arena, "t.npy", bad, size, &why);
        cr_assert(a || (why && *why));
        free(bad);
        if (k % 500 == 0) {
            arena_free(arena);
            arena = arena_new("test");
            good = npy(HEAD("<f8", "False", "(2, 3)"), body, sizeof body, &n);
        }
    }
}

/* ---- .csv ---- */

static FileArray *read_csv(const char *text, const char *columns, const char **why)
{
    *why = NULL;
    return csv_read(arena, "t.csv", text, strlen(text), columns, why);
}

Test(damaged_files, csv_forms)
{
    static const struct { const char *text, *columns; int rows, cols; double want[6]; } cases[] = {
        { "1,2,3\n4,5,6\n", NULL, 2, 3, { 1, 2, 3, 4, 5, 6 } }, { "a,b,c\n1,2,3\n", NULL, 1, 3, { 1, 2, 3 } }, { "1,2,3\r\n4,5,6", NULL, 2, 3, { 1, 2, 3, 4, 5, 6 } },
        { "a,b,c\n1,2,3\n4,5,6\n", "2..3", 2, 2, { 2, 3, 5, 6 } }, { "a,b,c\n1,2,3\n4,5,6\n", "c, a", 2, 2, { 3, 1, 6, 4 } }, { "\"a\",\"b\"\n\"1\",2\n", NULL, 1, 2, { 1, 2 } },
        { "1e3\n-2.5\n.5\n", NULL, 3, 1, { 1000, -2.5, .5 } }, { " 1 , 2 \n", NULL, 1, 2, { 1, 2 } },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *why;
        FileArray *a = read_csv(cases[k].text, cases[k].columns, &why);
        cr_assert(a, "case %d: %s", (int)k, why);
        cr_expect(a->rank == 2 && a->dim[0] == cases[k].rows && a->dim[1] == cases[k].cols, "case %d: %d x %d", (int)k, (int)a->dim[0], (int)a->dim[1]);
        for (int i = 0; i < cases[k].rows * cases[k].cols; i++)
            cr_expect(a->at[i] == cases[k].want[i], "case %d [%d]: %g", (int)k, i, a->at[i]);
    }
}

Test(damaged_files, csv_refusals_say_where)
{
    static const struct { const char *text, *columns, *why; } cases[] = {
        { "1,2\n3,x\n", NULL, "2" }, { "1,2\n3\n", NULL, "2" }, { "", NULL, "" }, { "1,2\n", "3", "3" }, { "a,b\n1,2\n", "c", "c" }, { "1,,2\n", NULL, "" }, { "1,2\n3,4,5\n", NULL, "2" },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *why;
        FileArray *a = read_csv(cases[k].text, cases[k].columns, &why);
        cr_expect(!a && why && *why && strstr(why, cases[k].why), "case %d: %s", (int)k, a ? "is read" : why ? why : "no message");
    }
}

Test(damaged_files, damaged_csv)
{
    static const char good[] = "a,b,\"c\"\n1,2,3e4\n-5,.6,7\n8,9,10\n";
    for (int k = 0; k < 20000; k++) {
        size_t size;
        unsigned char *bad = damaged((const unsigned char *)good, sizeof good - 1, &size);
        const char *why = NULL;
        FileArray *a = csv_read(arena, "t.csv", (const char *)bad, size, k % 3 ? NULL : k % 2 ? "1..2" : "a, c", &why);
        cr_assert(a || (why && *why));
        free(bad);
        if (k % 500 == 0) {
            arena_free(arena);
            arena = arena_new("test");
        }
    }
}

/* ---- what is written is read ---- */

Test(damaged_files, written_files_are_read)
{
    char dir[] = "/tmp/test_readers.XXXXXX";
    cr_assert(mkdtemp(dir));
    double x[6] = { 0, -0.0, 1 / 3., 5e-324, -1.7976931348623157e308, 123456789 };
    int64_t dim[] = { 2, 3 };
    for (int csv = 0; csv < 2; csv++) {
        const char *path = arena_printf(arena, "%s/x.%s", dir, csv ? "csv" : "npy"), *why = NULL;
        cr_assert(csv ? csv_write(path, 2, dim, 8, x) : npy_write(path, 2, dim, 8, x));
        FileArray *a = file_read(arena, path, NULL, NULL, &why);
        cr_assert(a, "%s: %s", path, why);
        cr_expect(a->rank == 2 && a->dim[0] == 2 && a->dim[1] == 3);
        for (int k = 0; k < 6; k++)
            cr_expect(!memcmp(&a->at[k], &x[k], 8), "%s [%d]: %.17g, expected %.17g", path, k, a->at[k], x[k]);
        remove(path);
    }
    cr_expect(!npy_write(arena_printf(arena, "%s/no/such/x.npy", dir), 2, dim, 8, x));
    remove(dir);
}
