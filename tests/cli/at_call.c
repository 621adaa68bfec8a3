/* at_call.c -- loaded in front of libc (LD_PRELOAD) by part_7_moments.sh: something happens at the N-th call that touches a file, so that every moment of
 * a run can be tried. AT_CALL=N: the number, from 1; 0 only counts. AT_DO=kill: SIGKILL there, of a write after half of its bytes; AT_DO=full: the disk is full
 * from there on. AT_COUNT=FILE: where the number of calls is written at the end. Calls on descriptors up to 2 and on files read only do not count. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long count;

static long number_of(const char *name) { return getenv(name) ? atol(getenv(name)) : 0; }

/* At or behind the chosen call? */
static int now(void)
{
    long at = number_of("AT_CALL");
    count++;
    return at && count >= at;
}

static int kills(void) { return getenv("AT_DO") && !strcmp(getenv("AT_DO"), "kill"); }

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static int full(void)
{
    errno = ENOSPC;
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

FILE *fopen(const char *path, const char *how)
{
    if (*how == 'r')
        return REAL(fopen)(path, how);
    if (now()) {
        if (kills())
            die();
        full();
        return NULL;
    }
    return REAL(fopen)(path, how);
}

size_t fwrite(const void *at, size_t size, size_t n, FILE *f)
{
    if (fileno(f) <= 2 || !now())
        return REAL(fwrite)(at, size, n, f);
    size_t half = REAL(fwrite)(at, 1, size * n / 2, f);
    REAL(fflush)(f);
    if (kills())
        die();
    full();
    return half / (size ? size : 1);
}

int fflush(FILE *f)
{
    if (!f || fileno(f) <= 2 || !now())
        return REAL(fflush)(f);
    if (kills())
        die();
    return full();
}

int fsync(int fd)
{
    if (!now())
        return REAL(fsync)(fd);
    if (kills())
        die();
    return full();
}

int rename(const char *from, const char *to)
{
    if (!now())
        return REAL(rename)(from, to);
    if (kills())
        die();
    return full();
}

static void report(void)
{
    FILE *f = getenv("AT_COUNT") ? REAL(fopen)(getenv("AT_COUNT"), "w") : NULL;
    if (f) {
        fprintf(f, "%ld\n", count);
        fclose(f);
    }
}

/* mflc ends by quick_exit, which calls no destructors. */
__attribute__((constructor)) static void ask_for_report(void) { at_quick_exit(report); }
