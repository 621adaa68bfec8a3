/* names.c -- the last pass over an entry: every name that is printed is made unique where it is seen, with as few numbers as can be.
 *
 * Until here buffers, temporaries and loop variables carry the name that they would like to have. Buffers of the workspace are named in the order in
 * which the entry's functions touch them, once for all of these; temporaries and loop variables are a function's own. No loop variable hides another
 * name. Result: each name is an identifier of C that is no word of C's, no size of the problem and nobody else's in its scope. */
#include "low.h"
#include <ctype.h>
#include <strings.h>

/* What is known of a name: how often it is taken now, and the last number that was tried behind it, in the function with the number `round`. */
typedef struct Known { Name name; int taken, round, last; } Known;
typedef struct Names { Low *l; Vec(Name) taken; Known *known; int nknown, room, round; bool *named; } Names;

/* A table with open addresses: names are compared by their pointers. */
static Known *known(Names *x, Name n)
{
    if (2 * x->nknown >= x->room) {
        Known *old = x->known;
        int size = x->room;
        x->known = NEW_N(x->l->arena, Known, x->room = size ? 4 * size : 256);
        x->nknown = 0;
        for (int k = 0; k < size; k++)
            if (old[k].name)
                *known(x, old[k].name) = old[k];
    }
    uintptr_t at = (uintptr_t)n / 8 * 2654435761u;
    while (x->known[at % (unsigned)x->room].name && x->known[at % (unsigned)x->room].name != n)
        at++;
    Known *found = &x->known[at % (unsigned)x->room];
    x->nknown += !found->name;
    found->name = n;
    return found;
}

static bool is_taken(Names *x, Name n) { return known(x, n)->taken; }

static void take(Names *x, Name n)
{
    known(x, n)->taken++;
    vec_push(x->l->arena, x->taken, n);
}

/* Only the first n are taken from here on. */
static void release(Names *x, int n)
{
    while (x->taken.n > n)
        known(x, x->taken.at[--x->taken.n])->taken--;
}

/* The name, or the name and a number. */
static Name unique(Names *x, Name wish)
{
    Name name = wish;
    if (is_taken(x, name)) {
        Known *k = known(x, wish);
        int last = k->round == x->round ? k->last : 1;
        do
            name = intern_printf("%s_%d", wish, ++last);
        while (is_taken(x, name));
        k = known(x, wish);                       /* the table may have grown */
        k->round = x->round;
        k->last = last;
    }
    take(x, name);
    return name;
}

static bool is_port(const LBuf *b) { return b->storage != LB_WORK && b->storage != LB_LOCAL; }

static void name_buffer(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Names *x = user;
    (void)idx, (void)along, (void)how;
    if (b->storage != LB_WORK || x->named[b->id])
        return;
    x->named[b->id] = true;
    b->name = unique(x, b->name);
}

static void name_temps(Names *x, LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        if (s->kind == LS_LET)
            s->temp->name = unique(x, s->temp->name);
        if (s->kind == LS_LOCAL)
            s->dst.buf->name = unique(x, s->dst.buf->name);
        name_temps(x, &s->body);
    }
}

static void name_var(Names *x, LVar *v, bool letter)
{
    static const char *const letters[] = { "i", "j", "k", "q", "r", "u", "v" };
    Name n = v->name;
    for (int t = 0; letter && is_taken(x, n) && t < 7; t++)
        n = intern(letters[t]);
    for (int t = 2; is_taken(x, n); t++)
        n = intern_printf("%s%d", v->name, t);
    v->name = n;
    take(x, n);
}

/* Loop variables: the wish, or a letter, or the wish and a number; what a decision of the runtime gives is seen until the end of its block. */
static void name_loops(Names *x, LBlock *b)
{
    int before = x->taken.n;
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        if (s->kind == LS_FOR || s->kind == LS_ASK)
            name_var(x, s->var, s->kind == LS_FOR);
        if (s->lane)
            name_var(x, s->lane, false);
        name_loops(x, &s->body);
        if (s->kind == LS_FOR)
            release(x, x->taken.n - (s->lane ? 2 : 1));
    }
    release(x, before);
}

static bool loops_over(const LBlock *b, Name wish)
{
    for (int k = 0; k < b->n; k++)
        if ((b->at[k]->kind == LS_FOR && b->at[k]->var->name == wish) || loops_over(&b->at[k]->body, wish))
            return true;
    return false;
}

/* The step's number gives way where a loop of the .mfl is over `t`: the comments quote that one. */
static void name_function(Names *x, LFunc *f)
{
    int before = x->taken.n;
    x->round++;
    for (int i = 0; i < f->nindex; i++) {
        if (is_taken(x, f->index[i]->name) || loops_over(&f->body, f->index[i]->name))
            f->index[i]->name = intern("at_step");
        take(x, f->index[i]->name);
    }
    name_temps(x, &f->body);
    name_loops(x, &f->body);
    release(x, before);
}

/* ---- sizes that follow from others: a loop's from the arrays that its variable runs over, an array's from the loops that run over it ---- */
typedef struct Sizes { Vec(LStmt *) open; bool more; } Sizes;

static void size_access(void *user, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Sizes *x = user;
    (void)how;
    for (int d = 0; idx && d < b->rank; d++)
        for (int k = 0; !(along >> d & 1) && idx[d]->kind == LX_VAR && k < x->open.n; k++) {
            LStmt *f = x->open.at[k];
            if (f->var != idx[d]->var || f->n != b->dim[d] || f->lo || !f->size == !b->size[d])
                continue;
            f->size = b->size[d] = f->size ? f->size : b->size[d];
            x->more = true;
        }
}

static Name axis_of(const Low *l, Name size)
{
    for (int k = 0; k < l->prog->dims.n; k++)
        if (l->prog->dims.at[k].text == size)
            return l->prog->dims.at[k].axis;
    return size;
}

static void size_block(Low *l, Sizes *x, LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        if (s->kind != LS_FOR) {
            LStmt own = *s;
            own.body.n = 0;
            lir_each_access(&own, false, size_access, x);
            size_block(l, x, &s->body);
            continue;
        }
        bool was = s->size != NULL;
        vec_push(l->arena, x->open, s);
        size_block(l, x, &s->body);
        x->open.n--;
        if (!was && s->size && !s->var->axis)
            s->var->name = new_var(l, axis_of(l, s->size))->name;
    }
}

static void size_functions(Low *l, int first, int end)
{
    Sizes x = { .more = true };
    for (int round = 0; x.more && round < 4; round++) {
        x.more = false;
        for (int f = first; f < end; f++)
            size_block(l, &x, &l->prog->funcs.at[f]->body);
    }
}

void size_entry(Low *l, int first) { size_functions(l, first, l->prog->funcs.n); }

void name_entry(Low *l, int first, int end)
{
    size_functions(l, first, end);
    LProgram *p = l->prog;
    Names x = { .l = l, .round = 1, .named = NEW_N(l->arena, bool, p->bufs.n + 1) };
    for (int k = 0; k < p->dims.n; k++)
        take(&x, p->dims.at[k].text);
    for (int k = 0; k < p->bufs.n; k++) {
        LBuf *b = p->bufs.at[k];
        if (is_port(b) && k < l->named)
            take(&x, b->name);
        else if (is_port(b))
            b->name = unique(&x, b->name);
    }
    l->named = p->bufs.n;
    for (int f = first; f < end; f++)
        for (int k = 0; k < p->funcs.at[f]->body.n; k++)
            lir_each_access(p->funcs.at[f]->body.at[k], false, name_buffer, &x);
    for (int f = first; f < end; f++)
        name_function(&x, p->funcs.at[f]);
}

/* ---- what is wished for ---- */
static const char *const reserved[] = { "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if", "inline", "int",
    "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "data", "meta", "grad", "params",
    "outer", "logs", "state", "work", "carried", "code", "add", "status", "seed", "step", "main", "exp", "log", "sin", "cos", "tan", "pow", "erf", "floor", "abs", "sqrt", "y0", "y1", "j0", "j1", "yn", "jn", "gamma", "index",
    "bool", "true", "false", "NULL", "NAN", "INFINITY", "I", "signgam", "errno", "gammaf", "size_t", "ptrdiff_t", "wchar_t", "linux", "unix", "i386", NULL };

/* Functions of <math.h>, <string.h> and <stdlib.h>, which generated code includes; those of the first also with f and l behind. */
static const char *const functions[] = { "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "copysign", "cosh", "drem", "erfc", "exp2", "exp10", "expm1", "fabs", "fdim", "fma",
    "fmax", "fmin", "fmod", "frexp", "hypot", "ilogb", "ldexp", "lgamma", "llrint", "llround", "log10", "log1p", "log2", "logb", "lrint", "lround", "modf", "nan", "nearbyint", "nextafter", "nexttoward", "pow10",
    "remainder", "remquo", "rint", "round", "scalb", "scalbln", "scalbn", "significand", "sinh", "tanh", "tgamma", "trunc", "finite", "isinf", "isnan", "isfinite", "isnormal", "signbit", "fpclassify",
    "exp", "log", "sin", "cos", "tan", "pow", "erf", "floor", "sqrt", "sincos", "gamma", "j0", "j1", "jn", "y0", "y1", "yn", NULL };
static const char *const memory[] = { "memccpy", "memchr", "memcmp", "memcpy", "memmem", "memmove", "mempcpy", "memset", "bcmp", "bcopy", "bzero", "ffs", "index", "rindex", "basename", "abort", "abs", "atexit", "atof", "atoi", "atol",
    "bsearch", "calloc", "div", "exit", "free", "getenv", "labs", "ldiv", "llabs", "lldiv", "malloc", "qsort", "rand", "realloc", "random", "select", "srand", "system", "strcat", "strchr", "strcmp", "strcoll", "strcpy",
    "strcspn", "strdup", "strerror", "strlen", "strncat", "strncmp", "strncpy", "strpbrk", "strrchr", "strspn", "strstr", "strtod", "strtof", "strtok", "strtol", "strtold", "strtoll", "strtoul", "strtoull", "strxfrm", NULL };

static bool one_of(const char *const *list, const char *name, size_t n)
{
    for (; *list; list++)
        if (strlen(*list) == n && !strncmp(*list, name, n))
            return true;
    return false;
}

static bool is_of_c(const char *name)
{
    size_t n = strlen(name);
    bool ending = n > 1 && (name[n - 1] == 'f' || name[n - 1] == 'l');
    return one_of(reserved, name, n) || one_of(memory, name, n) || one_of(functions, name, n) || (ending && one_of(functions, name, n - 1)) || (n > 2 && !strcmp(name + n - 2, "_t"));
}

Name c_name(const char *text)
{
    char name[80];
    size_t n = 0;
    for (const char *p = text; *p && n < 60; p++)
        name[n++] = isalnum((unsigned char)*p) ? *p : '_';
    name[n] = 0;
    while (n > 1 && name[n - 1] == '_')
        name[--n] = 0;
    if (is_of_c(name) || !strncasecmp(name, "mfl_", 4))
        return intern_printf("%s_v", name);
    return intern(isdigit((unsigned char)name[0]) ? intern_printf("v%s", name) : name);
}

/* Sizes are printed by their names, but for those that could be a macro or another name of the generated code. */
static bool may_be_printed(const Low *l, Name dim)
{
    static const char *const others[] = { "MFL_", "FP_", "M_", "MATH_", "INT", "UINT", "SIZE_", "PTRDIFF_", "WCHAR_", "WINT_", "SIG_", "HUGE", "MAXFLOAT", "SNAN", "INIT_", "ADAPT_", "VALUE_", "HYPERGRADIENT", "LEARN", "WINDOW", "_", NULL };
    for (int k = 0; others[k]; k++)
        if (!strncmp(dim, others[k], strlen(others[k])))
            return false;
    static const char *const own[] = { "STEPS", "DIRECTIONS", "AT", "WORK_BYTES", "STATE_BYTES", "LOGS", "WINDOW", "CARRIED_BYTES",      /* see c99_header.c */
        "d", "g", "i", "k", "m", "n", "p", "x", "out", "number", "rows", "tasks", "works", "threads", "descriptor", NULL };      /* see c99_interface.c, c99_descriptor.c */
    for (int k = 0; own[k]; k++)
        if (!strcmp(dim, own[k]))
            return false;
    return c_name(dim) == dim && strncasecmp(dim, l->problem->name, strlen(l->problem->name));
}

void name_sizes(Low *l)
{
    const Problem *p = l->problem;
    for (int k = 0; k < p->ndims; k++)
        if (p->dims[k].value <= INT32_MAX && may_be_printed(l, p->dims[k].name))
            vec_push(l->arena, l->prog->dims, (LDim){ p->dims[k].name, p->dims[k].name, p->dims[k].value, true });
    vec_push(l->arena, l->prog->dims, (LDim){ intern("STEPS"), intern("STEPS"), p->steps, false });
    int64_t directions = 0;                        /* of forward mode: one for each meta number, see diff/batch.c */
    for (int k = 0; k < p->meta.n; k++)
        directions += type_count(&p->meta.at[k].type);
    vec_push(l->arena, l->prog->dims, (LDim){ intern("DIRECTIONS"), intern("direction_"), directions, false });
}

Name size_text(const Low *l, Name axis, int64_t n)
{
    for (int k = 0; axis && k < l->prog->dims.n; k++)
        if (l->prog->dims.at[k].axis == axis && l->prog->dims.at[k].value == n)
            return l->prog->dims.at[k].text;
    return NULL;
}

void size_buffer(const Low *l, LBuf *b, int first, const Name *axis)
{
    for (int d = first; d < b->rank; d++)
        b->size[d] = size_text(l, axis[d - first], b->dim[d]);
}
