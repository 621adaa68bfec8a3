/* program.c -- the files of mflc build: each by its ending, and what --check, --static and --main put beside NAME.c. */
#include "driver.h"

enum { MAX_NUMBERS = 1000000 };      /* that --main writes into a program */

int write_text(Session *s, const char *ending, const Buf *b)
{
    const char *path = arena_printf(s->arena, "%s/%s%s", s->opt->out, s->problem->name, ending);
    if (!write_atomically(path, b->at ? b->at : "", b->n))
        return cannot_write(path);
    printf("%s\n", path);
    return -1;
}

C99Options c99_options(const Session *s) { return (C99Options){ s->opt->with_check, s->opt->own_memory, s->opt->seed }; }

int program_possible(Session *s)
{
    const Options *o = s->opt;
    const char *asked = o->with_check ? "--check" : o->own_memory ? "--static" : o->smoke ? "--main" : NULL;
    if (asked && o->emit && strcmp(o->emit, "c")) {
        fprintf(messages(), "mflc: %s goes with generated C; found --emit %s\n", asked, o->emit);
        return EXIT_USAGE;
    }
    if (asked && !o->emit && o->python) {
        fprintf(messages(), "mflc: %s goes with generated C; give --emit c beside --python\n", asked);
        return EXIT_USAGE;
    }
    const char *form = o->emit ? o->emit : "c", *const machine_code[] = { "llvm", "asm", "obj", "so" };
    bool native = !o->native || o->python;
    for (int k = 0; k < 4; k++)
        native |= !strcmp(form, machine_code[k]);
    if (!native) {
        fprintf(messages(), "mflc: --native goes with machine code (--emit llvm, asm, obj, so; --python); found --emit %s\n", form);
        return EXIT_USAGE;
    }
    if (o->guard && (!strcmp(form, "ir") || !strcmp(form, "dot"))) {
        fprintf(messages(), "mflc: --guard goes with what is made of the graphs, where its checks stand; found --emit %s\n", form);
        return EXIT_USAGE;
    }
    const char *cut = NULL;
    for (int k = 0; o->with_check && !cut && k < s->problem->meta.n; k++)
        cut = cuts_derivatives(s->problem, k);
    if (cut) {
        fprintf(messages(), "mflc: --check: %s, and differences see what it cuts; build without --check\n", cut);
        return EXIT_PROBLEM;
    }
    return -1;
}

static int write_static(Session *s, const C99Options *c99)
{
    Buf c = { 0 }, h = { 0 };
    emit_c99_static(s->program, c99, &c, &h);
    int code = write_text(s, "_static.h", &h);
    if (code < 0)
        code = write_text(s, "_static.c", &c);
    buf_free(&c);
    buf_free(&h);
    return code;
}

/* How many numbers of data and bound metas there are to write. */
static int64_t numbers_of(const Problem *p, const C99Numbers *x)
{
    int64_t count = 0;
    for (int k = 0; k < p->data.n; k++)
        count += type_count(&p->data.at[k].type) * (p->data.at[k].task ? x->tasks : 1);
    for (int k = 0; k < p->meta.n; k++)
        count += x->meta[k] ? type_count(&p->meta.at[k].type) : 0;
    return count;
}

static bool any_bound(const Session *s)
{
    bool any = s->opt->meta.n > 0 || s->opt->data.n > 0 || s->opt->from;
    for (int k = 0; k < s->problem->data.n; k++)
        any |= s->problem->data.at[k].bound_file != NULL;
    return any;
}

/* With files, their numbers; with none, simple numbers. */
static int write_main(Session *s, const C99Options *c99)
{
    Problem *p = s->problem;
    C99Numbers x = { .tasks = 1 };
    if (any_bound(s)) {
        if (!bindings_load(&s->bindings, p, s->real_bytes, &s->bound))
            return EXIT_DATA;
        void **meta = NEW_N(s->arena, void *, p->meta.n + 1);
        for (int k = 0; k < p->meta.n; k++)
            meta[k] = s->bound.meta_bound[k] ? s->bound.meta[k] : NULL;
        x = (C99Numbers){ s->bound.tasks, s->bound.data, meta };
        int64_t numbers = numbers_of(p, &x);
        if (numbers > MAX_NUMBERS) {
            fprintf(messages(), "mflc: --main writes the bound numbers into the program: %lld of them, at most %d; give sizes with -D instead of files, for simple numbers\n", (long long)numbers, MAX_NUMBERS);
            return EXIT_DATA;
        }
    }
    Buf c = { 0 };
    emit_c99_main(s->program, c99, &x, &c);
    int code = write_text(s, "_main.c", &c);
    buf_free(&c);
    return code;
}

int build_program(Session *s)
{
    C99Options c99 = c99_options(s);
    int code = s->opt->own_memory ? write_static(s, &c99) : -1;
    return code < 0 && s->opt->smoke ? write_main(s, &c99) : code;
}
