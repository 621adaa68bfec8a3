/* start.c -- from reset to main on a Cortex-M4F: vector table, floating-point unit on, .data copied, .bss cleared; the result of main goes to the debugger. */
#include <stdint.h>
#include "console.h"

extern uint32_t stack_top, data_from, data_begin, data_end, bss_begin, bss_end;
int main(void);

static void leave(int code)
{
    const uint32_t why[2] = { 0x20026, (uint32_t)code };                           /* ADP_Stopped_ApplicationExit */
    semihost(0x20, why);                                                           /* SYS_EXIT_EXTENDED */
    for (;;)
        ;
}

void reset(void)
{
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;                                /* CPACR: full access to the FPU */
    __asm__ volatile("dsb\n\tisb");
    uint32_t *to = &data_begin;
    for (const uint32_t *from = &data_from; to < &data_end;)
        *to++ = *from++;
    for (to = &bss_begin; to < &bss_end;)
        *to++ = 0;
    leave(main());
}

static void fault(void) { leave(3); }

typedef void Handler(void);
__attribute__((section(".vectors"), used)) static Handler *const vectors[16] = {
    (Handler *)&stack_top, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault
};
