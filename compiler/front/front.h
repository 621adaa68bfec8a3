/* front.h -- from .mfl text to a Problem: scanner, parser, checking, tensor graphs. */
#ifndef MFL_FRONT_H
#define MFL_FRONT_H
#include "ir.h"

typedef struct FrontOptions {
    const char *path;                                  /* the .mfl file */
    int ndefine; const char *const *define_name; const int64_t *define_value;     /* -D N=300 */
    /* The shape that is bound to a data or meta leaf (dotted name), with the task axis first for task data. false: nothing is bound.
     * from_file and columns are what the declaration says, or NULL. *file: what is bound, for messages. NULL callback: nothing bound. */
    bool (*bound_shape)(void *user, const char *leaf, const char *from_file, const char *columns, int *rank, int64_t *dim, const char **file);
    void *user;
    uint64_t seed;                                     /* of param initialisers that draw */
    const char *text;                                  /* its text, when it is no file; then `path` is what messages call it */
} FrontOptions;
/* Reads, parses, checks and builds. NULL when there are errors; all messages are in diags. Everything lives in arena. */
Problem *front_load(Arena *, Diags *, const FrontOptions *);
#endif
