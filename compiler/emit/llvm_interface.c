/* llvm_interface.c -- what a caller of an object file sees: the functions of NAME.h and the descriptor NAME_problem, as in the generated C.
 *
 * Each function passes its arguments, placed by their names in the prototype, to mfl_machine_call or mfl_machine_tasks of the runtime (mfl/machine.h), which tests them
 * and calls the bare entries. The structs of NAME.h hold pointers and nothing else, in the descriptor's order: in memory they are the descriptor's tables. */
#include "llvm_module.h"
#include "c99.h"
#include "mfl/machine.h"
#include <string.h>

_Static_assert(MFL_ENTRIES == (int)LE_KINDS && MFL_WINDOW == (int)LE_WINDOW && MFL_LEARN == (int)LE_LEARN && MFL_HYPERGRADIENT == (int)LE_HYPERGRADIENT, "the runtime numbers entries as lir.h does");

typedef struct Face {
    const LProgram *p;
    LLVMContextRef c;
    LLVMModuleRef m;
    LLVMBuilderRef b;
    LLVMTypeRef i32, i64, ptr;
    LLVMValueRef problem, machine;
    LLVMTypeRef call_type, tasks_type;
    LLVMValueRef call, tasks;                    /* of the runtime */
} Face;

static const char *named(const Face *f, const char *what) { return arena_printf(f->p->arena, "%s_%s", f->p->problem->name, what); }
static LLVMValueRef i32(const Face *f, int64_t v) { return LLVMConstInt(f->i32, (unsigned long long)v, 1); }
static LLVMValueRef i64(const Face *f, int64_t v) { return LLVMConstInt(f->i64, (unsigned long long)v, 1); }

/* A constant of this module alone. */
static LLVMValueRef constant(Face *f, const char *name, LLVMValueRef value)
{
    LLVMValueRef g = LLVMAddGlobal(f->m, LLVMTypeOf(value), name);
    LLVMSetInitializer(g, value);
    LLVMSetGlobalConstant(g, 1);
    LLVMSetLinkage(g, LLVMPrivateLinkage);
    return g;
}

static LLVMValueRef text(Face *f, const char *s) { return constant(f, "text", LLVMConstStringInContext(f->c, s, (unsigned)strlen(s), 0)); }

/* ---- the descriptor ---- */
static LLVMValueRef one_array(Face *f, const Leaf *leaf, mfl_role role)
{
    LLVMValueRef dim[MFL_MAX_RANK];
    for (int d = 0; d < MFL_MAX_RANK; d++)
        dim[d] = i64(f, d < leaf->type.rank ? leaf->type.dim[d] : 0);
    LLVMValueRef field[] = { text(f, leaf->name), i32(f, role), i32(f, leaf->type.dtype == T_REAL ? MFL_REAL : MFL_INT), i32(f, leaf->type.rank), LLVMConstArray2(f->i64, dim, MFL_MAX_RANK),
                             i64(f, leaf->bound), i32(f, leaf->task), leaf->comment ? text(f, leaf->comment) : LLVMConstNull(f->ptr) };
    return LLVMConstStructInContext(f->c, field, sizeof field / sizeof *field, 0);
}

static LLVMValueRef arrays(Face *f, const Leaf *leaf, int n, mfl_role role)
{
    if (!n)
        return LLVMConstNull(f->ptr);
    LLVMValueRef *each = NEW_N(f->p->arena, LLVMValueRef, n);
    for (int k = 0; k < n; k++)
        each[k] = one_array(f, &leaf[k], role);
    return constant(f, "arrays", LLVMConstArray2(LLVMTypeOf(each[0]), each, (uint64_t)n));
}

static bool has(const Face *f, int function)
{
    if (function == C99_ADD || function == C99_TASKS)
        return true;
    for (int k = 0; k < f->p->entries.n; k++)
        if ((int)f->p->entries.at[k].kind == function)
            return true;
    return false;
}

static LLVMValueRef uniform(Face *f, int function)
{
    return has(f, function) ? LLVMGetNamedFunction(f->m, arena_printf(f->p->arena, "call_%d", function)) : LLVMConstNull(f->ptr);
}

static void describe(Face *f)
{
    const LProgram *p = f->p;
    const Problem *q = p->problem;
    LLVMValueRef field[] = {
        text(f, q->name), text(f, "0.1"), i32(f, p->real_bytes), i64(f, q->steps), i64(f, q->learn_n), i32(f, q->data.n), i32(f, q->meta.n), i32(f, q->param.n),
        arrays(f, q->data.at, q->data.n, MFL_DATA), arrays(f, q->meta.at, q->meta.n, MFL_META), arrays(f, q->param.at, q->param.n, MFL_PARAM),
        i64(f, p->work_bytes), i64(f, p->state_bytes), i64(f, p->nlogs),
        uniform(f, LE_INIT), uniform(f, LE_ADAPT), uniform(f, LE_VALUE), uniform(f, LE_HYPERGRADIENT), uniform(f, LE_LEARN_INIT), uniform(f, LE_LEARN), uniform(f, C99_ADD), uniform(f, C99_TASKS),
        i64(f, p->carried_bytes ? q->truncate : 0), i64(f, p->carried_bytes), uniform(f, LE_WINDOW),
        i64(f, p->store_slots), i64(f, p->store_slots ? p->store_bytes : 0),
    };
    LLVMValueRef value = LLVMConstStructInContext(f->c, field, sizeof field / sizeof *field, 0), at = LLVMAddGlobal(f->m, LLVMTypeOf(value), named(f, "problem"));
    LLVMReplaceAllUsesWith(f->problem, at);
    LLVMDeleteGlobal(f->problem);
    LLVMSetInitializer(at, value);
    LLVMSetGlobalConstant(at, 1);
}

/* ---- where results are left in the workspace ---- */
/* By the copies that an entry ends with; field NULL: the outer value. */
static int64_t left_at(const LProgram *p, LEntryKind kind, Name field)
{
    for (int k = 0; k < p->entries.n; k++)
        for (int i = p->entries.at[k].kind == kind ? p->entries.at[k].func->body.n - 1 : -1; i >= 0; i--) {
            const LStmt *s = p->entries.at[k].func->body.at[i];
            if (s->kind != LS_COPY || s->dst.buf->storage != (field ? LB_GRAD : LB_OUTER) || (field && s->dst.buf->field != field))
                continue;
            int64_t at = 0;
            for (int d = 0; d < s->src.buf->rank; d++)
                at = at * s->src.buf->dim[d] + (s->src.idx[d]->kind == LX_INT ? s->src.idx[d]->i : 0);
            if (s->src.buf->storage != LB_WORK)
                ice("%s is not left in the workspace", field ? field : "the outer value");
            return s->src.buf->offset + at * p->real_bytes;
        }
    ice("the program leaves no %s", field ? field : "outer value");
}

static void bare(Face *f)
{
    static const char *const name[LE_KINDS] = { "init", "adapt", "value", "hypergradient", "learn_init", "learn", "hypergradient_window" };
    const Problem *q = f->p->problem;
    LLVMValueRef entry[MFL_ENTRIES], *at = NEW_N(f->p->arena, LLVMValueRef, q->meta.n + 1);
    for (int k = 0; k < MFL_ENTRIES; k++) {
        entry[k] = LLVMGetNamedFunction(f->m, arena_printf(f->p->arena, "entry_%s", name[k]));
        if (entry[k])
            LLVMSetLinkage(entry[k], LLVMInternalLinkage);
        else
            entry[k] = LLVMConstNull(f->ptr);
    }
    for (int k = 0; k < q->meta.n; k++)
        at[k] = i64(f, left_at(f->p, LE_HYPERGRADIENT, q->meta.at[k].name));
    LLVMValueRef field[] = { f->problem, LLVMConstArray2(f->ptr, entry, MFL_ENTRIES), constant(f, "gradient_at", LLVMConstArray2(f->i64, at, (uint64_t)q->meta.n)),
                             i64(f, left_at(f->p, LE_HYPERGRADIENT, NULL)), i64(f, left_at(f->p, LE_VALUE, NULL)) };
    f->machine = constant(f, "machine", LLVMConstStructInContext(f->c, field, sizeof field / sizeof *field, 0));
}

/* ---- functions ---- */
enum { MOST_PARAMETERS = 12 };
typedef struct Params { int n; const char *name[MOST_PARAMETERS]; LLVMTypeRef type[MOST_PARAMETERS]; } Params;

/* Of "int @_value(const @_data *data, ..., mfl_status *status)": names and types of the parameters. */
static Params parameters(const Face *f, const char *prototype)
{
    Params x = { 0 };
    for (const char *at = strchr(prototype, '(') + 1; *at; ) {
        at += strspn(at, ", ");
        size_t n = strcspn(at, ",)"), last = n;
        if (!n)
            break;
        while (at[last - 1] != ' ' && at[last - 1] != '*')
            last--;
        x.name[x.n] = arena_printf(f->p->arena, "%.*s", (int)(n - last), at + last);
        x.type[x.n++] = memchr(at, '*', n) ? f->ptr : !strncmp(at, "int64_t", 7) ? f->i64 : f->i32;
        at += n;
    }
    return x;
}

/* The argument that the prototype calls by one of the names, or what stands for a missing one. */
static LLVMValueRef argument(const Face *f, LLVMValueRef fn, const Params *x, const char *const *names, LLVMTypeRef type)
{
    for (int k = 0; k < x->n; k++)
        if (c99_one_of(names, x->name[k], strlen(x->name[k])))
            return LLVMGetParam(fn, (unsigned)k);
    return LLVMConstNull(type);
}

#define ARG(type, ...) argument(f, fn, x, (const char *const[]){ __VA_ARGS__, NULL }, type)
static void body(Face *f, LLVMValueRef fn, const Params *x, int function)
{
    LLVMPositionBuilderAtEnd(f->b, LLVMAppendBasicBlockInContext(f->c, fn, ""));
    LLVMValueRef meta = ARG(f->ptr, "meta"), out = ARG(f->ptr, "out", "grad", "params"), outer = ARG(f->ptr, "outer"), status = ARG(f->ptr, "status");
    if (function == C99_TASKS) {
        LLVMValueRef a[] = { f->machine, ARG(f->i64, "n"), ARG(f->ptr, "tasks"), meta, out, outer, ARG(f->ptr, "works"), ARG(f->i32, "threads"), status };
        LLVMBuildRet(f->b, LLVMBuildCall2(f->b, f->tasks_type, f->tasks, a, sizeof a / sizeof *a, ""));
        return;
    }
    LLVMValueRef a[] = { f->machine, i32(f, function == C99_ADD ? LE_HYPERGRADIENT : function), i32(f, function == C99_ADD), ARG(f->ptr, "data"), meta, out, outer, ARG(f->ptr, "logs"),
                         ARG(f->ptr, "state", "carried"), ARG(f->i64, "number", "seed", "step"), ARG(f->ptr, "work"), status };
    LLVMBuildRet(f->b, LLVMBuildCall2(f->b, f->call_type, f->call, a, sizeof a / sizeof *a, ""));
}

static void define(Face *f, const char *name, const char *prototype, int function, bool visible)
{
    Params x = parameters(f, prototype);
    LLVMValueRef fn = LLVMAddFunction(f->m, name, LLVMFunctionType(f->i32, x.type, (unsigned)x.n, 0));
    if (!visible)
        LLVMSetLinkage(fn, LLVMInternalLinkage);
    body(f, fn, &x, function);
}

static void functions(Face *f)
{
    static const char call[] = "(void *data, void *meta, void *out, void *outer, void *logs, void *state, int64_t number, void *work, void *status)";
    static const char tasks[] = "(int64_t n, void *tasks, void *meta, void *out, void *outer, void *works, int threads, void *status)";
    for (int k = 0; k < C99_FUNCTIONS; k++) {
        if (k == C99_CHECK || !has(f, k))
            continue;
        const char *prototype = c99_prototype_of(k), *name = strchr(prototype, '@') + 2;
        define(f, named(f, arena_printf(f->p->arena, "%.*s", (int)strcspn(name, "("), name)), prototype, k, true);
        define(f, arena_printf(f->p->arena, "call_%d", k), k == C99_TASKS ? tasks : call, k, false);
    }
    LLVMValueRef bytes = LLVMAddFunction(f->m, named(f, "work_bytes"), LLVMFunctionType(f->i64, NULL, 0, 0));
    LLVMPositionBuilderAtEnd(f->b, LLVMAppendBasicBlockInContext(f->c, bytes, ""));
    LLVMBuildRet(f->b, i64(f, f->p->work_bytes));
}

void llvm_interface(const LProgram *p, LLVMContextRef c, LLVMModuleRef m)
{
    Face f = { .p = p, .c = c, .m = m, .b = LLVMCreateBuilderInContext(c), .i32 = LLVMInt32TypeInContext(c), .i64 = LLVMInt64TypeInContext(c), .ptr = LLVMPointerTypeInContext(c, 0) };
    LLVMTypeRef call[] = { f.ptr, f.i32, f.i32, f.ptr, f.ptr, f.ptr, f.ptr, f.ptr, f.ptr, f.i64, f.ptr, f.ptr }, tasks[] = { f.ptr, f.i64, f.ptr, f.ptr, f.ptr, f.ptr, f.ptr, f.i32, f.ptr };
    f.call_type = LLVMFunctionType(f.i32, call, sizeof call / sizeof *call, 0);
    f.tasks_type = LLVMFunctionType(f.i32, tasks, sizeof tasks / sizeof *tasks, 0);
    f.call = LLVMAddFunction(m, "mfl_machine_call", f.call_type);
    f.tasks = LLVMAddFunction(m, "mfl_machine_tasks", f.tasks_type);
    f.problem = LLVMAddGlobal(m, f.i32, "problem_to_come");
    bare(&f);
    functions(&f);
    describe(&f);
    LLVMDisposeBuilder(f.b);
}
