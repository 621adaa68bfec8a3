/* loops.c -- building Loop nodes: a body graph that captures outer values on demand.
 *
 * Input: what is carried, what is collected, the body's nodes. Output: one Loop node. Invariant: body parameter k is described by
 * loop->params.at[k]; the node's operands are the arguments of the parameters that are not the index, in order. */
#include "contract.h"

static Node *add_param(LoopBuilder *b, LoopParamKind kind, Type type, Name name, Node *arg)
{
    Node *p = ir_param(b->loop->body, type, name);
    vec_push(b->outer->arena, b->loop->params, (LoopParam){ kind, -1 });
    if (kind != LP_INDEX)
        vec_push(b->outer->arena, b->args, arg);
    return p;
}

LoopBuilder *loop_begin(Graph *outer, int64_t n, Name name)
{
    LoopBuilder *b = NEW(outer->arena, LoopBuilder);
    b->outer = outer;
    b->loop = NEW(outer->arena, Loop);
    b->loop->n = n;
    b->loop->name = name;
    b->loop->body = graph_new(outer->arena, name);
    b->loop->body->here = outer->here;
    b->index = add_param(b, LP_INDEX, type_scalar(T_INT), NULL, NULL);
    return b;
}

Node *loop_carry(LoopBuilder *b, Node *init, Name name)
{
    Node *p = add_param(b, LP_CARRY, init->type, name, init);
    memcpy(p->axis_name, init->axis_name, sizeof p->axis_name);
    return p;
}

Node *loop_capture(LoopBuilder *b, Node *outer)
{
    if (outer->op == OP_const)
        return ir_const(b->loop->body, outer->type, outer->u.number);
    if (outer->op == OP_iota)
        return ir_iota(b->loop->body, outer->type, (int)outer->u.axis);
    for (int p = 0, a = 0; p < b->loop->params.n; p++) {
        if (b->loop->params.at[p].kind == LP_CAPTURE && b->args.at[a] == outer)
            return b->loop->body->params.at[p];
        a += b->loop->params.at[p].kind != LP_INDEX;
    }
    Node *p = add_param(b, LP_CAPTURE, outer->type, outer->origin.name, outer);
    p->origin.kind = outer->origin.kind;
    p->origin.span = outer->origin.span;
    p->origin.inner = outer->origin.inner;
    memcpy(p->axis_name, outer->axis_name, sizeof p->axis_name);
    return p;
}

static int param_place(const LoopBuilder *b, const Node *param)
{
    for (int p = 0; p < b->loop->params.n; p++)
        if (b->loop->body->params.at[p] == param)
            return p;
    ice("loop: not a parameter of the body");
}

void loop_next(LoopBuilder *b, Node *param, Node *next)
{
    int p = param_place(b, param);
    if (b->loop->params.at[p].kind != LP_CARRY || !type_eq(&param->type, &next->type))
        ice("loop: the next value of a carried %s has type %s", type_text(b->outer->arena, &param->type), type_text(b->outer->arena, &next->type));
    if (b->loop->params.at[p].result >= 0)
        b->loop->body->results.at[b->loop->params.at[p].result] = next;
    else {
        ir_result(b->loop->body, next, param->origin.name);
        b->loop->params.at[p].result = b->loop->body->results.n - 1;
    }
}

int loop_collect(LoopBuilder *b, Node *element)
{
    ir_result(b->loop->body, element, element->origin.name);
    vec_push(b->outer->arena, b->loop->outs, (LoopOut){ LO_COLLECT, -1, b->loop->body->results.n - 1 });
    return b->loop->outs.n - 1;
}

int loop_final(LoopBuilder *b, Node *param)
{
    vec_push(b->outer->arena, b->loop->outs, (LoopOut){ LO_CARRY, param_place(b, param), -1 });
    return b->loop->outs.n - 1;
}

Node *loop_end(LoopBuilder *b)
{
    for (int p = 0; p < b->loop->params.n; p++)
        if (b->loop->params.at[p].kind == LP_CARRY && b->loop->params.at[p].result < 0)
            ice("loop: a carried value has no next value");
    return ir_loop(b->outer, b->loop, b->args.at, b->args.n);
}

int loop_argument(const Loop *l, int p)
{
    int a = 0;
    for (int q = 0; q < p; q++)
        a += l->params.at[q].kind != LP_INDEX;
    return a;
}

Loop *loop_beside(const Loop *l, int k)
{
    return k ? (l->record ? l->record->loop : NULL) : l->again ? l->again->loop : NULL;
}

static bool fits(const Loop *l, int p, const Type *arg)
{
    Type t = l->body->params.at[p]->type;
    if (l->params.at[p].kind == LP_STATE) {       /* the slots: stacked states */
        memmove(t.dim + 1, t.dim, sizeof *t.dim * (size_t)t.rank++);
        t.dim[0] = checkpoint_slots(l->saves);
    }
    return type_eq(arg, &t);
}

/* An output of kind CARRY repeats which result is the parameter's next value. */
Node *ir_loop(Graph *g, Loop *loop, Node *const *args, int n)
{
    int a = 0;
    for (int p = 0; p < loop->params.n; p++) {
        if (loop->params.at[p].kind == LP_INDEX)
            continue;
        if (a >= n || !fits(loop, p, &args[a]->type))
            ice("loop: argument %d of %d does not fit its parameter", a, n);
        a++;
    }
    if (a != n || loop->body->params.n != loop->params.n)
        ice("loop: %d arguments for %d parameters", n, loop->params.n);
    for (int k = 0; k < loop->outs.n; k++)
        if (loop->outs.at[k].kind == LO_CARRY)
            loop->outs.at[k].result = loop->params.at[loop->outs.at[k].param].result;
        else if (loop->outs.at[k].kind == LO_COLLECT)
            loop->outs.at[k].param = -1;
    Node like = { .op = OP_loop, .type = { .dtype = T_NONE } };
    like.u.loop = loop;
    return node_make(g, &like, args, n);
}
