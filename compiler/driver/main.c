/* main.c -- mflc: chooses the subcommand. The only place that exits. */
#include "driver.h"
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

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
    (void)o;
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

int command_fmt(Options *o)
{
    Arena *arena = arena_new("unit");
    Diags diags = { .arena = arena };
    Buf out = { 0 };
    size_t n = 0;
    const char *why = NULL;
    int code = EXIT_DONE;
    unsigned char *text = slurp(arena, o->file, &n, &why);
    if (!text) {
        fprintf(stderr, "mflc: %s: %s\n", o->file, why);
        code = EXIT_DATA;
    } else if (!front_format(arena, &diags, o->file, &out))
        code = EXIT_PROBLEM;
    diags_print(&diags, stderr);
    if (code == EXIT_DONE && o->check)
        code = out.n == n && !memcmp(out.at, text, n) ? EXIT_DONE : EXIT_PROBLEM;
    else if (code == EXIT_DONE)
        fwrite(out.at ? out.at : "", 1, out.n, stdout);
    buf_free(&out);
    arena_free(arena);
    return code;
}

int main(int argc, char **argv)
{
    Options o = { .arena = arena_new("options") };
    static const struct { const char *name; int (*run)(Options *); } commands[] = {
        { "build", command_build }, { "run", command_run }, { "grad", command_grad }, { "check", command_check },
        { "ops", command_ops }, { "fmt", command_fmt }, { "version", command_version },
    };
    int code = options_parse(&o, argc, argv);
    for (size_t k = 0; code < 0 && k < sizeof commands / sizeof *commands; k++)
        if (!strcmp(commands[k].name, o.command))
            code = commands[k].run(&o);
    arena_free(o.arena);
    intern_free_all();
    return code;
}
