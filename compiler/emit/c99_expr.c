/* c99_expr.c -- numbers, expressions, addresses and sizes of the loop IR as C. Sizes of the problem are printed by their names (N, D, STEPS), where the
 * loop IR knows them. Parentheses stand only where C needs them. */
#include "c99.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

/* 10 for 1e+01, 1e-8 for 1e-08: as a person writes it. */
static void as_written(char *text, size_t room, double v)
{
    char *e = strchr(text, 'e');
    if (!e)
        return;
    int power = atoi(e + 1);
    if (power >= 0 && power < 6)
        snprintf(text, room, "%.0f", v);
    else
        snprintf(e, room - (size_t)(e - text), "e%d", power);
}

/* As few digits as say the number; returns how many. */
static int shortest(const C *c, double v, char *text, size_t room)
{
    int digits = 1;
    for (; digits <= 17; digits++) {
        snprintf(text, room, "%.*g", digits, v);
        if (c->p->real_bytes == 4 ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
            break;
    }
    return digits;
}

void c99_number(C *c, double v, bool bare)
{
    char text[64];
    if (c->p->real_bytes == 4)
        v = (double)(float)v;                     /* no literal is out of the type's range */
    if (isnan(v) || isinf(v)) {
        buf_printf(c->o, "(%s)%s%s", c->real, v < 0 ? "-" : "", isnan(v) ? "NAN" : "INFINITY");
        return;
    }
    shortest(c, v, text, sizeof text);
    as_written(text, sizeof text, v);
    bool point = strpbrk(text, ".e") != NULL;
    buf_printf(c->o, signbit(v) && !bare ? "(%s%s%s)" : "%s%s%s", text, point ? "" : ".0", c->p->real_bytes == 4 ? "f" : "");
}


/* An element: x[n][d], or *x of an array of one number. */
void c99_element(C *c, const LBuf *b, LExpr *const *idx)
{
    buf_printf(c->o, "%s%s", b->rank ? "" : "*", b->name);
    for (int k = 0; k < b->rank; k++) {
        buf_puts(c->o, "[");
        c99_expr(c, idx[k], 0);
        buf_puts(c->o, "]");
    }
}

static void binary(C *c, const LExpr *e, int prec, const char *op, int outer)
{
    bool wrap = prec < outer;
    buf_puts(c->o, wrap ? "(" : "");
    c99_expr(c, e->arg[0], prec);
    buf_printf(c->o, " %s ", op);
    c99_expr(c, e->arg[1], prec + 1);
    buf_puts(c->o, wrap ? ")" : "");
}

static void choice(C *c, const LExpr *cond, const LExpr *a, const LExpr *b, DType t, int outer)
{
    bool wrap = outer > P_SELECT;
    buf_puts(c->o, wrap ? "(" : "");
    c99_expr(c, cond, P_OR);
    buf_puts(c->o, " ? ");
    c99_expr(c, a, P_OR);
    buf_puts(c->o, " : ");
    if (b)
        c99_expr(c, b, P_OR);
    else if (t == T_REAL)
        c99_number(c, 0, true);
    else
        buf_puts(c->o, "0");
    buf_puts(c->o, wrap ? ")" : "");
}

static void call(C *c, const LExpr *e)
{
    bool whole = e->dtype == T_INT;
    buf_printf(c->o, whole ? "mfl_%s_int(" : "mfl_%s%s(", op_info[e->op].name, whole ? "" : c->suffix);
    for (int k = 0; k < e->narg; k++) {
        buf_puts(c->o, k ? ", " : "");
        c99_expr(c, e->arg[k], 0);
    }
    buf_puts(c->o, ")");
}

static void map(C *c, const LExpr *e, int outer)
{
    switch (e->op) {
    case OP_add: binary(c, e, P_ADD, "+", outer); return;
    case OP_sub: binary(c, e, P_ADD, "-", outer); return;
    case OP_mul: binary(c, e, P_MUL, "*", outer); return;
    case OP_div: case OP_quotient: binary(c, e, P_MUL, "/", outer); return;
    case OP_remainder: binary(c, e, P_MUL, "%", outer); return;
    case OP_lt: binary(c, e, P_REL, "<", outer ? P_ATOM : 0); return;
    case OP_le: binary(c, e, P_REL, "<=", outer ? P_ATOM : 0); return;
    case OP_gt: binary(c, e, P_REL, ">", outer ? P_ATOM : 0); return;
    case OP_ge: binary(c, e, P_REL, ">=", outer ? P_ATOM : 0); return;
    case OP_eq: binary(c, e, P_EQ, "==", outer ? P_ATOM : 0); return;
    case OP_ne: binary(c, e, P_EQ, "!=", outer ? P_ATOM : 0); return;
    case OP_and: binary(c, e, P_AND, "&&", outer > P_AND || outer == P_OR ? P_ATOM : outer); return;
    case OP_or: binary(c, e, P_OR, "||", outer > P_OR ? P_ATOM : outer); return;
    case OP_not: buf_puts(c->o, "!"); c99_expr(c, e->arg[0], P_ATOM); return;
    case OP_neg:
        buf_puts(c->o, outer > P_ADD ? "(-" : "-");
        c99_expr(c, e->arg[0], P_ATOM);
        buf_puts(c->o, outer > P_ADD ? ")" : "");
        return;
    case OP_select: choice(c, e->arg[0], e->arg[1], e->arg[2], e->dtype, outer); return;
    case OP_real:
        buf_printf(c->o, "(%s)", c->real);
        c99_expr(c, e->arg[0], P_ATOM);
        return;
    case OP_detach: c99_expr(c, e->arg[0], outer); return;
    default: call(c, e); return;
    }
}

/* ---- constants that come from means: 2.0f / N says more than 0.006666667f ---- */

/* Does the number stand in the .mfl as it is? Then it is not a ratio of sizes, whatever it equals. */
static bool is_written(const C *c, double v)
{
    const Source *s = c->p->problem->src;
    for (const char *p = s->text; p < s->text + s->len; p++) {
        bool starts = (isdigit((unsigned char)*p) || (*p == '.' && isdigit((unsigned char)p[1]))) && (p == s->text || !(isalnum((unsigned char)p[-1]) || p[-1] == '_' || p[-1] == '.'));
        if (starts && strtod(p, NULL) == v)
            return true;
    }
    return false;
}

static bool is_ratio(const C *c, double v, double top, double n)
{
    return n >= 3 && n <= 0x1p24 && top / n == v && (c->p->real_bytes == 8 || (float)top / (float)n == (float)v);
}

/* Is there an array over both, a first? Only then is their product something that the problem counts; else it is a coincidence. */
static bool side_by_side(const C *c, Name a, Name b)
{
    for (int k = 0; k < c->p->bufs.n; k++) {
        const LBuf *buf = c->p->bufs.at[k];
        for (int d = 0; d + 1 < buf->rank; d++)
            if (buf->size[d] == a && buf->size[d + 1] == b)
                return true;
    }
    return false;
}

/* v = q / one size, or else q / two of one array's: exactly, in the arithmetic of the generated code too, and for one choice of sizes only; in a mean q is 1. */
static bool ratio_of(const C *c, double v, double *q, const char **below)
{
    static const double tops[] = { 1, 2, 4, -1, -2, -4 };
    int found = 0, n_dims = 0;
    const LDim *dim = c->p->dims.at;               /* those of the problem come first */
    while (n_dims < c->p->dims.n && dim[n_dims].given)
        n_dims++;
    if (v * 1024 == floor(v * 1024) || is_written(c, fabs(v)))
        return false;
    for (int pairs = 0; pairs < 2 && !found; pairs++)
        for (int t = 0; t < (c->mean ? 1 : 6); t++)
            for (int i = 0; i < n_dims; i++)
                for (int j = pairs ? 0 : i; j <= i; j++)
                    if (is_ratio(c, v, tops[t], (double)dim[i].value * (pairs ? (double)dim[j].value : 1))) {
                        Name a = dim[i].text, b = dim[j].text;
                        bool in_order = side_by_side(c, a, b);
                        if (pairs && !in_order && !side_by_side(c, b, a))
                            continue;
                        found++;
                        *q = tops[t];
                        *below = pairs ? arena_printf(c->p->arena, "(%s * %s)", in_order ? a : b, in_order ? b : a) : arena_printf(c->p->arena, "(%s)%s", c->real, a);   /* an enum does not become real by itself: -Wenum-float-conversion */
                    }
    return found == 1;
}

/* 1.0 - 0.9 says more than 0.09999999999999998: the same bits in the arithmetic of the generated code. */
static bool complement(const C *c, double v, double *of)
{
    char text[64];
    *of = round((1 - v) * 1e6) / 1e6;
    bool same = c->p->real_bytes == 8 ? 1 - *of == v : 1 - (float)*of == (float)v;
    return v > 0 && v < 1 && *of > 0 && same && shortest(c, v, text, sizeof text) > 8;
}

void c99_factor(C *c, double v, int outer)
{
    double q;
    const char *below;
    if (complement(c, v, &q)) {
        buf_puts(c->o, outer > P_ADD ? "(" : "");
        c99_number(c, 1, true);
        buf_puts(c->o, " - ");
        c99_number(c, q, true);
        buf_puts(c->o, outer > P_ADD ? ")" : "");
        return;
    }
    if (!ratio_of(c, v, &q, &below)) {
        c99_number(c, v, !outer);
        return;
    }
    bool wrap = outer > P_MUL || (q < 0 && outer);
    buf_puts(c->o, wrap ? "(" : "");
    c99_number(c, q, true);
    buf_printf(c->o, " / %s%s", below, wrap ? ")" : "");
}

static void whole(C *c, const LExpr *e, int outer)
{
    bool wrap = e->size && e->over ? outer > P_ADD : e->i < 0 && outer;
    buf_puts(c->o, wrap ? "(" : "");
    c99_size(c, e->size, e->i);
    if (e->size && e->over)
        buf_printf(c->o, " %c %lld", e->over < 0 ? '-' : '+', (long long)llabs(e->over));
    buf_puts(c->o, wrap ? ")" : "");
}

void c99_expr(C *c, const LExpr *e, int outer)
{
    switch (e->kind) {
    case LX_NUM: if (e->dtype == T_BOOL) buf_puts(c->o, e->num != 0 ? "1" : "0"); else c99_factor(c, e->num, outer); return;
    case LX_INT: whole(c, e, outer); return;
    case LX_VAR: buf_puts(c->o, e->var->name); return;
    case LX_TEMP: buf_puts(c->o, e->temp->name); return;
    case LX_FOLD: buf_printf(c->o, "mfl_fold_%s%s(%s, %lld)", op_info[e->op].name, c->suffix, e->buf->name, (long long)e->buf->dim[0]); return;
    case LX_GUARD: choice(c, e->arg[0], e->arg[1], NULL, e->dtype, outer); return;
    case LX_MAP: map(c, e, outer); return;
    case LX_LOAD:
        if (e->buf->storage == LB_STEP || e->buf->storage == LB_SEED) {
            buf_printf(c->o, "(int)%s", e->buf->storage == LB_STEP ? "step" : "seed");
            return;
        }
        if (c->by_value && c->by_value[e->buf->id])
            buf_puts(c->o, e->buf->name);
        else
            c99_element(c, e->buf, e->idx);
        return;
    }
}

/* ---- addresses ---- */
void c99_pointer(C *c, const LPtr *p)
{
    if (p->buf->rank == 0) {
        buf_puts(c->o, p->buf->name);
        return;
    }
    bool zero = true;
    for (int k = 0; k < p->buf->rank; k++)
        zero &= p->idx[k]->kind == LX_INT && p->idx[k]->i == 0;
    if (zero && p->buf->rank == 1) {
        buf_puts(c->o, p->buf->name);
        return;
    }
    buf_puts(c->o, "&");
    c99_element(c, p->buf, p->idx);
}

/* ---- sizes ---- */
void c99_size(C *c, Name text, int64_t n)
{
    if (text)
        buf_puts(c->o, text);
    else
        buf_printf(c->o, "%lld", (long long)n);
}

/* Are the n elements from p on all of the dimensions along which p runs? Many numbers say less than one. */
static bool has_sizes(const LPtr *p, int64_t n)
{
    int numbers = 0, names = 0;
    int64_t all = 1;
    for (int d = 0; d < p->buf->rank; d++)
        if (p->along >> d & 1) {
            all *= p->buf->dim[d];
            *(p->buf->size[d] ? &names : &numbers) += 1;
        }
    return all == n && (names || (numbers > 0 && numbers <= 2));
}

void c99_count(C *c, const LPtr *p, int64_t n)
{
    const char *sep = "";
    if (n > INT32_MAX || !has_sizes(p, n)) {
        c99_size(c, NULL, n);
        return;
    }
    for (int d = 0; d < p->buf->rank; d++)
        if (p->along >> d & 1) {
            buf_puts(c->o, sep);
            c99_size(c, p->buf->size[d], p->buf->dim[d]);
            sep = " * ";
        }
}

/* sizeof first: the product is a size_t. */
void c99_bytes(C *c, const LPtr *p, int64_t n)
{
    buf_printf(c->o, "sizeof(%s)", c99_type(c, p->buf->dtype));
    if (n == 1)
        return;
    if (!has_sizes(p, n)) {
        buf_printf(c->o, " * %lld", (long long)n);
        return;
    }
    for (int d = 0; d < p->buf->rank; d++)
        if (p->along >> d & 1) {
            buf_puts(c->o, " * ");
            c99_size(c, p->buf->size[d], p->buf->dim[d]);
        }
}

/* The first (or last) dimensions along which p runs have n elements together, and one of them a name: by their sizes. */
void c99_side(C *c, const LPtr *p, bool first, int64_t n)
{
    int dim[MAX_RANK], ndim = 0, used = 0;
    bool named = false;
    int64_t all = 1;
    for (int d = 0; d < p->buf->rank; d++)
        if (p->along >> d & 1)
            dim[ndim++] = d;
    for (; used < ndim && all < n; used++) {
        int d = dim[first ? used : ndim - 1 - used];
        all *= p->buf->dim[d];
        named |= p->buf->size[d] != NULL;
    }
    if (all != n || !named || n > INT32_MAX) {
        c99_size(c, NULL, n);
        return;
    }
    for (int k = first ? 0 : ndim - used; used; k++, used--) {
        c99_size(c, p->buf->size[dim[k]], p->buf->dim[dim[k]]);
        buf_puts(c->o, used > 1 ? " * " : "");
    }
}

/* The elements of an array of the caller's. */
void c99_elements(C *c, const Leaf *leaf)
{
    int64_t n = type_count(&leaf->type);
    const char *sep = "";
    if (n > INT32_MAX || !leaf->type.rank) {
        c99_size(c, NULL, n);
        return;
    }
    for (int d = 0; d < leaf->type.rank; d++, sep = " * ") {
        Name text = NULL;
        for (int k = 0; k < c->p->dims.n; k++)
            if (c->p->dims.at[k].given && c->p->dims.at[k].axis == leaf->axis_name[d] && c->p->dims.at[k].value == leaf->type.dim[d])
                text = c->p->dims.at[k].text;
        buf_puts(c->o, sep);
        c99_size(c, text, leaf->type.dim[d]);
    }
}

void c99_lead(C *c, const LPtr *p, int64_t ld)
{
    int last = p->buf->rank - 1;
    c99_size(c, last >= 0 && p->buf->dim[last] == ld ? p->buf->size[last] : NULL, ld);
}

const char *c99_type(const C *c, DType t) { return t == T_REAL ? c->real : t == T_INT ? "int32_t" : "unsigned char"; }
