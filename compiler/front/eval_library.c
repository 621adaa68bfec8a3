/* eval_library.c -- the library functions that are known in C: one table of names. What MFL itself can say is in std/math.mfl instead.
 *
 * Arguments: positional values, `axis = k`, and the bare words keep, causal, upper. Every function checks its shapes and names itself, the shape found and
 * what it expects. */
#include "library.h"
#include <math.h>

typedef struct Lib { const char *name; int lo, hi; LibFn *fn; int op; const char *doc; } Lib;

Val library_fail(Call *c, int k, const char *what)
{
    return report(c->s, c->at[k]->span, NULL, "%s: %s; found %s", c->e->name, what, val_text(c->s, c->arg[k]));
}

Node *library_array(Call *c, int k) { return val_real(c->s, c->arg[k]); }

bool library_axis(Call *c, Val v, const Expr *at, int rank, int *axis)
{
    int64_t k;
    if (v.kind != V_NUM || v.num != floor(v.num)) {
        report(c->s, at->span, NULL, "%s: an axis must be a whole number; found %s", c->e->name, val_text(c->s, v));
        return false;
    }
    k = (int64_t)v.num;
    if (k < -rank || k >= rank) {
        report(c->s, at->span, NULL, "%s: axis %lld is outside shape %s", c->e->name, (long long)k, c->arg[0].kind == V_ARRAY ? type_text(c->s->arena, &c->arg[0].node->type) : "[]");
        return false;
    }
    *axis = (int)(k < 0 ? k + rank : k);
    return true;
}

bool library_axis_or(Call *c, int rank, int otherwise, int *axis)
{
    *axis = otherwise;
    return !c->has_axis || library_axis(c, c->axis, c->axis_at, rank, axis);
}

static Val lib_grad(Call *c, int op)
{
    (void)op;
    return report(c->s, c->e->at, NULL, "`grad` is not a function: gradients come from the problem's form (inner, step, outer)");
}

static const Lib library[] = {
    { "exp", 1, 1, lib_map, OP_exp, "exponential" }, { "log", 1, 1, lib_map, OP_log, "natural logarithm" }, { "log1p", 1, 1, lib_map, OP_log1p, "log(1 + x)" },
    { "expm1", 1, 1, lib_map, OP_expm1, "exp(x) - 1" }, { "sqrt", 1, 1, lib_map, OP_sqrt, "square root" }, { "rsqrt", 1, 1, lib_compose, M_RSQRT, "1 / sqrt(x)" },
    { "sin", 1, 1, lib_map, OP_sin, "sine" }, { "cos", 1, 1, lib_map, OP_cos, "cosine" }, { "tan", 1, 1, lib_map, OP_tan, "tangent" },
    { "tanh", 1, 1, lib_map, OP_tanh, "hyperbolic tangent" }, { "sigmoid", 1, 1, lib_map, OP_sigmoid, "1 / (1 + exp(-x))" }, { "softplus", 1, 1, lib_map, OP_softplus, "log(1 + exp(x))" },
    { "relu", 1, 1, lib_compose, M_RELU, "max(x, 0), derivative 0 at 0" }, { "gelu", 1, 1, lib_compose, M_GELU, "x/2 (1 + erf(x / sqrt 2))" }, { "silu", 1, 1, lib_compose, M_SILU, "x sigmoid(x)" },
    { "erf", 1, 1, lib_map, OP_erf, "error function" }, { "lgamma", 1, 1, lib_map, OP_lgamma, "log of gamma" }, { "abs", 1, 1, lib_map, OP_abs, "absolute value" },
    { "sign", 1, 1, lib_map, OP_sign, "-1, 0, 1" }, { "floor", 1, 1, lib_map, OP_floor, "largest integer below" }, { "detach", 1, 1, lib_map, OP_detach, "no derivative" },
    { "sum", 1, 2, lib_reduce, R_SUM, "sum" }, { "mean", 1, 2, lib_reduce, R_MEAN, "mean" }, { "max", 1, 2, lib_reduce, R_MAX, "maximum" }, { "min", 1, 2, lib_reduce, R_MIN, "minimum" },
    { "prod", 1, 2, lib_reduce, R_PROD, "product" }, { "logsumexp", 1, 2, lib_reduce, R_LSE, "log(sum(exp))" }, { "var", 1, 2, lib_reduce, R_VAR, "variance, divided by n" },
    { "norm", 1, 2, lib_reduce, R_NORM, "2-norm" },
    { "clamp", 3, 3, lib_clamp, 0, "between two bounds" }, { "where", 3, 3, lib_where, 0, "if on arrays" },
    { "transpose", 1, 9, lib_transpose, 0, "axes reversed or in the order given" }, { "reshape", 1, 9, lib_reshape, 0, "another shape" }, { "concat", 1, 15, lib_concat, 0, "behind one another" },
    { "stack", 1, 15, lib_stack, 0, "along a new axis" }, { "pad", 3, 4, lib_pad, 0, "with zeros" }, { "flip", 1, 2, lib_flip, 0, "in reverse order" }, { "cumsum", 1, 2, lib_cumsum, 0, "running sum" },
    { "one_hot", 2, 2, lib_one_hot, 0, "1 at the label" }, { "iota", 1, 1, lib_iota, 0, "0, 1, 2, ..." }, { "tril", 1, 1, lib_tril, 0, "lower triangle" },
    { "zeros", 0, 8, lib_fill, F_ZEROS, "zeros" }, { "ones", 0, 8, lib_fill, F_ONES, "ones" }, { "broadcast", 1, 9, lib_broadcast, 0, "stretched to a shape" },
    { "dot", 2, 2, lib_dot, 0, "of vectors" }, { "outer_product", 2, 2, lib_outer, 0, "of vectors" }, { "attention", 3, 3, lib_attention, 0, "scaled dot products" },
    { "rope", 1, 2, lib_rope, 0, "rotary positions" }, { "cross_entropy", 2, 2, lib_cross_entropy, 0, "one value per row" },
    { "cholesky", 1, 1, lib_cholesky, 0, "lower factor" }, { "solve", 2, 2, lib_solve, OP_solve, "a x = b" }, { "solve_triangular", 2, 2, lib_solve, OP_trisolve, "l x = b" },
    { "normal", 1, 1, lib_draw, OP_normal, "normal draws with a deviation" }, { "uniform", 2, 2, lib_draw, OP_uniform, "uniform draws" }, { "grad", 0, 15, lib_grad, 0, "" },
};
enum { NLIBRARY = sizeof library / sizeof *library };

static const Lib *find(Name name)
{
    for (int k = 0; k < NLIBRARY; k++)
        if (!strcmp(library[k].name, name))
            return &library[k];
    return NULL;
}

bool sema_is_builtin(Name name) { return find(name) != NULL; }

int sema_builtin_names(const Name **out)
{
    static Name names[NLIBRARY];
    for (int k = 0; k < NLIBRARY; k++)
        names[k] = intern(library[k].name);
    *out = names;
    return NLIBRARY - 1;                          /* not grad, which is last */
}

static bool take_named(Call *c, Scope *scope, const Arg *a)
{
    static const char *const positional[][3] = { { "lo", "hi", NULL }, { "before", "after", NULL } };
    (void)positional;
    if (!strcmp(a->name.name, "axis")) {
        if (c->has_axis) {
            report(c->s, a->name.span, NULL, "the argument axis of %s is given twice", c->e->name);
            return false;
        }
        c->has_axis = true;
        c->axis = sema_expr(c->s, scope, a->value);
        c->axis_at = a->value;
        return c->axis.kind != V_ERROR;
    }
    if (!strcmp(a->name.name, "base") && !strcmp(c->e->name, "rope") && c->n == 1) {
        c->at[c->n] = a->value;
        c->arg[c->n++] = sema_expr(c->s, scope, a->value);
        return c->arg[1].kind != V_ERROR;
    }
    report(c->s, a->name.span, NULL, "%s has no argument `%s`", c->e->name, a->name.name);
    return false;
}

static bool take_flag(Call *c, Scope *scope, const Arg *a)
{
    if (a->value->kind != E_NAME || scope_find(scope, a->value->name))
        return false;
    const char *w = a->value->name;
    bool *flag = !strcmp(w, "keep") ? &c->keep : !strcmp(w, "causal") ? &c->causal : !strcmp(w, "upper") ? &c->upper : NULL;
    if (flag)
        *flag = true;
    return flag != NULL;
}

static bool takes_axis(const Lib *l)
{
    return l->fn == lib_reduce || l->fn == lib_concat || l->fn == lib_stack || l->fn == lib_pad || l->fn == lib_flip || l->fn == lib_cumsum;
}

static bool unused_words(Call *c, const Lib *l)
{
    const char *word = c->keep && l->fn != lib_reduce ? "keep" : c->causal && l->fn != lib_attention ? "causal" : c->upper && l->op != OP_trisolve ? "upper" : NULL;
    if (c->has_axis && !takes_axis(l))
        word = "axis";
    if (word)
        report(c->s, c->e->at, NULL, "%s does not take `%s`", c->e->name, word);
    return word != NULL;
}

Val eval_builtin(Sema *s, Scope *scope, const Expr *e, bool *known)
{
    const Lib *l = find(e->name);
    *known = l != NULL;
    if (!l)
        return val_error();
    Call c = { .s = s, .e = e };
    if (l->fn == lib_grad)
        return lib_grad(&c, 0);
    for (int k = 0; k < e->narg; k++) {
        const Arg *a = &e->arg[k];
        if (a->name.name ? !take_named(&c, scope, a) : false)
            return val_error();
        if (a->name.name || take_flag(&c, scope, a))
            continue;
        if (c.n >= 15)
            return report(s, a->value->span, NULL, "%s: too many arguments; the limit is 15", e->name);
        c.at[c.n] = a->value;
        c.arg[c.n] = sema_expr(s, scope, a->value);
        if (c.arg[c.n++].kind == V_ERROR)
            return val_error();
    }
    if (c.n < l->lo || c.n > l->hi) {
        if (l->lo == l->hi)
            return report(s, e->at, NULL, "%s takes %d argument%s; %d %s given", e->name, l->lo, l->lo == 1 ? "" : "s", c.n, c.n == 1 ? "is" : "are");
        return report(s, e->at, NULL, "%s takes %d to %d arguments; %d %s given", e->name, l->lo, l->hi, c.n, c.n == 1 ? "is" : "are");
    }
    if (unused_words(&c, l))
        return val_error();
    for (int k = 0; k < c.n; k++)
        if (c.arg[k].kind == V_RECORD && l->fn != lib_map && l->fn != lib_compose && l->fn != lib_clamp && l->fn != lib_where && l->fn != lib_reduce)
            return library_fail(&c, k, "an array or a number is expected");
    return l->fn(&c, l->op);
}
