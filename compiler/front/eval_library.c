/* eval_library.c -- the library functions that are known in C: calls are matched with the rows of library.def. What MFL itself can say is in
 * std/math.mfl instead.
 *
 * Arguments: positional values, `axis = k`, and the bare words keep, causal, upper. Every function checks its shapes and names itself, the shape found and
 * what it expects. */
#include "functions.h"
#include "library.h"
#include <math.h>

typedef struct Lib { const char *name; int lo, hi; LibFn *fn; int op; } Lib;

Val library_fail(Call *c, int k, const char *what)
{
    return report(c->s, c->at[k]->span, NULL, "%s: %s; found %s", c->e->name, what, val_text(c->s, c->arg[k]));
}

Node *library_array(Call *c, int k) { return val_real(c->s, c->arg[k]); }

bool library_axis(Call *c, Val v, const Expr *at, int rank, int *axis)
{
    int64_t k;
    if (v.kind != V_NUM || v.num != floor(v.num)) {
        report(c->s, at->span, NULL, "%s: an axis must be a whole number; found %s", c->e->name, val_text(c->s, v));
        return false;
    }
    k = (int64_t)v.num;
    if (k < -rank || k >= rank) {
        report(c->s, at->span, NULL, "%s: axis %lld is outside shape %s", c->e->name, (long long)k, c->arg[0].kind == V_ARRAY ? type_text(c->s->arena, &c->arg[0].node->type) : "[]");
        return false;
    }
    *axis = (int)(k < 0 ? k + rank : k);
    return true;
}

bool library_axis_or(Call *c, int rank, int otherwise, int *axis)
{
    *axis = otherwise;
    return !c->has_axis || library_axis(c, c->axis, c->axis_at, rank, axis);
}

static Val lib_grad(Call *c, int op)
{
    (void)op;
    return report(c->s, c->e->at, NULL, "`grad` is not a function: gradients come from the problem's form (inner, step, outer), those inside a loss from `grad[w](...)`, the derivative in w");
}

static const Lib library[] = {
#define FUNCTION(name, lo, hi, fn, op, ...) { #name, lo, hi, fn, op },
#include "library.def"
    { "grad", 0, 15, lib_grad, 0 },
};
enum { NLIBRARY = sizeof library / sizeof *library };

static const Lib *find(Name name)
{
    for (int k = 0; k < NLIBRARY; k++)
        if (!strcmp(library[k].name, name))
            return &library[k];
    return NULL;
}

bool sema_is_builtin(Name name) { return find(name) != NULL; }

int sema_builtin_names(const Name **out)
{
    static Name names[NLIBRARY];
    for (int k = 0; k < NLIBRARY; k++)
        names[k] = intern(library[k].name);
    *out = names;
    return NLIBRARY - 1;                          /* not grad, which is last */
}

static bool take_named(Call *c, Scope *scope, const Arg *a)
{
    if (!strcmp(a->name.name, "axis")) {
        if (c->has_axis) {
            report(c->s, a->name.span, NULL, "the argument axis of %s is given twice", c->e->name);
            return false;
        }
        c->has_axis = true;
        c->axis = sema_expr(c->s, scope, a->value);
        c->axis_at = a->value;
        return c->axis.kind != V_ERROR;
    }
    if (!strcmp(a->name.name, "base") && !strcmp(c->e->name, "rope") && c->n == 1) {
        c->at[c->n] = a->value;
        c->arg[c->n++] = sema_expr(c->s, scope, a->value);
        return c->arg[1].kind != V_ERROR;
    }
    report(c->s, a->name.span, NULL, "%s has no argument `%s`%s", c->e->name, a->name.name, habit_text(c->s->arena, a->name.name));
    return false;
}

static bool take_flag(Call *c, Scope *scope, const Arg *a)
{
    if (a->value->kind != E_NAME || scope_find(scope, a->value->name))
        return false;
    const char *w = a->value->name;
    bool *flag = !strcmp(w, "keep") ? &c->keep : !strcmp(w, "causal") ? &c->causal : !strcmp(w, "upper") ? &c->upper : NULL;
    if (flag)
        *flag = true;
    return flag != NULL;
}

static bool takes_axis(const Lib *l)
{
    return l->fn == lib_reduce || l->fn == lib_concat || l->fn == lib_stack || l->fn == lib_pad || l->fn == lib_flip || l->fn == lib_cumsum;
}

static bool unused_words(Call *c, const Lib *l)
{
    const char *word = c->keep && l->fn != lib_reduce ? "keep" : c->causal && l->fn != lib_attention ? "causal" : c->upper && l->op != OP_trisolve ? "upper" : NULL;
    if (c->has_axis && !takes_axis(l))
        word = "axis";
    if (word)
        report(c->s, c->e->at, NULL, "%s does not take `%s`", c->e->name, word);
    return word != NULL;
}

Val eval_builtin(Sema *s, Scope *scope, const Expr *e, bool *known)
{
    const Lib *l = find(e->name);
    *known = l != NULL;
    if (!l)
        return val_error();
    int most = e->narg > 15 ? e->narg + 1 : 16;            /* functions look at arguments that are not given, too */
    Call c = { .s = s, .e = e, .arg = NEW_N(s->arena, Val, most), .at = NEW_N(s->arena, const Expr *, most) };
    if (l->fn == lib_grad)
        return lib_grad(&c, 0);
    for (int k = 0; k < e->narg; k++) {
        const Arg *a = &e->arg[k];
        if (a->name.name ? !take_named(&c, scope, a) : false)
            return val_error();
        if (a->name.name || take_flag(&c, scope, a))
            continue;
        c.at[c.n] = a->value;
        c.arg[c.n] = sema_expr(s, scope, a->value);
        if (c.arg[c.n++].kind == V_ERROR)
            return val_error();
    }
    if (c.n < l->lo || c.n > l->hi) {
        if (l->lo == l->hi)
            return report(s, e->at, NULL, "%s takes %d argument%s; %d %s given", e->name, l->lo, l->lo == 1 ? "" : "s", c.n, c.n == 1 ? "is" : "are");
        return report(s, e->at, NULL, "%s takes %d to %d arguments; %d %s given", e->name, l->lo, l->hi, c.n, c.n == 1 ? "is" : "are");
    }
    if (unused_words(&c, l))
        return val_error();
    for (int k = 0; k < c.n; k++)
        if (c.arg[k].kind == V_RECORD && l->fn != lib_map && l->fn != lib_reduce)
            return library_fail(&c, k, "an array or a number is expected");
    return l->fn(&c, l->op);
}

/* What is documented: the rows of library.def under their sections. */
const FunctionRow *function_rows(int *n)
{
    static FunctionRow rows[] = {
#define SECTION(title) { .section = title },
#define FUNCTION(name, lo, hi, fn, op, ...) { NULL, #name, __VA_ARGS__ },
#define LIBRARY(name, ...) { NULL, #name, __VA_ARGS__ },
#define SYNTAX(...) { NULL, NULL, __VA_ARGS__ },
#include "library.def"
    };
    static int count;
    const char *section = NULL;
    int to = 0;
    for (int k = 0; !count && k < (int)(sizeof rows / sizeof *rows); k++) {
        FunctionRow row = rows[k];
        if (!row.form) {
            section = row.section;
            continue;
        }
        row.section = section;
        rows[to++] = row;
    }
    count = count ? count : to;
    *n = count;
    return rows;
}
