/* lanes.c -- sums and extremes along a loop get several accumulators of a defined order, so that they vectorise and keep their bits.
 *
 * A loop of n iterations that accumulates into temporaries of the outside (sum += x, most = max(x, most)) keeps its body and gets w lanes: iteration k
 * accumulates into lane k % w, in order; then halves are folded, lane k with lane k + w/2, until one is left, which is joined to the temporary. w depends on n and on
 * the type only: not on the vectors of a machine, and not on what else the loop does, which differs from schedule to schedule. Where it does nothing that goes from one iteration to the next, the emitters
 * run w iterations at a time; else one after the other, lane k % w written out. Of nested loops the innermost has lanes, those around it add whole sums. Every
 * such loop takes this form, whatever its size, so that the C has the same lines for all sizes; sums of less than eight terms have one lane, which is the plain order. */
#include "low.h"
#include <math.h>

typedef struct Lanes { int n; LTemp **temp; LBuf **part; Op *op; int64_t width; } Lanes;

static bool reads_temp(const LExpr *e, const LTemp *t)
{
    bool yes = e->kind == LX_TEMP && e->temp == t;
    for (int k = 0; k < e->narg; k++)
        yes |= reads_temp(e->arg[k], t);
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        yes |= reads_temp(e->idx[k], t);
    return yes;
}

/* The operator with which the statement accumulates, or OP_COUNT. */
static Op accumulates(const LStmt *s)
{
    if (s->kind != LS_SET || s->temp->dtype != T_REAL)
        return OP_COUNT;
    if (s->add)
        return reads_temp(s->x, s->temp) ? OP_COUNT : OP_add;
    bool extreme = s->x->kind == LX_MAP && (s->x->op == OP_max || s->x->op == OP_min) && s->x->dtype == T_REAL;
    return extreme && s->x->arg[1]->kind == LX_TEMP && s->x->arg[1]->temp == s->temp && !reads_temp(s->x->arg[0], s->temp) ? s->x->op : OP_COUNT;
}

static bool declared_in(const LBlock *b, const LTemp *t)
{
    for (int k = 0; k < b->n; k++)
        if (b->at[k]->kind == LS_LET && b->at[k]->temp == t)
            return true;
    return false;
}

/* Is the loop innermost, are its temporaries its own, or accumulated once and not looked at, and its iterations apart from that independent? */
static bool collect(const LStmt *f, Lanes *w)
{
    w->n = 0;
    for (int k = 0; k < f->body.n; k++) {
        const LStmt *s = f->body.at[k];
        if (s->kind != LS_SET && s->kind != LS_LET && s->kind != LS_STORE)
            return false;
        if (s->kind != LS_SET || declared_in(&f->body, s->temp))
            continue;
        Op op = accumulates(s);
        if (op == OP_COUNT)
            return false;
        for (int i = 0; i < f->body.n; i++)
            if (i != k && ((f->body.at[i]->x && reads_temp(f->body.at[i]->x, s->temp)) || (f->body.at[i]->kind == LS_SET && f->body.at[i]->temp == s->temp)))
                return false;
        w->temp[w->n] = s->temp;
        w->op[w->n++] = op;
    }
    return w->n > 0 && own_elements(f);
}

static LExpr **one_index(Low *l, LExpr *x)
{
    LExpr **idx = NEW_N(l->arena, LExpr *, 1);
    idx[0] = x;
    return idx;
}

static bool stmt_reads(const LStmt *s, const LTemp *t)
{
    bool yes = (s->x && reads_temp(s->x, t)) || (s->temp == t);
    for (int k = 0; k < s->body.n; k++)
        yes |= stmt_reads(s->body.at[k], t);
    return yes;
}

/* Of any other loop: what it accumulates once and does not look at. Not the sums of loops inside it: they are whole before they are joined, one after the other. */
static bool collect_strict(const LStmt *f, Lanes *w)
{
    w->n = 0;
    for (int k = 0; k < f->body.n; k++) {
        const LStmt *s = f->body.at[k];
        Op op = s->kind == LS_SET && !declared_in(&f->body, s->temp) ? accumulates(s) : OP_COUNT;
        for (int i = 0; op != OP_COUNT && i < f->body.n; i++)
            if (i != k && stmt_reads(f->body.at[i], s->temp))
                op = OP_COUNT;
        if (op == OP_COUNT)
            continue;
        w->temp[w->n] = s->temp;
        w->op[w->n++] = op;
    }
    return w->n > 0;
}

/* Accumulates into the lane what it accumulated into the temporary. */
static void into_lane(Low *l, LStmt *s, LBuf *part, LExpr *lane)
{
    s->kind = LS_STORE;
    s->temp = NULL;
    s->dst = (LPtr){ part, one_index(l, lane), 0 };
    if (!s->add)
        s->x = x_map(l, s->x->op, T_REAL, (LExpr *[]){ s->x->arg[0], x_load(l, part, s->dst.idx) }, 2);
}

/* The temporary was declared as the accumulator's neutral value just before: that goes, the fold declares it instead. */
static LStmt *take_declaration(LBlock *out, const LTemp *t, double neutral)
{
    for (int k = out->n - 1; k >= 0; k--) {
        LStmt *s = out->at[k];
        if (s->kind == LS_LET && s->temp == t) {
            if (s->x->kind != LX_NUM || s->x->num != neutral)
                return NULL;
            memmove(out->at + k, out->at + k + 1, sizeof *out->at * (size_t)(out->n - k - 1));
            out->n--;
            return s;
        }
        if (stmt_reads(s, t))
            return NULL;
    }
    return NULL;
}

static const LStmt *accumulation(const LStmt *f, const LBuf *part)
{
    for (int k = 0; k < f->body.n; k++)
        if (f->body.at[k]->kind == LS_STORE && f->body.at[k]->dst.buf == part)
            return f->body.at[k];
    ice("lanes: nothing is added to %s", part->name);
}

static double neutral(Op op) { return op == OP_add ? 0 : op == OP_max ? -INFINITY : INFINITY; }

/* strict: iterations go one after the other. */
static void split(Low *l, LStmt *f, Lanes *w, bool strict, LBlock *out)
{
    LStmt **declares = NEW_N(l->arena, LStmt *, w->n);
    LExpr *lane = x_map(l, OP_remainder, T_INT, (LExpr *[]){ x_var(l, f->var), x_int(l, w->width) }, 2);
    if (!strict) {
        f->lane = new_var(l, intern("lane"));
        f->width = w->width;
        lane = x_var(l, f->lane);
    }
    for (int a = 0; a < w->n; a++) {
        declares[a] = take_declaration(out, w->temp[a], neutral(w->op[a]));
        w->part[a] = new_buf(l, T_REAL, 1, &w->width, LB_LOCAL, intern_printf("%s_part", w->temp[a]->name), NULL);
        LStmt *s = new_stmt(l, LS_LOCAL, NULL);
        s->note = declares[a] ? declares[a]->note : NULL;
        s->span = declares[a] ? declares[a]->span : s->span;
        s->dst = (LPtr){ w->part[a], one_index(l, x_int(l, 0)), 1 };
        s->x = x_num(l, neutral(w->op[a]), T_REAL);
        push_stmt(l, out, s);
        for (int k = 0; k < f->body.n; k++)
            if (f->body.at[k]->kind == LS_SET && f->body.at[k]->temp == w->temp[a])
                into_lane(l, f->body.at[k], w->part[a], lane);
    }
    push_stmt(l, out, f);
    for (int a = 0; a < w->n; a++) {
        LStmt *s = new_stmt(l, declares[a] ? LS_LET : LS_SET, NULL);
        s->temp = w->temp[a];
        s->note = declares[a] ? declares[a]->note : NULL;
        s->span = declares[a] ? declares[a]->span : s->span;
        if (l->opt->guard) {                      /* what the check of the whole sum says */
            const LStmt *one = accumulation(f, w->part[a]);
            s->note = one->note;
            s->span = one->span;
            s->lax = one->lax;
        }
        s->add = w->op[a] == OP_add && !declares[a];
        LExpr *fold = x_fold(l, w->op[a], w->part[a]);
        s->x = s->add || declares[a] ? fold : x_map(l, w->op[a], T_REAL, (LExpr *[]){ fold, x_temp(l, s->temp) }, 2);
        push_stmt(l, out, s);
    }
}

/* One full vector of the widest machines, four where the sum is long; below, eight for ten classes, and one. */
static int64_t width_for(const Low *l, int64_t n)
{
    int64_t vector = 64 / l->prog->real_bytes;
    return n < 8 ? 1 : n < vector ? 8 : n < 16 * vector ? vector : 4 * vector;
}

static Lanes lanes_for(Low *l, const LStmt *f)
{
    int n = f->body.n + 1;
    return (Lanes){ 0, NEW_N(l->arena, LTemp *, n), NEW_N(l->arena, LBuf *, n), NEW_N(l->arena, Op, n), width_for(l, f->n) };
}

void split_sums(Low *l, LBlock *b)
{
    LBlock out = { 0 };
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        bool counts = s->kind == LS_FOR && !s->down && !s->lo && s->n > 1;
        Lanes w = counts ? lanes_for(l, s) : (Lanes){ 0 };
        bool plain = counts && collect(s, &w), strict = counts && !plain && collect_strict(s, &w);
        if (!plain)
            split_sums(l, &s->body);
        if (plain || strict)
            split(l, s, &w, strict, &out);
        else
            push_stmt(l, &out, s);
    }
    *b = out;
}
