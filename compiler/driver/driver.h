/* driver.h -- shared by the subcommands: options, files, binding, sessions. Only this layer exits, prints to the user and reads the clock. */
#ifndef MFL_DRIVER_H
#define MFL_DRIVER_H
#include "diff.h"
#include "emit.h"
#include "front.h"
#include "lower.h"
#include "plan.h"
#include <pthread.h>

enum { EXIT_DONE = 0, EXIT_PROBLEM = 1, EXIT_USAGE = 2, EXIT_DATA = 3, EXIT_NUMERIC = 4 };

/* ---- options.c: one table; --help, checking and nearest-name help come from it ---- */
typedef struct OptionGiven { const char *option, *value; } OptionGiven;
typedef struct Options {
    const char *command, *file, *text;     /* text: of the problem, when it is in no file */
    Vec(const char *) data, meta, define, dump, pass, region, loop_region, files;     /* NAME=FILE, NAME=FILE, NAME=VALUE, PASS, REGION=WAY of --mode, of --loops */
    Vec(OptionGiven) given;        /* the command line's, in its order; option: the name in the table */
    const char *store, *from, *out, *ir, *emit, *log, *resume;
    const char *mode, *schedule, *loops, *real;
    uint64_t seed;
    bool     has_steps;
    int64_t  steps, repeat, threads, every, memory;
    bool     json, quiet, passes, calibrate, only_check, guard, verify, python, markdown, nests, with_check, own_memory, smoke, native;
    const char *on_nonfinite;
    double   clip, tol;
    Arena   *arena;
} Options;
/* Returns -1 to go on, or the exit code. Messages are printed. */
int  options_parse(Options *, int argc, char **argv);
int  options_of_library(Options *, const char *file, const char *const *words);    /* those of mfl/mfl.h, NULL behind the last (or none): NULL */
void options_help(const char *command, FILE *);
Mode mode_of(const char *);
/* "mflc: OPTION VALUE: expected WANTED", with the one of the choices, which are separated by spaces, that is nearest to word. EXIT_USAGE. */
int  option_refuse(const char *option, const char *value, const char *wanted, const char *word, const char *choices);
#define MODES     "mixed reverse forward"
#define SCHEDULES "auto keep snapshot every binomial"

/* ---- arrays.c (by npy.c, npz.c, csv.c): numbers of any type, read as doubles one by one: the file's bytes stay as they are ---- */
typedef struct FileArray {
    int     rank;
    int64_t dim[MAX_RANK];
    bool    whole;                 /* an integer or truth type (npy), or every number is whole (csv) */
    bool    table;                 /* csv: rank 2, [rows][columns]; one column may also stand for [rows], one number for a scalar */
    const unsigned char *at;       /* the elements, `size` bytes each, of kind f, i, u or b; big: most significant byte first; fortran: the first index moves fastest */
    char    kind;
    int     size;
    bool    big, fortran;
    const char *path;
    int    *line, *column;         /* csv: for each row its line, for each column its place in the file, from 1 */
} FileArray;
/* columns: NULL, "1..10" or "a, b". leaf: which member of an .npz, when the path does not say (FILE.npz:NAME) and it holds several.
 * NULL with *why set when the file cannot be used; *why names row and column where it can. */
FileArray *file_read(Arena *, const char *path, const char *columns, const char *leaf, const char **why);
double file_value(const FileArray *, int64_t k);        /* element k in row-major order */
FileArray *npy_read(Arena *, const char *path, const unsigned char *bytes, size_t n, const char **why);      /* bytes outlive the array */
FileArray *csv_read(Arena *, const char *path, const char *text, size_t n, const char *columns, const char **why);
bool npz_is(const unsigned char *bytes, size_t n);
bool npz_has(const unsigned char *bytes, size_t n, const char *name);
/* The bytes of the .npy member of that name; only: or of the only one. They are those of the file where they are not packed: it outlives them. */
const unsigned char *npz_member(Arena *, const unsigned char *bytes, size_t n, const char *name, bool only, size_t *size, const char **why);
/* All writers: false when it failed, errno says why; the old file is then still there. */
bool npy_write(const char *path, int rank, const int64_t *dim, int real_bytes, const void *at);
bool csv_write(const char *path, int rank, const int64_t *dim, int real_bytes, const void *at);

/* ---- files.c ---- */
bool make_folder(const char *path);                    /* with its parents */
unsigned char *slurp(Arena *, const char *path, size_t *n, const char **why);
/* For JSON: bytes that are no UTF-8, as in the name of a file, become the replacement character. */
const char *utf8_text(Arena *, const char *);
/* Writes through a temporary file and a rename: the old file or the new one, never half of one. */
bool write_atomically(const char *path, const void *bytes, size_t n);
int  cannot_write(const char *path);                   /* says so, with errno; EXIT_DATA */

/* ---- leaves.c: the numbers of a leaf in memory ---- */
size_t leaf_bytes(const Leaf *, int real_bytes);
void **leaf_buffers(Arena *, int real_bytes, const Leaf *, int n);               /* zeroed */
double real_at(const void *, int real_bytes, int64_t k);
void   real_set(void *, int real_bytes, int64_t k, double);

/* ---- bind.c: which file stands for which leaf, and its numbers ---- */
typedef struct Binding { const char *name; bool meta, given, failed; const char *path; FileArray *array; } Binding;      /* given: by --data or --meta */
typedef struct Bindings { Arena *arena; const Options *opt; const char *folder; unsigned char *npz; size_t npz_n; Vec(Binding) all; bool failed, from_used; } Bindings;   /* npz: --from FILE.npz */
/* -1, or an exit code: reported. */
int  bindings_init(Bindings *, Arena *, const Options *);
bool bindings_shape(void *bindings, const char *leaf, const char *from_file, const char *columns, int *rank, int64_t *dim, const char **file);
/* Every leaf's numbers as the generated code wants them. task: 0..tasks-1. */
typedef struct Bound {
    int64_t  tasks;                /* 1 without task data */
    void   **data;                 /* one buffer per data leaf; of task leaves: all tasks behind one another */
    size_t  *data_stride;          /* bytes from task to task; 0 for shared data */
    void   **meta;                 /* initial values; bound metas override initialisers */
    bool    *meta_bound;
} Bound;
/* Checks shapes, index ranges and non-finite numbers. false: reported on stderr. */
bool bindings_load(Bindings *, const Problem *, int real_bytes, Bound *);

/* ---- threads.c ---- */
int thread_start(pthread_t *, void *(*run)(void *), void *argument);             /* with a deep stack of its own; 0, or an error number */

/* ---- session.c, tasks.c: a problem from text to machine code ---- */
typedef struct Lane Lane;
typedef struct Session {
    Arena    *arena;
    Options  *opt;
    Diags     diags;
    Bindings  bindings;
    Problem  *problem;
    int       real_bytes;
    DiffOptions diff;
    Plans     plans;               /* the alternatives that were priced */
    Rates     rates;
    const char *why;               /* of the mode */
    LProgram *program;
    Jit      *jit;
    Bound     bound;
    void     *work, *state;
    mfl_file_store own_store;      /* of the workspace, where the schedule has +store */
    mfl_store store;
    void     *carried;             /* between windows: of each task carried_bytes, aligned to 64; NULL: none yet */
    Lane     *lane; int nlanes;               /* workspaces of session_value and session_gradient, one for each thread */
    int64_t   failed_task;                    /* of the last value or gradient, from 1; 0: none */
    Vec(EntryGraph) entries;
} Session;
enum { WANT_JIT = 1, WANT_DATA = 2, WANT_LEARN = 4, WANT_ADAPT = 8, WANT_VALUE = 16, WANT_EVERY = 32, WANT_PLAN = 64 };
/* without JIT: every entry; EVERY: price all alternatives; PLAN: nothing else */
/* Returns -1 to go on, or the exit code. */
int  session_open(Session *, Options *, int want);
int  session_compile(Session *, DiffOptions, const Plan *, int want);    /* again, with other options; the plan, or NULL: its graphs made anew */
LProgram *session_lower(Session *, bool guard);                                  /* the entries that were compiled, as loops */
void session_close(Session *);
void lanes_free(Session *);
/* Mean over tasks of the outer value and its gradient (grad NULL: value alone; logs may be NULL). 0 or a status code, then *status says what. */
int  session_value(Session *, void *const *meta, double *outer, double *logs, mfl_status *);
int  session_gradient(Session *, void *const *meta, double *outer, void **grad, mfl_status *);
/* Opens a store in a file of its own for a workspace, and tells the workspace; number: of the thread. -1, or an exit code: reported. Does nothing without +store. */
int  session_store(const Session *, mfl_file_store *, mfl_store *, void *work, int number);
void *session_carried(Session *);                                                /* made where there is none yet, zeroed */
/* The same for the window of inner steps that begins at step: s->carried moves on. */
int  session_window(Session *, int64_t step, void *const *meta, double *outer, void **grad, mfl_status *);
int  session_init_meta(Session *);                                               /* initialisers, then bound values; exit code or -1 */
double now_seconds(void);
double cpu_seconds(void);                                                         /* of this process */
int  numeric_failure(const Session *, const mfl_status *);

/* ---- program.c ---- */
int  write_text(Session *, const char *ending, const Buf *);                     /* DIR/NAME<ending>; -1, or the exit code */
C99Options c99_options(const Session *);
int  program_possible(Session *);                                                /* can --check, --static, --main, --native be had? -1, or the exit code */
int  build_program(Session *);

/* ---- dot.c ---- */
void dot_print(const Graph *, const char *title, Arena *, Buf *);

/* ---- shared.c ---- */
int  build_shared(Session *, const char *so);                                    /* -1, or the exit code */

/* ---- regions.c ---- */
int  regions_options(Session *, DiffOptions *);                                  /* -1, or the exit code; the problem is loaded */

/* ---- rates.c: how fast this machine is ---- */
Rates rates_load(void);                                                          /* the profile's rates, else the built-in ones; a note says why a profile is not used */
const char *rates_path(Arena *);
bool  rates_writable(const char *path);                                          /* its folder, made where there is none; errno */
bool  rates_save(const Rates *, const char *path);                               /* in such a folder */

/* ---- explain.c, calibrate.c ---- */
const Plan **plans_sorted(Session *);                                            /* by predicted time */
int plans_width(const Session *);                                                 /* columns that the longest name of a plan takes */
int  calibrate(Options *);

/* ---- nests.c: a plan taken to pieces ---- */
typedef struct Piece {
    LFunc *f;                       /* the piece alone; NULL: there was one of the same text before */
    Name   text;                    /* its loops */
    const LStmt *about;             /* whose note says what it is */
    int    n;                       /* statements */
    double times;                   /* that it runs in one hypergradient */
    double seconds;                 /* of one time, measured; NAN: not */
    Work   work;                    /* of one time */
} Piece;
typedef struct Known { Name text; double seconds; } Known;
typedef struct Pieces { Piece *at; int n, cap; Vec(Known) known; double whole; } Pieces;   /* known: of the plans before, too; whole: seconds of a hypergradient */
bool pieces_measure(Session *, void **data, void **meta, void **grad, Pieces *);   /* of the compiled plan; false: reported */

/* ---- verify.c: the derivative of the outer value along v in one meta array, by differences ---- */
typedef struct Slope { Session *s; void **moved; int leaf; const double *v; double natural, enough, found, error; bool kink; } Slope;   /* moved: buffers like the metas; error: estimated */
typedef enum { SLOPE_AGREES, SLOPE_DIFFERS, SLOPE_OPEN } SlopeVerdict;
void   slope_by_differences(Slope *);
double slope_tolerance(const Session *);
double natural_size(const Session *, double outer, void *const *grad);
SlopeVerdict slope_compare(const Slope *, double exact, double size);
const char *slope_why_open(const Slope *);
const char *cuts_derivatives(const Problem *, int leaf);                         /* why differences are not the derivative in a meta array (detach, truncate), or NULL */
double draw_signed(uint64_t *state);                                             /* uniform in -1..1 */

/* ---- functions.c: expressions over sampled arguments, for the documentation and the tests of functions ---- */
enum { MAX_SAMPLE_ARGS = 4 };
typedef struct SampleArg { Name name; Type type; double lo, hi; } SampleArg;
typedef struct Sample { Arena *arena; Problem *problem; Graph *graph; int nargs; SampleArg arg[MAX_SAMPLE_ARGS]; } Sample;   /* graph: over all metas -> the expressions */
/* args and given: see library.def. false: messages are printed. */
bool  sample_load(Sample *, Arena *, const char *args, const char *given, const char *const *expr, int n);
Node *sample_param(const Sample *, Graph *, int arg, bool tangent);             /* the parameter of a graph over the sample's metas that is an argument, or its tangent */
/* Machine code for g. in: the arguments, then their tangents (NULL: zeros); out: all results. */
bool  sample_run(const Sample *, const Graph *, double *const *in, double *out);
int   print_functions(void);

/* ---- passes.c ---- */
void passes_print(FILE *);
bool pass_known(const char *);
const char *pass_names(const char *others);            /* those of graph passes, and others: separated by spaces */
/* ---- unused.c ---- */
void note_unused(const Session *, bool data);                 /* on the messages' stream; data: arrays were bound */

/* ---- ir.c: graphs from text ---- */
int  entries_from_text(Session *);                                               /* -1, or the exit code */
bool graph_pass_known(const char *);

bool dumped(const Options *, const char *pass);                                  /* does --dump ask for the program after this pass? */
void dump_graph(void *session, const char *pass, const Graph *);                 /* a PassObserver: prints the graph if --dump asks */
void dump_problem(const Session *);                                              /* likewise: what the front end made */
void dump_program(const LProgram *);

int command_build(Options *), command_run(Options *), command_grad(Options *), command_check(Options *), command_ops(Options *);
int command_fmt(Options *), command_ir(Options *);
int command_version(Options *), command_explain(Options *), command_bench(Options *);
bool svg_curve(const char *path, const char *title, const double *y, int64_t n);
#endif
