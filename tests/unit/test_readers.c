/* test_readers.c -- .npy, .npz and .csv as doubles: every element type, byte order and storage order, scalars and empty arrays, quotes, line ends, marks, wide tables;
 * and files that are cut, damaged or something else, which are refused with a reason and never read past their end. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <zlib.h>
#include "driver.h"

static Arena *arena;
static const char *why;
static unsigned char *file;                       /* what the last array was read from */
static void setup(void) { arena = arena_new("test"); why = NULL; }
static void teardown(void) { arena_free(arena); free(file); }
TestSuite(readers, .init = setup, .fini = teardown);

/* ---- .npy ---- */
static size_t npy_bytes(unsigned char *to, int version, const char *descr, bool fortran, const char *shape, const void *data, size_t n)
{
    char head[256];
    int len = snprintf(head, sizeof head, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, fortran ? "True" : "False", shape);
    size_t start = version > 1 ? 12 : 10;
    memcpy(to, "\x93NUMPY", 6);
    to[6] = (unsigned char)version;
    to[7] = 0;
    for (size_t k = 8; k < start; k++)
        to[k] = (unsigned char)(len >> 8 * (k - 8));
    memcpy(to + start, head, (size_t)len);
    memcpy(to + start + len, data, n);
    return start + (size_t)len + n;
}

/* The file in memory of its own size, so that a sanitizer sees a read behind it. */
static FileArray *npy(const unsigned char *bytes, size_t n)
{
    free(file);
    file = malloc(n ? n : 1);
    memcpy(file, bytes, n);
    why = NULL;
    FileArray *a = npy_read(arena, "x.npy", file, n, &why);
    cr_assert(a || why, "refused without a reason");
    return a;
}

static void same(const FileArray *a, const double *expected, int n)
{
    for (int k = 0; k < n; k++)
        cr_expect(file_value(a, k) == expected[k], "number %d is %g; expected %g", k, file_value(a, k), expected[k]);
}

static FileArray *npy_of(int version, const char *descr, bool fortran, const char *shape, const void *data, size_t n)
{
    unsigned char bytes[1024];
    return npy(bytes, npy_bytes(bytes, version, descr, fortran, shape, data, n));
}

static void turn(unsigned char *at, size_t size, size_t n)
{
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char t = at[k * size + i];
            at[k * size + i] = at[k * size + size - 1 - i];
            at[k * size + size - 1 - i] = t;
        }
}

/* One element type, little and big endian. */
static void type_reads(const char *descr, const void *data, size_t size, const double *expected, int n)
{
    unsigned char copy[256];
    char text[8], shape[16];
    memcpy(copy, data, size * (size_t)n);
    snprintf(shape, sizeof shape, "(%d,)", n);
    for (int big = 0; big < 2; big++) {
        snprintf(text, sizeof text, "%c%s", big ? '>' : size == 1 ? '|' : '<', descr);
        FileArray *a = npy_of(1 + big, text, false, shape, copy, size * (size_t)n);
        cr_assert(a, "%s: %s", text, why);
        cr_expect(a->rank == 1 && a->dim[0] == n && a->whole == (descr[0] != 'f'));
        for (int k = 0; k < n; k++)
            cr_expect(file_value(a, k) == expected[k] || (isnan(file_value(a, k)) && isnan(expected[k])), "%s[%d]: %g, expected %g", text, k, file_value(a, k), expected[k]);
        turn(copy, size, (size_t)n);
    }
}

#define READS(descr, type, ...) do { type v_[] = { __VA_ARGS__ }; double e_[] = { __VA_ARGS__ }; type_reads(descr, v_, sizeof *v_, e_, (int)(sizeof v_ / sizeof *v_)); } while (0)

Test(readers, npy_types)
{
    READS("f8", double, 0, -1.5, 1e300, 5e-324, INFINITY, NAN);
    READS("f4", float, 0, -1.5f, 0x1p127f, 0x1p-149f, -INFINITY, NAN);
    READS("i1", int8_t, 0, -1, 127, -128);
    READS("i2", int16_t, 0, -1, 32767, -32768);
    READS("i4", int32_t, 0, -1, INT32_MAX, INT32_MIN);
    READS("i8", int64_t, 0, -1, 1LL << 53, -(1LL << 53));
    READS("u1", uint8_t, 0, 255);
    READS("u2", uint16_t, 0, 65535);
    READS("u4", uint32_t, 0, 4294967295u);
    READS("u8", uint64_t, 0, 1ULL << 63);
    READS("b1", uint8_t, 0, 1);
    /* one, the largest, the least normal, the least, minus two, infinity, NaN */
    static const uint16_t half[] = { 0x3c00, 0x7bff, 0x0400, 0x0001, 0xc000, 0x7c00, 0x7e01, 0x8000 };
    static const double means[] = { 1, 65504, 0x1p-14, 0x1p-24, -2, INFINITY, NAN, 0 };
    type_reads("f2", half, 2, means, 8);
}

Test(readers, npy_orders)
{
    double c[24], f[24];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++) {
                c[(i * 3 + j) * 4 + k] = 100 * i + 10 * j + k;
                f[(k * 3 + j) * 2 + i] = 100 * i + 10 * j + k;
            }
    for (int fortran = 0; fortran < 2; fortran++) {
        FileArray *a = npy_of(1, "<f8", fortran, "(2, 3, 4)", fortran ? f : c, sizeof c);
        cr_assert(a && a->rank == 3 && a->dim[0] == 2 && a->dim[1] == 3 && a->dim[2] == 4, "%s", why);
        same(a, c, 24);
    }
}

Test(readers, npy_shapes)
{
    double x = 7;
    FileArray *a = npy_of(1, "<f8", false, "()", &x, 8);
    cr_expect(a && a->rank == 0 && file_value(a, 0) == 7);
    a = npy_of(3, "<f8", true, "(3, 0)", &x, 0);
    cr_expect(a && a->rank == 2 && a->dim[0] == 3 && a->dim[1] == 0);
    a = npy_of(1, "<f8", false, "(1L, 1L)", &x, 8);
    cr_expect(a && a->rank == 2 && file_value(a, 0) == 7);
    cr_expect(npy_of(1, "<f8", false, "(0, 2147483647, 2147483647, 2147483647)", &x, 0) != NULL);
}

/* What is refused, and why. */
static void refused(const char *descr, const char *shape, size_t n, const char *reason)
{
    double x[4] = { 0 };
    FileArray *a = npy_of(1, descr, false, shape, x, n);
    cr_expect(!a && strstr(why, reason), "%s %s: %s", descr, shape, a ? "read" : why);
}

Test(readers, npy_refused)
{
    refused("<f8", "(2,)", 15, "cut short");
    refused("<f8", "(2147483647, 2147483647, 2147483647, 2147483647)", 16, "cut short");
    refused("<f8", "(4294967296,)", 16, "too large");
    refused("<f8", "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)", 8, "too large");
    refused("<f8", "(-1,)", 16, "damaged");
    refused("<f8", "(2,", 16, "damaged");
    refused("<f8", "2", 16, "damaged");
    refused("<c16", "(1,)", 16, "element type");
    refused("<U3", "(1,)", 16, "element type");
    refused("<f16", "(1,)", 16, "element type");
    refused("|O", "(1,)", 16, "element type");
    refused("?f8", "(1,)", 16, "damaged");
    refused("<f8,<f8", "(1,)", 16, "element type");
    cr_expect(!npy_of(9, "<f8", false, "(1,)", "12345678", 8) && strstr(why, "version 9"));
}

/* A header that ends where the letter of its byte order would stand. */
Test(readers, npy_header_ends_in_descr)
{
    static const char head[] = "{'fortran_order': False, 'shape': (1,), 'descr': '";
    unsigned char bytes[128] = "\x93NUMPY\x01";
    bytes[8] = sizeof head - 1;
    memcpy(bytes + 10, head, sizeof head - 1);
    cr_expect(!npy(bytes, sizeof bytes) && strstr(why, "damaged"), "%s", why);
}

/* Every beginning of a file, and every file with one byte changed, is read or refused with a reason. */
Test(readers, npy_damaged)
{
    double x[6] = { 1, 2, 3, 4, 5, 6 };
    unsigned char good[512], bad[512];
    size_t n = npy_bytes(good, 1, "<f8", true, "(2, 3)", x, sizeof x);
    for (size_t k = 0; k < n; k++)
        cr_expect(!npy(good, k), "%zu of %zu bytes are read as an array", k, n);
    for (size_t k = 6; k < n; k++)
        for (int b = 0; b < 256; b += 5) {
            memcpy(bad, good, n);
            bad[k] = (unsigned char)b;
            npy(bad, n);
        }
}

Test(readers, npy_round_trip)
{
    char path[] = "/tmp/test_readers_XXXXXX";
    cr_assert(mkdtemp(path));
    const char *array = arena_printf(arena, "%s/a.npy", path), *table = arena_printf(arena, "%s/a.csv", path);
    double x[6] = { 0.1, -1e-300, 1e300, 1.0 / 3, 0, 12345678.875 };
    int64_t dim[] = { 3, 2 };
    for (int rank = 0; rank < 3; rank++) {
        cr_assert(npy_write(array, rank, dim, 8, x));
        FileArray *a = file_read(arena, array, NULL, NULL, &why);
        cr_assert(a && a->rank == rank && (rank == 0 || a->dim[0] == 3), "%s", why);
        same(a, x, rank == 0 ? 1 : rank == 1 ? 3 : 6);
    }
    cr_assert(csv_write(table, 2, dim, 8, x));
    FileArray *a = file_read(arena, table, NULL, NULL, &why);
    cr_expect(a && a->dim[0] == 3 && a->dim[1] == 2);
    same(a, x, 6);
    remove(array), remove(table), remove(path);
}

/* ---- .csv ---- */
static FileArray *csv(const char *text, size_t n, const char *columns)
{
    char *own = malloc(n + 1);
    memcpy(own, text, n);
    own[n] = 0;
    why = NULL;
    FileArray *a = csv_read(arena, "x.csv", own, n, columns, &why);
    free(own);
    cr_assert(a || why, "refused without a reason");
    return a;
}

static void is_table(const char *text, const char *columns, int rows, int width, const double *expected)
{
    FileArray *a = csv(text, strlen(text), columns);
    cr_assert(a, "%s: %s", text, why);
    cr_expect(a->rank == 2 && a->dim[0] == rows && a->dim[1] == width, "%s: [%d, %d]", text, (int)a->dim[0], (int)a->dim[1]);
    for (int k = 0; k < rows * width && a->dim[0] == rows && a->dim[1] == width; k++)
        cr_expect(file_value(a, k) == expected[k], "%s: number %d is %g", text, k, file_value(a, k));
}

Test(readers, csv_forms)
{
    static const double four[] = { 1, 2, 3, 4.5 };
    is_table("1,2\n3,4.5\n", NULL, 2, 2, four);
    is_table("1,2\n3,4.5", NULL, 2, 2, four);
    is_table("1;2\r\n3;4.5\r\n", NULL, 2, 2, four);
    is_table("1\t2\n3\t4.5\n", NULL, 2, 2, four);
    is_table("\xef\xbb\xbf" "1,2\n3,4.5\n", NULL, 2, 2, four);
    is_table("\xef\xbb\xbf" "\"a\",\"b\"\n\"1\",\"2\"\n\"3\",\"4.5\"\n", NULL, 2, 2, four);
    is_table("\n\n1 , 2\n\n  3,+4.5  \n\n", NULL, 2, 2, four);
    is_table("\"a, b\",\"c\"\"d\"\n1,2\n3,4.5\n", NULL, 2, 2, four);
    is_table("\"two\nlines\",b\n1,2\n3,45e-1\n", NULL, 2, 2, four);
    is_table("a,b,c\n1,9,2\n3,9,4.5\n", "a, c", 2, 2, four);
    is_table("9,1,2\n9,3,4.5\n", "2..3", 2, 2, four);
    is_table("2,1\n4.5,3\n", "2, 1", 2, 2, four);
    is_table("1\n2\n3\n4.5\n", NULL, 4, 1, four);
    is_table("7", NULL, 1, 1, (double[]){ 7 });
    is_table("a,b\n", NULL, 0, 2, NULL);
    is_table("-.5e-1,1E+3,5.,-0\n", NULL, 1, 4, (double[]){ -0.05, 1000, 5, 0 });
    is_table("-inf\nInfinity\n", NULL, 2, 1, (double[]){ -INFINITY, INFINITY });
}

static void no_table(const char *text, const char *columns, const char *reason)
{
    FileArray *a = csv(text, strlen(text), columns);
    cr_expect(!a && strstr(why, reason), "%s: %s", text, a ? "read" : why);
}

Test(readers, csv_refused)
{
    no_table("", NULL, "it is empty");
    no_table("\n \n\r\n", NULL, "it is empty");
    no_table("1,2\n3\n", NULL, "line 2 has 1 fields; 2 are expected");
    no_table("1,2\n3,4,5\n", NULL, "line 2 has 3 fields; 2 are expected");
    no_table("1,2\n\n3,x\n", NULL, "line 3, column 2: a number is expected, found `x`");
    no_table("1,2\n3,\n", NULL, "line 2, column 2: a number is expected, the field is empty");
    no_table("1,2\n3,4 5\n", NULL, "found `4 5`");
    no_table("a,b\n1,2\n3,1.2.3\n", NULL, "line 3, column 2");
    no_table("1,b\n", NULL, "line 1, column 2");
    no_table("\"1\n2\n3\n", NULL, "a quote is opened and not closed");
    no_table("a;b\n1,5;2\n", NULL, "decimals are written with a point");
    static const char *const others[] = { "0x10", "0x1p3", "1e", "1e+", ".", "+", "1f", "1_000", "nan(2)", "inf.", "1d3", "--1" };
    for (int k = 0; k < (int)(sizeof others / sizeof *others); k++)
        no_table(arena_printf(arena, "1,2\n3,%s\n", others[k]), NULL, arena_printf(arena, "line 2, column 2: a number is expected, found `%s`", others[k]));
    no_table("a,b\n1,2\n", "c", "no column named c");
    no_table("alpha,b\n1,2\n", "alpa", "did you mean alpha?");
    no_table("1,2\n", "a", "its first line is no header");
    no_table("1,2\n", "2..3", "has columns 1..2");
    no_table("1,2\n", "0", "has columns 1..2");
    no_table("1,2\n", "2..1", "has columns 1..2");
    cr_expect(!csv("1,2\0003,4\n", 8, NULL) && strstr(why, "nor text"));
}

Test(readers, csv_wide)
{
    enum { WIDTH = 5000, ROWS = 3 };
    Buf b = { 0 };
    for (int k = 0; k < WIDTH; k++)
        buf_printf(&b, "column %d%s", k, k + 1 < WIDTH ? "," : "\r\n");
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < WIDTH; k++)
            buf_printf(&b, "%d%s", i * WIDTH + k, k + 1 < WIDTH ? "," : "\r\n");
    FileArray *a = csv(b.at, b.n, NULL);
    cr_assert(a && a->dim[0] == ROWS && a->dim[1] == WIDTH && a->whole, "%s", why);
    for (int k = 0; k < ROWS * WIDTH; k++)
        cr_assert(file_value(a, k) == k);
    a = csv(b.at, b.n, "4998..5000");
    cr_expect(a && a->dim[1] == 3 && file_value(a, 0) == 4997 && a->column[2] == 5000 && a->line[1] == 3);
    buf_free(&b);
    buf_puts(&b, "5\n");                           /* a field that is longer than any number */
    for (int k = 0; k < 70000; k++)
        buf_puts(&b, "1");
    cr_expect(!csv(b.at, b.n, NULL) && strstr(why, "line 2, column 1: a number is expected, found `1111") && strlen(why) < 200);
    buf_free(&b);
}

/* ---- .npz ---- */
static void put_little(Buf *b, uint64_t x, int bytes)
{
    for (int k = 0; k < bytes; k++)
        buf_put(b, (char[]){ (char)(x >> 8 * k) }, 1);
}

/* A zip of members, packed or not; returns where the directory begins. */
typedef struct Part { const char *name; const unsigned char *at; size_t n; } Part;
static void zip_of(Buf *b, const Part *part, int n, bool packed)
{
    Buf directory = { 0 };
    for (int k = 0; k < n; k++) {
        unsigned char small[2048];
        z_stream z = { .next_in = (unsigned char *)part[k].at, .avail_in = (uInt)part[k].n, .next_out = small, .avail_out = sizeof small };
        cr_assert(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK && deflate(&z, Z_FINISH) == Z_STREAM_END);
        size_t size = packed ? z.total_out : part[k].n, name = strlen(part[k].name), at = b->n;
        deflateEnd(&z);
        Buf same = { 0 };
        put_little(&same, 20, 2), put_little(&same, 0, 2), put_little(&same, packed ? 8 : 0, 2), put_little(&same, 0, 4);
        put_little(&same, crc32(0, part[k].at, (uInt)part[k].n), 4), put_little(&same, size, 4), put_little(&same, part[k].n, 4), put_little(&same, name, 2), put_little(&same, 0, 2);
        buf_put(b, "PK\3\4", 4), buf_put(b, same.at, same.n), buf_put(b, part[k].name, name), buf_put(b, packed ? (char *)small : (char *)part[k].at, size);
        buf_put(&directory, "PK\1\2", 4), put_little(&directory, 20, 2), buf_put(&directory, same.at, same.n);
        put_little(&directory, 0, 2), put_little(&directory, 0, 2), put_little(&directory, 0, 2), put_little(&directory, 0, 4), put_little(&directory, at, 4);
        buf_put(&directory, part[k].name, name);
        buf_free(&same);
    }
    size_t at = b->n;
    buf_put(b, directory.at, directory.n);
    buf_put(b, "PK\5\6", 4), put_little(b, 0, 4), put_little(b, (uint64_t)n, 2), put_little(b, (uint64_t)n, 2), put_little(b, directory.n, 4), put_little(b, at, 4), put_little(b, 0, 2);
    buf_free(&directory);
}

static const unsigned char *member(const Buf *b, size_t n, const char *name, bool only, size_t *size)
{
    free(file);
    file = malloc(n ? n : 1);
    memcpy(file, b->at, n);
    why = NULL;
    npz_has(file, n, name);
    return npz_is(file, n) ? npz_member(arena, file, n, name, only, size, &why) : NULL;
}

Test(readers, npz)
{
    double x[2] = { 1, 2 }, y[3] = { 3, 4, 5 };
    unsigned char one[256], two[256];
    const unsigned char *at;
    Part part[] = { { "x.npy", one, npy_bytes(one, 1, "<f8", false, "(2,)", x, sizeof x) }, { "net.y.npy", two, npy_bytes(two, 1, "<f8", false, "(3,)", y, sizeof y) } };
    size_t size = 0;
    for (int packed = 0; packed < 2; packed++) {
        Buf b = { 0 };
        zip_of(&b, part, 2, packed);
        at = member(&b, b.n, "net.y", false, &size);
        cr_assert(at && size == part[1].n && !memcmp(at, two, size), "%s", why);
        cr_expect(!member(&b, b.n, "z", false, &size) && strstr(why, "holds no array named z, but x, net.y"));
        cr_expect(npz_has((unsigned char *)b.at, b.n, "x") && !npz_has((unsigned char *)b.at, b.n, "x.npy"));
        for (size_t n = 0; n < b.n; n++)                                    /* every beginning */
            cr_expect(!member(&b, n, "x", true, &size));
        for (size_t k = 4; k < b.n; k++)                                    /* every byte another: read soundly or refused */
            for (int bit = 0; bit < 8; bit += 3) {
                b.at[k] = (char)(b.at[k] ^ 1 << bit);
                at = member(&b, b.n, "x", true, &size);
                cr_expect(!at || (size == part[0].n && !memcmp(at, one, size)) || (size == part[1].n && !memcmp(at, two, size)), "byte %zu", k);
                b.at[k] = (char)(b.at[k] ^ 1 << bit);
            }
        buf_free(&b);
        zip_of(&b, part, 1, packed);
        cr_expect(member(&b, b.n, "anything", true, &size) && !member(&b, b.n, "anything", false, &size));
        buf_free(&b);
        zip_of(&b, part, 0, packed);
        cr_expect(!member(&b, b.n, "x", true, &size) && strstr(why, "no array"));
        buf_free(&b);
    }
}
