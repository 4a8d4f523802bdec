/* The records of the call tree's nodes in a recording's journal: each is written when the first buffer is born there. */
#ifndef NDMEM_RECORDS_H
#define NDMEM_RECORDS_H

#include "tracker/recording/recording.h"

/* Writes the node's record with those of its callers and their code objects' names. Allocates by malloc and mmap only,
 * never raises; without space it returns the record of a caller. Kept out of the hot path: it runs once for each stack. */
__attribute__((noinline)) NodeRecord *records_add_locked(Recording *recording, NodeId id);

/* Writes the record of all stacks that have none of their own. False without memory. */
bool records_add_other_locked(Recording *recording);

static inline NodeRecord *records_of_locked(Recording *recording, NodeId id)
{
    ASSERT_LOCKED();
    NodeRecord *record = recording_node(recording, id);
    return __builtin_expect(record != NULL, 1) ? record : records_add_locked(recording, id);
}

#endif
