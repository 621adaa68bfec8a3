/* emit.h -- from the loop IR to text and to machine code. */
#ifndef MFL_EMIT_H
#define MFL_EMIT_H
#include "lir.h"
#include "mfl/runtime.h"

/* NAME.c and NAME.h (design section 3). header_name: "ridge.h". Deterministic; the same bytes for the same program. */
void emit_c99(const LProgram *, Buf *c, Buf *h);

/* NAME.py, a module for NumPy over libNAME.so. */
void emit_python(const LProgram *, Buf *);

/* LLVM: a module built through the C API from the same tree, optimised for the host and run with ORC. */
typedef struct Jit Jit;
typedef enum { EMIT_LLVM, EMIT_ASM, EMIT_OBJ } EmitLlvmKind;
/* Writes textual IR, assembly or an object file for the host to path. false and *why (arena string) on failure. */
bool emit_llvm_file(const LProgram *, EmitLlvmKind, const char *path, char **why);
/* Compiles the program in memory. NULL and *why on failure. */
Jit *jit_new(const LProgram *, char **why);
void jit_free(Jit *);
/* The entry's machine code; NULL when the program has no such entry. All take the arguments as arrays of pointers, so that hosts need no struct of
 * their own: int f(const void *const *data, void *const *meta, void *const *grad_or_params, void *outer, void *logs, void *state, int64_t step_or_seed, void *work, mfl_status *)
 * data, meta: one pointer for each leaf in the Problem's order; what an entry does not use may be NULL. */
typedef int JitEntry(const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state, int64_t step_or_seed, void *work, mfl_status *);
JitEntry *jit_entry(Jit *, LEntryKind);
#endif
