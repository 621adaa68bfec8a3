/* llvm_calls.c -- statements that leave the loops: copies and results, runtime functions, products, phases, checks, the caller's store. As c99_calls.c prints them. */
#include "llvm_gen.h"

/* A decision of the runtime's schedule: integers of 32 bits. */
void gen_ask(Gen *g, const LStmt *s)
{
    LLVMTypeRef t[8];
    LLVMValueRef a[8];
    unsigned n = 0;
    char name[64];
    if (s->nptr) {
        t[n] = g->ptr;
        a[n++] = gen_address(g, s->ptr[0].buf, s->ptr[0].idx);
    }
    for (int k = 0; k < s->nnum; k++, n++) {
        t[n] = g->i32;
        a[n] = LLVMBuildTrunc(g->b, gen_value(g, s->index_arg[k]), g->i32, "");
    }
    snprintf(name, sizeof name, "mfl_%s", s->callee);
    LLVMTypeRef type = LLVMFunctionType(g->i32, t, n, 0);
    LLVMValueRef f = LLVMGetNamedFunction(g->m, name);
    if (!f)
        f = LLVMAddFunction(g->m, name, type);
    g->var[s->var->id] = LLVMBuildSExt(g->b, LLVMBuildCall2(g->b, type, f, a, n, ""), g->i64, "");
}

int64_t gen_bytes(const Gen *g, DType t) { return t == T_REAL ? g->p->real_bytes : t == T_INT ? 4 : 1; }

LLVMValueRef gen_pointer(Gen *g, const LPtr *p) { return gen_address(g, p->buf, p->idx); }

void gen_copy(Gen *g, const LStmt *s)
{
    LStorage to = s->dst.buf->storage;
    bool optional = to == LB_GRAD || to == LB_PARAMS || to == LB_OUTER || to == LB_LOGS;
    LLVMBasicBlockRef end = NULL;
    LLVMValueRef null = LLVMConstNull(g->ptr);
    if (optional) {                              /* an output that is not wanted is NULL, and so may be the list of outputs */
        LLVMBasicBlockRef list = LLVMAppendBasicBlockInContext(g->c, g->fn, "wanted"), yes = LLVMAppendBasicBlockInContext(g->c, g->fn, "write");
        end = LLVMAppendBasicBlockInContext(g->c, g->fn, "written");
        int arg = to == LB_OUTER ? A_OUTER : to == LB_LOGS ? A_LOGS : A_OUT;
        LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntNE, g->arg[arg], null, ""), list, end);
        LLVMPositionBuilderAtEnd(g->b, list);
        LLVMValueRef p;
        if (arg == A_OUT) {
            const Problem *q = g->p->problem;
            LLVMValueRef k = gen_int(g, to == LB_GRAD ? gen_leaf(q->meta.at, q->meta.n, s->dst.buf->field) : gen_leaf(q->param.at, q->param.n, s->dst.buf->field));
            p = LLVMBuildLoad2(g->b, g->ptr, LLVMBuildInBoundsGEP2(g->b, g->ptr, g->arg[A_OUT], &k, 1, ""), "");
        } else {
            LLVMValueRef k = gen_int(g, to == LB_LOGS ? s->dst.buf->offset : 0);
            p = LLVMBuildInBoundsGEP2(g->b, g->i8, g->arg[arg], &k, 1, "");
        }
        LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntNE, p, null, ""), yes, end);
        LLVMPositionBuilderAtEnd(g->b, yes);
        LLVMBuildMemCpy(g->b, p, (unsigned)gen_bytes(g, s->dst.buf->dtype), gen_pointer(g, &s->src), (unsigned)gen_bytes(g, s->src.buf->dtype), gen_int(g, s->count * gen_bytes(g, s->dst.buf->dtype)));
        LLVMBuildBr(g->b, end);
        LLVMPositionBuilderAtEnd(g->b, end);
        return;
    }
    LLVMBuildMemCpy(g->b, gen_pointer(g, &s->dst), (unsigned)gen_bytes(g, s->dst.buf->dtype), gen_pointer(g, &s->src), (unsigned)gen_bytes(g, s->src.buf->dtype), gen_int(g, s->count * gen_bytes(g, s->dst.buf->dtype)));
}

static void call_runtime(Gen *g, const char *full, LLVMTypeRef *types, LLVMValueRef *args, unsigned n)
{
    LLVMTypeRef t = LLVMFunctionType(LLVMVoidTypeInContext(g->c), types, n, 0);
    LLVMValueRef f = LLVMGetNamedFunction(g->m, full);
    if (!f)
        f = LLVMAddFunction(g->m, full, t);
    LLVMBuildCall2(g->b, t, f, args, n, "");
}

static void call(Gen *g, const char *name, LLVMTypeRef *types, LLVMValueRef *args, unsigned n)
{
    char full[80];
    snprintf(full, sizeof full, "mfl_%s_%s", name, g->p->real_bytes == 4 ? "f32" : "f64");
    call_runtime(g, full, types, args, n);
}

void gen_gemm(Gen *g, const LGemm *x)
{
    LLVMTypeRef t[] = { g->i64, g->i64, g->i64, g->real, g->ptr, g->i64, g->i32, g->ptr, g->i64, g->i32, g->i32, g->ptr, g->i64 };
    LLVMValueRef a[] = { gen_int(g, x->m), gen_int(g, x->n), gen_int(g, x->k), LLVMConstReal(g->real, x->alpha), gen_pointer(g, &x->a), gen_int(g, x->lda), LLVMConstInt(g->i32, x->ta, 0),
                         gen_pointer(g, &x->b), gen_int(g, x->ldb), LLVMConstInt(g->i32, x->tb, 0), LLVMConstInt(g->i32, x->accumulate, 0), gen_pointer(g, &x->c), gen_int(g, x->ldc) };
    call(g, "gemm", t, a, 13);
}

void gen_kernel(Gen *g, const LStmt *s)
{
    LLVMTypeRef t[16];
    LLVMValueRef a[16];
    unsigned n = 0;
    for (int k = 0; k < s->nptr; k++, n++) {
        t[n] = g->ptr;
        a[n] = gen_pointer(g, &s->ptr[k]);
    }
    for (int k = 0; k < s->nnum; k++, n++) {
        t[n] = g->i64;
        a[n] = gen_int(g, s->num[k]);
    }
    call(g, s->callee, t, a, n);
}

void gen_invoke(Gen *g, const LStmt *s)
{
    LLVMValueRef a[16];
    char name[128];
    unsigned n = NARGS;
    for (int k = 0; k < NARGS; k++)
        a[k] = g->arg[k];
    for (int k = 0; k < s->func->nindex; k++)
        a[n++] = gen_value(g, s->index_arg[k]);
    snprintf(name, sizeof name, "phase_%s", s->func->name);
    LLVMBuildCall2(g->b, g->fn_type[s->func->nindex], LLVMGetNamedFunction(g->m, name), a, n, "");
}

/* What --guard puts behind a statement: calls of the runtime. */
void gen_check(Gen *g, const LStmt *s)
{
    LLVMTypeRef t[7] = { g->ptr };
    LLVMValueRef a[7] = { g->arg[A_STATUS] };
    unsigned n = 1;
    if (s->nptr) {
        t[n] = g->ptr;
        a[n++] = gen_pointer(g, &s->ptr[0]);
        for (int k = 0; k < 3; k++) {
            t[n] = g->i64;
            a[n++] = gen_int(g, s->num[k]);
        }
    } else {
        t[n] = s->callee ? g->real : g->i64;
        a[n++] = gen_value(g, s->x);
    }
    if (s->callee) {
        t[n] = g->i32;
        a[n++] = LLVMConstInt(g->i32, (unsigned long long)s->count, 0);
        t[n] = g->ptr;
        a[n++] = LLVMBuildGlobalStringPtr(g->b, s->callee, "text");
    }
    if (s->callee)
        call(g, s->nptr ? "check_rows" : "check", t, a, n);
    else
        call_runtime(g, "mfl_check_step", t, a, n);
}

/* Part of a state to the caller's store, or from it. */
void gen_snapshot(Gen *g, const LStmt *s)
{
    LLVMTypeRef t[] = { g->ptr, g->ptr, g->i64, g->ptr, g->i64 };
    LLVMValueRef a[] = { g->arg[A_STATUS], g->arg[A_WORK], gen_value(g, s->x), gen_pointer(g, &s->ptr[0]), gen_int(g, s->count * g->p->real_bytes) };
    call_runtime(g, s->load ? "mfl_snapshot_load" : "mfl_snapshot_save", t, a, 5);
}

/* Entries of guarded programs note what was found, also for callers without a status. */
void gen_open_status(Gen *g)
{
    LLVMValueRef own = LLVMBuildAlloca(g->b, LLVMArrayType2(g->i64, (sizeof(mfl_status) + 7) / 8), "found");
    g->arg[A_STATUS] = LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, LLVMIntEQ, g->arg[A_STATUS], LLVMConstNull(g->ptr), ""), own, g->arg[A_STATUS], "status");
    call_runtime(g, "mfl_check_begin", &g->ptr, &g->arg[A_STATUS], 1);
}
