/* front.c -- from a path to a Problem: the order in which a file is understood. Each stage reports all it can; a later stage runs only where
 * the earlier ones leave something to stand on. */
#include "declare.h"

void sema_note_declared(Sema *s, Diag *d, const Expr *e)
{
    while (e && (e->kind == E_INDEX || e->kind == E_FIELD))
        e = e->a;
    Sym *y = e && e->kind == E_NAME ? scope_find(s->global, e->name) : NULL;
    if (!y || (y->kind != SYM_DATA && y->kind != SYM_META && y->kind != SYM_PARAM) || s->context == CTX_FN || s->context == CTX_OPT_BODY)
        return;
    if (y->has_val && y->val.kind == V_ARRAY)
        diag_note(s->diags, d, y->span, "%s is declared here with shape %s", y->name, type_text(s->arena, &y->val.node->type));
    else if (y->has_val && y->val.kind == V_RECORD)
        diag_note(s->diags, d, y->span, "%s is declared here as %s", y->name, y->val.type->text);
    else
        diag_note(s->diags, d, y->span, "%s is declared here", y->name);
}

static void eval_consts(Front *f)
{
    Sema *s = &f->s;
    s->graph = s->here = graph_new(s->arena, intern("consts"));
    for (int k = 0; k < f->consts.n; k++) {
        Sym *y = scope_find(&f->top, f->consts.at[k]->name.name);
        s->context = CTX_CONST;
        y->busy = true;
        y->val = sema_expr(s, s->global, f->consts.at[k]->declared->init);
        y->busy = false;
        y->has_val = y->val.kind != V_ERROR;
        if (y->val.kind == V_RECORD)
            report(s, f->consts.at[k]->declared->init->span, NULL, "a const is a number or an array");
        refuse_logs(s, "a const");
    }
}

static void keep_dims(Front *f)
{
    Problem *p = f->s.problem;
    p->ndims = 0;
    p->dims = arena_alloc(f->s.arena, sizeof *p->dims * (size_t)(f->dims.n + 1));
    for (int k = 0; k < f->dims.n; k++) {
        Sym *y = scope_find(&f->top, f->dims.at[k]->name.name);
        p->dims[p->ndims].name = y->name;
        p->dims[p->ndims].value = (int64_t)y->val.num;
        p->dims[p->ndims++].span = y->span;
    }
}

Problem *front_load(Arena *arena, Diags *diags, const FrontOptions *opt)
{
    Front f = { .s = { .arena = arena, .diags = diags, .opt = opt, .steps = -1 } };
    f.s.problem = NEW(arena, Problem);
    f.s.problem->arena = arena;
    f.top.up = &f.library;
    f.s.global = &f.top;
    diags->arena = diags->arena ? diags->arena : arena;
    if (!front_read(&f, opt->path))
        return NULL;
    f.step = scope_add(arena, &f.library, SYM_STEP, intern("step"), (Span){ 0 });
    /* Syntax errors leave declarations out: what depends on them would only be noise. */
    if (diags->errors)
        return NULL;
    bool names = check_functions(&f);
    f.s.graph = f.s.here = graph_new(arena, intern("sizes"));
    bool sizes = bind_dims(&f);
    if (!sizes)
        return NULL;
    eval_consts(&f);
    bool shapes = layout_all(&f);
    if (!names || !shapes)
        return NULL;
    build_problem(&f);
    keep_dims(&f);
    return diags->errors ? NULL : f.s.problem;
}
