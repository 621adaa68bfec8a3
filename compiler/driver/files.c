/* files.c -- reading whole files, writing them atomically, and choosing the reader of an array file by its first bytes. */
#include "driver.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 30 };

unsigned char *slurp(Arena *arena, const char *path, size_t *n, const char **why)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
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
    unsigned char *at = arena_alloc(arena, (size_t)st.st_size + 1);
    *n = fread(at, 1, (size_t)st.st_size, f);
    at[*n] = 0;
    fclose(f);
    return at;
}

FileArray *file_read(Arena *arena, const char *path, const char *columns, const char **why)
{
    size_t n;
    unsigned char *bytes = slurp(arena, path, &n, why);
    if (!bytes)
        return NULL;
    FileArray *a = n >= 6 && !memcmp(bytes, "\x93NUMPY", 6) ? npy_read(arena, path, bytes, n, why)
                                                           : csv_read(arena, path, (const char *)bytes, n, columns, why);
    if (a)
        a->path = path;
    return a;
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

bool write_atomically(const char *path, const void *bytes, size_t n)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary)
        return false;
    FILE *f = fopen(temporary, "wb");
    if (!f)
        return false;
    bool ok = fwrite(bytes, 1, n, f) == n && !fflush(f) && !fsync(fileno(f));
    ok = !fclose(f) && ok;
    if (!ok || rename(temporary, path)) {
        remove(temporary);
        return false;
    }
    return true;
}
