/* shared.c -- mflc build --emit so: the generated C as a shared object that carries the runtime, for hosts that load code while they run.
 *
 * The C compiler of the system makes it (CC, or cc) from the same C99 that --emit c writes, with the runtime library and headers that stand beside this
 * binary: in the build folder (build/mflc, include/) or where they were installed (bin/mflc, lib/, include/). libNAME.so appears
 * whole or not at all; without the prefix Python would take it for an extension module in place of NAME.py. */
#include "driver.h"
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
enum { MAX_WORDS = 64 };

/* The first of NULL-terminated places, relative to the folder of this binary, where file exists; NULL. */
static const char *beside_binary(Arena *a, const char *const *places, const char *file)
{
    char exe[PATH_MAX];
    if (!realpath((const char *)getauxval(AT_EXECFN), exe))      /* known without /proc */
        return NULL;
    *strrchr(exe, '/') = 0;
    for (; *places; places++) {
        const char *folder = arena_printf(a, "%s/%s", exe, *places);
        if (!access(arena_printf(a, "%s/%s", folder, file), R_OK))
            return folder;
    }
    return NULL;
}

static bool write_source(Arena *a, const char *folder, const char *name, const LProgram *p)
{
    Buf c = { 0 }, h = { 0 };
    emit_c99(p, &(C99Options){ 0 }, &c, &h);
    bool ok = write_atomically(arena_printf(a, "%s/%s.c", folder, name), c.at, c.n) && write_atomically(arena_printf(a, "%s/%s.h", folder, name), h.at, h.n);
    buf_free(&c);
    buf_free(&h);
    return ok;
}

/* Runs argv and waits; an exit code. What the compiler says goes to the user. */
static int run_compiler(char *const *argv)
{
    pid_t child;
    int state, why = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);
    if (why) {
        fprintf(messages(), "mflc: --emit so needs a C compiler; %s cannot be run: %s\nset CC to one\n", argv[0], strerror(why));
        return EXIT_DATA;
    }
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return EXIT_DATA;
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return -1;
    fprintf(messages(), "mflc: the C compiler %s failed; what it was given is what `mflc build --emit c` writes\n", argv[0]);
    return EXIT_DATA;
}

static int compile(Session *s, const char *folder, const char *include, const char *lib, const char *so)
{
    Arena *a = s->arena;
    const char *cc = getenv("CC"), *argv[MAX_WORDS + 24];
    const char *part = arena_printf(a, "%s.part", so);
    int n = 0;
    for (char *word = strtok(arena_printf(a, "%s", cc && *cc ? cc : "cc"), " "); word && n < MAX_WORDS; word = strtok(NULL, " "))
        argv[n++] = word;
    if (!n)
        argv[n++] = "cc";
    /* -u: hosts explain codes with it, and nothing in the generated code calls it */
    if (s->opt->native)
        argv[n++] = "-march=native";
    const char *const rest[] = { "-std=c99", "-O3", "-fno-math-errno", "-ffp-contract=off", "-fPIC", "-shared", "-fopenmp", "-Wl,-u,mfl_strerror", "-Wl,-Bsymbolic",
                                 "-I", include, "-o", part, arena_printf(a, "%s/%s.c", folder, s->problem->name), arena_printf(a, "%s/libmfl_runtime.a", lib), "-lopenblas", "-lm", NULL };
    for (int k = 0; rest[k]; k++)
        argv[n++] = rest[k];
    argv[n] = NULL;
    int code = run_compiler((char *const *)argv);
    if (code < 0 && rename(part, so))
        code = cannot_write(so);
    if (code >= 0)
        remove(part);
    return code;
}

int build_shared(Session *s, const char *so)
{
    static const char *const libs[] = { ".", "../lib", NULL }, *const includes[] = { "../include", "../../include", NULL };
    Arena *a = s->arena;
    const char *lib = beside_binary(a, libs, "libmfl_runtime.a"), *include = beside_binary(a, includes, "mfl/runtime.h"), *tmp = getenv("TMPDIR");
    if (!lib || !include) {
        fprintf(messages(), "mflc: --emit so: %s was not found beside mflc; install with `make install`\n", !lib ? "libmfl_runtime.a" : "mfl/runtime.h");
        return EXIT_DATA;
    }
    char *folder = arena_printf(a, "%s/mflc-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return cannot_write(folder);
    int code = write_source(a, folder, s->problem->name, s->program) ? compile(s, folder, include, lib, so) : cannot_write(folder);
    remove(arena_printf(a, "%s/%s.c", folder, s->problem->name));
    remove(arena_printf(a, "%s/%s.h", folder, s->problem->name));
    rmdir(folder);
    if (code < 0)
        printf("%s\n", so);
    return code;
}
