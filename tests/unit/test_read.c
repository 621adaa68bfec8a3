/* test_read.c -- the text form of graphs reads back: for every reference problem and after every pass, print, read and print give the same text, the graph
 * that was read computes the same bits in the interpreter and in machine code; texts that are wrong are refused at their place, and no text brings the reader down. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include "driver.h"

static char *text_of(const Graph *g)
{
    Buf b = { 0 };
    ir_print(g, &b);
    char *text = arena_strndup(g->arena, b.at, b.n);
    buf_free(&b);
    return text;
}

static Graph *read_text(Arena *arena, const char *text, Diags *diags, const SourceList *known)
{
    size_t at = 0;
    *diags = (Diags){ .arena = arena };
    return ir_read(arena, diags, source_from_text(arena, "t.ir", text, strlen(text)), &at, known);
}

/* ---- reference problems ---- */

typedef struct Trip { const char *problem; int graphs; Graph *last; } Trip;

static const Node *first_difference(const Graph *a, const Graph *b)
{
    for (int i = 0; i < a->nodes.n; i++) {
        const Origin *x = &a->nodes.at[i]->origin, *y = &b->nodes.at[i]->origin;
        if (x->span.src != y->span.src || (x->span.src && (x->span.first.off != y->span.first.off || x->span.last.off != y->span.last.off)))
            return a->nodes.at[i];
    }
    return NULL;
}

static void round_trip(void *user, const char *pass, const Graph *g)
{
    Trip *t = user;
    SourceList known = { 0 };
    Diags diags;
    ir_sources(g->arena, g, &known);
    char *text = text_of(g);
    Graph *back = read_text(g->arena, text, &diags, &known);
    cr_assert(back, "%s after %s: %s: %s", t->problem, pass, g->name, diags.all.n ? diags.all.at[0].text : "nothing is read");
    cr_assert_str_eq(text, text_of(back), "%s after %s: %s: another text", t->problem, pass, g->name);
    const Node *n = first_difference(g, back);
    cr_assert_null(n, "%s after %s: %s: the place of %%%d", t->problem, pass, g->name, n ? n->id : -1);
    t->last = back;
    t->graphs++;
}

static Tensor *arguments(const Graph *g)
{
    Tensor *args = NEW_N(g->arena, Tensor, g->params.n + 1);
    for (int k = 0; k < g->params.n; k++) {
        const Type *t = &g->params.at[k]->type;
        args[k] = (Tensor){ *t, NEW_N(g->arena, double, type_count(t) + 1) };
        for (int64_t i = 0; i < type_count(t) && t->dtype == T_REAL; i++)
            args[k].at[i] = 0.3 + 0.01 * (double)((7 * i + 3 * k) % 41);
    }
    return args;
}

static void same_results(const char *problem, const Graph *a, const Graph *b)
{
    Tensor *x = NEW_N(a->arena, Tensor, a->results.n + 1), *y = NEW_N(a->arena, Tensor, a->results.n + 1), *args = arguments(a);
    ir_interpret(a, args, x, a->arena);
    ir_interpret(b, args, y, a->arena);
    for (int k = 0; k < a->results.n; k++)
        cr_assert(!memcmp(x[k].at, y[k].at, sizeof(double) * (size_t)type_count(&x[k].type)), "%s: result %d differs", problem, k);
}

/* Operations of one evaluation, roughly: the interpreter takes the small ones. */
static double work(const Graph *g)
{
    double sum = 0;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        double w = n->type.dtype == T_NONE ? 0 : (double)type_count(&n->type);
        if (n->op == OP_contract)
            for (int l = 0; l < n->u.contract->nletters; l++)
                w = l ? w * (double)n->u.contract->range[l] : (double)n->u.contract->range[l];
        if (n->op == OP_loop)
            w = (double)n->u.loop->n * (work(n->u.loop->body) + (n->u.loop->again ? (double)n->u.loop->n * work(n->u.loop->again->loop->body) : 0));
        sum += w;
    }
    return sum;
}

static void gradient_bits(Session *s, Graph *hypergradient, const DiffOptions *o, double *outer, void **grad)
{
    mfl_status st = { 0 };
    Plan plan = { .o = *o, .graph = hypergradient };
    cr_assert_eq(session_compile(s, *o, &plan, WANT_JIT), -1);
    cr_assert_eq(session_init_meta(s), -1);
    cr_assert_eq(session_gradient(s, s->bound.meta, outer, grad, &st), 0, "%s", mfl_strerror(st.code));
}

static void same_machine_code(Session *s, Graph *a, Graph *b, const DiffOptions *o, const char *name)
{
    Problem *p = s->problem;
    double x, y;
    void **gx = leaf_buffers(s->arena, 8, p->meta.at, p->meta.n), **gy = leaf_buffers(s->arena, 8, p->meta.at, p->meta.n);
    gradient_bits(s, a, o, &x, gx);
    gradient_bits(s, b, o, &y, gy);
    cr_assert(!memcmp(&x, &y, 8), "%s: %.17g, read back %.17g", name, x, y);
    for (int k = 0; k < p->meta.n; k++)
        cr_assert(!memcmp(gx[k], gy[k], leaf_bytes(&p->meta.at[k], 8)), "%s: the gradient of %s differs", name, p->meta.at[k].name);
}

/* compile: in machine code, too, by the plan with the most in it. */
static void one_problem(const char *name, bool compile)
{
    static const struct { Mode mode; const char *steps, *loops; } plans[] = {
        { MODE_MIXED, "snapshot", "snapshot" }, { MODE_REVERSE, "keep", "keep" }, { MODE_FORWARD, "keep", "keep" }, { MODE_MIXED, "binomial:2+gradients", "binomial:1" },
    };
    bool large = !strncmp(name, "transformer", 11) || !strcmp(name, "lstm_lm") || !strcmp(name, "attention_layernorm");
    Options o = { .command = "grad", .real = "double", .mode = "mixed", .schedule = "snapshot", .loops = "snapshot", .arena = arena_new("options") };
    o.file = arena_printf(o.arena, MFL_TOP "/tests/reference/%s/%s.mfl", name, name);
    o.from = arena_printf(o.arena, MFL_TOP "/tests/reference/%s/in", name);
    Session s;
    cr_assert_eq(session_open(&s, &o, WANT_PLAN | WANT_DATA), -1);
    Trip t = { .problem = name };
    PassObserver observer = { round_trip, &t };
    Graph *const front[] = { s.problem->meta_init, s.problem->param_init, s.problem->state_init, s.problem->inner, s.problem->update, s.problem->path, s.problem->outer,
                             s.problem->learn_init, s.problem->learn };
    for (size_t k = 0; k < sizeof front / sizeof *front; k++)
        if (front[k])
            round_trip(&t, "front", front[k]);
    for (int k = 0; k < (large ? 1 : 4); k++) {
        DiffOptions d = s.plans.all.at[s.plans.chosen].o;
        d.mode = plans[k].mode;
        cr_assert(schedule_parse(plans[k].steps, true, &d.steps) && schedule_parse(plans[k].loops, false, &d.loops));
        s.problem->observer = &observer;
        Graph *g = bilevel_hypergradient(s.arena, s.problem, &d), *back = t.last;
        s.problem->observer = NULL;
        if (work(g) < 3e6)
            same_results(name, g, back);
        if (compile && k == (large ? 0 : 3))
            same_machine_code(&s, g, back, &d, name);
    }
    cr_expect(t.graphs > 10);
    session_close(&s);
    arena_free(o.arena);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void problems(int part, int parts)
{
    char *name[256];
    int n = 0;
    DIR *d = opendir(MFL_TOP "/tests/reference");
    cr_assert(d);
    for (struct dirent *e; (e = readdir(d)) && n < 256;)
        if (e->d_name[0] != '.' && !strchr(e->d_name, '.'))
            name[n++] = strdup(e->d_name);
    closedir(d);
    cr_assert(n > 20);
    qsort(name, (size_t)n, sizeof *name, by_name);
    for (int k = 0; k < n; k++) {
        bool large = !strncmp(name[k], "transformer", 11);
        if (k % parts == part && !(large && getenv("QUICK")))
            one_problem(name[k], !getenv("QUICK") || k % 4 == 0);
        free(name[k]);
    }
}

Test(read, reference_0) { problems(0, 8); }
Test(read, reference_1) { problems(1, 8); }
Test(read, reference_2) { problems(2, 8); }
Test(read, reference_3) { problems(3, 8); }
Test(read, reference_4) { problems(4, 8); }
Test(read, reference_5) { problems(5, 8); }
Test(read, reference_6) { problems(6, 8); }
Test(read, reference_7) { problems(7, 8); }

/* ---- numbers ---- */

Test(read, numbers_to_the_last_bit)
{
    static const double number[] = { 0, -0.0, 1, 0.1, 1 / 3., 5e-324, -2.2250738585072011e-308, 1.7976931348623157e308, INFINITY, -INFINITY };
    static const uint64_t strange[] = { 0x7ff8000000000000, 0xfff8000000000000, 0x7ff8000000000123, 0x7ff0000000000001 };
    Arena *arena = arena_new("test");
    Graph *g = graph_new(arena, intern("numbers"));
    Diags diags;
    for (size_t k = 0; k < sizeof number / sizeof *number; k++)
        ir_result(g, ir_real(g, number[k]), NULL);
    for (size_t k = 0; k < sizeof strange / sizeof *strange; k++) {
        double x;
        memcpy(&x, &strange[k], 8);
        ir_result(g, ir_real(g, x), NULL);
    }
    ir_result(g, ir_int(g, -9007199254740992), intern("a \"quoted\\ name\n\x01"));
    Graph *back = read_text(arena, text_of(g), &diags, NULL);
    cr_assert(back, "%s", diags.all.at[0].text);
    cr_assert_str_eq(text_of(g), text_of(back));
    for (int k = 0; k < g->results.n; k++)
        cr_expect(!memcmp(&g->results.at[k]->u.number, &back->results.at[k]->u.number, 8), "result %d: %g and %g", k, g->results.at[k]->u.number, back->results.at[k]->u.number);
    arena_free(arena);
}

/* ---- texts that are wrong ---- */

#define X "  %0 = param 0 : real[3] \"x\"\n"
#define END "  takes %0\n  gives %1\n}\n"
#define LOOP "  %1 = loop %0 times 2 \"l\" : none {\n    %0 = param 0 : int\n    %1 = param 1 : real[3]\n    takes %0 %1\n    gives %1\n"

static const struct { const char *text, *message; int line, col; } wrong[] = {
    { "grap", "expected `graph`, found `grap`", 1, 1 },
    { "graph \"g\" {\n" X, "expected `takes`, found the end of the text", 3, 1 },
    { "graph \"g", "the name is not closed", 1, 7 },
    { "graph \"g\" {\n" X "  %1 = tanhh %0 : real[3]\n" END, "expected an operator of `mflc ops`, found `tanhh`", 3, 8 },
    { "graph \"g\" {\n" X "  %1 = tanh %2 : real[3]\n" END, "value %2 is not defined before its use", 3, 13 },
    { "graph \"g\" {\n" X "  %1 = tanh %1 : real[3]\n" END, "value %1 is not defined before its use", 3, 13 },
    { "graph \"g\" {\n" X "  %3 = tanh %0 : real[3]\n" END, "this is value %1 of its graph", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = tanh %0 : real[4]\n" END, "operand 0 has shape [3], the result [4]", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = tanh %0 : int[3]\n" END, "its result has the wrong element type", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = tanh %0 %0 : real[3]\n" END, "2 operands", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = tanh %0 : reel[3]\n" END, "expected a type: real, int, bool or none, found `reel`", 3, 18 },
    { "graph \"g\" {\n" X "  %1 = tanh %0 : real[-3]\n" END, "expected a size, found `-`", 3, 23 },
    { "graph \"g\" {\n" X "  %1 = tanh %0 : real[99999999999999999999]\n" END, "a size is 0..281474976710656 here", 3, 23 },
    { "graph \"g\" {\n" X "  %1 = const 1 : real[281474976710656,281474976710656]\n" END, "a type that such a value cannot have", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = const 1 : real[1,1,1,1,1,1,1,1,1,1,1,1,1]\n" END, "an array has at most 12 axes", 3, 46 },
    { "graph \"g\" {\n" X "  %1 = const 1.5 : int\n" END, "not a whole number", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = const nan : real\n" END, "expected a number, found `nan`", 3, 14 },
    { "graph \"g\" {\n" X "  %1 = contract %0 {a<3} [a] += 1 *[b] : real[3]\n" END, "expected a place", 3, 37 },
    { "graph \"g\" {\n" X "  %1 = contract %0 {b<3} [a] += 1 *[a] : real[3]\n" END, "expected `a<RANGE` or `}`", 3, 21 },
    { "graph \"g\" {\n" X "  %1 = contract %0 {a<4} [a] += 1 *[a] : real[4]\n" END, "operand 0 may be read outside axis 0", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = contract %0 {a<3} [a] += 1 *[a+1] : real[3]\n" END, "operand 0 may be read outside axis 0", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = contract %0 {a<3} [a] += 1 *[a,0] : real[3]\n" END, "operand 0 has 1 axes, its access 2", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = contract %0 {a<3} [#1] += 1 *[a] : real[3]\n" END, "a place of unknown letters or index arrays", 3, 3 },
    { "graph \"g\" {\n" X "  %1 = contract %0 {a<3} [a] += 1 *[a] *[a] : real[3]\n" END, "there are only 1 operands", 3, 40 },
    { "graph \"g\" {\n" X "  %1 = contract %0 %0 {a<3} [a] += 1 *[a] : real[3]\n" END, "1 factors and 0 index arrays, but 2 operands", 3, 3 },
    { "graph \"g\" {\n" X LOOP "    param 0 index\n    param 1 carry 1\n  }\n" END, "a result's number is 0..0 here", 9, 19 },
    { "graph \"g\" {\n" X LOOP "    param 0 index\n    param 1 index\n  }\n" END, "its index is not an int", 3, 3 },
    { "graph \"g\" {\n" X LOOP "    param 1 carry 0\n" END, "expected number 0", 8, 11 },
    { "graph \"g\" {\n" X LOOP "    param 0 index\n    param 1 state\n  }\n" END, "a state of a loop that has no way to it", 3, 3 },
    { "graph \"g\" {\n" X LOOP "    param 0 index\n    param 1 carry 0\n    out 0 saved 1\n  }\n" END, "output 0 is not there", 3, 3 },
    { "graph \"g\" {\n" X LOOP "    param 0 index\n    param 1 given\n  }\n" END, "parameter 1 is given, but nothing records it", 3, 3 },
    { "graph \"g\" {\n" X LOOP "    param 0 index\n    param 1 carry 0\n    out 0 latest 1\n  }\n" END, "a result's number is 0..0 here", 10, 18 },
    { "graph \"g\" {\n" X LOOP "    param 0 index\n    param 1 carry 0\n  }\n  %2 = proj %1 0 : real[3]\n" END, "its operand has no output 0", 11, 3 },
    { "graph \"g\" {\n" X LOOP "    param 0 index\n    param 1 carry 0\n    out 0 last 1\n  }\n  %2 = neg %1 : real[3]\n" END, "operand 0 has several outputs", 12, 3 },
    { "graph \"g\" {\n" X "  %1 = tanh %0 : real[3] @0:1:1-1:2\n" END, "source 0 is not listed", 3, 27 },
    { "graph \"g\" {\n" X "  %1 = tanh %0 : real[3]\n  takes %1\n  gives %1\n}\n", "parameter 0 is not a parameter of this graph", 3, 3 },
};

Test(read, wrong_texts_are_refused_at_their_place)
{
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        Arena *arena = arena_new("test");
        Diags diags;
        Graph *g = read_text(arena, wrong[k].text, &diags, NULL);
        cr_expect(!g && diags.errors == 1, "text %d is not refused:\n%s", (int)k, wrong[k].text);
        if (diags.all.n) {
            const Diag *d = &diags.all.at[0];
            cr_expect(strstr(d->text, wrong[k].message), "text %d: %s\nexpected: %s", (int)k, d->text, wrong[k].message);
            cr_expect(d->span.first.line == wrong[k].line && d->span.first.col == wrong[k].col, "text %d: at %d:%d, expected %d:%d: %s", (int)k, d->span.first.line, d->span.first.col,
                      wrong[k].line, wrong[k].col, d->text);
        }
        arena_free(arena);
    }
}

/* Bytes changed, left out and doubled: what is read is sound enough to be copied, printed and read again. */
Test(read, damaged_texts)
{
    Options o = { .command = "grad", .real = "double", .mode = "mixed", .schedule = "binomial:1", .loops = "binomial:1", .arena = arena_new("options") };
    o.file = MFL_TOP "/tests/reference/nested_loops/nested_loops.mfl";
    o.from = MFL_TOP "/tests/reference/nested_loops/in";
    Session s;
    cr_assert_eq(session_open(&s, &o, WANT_PLAN), -1);
    char *text = text_of(bilevel_hypergradient(s.arena, s.problem, &s.plans.all.at[s.plans.chosen].o));
    size_t n = strlen(text);
    uint64_t state = 88172645463325252u;
    int sound = 0;
    for (int round = 0; round < 3000; round++) {
        Arena *arena = arena_new("test");
        char *bad = arena_strndup(arena, text, n);
        Diags diags;
        for (int changes = 1 + round % 3; changes; changes--) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            size_t at = (size_t)(state >> 8) % n;
            static const char bytes[] = "0123456789%#-+[]{}<abcxyz \n\"*;:,";
            if (state & 64)
                memmove(bad + at, bad + at + 1, n - at);
            else
                bad[at] = state & 128 ? bytes[state % (sizeof bytes - 1)] : text[(at + 1) % n];
        }
        Graph *g = read_text(arena, bad, &diags, NULL);
        cr_assert(g || diags.errors == 1);
        if (g) {
            char *again = text_of(g);
            Graph *back = read_text(arena, again, &diags, NULL);
            cr_assert(back, "%s", diags.all.at[0].text);
            cr_assert_null(ir_verify(graph_clone(g, g->name)));
            sound++;
        }
        arena_free(arena);
    }
    cr_expect(sound > 10 && sound < 2900, "%d of the damaged texts are sound", sound);
    session_close(&s);
    arena_free(o.arena);
}
