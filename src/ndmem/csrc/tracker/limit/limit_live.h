/* What was live when an allocation exceeded a limit, by stack: the arrays that explain an excess may die while the error
 * leaves the functions that hold them. */
#ifndef NDMEM_LIMIT_LIVE_H
#define NDMEM_LIMIT_LIVE_H

#include "tracker/ledger/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    NodeId stack;   /* where the buffers were born; ROOT for those from before tracking */
    uint8_t domain; /* of all of them: a stack has a leaf for each domain */
    size_t count;
    uint64_t nbytes;
} LiveStack;

/* All zeros are an empty list. */
typedef struct {
    LiveStack *stacks;
    size_t count;
} LiveStacks;

/* Whether a buffer of the ledger is to be counted. */
typedef bool (*CountsBuffer)(const void *limit, const void *pointer, uint16_t generation);

/* Replaces a list by the sums of the buffers that `counts` accepts; by an empty one without memory. Inside the tracker lock, also
 * without the GIL. One pass over the ledger. Allocates with malloc only, runs no Python code, never raises. */
void limit_live_take_locked(LiveStacks *live, CountsBuffer counts, const void *limit);

/* Copies a list, which is to be cleared; false without memory. As above. */
bool limit_live_copy_locked(const LiveStacks *live, LiveStacks *copy);

/* Empties a list that no hook reads or writes any more. */
void limit_live_clear(LiveStacks *live);

#endif
