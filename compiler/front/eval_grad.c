/* eval_grad.c -- grad[w](e): the derivative of the scalar e in the value of a name, an array or a record of arrays.
 *
 * e is evaluated into a graph of its own. There w stands for parameters, and whatever else e reads is captured, as by the body of a loop: this is a loop of one
 * iteration that is never ended. The graph becomes the region of a grad node; diff/ expands those before anything else is done with a problem.
 * What e reads by other names is held fixed, as in a partial derivative. On paper a local that was computed from w before would not be: to read one is an error (held.c). */
#include "eval.h"

typedef struct Enter { Sema *s; LoopBuilder *b; Name name; bool whole; } Enter;

static Val enter_leaf(void *user, Val leaf)
{
    Enter *x = user;
    x->whole |= leaf.kind == V_NUM || leaf.node->type.dtype != T_REAL;
    Node *outside = val_real(x->s, leaf);
    return val_array(loop_carry(x->b, outside, outside->origin.name ? outside->origin.name : x->name));
}

typedef struct Leave { Sema *s; Node *grad; int at; } Leave;

static Val leave_leaf(void *user, Val leaf)
{
    Leave *x = user;
    const Region *r = x->grad->u.region;
    Node *d = ir_proj(x->s->here, x->grad, x->at);
    (void)leaf;
    d->origin.name = intern_printf("g_%s", r->body->params.at[r->wrt[x->at++]]->origin.name);
    return val_array(d);
}

/* The loss in the region; NULL: reported. */
static Node *region_loss(Sema *s, Scope *inside, const Expr *e, LoopBuilder *b)
{
    Body nothing = { 0 };
    const Stmt none = { .kind = S_FOR_EACH, .body = &nothing };
    Sym nobody = { .name = intern("grad") };
    Frame frame = { .up = s->frame, .builder = b, .scope = inside, .loop = &none, .trips = 1, .var = &nobody };
    Graph *outer = s->here;
    s->frame = &frame;
    s->here = b->loop->body;
    Val v = sema_expr(s, inside, e->a);
    Node *loss = v.kind == V_ERROR ? NULL : sema_real(s, v, e->a->span, "what is differentiated");
    s->frame = frame.up;
    s->here = outer;
    if (loss && loss->type.rank) {
        report(s, e->a->span, "a scalar is expected", "grad[%s](...) differentiates a scalar, such as the `mean` or the `sum` of an array; this has shape %s", e->letter[0].name, type_text(s->arena, &loss->type));
        return NULL;
    }
    return loss;
}

static Val grad_node(Sema *s, LoopBuilder *b, Node *loss, Val w)
{
    const Loop *l = b->loop;
    Region *r = NEW(s->arena, Region);
    *r = (Region){ .body = l->body, .wrt = NEW_N(s->arena, int, l->params.n), .written = true };
    Node **args = NEW_N(s->arena, Node *, l->params.n + 1);
    for (int k = 0, a = 0; k < l->params.n; k++) {
        args[k] = l->params.at[k].kind == LP_INDEX ? ir_int(s->here, 0) : b->args.at[a++];
        if (l->params.at[k].kind == LP_CARRY)
            r->wrt[r->nwrt++] = k;
    }
    ir_result(l->body, loss, NULL);
    Leave out = { .s = s, .grad = ir_grad(s->here, OP_grad, r, args, l->params.n) };
    return val_map_leaves(s, w, leave_leaf, &out);
}

Val eval_grad(Sema *s, Scope *scope, const Expr *e)
{
    if (e->nletter != 1)
        return report(s, e->at, NULL, "grad[w](...) differentiates in one name; write one for each");
    const NameAt n = e->letter[0];
    if (s->nletters)
        return report(s, e->at, NULL, "grad[%s](...) cannot stand inside index notation; give it a name in a statement before", n.name);
    const Expr name = { .kind = E_NAME, .name = n.name, .at = n.span, .span = n.span };
    Val w = sema_expr(s, scope, &name);
    if (w.kind == V_ERROR)
        return w;
    LoopBuilder *b = loop_begin(s->here, 1, intern("grad"));
    Enter x = { .s = s, .b = b, .name = n.name };
    Scope inside = { .up = scope };
    Sym *y = scope_add(s->arena, &inside, SYM_LOCAL, n.name, n.span);
    y->val = val_map_leaves(s, w, enter_leaf, &x);
    y->has_val = true;
    if (x.whole)
        return report(s, n.span, "a real array or a record is expected", "grad[%s](...) differentiates in real values; found %s", n.name, val_text(s, w));
    Held held;
    int before = s->held.n;
    held_begin(s, &held, scope, n.name, w);
    Node *loss = region_loss(s, &inside, e, b);
    held_end(s);
    held_leave(s, b, 1, before);
    return loss ? grad_node(s, b, loss, w) : val_error();
}
