/* Whether Python's garbage collector is running: what dies meanwhile was held by a cycle of references alone. */
#ifndef NDMEM_COLLECTOR_H
#define NDMEM_COLLECTOR_H

#include <stdbool.h>

/* The flag of the main interpreter's collector, or 0 until `collector_open`. There is no call that asks for it, and
 * `gc.callbacks` would be seen by the program. layout_check has compared its offset. */
extern const int *collector_flag;

/* Needs the GIL. */
void collector_open(void);

/* Needs the GIL. True also in a finalizer that the collector runs. */
static inline bool collector_runs(void) { return __builtin_expect(*collector_flag, 0); }

#endif
