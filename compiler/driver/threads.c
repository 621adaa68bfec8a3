/* threads.c -- threads whose stack is as deep as this compiler and its machine code may need, whatever the shell's ulimit -s is. */
#include "driver.h"

/* The front end's limit is 200 nested parentheses, blocks or calls; under the sanitizers a frame of the passes takes some kilobytes. */
enum { STACK_BYTES = 64 << 20 };

int thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    pthread_attr_t attr;
    int code = pthread_attr_init(&attr);
    if (code)
        return code;
    code = pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (!code)
        code = pthread_create(thread, &attr, run, argument);
    pthread_attr_destroy(&attr);
    return code;
}
