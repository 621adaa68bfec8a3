/* test_verify_ir.c -- the verifiers of the tensor IR refuse what is wrong: each test damages one thing of a sound graph and expects its refusal, at its node. */
#include <criterion/criterion.h>
#include <math.h>
#include "diff.h"
#include "ir.h"

static Arena *arena;
static void setup(void) { arena = arena_new("test"); }
static void teardown(void) { arena_free(arena); }
TestSuite(verify_ir, .init = setup, .fini = teardown);

static Type shape(DType d, int rank, int64_t a, int64_t b) { return type_of(d, rank, (int64_t[]){ a, b }); }

/* What the damage is done to. */
typedef struct Sound {
    Graph *g;
    Node *x, *m, *k, *at, *sum, *mul, *pick, *top, *cond, *sel, *loop, *last, *rows, *chol, *flat, *run;
    Loop *l;
    Node *carry, *capture, *index, *next;         /* of the loop's body */
} Sound;

static Sound sound(void)
{
    Sound s = { .g = graph_new(arena, intern("sound")) };
    Graph *g = s.g;
    s.x = ir_param(g, shape(T_REAL, 1, 3, 0), intern("x"));
    s.m = ir_param(g, shape(T_REAL, 2, 3, 3), intern("m"));
    s.k = ir_param(g, shape(T_INT, 0, 0, 0), intern("k"));
    s.at = ir_param(g, shape(T_INT, 1, 2, 0), intern("at"));
    s.sum = ir_matmul(g, s.m, s.x);
    s.mul = ir_map2(g, OP_mul, s.sum, s.x);
    s.pick = ir_pick(g, s.mul, 0, s.at);
    s.top = ir_reduce(g, OP_max_over, s.m, 1);
    s.cond = ir_map2(g, OP_lt, s.sum, s.x);
    s.sel = ir_map3(g, OP_select, s.cond, s.mul, s.top);
    s.chol = ir_op(g, OP_cholesky, &s.m, 1, s.m->type, 0);
    s.flat = ir_reshape(g, s.m, 1, (int64_t[]){ 9 });
    s.run = ir_op(g, OP_cumsum, &s.flat, 1, s.flat->type, 0);
    LoopBuilder *b = loop_begin(g, 4, intern("l"));
    s.carry = loop_carry(b, s.sel, intern("h"));
    s.capture = loop_capture(b, s.x);
    s.index = b->index;
    s.next = ir_map2(b->loop->body, OP_add, ir_map1(b->loop->body, OP_tanh, s.carry), s.capture);
    loop_next(b, s.carry, s.next);
    int last = loop_final(b, s.carry), rows = loop_collect(b, s.next);
    s.l = b->loop;
    s.loop = loop_end(b);
    s.last = ir_proj(g, s.loop, last);
    s.rows = ir_proj(g, s.loop, rows);
    Node *const results[] = { s.last, s.rows, s.pick, s.chol, s.run };
    for (int k = 0; k < 5; k++)
        ir_result(g, results[k], NULL);
    return s;
}

static void refused(const Sound *s, const Node *at, const char *why, const char *what)
{
    const Node *culprit = NULL;
    const char *found = ir_verify_at(s->g, &culprit);
    cr_expect_not_null(found, "%s: passes", what);
    if (!found)
        return;
    cr_expect(strstr(found, why), "%s: %s\nexpected: %s", what, found, why);
    cr_expect(!at || culprit == at, "%s: found at %%%d, not at %%%d: %s", what, culprit ? culprit->id : -1, at ? at->id : -1, found);
}

/* One damage to a fresh graph. */
#define DAMAGE(what, at, why, ...) do { Sound s = sound(); cr_assert_null(ir_verify(s.g)); __VA_ARGS__; refused(&s, at, why, what); } while (0)

Test(verify_ir, sound_graphs_pass)
{
    Sound s = sound();
    cr_expect_null(ir_verify(s.g), "%s", ir_verify(s.g));
    cr_expect_null(ir_verify_stage(s.g, IR_BUILT));
    cr_expect_null(ir_verify_stage(s.g, IR_SCHEDULED));
}

Test(verify_ir, types)
{
    DAMAGE("another shape", s.mul, "has shape", s.mul->type.dim[0] = 4);
    DAMAGE("another element type", s.mul, "wrong element type", s.mul->type.dtype = T_INT);
    DAMAGE("a comparison that is real", s.cond, "wrong element type", s.cond->type.dtype = T_REAL);
    DAMAGE("a condition that is real", s.sel, "operand 0 has the wrong element type", s.sel->arg[0] = s.mul);
    DAMAGE("a type of several outputs", s.mul, "a type that such a value cannot have", s.mul->type = (Type){ .dtype = T_NONE });
    DAMAGE("a negative size", s.x, "a type that such a value cannot have", s.x->type.dim[0] = -3);
    DAMAGE("more numbers than there are addresses", s.x, "a type that such a value cannot have", s.x->type = type_of(T_REAL, 3, (int64_t[]){ 1 << 30, 1 << 30, 1 << 30 }));
    DAMAGE("a reduction of another type", s.top, "not that of what is left", s.top->type.dim[0] = 2);
    DAMAGE("a reduction over an axis that is not there", s.top, "axes 4", s.top->u.axis = 4);
    DAMAGE("a matrix that is not square", s.chol, "square matrices", s.chol->type.dim[1] = 2);
    DAMAGE("a reshape that loses elements", s.flat, "other elements", s.flat->type.dim[0] = 8);
    DAMAGE("a sum along an axis that is not there", s.run, "does not fit", s.run->u.axis = 2);
    DAMAGE("an output of another type", s.last, "not that of the output", s.last->type.dim[0] = 2);
    DAMAGE("an output that is not there", s.last, "no output 7", s.last->u.axis = 7);
}

Test(verify_ir, numbers_of_operands)
{
    DAMAGE("one operand too few", s.mul, "1 operands", s.mul->narg = 1);
    DAMAGE("one factor too few", s.sum, "2 factors and 0 index arrays, but 1 operands", s.sum->narg = 1);
    DAMAGE("a kernel without its matrix", s.chol, "0 operands", s.chol->narg = 0);
    DAMAGE("an argument too few", s.loop, "does not fit its argument", s.loop->narg = 1);
    DAMAGE("an operator that is not one", s.mul, "operands", s.mul->op = OP_COUNT);
}

Test(verify_ir, scopes)
{
    DAMAGE("use before definition", s.sum, "does not stand before its user", s.sum->arg[1] = s.mul);
    DAMAGE("use of itself", s.mul, "does not stand before its user", s.mul->arg[0] = s.mul);
    DAMAGE("use outside of a value of the body", s.last, "regions see their parameters only", { s.last->op = OP_tanh; s.last->arg[0] = s.next; });
    DAMAGE("use in the body of a value outside", s.next, "regions see their parameters only", s.next->arg[1] = s.x);
    DAMAGE("a result from inside the loop", NULL, "result 0 is not a value of this graph", s.g->results.at[0] = s.next);
    DAMAGE("a parameter that is an operation", s.sum, "is not a parameter of this graph", s.g->params.at[0] = s.sum);
    DAMAGE("another number than its place", s.mul, "stands in place", s.mul->id = 40);
    DAMAGE("a loop used as a value", s.last, "several outputs: proj picks one", s.last->op = OP_tanh);
    DAMAGE("an output of a value that has one", s.last, "one output only", s.last->arg[0] = s.sel);
}

static Contract *own_contract(Node *n)
{
    Contract *c = NEW(arena, Contract);
    *c = *n->u.contract;
    return n->u.contract = c;
}

Test(verify_ir, contractions)
{
    DAMAGE("a letter that runs over the end", s.sum, "may be read outside axis", own_contract(s.sum)->range[1] = 4);
    DAMAGE("a letter that runs nowhere", s.sum, "has range 0", own_contract(s.sum)->range[1] = 0);
    DAMAGE("a place that is shifted over the end", s.sum, "may be read outside axis", own_contract(s.sum)->arg[1].place[0].base = 1);
    DAMAGE("a place before the start", s.sum, "may be read outside axis", own_contract(s.sum)->arg[1].place[0].base = -1);
    DAMAGE("a letter that is not there", s.sum, "unknown letters", own_contract(s.sum)->arg[1].place[0].coef[9] = 1);
    DAMAGE("an index operand that is not there", s.sum, "unknown letters or index arrays", own_contract(s.sum)->arg[1].place[0].index = 5);
    DAMAGE("a factor as an index", s.sum, "unknown letters or index arrays", own_contract(s.sum)->arg[1].place[0].index = 0);
    DAMAGE("an access of another rank", s.sum, "2 axes, its access 1", own_contract(s.sum)->arg[0].rank = 1);
    DAMAGE("a real index", s.pick, "another element type", s.at->type.dtype = T_REAL);
    DAMAGE("a place of more than 56 bits", s.sum, "out of range", { Contract *c = own_contract(s.sum); c->range[1] = (int64_t)1 << 40; c->arg[0].place[1].coef[1] = 1 << 30; });
}

Test(verify_ir, loops)
{
    DAMAGE("no description of a parameter", s.loop, "3 parameters, 2 of them described", s.l->params.n--);
    DAMAGE("no loop variable", s.loop, "0 loop variables", s.l->params.at[0].kind = LP_CAPTURE);
    DAMAGE("two loop variables", s.loop, "is not an int", s.l->params.at[2].kind = LP_INDEX);
    DAMAGE("a next value that is not there", s.loop, "changes its type", s.l->params.at[1].result = 9);
    DAMAGE("a next value of another type", s.loop, "changes its type", s.l->body->results.at[0] = s.index);
    DAMAGE("an output of a captured value", s.loop, "output 0 is not there", s.l->outs.at[0].param = 2);
    DAMAGE("an element that is not there", s.loop, "output 1 is not there", s.l->outs.at[1].result = 9);
    DAMAGE("an argument of another type", s.loop, "does not fit its argument", s.loop->arg[1] = s.m);
    DAMAGE("saved states without a schedule", s.loop, "output 0 is not there", s.l->outs.at[0].kind = LO_SAVE);
    DAMAGE("states without a way to them", s.loop, "has no way to it", s.l->params.at[1].kind = LP_STATE);
    DAMAGE("a value that is given by nobody", s.loop, "is given, but nothing records it", s.l->params.at[2].kind = LP_GIVEN);
    DAMAGE("a negative number of iterations", s.loop, "parameters", s.l->n = -1);
}

Test(verify_ir, gradients)
{
    for (int damage = 0; damage < 5; damage++) {
        Graph *body = graph_new(arena, intern("loss")), *g = graph_new(arena, intern("g"));
        Node *w = ir_param(body, shape(T_REAL, 1, 3, 0), intern("w")), *k = ir_param(body, type_scalar(T_INT), intern("k"));
        (void)k;
        ir_result(body, ir_sum(body, ir_map2(body, OP_mul, w, w), 1), NULL);
        Node *args[] = { ir_param(g, w->type, intern("w")), ir_param(g, k->type, intern("k")) };
        Region *r = NEW(arena, Region);
        *r = (Region){ .body = body, .nwrt = 1, .wrt = NEW_N(arena, int, 1), .name = intern("loss") };
        Node *d = ir_grad(g, OP_grad, r, args, 2);
        ir_result(g, ir_proj(g, d, 0), NULL);
        cr_assert_null(ir_verify(g));
        cr_expect_null(ir_verify_stage(g, IR_BUILT));
        cr_expect(strstr(ir_verify_stage(g, IR_EXPANDED), "may not stand in a graph before schedules are applied"));
        static const char *const why[] = { "its loss is not one real number", "1 arguments for 2 parameters", "not there or not real", "not there or not real", "argument 0 does not fit" };
        switch (damage) {
        case 0: body->results.at[0] = w; break;
        case 1: d->narg = 1; break;
        case 2: r->wrt[0] = 1; break;
        case 3: r->wrt[0] = 7; break;
        case 4: d->arg[0] = d->arg[1]; break;
        }
        const char *found = ir_verify(g);
        cr_expect(found && strstr(found, why[damage]), "damage %d: %s", damage, found ? found : "passes");
    }
}

Test(verify_ir, stages)
{
    Sound s = sound();
    Node *orphan = ir_param(s.g, s.x->type, intern("orphan"));
    s.g->params.n--;
    ir_result(s.g, ir_map1(s.g, OP_tanh, orphan), NULL);
    refused(&s, orphan, "is in no parameter list", "a parameter in no list");
    s.g->results.n--;                             /* not used: dead */
    cr_expect_null(ir_verify(s.g));
    s = sound();
    ir_result(s.g, ir_map1(s.g, OP_mark, s.mul), NULL);
    cr_expect_null(ir_verify_stage(s.g, IR_EXPANDED));
    cr_expect(strstr(ir_verify_stage(s.g, IR_SCHEDULED), "(mark) may not stand in a graph after schedules are applied"));
    s = sound();
    Checkpoints *c = NEW(arena, Checkpoints);
    *c = (Checkpoints){ .last = 3, .period = 2, .bases = 2 };
    s.l->saves = c;
    cr_expect(strstr(ir_verify_stage(s.g, IR_EXPANDED), "(loop) may not stand in a graph before schedules are applied"));
    cr_expect_null(ir_verify_stage(s.g, IR_SCHEDULED));
}

/* ---- linearity ---- */

static const char *linear_in(Graph *g, Node *in, Node *root) { return ir_verify_linear(g, &in, 1, &root, 1); }

Test(verify_ir, linearity)
{
    Graph *g = graph_new(arena, intern("linear"));
    Node *d = ir_param(g, shape(T_REAL, 1, 3, 0), intern("d")), *a = ir_param(g, shape(T_REAL, 1, 3, 0), intern("a")), *m = ir_param(g, shape(T_REAL, 2, 3, 3), intern("m"));
    Node *at = ir_param(g, shape(T_INT, 1, 2, 0), intern("at")), *c = ir_map2(g, OP_lt, a, ir_like(g, a, 0.5));
    Node *const good[] = {
        ir_map2(g, OP_mul, a, d), ir_map2(g, OP_add, d, ir_map1(g, OP_neg, d)), ir_map2(g, OP_div, d, a), ir_matmul(g, m, d), ir_pick(g, d, 0, at), ir_map3(g, OP_select, c, d, ir_like(g, d, 0)),
        ir_op(g, OP_cumsum, &d, 1, d->type, 0), ir_op(g, OP_solve, (Node *[]){ m, ir_reshape(g, d, 2, (int64_t[]){ 3, 1 }) }, 2, shape(T_REAL, 2, 3, 1), 0), ir_map1(g, OP_exp, a),
    };
    for (size_t k = 0; k < sizeof good / sizeof *good; k++)
        cr_expect_null(linear_in(g, d, good[k]), "good %d: %s", (int)k, linear_in(g, d, good[k]));
    Node *square = ir_map2(g, OP_mul, m, m), *dd = ir_broadcast(g, d, 2, (int64_t[]){ 3, 3 });
    const struct { Node *n; const char *why; } bad[] = {
        { ir_map2(g, OP_mul, d, ir_map1(g, OP_neg, d)), "a product of two linear values" }, { ir_map2(g, OP_div, a, d), "divides by a linear value" }, { ir_map1(g, OP_exp, d), "not linear" },
        { ir_map2(g, OP_add, d, a), "beside one that is not" }, { ir_map3(g, OP_select, c, d, a), "beside one that is not" }, { ir_map1(g, OP_abs, d), "not linear" }, { ir_map1(g, OP_floor, d), "not linear" },
        { ir_map3(g, OP_select, ir_map2(g, OP_lt, d, a), d, ir_like(g, d, 0)), "not linear" }, { ir_matmul(g, ir_map2(g, OP_add, square, dd), d), "beside one that is not" },
        { ir_reduce(g, OP_max_over, d, 1), "not linear" }, { ir_op(g, OP_cholesky, &dd, 1, dd->type, 0), "not linear" }, { ir_matmul(g, dd, d), "a product of two linear values" },
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const char *found = linear_in(g, d, bad[k].n);
        cr_expect(found && strstr(found, bad[k].why), "bad %d: %s, expected %s", (int)k, found ? found : "passes", bad[k].why);
    }
}

/* How a loop carries a linear value: h' = c h + d, from 0; damaged in its body, and in where it starts from. */
static const char *linear_loop(int damage)
{
    Graph *g = graph_new(arena, intern("linear"));
    Node *d = ir_param(g, shape(T_REAL, 1, 3, 0), intern("d")), *a = ir_param(g, shape(T_REAL, 1, 3, 0), intern("a"));
    LoopBuilder *b = loop_begin(g, 4, intern("l"));
    Node *h = loop_carry(b, damage == 1 ? a : ir_like(g, d, 0), intern("h")), *in = loop_capture(b, d), *c = loop_capture(b, a);
    Graph *body = b->loop->body;
    Node *next = ir_map2(body, OP_add, ir_map2(body, OP_mul, damage == 2 ? in : c, h), in);
    loop_next(b, h, damage == 3 ? ir_map1(body, OP_tanh, next) : next);
    int out = loop_final(b, h);
    return linear_in(g, d, ir_proj(g, loop_end(b), out));
}

Test(verify_ir, linear_loops)
{
    cr_expect_null(linear_loop(0), "%s", linear_loop(0));
    cr_expect(strstr(linear_loop(1), "starts from or becomes"));
    cr_expect(strstr(linear_loop(2), "a product of two linear values"));
    cr_expect(strstr(linear_loop(3), "not linear"));
}
