/* lir.h -- the loop IR: what both emitters print. Loops, scalar temporaries, stores, runtime calls, over named buffers with
 * static shapes. Made by lower/ from tensor graphs; fused, shrunk and given offsets there; c99.c and llvm.c walk the same tree, so
 * they cannot drift. Everything an emitter needs is here and in the Problem; it looks at no tensor graph.
 *
 * Arithmetic is exactly as written: no reassociation, no contraction. REAL is float or double as program->real_bytes says. */
#ifndef MFL_LIR_H
#define MFL_LIR_H
#include "ir.h"

typedef enum {
    LB_WORK,        /* in the workspace at byte `offset` */
    LB_LOCAL,       /* the lanes of a sum (rank 1), see lanes.c; declared by LS_LOCAL: C locals, LLVM allocas */
    LB_DATA,        /* data->field, read only */
    LB_META,        /* meta->field; read only but in init and learn, which write it */
    LB_GRAD,        /* grad->field, write; never NULL inside phases: the entry function redirects unwanted ones, see LEntry */
    LB_PARAMS,      /* params->field, write */
    LB_GRAD_IN,     /* grad->field, read (learn) */
    LB_STATE,       /* learn state, read and written: state + offset bytes */
    LB_CARRIED,     /* a window's inner parameters and optimizer states, read and written: carried + offset bytes */
    LB_OUTER,       /* *outer, rank 0, write */
    LB_LOGS,        /* values of log lines: logs[offset / real_bytes ...], write; may be NULL: see LEntry */
    LB_STEP,        /* INT scalar argument `step` */
    LB_SEED         /* INT scalar argument `seed` (uint64_t) */
} LStorage;
typedef struct LBuf {
    Name     name;                    /* unique in its entry and its phases, a valid C identifier, from the user's names: w, d_h, b_h ... */
    DType    dtype;                   /* REAL: real_bytes each; INT: int32_t; BOOL: unsigned char */
    int      rank;  int64_t dim[MAX_RANK];
    Name     size[MAX_RANK];          /* the name of a dimension's size, in program->dims; NULL: a number */
    LStorage storage;
    Name     field;                   /* dotted leaf name for DATA, META, GRAD, PARAMS, GRAD_IN */
    int64_t  offset;                  /* WORK, STATE: bytes, aligned to 64 */
    Origin   origin;
    int      id;                      /* its place in program->bufs */
    bool     carried;                 /* goes round a loop: alive from before it until after it */
    struct LExpr **stored_at;         /* scratch of independent.c: NULL outside it */
    bool     given;                   /* left behind by a forward loop, written anew before each later iteration of its reverse loop: see record.c */
    int      live_from, live_to;      /* WORK: positions in the entry's flattened statement order; for explain */
} LBuf;
typedef struct LVar  { Name name, axis; int id; } LVar;   /* axis: the name of the axis over which it runs, or NULL */
                   /* integer loop variable */
typedef struct LTemp { Name name; DType dtype; int id; } LTemp;   /* scalar temporary */

typedef enum { LX_NUM, LX_INT, LX_VAR, LX_TEMP, LX_LOAD, LX_MAP, LX_GUARD, LX_FOLD } LExprKind;
typedef struct LExpr LExpr;
typedef struct LStmt LStmt;
struct LExpr {
    LExprKind kind;
    DType     dtype;
    double    num;                    /* NUM: REAL or BOOL constant */
    int64_t   i;                      /* INT: constant */
    Name      size; int64_t over;     /* INT: as much over the size of that name in program->dims: -1 of STEPS - 1; size NULL: a number */
    LVar     *var;
    LTemp    *temp;
    LBuf     *buf;                    /* LOAD: buf[idx...], one index for each dimension. FOLD: a LOCAL row whose halves are joined by op (add, max, min) until one is left */
    LExpr   **idx;
    const LStmt *about;               /* MAP of guarded programs: a statement with the note, span and lax of this value; NULL: none of its own */
    Op        op;                     /* MAP: an elementwise operator of ops.def on scalars; on INT dtype integer arithmetic (add sub mul min max neg, comparisons) */
    int       narg;
    LExpr    *arg[3];                 /* GUARD: arg[0] ? arg[1] : 0; arg[1] is evaluated only where arg[0] holds (its loads may lie outside) */
};
/* Address of buf[idx...]. What a statement touches from there runs along the dimensions in the bit mask `along`, and stays at idx in all others. */
typedef struct LPtr { LBuf *buf; LExpr **idx; unsigned along; } LPtr;

typedef enum { LS_FOR, LS_LET, LS_SET, LS_STORE, LS_IF, LS_ZERO, LS_COPY, LS_GEMM, LS_CALL, LS_INVOKE, LS_ASK, LS_LOCAL, LS_CHECK, LS_SNAPSHOT } LStmtKind;
typedef struct LFunc LFunc;
typedef struct LBlock { LStmt **at; int n, cap; } LBlock;
/* c[m][n] (= or +=) alpha * a(m x k) b(k x n); row-major; ta: a is stored [k][m] with leading dimension lda; never aliasing */
typedef struct LGemm { int64_t m, n, k; bool ta, tb, accumulate; double alpha; LPtr a, b, c; int64_t lda, ldb, ldc; } LGemm;
struct LStmt {
    LStmtKind   kind;
    const char *note;                 /* comment for this statement: "adjoint of h = tanh(x @ w)"; NULL: none */
    Span        span;                 /* where in the .mfl; src NULL: none */
    /* FOR */
    Name size;                        /* FOR: the name of n, in program->dims; NULL: a number */
    LVar *var; int64_t n; bool down; bool parallel;   /* var counts 0..n-1, or from lo to hi - 1 where those are given; parallel: no iteration reads or writes what another writes */
    LVar *lane; int64_t width;        /* FOR, where lane is not NULL: a sum in lanes: lane is var % width; iterations of different lanes are independent, those of one go in order */
    LBlock body;                      /* FOR, IF */
    /* LET declares temp with value x; SET: temp = x (add: temp += x); STORE: dst = x (add: dst += x, or with minus dst -= x); IF: x is the condition */
    /* LOCAL declares dst.buf, all elements x (a constant) */
    LTemp *temp; LExpr *x; LPtr dst; bool add, minus;
    /* ZERO: count elements from dst. COPY: count elements from src to dst, same dtype, not overlapping */
    LPtr src; int64_t count;
    LGemm gemm;
    /* CALL: runtime function mfl_<callee>_f32 or _f64 with pointers (each const-ness as the runtime declares), then integers */
    Name callee; LPtr *ptr; int nptr; int64_t *num; int nnum;
    LExpr *lo, *hi; double often;     /* often: how many iterations on average, for the cost; of IF: how often it holds, 0: not known */
    LBuf **renews; int nrenews;       /* FOR: given arrays that each iteration writes anew before it reads them, or finds as the loop before has left them */
    /* ASK: var = mfl_<callee>(ptr[0] if nptr, index_arg[0..nnum)): an integer that the runtime decides, seen until the end of the block */
    /* CHECK (guarded programs): x is REAL: reported when it is not finite; x is INT: the inner step that begins (-1: none); nptr: num[0] rows of num[1]
     * elements from ptr[0], num[2] apart. callee: the text to report, count: the line. lax: what is stored need not be finite (see guard.c) */
    bool lax;
    /* SNAPSHOT: count elements at ptr[0] to the caller's store, or (load) from there; x is INT: the slot. A failure is noted in the status */
    bool load;
    /* INVOKE: a phase of the same program, with its loop-index arguments */
    LFunc *func; LExpr **index_arg;
};
/* A phase (static function) or the body of an entry. */
struct LFunc {
    Name    name;                     /* "step", "step_adjoint", "hypergradient": the emitter prefixes the problem's name */
    const char *doc;                  /* comment above it */
    LVar  **index; int nindex;        /* integer arguments */
    LBlock  body;
    bool    is_entry;
    struct LFunc *same;                /* phases: the function of an entry before that does the same at the same offsets; this one is not emitted, its calls go there */
    int64_t first;                    /* phases: the inner step that index 0 is */
    bool    placed;                   /* its arrays have their offsets */
    int     from, to;                 /* positions of its statements, as in LBuf.live_from */
};
typedef enum { LE_INIT, LE_ADAPT, LE_VALUE, LE_HYPERGRADIENT, LE_LEARN_INIT, LE_LEARN, LE_WINDOW, LE_KINDS } LEntryKind;
/* init(meta out, seed); adapt(data, meta, params out); value(data, meta, outer); hypergradient(data, meta, outer, grad out);
 * learn_init(meta, state out); learn(meta in and out, grad in, state in and out, step); window(data, meta, carried in and out, step, outer, grad out): truncated problems only.
 * An output that the caller does not want (NULL) is redirected by the entry function: the phases always write to WORK buffers, and the
 * entry's last statements copy them out; an emitter wraps a COPY whose dst is GRAD, PARAMS, OUTER or LOGS in a test for NULL. */
typedef struct LEntry { LEntryKind kind; LFunc *func; int64_t work_bytes; } LEntry;
typedef struct LDim { Name text, axis; int64_t value; bool given; } LDim;      /* axis: the name of the axes that have it; given: a dim of the problem */
typedef struct LProgram {
    Arena   *arena;
    Problem *problem;
    int      real_bytes;              /* 4 or 8 */
    bool     guarded;                 /* holds CHECKs; entries return the status that they leave */
    const char *mode, *schedule;      /* for comments: "mixed", "a snapshot per step" */
    Vec(LDim)    dims;                /* the sizes that code calls by name: N, D, STEPS */
    Vec(LBuf *)  bufs;
    Vec(LFunc *) funcs;               /* in order of definition: callees first */
    Vec(LEntry)  entries;
    int64_t work_bytes;               /* the largest of the entries */
    int64_t state_bytes;              /* of the learn state */
    int64_t carried_bytes;            /* of the state between windows; 0: none */
    int64_t store_slots, store_bytes; /* what it asks of the caller's store: slots, and bytes of the largest; 0: no store. The workspace's first 64 bytes are then the store's */
    int64_t nlogs;                    /* REAL elements of all log lines; see Problem inner/outer graphs */
} LProgram;

/* along: the dimensions in which the access is not only at idx but runs on from there, see LPtr. */
enum { LA_WRITE = 1, LA_ADD = 2, LA_ADDRESS = 4 };                 /* how: LA_ADD marks the read and the write of an addition; LA_ADDRESS: by its address */
typedef void LAccessFn(void *user, LBuf *, LExpr **idx, unsigned along, int how);
/* Every load and store of a statement and of what is in it, in order; deep: of the phases that it invokes too. */
void lir_each_access(const LStmt *, bool deep, LAccessFn *, void *user);
bool *lir_values(const LProgram *, const LFunc *);               /* by id: arrays of one number that neither the function nor what it invokes writes, or reaches by address: values to it */
bool lir_has_function(const LExpr *);                            /* an expensive one, worth a vector: exp and the like */
bool lir_is_unrolled(const LStmt *loop);                         /* machine code: in a loop of a few small iterations counting costs more than what they do, and values in memory wait to be read again */
bool lir_has_checks(const LBlock *);                              /* or snapshots: what notes something in the status; in it, or in the phases that it invokes */
bool lir_independent(const LStmt *loop);                           /* an innermost loop whose iterations may run in any order, or at once; the lanes of sums are apart */
int  lir_index_args(const LStmt *);                               /* how many expressions index_arg has */
void lir_print(const LProgram *, Buf *);                          /* --emit loops */
bool same_expr(const LExpr *, const LExpr *);                    /* the same operations on the same operands */
bool same_place(const LBuf *, LExpr *const *x, LExpr *const *y); /* the same subscripts of the buffer */
void lir_print_block(const LBlock *, Buf *);
const char *lir_verify(const LProgram *);                         /* NULL, or what is wrong: scopes, ranks, index ranges at the corners, callee order */
#endif
