/* narrow.c -- elementwise operators on broadcast operands compute before they are broadcast: f(broadcast a, broadcast b) = broadcast f(a, b).
 *
 * An axis along which no operand varies is left out, so that 1 / sum[s] is divided and stored once a row, not once an element. The same numbers: each element
 * is the same operation on the same operands. Result: the broadcast, or NULL where every axis is needed. */
#include "contract.h"

typedef struct Spread { Node *from; int rank; int axis_of[MAX_RANK]; } Spread;   /* from's axis k runs along axis_of[k]; -1: it has one element */

/* n as a broadcast: a contraction of one factor that only names its axes anew. */
static bool is_spread(Node *n, Spread *s)
{
    const Contract *c = n->op == OP_contract ? n->u.contract : NULL;
    int l, axis[MAX_LETTERS];
    int64_t at;
    if (!c || c->nfactor != 1 || c->nindex || c->nguard || c->scale != 1)
        return false;
    for (l = 0; l < MAX_LETTERS; l++)
        axis[l] = -1;
    for (int d = 0; d < c->out.rank; d++) {
        if (place_is_const(&c->out.place[d], &at) && n->type.dim[d] == 1 && at == 0)
            continue;
        if (!place_is_letter(&c->out.place[d], &l) || axis[l] >= 0 || c->range[l] != n->type.dim[d])
            return false;
        axis[l] = d;
    }
    *s = (Spread){ .from = n->arg[0], .rank = c->arg[0].rank };
    for (int k = 0; k < s->rank; k++) {
        if (place_is_const(&c->arg[0].place[k], &at) && at == 0 && s->from->type.dim[k] == 1) {
            s->axis_of[k] = -1;
            continue;
        }
        if (!place_is_letter(&c->arg[0].place[k], &l) || axis[l] < 0 || s->from->type.dim[k] != n->type.dim[axis[l]])
            return false;
        s->axis_of[k] = axis[l];
        for (int i = 0; i < k; i++)
            if (s->axis_of[i] == axis[l])
                return false;                     /* a diagonal */
    }
    for (l = 0; l < c->nletters; l++)
        if (axis[l] < 0)
            return false;                         /* a sum */
    return true;
}

Node *narrow_map(Graph *g, Op op, const Type *type, Node *const *args, int n)
{
    Spread s[3];
    Node *small[3];
    bool used[MAX_RANK] = { false };
    int place[MAX_RANK], axis[MAX_RANK], rank = 0;
    int64_t dim[MAX_RANK];
    for (int k = 0; k < n; k++) {
        if (ir_is_const(args[k], NULL))
            continue;
        if (!is_spread(args[k], &s[k]))
            return NULL;
        for (int d = 0; d < s[k].rank; d++)
            if (s[k].axis_of[d] >= 0)
                used[s[k].axis_of[d]] = true;
    }
    for (int d = 0; d < type->rank; d++) {
        place[d] = rank;
        if (used[d]) {
            axis[rank] = d;
            dim[rank++] = type->dim[d];
        }
    }
    int64_t whole = type_count(type), part = 1;
    for (int d = 0; d < rank; d++)
        part *= dim[d];
    if (part == whole)
        return NULL;
    for (int k = 0; k < n; k++) {
        Type t = { .dtype = args[k]->type.dtype, .rank = rank };
        memcpy(t.dim, dim, sizeof *dim * (size_t)rank);
        if (ir_is_const(args[k], NULL)) {
            small[k] = ir_const(g, t, args[k]->u.number);
            continue;
        }
        int to[MAX_RANK];
        for (int d = 0; d < s[k].rank; d++)
            to[d] = s[k].axis_of[d] < 0 ? 0 : place[s[k].axis_of[d]];
        small[k] = ir_expand(g, rank ? s[k].from : ir_reshape(g, s[k].from, 0, NULL), rank, dim, to);
    }
    return ir_expand(g, ir_map(g, op, small, n), type->rank, type->dim, axis);
}
