/* The blocks of a journal: mapped and filled one after the other. journal_compacted.h replaces them in a compaction.
 *
 * All functions read and write only the journal that they are given, which the caller guards as journal.h says. They
 * allocate by mmap and malloc only, run no Python code and never raise. */
#ifndef NDMEM_JOURNAL_BLOCKS_H
#define NDMEM_JOURNAL_BLOCKS_H

#include "tracker/journal/journal.h"

/* Small enough that its zeros are still in the processor's cache when events are written over them. */
#define JOURNAL_MAX_BLOCK (UINT64_C(128) << 10)

/* Distance between the numbers of two blocks: a compaction numbers its blocks after the last one that they replace. */
#define JOURNAL_SEQUENCE_STEP (UINT64_C(1) << 20)

/* Whether compaction applies to blocks of this type. */
static inline bool journal_is_compactable(BlockType type) { return type == EVENTS || type == DETAILS; }

/* Bytes that the blocks of such a type take, and the number of its latest compaction. */
static inline uint64_t *journal_room_of(Journal *journal, BlockType type)
{
    return type == EVENTS ? &journal->events_nbytes : &journal->details_nbytes;
}

static inline uint64_t *journal_compaction_of(const Journal *journal, BlockType type)
{
    return type == EVENTS ? &journal->header->compaction : &journal->header->details_compaction;
}

/* Whether the descriptor still is that of the journal's file. False with errno set. */
bool journal_is_our_file(const Journal *journal);

/* Maps the header of a journal whose file is set, and notes which file that is. False with errno set. */
bool journal_map_header(Journal *journal);

/* Unmaps the header and all blocks. */
void journal_unmap_all(Journal *journal);

/* A new block that counts, for at least `nbytes`; NULL without disk space, and from then on always. */
BlockHeader *journal_open_block(Journal *journal, BlockType type, uint64_t nbytes);

/* The same for a block that counts from a compaction on and has the given number. Without disk space the journal goes on. */
BlockHeader *journal_add_block(Journal *journal, BlockType type, uint64_t nbytes, uint64_t compaction, uint64_t sequence);

/* Unmaps a full block of events or details, if it is in a file. */
void journal_finish_block(Journal *journal, BlockHeader *block);

/* Capacity of the block after this one. */
uint64_t journal_next_nbytes(const BlockHeader *block);

#endif
