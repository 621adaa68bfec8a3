/* test_plan.c -- what loops cost, on loops written here: vectors by their width, invariant work once, elements loaded once, waits of sums, of carried values and of loads that follow
 * a masked store, bytes by the cache that holds them, tiles of products. Counts are exact; how long each takes is the profile's to know. */
#include <criterion/criterion.h>
#include <math.h>
#include "plan.h"

static Arena *arena;
static LProgram *program;
static int64_t next_offset;
static void setup(void)
{
    arena = arena_new("test");
    program = NEW(arena, LProgram);
    *program = (LProgram){ .arena = arena, .real_bytes = 4 };
    next_offset = 0;
}
static void teardown(void) { arena_free(arena); }
TestSuite(plan, .init = setup, .fini = teardown);

static LBuf *array(int rank, const int64_t *dim)
{
    LBuf *b = NEW(arena, LBuf);
    *b = (LBuf){ .name = intern("a"), .dtype = T_REAL, .rank = rank, .storage = LB_WORK, .offset = next_offset };
    int64_t n = 1;
    for (int d = 0; d < rank; d++)
        n *= b->dim[d] = dim[d];
    next_offset += (n * 4 + 63) / 64 * 64;
    return b;
}
static LBuf *row(int64_t n) { return array(1, &n); }
static LBuf *matrix(int64_t n, int64_t m) { return array(2, (int64_t[]){ n, m }); }
static LVar *variable(void) { LVar *v = NEW(arena, LVar); *v = (LVar){ .name = intern("i") }; return v; }
static LExpr *expression(LExpr e) { LExpr *x = NEW(arena, LExpr); *x = e; return x; }
static LExpr *number(double x) { return expression((LExpr){ .kind = LX_NUM, .dtype = T_REAL, .num = x }); }
static LExpr *at(LVar *v) { return expression((LExpr){ .kind = LX_VAR, .dtype = T_INT, .var = v }); }
static LExpr **places(LVar *i, LVar *j)
{
    LExpr **idx = NEW_N(arena, LExpr *, 2);
    idx[0] = at(i);
    idx[1] = j ? at(j) : NULL;
    return idx;
}
static LExpr *load(LBuf *b, LVar *i, LVar *j) { return expression((LExpr){ .kind = LX_LOAD, .dtype = T_REAL, .buf = b, .idx = places(i, j) }); }
static LExpr *map(Op op, LExpr *a, LExpr *b) { return expression((LExpr){ .kind = LX_MAP, .dtype = T_REAL, .op = op, .narg = b ? 2 : 1, .arg = { a, b } }); }
static LStmt *statement(LStmt s) { LStmt *x = NEW(arena, LStmt); *x = s; return x; }
static LStmt *store(LBuf *b, LVar *i, LVar *j, LExpr *x) { return statement((LStmt){ .kind = LS_STORE, .dst = { b, places(i, j), 0 }, .x = x }); }
static LStmt *loop(LVar *v, int64_t n, bool parallel, LStmt *a, LStmt *b)
{
    LStmt *s = statement((LStmt){ .kind = LS_FOR, .var = v, .n = n, .parallel = parallel });
    vec_push(arena, s->body, a);
    if (b)
        vec_push(arena, s->body, b);
    return s;
}
static Work work(LStmt *s) { return work_of_block(program, &(LBlock){ &s, 1, 1 }, false); }

/* y[i] = x[i] * 2 for n elements */
static Work scaled(int64_t n, bool parallel)
{
    LVar *i = variable();
    return work(loop(i, n, parallel, store(row(n), i, NULL, map(OP_mul, load(row(n), i, NULL), number(2))), NULL));
}

Test(plan, vectors)
{
    cr_assert_float_eq(scaled(3200, true).of[W_VECTOR], 2 * scaled(1600, true).of[W_VECTOR], 1e-9);
    cr_assert_eq(scaled(1600, false).of[W_VECTOR], 0);
    cr_assert_gt(scaled(1600, false).of[W_SCALAR], 10 * scaled(1600, true).of[W_SCALAR]);
    cr_assert_lt(scaled(16, true).of[W_SCALAR], scaled(17, true).of[W_SCALAR], "what is left over goes one by one");
    cr_assert(scaled(4, true).of[W_VECTOR] > 0 && scaled(4, true).of[W_SCALAR] == 0, "a few elements are one vector, without a loop");
    cr_assert(scaled(3, true).of[W_VECTOR] == scaled(4, true).of[W_VECTOR] && scaled(3, false).of[W_VECTOR] == 0);
    program->real_bytes = 8;
    double wide = scaled(1600, true).of[W_VECTOR];
    program->real_bytes = 4;
    cr_assert_float_eq(wide, 2 * scaled(1600, true).of[W_VECTOR], 1e-9, "half as many in a vector");
}

/* y[i] = f(x[i]), and f of a number that does not move */
Test(plan, functions)
{
    LVar *i = variable(), *j = variable();
    LBuf *x = row(1600), *y = row(1600), *one = row(1600);
    Work each = work(loop(i, 1600, true, store(y, i, NULL, map(OP_exp, load(x, i, NULL), NULL)), NULL));
    Work once = work(loop(i, 1600, true, store(y, i, NULL, map(OP_mul, load(x, i, NULL), map(OP_exp, load(one, j, NULL), NULL))), NULL));
    Work alone = work(loop(i, 1600, true, store(y, i, NULL, map(OP_lgamma, load(x, i, NULL), NULL)), NULL));
    Work divided = work(loop(i, 1600, true, store(y, i, NULL, map(OP_div, number(1), load(x, i, NULL))), NULL));
    cr_assert_float_eq(each.of[W_VECTOR_MATH], 100, 1e-9);
    cr_assert_eq(once.of[W_VECTOR_MATH], 0);
    cr_assert_float_eq(once.of[W_SCALAR_MATH], 1, 1e-9, "invariant: before the loop");
    cr_assert_eq(alone.of[W_VECTOR_MATH], 0, "one element at a time, in vector loops too");
    cr_assert_gt(alone.of[W_SCALAR_MATH], 1600);
    cr_assert_float_eq(divided.of[W_VECTOR_DIV], 100, 1e-9);
}

Test(plan, loaded_once)
{
    LVar *i = variable();
    LBuf *x = row(1600), *y = row(1600), *z = row(1600);
    Work two = work(loop(i, 1600, true, store(y, i, NULL, map(OP_add, load(x, i, NULL), load(z, i, NULL))), NULL));
    Work same = work(loop(i, 1600, true, store(y, i, NULL, map(OP_add, load(x, i, NULL), load(x, i, NULL))), NULL));
    cr_assert_lt(same.of[W_VECTOR], two.of[W_VECTOR]);
}

/* w[i][j] = w[i][j] * 2 in rows of m: below 16 elements a masked store, whose mask reaches over the row that is loaded next. */
static double row_wait(int64_t m)
{
    LVar *i = variable(), *j = variable();
    LBuf *w = matrix(100, m);
    return work(loop(i, 100, true, loop(j, m, true, store(w, i, j, map(OP_mul, load(w, i, j), number(2))), NULL), NULL)).of[W_WAIT];
}

Test(plan, masked_stores)
{
    cr_assert_eq(row_wait(16), 0);
    cr_assert_eq(row_wait(8), 0);
    cr_assert_eq(row_wait(3), 0, "straight code stores no masks");
    cr_assert_gt(row_wait(10), 100 * 10);
}

/* x = x * 2 + y[i], 100 times: each waits for the one before. The same over a row of independent elements does not. */
Test(plan, carried)
{
    LVar *i = variable(), *none = variable();
    LBuf *x = row(1), *y = row(100);
    LStmt *s = loop(i, 100, false, store(x, none, NULL, map(OP_add, map(OP_mul, load(x, none, NULL), number(2)), load(y, i, NULL))), NULL);
    cr_assert_gt(work(s).of[W_WAIT], 100 * 5);
    cr_assert_eq(scaled(100, true).of[W_WAIT], 0);
}

Test(plan, caches)
{
    Work first = scaled(1000, true), second = scaled(20000, true), third = scaled(1000000, true), none = scaled(8000000, true);
    cr_assert_eq(first.of[W_L2] + first.of[W_L3] + first.of[W_MEMORY], 0);
    cr_assert_eq(second.of[W_L2], 160000);
    cr_assert_eq(third.of[W_L3], 8000000);
    cr_assert_eq(none.of[W_MEMORY], 64000000);
    /* one row of a matrix that the loop around goes through comes from where the matrix has its place */
    LVar *t = variable(), *j = variable();
    LBuf *all = matrix(10000, 1000), *y = row(1000);
    cr_assert_eq(work(loop(j, 1000, true, store(y, j, NULL, load(all, t, j)), NULL)).of[W_MEMORY], 4000);
}

static Work product(int64_t m, int64_t n, int64_t k, bool add)
{
    LBuf *a = matrix(m, k), *b = matrix(k, n), *c = matrix(m, n);
    LVar *v = variable();
    LStmt *s = statement((LStmt){ .kind = LS_GEMM, .gemm = { m, n, k, false, false, add, 1, { a, places(v, v), 3 }, { b, places(v, v), 3 }, { c, places(v, v), 3 }, k, n, n } });
    return work(s);
}

Test(plan, products)
{
    cr_assert_float_eq(product(64, 64, 64, false).of[W_FMA], 64 * 64 * 64 / 16, 1e-9);
    cr_assert_float_eq(product(64, 20, 64, false).of[W_FMA], 64 * 2 * 64, 1e-9, "a part of a vector takes as long as a whole one");
    cr_assert_float_eq(product(8, 16, 100, false).of[W_FMA], 8 * 100, 1e-9);
    cr_assert_float_eq(product(1, 16, 100, false).of[W_FMA], 4 * 100, 1e-9, "one row waits for its own sums");
    cr_assert_eq(product(300, 300, 300, false).of[W_FMA], 0);
    cr_assert_float_eq(product(300, 300, 300, false).of[W_BLAS], 2.0 * 300 * 300 * 300, 1e-3);
    cr_assert_eq(product(64, 4, 8, true).of[W_WAIT], 0, "a tile's rows are read before one is written");
}
