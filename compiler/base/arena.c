/* arena.c -- memory by lifetime: an arena is a list of chunks, a request takes the next bytes of the newest one.
 *
 * Input: sizes. Output: zeroed memory, aligned to 16, that lives until arena_free(). Invariant: chunks come zeroed from
 * calloc and no byte is handed out twice, so nothing is cleared again. Vectors (base.h) grow here too: the old place is left behind. */
#include "base.h"
#include <stdlib.h>

typedef struct Chunk { struct Chunk *next; size_t used, cap; _Alignas(16) unsigned char data[]; } Chunk;
struct Arena { Chunk *head; const char *lifetime; size_t total; };

enum { CHUNK = 64 * 1024, ALIGN = 16 };
static const size_t MOST = (size_t)8 << 30;          /* bytes of one arena: before a machine starts to swap or kills what runs on it */

Arena *arena_new(const char *lifetime) {
    Arena *a = calloc(1, sizeof *a);
    if (!a) no_memory(0);
    a->lifetime = lifetime;
    return a;
}

void arena_free(Arena *a) {
    if (!a) return;
    for (Chunk *c = a->head, *next; c; c = next) { next = c->next; free(c); }
    free(a);
}

static Chunk *add_chunk(Arena *a, size_t bytes) {
    size_t cap = bytes > CHUNK / 4 ? bytes : CHUNK;
    Chunk *c = cap > MOST - a->total ? NULL : calloc(1, sizeof *c + cap);
    if (!c) no_memory(a->total);
    c->cap = cap;
    a->total += cap;
    /* A chunk made for one large request is full at once: it goes behind the one that is still being filled. */
    if (cap == bytes && a->head) { c->next = a->head->next; a->head->next = c; }
    else { c->next = a->head; a->head = c; }
    return c;
}

void *arena_alloc(Arena *a, size_t bytes) {
    if (bytes > MOST) no_memory(a->total);
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    Chunk *c = a->head;
    if (!c || c->cap - c->used < bytes) c = add_chunk(a, bytes);
    void *p = c->data + c->used;
    c->used += bytes;
    return p;
}

char *arena_strndup(Arena *a, const char *s, size_t n) {
    char *p = arena_alloc(a, n + 1);
    if (n) memcpy(p, s, n);
    return p;
}

char *arena_printf(Arena *a, const char *fmt, ...) {
    Buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    char *p = arena_strndup(a, b.at, b.n);
    buf_free(&b);
    return p;
}

void vec_grow(Arena *a, void **at, int *cap, int n, size_t elem) {
    if (n < *cap) return;
    if (n > INT32_MAX / 2) ice("a vector of %d elements", n);
    int more = *cap ? 2 * *cap : 8;
    void *p = arena_alloc(a, elem * (size_t)more);
    if (n) memcpy(p, *at, elem * (size_t)n);
    *at = p;
    *cap = more;
}
