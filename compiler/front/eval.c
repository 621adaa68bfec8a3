/* eval.c -- expressions and statements: evaluation over the scope, dispatching to eval_*.c. Functions are inlined, loops become Loop nodes.
 *
 * What a name may mean depends on where it stands (sema->context): an optimizer argument cannot read params, a function sees its arguments only. */
#include "eval.h"
#include <math.h>

Sym *scope_find(const Scope *scope, Name name)
{
    for (; scope; scope = scope->up)
        for (int k = scope->syms.n - 1; k >= 0; k--)
            if (scope->syms.at[k]->name == name)
                return scope->syms.at[k];
    return NULL;
}

Sym *scope_add(Arena *arena, Scope *scope, SymKind kind, Name name, Span span)
{
    Sym *y = NEW(arena, Sym);
    y->kind = kind;
    y->name = name;
    y->span = span;
    vec_push(arena, scope->syms, y);
    return y;
}

static const char *kind_text(SymKind k)
{
    static const char *const text[] = { "dim", "const", "data", "meta", "param", "state", "function", "struct", "optimizer", "local value", "argument", "step", "letter" };
    return text[k];
}

/* "data", "a meta", "an argument" */
static const char *a_kind(const Sema *s, SymKind k)
{
    const char *t = kind_text(k);
    return k == SYM_DATA || k == SYM_STEP ? t : arena_printf(s->arena, "%s %s", strchr("aeiou", *t) ? "an" : "a", t);
}

/* Where the present context is, for messages: "a const", "the initial value of a meta". */
static const char *context_text(const Sema *s)
{
    switch (s->context) {
    case CTX_SIZE: return "a size";
    case CTX_CONST: return "a const";
    case CTX_META_INIT: return "the initial value of a meta";
    case CTX_PARAM_INIT: return "the initial value of a param";
    case CTX_STRUCT_INIT: return "the initial value of a field";
    case CTX_FN: return "a function";
    case CTX_OPT_ARG: return arena_printf(s->arena, "the argument %s of an optimizer", s->arg_name ? s->arg_name : "");
    case CTX_OPT_BODY: return "an optimizer";
    case CTX_STATE: return "the initial value of a state";
    case CTX_LEARN_ARG: return arena_printf(s->arena, "the argument %s of `learn`", s->arg_name ? s->arg_name : "");
    case CTX_INNER: return "inner";
    case CTX_OUTER: return "outer";
    default: return "this place";
    }
}

static const char *may_read(const Sema *s)
{
    switch (s->context) {
    case CTX_SIZE: case CTX_CONST: case CTX_META_INIT: case CTX_STRUCT_INIT: return "it may read dims and constants only";
    case CTX_PARAM_INIT: return "it may read metas, data, dims and constants";
    case CTX_FN: return "a function sees its arguments, dims, constants and functions: pass it as an argument";
    case CTX_OPT_ARG: return "it may read metas, data, constants and step, never params";
    case CTX_STATE: return "it may read the array's initial value, dims and constants";
    case CTX_LEARN_ARG: return "it may read dims, constants and step";
    case CTX_OPT_BODY: return "an optimizer sees its arguments, the array, its gradient, its states and step: pass it as an argument";
    default: return "it is not visible here";
    }
}

void report_unknown(Sema *s, const Expr *e, Name near)
{
    if (near && !habit_of_name(e->name))
        report(s, e->at, arena_printf(s->arena, "did you mean `%s`?", near), "unknown name `%s`; the nearest known name is `%s`", e->name, near);
    else if (sema_is_builtin(e->name))
        report(s, e->at, NULL, "`%s` is a function, not a value: its arguments follow in parentheses", e->name);
    else if (!e->name[1] && strchr("ijklmn", e->name[0]))
        report(s, e->at, NULL, "unknown name `%s`; a letter of index notation (`sum[%s](...)`, `z[%s] = ...`) is known in its statement, the variable of a loop in the loop", e->name, e->name, e->name);
    else
        report(s, e->at, NULL, "unknown name `%s`%s", e->name, habit_text(s->arena, e->name));
}

/* A name that only a loop before this place has bound: the last iteration's value is not left behind. */
static bool was_inside(Sema *s, const Scope *scope, const Expr *e)
{
    for (int k = s->inside.n - 1; k >= 0; k--)
        for (const Scope *c = s->inside.at[k].name == e->name ? scope : NULL; c; c = c->up)
            if (c == s->inside.at[k].behind) {
                Diag *d = diag_error(s->diags, e->at, NULL, "`%s` is known in the loop alone; give it a value before the loop, and it is carried and can be read behind it", e->name);
                diag_note(s->diags, d, s->inside.at[k].span, "%s is bound here", e->name);
                return true;
            }
    return false;
}

static Val unknown_name(Sema *s, Scope *scope, const Expr *e)
{
    if (was_inside(s, scope, e))
        return val_error();
    Vec(Name) known = { 0 };
    for (const Scope *c = scope; c; c = c->up)
        for (int k = 0; k < c->syms.n; k++)
            if (c->syms.at[k]->kind != SYM_FN && c->syms.at[k]->kind != SYM_STRUCT && c->syms.at[k]->kind != SYM_OPTIMIZER)
                vec_push(s->arena, known, c->syms.at[k]->name);
    report_unknown(s, e, sema_is_builtin(e->name) ? NULL : nearest_name(e->name, known.at, known.n));
    return val_error();
}

/* Does the loop of this frame collect `name`, whose present scope is `scope`? A function called in the loop has names of its own. */
static bool collects(const Frame *f, const Scope *scope, Name name)
{
    while (scope && scope != f->scope)
        scope = scope->up;
    for (int k = 0; scope && k < f->loop->body->nstmt; k++) {
        const Stmt *st = &f->loop->body->stmt[k];
        if (st->kind == S_LET_INDEX && st->name.name == name && is_collecting(f, st))
            return true;
    }
    return false;
}

/* The rows of a collected array are there after the loop: reading one inside would be the value of before the loop, or none. */
static bool reads_collected(Sema *s, Scope *scope, const Expr *e)
{
    for (const Frame *f = s->frame; f; f = f->up)
        if (collects(f, scope, e->name)) {
            Diag *d = diag_error(s->diags, e->at, NULL, "`%s` is being collected by this loop and can be read only after it; to use the value of the iteration before, carry it in a name of its own", e->name);
            diag_note(s->diags, d, f->loop->at, "the loop is here");
            return true;
        }
    return false;
}

static Val step_value(Sema *s, const Expr *e)
{
    if (s->context == CTX_OUTER)
        return report(s, e->at, NULL, "`step` has no meaning in outer, which is judged once after the last step; use `outer over steps` for a loss along the path");
    return report(s, e->at, NULL, "`step` cannot be used in %s: %s", context_text(s), may_read(s));
}

/* A const that is no number is found again where it is used: its nodes belong to the graph that is being built. */
static Val const_value(Sema *s, Sym *y, const Expr *e)
{
    if (y->busy) {
        Diag *d = diag_error(s->diags, e->at, NULL, "the const `%s` is defined by itself", e->name);
        diag_note(s->diags, d, y->span, "%s is declared here", e->name);
        return val_error();
    }
    Context before = s->context;
    s->context = CTX_CONST;
    y->busy = true;
    Val v = sema_expr(s, s->global, y->decl->declared->init);
    y->busy = false;
    s->context = before;
    return v;
}

static Val eval_name(Sema *s, Scope *scope, const Expr *e)
{
    Sym *y = scope_find(scope, e->name);
    if (s->frame && (!y || y->kind == SYM_LOCAL || y->kind == SYM_ARG) && reads_collected(s, scope, e))
        return val_error();
    if (!y && !strcmp(e->name, "step"))
        return step_value(s, e);
    if (!y && !strcmp(e->name, "pi"))
        return val_num(3.14159265358979323846, false);
    if (!y)
        return unknown_name(s, scope, e);
    if (y->kind == SYM_FN || y->kind == SYM_STRUCT || y->kind == SYM_OPTIMIZER)
        return report(s, e->at, NULL, "`%s` is %s, not a value", e->name, a_kind(s, y->kind));
    if (y->kind == SYM_STEP && (!y->has_val || s->context == CTX_FN))
        return step_value(s, e);
    if (y->kind == SYM_CONST && y->decl && y->val.kind != V_NUM) {
        return const_value(s, y, e);
    }
    if ((y->kind == SYM_DATA || y->kind == SYM_META || y->kind == SYM_PARAM) && (!y->has_val || s->context == CTX_FN || s->context == CTX_OPT_BODY)) {
        Diag *d = diag_error(s->diags, e->at, NULL, "`%s` is %s and cannot be read in %s: %s", e->name, a_kind(s, y->kind), context_text(s), may_read(s));
        diag_note(s->diags, d, y->span, "%s is declared here", e->name);
        return val_error();
    }
    if (!y->has_val && y->kind == SYM_ARG && s->context == CTX_STATE)
        return report(s, e->at, NULL, "the argument `%s` cannot be read where a state starts: %s", e->name, may_read(s));
    if (!y->has_val)
        return val_error();
    held_read(s, y, e->at);
    Val v = y->val;
    if (y->kind == SYM_DIM)
        v.dim = y->stands_for ? y->stands_for : y->name;
    return v;
}

static Val eval_field(Sema *s, Scope *scope, const Expr *e)
{
    Val v = eval_base(s, scope, e->a);
    if (v.kind == V_ERROR)
        return v;
    if (v.kind != V_RECORD)
        return report(s, e->at, NULL, "`.%s` needs a record; this is %s%s", e->name, val_text(s, v), habit_text(s->arena, e->name));
    Name *known = NEW_N(s->arena, Name, v.type->nfield + 1);
    for (int k = 0; k < v.type->nfield; k++) {
        if (v.type->field[k].name == e->name)
            return v.field[k];
        known[k] = v.type->field[k].name;
    }
    Name near = nearest_name(e->name, known, v.type->nfield);
    Buf b = { 0 };
    for (int k = 0; k < v.type->nfield; k++)
        buf_printf(&b, "%s%s", k ? ", " : "", known[k]);
    Diag *d = diag_error(s->diags, e->at, NULL, "%s has no field `%s`%s%s%s; its fields are %s", v.type->text, e->name, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "", b.at ? b.at : "none");
    diag_note(s->diags, d, v.type->span, "%s is declared here", v.type->name);
    buf_free(&b);
    return val_error();
}

static Val choose_statically(Sema *s, Scope *scope, const Expr *e, Val c)
{
    return sema_expr(s, scope, c.num != 0 ? e->b : e->c);
}

/* "Names without brackets must be scalars" in index notation; in the functions that it calls, names are values of letters. */
static Val bare(Sema *s, const Expr *e, Val v, bool base)
{
    if (!s->in_notation || base || s->calls.n > s->notation_calls || v.kind != V_ARRAY || !v.node->type.rank || v.ranged)
        return v;
    return report(s, e->at, NULL, "in index notation every axis has an index; `%s` has shape %s; what is to be an array, as in `(a @ b)[i]`, is given a name in a statement before", e->name, type_text(s->arena, &v.node->type));
}

/* The base of a[...] or a.b: an array may stand there without letters of its own. */
Val eval_base(Sema *s, Scope *scope, const Expr *e)
{
    s->as_base = true;
    Val v = sema_expr(s, scope, e);
    s->as_base = false;
    return v;
}

static Val eval_expr(Sema *s, Scope *scope, const Expr *e)
{
    Val a, b, c;
    bool base = s->as_base;
    s->as_base = false;
    switch (e->kind) {
    case E_NUM: return val_num(e->num, e->whole);
    case E_NAME: return bare(s, e, eval_name(s, scope, e), base);
    case E_FIELD: return bare(s, e, eval_field(s, scope, e), base);
    case E_CALL: return eval_call(s, scope, e);
    case E_INDEX: return s->nletters && uses_letters(s, scope, e) ? eval_letter_index(s, scope, e) : eval_index(s, scope, e);
    case E_NEG: a = sema_expr(s, scope, e->a); return a.kind == V_ERROR ? a : eval_neg(s, e, a);
    case E_NOT: a = sema_expr(s, scope, e->a); return a.kind == V_ERROR ? a : eval_not(s, e, a);
    case E_BINARY:
        a = sema_expr(s, scope, e->a);
        b = sema_expr(s, scope, e->b);
        return a.kind == V_ERROR || b.kind == V_ERROR ? val_error() : eval_binary(s, e, e->op, a, b);
    case E_IF:
        c = sema_expr(s, scope, e->a);
        if (c.kind == V_NUM)
            return choose_statically(s, scope, e, c);
        a = sema_expr(s, scope, e->b);
        b = sema_expr(s, scope, e->c);
        return a.kind == V_ERROR || b.kind == V_ERROR || c.kind == V_ERROR ? val_error() : eval_if(s, e, c, a, b);
    case E_OVER: return eval_over(s, scope, e);
    }
    return val_error();
}

/* What is made for an expression says where that stands; what its parts make, where they stand. */
Val sema_expr(Sema *s, Scope *scope, const Expr *e)
{
    Graph *g = s->here;
    Span before = g->here.span, inner = g->here.inner;
    if (!s->in_library) {
        g->here.span = e->span;
        g->here.inner = (Span){ 0 };
    } else if (!s->hidden)
        g->here.inner = e->span;
    Val v = eval_expr(s, scope, e);
    g->here.span = before;
    g->here.inner = inner;
    return v;
}

bool sema_whole(Sema *s, Scope *scope, const Expr *e, const char *what, int64_t *out)
{
    int before = s->diags->errors;
    Val v = sema_expr(s, scope, e);
    if (v.kind == V_ERROR)
        return false;
    if (v.kind != V_NUM || v.num != floor(v.num) || fabs(v.num) > 0x1p53) {
        if (s->diags->errors == before)
            report(s, e->span, "a whole number is expected", "%s must be a whole number known at compile time; found %s", what, val_text(s, v));
        return false;
    }
    *out = (int64_t)v.num;
    return true;
}

/* ---- statements ---- */

static Sym *own_symbol(Scope *scope, Name name)
{
    for (int k = scope->syms.n - 1; k >= 0; k--)
        if (scope->syms.at[k]->name == name)
            return scope->syms.at[k];
    return NULL;
}

void check_name(Sema *s, NameAt n)
{
    if (n.name[strlen(n.name) - 1] == '_')
        report(s, n.span, NULL, "`%s` ends in `_`: such names are the compiler's own", n.name);
}

/* Rebinds a local or argument, here or in a scope of the same body; never a declared name. */
void assign(Sema *s, Scope *scope, NameAt name, Val v, bool names)
{
    Sym *y = scope_find(scope, name.name);
    check_name(s, name);
    if (y && (y->kind == SYM_DATA || y->kind == SYM_META || y->kind == SYM_PARAM) && s->context != CTX_FN && s->context != CTX_OPT_BODY) {
        Diag *d = diag_error(s->diags, name.span, NULL, "`%s` is %s and cannot be assigned; bind a new name instead", name.name, a_kind(s, y->kind));
        diag_note(s->diags, d, y->span, "%s is declared here", name.name);
        return;
    }
    for (const Frame *f = s->frame; f; f = f->up)
        if (y && f->var == y) {
            Diag *d = diag_error(s->diags, name.span, NULL, "`%s` is the variable of a loop and cannot be assigned; bind a new name instead", name.name);
            diag_note(s->diags, d, y->span, "the loop is here");
            return;
        }
    if (!y || (y->kind != SYM_LOCAL && y->kind != SYM_ARG && y->kind != SYM_STATE)) {
        y = own_symbol(scope, name.name);
        if (!y)
            y = scope_add(s->arena, scope, SYM_LOCAL, name.name, name.span);
    }
    if (names && v.kind == V_ARRAY && !v.node->origin.name && v.node->op != OP_const && v.node->op != OP_param)
        v.node->origin.name = name.name;
    y->val = held_apart(s, name.name, v);
    y->has_val = true;
    y->assigned = true;
}

static void here_at(Sema *s, Span span, Name name)
{
    Origin *o = &s->here->here;
    *o = (Origin){ .span = s->in_library ? o->span : span, .inner = s->hidden ? o->inner : s->in_library ? span : (Span){ 0 }, .within = name ? name : o->within };
}

/* The value of a log line: that of the last iteration in a loop, of the last call in a function that is called several times. */
void log_node(Sema *s, NameAt name, Node *n)
{
    if (s->frame) {
        loop_log(s, name, n);
        return;
    }
    for (int k = 0; k < s->logs.n; k++)
        if (s->logs.at[k].name == name.name) {
            s->logs.at[k].value = n;
            return;
        }
    vec_push(s->arena, s->logs, (typeof(*s->logs.at)){ name.name, n, name.span });
}

static void log_value(Sema *s, Scope *scope, const Stmt *st)
{
    Val v = sema_expr(s, scope, st->value);
    Node *n = v.kind == V_ERROR ? NULL : sema_real(s, v, st->value->span, "a logged value");
    NameAt name = st->name;
    if (s->log_of)
        name.name = intern_printf("%s.%s", s->log_of, name.name);
    if (n)
        log_node(s, name, n);
}

/* No value without a message: nothing may be dropped silently. */
static Val reported(const Sema *s, Val v, const Expr *e)
{
    if (v.kind == V_ERROR && !s->diags->errors)
        ice("the expression in line %d has no value, and nothing was reported", e->span.first.line);
    return v;
}

/* What could not be given a value is an error where it is used, but not a second message. */
void forget(Sema *s, Scope *scope, NameAt name)
{
    Sym *y = scope_find(scope, name.name);
    if (!y || y->kind == SYM_LOCAL)
        assign(s, scope, name, val_error(), false);
}

/* Runs one statement; true when it returned. */
static bool exec(Sema *s, Scope *scope, const Stmt *st, Val *result)
{
    bool was;
    Origin before = s->here->here;
    Graph *here = s->here;
    if (st->value)
        here_at(s, st->value->span, s->hidden ? NULL : st->name.name);
    bool returned = false;
    switch (st->kind) {
    case S_LET: assign(s, scope, st->name, reported(s, sema_expr(s, scope, st->value), st->value), st->value->kind != E_NAME); break;
    case S_LET_INDEX:
        if (!exec_collect(s, scope, st, &was) || (!was && !exec_notation(s, scope, st)))
            forget(s, scope, st->name);
        break;
    case S_RETURN: *result = reported(s, sema_expr(s, scope, st->value), st->value); returned = true; break;
    case S_LOG: log_value(s, scope, st); break;
    case S_STATE: break;
    case S_FOR_RANGE: case S_FOR_EACH: exec_for(s, scope, st); break;
    }
    here->here = before;
    return returned;
}

/* Of two values of one name the last would be reported, and the first dropped. */
static void check_logs(Sema *s, const Body *b)
{
    for (int k = 0; k < b->nstmt; k++)
        for (int j = 0; j < k && b->stmt[k].kind == S_LOG; j++)
            if (b->stmt[j].kind == S_LOG && b->stmt[j].name.name == b->stmt[k].name.name) {
                Diag *d = diag_error(s->diags, b->stmt[k].name.span, NULL, "`%s` is logged twice in this block; give one of them another name", b->stmt[k].name.name);
                diag_note(s->diags, d, b->stmt[j].name.span, "the first is here");
                break;
            }
}

bool exec_block(Sema *s, Scope *scope, const Body *b, Val *result, bool *returned)
{
    int errors = s->diags->errors;
    *returned = false;
    check_logs(s, b);
    for (int k = 0; k < b->nstmt && !*returned; k++)
        if ((*returned = exec(s, scope, &b->stmt[k], result)) && k + 1 < b->nstmt)
            report(s, b->stmt[k + 1].at, NULL, "this stands behind `return` and would never be evaluated");
    return s->diags->errors == errors;
}

Val sema_body(Sema *s, Scope *scope, const Body *b, Name name, Span span)
{
    Scope local = { .up = scope };
    Val v = val_error();
    bool returned;
    exec_block(s, &local, b, &v, &returned);
    if (!returned)
        report(s, span, NULL, "`%s` has no `return`: its block must end with one", name);
    return v;
}

bool sema_statements(Sema *s, Scope *scope, const Body *b)
{
    Val v;
    bool returned, ok = exec_block(s, scope, b, &v, &returned);
    if (returned)
        report(s, b->span, NULL, "an optimizer rebinds its array and states; it has no `return`");
    return ok && !returned;
}
