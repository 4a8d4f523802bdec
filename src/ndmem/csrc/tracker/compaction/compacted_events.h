/* Writes the events that a compaction keeps into its blocks, with marks in place of the others.
 *
 * Allocates by malloc and mmap only, runs no Python code, never raises. */
#ifndef NDMEM_COMPACTED_EVENTS_H
#define NDMEM_COMPACTED_EVENTS_H

#include "tracker/compaction/kept.h"

/* What was left out since the last record that was written, up to a moment. */
typedef struct {
    int64_t births, deaths, live, native, time;
} Left;

typedef struct {
    Journal *journal;
    const Kept *kept;
    Compacted compacted;
    Left now, highest;       /* up to now, and up to the moment at which most was alive */
    int64_t written_time;    /* of the last clock reading that was written */
    int64_t tick, next_tick; /* nanoseconds between clock readings that end a mark, and the next one */
    int64_t births, native, time, live; /* after the events read so far */
    Buffers blocks;          /* native ones that are alive */
} EventCopy;

EventCopy event_copy_begin(Journal *journal, const Kept *kept, uint64_t last);

/* Reads a block of events, which will be replaced. False without disk space. */
bool event_copy(EventCopy *copy, Reading *reading);

/* After the last block. False without disk space. */
bool event_copy_end(EventCopy *copy);

#endif
