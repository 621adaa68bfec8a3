/* graph.c -- a graph as a block of statements, and Loop nodes as loops with carried buffers.
 *
 * A carried value lives in one buffer for all iterations; its next value is stored aside and copied over at the end of the iteration, and copies.c removes
 * the copies that are not needed. Collected values are stored into their slice of the stacked buffer. The body of the loop over the inner steps is a
 * function of its own. */
#include "low.h"

static void give_buffer(Low *l, Node *n, Slot *s)
{
    s->buf = new_buf(l, n->type.dtype, n->type.rank, n->type.dim, LB_WORK, NULL, &n->origin);
    size_buffer(l, s->buf, 0, n->axis_name);
    s->nprefix = 0;
}

/* A contraction that is one term of a stored sum is added into the sum's buffer, when the sum is stored. */
static bool is_term(const Env *e, const Node *n)
{
    do {
        const Node *u = e->uses[n->id] == 1 ? e->user[n->id] : NULL;
        if (!u || u->op != OP_add || u->type.dtype != T_REAL)
            return false;
        n = u;
    } while (!e->slot[n->id].stored);
    return true;
}

void emit_graph(Low *l, Env *e, LBlock *b)
{
    for (int i = 0; i < e->graph->nodes.n; i++) {
        Node *n = e->graph->nodes.at[i];
        Slot *s = &e->slot[n->id];
        if (!e->need[n->id] || n->op == OP_param || s->alias)
            continue;
        if (n->op == OP_loop) {
            emit_loop(l, e, n, b);
            continue;
        }
        if (!s->stored || s->done)
            continue;
        if (n->op == OP_contract && !is_view_node(n) && is_term(e, n))
            continue;
        if (!s->buf)
            give_buffer(l, n, s);
        Slot to = *s;
        s->buf = NULL;                            /* while its own statements are made, it has no value yet */
        emit_into(l, e, n, &to, b);
        to.done = true;
        *s = to;
    }
}

Env *new_env(Low *l, Env *outer, Graph *g)
{
    Env *e = NEW(l->arena, Env);
    int limit = graph_limit(g);
    e->outer = outer;
    e->graph = g;
    e->slot = NEW_N(l->arena, Slot, limit + 1);
    e->uses = NEW_N(l->arena, int, limit + 1);
    e->user = NEW_N(l->arena, Node *, limit + 1);
    e->need = NEW_N(l->arena, bool, limit + 1);
    return e;
}

/* "steps.tangent.adjoint" of entry hypergradient: hypergradient_step_adjoint; a number behind it when taken. */
Name phase_name(Low *l, Name loop)
{
    char text[128];
    size_t n = 0;
    for (const char *p = loop ? loop : "steps"; *p && n < 100; p++) {
        if (!strncmp(p, ".tangent", 8)) {
            p += 7;
            continue;
        }
        if (*p == 's' && p > loop && p[-1] == 'p' && (p[1] == 0 || p[1] == '.' || p[1] == '_'))
            continue;                             /* one of the steps */
        text[n++] = *p == '.' ? '_' : *p;
    }
    text[n] = 0;
    Name name = intern_printf("%s_%s", l->prefix, text);
    for (int k = 2;; k++) {
        bool taken = false;
        for (int i = 0; i < l->prog->funcs.n; i++)
            taken |= l->prog->funcs.at[i]->name == name;
        if (!taken)
            return name;
        name = intern_printf("%s_%s_%d", l->prefix, text, k);
    }
}

static bool is_carry_param(const Loop *l, const Node *n)
{
    for (int p = 0; p < l->params.n; p++)
        if (l->params.at[p].kind == LP_CARRY && l->body->params.at[p] == n)
            return true;
    return false;
}

/* Where the element of a collected output goes: out[index][...]. */
static Slot slice(Low *l, LBuf *out, LVar *v)
{
    Slot s = { .buf = out, .nprefix = 1 };
    s.prefix[0] = x_var(l, v);
    return s;
}

/* Captures are the values outside; carried values get buffers, which hold the initial values. */
static void bind_params(Low *l, Making *m, LBlock *before)
{
    for (int p = 0, a = 0; p < m->loop->params.n; p++) {
        Node *param = m->loop->body->params.at[p];
        Slot *s = &m->in->slot[param->id];
        if (m->loop->params.at[p].kind == LP_INDEX)
            continue;
        Node *arg = m->node->arg[a++];
        if (m->loop->params.at[p].kind == LP_CAPTURE) {
            s->alias = arg;
            s->alias_env = m->outer;
            continue;
        }
        if (m->loop->params.at[p].kind == LP_GIVEN) {
            bind_given(l, m, p, before);
            continue;
        }
        m->carry[p] = new_buf(l, param->type.dtype, param->type.rank, param->type.dim, LB_WORK, NULL, &param->origin);
        size_buffer(l, m->carry[p], 0, param->axis_name);
        m->carry[p]->carried = true;
        Slot to = *s = (Slot){ .buf = m->carry[p] };
        if (m->loop->params.at[p].kind == LP_CARRY)
            store_value(l, m->outer, arg, &to, before);
    }
}

static void make_collected(Low *l, Making *m, Name size)
{
    for (int k = 0; k < m->loop->outs.n; k++) {
        bool save = m->loop->outs.at[k].kind == LO_SAVE;
        if (m->loop->outs.at[k].kind == LO_CARRY || m->loop->outs.at[k].kind == LO_LATEST)
            continue;
        Node *r = save ? m->loop->body->params.at[m->loop->outs.at[k].param] : m->loop->body->results.at[m->loop->outs.at[k].result];
        int64_t dim[MAX_RANK] = { save ? checkpoint_slots(m->loop->saves) : m->loop->n };
        memcpy(dim + 1, r->type.dim, sizeof *dim * (size_t)r->type.rank);
        Origin o = r->origin;
        Name hint = o.name ? intern_printf(save ? "%s_saved" : "%s_at", o.name) : NULL;
        m->out[k] = new_buf(l, r->type.dtype, r->type.rank + 1, dim, LB_WORK, hint, &o);
        size_buffer(l, m->out[k], 1, r->axis_name);
        m->out[k]->size[0] = save ? NULL : size;
    }
}

/* The body's statements. A collected value is stored straight into its slice where it may; else it is copied there at the end. */
static void emit_body(Low *l, Making *m)
{
    Loop *loop = m->loop;
    bool *late = NEW_N(l->arena, bool, loop->outs.n + 1);
    for (int k = 0; k < loop->outs.n; k++) {
        if (loop->outs.at[k].kind != LO_COLLECT)
            continue;
        Node *r = loop->body->results.at[loop->outs.at[k].result];
        Slot to = slice(l, m->out[k], m->index), *s = &m->in->slot[r->id];
        if (is_carry_param(loop, r))              /* a snapshot: at the start of the iteration */
            store_value(l, m->in, r, &to, m->body);
        else if (r->op != OP_param && r->op != OP_proj && !s->alias && !s->buf && (s->stored || op_info[r->op].kind == K_MAP)) {
            *s = to;
            s->stored = true;
        } else
            late[k] = true;
    }
    emit_graph(l, m->in, m->body);
    publish_latest(l, m);
    for (int k = 0; k < loop->outs.n; k++)
        if (late[k]) {
            Slot to = slice(l, m->out[k], m->index);
            store_value(l, m->in, loop->body->results.at[loop->outs.at[k].result], &to, m->body);
        }
}

/* Next values: all aside first, then over the old ones; copies.c removes what it may. */
void carry_over(Low *l, Making *m)
{
    Loop *loop = m->loop;
    Slot *aside = NEW_N(l->arena, Slot, loop->params.n + 1);
    for (int p = 0; p < loop->params.n; p++) {
        if (loop->params.at[p].kind != LP_CARRY)
            continue;
        Node *r = loop->body->results.at[loop->params.at[p].result];
        if (r == loop->body->params.at[p])
            continue;
        Env *re = m->in;
        Node *rn = r;
        Slot *s = slot_of(&re, &rn);
        if (s->buf && !s->nprefix && s->buf->storage == LB_WORK && re == m->in && rn->op != OP_param)
            aside[p] = *s;
        else {
            aside[p].buf = new_buf(l, r->type.dtype, r->type.rank, r->type.dim, LB_WORK, intern_printf("%s_next", m->carry[p]->name), &r->origin);
            size_buffer(l, aside[p].buf, 0, r->axis_name);
            store_value(l, m->in, r, &aside[p], m->body);
        }
    }
    for (int p = 0; p < loop->params.n; p++) {
        if (!aside[p].buf)
            continue;
        const Type *t = &loop->body->params.at[p]->type;
        LStmt *c = new_stmt(l, LS_COPY, NULL);
        c->dst = first_of(l, &(Slot){ .buf = m->carry[p] }, t);
        c->src = first_of(l, &(Slot){ .buf = aside[p].buf }, t);
        c->count = type_count(t);
        push_stmt(l, m->body, c);
    }
    remove_copies(l, m->body);
}

/* Projections of the loop are its buffers from here on. */
static void publish(Low *l, Making *m, LBlock *after)
{
    for (int i = m->node->id + 1; i < m->outer->graph->nodes.n; i++) {
        Node *x = m->outer->graph->nodes.at[i];
        if (x->op != OP_proj || x->arg[0] != m->node)
            continue;
        LoopOut o = m->loop->outs.at[x->u.axis];
        Slot *s = &m->outer->slot[x->id], target = *s;
        *s = (Slot){ .buf = o.kind == LO_CARRY ? m->carry[o.param] : m->out[x->u.axis], .stored = true, .done = true };
        if (target.buf && m->outer->need[x->id])  /* it was to be stored elsewhere: a slice of an outer loop's output */
            store_value(l, m->outer, x, &target, after);
    }
}

static Node *index_param(const Loop *loop)
{
    for (int p = 0; p < loop->params.n; p++)
        if (loop->params.at[p].kind == LP_INDEX)
            return loop->body->params.at[p];
    return NULL;
}

/* Iteration i takes element i of the array that body's parameter p stands for. */
static bool reads_along(const Loop *loop, const Node *p)
{
    const Node *index = index_param(loop);
    for (int k = 0; k < loop->body->nodes.n; k++) {
        const Node *n = loop->body->nodes.at[k];
        if (n->op != OP_contract)
            continue;
        for (int a = 0; a < n->u.contract->nfactor; a++) {
            int at = n->u.contract->arg[a].place[0].index;
            if (n->arg[a] == p && at >= 0 && n->arg[at] == index)
                return true;
        }
    }
    return false;
}

/* What the number of iterations is called: as the first axis of an array that the loop reads element by element. Another array may have as many elements. */
Name trips_text(const Low *l, const Node *n)
{
    const Loop *loop = n->u.loop;
    if (loop->is_steps)
        return size_text(l, intern("STEPS"), loop->n);
    for (int p = 0, a = 0; p < loop->params.n; p++) {
        if (loop->params.at[p].kind == LP_INDEX)
            continue;
        const Node *all = n->arg[a++];
        Name size = all->type.rank && all->type.dim[0] == loop->n ? size_text(l, all->axis_name[0], loop->n) : NULL;
        if (size && reads_along(loop, loop->body->params.at[p]))
            return size;
    }
    return NULL;
}

/* What a carried value becomes has often the same name. */
static void name_next(const Loop *loop)
{
    for (int p = 0; p < loop->params.n; p++) {
        if (loop->params.at[p].kind != LP_CARRY)
            continue;
        Node *r = loop->body->results.at[loop->params.at[p].result];
        Name now = loop->body->params.at[p]->origin.name;
        if (now && r->origin.name == now && r->op != OP_param && r->op != OP_proj && r->op != OP_const)
            r->origin.name = intern_printf("%s_next", now);
    }
}

/* What a step's phase says of itself. */
static const char *step_text(const Loop *loop)
{
    bool last = !strncmp(loop->name, "steps_last", 10);
    if (loop->down)
        return last ? "Backward through one of the last steps of the inner loop, whose values were kept: adjoints of what it made become\n * those of what it began with, in place; those of meta variables add up."
                    : "Backward through one step of the inner loop: adjoints of what it made become those of what it began\n * with, in place; those of meta variables add up.";
    return last ? "One of the last steps of the inner loop; what going backward needs of it is kept." : "One step of the inner loop, in place.";
}

void emit_loop(Low *l, Env *e, Node *n, LBlock *b)
{
    Loop *loop = n->u.loop;
    name_next(loop);
    LStmt *f = new_for(l, new_var(l, loop->is_steps ? intern("t") : index_param(loop)->origin.name), loop->n, false, NULL);
    f->size = trips_text(l, n);
    f->down = loop->down;
    LFunc *func = NULL, *before = l->func;
    Making m = { e, new_env(l, e, loop->body), n, loop, NEW_N(l->arena, LBuf *, loop->params.n + 1), NEW_N(l->arena, LBuf *, loop->outs.n + 1), f->var, &f->body };
    if (loop->is_steps) {
        func = l->func = NEW(l->arena, LFunc);
        func->name = phase_name(l, loop->name);
        func->doc = step_text(loop);
        func->nindex = 1;
        func->first = loop->first;
        func->index = NEW_N(l->arena, LVar *, 1);
        func->index[0] = m.index = new_var(l, intern("t"));
        m.body = &func->body;
    }
    bind_params(l, &m, b);
    make_collected(l, &m, f->size);
    decide(l, m.in);
    for (int p = 0; p < loop->params.n; p++)
        if (loop->params.at[p].kind == LP_INDEX)
            m.in->slot[loop->body->params.at[p]->id].index_var = m.index;
    if (loop->saves && !loop->again)
        save_states(l, &m, b, &f->body, f->var);
    leave_latest(l, &m, &f->body, f->var);
    LBlock *way = loop->record ? where_not_first(l, &m, &f->body, f->var) : &f->body;
    if (loop->again && way)
        restore_states(l, &m, way, f->var);
    if (loop->record && way)
        record_given(l, &m, way, f->var);
    if (func)
        l->func = func;
    emit_body(l, &m);
    note_renewed(l, &m, f);
    carry_over(l, &m);
    if (func) {
        l->func = before;
        vec_push(l->arena, l->prog->funcs, func);
        LStmt *call = new_stmt(l, LS_INVOKE, NULL);
        call->func = func;
        call->index_arg = NEW_N(l->arena, LExpr *, 1);
        call->index_arg[0] = x_var(l, f->var);
        push_stmt(l, &f->body, call);
    }
    push_stmt(l, b, f);
    publish(l, &m, b);
}
