/* llvm_module.h -- private to the LLVM emitter. */
#ifndef MFL_LLVM_MODULE_H
#define MFL_LLVM_MODULE_H
#include "emit.h"
#include <llvm-c/Core.h>

/* The whole program as a module: functions entry_NAME for entries, phase_NAME inside. Elementwise functions are declared only. */
LLVMModuleRef llvm_module(const LProgram *, LLVMContextRef);
/* Around them, for other programs: what NAME.h declares, and the descriptor. The entries are then seen by nobody else. */
void llvm_interface(const LProgram *, LLVMContextRef, LLVMModuleRef);
bool place_is_one_nest(const LStmt *);           /* lower/place.c: is everything in this statement alive at once? */
#endif
