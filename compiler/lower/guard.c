/* guard.c -- guarded programs (--guard): a check behind every statement that computes a real number, so that the first NaN or infinity is reported with
 * its inner step, line and expression. Off, nothing of this is there.
 *
 * The checks are put into the finished loops, so that nothing is decided otherwise because of them: the arithmetic, its order and so the bits are those of
 * the program without. So that an expression is named and not the whole statement that it was fused into, its parts (LExpr.about) become temporaries
 * before the statement, each with a check; parts of what is evaluated only under a condition are checked under that condition.
 * A value may be non-finite by right where nothing that counts depends on it: a branch that is not taken, a factor that only meets a zero (mulz).
 * Such values are lax: not checked. What they go into is. */
#include "low.h"

static const char lax_mark;

bool guard_is_lax(const Node *n) { return n->mark == &lax_mark; }

static void mark(Low *l, Graph *g, const bool *result);

static void mark_all(Low *l, Graph *g)
{
    bool *all = NEW_N(l->arena, bool, g->results.n + 1);
    for (int k = 0; k < g->results.n; k++)
        all[k] = true;
    mark(l, g, all);
}

/* What a loop stores for each iteration, or leaves behind, counts where it is read; what is recorded counts when it counts in the reverse loop's body. */
static void mark_loop(Low *l, const Graph *g, const Node *n)
{
    const Loop *loop = n->u.loop;
    bool *result = NEW_N(l->arena, bool, loop->body->results.n + 1);
    for (int p = 0; p < loop->params.n; p++)
        if (loop->params.at[p].kind == LP_CARRY)
            result[loop->params.at[p].result] = true;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *x = g->nodes.at[i];
        const LoopOut *o = x->op == OP_proj && x->arg[0] == n ? &loop->outs.at[x->u.axis] : NULL;
        if (o && (o->kind == LO_COLLECT || o->kind == LO_LATEST))
            result[o->result] |= !guard_is_lax(x);
    }
    mark(l, loop->body, result);
    if (loop->again)
        mark_all(l, loop->again->loop->body);
    Graph *recorded = loop->record ? loop->record->loop->body : NULL;
    bool *given = recorded ? NEW_N(l->arena, bool, recorded->results.n + 1) : NULL;
    for (int k = 0; recorded && k < recorded->results.n; k++)
        given[k] = !guard_is_lax(loop->body->params.at[loop->record->gives[k]]);
    if (recorded)
        mark(l, recorded, given);
    for (int i = 0; i < 2; i++) {                 /* what they capture counts in them */
        const Loop *beside = loop_beside(loop, i);
        for (int k = 0; beside && k < beside->params.n; k++)
            if (!guard_is_lax(beside->body->params.at[k]))
                loop->body->params.at[(i ? loop->record->from : loop->again->from)[k]]->mark = NULL;
    }
}

/* result[k]: does that result of g count? */
static void mark(Low *l, Graph *g, const bool *result)
{
    bool *counts = NEW_N(l->arena, bool, graph_limit(g) + 1);
    for (int k = 0; k < g->results.n; k++)
        counts[g->results.at[k]->id] |= result[k];
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        Node *n = g->nodes.at[i];
        const Loop *loop = n->op == OP_loop ? n->u.loop : NULL;
        n->mark = counts[n->id] || n->op == OP_loop ? NULL : (void *)&lax_mark;
        if (loop)
            mark_loop(l, g, n);
        for (int p = 0, a = 0; loop && p < loop->params.n; p++)
            if (loop->params.at[p].kind != LP_INDEX) {
                counts[n->arg[a]->id] |= loop->params.at[p].kind == LP_CARRY || loop->body->params.at[p]->mark != &lax_mark;
                a++;
            }
        for (int a = 0; !loop && a < n->narg; a++)
            counts[n->arg[a]->id] |= !(n->mark == &lax_mark || (n->op == OP_select && a > 0) || n->op == OP_mulz);
    }
}

/* Marks the lax values of a graph. A value that a loop captures counts when it counts in the loop. */
void guard_mark(Low *l, Graph *g) { mark_all(l, g); }

/* What of the expression it is: "log in ", "a quotient in ". x: what computes the value; NULL: no expression. */
static const char *part_of(const LStmt *s, const LExpr *x)
{
    if (s->kind == LS_GEMM)
        return "a matrix product in ";
    if (s->add || (x && x->kind == LX_FOLD && x->op == OP_add))
        return "a sum in ";
    if (!x || x->kind != LX_MAP)
        return "";
    switch (x->op) {
    case OP_add: case OP_sub: case OP_neg: case OP_real: case OP_select: return "";
    case OP_mul: case OP_mulz: return "a product in ";
    case OP_div: return "a quotient in ";
    case OP_pow: return "a power in ";
    default: return intern_printf("%s in ", op_info[x->op].name);
    }
}

/* "log in adjoint of sum(log(x)) (ridge.mfl:12)" */
static Name text_of(const LStmt *s, const LExpr *x)
{
    const Span *at = &s->span;
    if (!at->src)
        return s->note ? intern(s->note) : intern("a value");
    return intern_printf("%s%s (%s:%d)", part_of(s, x), s->note, source_name(at->src), at->first.line);
}

static LStmt *new_check(Low *l, const LStmt *about, const LExpr *x)
{
    LStmt *c = new_stmt(l, LS_CHECK, NULL);
    if (about) {
        c->callee = text_of(about, x);
        c->count = about->span.src ? about->span.first.line : 0;
    }
    return c;
}

static void check_value(Low *l, LBlock *out, const LStmt *about, const LExpr *of, LExpr *x)
{
    LStmt *c = new_check(l, about, of);
    c->x = x;
    push_stmt(l, out, c);
}

static void check_rows(Low *l, LBlock *out, const LStmt *about, LPtr at, int64_t rows, int64_t columns, int64_t apart)
{
    LStmt *c = new_check(l, about, NULL);
    c->ptr = NEW_N(l->arena, LPtr, 1);
    c->ptr[c->nptr++] = at;
    c->num = NEW_N(l->arena, int64_t, 3);
    c->num[0] = rows;
    c->num[1] = columns;
    c->num[2] = apart;
    c->nnum = 3;
    push_stmt(l, out, c);
}

static void check_step(Low *l, LBlock *out, LExpr *step)
{
    LStmt *c = new_check(l, NULL, NULL);
    c->x = step;
    push_stmt(l, out, c);
}

static int64_t elements_along(const LPtr *p)
{
    int64_t n = 1;
    for (int d = 0; d < p->buf->rank; d++)
        n *= p->along >> d & 1 ? p->buf->dim[d] : 1;
    return n;
}

/* A runtime kernel writes its first pointer, solve the second too; see access.c. */
static void check_kernel(Low *l, LBlock *out, const LStmt *s)
{
    int writes = s->callee && !strcmp(s->callee, "solve") ? 2 : 1;
    for (int k = 0; k < writes && k < s->nptr; k++)
        if (s->ptr[k].buf->dtype == T_REAL)
            check_rows(l, out, s, s->ptr[k], 1, elements_along(&s->ptr[k]), 1);
}

/* ---- the parts of an expression ---- */
static LExpr *check_part(Low *l, LBlock *out, const LStmt *about, LExpr *x)
{
    LStmt *let = new_stmt(l, LS_LET, NULL);
    let->temp = new_temp(l, T_REAL, intern("part"));
    let->x = x;
    push_stmt(l, out, let);
    check_value(l, out, about, x, x_temp(l, let->temp));
    return x_temp(l, let->temp);
}

/* The expression with its parts as temporaries, which `out` computes and checks before; whole: is x a part as well? */
static LExpr *check_parts(Low *l, LBlock *out, LExpr *x, bool whole)
{
    if (x->kind == LX_GUARD) {
        LStmt *test = new_stmt(l, LS_IF, NULL);
        test->x = x->arg[0];
        check_parts(l, &test->body, x->arg[1], true);
        if (test->body.n)
            push_stmt(l, out, test);
        return x;
    }
    if (x->kind != LX_MAP)
        return x;
    LExpr *e = NEW(l->arena, LExpr);
    *e = *x;
    for (int k = 0; k < (x->op == OP_select ? 1 : x->narg); k++)
        e->arg[k] = check_parts(l, out, x->arg[k], true);
    return whole && x->about && !x->about->lax ? check_part(l, out, x->about, e) : e;
}

static bool invokes(const LBlock *b)
{
    for (int k = 0; k < b->n; k++)
        if (b->at[k]->kind == LS_INVOKE || invokes(&b->at[k]->body))
            return true;
    return false;
}

static void guard_block(Low *l, LBlock *b, bool top)
{
    LBlock out = { 0 };
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        if ((s->kind == LS_LET || s->kind == LS_SET || s->kind == LS_STORE) && s->x->dtype == T_REAL)
            s->x = check_parts(l, &out, s->x, s->add);
        push_stmt(l, &out, s);
        switch (s->kind) {
        case LS_FOR: case LS_IF: {
            bool inner_loop = top && invokes(&s->body);
            guard_block(l, &s->body, top && !inner_loop);
            if (inner_loop)
                check_step(l, &out, x_int(l, -1));
            break;
        }
        case LS_LET: case LS_SET:
            if (s->temp->dtype == T_REAL && s->x->kind != LX_NUM && !s->lax)
                check_value(l, &out, s, s->x, x_temp(l, s->temp));
            break;
        case LS_STORE:
            if (s->dst.buf->dtype == T_REAL && s->dst.buf->storage != LB_LOCAL && s->x->kind != LX_NUM && !s->lax)
                check_value(l, &out, s, s->x, x_load(l, s->dst.buf, s->dst.idx));
            break;
        case LS_GEMM:
            if (!s->lax)
                check_rows(l, &out, s, s->gemm.c, s->gemm.m, s->gemm.n, s->gemm.ldc);
            break;
        case LS_CALL:
            if (!s->lax)
                check_kernel(l, &out, s);
            break;
        default: break;
        }
    }
    *b = out;
}

/* from: the inner step that a window begins with; NULL: 0. */
void guard_function(Low *l, LFunc *f, LExpr *from)
{
    guard_block(l, &f->body, f->is_entry);
    if (f->is_entry)
        return;
    LBlock out = { 0 };
    LExpr *step = x_add(l, x_var(l, f->index[0]), x_int(l, f->first));
    check_step(l, &out, from ? x_add(l, step, from) : step);
    for (int k = 0; k < f->body.n; k++)
        push_stmt(l, &out, f->body.at[k]);
    f->body = out;
}
