/* The buffers that one thread allocated, for a limit of that thread alone: the ledger does not know the thread of a small
 * buffer.
 *
 * The functions that end in `_locked` are called inside the tracker lock, also without the GIL. All of them allocate by malloc only,
 * run no Python code and never raise. */
#ifndef NDMEM_LIMIT_OWN_H
#define NDMEM_LIMIT_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Addresses by open addressing; all zeros are an empty set. */
typedef struct {
    uint64_t *addresses; /* 0 is a free place */
    size_t mask, count;
} OwnBuffers;

/* False without memory: the buffer is not counted. */
bool limit_own_add_locked(OwnBuffers *own, const void *pointer);

bool limit_own_has_locked(const OwnBuffers *own, const void *pointer);

/* Takes out a buffer that is there. */
void limit_own_remove_locked(OwnBuffers *own, const void *pointer);

/* Empties a set that no hook reads any more. */
void limit_own_clear(OwnBuffers *own);

#endif
