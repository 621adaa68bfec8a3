/* graph.c -- a graph as a block of statements, and Loop nodes as loops with carried buffers.
 *
 * A carried value lives in one buffer for all iterations; its next value is stored aside and copied over at the end of the iteration, and copies.c removes
 * the copies that are not needed. Collected values are stored into their slice of the stacked buffer. The body of the loop over the inner steps is a
 * function of its own. */
#include "low.h"

static void give_buffer(Low *l, Node *n, Slot *s)
{
    s->buf = new_buf(l, n->type.dtype, n->type.rank, n->type.dim, LB_WORK, NULL, &n->origin);
    s->nprefix = 0;
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
        /* A contraction that is one term of a sum is added into the sum's buffer, when the sum is stored. */
        if (n->op == OP_contract && e->uses[n->id] == 1 && !is_view_node(n)) {
            bool part = false;
            for (int k = i + 1; k < e->graph->nodes.n && !part; k++) {
                Node *u = e->graph->nodes.at[k];
                if (!e->need[u->id])
                    continue;
                for (int a = 0; a < u->narg; a++)
                    if (u->arg[a] == n) {
                        part = u->op == OP_add && u->type.dtype == T_REAL && (e->slot[u->id].stored || e->uses[u->id] == 1);
                        Node *top = u;
                        while (part && !e->slot[top->id].stored) {       /* up the chain of sums to one that is stored */
                            Node *next = NULL;
                            for (int m = k + 1; m < e->graph->nodes.n && !next; m++)
                                for (int q = 0; q < e->graph->nodes.at[m]->narg; q++)
                                    if (e->need[e->graph->nodes.at[m]->id] && e->graph->nodes.at[m]->arg[q] == top)
                                        next = e->graph->nodes.at[m];
                            part = next && next->op == OP_add && (e->slot[next->id].stored || e->uses[next->id] == 1);
                            top = next;
                        }
                        k = e->graph->nodes.n;
                        break;
                    }
            }
            if (part)
                continue;
        }
        if (!s->buf)
            give_buffer(l, n, s);
        Slot to = *s;
        s->buf = NULL;                            /* while its own statements are made, it has no value yet */
        emit_into(l, e, n, &to, b);
        to.done = true;
        *s = to;
    }
}

static Env *new_env(Low *l, Env *outer, Graph *g)
{
    Env *e = NEW(l->arena, Env);
    int limit = g->nodes.n ? g->nodes.at[g->nodes.n - 1]->id + 1 : 0;
    e->outer = outer;
    e->graph = g;
    e->slot = NEW_N(l->arena, Slot, limit + 1);
    e->uses = NEW_N(l->arena, int, limit + 1);
    e->need = NEW_N(l->arena, bool, limit + 1);
    return e;
}

Env *low_env(Low *, Env *, Graph *);
Env *low_env(Low *l, Env *outer, Graph *g) { return new_env(l, outer, g); }

/* "steps.tangent.adjoint" of entry hypergradient: hypergradient_step_adjoint; a number behind it when taken. */
static Name phase_name(Low *l, Name loop)
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

void emit_loop(Low *l, Env *e, Node *n, LBlock *b)
{
    Loop *loop = n->u.loop;
    Graph *g = loop->body;
    Env *in = new_env(l, e, g);
    LFunc *func = NULL, *before = l->func;
    LStmt *f = new_for(l, new_var(l, loop->is_steps ? intern("t") : NULL), loop->n, false, NULL);
    f->down = loop->down;
    LBuf **carry = NEW_N(l->arena, LBuf *, loop->params.n + 1), **out = NEW_N(l->arena, LBuf *, loop->outs.n + 1);
    LVar *index = f->var;
    if (loop->is_steps) {
        func = NEW(l->arena, LFunc);
        bool back = loop->down;
        func->name = phase_name(l, loop->name);
        func->doc = back ? "Backward through one step of the inner loop." : "One step of the inner loop.";
        func->nindex = 1;
        func->index = NEW_N(l->arena, LVar *, 1);
        func->index[0] = index = new_var(l, intern("t"));
        l->func = func;
    }
    for (int p = 0, a = 0; p < loop->params.n; p++) {
        Node *param = g->params.at[p];
        Slot *s = &in->slot[param->id];
        if (loop->params.at[p].kind == LP_INDEX) {
            s->buf = NULL;
            continue;
        }
        Node *arg = n->arg[a++];
        if (loop->params.at[p].kind == LP_CAPTURE) {
            s->alias = arg;
            s->alias_env = e;
            continue;
        }
        carry[p] = new_buf(l, param->type.dtype, param->type.rank, param->type.dim, LB_WORK, NULL, &param->origin);
        carry[p]->carried = true;
        *s = (Slot){ .buf = carry[p] };
        Slot to = *s;
        store_value(l, e, arg, &to, b);
    }
    for (int k = 0; k < loop->outs.n; k++)
        if (loop->outs.at[k].kind == LO_COLLECT) {
            Node *r = g->results.at[loop->outs.at[k].result];
            int64_t dim[MAX_RANK];
            dim[0] = loop->n;
            memcpy(dim + 1, r->type.dim, sizeof *dim * (size_t)r->type.rank);
            Origin o = r->origin;
            Name hint = o.name ? intern_printf("%s%s_at", o.kind == TANGENT ? "d_" : o.kind == ADJOINT ? "b_" : "", o.name) : NULL;
            out[k] = new_buf(l, r->type.dtype, r->type.rank + 1, dim, LB_WORK, hint, &o);
        }
    decide(l, in);
    for (int p = 0; p < loop->params.n; p++)
        if (loop->params.at[p].kind == LP_INDEX) {
            in->slot[g->params.at[p]->id].index_var = index;
        }
    LBlock *body = func ? &func->body : &f->body;
    bool *collected = NEW_N(l->arena, bool, loop->outs.n + 1);
    for (int k = 0; k < loop->outs.n; k++) {
        if (loop->outs.at[k].kind != LO_COLLECT)
            continue;
        Node *r = g->results.at[loop->outs.at[k].result];
        Slot to = slice(l, out[k], index), *s = &in->slot[r->id];
        if (is_carry_param(loop, r)) {            /* a snapshot: at the start of the iteration */
            store_value(l, in, r, &to, body);
            collected[k] = true;
        } else if (r->op != OP_param && r->op != OP_proj && !s->alias && !s->buf && (s->stored || op_info[r->op].kind == K_MAP)) {
            s->stored = true;
            s->buf = to.buf;
            s->nprefix = 1;
            s->prefix[0] = to.prefix[0];
            collected[k] = true;
        }
    }
    emit_graph(l, in, body);
    for (int k = 0; k < loop->outs.n; k++)
        if (loop->outs.at[k].kind == LO_COLLECT && !collected[k]) {
            Slot to = slice(l, out[k], index);
            store_value(l, in, g->results.at[loop->outs.at[k].result], &to, body);
        }
    /* Next values: all aside first, then over the old ones. */
    Slot *aside = NEW_N(l->arena, Slot, loop->params.n + 1);
    for (int p = 0; p < loop->params.n; p++) {
        if (loop->params.at[p].kind != LP_CARRY)
            continue;
        Node *r = g->results.at[loop->params.at[p].result];
        if (r == g->params.at[p])
            continue;
        Env *re = in;
        Node *rn = r;
        Slot *s = slot_of(&re, &rn);
        if (s->buf && !s->nprefix && s->buf->storage == LB_WORK && re == in && rn->op != OP_param)
            aside[p] = *s;
        else {
            Origin o = r->origin;
            aside[p].buf = new_buf(l, r->type.dtype, r->type.rank, r->type.dim, LB_WORK, intern_printf("%s_next", carry[p]->name), &o);
            store_value(l, in, r, &aside[p], body);
        }
    }
    for (int p = 0; p < loop->params.n; p++) {
        if (!aside[p].buf)
            continue;
        LStmt *c = new_stmt(l, LS_COPY, NULL);
        LExpr *idx[MAX_RANK];
        for (int d = 0; d < carry[p]->rank; d++)
            idx[d] = x_int(l, 0);
        c->dst = (LPtr){ carry[p], slot_index(l, &(Slot){ .nprefix = 0 }, idx, carry[p]->rank) };
        c->src = (LPtr){ aside[p].buf, slot_index(l, &(Slot){ .nprefix = 0 }, idx, carry[p]->rank) };
        c->count = type_count(&g->params.at[p]->type);
        push_stmt(l, body, c);
    }
    remove_copies(l, body);
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
    /* Outputs: projections of this loop are those buffers. */
    for (int i = n->id + 1; i < e->graph->nodes.n; i++) {
        Node *x = e->graph->nodes.at[i];
        if (x->op != OP_proj || x->arg[0] != n)
            continue;
        LoopOut o = loop->outs.at[x->u.axis];
        Slot *s = &e->slot[x->id];
        Slot target = *s;
        *s = (Slot){ .buf = o.kind == LO_CARRY ? carry[o.param] : out[x->u.axis], .stored = true, .done = true };
        if (target.buf && e->need[x->id]) {       /* it was to be stored elsewhere: a slice of an outer loop's output */
            store_value(l, e, x, &target, b);
        }
    }
}
