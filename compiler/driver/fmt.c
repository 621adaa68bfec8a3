/* fmt.c -- mflc fmt FILE...: each file is rewritten in the one way to lay out MFL; with --check nothing is written, and a file that would change is named
 * and makes the exit code 1. A file with errors is left as it is. */
#include "driver.h"
#include "format.h"

static int format_file(const Options *o, const char *path)
{
    Arena *arena = arena_new("format");
    Diags diags = { .arena = arena };
    Buf out = { 0 };
    const char *why = NULL;
    int code = EXIT_DONE;
    const Source *src = source_read(arena, path, &why);
    if (!src) {
        fprintf(stderr, "mflc: the file %s cannot be read: %s\n", path, why);
        code = EXIT_PROBLEM;
    } else if (!format_source(arena, &diags, src, &out)) {
        diags_print(&diags, stderr);
        code = EXIT_PROBLEM;
    } else if (out.n != src->len || memcmp(out.at ? out.at : "", src->text, out.n)) {
        if (o->only_check) {
            printf("%s is not formatted; `mflc fmt %s` does it\n", path, path);
            code = EXIT_PROBLEM;
        } else if (!write_atomically(path, out.at ? out.at : "", out.n)) {
            fprintf(stderr, "mflc: %s cannot be written\n", path);
            code = EXIT_PROBLEM;
        }
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
