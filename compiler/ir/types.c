/* types.c -- types of values: a number kind and a static shape. Small pure functions; shapes were checked against overflow by the front end. */
#include "ir.h"

Type type_scalar(DType dtype)
{
    return type_of(dtype, 0, NULL);
}

Type type_of(DType dtype, int rank, const int64_t *dim)
{
    Type t = { .dtype = dtype, .rank = rank };
    if (rank < 0 || rank > MAX_RANK)
        ice("a value of rank %d", rank);
    for (int d = 0; d < rank; d++)
        t.dim[d] = dim[d];
    return t;
}

bool shape_eq(const Type *a, const Type *b)
{
    if (a->rank != b->rank)
        return false;
    for (int d = 0; d < a->rank; d++)
        if (a->dim[d] != b->dim[d])
            return false;
    return true;
}

bool type_eq(const Type *a, const Type *b)
{
    return a->dtype == b->dtype && shape_eq(a, b);
}

int64_t type_count(const Type *t)
{
    int64_t n = 1;
    for (int d = 0; d < t->rank; d++)
        n *= t->dim[d];
    return n;
}

char *type_text(Arena *arena, const Type *t)
{
    Buf b = { 0 };
    buf_puts(&b, "[");
    for (int d = 0; d < t->rank; d++)
        buf_printf(&b, "%s%lld", d ? ", " : "", (long long)t->dim[d]);
    buf_puts(&b, "]");
    char *text = arena_strndup(arena, b.at, b.n);
    buf_free(&b);
    return text;
}
