/* temps.c -- a temporary that takes over the final value of another one in the same block is that other one, under its own name:
 *
 *     sum = 0;  for ... sum += x[n][d] * w[d];  x_w = sum;        becomes        x_w = 0;  for ... x_w += x[n][d] * w[d];
 *
 * Input: a block whose temporaries are declared by LET. Invariant: neither of the two changes after the LET that goes.
 * Temporaries that nothing reads go as well, and loops and tests in which nothing is left: a loop without iterations leaves both behind. */
#include "low.h"

static bool changes(const LBlock *b, int from, const LTemp *t)
{
    for (int k = from; k < b->n; k++)
        if ((b->at[k]->kind == LS_SET && b->at[k]->temp == t) || changes(&b->at[k]->body, 0, t))
            return true;
    return false;
}

static void replace(LExpr *e, const LTemp *from, LTemp *to)
{
    if (!e)
        return;
    if (e->kind == LX_TEMP && e->temp == from)
        e->temp = to;
    for (int k = 0; k < e->narg; k++)
        replace(e->arg[k], from, to);
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        replace(e->idx[k], from, to);
}

static void replace_in(LBlock *b, int from, const LTemp *of, LTemp *to)
{
    for (int k = from; k < b->n; k++) {
        replace(b->at[k]->x, of, to);
        replace_in(&b->at[k]->body, 0, of, to);
    }
}

static LStmt *declaration(const LBlock *b, int before, const LTemp *t)
{
    for (int k = 0; k < before; k++)
        if (b->at[k]->kind == LS_LET && b->at[k]->temp == t)
            return b->at[k];
    return NULL;
}

void join_temps(LBlock *b)
{
    int n = 0;
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        LTemp *of = s->kind == LS_LET && s->x->kind == LX_TEMP ? s->x->temp : NULL;
        LStmt *first = of ? declaration(b, n, of) : NULL;
        if (first && !changes(b, k + 1, of) && !changes(b, k + 1, s->temp)) {
            replace_in(b, k + 1, s->temp, of);
            of->name = s->temp->name;
            first->note = s->note;
            first->span = s->span;
            continue;
        }
        join_temps(&s->body);
        b->at[n++] = s;
    }
    b->n = n;
}

static void note_reads(bool *read, const LExpr *e)
{
    if (!e)
        return;
    if (e->kind == LX_TEMP)
        read[e->temp->id] = true;
    for (int k = 0; k < e->narg; k++)
        note_reads(read, e->arg[k]);
    for (int k = 0; e->kind == LX_LOAD && k < e->buf->rank; k++)
        note_reads(read, e->idx[k]);
}

static void note_all_reads(bool *read, const LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = b->at[k];
        note_reads(read, s->x);
        for (int d = 0; s->kind == LS_STORE && d < s->dst.buf->rank; d++)
            note_reads(read, s->dst.idx[d]);
        note_all_reads(read, &s->body);
    }
}

/* Has something gone? */
static bool drop(const bool *read, LBlock *b)
{
    int n = 0, before = b->n;
    bool inside = false;
    for (int k = 0; k < b->n; k++) {
        LStmt *s = b->at[k];
        bool holds = s->kind == LS_FOR || s->kind == LS_IF;
        inside |= holds && drop(read, &s->body);
        if (holds ? s->body.n : (s->kind != LS_LET && s->kind != LS_SET) || read[s->temp->id])
            b->at[n++] = s;
    }
    b->n = n;
    return inside || n < before;
}

void drop_unread(Low *l, LBlock *b)
{
    bool *read = NEW_N(l->arena, bool, l->ntemps + 1);
    do {
        memset(read, 0, (size_t)l->ntemps);
        note_all_reads(read, b);
    } while (drop(read, b));
}
