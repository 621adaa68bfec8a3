/* eval_call.c -- calls: the user's and the standard library's functions are inlined; what is neither goes to eval_library.c.
 *
 * Sizes in an argument's brackets are bound by the call and must agree; a plain number may be used as a size inside. A bare word that names nothing and is
 * the name of a parameter (`causal`) is a flag: it gives that parameter the value 1. */
#include "eval.h"

enum { MAX_ARGS = 16, CALL_DEPTH = 200, MAX_CALLS = 500000, MAX_NODES = 200000 };

static Val wrong_count(Sema *s, const Decl *fn, const Expr *call, int given)
{
    Diag *d = diag_error(s->diags, call->at, NULL, "%s takes %d argument%s; %d %s given", fn->name.name, fn->nitem, fn->nitem == 1 ? "" : "s", given, given == 1 ? "is" : "are");
    diag_note(s->diags, d, fn->name.span, "%s is declared here", fn->name.name);
    return val_error();
}

static char *sizes_text(Sema *s, Expr *const *size, int nsize)
{
    Buf b = { 0 };
    for (int k = 0; k < nsize; k++) {
        const Expr *e = size[k];
        buf_puts(&b, k ? ", " : "[");
        if (e->kind == E_NAME)
            buf_puts(&b, e->name);
        else
            buf_put(&b, e->span.src->text + e->span.first.off, e->span.last.off - e->span.first.off);
    }
    buf_puts(&b, "]");
    char *t = arena_printf(s->arena, "%s", b.at);
    buf_free(&b);
    return t;
}

/* One declared size, where `found` is at hand: a plain new name is bound to it, anything else must be equal. */
typedef struct Size { const Decl *fn; const Declared *arg; const Expr *e; int64_t found; const char *of, *declared; Span at; Name dim; } Size;

static bool bind_size(Sema *s, Scope *scope, Size z, const char *which)
{
    Sym *y = z.e->kind == E_NAME ? scope_find(scope, z.e->name) : NULL;
    int64_t want;
    if (z.e->kind == E_NAME && (!y || y->kind == SYM_FN || y->kind == SYM_STRUCT || (y->kind != SYM_DIM && y->kind != SYM_CONST && y->kind != SYM_ARG && y->kind != SYM_LOCAL))) {
        y = scope_add(s->arena, scope, SYM_DIM, z.e->name, z.e->span);
        y->val = val_num((double)z.found, true);
        y->stands_for = z.dim;
        y->has_val = true;
        return true;
    }
    if (!sema_whole(s, scope, z.e, "a size", &want))
        return false;
    if (want == z.found)
        return true;
    const char *text = z.e->kind == E_NUM ? "" : arena_printf(s->arena, " and %.*s is %lld", (int)(z.e->span.last.off - z.e->span.first.off), z.e->span.src->text + z.e->span.first.off, (long long)want);
    Diag *d = diag_error(s->diags, z.at, NULL, "argument %s of %s %s, but %s is declared: %s %lld%s", z.arg->name.name, z.fn->name.name, z.of, z.declared, which, (long long)z.found, text);
    diag_note(s->diags, d, z.arg->name.span, "%s is declared here", z.arg->name.name);
    return false;
}

/* The sizes of a record: those before it, `blocks[l] : S`, and those of its struct, `p : S[i, o]`, which may be left out. */
static bool check_record(Sema *s, Scope *scope, const Decl *fn, const Declared *a, const Val *v, Span at)
{
    const TypeRef *t = &a->type;
    if (v->kind != V_RECORD || v->type->name != t->name || v->nlead != a->nsize) {
        Diag *d = diag_error(s->diags, at, NULL, "argument %s of %s must be a record %s%s; found %s", a->name.name, fn->name.name, a->nsize ? sizes_text(s, a->size, a->nsize) : "", t->name, val_text(s, *v));
        diag_note(s->diags, d, a->name.span, "%s is declared here", a->name.name);
        return false;
    }
    Size z = { fn, a, NULL, 0, arena_printf(s->arena, "is %s", val_text(s, *v)), NULL, at };
    for (int k = 0; k < a->nsize; k++) {
        z.e = a->size[k], z.found = v->lead[k], z.declared = sizes_text(s, a->size, a->nsize);
        if (!bind_size(s, scope, z, arena_printf(s->arena, "axis %d has length", k)))
            return false;
    }
    if (t->nsize && t->nsize != v->type->nsize) {
        report(s, t->span, NULL, "struct %s takes %d size%s; %d %s given", t->name, v->type->nsize, v->type->nsize == 1 ? "" : "s", t->nsize, t->nsize == 1 ? "is" : "are");
        return false;
    }
    for (int k = 0; k < t->nsize; k++) {
        z.e = t->size[k], z.found = v->type->size[k], z.declared = arena_printf(s->arena, "%s%s", t->name, sizes_text(s, t->size, t->nsize));
        if (!bind_size(s, scope, z, arena_printf(s->arena, "its size %s is", v->type->size_name[k])))
            return false;
    }
    return true;
}

bool sema_argument_sizes(Sema *s, Scope *scope, const Decl *fn, const Declared *a, const Val *v, Span at)
{
    if (a->type.kind == TYPE_STRUCT)
        return check_record(s, scope, fn, a, v, at);
    if (!a->nsize)
        return true;
    if (v->kind == V_RECORD) {
        Diag *d = diag_error(s->diags, at, NULL, "argument %s of %s must be an array; found a record %s", a->name.name, fn->name.name, v->type->text);
        diag_note(s->diags, d, a->name.span, "%s is declared here", a->name.name);
        return false;
    }
    Type t = val_type(v);
    if (t.rank != a->nsize) {
        Diag *d = diag_error(s->diags, at, NULL, "argument %s of %s has shape %s, but %s is declared: %d %s expected, %d found", a->name.name, fn->name.name, type_text(s->arena, &t),
                             sizes_text(s, a->size, a->nsize), a->nsize, a->nsize == 1 ? "axis is" : "axes are", t.rank);
        diag_note(s->diags, d, a->name.span, "%s is declared here", a->name.name);
        return false;
    }
    for (int k = 0; k < t.rank; k++) {
        Size z = { fn, a, a->size[k], t.dim[k], arena_printf(s->arena, "has shape %s", type_text(s->arena, &t)), sizes_text(s, a->size, a->nsize), at, v->kind == V_ARRAY ? v->node->axis_name[k] : NULL };
        if (!bind_size(s, scope, z, arena_printf(s->arena, "axis %d has length", k)))
            return false;
    }
    return true;
}

/* Puts positional, named and flag arguments in the order of the declaration. NULL at[]: the default counts. */
static bool order_arguments(Sema *s, Scope *scope, const Decl *fn, const Expr *call, Val *val, const Expr **at)
{
    int place = 0;
    for (int k = 0; k < call->narg; k++) {
        const Arg *a = &call->arg[k];
        int to = -1;
        bool flag = !a->name.name && a->value->kind == E_NAME && !scope_find(scope, a->value->name);
        Name word = a->name.name ? a->name.name : flag ? a->value->name : NULL;
        for (int i = 0; word && i < fn->nitem; i++)
            if (fn->item[i].name.name == word && (!flag || fn->item[i].init))
                to = i;
        flag = flag && to >= 0;
        if (a->name.name && to < 0) {
            Name known[MAX_ARGS];
            for (int i = 0; i < fn->nitem; i++)
                known[i] = fn->item[i].name.name;
            Name near = habit_of_name(a->name.name) ? NULL : nearest_name(a->name.name, known, fn->nitem);
            report(s, a->name.span, NULL, "%s has no argument `%s`%s%s%s", fn->name.name, a->name.name, near ? "; did you mean `" : habit_text(s->arena, a->name.name), near ? near : "", near ? "`?" : "");
            return false;
        }
        if (to < 0 && word && is_flag(word)) {
            report(s, call->at, NULL, "%s does not take `%s`", fn->name.name, word);
            return false;
        }
        if (to < 0) {
            if (place >= fn->nitem) {
                wrong_count(s, fn, call, call->narg);
                return false;
            }
            to = place++;
        }
        if (at[to]) {
            report(s, a->name.name ? a->name.span : a->value->span, NULL, "the argument %s of %s is given twice", fn->item[to].name.name, fn->name.name);
            return false;
        }
        at[to] = a->value;
        val[to] = flag ? val_num(1, true) : sema_expr(s, scope, a->value);
        if (val[to].kind == V_ERROR)
            return false;
    }
    for (int i = 0; i < fn->nitem; i++)
        if (!at[i] && !fn->item[i].init) {
            wrong_count(s, fn, call, call->narg);
            return false;
        }
    return true;
}

static bool enter(Sema *s, const Decl *fn, const Expr *call)
{
    for (int k = 0; k < s->calls.n; k++)
        if (s->calls.at[k].fn == fn) {
            Diag *d = diag_error(s->diags, call->at, NULL, "`%s` is recursive: functions are inlined and cannot call themselves; use a loop", fn->name.name);
            diag_note(s->diags, d, fn->name.span, "%s is declared here", fn->name.name);
            return false;
        }
    if (s->calls.n >= CALL_DEPTH) {
        report(s, call->at, NULL, "calls are nested more than %d deep", CALL_DEPTH);
        return false;
    }
    if (++s->inlined > MAX_CALLS || s->here->nodes.n > MAX_NODES) {
        if (s->inlined < 2 * MAX_CALLS)        /* said once */
            report(s, call->at, NULL, "the problem grows too large: functions are inlined, and this is call %lld in a graph of %d operations; the limits are %d and %d", (long long)s->inlined, s->here->nodes.n, MAX_CALLS, MAX_NODES);
        s->inlined = 2 * MAX_CALLS;
        return false;
    }
    vec_push(s->arena, s->calls, (typeof(*s->calls.at)){ fn, call->at });
    return true;
}

/* What the function returns is called after it, unless it has a name of its own. */
static Val run_function(Sema *s, Scope *local, const Decl *fn, bool library)
{
    bool was = s->in_library, hidden = s->hidden;
    Graph *g = s->here;
    Name within = g->here.within;
    s->in_library |= library;
    s->hidden |= library && always_there(fn->name.span.src->path);
    if (!hidden)
        g->here.within = fn->name.name;
    Val v = sema_body(s, local, fn->body, fn->name.name, fn->name.span);
    g->here.within = within;
    s->in_library = was;
    s->hidden = hidden;
    if (v.kind == V_ARRAY && !v.node->origin.name && v.node->op != OP_const && v.node->op != OP_param)
        v.node->origin.name = fn->name.name;
    return v;
}

Val eval_call(Sema *s, Scope *scope, const Expr *e)
{
    Sym *y = scope_find(scope, e->name);
    if (!y || y->kind != SYM_FN) {
        bool known = false;
        if (!y || (y->kind != SYM_LOCAL && y->kind != SYM_ARG) || sema_is_builtin(e->name)) {
            Val v = eval_builtin(s, scope, e, &known);
            if (known)
                return v;
        }
        if (y)
            return report(s, e->at, NULL, "`%s` is not a function", e->name);
        Vec(Name) names = { 0 };
        const Name *library;
        for (int k = 0, n = sema_builtin_names(&library); k < n; k++)
            vec_push(s->arena, names, library[k]);
        for (const Scope *c = scope; c; c = c->up)
            for (int k = 0; k < c->syms.n; k++)
                if (c->syms.at[k]->kind == SYM_FN)
                    vec_push(s->arena, names, c->syms.at[k]->name);
        Name near = habit_of_name(e->name) ? NULL : nearest_name(e->name, names.at, names.n);
        return report(s, e->at, near ? arena_printf(s->arena, "did you mean `%s`?", near) : NULL, "unknown function `%s`%s%s%s", e->name, near ? "; the nearest known one is `" : habit_text(s->arena, e->name), near ? near : "", near ? "`" : "");
    }
    const Decl *fn = y->decl;
    Val val[MAX_ARGS];
    const Expr *at[MAX_ARGS] = { NULL };
    if (fn->nitem > MAX_ARGS)
        return report(s, fn->name.span, NULL, "%s has %d arguments; the limit is %d", fn->name.name, fn->nitem, MAX_ARGS);
    if (!order_arguments(s, scope, fn, e, val, at) || !enter(s, fn, e))
        return val_error();
    Scope *outside = y->library ? s->library : s->global, local = { .up = outside };
    Context before = s->context;
    s->context = CTX_FN;
    bool ok = true;
    for (int k = 0; k < fn->nitem && ok; k++) {
        if (!at[k])
            val[k] = sema_expr(s, outside, fn->item[k].init);
        ok = val[k].kind != V_ERROR && sema_argument_sizes(s, &local, fn, &fn->item[k], &val[k], at[k] ? at[k]->span : e->at);
        if (ok) {
            Sym *arg = scope_add(s->arena, &local, SYM_ARG, fn->item[k].name.name, fn->item[k].name.span);
            arg->val = held_apart(s, arg->name, val[k]);
            arg->has_val = true;
        }
    }
    vec_push(s->arena, s->diags->calls, (CallSite){ fn->name.name, e->at, y->library });
    Val v = ok ? run_function(s, &local, fn, y->library) : val_error();
    s->diags->calls.n--;
    s->context = before;
    s->calls.n--;
    return v;
}
