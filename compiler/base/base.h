/* base.h -- what every layer stands on: arenas, interned names, vectors, string buffers, sources and
 * spans, diagnostics, internal errors. No other header of the compiler is included here.
 *
 * Ownership: everything allocated from an Arena lives until arena_free(); nothing is freed singly.
 * Names are interned for the life of the process: compare them by pointer. */
#ifndef MFL_BASE_H
#define MFL_BASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))
#else
#define PRINTF_LIKE(f, a)
#define NORETURN
#endif

/* ---- arenas ---- */
typedef struct Arena Arena;
Arena *arena_new(const char *lifetime);              /* "unit", "pass"; the name shows in ice() reports */
Arena *arena_part(Arena *of, const char *lifetime);  /* shorter lived: its memory is used again by later parts; freed with `of` at the latest */
void   arena_free(Arena *);                          /* NULL is fine */
void  *arena_alloc(Arena *, size_t bytes);           /* zeroed, aligned to 16; no_memory() when it is out */
void  *arena_try(Arena *, size_t bytes);             /* the same; NULL when it is out: for what a file asks for, which is said of the file */
char  *arena_printf(Arena *, const char *fmt, ...) PRINTF_LIKE(2, 3);
char  *arena_strndup(Arena *, const char *, size_t n);
#define NEW(arena, T) ((T *)arena_alloc((arena), sizeof(T)))
#define NEW_N(arena, T, n) ((T *)arena_alloc((arena), sizeof(T) * (size_t)(n)))

/* ---- names ---- */
typedef const char *Name;                            /* interned; NULL means "no name" */
Name intern(const char *);
Name intern_n(const char *, size_t n);
Name intern_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
void intern_free_all(void);                          /* at exit, for leak checkers */

/* ---- vectors: Vec(T) v = {0}; vec_push(arena, v, x); v.at[i], v.n ---- */
#define Vec(T) struct { T *at; int n, cap; }
#define vec_push(arena, v, ...) \
    (vec_grow((arena), (void **)&(v).at, &(v).cap, (v).n, sizeof *(v).at), (v).at[(v).n++] = (__VA_ARGS__))
void vec_grow(Arena *, void **at, int *cap, int n, size_t elem);

/* ---- string buffers (heap; buf_free when done) ---- */
typedef struct Buf { char *at; size_t n, cap; } Buf;
void buf_printf(Buf *, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(Buf *, const char *fmt, va_list);
void buf_put(Buf *, const char *bytes, size_t n);
void buf_puts(Buf *, const char *);
void buf_free(Buf *);

/* ---- sources and spans ---- */
typedef struct Source {
    const char *path;                                /* as the user wrote it, or relative to the main file */
    const char *text;                                /* len bytes and a closing 0; may hold any byte */
    size_t      len;
} Source;
typedef struct Pos { int line, col; size_t off; } Pos;   /* line and column from 1, columns in characters */
typedef struct Span { const Source *src; Pos first, last; } Span;   /* last: one past the end; src NULL: none */
/* Reads a whole file into arena. NULL and *why set (a static or arena string) when it cannot be read or is larger than 64 MiB. */
Source *source_read(Arena *, const char *path, const char **why);
const char *source_name(const Source *);                /* as comments and tables show it: the file without its folder; the library's with std/ before it */
Source *source_from_text(Arena *, const char *path, const char *text, size_t len);
/* Bytes of the character at s: 1 to 4; a byte that is no valid UTF-8 is a character of its own, of 1 byte. left >= 1. */
int    utf8_len(const char *s, size_t left);
unsigned utf8_code(const char *s);                      /* of the character at s, which is a whole one */

/* ---- diagnostics: collected, then printed in source order ---- */
typedef enum { DIAG_ERROR, DIAG_WARNING } DiagKind;
typedef struct Note { Span span; char *text; } Note;
typedef struct Diag { DiagKind kind; Span span; char *text; char *label; Vec(Note) notes; } Diag;
/* The calls whose bodies are being evaluated, outermost first. An error in a body says where it was called; one in the library's text stands at the
 * user's own call. */
typedef struct CallSite { Name name; Span at; bool library; } CallSite;
typedef struct Diags { Arena *arena; Vec(Diag) all; int errors; Vec(CallSite) calls; } Diags;
/* Adds an error at span. label is shown beside the caret ("expected [8], found [6]") and may be NULL. The result takes notes. At most 50 errors are kept. */
Diag *diag_error(Diags *, Span, const char *label, const char *fmt, ...) PRINTF_LIKE(4, 5);
Diag *diag_warning(Diags *, Span, const char *label, const char *fmt, ...) PRINTF_LIKE(4, 5);
void  diag_note(Diags *, Diag *, Span, const char *fmt, ...) PRINTF_LIKE(4, 5);   /* span.src may be NULL: a plain note */
/* Prints all, sorted by file (in order of first appearance of an error's source; the order of reading), line, column:
 *   ridge.mfl:11:22: error: `-` cannot combine [8] with [6]
 *      |
 *   11 | outer = mean((xv @ w - y)^2)
 *      |                      ^ expected ...
 *   ridge.mfl:4:16: note: y is declared here with shape [8]      (with its own line and caret)
 * Long lines are cut around the caret; bytes that are not printable are shown as \xNN. */
void  diags_print(const Diags *, FILE *);
/* The nearest of n known names by edit distance, or NULL when none is near. */
Name  nearest_name(Name wanted, const Name *known, int n);

/* A mistake of ours: prints "mflc: internal error in PASS: ..." and exits with code 70. Never for what a user can cause. */
void ice(const char *fmt, ...) PRINTF_LIKE(1, 2) NORETURN;
void quit(int code) NORETURN;                           /* ends the process; what was written to streams is in their files */
void no_memory(size_t held) NORETURN;                  /* a problem that is too large: says so, exit code 1 */
extern const char *ice_pass;                         /* the pass that runs, for ice() */
extern jmp_buf *ice_return;                          /* where ice() and no_memory() go, after their message, instead of ending the process; NULL: they end it */

/* ---- messages to the user ---- */
FILE *messages(void);                                /* the standard error, or what a host has set */
void  messages_to(FILE *);                           /* NULL: the standard error again */
#endif
