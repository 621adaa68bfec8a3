/* llvm_gen.h -- private to llvm.c (loops, functions), llvm_calls.c (calls and copies) and llvm_value.c (addresses, expressions): the state of one module's making. */
#ifndef MFL_LLVM_GEN_H
#define MFL_LLVM_GEN_H
#include "emit.h"
#include "llvm_module.h"

typedef struct Gen {
    const LProgram *p;
    LLVMContextRef c;
    LLVMModuleRef m;
    LLVMBuilderRef b, eb;                        /* body; entry block, for addresses */
    LLVMTypeRef real, i1, i8, i32, i64, ptr, fn_type[4];
    LLVMValueRef fn, arg[16];
    LLVMBasicBlockRef entry;
    LLVMValueRef *base;                          /* by buffer id: address in this function */
    LLVMValueRef *known; bool *is_value;         /* by buffer id: values in this function, see lir_values */
    LLVMValueRef *temp;                          /* by temp id: alloca */
    LLVMValueRef *var;                           /* by var id */
    int nest, nests, depth;
    LLVMMetadataRef domain;
    unsigned md_scope, md_noalias, md_loop;
    LBuf **in_nest; int nin;
    int ntemps, nvars;
    char why[256];
} Gen;

enum { A_DATA, A_META, A_OUT, A_OUTER, A_LOGS, A_STATE, A_STEP, A_WORK, A_STATUS, NARGS };

LLVMValueRef gen_int(Gen *, int64_t);
int          gen_leaf(const Leaf *, int n, Name);                     /* its place in the list of arrays */
LLVMValueRef gen_base(Gen *, const LBuf *);                           /* where a buffer starts; made once, in the entry block */
LLVMValueRef gen_address(Gen *, const LBuf *, LExpr *const *idx);
void         gen_scope(Gen *, LLVMValueRef access, const LBuf *);     /* this access touches that buffer of the present nest and nothing else of it */
LLVMValueRef gen_value(Gen *, const LExpr *);
LLVMTypeRef  gen_temp_type(Gen *, DType);                             /* of a temporary */
/* ---- llvm_calls.c: a statement each ---- */
void         gen_ask(Gen *, const LStmt *);
void         gen_copy(Gen *, const LStmt *);
void         gen_gemm(Gen *, const LGemm *);
void         gen_kernel(Gen *, const LStmt *);
void         gen_invoke(Gen *, const LStmt *);
void         gen_check(Gen *, const LStmt *);
void         gen_snapshot(Gen *, const LStmt *);
void         gen_open_status(Gen *);                                  /* entries of guarded programs */
LLVMValueRef gen_pointer(Gen *, const LPtr *);
int64_t      gen_bytes(const Gen *, DType);                           /* of an element in memory */
#endif
