/* checkpoint.c -- loops that save some of their states: copies to and from slots, and the way from a saved state to the one that is wanted.
 *
 * Which iterations save and where a reverse sweep restarts is the runtime's to decide (runtime/checkpoint.c), asked by LS_ASK with a table in the workspace:
 *   forward   slot = checkpoint_base(t, last) ; slot = checkpoint_save(table, t, last) ; where slot >= 0 the state is copied there
 *   reverse   from = checkpoint_from(table, t) ; the state is copied from slot checkpoint_slot(table, from) ; for j in from .. t - 1 an iteration is run again
 * Base states in a store are saved there part by part, number slot * parts + part, and loaded straight into the state each time the way begins at one: no room in
 * the workspace is theirs. */
#include "low.h"

static LBuf *table_of(Low *l, const Checkpoints *c)
{
    for (int k = 0; k < l->tables.n; k++)
        if (l->tables.at[k].of == c)
            return l->tables.at[k].buf;
    int64_t n = c->inner + 1;
    LBuf *b = new_buf(l, T_INT, 1, &n, LB_WORK, intern("saved_steps"), NULL);
    b->carried = true;
    l->tables.at = memcpy(arena_alloc(l->arena, sizeof *l->tables.at * (size_t)(l->tables.n + 1)), l->tables.n ? l->tables.at : (void *)&n, sizeof *l->tables.at * (size_t)l->tables.n);
    l->tables.at[l->tables.n].of = c;
    l->tables.at[l->tables.n++].buf = b;
    return b;
}

static LExpr *ask(Low *l, LBlock *b, const char *callee, const char *name, LBuf *table, LExpr **arg, int n)
{
    LStmt *s = new_stmt(l, LS_ASK, NULL);
    s->callee = intern(callee);
    s->var = new_var(l, intern(name));
    s->index_arg = NEW_N(l->arena, LExpr *, n + 1);
    for (int k = 0; k < n; k++)
        s->index_arg[k] = arg[k];
    s->nnum = n;
    if (table) {
        s->ptr = NEW_N(l->arena, LPtr, 1);
        s->ptr[s->nptr++] = first_of(l, &(Slot){ .buf = table }, &(Type){ .rank = 1 });
    }
    push_stmt(l, b, s);
    return x_var(l, s->var);
}

static LBlock *where(Low *l, LBlock *b, Op op, LExpr *x, LExpr *y)
{
    LStmt *s = new_stmt(l, LS_IF, NULL);
    s->x = x_map(l, op, T_BOOL, (LExpr *[]){ x, y }, 2);
    push_stmt(l, b, s);
    return &s->body;
}

static LBlock *where_not_negative(Low *l, LBlock *b, LExpr *slot) { return where(l, b, OP_ge, slot, x_int(l, 0)); }

static void copy_state(Low *l, LBlock *b, LBuf *state, LBuf *slots, LExpr *slot, bool save)
{
    LStmt *s = new_stmt(l, LS_COPY, NULL);
    Slot one = { .buf = slots, .nprefix = 1 };
    Type t = type_of(state->dtype, state->rank, state->dim);
    one.prefix[0] = slot;
    LPtr at = first_of(l, &one, &t), here = first_of(l, &(Slot){ .buf = state }, &t);
    s->dst = save ? at : here;
    s->src = save ? here : at;
    s->count = type_count(&t);
    push_stmt(l, b, s);
}

/* The number of an iteration in the order of running, from its index, or the other way round. */
static LExpr *in_order(Low *l, const Loop *forward, LVar *i)
{
    return forward->down ? x_map(l, OP_sub, T_INT, (LExpr *[]){ x_size(l, forward->is_steps ? size_text(l, intern("STEPS"), forward->n) : NULL, forward->n, -1), x_var(l, i) }, 2) : x_var(l, i);
}

/* ---- the caller's store ---- */
static int state_parts(const Loop *l)
{
    int n = 0;
    for (int k = 0; k < l->outs.n; k++)
        n += l->outs.at[k].kind == LO_SAVE;
    return n;
}

/* Part of the state of base `slot`: here, to the store or from it. */
static void snapshot(Low *l, LBlock *b, const Slot *here, const LBuf *state, LExpr *slot, int part, int parts, bool load)
{
    LStmt *s = new_stmt(l, LS_SNAPSHOT, NULL);
    Type t = type_of(state->dtype, state->rank, state->dim);
    int64_t bytes = type_count(&t) * l->prog->real_bytes;
    s->x = x_map(l, OP_add, T_INT, (LExpr *[]){ x_map(l, OP_mul, T_INT, (LExpr *[]){ slot, x_int(l, parts) }, 2), x_int(l, part) }, 2);
    s->ptr = NEW_N(l->arena, LPtr, 1);
    s->ptr[s->nptr++] = first_of(l, here, &t);
    s->count = type_count(&t);
    s->load = load;
    push_stmt(l, b, s);
    if (bytes > l->prog->store_bytes)
        l->prog->store_bytes = bytes;
}

static void store_all(Low *l, Making *m, LBlock *b, LExpr *slot)
{
    const Loop *loop = m->loop;
    int parts = state_parts(loop), part = 0;
    for (int k = 0; k < loop->outs.n; k++)
        if (loop->outs.at[k].kind == LO_SAVE) {
            LBuf *state = m->carry[loop->outs.at[k].param];
            snapshot(l, b, &(Slot){ .buf = state }, state, slot, part++, parts, false);
        }
    if (loop->saves->stored * parts > l->prog->store_slots)
        l->prog->store_slots = loop->saves->stored * parts;
}

/* ---- forward ---- */
static void save_all(Low *l, Making *m, LBlock *b, LExpr *slot)
{
    for (int k = 0; k < m->loop->outs.n; k++)
        if (m->loop->outs.at[k].kind == LO_SAVE)
            copy_state(l, b, m->carry[m->loop->outs.at[k].param], m->out[k], slot, true);
}

void save_states(Low *l, Making *m, LBlock *before, LBlock *body, LVar *t)
{
    const Checkpoints *c = m->loop->saves;
    LBuf *table = table_of(l, c);
    LStmt *none = new_stmt(l, LS_STORE, NULL);
    none->dst = first_of(l, &(Slot){ .buf = table }, &(Type){ .rank = 1 });
    none->x = x_int(l, 0);
    push_stmt(l, before, none);
    if (c->stored) {
        LExpr *slot = ask(l, body, "checkpoint_base", "slot", NULL, (LExpr *[]){ in_order(l, m->loop, t), x_int(l, c->last), x_int(l, c->period) }, 3);
        store_all(l, m, where_not_negative(l, body, slot), slot);
    } else if (c->from_start)
        ;
    else if (c->bases == 1)
        save_all(l, m, before, x_int(l, 0));
    else {
        LExpr *slot = ask(l, body, "checkpoint_base", "slot", NULL, (LExpr *[]){ in_order(l, m->loop, t), x_int(l, c->last), x_int(l, c->period) }, 3);
        save_all(l, m, where_not_negative(l, body, slot), slot);
    }
    if (!c->inner)
        return;
    LExpr *slot = ask(l, body, "checkpoint_save", "slot", table, (LExpr *[]){ in_order(l, m->loop, t), x_int(l, c->last), x_int(l, c->period), x_int(l, c->bases), x_int(l, c->inner) }, 5);
    save_all(l, m, where_not_negative(l, body, slot), slot);
}

/* ---- reverse ---- */
static LBuf *slots_of(Making *m, int p)
{
    Env *e = m->outer;
    Node *n = m->node->arg[loop_argument(m->loop, p)];
    Slot *s = slot_of(&e, &n);
    if (!s->buf)
        ice("lower: a state's slots are not stored");
    return s->buf;
}

static void each_state(Low *l, Making *m, LBlock *b, LExpr *slot, bool save)
{
    for (int p = 0; p < m->loop->params.n; p++)
        if (m->loop->params.at[p].kind == LP_STATE)
            copy_state(l, b, m->carry[p], slots_of(m, p), slot, save);
}

/* The states' initial values, which are constants or come from outside. */
static void from_start(Low *l, Making *m, LBlock *b)
{
    const Again *again = m->loop->again;
    for (int k = 0; k < again->loop->params.n; k++) {
        if (again->loop->params.at[k].kind != LP_CARRY)
            continue;
        Slot to = { .buf = m->carry[again->from[k]] };
        store_value(l, m->outer, m->node->arg[loop_argument(m->loop, again->start[k])], &to, b);
    }
}

/* ---- a part of an iteration, as a function when it is an inner step ---- */
LFunc *open_phase(Low *l, Making *w, const char *doc)
{
    const Loop *loop = w->loop;
    if (!loop->is_steps)
        return NULL;
    LFunc *func = l->func = NEW(l->arena, LFunc);
    func->name = phase_name(l, loop->name);
    func->doc = doc;
    func->nindex = 1;
    func->first = loop->first;
    func->index = NEW_N(l->arena, LVar *, 1);
    func->index[0] = w->index = new_var(l, intern("t"));
    w->body = &func->body;
    return func;
}

void close_phase(Low *l, LFunc *func, LFunc *before, LExpr *t, LBlock *b)
{
    l->func = before;
    if (!func)
        return;
    vec_push(l->arena, l->prog->funcs, func);
    LStmt *call = new_stmt(l, LS_INVOKE, NULL);
    call->func = func;
    call->index_arg = NEW_N(l->arena, LExpr *, 1);
    call->index_arg[0] = t;
    push_stmt(l, b, call);
}

/* One iteration of the forward loop on the states. */
static void run_again(Low *l, Making *m, LBlock *b, LVar *j)
{
    const Again *again = m->loop->again;
    Loop *loop = again->loop;
    LFunc *before = l->func;
    Making w = { m->outer, new_env(l, m->outer, loop->body), m->node, loop, NEW_N(l->arena, LBuf *, loop->params.n + 1), NULL, j, b };
    LFunc *func = open_phase(l, &w, "One step of the inner loop again, from a saved state.");
    for (int k = 0; k < loop->params.n; k++) {
        Slot *s = &w.in->slot[loop->body->params.at[k]->id];
        if (loop->params.at[k].kind == LP_CARRY) {
            w.carry[k] = m->carry[again->from[k]];
            *s = (Slot){ .buf = w.carry[k] };
        } else if (loop->params.at[k].kind == LP_CAPTURE) {
            s->alias = m->node->arg[loop_argument(m->loop, again->from[k])];
            s->alias_env = m->outer;
        }
    }
    decide(l, w.in);
    for (int k = 0; k < loop->params.n; k++)
        if (loop->params.at[k].kind == LP_INDEX)
            w.in->slot[loop->body->params.at[k]->id] = func || !loop->down ? (Slot){ .index_var = w.index } : (Slot){ .index_at = in_order(l, loop, w.index) };
    emit_graph(l, w.in, w.body);
    carry_over(l, &w);
    close_phase(l, func, before, in_order(l, loop, j), b);
}

/* The slot that the way to `from` begins at; asked for only where there are several. */
static LExpr *slot_at(Low *l, LBlock *b, const Checkpoints *c, LBuf *table, LExpr *from)
{
    if (c->bases + c->inner == 1)
        return x_int(l, 0);
    return ask(l, b, "checkpoint_slot", "slot", table, (LExpr *[]){ from, x_int(l, c->period), x_int(l, c->bases) }, 3);
}

/* From a base state in the store, else from a slot. */
static void restore_stored(Low *l, Making *m, LBlock *body, LBuf *table, LExpr *from)
{
    const Checkpoints *c = m->loop->saves;
    LExpr *base = ask(l, body, "checkpoint_base", "base", NULL, (LExpr *[]){ from, x_int(l, c->last), x_int(l, c->period) }, 3);
    LBlock *load = c->inner ? where_not_negative(l, body, base) : body;
    int parts = 0, part = 0;
    for (int p = 0; p < m->loop->params.n; p++)
        parts += m->loop->params.at[p].kind == LP_STATE;
    for (int p = 0; p < m->loop->params.n; p++)
        if (m->loop->params.at[p].kind == LP_STATE)
            snapshot(l, load, &(Slot){ .buf = m->carry[p] }, m->carry[p], base, part++, parts, true);
    if (!c->inner)
        return;
    LBlock *near = where(l, body, OP_lt, base, x_int(l, 0));
    each_state(l, m, near, slot_at(l, near, c, table, from), false);
}

void restore_states(Low *l, Making *m, LBlock *body, LVar *t)
{
    const Checkpoints *c = m->loop->saves;
    LBuf *table = table_of(l, c);
    const Loop *forward = m->loop->again->loop;
    LExpr *from = ask(l, body, "checkpoint_from", "from", table, (LExpr *[]){ in_order(l, forward, t), x_int(l, c->period) }, 2);
    if (c->stored)
        restore_stored(l, m, body, table, from);
    else if (c->from_start && !c->inner)
        from_start(l, m, body);
    else if (c->from_start) {
        from_start(l, m, where(l, body, OP_eq, from, x_int(l, 0)));
        LBlock *later = where(l, body, OP_gt, from, x_int(l, 0));
        each_state(l, m, later, slot_at(l, later, c, table, from), false);
    } else
        each_state(l, m, body, slot_at(l, body, c, table, from), false);
    LStmt *f = new_for(l, new_var(l, intern("j")), c->period, false, NULL);
    f->lo = from;
    f->often = checkpoint_again(c) / (double)m->loop->n;
    f->hi = in_order(l, forward, t);
    if (c->inner) {
        LExpr *at = ask(l, &f->body, "checkpoint_save", "slot", table, (LExpr *[]){ x_var(l, f->var), in_order(l, forward, t), x_int(l, c->period), x_int(l, c->bases), x_int(l, c->inner) }, 5);
        each_state(l, m, where_not_negative(l, &f->body, at), at, true);
    }
    run_again(l, m, &f->body, f->var);
    push_stmt(l, body, f);
}
