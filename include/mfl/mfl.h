/* mfl/mfl.h -- the compiler inside a program: a problem from a file or from text becomes machine code in memory, which is found by name and called. C99; C++ may include it.
 *
 * Link with libmflc (pkg-config --libs mflc; CMake: mfl::compiler). The module's functions are those of the C that `mflc build` writes, with the same tests of what
 * comes in, the same rules for NULL, memory and threads (docs/interface.md), and the same bits; how to call them without a header is in mfl/problem.h.
 *
 *     char *messages;
 *     mfl_module *m = mfl_compile_file("ridge.mfl", (const char *[]){ "-D", "N=3", "--real=double", NULL }, &messages);
 *     if (!m) { fputs(messages, stderr); mfl_free_messages(messages); return 1; }
 *     const mfl_problem *p = mfl_module_problem(m);
 *     p->hypergradient(data, meta, gradient, &outer, NULL, NULL, 0, work, &status);
 *
 * Nothing here prints, exits or aborts. Compiling takes memory from malloc and gives it back; what is compiled takes none. One thread compiles at a time, others
 * wait; the functions of modules may be called at any time. */
#ifndef MFL_MFL_H
#define MFL_MFL_H
#include "problem.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct mfl_module mfl_module;

/* Compiles the problem in the file, or the one whose text is given; then `name` is what messages call it, and files that it names are relative to the folder of
 * that name. options: words as for `mflc build`, NULL behind the last; or NULL. Taken are -D, --from and --data (for the sizes), --real, --mode, --schedule, --loops,
 * --memory, --seed and --guard.
 * Returns the module, owned by the caller until mfl_module_free; or NULL: the problem or an option is wrong, or memory is short. *messages, unless messages is NULL, is then what
 * mflc would have printed, lines with place and caret; also on success, when there are warnings; else NULL. The caller frees it with mfl_free_messages. */
mfl_module *mfl_compile_file(const char *path, const char *const *options, char **messages);
mfl_module *mfl_compile_text(const char *name, const char *text, const char *const *options, char **messages);
void mfl_free_messages(char *messages);                                /* NULL: nothing */

/* Names, shapes and sizes, and the functions; lives as long as the module. */
const mfl_problem *mfl_module_problem(const mfl_module *);
/* The function or descriptor of the header that has this name ("ridge_hypergradient", "ridge_problem"), to be cast to what the header declares; NULL: there is none. */
void *mfl_module_symbol(const mfl_module *, const char *name);
/* Frees the machine code: none of its functions may be running, and the descriptor is gone. NULL: nothing. */
void mfl_module_free(mfl_module *);
#ifdef __cplusplus
}
#endif
#endif
