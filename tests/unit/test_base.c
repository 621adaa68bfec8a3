/* test_base.c -- what every layer stands on: arenas, buffers, names, sources, diagnostics as they are printed. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include "base.h"

static Arena *arena;
static void setup(void) { arena = arena_new("test"); }
static void teardown(void) { arena_free(arena); }
TestSuite(base, .init = setup, .fini = teardown);

Test(base, arena_memory_is_zeroed_aligned_and_apart)
{
    unsigned char *before = NULL;
    for (size_t n = 1; n < 3000; n = n * 2 + 1)
        for (int k = 0; k < 20; k++) {
            unsigned char *p = arena_alloc(arena, n);
            cr_assert_not_null(p);
            cr_assert_eq((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++)
                cr_assert_eq(p[i], 0);
            memset(p, 0xa5, n);
            cr_assert_neq(p, before, "two allocations in one place");
            before = p;
        }
    char *large = arena_alloc(arena, (size_t)40 << 20);
    cr_expect(!large[0] && !large[((size_t)40 << 20) - 1]);
    cr_expect_str_eq(arena_printf(arena, "%s %d", "x", 7), "x 7");
    cr_expect_str_eq(arena_strndup(arena, "abcdef", 3), "abc");
    arena_free(NULL);
}

/* What a part used is cleared before another one gets it, and costs the arena nothing more. */
Test(base, parts_of_an_arena_use_the_same_memory)
{
    unsigned char *before[1000] = { NULL };
    for (int round = 0; round < 3; round++) {
        Arena *part = arena_part(arena, "part"), *other = arena_part(part, "another");
        unsigned char *p = NULL, *keep = arena_alloc(arena, 100);
        int again = 0;
        for (int k = 0; k < 1000; k++) {
            p = arena_alloc(part, 500);
            for (int i = 0; i < 1000; i++)
                again += before[i] == p;
            for (int i = 0; i < 500; i++)
                cr_assert_eq(p[i], 0);
            memset(p, 0xff, 500);
            before[k] = p;
        }
        cr_expect(round != 1 || again == 1000, "the chunks of the part before are used again: %d of 1000", again);
        memset(arena_alloc(part, 300000), 1, 300000);              /* larger than a chunk */
        memset(arena_alloc(other, 100), 1, 100);
        arena_free(part);
        cr_expect_eq(keep[0], 0);
        memset(keep, 1, 100);
        if (round)
            arena_free(other);                                     /* else with the arena */
    }
}

Test(base, vectors_grow)
{
    Vec(int) v = { 0 };
    for (int k = 0; k < 10000; k++)
        vec_push(arena, v, k);
    cr_assert_eq(v.n, 10000);
    for (int k = 0; k < v.n; k++)
        cr_assert_eq(v.at[k], k);
}

Test(base, buffers_hold_any_byte)
{
    Buf b = { 0 };
    for (int k = 0; k < 1000; k++)
        buf_put(&b, "a\0b", 3);
    buf_puts(&b, "");
    buf_printf(&b, "%5d|%s", 42, "end");
    cr_assert_eq(b.n, 3000 + 9);
    cr_expect(!memcmp(b.at + 2997, "a\0b   42|end", 12));
    buf_free(&b);
    cr_expect(b.n == 0 && !b.at);
}

Test(base, equal_names_are_one_pointer)
{
    char text[] = "start.l1.w";
    Name a = intern(text), many[2000];
    text[0] = 'S';
    cr_expect_str_eq(a, "start.l1.w");
    cr_expect_eq(a, intern_n("start.l1.wxyz", 10));
    cr_expect_eq(a, intern_printf("start.%s.w", "l1"));
    cr_expect_neq(a, intern(text));
    for (int k = 0; k < 2000; k++)
        many[k] = intern_printf("n%d", k);
    for (int k = 0; k < 2000; k++)
        cr_assert_eq(many[k], intern_printf("n%d", k), "a name moved when the table grew");
}

Test(base, nearest_names)
{
    static const struct { const char *wanted, *nearest; } cases[] = {
        { "logsoftmax", "log_softmax" }, { "softmx", "softmax" }, { "sigmiod", "sigmoid" }, { "Tanh", "tanh" }, { "tanh", NULL }, { "x", NULL }, { "", NULL }, { "zzzzzz", NULL }, { "epx", "exp" },
    };
    Name known[] = { intern("exp"), intern("log_softmax"), intern("softmax"), intern("sigmoid"), intern("tanh"), intern("y"), NULL };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Name near = nearest_name(intern(cases[k].wanted), known, 7);
        cr_expect(cases[k].nearest ? near && !strcmp(near, cases[k].nearest) : !near, "%s: %s", cases[k].wanted, near ? near : "none");
    }
    char very_long[200];
    memset(very_long, 'a', sizeof very_long - 1);
    very_long[199] = 0;
    cr_expect_null(nearest_name(intern(very_long), known, 7));
    cr_expect_null(nearest_name(NULL, known, 7));
}

Test(base, characters)
{
    static const struct { const char *s; int len; } cases[] = {
        { "a", 1 }, { "\xc3\xa9", 2 }, { "\xe2\x82\xac", 3 }, { "\xf0\x9f\x98\x80", 4 },
        { "\xc3", 1 }, { "\xc0\xaf", 1 }, { "\xe0\x80\x80", 1 }, { "\xed\xa0\x80", 1 }, { "\xf4\x90\x80\x80", 1 }, { "\xff", 1 }, { "\x80", 1 },   /* cut, overlong, surrogate, too large */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        cr_expect_eq(utf8_len(cases[k].s, strlen(cases[k].s)), cases[k].len, "case %d", (int)k);
    cr_expect_eq(utf8_len("\xe2\x82\xac", 2), 1, "a character that is cut off");
}

Test(base, sources)
{
    const char *why = NULL;
    cr_expect_null(source_read(arena, "/no/such/file", &why));
    cr_expect(why && strstr(why, "No such file"));
    why = NULL;
    cr_expect_null(source_read(arena, "/", &why));
    cr_expect_not_null(why, "a folder");
    Source *s = source_from_text(arena, "a.mfl", "x\0y", 3);
    cr_expect(s->len == 3 && s->text[2] == 'y' && s->text[3] == 0);
}

/* ---- diagnostics ---- */

static Span span(const Source *s, size_t from, size_t to)
{
    Span x = { .src = s };
    for (int end = 0; end < 2; end++) {
        Pos p = { 1, 1, end ? to : from };
        for (size_t k = 0; k < p.off; k += (size_t)utf8_len(s->text + k, s->len - k))
            p = s->text[k] == '\n' ? (Pos){ p.line + 1, 1, p.off } : (Pos){ p.line, p.col + 1, p.off };
        *(end ? &x.last : &x.first) = p;
    }
    return x;
}

static char *printed(const Diags *d)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    diags_print(d, f);
    fclose(f);
    char *copy = arena_strndup(arena, text, n);
    free(text);
    return copy;
}

Test(base, diagnostics_come_in_source_order_with_their_notes)
{
    Diags d = { .arena = arena };
    const Source *s = source_from_text(arena, "a.mfl", "first line\nsecond\n", 18);
    diag_error(&d, span(s, 11, 17), "expected [8], found [6]", "a %s message", "second");
    diag_note(&d, diag_error(&d, span(s, 6, 10), NULL, "the first"), span(s, 0, 5), "declared here");
    diag_warning(&d, span(s, 0, 1), NULL, "careful");
    cr_expect_eq(d.errors, 2);
    cr_expect_str_eq(printed(&d), "a.mfl:1:1: warning: careful\n   |\n 1 | first line\n   | ^\n"
                                  "a.mfl:1:7: error: the first\n   |\n 1 | first line\n   |       ^~~~\n"
                                  "a.mfl:1:1: note: declared here\n   |\n 1 | first line\n   | ^~~~~\n"
                                  "a.mfl:2:1: error: a second message\n   |\n 2 | second\n   | ^~~~~~ expected [8], found [6]\n");
}

Test(base, one_error_at_one_place_and_fifty_in_all)
{
    Diags d = { .arena = arena };
    char text[400];
    memset(text, 'x', sizeof text);
    const Source *s = source_from_text(arena, "a.mfl", text, sizeof text);
    for (size_t k = 0; k < 60; k++)
        for (int again = 0; again < (k < 50 ? 3 : 1); again++)
            diag_error(&d, span(s, k, k + 1), NULL, "error %d.%d", (int)k, again);
    cr_expect_eq(d.errors, 60);
    char *out = printed(&d);
    cr_expect(strstr(out, "error 49.0") && !strstr(out, "error 50.0") && !strstr(out, "49.1"));
    cr_expect(strstr(out, "10 more errors are not shown.\n"));
}

Test(base, whatever_a_line_holds_the_caret_stands_under_its_character)
{
    static const struct { const char *text; size_t from, to; const char *line, *marks; } cases[] = {
        { "a \xc3\xa9 = b", 7, 8, "a \xc3\xa9 = b", "      ^" },                  /* two bytes, one column */
        { "\tx = y", 1, 2, "\tx = y", "\t^" },
        { "a\x01 b", 3, 4, "a\\x01 b", "      ^" },
        { "a\xff b", 1, 2, "a\\xff b", " ^~~~" },
        { "abc", 3, 3, "abc", "   ^" },                                           /* behind the end */
        { "", 0, 0, "", "^" },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Diags d = { .arena = arena };
        const Source *s = source_from_text(arena, "a.mfl", cases[k].text, strlen(cases[k].text));
        diag_error(&d, span(s, cases[k].from, cases[k].to), NULL, "m");
        char *want = arena_printf(arena, "\n 1 |%s%s\n   | %s\n", *cases[k].line ? " " : "", cases[k].line, cases[k].marks), *out = printed(&d);
        cr_expect(strstr(out, want), "case %d:\n%s", (int)k, out);
    }
}

Test(base, long_lines_are_cut_around_the_caret)
{
    char *text = arena_alloc(arena, 100001);
    memset(text, 'a', 100000);
    text[50000] = 'b';
    Diags d = { .arena = arena };
    diag_error(&d, span(source_from_text(arena, "a.mfl", text, 100000), 50000, 50001), NULL, "m");
    char *out = printed(&d), *line = strstr(out, " 1 | ") + 5, *marks = strstr(line, "   | ") + 5;
    cr_expect(strlen(out) < 400);
    cr_expect_eq(line[strchr(marks, '^') - marks], 'b');
    cr_expect(!strncmp(line, "...", 3) && !strncmp(strchr(line, '\n') - 3, "...", 3));
}

Test(base, bytes_of_names_in_messages_are_shown_not_sent)
{
    Diags d = { .arena = arena };
    diag_error(&d, (Span){ 0 }, NULL, "unknown name \x1b[31m");
    cr_expect_str_eq(printed(&d), "error: unknown name \\x1b[31m\n");
}
