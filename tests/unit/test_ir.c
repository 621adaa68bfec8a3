/* test_ir.c -- the tensor IR: folding, the normal form of contractions against their literal meaning on random programs, transposition by
 * swapping accesses, clean-up passes, the text form, the verifier. A random program keeps beside each node the array that its definition says;
 * what the builder made of it must compute the same. */
#include <criterion/criterion.h>
#include <math.h>
#include "ir.h"
#include "opt.h"

static Arena *arena;
static uint64_t state;

static void setup(void) { arena = arena_new("test"); state = 88172645463325252u; }
static void teardown(void) { arena_free(arena); }
TestSuite(ir, .init = setup, .fini = teardown);

static int below(int n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)((state >> 20) % (uint64_t)n);
}

static double draw(void) { return (below(2001) - 1000) / 500.0; }

static Tensor tensor(Type t) { return (Tensor){ t, NEW_N(arena, double, type_count(&t) + 1) }; }

static Type shape(DType d, int rank, ...)
{
    Type t = { .dtype = d, .rank = rank };
    va_list ap;
    va_start(ap, rank);
    for (int k = 0; k < rank; k++)
        t.dim[k] = va_arg(ap, int);
    va_end(ap);
    return t;
}

/* ---- the literal meaning of a contract ---- */

static int64_t place_at(const Place *p, const int64_t *letter, const Contract *c, const Tensor *args)
{
    int64_t v = p->base;
    for (int l = 0; l < c->nletters; l++)
        v += p->coef[l] * letter[l];
    if (p->index >= 0) {
        const Tensor *x = &args[p->index];
        int64_t flat = 0;
        for (int d = 0; d < x->type.rank; d++)
            flat = flat * x->type.dim[d] + place_at(&c->arg[p->index].place[d], letter, c, args);
        v += (int64_t)x->at[flat];
    }
    return v;
}

static int64_t element(const Access *a, const Type *t, const int64_t *letter, const Contract *c, const Tensor *args)
{
    int64_t flat = 0;
    for (int d = 0; d < a->rank; d++) {
        int64_t v = place_at(&a->place[d], letter, c, args);
        cr_assert(v >= 0 && v < t->dim[d], "the test's own contract leaves its array");
        flat = flat * t->dim[d] + v;
    }
    return flat;
}

static void literal(const Contract *c, const Tensor *args, Tensor *out)
{
    int64_t letter[MAX_LETTERS] = { 0 };
    for (int l = 0; l < c->nletters; l++)
        if (!c->range[l])
            return;
    for (;;) {
        bool inside = true;
        for (int g = 0; g < c->nguard; g++) {
            int64_t v = place_at(&c->guard[g].place, letter, c, args);
            inside &= v >= 0 && v < c->guard[g].n;
        }
        if (inside) {
            double x = c->scale;
            for (int k = 0; k < c->nfactor; k++)
                x *= args[k].at[element(&c->arg[k], &args[k].type, letter, c, args)];
            out->at[element(&c->out, &out->type, letter, c, args)] += x;
        }
        int l = 0;
        while (l < c->nletters && ++letter[l] == c->range[l])
            letter[l++] = 0;
        if (l == c->nletters)
            return;
    }
}

/* ---- random programs ---- */

typedef struct Made { Node *node; Tensor value; } Made;
typedef struct Program { Graph *g; Made made[64]; int n; Tensor arg[64]; int nargs; } Program;

static void keep(Program *p, Node *n, Tensor v) { p->made[p->n++] = (Made){ n, v }; }

static Type random_type(DType d)
{
    Type t = { .dtype = d, .rank = below(4) };
    for (int k = 0; k < t.rank; k++)
        t.dim[k] = 1 + below(4);
    return t;
}

static Tensor random_tensor(Type t)
{
    Tensor x = tensor(t);
    for (int64_t k = 0; k < type_count(&t); k++)
        x.at[k] = t.dtype == T_INT ? below(3) : draw();
    return x;
}

static void add_param(Program *p, Type t)
{
    Tensor x = p->arg[p->nargs++] = random_tensor(t);
    keep(p, ir_param(p->g, t, intern_printf("x%d", p->nargs)), x);
}

static Made pick(Program *p, DType d)
{
    Made m;
    do
        m = p->made[below(p->n)];
    while (m.node->type.dtype != d);
    return m;
}

static void range_of(const Contract *c, const Place *p, int64_t *lo, int64_t *hi)
{
    *lo = *hi = p->base;
    for (int l = 0; l < c->nletters; l++) {
        int64_t k = p->coef[l] * (c->range[l] - 1);
        *(k < 0 ? lo : hi) += k;
    }
}

static Place random_place(const Contract *c, int64_t dim)
{
    Place p = place_const(below(3) ? 0 : below((int)dim));
    int letters = below(5) ? 1 : below(3);
    for (int k = 0; k < letters; k++)
        p.coef[below(c->nletters)] = below(4) ? 1 : below(4) - 2;
    return p;
}

/* A place of an array axis of this length: guarded where it could leave. */
static bool safe(Contract *c, const Place *p, int64_t dim)
{
    int64_t lo, hi;
    range_of(c, p, &lo, &hi);
    if (lo >= 0 && hi < dim)
        return true;
    if (c->nguard == MAX_RANK)
        return false;
    c->guard[c->nguard++] = (Guard){ *p, dim };
    return true;
}

static bool random_access(Contract *c, Access *a, const Type *t, bool plain)
{
    a->rank = t->rank;
    for (int d = 0; d < t->rank; d++) {
        a->place[d] = plain ? place_letter(below(c->nletters)) : random_place(c, t->dim[d]);
        if (!safe(c, &a->place[d], t->dim[d]))
            return false;
    }
    return true;
}

/* Some place of a gathers through the index operand. Values of index arrays are 0..2. */
static void random_gather(Contract *c, Access *a, const Type *t, int index)
{
    for (int d = 0; d < a->rank; d++)
        if (t->dim[d] >= 3 && below(2)) {
            a->place[d] = place_const(below((int)t->dim[d] - 2));
            a->place[d].index = index;
            return;
        }
}

static bool random_contract(Program *p)
{
    Contract c;
    Node *args[MAX_OPERANDS];
    Tensor value[MAX_OPERANDS];
    contract_init(&c);
    for (int l = 1 + below(4); l > 0; l--)
        contract_letter(&c, 1 + below(4), NULL);
    bool integers = !below(8), gathers = !below(3);
    c.nfactor = integers ? 1 : 1 + below(3);
    c.nindex = gathers;
    c.scale = integers || below(2) ? 1 : draw();
    for (int k = 0; k < c.nfactor + c.nindex; k++) {
        Made m = pick(p, k >= c.nfactor || integers ? T_INT : T_REAL);
        args[k] = m.node;
        value[k] = m.value;
        if (!random_access(&c, &c.arg[k], &m.node->type, !below(3)))
            return false;
    }
    Type out = random_type(integers ? T_INT : T_REAL);
    /* Often a gather form: out's axes are letters. */
    if (below(2)) {
        out.rank = 0;
        for (int l = 0; l < c.nletters && out.rank < 3; l++)
            if (below(2))
                out.dim[out.rank++] = c.range[l];
        c.out.rank = out.rank;
        for (int l = 0, d = 0; d < out.rank; l++)
            if (c.range[l] == out.dim[d])
                c.out.place[d++] = place_letter(l);
            else if (l == c.nletters - 1)
                return false;
        for (int d = 1; d < out.rank; d++)
            for (int e = 0; e < d; e++)
                if (!memcmp(&c.out.place[d], &c.out.place[e], sizeof(Place)))
                    return false;
    } else if (!random_access(&c, &c.out, &out, false))
        return false;
    if (gathers && !below(4))
        random_gather(&c, &c.out, &out, c.nfactor);
    for (int k = 0; k < c.nfactor && gathers; k++)
        random_gather(&c, &c.arg[k], &args[k]->type, c.nfactor);
    Tensor v = tensor(out);
    literal(&c, value, &v);
    if (integers)                                 /* results may become indices: keep them in 0..2 */
        for (int64_t k = 0; k < type_count(&out); k++)
            if (v.at[k] > 2)
                return false;
    keep(p, ir_contract(p->g, &c, args, out), v);
    return true;
}

static void random_map(Program *p)
{
    Made a = pick(p, T_REAL);
    Tensor v = tensor(a.value.type);
    double by = draw();
    int kind = below(4);
    for (int64_t k = 0; k < type_count(&v.type); k++)
        v.at[k] = kind == 0 ? -a.value.at[k] : kind == 1 ? by * a.value.at[k] : kind == 2 ? a.value.at[k] * a.value.at[k] : a.value.at[k] + by;
    Node *n = kind == 0 ? ir_map1(p->g, OP_neg, a.node) : kind == 1 ? ir_scale(p->g, a.node, by) : kind == 2 ? ir_map2(p->g, OP_mul, a.node, a.node)
                                                                                                 : ir_map2(p->g, OP_add, a.node, ir_like(p->g, a.node, by));
    keep(p, n, v);
}

static void random_reshape(Program *p)
{
    Made a = pick(p, T_REAL);
    Tensor v = a.value;
    int64_t left = type_count(&v.type);
    v.type.rank = 0;
    for (int64_t f = 2; left > 1 && v.type.rank < 3; f++)
        while (left % f == 0 && v.type.rank < 3) {
            v.type.dim[v.type.rank++] = f;
            left /= f;
        }
    v.type.dim[v.type.rank++] = left;
    keep(p, ir_reshape(p->g, a.node, v.type.rank, v.type.dim), v);
}

static void random_index(Program *p)
{
    Type t = shape(T_INT, 1, 3);
    Tensor v = tensor(t);
    int kind = below(3);
    for (int k = 0; k < 3; k++)
        v.at[k] = kind == 0 ? k : kind == 1 ? 1 : 2 - k;
    Node *iota = ir_iota(p->g, t, 0);
    keep(p, kind == 0 ? iota : kind == 1 ? ir_const(p->g, t, 1) : ir_map2(p->g, OP_sub, ir_int(p->g, 2), iota), v);
}

/* The unit matrix as equal places, which contractions see through. */
static Node *unit(Graph *g, int64_t n)
{
    Type t = shape(T_INT, 2, (int)n, (int)n);
    return ir_cast_real(g, ir_map2(g, OP_eq, ir_iota(g, t, 0), ir_iota(g, t, 1)));
}

static void random_unit(Program *p)
{
    int n = 1 + below(4);
    Tensor v = tensor(shape(T_REAL, 2, n, n));
    for (int k = 0; k < n; k++)
        v.at[k * n + k] = 1;
    keep(p, unit(p->g, n), v);
}

static void random_constant(Program *p)
{
    Type t = random_type(T_REAL);
    Tensor v = tensor(t);
    double x = below(4) ? draw() : 0;
    for (int64_t k = 0; k < type_count(&t); k++)
        v.at[k] = x;
    keep(p, ir_const(p->g, t, x), v);
}

static Program random_program(void)
{
    Program p = { .g = graph_new(arena, intern("random")) };
    for (int k = 0; k < 4; k++)
        add_param(&p, random_type(T_REAL));
    add_param(&p, shape(T_REAL, 2, 4, 3));
    add_param(&p, shape(T_INT, 1, 2 + below(3)));
    add_param(&p, shape(T_INT, 0));
    for (int k = 0; k < 10; k++)
        switch (below(13)) {
        case 4: random_unit(&p); break;
        case 0: random_map(&p); break;
        case 1: random_reshape(&p); break;
        case 2: random_index(&p); break;
        case 3: random_constant(&p); break;
        default: random_contract(&p);
        }
    for (int k = 0; k < p.n; k++)
        if (p.made[k].node->op != OP_param)
            ir_result(p.g, p.made[k].node, NULL);
    return p;
}

static void show(const Program *p)
{
    Buf b = { 0 };
    ir_print(p->g, &b);
    fputs(b.at, stderr);
    buf_free(&b);
}

static void same_values(const Program *p, const Graph *g, const char *what, int seed)
{
    const char *wrong = ir_verify(g);
    cr_assert_null(wrong, "%s, program %d: %s", what, seed, wrong);
    Tensor *out = NEW_N(arena, Tensor, g->results.n + 1);
    ir_interpret(g, p->arg, out, arena);
    int r = 0;
    if (getenv("SHOW") && atoi(getenv("SHOW")) == seed) show(p);
    for (int k = 0; k < p->n; k++) {
        if (p->made[k].node->op == OP_param)
            continue;
        const Tensor *want = &p->made[k].value, *got = &out[r++];
        cr_assert(shape_eq(&want->type, &got->type), "%s, program %d, value %d: another shape", what, seed, k);
        for (int64_t i = 0; i < type_count(&want->type); i++)
            cr_assert(fabs(want->at[i] - got->at[i]) <= 1e-11 * (1 + fabs(want->at[i])), "%s, program %d, value %d [%d]: %g, should be %g", what, seed, k, (int)i,
                      got->at[i], want->at[i]);
    }
    cr_assert_eq(r, g->results.n);
}

Test(ir, random_programs)
{
    for (int seed = 0; seed < 4000; seed++) {
        state = 88172645463325252u + 977u * (unsigned)seed;
        for (int k = 0; k < 8; k++)
            below(2);
        Program p = random_program();
        same_values(&p, p.g, "built", seed);
        same_values(&p, graph_clone(p.g, p.g->name), "cloned", seed);
        same_values(&p, opt_dead_code(opt_simplify(p.g)), "simplified", seed);
        arena_free(arena);
        arena = arena_new("test");
    }
}

/* out[...] = sum of unit[y[e], i] times x. */
static Node *at_labels(Graph *g, Node *y, Node *x, Place x0, Place x1, Place out, int64_t outs)
{
    Contract c;
    Type t = shape(T_REAL, 2, (int)outs, 3);
    contract_init(&c);
    contract_letter(&c, y->type.dim[0], NULL);
    contract_letter(&c, 4, NULL);
    contract_letter(&c, 3, NULL);
    c.nfactor = 2;
    c.nindex = 1;
    c.arg[0] = (Access){ 2, { place_const(0), place_letter(1) } };
    c.arg[0].place[0].index = 2;
    c.arg[1] = (Access){ 2, { x0, x1 } };
    c.arg[2] = (Access){ 1, { place_letter(0) } };
    c.out = (Access){ 2, { out, place_letter(2) } };
    return ir_contract(g, &c, (Node *[]){ unit(g, 4), x, y }, t);
}

/* A product with a matrix of labels is a gather (sum[i](unit[y[e], i] x[i, k])) or a scatter (sum[e](unit[y[e], i] m[e, k])): one factor is left. */
Test(ir, products_with_labels)
{
    Graph *g = graph_new(arena, intern("labels"));
    Node *y = ir_param(g, shape(T_INT, 1, 5), intern("y")), *x = ir_param(g, shape(T_REAL, 2, 4, 3), intern("x")), *m = ir_param(g, shape(T_REAL, 2, 5, 3), intern("m"));
    Node *gather = at_labels(g, y, x, place_letter(1), place_letter(2), place_letter(0), 5), *scatter = at_labels(g, y, m, place_letter(0), place_letter(2), place_letter(1), 4);
    cr_expect(gather->u.contract->nfactor == 1 && gather->u.contract->nletters == 2 && gather->u.contract->arg[0].place[0].index == 1);
    cr_expect(scatter->u.contract->nfactor == 1 && scatter->u.contract->nletters == 2 && scatter->u.contract->out.place[0].index == 1);
}
