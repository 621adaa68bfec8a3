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

LExpr *x_size(Low *l, Name size, int64_t n, int64_t over)
{
    LExpr *e = x_int(l, n + over);
    e->size = size;
    e->over = over;
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

static bool is_neg(const LExpr *e) { return e->kind == LX_MAP && e->op == OP_neg && e->dtype == T_REAL; }

/* Rounding knows no sign: each of these is the same number. */
LExpr *x_real(Low *l, Op op, LExpr **arg, int n)
{
    if (op == OP_add && is_neg(arg[1]))
        return x_map(l, OP_sub, T_REAL, (LExpr *[]){ arg[0], arg[1]->arg[0] }, 2);
    if (op == OP_add && is_neg(arg[0]))
        return x_map(l, OP_sub, T_REAL, (LExpr *[]){ arg[1], arg[0]->arg[0] }, 2);
    if (op == OP_sub && is_neg(arg[1]))
        return x_real(l, OP_add, (LExpr *[]){ arg[1]->arg[0], arg[0] }, 2);
    return x_map(l, op, T_REAL, arg, n);
}

bool x_is_one(const LExpr *e) { return e->kind == LX_NUM && e->dtype == T_REAL && e->num == 1; }

LExpr *x_scaled(Low *l, double scale, LExpr *x)
{
    if (scale == 1)
        return x;
    if (x_is_one(x))
        return x_num(l, scale, T_REAL);
    if (scale == -1)
        return x_map(l, OP_neg, T_REAL, &x, 1);
    return x_map(l, OP_mul, T_REAL, (LExpr *[]){ x_num(l, scale, T_REAL), x }, 2);
}

LExpr *x_rebuilt(Low *l, LExpr *e, LExpr *part(void *user, LExpr *e, int k), void *user)
{
    LExpr *n = NULL;
    for (int k = 0; k < e->narg; k++) {
        LExpr *a = part(user, e, k);
        if (a == e->arg[k])
            continue;
        if (!n) {
            n = NEW(l->arena, LExpr);
            *n = *e;
        }
        n->arg[k] = a;
    }
    return n ? n : e;
}

LExpr *x_about(Low *l, LExpr *e, const Node *n)
{
    if (l->opt->guard && e->kind == LX_MAP && e->dtype == T_REAL)
        e->about = new_stmt(l, LS_LET, n);
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
    if (b->kind == LX_MAP && b->op == OP_neg)
        return x_map(l, OP_sub, T_INT, (LExpr *[]){ a, b->arg[0] }, 2);
    if (a->kind == LX_MAP && a->op == OP_neg && b->kind != LX_INT)
        return x_map(l, OP_sub, T_INT, (LExpr *[]){ b, a->arg[0] }, 2);
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
    if (b->rank)                                 /* a scalar's caller has no indices to point at */
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

/* e is sign * *e + the result. */
static int64_t without_constant(LExpr **e, int *sign)
{
    int64_t shift = 0;
    LExpr *x = *e;
    if (x->kind == LX_MAP && (x->op == OP_add || x->op == OP_sub) && x->arg[1]->kind == LX_INT) {
        shift = x->op == OP_add ? x->arg[1]->i : -x->arg[1]->i;
        x = x->arg[0];
    }
    *sign = x->kind == LX_MAP && x->op == OP_neg ? -1 : 1;
    *e = *sign < 0 ? x->arg[0] : x;
    return shift;
}

/* i == j, not i - j == 0 */
static LExpr *compare(Low *l, Op op, LExpr *e, int64_t with)
{
    bool two = e->kind == LX_MAP && e->op == OP_sub && with == 0;
    return x_map(l, op, T_BOOL, (LExpr *[]){ two ? e->arg[0] : e, two ? e->arg[1] : x_int(l, with) }, 2);
}

/* Said of what varies: i > 2, not -i + 3 < 1. */
LExpr *x_inside(Low *l, LExpr *e, int64_t lo, int64_t hi, int64_t n)
{
    int sign;
    int64_t shift = without_constant(&e, &sign);
    bool below = lo < 0, above = hi >= n;
    if (!below && !above)
        return NULL;
    if (n == 1)
        return compare(l, OP_eq, e, -sign * shift);
    LExpr *low = !below ? NULL : compare(l, sign > 0 ? OP_ge : OP_le, e, -sign * shift);
    LExpr *high = !above ? NULL : compare(l, sign > 0 ? OP_lt : OP_gt, e, sign * (n - shift));
    return low && high ? x_map(l, OP_and, T_BOOL, (LExpr *[]){ low, high }, 2) : low ? low : high;
}

enum { QUOTED = 52 };                              /* characters of an expression in a comment */

/* ---- variables and buffers: with the names that they would like to have, see names.c ---- */
LVar *new_var(Low *l, Name hint)
{
    LVar *v = NEW(l->arena, LVar);
    char lower[40];
    size_t n = 0;
    for (const char *p = hint ? hint : ""; *p && n < 30; p++)
        lower[n++] = (char)tolower((unsigned char)*p);
    lower[n] = 0;
    v->id = l->nvars++;
    v->name = c_name(n && isalpha((unsigned char)lower[0]) ? lower : "i");
    v->axis = hint;
    return v;
}

LTemp *new_temp(Low *l, DType t, Name hint)
{
    LTemp *x = NEW(l->arena, LTemp);
    x->id = l->ntemps++;
    x->dtype = t;
    x->name = c_name(hint ? hint : "t");
    return x;
}

LBuf *new_buf(Low *l, DType t, int rank, const int64_t *dim, LStorage s, Name hint, const Origin *o)
{
    LBuf *b = NEW(l->arena, LBuf);
    b->name = c_name(hint ? hint : o && o->name ? o->name : "value");
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

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The name that the expression is given, where `name =` stands before it: its place, and its length. */
static const char *given_name(Span at, int *n)
{
    const char *text = at.src->text, *p = text + at.first.off;
    while (p > text && p[-1] == ' ')
        p--;
    if (p == text || p[-1] != '=')
        return NULL;
    for (p--; p > text && p[-1] == ' ';)
        p--;
    const char *end = p;
    while (p > text && is_word(p[-1]))
        p--;
    *n = (int)(end - p);
    if (*n == 5 && !strncmp(p, "steps", 5) && p - text > 5 && !strncmp(p - 5, "over ", 5))        /* outer over steps = e */
        return NULL;
    return *n > 0 && *n < QUOTED / 2 ? p : NULL;
}

/* Does one pair of parentheses enclose all of the text? */
static bool wrapped(const char *t, size_t n)
{
    int depth = 0;
    if (n < 2 || t[0] != '(')
        return false;
    for (size_t k = 0; k < n; k++) {
        depth += (t[k] == '(') - (t[k] == ')');
        if (depth == 0)
            return k == n - 1;
    }
    return false;
}

/* The expression in one line: comments and line ends become a blank, and what is too long ends in "...". */
static const char *quoted(Low *l, Span at)
{
    char line[QUOTED + 8];
    const char *t = at.src->text + at.first.off, *end = at.src->text + at.last.off;
    int n = 0, name_n = 0;
    while (wrapped(t, (size_t)(end - t)))
        t++, end--;
    const char *name = t == at.src->text + at.first.off ? given_name(at, &name_n) : NULL;
    if (name)
        n = snprintf(line, sizeof line, "%.*s = ", name_n, name);
    for (; t < end && n < QUOTED; t++) {
        if (*t == '#')
            while (t + 1 < end && t[1] != '\n')
                t++;
        bool blank = *t == '#' || isspace((unsigned char)*t);
        if (!blank)
            line[n++] = *t;
        else if (n && line[n - 1] != ' ')
            line[n++] = ' ';
    }
    while (t < end && n && (line[n - 1] & 0xc0) == 0x80)        /* no half of a character */
        n--;
    return arena_printf(l->arena, t < end ? "%.*s..." : "%.*s", n, line);
}

LStmt *new_stmt(Low *l, LStmtKind kind, const Node *about)
{
    LStmt *s = NEW(l->arena, LStmt);
    s->kind = kind;
    s->lax = about && l->opt->guard && guard_is_lax(about);
    if (about && about->origin.span.src) {
        static const char *const what[] = { "", "tangent of ", "adjoint of ", "tangent of the adjoint of ", "adjoint of the adjoint of " };
        s->span = about->origin.inner.src && !l->opt->guard ? about->origin.inner : about->origin.span;      /* checks speak of the user's own lines */
        s->note = arena_printf(l->arena, "%s%s", what[about->origin.kind], quoted(l, s->span));
    }
    return s;
}

LStmt *new_for(Low *l, LVar *v, int64_t n, bool parallel, const Node *about)
{
    LStmt *s = new_stmt(l, LS_FOR, about);
    s->var = v;
    s->n = n;
    s->size = size_text(l, v->axis, n);
    s->parallel = parallel;
    return s;
}

void push_stmt(Low *l, LBlock *b, LStmt *s)
{
    vec_push(l->arena, *b, s);
}
