/* console.h -- where characters go: standard output on a host, the debugger (semihosting) on a Cortex-M. */
#ifndef CONSOLE_H
#define CONSOLE_H
#ifdef HOST
#include <stdio.h>
static inline void console_write(const char *text) { fputs(text, stdout); }
#else
/* One request to the debugger; see Arm's "Semihosting for AArch32 and AArch64". */
static inline int semihost(int request, const void *argument)
{
    register int r0 __asm__("r0") = request;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
static inline void console_write(const char *text) { semihost(4, text); }          /* SYS_WRITE0 */
#endif
#endif
