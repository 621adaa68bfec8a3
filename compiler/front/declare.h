/* declare.h -- private to the checker of declarations: layouts of arrays and records, and who builds what. */
#ifndef MFL_DECLARE_H
#define MFL_DECLARE_H
#include "eval.h"

/* The shape of one declared name: an array, or a record with leading axes. */
typedef struct Layout {
    const StructType *type;                    /* NULL: an array */
    int rank; int64_t dim[MAX_RANK];           /* of the array, or the leading axes of the record */
    TypeKind kind; int64_t bound;              /* REAL, INT, INDEX */
} Layout;
typedef struct Declaration {                   /* of data, meta, param */
    const Decl *decl; Sym *sym; Layout layout;
    int first, nleaf;                          /* its leaves in the problem's list */
    bool ok;
} Declaration;
typedef struct Front {
    Sema s;
    Scope library, top;                        /* std below the user's names */
    Vec(Declaration) data, meta, param;
    Sym *step;
    const Decl *problem, *inner, *outer, *path, *truncate;
    Vec(const Decl *) steps, learns, fns, optimizers, consts, dims;
} Front;

/* imports.c: parses path and what it imports; declarations go to f through declare_file. */
bool front_read(Front *, const char *path);
void declare_file(Front *, Ast *, bool library);                            /* declare.c: names into the scope, duplicates reported */
bool bind_dims(Front *);                                                    /* dims.c */
bool layout_all(Front *);                                                   /* layouts.c: data, meta, param and their leaves */
bool layout_of(Front *, Scope *, const Declared *, Layout *, bool data);
Val  layout_val(Sema *, const Layout *, Node *const *leaf, int *at);        /* a value whose leaves are these nodes */
const Decl *find_optimizer(Front *, NameAt);
bool check_functions(Front *);                                              /* resolve.c */
bool build_problem(Front *);                                                /* problem.c */
bool build_updates(Front *);                                                /* updates.c: step and learn lines */
/* A new graph with parameters for data and metas (with_data, with_meta), whose names get values. */
Graph *graph_begin(Front *, const char *name, Context, bool with_data, bool with_meta);
/* An error for each log line met since graph_begin: nothing reports its value. where: what was built. */
void   refuse_logs(Sema *, const char *where);
void   bind_leaves(Front *, Declaration *, int n, const Leaf *leaf);        /* parameters for leaves; the declarations' names get values */
void   unbind(Declaration *, int n);
void   set_step(Front *, Node *, int64_t count);                            /* NULL: step has no value here */
#endif
