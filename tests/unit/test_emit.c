/* test_emit.c -- generated C at its edges: number literals keep every bit in float and in double and compile without a warning; user names that are words of
 * C, names of libm or of the compiler's own, in every role. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include "c99.h"
#include "front.h"
#include "diff.h"
#include "driver.h"

#define FLAGS "-std=c99 -O1 -Wall -Wextra -Werror -pedantic -Wdouble-promotion"

static const double numbers[] = {
    0, 1, -1, 2, 10, 1e22, 1e23, 0.1, -0.1, 1 / 3., 0.30000000000000004, 2.5, 123456789, 16777217, 9007199254740993, 4294967296, -2147483648.0,
    DBL_MAX, -DBL_MAX, DBL_MIN, DBL_EPSILON, 4.9406564584124654e-324, -4.9406564584124654e-324, 2.2250738585072009e-308,
    FLT_MAX, FLT_MIN, 1.40129846e-45, 1.1754942e-38, 3.4028236e38, 1e300, 1e-300, -1e-300, INFINITY, -INFINITY, NAN,
};
enum { COUNT = sizeof numbers / sizeof *numbers };

static int run(const char *command)
{
    int code = system(command);
    return code == -1 ? -1 : code;
}

/* A C program that compares each literal with its bits; bare: as an operand that stands alone. */
static void literals(int real_bytes, const char *cc)
{
    char dir[] = "/tmp/test_emit.XXXXXX", *path, *command;
    Arena *arena = arena_new("test");
    Buf b = { 0 };
    LProgram p = { .real_bytes = real_bytes };
    C c = { .p = &p, .o = &b, .real = real_bytes == 4 ? "float" : "double" };
    cr_assert(mkdtemp(dir));
    buf_printf(&b, "#include <math.h>\n#include <stdint.h>\n#include <string.h>\nint main(void)\n{\n    int bad = 0;\n    %s x, y = 1;\n    uint%d_t bits;\n", c.real, 8 * real_bytes);
    for (int k = 0; k < COUNT; k++)
        for (int bare = 0; bare < 2; bare++) {
            uint64_t bits = 0;
            float f = (float)numbers[k];
            memcpy(&bits, real_bytes == 4 ? (void *)&f : (void *)&numbers[k], (size_t)real_bytes);
            buf_puts(&b, "    x = ");
            c99_number(&c, numbers[k], bare);
            buf_puts(&b, ";\n    memcpy(&bits, &x, sizeof x);\n");
            if (isnan(numbers[k]))
                buf_puts(&b, "    bad += x == x;\n");
            else
                buf_printf(&b, "    bad += bits != 0x%llxu;\n", (unsigned long long)bits);
            buf_puts(&b, "    y = y * ");
            c99_number(&c, numbers[k], false);
            buf_puts(&b, " - ");
            c99_number(&c, numbers[k], false);
            buf_puts(&b, ";\n");
        }
    buf_puts(&b, "    return bad + (y > 1 && y < 0);\n}\n");
    path = arena_printf(arena, "%s/t.c", dir);
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs(b.at, file);
    fclose(file);
    command = arena_printf(arena, "%s " FLAGS " -Wno-unused -o %s/t %s -lm 2> %s/err || { head -20 %s/err; false; }", cc, dir, path, dir, dir);
    cr_expect_eq(run(command), 0, "%s refuses literals of %s", cc, c.real);
    command = arena_printf(arena, "%s/t", dir);
    cr_expect_eq(run(command), 0, "%s: literals of %s lose bits", cc, c.real);
    run(arena_printf(arena, "rm -rf %s", dir));
    buf_free(&b);
    arena_free(arena);
}

Test(emit, literals_keep_every_bit)
{
    literals(8, "gcc");
    literals(4, "gcc");
    literals(8, "clang-19");
    literals(4, "clang-19");
}

/* ---- names ---- */

/* Words of C and C++, of the headers that generated code includes and of those that its users include, and names that generated code could want itself. */
static const char *const words[] = {
    "int", "float", "double", "register", "static", "auto", "restrict", "inline", "main", "class", "new", "this", "template", "bool", "NULL", "NAN", "INFINITY", "I", "EOF", "errno", "typedef",
    "exp", "tanh", "y0", "j1", "gamma", "signgam", "fmax", "pow", "memcpy", "memset", "abs", "floor", "time", "size_t", "uint64_t", "int32_t", "mfl_status", "mfl_real", "M_PI", "assert", "printf",
    "N", "T", "D", "STEPS", "params", "out", "work", "status", "grad", "value", "logs", "seed", "carried", "number", "i", "j", "k", "t", "n", "a", "b", "x", "w", "unix", "linux", "stdin",
    "d_w", "b_w", "sum_0", "x_2", "tasks", "init", "adapt", "hypergradient", "WORK_BYTES", "workspace", "slope_w", "complex", "signed", "y1", "restrict_2", "enum", "sizeof", "volatile",
};
enum { WORDS = sizeof words / sizeof *words };

typedef enum { AS_DATA, AS_META, AS_PARAM, AS_FIELD, AS_SIZE, AS_VALUE, AS_FUNCTION, AS_LOG, AS_PROBLEM, ROLES } NameRole;
static const char *const role_name[ROLES] = { "data", "metas", "params", "fields", "sizes", "values", "functions", "logs", "the problem" };

/* All words in one role; of the problem: the k-th. Every word is used in the loss. */
static void program_of(Buf *b, NameRole role, int k)
{
    buf_printf(b, "problem %s\ndim zz_n = 3\n", role == AS_PROBLEM ? words[k] : "zz_problem");
    for (int w = 0; w < WORDS && role == AS_SIZE; w++)
        buf_printf(b, "dim %s = %d\ndata zz_%d[%s]\n", words[w], 2 + w % 3, w, words[w]);
    buf_puts(b, "struct zz_rec {");
    for (int w = 0; w < WORDS && role == AS_FIELD; w++)
        buf_printf(b, "  %s[zz_n] = 0.1", words[w]);
    buf_puts(b, "  zz_f[zz_n] = 0.1 }\nmeta zz_m[zz_n] = 0.5\nmeta zz_r : zz_rec\nparam zz_p[zz_n] = 0.2\ndata zz_d[zz_n]\n");
    for (int w = 0; w < WORDS; w++)
        if (role == AS_DATA || role == AS_META)
            buf_printf(b, "%s %s[zz_n]%s\n", role == AS_DATA ? "data" : "meta", words[w], role == AS_META ? " = 0.1" : "");
        else if (role == AS_PARAM)
            buf_printf(b, "param %s[zz_n] = 0.3\nstep %s by momentum(rate = 0.1) for 2\n", words[w], words[w]);
        else if (role == AS_FUNCTION)
            buf_printf(b, "fn %s(q) = q * q + %d\n", words[w], w);
    buf_puts(b, "inner {\n  zz_s = sum(zz_p * zz_m * zz_d * zz_r.zz_f)\n");
    for (int w = 0; w < WORDS; w++)
        if (role == AS_VALUE)
            buf_printf(b, "  %s = zz_s * zz_s + zz_m[0]\n  zz_s = %s / 3\n", words[w], words[w]);
        else if (role == AS_LOG)
            buf_printf(b, "  log %s = zz_s + %d\n", words[w], w);
        else if (role != AS_PROBLEM && role != AS_SIZE)
            buf_printf(b, role == AS_FUNCTION ? "  zz_s = zz_s + %s(zz_s)\n" : role == AS_FIELD ? "  zz_s = zz_s + sum(zz_r.%s * zz_p)\n" : "  zz_s = zz_s + sum(%s * zz_p)\n", words[w]);
        else if (role == AS_SIZE)
            buf_printf(b, "  zz_s = zz_s + zz_p[0] * sum(zz_%d) / %s\n", w, words[w]);
    buf_puts(b, "  return zz_s^2\n}\nstep zz_p by momentum(rate = 0.1) for 2\nouter { return sum(zz_p)^2 }\nlearn zz_m by adam(rate = 0.1) for 2\n");
}

static bool compiles(Arena *arena, const char *dir, NameRole role, int k)
{
    Buf text = { 0 }, c = { 0 }, h = { 0 };
    const char *path = arena_printf(arena, "%s/p.mfl", dir);
    program_of(&text, role, k);
    cr_assert(write_atomically(path, text.at, text.n));
    buf_free(&text);
    Options o = { .command = "build", .file = path, .real = "float", .mode = "reverse", .schedule = "keep", .loops = "keep", .arena = arena };
    Session s;
    cr_assert_eq(session_open(&s, &o, 0), -1, "the test's program of %s is wrong", role_name[role]);
    emit_c99(s.program, &(C99Options){ .check = true }, &c, &h);
    const char *name = s.problem->name, *base = arena_printf(arena, "%s/%s", dir, name);
    cr_assert(write_atomically(arena_printf(arena, "%s.c", base), c.at, c.n) && write_atomically(arena_printf(arena, "%s.h", base), h.at, h.n));
    buf_free(&c);
    buf_free(&h);
    session_close(&s);
    const char *source = arena_printf(arena, "gcc " FLAGS " -Wshadow -I" MFL_TOP "/include -c -o %s/t.o %s.c 2> %s/err || { head -5 %s/err; false; }", dir, base, dir, dir);
    const char *user = arena_printf(arena, "printf '#include <%%s.h>\\n' stdio math time complex stdbool errno | cat - %s.h | gcc " FLAGS " -fsyntax-only -I" MFL_TOP "/include -x c - 2> %s/err || { head -5 %s/err; false; }",
                                    base, dir, dir);
    return run(source) == 0 && run(user) == 0;
}

static void names_as(NameRole role)
{
    char dir[] = "/tmp/test_emit.XXXXXX";
    Arena *arena = arena_new("test");
    cr_assert(mkdtemp(dir));
    for (int k = 0; k < (role == AS_PROBLEM ? WORDS : 1); k += 7)
        cr_expect(compiles(arena, dir, role, k), "names of %s (%s)", role_name[role], role == AS_PROBLEM ? words[k] : "all");
    run(arena_printf(arena, "rm -rf %s", dir));
    arena_free(arena);
}

Test(emit, names_of_data) { names_as(AS_DATA); }
Test(emit, names_of_metas) { names_as(AS_META); }
Test(emit, names_of_params) { names_as(AS_PARAM); }
Test(emit, names_of_fields) { names_as(AS_FIELD); }
Test(emit, names_of_sizes) { names_as(AS_SIZE); }
Test(emit, names_of_values) { names_as(AS_VALUE); }
Test(emit, names_of_functions) { names_as(AS_FUNCTION); }
Test(emit, names_of_logs) { names_as(AS_LOG); }
Test(emit, names_of_problems) { names_as(AS_PROBLEM); }
