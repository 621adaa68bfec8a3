/* mfl/runtime.h -- all that generated C includes: status, the descriptor, and the runtime's kernels. C99; C++ may include it.
 *
 * Nothing here allocates, prints, exits or keeps state. Functions for float end in _f32, for double in _f64. */
#ifndef MFL_RUNTIME_H
#define MFL_RUNTIME_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "vmath.h"
#ifdef __cplusplus
extern "C" {
#endif
#if defined(MFL_EXPORT_SYMBOLS) && defined(__GNUC__)
#define MFL_EXPORT __attribute__((visibility("default")))
#else
#define MFL_EXPORT
#endif

/* ---- status ---- */
enum {
    MFL_OK = 0,
    MFL_NULL_INPUT,            /* an input pointer is NULL; name says which */
    MFL_BAD_WORK,              /* the workspace is NULL or not aligned to 64 bytes */
    MFL_BAD_INDEX,             /* an index array holds a value outside its range; name and value say which */
    MFL_NONFINITE,             /* a NaN or an infinity appeared */
    MFL_NO_ENTRY,              /* the problem has no such function (no learn line) */
    MFL_BAD_COUNT,             /* a number of tasks or threads is less than one, a step no window begins at, or a tolerance that is not positive; name says which */
    MFL_WRONG_GRADIENT,        /* differences disagree with the gradient in array `name`, by `value` relative to its terms */
    MFL_STORE_OPEN,            /* a snapshot store cannot be opened, or its path holds a file that is none */
    MFL_STORE_SAVE,            /* a snapshot cannot be saved: no space, an error of the device, or larger than its slot */
    MFL_STORE_LOAD,            /* a snapshot cannot be loaded: never saved, of another size, or cut short */
    MFL_NO_STORE               /* the schedule needs a store and the workspace knows none: mfl_use_store */
};
typedef struct mfl_status {
    int         code;          /* 0, or one of the above */
    int64_t     step;          /* inner step; the task, of an input that is wrong in _tasks; or -1 */
    int         line;          /* of the .mfl file, or 0 */
    const char *name;          /* of the array concerned, or NULL; static text */
    double      value;         /* the offending value, if any */
} mfl_status;
static inline int mfl_ok(mfl_status *s)
{
    if (s) {
        s->code = MFL_OK;
        s->step = -1;
        s->line = 0;
        s->name = NULL;
        s->value = 0;
    }
    return MFL_OK;
}
static inline int mfl_fail(mfl_status *s, int code, const char *name, double value)
{
    if (s) {
        s->code = code;
        s->step = -1;
        s->line = 0;
        s->name = name;
        s->value = value;
    }
    return code;
}
/* Guarded programs (mflc build --guard): the first value that is not finite goes into the status, with the inner step that mfl_check_step named. */
void mfl_check_f32(mfl_status *, float x, int32_t line, const char *text);
void mfl_check_f64(mfl_status *, double x, int32_t line, const char *text);
void mfl_check_rows_f32(mfl_status *, const float *at, int64_t rows, int64_t columns, int64_t apart, int32_t line, const char *text);
void mfl_check_rows_f64(mfl_status *, const double *at, int64_t rows, int64_t columns, int64_t apart, int32_t line, const char *text);
void mfl_check_begin(mfl_status *);
void mfl_check_step(mfl_status *, int64_t step);
const char *mfl_strerror(int code);                        /* static text, never NULL */

/* ---- whole numbers ---- */
static inline int mfl_min_int(int a, int b) { return a < b ? a : b; }
static inline int mfl_max_int(int a, int b) { return a > b ? a : b; }
static inline int mfl_abs_int(int a) { return a < 0 ? -a : a; }

/* ---- results on their way to the caller, where y NULL is not wanted: n numbers overwritten or added to; sums of n tasks made means ---- */
static inline void mfl_put_f32(float *y, const float *a, int64_t n, int add)
{
    for (int64_t k = 0; y && k < n; k++)
        y[k] = add ? y[k] + a[k] : a[k];
}
static inline void mfl_put_f64(double *y, const double *a, int64_t n, int add)
{
    for (int64_t k = 0; y && k < n; k++)
        y[k] = add ? y[k] + a[k] : a[k];
}
static inline void mfl_divide_f32(float *y, int64_t count, int64_t n)
{
    for (int64_t k = 0; y && k < count; k++)
        y[k] /= (float)n;
}
static inline void mfl_divide_f64(double *y, int64_t count, int64_t n)
{
    for (int64_t k = 0; y && k < count; k++)
        y[k] /= (double)n;
}

/* ---- the descriptor: what a host or a script needs to call a generated problem without knowing its structs ---- */
typedef enum { MFL_REAL, MFL_INT } mfl_dtype;
typedef enum { MFL_DATA, MFL_META, MFL_PARAM } mfl_role;
enum { MFL_MAX_RANK = 12 };
typedef struct mfl_array {
    const char *name;                                      /* dotted: "start.l1.w" */
    mfl_role    role;
    mfl_dtype   dtype;                                     /* REAL: real_bytes each; INT: int32_t */
    int         rank;
    int64_t     dim[MFL_MAX_RANK];
    int64_t     bound;                                     /* INT data that index: values are in 0..bound-1; else 0 */
    int         task;                                      /* 1: one array for each task */
    const char *doc;                                       /* the comment of the declaration, or NULL */
} mfl_array;
/* Arrays of pointers in the descriptor's order; what a function does not use may be NULL. */
typedef int mfl_call(const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state,
                     int64_t step_or_seed, void *work, mfl_status *status);
/* tasks: n rows of ndata pointers; works: work_bytes for each thread, behind one another, aligned to 64 */
typedef int mfl_call_tasks(int64_t n, const void *const *tasks, void *const *meta, void *const *out, void *outer, void *works, int threads, mfl_status *status);
typedef struct mfl_problem {
    const char *name, *version;
    int         real_bytes;
    int64_t     steps;                                     /* of the inner loop */
    int64_t     learn_steps;                               /* of the learn lines; 0: none */
    int         ndata, nmeta, nparam;
    const mfl_array *data, *meta, *param;
    size_t      work_bytes, state_bytes;
    int64_t     nlogs;                                     /* reals that `value` writes to logs */
    mfl_call   *init, *adapt, *value, *hypergradient, *learn_init, *learn;      /* out: params of adapt, gradient of hypergradient and learn */
    mfl_call   *hypergradient_add;                         /* added to what outer and out hold */
    mfl_call_tasks *hypergradient_tasks;                   /* the mean over tasks */
    int64_t     window;                                    /* K of `truncate K`, K < steps; else 0, and what follows is none */
    size_t      carried_bytes;
    mfl_call   *hypergradient_window;                      /* state: the carried state, aligned to 64; step: where the window begins */
    int64_t     store_slots;                               /* slots of at most store_bytes that the gradient needs in a store (mfl_use_store); 0: none */
    size_t      store_bytes;
} mfl_problem;

/* ---- gradient against differences, see runtime/differences.c; work: mfl_differences_bytes, aligned to 64 ----
 * MFL_OK: status names the array with the largest distance, and `value` is that distance. */
size_t mfl_differences_bytes(const mfl_problem *);
int mfl_differences(const mfl_problem *, const void *const *data, void *const *meta, double tol, void *work, mfl_status *status);

/* ---- matrix product: c[m][n] = (or +=, accumulate) alpha * op(a)[m][k] op(b)[k][n]; row-major with leading dimensions;
 * ta: a is stored [k][m], tb: b is stored [n][k]. c overlaps neither. */
void mfl_gemm_f32(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, int ta, const float *b, int64_t ldb, int tb, int accumulate, float *c, int64_t ldc);
void mfl_gemm_f64(int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda, int ta, const double *b, int64_t ldb, int tb, int accumulate, double *c, int64_t ldc);

/* ---- kernels on `batch` matrices behind one another; flags: 1 upper, 2 transposed ----
 * cholesky: lower factor of a[n][n] into l (upper triangle 0); NaN where a is not positive definite. a is read in its lower triangle.
 * trisolve: op(t) x = b, b and x [n][nrhs]; the other triangle of t is not read.
 * solve: op(a) x = b by LU with partial pivoting; scratch: n * n reals and n reals behind them. x may not overlap a or b. */
void mfl_cholesky_f32(float *l, const float *a, int64_t batch, int64_t n);
void mfl_cholesky_f64(double *l, const double *a, int64_t batch, int64_t n);
void mfl_trisolve_f32(float *x, const float *t, const float *b, int64_t batch, int64_t n, int64_t nrhs, int64_t flags);
void mfl_trisolve_f64(double *x, const double *t, const double *b, int64_t batch, int64_t n, int64_t nrhs, int64_t flags);
void mfl_solve_f32(float *x, float *scratch, const float *a, const float *b, int64_t batch, int64_t n, int64_t nrhs, int64_t flags);
void mfl_solve_f64(double *x, double *scratch, const double *a, const double *b, int64_t batch, int64_t n, int64_t nrhs, int64_t flags);
/* running sum along the middle axis of [outer][n][inner]; reversed: from the end */
void mfl_cumsum_f32(float *y, const float *x, int64_t outer, int64_t n, int64_t inner, int64_t reversed);
void mfl_cumsum_f64(double *y, const double *x, int64_t outer, int64_t n, int64_t inner, int64_t reversed);

/* ---- checkpoints: which states a loop saves and where its reverse sweep restarts; see runtime/checkpoint.c. table: inner + 1 numbers, table[0] = 0 at first ----
 * base: the slot of the base state before step t, which the first sweep saves; -1 when t begins no segment.
 * save: called before step t is run on the way to step `last`, the next to be reversed: the inner slot that the state goes to, or -1.
 * from: the step whose saved state the way to step t starts at, and slot: where that is. */
int mfl_checkpoint_base(int t, int period);
int mfl_checkpoint_save(int32_t *table, int t, int last, int period, int bases, int inner);
int mfl_checkpoint_from(int32_t *table, int t, int period);
int mfl_checkpoint_slot(const int32_t *table, int from, int period, int bases);
/* Where base states lie in a store, and the one of the present segment in slot 0 of the memory's; table has one number more, 0 at first.
 * fetch: the base state that has to be brought there before step `from` can be restored, or -1; near: the slot in memory that `from` is restored from. */
int mfl_checkpoint_fetch(int32_t *table, int from, int period, int inner);
int mfl_checkpoint_near(const int32_t *table, int from, int period);

/* ---- snapshot stores: memory of the caller's (a file, flash, another machine) for states that a workspace has no room for ----
 * save: `bytes` at `at` into slot 0, 1, ..., in place of what was there; load: what was last saved there. 0, or a code that the caller gets back.
 * One store serves one call at a time: threads need one each. */
typedef struct mfl_store {
    int (*save)(void *user, int64_t slot, const void *at, size_t bytes);
    int (*load)(void *user, int64_t slot, void *at, size_t bytes);
    void *user;
} mfl_store;
/* The store in one file, see runtime/store.c. open makes the file (it may hold an earlier store, nothing else) and fills `store`, whose user is `f`; path must
 * live until close, which removes the file. A slot holds at most slot_bytes. */
typedef struct mfl_file_store {
    void       *file;
    const char *path;
    size_t      slot_bytes;
} mfl_file_store;
int mfl_file_store_open(mfl_file_store *f, const char *path, size_t slot_bytes, mfl_store *store);
int mfl_file_store_close(mfl_file_store *f);
/* Programs whose schedule has `+store` (NAME_STORE_SLOTS > 0) find their store in the first bytes of the workspace: to be called once for each workspace, before the first
 * gradient. The store must live as long as it is used; NULL: none any more. MFL_BAD_WORK: the workspace is NULL or not aligned to 64 bytes. */
int mfl_use_store(void *work, const mfl_store *store);
const mfl_store *mfl_store_of(const void *work);           /* NULL: none */
/* For generated code. The first failure goes into the status, and nothing is saved or loaded after it. */
void mfl_snapshot_save(mfl_status *, const void *work, int64_t slot, const void *at, int64_t bytes);
void mfl_snapshot_load(mfl_status *, const void *work, int64_t slot, void *at, int64_t bytes);
#ifdef __cplusplus
}
#endif
#endif
