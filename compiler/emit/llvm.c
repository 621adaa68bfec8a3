/* llvm.c -- the loop IR through the LLVM C API: the same tree that c99.c prints, with the same arithmetic in the same order.
 *
 * Every function takes the arguments of JitEntry and then its loop indices. Integers are 64 bits in registers and 32 in memory, truth values 1 and 8.
 * No fast-math flags, no contraction: results are those of the generated C built with -ffp-contract=off. Elementwise functions come as bitcode from
 * runtime/vmath_bc.src and are inlined. Buffers that one nest touches do not overlap: alias scopes per nest say so. */
#include "llvm_gen.h"
#include <llvm-c/DebugInfo.h>

/* ---- statements ---- */
static void block(Gen *g, const LBlock *b);

static void store(Gen *g, const LBuf *b, LLVMValueRef at, LLVMValueRef v)
{
    if (b->dtype == T_INT)
        v = LLVMBuildTrunc(g->b, v, g->i32, "");
    if (b->dtype == T_BOOL)
        v = LLVMBuildZExt(g->b, v, g->i8, "");
    LLVMValueRef s = LLVMBuildStore(g->b, v, at);
    LLVMSetAlignment(s, b->dtype == T_REAL ? (unsigned)g->p->real_bytes : b->dtype == T_INT ? 4 : 1);
    gen_scope(g, s, b);
}

/* A loop whose bounds are known when it starts; it may run no time at all. */
static void loop_between(Gen *g, const LStmt *s)
{
    LLVMValueRef lo = gen_value(g, s->lo), hi = gen_value(g, s->hi);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(g->b), head = LLVMAppendBasicBlockInContext(g->c, g->fn, s->var->name), body = LLVMAppendBasicBlockInContext(g->c, g->fn, "body"), end = LLVMAppendBasicBlockInContext(g->c, g->fn, "end");
    LLVMBuildBr(g->b, head);
    LLVMPositionBuilderAtEnd(g->b, head);
    LLVMValueRef iv = LLVMBuildPhi(g->b, g->i64, s->var->name);
    LLVMAddIncoming(iv, &lo, &before, 1);
    LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntSLT, iv, hi, ""), body, end);
    LLVMPositionBuilderAtEnd(g->b, body);
    g->var[s->var->id] = iv;
    block(g, &s->body);
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(g->b);
    LLVMValueRef next = LLVMBuildNSWAdd(g->b, iv, gen_int(g, 1), "");
    LLVMAddIncoming(iv, &next, &latch, 1);
    LLVMBuildBr(g->b, head);
    LLVMPositionBuilderAtEnd(g->b, end);
}

/* All lanes at once: the loop becomes straight code on vectors. */
static void vectorise(Gen *g, LLVMValueRef branch, int64_t n)
{
    int64_t vector = 64 / g->p->real_bytes, w = n < vector ? n : vector;
    const char *key[] = { "llvm.loop.vectorize.enable", "llvm.loop.vectorize.width", "llvm.loop.interleave.count" };
    LLVMValueRef val[] = { LLVMConstInt(g->i1, 1, 0), LLVMConstInt(g->i32, (unsigned long long)w, 0), LLVMConstInt(g->i32, (unsigned long long)(n / w), 0) };
    LLVMMetadataRef part[4] = { LLVMTemporaryMDNode(g->c, NULL, 0) }, temporary = part[0];
    for (int k = 0; k < 3; k++)
        part[k + 1] = LLVMMDNodeInContext2(g->c, (LLVMMetadataRef[]){ LLVMMDStringInContext2(g->c, key[k], strlen(key[k])), LLVMValueAsMetadata(val[k]) }, 2);
    LLVMMetadataRef id = LLVMMDNodeInContext2(g->c, part, 4);
    LLVMMetadataReplaceAllUsesWith(temporary, id);
    LLVMSetMetadata(branch, g->md_loop, LLVMMetadataAsValue(g->c, id));
}

static void unroll(Gen *g, LLVMValueRef branch)
{
    static const char key[] = "llvm.loop.unroll.full";
    LLVMMetadataRef part[2] = { LLVMTemporaryMDNode(g->c, NULL, 0) }, temporary = part[0], text = LLVMMDStringInContext2(g->c, key, sizeof key - 1);
    part[1] = LLVMMDNodeInContext2(g->c, &text, 1);
    LLVMMetadataRef id = LLVMMDNodeInContext2(g->c, part, 2);
    LLVMMetadataReplaceAllUsesWith(temporary, id);
    LLVMSetMetadata(branch, g->md_loop, LLVMMetadataAsValue(g->c, id));
}

/* LLVM is told not to unroll (jit.c). */
static void unroll_few(Gen *g, const LStmt *s, LLVMValueRef branch)
{
    if (lir_is_unrolled(s))
        unroll(g, branch);
}

/* An open loop: iv counts 0 .. n - 1. */
typedef struct Open { LLVMBasicBlockRef head, end; LLVMValueRef iv; int64_t n; } Open;

static Open open_loop(Gen *g, const char *name, int64_t n)
{
    Open o = { LLVMAppendBasicBlockInContext(g->c, g->fn, name), LLVMAppendBasicBlockInContext(g->c, g->fn, "end"), NULL, n };
    LLVMBasicBlockRef before = LLVMGetInsertBlock(g->b);
    LLVMValueRef zero = gen_int(g, 0);
    LLVMBuildBr(g->b, o.head);
    LLVMPositionBuilderAtEnd(g->b, o.head);
    o.iv = LLVMBuildPhi(g->b, g->i64, name);
    LLVMAddIncoming(o.iv, &zero, &before, 1);
    return o;
}

/* Returns the branch back. */
static LLVMValueRef close_loop(Gen *g, const Open *o)
{
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(g->b);
    LLVMValueRef next = LLVMBuildNSWAdd(g->b, o->iv, gen_int(g, 1), "");
    LLVMAddIncoming(o->iv, &next, &latch, 1);
    LLVMValueRef again = LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntSLT, next, gen_int(g, o->n), ""), o->head, o->end);
    LLVMPositionBuilderAtEnd(g->b, o->end);
    return again;
}

/* Iterations from, from + 1, ..., the first of them in lane 0. */
static LLVMValueRef lanes(Gen *g, const LStmt *s, LLVMValueRef from, int64_t n)
{
    Open o = open_loop(g, s->lane->name, n);
    g->var[s->lane->id] = o.iv;
    g->var[s->var->id] = LLVMBuildNSWAdd(g->b, from, o.iv, "");
    block(g, &s->body);
    return close_loop(g, &o);
}

/* A sum in lanes: whole strips of them, then the rest; one lane is a plain loop. */
static void strips(Gen *g, const LStmt *s)
{
    int64_t n = s->n / s->width, rest = s->n % s->width;
    if (s->width == 1) {
        Open o = open_loop(g, s->var->name, s->n);
        g->var[s->lane->id] = gen_int(g, 0);
        g->var[s->var->id] = o.iv;
        block(g, &s->body);
        unroll_few(g, s, close_loop(g, &o));
        return;
    }
    Open o = { 0 };
    if (n > 1)
        o = open_loop(g, s->var->name, n);
    LLVMValueRef again = lanes(g, s, n > 1 ? LLVMBuildNSWMul(g->b, o.iv, gen_int(g, s->width), "") : gen_int(g, 0), s->width);
    if (!lir_has_checks(&s->body))               /* calls do not vectorise */
        vectorise(g, again, s->width);
    if (n > 1)
        close_loop(g, &o);
    if (rest)
        lanes(g, s, gen_int(g, s->n - rest), rest);
}

static void loop(Gen *g, const LStmt *s)
{
    if (s->lo) {
        loop_between(g, s);
        return;
    }
    if (s->n <= 0)
        return;
    if (s->lane) {
        strips(g, s);
        return;
    }
    Open o = open_loop(g, s->var->name, s->n);
    g->var[s->var->id] = s->down ? LLVMBuildNSWSub(g->b, gen_int(g, s->n - 1), o.iv, "") : o.iv;
    block(g, &s->body);
    unroll_few(g, s, close_loop(g, &o));
}

static void test(Gen *g, const LStmt *s)
{
    LLVMBasicBlockRef yes = LLVMAppendBasicBlockInContext(g->c, g->fn, "then"), end = LLVMAppendBasicBlockInContext(g->c, g->fn, "endif");
    LLVMBuildCondBr(g->b, gen_value(g, s->x), yes, end);
    LLVMPositionBuilderAtEnd(g->b, yes);
    block(g, &s->body);
    LLVMBuildBr(g->b, end);
    LLVMPositionBuilderAtEnd(g->b, end);
}

static void statement(Gen *g, const LStmt *s)
{
    switch (s->kind) {
    case LS_FOR: loop(g, s); break;
    case LS_IF: test(g, s); break;
    case LS_LET: LLVMBuildStore(g->b, gen_value(g, s->x), g->temp[s->temp->id]); break;
    case LS_LOCAL: {
        LLVMValueRef each[128];
        unsigned n = (unsigned)s->dst.buf->dim[0];
        for (unsigned k = 0; k < n; k++)
            each[k] = gen_value(g, s->x);
        LLVMBuildStore(g->b, LLVMConstVector(each, n), gen_base(g, s->dst.buf));
        break;
    }
    case LS_SET: {
        LLVMValueRef v = gen_value(g, s->x);
        if (s->add)
            v = LLVMBuildFAdd(g->b, LLVMBuildLoad2(g->b, g->real, g->temp[s->temp->id], ""), v, "");
        LLVMBuildStore(g->b, v, g->temp[s->temp->id]);
        break;
    }
    case LS_STORE: {
        LLVMValueRef v = gen_value(g, s->x), at = gen_address(g, s->dst.buf, s->dst.idx);
        if (s->add) {
            LLVMValueRef old = LLVMBuildLoad2(g->b, g->real, at, "");
            LLVMSetAlignment(old, (unsigned)g->p->real_bytes);
            gen_scope(g, old, s->dst.buf);
            v = (s->minus ? LLVMBuildFSub : LLVMBuildFAdd)(g->b, old, v, "");
        }
        store(g, s->dst.buf, at, v);
        break;
    }
    case LS_ZERO: LLVMBuildMemSet(g->b, gen_pointer(g, &s->dst), LLVMConstInt(g->i8, 0, 0), gen_int(g, s->count * gen_bytes(g, s->dst.buf->dtype)), (unsigned)gen_bytes(g, s->dst.buf->dtype)); break;
    case LS_COPY: gen_copy(g, s); break;
    case LS_GEMM: gen_gemm(g, &s->gemm); break;
    case LS_CALL: gen_kernel(g, s); break;
    case LS_INVOKE: gen_invoke(g, s); break;
    case LS_ASK: gen_ask(g, s); break;
    case LS_CHECK: gen_check(g, s); break;
    case LS_SNAPSHOT: gen_snapshot(g, s); break;
    }
}

/* ---- nests: the largest statements in which everything is alive at once ---- */
static bool only_arithmetic(const LStmt *s)
{
    if (s->kind != LS_FOR && s->kind != LS_STORE && s->kind != LS_LET && s->kind != LS_SET && s->kind != LS_IF && s->kind != LS_LOCAL)
        return false;
    for (int k = 0; k < s->body.n; k++)
        if (!only_arithmetic(s->body.at[k]))
            return false;
    return true;
}

static bool guards_expr(const LExpr *e)
{
    if (!e || e->kind == LX_GUARD)
        return e != NULL;
    for (int k = 0; k < e->narg; k++)
        if (guards_expr(e->arg[k]))
            return true;
    return false;
}

/* A nest with guarded loads gets no alias scopes: with them LLVM 19 made wrong code of some (tests/run/guarded.mfl, mode forward). */
static bool guards(const LStmt *s)
{
    if (guards_expr(s->x))
        return true;
    for (int k = 0; k < s->body.n; k++)
        if (guards(s->body.at[k]))
            return true;
    return false;
}

static void gather(void *gen, LBuf *b, LExpr **idx, unsigned along, int how)
{
    Gen *g = gen;
    for (int k = 0; k < g->nin; k++)
        if (g->in_nest[k] == b)
            return;
    if (g->nin < 65)
        g->in_nest[g->nin++] = b;
}

static void block(Gen *g, const LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        bool opens = !g->depth && b->at[k]->kind == LS_FOR && only_arithmetic(b->at[k]) && place_is_one_nest(b->at[k]);
        if (opens) {
            g->nest = guards(b->at[k]) ? 0 : ++g->nests;
            g->nin = 0;
            lir_each_access(b->at[k], false, gather, g);
            g->depth = 1;
        }
        statement(g, b->at[k]);
        if (opens)
            g->depth = g->nest = 0;
    }
}

static void count_ids(Gen *g, const LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = b->at[k];
        if (s->var && s->var->id >= g->nvars)
            g->nvars = s->var->id + 1;
        if (s->lane && s->lane->id >= g->nvars)
            g->nvars = s->lane->id + 1;
        if (s->temp && s->temp->id >= g->ntemps)
            g->ntemps = s->temp->id + 1;
        count_ids(g, &s->body);
    }
}

static void allocate_temps(Gen *g, const LBlock *b)
{
    for (int k = 0; k < b->n; k++) {
        const LStmt *s = b->at[k];
        if (s->kind == LS_LET && !g->temp[s->temp->id])
            g->temp[s->temp->id] = LLVMBuildAlloca(g->b, gen_temp_type(g, s->temp->dtype), s->temp->name);
        allocate_temps(g, &s->body);
    }
}

static void function(Gen *g, const LFunc *f)
{
    char name[128];
    Arena *a = g->p->arena;
    snprintf(name, sizeof name, "%s_%s", f->is_entry ? "entry" : "phase", f->name);
    g->fn = LLVMAddFunction(g->m, name, g->fn_type[f->nindex]);
    if (!f->is_entry)
        LLVMSetLinkage(g->fn, LLVMInternalLinkage);
    for (int k = 0; k < NARGS; k++)
        g->arg[k] = LLVMGetParam(g->fn, (unsigned)k);
    g->nvars = g->ntemps = 0;
    count_ids(g, &f->body);
    for (int k = 0; k < f->nindex; k++)
        if (f->index[k]->id >= g->nvars)
            g->nvars = f->index[k]->id + 1;
    g->base = NEW_N(a, LLVMValueRef, g->p->bufs.n + 1);
    g->known = NEW_N(a, LLVMValueRef, g->p->bufs.n + 1);
    g->is_value = lir_values(g->p, f);
    g->temp = NEW_N(a, LLVMValueRef, g->ntemps + 1);
    g->var = NEW_N(a, LLVMValueRef, g->nvars + 1);
    for (int k = 0; k < f->nindex; k++)
        g->var[f->index[k]->id] = LLVMGetParam(g->fn, (unsigned)(NARGS + k));
    g->entry = LLVMAppendBasicBlockInContext(g->c, g->fn, "entry");
    LLVMBasicBlockRef body = LLVMAppendBasicBlockInContext(g->c, g->fn, "body");
    LLVMPositionBuilderAtEnd(g->b, g->entry);
    allocate_temps(g, &f->body);
    if (f->is_entry && lir_has_checks(&f->body))
        gen_open_status(g);
    LLVMBuildBr(g->b, body);
    LLVMPositionBuilderAtEnd(g->b, body);
    block(g, &f->body);
    LLVMBuildRet(g->b, f->is_entry && lir_has_checks(&f->body) ? LLVMBuildLoad2(g->b, g->i32, g->arg[A_STATUS], "code") : LLVMConstInt(g->i32, 0, 0));
}

LLVMModuleRef llvm_module(const LProgram *p, LLVMContextRef c)
{
    Gen g = { .p = p, .c = c };
    g.m = LLVMModuleCreateWithNameInContext(p->problem->name, c);
    g.b = LLVMCreateBuilderInContext(c);
    g.eb = LLVMCreateBuilderInContext(c);
    g.real = p->real_bytes == 4 ? LLVMFloatTypeInContext(c) : LLVMDoubleTypeInContext(c);
    g.i1 = LLVMInt1TypeInContext(c);
    g.i8 = LLVMInt8TypeInContext(c);
    g.i32 = LLVMInt32TypeInContext(c);
    g.i64 = LLVMInt64TypeInContext(c);
    g.ptr = LLVMPointerTypeInContext(c, 0);
    g.in_nest = NEW_N(p->arena, LBuf *, 70);
    g.md_scope = LLVMGetMDKindIDInContext(c, "alias.scope", 11);
    g.md_noalias = LLVMGetMDKindIDInContext(c, "noalias", 7);
    g.md_loop = LLVMGetMDKindIDInContext(c, "llvm.loop", 9);
    LLVMMetadataRef name = LLVMMDStringInContext2(c, "nests", 5);
    g.domain = LLVMMDNodeInContext2(c, &name, 1);
    for (int k = 0; k < 4; k++) {
        LLVMTypeRef t[NARGS + 4] = { g.ptr, g.ptr, g.ptr, g.ptr, g.ptr, g.ptr, g.i64, g.ptr, g.ptr, g.i64, g.i64, g.i64, g.i64 };
        g.fn_type[k] = LLVMFunctionType(g.i32, t, (unsigned)(NARGS + k), 0);
    }
    for (int k = 0; k < p->funcs.n; k++)
        if (!p->funcs.at[k]->same)
            function(&g, p->funcs.at[k]);
    LLVMDisposeBuilder(g.b);
    LLVMDisposeBuilder(g.eb);
    return g.m;
}
