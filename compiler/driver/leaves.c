/* leaves.c -- the numbers of a data, meta or param leaf in memory, as the generated code has them. */
#include "driver.h"

double real_at(const void *p, int real_bytes, int64_t k)
{
    return real_bytes == 4 ? (double)((const float *)p)[k] : ((const double *)p)[k];
}

void real_set(void *p, int real_bytes, int64_t k, double v)
{
    if (real_bytes == 4)
        ((float *)p)[k] = (float)v;
    else
        ((double *)p)[k] = v;
}

size_t leaf_bytes(const Leaf *leaf, int real_bytes)
{
    return (size_t)type_count(&leaf->type) * (leaf->type.dtype == T_REAL ? (size_t)real_bytes : 4);
}

void **leaf_buffers(Arena *arena, int real_bytes, const Leaf *leaf, int n)
{
    void **at = NEW_N(arena, void *, n + 1);
    for (int k = 0; k < n; k++)
        at[k] = arena_alloc(arena, leaf_bytes(&leaf[k], real_bytes) + 64);
    return at;
}
