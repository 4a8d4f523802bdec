/* The blocks of events and details that a compaction reads, and those that it writes.
 *
 * Each compaction has a number. The blocks that it writes have this number and count as soon as the journal's header has it
 * too, which is one store. Before that store, the blocks that it replaces get the number as the one from which they no longer
 * count. Blocks that are begun meanwhile count before and after. So the journal is valid at each store.
 *
 * The caller guards the journal, as journal.h says. */
#ifndef NDMEM_JOURNAL_COMPACTED_H
#define NDMEM_JOURNAL_COMPACTED_H

#include "tracker/journal/journal_blocks.h"

/* Whether a block counts: not yet that of a compaction that is under way, no longer one that was replaced. */
static inline bool journal_counts(const Journal *journal, const Block *block)
{
    if (!journal_is_compactable(block->type))
        return true;
    uint64_t latest = *journal_compaction_of(journal, block->type);
    return block->compaction <= latest && (block->replaced == 0 || latest < block->replaced);
}

/* Index of the first block with this number or a higher one; `block_count` if there is none. */
uint32_t journal_find(const Journal *journal, uint64_t sequence);

/* Maps a block for reading; NULL if that fails. Unmap it by journal_leave. */
const BlockHeader *journal_look(const Journal *journal, const Block *block);
void journal_leave(const Block *block, const BlockHeader *seen);

/* Begins a new block though the present one is not full, so that a compaction can read all records. False without disk
 * space. */
bool journal_begin_block(Journal *journal, BlockType type);

/* The blocks that a compaction writes. */
typedef struct {
    BlockType type;
    uint64_t compaction, sequence; /* its number, and that of its last block */
    BlockHeader *last;       /* NULL before the first block */
} Compacted;

/* A compaction that replaces blocks up to this number. */
Compacted journal_begin_compaction(Journal *journal, BlockType type, uint64_t last);

/* Space for `nbytes` at the end of what the compaction writes, NULL without disk space; commit them to `last`. */
void *journal_room_in_compaction(Journal *journal, Compacted *compacted, uint64_t nbytes);

/* Marks a block as replaced by a compaction. False if that cannot be written. */
bool journal_replace(Journal *journal, Block *block, const Compacted *compacted);

/* Makes the blocks of a compaction count in place of those that it replaced. */
void journal_use_compaction(Journal *journal, Compacted *compacted);

/* Discards a compaction: its blocks will not count, whichever compaction follows. */
void journal_drop_compaction(Journal *journal, Compacted *compacted);

/* Recycles the blocks that do not count: those of a file will be filled again. Unmaps at most `most`; true if there are no
 * more. Not while the journal is pinned, or while a compaction copies. */
bool journal_retire(Journal *journal, unsigned most);

#endif
