/* format.h -- the formatter of .mfl files. */
#ifndef MFL_FORMAT_H
#define MFL_FORMAT_H
#include "ast.h"

/* Appends the formatted text to out. false: the source does not parse, and diags says where. */
bool format_source(Arena *, Diags *, const Source *, Buf *out);
#endif
