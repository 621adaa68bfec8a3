/* nests.c -- a plan taken to pieces: each loop nest, product and call of its hypergradient runs by itself, so that its time stands beside its prediction.
 *
 * A piece is what a function does in one go: a statement with the declarations whose temporaries it reads, or several neighbours that are short. Loops over phases and calls are gone
 * into; how often a piece runs is the product of their trip counts. All pieces become entries of one module, which is compiled as always. Loop variables of the outside are numbers
 * that the compiler does not know: each is a loop from `step` to `step`, which is 0. A piece finds the workspace that a whole hypergradient left, and warm caches. */
#include "driver.h"
#include <math.h>
#include <stdlib.h>

enum { BATCHES = 5, DEPTH = 24 };
static const double batch_seconds = 1e-4, piece_seconds = 6e-8;      /* shorter statements are joined with the next */
typedef struct Walk {
    Session *s;
    LProgram *p;                        /* of the pieces */
    LVar *var[DEPTH]; int depth;        /* set outside of the present block */
    Pieces *out;
} Walk;

static bool arithmetic(const LStmt *s)
{
    bool yes = s->kind == LS_FOR || s->kind == LS_STORE || s->kind == LS_LET || s->kind == LS_SET || s->kind == LS_IF || s->kind == LS_LOCAL;
    for (int k = 0; k < s->body.n; k++)
        yes &= arithmetic(s->body.at[k]);
    return yes;
}

/* `set` from the outside, to a number that the compiler does not know. */
static LStmt *with_variable(Walk *w, LVar *v, LStmt *const *body, int n)
{
    Arena *a = w->p->arena;
    LBuf *step = NEW(a, LBuf);
    *step = (LBuf){ .name = intern("step"), .dtype = T_INT, .storage = LB_STEP };
    LExpr *lo = NEW(a, LExpr), *one = NEW(a, LExpr), *hi = NEW(a, LExpr);
    *lo = (LExpr){ .kind = LX_LOAD, .dtype = T_INT, .buf = step };
    *one = (LExpr){ .kind = LX_INT, .dtype = T_INT, .i = 1 };
    *hi = (LExpr){ .kind = LX_MAP, .dtype = T_INT, .op = OP_add, .narg = 2, .arg = { lo, one } };
    LStmt *s = NEW(a, LStmt);
    *s = (LStmt){ .kind = LS_FOR, .var = v, .n = 1, .lo = lo, .hi = hi, .often = 1 };
    for (int k = 0; k < n; k++)
        vec_push(a, s->body, body[k]);
    return s;
}

static LFunc *add_function(Walk *w, LStmt *const *at, int n)
{
    Arena *a = w->p->arena;
    LFunc *f = NEW(a, LFunc);
    *f = (LFunc){ .name = intern(arena_printf(a, "piece_%d", w->out->n)), .is_entry = true };
    if (w->depth && n) {
        LStmt *s = with_variable(w, w->var[0], at, n);
        for (int k = 1; k < w->depth; k++)
            s = with_variable(w, w->var[k], &s, 1);
        vec_push(a, f->body, s);
    } else
        for (int k = 0; k < n; k++)
            vec_push(a, f->body, at[k]);
    vec_push(a, w->p->funcs, f);
    return f;
}

static Work work_of_piece(Walk *w, LStmt **at, int n) { return work_of_block(w->p, &(LBlock){ at, n, n }, true); }

static double *known(Pieces *out, Name text)
{
    for (int k = 0; k < out->known.n; k++)
        if (out->known.at[k].text == text)
            return &out->known.at[k].seconds;
    return NULL;
}

static void add_piece(Walk *w, LStmt **at, int n, double times)
{
    const LStmt *about = at[n - 1];
    for (int k = 0; k < n && !about->note; k++)
        about = at[k];
    Buf text = { 0 };
    lir_print_block(&(LBlock){ at, n, n }, &text);
    Piece x = { .about = about, .n = n, .times = times, .seconds = NAN, .work = work_of_piece(w, at, n), .text = intern_n(text.at, text.n) };
    buf_free(&text);
    bool again = known(w->out, x.text) != NULL;
    for (int k = 0; k < w->out->n; k++)
        again |= w->out->at[k].text == x.text;
    x.f = again ? NULL : add_function(w, at, n);
    vec_push(w->p->arena, *w->out, x);
}

static bool reads(const LExpr *e, const LTemp *t, const LBuf *b)
{
    if (!e)
        return false;
    bool yes = (e->kind == LX_TEMP && e->temp == t) || (b && e->buf == b);
    for (int k = 0; k < e->narg; k++)
        yes |= reads(e->arg[k], t, b);
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        yes |= reads(e->idx[k], t, b);
    return yes;
}

static bool uses(const LStmt *s, const LTemp *t, const LBuf *b)
{
    bool yes = (t && s->temp == t) || (b && s->dst.buf == b) || reads(s->x, t, b);
    for (int k = 0; s->dst.buf && k < s->dst.buf->rank; k++)
        yes |= reads(s->dst.idx[k], t, b);
    for (int k = 0; k < s->body.n; k++)
        yes |= uses(s->body.at[k], t, b);
    return yes;
}

/* One behind the last statement of the block that must stay with that at `from`. */
static int together(const LBlock *b, int from)
{
    int to = from + 1;
    for (int k = from; k < to; k++)
        for (int i = to; i < b->n && (b->at[k]->kind == LS_LET || b->at[k]->kind == LS_LOCAL); i++)
            if (uses(b->at[i], b->at[k]->temp, b->at[k]->kind == LS_LOCAL ? b->at[k]->dst.buf : NULL))
                to = i + 1;
    return to;
}

static void walk(Walk *w, const LBlock *b, double times);

static void inside(Walk *w, const LStmt *s, double times)
{
    int depth = w->depth;
    if (s->kind == LS_INVOKE) {
        const LFunc *f = s->func->same ? s->func->same : s->func;
        w->depth = 0;
        LVar *outer[DEPTH];
        memcpy(outer, w->var, sizeof outer);
        for (int k = 0; k < f->nindex; k++)
            w->var[w->depth++] = f->index[k];
        walk(w, &f->body, times);
        memcpy(w->var, outer, sizeof outer);
    } else {
        if (s->kind == LS_FOR && w->depth < DEPTH)
            w->var[w->depth++] = s->var;
        walk(w, &s->body, times * (s->kind == LS_IF ? 0.5 : s->lo ? s->often : (double)s->n));
    }
    w->depth = depth;
}

static void walk(Walk *w, const LBlock *b, double times)
{
    int depth = w->depth;
    for (int from = 0, to; from < b->n; from = to) {
        LStmt *s = b->at[from];
        to = together(b, from);
        if (s->kind == LS_ASK && w->depth < DEPTH)
            w->var[w->depth++] = s->var;
        if (s->kind == LS_ASK || s->kind == LS_SNAPSHOT)
            continue;
        if (to == from + 1 && (s->kind == LS_INVOKE || ((s->kind == LS_FOR || s->kind == LS_IF) && !arithmetic(s)))) {
            inside(w, s, times);
            continue;
        }
        while (to < b->n && arithmetic(s) && arithmetic(b->at[to])) {
            Work x = work_of_piece(w, b->at + from, to - from);
            int next = together(b, to);
            bool plain = true;
            for (int k = to; k < next; k++)
                plain &= arithmetic(b->at[k]);
            if (!plain || work_seconds(&x, &w->s->rates, w->s->real_bytes) > piece_seconds)
                break;
            to = next;
        }
        add_piece(w, b->at + from, to - from, times);
    }
    w->depth = depth;
}

static void note_integers(void *any, LBuf *b, LExpr **idx, unsigned along, int how)
{
    (void)idx, (void)along, (void)how;
    *(bool *)any |= b->storage == LB_WORK && b->dtype == T_INT;
}

/* Integers of the workspace may index: what lies there at the end is something else. Zeros are in every range. */
static bool has_integers(const Piece *x)
{
    bool any = false;
    for (int k = 0; k < x->f->body.n; k++)
        lir_each_access(x->f->body.at[k], true, note_integers, &any);
    return any;
}

typedef struct Call { JitEntry *f; const void *const *data; void *const *meta, *const *grad; void *outer, *logs, *state, *work; mfl_status *st; } Call;

static double batch(const Call *c, int64_t n)
{
    double from = cpu_seconds();
    for (int64_t k = 0; k < n; k++)
        c->f(c->data, c->meta, c->grad, c->outer, c->logs, c->state, 0, c->work, c->st);
    return (cpu_seconds() - from) / (double)n;
}

static double seconds_of(const Call *c)
{
    double best = batch(c, 1), again = batch(c, 1);
    best = again < best ? again : best;
    int64_t n = (int64_t)(batch_seconds / best) + 1;
    for (int k = 0; k < BATCHES; k++) {
        double t = batch(c, n);
        best = t < best ? t : best;
    }
    return best;
}

static const LFunc *gradient_of(const LProgram *p)
{
    for (int k = 0; k < p->entries.n; k++)
        if (p->entries.at[k].kind == LE_HYPERGRADIENT)
            return p->entries.at[k].func;
    ice("nests: no hypergradient");
}

/* Times of the pieces of which none is known yet. */
static bool measure(Session *s, LProgram *p, Call *c, Pieces *out)
{
    char *why = NULL;
    Jit *jit = jit_new(p, false, &why);
    if (!jit) {
        fprintf(stderr, "mflc: machine code could not be made: %s\n", why);
        return false;
    }
    size_t bytes = (size_t)s->program->work_bytes;
    void *saved = malloc(bytes + 1);
    out->whole = seconds_of(c);
    memcpy(saved, s->work, bytes);
    c->f = (JitEntry *)(uintptr_t)jit_symbol(jit, "entry_piece_none");
    double none = seconds_of(c);
    for (int k = 0; k < out->n; k++) {
        if (known(out, out->at[k].text))
            continue;
        if (has_integers(&out->at[k]))
            memset(s->work, 0, bytes);
        else
            memcpy(s->work, saved, bytes);
        c->f = (JitEntry *)(uintptr_t)jit_symbol(jit, arena_printf(p->arena, "entry_%s", out->at[k].f->name));
        Known x = { out->at[k].text, seconds_of(c) - none };
        vec_push(s->arena, out->known, x);
    }
    free(saved);
    jit_free(jit);
    return true;
}

bool pieces_measure(Session *s, void **data, void **meta, void **grad, Pieces *out)
{
    LProgram p = *s->program;
    p.funcs.at = NULL, p.funcs.n = p.funcs.cap = 0, p.entries.n = 0;
    for (int k = 0; k < s->program->funcs.n; k++)
        if (!s->program->funcs.at[k]->is_entry)
            vec_push(p.arena, p.funcs, s->program->funcs.at[k]);
    Walk w = { .s = s, .p = &p, .out = out };
    out->n = 0;
    add_function(&w, NULL, 0)->name = intern("piece_none");
    walk(&w, &gradient_of(s->program)->body, 1);
    double outer[8], *logs = calloc((size_t)s->program->nlogs + 1, 8);
    mfl_status st = { 0 };
    Call c = { jit_entry(s->jit, LE_HYPERGRADIENT), (const void *const *)data, meta, grad, outer, logs, s->state, s->work, &st };
    bool ok = measure(s, &p, &c, out);
    for (int k = 0; k < out->n && ok; k++)
        out->at[k].seconds = *known(out, out->at[k].text);
    free(logs);
    return ok;
}
