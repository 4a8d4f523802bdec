/* Reads, for a compaction, the blocks of events or of details that were there when it began, block by block.
 *
 * Between two slices nothing is mapped: blocks may be added and removed meanwhile, so the next one is found by its number.
 * Allocates by mmap only, runs no Python code, never raises. */
#ifndef NDMEM_COMPACTION_READING_H
#define NDMEM_COMPACTION_READING_H

#include "tracker/journal/journal_compacted.h"

typedef struct {
    Journal *journal;
    BlockType type;
    uint64_t next, end;      /* numbers: of the next block to be read, and of the first that is not read */
    const BlockHeader *seen; /* the block that is read, NULL between two */
    uint32_t block;          /* its index */
    uint64_t at;             /* its bytes that were read */
    uint64_t records;        /* read so far, of all blocks */
    bool failed;
} Reading;

/* All blocks of the type that are finished; `last` is the number of the last of them, 0 if there are none. */
Reading reading_begin(Journal *journal, BlockType type, uint64_t *last);

/* Maps the next block; false after the last, or if it cannot be mapped. Leave the one before first. */
bool reading_enter_block(Reading *reading);
void reading_leave_block(Reading *reading);

/* The next record of the block, NULL after its last. */
const EventRecord *reading_event(Reading *reading);
const TextHeader *reading_text(Reading *reading);

#endif
