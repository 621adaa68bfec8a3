/* main.c -- mflc: chooses the subcommand. Its exit code is the process's. */
#include "driver.h"
#include <llvm-c/Core.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

extern void openblas_set_num_threads(int);

#define MFLC_VERSION "0.1"

int command_version(Options *o)
{
    unsigned major, minor, patch;
    (void)o;
    LLVMGetVersion(&major, &minor, &patch);
    printf("mflc %s; LLVM %u.%u.%u; OpenBLAS; %s build\n", MFLC_VERSION, major, minor, patch,
#ifdef NDEBUG
           "release"
#else
           "checked"
#endif
    );
    return EXIT_DONE;
}

int command_ops(Options *o)
{
    static const char *const kind[] = { "elementwise", "contraction", "reduction", "other" };
    if (o->markdown)
        return print_functions();
    printf("%-10s %-12s %6s %6s  %s\n", "operator", "kind", "inputs", "flops", "meaning");
    for (int k = 0; k < OP_COUNT; k++) {
        const OpInfo *i = &op_info[k];
        char inputs[16] = "any";
        if (i->arity >= 0)
            snprintf(inputs, sizeof inputs, "%d", i->arity);
        printf("%-10s %-12s %6s %6d  %s%s\n", i->name, kind[i->kind], inputs, i->flops, i->doc, i->flags & OPF_KINK ? " (kink)" : "");
        if (i->kind == K_MAP)
            printf("%38s  %s\n", "", i->c);
    }
    return EXIT_DONE;
}

/* A file that is opened takes the lowest free number: where a standard stream was closed, what is meant for it would go into that file. Whatever
 * stands in its place can be read and is empty; writing to it fails, as it would have. */
static void fill_standard_streams(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
        ;
    if (fd >= 0)
        close(fd);
}

typedef struct Call { int argc; char **argv; int code; } Call;

static void *command(void *call)
{
    Call *c = call;
    Options o = { .arena = arena_new("options") };
    static const struct { const char *name; int (*run)(Options *); } commands[] = {
        { "build", command_build }, { "run", command_run }, { "grad", command_grad }, { "check", command_check },
        { "explain", command_explain }, { "bench", command_bench },
        { "fmt", command_fmt }, { "ir", command_ir }, { "ops", command_ops }, { "version", command_version },
    };
    int code = options_parse(&o, c->argc, c->argv);
    for (size_t k = 0; code < 0 && k < sizeof commands / sizeof *commands; k++)
        if (!strcmp(commands[k].name, o.command))
            code = commands[k].run(&o);
    if ((fflush(stdout) || ferror(stdout)) && code <= 0) {      /* a full disk, a closed pipe */
        fprintf(messages(), "mflc: the output cannot be written\n");
        code = EXIT_DATA;
    }
    arena_free(o.arena);
    intern_free_all();
    c->code = code;
    return NULL;
}

/* Is the stack that the shell gave as deep as usual? */
static bool usual_stack(void)
{
    struct rlimit r;
    return !getrlimit(RLIMIT_STACK, &r) && r.rlim_cur >= 8 << 20;
}

/* The passes recurse as deep as expressions nest, which the front end limits: for that depth there is a stack of our own, whatever ulimit -s says. */
int main(int argc, char **argv)
{
    Call call = { argc, argv, EXIT_DATA };
    pthread_t thread;
    fill_standard_streams();
    openblas_set_num_threads(1);                  /* its threads change the order of summation; --threads runs tasks side by side */
    signal(SIGXFSZ, SIG_IGN);                     /* a file that grows too large is a write that fails */
    signal(SIGPIPE, SIG_IGN);                     /* so is a pipe that nobody reads: a long run outlives who watches it */
    if (!thread_start(&thread, command, &call))
        pthread_join(thread, NULL);
    else if (usual_stack())
        command(&call);
    else
        fprintf(messages(), "mflc: there is no memory for a stack (ulimit -s, ulimit -v)\n");
    quit(call.code);
}
