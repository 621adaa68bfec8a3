/* ice.c -- internal errors: a mistake of ours, never what a user can cause. Says so, names the pass and ends with code 70
 * (EX_SOFTWARE); and the end of memory, which a problem that is too large can cause. The one place of the compiler outside the driver that may end the process. */
#include "base.h"
#include <stdlib.h>

const char *ice_pass = "start";

void ice(const char *fmt, ...) {
    va_list ap;
    fflush(stdout);
    fprintf(stderr, "mflc: internal error in %s: ", ice_pass ? ice_pass : "?");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputs("\nThis is a mistake of the compiler, not of your program.\n", stderr);
    exit(70);
}

void no_memory(size_t held) {
    fflush(stdout);
    fprintf(stderr, "mflc: error: this problem is too large to compile: out of memory in %s, which holds %zu MiB\n", ice_pass ? ice_pass : "?", held >> 20);
    exit(1);
}
