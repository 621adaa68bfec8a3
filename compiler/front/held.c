/* held.c -- what grad[w](e) holds fixed: the locals that e reads, none of which may have been computed from w.
 *
 * Locals are those of the body where the gradient stands, and its arguments and states once they have been assigned. Whether one of them was computed from w is asked of the graph,
 * when the gradient is evaluated, and once more at the end of each loop around it, for only then is it known what an iteration hands to the next one. A loop gives
 * the answer that its text would give if it were written out n times: an iteration back, a carried value is what the body made of it, and w is what the body made of
 * w, or w itself where the loop does not change it; before the first iteration both are what they start from. */
#include "eval.h"

static bool holds(const Nodes *l, const Node *n)
{
    for (int k = 0; k < l->n; k++)
        if (l->at[k] == n)
            return true;
    return false;
}

/* By id: the nodes of g that v needs, not through `detach`. *found: one of w is among them. */
static bool *cone(Sema *s, const Graph *g, const Nodes *v, const Nodes *w, bool *found)
{
    bool *in = NEW_N(s->arena, bool, graph_limit(g) + 1);
    for (int k = 0; k < v->n; k++)
        if (v->at[k]->graph == g)
            in[v->at[k]->id] = true;
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        const Node *n = g->nodes.at[i];
        if (!in[n->id])
            continue;
        *found |= holds(w, n);
        for (int a = 0; a < n->narg && n->op != OP_detach; a++)
            in[n->arg[a]->id] = true;
    }
    return in;
}

static void computed(Sema *s, const struct HeldRead *r)
{
    if (*r->said)
        return;
    *r->said = true;
    report(s, r->at, NULL, "`%s` was computed from `%s` before; compute it inside grad[%s](...), with `detach` where it is to stay as it is, or take the gradient in a function that has `%s` as an argument", r->name, r->in, r->in, r->name);
}

/* In s->here; where it is the body of a loop, once more when that is ended. */
static void ask(Sema *s, struct HeldRead r)
{
    bool found = false;
    cone(s, s->here, &r.v, &r.w, &found);
    for (int k = 0; k < r.v.n; k++)
        found |= holds(&r.w, r.v.at[k]);
    if (found)
        computed(s, &r);
    else if (s->frame)
        vec_push(s->arena, s->held, r);
}

/* ---- a loop that is ended ---- */

typedef struct Past { Sema *s; const LoopBuilder *b; const struct HeldRead *read; bool *carried; int ncarried; Nodes around; } Past;   /* what v needs: carried values, and what is around the loop */

static Node *argument(const LoopBuilder *b, int p) { return b->args.at[loop_argument(b->loop, p)]; }

/* One iteration, v and w as they are in it. True: v needs w. */
static bool look_back(Past *x, const Nodes *v, const Nodes *w)
{
    const Graph *body = x->b->loop->body;
    bool found = false, *in = cone(x->s, body, v, w, &found);
    for (int k = 0; k < v->n; k++)
        if (v->at[k]->graph != body)
            vec_push(x->s->arena, x->around, v->at[k]);
    for (int p = 0; p < x->b->loop->params.n; p++) {
        LoopParamKind kind = x->b->loop->params.at[p].kind;
        if (!in[body->params.at[p]->id] || kind == LP_INDEX)
            continue;
        if (kind != LP_CARRY)
            vec_push(x->s->arena, x->around, argument(x->b, p));
        else if (!x->carried[p]) {
            x->carried[p] = true;
            x->ncarried++;
        }
    }
    return found;
}

/* The carried values that v needs, as they start or as an iteration leaves them. */
static Nodes carried_nodes(const Past *x, bool start)
{
    const Loop *l = x->b->loop;
    Nodes n = { 0 };
    for (int p = 0; p < l->params.n; p++)
        if (x->carried[p])
            vec_push(x->s->arena, n, start ? argument(x->b, p) : l->body->results.at[l->params.at[p].result]);
    return n;
}

/* w one iteration earlier, and *start: before the loop. What an iteration computes is not there. *moves: some of it is carried. */
static Nodes earlier(Past *x, const Nodes *w, bool any, Nodes *start, bool *moves)
{
    const Loop *l = x->b->loop;
    Nodes before = { 0 };
    *start = (Nodes){ 0 };
    *moves = false;
    for (int k = 0; k < w->n; k++) {
        int p = 0;
        while (p < l->params.n && l->body->params.at[p] != w->at[k])
            p++;
        bool outside = w->at[k]->graph != l->body, carry = !outside && p < l->params.n && l->params.at[p].kind == LP_CARRY;
        if (!outside && (p == l->params.n || l->params.at[p].kind == LP_INDEX))
            continue;
        Node *n = outside ? w->at[k] : argument(x->b, p);
        vec_push(x->s->arena, *start, n);
        if (any)
            vec_push(x->s->arena, before, carry ? l->body->results.at[l->params.at[p].result] : n);
        *moves |= carry;
    }
    return before;
}

static void ask_around(Past *x, Nodes w)
{
    struct HeldRead r = *x->read;
    r.v = carried_nodes(x, true);
    for (int k = 0; k < x->around.n; k++)
        vec_push(x->s->arena, r.v, x->around.at[k]);
    r.w = w;
    if (r.v.n && w.n)
        ask(x->s, r);
}

/* From the present iteration back to the first. What v needs only grows: it is known after as many rounds as there are carried values, and after as many again a
 * w that is handed from one carried value to the next has been each of them. */
static void ask_past(Sema *s, const LoopBuilder *b, const struct HeldRead *read, int64_t trips)
{
    Past x = { .s = s, .b = b, .read = read, .carried = NEW_N(s->arena, bool, b->loop->params.n + 1) };
    Nodes v = read->v, w = read->w, start = { 0 };
    bool moves = true;
    for (int64_t k = 0; w.n && k < trips && k < 2 * b->loop->params.n + 1; k++) {
        int known = x.ncarried;
        if (look_back(&x, &v, &w)) {
            computed(s, read);
            return;
        }
        bool any = k + 1 < trips;                    /* iterations before this one */
        w = earlier(&x, &w, any, &start, &moves);
        if (moves)
            ask_around(&x, start);
        else if (k && x.ncarried == known)
            break;
        if (any)
            v = carried_nodes(&x, false);
    }
    if (!moves)
        ask_around(&x, start);
}

void held_leave(Sema *s, const LoopBuilder *b, int64_t trips, int from)
{
    int n = s->held.n - from;
    struct HeldRead *read = NEW_N(s->arena, struct HeldRead, n + 1);
    for (int k = 0; k < n; k++)
        read[k] = s->held.at[from + k];
    s->held.n = from;
    for (int k = 0; k < n; k++)
        if (!*read[k].said)
            ask_past(s, b, &read[k], trips);
}

/* ---- names that are read ---- */

typedef struct Leaves { Sema *s; Nodes to; } Leaves;

static Val leaf_node(void *user, Val leaf)
{
    Leaves *x = user;
    if (leaf.kind == V_ARRAY)
        vec_push(x->s->arena, x->to, leaf.node);
    return leaf;
}

static Nodes nodes_of(Sema *s, Val v)
{
    Leaves x = { .s = s };
    if (v.kind != V_ERROR)
        val_map_leaves(s, v, leaf_node, &x);
    return x.to;
}

void held_begin(Sema *s, Held *h, const Scope *scope, Name in, Val w)
{
    *h = (Held){ .up = s->grads, .scope = scope, .in = in, .w = nodes_of(s, w) };
    s->grads = h;
}

void held_end(Sema *s) { s->grads = s->grads->up; }

static bool sees(const Sema *s, const Scope *scope, const Sym *y)
{
    for (const Scope *c = scope; c && c != s->global && c != s->library; c = c->up)
        for (int k = 0; k < c->syms.n; k++)
            if (c->syms.at[k] == y)
                return true;
    return false;
}

static bool is_new(const Held *h, const Sym *y)
{
    for (int k = 0; k < h->read.n; k++)
        if (h->read.at[k] == y)
            return false;
    return true;
}

void held_read(Sema *s, const Sym *y, Span at)
{
    if (y->kind != SYM_LOCAL && !y->assigned)
        return;
    for (Held *h = s->grads; h; h = h->up)
        if (sees(s, h->scope, y) && is_new(h, y)) {
            vec_push(s->arena, h->read, y);
            struct HeldRead r = { .name = y->name, .in = h->in, .at = at, .v = nodes_of(s, y->val), .w = h->w, .said = NEW(s->arena, bool) };
            vec_push(s->arena, s->held, r);
        }
}

static Val apart(void *user, Val leaf)
{
    (void)user;
    if (leaf.kind == V_ARRAY && leaf.node->op == OP_const && leaf.node->type.dtype == T_REAL)
        leaf.node = ir_apart(leaf.node);
    return leaf;
}

Val held_apart(Sema *s, Name name, Val v)
{
    if (v.kind == V_ERROR)
        return v;
    for (int k = 0; k < s->files.n; k++)
        for (int j = 0; j < s->files.at[k]->ngrad; j++)
            if (s->files.at[k]->grad[j] == name)
                return val_map_leaves(s, v, apart, NULL);
    return v;
}
