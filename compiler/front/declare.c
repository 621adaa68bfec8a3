/* declare.c -- reading the main file with what it imports and the standard library, and putting every declared name into the scope.
 *
 * The user's names hide the library's. A second declaration of a name is an error at the second place; names that end in `_` are the compiler's. */
#include "declare.h"
#include <stdlib.h>

enum { MAX_DECLARATIONS = 5000 };

extern const struct StdFile { const char *name, *text; } std_files[];

static SymKind symbol_kind(DeclKind k)
{
    switch (k) {
    case D_DIM: return SYM_DIM;
    case D_CONST: return SYM_CONST;
    case D_DATA: return SYM_DATA;
    case D_META: return SYM_META;
    case D_PARAM: return SYM_PARAM;
    case D_STRUCT: return SYM_STRUCT;
    case D_FN: return SYM_FN;
    default: return SYM_OPTIMIZER;
    }
}

static void check_reserved(Front *f, NameAt n)
{
    size_t len = n.name ? strlen(n.name) : 0;
    if (len && n.name[len - 1] == '_')
        report(&f->s, n.span, NULL, "`%s` ends in `_`: such names are the compiler's own", n.name);
}

static void only_once(Front *f, const Decl **slot, const Decl *d, const char *what)
{
    if (!*slot) {
        *slot = d;
        return;
    }
    Diag *e = diag_error(f->s.diags, d->keyword, NULL, "a second `%s`: a problem has one", what);
    diag_note(f->s.diags, e, (*slot)->keyword, "the first is here");
}

/* Fields of a struct, arguments of a function or an optimizer, with the array and gradient of an optimizer: each name once. */
static void check_items(Front *f, const Decl *d)
{
    Vec(NameAt) all = { 0 };
    for (int k = 0; k < d->nsize; k++)
        vec_push(f->s.arena, all, d->size[k]);
    int sizes = all.n;
    for (int k = 0; k < d->nitem; k++)
        vec_push(f->s.arena, all, d->item[k].name);
    if (d->kind == D_OPTIMIZER) {
        vec_push(f->s.arena, all, d->p);
        vec_push(f->s.arena, all, d->g);
    }
    for (int k = 0; k < all.n; k++)
        for (int i = k < sizes ? 0 : sizes; i < k; i++)
            if (all.at[i].name == all.at[k].name) {
                Diag *e = diag_error(f->s.diags, all.at[k].span, NULL, "`%s` is declared twice in %s", all.at[k].name, d->name.name);
                diag_note(f->s.diags, e, all.at[i].span, "%s is declared here first", all.at[k].name);
                break;
            }
}

static void declare_name(Front *f, const Decl *d, Scope *scope, bool library)
{
    check_reserved(f, d->name);
    for (int k = 0; k < d->nitem; k++)
        check_reserved(f, d->item[k].name);
    check_items(f, d);
    for (int k = 0; k < scope->syms.n; k++)
        if (scope->syms.at[k]->name == d->name.name) {
            Diag *e = diag_error(f->s.diags, d->name.span, NULL, "`%s` is declared twice", d->name.name);
            diag_note(f->s.diags, e, scope->syms.at[k]->span, "%s is declared here first", d->name.name);
            return;
        }
    Sym *y = scope_add(f->s.arena, scope, symbol_kind(d->kind), d->name.name, d->name.span);
    y->decl = d;
    y->library = library;
    if (library)
        return;
    Declaration x = { .decl = d, .sym = y };
    switch (d->kind) {
    case D_DATA: vec_push(f->s.arena, f->data, x); break;
    case D_META: vec_push(f->s.arena, f->meta, x); break;
    case D_PARAM: vec_push(f->s.arena, f->param, x); break;
    case D_DIM: vec_push(f->s.arena, f->dims, d); break;
    case D_CONST: vec_push(f->s.arena, f->consts, d); break;
    case D_FN: vec_push(f->s.arena, f->fns, d); break;
    case D_OPTIMIZER: vec_push(f->s.arena, f->optimizers, d); break;
    default: break;
    }
}

static bool may_import(DeclKind k) { return k == D_STRUCT || k == D_FN || k == D_CONST || k == D_OPTIMIZER || k == D_IMPORT; }

void declare_file(Front *f, Ast *a, bool library)
{
    bool main_file = !a->parent && !library;
    for (int k = 0; k < a->ndecl; k++) {
        const Decl *d = &a->decl[k];
        if (f->top.syms.n >= MAX_DECLARATIONS) {
            report(&f->s, d->keyword, NULL, "more than %d declarations in one problem", MAX_DECLARATIONS);
            return;
        }
        if (!main_file && !may_import(d->kind)) {
            report(&f->s, d->keyword, NULL, "an imported file holds functions, structs, constants and optimizers only");
            continue;
        }
        switch (d->kind) {
        case D_PROBLEM: only_once(f, &f->problem, d, "problem"); check_reserved(f, d->name); break;
        case D_INNER: only_once(f, &f->inner, d, "inner"); break;
        case D_OUTER: only_once(f, &f->outer, d, "outer"); break;
        case D_PATH: only_once(f, &f->path, d, "outer over steps"); break;
        case D_TRUNCATE: only_once(f, &f->truncate, d, "truncate"); break;
        case D_OUTER_AT_OPTIMUM: report(&f->s, d->keyword, NULL, "`outer at optimum` is not compiled yet; use `outer` with a sufficient number of steps"); break;
        case D_STEP: vec_push(f->s.arena, f->steps, d); break;
        case D_LEARN: vec_push(f->s.arena, f->learns, d); break;
        case D_IMPORT: break;
        default: declare_name(f, d, library ? &f->library : &f->top, library); break;
        }
    }
}

/* ---- files ---- */
static const char *folder_of(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strndup(arena, path, (size_t)(slash - path + 1)) : "";
}

static const char *std_text(const char *name)
{
    for (int k = 0; std_files[k].name; k++)
        if (!strcmp(std_files[k].name, name))
            return std_files[k].text;
    return NULL;
}

bool is_library(const Source *src)
{
    const char *text = std_text(src->path);
    return text && !strcmp(text, src->text);
}

/* The files whose names need no import. A user's declaration hides theirs, for the user's own text only. */
bool always_there(const char *name) { return !strcmp(name, "std/math.mfl") || !strcmp(name, "std/optimizers.mfl"); }

/* a/b/../c becomes a/c, so that a file is one file however it is named. */
static char *tidy_path(Arena *arena, const char *path)
{
    char *out = arena_printf(arena, "%s", path), *p;
    while ((p = strstr(out, "/./")))
        memmove(p, p + 2, strlen(p + 2) + 1);
    while ((p = strstr(out, "/../"))) {
        char *q = p;
        while (q > out && q[-1] != '/')
            q--;
        if (q == p || !strncmp(q, "..", 2))
            break;
        memmove(q, p + 4, strlen(p + 4) + 1);
    }
    return out;
}

static bool load(Front *f, const char *path, Ast *parent, Span at, int depth);

static void import_one(Front *f, Ast *from, const Decl *d, int depth)
{
    Arena *arena = f->s.arena;
    const char *path = d->path[0] == '/' ? d->path : arena_printf(arena, "%s%s", folder_of(arena, from->src->path), d->path);
    path = tidy_path(arena, path);
    if (std_text(d->path)) {
        if (always_there(d->path))
            return;
        path = d->path;
    }
    for (Ast *a = from; a; a = a->parent)
        if (!strcmp(a->src->path, path)) {
            Diag *e = diag_error(f->s.diags, d->path_span, NULL, "an import cycle: %s imports itself through this file", path);
            for (Ast *b = from; b && b->parent; b = b->parent)
                diag_note(f->s.diags, e, b->imported_at, "%s is imported here", b->src->path);
            return;
        }
    for (int k = 0; k < f->s.files.n; k++)
        if (!strcmp(f->s.files.at[k]->src->path, path))
            return;                            /* imported before, by another file */
    load(f, path, from, d->path_span, depth + 1);
}

static bool load(Front *f, const char *path, Ast *parent, Span at, int depth)
{
    const char *why = NULL;
    const char *library = parent ? std_text(path) : NULL;
    Source *src = depth > 50 ? NULL : library ? source_from_text(f->s.arena, path, library, strlen(library)) : !parent && f->s.opt->text ? source_from_text(f->s.arena, path, f->s.opt->text, strlen(f->s.opt->text)) : source_read(f->s.arena, path, &why);
    if (!src) {
        if (parent)
            report(&f->s, at, NULL, depth > 50 ? "files are imported more than 50 deep: %s" : "the file %s cannot be read: %s", path, why);
        else
            diag_error(f->s.diags, (Span){ 0 }, NULL, "%s cannot be read: %s", path, why);
        return false;
    }
    Ast *a = parse_source(f->s.arena, f->s.diags, src);
    a->parent = parent;
    a->imported_at = at;
    vec_push(f->s.arena, f->s.files, a);
    for (int k = 0; k < a->ndecl; k++)
        if (a->decl[k].kind == D_IMPORT)
            import_one(f, a, &a->decl[k], depth);
    declare_file(f, a, library != NULL);
    return true;
}

bool front_read(Front *f, const char *path)
{
    f->s.library = &f->library;
    for (int k = 0; std_files[k].name; k++) {
        if (!always_there(std_files[k].name))
            continue;
        Source *src = source_from_text(f->s.arena, std_files[k].name, std_files[k].text, strlen(std_files[k].text));
        declare_file(f, parse_source(f->s.arena, f->s.diags, src), true);
    }
    return load(f, tidy_path(f->s.arena, path), NULL, (Span){ 0 }, 0);
}
