/* eval_value.c -- values of expressions: numbers, arrays, records; conversions and broadcasting.
 *
 * A NUM stays a number until it meets an array. An ARRAY of INT either has a known range and may index, or (int data) becomes real in
 * arithmetic. Every function returns nodes of s->here: values from outside a loop are captured on the way. */
#include "eval.h"
#include <math.h>

Val val_error(void) { return (Val){ .kind = V_ERROR }; }
Val val_num(double x, bool whole) { return (Val){ .kind = V_NUM, .num = x, .whole = whole }; }
Val val_array(Node *n) { return (Val){ .kind = V_ARRAY, .node = n }; }

Val val_int(Node *n, int64_t lo, int64_t hi)
{
    return (Val){ .kind = V_ARRAY, .node = n, .ranged = true, .lo = lo, .hi = hi };
}

Val val_record(const StructType *t, Val *field, int nlead, const int64_t *lead)
{
    Val v = { .kind = V_RECORD, .type = t, .field = field, .nlead = nlead };
    for (int k = 0; k < nlead; k++)
        v.lead[k] = lead[k];
    return v;
}

bool val_is_int(const Val *v)
{
    return (v->kind == V_NUM && v->whole) || (v->kind == V_ARRAY && v->node->type.dtype == T_INT && v->ranged);
}

Type val_type(const Val *v)
{
    return v->kind == V_ARRAY ? v->node->type : type_scalar(v->whole ? T_INT : T_REAL);
}

Val report(Sema *s, Span at, const char *label, const char *fmt, ...)
{
    va_list ap;
    Buf b = { 0 };
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    diag_error(s->diags, at, label, "%s", b.at);
    buf_free(&b);
    return val_error();
}

Node *node_here(Sema *s, Node *n)
{
    Frame *chain[256];
    int depth = 0;
    if (n->graph == s->here)
        return n;
    for (Frame *f = s->frame; f && depth < 256; f = f->up) {
        chain[depth++] = f;
        if (f->builder->outer == n->graph) {
            while (depth--)
                n = loop_capture(chain[depth]->builder, n);
            return n;
        }
    }
    ice("a value of another graph is used");
}

Node *sema_node(Sema *s, Val v)
{
    if (v.kind == V_ARRAY)
        return node_here(s, v.node);
    if (v.kind != V_NUM)
        ice("a value without a node");
    return v.whole && fabs(v.num) <= INT32_MAX ? ir_int(s->here, (int64_t)v.num) : ir_real(s->here, v.num);
}

Node *val_real(Sema *s, Val v)
{
    return v.kind == V_NUM ? ir_real(s->here, v.num) : ir_cast_real(s->here, node_here(s, v.node));
}

Node *val_bool(Sema *s, Val v)
{
    Node *n = sema_node(s, v);
    return n->type.dtype == T_BOOL ? n : ir_map2(s->here, OP_ne, ir_cast_real(s->here, n), ir_const(s->here, type_of(T_REAL, n->type.rank, n->type.dim), 0));
}

Node *sema_real(Sema *s, Val v, Span at, const char *what)
{
    if (v.kind == V_ERROR)
        return NULL;
    if (v.kind == V_RECORD) {
        report(s, at, "an array or a number is expected", "%s is a record %s, not an array", what, v.type->text);
        return NULL;
    }
    return val_real(s, v);
}

char *val_text(Sema *s, Val v)
{
    if (v.kind == V_NUM)
        return arena_printf(s->arena, "the number %.15g", v.num);
    if (v.kind == V_ARRAY)
        return v.node->type.rank ? type_text(s->arena, &v.node->type) : arena_printf(s->arena, "a scalar");
    if (v.kind == V_RECORD) {
        Buf b = { 0 };
        for (int k = 0; k < v.nlead; k++)
            buf_printf(&b, "%s%lld%s", k ? ", " : "[", (long long)v.lead[k], k + 1 == v.nlead ? "] of " : "");
        char *t = arena_printf(s->arena, "%s%s", b.at ? b.at : "", v.type->text);
        buf_free(&b);
        return t;
    }
    return arena_printf(s->arena, "an error");
}

bool broadcast_types(const Type *a, const Type *b, Type *out)
{
    *out = a->rank >= b->rank ? *a : *b;
    for (int k = 1; k <= out->rank; k++) {
        int64_t x = k <= a->rank ? a->dim[a->rank - k] : 1, y = k <= b->rank ? b->dim[b->rank - k] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        out->dim[out->rank - k] = x == 1 ? y : x;
    }
    return true;
}

Node *broadcast_to(Sema *s, Node *n, const Type *shape)
{
    return shape_eq(&n->type, shape) ? n : ir_broadcast(s->here, n, shape->rank, shape->dim);
}

Node *sema_fit(Sema *s, Val v, int rank, const int64_t *dim)
{
    if (v.kind != V_NUM && v.kind != V_ARRAY)
        return NULL;
    Type want = type_of(T_REAL, rank, dim), have = val_type(&v), both;
    if (!broadcast_types(&have, &want, &both) || !shape_eq(&both, &want))
        return NULL;
    return broadcast_to(s, val_real(s, v), &want);
}

static bool same_record(const Val *a, const Val *b)
{
    if (a->type->nfield != b->type->nfield)
        return false;
    for (int k = 0; k < a->type->nfield; k++)
        if (a->type->field[k].name != b->type->field[k].name)
            return false;
    return true;
}

Val val_each(Sema *s, const Expr *at, Val *arg, int n, MapFn *f, void *user)
{
    const Val *r = NULL;
    for (int k = 0; k < n; k++) {
        if (arg[k].kind == V_ERROR)
            return val_error();
        if (arg[k].kind == V_RECORD && r && !same_record(r, &arg[k]))
            return report(s, at->at, NULL, "the records %s and %s have different fields", r->type->text, arg[k].type->text);
        if (arg[k].kind == V_RECORD)
            r = &arg[k];
    }
    if (!r)
        return f(s, at, arg, n, user);
    Val *field = NEW_N(s->arena, Val, r->type->nfield + 1), part[16];
    for (int i = 0; i < r->type->nfield; i++) {
        for (int k = 0; k < n; k++)
            part[k] = arg[k].kind == V_RECORD ? arg[k].field[i] : arg[k];
        field[i] = val_each(s, at, part, n, f, user);
        if (field[i].kind == V_ERROR)
            return val_error();
    }
    return val_record(r->type, field, r->nlead, r->lead);
}

void val_leaves(Sema *s, Val v, Name path, void (*each)(void *user, Name path, Val *leaf), void *user)
{
    if (v.kind != V_RECORD) {
        each(user, path, &v);
        return;
    }
    for (int k = 0; k < v.type->nfield; k++) {
        Name sub = path ? intern_printf("%s.%s", path, v.type->field[k].name) : v.type->field[k].name;
        if (v.field[k].kind == V_RECORD)
            val_leaves(s, v.field[k], sub, each, user);
        else
            each(user, sub, &v.field[k]);
    }
}

Val val_map_leaves(Sema *s, Val v, LeafFn *f, void *user)
{
    if (v.kind != V_RECORD)
        return f(user, v);
    Val *field = NEW_N(s->arena, Val, v.type->nfield + 1);
    for (int k = 0; k < v.type->nfield; k++)
        field[k] = val_map_leaves(s, v.field[k], f, user);
    v.field = field;
    return v;
}
