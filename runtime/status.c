/* status.c -- what the codes mean. */
#include "mfl/runtime.h"

const char *mfl_strerror(int code)
{
    switch (code) {
    case MFL_OK: return "no error";
    case MFL_NULL_INPUT: return "an input pointer is NULL";
    case MFL_BAD_WORK: return "the workspace is NULL or not aligned to 64 bytes";
    case MFL_BAD_INDEX: return "an index array holds a value outside its range";
    case MFL_NONFINITE: return "a value is not finite";
    case MFL_NO_ENTRY: return "the problem has no such function";
    case MFL_BAD_COUNT: return "a number of tasks or threads is less than one, no window begins at the step, or a tolerance is not positive";
    case MFL_WRONG_GRADIENT: return "differences disagree with the gradient";
    case MFL_STORE_OPEN: return "a snapshot store cannot be opened, or its path holds a file that is none";
    case MFL_STORE_SAVE: return "a snapshot cannot be saved: no space, an error of the device, or larger than its slot";
    case MFL_STORE_LOAD: return "a snapshot cannot be loaded: never saved, of another size, or cut short";
    case MFL_NO_STORE: return "the schedule keeps states in a store, and the workspace knows none (mfl_use_store)";
    default: return "unknown code";
    }
}
