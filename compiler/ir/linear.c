/* linear.c -- what is said in terms of CONTRACT: broadcasts, sums, transposes, slices, picks, matrix products. */
#include "contract.h"

Node *ir_expand(Graph *g, Node *n, int rank, const int64_t *dim, const int *axis_of)
{
    Contract c;
    Type out = type_of(n->type.dtype, rank, dim);
    contract_init(&c);
    c.nfactor = 1;
    c.out.rank = rank;
    c.arg[0].rank = n->type.rank;
    for (int d = 0; d < rank; d++)
        c.out.place[d] = place_letter(contract_letter(&c, dim[d], NULL));
    for (int k = 0; k < n->type.rank; k++) {
        if (n->type.dim[k] != dim[axis_of[k]] && n->type.dim[k] != 1)
            ice("axis %d of %s cannot become axis %d of %s", k, type_text(g->arena, &n->type), axis_of[k], type_text(g->arena, &out));
        c.arg[0].place[k] = n->type.dim[k] == 1 ? place_const(0) : c.out.place[axis_of[k]];
        if (n->type.dim[k] != 1)
            c.letter[axis_of[k]] = n->axis_name[k];
    }
    return ir_contract(g, &c, &n, out);
}

Node *ir_broadcast(Graph *g, Node *n, int rank, const int64_t *dim)
{
    int axis[MAX_RANK];
    for (int k = 0; k < n->type.rank; k++)
        axis[k] = k + rank - n->type.rank;
    if (n->type.rank > rank)
        ice("a broadcast to fewer axes");
    return ir_expand(g, n, rank, dim, axis);
}

Node *ir_sum(Graph *g, Node *n, unsigned axes)
{
    Contract c;
    Type out = { .dtype = T_REAL };
    contract_init(&c);
    c.nfactor = 1;
    c.arg[0].rank = n->type.rank;
    for (int d = 0; d < n->type.rank; d++) {
        c.arg[0].place[d] = place_letter(contract_letter(&c, n->type.dim[d], n->axis_name[d]));
        if (axes >> d & 1)
            continue;
        c.out.place[c.out.rank++] = c.arg[0].place[d];
        out.dim[out.rank++] = n->type.dim[d];
    }
    return ir_contract(g, &c, &n, out);
}

Node *ir_sum_to(Graph *g, Node *n, const Type *shape)
{
    unsigned axes = 0;
    int lead = n->type.rank - shape->rank;
    for (int d = 0; d < n->type.rank; d++)
        if (d < lead || (shape->dim[d - lead] == 1 && n->type.dim[d] != 1))
            axes |= 1u << d;
    Node *s = axes ? ir_sum(g, n, axes) : n;
    return ir_reshape(g, s, shape->rank, shape->dim);
}

Node *ir_transpose(Graph *g, Node *n, const int *perm)
{
    Contract c;
    Type out = n->type;
    contract_init(&c);
    c.nfactor = 1;
    c.arg[0].rank = c.out.rank = n->type.rank;
    for (int d = 0; d < n->type.rank; d++)
        c.arg[0].place[d] = place_letter(contract_letter(&c, n->type.dim[d], n->axis_name[d]));
    for (int d = 0; d < n->type.rank; d++) {
        c.out.place[d] = c.arg[0].place[perm[d]];
        out.dim[d] = n->type.dim[perm[d]];
    }
    return ir_contract(g, &c, &n, out);
}

Node *ir_slice(Graph *g, Node *n, int axis, int64_t from, int64_t count, int64_t stride)
{
    Contract c;
    Type out = n->type;
    contract_init(&c);
    c.nfactor = 1;
    c.arg[0].rank = c.out.rank = n->type.rank;
    out.dim[axis] = count;
    for (int d = 0; d < n->type.rank; d++)
        c.arg[0].place[d] = c.out.place[d] = place_letter(contract_letter(&c, out.dim[d], n->axis_name[d]));
    Place *p = &c.arg[0].place[axis];
    p->base = from;
    for (int l = 0; l < c.nletters; l++)
        p->coef[l] *= (int32_t)stride;
    return ir_contract(g, &c, &n, out);
}

Node *ir_pick(Graph *g, Node *n, int axis, Node *index)
{
    Contract c;
    Type out = { .dtype = n->type.dtype };
    contract_init(&c);
    c.nfactor = c.nindex = 1;
    c.arg[0].rank = n->type.rank;
    c.arg[1].rank = index->type.rank;
    for (int d = 0; d < n->type.rank; d++) {
        if (d != axis) {
            c.arg[0].place[d] = c.out.place[out.rank] = place_letter(contract_letter(&c, n->type.dim[d], n->axis_name[d]));
            out.dim[out.rank++] = n->type.dim[d];
            continue;
        }
        c.arg[0].place[d] = place_const(0);
        c.arg[0].place[d].index = 1;
        for (int k = 0; k < index->type.rank; k++) {
            c.arg[1].place[k] = c.out.place[out.rank] = place_letter(contract_letter(&c, index->type.dim[k], index->axis_name[k]));
            out.dim[out.rank++] = index->type.dim[k];
        }
    }
    c.out.rank = out.rank;
    return ir_contract(g, &c, (Node *[]){ n, index }, out);
}

Node *ir_pick_at(Graph *g, Node *n, int axis, int64_t at) { return ir_pick(g, n, axis, ir_int(g, at)); }

Node *ir_matmul(Graph *g, Node *a, Node *b)
{
    Contract c;
    Type out = { .dtype = T_REAL };
    int ra = a->type.rank, rb = b->type.rank, la = ra > 2 ? ra - 2 : 0, lb = rb > 2 ? rb - 2 : 0, lead = la > lb ? la : lb;
    contract_init(&c);
    c.nfactor = 2;
    c.arg[0].rank = ra;
    c.arg[1].rank = rb;
    for (int d = 0; d < lead; d++) {
        int ka = d - (lead - la), kb = d - (lead - lb);
        int64_t x = ka >= 0 ? a->type.dim[ka] : 1, y = kb >= 0 ? b->type.dim[kb] : 1;
        out.dim[out.rank] = x == 1 ? y : x;
        Place p = place_letter(contract_letter(&c, out.dim[out.rank], ka >= 0 ? a->axis_name[ka] : b->axis_name[kb]));
        if (ka >= 0)
            c.arg[0].place[ka] = x == 1 ? place_const(0) : p;
        if (kb >= 0)
            c.arg[1].place[kb] = y == 1 ? place_const(0) : p;
        c.out.place[out.rank++] = p;
    }
    Place k = place_letter(contract_letter(&c, a->type.dim[ra - 1], a->axis_name[ra - 1]));
    c.arg[0].place[ra - 1] = k;
    c.arg[1].place[rb > 1 ? rb - 2 : 0] = k;
    if (ra > 1) {
        c.arg[0].place[ra - 2] = c.out.place[out.rank] = place_letter(contract_letter(&c, a->type.dim[ra - 2], a->axis_name[ra - 2]));
        out.dim[out.rank++] = a->type.dim[ra - 2];
    }
    if (rb > 1) {
        c.arg[1].place[rb - 1] = c.out.place[out.rank] = place_letter(contract_letter(&c, b->type.dim[rb - 1], b->axis_name[rb - 1]));
        out.dim[out.rank++] = b->type.dim[rb - 1];
    }
    c.out.rank = out.rank;
    return ir_contract(g, &c, (Node *[]){ a, b }, out);
}
