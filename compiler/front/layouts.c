/* layouts.c -- structs and the shapes of what is declared: every data array, meta and param becomes leaves with dotted names.
 *
 * An array of records is stored stacked: the leading axes stand in front of every field's own. Sizes are checked for overflow here, once. */
#include "declare.h"

enum { STRUCT_DEPTH = 50, MAX_LEAVES = 4096 };

static bool good_size(Front *f, Scope *scope, const Expr *e, const char *what, int64_t *out)
{
    Sema *s = &f->s;
    Context before = s->context;
    s->context = CTX_SIZE;
    bool ok = sema_whole(s, scope, e, what, out);
    s->context = before;
    if (ok && *out < 1) {
        report(s, e->span, NULL, "%s must be at least 1; found %lld", what, (long long)*out);
        ok = false;
    }
    return ok;
}

static bool too_large(Front *f, NameAt name, int rank, const int64_t *dim)
{
    double n = 1;
    for (int k = 0; k < rank; k++)
        n *= (double)dim[k];
    if (n <= INT32_MAX)
        return false;
    report(&f->s, name.span, NULL, "%s is too large: %.0f elements; the limit is 2147483647", name.name, n);
    return true;
}

static const Decl *find_struct(Front *f, const TypeRef *t)
{
    Sym *y = scope_find(f->s.global, t->name);
    if (y && y->kind == SYM_STRUCT)
        return y->decl;
    Vec(Name) known = { 0 };
    const char *types[] = { "real", "int", "index" };
    for (int k = 0; k < 3; k++)
        vec_push(f->s.arena, known, intern(types[k]));
    for (const Scope *c = f->s.global; c; c = c->up)
        for (int k = 0; k < c->syms.n; k++)
            if (c->syms.at[k]->kind == SYM_STRUCT)
                vec_push(f->s.arena, known, c->syms.at[k]->name);
    Name near = nearest_name(t->name, known.at, known.n);
    if (!near && !strncmp(t->name, "int", 3))
        near = intern("int");
    report(&f->s, t->span, NULL, "unknown type or struct `%s`%s%s%s", t->name, near ? "; did you mean `" : "; types are real (where none is written), int and index(C)", near ? near : "", near ? "`?" : "");
    return NULL;
}

static const StructType *instantiate(Front *f, Scope *scope, const TypeRef *t, int depth);

/* The dim that is meant by a size that is only a name; of a size of a struct the dim that it was given. */
static Name dim_named(const Scope *scope, const Expr *e)
{
    Sym *y = e->kind == E_NAME ? scope_find(scope, e->name) : NULL;
    return y && y->stands_for ? y->stands_for : e->kind == E_NAME ? e->name : NULL;
}

static bool make_field(Front *f, Scope *sizes, const Declared *d, Field *out, int depth)
{
    *out = (Field){ .name = d->name.name, .span = d->name.span, .init = d->init };
    if (d->nsize > USER_RANK) {
        report(&f->s, d->name.span, NULL, "%s has %d axes; the limit is %d", d->name.name, d->nsize, USER_RANK);
        return false;
    }
    int64_t dim[USER_RANK];
    for (int k = 0; k < d->nsize; k++) {
        if (!good_size(f, sizes, d->size[k], "a size", &dim[k]))
            return false;
        out->axis_name[k] = dim_named(sizes, d->size[k]);
    }
    if (too_large(f, d->name, d->nsize, dim))
        return false;
    if (d->type.kind == TYPE_INT || d->type.kind == TYPE_INDEX) {
        report(&f->s, d->type.span, NULL, "a field of a struct is real or a record; found %s", d->type.name);
        return false;
    }
    if (d->type.kind != TYPE_STRUCT) {
        out->rank = d->nsize;
        memcpy(out->dim, dim, sizeof *dim * (size_t)d->nsize);
        return true;
    }
    out->nlead = d->nsize;
    memcpy(out->lead, dim, sizeof *dim * (size_t)d->nsize);
    out->type = instantiate(f, sizes, &d->type, depth + 1);
    return out->type != NULL;
}

/* Is the struct `inner` found inside `outer`, following fields no deeper than there are structs? */
static bool contains(Front *f, const Decl *outer, const Decl *inner, int depth)
{
    for (int k = 0; k < outer->nitem && depth <= STRUCT_DEPTH; k++) {
        Sym *y = outer->item[k].type.kind == TYPE_STRUCT ? scope_find(f->s.global, outer->item[k].type.name) : NULL;
        if (y && y->kind == SYM_STRUCT && (y->decl == inner || contains(f, y->decl, inner, depth + 1)))
            return true;
    }
    return false;
}

static const StructType *instantiate(Front *f, Scope *scope, const TypeRef *t, int depth)
{
    Sema *s = &f->s;
    const Decl *d = find_struct(f, t);
    if (!d)
        return NULL;
    if (depth > STRUCT_DEPTH) {
        if (contains(f, d, d, 0))
            report(s, t->span, NULL, "struct %s contains itself", t->name);
        else
            report(s, t->span, NULL, "structs are nested more than %d deep", STRUCT_DEPTH);
        return NULL;
    }
    if (t->nsize != d->nsize) {
        Diag *e = diag_error(s->diags, t->span, NULL, "struct %s takes %d size%s; %d %s given", t->name, d->nsize, d->nsize == 1 ? "" : "s", t->nsize, t->nsize == 1 ? "is" : "are");
        diag_note(s->diags, e, d->name.span, "%s is declared here", t->name);
        return NULL;
    }
    Scope sizes = { .up = s->global };
    Buf text = { 0 };
    StructType *x = NEW(s->arena, StructType);
    x->name = d->name.name;
    x->span = d->name.span;
    x->nsize = d->nsize;
    x->size = NEW_N(s->arena, int64_t, d->nsize + 1);
    x->size_name = NEW_N(s->arena, Name, d->nsize + 1);
    buf_printf(&text, "%s", d->name.name);
    for (int k = 0; k < d->nsize; k++) {
        if (!good_size(f, scope, t->size[k], "a size of a struct", &x->size[k])) {
            buf_free(&text);
            return NULL;
        }
        x->size_name[k] = d->size[k].name;
        Sym *y = scope_add(s->arena, &sizes, SYM_DIM, d->size[k].name, d->size[k].span);
        y->val = val_num((double)x->size[k], true);
        y->has_val = true;
        y->stands_for = dim_named(scope, t->size[k]);
        buf_printf(&text, "%s%lld%s", k ? ", " : "[", (long long)x->size[k], k + 1 == d->nsize ? "]" : "");
    }
    x->text = arena_printf(s->arena, "%s", text.at);
    buf_free(&text);
    for (int k = 0; k < f->s.types.n; k++)
        if (!strcmp(f->s.types.at[k]->text, x->text) && f->s.types.at[k]->span.first.off == x->span.first.off)
            return f->s.types.at[k];
    x->nfield = d->nitem;
    x->field = NEW_N(s->arena, Field, d->nitem + 1);
    for (int k = 0; k < d->nitem; k++) {
        for (int i = 0; i < k; i++)
            if (d->item[i].name.name == d->item[k].name.name) {
                report(s, d->item[k].name.span, NULL, "the field `%s` of %s is declared twice", d->item[k].name.name, d->name.name);
                return NULL;
            }
        if (!make_field(f, &sizes, &d->item[k], &x->field[k], depth))
            return NULL;
    }
    vec_push(s->arena, f->s.types, x);
    return x;
}

static Layout *layout_named(Front *f, Name name)
{
    Vec(Declaration) *lists[] = { (void *)&f->data, (void *)&f->meta, (void *)&f->param };
    for (int l = 0; l < 3; l++)
        for (int k = 0; k < lists[l]->n; k++)
            if (lists[l]->at[k].decl->name.name == name && lists[l]->at[k].ok)
                return &lists[l]->at[k].layout;
    return NULL;
}

static bool like_layout(Front *f, const Declared *d, Layout *out)
{
    Layout *l = layout_named(f, d->like.name);
    if (l) {
        *out = *l;
        return true;
    }
    Vec(Name) known = { 0 };
    for (int k = 0; k < f->top.syms.n; k++)
        if (f->top.syms.at[k]->kind == SYM_PARAM || f->top.syms.at[k]->kind == SYM_META || f->top.syms.at[k]->kind == SYM_DATA)
            vec_push(f->s.arena, known, f->top.syms.at[k]->name);
    if (scope_find(&f->top, d->like.name) && f->s.diags->errors)
        return false;
    Name near = nearest_name(d->like.name, known.at, known.n);
    report(&f->s, d->like.span, NULL, "`like %s`: there is no param, meta or data of that name%s%s%s", d->like.name, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
    return false;
}

bool layout_of(Front *f, Scope *scope, const Declared *d, Layout *out, bool data)
{
    *out = (Layout){ .kind = TYPE_REAL };
    if (d->like.name)
        return like_layout(f, d, out);
    if (d->nsize > USER_RANK) {
        report(&f->s, d->name.span, NULL, "%s has %d axes; the limit is %d", d->name.name, d->nsize, USER_RANK);
        return false;
    }
    out->rank = d->nsize;
    for (int k = 0; k < d->nsize; k++)
        if (!good_size(f, scope, d->size[k], "a size", &out->dim[k]))
            return false;
    if (too_large(f, d->name, out->rank, out->dim))
        return false;
    if ((d->type.kind == TYPE_INT || d->type.kind == TYPE_INDEX) && !data) {
        const char *what = scope_find(&f->top, d->name.name)->kind == SYM_META ? "meta" : "param";
        report(&f->s, d->type.span, NULL, "%s cannot be of type %s: a %s is real, only data may be integers", d->name.name, d->type.name, what);
        return false;
    }
    out->kind = d->type.kind == TYPE_NONE ? TYPE_REAL : d->type.kind;
    if (d->type.kind == TYPE_INDEX)
        return good_size(f, scope, d->type.bound, "the bound of index", &out->bound);
    if (d->type.kind == TYPE_STRUCT)
        out->type = instantiate(f, scope, &d->type, 0);
    return d->type.kind != TYPE_STRUCT || out->type;
}

typedef Vec(Leaf) Leaves;

static bool add_leaf(Front *f, Leaves *to, const Declaration *d, Role role, Name name, int rank, const int64_t *dim, const Name *axis)
{
    const Declared *x = d->decl->declared;
    Leaf l = { .name = name, .role = role, .type = type_of(d->layout.kind == TYPE_REAL || d->layout.kind == TYPE_STRUCT ? T_REAL : T_INT, rank, dim), .bound = d->layout.bound,
               .task = d->decl->task, .span = x->name.span, .comment = d->decl->comment ? d->decl->comment : x->comment, .from_file = x->from, .columns = x->columns };
    if (rank > USER_RANK + 2) {
        report(&f->s, x->name.span, NULL, "%s has %d axes; the limit is %d", name, rank, USER_RANK + 2);
        return false;
    }
    for (int k = 0; axis && k < rank; k++)
        l.axis_name[k] = axis[k];
    if (too_large(f, (NameAt){ name, x->name.span }, rank, dim))
        return false;
    if (to->n >= MAX_LEAVES) {
        report(&f->s, x->name.span, NULL, "more than %d arrays, those in records counted: stack equal ones, as `blocks[L] : S` does", MAX_LEAVES);
        return false;
    }
    vec_push(f->s.arena, *to, l);
    return true;
}

static bool add_fields(Front *f, Leaves *to, const Declaration *d, Role role, Name path, const StructType *t, int nlead, const int64_t *lead, const Name *axis)
{
    for (int k = 0; k < t->nfield; k++) {
        const Field *x = &t->field[k];
        int64_t dim[MAX_RANK];
        Name name[MAX_RANK] = { 0 };
        int n = nlead, more = x->type ? x->nlead : x->rank;
        if (n + more > USER_RANK + 2) {
            report(&f->s, x->span, NULL, "%s.%s has more than %d axes", path, x->name, USER_RANK + 2);
            return false;
        }
        for (int i = 0; i < nlead; i++)
            dim[i] = lead[i], name[i] = axis[i];
        for (int i = 0; i < more; i++, n++)
            dim[n] = x->type ? x->lead[i] : x->dim[i], name[n] = x->axis_name[i];
        Name sub = intern_printf("%s.%s", path, x->name);
        bool ok = x->type ? add_fields(f, to, d, role, sub, x->type, n, dim, name) : add_leaf(f, to, d, role, sub, n, dim, name);
        if (!ok)
            return false;
    }
    return true;
}

static void layout_list(Front *f, Declaration *d, int n, Leaves *to, Role role, bool likes)
{
    for (int k = 0; k < n; k++) {
        const Declared *x = d[k].decl->declared;
        if ((x->like.name != NULL) != likes)
            continue;
        d[k].ok = layout_of(f, f->s.global, x, &d[k].layout, role == R_DATA);
        if (role == R_DATA && x->init)
            report(&f->s, x->init->span, NULL, "data has no initial value: bind a file, or write `from \"file\"`");
        if (x->from && role != R_DATA)
            report(&f->s, x->from_span, NULL, "only data may name a file here; bind a meta with --meta %s=FILE", x->name.name);
    }
    (void)to;
}

static void leaves_of(Front *f, Declaration *d, int n, Leaves *to, Role role)
{
    for (int k = 0; k < n; k++) {
        const Declared *x = d[k].decl->declared;
        Name axis[MAX_RANK] = { 0 };
        if (!d[k].ok)
            continue;
        d[k].first = to->n;
        for (int i = 0; i < x->nsize; i++)
            axis[i] = x->size[i]->kind == E_NAME ? x->size[i]->name : NULL;
        if (d[k].layout.type)
            d[k].ok = add_fields(f, to, &d[k], role, x->name.name, d[k].layout.type, d[k].layout.rank, d[k].layout.dim, axis);
        else
            d[k].ok = add_leaf(f, to, &d[k], role, x->name.name, d[k].layout.rank, d[k].layout.dim, axis);
        d[k].nleaf = to->n - d[k].first;
    }
}

/* Bound arrays must have the shapes that the text says. */
static void check_bound(Front *f, Leaf *l, Declaration *d)
{
    int64_t dim[MAX_RANK];
    int rank = l->type.rank + l->task;
    const char *file = NULL;
    if (!f->s.opt->bound_shape || !f->s.opt->bound_shape(f->s.opt->user, l->name, l->role == R_DATA ? l->from_file : NULL, l->role == R_DATA ? l->columns : NULL, &rank, dim, &file))
        return;
    l->bound_file = file;
    bool ok = rank == l->type.rank + l->task;
    for (int k = 0; ok && k < l->type.rank; k++)
        ok = dim[k + l->task] == l->type.dim[k];
    if (ok)
        return;
    Type found = type_of(T_REAL, rank, dim);
    report(&f->s, d->decl->name.span, NULL, "%s has shape %s%s, but the file %s holds %s", l->name, type_text(f->s.arena, &l->type), l->task ? " for each task (one more leading axis in the file)" : "",
           file, type_text(f->s.arena, &found));
}

bool layout_all(Front *f)
{
    int errors = f->s.diags->errors;
    Problem *p = f->s.problem;
    for (int likes = 0; likes < 2; likes++) {
        layout_list(f, f->data.at, f->data.n, (Leaves *)&p->data, R_DATA, likes);
        layout_list(f, f->param.at, f->param.n, (Leaves *)&p->param, R_PARAM, likes);
        layout_list(f, f->meta.at, f->meta.n, (Leaves *)&p->meta, R_META, likes);
    }
    leaves_of(f, f->data.at, f->data.n, (Leaves *)&p->data, R_DATA);
    leaves_of(f, f->meta.at, f->meta.n, (Leaves *)&p->meta, R_META);
    leaves_of(f, f->param.at, f->param.n, (Leaves *)&p->param, R_PARAM);
    for (int k = 0; k < f->data.n; k++)
        for (int i = 0; f->data.at[k].ok && i < f->data.at[k].nleaf; i++)
            check_bound(f, &p->data.at[f->data.at[k].first + i], &f->data.at[k]);
    for (int k = 0; k < f->meta.n; k++)
        for (int i = 0; f->meta.at[k].ok && i < f->meta.at[k].nleaf; i++)
            check_bound(f, &p->meta.at[f->meta.at[k].first + i], &f->meta.at[k]);
    for (int k = 0; k < f->data.n; k++)
        p->has_tasks |= f->data.at[k].decl->task;
    return f->s.diags->errors == errors;
}

static Val record_val(Sema *s, const StructType *t, int nlead, const int64_t *lead, Node *const *leaf, int *at)
{
    Val *field = NEW_N(s->arena, Val, t->nfield + 1);
    for (int k = 0; k < t->nfield; k++) {
        const Field *x = &t->field[k];
        if (!x->type) {
            field[k] = val_array(leaf[(*at)++]);
            continue;
        }
        int64_t all[MAX_RANK];
        memcpy(all, lead, sizeof *lead * (size_t)nlead);
        memcpy(all + nlead, x->lead, sizeof *lead * (size_t)x->nlead);
        field[k] = record_val(s, x->type, nlead + x->nlead, all, leaf, at);
    }
    return val_record(t, field, nlead, lead);
}

Val layout_val(Sema *s, const Layout *l, Node *const *leaf, int *at)
{
    if (l->type)
        return record_val(s, l->type, l->rank, l->dim, leaf, at);
    Val v = val_array(leaf[(*at)++]);
    if (l->kind == TYPE_INDEX) {
        v = val_int(v.node, 0, l->bound - 1);
        v.bound = l->bound;
    }
    return v;
}
