/* update_arguments.c -- the arguments of step and learn lines: which formal of the optimizer each stands for, and its value. Records go together with what the line moves by the names of
 * their fields, never by place. */
#include "updates.h"

const Decl *find_optimizer(Front *f, NameAt n)
{
    Sym *y = scope_find(f->s.global, n.name);
    if (y && y->kind == SYM_OPTIMIZER)
        return y->decl;
    Vec(Name) known = { 0 };
    for (const Scope *c = f->s.global; c; c = c->up)
        for (int k = 0; k < c->syms.n; k++)
            if (c->syms.at[k]->kind == SYM_OPTIMIZER)
                vec_push(f->s.arena, known, c->syms.at[k]->name);
    Name near = nearest_name(n.name, known.at, known.n);
    report(&f->s, n.span, NULL, "unknown optimizer `%s`%s%s%s", n.name, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
    return NULL;
}

bool update_match_arguments(UpdateBuild *b, UpdateLine *l)
{
    Sema *s = &b->f->s;
    const Decl *r = l->rule;
    l->arg = NEW_N(s->arena, Val, r->nitem + 1);
    l->arg_at = NEW_N(s->arena, const Expr *, r->nitem + 1);
    int place = 0;
    bool ok = true;
    for (int k = 0; k < l->line->narg; k++) {
        const Arg *a = &l->line->arg[k];
        int to = -1;
        for (int i = 0; a->name.name && i < r->nitem; i++)
            if (r->item[i].name.name == a->name.name)
                to = i;
        if (a->name.name && to < 0) {
            Name known[64];
            int n = 0;
            for (int i = 0; i < r->nitem && i < 64; i++)
                known[n++] = r->item[i].name.name;
            Name near = habit_of_name(a->name.name) ? NULL : nearest_name(a->name.name, known, n);
            report(s, a->name.span, NULL, "%s has no argument `%s`%s%s%s", r->name.name, a->name.name, near ? "; did you mean `" : habit_text(s->arena, a->name.name), near ? near : "", near ? "`?" : "");
            ok = false;
            continue;
        }
        if (!a->name.name)
            to = place++;
        if (to >= r->nitem) {
            report(s, l->line->rule.span, NULL, "%s takes %d argument%s; %d are given", r->name.name, r->nitem, r->nitem == 1 ? "" : "s", l->line->narg);
            return false;
        }
        if (l->arg_at[to]) {
            report(s, a->name.name ? a->name.span : a->value->span, NULL, "the argument %s of %s is given twice", r->item[to].name.name, r->name.name);
            ok = false;
            continue;
        }
        l->arg_at[to] = a->value;
    }
    for (int i = 0; i < r->nitem && ok; i++)
        if (!l->arg_at[i] && !r->item[i].init) {
            Diag *d = diag_error(s->diags, l->line->rule.span, NULL, "%s needs the argument %s", r->name.name, r->item[i].name.name);
            diag_note(s->diags, d, r->name.span, "%s is declared here", r->name.name);
            ok = false;
        }
    return ok;
}

Scope *update_outside(Front *f, const Decl *rule)
{
    Sym *y = scope_find(&f->library, rule->name.name);
    return y && y->decl == rule ? &f->library : f->s.global;
}

static int field_named(const StructType *t, Name name)
{
    for (int k = 0; k < t->nfield; k++)
        if (t->field[k].name == name)
            return k;
    return -1;
}

/* A record argument as a record of the fields of `like`, which the line moves: they go together by their names. V_ERROR: reported. */
static Val by_names(Sema *s, Span at, const char *formal, Val v, const StructType *like, const char *moved)
{
    if (v.kind != V_RECORD || !like || v.type == like)
        return v;
    for (int k = 0; k < v.type->nfield; k++)
        if (field_named(like, v.type->field[k].name) < 0)
            return report(s, at, NULL, "the argument %s is a record %s with a field `%s`, which %s has not", formal, v.type->text, v.type->field[k].name, moved);
    Val *field = NEW_N(s->arena, Val, like->nfield + 1);
    for (int k = 0; k < like->nfield; k++) {
        int from = field_named(v.type, like->field[k].name);
        if (from < 0)
            return report(s, at, NULL, "the argument %s is a record %s without a field `%s`, which %s has", formal, v.type->text, like->field[k].name, moved);
        field[k] = by_names(s, at, formal, v.field[from], like->field[k].type, intern_printf("%s.%s", moved, like->field[k].name));
        if (field[k].kind == V_ERROR)
            return val_error();
    }
    v.type = like;
    v.field = field;
    return v;
}

bool update_eval_arguments(UpdateBuild *b, UpdateLine *l)
{
    Sema *s = &b->f->s;
    bool ok = true;
    for (int i = 0; i < l->rule->nitem; i++) {
        const Declared *x = &l->rule->item[i];
        s->arg_name = x->name.name;
        s->context = b->learn ? CTX_LEARN_ARG : CTX_OPT_ARG;
        l->arg[i] = l->arg_at[i] ? sema_expr(s, s->global, l->arg_at[i]) : sema_expr(s, update_outside(b->f, l->rule), x->init);
        s->arg_name = NULL;
        if (x->type.kind == TYPE_STRUCT && l->arg[i].kind != V_ERROR && (l->arg[i].kind != V_RECORD || l->arg[i].type->name != x->type.name)) {
            report(s, l->arg_at[i] ? l->arg_at[i]->span : l->line->rule.span, NULL, "the argument %s of %s must be a record %s; found %s", x->name.name, l->rule->name.name, x->type.name, val_text(s, l->arg[i]));
            ok = false;
        } else if (x->type.kind != TYPE_STRUCT)
            l->arg[i] = by_names(s, l->arg_at[i] ? l->arg_at[i]->span : l->line->rule.span, x->name.name, l->arg[i], l->target->layout.type, l->at.name);
        ok &= l->arg[i].kind != V_ERROR;
    }
    return ok;
}
