/* mfl/checkpoint.h -- schedules of saved states, decided while a loop runs: generated code asks before each step.
 *
 * Steps and slots are numbers from 0; -1 says none. */
#ifndef MFL_CHECKPOINT_H
#define MFL_CHECKPOINT_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Which states a loop saves and where its reverse sweep restarts; see runtime/checkpoint.c. table: inner + 1 numbers, table[0] = 0 at first.
 * base: the slot of the base state before step t, which the first sweep saves; -1 when t begins no segment. No step from `last` on has one.
 * save: called before step t is run on the way to step `last`, the next to be reversed, whose own state is at hand then: the inner slot that the state goes to, or -1.
 * from: the step whose saved state the way to step t starts at, and slot: where that is. Where the base states lie in a store, `bases` is 0 and `base` of that step
 * tells which of them to load, or -1: an inner slot. */
int mfl_checkpoint_base(int t, int last, int period);
int mfl_checkpoint_save(int32_t *table, int t, int last, int period, int bases, int inner);
int mfl_checkpoint_from(int32_t *table, int t, int period);
int mfl_checkpoint_slot(const int32_t *table, int from, int period, int bases);
#ifdef __cplusplus
}
#endif
#endif
