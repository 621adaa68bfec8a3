/* record.c -- what a forward loop's last iteration leaves for its reversal, and the recording of it for the other iterations (ir.h: Record).
 *
 * A value that the forward loop leaves behind stays where its iteration has stored it: a `given` array, written again by each iteration. The reverse loop's GIVEN
 * parameter is that array; where an iteration is not the one at hand, the recording, a function of its own for inner steps, writes it again. So the array is alive from where the
 * forward loop writes it to where the reverse loop reads it last, and no longer (place.c). A state is copied there by the last forward iteration, before it moves on. */
#include "low.h"

static bool is_last_state(const Making *m, int k)
{
    const Loop *l = m->loop;
    for (int p = 0; l->outs.at[k].kind == LO_LATEST && p < l->params.n; p++)
        if (l->params.at[p].kind == LP_CARRY && l->body->params.at[p] == l->body->results.at[l->outs.at[k].result])
            return true;
    return false;
}

static LBuf *array_for(Low *l, const Node *n)
{
    LBuf *b = new_buf(l, n->type.dtype, n->type.rank, n->type.dim, LB_WORK, NULL, &n->origin);
    size_buffer(l, b, 0, n->axis_name);
    return b;
}

static void mark_given(LBuf *b) { b->given = b->carried = true; }

void leave_latest(Low *l, Making *m, LBlock *body, LVar *t)
{
    LBlock *last = NULL;
    for (int k = 0; k < m->loop->outs.n; k++) {
        if (m->loop->outs.at[k].kind != LO_LATEST)
            continue;
        Node *r = m->loop->body->results.at[m->loop->outs.at[k].result];
        if (!is_last_state(m, k)) {
            m->in->slot[r->id].stored |= r->op != OP_param && r->op != OP_proj && !m->in->slot[r->id].alias;
            continue;
        }
        if (!last) {
            LStmt *s = new_stmt(l, LS_IF, NULL);
            s->x = x_map(l, OP_eq, T_BOOL, (LExpr *[]){ x_var(l, t), m->loop->down ? x_int(l, 0) : x_size(l, trips_text(l, m->node), m->loop->n, -1) }, 2);
            s->often = 1 / (double)m->loop->n;
            push_stmt(l, body, s);
            last = &s->body;
        }
        Slot to = { .buf = m->out[k] = array_for(l, r) };
        mark_given(to.buf);
        store_value(l, m->in, r, &to, last);
    }
}

void publish_latest(Low *l, Making *m)
{
    for (int k = 0; k < m->loop->outs.n; k++) {
        if (m->loop->outs.at[k].kind != LO_LATEST || m->out[k])
            continue;
        Env *e = m->in;
        Node *r = m->loop->body->results.at[m->loop->outs.at[k].result], *at = r;
        Slot *s = slot_of(&e, &at);
        m->out[k] = s->buf;
        if (!s->buf || s->nprefix || s->buf->storage != LB_WORK || e != m->in || at->op == OP_param) {
            Slot to = { .buf = m->out[k] = array_for(l, r) };
            store_value(l, m->in, r, &to, m->body);
        }
        mark_given(m->out[k]);
    }
}

/* Is a value of the graph read by anything behind this loop? */
static bool is_read_later(const Env *e, const Node *x, const Node *loop)
{
    const Graph *g = e->graph;
    for (int k = 0; k < g->results.n; k++)
        if (g->results.at[k] == x)
            return true;
    for (int i = g->nodes.n - 1; i >= 0 && g->nodes.at[i] != loop; i--)
        for (int a = 0; e->need[g->nodes.at[i]->id] && a < g->nodes.at[i]->narg; a++)
            if (g->nodes.at[i]->arg[a] == x)
                return true;
    return false;
}

void bind_given(Low *l, Making *m, int p, LBlock *before)
{
    Env *e = m->outer;
    Node *arg = m->node->arg[loop_argument(m->loop, p)], *n = arg;
    Slot *s = slot_of(&e, &n);
    if (!s->buf || !s->buf->given)
        ice("lower: what %s is given is not where a loop has left it", m->loop->name ? m->loop->name : "a loop");
    m->carry[p] = s->buf;
    if (is_read_later(m->outer, arg, m->node)) {  /* this loop will write over it */
        Slot to = { .buf = m->carry[p] = array_for(l, m->loop->body->params.at[p]) };
        mark_given(to.buf);
        store_value(l, m->outer, arg, &to, before);
    }
    m->in->slot[m->loop->body->params.at[p]->id] = (Slot){ .buf = m->carry[p] };
}

void note_renewed(Low *l, const Making *m, LStmt *loop)
{
    loop->renews = NEW_N(l->arena, LBuf *, m->loop->params.n + m->loop->outs.n + 1);
    for (int p = 0; p < m->loop->params.n; p++)
        if (m->loop->params.at[p].kind == LP_GIVEN)
            loop->renews[loop->nrenews++] = m->carry[p];
    for (int k = 0; k < m->loop->outs.n; k++)
        if (m->loop->outs.at[k].kind == LO_LATEST)
            loop->renews[loop->nrenews++] = m->out[k];
}

LBlock *where_not_first(Low *l, Making *m, LBlock *body, LVar *t)
{
    const Record *r = m->loop->record;
    /* A state that is given is brought back to where it is given. */
    for (int k = 0; k < r->loop->body->results.n; k++)
        for (int q = 0; q < r->loop->params.n; q++)
            if (r->loop->body->params.at[q] == r->loop->body->results.at[k] && m->loop->params.at[r->from[q]].kind == LP_STATE)
                m->carry[r->from[q]] = m->carry[r->gives[k]];
    if (m->loop->n < 2)
        return NULL;
    LStmt *s = new_stmt(l, LS_IF, NULL);
    s->x = x_map(l, m->loop->down ? OP_lt : OP_gt, T_BOOL, (LExpr *[]){ x_var(l, t), m->loop->down ? x_size(l, trips_text(l, m->node), m->loop->n, -1) : x_int(l, 0) }, 2);
    s->often = 1 - 1 / (double)m->loop->n;
    push_stmt(l, body, s);
    return &s->body;
}

/* Its values are stored where they are given: at once where a statement stores them, else copied there, which copies.c sees to. */
static void record_values(Low *l, Making *m, Making *w)
{
    const Record *r = m->loop->record;
    int n = r->loop->body->results.n;
    bool *late = NEW_N(l->arena, bool, n + 1);
    for (int k = 0; k < n; k++) {
        Node *x = r->loop->body->results.at[k];
        Slot to = { .buf = m->carry[r->gives[k]], .stored = true }, *s = &w->in->slot[x->id];
        late[k] = x->op == OP_param || x->op == OP_proj || s->alias || s->buf;
        if (!late[k])
            *s = to;
    }
    emit_graph(l, w->in, w->body);
    for (int k = 0; k < n; k++) {
        Slot to = { .buf = m->carry[r->gives[k]] };
        Env *e = w->in;
        Node *x = r->loop->body->results.at[k];
        if (late[k] && slot_of(&e, &x)->buf != to.buf)
            store_value(l, w->in, r->loop->body->results.at[k], &to, w->body);
    }
    remove_copies(l, w->body);
}

void record_given(Low *l, Making *m, LBlock *body, LVar *t)
{
    const Record *r = m->loop->record;
    Loop *loop = r->loop;
    LFunc *before = l->func;
    Making w = { m->outer, new_env(l, m->outer, loop->body), m->node, loop, NULL, NULL, t, body };
    LFunc *func = open_phase(l, &w, "What going backward needs of one step of the inner loop, from the state before it.");
    for (int k = 0; k < loop->params.n; k++) {
        Slot *s = &w.in->slot[loop->body->params.at[k]->id];
        int from = r->from[k];
        if (m->loop->params.at[from].kind == LP_STATE)
            *s = (Slot){ .buf = m->carry[from] };
        else if (m->loop->params.at[from].kind == LP_CAPTURE) {
            s->alias = m->node->arg[loop_argument(m->loop, from)];
            s->alias_env = m->outer;
        }
    }
    decide(l, w.in);
    for (int k = 0; k < loop->params.n; k++)
        if (loop->params.at[k].kind == LP_INDEX)
            w.in->slot[loop->body->params.at[k]->id].index_var = w.index;
    record_values(l, m, &w);
    close_phase(l, func, before, x_var(l, t), body);
}
