/* source.c -- the texts that are compiled, and their characters. Input: a path or a text. Output: a Source with a closing 0 behind
 * len bytes; any byte may occur, 0 included. A file larger than 64 MiB is refused: places in a text are counted in int columns. */
#include "base.h"
#include <errno.h>

enum { LARGEST = 64 * 1024 * 1024 };

Source *source_from_text(Arena *a, const char *path, const char *text, size_t len) {
    Source *s = NEW(a, Source);
    s->path = arena_strndup(a, path, strlen(path));
    s->text = arena_strndup(a, text, len);
    s->len = len;
    return s;
}

/* Appends all of f to b; NULL, or why it could not. */
static const char *read_all(FILE *f, Buf *b) {
    char block[65536];
    size_t n;
    while ((n = fread(block, 1, sizeof block, f)) > 0) {
        buf_put(b, block, n);
        if (b->n > LARGEST) return "it is larger than 64 MiB";
    }
    return ferror(f) ? strerror(errno) : NULL;
}

Source *source_read(Arena *a, const char *path, const char **why) {
    FILE *f = fopen(path, "rb");
    if (!f) { *why = arena_printf(a, "%s", strerror(errno)); return NULL; }
    Buf b = {0};
    const char *bad = read_all(f, &b);
    Source *s = NULL;
    if (bad) *why = arena_printf(a, "%s", bad);
    else s = source_from_text(a, path, b.at ? b.at : "", b.n);
    buf_free(&b);
    fclose(f);
    return s;
}

const char *source_name(const Source *s) {
    const char *slash = strrchr(s->path, '/');
    return slash && strncmp(s->path, "std/", 4) ? slash + 1 : s->path;
}

int utf8_len(const char *s, size_t left) {
    const unsigned char *u = (const unsigned char *)s;
    int n = u[0] < 0x80 ? 1 : u[0] >= 0xc2 && u[0] < 0xe0 ? 2 : u[0] >= 0xe0 && u[0] < 0xf0 ? 3 : u[0] >= 0xf0 && u[0] < 0xf5 ? 4 : 0;
    if (n < 2 || (size_t)n > left) return 1;
    for (int i = 1; i < n; i++) if ((u[i] & 0xc0) != 0x80) return 1;
    /* Overlong forms, surrogates and what lies beyond U+10FFFF are no characters. */
    if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) || (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f)) return 1;
    return n;
}

unsigned utf8_code(const char *s) {
    const unsigned char *u = (const unsigned char *)s;
    return u[0] < 0x80 ? u[0] : u[0] < 0xe0 ? (u[0] & 31u) << 6 | (u[1] & 63u) : u[0] < 0xf0 ? (u[0] & 15u) << 12 | (u[1] & 63u) << 6 | (u[2] & 63u)
         : (u[0] & 7u) << 18 | (u[1] & 63u) << 12 | (u[2] & 63u) << 6 | (u[3] & 63u);
}
