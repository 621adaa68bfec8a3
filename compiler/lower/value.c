/* value.c -- which nodes are stored, and the expression of any node at an index.
 *
 * Written out at their use: constants, counters, views, comparisons and casts of such, and elementwise values that are asked for once per element. Stored:
 * everything that would be computed more than once, sums, and what loops and calls need in memory. */
#include "low.h"

bool is_view_node(const Node *n)
{
    return n->op == OP_contract && n->u.contract->nfactor == 1 && contract_only_copies(n->u.contract, &n->type);
}

Slot *slot_of(Env **env, Node **n)
{
    Slot *s = &(*env)->slot[(*n)->id];
    while (s->alias) {
        Node *next = s->alias;
        *env = s->alias_env;
        *n = next;
        s = &(*env)->slot[next->id];
    }
    return s;
}

/* Free to write out anywhere, any number of times. */
bool is_trivial(const Env *env, const Node *n)
{
    Env *e = (Env *)env;
    Node *x = (Node *)n;
    Slot *s = slot_of(&e, &x);
    if (s->stored || s->buf || x->op == OP_param || x->op == OP_const || x->op == OP_iota)
        return true;
    if (is_view_node(x) && x->u.contract->scale == 1) {
        for (int a = 0; a < x->narg; a++)
            if (!is_trivial(e, x->arg[a]))
                return false;
        return true;
    }
    if (op_info[x->op].kind == K_MAP && (x->type.dtype != T_REAL || x->op == OP_real || x->op == OP_neg || x->op == OP_detach || x->op == OP_mark) && op_info[x->op].flops <= 1) {
        for (int a = 0; a < x->narg; a++)
            if (!is_trivial(e, x->arg[a]))
                return false;
        return true;
    }
    return false;
}

static bool repeats(const Node *contract, int arg)
{
    /* some letter of the loop nest does not show in the operand's access: its elements are asked for again and again */
    const Contract *c = contract->u.contract;
    for (int l = 0; l < c->nletters; l++) {
        bool used = false;
        for (int k = 0; k < c->arg[arg].rank; k++)
            used |= c->arg[arg].place[k].coef[l] != 0;
        if (!used && c->range[l] > 1)
            return true;
    }
    for (int k = 0; k < c->arg[arg].rank; k++)
        if (c->arg[arg].place[k].index >= 0)
            return true;
    return c->nfactor > 1;
}

static bool must_store(const Node *n)
{
    if (n->op == OP_contract)
        return !is_view_node(n);
    return op_info[n->op].kind == K_REDUCE || n->op == OP_reshape || n->op == OP_cumsum || n->op == OP_cholesky || n->op == OP_trisolve || n->op == OP_solve;
}

static bool loop_kernel_reads(const Loop *, int p);

static bool is_kernel(const Node *n) { return must_store(n) && n->op != OP_contract && op_info[n->op].kind != K_REDUCE; }

/* Is the parameter an operand of a kernel of g, or of one in a loop that captures it? Kernels read memory. */
static bool kernel_reads(const Graph *g, const Node *param)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        const Loop *l = n->op == OP_loop ? n->u.loop : NULL;
        for (int a = 0; !l && a < n->narg; a++)
            if (n->arg[a] == param && is_kernel(n))
                return true;
        for (int p = 0; l && p < l->params.n; p++)
            if (l->params.at[p].kind != LP_INDEX && n->arg[loop_argument(l, p)] == param && loop_kernel_reads(l, p))
                return true;
    }
    return false;
}

/* The same for parameter p of a loop's body, and of the bodies beside it. */
static bool loop_kernel_reads(const Loop *l, int p)
{
    if (kernel_reads(l->body, l->body->params.at[p]))
        return true;
    for (int i = 0; i < 2; i++) {
        const Loop *beside = loop_beside(l, i);
        for (int k = 0; beside && k < beside->params.n; k++)
            if ((i ? l->record->from : l->again->from)[k] == p && kernel_reads(beside->body, beside->body->params.at[k]))
                return true;
    }
    return false;
}

/* Is the value of `of` read where n is written out? */
static bool reads(const Node *n, const Node *of)
{
    if (n == of || must_store(n))
        return n == of;
    for (int a = 0; a < n->narg; a++)
        if (reads(n->arg[a], of))
            return true;
    return false;
}

/* The terms of a sum are added as it is written, and a contraction is whole before it is added, whatever else asks for one of them: values have the same bits in
 * every schedule. */
bool is_part(const Env *e, const Node *x)
{
    return x->op == OP_contract && x->type.dtype == T_REAL && !is_view_node(x) && e->uses[x->id] == 1 && !e->slot[x->id].done;
}

bool adds_parts(const Env *e, const Node *n)
{
    return n->op == OP_add && n->type.dtype == T_REAL && (is_part(e, n->arg[0]) || is_part(e, n->arg[1]) || sums_parts(e, n->arg[0]) || sums_parts(e, n->arg[1]));
}

bool sums_parts(const Env *e, const Node *n) { return e->uses[n->id] == 1 && !e->slot[n->id].stored && adds_parts(e, n); }

static bool has_carried(const Env *e, const Node *n, bool top)
{
    if (n->op != OP_add || (!top && e->uses[n->id] > 1))
        return n->op == OP_param;
    return has_carried(e, n->arg[0], false) || has_carried(e, n->arg[1], false);
}

bool adds_to_carried(const Env *e, const Node *n)
{
    while (e->uses[n->id] == 1 && e->user[n->id] && e->user[n->id]->op == OP_add)
        n = e->user[n->id];
    return e->outer && e->uses[n->id] == 1 && !e->user[n->id] && has_carried(e, n, true);
}

typedef struct Terms { Arena *arena; Vec(const Node *) part, carried; } Terms;

static void terms_of(const Env *e, const Node *n, bool root, Terms *t)
{
    if (n->op == OP_add && (root || e->uses[n->id] == 1)) {
        terms_of(e, n->arg[0], false, t);
        terms_of(e, n->arg[1], false, t);
    } else if (n->op == OP_contract && !is_view_node(n) && e->uses[n->id] == 1)
        vec_push(t->arena, t->part, n);
    else if (n->op == OP_param)
        vec_push(t->arena, t->carried, n);
}

/* An array that grows by contractions is stored and they are added in place; not where one of them reads what it is added to. */
static bool grows_in_place(const Low *l, const Env *e, const Node *n)
{
    Terms t = { .arena = l->arena };
    if (n->op != OP_add || n->type.dtype != T_REAL || !n->type.rank)
        return false;
    terms_of(e, n, true, &t);
    for (int p = 0; p < t.part.n; p++)
        for (int c = 0; c < t.carried.n; c++)
            for (int a = 0; a < t.part.at[p]->narg; a++)
                if (reads(t.part.at[p]->arg[a], t.carried.at[c]))
                    return false;
    return t.part.n > 0;
}

void decide(Low *l, Env *e)
{
    Graph *g = e->graph;
    for (int k = 0; k < g->results.n; k++) {
        e->need[g->results.at[k]->id] = true;
        e->uses[g->results.at[k]->id]++;
    }
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        Node *n = g->nodes.at[i];
        for (int a = 0; e->need[n->id] && a < n->narg; a++) {
            e->need[n->arg[a]->id] = true;
            e->uses[n->arg[a]->id]++;
            e->user[n->arg[a]->id] = n;
        }
    }
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (e->need[n->id] && must_store(n))
            e->slot[n->id].stored = true;
    }
    for (int k = 0; k < g->results.n; k++)
        if (grows_in_place(l, e, g->results.at[k]))
            e->slot[g->results.at[k]->id].stored = true;
    if (l->opt->guard && !e->outer)
        guard_mark(l, g);
    /* Elementwise values and views with arithmetic: stored where they are asked for more than once. */
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (!e->need[n->id])
            continue;
        bool kernel = is_kernel(n);
        for (int a = 0; a < n->narg; a++) {
            Node *x = n->arg[a];
            /* What a loop captures is asked for in every iteration. */
            bool again = e->uses[x->id] > 1 || (n->op == OP_contract && repeats(n, a)) || kernel || n->op == OP_loop;
            if (x->type.dtype != T_NONE && again && !is_trivial(e, x))
                e->slot[x->id].stored = true;
            /* A phase is a function of its own: what it captures must not be written in terms of the loops around it. */
            if (n->op == OP_loop && n->u.loop->is_steps && x->op != OP_param && x->op != OP_const && x->op != OP_proj)
                e->slot[x->id].stored = true;
            if (x->type.dtype != T_NONE && kernel && x->op != OP_param && !e->slot[x->id].buf)
                e->slot[x->id].stored = true;
            if (n->op == OP_contract && a >= n->u.contract->nfactor && !is_trivial(e, x))
                e->slot[x->id].stored = true;
        }
        for (int p = 0; n->op == OP_loop && p < n->u.loop->params.n; p++) {
            Node *x = n->u.loop->params.at[p].kind == LP_CAPTURE ? n->arg[loop_argument(n->u.loop, p)] : NULL;
            if (x && x->op != OP_param && x->type.dtype != T_NONE && !e->slot[x->id].buf && loop_kernel_reads(n->u.loop, p))
                e->slot[x->id].stored = true;
        }
    }
    /* Of two sums with parts that are added one is an array of its own. */
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (e->need[n->id] && n->op == OP_add && n->type.dtype == T_REAL && sums_parts(e, n->arg[0]) && sums_parts(e, n->arg[1]))
            e->slot[n->arg[1]->id].stored = true;
    }
}

LExpr *place_at(Low *l, Env *e, const Node *n, const Place *p, LExpr **letter)
{
    LExpr *x = x_int(l, 0);
    for (int k = 0; k < n->u.contract->nletters; k++)
        if (p->coef[k])
            x = x_add(l, x, x_times(l, letter[k], p->coef[k]));
    if (p->index >= 0) {
        LExpr *idx[MAX_RANK];
        const Access *a = &n->u.contract->arg[p->index];
        for (int k = 0; k < a->rank; k++)
            idx[k] = place_at(l, e, n, &a->place[k], letter);
        x = x_add(l, value_at(l, e, n->arg[p->index], idx), x);
    }
    return x_add(l, x, x_int(l, p->base));
}

LExpr **places_at(Low *l, Env *e, const Node *n, const Access *a, LExpr **letter)
{
    LExpr **idx = NEW_N(l->arena, LExpr *, a->rank + 1);
    for (int d = 0; d < a->rank; d++)
        idx[d] = place_at(l, e, n, &a->place[d], letter);
    return idx;
}

LExpr *guards_at(Low *l, Env *e, const Node *n, LExpr **letter)
{
    LExpr *all = NULL;
    const Contract *c = n->u.contract;
    for (int k = 0; k < c->nguard; k++) {
        int64_t lo, hi;
        place_range(c, &c->guard[k].place, &lo, &hi);
        LExpr *x = x_inside(l, place_at(l, e, n, &c->guard[k].place, letter), lo, hi, c->guard[k].n);
        if (x)
            all = all ? x_map(l, OP_and, T_BOOL, (LExpr *[]){ all, x }, 2) : x;
    }
    return all;
}

static LExpr *view_at(Low *l, Env *e, Node *n, LExpr **idx)
{
    const Contract *c = n->u.contract;
    LExpr *letter[MAX_LETTERS] = { NULL }, *inner[MAX_RANK];
    for (int d = 0; d < n->type.rank; d++) {
        int k;
        if (place_is_letter(&c->out.place[d], &k))
            letter[k] = idx[d];
    }
    for (int d = 0; d < c->arg[0].rank; d++)
        inner[d] = place_at(l, e, n, &c->arg[0].place[d], letter);
    return x_guard(l, guards_at(l, e, n, letter), x_scaled(l, c->scale, value_at(l, e, n->arg[0], inner)));
}

LExpr **slot_index(Low *l, const Slot *s, LExpr **idx, int n)
{
    LExpr **all = NEW_N(l->arena, LExpr *, s->nprefix + n + 1);
    memcpy(all, s->prefix, sizeof *all * (size_t)s->nprefix);
    memcpy(all + s->nprefix, idx, sizeof *all * (size_t)n);
    return all;
}

LPtr first_of(Low *l, const Slot *s, const Type *t)
{
    LExpr *idx[MAX_RANK];
    for (int d = 0; d < t->rank; d++)
        idx[d] = x_int(l, 0);
    return (LPtr){ s->buf, slot_index(l, s, idx, t->rank), ((1u << t->rank) - 1) << s->nprefix };
}

LExpr *value_at(Low *l, Env *e, Node *n, LExpr **idx)
{
    Slot *s = slot_of(&e, &n);
    if (s->index_var)
        return x_var(l, s->index_var);
    if (s->index_at)
        return s->index_at;
    if (s->buf)
        return x_load(l, s->buf, slot_index(l, s, idx, n->type.rank));
    if (n->op == OP_const)
        return x_num(l, n->u.number, n->type.dtype);
    if (n->op == OP_iota)
        return idx[n->u.axis];
    if (is_view_node(n))
        return view_at(l, e, n, idx);
    if (op_info[n->op].kind == K_MAP) {
        LExpr *arg[3];
        for (int a = 0; a < n->narg; a++)
            arg[a] = value_at(l, e, n->arg[a], idx);
        if (n->op == OP_detach || n->op == OP_mark)
            return arg[0];
        return x_about(l, n->type.dtype == T_REAL ? x_real(l, n->op, arg, n->narg) : x_map(l, n->op, n->type.dtype, arg, n->narg), n);
    }
    ice("lower: node %d (%s) is used before it is stored", n->id, op_info[n->op].name);
}
