/* functions.h -- the functions and operators of the language as data: what is documented and tested of each. The rows and their meaning are in library.def. */
#ifndef MFL_FUNCTIONS_H
#define MFL_FUNCTIONS_H

typedef struct FunctionRow {
    const char *section, *name;                        /* name: NULL for an operator */
    const char *form, *doc, *example, *value, *args, *given, *call, *tangent, *edges;
} FunctionRow;
const FunctionRow *function_rows(int *n);
#endif
