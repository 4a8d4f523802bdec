/* What a compaction keeps: the buffers that are alive at its end or were alive at a peak, found by reading the events.
 *
 * Allocates by malloc only, runs no Python code, never raises. */
#ifndef NDMEM_COMPACTION_KEPT_H
#define NDMEM_COMPACTION_KEPT_H

#include "tracker/compaction/buffers.h"
#include "tracker/compaction/reading.h"

/* A range of which all events are kept; empty if `end` is 0. */
typedef struct {
    int64_t begin, end;  /* events */
    int64_t first, last; /* numbers of the buffers born in it; `last` is -1 before the first */
} Whole;

enum { WHOLES = 3 }; /* around both peaks, and the latest */

typedef struct {
    int64_t peaks[2]; /* events up to the peak of arrays and to the total one */
    Whole wholes[WHOLES];
    Buffers buffers;        /* alive, or alive at a peak, or dead in a range that is kept whole */
    int64_t born_by[2];     /* births up to each peak */
    int64_t births, events; /* read so far, with those that were left out before */
    int64_t time;           /* nanoseconds of the last clock reading */
} Kept;

/* If `of_events`, all events from `latest` on and around the peaks are kept. */
Kept kept_begin(const JournalHeader *header, bool of_events, int64_t latest);

/* Reads a block of events. False without memory. */
bool kept_find(Kept *kept, Reading *reading);

/* After all blocks: whether the events of a buffer are kept. A buffer that was born later is kept. */
bool kept_stays(const Kept *kept, int64_t number);

#endif
