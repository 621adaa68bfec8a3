/* jit.c -- machine code: the module with the elementwise functions linked in, run by ORC, or written to a file. What runs here is made for
 * this processor; a file is for every processor of this architecture, since it may go elsewhere, unless the caller says otherwise. Both give the same bits. */
#include "llvm_module.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>

extern const char vmath_bc_start[], vmath_bc_end[];

struct Jit { LLVMOrcLLJITRef lljit; JitEntry *entry[LE_KINDS]; };

static LLVMTargetMachineRef machine(LLVMCodeModel model, bool native)
{
    char *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures(), *error = NULL;
    const char *any = strncmp(triple, "x86_64", 6) ? "generic" : "x86-64";
    LLVMTargetRef target;
    LLVMTargetMachineRef tm = NULL;
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    if (!LLVMGetTargetFromTriple(triple, &target, &error))
        tm = LLVMCreateTargetMachine(target, triple, native ? cpu : any, native ? features : "", LLVMCodeGenLevelDefault, LLVMRelocPIC, model);
    LLVMDisposeMessage(triple);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
    if (error)
        LLVMDisposeMessage(error);
    return tm;
}

static char *say(const LProgram *p, const char *what, char *message)
{
    char *why = arena_printf(p->arena, "%s: %s", what, message ? message : "");
    if (message)
        LLVMDisposeMessage(message);
    return why;
}

/* The bodies of mflx_*: visible to the inliner, compiled for the same machine as everything else, and gone where they are not used. */
static bool link_math(LLVMModuleRef m, LLVMContextRef c)
{
    LLVMMemoryBufferRef buf = LLVMCreateMemoryBufferWithMemoryRange(vmath_bc_start, (size_t)(vmath_bc_end - vmath_bc_start), "vmath", 0);
    LLVMModuleRef math;
    if (LLVMParseBitcodeInContext2(c, buf, &math)) {
        LLVMDisposeMemoryBuffer(buf);
        return false;
    }
    LLVMDisposeMemoryBuffer(buf);
    unsigned inl = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
    for (LLVMValueRef f = LLVMGetFirstFunction(math); f; f = LLVMGetNextFunction(f)) {
        static const char *const drop[] = { "target-cpu", "target-features", "tune-cpu" };
        for (int k = 0; k < 3; k++)
            LLVMRemoveStringAttributeAtIndex(f, LLVMAttributeFunctionIndex, drop[k], (unsigned)strlen(drop[k]));
        if (!LLVMIsDeclaration(f))
            LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(c, inl, 0));
    }
    LLVMSetTarget(math, LLVMGetTarget(m));
    LLVMSetDataLayout(math, LLVMGetDataLayoutStr(m));
    if (LLVMLinkModules2(m, math))
        return false;
    for (LLVMValueRef f = LLVMGetFirstFunction(m); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f) && !strncmp(LLVMGetValueName(f), "mflx_", 5))
            LLVMSetLinkage(f, LLVMInternalLinkage);
    return true;
}

/* Remarks and warnings (a loop that did not become vector code) are not for users of mflc; errors come back as results. */
static void stay_silent(LLVMDiagnosticInfoRef info, void *user)
{
    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError)
        return;
    char *text = LLVMGetDiagInfoDescription(info);
    fprintf(messages(), "mflc: LLVM: %s\n", text);
    LLVMDisposeMessage(text);
}

static LLVMModuleRef optimised(const LProgram *p, LLVMContextRef c, LLVMTargetMachineRef tm, bool interface, char **why)
{
    char *message = NULL;
    LLVMContextSetDiagnosticHandler(c, stay_silent, NULL);
    LLVMModuleRef m = llvm_module(p, c);
    if (interface)
        llvm_interface(p, c, m);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(tm);
    char *triple = LLVMGetTargetMachineTriple(tm);
    LLVMSetModuleDataLayout(m, layout);
    LLVMSetTarget(m, triple);
    LLVMDisposeTargetData(layout);
    LLVMDisposeMessage(triple);
    bool ok = link_math(m, c);
    if (!ok || LLVMVerifyModule(m, LLVMReturnStatusAction, &message)) {
        *why = say(p, "the module is not sound", message);
        LLVMDisposeModule(m);
        return NULL;
    }
    LLVMDisposeMessage(message);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMPassBuilderOptionsSetSLPVectorization(options, 0);
    LLVMPassBuilderOptionsSetLoopUnrolling(options, 0);   /* loops have constant, often small, trip counts: unrolling all of them multiplies the time to compile */
    LLVMErrorRef error = LLVMRunPasses(m, "default<O3>", tm, options);
    LLVMDisposePassBuilderOptions(options);
    if (error) {
        char *text = LLVMGetErrorMessage(error);
        *why = arena_printf(p->arena, "optimising failed: %s", text);
        LLVMDisposeErrorMessage(text);
        LLVMDisposeModule(m);
        return NULL;
    }
    return m;
}

bool emit_llvm(const LProgram *p, EmitLlvmKind kind, bool native, Buf *out, char **why)
{
    LLVMContextRef c = LLVMContextCreate();
    LLVMTargetMachineRef tm = machine(LLVMCodeModelDefault, native);
    LLVMModuleRef m = optimised(p, c, tm, true, why);
    char *message = NULL;
    LLVMMemoryBufferRef code = NULL;
    bool ok = m != NULL;
    if (m && kind == EMIT_LLVM) {
        char *text = LLVMPrintModuleToString(m);
        buf_puts(out, text);
        LLVMDisposeMessage(text);
    } else if (m) {
        ok = !LLVMTargetMachineEmitToMemoryBuffer(tm, m, kind == EMIT_ASM ? LLVMAssemblyFile : LLVMObjectFile, &message, &code);
        if (ok)
            buf_put(out, LLVMGetBufferStart(code), LLVMGetBufferSize(code));
        else
            *why = say(p, "no code can be made of it", message);
    }
    if (code)
        LLVMDisposeMemoryBuffer(code);
    if (m)
        LLVMDisposeModule(m);
    LLVMDisposeTargetMachine(tm);
    LLVMContextDispose(c);
    return ok;
}

static bool failed(const LProgram *p, LLVMErrorRef e, char **why)
{
    if (!e)
        return false;
    char *text = LLVMGetErrorMessage(e);
    *why = arena_printf(p->arena, "%s", text);
    LLVMDisposeErrorMessage(text);
    return true;
}

Jit *jit_new(const LProgram *p, bool interface, char **why)
{
    static const char *const name[LE_KINDS] = { "init", "adapt", "value", "hypergradient", "learn_init", "learn", "hypergradient_window" };
    LLVMTargetMachineRef tm = machine(LLVMCodeModelJITDefault, true);
    LLVMOrcThreadSafeContextRef tsc = LLVMOrcCreateNewThreadSafeContext();
    LLVMModuleRef m = optimised(p, LLVMOrcThreadSafeContextGetContext(tsc), tm, interface, why);
    if (!m) {
        LLVMOrcDisposeThreadSafeContext(tsc);
        LLVMDisposeTargetMachine(tm);
        return NULL;
    }
    Jit *j = calloc(1, sizeof *j);
    LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(builder, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(tm));
    if (!j || failed(p, LLVMOrcCreateLLJIT(&j->lljit, builder), why)) {
        free(j);
        return NULL;
    }
    LLVMOrcJITDylibRef dylib = LLVMOrcLLJITGetMainJITDylib(j->lljit);
    LLVMOrcDefinitionGeneratorRef process;
    if (failed(p, LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&process, LLVMOrcLLJITGetGlobalPrefix(j->lljit), NULL, NULL), why)) {
        jit_free(j);
        return NULL;
    }
    LLVMOrcJITDylibAddGenerator(dylib, process);
    LLVMErrorRef e = LLVMOrcLLJITAddLLVMIRModule(j->lljit, dylib, LLVMOrcCreateNewThreadSafeModule(m, tsc));
    LLVMOrcDisposeThreadSafeContext(tsc);
    if (failed(p, e, why)) {
        jit_free(j);
        return NULL;
    }
    for (int k = 0; k < p->entries.n && !interface; k++) {
        char symbol[64];
        LLVMOrcExecutorAddress at;
        snprintf(symbol, sizeof symbol, "entry_%s", name[p->entries.at[k].kind]);
        if (failed(p, LLVMOrcLLJITLookup(j->lljit, &at, symbol), why)) {
            jit_free(j);
            return NULL;
        }
        j->entry[p->entries.at[k].kind] = (JitEntry *)(uintptr_t)at;
    }
    return j;
}

void jit_free(Jit *j)
{
    if (!j)
        return;
    LLVMErrorRef e = LLVMOrcDisposeLLJIT(j->lljit);
    if (e)
        LLVMConsumeError(e);
    free(j);
}

JitEntry *jit_entry(Jit *j, LEntryKind k) { return j->entry[k]; }

void *jit_symbol(Jit *j, const char *name)
{
    LLVMOrcExecutorAddress at = 0;
    LLVMErrorRef e = LLVMOrcLLJITLookup(j->lljit, &at, name);
    if (e)
        LLVMConsumeError(e);
    return e ? NULL : (void *)(uintptr_t)at;
}
