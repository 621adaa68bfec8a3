/* lexpr.c -- making expressions, variables, buffers and statements of the loop IR, with the arithmetic of indices folded. */
#include "low.h"
#include <ctype.h>

static LExpr *new_expr(Low *l, LExprKind kind, DType t)
{
    LExpr *e = NEW(l->arena, LExpr);
    e->kind = kind;
    e->dtype = t;
    return e;
}

LExpr *x_int(Low *l, int64_t i)
{
    LExpr *e = new_expr(l, LX_INT, T_INT);
    e->i = i;
    return e;
}

LExpr *x_num(Low *l, double v, DType t)
{
    if (t == T_INT)
        return x_int(l, (int64_t)v);
    LExpr *e = new_expr(l, LX_NUM, t);
    e->num = v;
    return e;
}

LExpr *x_var(Low *l, LVar *v)
{
    LExpr *e = new_expr(l, LX_VAR, T_INT);
    e->var = v;
    return e;
}

LExpr *x_temp(Low *l, LTemp *t)
{
    LExpr *e = new_expr(l, LX_TEMP, t->dtype);
    e->temp = t;
    return e;
}

LExpr *x_map(Low *l, Op op, DType t, LExpr **arg, int n)
{
    LExpr *e = new_expr(l, LX_MAP, t);
    e->op = op;
    e->narg = n;
    for (int k = 0; k < n; k++)
        e->arg[k] = arg[k];
    return e;
}

LExpr *x_add(Low *l, LExpr *a, LExpr *b)
{
    if (a->kind == LX_INT && b->kind == LX_INT)
        return x_int(l, a->i + b->i);
    if (a->kind == LX_INT && a->i == 0)
        return b;
    if (b->kind == LX_INT && b->i == 0)
        return a;
    if (a->kind == LX_INT)
        return x_add(l, b, a);
    if (b->kind == LX_INT && a->kind == LX_MAP && a->op == OP_add && a->arg[1]->kind == LX_INT)
        return x_add(l, a->arg[0], x_int(l, a->arg[1]->i + b->i));
    if (b->kind == LX_INT && b->i < 0)
        return x_map(l, OP_sub, T_INT, (LExpr *[]){ a, x_int(l, -b->i) }, 2);
    return x_map(l, OP_add, T_INT, (LExpr *[]){ a, b }, 2);
}

LExpr *x_times(Low *l, LExpr *a, int64_t k)
{
    if (a->kind == LX_INT)
        return x_int(l, a->i * k);
    if (k == 1)
        return a;
    if (k == 0)
        return x_int(l, 0);
    if (k == -1)
        return x_map(l, OP_neg, T_INT, &a, 1);
    return x_map(l, OP_mul, T_INT, (LExpr *[]){ a, x_int(l, k) }, 2);
}

LExpr *x_load(Low *l, LBuf *b, LExpr **idx)
{
    LExpr *e = new_expr(l, LX_LOAD, b->dtype);
    e->buf = b;
    e->idx = NEW_N(l->arena, LExpr *, b->rank + 1);
    memcpy(e->idx, idx, sizeof *idx * (size_t)b->rank);
    return e;
}

LExpr *x_fold(Low *l, Op op, LBuf *lanes)
{
    LExpr *e = new_expr(l, LX_FOLD, T_REAL);
    e->op = op;
    e->buf = lanes;
    return e;
}

LExpr *x_guard(Low *l, LExpr *cond, LExpr *value)
{
    if (!cond)
        return value;
    LExpr *e = new_expr(l, LX_GUARD, value->dtype);
    e->narg = 2;
    e->arg[0] = cond;
    e->arg[1] = value;
    return e;
}

bool x_mentions(const LExpr *e, const LVar *v)
{
    bool yes = e->kind == LX_VAR && e->var == v;
    for (int k = 0; k < e->narg; k++)
        yes |= x_mentions(e->arg[k], v);
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        yes |= x_mentions(e->idx[k], v);
    return yes;
}

LExpr *x_with(Low *l, LExpr *e, const LVar *v, LExpr *value)
{
    if (!x_mentions(e, v))
        return e;
    if (e->kind == LX_VAR)
        return value;
    LExpr *n = NEW(l->arena, LExpr), *a[3];
    *n = *e;
    for (int k = 0; k < e->narg; k++)
        a[k] = n->arg[k] = x_with(l, e->arg[k], v, value);
    if (e->kind == LX_LOAD) {
        n->idx = NEW_N(l->arena, LExpr *, e->buf->rank + 1);
        for (int k = 0; k < e->buf->rank; k++)
            n->idx[k] = x_with(l, e->idx[k], v, value);
    }
    if (e->kind != LX_MAP || e->dtype != T_INT)
        return n;
    switch (e->op) {
    case OP_add: return x_add(l, a[0], a[1]);
    case OP_sub: return a[1]->kind == LX_INT ? x_add(l, a[0], x_int(l, -a[1]->i)) : n;
    case OP_mul: return a[1]->kind == LX_INT ? x_times(l, a[0], a[1]->i) : n;
    case OP_neg: return a[0]->kind == LX_INT ? x_int(l, -a[0]->i) : n;
    default: return n;
    }
}

LExpr *x_inside(Low *l, LExpr *e, int64_t lo, int64_t hi, int64_t n)
{
    LExpr *low = lo < 0 ? x_map(l, OP_ge, T_BOOL, (LExpr *[]){ e, x_int(l, 0) }, 2) : NULL;
    LExpr *high = hi >= n ? x_map(l, OP_lt, T_BOOL, (LExpr *[]){ e, x_int(l, n) }, 2) : NULL;
    if (low && high)
        return n == 1 ? x_map(l, OP_eq, T_BOOL, (LExpr *[]){ e, x_int(l, 0) }, 2) : x_map(l, OP_and, T_BOOL, (LExpr *[]){ low, high }, 2);
    return low ? low : high;
}

/* ---- names ---- */
static const char *const reserved[] = { "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if", "inline", "int",
    "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "data", "meta", "grad", "params",
    "outer", "logs", "state", "work", "status", "seed", "step", "main", "exp", "log", "sin", "cos", "tan", "pow", "erf", "floor", "abs", "sqrt", "y0", "y1", "j0", "j1", "yn", "jn", "gamma", "index", "bool", "true", "false", "memcpy", "memset", "NULL", "NAN", "INFINITY", "I", NULL };

static Name clean(const char *text)
{
    char name[80];
    size_t n = 0;
    for (const char *p = text; *p && n < 60; p++)
        name[n++] = isalnum((unsigned char)*p) ? *p : '_';
    name[n] = 0;
    while (n > 1 && name[n - 1] == '_')
        name[--n] = 0;
    for (int k = 0; reserved[k]; k++)
        if (!strcmp(reserved[k], name))
            return intern_printf("%s_v", name);
    if (!strncmp(name, "mfl_", 4))
        return intern_printf("%s_v", name);
    return intern(isdigit((unsigned char)name[0]) ? intern_printf("v%s", name) : name);
}

static bool is_taken(const Low *l, Name name)
{
    for (int i = 0; i < l->taken.n; i++)
        if (l->taken.at[i] == name)
            return true;
    return false;
}

/* A name that is not taken: the hint, or the hint and a number. */
static Name unique(Low *l, Name hint)
{
    Name name = hint;
    if (is_taken(l, name)) {
        int at = 0;
        while (at < l->numbered.n && l->numbered.at[at].hint != hint)
            at++;
        if (at == l->numbered.n)
            vec_push(l->arena, l->numbered, (struct Numbered){ hint, 1 });
        do
            name = intern_printf("%s_%d", hint, ++l->numbered.at[at].last);
        while (is_taken(l, name));
    }
    vec_push(l->arena, l->taken, name);
    return name;
}

LVar *new_var(Low *l, Name hint)
{
    LVar *v = NEW(l->arena, LVar);
    char lower[40];
    size_t n = 0;
    for (const char *p = hint ? hint : ""; *p && n < 30; p++)
        lower[n++] = (char)tolower((unsigned char)*p);
    lower[n] = 0;
    v->id = l->nvars++;
    v->name = clean(n && isalpha((unsigned char)lower[0]) ? lower : "i");
    return v;
}

LTemp *new_temp(Low *l, DType t, Name hint)
{
    LTemp *x = NEW(l->arena, LTemp);
    x->id = l->ntemps++;
    x->dtype = t;
    x->name = unique(l, clean(hint ? hint : "t"));
    return x;
}

LBuf *new_buf(Low *l, DType t, int rank, const int64_t *dim, LStorage s, Name hint, const Origin *o)
{
    LBuf *b = NEW(l->arena, LBuf);
    static const char *const prefix[] = { "", "d_", "b_" };
    const char *text = hint ? hint : o && o->name ? o->name : "v";
    bool marked = !strncmp(text, "d_", 2) || !strncmp(text, "b_", 2);
    b->name = unique(l, clean(intern_printf("%s%s", o && !hint && !marked ? prefix[o->kind] : "", text)));
    b->dtype = t;
    b->rank = rank;
    for (int k = 0; k < rank; k++)
        b->dim[k] = dim[k];
    b->storage = s;
    if (o)
        b->origin = *o;
    b->id = l->prog->bufs.n;
    b->offset = -1;
    vec_push(l->arena, l->prog->bufs, b);
    return b;
}

LStmt *new_stmt(Low *l, LStmtKind kind, const Node *about)
{
    LStmt *s = NEW(l->arena, LStmt);
    s->kind = kind;
    if (about) {
        s->span = about->origin.span;
        static const char *const what[] = { "", "tangent of ", "adjoint of " };
        if (s->span.src) {
            size_t n = s->span.last.off - s->span.first.off;
            const char *text = s->span.src->text + s->span.first.off;
            if (n <= 60 && !memchr(text, '\n', n))
                s->note = arena_printf(l->arena, "%s%.*s", what[about->origin.kind], (int)n, text);
            else if (about->origin.name)
                s->note = arena_printf(l->arena, "%s%s", what[about->origin.kind], about->origin.name);
        }
    }
    return s;
}

LStmt *new_for(Low *l, LVar *v, int64_t n, bool parallel, const Node *about)
{
    LStmt *s = new_stmt(l, LS_FOR, about);
    s->var = v;
    s->n = n;
    s->parallel = parallel;
    return s;
}

void push_stmt(Low *l, LBlock *b, LStmt *s)
{
    vec_push(l->arena, *b, s);
}
