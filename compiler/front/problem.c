/* problem.c -- the graphs of the problem: initial values, inner, path and outer losses. Parameters of each are listed at Problem in ir.h.
 *
 * While a graph is built, the names of data, metas and params have values in it; afterwards they have none again, so that reading one in the
 * wrong place is an error and not an accident. */
#include "declare.h"

void set_step(Front *f, Node *n, int64_t count)
{
    f->step->has_val = n != NULL;
    if (n)
        f->step->val = val_int(n, 0, count > 0 ? count - 1 : 0);
}

static void bind_one(Front *f, Declaration *d, const Leaf *leaf)
{
    Node **node = NEW_N(f->s.arena, Node *, d->nleaf + 1);
    int at = 0;
    for (int k = 0; k < d->nleaf; k++) {
        const Leaf *l = &leaf[d->first + k];
        node[k] = ir_param(f->s.graph, l->type, l->name);
        memcpy(node[k]->axis_name, l->axis_name, sizeof l->axis_name);
    }
    d->sym->val = layout_val(&f->s, &d->layout, node, &at);
    d->sym->has_val = true;
}

void bind_leaves(Front *f, Declaration *d, int n, const Leaf *leaf)
{
    for (int k = 0; k < n; k++)
        bind_one(f, &d[k], leaf);
}

void unbind(Declaration *d, int n)
{
    for (int k = 0; k < n; k++)
        d[k].sym->has_val = false;
}

/* Parameters whose names must not be read. */
static void hide(Declaration *d, int n) { unbind(d, n); }

Graph *graph_begin(Front *f, const char *name, Context context, bool with_data, bool with_meta)
{
    Sema *s = &f->s;
    s->graph = s->here = graph_new(s->arena, intern(name));
    s->context = context;
    s->logs.n = 0;
    unbind(f->data.at, f->data.n);
    unbind(f->meta.at, f->meta.n);
    unbind(f->param.at, f->param.n);
    set_step(f, NULL, 0);
    if (with_data)
        bind_leaves(f, f->data.at, f->data.n, s->problem->data.at);
    if (with_meta)
        bind_leaves(f, f->meta.at, f->meta.n, s->problem->meta.at);
    return s->graph;
}

void refuse_logs(Sema *s, const char *where)
{
    for (int k = 0; k < s->logs.n; k++)
        report(s, s->logs.at[k].span, NULL, "a log line in %s is not reported: values are logged along the inner loop and in `outer`", where);
    s->logs.n = 0;
}

/* ---- initial values ---- */
typedef struct Init { Front *f; Declaration *d; int leaf; const Leaf *leaves; bool *has; } Init;

static Node *zero_leaf(Init *x) { return ir_const(x->f->s.here, x->leaves[x->leaf].type, 0); }

static Node *fit_leaf(Init *x, Val v, const Expr *at)
{
    Sema *s = &x->f->s;
    const Leaf *l = &x->leaves[x->leaf];
    if (v.kind == V_ERROR)
        return zero_leaf(x);
    Node *n = sema_fit(s, v, l->type.rank, l->type.dim);
    if (n)
        return n;
    Diag *d = diag_error(s->diags, at->span, arena_printf(s->arena, "expected %s", type_text(s->arena, &l->type)), "%s has shape %s; its initial value%s%s has shape %s", l->name, type_text(s->arena, &l->type),
                         at->kind == E_NAME ? " " : "", at->kind == E_NAME ? at->name : "", val_text(s, v));
    sema_note_declared(s, d, at);
    return zero_leaf(x);
}

static Val draw_and_eval(Init *x, Scope *scope, const Expr *e)
{
    Sema *s = &x->f->s;
    s->draw_shape = x->leaves[x->leaf].type;
    s->stream = x->leaf + (x->leaves[x->leaf].role == R_PARAM ? 100000 : 0);
    Name word = e->kind == E_NAME ? e->name : NULL;
    if (word && (!strcmp(word, "zeros") || !strcmp(word, "ones")) && !scope_find(scope, word))
        return val_num(word[0] == 'o', true);
    return sema_expr(s, scope, e);
}

/* The sub-value of a record along the path of the present leaf. */
static bool same_structure(const StructType *a, const StructType *b)
{
    if (a == b)
        return true;
    if (a->nfield != b->nfield)
        return false;
    for (int k = 0; k < a->nfield; k++) {
        const Field *x = &a->field[k], *y = &b->field[k];
        if (x->name != y->name || x->rank != y->rank || x->nlead != y->nlead || !x->type != !y->type || (x->type && !same_structure(x->type, y->type)))
            return false;
        for (int i = 0; i < x->rank; i++)
            if (x->dim[i] != y->dim[i])
                return false;
    }
    return true;
}

static void copy_leaves(Init *x, Val v, const Expr *at)
{
    if (v.kind == V_RECORD) {
        for (int k = 0; k < v.type->nfield; k++)
            copy_leaves(x, v.field[k], at);
        return;
    }
    ir_result(x->f->s.graph, fit_leaf(x, v, at), x->leaves[x->leaf].name);
    x->has[x->leaf++] = true;
}

/* `= e` of a record: a record of the same structure, or a value for each array. */
static void init_from_expr(Init *x, const Expr *e)
{
    Sema *s = &x->f->s;
    const Layout *l = &x->d->layout;
    Val v = draw_and_eval(x, s->global, e);
    if (v.kind == V_RECORD) {
        bool fits = l->type && same_structure(v.type, l->type) && v.nlead == l->rank;
        for (int k = 0; fits && k < v.nlead; k++)
            fits = v.lead[k] == l->dim[k];
        if (!fits) {
            Val want = l->type ? val_record(l->type, NULL, l->rank, l->dim) : val_error();
            Diag *d = diag_error(s->diags, e->span, NULL, "%s is %s; its initial value%s%s is %s", x->d->decl->name.name, l->type ? val_text(s, want) : "an array", e->kind == E_NAME ? " " : "",
                                 e->kind == E_NAME ? e->name : "", val_text(s, v));
            sema_note_declared(s, d, e);
            v = val_error();
        } else {
            copy_leaves(x, v, e);
            return;
        }
    }
    for (int k = 0; k < x->d->nleaf; k++, x->leaf++) {
        if (k && v.kind != V_ERROR)
            v = draw_and_eval(x, s->global, e);
        ir_result(s->graph, fit_leaf(x, v, e), x->leaves[x->leaf].name);
        x->has[x->leaf] = true;
    }
}

static void init_from_fields(Init *x, const StructType *t)
{
    Sema *s = &x->f->s;
    Scope sizes = { .up = s->global };
    for (int k = 0; k < t->nsize; k++) {
        Sym *y = scope_add(s->arena, &sizes, SYM_DIM, t->size_name[k], t->span);
        y->val = val_num((double)t->size[k], true);
        y->has_val = true;
    }
    for (int k = 0; k < t->nfield; k++) {
        const Field *d = &t->field[k];
        if (d->type) {
            init_from_fields(x, d->type);
            continue;
        }
        Context before = s->context;
        s->context = CTX_STRUCT_INIT;
        x->has[x->leaf] = d->init != NULL;
        Node *n = d->init ? fit_leaf(x, draw_and_eval(x, &sizes, d->init), d->init) : zero_leaf(x);
        s->context = before;
        ir_result(s->graph, n, x->leaves[x->leaf].name);
        x->leaf++;
    }
}

static void init_list(Front *f, Declaration *d, int n, const Leaf *leaves, bool *has)
{
    Init x = { .f = f, .leaves = leaves, .has = has };
    for (int k = 0; k < n; k++) {
        x.d = &d[k];
        x.leaf = d[k].first;
        const Declared *y = d[k].decl->declared;
        if (y->init)
            init_from_expr(&x, y->init);
        else if (d[k].layout.type && !y->like.name)
            init_from_fields(&x, d[k].layout.type);
        else
            for (; x.leaf < d[k].first + d[k].nleaf; x.leaf++)
                ir_result(f->s.graph, zero_leaf(&x), leaves[x.leaf].name);
    }
}

static void meta_init(Front *f)
{
    Sema *s = &f->s;
    Problem *p = s->problem;
    bool *has = NEW_N(s->arena, bool, p->meta.n + 1);
    p->meta_init = graph_begin(f, "meta_init", CTX_META_INIT, false, false);
    s->seed = ir_param(s->graph, type_scalar(T_INT), intern("seed"));
    init_list(f, f->meta.at, f->meta.n, p->meta.at, has);
    refuse_logs(s, "an initial value");
    s->seed = NULL;
    for (int k = 0; k < p->meta.n; k++) {
        p->meta.at[k].has_init = has[k];
        if (!has[k] && s->opt->bound_shape && !p->meta.at[k].bound_file)
            report(s, p->meta.at[k].span, NULL, "meta %s has no initial value and nothing is bound to it: write `= ...`, or give --meta %s=FILE or --from DIR", p->meta.at[k].name, p->meta.at[k].name);
    }
}

static void param_init(Front *f)
{
    Sema *s = &f->s;
    Problem *p = s->problem;
    bool *has = NEW_N(s->arena, bool, p->param.n + 1);
    p->param_init = graph_begin(f, "param_init", CTX_PARAM_INIT, true, true);
    s->seed = ir_int(s->graph, (int64_t)(s->opt->seed & 0x7fffffff));
    init_list(f, f->param.at, f->param.n, p->param.at, has);
    refuse_logs(s, "an initial value");
    s->seed = NULL;
    for (int k = 0; k < p->param.n; k++) {
        p->param.at[k].has_init = has[k];
        if (!has[k])
            report(s, p->param.at[k].span, NULL, "param %s has no initial value: write `= ...`", p->param.at[k].name);
    }
}

/* ---- losses ---- */
static Graph *loss(Front *f, const Decl *d, const char *name, Context context, bool with_step)
{
    Sema *s = &f->s;
    Graph *g = graph_begin(f, name, context, true, true);
    bind_leaves(f, f->param.at, f->param.n, s->problem->param.at);
    if (with_step)
        set_step(f, ir_param(g, type_scalar(T_INT), intern("step")), s->problem->steps);
    g->here.within = intern(context == CTX_PATH ? "path_loss" : name);
    Span at = d->body->is_expr ? d->body->span : d->keyword;
    Val v = sema_body(s, s->global, d->body, intern(name), d->keyword);
    for (int k = 0; !d->body->is_expr && k < d->body->nstmt; k++)
        if (d->body->stmt[k].kind == S_RETURN)
            at = d->body->stmt[k].value->span;
    Node *n = v.kind == V_ERROR ? NULL : v.kind == V_RECORD ? sema_real(s, v, at, "the loss") : val_real(s, v);
    if (n && n->type.rank) {
        report(s, at, "a scalar is expected", "%s must be a scalar, such as the `mean` or the `sum` of an array; this has shape %s", name, type_text(s->arena, &n->type));
        n = NULL;
    }
    if (n && !n->origin.name && n->op != OP_const && n->op != OP_param)
        n->origin.name = intern(context == CTX_PATH ? "path_loss" : name);
    ir_result(g, n ? n : ir_real(g, 0), intern(name));
    for (int k = 0; k < s->logs.n; k++)
        ir_result(g, s->logs.at[k].value, s->logs.at[k].name);
    return g;
}

static bool required(Front *f)
{
    Sema *s = &f->s;
    Span at = f->problem ? f->problem->keyword : s->files.n ? (Span){ s->files.at[0]->src, { 1, 1, 0 }, { 1, 1, 0 } } : (Span){ 0 };
    int errors = s->diags->errors;
    if (!f->problem)
        report(s, at, NULL, "the file has no `problem` line: it starts with `problem name`");
    if (!f->inner)
        report(s, at, NULL, "the problem has no inner loss: write `inner = ...`");
    if (!f->outer && !f->path)
        report(s, at, NULL, "the problem has no outer loss: write `outer = ...` or `outer over steps = ...`");
    if (!f->param.n)
        report(s, at, NULL, "the problem has no param: say what the inner objective learns");
    if (!f->meta.n)
        report(s, at, NULL, "the problem has no meta: say what the outer objective learns");
    return s->diags->errors == errors;
}

static void truncation(Front *f)
{
    int64_t k;
    if (!f->truncate || !sema_whole(&f->s, f->s.global, f->truncate->count, "truncate", &k))
        return;
    if (k < 1)
        report(&f->s, f->truncate->count->span, NULL, "truncate %lld: hypergradients flow through at least 1 step", (long long)k);
    else
        f->s.problem->truncate = k;
}

bool build_problem(Front *f)
{
    Sema *s = &f->s;
    Problem *p = s->problem;
    int errors = s->diags->errors;
    if (!required(f) && !f->inner)
        return false;
    p->name = f->problem ? f->problem->name.name : intern("problem");
    p->src = s->files.at[0]->src;
    meta_init(f);
    param_init(f);
    s->context = CTX_SIZE;
    truncation(f);
    if (!build_updates(f) && p->steps < 0)
        p->steps = 1;
    if (f->inner)
        p->inner = loss(f, f->inner, "inner", CTX_INNER, true);
    if (f->path)
        p->path = loss(f, f->path, "outer over steps", CTX_PATH, true);
    if (f->outer)
        p->outer = loss(f, f->outer, "outer", CTX_OUTER, false);
    (void)hide;
    Graph *all[] = { p->meta_init, p->param_init, p->state_init, p->inner, p->update, p->path, p->outer, p->learn_init, p->learn };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (all[k])
            ir_name_values(all[k]);
    return s->diags->errors == errors;
}
