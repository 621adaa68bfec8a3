/* npz.c -- arrays out of NumPy's .npz: a zip file of .npy members, stored or deflated (APPNOTE.TXT of PKWARE, sections 4.3 and 4.5.3).
 * The central directory at the end is what counts; zip64 sizes are understood. Every size is checked against the file before it is used. */
#include "driver.h"
#include <stdlib.h>
#include <zlib.h>

enum { MEMBER_LIMIT = 1 << 30, DEFLATE_MOST = 1032 };      /* one byte stands for at most so many */
typedef struct Zip { const unsigned char *at; size_t n; Arena *arena; const char *why; size_t directory, entries; } Zip;
typedef struct Member { const char *name; size_t name_n; unsigned method, flags; uint32_t crc; uint64_t packed, size, header; } Member;

static uint64_t little(const unsigned char *p, int bytes)
{
    uint64_t u = 0;
    for (int k = bytes - 1; k >= 0; k--)
        u = u << 8 | p[k];
    return u;
}

bool npz_is(const unsigned char *bytes, size_t n)
{
    return n >= 4 && (!memcmp(bytes, "PK\3\4", 4) || !memcmp(bytes, "PK\5\6", 4));
}

/* The end record stands behind all members, before a comment of at most 64 KiB. */
static bool find_directory(Zip *z)
{
    z->why = "its zip directory is missing: the file is cut short or damaged";
    if (z->n < 22)
        return false;
    size_t p = z->n - 22, stop = p > 65535 ? p - 65535 : 0;
    while (memcmp(z->at + p, "PK\5\6", 4))
        if (p-- == stop)
            return false;
    z->entries = (size_t)little(z->at + p + 10, 2);
    z->directory = (size_t)little(z->at + p + 16, 4);
    if ((z->directory == 0xffffffffu || z->entries == 0xffff) && p >= 20 && !memcmp(z->at + p - 20, "PK\6\7", 4)) {
        uint64_t at = little(z->at + p - 12, 8);
        if (z->n < 56 || at > z->n - 56 || memcmp(z->at + at, "PK\6\6", 4))
            return false;
        uint64_t count = little(z->at + at + 32, 8), from = little(z->at + at + 48, 8);
        if (count > z->n || from > z->n)
            return false;
        z->entries = (size_t)count;
        z->directory = (size_t)from;
    }
    z->why = "its zip directory is damaged";
    return z->directory <= z->n;
}

/* Sizes that do not fit 32 bits stand in the extra field 1, in this order. */
static void wide_sizes(Member *m, const unsigned char *extra, size_t n)
{
    for (size_t p = 0; p + 4 <= n;) {
        size_t len = (size_t)little(extra + p + 2, 2), q = p + 4, end = q + len;
        if (end > n)
            return;
        uint64_t *field[] = { &m->size, &m->packed, &m->header };
        for (int k = 0; little(extra + p, 2) == 1 && k < 3; k++)
            if (*field[k] == 0xffffffffu && q + 8 <= end) {
                *field[k] = little(extra + q, 8);
                q += 8;
            }
        p = end;
    }
}

/* The entry at *p of the directory; moves on. */
static bool next_member(const Zip *z, size_t *p, Member *m)
{
    if (*p > z->n || z->n - *p < 46 || memcmp(z->at + *p, "PK\1\2", 4))
        return false;
    const unsigned char *e = z->at + *p;
    size_t name = (size_t)little(e + 28, 2), extra = (size_t)little(e + 30, 2), comment = (size_t)little(e + 32, 2);
    if (z->n - *p - 46 < name + extra + comment)
        return false;
    *m = (Member){ (const char *)e + 46, name, (unsigned)little(e + 10, 2), (unsigned)little(e + 8, 2), (uint32_t)little(e + 16, 4), little(e + 20, 4), little(e + 24, 4), little(e + 42, 4) };
    wide_sizes(m, e + 46 + name, extra);
    *p += 46 + name + extra + comment;
    if (m->name_n > 4 && !memcmp(m->name + m->name_n - 4, ".npy", 4))
        m->name_n -= 4;
    return true;
}

static bool inflate_member(const unsigned char *from, size_t packed, unsigned char *to, size_t size)
{
    z_stream s = { .next_in = (unsigned char *)from, .avail_in = (uInt)packed, .next_out = to, .avail_out = (uInt)size };
    if (inflateInit2(&s, -15) != Z_OK)
        return false;
    int code = inflate(&s, Z_FINISH);
    bool ok = code == Z_STREAM_END && s.total_out == size;
    inflateEnd(&s);
    return ok;
}

/* A stored member stays where it is. */
static const unsigned char *unpack(Zip *z, const Member *m)
{
    z->why = arena_printf(z->arena, "its member %.*s is damaged", (int)m->name_n, m->name);
    if (m->header > z->n || z->n - m->header < 30 || memcmp(z->at + m->header, "PK\3\4", 4))
        return NULL;
    uint64_t from = m->header + 30 + little(z->at + m->header + 26, 2) + little(z->at + m->header + 28, 2);
    if (from > z->n || m->packed > z->n - from || (m->method == 0 && m->packed != m->size) || (m->method == 8 && m->size / DEFLATE_MOST > m->packed))
        return NULL;
    if (m->size > MEMBER_LIMIT || m->flags & 1 || (m->method != 0 && m->method != 8)) {
        z->why = arena_printf(z->arena, m->size > MEMBER_LIMIT ? "its member %.*s is larger than 1 GiB" : m->flags & 1 ? "its member %.*s is encrypted"
                              : "its member %.*s is packed in a way other than stored or deflated", (int)m->name_n, m->name);
        return NULL;
    }
    const unsigned char *at = z->at + from;
    if (m->method == 8) {
        unsigned char *to = arena_try(z->arena, (size_t)m->size + 1);
        if (!to)
            z->why = arena_printf(z->arena, "there is no memory for the %llu bytes of its member %.*s", (unsigned long long)m->size, (int)m->name_n, m->name);
        if (!to || !inflate_member(at, (size_t)m->packed, to, (size_t)m->size))
            return NULL;
        at = to;
    }
    return crc32(0, at, (uInt)m->size) == m->crc ? at : NULL;
}

static bool same(const Member *m, const char *name) { return name && strlen(name) == m->name_n && !memcmp(name, m->name, m->name_n); }

bool npz_has(const unsigned char *bytes, size_t n, const char *name)
{
    Zip z = { bytes, n, NULL, NULL, 0, 0 };
    Member m;
    if (!find_directory(&z))
        return false;
    for (size_t k = 0, p = z.directory; k < z.entries && next_member(&z, &p, &m); k++)
        if (same(&m, name))
            return true;
    return false;
}

const unsigned char *npz_member(Arena *arena, const unsigned char *bytes, size_t n, const char *name, bool only, size_t *size, const char **why)
{
    Zip z = { bytes, n, arena, NULL, 0, 0 };
    Member m, chosen = { 0 };
    Buf list = { 0 };
    size_t count = 0;
    bool found = false;
    if (!find_directory(&z)) {
        *why = z.why;
        return NULL;
    }
    for (size_t p = z.directory; count < z.entries; count++) {
        if (!next_member(&z, &p, &m)) {
            buf_free(&list);
            *why = z.why;
            return NULL;
        }
        if (same(&m, name) || (!found && only && z.entries == 1)) {
            chosen = m;
            found = true;
        }
        if (count < 20)
            buf_printf(&list, "%s%.*s", count ? ", " : "", (int)m.name_n, m.name);
    }
    if (!found)
        *why = count ? arena_printf(arena, "it holds no array named %s, but %s%s%s", name ? name : "(none)", list.at ? list.at : "", count > 20 ? ", ..." : "", only ? "; say which with FILE.npz:NAME" : "")
                     : "it holds no array";
    buf_free(&list);
    if (!found)
        return NULL;
    const unsigned char *at = unpack(&z, &chosen);
    *size = (size_t)chosen.size;
    *why = at ? *why : z.why;
    return at;
}
