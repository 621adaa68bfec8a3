/* build.c -- mflc build: the generated program in the form that is asked for. */
#include "driver.h"

static int build_c(Session *s, bool source)
{
    Buf c = { 0 }, h = { 0 };
    C99Options o = c99_options(s);
    emit_c99(s->program, &o, &c, &h);
    int code = write_text(s, ".h", &h);
    if (code < 0 && source)
        code = write_text(s, ".c", &c);
    buf_free(&c);
    buf_free(&h);
    return code < 0 && source ? build_program(s) : code;
}

static int build_graphs(Session *s, bool dot)
{
    Buf b = { 0 };
    for (int k = 0; k < s->entries.n; k++) {
        Graph *g = s->entries.at[k].graph;
        if (!dot)
            ir_print(g, &b);
        else if (s->entries.at[k].kind == LE_HYPERGRADIENT)
            dot_print(g, arena_printf(s->arena, "hypergradient of %s; mode %s, schedule %s", s->problem->name, s->program->mode, s->program->schedule), s->arena, &b);
    }
    int code = write_text(s, dot ? ".dot" : ".ir", &b);
    buf_free(&b);
    return code;
}

static int build_loops(Session *s)
{
    Buf b = { 0 };
    lir_print(s->program, &b);
    int code = write_text(s, ".loops", &b);
    buf_free(&b);
    return code;
}

static int build_python(Session *s)
{
    Buf b = { 0 };
    emit_python(s->program, &b);
    int code = write_text(s, ".py", &b);
    buf_free(&b);
    return code;
}

static int build_llvm(Session *s, EmitLlvmKind kind)
{
    static const char *const ending[] = { ".ll", ".s", ".o" };
    char *why = NULL;
    Buf b = { 0 };
    int code;
    if (emit_llvm(s->program, kind, s->opt->native, &b, &why))
        code = write_text(s, ending[kind], &b);
    else {
        fprintf(messages(), "mflc: --emit %s: %s\n", s->opt->emit, why);
        code = EXIT_DATA;
    }
    buf_free(&b);
    return code;
}

static int build(Session *s, const char *form)
{
    if (!strcmp(form, "c") || !strcmp(form, "header"))
        return build_c(s, *form == 'c');
    if (!strcmp(form, "ir") || !strcmp(form, "dot"))
        return build_graphs(s, *form == 'd');
    if (!strcmp(form, "loops"))
        return build_loops(s);
    if (!strcmp(form, "so"))
        return build_shared(s, arena_printf(s->arena, "%s/lib%s.so", s->opt->out, s->problem->name));
    return build_llvm(s, !strcmp(form, "llvm") ? EMIT_LLVM : !strcmp(form, "asm") ? EMIT_ASM : EMIT_OBJ);
}

/* The form that is asked for, and the Python module with its shared object. */
static int build_forms(Session *s)
{
    const char *form = s->opt->emit;
    int code = program_possible(s);
    if (code >= 0)
        return code;
    if (form || !s->opt->python)
        code = build(s, form ? form : "c");
    if (code < 0 && s->opt->python && (!form || strcmp(form, "so")))
        code = build(s, "so");
    if (code < 0 && s->opt->python)
        code = build_python(s);
    return code;
}

int command_build(Options *o)
{
    Session s;
    if (o->passes) {
        passes_print(stdout);
        return EXIT_DONE;
    }
    if (!o->out)
        o->out = ".";
    int code = session_open(&s, o, 0);
    if (code < 0 && !make_folder(o->out))
        code = cannot_write(o->out);
    if (code < 0)
        code = build_forms(&s);
    if (code < 0)
        fprintf(messages(), "%s: %s; workspace %lld bytes\n", s.problem->name, s.why, (long long)s.program->work_bytes);
    session_close(&s);
    return code < 0 ? EXIT_DONE : code;
}
