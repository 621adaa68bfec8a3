/* dims.c -- sizes: from the text, from -D, and from the shapes of what is bound. Derived dims follow in any order.
 *
 * Every conflict is reported with both halves: the text or array that gave the size, and the one that disagrees. */
#include "declare.h"
#include <math.h>

typedef struct Source2 { const char *from; Span at; } Origin2;       /* who gave a dim its value */

static bool set_dim(Front *f, Sym *y, double v, Span at)
{
    if (v < 0) {
        report(&f->s, at, NULL, "dim %s is %.0f: a size cannot be negative", y->name, v);
        v = 1;
    } else if (v > 1e15) {
        report(&f->s, at, NULL, "dim %s is %.15g: that is too large", y->name, v);
        v = 1;
    }
    y->val = val_num(v, true);
    y->has_val = true;
    return true;
}

/* Derived dims whose parts are all known; true when one was found. */
static bool derive(Front *f)
{
    bool any = false;
    for (int k = 0; k < f->dims.n; k++) {
        const Decl *d = f->dims.at[k];
        Sym *y = scope_find(&f->top, d->name.name);
        if (!d->declared->init || y->has_val || y->decl != d)
            continue;
        int errors = f->s.diags->errors;
        f->s.context = CTX_SIZE;
        Val v = sema_expr(&f->s, f->s.global, d->declared->init);
        if (v.kind == V_NUM && isfinite(v.num) && v.num == floor(v.num))
            any |= set_dim(f, y, v.num, d->declared->init->span);
        else if (v.kind != V_ERROR || f->s.diags->errors != errors) {
            if (f->s.diags->errors == errors)
                report(&f->s, d->declared->init->span, NULL, "dim %s must be a whole number; found %s", y->name, val_text(&f->s, v));
            any |= set_dim(f, y, 1, d->declared->init->span);
        }
    }
    return any;
}

static void no_dim(Front *f, Name name, int64_t value)
{
    Name *known = NEW_N(f->s.arena, Name, f->dims.n + 1), near;
    for (int k = 0; k < f->dims.n; k++)
        known[k] = f->dims.at[k]->name.name;
    near = nearest_name(name, known, f->dims.n);
    report(&f->s, f->problem ? f->problem->keyword : (Span){ 0 }, near ? arena_printf(f->s.arena, "did you mean -D %s=%lld?", near, (long long)value) : NULL,
           "-D %s=%lld: the problem has no dim %s", name, (long long)value, name);
}

static void from_options(Front *f)
{
    for (int k = 0; k < f->s.opt->ndefine; k++) {
        Sym *y = scope_find(&f->top, intern(f->s.opt->define_name[k]));
        if (!y || y->kind != SYM_DIM) {
            no_dim(f, intern(f->s.opt->define_name[k]), f->s.opt->define_value[k]);
            continue;
        }
        set_dim(f, y, (double)f->s.opt->define_value[k], y->span);
    }
}

/* One bound array gives every size that is a plain dim without a value. */
static bool from_shape(Front *f, Expr *const *size, int n, const int64_t *dim)
{
    bool any = false;
    for (int k = 0; k < n; k++) {
        Sym *y = size[k]->kind == E_NAME ? scope_find(&f->top, size[k]->name) : NULL;
        if (y && y->kind == SYM_DIM && !y->has_val && y->decl && !y->decl->declared->init)
            any |= set_dim(f, y, (double)dim[k], size[k]->span);
    }
    return any;
}

static bool from_arrays(Front *f, Declaration *d, int n)
{
    bool any = false;
    for (int k = 0; f->s.opt->bound_shape && k < n; k++) {
        const Declared *x = d[k].decl->declared;
        int rank = x->nsize + d[k].decl->task;
        int64_t dim[MAX_RANK];
        const char *file;
        if (x->type.kind == TYPE_STRUCT || x->like.name || !x->nsize)
            continue;
        if (f->s.opt->bound_shape(f->s.opt->user, x->name.name, x->from, x->columns, &rank, dim, &file) && rank == x->nsize + d[k].decl->task)
            any |= from_shape(f, x->size, x->nsize, dim + d[k].decl->task);
    }
    return any;
}

bool bind_dims(Front *f)
{
    int errors = f->s.diags->errors;
    from_options(f);
    while (derive(f))
        ;
    for (bool any = true; any;) {
        any = from_arrays(f, f->data.at, f->data.n) | from_arrays(f, f->meta.at, f->meta.n);
        while (derive(f))
            any = true;
    }
    for (int k = 0; k < f->dims.n; k++) {
        const Decl *d = f->dims.at[k];
        Sym *y = scope_find(&f->top, d->name.name);
        if (y->has_val || y->decl != d)
            continue;
        report(&f->s, d->name.span, NULL, d->declared->init ? "dim %s depends on a size that has no value" : "dim %s has no value: bind data that has this size, or give -D %s=N", d->name.name, d->name.name);
    }
    return f->s.diags->errors == errors;
}
