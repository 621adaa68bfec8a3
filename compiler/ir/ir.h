/* ir.h -- the tensor IR: pure, static-shaped values in graphs.
 *
 * A Graph is a function: parameters, nodes, results. A Node is one value: operator, operands, type, attribute.
 * Equal nodes are one node (hash-consing). Graphs are closed: a loop body names what it uses of the outside by parameters.
 *
 * The operators (ops.def) fall in few kinds:
 *   MAP       elementwise; all operands and the result have the same shape. Broadcasting is an explicit CONTRACT.
 *   CONTRACT  out[places(letters)] += scale * prod_k arg_k[places_k(letters)], for all letters in their ranges for which every
 *             guard holds; the rest of out is 0. One operator for matrix products, sums, broadcasts, transposes, slices, pads, flips,
 *             diagonals, windows, gathers (a place may add an integer array's element) and scatter-adds (a gather in `out`).
 *             Multilinear in its factors; its transpose in factor k swaps the accesses of `out` and arg_k.
 *   REDUCE    max, min over a set of axes (the axes are removed).
 *   others    const iota reshape cumsum cholesky trisolve solve; param loop proj grad lingrad.
 *
 * Loop: out = for i in 0..n: carried values go round, elements are collected. Its body is a Graph whose parameters are described
 * by loop->params and whose results are described by loop->outs. The Loop node's operands are the arguments of the non-index parameters, in order.
 */
#ifndef MFL_IR_H
#define MFL_IR_H
#include "base.h"

enum { MAX_RANK = 12, MAX_LETTERS = 24, MAX_FACTORS = 8, MAX_OPERANDS = 12, USER_RANK = 8 };

typedef enum { T_REAL, T_INT, T_BOOL, T_NONE } DType;      /* T_NONE: a node with several outputs (loop, grad); use proj */
typedef struct Type { DType dtype; int rank; int64_t dim[MAX_RANK]; } Type;

Type    type_scalar(DType);
Type    type_of(DType, int rank, const int64_t *dim);
bool    type_eq(const Type *, const Type *);               /* dtype and shape */
bool    shape_eq(const Type *, const Type *);
int64_t type_count(const Type *);                          /* number of elements; shapes are checked against overflow by the front end */
char   *type_text(Arena *, const Type *);                  /* "[8, 3]"; a scalar is "[]" */

/* ---- operators ---- */
typedef enum {
#define OP(name, ...) OP_##name,
#define MAP1(name, ...) OP_##name,
#define MAP2(name, ...) OP_##name,
#define MAP3(name, ...) OP_##name,
#include "ops.def"
    OP_COUNT
} Op;
typedef enum { K_MAP, K_CONTRACT, K_REDUCE, K_OTHER } OpKind;
typedef struct Node Node;
typedef struct Graph Graph;
typedef struct OpInfo {
    const char *name;
    OpKind      kind;
    int         arity;
    DType       result;           /* of MAP: T_REAL, T_BOOL, T_INT, or T_NONE = the type of the last operand */
    const char *c;                /* MAP: scalar C99 expression over x0 x1 x2, in double; the emitters know each by its op */
    int         flops;
    double      lo, hi;           /* range in which tests sample operands */
    unsigned    flags;
    const char *doc;
} OpInfo;
enum { OPF_KINK = 1,              /* not differentiable somewhere in lo..hi: gradient tests step over it */
       OPF_SINGULAR = 2,          /* a partial can be infinite at a finite argument: guarded uses multiply by mulz */
       OPF_COMMUTES = 4,
       OPF_ALONE = 16,            /* its code has branches: one element at a time, in vector loops too */
       OPF_ZERO_DERIV = 8 };      /* derivative zero (or none) in every operand: comparisons, floor, sign, detach ... */
extern const OpInfo op_info[OP_COUNT];
double op_eval(Op, const double *x);                       /* MAP: on numbers, for folding and the interpreter */
Op     op_by_name(const char *);                           /* OP_COUNT when unknown */

/* ---- attributes ---- */
/* base + sum coef[l] * letter l + (index >= 0 ? value of integer operand `index` at its own places : 0) */
typedef struct Place  { int64_t base; int32_t coef[MAX_LETTERS]; int index; } Place;
typedef struct Access { int rank; Place place[MAX_RANK]; } Access;
typedef struct Guard  { Place place; int64_t n; } Guard;   /* holds where 0 <= place < n; index is -1 */
typedef struct Contract {
    int     nletters;
    int64_t range[MAX_LETTERS];
    Name    letter[MAX_LETTERS];          /* names for printing and code; not part of identity; may be NULL */
    const struct Contract *as;            /* of a node's contract: the same one for all that differ in names only */
    int     nfactor;                      /* operands 0..nfactor-1 are multiplied (same dtype as the result; INT and BOOL only for one factor) */
    int     nindex;                       /* operands nfactor..nfactor+nindex-1 are integer arrays used by places */
    double  scale;
    Access  out;
    Access  arg[MAX_OPERANDS];            /* for every operand; index operands have affine places only (index -1) */
    int     nguard;
    Guard   guard[MAX_RANK];
} Contract;
/* A guard is needed for every place of a real access that could leave its array: builders add them; the verifier insists. */

typedef enum { LP_INDEX, LP_CARRY, LP_CAPTURE, LP_STATE, LP_GIVEN } LoopParamKind;
typedef struct LoopParam { LoopParamKind kind; int result; } LoopParam;   /* CARRY: which body result is its next value */
typedef enum { LO_CARRY, LO_COLLECT, LO_SAVE, LO_LATEST } LoopOutKind;
typedef struct LoopOut { LoopOutKind kind; int param; int result; } LoopOut;
        /* CARRY: the final value of carried parameter `param`; COLLECT: body result `result`, stacked on a new first axis by i;
           SAVE: carried parameter `param` at the start of some iterations: slots for the schedule `saves`, only for a STATE parameter of a reverse loop;
           LATEST: body result `result` as the iteration that ran last computed it, only for a GIVEN parameter of a reverse loop */
/* Which states a loop saves (runtime/checkpoint.c): a base state for each `period` iterations, and `inner` slots for the states within a segment. */
typedef struct Checkpoints {
    int64_t last, period, inner, bases;   /* last: iterations 0 .. last - 1 are brought back from saved states, those from there on need none; bases: base states in memory */
    int64_t stored;                       /* base states in the caller's store, 0: none; in memory are then none */
    bool    from_start;                   /* the only base state is the initial one, which is at hand: see Again.start */
} Checkpoints;
int64_t checkpoint_slots(const Checkpoints *);             /* states saved in memory at once; may be 0 */
double  checkpoint_again(const Checkpoints *);             /* iterations that the reverse sweep runs again to get at its states */
/* How a reverse loop brings the forward loop's state from a saved one to iteration i: body over parameters that stand for the reverse loop's (from[k]);
 * its CARRY parameters stand for the STATE parameters. start[k]: the reverse loop's parameter with the initial value of CARRY parameter k, where from_start says so. */
typedef struct Again { struct Loop *loop; int *from, *start; } Again;
/* What a reverse loop's body needs of the forward loop's iteration i and does not compute itself: its GIVEN parameters. The forward loop has just run the iteration that is
 * reversed first, so for that one they are arguments (LATEST outputs); before each of the others they are recorded: result k of this body is the value of GIVEN parameter
 * gives[k]. Its own parameters are the index and captures, which stand for the reverse loop's index, captures and states (from[k]). */
typedef struct Record { struct Loop *loop; int *from, *gives; } Record;
typedef struct Loop {
    int64_t n;                            /* trip count >= 0 */
    bool    down;                         /* runs i = n-1 .. 0; collected elements keep their place i */
    Graph  *body;
    Vec(LoopParam) params;                /* one for each body->params; LP_INDEX exactly once, an INT scalar */
    Vec(LoopOut)   outs;                  /* proj k of the node is outs[k] */
    Name    name;                         /* region name: "steps", "step.blocks" ...; printed by explain */
    bool    is_steps;                     /* the inner loop of the bilevel problem: its body becomes functions of its own */
    int64_t first;                        /* is_steps: the step that iteration 0 is, for messages; in a window, counted from its start */
    const Checkpoints *saves;             /* of loops with SAVE outputs or STATE parameters; one for both */
    const Again *again;                   /* of loops with STATE parameters: those are the forward loop's carried values at iteration i; their arguments its SAVE outputs */
    const Record *record;                 /* of loops with GIVEN parameters; STATE parameters are then read by it alone */
} Loop;
/* grad: operands are the arguments of body (a scalar loss in result 0); proj k is the derivative in operand wrt[k].
 * lingrad: the linear map of grad at the same arguments: operands are the body's arguments, then one tangent for each
 * active argument (active[k] says which); proj j is the tangent of grad's output j. Only between linearize and transpose. */
typedef struct Region { Graph *body; int nwrt, *wrt; int nactive, *active; Name name; bool reverse, written; } Region;      /* reverse: to be expanded before it is differentiated; written: by the user, see expand_written_grads */

typedef enum { PRIMAL, TANGENT, ADJOINT, TANGENT_OF_ADJOINT, ADJOINT_OF_ADJOINT } OriginKind;   /* of any order above the first: the last two */
typedef struct Origin {
    Span span; OriginKind kind;           /* the expression of the user's text, and how the value derives from it */
    Span inner;                           /* where that calls a function of a library file that the user imports: the expression there; src NULL: none */
    Name name;                            /* of the value itself: the user's variable, or made of operator and operands; d_ of a tangent and b_ of an adjoint are part of it */
    Name within;                          /* the user's variable or function whose value the expression is a part of */
    bool cut;                             /* a detach that the user wrote (the library's own, which shift by a maximum, cancel) */
} Origin;

struct Node {
    Op     op;
    Type   type;
    int    id;                            /* unique in its graph, increasing with creation */
    int    narg;
    Node **arg;
    Graph *graph;
    union {
        double    number;                 /* const: splat value (also of INT and BOOL) */
        int64_t   axis;                   /* iota: which axis counts; cumsum: axis * 2 + reversed; reduce: bit mask of axes;
                                             trisolve: 1 upper | 2 transposed; solve: 2 transposed; proj, param: index */
        Contract *contract;           /* one for all equal ones: compared by pointer */
        Loop     *loop;
        Region   *region;
    } u;
    Origin origin;                        /* of the first making; not part of identity */
    Name   axis_name[MAX_RANK];           /* hints for loop variables; may be NULL */
    void  *mark;                          /* scratch of the running pass */
};
struct Graph {
    Arena *arena;
    Name   name;
    Vec(Node *) nodes;                    /* in creation order: operands first, always */
    Vec(Node *) params;
    Vec(Node *) results;
    Vec(Name)   result_names;             /* hints; may be shorter than results */
    Origin here;                          /* given to nodes made from now on */
    Node **table; int table_size;         /* hash-consing */
};

/* ---- building: fold, simplify locally, hash-cons. Operands must be nodes of g. ---- */
Graph *graph_new(Arena *, Name);
Node  *ir_param(Graph *, Type, Name);                      /* a new parameter, appended */
void   ir_result(Graph *, Node *, Name);                   /* append a result */
Node  *ir_const(Graph *, Type, double);                    /* splat */
Node  *ir_real(Graph *, double);                           /* scalar REAL constant */
Node  *ir_int(Graph *, int64_t);                           /* scalar INT constant */
Node  *ir_like(Graph *, const Node *shape, double);        /* REAL splat of that shape */
Node  *ir_iota(Graph *, Type, int axis);
Node  *ir_map(Graph *, Op, Node *const *args, int n);      /* shapes must agree */
Node  *ir_map1(Graph *, Op, Node *);
Node  *ir_apart(Node *);                                   /* its value without a derivative, not folded with anything until the graph is simplified */
Node  *ir_map2(Graph *, Op, Node *, Node *);               /* two operands of equal shape, or one of rank 0, which is broadcast */
Node  *ir_map3(Graph *, Op, Node *, Node *, Node *);       /* select(c, a, b): likewise */
Node  *ir_contract(Graph *, const Contract *, Node *const *args, Type out);
Node  *ir_reduce(Graph *, Op max_or_min, Node *, unsigned axes);
Node  *ir_reshape(Graph *, Node *, int rank, const int64_t *dim);
Node  *ir_op(Graph *, Op, Node *const *args, int n, Type out, int64_t axis);   /* cumsum cholesky trisolve solve */
Node  *ir_loop(Graph *, Loop *, Node *const *args, int n); /* type NONE */
Node  *ir_grad(Graph *, Op grad_or_lingrad, Region *, Node *const *args, int n);
Node  *ir_proj(Graph *, Node *, int k);
bool   ir_is_const(const Node *, double *value);           /* a splat? */

/* ---- in terms of CONTRACT ---- */
Node *ir_cast_real(Graph *, Node *);                       /* INT or BOOL to REAL; REAL unchanged */
Node *ir_broadcast(Graph *, Node *, int rank, const int64_t *dim);      /* NumPy: trailing axes aligned, size 1 stretched */
Node *ir_expand(Graph *, Node *, int rank, const int64_t *dim, const int *axis_of);  /* axis k of the operand becomes axis axis_of[k]; others are new */
Node *ir_sum(Graph *, Node *, unsigned axes);              /* removes the axes */
Node *ir_sum_to(Graph *, Node *, const Type *shape);       /* the transpose of ir_broadcast */
Node *ir_transpose(Graph *, Node *, const int *perm);      /* result axis k is operand axis perm[k] */
Node *ir_slice(Graph *, Node *, int axis, int64_t from, int64_t n, int64_t stride);   /* keeps the axis */
Node *ir_pick(Graph *, Node *, int axis, Node *index);     /* index: INT array; its axes stand in the axis's place (rank 0: the axis goes) */
Node *ir_pick_at(Graph *, Node *, int axis, int64_t at);   /* removes the axis */
Node *ir_matmul(Graph *, Node *, Node *);                  /* NumPy's @, batched, ranks >= 1 */
Node *ir_scale(Graph *, Node *, double);
Node *ir_any_zero_like(Graph *, const Node *);
/* Contract helpers: a place that is one letter, or a constant. */
void  contract_init(Contract *);                           /* scale 1, no letters */
int   contract_letter(Contract *, int64_t range, Name);    /* returns the letter */
Place place_letter(int letter);
Place place_const(int64_t);
bool  place_is_letter(const Place *, int *letter);         /* exactly 1 * letter */
bool  contract_only_copies(const Contract *, const Type *out);   /* every place of out is a letter of its own (or 0 on an axis of length 1), and there are no other letters: nothing is summed */
void   place_range(const Contract *, const Place *, int64_t *lo, int64_t *hi);   /* least and greatest value over the letters' ranges, the index operand left out */

/* ---- loops: capture on demand ---- */
typedef struct LoopBuilder { Graph *outer; Loop *loop; Node *index; Vec(Node *) args; } LoopBuilder;
LoopBuilder *loop_begin(Graph *outer, int64_t n, Name name);           /* body = b->loop->body; index = b->index */
Node *loop_carry(LoopBuilder *, Node *init, Name);                     /* returns the body's parameter */
Node *loop_capture(LoopBuilder *, Node *outer);                        /* body parameter standing for an outer node; once each; constants are copied in */
void  loop_next(LoopBuilder *, Node *carry_param, Node *next);         /* its value for the next iteration; same type */
int   loop_collect(LoopBuilder *, Node *element);                      /* returns the output number */
int   loop_final(LoopBuilder *, Node *carry_param);                    /* returns the output number of its final value */
Node *loop_end(LoopBuilder *);                                         /* the Loop node in outer; every carry has a next */

int   loop_argument(const Loop *, int param);              /* which operand belongs to a parameter that is not the index */
Loop *loop_beside(const Loop *, int k);                    /* k = 0: what is run again, 1: what is recorded; NULL: nothing */

/* Names for values that have none, from operator and operands: exp_log_l2, x_w, mean_loss; of the loops' bodies too. */
void   ir_name_values(Graph *);
Name   ir_tangent_name(Name);                               /* d_w of w; NULL of NULL */
Name   ir_adjoint_name(Name tangent);                       /* b_w of d_w: of the linear value whose cotangent it is */

/* ---- walking ---- */
/* Rebuilds the cone of src's `roots` in dst; param k of src stands for args[k]. Returns the new roots. map may be NULL, else an array of src->nodes.n entries, NULL or preset. */
void  graph_inline(Graph *dst, const Graph *src, Node *const *args, Node *const *roots, int n, Node **out, Node **map);
/* Of one value, where map has all parameters: passes that rebuild a graph value by value. Enters it in map, too. */
Node *graph_copy(Graph *dst, const Graph *src, Node *, Node **map);
int    graph_limit(const Graph *);                          /* largest id + 1: the length of a table indexed by node ids */
Node  *ir_param_like(Graph *, const Node *);                /* a parameter with the type, name, origin and axis names of a value elsewhere */
Node **graph_same_params(Graph *to, const Graph *g, Node **map);           /* new parameters like g's, also entered in map; for passes that rebuild a graph */
void   graph_same_results(Graph *to, const Graph *g, Node *const *map);    /* g's results, as map has them, under their names */
Graph *graph_clone(const Graph *, Name);                   /* only what results need, in the same order; bodies are cloned too */
bool  *graph_needed(Arena *, const Graph *, Node *const *roots, int n);   /* by id: what these nodes need, themselves too; NULL needs nothing */
Graph *graph_clone_in(Arena *, const Graph *, Name);       /* lives there; only the regions of grads are shared with the other */
void  graph_topo(Graph *);                                 /* renumber: keep live nodes (reachable from results; all params), operands first */

/* ---- text, verifier, reference interpreter, cost ---- */
void  ir_print(const Graph *, Buf *);                      /* complete: ir_read makes the same graph of it */
void  ir_print_access(Buf *, const Contract *, const Access *);         /* "[a,b+1]": letters in order */
typedef struct SourceList { const Source **at; int n, cap; } SourceList;
void  ir_sources(Arena *, const Graph *, SourceList *);    /* appends the sources of its places */
/* The graph that begins at text->text[*at]; *at goes behind it. NULL: none is left, or it is wrong: then reported in diags. The program's sources that are
 * known give its places their offsets. */
Graph *ir_read(Arena *, Diags *, const Source *text, size_t *at, const SourceList *known);

/* What may stand in a graph, by how far it has come. BUILT: all but saved states. EXPANDED: gradients are gone. SCHEDULED: marks are gone too, and loops may
 * save states and record. */
typedef enum { IR_BUILT, IR_EXPANDED, IR_SCHEDULED } IrStage;
/* Types, scopes, arities, contract bounds, loops described as they are. NULL when sound, else what is wrong (in arena) and, if asked for, at which node. */
const char *ir_verify(const Graph *);
const char *ir_verify_at(const Graph *, const Node **culprit);
const char *ir_verify_stage(const Graph *, IrStage);       /* ir_verify, and nothing that the stage has not yet or no more */
/* Are roots linear in the inputs lin? NULL roots and inputs are skipped. */
const char *ir_verify_linear(Graph *, Node *const *lin, int nlin, Node *const *roots, int nroots);
bool  ir_output_type(const Node *, int k, Type *);         /* of output k of a loop or gradient; false: there is none */
typedef struct Tensor { Type type; double *at; } Tensor;   /* INT and BOOL as doubles */
void  ir_interpret(const Graph *, const Tensor *args, Tensor *results, Arena *);   /* slow and literal: the tests' meaning of the IR */

/* ---- the problem: what the front end hands to differentiation and to the driver ---- */
typedef enum { R_DATA, R_META, R_PARAM, R_STATE, R_LEARN_STATE } Role;
typedef struct Leaf {                                      /* one array; a record is several leaves with dotted names */
    Name    name;                                          /* "start.l1.w" */
    Role    role;
    Type    type;                                          /* without the task axis */
    int64_t bound;                                         /* index(C): C; 0 otherwise */
    bool    task;                                          /* bound arrays carry one more leading axis */
    bool    has_init;                                      /* meta: an initialiser is given (otherwise a file must be bound) */
    Span    span;
    Name    axis_name[MAX_RANK];                           /* "N", "D": the text of each size; may be NULL */
    const char *comment;                                   /* the # comment at the end of the declaration's line, or NULL */
    Span    stepped;                                       /* param: the name of its optimizer in its `step` line */
    const char *from_file; const char *columns;            /* data ... from "file" columns ...; NULL when none */
    const char *bound_file;                                /* the file the driver bound, or NULL */
} Leaf;
typedef struct Learn { Graph *update; int64_t n; Vec(int) metas; Span span; } Learn;
/* Is told of each graph after each pass: for --dump, and for tests of passes. */
typedef struct PassObserver { void (*after)(void *user, const char *pass, const Graph *); void *user; } PassObserver;
/* A model loop as a region: the loops of this name (diff/model_loops.c). var: as written; in: inner, step, path or outer; n: its iterations, the most of them where they differ. */
typedef struct ModelLoop { Name name, var; const char *in; Span at; int64_t n; } ModelLoop;
typedef struct Problem {
    Arena  *arena;
    Name    name;
    const Source *src;
    Vec(Leaf) data, meta, param, state, learn_state;
    struct { Name name; int64_t value; Span span; } *dims; int ndims;   /* for the header's enum and reports */
    Name    inner_text, outer_text;
    int64_t steps;                                         /* T >= 0 */
    int64_t truncate;                                      /* K >= 1, or 0: none */
    int64_t learn_n;                                       /* outer steps of `learn`; 0 when there is no learn line */
    bool    has_tasks;
    Vec(ModelLoop) loops;                                  /* of inner, update, path and outer; see problem_name_loops */
    const PassObserver *observer;                          /* NULL: none */
    struct Derived *derived;                               /* diff/bilevel.c: entries before their loops have a schedule */
    /* Parameters of each graph: first all data leaves, then all meta leaves (so far: D, M), then what is listed; results in leaf order. */
    Graph *meta_init;    /* (seed : INT)                        -> M     */
    Graph *param_init;   /* (D, M)                              -> P     initial parameters */
    Graph *state_init;   /* (D, M, P)                           -> S     initial optimizer states. P: initial parameters */
    Graph *inner;        /* (D, M, P, step)                     -> loss, then the values of its log lines */
    Graph *update;       /* (D, M, P, G, S, step)               -> P, S, then the values of log lines. G: gradients, as P */
    Graph *path;         /* (D, M, P, step)                     -> scalar, logs; NULL when there is no `outer over steps` */
    Graph *outer;        /* (D, M, P)                           -> scalar, logs; NULL when there is none */
    Graph *learn_init;   /* (M)                                 -> L     states of the learn optimizers */
    Graph *learn;        /* (M, G, L, step)                     -> M, L  G: hypergradients, as M; metas in no learn line pass through */
} Problem;
#endif
