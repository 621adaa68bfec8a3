/* join_fed.c -- a loop that reads another one's values, iteration by iteration, becomes one with it.
 *
 * Loop B is fed by an earlier loop A of as many iterations in the same direction when it reads outputs that A collects, each at its own index only, and depends
 * on A in no other way. Then iteration i of B may follow iteration i of A in one loop, and where B computes again what A has just computed (a tangent loop
 * that starts from the states of its primal) hash-consing does it once. opt/merge_loops.c makes such loops; most become free of A only when stored
 * gradients cut the way from A through its reverse loop to B's operands. The graph computes the same numbers by the same operations. */
#include "rules.h"
#include "opt.h"

typedef struct Fed {
    Graph *g, *body;           /* around the loops; the common body under construction */
    Node *a, *b;
    const Loop *la, *lb;
    int *out;                  /* by parameter of B: A's output that it stands for, or -1 */
    int *by_id;                /* the same by id of B's nodes */
    Node *index;               /* B's */
    Node **aparam, **bparam, **ares;
    Loop *joint;
    Vec(Node *) arg;
    Node **map;                /* by id of B's nodes */
} Fed;

static bool is_plain(const Loop *l)
{
    bool plain = !l->is_steps && !l->saves && !l->again && !l->record;
    for (int p = 0; p < l->params.n; p++)
        plain &= l->params.at[p].kind != LP_STATE;
    for (int k = 0; k < l->outs.n; k++)
        plain &= l->outs.at[k].kind != LO_SAVE;
    return plain;
}

/* Every fed operand of the node is read at the loop's index. */
static bool reads_at_index(const Fed *f, const Node *n)
{
    for (int a = 0; a < n->narg; a++)
        if (f->by_id[n->arg[a]->id] >= 0 && (n->op != OP_contract || a >= n->u.contract->nfactor || !is_index_place(&n->u.contract->arg[a].place[0], n, f->index)))
            return false;
    return true;
}

static bool is_fed(Fed *f)
{
    const Graph *body = f->lb->body;
    int limit = graph_limit(body), count = 0;
    Vec(Node *) other = { 0 };                     /* arguments that are not fed: they may not wait for the loop that feeds */
    f->out = NEW_N(f->g->arena, int, f->lb->params.n + 1);
    f->by_id = NEW_N(f->g->arena, int, limit + 1);
    for (int i = 0; i <= limit; i++)
        f->by_id[i] = -1;
    for (int p = 0; p < f->lb->params.n; p++) {
        f->out[p] = -1;
        if (f->lb->params.at[p].kind == LP_INDEX) {
            f->index = body->params.at[p];
            continue;
        }
        Node *x = f->b->arg[loop_argument(f->lb, p)];
        if (f->lb->params.at[p].kind == LP_CAPTURE && x->op == OP_proj && x->arg[0] == f->a && f->la->outs.at[x->u.axis].kind == LO_COLLECT) {
            f->out[p] = f->by_id[body->params.at[p]->id] = (int)x->u.axis;
            count++;
        } else
            vec_push(f->g->arena, other, x);
    }
    if (!count || graph_needed(f->g->arena, f->g, other.at, other.n)[f->a->id])
        return false;
    for (int i = 0; i < body->nodes.n; i++)
        if (!reads_at_index(f, body->nodes.at[i]))
            return false;
    for (int k = 0; k < body->results.n; k++)
        if (f->by_id[body->results.at[k]->id] >= 0)
            return false;
    return true;
}

static Node *add_param(Fed *f, LoopParam p, const Node *like, Node *arg)
{
    for (int q = 0, a = 0; p.kind == LP_CAPTURE && q < f->joint->params.n; q++) {
        if (f->joint->params.at[q].kind == LP_CAPTURE && f->arg.at[a] == arg)
            return f->body->params.at[q];
        a += f->joint->params.at[q].kind != LP_INDEX;
    }
    vec_push(f->g->arena, f->joint->params, p);
    if (p.kind != LP_INDEX)
        vec_push(f->g->arena, f->arg, arg);
    return ir_param_like(f->body, like);
}

static void add_params(Fed *f)
{
    Node *index = NULL;
    for (int p = 0; p < f->la->params.n; p++) {
        LoopParam q = f->la->params.at[p];
        f->aparam[p] = add_param(f, q, f->la->body->params.at[p], q.kind == LP_INDEX ? NULL : f->a->arg[loop_argument(f->la, p)]);
        if (q.kind == LP_INDEX)
            index = f->aparam[p];
    }
    for (int p = 0; p < f->lb->params.n; p++) {
        LoopParam q = f->lb->params.at[p];
        if (q.kind == LP_CARRY)
            q.result += f->la->body->results.n;
        if (q.kind == LP_INDEX)
            f->bparam[p] = index;
        else if (f->out[p] < 0)
            f->bparam[p] = add_param(f, q, f->lb->body->params.at[p], f->b->arg[loop_argument(f->lb, p)]);
    }
}

/* A contraction that reads A's output at the index reads the value itself. */
static void read_value(Fed *f, const Node *n)
{
    Contract c = *n->u.contract;
    Node *args[MAX_OPERANDS];
    for (int a = 0; a < n->narg; a++) {
        int k = f->by_id[n->arg[a]->id];
        if (k < 0) {
            graph_inline(f->body, f->lb->body, f->bparam, &n->arg[a], 1, &args[a], f->map);
            continue;
        }
        args[a] = f->ares[f->la->outs.at[k].result];
        c.arg[a].rank--;
        memmove(c.arg[a].place, c.arg[a].place + 1, sizeof *c.arg[a].place * (size_t)c.arg[a].rank);
    }
    f->body->here = n->origin;
    f->map[n->id] = ir_contract(f->body, &c, args, n->type);
}

static void make_body(Fed *f)
{
    const Graph *ga = f->la->body, *gb = f->lb->body;
    Node **bres = NEW_N(f->g->arena, Node *, gb->results.n + 1);
    graph_inline(f->body, ga, f->aparam, ga->results.at, ga->results.n, f->ares, NULL);
    for (int i = 0; i < gb->nodes.n; i++)
        for (int a = 0; a < gb->nodes.at[i]->narg; a++)
            if (f->by_id[gb->nodes.at[i]->arg[a]->id] >= 0) {
                read_value(f, gb->nodes.at[i]);
                break;
            }
    graph_inline(f->body, gb, f->bparam, gb->results.at, gb->results.n, bres, f->map);
    for (int k = 0; k < ga->results.n; k++)
        ir_result(f->body, f->ares[k], NULL);
    for (int k = 0; k < gb->results.n; k++)
        ir_result(f->body, bres[k], NULL);
}

static int param_at(const Fed *f, const Node *param)
{
    for (int q = 0; q < f->body->params.n; q++)
        if (f->body->params.at[q] == param)
            return q;
    ice("a carried value without a parameter");
}

static void add_outs(Fed *f)
{
    for (int k = 0; k < f->la->outs.n; k++) {
        LoopOut o = f->la->outs.at[k];
        if (o.kind == LO_CARRY)
            o.param = param_at(f, f->aparam[o.param]);
        vec_push(f->g->arena, f->joint->outs, o);
    }
    for (int k = 0; k < f->lb->outs.n; k++) {
        LoopOut o = f->lb->outs.at[k];
        if (o.kind == LO_CARRY)
            o.param = param_at(f, f->bparam[o.param]);
        o.result += f->la->body->results.n;
        vec_push(f->g->arena, f->joint->outs, o);
    }
}

/* B becomes both; A is left without users. */
static void join(Fed *f, const DiffOptions *o)
{
    Arena *arena = f->g->arena;
    f->body = graph_new(arena, f->lb->body->name);
    f->joint = NEW(arena, Loop);
    *f->joint = (Loop){ .n = f->lb->n, .down = f->lb->down, .name = f->lb->name, .first = f->lb->first };
    f->aparam = NEW_N(arena, Node *, f->la->params.n + 1);
    f->bparam = NEW_N(arena, Node *, f->lb->params.n + 1);
    f->ares = NEW_N(arena, Node *, f->la->body->results.n + 1);
    f->map = NEW_N(arena, Node *, graph_limit(f->lb->body) + 1);
    add_params(f);
    make_body(f);
    add_outs(f);
    f->joint->body = share_loops(f->body, o);
    f->b->u.loop = f->joint;
    f->b->arg = f->arg.at;
    f->b->narg = f->arg.n;
    for (int i = 0; i < f->g->nodes.n; i++) {
        Node *x = f->g->nodes.at[i];
        if (x->op == OP_proj && x->arg[0] == f->b)
            x->u.axis += f->la->outs.n;
        if (x->op == OP_proj && x->arg[0] == f->a)
            x->arg[0] = f->b;
    }
    opt_reorder(f->g);
}

void join_fed_loops(Graph *g, const DiffOptions *o)
{
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < g->nodes.n && !again; i++)
            for (int k = 0; g->nodes.at[i]->op == OP_loop && k < i && !again; k++) {
                if (g->nodes.at[k]->op != OP_loop)
                    continue;
                Fed f = { .g = g, .a = g->nodes.at[k], .b = g->nodes.at[i] };
                f.la = f.a->u.loop;
                f.lb = f.b->u.loop;
                again = f.la->n == f.lb->n && f.la->down == f.lb->down && is_plain(f.la) && is_plain(f.lb) && is_fed(&f);
                if (again)
                    join(&f, o);
            }
    }
}
