/* run.h -- private to mflc run: the state of meta-training, shared by run.c (the loop), checkpoint.c (going on from a file) and verify.c (differences). */
#ifndef MFL_RUN_H
#define MFL_RUN_H
#include "driver.h"

typedef struct Run {
    Session  s;
    Options *o;
    int64_t  step, steps;          /* outer steps done, and wanted */
    int64_t  windows;              /* `truncate`: outer steps that take one window each and go once through the inner loop together; else 0 */
    void   **grad;
    double  *loss;                 /* outer loss before each outer step; loss[step]: now. `room` numbers, on the heap */
    int64_t  room;
    double   before;               /* outer loss before the first outer step: with windows it is the whole loop's, and loss[0] the first window's */
    double   began;
    double  *logs;
    FILE    *log;
    bool     skipping;             /* the last outer step was skipped */
    int64_t  skipped;              /* how many were, since the run began or went on */
    const char *path;              /* of the checkpoint, from the first one on; likewise: */
    uint64_t program_hash, data_hash;      /* of the loop IR, of the numbers that are bound */
} Run;
void        run_room(Run *, int64_t steps);              /* makes place for loss[0..steps] */
int         checkpoint_save(Run *);                      /* -1, or an exit code: reported */
int         checkpoint_resume(Run *);                    /* from o->resume */
int         log_open(Run *);                             /* a new one, or the resumed run's up to its checkpoint */
int         verify_gradient(Run *);                      /* --verify: r->grad against differences at the present meta variables */
#endif
