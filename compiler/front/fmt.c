#include "front.h"
bool front_format(Arena *a, Diags *d, const char *path, Buf *out) { (void)a; (void)d; (void)path; (void)out; return false; }
