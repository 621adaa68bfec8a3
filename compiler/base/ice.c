/* ice.c -- internal errors: a mistake of ours, never what a user can cause. Says so, names the pass and ends with code 70
 * (EX_SOFTWARE); and the end of memory, which a problem that is too large can cause. The one place of the compiler that ends the process, unless a
 * host has said where to go on (ice_return). */
#include "base.h"
#include <stdlib.h>

const char *ice_pass = "start";
jmp_buf *ice_return;
static FILE *stream;

FILE *messages(void) { return stream ? stream : stderr; }
void messages_to(FILE *f) { stream = f; }

/* Libraries' destructors are left out: OpenBLAS 0.3.21's waits for ever for threads of its own that found no memory (ulimit -v). */
void quit(int code)
{
    fflush(NULL);
#ifdef __SANITIZE_ADDRESS__
    exit(code);                                   /* where leaks are looked for */
#else
    quick_exit(code);
#endif
}

static NORETURN void leave(int code)
{
    if (ice_return)
        longjmp(*ice_return, 1);
    quit(code);
}

void ice(const char *fmt, ...) {
    va_list ap;
    fflush(stdout);
    fprintf(messages(), "mflc: internal error in %s: ", ice_pass ? ice_pass : "?");
    va_start(ap, fmt);
    vfprintf(messages(), fmt, ap);
    va_end(ap);
    fputs("\nThis is a mistake of the compiler, not of your program.\n", messages());
    leave(70);
}

void no_memory(size_t held) {
    fflush(stdout);
    fprintf(messages(), "mflc: error: this problem is too large to compile: out of memory in %s, which holds %zu MiB\n", ice_pass ? ice_pass : "?", held >> 20);
    leave(1);
}
