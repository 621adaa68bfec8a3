/* buf.c -- growing strings on the heap. Input: bytes and formats. Output: at, n bytes and a closing 0 that n does not count
 * (an untouched buffer has at == NULL and n == 0). buf_free() makes it untouched again. */
#include "base.h"
#include <stdlib.h>

static void reserve(Buf *b, size_t more) {
    if (b->n + more + 1 <= b->cap) return;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < b->n + more + 1) cap *= 2;
    char *at = realloc(b->at, cap);
    if (!at) no_memory(cap);
    b->at = at;
    b->cap = cap;
}

void buf_put(Buf *b, const char *bytes, size_t n) {
    reserve(b, n);
    if (n) memcpy(b->at + b->n, bytes, n);
    b->n += n;
    b->at[b->n] = 0;
}

void buf_puts(Buf *b, const char *s) { buf_put(b, s, strlen(s)); }

void buf_vprintf(Buf *b, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0) ice("cannot format `%s`", fmt);
    reserve(b, (size_t)n);
    vsnprintf(b->at + b->n, (size_t)n + 1, fmt, again);
    va_end(again);
    b->n += (size_t)n;
}

void buf_printf(Buf *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_free(Buf *b) {
    free(b->at);
    *b = (Buf){0};
}
