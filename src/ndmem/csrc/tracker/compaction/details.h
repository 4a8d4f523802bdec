/* Copies details into the blocks of a compaction: the origins of the buffers that are kept, and those of their sightings
 * that a report can still ask for.
 *
 * Allocates by malloc and mmap only, runs no Python code, never raises. */
#ifndef NDMEM_COMPACTION_DETAILS_H
#define NDMEM_COMPACTION_DETAILS_H

#include "tracker/compaction/kept.h"

typedef struct {
    Journal *journal;
    Kept *kept;
    Compacted compacted;
    int64_t peaks[2]; /* at the time the sightings are read: later peaks come after all of them */
} DetailCopy;

DetailCopy detail_copy_begin(Journal *journal, Kept *kept, uint64_t last);

/* Reads a block of details, to find which sightings of each buffer are kept. False without memory. */
bool detail_copy_find(DetailCopy *copy, Reading *reading);

/* After all blocks: reads one again and writes the details that are kept. False without disk space. */
bool detail_copy(DetailCopy *copy, Reading *reading);

#endif
