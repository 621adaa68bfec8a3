/* updates.h -- private to updates.c (graphs of step and learn lines) and update_arguments.c (what stands in their brackets). */
#ifndef MFL_UPDATES_H
#define MFL_UPDATES_H
#include "declare.h"

typedef struct UpdateLine {                          /* one step or learn line, for one target */
    const Decl *line, *rule; Declaration *target; NameAt at;
    Val *arg;                                  /* one per formal argument */
    const Expr **arg_at;
    int first_state;
} UpdateLine;
typedef struct UpdateBuild { Front *f; Vec(UpdateLine) lines; bool learn; } UpdateBuild;

/* ---- update_arguments.c; false: reported ---- */
bool update_match_arguments(UpdateBuild *, UpdateLine *);        /* which formal each argument stands for */
bool update_eval_arguments(UpdateBuild *, UpdateLine *);         /* their values; a record that goes with what the line moves has its fields in that order */
Scope *update_outside(Front *, const Decl *rule);                /* what a rule sees beside its arguments: the library's rules see the library alone */
#endif
