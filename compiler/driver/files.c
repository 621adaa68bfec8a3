/* files.c -- reading whole files, and writing them atomically. */
#include "driver.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 30 };

unsigned char *slurp(Arena *arena, const char *path, size_t *n, const char **why)
{
    struct stat st;
    errno = 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);         /* a pipe would be waited for */
    FILE *f = fd >= 0 ? fdopen(fd, "rb") : NULL;
    if (!f || fstat(fileno(f), &st) || !S_ISREG(st.st_mode)) {
        *why = f ? "it is not a regular file" : arena_printf(arena, "it cannot be opened: %s", strerror(errno));
        if (f)
            fclose(f);
        return NULL;
    }
    if (st.st_size > FILE_LIMIT) {
        *why = "it is larger than 1 GiB";
        fclose(f);
        return NULL;
    }
    unsigned char *at = arena_try(arena, (size_t)st.st_size + 1);
    if (!at) {
        *why = arena_printf(arena, "there is no memory for its %lld bytes", (long long)st.st_size);
        fclose(f);
        return NULL;
    }
    *n = fread(at, 1, (size_t)st.st_size, f);
    at[*n] = 0;
    bool whole = *n == (size_t)st.st_size && !ferror(f);
    if (!whole)
        *why = arena_printf(arena, "it cannot be read: %s", errno ? strerror(errno) : "it changed meanwhile");
    fclose(f);
    return whole ? at : NULL;
}

bool make_folder(const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return false;
    for (size_t k = 1; k <= n; k++)
        if (k == n || path[k] == '/') {
            memcpy(part, path, k);
            part[k] = 0;
            if (mkdir(part, 0777) && errno != EEXIST)
                return false;
        }
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Opens the empty file path for this process alone: another that writes to it is waited for, and what a killed one left is emptied. NULL and errno. */
static FILE *open_alone(const char *path)
{
    for (;;) {
        FILE *f = fopen(path, "ab");
        struct stat mine, there;
        if (!f)
            return NULL;
        flock(fileno(f), LOCK_EX);               /* a file system that has no locks: as good as it gets */
        bool still = !fstat(fileno(f), &mine) && !stat(path, &there) && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
        if (still && !ftruncate(fileno(f), 0))
            return f;
        int cause = errno;
        fclose(f);
        errno = cause;
        if (still)
            return NULL;                         /* else the other one has renamed it meanwhile */
    }
}

bool write_atomically(const char *path, const void *bytes, size_t n)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *f = open_alone(temporary);
    if (!f)
        return false;
    bool ok = fwrite(bytes, 1, n, f) == n && !fflush(f) && !fsync(fileno(f)) && !rename(temporary, path);
    int cause = errno;
    if (!ok)
        remove(temporary);
    fclose(f);                                   /* last: it is this process's until then */
    errno = cause;
    return ok;
}

int cannot_write(const char *path)
{
    fprintf(messages(), "mflc: %s cannot be written: %s\n", path, strerror(errno));
    return EXIT_DATA;
}

/* The length of the UTF-8 sequence at p; 0: none. */
static int utf8_length(const unsigned char *p)
{
    int n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 : *p >= 0xf0 && *p < 0xf5 ? 4 : 0;
    for (int k = 1; k < n; k++)
        if ((p[k] & 0xc0) != 0x80)
            return 0;
    bool wide = n == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f));       /* longer than need be, half of a pair, too large */
    return wide || (n == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))) ? 0 : n;
}

const char *utf8_text(Arena *arena, const char *text)
{
    Buf b = { 0 };
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        int n = utf8_length(p);
        buf_put(&b, n ? (const char *)p : "\xef\xbf\xbd", n ? (size_t)n : 3);
        p += n ? n : 1;
    }
    const char *out = arena_strndup(arena, b.at ? b.at : "", b.n);
    buf_free(&b);
    return out;
}
