/* c99.h -- private to emit/: what c99.c (statements) and c99_interface.c (what the caller sees) share. */
#ifndef MFL_C99_H
#define MFL_C99_H
#include "emit.h"

typedef struct C {
    const LProgram *p;
    Buf *o;                                       /* where text goes now */
    const char *name, *real, *suffix;             /* of the problem; the real type in C, and its suffix in the runtime's function names */
    char *upper;
    LEntryKind kind;                              /* of the entry that is being printed, or whose phase is */
    bool uses_data, uses_meta, uses_out, uses_work, uses_step, uses_carried;     /* arguments of the function that is being printed */
} C;

enum { C99_ADD = LE_KINDS, C99_TASKS };      /* functions made of entries, numbered behind them */

void c99_say(C *, const char *template);        /* text in which @ is the problem's name, ^ the same in capitals, $ the real type */
bool c99_one_of(const char *const *list, const char *text, size_t n);
void c99_indent(C *, int n);
const char *c99_field(const C *, const char *dotted);      /* a leaf's name as C struct members: words of C and C++ get a `_` behind, which no MFL name has */
void c99_uses_of(C *, const LFunc *);
void c99_locals(C *, const LFunc *);
void c99_block(C *, const LBlock *, int n);
void c99_prototype(C *, int function);           /* with its comment; an LEntryKind, or one of the above */
void c99_inputs(C *);
void c99_entry(C *, const LEntry *);
void c99_tasks(C *);
void c99_header(C *);
void c99_structs_of(C *);
void c99_descriptor(C *);
#endif
