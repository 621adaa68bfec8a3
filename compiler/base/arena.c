/* arena.c -- memory by lifetime: an arena is a list of chunks, a request takes the next bytes of the newest one.
 *
 * Input: sizes. Output: zeroed memory, aligned to 16, that lives until arena_free(). Invariant: chunks come zeroed from
 * calloc and no byte is handed out twice, so nothing is cleared again. Vectors (base.h) grow here too: the old place is left behind.
 * A part hands its chunks to the arena that it is a part of, for the next part: only what was used of them is cleared, and no page is asked for anew. */
#include "base.h"
#include <stdlib.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#endif

typedef struct Chunk { struct Chunk *next; size_t used, cap; _Alignas(16) unsigned char data[]; } Chunk;
struct Arena {
    Chunk *head;
    const char *lifetime;
    size_t total;                                    /* bytes of all chunks, those of parts too: counted in the arena that is no part */
    Arena *of, *parts, *next;                        /* next: of the parts of `of` */
    Chunk *spare;                                    /* of parts that are no more, of CHUNK bytes each */
};

enum { CHUNK = 64 * 1024, ALIGN = 16 };
static const size_t MOST = (size_t)8 << 30;          /* bytes of one arena: before a machine starts to swap or kills what runs on it */

Arena *arena_new(const char *lifetime) {
    Arena *a = calloc(1, sizeof *a);
    if (!a) no_memory(0);
    a->lifetime = lifetime;
    return a;
}

Arena *arena_part(Arena *of, const char *lifetime) {
    Arena *a = arena_new(lifetime);
    a->of = of->of ? of->of : of;
    a->next = a->of->parts;
    return a->of->parts = a;
}

static void give_back(Arena *to, Chunk *c) {
    if (!to || c->cap != CHUNK) {
        if (to) to->total -= c->cap;
        free(c);
        return;
    }
    c->next = to->spare;
    to->spare = c;
    ASAN_POISON_MEMORY_REGION(c->data, c->cap);      /* whoever still looks there is found out */
}

void arena_free(Arena *a) {
    if (!a) return;
    while (a->parts) arena_free(a->parts);
    for (Chunk *c = a->head, *next; c; c = next) { next = c->next; give_back(a->of, c); }
    for (Chunk *c = a->spare, *next; c; c = next) {
        next = c->next;
        ASAN_UNPOISON_MEMORY_REGION(c->data, c->cap);
        free(c);
    }
    if (a->of) {
        Arena **at = &a->of->parts;
        while (*at != a) at = &(*at)->next;
        *at = a->next;
    }
    free(a);
}

static Chunk *new_chunk(Arena *root, size_t cap) {
    Chunk *c = root->spare;
    if (c && cap == CHUNK) {
        root->spare = c->next;
        ASAN_UNPOISON_MEMORY_REGION(c->data, c->cap);
        memset(c->data, 0, c->used);
        c->used = 0;
        return c;
    }
    c = cap > MOST - root->total ? NULL : calloc(1, sizeof *c + cap);
    if (!c) return NULL;
    c->cap = cap;
    root->total += cap;
    return c;
}

static Chunk *add_chunk(Arena *a, size_t bytes) {
    size_t cap = bytes > CHUNK / 4 ? bytes : CHUNK;
    Chunk *c = new_chunk(a->of ? a->of : a, cap);
    if (!c) return NULL;
    /* A chunk made for one large request is full at once: it goes behind the one that is still being filled. */
    if (cap == bytes && a->head) { c->next = a->head->next; a->head->next = c; }
    else { c->next = a->head; a->head = c; }
    return c;
}

void *arena_try(Arena *a, size_t bytes) {
    if (bytes > MOST) return NULL;
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    Chunk *c = a->head;
    if (!c || c->cap - c->used < bytes) c = add_chunk(a, bytes);
    if (!c) return NULL;
    void *p = c->data + c->used;
    c->used += bytes;
    return p;
}

void *arena_alloc(Arena *a, size_t bytes) {
    void *p = arena_try(a, bytes);
    if (!p) no_memory(a->of ? a->of->total : a->total);
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
