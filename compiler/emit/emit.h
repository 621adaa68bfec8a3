/* emit.h -- from the loop IR to text and to machine code. */
#ifndef MFL_EMIT_H
#define MFL_EMIT_H
#include "lir.h"
#include "mfl/runtime.h"

typedef struct C99Options {
    bool     check;                   /* with NAME_check, the gradient against differences */
    bool     own_memory;              /* NAME_main uses NAME_static */
    uint64_t seed;                    /* of NAME_main */
} C99Options;
/* NAME.c and NAME.h (design section 3). Deterministic; the same bytes for the same program. */
void emit_c99(const LProgram *, const C99Options *, Buf *c, Buf *h);
/* NAME_static.c and NAME_static.h */
void emit_c99_static(const LProgram *, const C99Options *, Buf *c, Buf *h);
/* NAME_main.c */
typedef struct C99Numbers {
    int64_t tasks;                    /* 1 without task data */
    void *const *data;                /* the numbers of each data array, of task data all tasks' behind one another; NULL: simple ones, of one task */
    void *const *meta;                /* of each meta array that is bound, else NULL; NULL: none is */
} C99Numbers;
void emit_c99_main(const LProgram *, const C99Options *, const C99Numbers *, Buf *c);

/* NAME.py, a module for NumPy over libNAME.so. */
void emit_python(const LProgram *, Buf *);

/* LLVM: a module built through the C API from the same tree, run with ORC or put out as text, assembly or an object file. */
typedef struct Jit Jit;
typedef enum { EMIT_LLVM, EMIT_ASM, EMIT_OBJ } EmitLlvmKind;
/* Appends the form to out: native, for this machine's processor alone; else for each processor of its architecture. false and *why (arena string) on failure. */
bool emit_llvm(const LProgram *, EmitLlvmKind, bool native, Buf *out, char **why);
/* Compiles the program in memory, for this machine's processor: its bare entries, or with interface what NAME.h declares. NULL and *why on failure. */
Jit *jit_new(const LProgram *, bool interface, char **why);
void jit_free(Jit *);
void *jit_symbol(Jit *, const char *name);                /* entry_F of each function F that is_entry; with interface: a function or the descriptor of NAME.h; NULL: none */
/* The entry's machine code; NULL when the program has no such entry. All take the arguments as arrays of pointers, so that hosts need no struct of
 * their own: int f(const void *const *data, void *const *meta, void *const *grad_or_params, void *outer, void *logs, void *state, int64_t step_or_seed, void *work, mfl_status *)
 * data, meta: one pointer for each leaf in the Problem's order; what an entry does not use may be NULL. */
typedef int JitEntry(const void *const *data, void *const *meta, void *const *out, void *outer, void *logs, void *state, int64_t step_or_seed, void *work, mfl_status *);
JitEntry *jit_entry(Jit *, LEntryKind);
#endif
