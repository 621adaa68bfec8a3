/* test_lower.c -- lowering against the literal meaning of the tensor IR: random programs of products, sums, extremes, softmax, slices, pads, gathers, elementwise
 * chains and loops are lowered (fused, contracted, split in lanes, placed), run as machine code, and compared with ir_interpret in double.
 * The verifier of the loop IR runs after every pass; here it must also find what is broken on purpose. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include "emit.h"
#include "lower.h"

static Arena *arena;
static uint64_t state;
static void setup(void) { arena = arena_new("test"); state = 88172645463325252u; }
static void teardown(void) { arena_free(arena); }
TestSuite(lower, .init = setup, .fini = teardown);

static int below(int n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)((state >> 20) % (uint64_t)n);
}

/* ---- random programs ---- */
enum { POOL = 40 };
typedef struct Pool { Graph *g; Node *at[POOL]; int n; } Pool;

static Node *any(Pool *p) { return p->at[below(p->n)]; }

static Node *bounded(Graph *g, Node *x) { return ir_map1(g, OP_tanh, ir_scale(g, x, 0.25)); }

/* out[some letters] = scale * a[..] * b[..]: letters shared where sizes agree, the rest summed or kept. */
static Node *random_contract(Pool *p)
{
    Node *x[2] = { any(p), any(p) };
    Contract c;
    Type out = { .dtype = T_REAL };
    int order[MAX_LETTERS], n = 0;
    contract_init(&c);
    c.nfactor = 1 + (below(4) > 0);
    for (int a = 0; a < c.nfactor; a++) {
        c.arg[a].rank = x[a]->type.rank;
        for (int d = 0; d < x[a]->type.rank; d++) {
            int letter = -1;
            for (int k = 0; a && letter < 0 && k < c.nletters; k++) {
                bool used = false;
                for (int e = 0; e < d; e++)
                    used |= c.arg[a].place[e].coef[k] != 0;
                if (!used && c.range[k] == x[a]->type.dim[d] && below(3))
                    letter = k;
            }
            if (letter < 0)
                letter = contract_letter(&c, x[a]->type.dim[d], NULL);
            c.arg[a].place[d] = place_letter(letter);
        }
    }
    for (int k = 0; k < c.nletters; k++)
        if (below(3) && n < 3) {
            int at = below(n + 1);
            memmove(order + at + 1, order + at, sizeof *order * (size_t)(n - at));
            order[at] = k;
            n++;
        }
    for (int d = 0; d < n; d++) {
        c.out.place[d] = place_letter(order[d]);
        out.dim[d] = c.range[order[d]];
    }
    c.out.rank = out.rank = n;
    c.scale = below(2) ? 1 : 0.5;
    return bounded(p->g, ir_contract(p->g, &c, x, out));
}

/* shifted by s along axis d, zero where nothing comes from */
static Node *shifted(Pool *p, Node *x, int d, int s)
{
    Contract c;
    contract_init(&c);
    c.nfactor = 1;
    c.arg[0].rank = c.out.rank = x->type.rank;
    for (int k = 0; k < x->type.rank; k++)
        c.out.place[k] = c.arg[0].place[k] = place_letter(contract_letter(&c, x->type.dim[k], NULL));
    c.arg[0].place[d].base = -s;
    c.guard[0] = (Guard){ c.arg[0].place[d], x->type.dim[d] };
    c.nguard = 1;
    return ir_contract(p->g, &c, &x, x->type);
}

static Node *same_shape(Pool *p, const Node *x)
{
    for (int k = 0; k < 8; k++) {
        Node *y = any(p);
        if (shape_eq(&x->type, &y->type))
            return y;
    }
    return NULL;
}

static Node *softmax(Graph *g, Node *x)
{
    int last = x->type.rank - 1;
    int axes[MAX_RANK];
    for (int k = 0; k < last; k++)
        axes[k] = k;
    Node *m = ir_reduce(g, OP_max_over, x, 1u << last);
    Node *e = ir_map1(g, OP_exp, ir_map2(g, OP_sub, x, ir_expand(g, m, x->type.rank, x->type.dim, axes)));
    return ir_map2(g, OP_div, e, ir_expand(g, ir_sum(g, e, 1u << last), x->type.rank, x->type.dim, axes));
}

/* for i: carry = tanh(carry * x[i] + x[i]); collects the carry before it, and sums with a captured array. */
static void random_loop(Pool *p)
{
    Node *x = any(p), *w = any(p);
    if (!x->type.rank)
        return;
    LoopBuilder *b = loop_begin(p->g, x->type.dim[0], NULL);
    b->loop->down = below(2);
    Graph *g = b->loop->body;
    Node *row = ir_pick(g, loop_capture(b, x), 0, b->index), *cw = loop_capture(b, w);
    Node *c = loop_carry(b, ir_like(p->g, row, 0.5), NULL);
    Pool in = { .g = g, .at = { row, c, cw }, .n = 3 };
    for (int k = 0; k < 4; k++)
        in.at[in.n++] = below(2) ? random_contract(&in) : bounded(g, any(&in));
    Node *next = ir_map1(g, OP_tanh, ir_map2(g, OP_add, ir_map2(g, OP_mul, c, row), row));
    int out[3] = { loop_collect(b, below(2) ? c : next), loop_collect(b, in.at[in.n - 1]), 0 };
    loop_next(b, c, next);
    out[2] = loop_final(b, c);
    Node *l = loop_end(b);
    for (int k = 0; k < 3 && p->n < POOL; k++)
        if (k == 2 || g->results.at[b->loop->outs.at[out[k]].result]->type.rank < 4)
            p->at[p->n++] = ir_proj(p->g, l, out[k]);
}

static Node *random_node(Pool *p)
{
    Graph *g = p->g;
    Node *x = any(p), *y;
    static const Op map1[] = { OP_tanh, OP_sigmoid, OP_sin, OP_neg, OP_abs }, map2[] = { OP_add, OP_mul, OP_sub, OP_max };
    switch (below(9)) {
    case 0: return ir_map1(g, map1[below(5)], x);
    case 1: return (y = same_shape(p, x)) ? ir_map2(g, map2[below(4)], x, y) : NULL;
    case 2: return x->type.rank ? softmax(g, x) : NULL;
    case 3: return x->type.rank ? shifted(p, x, below(x->type.rank), below(5) - 2) : NULL;
    case 4: return x->type.rank ? ir_reduce(g, below(2) ? OP_max_over : OP_min_over, x, 1u + (unsigned)below((1 << x->type.rank) - 1)) : NULL;
    case 5: return x->type.rank ? ir_pick_at(g, x, below(x->type.rank), 1) : NULL;
    default: return random_contract(p);
    }
}

/* Of a matrix x: sums, nested anyhow, of x x' x, x and tanh(x). */
static Node *random_sum(Pool *p, Node *x, int depth)
{
    Graph *g = p->g;
    int64_t n = x->type.dim[0], m = x->type.dim[1];
    if (depth > 0)
        return ir_map2(g, OP_add, random_sum(p, x, depth - 1 - below(2)), random_sum(p, x, depth - 1 - below(2)));
    if (below(3) == 0)
        return below(2) ? x : ir_map1(g, OP_tanh, x);
    Contract c;
    contract_init(&c);
    c.nfactor = 2;
    c.scale = below(2) ? 1 : 0.125 * (1 + below(5));
    int i = contract_letter(&c, n, NULL), j = contract_letter(&c, m, NULL), k = contract_letter(&c, m, NULL);
    c.arg[0].rank = c.arg[1].rank = c.out.rank = 2;
    c.arg[0].place[0] = c.arg[1].place[0] = place_letter(i);
    c.arg[0].place[1] = c.out.place[0] = place_letter(j);
    c.arg[1].place[1] = c.out.place[1] = place_letter(k);
    Node *square = bounded(g, ir_contract(g, &c, (Node *[]){ x, x }, type_of(T_REAL, 2, (int64_t[]){ m, m })));
    c.arg[1].place[0] = place_letter(j);
    c.out.place[0] = place_letter(i);
    return ir_contract(g, &c, (Node *[]){ x, square }, x->type);
}

static Node *some_matrix(Pool *p)
{
    for (int k = 0; k < 8; k++) {
        Node *x = any(p);
        if (x->type.rank == 2)
            return x;
    }
    return NULL;
}

static Graph *random_program(bool sums, bool all)
{
    static const int64_t size[] = { 2, 3, 5, 16, 18, 33 };
    Pool p = { .g = graph_new(arena, intern("program")) };
    int64_t of[3] = { size[below(6)], size[below(6)], size[2 + below(3)] };
    for (int k = 0; k < 4; k++) {
        Type t = { .dtype = T_REAL, .rank = 1 + below(3) };
        for (int d = 0; d < t.rank; d++)
            t.dim[d] = of[below(3)];
        p.at[p.n++] = ir_param(p.g, t, intern_printf("x%d", k));
    }
    while (p.n < 22) {
        Node *x = sums ? some_matrix(&p) : NULL, *n = below(7) ? random_node(&p) : NULL;
        if (x)
            p.at[p.n++] = bounded(p.g, random_sum(&p, x, 3));
        if (n)
            p.at[p.n++] = n;
        else
            random_loop(&p);
    }
    for (int k = 0; k < 5; k++)
        ir_result(p.g, p.at[p.n - 1 - below(12)], NULL);
    for (int k = 0, n = p.g->nodes.n; all && k < n; k++) {
        Node *x = p.g->nodes.at[k];
        if (x->type.dtype == T_REAL && x->op != OP_param && x->type.rank <= 4 && below(3))
            ir_result(p.g, x, NULL);
    }
    return p.g;
}

/* ---- lowering a graph alone: parameters are data, results are parameters of `adapt` ---- */
static LProgram *lowered(Graph *g, bool products)
{
    Problem *p = NEW(arena, Problem);
    p->arena = arena;
    p->name = intern("program");
    EntryGraph e = { .kind = LE_ADAPT, .graph = g };
    e.param = memset(arena_alloc(arena, sizeof *e.param * (size_t)(g->params.n + 1)), 0, sizeof *e.param);
    e.result = memset(arena_alloc(arena, sizeof *e.result * (size_t)(g->results.n + 1)), 0, sizeof *e.result);
    for (int k = 0; k < g->params.n; k++) {
        vec_push(arena, p->data, ((Leaf){ .name = intern_printf("x%d", k), .type = g->params.at[k]->type }));
        e.param[k].bind = BIND_DATA;
        e.param[k].leaf = k;
    }
    for (int k = 0; k < g->results.n; k++) {
        vec_push(arena, p->param, ((Leaf){ .name = intern_printf("y%d", k), .type = g->results.at[k]->type }));
        e.result[k].bind = OUT_PARAMS;
        e.result[k].leaf = k;
    }
    return lower_program(arena, p, &e, 1, &(LowerOptions){ .real_bytes = 8, .gemm_calls = products, .mode = "", .schedule = "" });
}

static double *numbers(const Type *t)
{
    int64_t n = type_count(t);
    double *x = NEW_N(arena, double, n + 1);
    for (int64_t k = 0; k < n; k++)
        x[k] = (below(2001) - 1000) / 500.0;
    return x;
}

enum { LABELS = 9 };
/* Makes the tensor one of labels; as the program reads them. */
static int32_t *labels(Tensor *t)
{
    int64_t n = type_count(&t->type);
    int32_t *x = NEW_N(arena, int32_t, n + 1);
    for (int64_t k = 0; k < n; k++)
        t->at[k] = x[k] = below(LABELS);
    return x;
}

static void compare(Graph *g, bool products, int number)
{
    Tensor in[8], out[8];
    const void *data[8];
    void *made[8];
    char *why = NULL;
    for (int k = 0; k < g->params.n; k++) {
        const Type *t = &g->params.at[k]->type;
        data[k] = (in[k] = (Tensor){ *t, numbers(t) }).at;
        if (t->dtype == T_INT)
            data[k] = labels(&in[k]);
    }
    for (int k = 0; k < g->results.n; k++) {
        Type t = g->results.at[k]->type;
        out[k] = (Tensor){ t, NEW_N(arena, double, type_count(&t) + 1) };
        made[k] = NEW_N(arena, double, type_count(&t) + 1);
    }
    ir_interpret(g, in, out, arena);
    LProgram *p = lowered(g, products);
    Jit *j = jit_new(p, false, &why);
    cr_assert(j, "%s", why ? why : "");
    void *work = aligned_alloc(64, (size_t)(p->work_bytes + 127) / 64 * 64);
    memset(work, 255, (size_t)p->work_bytes);             /* NaN: nothing is read before it is written */
    jit_entry(j, LE_ADAPT)(data, NULL, made, NULL, NULL, NULL, 0, work, NULL);
    double worst = 0;
    for (int k = 0; k < g->results.n; k++)
        for (int64_t i = 0; i < type_count(&out[k].type); i++) {
            double e = fabs(((double *)made[k])[i] - out[k].at[i]) / (1 + fabs(out[k].at[i]));
            worst = e <= worst ? worst : e;
        }
    if (!(worst < 1e-11)) {
        Buf text = { 0 };
        ir_print(g, &text);
        lir_print(p, &text);
        cr_expect(false, "program %d, products %d: off by %g\n%s", number, products, worst, text.at);
        buf_free(&text);
    }
    free(work);
    jit_free(j);
}

Test(lower, random_programs)
{
    int n = getenv("LOWER_PROGRAMS") ? atoi(getenv("LOWER_PROGRAMS")) : 60;
    if (getenv("LOWER_SEED"))
        state = strtoull(getenv("LOWER_SEED"), NULL, 10) * 2654435761u + 1;
    for (int k = 0; k < n; k++)
        compare(random_program(false, false), k % 3 != 0, k);
}

static double **made_by(Graph *g, bool products)
{
    const void *data[8];
    double **made = NEW_N(arena, double *, g->results.n);
    char *why = NULL;
    for (int k = 0; k < g->params.n; k++)
        data[k] = numbers(&g->params.at[k]->type);
    for (int k = 0; k < g->results.n; k++)
        made[k] = NEW_N(arena, double, type_count(&g->results.at[k]->type) + 1);
    LProgram *p = lowered(g, products);
    Jit *j = jit_new(p, false, &why);
    cr_assert(j, "%s", why ? why : "");
    void *work = aligned_alloc(64, (size_t)(p->work_bytes + 127) / 64 * 64);
    jit_entry(j, LE_ADAPT)(data, NULL, (void *const *)made, NULL, NULL, NULL, 0, work, NULL);
    free(work);
    jit_free(j);
    return made;
}

/* A value has the same bits whatever else is asked for: so a step that is run again is the step that was run, whatever of it is stored. */
Test(lower, same_bits)
{
    int n = getenv("LOWER_PROGRAMS") ? atoi(getenv("LOWER_PROGRAMS")) : 30;
    for (int k = 0; k < n; k++) {
        uint64_t from = state;
        Graph *g = random_program(true, false);
        state = from;
        Graph *all = random_program(true, true);
        from = state;
        double **few = made_by(g, k % 3 != 0);
        state = from;
        double **many = made_by(all, k % 3 != 0);
        for (int r = 0; r < g->results.n; r++)
            cr_expect(!memcmp(few[r], many[r], sizeof(double) * (size_t)type_count(&g->results.at[r]->type)), "program %d, result %d: other bits where %d values are asked for", k, r, all->results.n);
    }
}

static int products_of(const LBlock *b)
{
    int n = 0;
    for (int k = 0; k < b->n; k++)
        n += (b->at[k]->kind == LS_GEMM) + products_of(&b->at[k]->body);
    return n;
}

/* out += a b with the letters of each operand as text: "[n]k" gathers by the index operand, whose letter is n. */
static Node *product(Graph *g, Node *index, Node *a, const char *at, Node *b, const char *bt, const char *out, const int64_t *dim)
{
    static const char letters[] = "nekc";
    static const int64_t range[] = { 16, 4, 12, 10 };
    Contract c;
    Type t = { .dtype = T_REAL };
    Node *args[] = { a, b, index };
    const char *text[] = { at, bt, out };
    contract_init(&c);
    for (int q = 0; q < 4; q++)
        contract_letter(&c, strchr(at, letters[q]) || strchr(bt, letters[q]) ? range[q] : 1, NULL);
    c.nfactor = 2;
    for (int k = 0; k < 3; k++) {
        Access *x = k == 2 ? &c.out : &c.arg[k];
        for (const char *s = text[k]; *s; s++) {
            bool gather = *s == '[';
            x->place[x->rank] = gather ? (Place){ .index = 2 } : place_letter((int)(strchr(letters, *s) - letters));
            c.nindex |= gather;
            s += gather ? 2 : 0;
            x->rank++;
        }
    }
    c.arg[2].rank = 1;
    c.arg[2].place[0] = place_letter(0);
    t.rank = c.out.rank;
    memcpy(t.dim, dim, sizeof *dim * (size_t)t.rank);
    return ir_contract(g, &c, args, t);
}

/* Products of gathered rows, into scattered rows and with a batch along memory are calls of the product; equal rows are copied once. */
Test(lower, operands_aside)
{
    Graph *g = graph_new(arena, intern("program"));
    Node *index = ir_param(g, type_of(T_INT, 1, (int64_t[]){ 16 }), intern("y")), *table = ir_param(g, type_of(T_REAL, 2, (int64_t[]){ LABELS, 12 }), intern("table"));
    Node *w = ir_param(g, type_of(T_REAL, 2, (int64_t[]){ 12, 10 }), intern("w")), *u = ir_param(g, type_of(T_REAL, 2, (int64_t[]){ 10, 12 }), intern("u"));
    Node *h = ir_param(g, type_of(T_REAL, 3, (int64_t[]){ 16, 4, 12 }), intern("h")), *v = ir_param(g, type_of(T_REAL, 3, (int64_t[]){ 4, 12, 10 }), intern("v"));
    Node *z = ir_param(g, type_of(T_REAL, 2, (int64_t[]){ 16, 10 }), intern("z"));
    ir_result(g, product(g, index, table, "[n]k", w, "kc", "nc", (int64_t[]){ 16, 10 }), NULL);
    ir_result(g, product(g, index, table, "[n]k", u, "ck", "cn", (int64_t[]){ 10, 16 }), NULL);
    ir_result(g, product(g, index, table, "[n]k", z, "nc", "kc", (int64_t[]){ 12, 10 }), NULL);
    ir_result(g, product(g, index, z, "nc", w, "kc", "[n]k", (int64_t[]){ LABELS, 12 }), NULL);
    ir_result(g, product(g, index, h, "nek", v, "ekc", "nce", (int64_t[]){ 16, 10, 4 }), NULL);
    compare(g, true, 0);
    LProgram *p = lowered(g, true);
    int copies = 0;
    for (int k = 0; k < p->bufs.n; k++)
        copies += !strcmp(p->bufs.at[k]->name, "table_rows");
    cr_expect_eq(products_of(&p->funcs.at[0]->body), 5, "%d products", products_of(&p->funcs.at[0]->body));
    cr_expect_eq(copies, 1, "%d copies", copies);
}

Test(lower, verifier)
{
    Graph *g = graph_new(arena, intern("program"));
    Node *x = ir_param(g, type_of(T_REAL, 2, (int64_t[]){ 20, 30 }), intern("x"));
    ir_result(g, ir_map1(g, OP_tanh, x), NULL);
    LProgram *p = lowered(g, true);
    cr_expect_null(lir_verify(p));
    LStmt *s = p->funcs.at[0]->body.at[0];
    cr_assert(s->kind == LS_FOR);
    s->n++;
    cr_expect_not_null(lir_verify(p), "a loop over the end");
    s->n--;
    LVar *v = s->var;
    s->var = s->body.at[0]->var;
    cr_expect_not_null(lir_verify(p), "a variable without a loop");
    s->var = v;
    cr_expect_null(lir_verify(p));
    for (int k = 0; k < p->bufs.n; k++)
        if (p->bufs.at[k]->storage == LB_WORK)
            p->bufs.at[k]->offset += 64;
    cr_expect_not_null(lir_verify(p), "a buffer outside the workspace");
}
