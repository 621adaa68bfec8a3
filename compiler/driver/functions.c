/* functions.c -- the functions of the language as they are documented and tested: an expression over sampled arguments becomes a graph, is differentiated by
 * the rules that hypergradients use and runs as machine code. `mflc ops --markdown` prints library.def with what comes out. */
#include "driver.h"
#include "functions.h"
#include <math.h>
#include <stdlib.h>

/* ---- "x[2, 3] .1 2; y": name, shape, range ---- */
static const char *one_argument(Arena *arena, const char *p, SampleArg *a)
{
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz");
    char *end;
    *a = (SampleArg){ .name = intern_n(p, n), .type = type_scalar(T_REAL), .lo = -1, .hi = 1 };
    p += n;
    if (*p == '[')
        do {
            a->type.dim[a->type.rank++] = strtoll(p + 1, &end, 10);
            p = end;
        } while (*p == ',');
    p += *p == ']';
    if (*p == ' ') {
        a->lo = strtod(p, &end);
        a->hi = strtod(end, &end);
        p = end;
    }
    (void)arena;
    return *p == ';' ? p + 1 + strspn(p + 1, " ") : NULL;
}

static void declare(Buf *b, const char *prefix, const SampleArg *a)
{
    buf_printf(b, "meta %s%s", prefix, a->name);
    for (int k = 0; k < a->type.rank; k++)
        buf_printf(b, "%s%lld%s", k ? ", " : "[", (long long)a->type.dim[k], k + 1 < a->type.rank ? "" : "]");
    buf_printf(b, " = 0\n");
}

/* The problem whose outer block logs the expressions. An expression `= e` is an initialiser; one may follow statements, `x = stack(1, 2); sum(x)`. */
static char *program(Sample *s, const char *args, const char *given, const char *const *expr, int n)
{
    Buf b = { 0 };
    buf_puts(&b, "problem sample\nmeta nothing = 0\n");
    for (const char *p = args && *args ? args : NULL; p && s->nargs < MAX_SAMPLE_ARGS; s->nargs++)
        p = one_argument(s->arena, p, &s->arg[s->nargs]);
    for (int k = 0; k < s->nargs; k++)
        declare(&b, "", &s->arg[k]);
    for (int k = 0; k < s->nargs; k++)
        declare(&b, "d", &s->arg[k]);
    bool draws = n && expr[0][0] == '=';
    buf_printf(&b, "param drawn[2] %s\ninner = sum(drawn)\nstep drawn by sgd(rate = 0) for 0\nouter {\n%s\n", draws ? expr[0] : "= 0", given ? given : "");
    for (int k = 0; k < n; k++) {
        const char *last = strrchr(expr[k], ';');
        buf_printf(&b, "  %.*s\n", last ? (int)(last - expr[k]) : 0, expr[k]);
        buf_printf(&b, "  log v%d = %s\n", k, draws ? "drawn" : last ? last + 1 : expr[k]);
    }
    buf_puts(&b, "  return 0\n}\n");
    char *text = arena_printf(s->arena, "%s", b.at);
    buf_free(&b);
    return text;
}

/* (all metas) -> the logged values */
static Graph *values_of(const Problem *p)
{
    Graph *g = graph_new(p->arena, intern("sample"));
    Node **in = NEW_N(p->arena, Node *, p->meta.n + 2), **out = NEW_N(p->arena, Node *, p->outer->results.n + 1);
    for (int k = 0; k < p->meta.n; k++)
        in[k] = ir_param(g, p->meta.at[k].type, p->meta.at[k].name);
    graph_inline(g, p->param_init, in, p->param_init->results.at, 1, &in[p->meta.n], NULL);
    graph_inline(g, p->outer, in, p->outer->results.at, p->outer->results.n, out, NULL);
    for (int k = 1; k < p->outer->results.n; k++)
        ir_result(g, out[k], NULL);
    return g;
}

bool sample_load(Sample *s, Arena *arena, const char *args, const char *given, const char *const *expr, int n)
{
    Diags diags = { .arena = arena };
    *s = (Sample){ .arena = arena };
    FrontOptions f = { .path = "sample.mfl", .text = program(s, args, given, expr, n) };
    s->problem = front_load(arena, &diags, &f);
    if (s->problem)
        expand_written_grads(s->problem);
    diags_print(&diags, messages());
    s->graph = s->problem ? values_of(s->problem) : NULL;
    return s->graph != NULL;
}

Node *sample_param(const Sample *s, Graph *g, int k, bool tangent) { return g->params.at[1 + k + (tangent ? s->nargs : 0)]; }

/* Machine code for g over the sample's parameters; in: the arguments, then their tangents (NULL: zero). */
bool sample_run(const Sample *s, const Graph *g, double *const *in, double *out)
{
    Problem *p = s->problem;
    char *why = NULL;
    Graph *whole = graph_clone(g, g->name);
    Node *nothing = ir_real(whole, 0);
    vec_push(p->arena, whole->results, nothing);
    vec_push(p->arena, whole->result_names, NULL);
    for (int k = whole->results.n - 1; k > 0; k--)               /* the outer value comes first */
        whole->results.at[k] = whole->results.at[k - 1];
    whole->results.at[0] = nothing;
    EntryGraph e = entry_graph(p->arena, p, LE_VALUE, bilevel_entry(p->arena, p, whole));
    LowerOptions lo = { .real_bytes = 8, .gemm_calls = true, .mode = "reverse", .schedule = "keep" };
    LProgram *prog = lower_program(p->arena, p, &e, 1, &lo);
    Jit *jit = jit_new(prog, false, &why);
    if (!jit) {
        fprintf(messages(), "mflc: machine code could not be made: %s\n", why ? why : "unknown reason");
        return false;
    }
    void *work = aligned_alloc(64, ((size_t)prog->work_bytes + 127) / 64 * 64), **meta = leaf_buffers(p->arena, 8, p->meta.at, p->meta.n);
    for (int k = 0; k < 2 * s->nargs; k++)
        if (in && in[k])
            memcpy(meta[1 + k], in[k], (size_t)type_count(&s->arg[k % s->nargs].type) * 8);
    double outer;
    mfl_status st = { 0 };
    int code = jit_entry(jit, LE_VALUE)(NULL, meta, NULL, &outer, out, NULL, 0, work, &st);
    free(work);
    jit_free(jit);
    return code == 0;
}

/* ---- numbers for people ---- */
static void number(Buf *b, double x) { buf_printf(b, isnan(x) ? "nan" : "%.6g", x == 0 ? 0 : x); }

static const double *nested(Buf *b, const Type *t, int axis, const double *x)
{
    if (axis == t->rank) {
        number(b, *x);
        return x + 1;
    }
    buf_puts(b, "[");
    for (int64_t k = 0; k < t->dim[axis]; k++) {
        buf_puts(b, k ? ", " : "");
        x = nested(b, t, axis + 1, x);
    }
    buf_puts(b, "]");
    return x;
}

static int64_t elements(const Graph *g)
{
    int64_t n = 0;
    for (int k = 0; k < g->results.n; k++)
        n += type_count(&g->results.at[k]->type);
    return n;
}

static bool print_example(Arena *arena, const FunctionRow *r)
{
    Sample s;
    Buf b = { 0 };
    if (!sample_load(&s, arena, "", "", &r->example, 1))
        return false;
    double *out = NEW_N(arena, double, elements(s.graph) + 1);
    if (!sample_run(&s, s.graph, NULL, out))
        return false;
    nested(&b, &s.graph->results.at[0]->type, 0, out);
    printf("    %s   gives   %s\n\n", r->example[0] == '=' ? r->example + 2 : r->example, b.at);
    buf_free(&b);
    return true;
}

/* ---- edges: value, derivative, and of one number the second derivative ---- */
static Graph *edge_graph(const Sample *s)
{
    Graph *g = graph_clone(s->graph, intern("edge"));
    Node *y = g->results.at[0], *in[MAX_SAMPLE_ARGS], *back[MAX_SAMPLE_ARGS], *one = ir_real(g, 1), *second = NULL;
    int64_t n = type_count(&y->type), inputs = 0;
    for (int k = 0; k < s->nargs; k++) {
        in[k] = sample_param(s, g, k, false);
        inputs += type_count(&in[k]->type);
    }
    for (int64_t i = 0; i < n; i++) {
        Node *flat = ir_reshape(g, y, 1, &n), *pick = ir_pick_at(g, flat, 0, i);
        vjp(g, in, s->nargs, &pick, &one, 1, back);
        for (int k = 0; k < s->nargs; k++) {
            Node *d = back[k] ? back[k] : ir_const(g, in[k]->type, 0);
            ir_result(g, d, NULL);
            if (inputs == 1 && n == 1)
                linearize(g, in, (Node *[]){ ir_const(g, in[0]->type, 1) }, 1, &d, 1, &second, false);
        }
    }
    if (inputs == 1 && n == 1)
        ir_result(g, second ? second : ir_const(g, in[0]->type, 0), NULL);
    return g;
}

static void edge_row(const Sample *s, const Graph *g, double *const *in, const double *out)
{
    Buf b = { 0 };
    const Type *y = &g->results.at[0]->type;
    int64_t n = type_count(y), inputs = 0;
    for (int k = 0; k < s->nargs; k++) {
        nested(&b, &s->arg[k].type, 0, in[k]);
        buf_puts(&b, k + 1 < s->nargs ? ", " : " | ");
        inputs += type_count(&s->arg[k].type);
    }
    out = nested(&b, y, 0, out);
    buf_puts(&b, " | ");
    Type j = type_of(T_REAL, 2, (int64_t[]){ n, inputs });
    if (n == 1)
        j = inputs == 1 ? type_scalar(T_REAL) : type_of(T_REAL, 1, &inputs);
    out = nested(&b, &j, 0, out);
    buf_puts(&b, " | ");
    if (n == 1 && inputs == 1)
        number(&b, *out);
    else
        buf_puts(&b, "-");
    printf("| %s |\n", b.at);
    buf_free(&b);
}

/* One group "x -> exp(x): -inf; 0; inf". */
static bool print_edge_group(Arena *arena, const char *group)
{
    const char *arrow = strstr(group, " -> "), *colon = strstr(arrow, ": ");
    const char *args = arena_strndup(arena, group, (size_t)(arrow - group)), *expr = arena_strndup(arena, arrow + 4, (size_t)(colon - arrow - 4));
    Sample s;
    if (!sample_load(&s, arena, args, "", &expr, 1))
        return false;
    Graph *g = edge_graph(&s);
    double *in[2 * MAX_SAMPLE_ARGS] = { NULL }, *out = NEW_N(arena, double, elements(g) + 1);
    for (const char *p = colon + 1; *p;) {
        for (int k = 0; k < s.nargs; k++) {
            int64_t n = type_count(&s.arg[k].type);
            in[k] = NEW_N(arena, double, n + 1);
            for (int64_t i = 0; i < n; i++)
                in[k][i] = strtod(p, (char **)&p);
        }
        if (!sample_run(&s, g, in, out))
            return false;
        printf("| `%s` ", expr);
        edge_row(&s, g, in, out);
        p += *p == ';';
    }
    return true;
}

static bool print_edges(Arena *arena, const FunctionRow *r)
{
    if (!*r->edges)
        return true;
    printf("| of | at | value | derivative | second |\n|---|---|---|---|---|\n");
    for (const char *p = r->edges; p;) {
        const char *bar = strstr(p, " | ");
        if (!print_edge_group(arena, arena_strndup(arena, p, bar ? (size_t)(bar - p) : strlen(p))))
            return false;
        p = bar ? bar + 3 : NULL;
    }
    printf("\n");
    return true;
}

static void print_tangent(const FunctionRow *r)
{
    printf("Derivative of `%s`: `%s`", r->call, r->tangent);
    for (const char *p = r->given; *p;) {
        size_t n = strstr(p, "  ") ? (size_t)(strstr(p, "  ") - p) : strlen(p);
        printf("%s `%.*s`", p == r->given ? ", where" : ",", (int)n, p);
        p += n + strspn(p + n, " ");
    }
    printf("\n\n");
}

static bool print_row(const FunctionRow *r)
{
    Arena *arena = arena_new("sample");
    printf("### `%s`\n\n%s.\n\n", r->form, r->doc);
    bool ok = print_example(arena, r);
    if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", r->tangent[0]))
        printf("%s\n\n", r->tangent);
    else
        print_tangent(r);
    ok = ok && print_edges(arena, r);
    arena_free(arena);
    return ok;
}

int print_functions(void)
{
    int n;
    const FunctionRow *row = function_rows(&n);
    printf("# Functions and operators\n\n"
           "Made by `mflc ops --markdown` from the compiler's table; the tests hold it current. Every example is executed; every derivative is an expression of the language\n"
           "that the tests compare with the compiler's own. The tangent of an argument `x` is written `dx`.\n\n"
           "The tables show the edges as the compiler computes them, as machine code in double: the point, the value, the derivative in reverse mode (of several numbers: the gradient,\n"
           "or one row for each number of the result), and of a function of one number the second derivative. Nothing is rounded away or clipped: where the mathematics has an infinite\n"
           "derivative or none, `inf` and `nan` stand here, and `mflc run` stops at them. At a kink the derivative is the one the sentence says.\n\n"
           "An axis has at least one element: sizes of zero, empty ranges and loops that would collect nothing are errors where they are written, so reductions have no empty case.\n"
           "Over an axis of length one `sum mean max min prod logsumexp` are their element, `var` and `log_softmax` are 0 and `softmax` is 1, with the derivatives below.\n");
    for (int k = 0; k < n; k++) {
        if (!k || row[k].section != row[k - 1].section)
            printf("\n## %s\n\n", row[k].section);
        if (!print_row(&row[k]))
            return EXIT_PROBLEM;
    }
    return EXIT_DONE;
}
