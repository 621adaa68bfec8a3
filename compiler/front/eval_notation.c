/* eval_notation.c -- index notation: t[i, j] = e and sum[k](e), max[k](e), mean[k](e).
 *
 * While letters are in force, an array read with letters becomes an array with one axis for each letter, of the letter's range or of length 1 where the
 * letter does not occur; NumPy's broadcasting then does the rest. A sum over a product of such arrays is one CONTRACT of its factors, which
 * sees through the expansions. How far letters run: notation_ranges.c. */
#include "notation.h"

/* ---- evaluation: s->letters are in force ---- */
static Sym *put_letter(Sema *s, Scope *scope, NameAt name, int64_t range)
{
    Sym *y = scope_add(s->arena, scope, SYM_LETTER, name.name, name.span);
    Sym **all = NEW_N(s->arena, Sym *, s->nletters + 1);
    if (s->nletters)
        memcpy(all, s->letters, sizeof *all * (size_t)s->nletters);
    all[s->nletters++] = y;
    s->letters = all;
    y->val.bound = range;
    return y;
}

/* A letter as a number: its axis counts. Made anew for the present number of letters. */
static void refresh_letters(Sema *s)
{
    for (int k = 0; k < s->nletters; k++) {
        Type t = { .dtype = T_INT, .rank = s->nletters };
        int64_t range = s->letters[k]->val.bound;
        for (int i = 0; i < s->nletters; i++)
            t.dim[i] = i == k ? range : 1;
        s->letters[k]->val = val_int(ir_iota(s->here, t, k), 0, range - 1);
        s->letters[k]->val.bound = range;
        s->letters[k]->has_val = true;
    }
}

static int letter_place(const Sema *s, const Sym *y)
{
    for (int k = 0; k < s->nletters; k++)
        if (s->letters[k] == y)
            return k;
    return -1;
}

bool uses_letters(Sema *s, Scope *scope, const Expr *e)
{
    if (!e)
        return false;
    if (e->kind == E_NAME) {
        Sym *y = scope_find(scope, e->name);
        return y && y->kind == SYM_LETTER;
    }
    bool any = uses_letters(s, scope, e->a) || uses_letters(s, scope, e->b) || uses_letters(s, scope, e->c);
    for (int k = 0; k < e->narg && !any; k++)
        any = uses_letters(s, scope, e->arg[k].value);
    for (int k = 0; k < e->nitem && !any; k++)
        any = uses_letters(s, scope, e->item[k].at) || uses_letters(s, scope, e->item[k].lo) || uses_letters(s, scope, e->item[k].hi);
    return any;
}

/* base + letters, as a place of the contract; false when it is not affine. */
static bool affine_place(Sema *s, Scope *scope, const Expr *e, Place *p, int64_t times)
{
    if (e->kind == E_NUM && e->whole) {
        p->base += times * (int64_t)e->num;
        return true;
    }
    if (e->kind == E_NAME) {
        Sym *y = scope_find(scope, e->name);
        if (y && y->kind == SYM_LETTER && letter_place(s, y) >= 0) {
            p->coef[letter_place(s, y)] += times;
            return true;
        }
        if (y && y->has_val && y->val.kind == V_NUM && y->val.whole) {
            p->base += times * (int64_t)y->val.num;
            return true;
        }
        return false;
    }
    if (e->kind == E_NEG)
        return affine_place(s, scope, e->a, p, -times);
    if (e->kind == E_BINARY && (e->op == B_ADD || e->op == B_SUB))
        return affine_place(s, scope, e->a, p, times) && affine_place(s, scope, e->b, p, e->op == B_ADD ? times : -times);
    if (e->kind == E_BINARY && e->op == B_MUL) {
        const Expr *number = uses_letters(s, scope, e->a) ? e->b : e->a, *rest = number == e->a ? e->b : e->a;
        if (uses_letters(s, scope, number))
            return false;
        int errors = s->diags->errors;
        Val v = sema_expr(s, scope, number);
        return s->diags->errors == errors && v.kind == V_NUM && v.whole && affine_place(s, scope, rest, p, times * (int64_t)v.num);
    }
    return false;
}

/* An integer value as a place: its array is indexed by the letters it depends on. */
static bool gather_place(Sema *s, Scope *scope, const Expr *e, Contract *c, Node **args, int axis, int64_t length, Place *p)
{
    Val v = sema_expr(s, scope, e);
    if (v.kind == V_ERROR)
        return false;
    if (v.kind == V_NUM && v.whole) {
        p->base = (int64_t)v.num < 0 ? (int64_t)v.num + length : (int64_t)v.num;
        if (p->base >= 0 && p->base < length)
            return true;
    } else if (v.kind == V_ARRAY && v.ranged && v.lo >= 0 && v.hi < length) {
        Node *n = node_here(s, v.node);
        int at = c->nfactor + c->nindex++;
        args[at] = n;
        c->arg[at].rank = n->type.rank;
        for (int k = 0; k < n->type.rank; k++)
            c->arg[at].place[k] = n->type.dim[k] == 1 ? place_const(0) : place_letter(k + s->nletters - n->type.rank);
        p->index = at;
        return true;
    }
    if (v.kind == V_ARRAY && v.ranged)
        report(s, e->span, NULL, "this index runs from %lld to %lld, outside axis %d, which has length %lld", (long long)v.lo, (long long)v.hi, axis, (long long)length);
    else
        report(s, e->span, NULL, "this cannot index axis %d of length %lld: %s", axis, (long long)length, v.kind == V_ARRAY ? "its values are not known to be integers inside (only index(C) data, step, loop variables, letters and iota may index)" : val_text(s, v));
    return false;
}

Val eval_letter_index(Sema *s, Scope *scope, const Expr *e)
{
    Val base = eval_base(s, scope, e->a);
    if (base.kind != V_ARRAY)
        return base.kind == V_ERROR ? base : report(s, e->a->at, NULL, "an array is expected before the letters; this is %s", val_text(s, base));
    Node *n = node_here(s, base.node), *args[MAX_OPERANDS] = { n };
    if (e->nitem != n->type.rank)
        return report(s, e->item[0].span, NULL, "%d ind%s for shape %s: in index notation every axis has an index", e->nitem, e->nitem == 1 ? "ex" : "ices", type_text(s->arena, &n->type));
    Contract c;
    contract_init(&c);
    c.nfactor = 1;
    Type out = { .dtype = n->type.dtype, .rank = s->nletters };
    for (int k = 0; k < s->nletters; k++)
        contract_letter(&c, s->letters[k]->val.bound, s->letters[k]->name);
    c.arg[0].rank = n->type.rank;
    for (int k = 0; k < e->nitem; k++) {
        Place p = place_const(0);
        if (e->item[k].kind != ITEM_AT)
            return report(s, e->item[k].span, NULL, "in index notation a place is an index, not a range");
        if (!affine_place(s, scope, e->item[k].at, &p, 1)) {
            p = place_const(0);
            if (!gather_place(s, scope, e->item[k].at, &c, args, k, n->type.dim[k], &p))
                return val_error();
        }
        c.arg[0].place[k] = p;
    }
    /* A letter that occurs nowhere has length 1 in the result. */
    c.out.rank = s->nletters;
    for (int l = 0; l < s->nletters; l++) {
        bool used = false;
        for (int a = 0; a < c.nfactor + c.nindex; a++)
            for (int k = 0; k < c.arg[a].rank; k++)
                used |= c.arg[a].place[k].coef[l] != 0;
        out.dim[l] = used ? c.range[l] : 1;
        if (!used)
            c.range[l] = 1;
        c.out.place[l] = place_letter(l);
    }
    Val v = base;
    v.node = ir_contract(s->here, &c, args, out);
    return v;
}

/* ---- sum[k](e) ---- */
static int64_t solved_range(Sema *s, const Expr *over, int k)
{
    for (Solved *v = s->solved; v; v = v->up)
        for (int i = 0; i < v->all.n; i++)
            if (v->all.at[i].over == over)
                return v->all.at[i].range[k];
    return -1;
}

typedef struct Factors { Node *at[MAX_FACTORS]; int n; double scale; bool bad; } Factors;

/* One more factor; when a contraction has no place for it, it is multiplied into the last one. */
static void add_factor(Sema *s, Factors *f, Node *n)
{
    if (f->n < MAX_FACTORS) {
        f->at[f->n++] = n;
        return;
    }
    Type shape;
    Node **last = &f->at[MAX_FACTORS - 1];
    if (!broadcast_types(&(*last)->type, &n->type, &shape))
        ice("factors of shapes that do not fit");
    *last = ir_map2(s->here, OP_mul, broadcast_to(s, *last, &shape), broadcast_to(s, n, &shape));
}

/* The factors of a product; divisions by numbers and signs go into the scale. */
static void factors(Sema *s, Scope *scope, const Expr *e, Factors *f)
{
    if (e->kind == E_BINARY && e->op == B_MUL) {
        factors(s, scope, e->a, f);
        factors(s, scope, e->b, f);
        return;
    }
    if (e->kind == E_NEG) {
        f->scale = -f->scale;
        factors(s, scope, e->a, f);
        return;
    }
    Val v = sema_expr(s, scope, e);
    if (v.kind == V_NUM)
        f->scale *= v.num;
    else if (v.kind == V_ARRAY)
        add_factor(s, f, val_real(s, v));
    else {
        if (v.kind == V_RECORD)
            report(s, e->at, NULL, "a number is expected inside index notation; this is a record %s", v.type->text);
        f->bad = true;
    }
}

/* Sum of the product over the last m letters. */
static Node *sum_product(Sema *s, Factors *f, int m)
{
    Contract c;
    Type out = { .dtype = T_REAL, .rank = s->nletters - m };
    contract_init(&c);
    c.nfactor = f->n;
    c.scale = f->scale;
    bool used[MAX_LETTERS] = { false };
    for (int k = 0; k < s->nletters; k++)
        contract_letter(&c, s->letters[k]->val.bound, s->letters[k]->name);
    for (int a = 0; a < f->n; a++) {
        Type *t = &f->at[a]->type;
        c.arg[a].rank = t->rank;
        for (int k = 0; k < t->rank; k++) {
            int l = s->nletters - t->rank + k;
            c.arg[a].place[k] = t->dim[k] == 1 ? place_const(0) : place_letter(l);
            used[l] |= t->dim[k] != 1;
        }
    }
    c.out.rank = out.rank;
    for (int l = 0; l < out.rank; l++) {
        if (!used[l])
            c.range[l] = 1;
        out.dim[l] = c.range[l];
        c.out.place[l] = place_letter(l);
    }
    return ir_contract(s->here, &c, f->at, out);
}

static Node *reduce_over(Sema *s, Op op, Node *n, int m)
{
    Type t = { .dtype = T_REAL, .rank = s->nletters };
    for (int k = 0; k < s->nletters; k++) {
        int at = k - (s->nletters - n->type.rank);
        int64_t d = at >= 0 ? n->type.dim[at] : 1;
        t.dim[k] = k >= s->nletters - m ? s->letters[k]->val.bound : d;
    }
    unsigned axes = 0;
    for (int k = s->nletters - m; k < s->nletters; k++)
        axes |= 1u << k;
    return ir_reduce(s->here, op, broadcast_to(s, n, &t), axes);
}

static Val over_body(Sema *s, Scope *scope, const Expr *e)
{
    int m = e->nletter;
    if (!strcmp(e->name, "max") || !strcmp(e->name, "min")) {
        Val v = sema_expr(s, scope, e->a);
        Node *n = sema_real(s, v, e->a->span, "the value");
        return n ? val_array(reduce_over(s, e->name[1] == 'a' ? OP_max_over : OP_min_over, n, m)) : val_error();
    }
    Factors f = { .scale = 1 };
    factors(s, scope, e->a, &f);
    if (f.bad)
        return val_error();
    if (!strcmp(e->name, "mean"))
        for (int k = s->nletters - m; k < s->nletters; k++)
            f.scale /= (double)s->letters[k]->val.bound;
    return val_array(sum_product(s, &f, m));
}

Val eval_over(Sema *s, Scope *scope, const Expr *e)
{
    if (!strcmp(e->name, "grad"))
        return eval_grad(s, scope, e);
    if (strcmp(e->name, "sum") && strcmp(e->name, "mean") && strcmp(e->name, "max") && strcmp(e->name, "min"))
        return report(s, e->at, NULL, "`%s[...](...)` is unknown; index notation has sum, mean, max and min", e->name);
    Solved mine = { .up = s->solved }, *before = s->solved;
    Val v = val_error();
    if (solved_range(s, e, 0) < 0) {
        if (!notation_infer(s, scope, intern("t"), NULL, 0, e, &mine, NULL))
            return v;
        s->solved = &mine;
    }
    Scope inside = { .up = scope };
    Sym **letters = s->letters;
    int n = s->nletters;
    if (n + e->nletter > MAX_RANK) {
        s->solved = before;
        return report(s, e->letter[0].span, NULL, "%d letters are in force here; the limit is %d: give the parts of the sum names of their own", n + e->nletter, MAX_RANK);
    }
    for (int k = 0; k < e->nletter; k++)
        put_letter(s, &inside, e->letter[k], solved_range(s, e, k));
    refresh_letters(s);
    int calls = s->notation_calls;
    s->notation_calls = s->calls.n;
    s->in_notation++;
    v = over_body(s, &inside, e);
    s->in_notation--;
    s->notation_calls = calls;
    s->letters = letters;
    s->nletters = n;
    if (n)
        refresh_letters(s);
    s->solved = before;
    return v;
}

bool exec_notation(Sema *s, Scope *scope, const Stmt *st)
{
    NameAt out[USER_RANK];
    int64_t range[USER_RANK];
    if (st->nitem > USER_RANK) {
        report(s, st->name.span, NULL, "an array may have at most %d axes", USER_RANK);
        return false;
    }
    for (int k = 0; k < st->nitem; k++) {
        const Expr *e = st->item[k].kind == ITEM_AT ? st->item[k].at : NULL;
        if (!e || e->kind != E_NAME) {
            report(s, st->item[k].span, NULL, "a new letter is expected here: %s[i, j] = ... defines every element of %s%s", st->name.name, st->name.name, s->frame ? "; a loop collects by its own variable alone" : "");
            return false;
        }
        for (int i = 0; i < k; i++)
            if (out[i].name == e->name) {
                report(s, e->span, NULL, "the letter %s stands twice on the left", e->name);
                return false;
            }
        out[k] = (NameAt){ e->name, e->span };
    }
    Solved mine = { .up = s->solved }, *before = s->solved;
    if (!notation_infer(s, scope, st->name.name, out, st->nitem, st->value, &mine, range))
        return false;
    Scope inside = { .up = scope };
    Sym **letters = s->letters;
    int n = s->nletters;
    s->nletters = 0;
    s->solved = &mine;
    for (int k = 0; k < st->nitem; k++)
        put_letter(s, &inside, out[k], range[k]);
    refresh_letters(s);
    int calls = s->notation_calls;
    s->notation_calls = s->calls.n;
    s->in_notation++;
    Val v = sema_expr(s, &inside, st->value);
    s->in_notation--;
    s->notation_calls = calls;
    s->letters = letters;
    s->nletters = n;
    s->solved = before;
    if (v.kind == V_ERROR)
        return false;
    Node *value = sema_real(s, v, st->value->span, "the value");
    if (!value)
        return false;
    Type t = { .dtype = T_REAL, .rank = st->nitem };
    memcpy(t.dim, range, sizeof *range * (size_t)st->nitem);
    value = broadcast_to(s, value, &t);
    assign(s, scope, st->name, val_array(value), true);
    return true;
}
