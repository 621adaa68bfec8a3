/* fmt.c -- mflc fmt FILE...: each file is rewritten in the one way to lay out MFL; with --check nothing is written, and a file that would change is named
 * and makes the exit code 1. A file with errors is left as it is. */
#include "driver.h"
#include "format.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The file itself takes the text, not a link to it; a pipe cannot. */
static bool rewrite(const char *path, const Buf *text)
{
    struct stat st;
    char *file = realpath(path, NULL);
    bool ok = file && !stat(file, &st) && (S_ISREG(st.st_mode) || (errno = EINVAL, false)) && write_atomically(file, text->at ? text->at : "", text->n);
    int cause = errno;
    free(file);
    errno = cause;
    return ok;
}

static int format_file(const Options *o, const char *path)
{
    Arena *arena = arena_new("format");
    Diags diags = { .arena = arena };
    Buf out = { 0 };
    const char *why = NULL;
    int code = EXIT_DONE;
    const Source *src = source_read(arena, path, &why);
    if (!src) {
        fprintf(messages(), "mflc: the file %s cannot be read: %s\n", path, why);
        code = EXIT_PROBLEM;
    } else if (!format_source(arena, &diags, src, &out)) {
        diags_print(&diags, messages());
        code = EXIT_PROBLEM;
    } else if (out.n != src->len || memcmp(out.at ? out.at : "", src->text, out.n)) {
        if (o->only_check) {
            printf("%s is not formatted; `mflc fmt %s` does it\n", path, path);
            code = EXIT_PROBLEM;
        } else if (!rewrite(path, &out))
            code = cannot_write(path);
    }
    buf_free(&out);
    arena_free(arena);
    return code;
}

int command_fmt(Options *o)
{
    int code = EXIT_DONE;
    for (int k = 0; k < o->files.n; k++) {
        int one = format_file(o, o->files.at[k]);
        code = one > code ? one : code;
    }
    return code;
}
