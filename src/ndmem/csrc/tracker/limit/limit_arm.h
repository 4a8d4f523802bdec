/* Arm a limit, set its budget, disarm it. limit.h has what limits count and refuse. */
#ifndef NDMEM_LIMIT_ARM_H
#define NDMEM_LIMIT_ARM_H

#include "tracker/limit/limit.h"

/* Begins to count, with no budget yet: all buffers that the ledger knows, or those born from now on. `complete` receives
 * whether those from before tracking were adopted for another limit. Needs the GIL; allocates by malloc. 0, or -1 with a
 * Python exception set. */
int limit_arm(Limit *limit, bool all, size_t threshold, bool *complete);

/* Sets the budget, in bytes, and notes it in the recordings. Needs the GIL; allocates by malloc and mmap, does not raise. */
void limit_enforce(Limit *limit, int64_t budget);

/* Disarms a limit; harmless when it is not armed. Needs the GIL; may run Python code. Does not raise. */
void limit_disarm(Limit *limit);

/* Needs the GIL. */
bool limit_is_armed(const Limit *limit);

/* --- Called by the tracker, inside the tracker lock, with the GIL; these allocate nothing and never raise --------------- */

/* For renumbering generations: the number of limits that began in one or before, and the new numbers. */
unsigned limit_count_until_locked(uint16_t generation);
void limit_renumber_locked(const uint16_t *rank);

/* The lowest budget in force for all arrays of the process, in bytes; -1 if there is none. Limits that count the
 * pages in RAM are left out: what may be allocated under them is unknown. */
int64_t limit_lowest_locked(void);

/* In the child of a fork no limit applies. */
void limit_forget_locked(void);

#endif
