/* mfl/status.h -- what every function returns and says: a code, and in mfl_status where and what.
 *
 * The status is the caller's and may be NULL. Codes are 0 or positive; 0 is success. */
#ifndef MFL_STATUS_H
#define MFL_STATUS_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

enum {
    MFL_OK = 0,
    MFL_NULL_INPUT,            /* an input pointer is NULL; name says which */
    MFL_BAD_WORK,              /* the workspace is NULL or not aligned to 64 bytes */
    MFL_BAD_INDEX,             /* an index array holds a value outside its range; name and value say which */
    MFL_NONFINITE,             /* a NaN or an infinity appeared */
    MFL_NO_ENTRY,              /* the problem has no such function (no learn line) */
    MFL_BAD_COUNT,             /* a number of tasks or threads is less than one, a step no window begins at, or a tolerance that is not positive; name says which */
    MFL_WRONG_GRADIENT,        /* differences disagree with the gradient in array `name`, by `value` relative to its terms */
    MFL_STORE_OPEN,            /* a snapshot store cannot be opened, or its path holds a file that is none */
    MFL_STORE_SAVE,            /* a snapshot cannot be saved: no space, an error of the device, or larger than its slot */
    MFL_STORE_LOAD,            /* a snapshot cannot be loaded: never saved, of another size, or cut short */
    MFL_NO_STORE               /* the schedule needs a store and the workspace knows none: mfl_use_store */
};
typedef struct mfl_status {
    int         code;          /* 0, or one of the above */
    int64_t     step;          /* inner step, or -1 */
    int64_t     task;          /* in _tasks: the task, from 0; or -1 */
    int         line;          /* of the .mfl file, or 0 */
    const char *name;          /* of the array concerned, or NULL; static text */
    double      value;         /* the offending value, if any */
} mfl_status;
static inline int mfl_ok(mfl_status *s)
{
    if (s) {
        s->code = MFL_OK;
        s->step = s->task = -1;
        s->line = 0;
        s->name = NULL;
        s->value = 0;
    }
    return MFL_OK;
}
static inline int mfl_fail(mfl_status *s, int code, const char *name, double value)
{
    if (s) {
        s->code = code;
        s->step = s->task = -1;
        s->line = 0;
        s->name = name;
        s->value = value;
    }
    return code;
}
const char *mfl_strerror(int code);                        /* static text, never NULL */
#ifdef __cplusplus
}
#endif
#endif
