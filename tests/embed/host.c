/* Uses mfl/mfl.h as a host would: usage: host PROBLEM.mfl FOLDER -- compiles it with the folder's arrays as sizes, prints the outer value and the gradient's bits' sum;
 * and what must hold of messages, names and threads; in the locale HOST_LOCALE, where numbers have a decimal comma. Opened with dlopen, as scripts do: its names are the loader's alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <locale.h>
#include <mfl/mfl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char small[] = "problem small\nmeta a[2] = 1\nparam w[2] = a\ninner = sum((w - 3)^2)\nstep w by sgd(rate = 0.1) for 4\nouter = sum(w * w)\n";
static int bad;
#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); bad++; } } while (0)

typedef mfl_module *Compile(const char *, const char *const *, char **);
typedef mfl_module *CompileText(const char *, const char *, const char *const *, char **);
static Compile *compile_file;
static CompileText *compile_text;
static const mfl_problem *(*problem_of)(const mfl_module *);
static void *(*symbol_of)(const mfl_module *, const char *);
static void (*module_free)(mfl_module *), (*free_messages)(char *);

static void refused(const char *text, const char *const *options, const char *wanted)
{
    char *said;
    mfl_module *m = text ? compile_text("some/where.mfl", text, options, &said) : compile_file("/nowhere/none.mfl", options, &said);
    MUST(!m && said && strstr(said, wanted));
    if (said && !strstr(said, wanted))
        fprintf(stderr, "expected %s in:\n%s", wanted, said);
    free_messages(said);
}

/* The gradient of `small`, from its start: d/da of sum w^2, w = 3 + 0.8^4 (a - 3). */
static void use_small(const mfl_module *m, double *out)
{
    const mfl_problem *p = problem_of(m);
    double a[2], g[2], outer;
    void *work = aligned_alloc(64, p->work_bytes + 64 - p->work_bytes % 64), *meta[] = { a }, *grad[] = { g };
    mfl_status st;
    MUST(!strcmp(p->name, "small") && p->nmeta == 1 && p->meta[0].dim[0] == 2 && p->real_bytes == 8);
    MUST(p->init(NULL, meta, NULL, NULL, NULL, NULL, 0, work, &st) == MFL_OK);
    MUST(p->hypergradient(NULL, meta, grad, &outer, NULL, NULL, 0, work, &st) == MFL_OK);
    MUST(p->hypergradient(NULL, NULL, grad, &outer, NULL, NULL, 0, work, &st) == MFL_NULL_INPUT);
    *out = g[0] + g[1];
    free(work);
}

static void *in_thread(void *out)
{
    const char *const options[] = { "--real=double", NULL };
    mfl_module *m = compile_text("small.mfl", small, options, NULL);
    MUST(m);
    if (m)
        use_small(m, out);
    module_free(m);
    return NULL;
}

static void small_ones(void)
{
    const char *const options[] = { "--real", "double", "--mode=reverse", NULL };
    char *said;
    double first, again[4], wanted = 2 * 2 * (3 - 2 * 0.4096) * 0.4096;
    mfl_module *m = compile_text("small.mfl", small, options, &said), *other = compile_text("small.mfl", small, options, NULL);
    MUST(m && other && !said);
    use_small(m, &first);
    MUST(first - wanted < 1e-12 && wanted - first < 1e-12);
    MUST(symbol_of(m, "small_hypergradient") && symbol_of(m, "small_problem") == (const void *)problem_of(m) && !symbol_of(m, "small_none") && !symbol_of(m, "printf"));
    module_free(m);
    use_small(other, &again[0]);
    MUST(again[0] == first);
    module_free(other);
    pthread_t t[4];
    for (int k = 0; k < 4; k++)
        pthread_create(&t[k], NULL, in_thread, &again[k]);
    for (int k = 0; k < 4; k++)
        pthread_join(t[k], NULL);
    for (int k = 0; k < 4; k++)
        MUST(again[k] - wanted < 1e-12 && wanted - again[k] < 1e-12);
    module_free(NULL);
    free_messages(NULL);
}

/* The compiler's end of memory is a message too, and what comes after it compiles. */
static void out_of_memory(void)
{
    enum { TERMS = 40000 };
    struct rlimit before, now;
    long pages = 0;
    double out;
    char *said = NULL, *text = malloc(TERMS * 8 + 1000), *at = text;
    FILE *f = fopen("/proc/self/statm", "r");
    MUST(f && fscanf(f, "%ld", &pages) == 1);
    if (f)
        fclose(f);
    at += sprintf(at, "problem p\nmeta a[2] = 1\nparam w[2] = a\nstep w by sgd(rate = 0.1) for 4\nouter = sum(w * w)\ninner {\n");
    for (int k = 0; k < TERMS; k++)
        at += sprintf(at, "v=w+%d\n", k % 10);
    sprintf(at, "return sum(v)\n}\n");
    getrlimit(RLIMIT_AS, &before);
    now = before;
    now.rlim_cur = (rlim_t)pages * 4096 + (1 << 20);
    setrlimit(RLIMIT_AS, &now);
    mfl_module *m = compile_text("large.mfl", text, NULL, &said);
    setrlimit(RLIMIT_AS, &before);
    MUST(!m && said && strstr(said, "out of memory"));
    free_messages(said);
    free(text);
    in_thread(&out);
}

int main(int argc, char **argv)
{
    if (getenv("HOST_LOCALE") && (!setlocale(LC_ALL, getenv("HOST_LOCALE")) || *localeconv()->decimal_point != ',')) {
        fprintf(stderr, "no locale %s with a decimal comma\n", getenv("HOST_LOCALE"));
        return 1;
    }
    void *lib = argc > 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!lib) {
        fprintf(stderr, "%s\n", argc > 2 ? dlerror() : "usage: host libmflc.so PROBLEM.mfl [OPTION ...]");
        return 1;
    }
    *(void **)&compile_file = dlsym(lib, "mfl_compile_file");
    *(void **)&compile_text = dlsym(lib, "mfl_compile_text");
    *(void **)&problem_of = dlsym(lib, "mfl_module_problem");
    *(void **)&symbol_of = dlsym(lib, "mfl_module_symbol");
    *(void **)&module_free = dlsym(lib, "mfl_module_free");
    *(void **)&free_messages = dlsym(lib, "mfl_free_messages");
    small_ones();
    if (!getenv("NO_LIMIT"))                     /* a sanitizer needs all addresses */
        out_of_memory();
    refused(NULL, NULL, "/nowhere/none.mfl");
    refused("problem p\nparam w = 0\ninner = w + x\nstep w by sgd(rate = 0.1) for 2\nouter = w\n", NULL, "some/where.mfl:3:13: error: ");
    refused(small, (const char *const[]){ "--mode=mxed", NULL }, "did you mean `mixed`?");
    refused(small, (const char *const[]){ "--emit=c", NULL }, "unknown option");
    refused(small, (const char *const[]){ "--memory", "1", NULL }, "the smallest workspace");
    refused(small, (const char *const[]){ "more.mfl", NULL }, "an option is expected");
    refused("problem p\nimport \"gone.mfl\"\n", NULL, "gone.mfl");
    char *said;
    mfl_module *m = compile_file(argv[2], (const char *const *)argv + 3, &said);
    MUST(m);
    if (m)
        printf("%s %zu\n", problem_of(m)->name, problem_of(m)->work_bytes);
    if (said)
        fputs(said, stderr);
    free_messages(said);
    module_free(m);
    return bad != 0;
}
