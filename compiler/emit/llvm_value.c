/* llvm_value.c -- addresses and expressions of the loop IR as LLVM values: the arithmetic that c99.c prints, in the same order.
 *
 * Integers are 64 bits in registers and 32 in memory, truth values 1 and 8. No fast-math flags. Elementwise functions come as bitcode from
 * runtime/vmath_bc.src and are inlined. */
#include "llvm_gen.h"

LLVMValueRef gen_int(Gen *g, int64_t k) { return LLVMConstInt(g->i64, (unsigned long long)k, 1); }

/* ---- addresses ---- */
int gen_leaf(const Leaf *leaf, int n, Name name)
{
    for (int k = 0; k < n; k++)
        if (leaf[k].name == name)
            return k;
    return 0;
}

static LLVMValueRef field(Gen *g, int arg, int k)
{
    LLVMValueRef at = gen_int(g, k);
    LLVMValueRef p = LLVMBuildInBoundsGEP2(g->eb, g->ptr, g->arg[arg], &at, 1, "");
    return LLVMBuildLoad2(g->eb, g->ptr, p, "");
}

static LLVMValueRef offset(Gen *g, int arg, int64_t bytes)
{
    LLVMValueRef at = gen_int(g, bytes);
    return LLVMBuildInBoundsGEP2(g->eb, g->i8, g->arg[arg], &at, 1, "");
}

static LLVMValueRef local_array(Gen *g, const LBuf *b)
{
    LLVMValueRef a = LLVMBuildAlloca(g->eb, LLVMVectorType(g->real, (unsigned)b->dim[0]), b->name);
    LLVMSetAlignment(a, 64);
    return a;
}

static LLVMValueRef make_base(Gen *g, const LBuf *b)
{
    const Problem *p = g->p->problem;
    switch (b->storage) {
    case LB_WORK: return offset(g, A_WORK, b->offset);
    case LB_STATE: case LB_CARRIED: return offset(g, A_STATE, b->offset);
    case LB_LOGS: return offset(g, A_LOGS, b->offset);
    case LB_DATA: return field(g, A_DATA, gen_leaf(p->data.at, p->data.n, b->field));
    case LB_META: return field(g, A_META, gen_leaf(p->meta.at, p->meta.n, b->field));
    case LB_GRAD: case LB_GRAD_IN: return field(g, A_OUT, gen_leaf(p->meta.at, p->meta.n, b->field));
    case LB_PARAMS: return field(g, A_OUT, gen_leaf(p->param.at, p->param.n, b->field));
    case LB_OUTER: return g->arg[A_OUTER];
    case LB_LOCAL: return local_array(g, b);
    default: return NULL;
    }
}

LLVMValueRef gen_base(Gen *g, const LBuf *b)
{
    if (!g->base[b->id]) {
        LLVMPositionBuilderBefore(g->eb, LLVMGetBasicBlockTerminator(g->entry));
        g->base[b->id] = make_base(g, b);
    }
    return g->base[b->id];
}

LLVMTypeRef gen_temp_type(Gen *g, DType t) { return t == T_REAL ? g->real : t == T_INT ? g->i64 : g->i1; }

static LLVMTypeRef memory_type(Gen *g, DType t) { return t == T_REAL ? g->real : t == T_INT ? g->i32 : g->i8; }

LLVMValueRef gen_address(Gen *g, const LBuf *b, LExpr *const *idx)
{
    LLVMValueRef at = NULL;
    int64_t stride = 1;
    for (int d = b->rank - 1; d >= 0; d--) {
        LLVMValueRef x = gen_value(g, idx[d]);
        if (stride != 1)
            x = LLVMBuildNSWMul(g->b, x, gen_int(g, stride), "");
        at = at ? LLVMBuildNSWAdd(g->b, x, at, "") : x;
        stride *= b->dim[d];
    }
    if (!at)
        return gen_base(g, b);
    return LLVMBuildInBoundsGEP2(g->b, memory_type(g, b->dtype), gen_base(g, b), &at, 1, "");
}

/* This access touches buffer b of the present nest and nothing else of it. */
void gen_scope(Gen *g, LLVMValueRef access, const LBuf *b)
{
    if (!g->nest || g->nin < 2 || g->nin > 64)
        return;
    LLVMMetadataRef mine = NULL, others[64];
    size_t n = 0;
    for (int k = 0; k < g->nin; k++) {
        char name[64];
        int len = snprintf(name, sizeof name, "%d.%d", g->nest, g->in_nest[k]->id);
        LLVMMetadataRef part[] = { LLVMMDStringInContext2(g->c, name, (size_t)len), g->domain };
        LLVMMetadataRef s = LLVMMDNodeInContext2(g->c, part, 2);
        if (g->in_nest[k] == b)
            mine = s;
        else
            others[n++] = s;
    }
    if (!mine)
        return;
    LLVMSetMetadata(access, g->md_scope, LLVMMetadataAsValue(g->c, LLVMMDNodeInContext2(g->c, &mine, 1)));
    LLVMSetMetadata(access, g->md_noalias, LLVMMetadataAsValue(g->c, LLVMMDNodeInContext2(g->c, others, n)));
}

/* ---- expressions ---- */
static LLVMValueRef from_memory(Gen *g, LLVMBuilderRef b, const LBuf *buf, LLVMValueRef at)
{
    LLVMValueRef v = LLVMBuildLoad2(b, memory_type(g, buf->dtype), at, "");
    LLVMSetAlignment(v, buf->dtype == T_REAL ? (unsigned)g->p->real_bytes : buf->dtype == T_INT ? 4 : 1);
    return v;
}

static LLVMValueRef as_value(Gen *g, LLVMBuilderRef b, const LBuf *buf, LLVMValueRef v)
{
    if (buf->dtype == T_INT)
        return LLVMBuildSExt(b, v, g->i64, "");
    if (buf->dtype == T_BOOL)
        return LLVMBuildICmp(b, LLVMIntNE, v, LLVMConstInt(g->i8, 0, 0), "");
    return v;
}

/* What is a value to the function (lir_values) is read once, in the entry block. */
static LLVMValueRef value_of(Gen *g, const LBuf *b)
{
    LLVMValueRef at = gen_base(g, b);
    if (!g->known[b->id]) {
        LLVMPositionBuilderBefore(g->eb, LLVMGetBasicBlockTerminator(g->entry));
        g->known[b->id] = as_value(g, g->eb, b, from_memory(g, g->eb, b, at));
    }
    return g->known[b->id];
}

static LLVMValueRef load(Gen *g, const LExpr *e)
{
    if (e->buf->storage == LB_STEP || e->buf->storage == LB_SEED)
        return g->arg[A_STEP];
    if (g->is_value[e->buf->id])
        return value_of(g, e->buf);
    LLVMValueRef v = from_memory(g, g->b, e->buf, gen_address(g, e->buf, e->idx));
    gen_scope(g, v, e->buf);
    return as_value(g, g->b, e->buf, v);
}

static LLVMValueRef call_math(Gen *g, const char *op, LLVMValueRef *arg, int n, bool ints)
{
    char name[64];
    snprintf(name, sizeof name, "mflx_%s%s", op, g->p->real_bytes == 4 ? "f" : "");
    LLVMTypeRef in = ints ? g->i32 : g->real, types[] = { in, in, in }, t = LLVMFunctionType(g->real, types, (unsigned)n, 0);
    LLVMValueRef f = LLVMGetNamedFunction(g->m, name);
    if (!f)
        f = LLVMAddFunction(g->m, name, t);
    return LLVMBuildCall2(g->b, t, f, arg, (unsigned)n, "");
}

static LLVMValueRef intrinsic(Gen *g, const char *name, LLVMValueRef x)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(g->m, id, &g->real, 1);
    LLVMTypeRef t = LLVMIntrinsicGetType(g->c, id, &g->real, 1);
    return LLVMBuildCall2(g->b, t, f, &x, 1, "");
}

static LLVMValueRef compare(Gen *g, Op op, DType t, LLVMValueRef a, LLVMValueRef b)
{
    static const LLVMRealPredicate fp[] = { LLVMRealOLT, LLVMRealOLE, LLVMRealOGT, LLVMRealOGE, LLVMRealOEQ, LLVMRealUNE };
    static const LLVMIntPredicate ip[] = { LLVMIntSLT, LLVMIntSLE, LLVMIntSGT, LLVMIntSGE, LLVMIntEQ, LLVMIntNE };
    int k = op == OP_lt ? 0 : op == OP_le ? 1 : op == OP_gt ? 2 : op == OP_ge ? 3 : op == OP_eq ? 4 : 5;
    return t == T_REAL ? LLVMBuildFCmp(g->b, fp[k], a, b, "") : LLVMBuildICmp(g->b, ip[k], a, b, "");
}

static LLVMValueRef map_int(Gen *g, const LExpr *e, LLVMValueRef *a)
{
    switch (e->op) {
    case OP_add: return LLVMBuildNSWAdd(g->b, a[0], a[1], "");
    case OP_sub: return LLVMBuildNSWSub(g->b, a[0], a[1], "");
    case OP_mul: return LLVMBuildNSWMul(g->b, a[0], a[1], "");
    case OP_quotient: return LLVMBuildSDiv(g->b, a[0], a[1], "");
    case OP_remainder: return LLVMBuildURem(g->b, a[0], a[1], "");
    case OP_neg: return LLVMBuildNSWNeg(g->b, a[0], "");
    case OP_min: return LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, LLVMIntSLT, a[0], a[1], ""), a[0], a[1], "");
    case OP_max: return LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, LLVMIntSGT, a[0], a[1], ""), a[0], a[1], "");
    case OP_abs: return LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, LLVMIntSLT, a[0], gen_int(g, 0), ""), LLVMBuildNSWNeg(g->b, a[0], ""), a[0], "");
    case OP_select: return LLVMBuildSelect(g->b, a[0], a[1], a[2], "");
    default: ice("llvm: integer %s", op_info[e->op].name);
    }
}

/* As mfl_max and mfl_min of mfl/vmath.h; of vectors, too. */
static LLVMValueRef extreme(Gen *g, Op op, LLVMValueRef x, LLVMValueRef y)
{
    LLVMValueRef of_two = LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, op == OP_max ? LLVMRealOGT : LLVMRealOLT, x, y, ""), x, y, "");
    return LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealORD, x, x, ""), of_two, x, "");
}

static LLVMValueRef map_real(Gen *g, const LExpr *e, LLVMValueRef *a)
{
    LLVMValueRef zero = LLVMConstReal(g->real, 0), lt;
    switch (e->op) {
    case OP_add: return LLVMBuildFAdd(g->b, a[0], a[1], "");
    case OP_sub: return LLVMBuildFSub(g->b, a[0], a[1], "");
    case OP_mul: return LLVMBuildFMul(g->b, a[0], a[1], "");
    case OP_div: return LLVMBuildFDiv(g->b, a[0], a[1], "");
    case OP_neg: return LLVMBuildFNeg(g->b, a[0], "");
    case OP_sqrt: return intrinsic(g, "llvm.sqrt", a[0]);
    case OP_abs: return intrinsic(g, "llvm.fabs", a[0]);
    case OP_floor: return intrinsic(g, "llvm.floor", a[0]);
    case OP_detach: return a[0];
    case OP_min: case OP_max: return extreme(g, e->op, a[0], a[1]);
    case OP_select: return LLVMBuildSelect(g->b, a[0], a[1], a[2], "");
    case OP_mulz:
        lt = LLVMBuildOr(g->b, LLVMBuildFCmp(g->b, LLVMRealOEQ, a[0], zero, ""), LLVMBuildFCmp(g->b, LLVMRealOEQ, a[1], zero, ""), "");
        return LLVMBuildSelect(g->b, lt, zero, LLVMBuildFMul(g->b, a[0], a[1], ""), "");
    case OP_sign:
        return LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealOGT, a[0], zero, ""), LLVMConstReal(g->real, 1),
                               LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealOLT, a[0], zero, ""), LLVMConstReal(g->real, -1), zero, ""), "");
    case OP_real:
        if (e->arg[0]->dtype == T_BOOL)
            return LLVMBuildUIToFP(g->b, a[0], g->real, "");
        return LLVMBuildSIToFP(g->b, LLVMBuildTrunc(g->b, a[0], g->i32, ""), g->real, "");
    case OP_normal: case OP_uniform:
        for (int k = 0; k < 3; k++)
            a[k] = LLVMBuildTrunc(g->b, a[k], g->i32, "");
        return call_math(g, op_info[e->op].name, a, 3, true);
    default: return call_math(g, op_info[e->op].name, a, e->narg, false);
    }
}

static LLVMValueRef guard(Gen *g, const LExpr *e)
{
    LLVMValueRef cond = gen_value(g, e->arg[0]);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(g->b), yes = LLVMAppendBasicBlockInContext(g->c, g->fn, "inside"), end = LLVMAppendBasicBlockInContext(g->c, g->fn, "guarded"), last;
    LLVMBuildCondBr(g->b, cond, yes, end);
    LLVMPositionBuilderAtEnd(g->b, yes);
    LLVMValueRef v = gen_value(g, e->arg[1]), zero = LLVMConstNull(LLVMTypeOf(v));
    last = LLVMGetInsertBlock(g->b);
    LLVMBuildBr(g->b, end);
    LLVMPositionBuilderAtEnd(g->b, end);
    LLVMValueRef phi = LLVMBuildPhi(g->b, LLVMTypeOf(v), "");
    LLVMValueRef in[] = { v, zero };
    LLVMBasicBlockRef blocks[] = { last, from };
    LLVMAddIncoming(phi, in, blocks, 2);
    return phi;
}

/* Halves are joined, lane k with lane k + n/2, until one is left. */
static LLVMValueRef fold(Gen *g, const LExpr *e)
{
    unsigned n = (unsigned)e->buf->dim[0];
    LLVMValueRef v = LLVMBuildLoad2(g->b, LLVMVectorType(g->real, n), gen_base(g, e->buf), ""), pick[128];
    for (n /= 2; n; n /= 2) {
        LLVMValueRef half[2];
        for (unsigned h = 0; h < 2; h++) {
            for (unsigned k = 0; k < n; k++)
                pick[k] = LLVMConstInt(g->i32, h * n + k, 0);
            half[h] = LLVMBuildShuffleVector(g->b, v, LLVMGetUndef(LLVMTypeOf(v)), LLVMConstVector(pick, n), "");
        }
        if (e->op == OP_add)
            v = LLVMBuildFAdd(g->b, half[0], half[1], "");
        else
            v = extreme(g, e->op, half[1], half[0]);
    }
    return LLVMBuildExtractElement(g->b, v, gen_int(g, 0), "");
}

LLVMValueRef gen_value(Gen *g, const LExpr *e)
{
    LLVMValueRef a[3];
    switch (e->kind) {
    case LX_NUM: return e->dtype == T_BOOL ? LLVMConstInt(g->i1, e->num != 0, 0) : LLVMConstReal(g->real, g->p->real_bytes == 4 ? (double)(float)e->num : e->num);
    case LX_INT: return gen_int(g, e->i);
    case LX_VAR: return g->var[e->var->id];
    case LX_TEMP: return LLVMBuildLoad2(g->b, gen_temp_type(g, e->dtype), g->temp[e->temp->id], "");
    case LX_LOAD: return load(g, e);
    case LX_GUARD: return guard(g, e);
    case LX_FOLD: return fold(g, e);
    case LX_MAP: break;
    }
    for (int k = 0; k < e->narg; k++)
        a[k] = gen_value(g, e->arg[k]);
    if (e->op >= OP_lt && e->op <= OP_ne)
        return compare(g, e->op, e->arg[0]->dtype, a[0], a[1]);
    if (e->op == OP_and)
        return LLVMBuildAnd(g->b, a[0], a[1], "");
    if (e->op == OP_or)
        return LLVMBuildOr(g->b, a[0], a[1], "");
    if (e->op == OP_not)
        return LLVMBuildNot(g->b, a[0], "");
    if (e->op == OP_select && e->dtype == T_BOOL)
        return LLVMBuildSelect(g->b, a[0], a[1], a[2], "");
    return e->dtype == T_INT ? map_int(g, e, a) : map_real(g, e, a);
}
