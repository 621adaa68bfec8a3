/* updates.c -- step and learn lines: optimizer bodies applied to each array of what they move.
 *
 * Graphs: update (D, M, P, G, S, step) -> P, S and learn (M, G, L, step) -> M, L, with the states' initial values beside them. An argument is evaluated
 * once per line (update_arguments.c); a record argument gives each array its own field, a scalar or [L] argument is stretched over the array. */
#include "updates.h"

/* ---- one array ---- */
typedef struct Part { UpdateBuild *b; UpdateLine *l; const Leaf *leaf; int nlead; Node *p, *g, **state; } Part;

static Name state_names(const Decl *rule, int k, int *count)
{
    int n = 0;
    Name name = NULL;
    for (int i = 0; i < rule->body->nstmt; i++)
        for (int j = 0; rule->body->stmt[i].kind == S_STATE && j < rule->body->stmt[i].nstate; j++, n++)
            if (n == k)
                name = rule->body->stmt[i].state[j].name.name;
    if (count)
        *count = n;
    return name;
}

static const StateVar *state_var(const Decl *rule, int k)
{
    int n = 0;
    for (int i = 0; i < rule->body->nstmt; i++)
        for (int j = 0; rule->body->stmt[i].kind == S_STATE && j < rule->body->stmt[i].nstate; j++, n++)
            if (n == k)
                return &rule->body->stmt[i].state[j];
    return NULL;
}

/* The value of an argument for one array: path leads through its fields. */
static Val argument_for(Part *x, int i, const int *path, int depth)
{
    Sema *s = &x->b->f->s;
    const Declared *formal = &x->l->rule->item[i];
    Val v = x->l->arg[i];
    if (formal->type.kind == TYPE_STRUCT)
        return v;
    Span at = x->l->arg_at[i] ? x->l->arg_at[i]->span : x->l->line->rule.span;
    for (int d = 0; d < depth && v.kind == V_RECORD; d++)
        v = v.field[path[d]];
    if (v.kind == V_RECORD)
        return report(s, at, NULL, "the argument %s is a record %s, but %s is an array there", formal->name.name, v.type->text, x->leaf->name);
    Type t = val_type(&v);
    if (t.rank == 0)
        return v;
    if (sema_fit(s, v, x->leaf->type.rank, x->leaf->type.dim) && !(x->nlead && t.rank == 1 && x->leaf->type.rank > 1))
        return v;
    bool per_record = x->nlead >= t.rank;
    for (int k = 0; per_record && k < t.rank; k++)
        per_record = t.dim[k] == x->leaf->type.dim[k];
    if (per_record) {
        int map[MAX_RANK];
        for (int k = 0; k < t.rank; k++)
            map[k] = k;
        return val_array(ir_expand(s->here, val_real(s, v), x->leaf->type.rank, x->leaf->type.dim, map));
    }
    if (sema_fit(s, v, x->leaf->type.rank, x->leaf->type.dim))
        return v;
    Diag *d = diag_error(s->diags, at, NULL, "the argument %s has shape %s; it must be a scalar or have the shape of %s, which is %s; arrays of other shapes are fields of a record, `%s : S`", formal->name.name, type_text(s->arena, &t), x->leaf->name, type_text(s->arena, &x->leaf->type), formal->name.name);
    diag_note(s->diags, d, x->leaf->span, "%s is declared here with shape %s", x->l->target->decl->name.name, type_text(s->arena, &x->leaf->type));
    return val_error();
}

static void put(Front *f, Scope *scope, SymKind kind, NameAt n, Val v)
{
    Sym *y = scope_add(f->s.arena, scope, kind, n.name, n.span);
    y->val = v;
    y->has_val = true;
}

static Span last_assignment(const Body *b, Name name, Span otherwise)
{
    for (int k = 0; k < b->nstmt; k++)
        if (b->stmt[k].kind == S_LET && b->stmt[k].name.name == name)
            otherwise = b->stmt[k].name.span;
    return otherwise;
}

/* Runs the body on one array; *out, and the states' next values. */
static bool run_part(Part *x, const int *path, int depth, Node **out)
{
    Front *f = x->b->f;
    Sema *s = &f->s;
    const Decl *r = x->l->rule;
    Scope scope = { .up = update_outside(f, r) };
    int ns;
    for (int i = 0; i < r->nitem; i++) {
        Val v = argument_for(x, i, path, depth);
        if (v.kind == V_ERROR || !sema_argument_sizes(s, &scope, r, &r->item[i], &v, x->l->arg_at[i] ? x->l->arg_at[i]->span : x->l->line->rule.span))
            return false;
        put(f, &scope, SYM_ARG, r->item[i].name, v);
    }
    put(f, &scope, SYM_ARG, r->p, val_array(x->p));
    put(f, &scope, SYM_ARG, r->g, val_array(x->g));
    state_names(r, -1, &ns);
    for (int k = 0; k < ns; k++)
        put(f, &scope, SYM_STATE, state_var(r, k)->name, val_array(x->state[k]));
    s->context = CTX_OPT_BODY;
    s->log_of = x->leaf->name;
    bool ran = sema_statements(s, &scope, r->body);
    s->log_of = NULL;
    if (!ran)
        return false;
    Name *names = NEW_N(s->arena, Name, ns + 1);
    names[0] = r->p.name;
    for (int k = 0; k < ns; k++)
        names[k + 1] = state_var(r, k)->name.name;
    for (int k = 0; k <= ns; k++) {
        Val v = scope_find(&scope, names[k])->val;
        Node *n = v.kind == V_ERROR ? NULL : sema_fit(s, v, x->leaf->type.rank, x->leaf->type.dim);
        Type t = v.kind == V_NUM || v.kind == V_ARRAY ? val_type(&v) : x->leaf->type;
        bool exact = n && (k || t.rank == x->leaf->type.rank);
        for (int d = 0; exact && !k && d < t.rank; d++)
            exact = t.dim[d] == x->leaf->type.dim[d];
        if (!exact) {
            if (v.kind != V_ERROR)
                report(s, last_assignment(r->body, names[k], r->name.span), NULL, "%s must keep the shape %s of %s; here it becomes %s", names[k], type_text(s->arena, &x->leaf->type), x->leaf->name, val_text(s, v));
            return false;
        }
        out[k] = n;
        /* m of the array w is w.m; what w becomes is w_next */
        if (n->origin.name == names[k] && n->op != OP_param)
            n->origin.name = k ? intern_printf("%s.%s_next", x->leaf->name, names[k]) : intern_printf("%s_next", x->leaf->name);
    }
    return true;
}

/* Finds the path of field numbers to the leaf'th leaf of a layout. */
static bool path_to(const StructType *t, int *leaf, int *path, int *depth, int *lead)
{
    for (int k = 0; k < t->nfield; k++) {
        path[*depth] = k;
        if (!t->field[k].type) {
            if ((*leaf)-- == 0) {
                ++*depth;
                return true;
            }
            continue;
        }
        ++*depth;
        *lead += t->field[k].nlead;
        if (path_to(t->field[k].type, leaf, path, depth, lead))
            return true;
        *lead -= t->field[k].nlead;
        --*depth;
    }
    return false;
}

/* Is the name bound anywhere in the body, its loops included? */
static bool binds(const Body *b, Name name)
{
    for (int k = 0; k < b->nstmt; k++)
        if ((b->stmt[k].kind == S_LET && b->stmt[k].name.name == name) || (b->stmt[k].body && binds(b->stmt[k].body, name)))
            return true;
    return false;
}

static bool has_update(Front *f, const Decl *r)
{
    if (binds(r->body, r->p.name))
        return true;
    report(&f->s, r->name.span, NULL, "the optimizer %s never gives its array %s a new value: `%s = %s - ...`", r->name.name, r->p.name, r->p.name, r->p.name);
    return false;
}

/* ---- all lines ---- */
static UpdateLine *line_of(UpdateBuild *b, const Declaration *d)
{
    for (int k = 0; k < b->lines.n; k++)
        if (b->lines.at[k].target == d)
            return &b->lines.at[k];
    return NULL;
}

typedef Vec(Leaf) Leaves;

static void add_states(UpdateBuild *b, Leaves *leaves, const Leaf *of, Role role)
{
    Front *f = b->f;
    Declaration *d = b->learn ? f->meta.at : f->param.at;
    int n = b->learn ? f->meta.n : f->param.n;
    for (int k = 0; k < n; k++) {
        UpdateLine *l = line_of(b, &d[k]);
        int ns = 0;
        if (!l)
            continue;
        state_names(l->rule, -1, &ns);
        l->first_state = leaves->n;
        for (int i = 0; i < d[k].nleaf; i++)
            for (int j = 0; j < ns; j++) {
                Leaf x = of[d[k].first + i];
                x.name = intern_printf("%s.%s", x.name, state_var(l->rule, j)->name.name);
                x.role = role;
                vec_push(f->s.arena, *leaves, x);
            }
    }
}

/* The initial value of a state of the array p: a number, or an expression of p's initial value, as `state slow = p`. NULL: reported. */
static Node *state_start(UpdateBuild *b, const Decl *rule, const StateVar *var, const Leaf *leaf, Node *p)
{
    Sema *s = &b->f->s;
    Scope scope = { .up = update_outside(b->f, rule) };
    put(b->f, &scope, SYM_ARG, rule->p, val_array(p));
    for (int k = 0; k < rule->nitem; k++)                  /* known, without a value here */
        scope_add(s->arena, &scope, SYM_ARG, rule->item[k].name.name, rule->item[k].name.span);
    s->context = CTX_STATE;
    Val v = sema_expr(s, &scope, var->init);
    Node *node = v.kind == V_ERROR ? NULL : sema_fit(s, v, leaf->type.rank, leaf->type.dim);
    if (!node && v.kind != V_ERROR)
        report(s, var->init->span, NULL, "the state %s starts from a number or an array shaped like %s; found %s", var->name.name, rule->p.name, val_text(s, v));
    return node;
}

/* The states' initial values into the present graph, in which par are the arrays that the lines move. */
static void state_inits(UpdateBuild *b, const Leaf *leaves, int n, Node *const *par)
{
    Front *f = b->f;
    Sema *s = &f->s;
    Declaration *d = b->learn ? f->meta.at : f->param.at;
    int nd = b->learn ? f->meta.n : f->param.n, at = 0;
    for (int k = 0; k < nd; k++) {
        UpdateLine *l = line_of(b, &d[k]);
        int ns = 0;
        if (!l)
            continue;
        state_names(l->rule, -1, &ns);
        for (int i = 0; i < d[k].nleaf; i++)
            for (int j = 0; j < ns && at < n; j++, at++) {
                Node *node = state_start(b, l->rule, state_var(l->rule, j), &leaves[at], par[d[k].first + i]);
                ir_result(s->graph, node ? node : ir_const(s->graph, leaves[at].type, 0), leaves[at].name);
            }
    }
}

/* Runs every line in the present graph; par, grad and state are its parameters, in leaf order. */
static bool run_lines(UpdateBuild *b, Leaf *leaves, Node **par, Node **grad, Node **state, int nstate)
{
    Front *f = b->f;
    Sema *s = &f->s;
    Declaration *d = b->learn ? f->meta.at : f->param.at;
    int nd = b->learn ? f->meta.n : f->param.n, at = 0;
    Node **next = NEW_N(s->arena, Node *, nstate + 1);
    bool ok = true;
    for (int k = 0; k < nd; k++) {
        UpdateLine *l = line_of(b, &d[k]);
        int ns = 0;
        if (l) {
            state_names(l->rule, -1, &ns);
            ok &= update_eval_arguments(b, l);
        }
        for (int i = 0; i < d[k].nleaf; i++) {
            int leaf = d[k].first + i, path[64], depth = 0, lead = d[k].layout.rank, seek = i;
            Node **out = NEW_N(s->arena, Node *, ns + 1);
            if (!l || !ok) {
                ir_result(s->graph, par[leaf], leaves[leaf].name);
                at += l ? ns : 0;
                continue;
            }
            if (d[k].layout.type)
                path_to(d[k].layout.type, &seek, path, &depth, &lead);
            leaves[leaf].stepped = l->line->rule.span;
            Part x = { b, l, &leaves[leaf], d[k].layout.type ? lead : 0, par[leaf], grad[leaf], state + at };
            if (run_part(&x, path, depth, out)) {
                ir_result(s->graph, out[0], leaves[leaf].name);
                for (int j = 0; j < ns; j++)
                    next[at + j] = out[j + 1];
            } else {
                ok = false;
                ir_result(s->graph, par[leaf], leaves[leaf].name);
            }
            at += ns;
        }
    }
    for (int k = 0; k < nstate; k++)
        ir_result(s->graph, next[k] ? next[k] : state[k], NULL);
    return ok;
}

static Node **params_for(Front *f, const Leaf *leaf, int n, const char *prefix)
{
    Node **at = NEW_N(f->s.arena, Node *, n + 1);
    for (int k = 0; k < n; k++) {
        at[k] = ir_param(f->s.graph, leaf[k].type, prefix ? intern_printf("%s%s", prefix, leaf[k].name) : leaf[k].name);
        memcpy(at[k]->axis_name, leaf[k].axis_name, sizeof leaf[k].axis_name);
    }
    return at;
}

/* The target of a line, checked; NULL when reported. */
static Declaration *target_of(UpdateBuild *b, NameAt n)
{
    Front *f = b->f;
    Declaration *d = b->learn ? f->meta.at : f->param.at;
    int nd = b->learn ? f->meta.n : f->param.n;
    for (int k = 0; k < nd; k++)
        if (d[k].decl->name.name == n.name)
            return &d[k];
    Sym *y = scope_find(&f->top, n.name);
    const char *want = b->learn ? "meta" : "param", *word = b->learn ? "learn" : "step";
    static const char *const kind[] = { "dim", "const", "data", "meta", "param", "state", "function", "struct", "optimizer", "", "", "", "" };
    if (y) {
        Diag *e = diag_error(f->s.diags, n.span, NULL, "`%s` is a %s; `%s` moves a %s", n.name, kind[y->kind], word, want);
        diag_note(f->s.diags, e, y->span, "%s is declared here", n.name);
        return NULL;
    }
    Name *known = NEW_N(f->s.arena, Name, nd + 1);
    for (int k = 0; k < nd; k++)
        known[k] = d[k].decl->name.name;
    Name near = nearest_name(n.name, known, nd);
    report(&f->s, n.span, NULL, "`%s`: there is no %s `%s`%s%s%s", word, want, n.name, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
    return NULL;
}

static void gather_lines(UpdateBuild *b, const Decl *const *decl, int n, int64_t *count)
{
    Front *f = b->f;
    Span first = { 0 };
    for (int k = 0; k < n; k++) {
        const Decl *d = decl[k];
        int64_t t;
        f->s.context = CTX_SIZE;
        if (sema_whole(&f->s, f->s.global, d->count, "the number of steps after `for`", &t)) {
            if (t < 0 || t > INT32_MAX)
                report(&f->s, d->count->span, NULL, "the number of steps after `for` cannot be %lld", (long long)t);
            else if (*count >= 0 && *count != t) {
                Diag *e = diag_error(f->s.diags, d->count->span, NULL, "this line runs `for` %lld steps, another one for %lld: all take their steps together", (long long)t, (long long)*count);
                diag_note(f->s.diags, e, first, "the other number is here");
            } else
                *count = t, first = d->count->span;
        }
        const Decl *r = find_optimizer(f, d->rule);
        for (int i = 0; i < d->ntarget; i++) {
            Declaration *to = target_of(b, d->target[i]);
            UpdateLine *before = to ? line_of(b, to) : NULL;
            if (before) {
                Diag *e = diag_error(f->s.diags, d->target[i].span, NULL, "`%s` is in two `%s` lines", d->target[i].name, b->learn ? "learn" : "step");
                diag_note(f->s.diags, e, before->at.span, "the first is here");
                continue;
            }
            UpdateLine l = { .line = d, .rule = r, .target = to, .at = d->target[i] };
            if (!to || !r || !has_update(f, r) || !update_match_arguments(b, &l))
                continue;
            vec_push(f->s.arena, b->lines, l);
        }
    }
}

static bool build_steps(Front *f)
{
    Sema *s = &f->s;
    Problem *p = s->problem;
    UpdateBuild b = { .f = f };
    int errors = s->diags->errors;
    p->steps = -1;
    gather_lines(&b, f->steps.at, f->steps.n, &p->steps);
    for (int k = 0; k < f->param.n; k++) {
        bool named = false;
        for (int i = 0; i < f->steps.n; i++)
            for (int j = 0; j < f->steps.at[i]->ntarget; j++)
                named |= f->steps.at[i]->target[j].name == f->param.at[k].decl->name.name;
        if (!named)
            report(s, f->param.at[k].decl->name.span, NULL, "no `step` line moves param %s: write `step %s by ...`", f->param.at[k].decl->name.name, f->param.at[k].decl->name.name);
    }
    if (p->steps < 0)
        p->steps = 1;
    s->steps = p->steps;
    add_states(&b, (Leaves *)&p->state, p->param.at, R_STATE);
    p->state_init = graph_begin(f, "state_init", CTX_STATE, true, true);
    unbind(f->data.at, f->data.n);
    unbind(f->meta.at, f->meta.n);
    state_inits(&b, p->state.at, p->state.n, params_for(f, p->param.at, p->param.n, NULL));
    refuse_logs(s, "the initial value of a state");
    p->update = graph_begin(f, "update", CTX_OPT_ARG, true, true);
    Node **par = params_for(f, p->param.at, p->param.n, NULL), **grad = params_for(f, p->param.at, p->param.n, "g_"), **state = params_for(f, p->state.at, p->state.n, NULL);
    set_step(f, ir_param(s->graph, type_scalar(T_INT), intern("step")), p->steps);
    run_lines(&b, p->param.at, par, grad, state, p->state.n);
    for (int k = 0; k < s->logs.n; k++)
        ir_result(s->graph, s->logs.at[k].value, s->logs.at[k].name);
    return s->diags->errors == errors;
}

static void build_learn(Front *f)
{
    Sema *s = &f->s;
    Problem *p = s->problem;
    UpdateBuild b = { .f = f, .learn = true };
    int64_t n = -1;
    gather_lines(&b, f->learns.at, f->learns.n, &n);
    if (!f->learns.n)
        return;
    p->learn_n = n < 0 ? 0 : n;
    add_states(&b, (Leaves *)&p->learn_state, p->meta.at, R_LEARN_STATE);
    p->learn_init = graph_begin(f, "learn_init", CTX_STATE, false, true);
    unbind(f->meta.at, f->meta.n);
    state_inits(&b, p->learn_state.at, p->learn_state.n, p->learn_init->params.at);
    refuse_logs(s, "the initial value of a state");
    p->learn = graph_begin(f, "learn", CTX_LEARN_ARG, false, true);
    Node **meta = NEW_N(s->arena, Node *, p->meta.n + 1);
    for (int k = 0; k < p->meta.n; k++)
        meta[k] = s->graph->params.at[k];
    unbind(f->meta.at, f->meta.n);
    Node **grad = params_for(f, p->meta.at, p->meta.n, "g_"), **state = params_for(f, p->learn_state.at, p->learn_state.n, NULL);
    set_step(f, ir_param(s->graph, type_scalar(T_INT), intern("step")), INT32_MAX);
    run_lines(&b, p->meta.at, meta, grad, state, p->learn_state.n);
    refuse_logs(s, "the optimizer of a `learn` line");
}

bool build_updates(Front *f)
{
    int errors = f->s.diags->errors;
    build_steps(f);
    build_learn(f);
    return f->s.diags->errors == errors;
}
