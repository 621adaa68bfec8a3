/* notation_ranges.c -- how far the letters of index notation run (eval_notation.c uses it).
 *
 * A letter alone in a place has that axis's length; one that never stands alone takes every value for which all its places stay inside. All letters of a
 * statement are solved for together: collect() finds what each place says, solve() gives ranges or an error that shows both halves of a conflict. */
#include "notation.h"

typedef struct Letter { Name name; Span span; const Expr *over; int64_t range; bool alone; Span alone_at; Sym *sym; } Letter;
typedef struct Affine { int64_t base; int64_t coef[MAX_LETTERS]; bool ok, any; } Affine;
typedef struct Use { Affine place; int64_t n; Span at; const Expr *of; int axis; } Use;
typedef struct Infer { Sema *s; Scope *scope; Name target; Vec(Letter) letters; Vec(int) active; Vec(Use) uses; bool bad; } Infer;

/* grad[w](...) has no letters: w is a name that is there. */
static bool is_over(const Expr *e) { return e->kind == E_OVER && strcmp(e->name, "grad"); }

static int active_letter(const Infer *f, Name name)
{
    for (int k = f->active.n - 1; k >= 0; k--)
        if (f->letters.at[f->active.at[k]].name == name)
            return f->active.at[k];
    return -1;
}

/* base + sum coef * letter, or ok = false */
static Affine affine(Infer *f, const Expr *e)
{
    Affine a = { .ok = true }, b;
    switch (e->kind) {
    case E_NUM: a.base = (int64_t)e->num; a.ok = e->whole; return a;
    case E_NAME: {
        int l = active_letter(f, e->name);
        if (l >= 0) {
            a.coef[l] = 1;
            a.any = true;
            return a;
        }
        Sym *y = scope_find(f->scope, e->name);
        if (y && y->has_val && y->val.kind == V_NUM && y->val.whole)
            a.base = (int64_t)y->val.num;
        else
            a.ok = false;
        return a;
    }
    case E_NEG:
        a = affine(f, e->a);
        a.base = -a.base;
        for (int k = 0; k < MAX_LETTERS; k++)
            a.coef[k] = -a.coef[k];
        return a;
    case E_BINARY:
        a = affine(f, e->a);
        b = affine(f, e->b);
        if (!a.ok || !b.ok || (e->op != B_ADD && e->op != B_SUB && e->op != B_MUL) || (e->op == B_MUL && a.any && b.any)) {
            a.any |= b.any;
            a.ok = false;
            return a;
        }
        if (e->op == B_MUL) {
            Affine *x = a.any ? &a : &b;
            int64_t by = a.any ? b.base : a.base;
            x->base *= by;
            for (int k = 0; k < MAX_LETTERS; k++)
                x->coef[k] *= by;
            return *x;
        }
        for (int k = 0; k < MAX_LETTERS; k++)
            a.coef[k] += e->op == B_ADD ? b.coef[k] : -b.coef[k];
        a.base += e->op == B_ADD ? b.base : -b.base;
        a.any |= b.any;
        return a;
    default: a.ok = false; return a;
    }
}

static bool mentions(const Infer *f, const Expr *e)
{
    if (!e)
        return false;
    if (e->kind == E_NAME)
        return active_letter(f, e->name) >= 0;
    bool any = mentions(f, e->a) || mentions(f, e->b) || mentions(f, e->c);
    for (int k = 0; k < e->narg; k++)
        any |= mentions(f, e->arg[k].value);
    for (int k = 0; k < e->nitem; k++)
        any |= mentions(f, e->item[k].at) || mentions(f, e->item[k].lo) || mentions(f, e->item[k].hi);
    return any;
}

static void push_letter(Infer *f, NameAt name, const Expr *over)
{
    if (f->letters.n >= MAX_LETTERS - 1) {
        if (!f->bad)
            report(f->s, name.span, NULL, "more than %d letters in one statement", MAX_LETTERS - 1);
        f->bad = true;
        return;
    }
    check_name(f->s, name);
    vec_push(f->s->arena, f->letters, (Letter){ .name = name.name, .span = name.span, .over = over, .range = -1 });
    vec_push(f->s->arena, f->active, f->letters.n - 1);
}

static void collect(Infer *f, const Expr *e);

/* One a[places] with letters in it: what each place says. */
static void collect_index(Infer *f, const Expr *e)
{
    Val base = eval_base(f->s, f->scope, e->a);
    if (base.kind != V_ARRAY) {
        if (base.kind != V_ERROR)
            report(f->s, e->a->at, NULL, "an array is expected before the letters; this is %s", val_text(f->s, base));
        f->bad = true;
        return;
    }
    const Type *t = &base.node->type;
    if (e->nitem != t->rank) {
        Diag *d = diag_error(f->s->diags, e->item[0].span, NULL, "%d ind%s for shape %s: in index notation every axis has an index", e->nitem, e->nitem == 1 ? "ex" : "ices", type_text(f->s->arena, t));
        sema_note_declared(f->s, d, e->a);
        f->bad = true;
        return;
    }
    for (int k = 0; k < e->nitem; k++) {
        if (e->item[k].kind != ITEM_AT) {
            report(f->s, e->item[k].span, NULL, "in index notation a place is an index, not a range");
            f->bad = true;
            return;
        }
        Affine a = affine(f, e->item[k].at);
        if (a.ok)
            vec_push(f->s->arena, f->uses, (Use){ a, t->dim[k], e->item[k].span, e->a, k });
        else
            collect(f, e->item[k].at);
    }
}

static void collect(Infer *f, const Expr *e)
{
    if (!e || f->bad)
        return;
    if (is_over(e)) {
        int before = f->active.n;
        for (int k = 0; k < e->nletter; k++)
            push_letter(f, e->letter[k], e);
        collect(f, e->a);
        f->active.n = before;
        return;
    }
    if (e->kind == E_INDEX && mentions(f, e)) {
        bool places = false;
        for (int k = 0; k < e->nitem; k++)
            places |= mentions(f, e->item[k].at);
        if (places) {
            collect_index(f, e);
            return;
        }
    }
    collect(f, e->a);
    collect(f, e->b);
    collect(f, e->c);
    for (int k = 0; k < e->narg; k++)
        collect(f, e->arg[k].value);
    for (int k = 0; k < e->nitem; k++)
        collect(f, e->item[k].at);
}

static int lone_letter(const Affine *a)
{
    int at = -1;
    for (int k = 0; k < MAX_LETTERS; k++)
        if (a->coef[k]) {
            if (at >= 0 || a->coef[k] != 1)
                return -1;
            at = k;
        }
    return a->base ? -1 : at;
}

static void solve_alone(Infer *f)
{
    for (int k = 0; k < f->uses.n; k++) {
        Use *u = &f->uses.at[k];
        int l = lone_letter(&u->place);
        if (l < 0)
            continue;
        Letter *x = &f->letters.at[l];
        if (x->alone && x->range != u->n) {
            Diag *d = diag_error(f->s->diags, u->at, NULL, "the letter %s has two lengths: %lld here, %lld elsewhere", x->name, (long long)u->n, (long long)x->range);
            diag_note(f->s->diags, d, x->alone_at, "%s has length %lld here", x->name, (long long)x->range);
            sema_note_declared(f->s, d, u->of);
            f->bad = true;
            return;
        }
        x->alone = true;
        x->range = u->n;
        x->alone_at = u->at;
    }
}

/* The range of the one letter of a place that is not known yet, from the others. */
static bool solve_one(Infer *f, const Use *u, bool tighten)
{
    int l = -1;
    int64_t lo = u->place.base, hi = u->place.base;
    for (int k = 0; k < f->letters.n; k++) {
        int64_t c = u->place.coef[k];
        if (!c)
            continue;
        Letter *x = &f->letters.at[k];
        if (x->range < 0 || (tighten && !x->alone && l < 0)) {
            if (l >= 0)
                return false;
            l = k;
            continue;
        }
        lo += c > 0 ? 0 : c * (x->range - 1);
        hi += c > 0 ? c * (x->range - 1) : 0;
    }
    if (l < 0)
        return false;
    int64_t c = u->place.coef[l], most = c > 0 ? (u->n - 1 - hi) / c : lo / -c;
    Letter *x = &f->letters.at[l];
    if (c > 0 ? hi > u->n - 1 : lo < 0)
        most = -1;
    if (x->range < 0 || most + 1 < x->range) {
        x->range = most + 1 > 0 ? most + 1 : 0;
        return true;
    }
    return false;
}

static void no_range(Infer *f, const Letter *x)
{
    Diag *d = diag_error(f->s->diags, x->span, NULL, x->range < 0 ? "nothing says how far the letter %s runs: it must be an index of some array, alone or in a sum such as %s + k; an index of iota is one: iota(n)[%s]" : "the letter %s has no value for which all places stay inside their axes", x->name, x->name, x->name);
    for (const Frame *r = f->s->frame; r; r = r->up)
        if (r->var->name == x->name && scope_find(f->scope, x->name) == r->var)
            diag_note(f->s->diags, d, r->var->span, "the letter hides this loop variable; a loop collects by its own variable alone: %s[%s] = ... in the loop over %s", f->target, f->s->frame->var->name, f->s->frame->var->name);
    f->bad = true;
}

static void solve(Infer *f)
{
    solve_alone(f);
    for (bool again = true; again && !f->bad;) {
        again = false;
        for (int k = 0; k < f->uses.n; k++)
            again |= solve_one(f, &f->uses.at[k], false);
    }
    for (int k = 0; k < f->uses.n && !f->bad; k++)
        solve_one(f, &f->uses.at[k], true);
    for (int k = 0; k < f->letters.n && !f->bad; k++)
        if (f->letters.at[k].range <= 0)
            no_range(f, &f->letters.at[k]);
    for (int k = 0; k < f->uses.n && !f->bad; k++) {
        const Use *u = &f->uses.at[k];
        int64_t lo = u->place.base, hi = lo;
        for (int i = 0; i < f->letters.n; i++) {
            int64_t c = u->place.coef[i] * (f->letters.at[i].range - 1);
            lo += c < 0 ? c : 0;
            hi += c > 0 ? c : 0;
        }
        if (lo < 0 || hi >= u->n) {
            Diag *d = diag_error(f->s->diags, u->at, NULL, "this index runs from %lld to %lld, outside axis %d, which has length %lld", (long long)lo, (long long)hi, u->axis, (long long)u->n);
            sema_note_declared(f->s, d, u->of);
            f->bad = true;
        }
    }
}

/* Infers the letters of a statement (out: those on the left) or of a sum that stands alone. */
bool notation_infer(Sema *s, Scope *scope, Name target, const NameAt *out, int nout, const Expr *e, Solved *solved, int64_t *out_range)
{
    Infer f = { .s = s, .scope = scope, .target = target };
    for (int k = 0; k < nout; k++)
        push_letter(&f, out[k], NULL);
    collect(&f, e);
    if (!f.bad)
        solve(&f);
    if (f.bad)
        return false;
    for (int k = 0; k < nout; k++)
        out_range[k] = f.letters.at[k].range;
    for (int k = nout; k < f.letters.n;) {
        const Expr *over = f.letters.at[k].over;
        Known x = { over, NEW_N(s->arena, int64_t, over->nletter + 1) };
        for (int i = 0; i < over->nletter; i++)
            x.range[i] = f.letters.at[k++].range;
        vec_push(s->arena, solved->all, x);
    }
    return true;
}
