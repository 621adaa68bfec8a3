/* options.c -- the command line: one table of subcommands and one of options, from which parsing, --help and the nearest-name help come. */
#include "driver.h"
#include <errno.h>
#include <stdlib.h>

static const struct Command { const char *name, *args, *doc; } commands[] = {
    { "build",   "FILE", "write the generated C (or another form) of a problem" },
    { "run",     "FILE", "learn: move the meta variables along the hypergradient as the learn lines say" },
    { "grad",    "FILE", "compute the outer value and the hypergradient once" },
    { "check",   "FILE", "compare every mode and schedule with the others and with differences" },
    { "explain", "FILE", "before running anything: regions, alternatives and their price, schedule, workspace map" },
    { "bench",   "FILE", "run the alternatives: predicted beside measured time and bytes" },
    { "fmt",     "FILE...", "lay out .mfl files in the one way that all share" },
    { "ir",      "FILE", "read graphs from their text form, verify them, run passes, print them" },
    { "ops",     "",     "print the operator table" },
    { "version", "",     "print version and build facts" },
};

typedef enum { A_NONE, A_TEXT, A_LIST, A_INT, A_COUNT, A_SEED, A_REAL, A_BYTES, A_MODE, A_LOOPS } ArgKind;
#define AT(f) offsetof(Options, f)
static const struct Option { const char *name, *arg; ArgKind kind; size_t at; const char *used_by, *doc; } options[] = {
    { "--from",       "DIR",       A_TEXT, AT(from),     "build run grad check explain bench library", "bind every data array and meta variable for which DIR/NAME.npy or DIR/NAME.csv exists; DIR may be an .npz file" },
    { "--data",       "NAME=FILE", A_LIST, AT(data),     "build run grad check explain bench library", "bind one data array (.npy, .csv, FILE.npz or FILE.npz:ARRAY); may be repeated" },
    { "--meta",       "NAME=FILE", A_LIST, AT(meta),     "build run grad check explain bench", "bind one meta array, over its initialiser; may be repeated" },
    { "-D",           "NAME=N",    A_LIST, AT(define),   "build run grad check explain bench library", "give a size; may be repeated" },
    { "--real",       "TYPE",      A_TEXT, AT(real),     "build run grad check explain bench library", "float or double (float; check: double)" },
    { "--mode",       "MODE",      A_MODE, AT(mode),     "build run grad explain bench library", "auto, mixed, reverse or forward (auto); REGION=WAY for one region, as explain names them; may be repeated" },
    { "--schedule",   "S",         A_TEXT, AT(schedule), "build run grad explain bench library", "of the inner loop: auto, keep, snapshot, every:K, every:K:S, binomial:S; +gradients, +last:K, of every: +store (auto)" },
    { "--loops",      "S",         A_LOOPS, AT(loops),   "build run grad explain bench library", "of model loops: auto, keep, snapshot, every:K or binomial:S, with +last:1 (auto); REGION=S for one, as explain names them; may be repeated" },
    { "--memory",     "BYTES",     A_BYTES, AT(memory),  "build run grad explain bench library", "the workspace may have this many bytes (64MiB, 300KiB, 4096): the fastest plan that fits" },
    { "--store",      "DIR",       A_TEXT, AT(store),    "run grad explain bench", "where the states of a schedule with +store lie while it runs ($TMPDIR, or /tmp); with --memory, such schedules may be chosen" },
    { "--calibrate",  NULL,        A_NONE, AT(calibrate), "bench", "measure this machine's rates into the profile that predictions use (MFLC_PROFILE, or ~/.config/mflc/profile); no FILE is needed" },
    { "--nests",      NULL,        A_NONE, AT(nests),    "bench", "take the plan that is chosen to pieces: each loop nest, product and call by itself, predicted beside measured time (--json: every plan)" },
    { "--seed",       "S",         A_SEED, AT(seed),     "build run grad check explain bench library", "of the initialisers that draw (0)" },
    { "--emit",       "FORM",      A_TEXT, AT(emit),     "build", "c, header, llvm, asm, obj, so, ir, loops or dot (c: the source and its header)" },
    { "--python",     NULL,        A_NONE, AT(python),   "build", "write libNAME.so and NAME.py, a module over NumPy arrays; with --emit, that form too" },
    { "--check",      NULL,        A_NONE, AT(with_check), "build", "add NAME_check, which compares the gradient with differences, in the caller's memory" },
    { "--static",     NULL,        A_NONE, AT(own_memory), "build", "add NAME_static.c and .h, which own the workspace: the functions without it" },
    { "--main",       NULL,        A_NONE, AT(smoke),    "build", "add NAME_main.c, a program that runs the problem once, on the bound files' numbers or on simple ones" },
    { "--native",     NULL,        A_NONE, AT(native),   "build", "machine code (llvm, asm, obj, so, --python) for this processor alone, not for all of its architecture" },
    { "-o",           "DIR",       A_TEXT, AT(out),      "build run grad", "where to write (build: . ; run: result; grad: nothing is written without it)" },
    { "--repeat",     "N",         A_COUNT, AT(repeat),   "grad bench", "time N computations: minimum and median" },
    { "--json",       NULL,        A_NONE, AT(json),     "grad explain bench", "print JSON" },
    { "--steps",      "N",         A_INT,  AT(steps),    "run", "outer steps, instead of the number in the learn lines" },
    { "--every",      "N",         A_COUNT, AT(every),    "run", "write the checkpoint each N outer steps (10)" },
    { "--resume",     "FILE",      A_TEXT, AT(resume),   "run", "go on from a checkpoint, bit for bit" },
    { "--log",        "FILE",      A_TEXT, AT(log),      "run", "write one JSON line per outer step; with --resume go on in it" },
    { "--clip",       "X",         A_REAL, AT(clip),     "run", "scale the hypergradient down to this norm" },
    { "--on-nonfinite", "WHAT",    A_TEXT, AT(on_nonfinite), "run", "stop or skip, when the hypergradient is not finite (stop)" },
    { "--verify",     NULL,        A_NONE, AT(verify),   "run", "compare the first hypergradient with differences" },
    { "--guard",      NULL,        A_NONE, AT(guard),    "build run grad library", "report the first value that is not finite: inner step, line, expression" },
    { "--tol",        "X",         A_REAL, AT(tol),      "check", "largest relative disagreement (1e-9 in double, 1e-3 in float)" },
    { "--threads",    "N",         A_COUNT, AT(threads),  "run grad check", "tasks computed side by side; the same bits for any number (1)" },
    { "--quiet",      NULL,        A_NONE, AT(quiet),    "run", "no progress" },
    { "--check",      NULL,        A_NONE, AT(only_check), "fmt", "write nothing; name the files that are not formatted, exit code 1" },
    { "--markdown",   NULL,        A_NONE, AT(markdown), "ops", "print docs/functions.md: the functions of the language, each executed" },
    { "--passes",     NULL,        A_NONE, AT(passes),   "build", "list the passes and stop" },
    { "--ir",         "FILE",      A_TEXT, AT(ir),       "build grad", "take the graphs of these names (init, value, hypergradient ...) from their text form, as --emit ir writes it" },
    { "--pass",       "PASS",      A_LIST, AT(pass),     "ir", "run a graph pass of `mflc build --passes`, or linearize or transpose; may be repeated: in that order" },
    { "--dump",       "PASS",      A_LIST, AT(dump),     "build", "print the program after a pass; may be repeated" },
};
enum { NCOMMANDS = sizeof commands / sizeof *commands, NOPTIONS = sizeof options / sizeof *options };

/* Is word one of the words of list, which are separated by spaces? */
static bool listed(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p += n)
        if ((p == list || p[-1] == ' ') && (!p[n] || p[n] == ' '))
            return true;
    return false;
}

static void print_commands(FILE *f)
{
    fprintf(f, "usage: mflc COMMAND [FILE] [OPTION ...]\n\n");
    for (int k = 0; k < NCOMMANDS; k++)
        fprintf(f, "  mflc %-8s %-7s %s\n", commands[k].name, commands[k].args, commands[k].doc);
    fprintf(f, "\nmflc COMMAND --help lists the options of a command; mflc help --markdown all of them.\n"
               "Exit codes: 0 done, 1 the problem is wrong, 2 usage, 3 data, 4 numerical failure;\nrun: 129, 130 and 143, stopped by SIGHUP, SIGINT (Ctrl-C) and SIGTERM, with its checkpoint written.\n");
}

/* name and text in two columns; the text is folded. */
static void print_row(FILE *f, const char *name, const char *text)
{
    enum { LEFT = 22, WIDTH = 76 };
    fprintf(f, "  %-*s", LEFT, name);
    if (strlen(name) >= LEFT)
        fprintf(f, "\n  %*s", LEFT, "");
    while (strlen(text) > WIDTH) {
        size_t n = WIDTH;
        while (n && text[n] != ' ')
            n--;
        n = n ? n : strcspn(text, " ");
        fprintf(f, "%.*s\n  %*s", (int)n, text, LEFT, "");
        text += n + (text[n] == ' ');
    }
    fprintf(f, "%s\n", text);
}

void options_help(const char *command, FILE *f)
{
    for (int k = 0; k < NCOMMANDS; k++)
        if (!strcmp(commands[k].name, command)) {
            fprintf(f, "usage: mflc %s %s [OPTION ...]\n%s\n\n", command, commands[k].args, commands[k].doc);
            for (int i = 0; i < NOPTIONS; i++)
                if (listed(options[i].used_by, command)) {
                    char left[64];
                    snprintf(left, sizeof left, "%s %s", options[i].name, options[i].arg ? options[i].arg : "");
                    print_row(f, left, options[i].doc);
                }
            print_row(f, "--help", "this list");
        }
}

/* docs/cli.md. */
static void print_markdown(FILE *f)
{
    fprintf(f, "# The command line\n\nWritten by `mflc help --markdown` from the compiler's own table of options.\n\n```\n");
    print_commands(f);
    fprintf(f, "```\n\nResults go to the standard output, messages and progress to the standard error. Options may be written `--name value` or `--name=value`; one that has a value is given once, unless it says that it may be repeated.\n");
    for (int k = 0; k < NCOMMANDS; k++) {
        fprintf(f, "\n## mflc %s\n\n```\n", commands[k].name);
        options_help(commands[k].name, f);
        fprintf(f, "```\n");
    }
}

static int usage(const Options *o, const char *what, const char *word, const Name *known, int n)
{
    Name near = nearest_name(intern(word), known, n);
    fprintf(messages(), "mflc: %s `%s`", what, word);
    if (near)
        fprintf(messages(), "; did you mean `%s`?", near);
    fprintf(messages(), "\ntry: mflc %s--help\n", o->command ? intern_printf("%s ", o->command) : "");
    return EXIT_USAGE;
}

static int bad_value(const char *option, const char *value, const char *wanted) { return option_refuse(option, value, wanted, "", NULL); }

int option_refuse(const char *option, const char *value, const char *wanted, const char *word, const char *choices)
{
    enum { MOST = 64 };
    Name known[MOST];
    int n = 0;
    for (const char *p = choices ? choices : ""; *p && n < MOST; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        known[n++] = intern_n(p, len);
        p += len;
    }
    Name near = nearest_name(intern_n(word, strcspn(word, ":+")), known, n);
    fprintf(messages(), "mflc: %s %s: expected %s", option, value, wanted);
    fprintf(messages(), near ? "; did you mean `%s`?\n" : "\n", near);
    return EXIT_USAGE;
}

/* 0: no number of bytes. */
static int64_t bytes_of(const char *text)
{
    static const struct { const char *unit; int64_t bytes; } units[] = { { "", 1 }, { "B", 1 }, { "KiB", 1024 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 } };
    char *end;
    double v = strtod(text, &end);
    int64_t unit = 0;
    for (int k = 0; k < 8; k++)
        if (!strcmp(end, units[k].unit))
            unit = units[k].bytes;
    return end > text && unit && v * (double)unit >= 1 && v * (double)unit < 9e18 ? (int64_t)(v * (double)unit) : 0;
}

static int store(Options *o, const struct Option *opt, const char *value)
{
    void *to = (char *)o + opt->at;
    char *end = NULL;
    errno = 0;
    switch (opt->kind) {
    case A_NONE: *(bool *)to = true; break;
    case A_TEXT:
        if (!*value)
            return bad_value(opt->name, "\"\"", opt->arg);
        *(const char **)to = value;
        break;
    case A_LIST: {
        Vec(const char *) *list = to;
        vec_push(o->arena, *list, value);
        break;
    }
    case A_INT:
    case A_COUNT: {
        long long v = strtoll(value, &end, 10);
        if (end == value || *end || errno || v < (opt->kind == A_COUNT))
            return bad_value(opt->name, value, opt->kind == A_COUNT ? "a whole number from 1" : "a whole number from 0");
        *(int64_t *)to = v;
        o->has_steps |= opt->at == AT(steps);
        break;
    }
    case A_BYTES:
        if (!(*(int64_t *)to = bytes_of(value)))
            return bad_value(opt->name, value, "bytes, such as 65536, 300KiB, 64MiB or 1.5GiB");
        break;
    case A_MODE:
    case A_LOOPS:
        if (strchr(value, '=') && opt->kind == A_MODE)
            vec_push(o->arena, o->region, value);
        else if (strchr(value, '='))
            vec_push(o->arena, o->loop_region, value);
        else
            *(const char **)to = value;
        break;
    case A_SEED: {
        unsigned long long v = strtoull(value, &end, 10);
        if (end == value || *end || errno || value[0] == '-')
            return bad_value(opt->name, value, "a whole number from 0");
        *(uint64_t *)to = v;
        break;
    }
    case A_REAL: {
        double v = strtod(value, &end);
        if (end == value || *end || !(v > 0 && v < 1e300))
            return bad_value(opt->name, value, "a positive number");
        *(double *)to = v;
        break;
    }
    }
    return -1;
}

/* Says so when the command line has given this option a value before (of a list: the same name, as in -D N=3 -D N=4): which of
 * them is meant is not guessed. */
static int given_twice(const Options *o, const struct Option *opt, const char *value)
{
    bool named = opt->kind == A_LIST || opt->kind == A_MODE || opt->kind == A_LOOPS;
    size_t n = named && strchr(value, '=') ? (size_t)(strchr(value, '=') - value) + 1 : 0;
    for (int k = 0; k < o->given.n; k++) {
        if (o->given.at[k].option != opt->name)      /* others may have no value */
            continue;
        const char *before = o->given.at[k].value;
        bool same_name = n ? !strncmp(before, value, n) : opt->kind != A_LIST && !(named && strchr(before, '='));
        if (same_name) {
            fprintf(messages(), "mflc: %s is given twice: %s and %s; leave one of them out\n", opt->name, before, value);
            return EXIT_USAGE;
        }
    }
    return -1;
}

static int one_of(const char *option, const char *value, const char *choices)
{
    if (!value || listed(choices, value))
        return -1;
    return option_refuse(option, value, intern_printf("one of: %s", choices), value, choices);
}

static int check_values(const Options *o)
{
    int code = one_of("--real", o->real, "float double");
    if (code < 0) code = one_of("--mode", o->mode, "auto mixed reverse forward");
    Schedule parsed;
    if (code < 0 && o->schedule && !schedule_parse(o->schedule, true, &parsed))
        code = option_refuse("--schedule", o->schedule, "auto, keep, snapshot, every:K or binomial:S, with +gradients, +last:K or +last:0 behind it", o->schedule, SCHEDULES);
    if (code < 0 && o->loops && !schedule_parse(o->loops, false, &parsed))
        code = option_refuse("--loops", o->loops, "auto, keep, snapshot, every:K or binomial:S, with +last:1", o->loops, SCHEDULES);
    if (code < 0) code = one_of("--emit", o->emit, "c header llvm asm obj so ir loops dot");
    if (code < 0) code = one_of("--on-nonfinite", o->on_nonfinite, "stop skip");
    if (code < 0 && o->threads > 256)
        code = bad_value("--threads", intern_printf("%lld", (long long)o->threads), "at most 256");
    for (int k = 0; code < 0 && k < o->dump.n; k++)
        if (!pass_known(o->dump.at[k]))
            code = option_refuse("--dump", o->dump.at[k], "a pass that `mflc build --passes` lists", o->dump.at[k], pass_names("front bilevel lower"));
    for (int k = 0; code < 0 && k < o->pass.n; k++)
        if (!graph_pass_known(o->pass.at[k]))
            code = option_refuse("--pass", o->pass.at[k], "linearize, transpose or a graph pass that `mflc build --passes` lists", o->pass.at[k], pass_names("linearize transpose"));
    return code;
}

static const struct Option *find_option(const Options *o, const char *name)
{
    for (int k = 0; k < NOPTIONS; k++)
        if (!strcmp(options[k].name, name) && listed(options[k].used_by, o->command))
            return &options[k];
    return NULL;
}

static int unknown_option(const Options *o, const char *word)
{
    Name known[NOPTIONS];
    int n = 0;
    for (int k = 0; k < NOPTIONS; k++)
        if (listed(options[k].used_by, o->command))
            known[n++] = intern(options[k].name);
    return usage(o, "unknown option", word, known, n);
}

/* One argument at argv[*k]; -1 to go on. */
static int parse_one(Options *o, int argc, const char *const *argv, int *k)
{
    const char *word = argv[*k];
    if (word[0] != '-' || !word[1]) {
        vec_push(o->arena, o->files, word);
        if (o->file && strcmp(o->command, "fmt")) {
            fprintf(messages(), "mflc: one FILE is expected; found `%s` and `%s`\n", o->file, word);
            return EXIT_USAGE;
        }
        o->file = word;
        return -1;
    }
    const char *eq = !strncmp(word, "--", 2) ? strchr(word, '=') : NULL, *value = eq ? eq + 1 : NULL;
    const char *name = eq ? intern_n(word, (size_t)(eq - word)) : word;
    if (!strncmp(word, "-D", 2) && word[2]) {
        name = "-D";
        value = word + 2;
    }
    const struct Option *opt = find_option(o, name);
    if (!opt)
        return unknown_option(o, name);
    if (opt->kind == A_NONE && value)
        return bad_value(name, value, "no value");
    if (opt->kind != A_NONE && !value) {
        if (*k + 1 >= argc) {
            fprintf(messages(), "mflc: %s needs %s\n", name, opt->arg);
            return EXIT_USAGE;
        }
        value = argv[++*k];
    }
    int code = opt->kind == A_NONE ? -1 : given_twice(o, opt, value);
    vec_push(o->arena, o->given, ((OptionGiven){ opt->name, value }));
    return code < 0 ? store(o, opt, value) : code;
}

/* mflc help, mflc help COMMAND, mflc help --markdown */
static int help(const Options *o, const char *about, const Name *known)
{
    if (!about)
        print_commands(stdout);
    else if (!strcmp(about, "--markdown"))
        print_markdown(stdout);
    else {
        bool found = false;
        for (int k = 0; k < NCOMMANDS; k++)
            found |= !strcmp(commands[k].name, about);
        if (!found)
            return usage(o, "unknown command", about, known, NCOMMANDS);
        options_help(about, stdout);
    }
    return EXIT_DONE;
}

int options_of_library(Options *o, const char *file, const char *const *words)
{
    int n = 0;
    while (words && words[n])
        n++;
    o->command = "library";
    for (int k = 0; k < n; k++) {
        if (words[k][0] != '-') {
            fprintf(messages(), "mflc: an option is expected; found `%s`\n", words[k]);
            return EXIT_USAGE;
        }
        int code = parse_one(o, n, words, &k);
        if (code >= 0)
            return code;
    }
    o->file = file;
    return check_values(o);
}

int options_parse(Options *o, int argc, char **argv)
{
    Name known[NCOMMANDS];
    for (int k = 0; k < NCOMMANDS; k++)
        known[k] = intern(commands[k].name);
    if (argc < 2) {
        print_commands(messages());
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return help(o, argc > 2 ? argv[2] : NULL, known);
    const char *word = !strcmp(argv[1], "--version") ? "version" : argv[1];
    for (int k = 0; k < NCOMMANDS; k++)
        if (!strcmp(commands[k].name, word))
            o->command = commands[k].name;
    if (!o->command)
        return usage(o, "unknown command", argv[1], known, NCOMMANDS);
    for (int k = 2; k < argc; k++) {
        if (!strcmp(argv[k], "--help") || !strcmp(argv[k], "-h")) {
            options_help(o->command, stdout);
            return EXIT_DONE;
        }
        int code = parse_one(o, argc, (const char *const *)argv, &k);
        if (code >= 0)
            return code;
    }
    if (o->file && (!strcmp(o->command, "ops") || !strcmp(o->command, "version"))) {
        fprintf(messages(), "mflc: mflc %s takes no FILE; found `%s`\n", o->command, o->file);
        return EXIT_USAGE;
    }
    bool needs_file = !o->calibrate && strcmp(o->command, "ops") && strcmp(o->command, "version") && !o->passes;
    if (needs_file && !o->file) {
        fprintf(messages(), "mflc: mflc %s needs a FILE\n", o->command);
        return EXIT_USAGE;
    }
    return check_values(o);
}

Mode mode_of(const char *text)
{
    for (int k = MODE_AUTO; k <= MODE_FORWARD; k++)
        if (text && !strcmp(mode_name[k], text))
            return (Mode)k;
    return MODE_AUTO;
}
