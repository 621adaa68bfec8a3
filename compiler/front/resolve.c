/* resolve.c -- names in functions and optimizers, checked where they stand, whether they are called or not: unknown names, functions and fields,
 * recursion, blocks without `return`. Shapes are checked at each call, when the body is evaluated. */
#include "declare.h"

typedef struct Known { Front *f; const Decl *fn; Vec(Name) names; Vec(const Decl *) calls; Vec(Span) call_at; } Known;

static bool is_known(const Known *k, Name n)
{
    for (int i = 0; i < k->names.n; i++)
        if (k->names.at[i] == n)
            return true;
    return false;
}

static void add(Known *k, Name n) { vec_push(k->f->s.arena, k->names, n); }

static void add_sizes(Known *k, Expr *const *size, int n)
{
    for (int i = 0; i < n; i++)
        if (size[i]->kind == E_NAME)
            add(k, size[i]->name);
}

static void add_assigned(Known *k, const Body *b)
{
    for (int i = 0; i < b->nstmt; i++) {
        const Stmt *st = &b->stmt[i];
        if (st->name.name && st->kind != S_LOG)
            add(k, st->name.name);
        for (int j = 0; j < st->nstate; j++)
            add(k, st->state[j].name.name);
        if (st->body)
            add_assigned(k, st->body);
    }
}

bool is_flag(Name n) { return !strcmp(n, "keep") || !strcmp(n, "causal") || !strcmp(n, "upper"); }

static void unknown(Known *k, const Expr *e)
{
    Vec(Name) all = { 0 };
    for (int i = 0; i < k->names.n; i++)
        vec_push(k->f->s.arena, all, k->names.at[i]);
    for (const Scope *c = k->f->s.global; c; c = c->up)
        for (int i = 0; i < c->syms.n; i++)
            if (c->syms.at[i]->kind == SYM_DIM || c->syms.at[i]->kind == SYM_CONST)
                vec_push(k->f->s.arena, all, c->syms.at[i]->name);
    report_unknown(&k->f->s, e, sema_is_builtin(e->name) ? NULL : nearest_name(e->name, all.at, all.n));
}

static const Decl *struct_named(Front *f, Name n)
{
    Sym *y = n ? scope_find(f->s.global, n) : NULL;
    return y && y->kind == SYM_STRUCT ? y->decl : NULL;
}

/* The struct that an expression certainly has, from declared argument types; NULL when not certain. */
static const Decl *struct_of(Known *k, const Expr *e)
{
    if (e->kind == E_NAME) {
        for (int i = 0; i < k->fn->nitem; i++)
            if (k->fn->item[i].name.name == e->name && k->fn->item[i].type.kind == TYPE_STRUCT) {
                for (int j = 0; j < k->fn->body->nstmt; j++)
                    if (k->fn->body->stmt[j].name.name == e->name)
                        return NULL;
                return struct_named(k->f, k->fn->item[i].type.name);
            }
        return NULL;
    }
    const Decl *base = e->kind == E_FIELD ? struct_of(k, e->a) : NULL;
    for (int i = 0; base && i < base->nitem; i++)
        if (base->item[i].name.name == e->name && base->item[i].type.kind == TYPE_STRUCT)
            return struct_named(k->f, base->item[i].type.name);
    return NULL;
}

static void check_field(Known *k, const Expr *e)
{
    const Decl *t = struct_of(k, e->a);
    if (!t)
        return;
    Name known[256];
    int n = 0;
    for (int i = 0; i < t->nitem; i++) {
        if (t->item[i].name.name == e->name)
            return;
        if (n < 256)
            known[n++] = t->item[i].name.name;
    }
    Name near = nearest_name(e->name, known, n);
    Diag *d = diag_error(k->f->s.diags, e->at, NULL, "%s has no field `%s`%s%s%s", t->name.name, e->name, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
    diag_note(k->f->s.diags, d, t->name.span, "%s is declared here", t->name.name);
}

static void check_call(Known *k, const Expr *e)
{
    Sym *y = scope_find(k->f->s.global, e->name);
    if (y && y->kind == SYM_FN) {
        vec_push(k->f->s.arena, k->calls, y->decl);
        vec_push(k->f->s.arena, k->call_at, e->at);
        return;
    }
    if (sema_is_builtin(e->name) || y || is_known(k, e->name))
        return;
    Vec(Name) names = { 0 };
    const Name *library;
    for (int i = 0, n = sema_builtin_names(&library); i < n; i++)
        vec_push(k->f->s.arena, names, library[i]);
    for (const Scope *c = k->f->s.global; c; c = c->up)
        for (int i = 0; i < c->syms.n; i++)
            if (c->syms.at[i]->kind == SYM_FN)
                vec_push(k->f->s.arena, names, c->syms.at[i]->name);
    Name near = habit_of_name(e->name) ? NULL : nearest_name(e->name, names.at, names.n);
    report(&k->f->s, e->at, near ? arena_printf(k->f->s.arena, "did you mean `%s`?", near) : NULL, "unknown function `%s`%s%s%s", e->name, near ? "; the nearest known one is `" : habit_text(k->f->s.arena, e->name), near ? near : "", near ? "`" : "");
}

static void walk(Known *k, const Expr *e)
{
    if (!e)
        return;
    if (e->kind == E_NAME && !is_known(k, e->name)) {
        Sym *y = scope_find(k->f->s.global, e->name);
        if (!y && strcmp(e->name, "pi") && strcmp(e->name, "step"))
            unknown(k, e);
        return;
    }
    if (e->kind == E_FIELD)
        check_field(k, e);
    if (e->kind == E_CALL)
        check_call(k, e);
    int before = k->names.n;
    for (int i = 0; i < e->nletter; i++)
        add(k, e->letter[i].name);
    walk(k, e->a);
    walk(k, e->b);
    walk(k, e->c);
    for (int i = 0; i < e->narg; i++)
        if (e->arg[i].value->kind != E_NAME || !is_flag(e->arg[i].value->name))
            walk(k, e->arg[i].value);
    for (int i = 0; i < e->nitem; i++) {
        walk(k, e->item[i].at);
        walk(k, e->item[i].lo);
        walk(k, e->item[i].hi);
    }
    k->names.n = before;
}

static void walk_body(Known *k, const Body *b)
{
    for (int i = 0; i < b->nstmt; i++) {
        const Stmt *st = &b->stmt[i];
        int before = k->names.n;
        for (int j = 0; j < st->nitem; j++)
            if (st->item[j].at && st->item[j].at->kind == E_NAME)
                add(k, st->item[j].at->name);
        walk(k, st->value);
        walk(k, st->lo);
        walk(k, st->hi);
        for (int j = 0; j < st->nstate; j++)
            walk(k, st->state[j].init);
        if (st->body)
            walk_body(k, st->body);
        k->names.n = before;
    }
}

static bool returns(const Body *b)
{
    for (int i = 0; i < b->nstmt; i++)
        if (b->stmt[i].kind == S_RETURN)
            return true;
    return false;
}

static void check_one(Known *k)
{
    const Decl *d = k->fn;
    for (int i = 0; i < d->nitem; i++) {
        add(k, d->item[i].name.name);
        add_sizes(k, d->item[i].size, d->item[i].nsize);
        add_sizes(k, d->item[i].type.size, d->item[i].type.nsize);
    }
    if (d->kind == D_OPTIMIZER) {
        add(k, d->p.name);
        add(k, d->g.name);
    }
    add_assigned(k, d->body);
    walk_body(k, d->body);
    if (d->kind == D_FN && !returns(d->body))
        report(&k->f->s, d->name.span, NULL, "the function `%s` has no `return`: its block must end with one", d->name.name);
}

/* Depth-first over calls; state: 0 new, 1 on the path, 2 done. */
static bool cyclic(Known *all, int n, int at, char *state)
{
    state[at] = 1;
    bool found = false;
    for (int c = 0; c < all[at].calls.n; c++)
        for (int k = 0; k < n; k++) {
            if (all[k].fn != all[at].calls.at[c])
                continue;
            if (state[k] == 1) {
                Diag *d = diag_error(all[at].f->s.diags, all[at].call_at.at[c], NULL, "`%s` is recursive: functions are inlined and cannot call themselves; use a loop", all[k].fn->name.name);
                diag_note(all[at].f->s.diags, d, all[k].fn->name.span, "%s is declared here", all[k].fn->name.name);
                found = true;
            } else if (!state[k])
                found |= cyclic(all, n, k, state);
        }
    state[at] = 2;
    return found;
}

bool check_functions(Front *f)
{
    int errors = f->s.diags->errors, n = f->fns.n, m = f->optimizers.n;
    Known *all = NEW_N(f->s.arena, Known, n + m + 1);
    for (int k = 0; k < n + m; k++) {
        all[k] = (Known){ .f = f, .fn = k < n ? f->fns.at[k] : f->optimizers.at[k - n] };
        check_one(&all[k]);
    }
    char *state = NEW_N(f->s.arena, char, n + 1);
    for (int k = 0; k < n; k++)
        if (!state[k])
            cyclic(all, n, k, state);
    return f->s.diags->errors == errors;
}
