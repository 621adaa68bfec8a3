/* plan.h -- which way each region of a problem is differentiated: alternatives, their price from the lowered program, the choice under a byte budget.
 *
 * Bytes are exact: they are those of the lowered program. Seconds are predicted: work of a few kinds, counted from static shapes, times this machine's rates. */
#ifndef MFL_PLAN_H
#define MFL_PLAN_H
#include "diff.h"
#include "lower.h"

/* Kinds of work that a machine does at different rates. Finer regions (elementwise runs, narrow waists) would add rows to the table of alternatives, not kinds. */
typedef enum {
    W_BLAS,             /* flops of the BLAS's products */
    W_FMA,              /* of the runtime's: steps of a tile, one vector each */
    W_TILE,             /* tiles */
    W_PACK,             /* elements that are packed first */
    W_CALL,             /* calls of the runtime */
    W_VECTOR,           /* cycles of simple operations, loads and stores of vectors */
    W_VECTOR_DIV,       /* divisions of vectors; a root is two */
    W_VECTOR_MATH,      /* exp, log, tanh and the like, in units of ten flops */
    W_SCALAR,           /* the same where elements go one by one, and what loops cost */
    W_SCALAR_DIV,
    W_SCALAR_MATH,
    W_WAIT,             /* cycles in which nothing is done: sums in strict order, what a loop carries, loads of what has just been stored in other pieces */
    W_L2,               /* bytes that are not in the first cache */
    W_L3,               /* nor in the second */
    W_MEMORY,           /* nor in the third */
    W_ENTRY,            /* calls of the program */
    W_STORE,            /* saves and loads of the caller's store, and each 8 KiB of one: a file's */
    W_KINDS
} WorkKind;
extern const char *const work_name[W_KINDS];
typedef struct Work { double of[W_KINDS]; double flops, bytes; } Work;       /* bytes: moved between memory and arithmetic, if nothing stayed in a cache */
Work work_of_block(const LProgram *, const LBlock *, bool again);               /* some of its statements; again: they have just run before */
Work work_of(const LProgram *, const LFunc *);                                /* one call of a function, the phases it invokes included */
void work_add(Work *, const Work *, double times);

typedef struct Rates { double seconds[2][W_KINDS]; bool measured; } Rates;    /* per unit of work; float, double */
extern const Rates default_rates;
double work_seconds(const Work *, const Rates *, int real_bytes);

/* An alternative: options, and what they cost. */
typedef struct Plan {
    DiffOptions o;
    Arena    *arena;                   /* where these three live; NULL: they were let go (plan_made) */
    Graph    *graph;                   /* of the hypergradient */
    Graph    *window;                  /* of that of a window, or NULL */
    LProgram *program;                 /* with these entries alone */
    int64_t   program_bytes;           /* its workspace */
    Work      work;
    double    seconds, again;          /* again: inner steps that are run once more */
    int64_t   bytes;                   /* of the workspace of the whole program: of the largest need of an entry */
} Plan;
typedef struct OtherBytes { DiffOptions o; int64_t bytes; } OtherBytes;
typedef struct Plans {
    Arena  *arena;
    Problem *problem;
    const LowerOptions *lower;
    const Rates *rates;
    int64_t budget;                    /* bytes; 0: none */
    bool    store;                     /* the caller has one: the states of the inner loop may lie there */
    bool    windows;                   /* the budget is for windows (diff.h) too */
    Vec(Plan) all;
    int     chosen;                    /* in all, while the search lasts the best so far; -1: nothing fits in the budget */
    int     leanest;                   /* in all: the one of the fewest bytes */
    int     stored;                    /* in all: what a store would buy, which the caller has not: the same bytes in less time, or, where nothing fits, as few bytes; -1: nothing */
    int     baseline;                  /* in all, after plan_baseline */
    int     tried;                     /* alternatives that the choice looked at; the others of all are there to be shown */
    int64_t effort;                    /* statements lowered so far */
    Vec(OtherBytes) others;            /* what the entries that take no gradient need, by the ways of the model loops */
    const char *why;
} Plans;
/* Prices alternatives that the options leave open and chooses: the least predicted time among those within the budget.
 * every: price all that explain and bench show, not only what the choice needs. */
void plan_choose(Plans *, const DiffOptions *asked, bool every);
/* Prices what a plan is compared with, whatever was asked for: reverse over reverse that keeps everything. */
void plan_baseline(Plans *);
/* A plan with its graphs and program, made anew if they were let go to make room. They last until the next one is made or priced, those of the chosen plan to the end. */
const Plan *plan_made(Plans *, int plan);
/* The region in which two plans differ, if it is only one: REGION_STEPS, REGION_GRADIENT (of all lines), REGION_LINE - k (the gradient of
 * step line k alone, where there are several) or a number of problem->loops; else REGION_NONE. */
enum { REGION_LINE = -4, REGION_NONE = -3, REGION_GRADIENT = -2, REGION_STEPS = -1 };
int plan_region_apart(const Problem *, const DiffOptions *, const DiffOptions *);
const char *plan_text(Arena *, const Problem *, const Plan *);                                 /* "mixed, snapshot, loops keep" */
bool problem_has_loops(const Problem *);                                      /* model loops in the inner loss, the update or the outer loss */
int64_t problem_meta_numbers(const Problem *);
bool backward_needs_gradient(Problem *);                                      /* the derivative of the update, in whatever is differentiated, depends on the inner gradient */
#endif
