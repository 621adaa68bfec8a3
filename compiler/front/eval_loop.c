/* eval_loop.c -- for i in lo:hi { ... } and for b in blocks { ... }: each becomes one Loop node.
 *
 * Names of the enclosing body that the loop rebinds are carried (records leaf by leaf; numbers become real scalars); everything else is captured where it
 * is read. `ys[i] = e` collects. Invariant: a carried value keeps its shape. */
#include "eval.h"

enum { LOOP_DEPTH = 12 };

typedef struct Carried { Sym *sym; Val value; Node **param; int n; } Carried;
typedef struct Collected { NameAt name; int out; } Collected;          /* out < 0: reported already */
typedef struct Logged { NameAt name; Node *param; int out; } Logged;
typedef struct LoopState { Sema *s; Carried *carried; int ncarried; Vec(Collected) collected; Vec(Logged) logged; } LoopState;

/* Names assigned in a body, inner loops included. */
static void assigned(Sema *s, const Body *b, void (*each)(void *, NameAt), void *user)
{
    for (int k = 0; k < b->nstmt; k++) {
        const Stmt *st = &b->stmt[k];
        if (st->kind == S_LET || st->kind == S_LET_INDEX)
            each(user, st->name);
        if (st->kind == S_FOR_RANGE || st->kind == S_FOR_EACH)
            assigned(s, st->body, each, user);
    }
}

typedef struct Seek { Sema *s; Scope *scope; Vec(Sym *) found; } Seek;

static void seek(void *user, NameAt name)
{
    Seek *k = user;
    Sym *y = scope_find(k->scope, name.name);
    if (!y || (y->kind != SYM_LOCAL && y->kind != SYM_ARG && y->kind != SYM_STATE) || !y->has_val)
        return;
    for (int i = 0; i < k->found.n; i++)
        if (k->found.at[i] == y)
            return;
    vec_push(k->s->arena, k->found, y);
}

typedef struct Begin { Sema *s; LoopBuilder *b; Name name; Vec(Node *) params; } Begin;

static Val begin_leaf(void *user, Val leaf)
{
    Begin *x = user;
    Node *init = val_real(x->s, leaf), *p = loop_carry(x->b, init, x->name);
    vec_push(x->s->arena, x->params, p);
    return val_array(p);
}

typedef struct Next { Sema *s; LoopBuilder *b; Node **param; int at; bool bad; Name name; Span span; } Next;

static Val next_leaf(void *user, Val leaf)
{
    Next *x = user;
    Node *p = x->param[x->at++];
    Node *n = sema_fit(x->s, leaf, p->type.rank, p->type.dim);
    if (!n && !x->bad) {
        report(x->s, x->span, NULL, "`%s` is carried through the loop and must keep its shape: it starts as %s and becomes %s", x->name,
               p->type.rank ? type_text(x->s->arena, &p->type) : "a scalar", val_text(x->s, leaf));
        x->bad = true;
    }
    loop_next(x->b, p, n ? n : p);
    return leaf;
}

typedef struct Final { Sema *s; LoopBuilder *b; Node **param; int at; int *out; } Final;

static Val final_leaf(void *user, Val leaf)
{
    Final *x = user;
    x->out[x->at] = loop_final(x->b, x->param[x->at]);
    x->at++;
    return leaf;
}

typedef struct Project { Sema *s; Node *loop; int at; const int *out; } Project;

static Val project_leaf(void *user, Val leaf)
{
    Project *x = user;
    (void)leaf;
    return val_array(ir_proj(x->s->here, x->loop, x->out[x->at++]));
}

/* The record or array of iteration i: every leaf at i. */
static Val element(Sema *s, Val v, Node *index)
{
    if (v.kind == V_RECORD) {
        Val *field = NEW_N(s->arena, Val, v.type->nfield + 1);
        for (int k = 0; k < v.type->nfield; k++)
            field[k] = element(s, v.field[k], index);
        return val_record(v.type, field, v.nlead ? v.nlead - 1 : 0, v.lead + 1);
    }
    Val e = v;
    e.node = ir_pick(s->here, node_here(s, v.node), 0, index);
    return e;
}

static bool trip_count(Sema *s, Scope *scope, const Stmt *st, int64_t *lo, int64_t *n, Val *over)
{
    *lo = 0;
    if (st->kind == S_FOR_RANGE) {
        int64_t hi;
        if (!sema_whole(s, scope, st->lo, "the start of a loop", lo) || !sema_whole(s, scope, st->hi, "the end of a loop", &hi))
            return false;
        if (hi - *lo > INT32_MAX || *lo < -INT32_MAX || *lo > INT32_MAX) {
            report(s, st->hi->span, NULL, "the loop has too many iterations");
            return false;
        }
        *n = hi > *lo ? hi - *lo : 0;
        return true;
    }
    *over = sema_expr(s, scope, st->value);
    if (over->kind == V_ERROR)
        return false;
    if (over->kind == V_RECORD && over->nlead) {
        *n = over->lead[0];
        return true;
    }
    if (over->kind == V_ARRAY && over->node->type.rank && !over->ranged) {
        *n = over->node->type.dim[0];
        return true;
    }
    report(s, st->value->span, "an array of records is expected", "a loop runs over a range (0:n) or over an array of records; this is %s", val_text(s, *over));
    return false;
}

/* Every iteration's statements, into the loop's body graph. */
static bool run_body(LoopState *l, Scope *scope, const Stmt *st, LoopBuilder *b, int64_t lo, int64_t n, Val over)
{
    Sema *s = l->s;
    Frame frame = { .up = s->frame, .builder = b, .scope = scope, .loop = st, .trips = n };
    Graph *outer = s->here;
    Scope inside = { .up = scope };
    int held = s->held.n;
    s->frame = &frame;
    s->here = b->loop->body;
    Sym *var = scope_add(s->arena, &inside, SYM_LOCAL, st->name.name, st->name.span);
    frame.var = var;
    frame.state = l;
    b->index->origin.name = st->name.name;
    Node *index = lo ? ir_map2(s->here, OP_add, b->index, ir_int(s->here, lo)) : b->index;
    var->val = st->kind == S_FOR_RANGE ? val_int(index, lo, lo + n - 1) : held_apart(s, var->name, element(s, over, b->index));
    var->has_val = true;
    bool returned, ok;
    Val ignored;
    ok = exec_block(s, &inside, st->body, &ignored, &returned);
    if (returned)
        report(s, st->at, NULL, "`return` cannot stand in a loop");
    for (int k = 0; k < l->ncarried; k++) {
        Carried *c = &l->carried[k];
        Next x = { .s = s, .b = b, .param = c->param, .name = c->sym->name, .span = st->at };
        for (int i = 0; i < st->body->nstmt; i++)
            if (st->body->stmt[i].name.name == c->sym->name)
                x.span = st->body->stmt[i].name.span;
        bool same = c->sym->val.kind == c->value.kind || (c->sym->val.kind != V_RECORD && c->value.kind != V_RECORD);
        if (c->sym->val.kind == V_ERROR || !same || (c->value.kind == V_RECORD && c->sym->val.type != c->value.type)) {
            if (c->sym->val.kind != V_ERROR)
                report(s, x.span, NULL, "`%s` is carried through the loop and must keep its type: it starts as %s and becomes %s", c->sym->name, val_text(s, c->value), val_text(s, c->sym->val));
            for (int i = 0; i < c->n; i++)
                loop_next(b, c->param[i], c->param[i]);
            ok = false;
            continue;
        }
        val_map_leaves(s, c->sym->val, next_leaf, &x);
        ok &= !x.bad;
    }
    s->frame = frame.up;
    s->here = outer;
    held_leave(s, b, n, held);
    return ok && !returned;
}

/* Carried from nothing: what is left after the loop is the value of the last iteration. */
void loop_log(Sema *s, NameAt name, Node *n)
{
    LoopState *l = s->frame->state;
    if (!l) {
        report(s, name.span, NULL, "a log line inside grad[...](...) is not reported: what is differentiated has no place of its own among the values");
        return;
    }
    LoopBuilder *b = s->frame->builder;
    Node *p = loop_carry(b, ir_const(b->outer, n->type, 0), name.name);
    loop_next(b, p, n);
    vec_push(s->arena, l->logged, (Logged){ name, p, 0 });
}

bool is_collecting(const Frame *f, const Stmt *st)
{
    return f->loop->kind == S_FOR_RANGE && st->nitem == 1 && st->item[0].kind == ITEM_AT && st->item[0].at->kind == E_NAME && st->item[0].at->name == f->loop->name.name;
}

/* A loop that never runs leaves every name as it was, but it cannot make an array without elements. */
static bool never_runs(Sema *s, const Stmt *st)
{
    const Frame f = { .loop = st };
    for (int k = 0; k < st->body->nstmt; k++)
        if (st->body->stmt[k].kind == S_LET_INDEX && is_collecting(&f, &st->body->stmt[k])) {
            report(s, st->body->stmt[k].name.span, NULL, "the loop never runs, so `%s` would have no elements; every axis has at least one", st->body->stmt[k].name.name);
            return false;
        }
    return true;
}

static bool may_nest(Sema *s, Scope *scope, const Stmt *st)
{
    int depth = 1;
    check_name(s, st->name);
    for (const Frame *x = s->frame; x; x = x->up, depth++)
        if (x->var->name == st->name.name && scope_find(scope, st->name.name) == x->var) {
            Diag *d = diag_error(s->diags, st->name.span, NULL, "`%s` is already the variable of a loop around this one; give one of them another name", st->name.name);
            diag_note(s->diags, d, x->var->span, "the outer loop is here");
            return false;
        }
    if (depth > LOOP_DEPTH) {
        report(s, st->at, NULL, "loops are nested more than %d deep", LOOP_DEPTH);
        return false;
    }
    return true;
}

/* A name that had a value before gets the collected array only when it replaces every element of it. */
static bool give_collected(Sema *s, Scope *scope, NameAt name, Node *all)
{
    Sym *y = scope_find(scope, name.name);
    if (y && y->kind == SYM_LOCAL && y->has_val && y->val.kind == V_ARRAY && !shape_eq(&y->val.node->type, &all->type)) {
        Diag *d = diag_error(s->diags, name.span, NULL, "`%s` has shape %s before this loop, which collects %s: a loop makes a whole array, not parts of one", name.name,
                             type_text(s->arena, &y->val.node->type), type_text(s->arena, &all->type));
        diag_note(s->diags, d, y->span, "%s has its first value here", name.name);
        return false;
    }
    all->origin.name = name.name;
    assign(s, scope, name, val_array(all), true);
    return true;
}

static void note_inside(void *user, NameAt name)
{
    Seek *k = user;
    if (!scope_find(k->scope, name.name))
        vec_push(k->s->arena, k->s->inside, (Inside){ k->scope, name.name, name.span });
}

static bool run_loop(Sema *s, Scope *scope, const Stmt *st)
{
    int64_t lo, n;
    Val over = val_error();
    if (!trip_count(s, scope, st, &lo, &n, &over) || !may_nest(s, scope, st))
        return false;
    if (n == 0)
        return never_runs(s, st);
    Seek k = { .s = s, .scope = scope };
    assigned(s, st->body, seek, &k);
    for (int i = 0; i < k.found.n; i++)
        if (k.found.at[i]->val.kind == V_ERROR)          /* reported already; nothing is begun that could not be ended */
            return false;
    LoopState l = { .s = s, .ncarried = k.found.n, .carried = NEW_N(s->arena, Carried, k.found.n + 1) };
    LoopBuilder *b = loop_begin(s->here, n, st->name.name);
    for (int i = 0; i < k.found.n; i++) {
        Carried *c = &l.carried[i];
        Begin x = { .s = s, .b = b, .name = k.found.at[i]->name };
        c->sym = k.found.at[i];
        c->value = val_map_leaves(s, c->sym->val, begin_leaf, &x);
        c->param = x.params.at;
        c->n = x.params.n;
        c->sym->val = c->value;
        c->sym->assigned = true;
    }
    bool ok = run_body(&l, scope, st, b, lo, n, over);
    int **out = NEW_N(s->arena, int *, l.ncarried + 1);
    for (int i = 0; i < l.ncarried; i++) {
        Carried *c = &l.carried[i];
        out[i] = NEW_N(s->arena, int, c->n + 1);
        Final x = { s, b, c->param, 0, out[i] };
        val_map_leaves(s, c->value, final_leaf, &x);
    }
    for (int i = 0; i < l.logged.n; i++)
        l.logged.at[i].out = loop_final(b, l.logged.at[i].param);
    Node *loop = loop_end(b);
    if (!loop->origin.span.src)                          /* no expression is being evaluated around a statement of an objective */
        loop->origin.span = st->at;
    for (int i = 0; i < l.logged.n; i++)
        log_node(s, l.logged.at[i].name, ir_proj(s->here, loop, l.logged.at[i].out));
    for (int i = 0; i < l.ncarried; i++) {
        Project x = { s, loop, 0, out[i] };
        l.carried[i].sym->val = val_map_leaves(s, l.carried[i].value, project_leaf, &x);
    }
    for (int i = 0; i < l.collected.n; i++) {
        const Collected *c = &l.collected.at[i];
        if (c->out < 0)
            forget(s, scope, c->name);
        else
            ok &= give_collected(s, scope, c->name, ir_proj(s->here, loop, c->out));
    }
    assigned(s, st->body, note_inside, &k);
    return ok;
}

bool exec_for(Sema *s, Scope *scope, const Stmt *st)
{
    if (run_loop(s, scope, st))
        return true;
    for (int k = 0; k < st->body->nstmt; k++)
        if (st->body->stmt[k].kind == S_LET_INDEX)
            forget(s, scope, st->body->stmt[k].name);
    return false;
}

/* ys[i] = e in a loop over i: *was says whether this is what the statement is. */
bool exec_collect(Sema *s, Scope *scope, const Stmt *st, bool *was)
{
    Frame *f = s->frame;
    *was = f && is_collecting(f, st) && scope_find(scope, f->var->name) == f->var;
    if (!*was)
        return true;
    LoopState *l = f->state;
    int64_t lo = f->var->val.lo;
    if (lo) {
        report(s, st->item[0].span, NULL, "`%s` collects from a loop that starts at %lld; collecting loops start at 0", st->name.name, (long long)lo);
        return false;
    }
    for (int k = 0; k < l->collected.n; k++)
        if (l->collected.at[k].name.name == st->name.name) {
            report(s, st->name.span, NULL, "`%s[%s]` is given twice in one iteration", st->name.name, f->var->name);
            return false;
        }
    Val v = sema_expr(s, scope, st->value);
    Node *n = v.kind == V_ERROR ? NULL : sema_real(s, v, st->value->span, "a collected value");
    if (n && n->type.rank >= USER_RANK) {
        report(s, st->value->span, NULL, "the collected array would have more than %d axes", USER_RANK);
        n = NULL;
    }
    if (!n) {
        vec_push(s->arena, l->collected, (Collected){ st->name, -1 });
        return false;
    }
    vec_push(s->arena, l->collected, (Collected){ st->name, loop_collect(f->builder, n) });
    return true;
}
