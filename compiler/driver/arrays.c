/* arrays.c -- an array file of any form: its first bytes say which reader it gets. */
#include "driver.h"
#include <unistd.h>

FileArray *file_read(Arena *arena, const char *path, const char *columns, const char *leaf, const char **why)
{
    size_t n;
    const char *colon = strstr(path, ".npz:"), *member = colon && access(path, F_OK) ? colon + 5 : NULL;
    const unsigned char *bytes = slurp(arena, member ? arena_strndup(arena, path, (size_t)(member - path) - 1) : path, &n, why);
    if (bytes && npz_is(bytes, n))
        bytes = npz_member(arena, bytes, n, member ? member : leaf, !member, &n, why);
    if (!bytes)
        return NULL;
    FileArray *a = n >= 6 && !memcmp(bytes, "\x93NUMPY", 6) ? npy_read(arena, path, bytes, n, why)
                                                           : csv_read(arena, path, (const char *)bytes, n, columns, why);
    if (a)
        a->path = path;
    return a;
}
