#define _GNU_SOURCE /* pwrite, MAP_POPULATE */
#include "tracker/journal/journal_compacted.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef MAP_POPULATE
#define POPULATE MAP_POPULATE
#else
#define POPULATE 0
#endif

/* --- Reading ------------------------------------------------------------------------------------------------ */

uint32_t journal_find(const Journal *journal, uint64_t sequence)
{
    uint32_t low = 0, high = journal->block_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (journal->blocks[middle].sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const BlockHeader *journal_look(const Journal *journal, const Block *block)
{
    if (block->at)
        return block->at;
    if (!journal_is_our_file(journal))
        return NULL;
    /* Populated at once: a page fault takes as long as reading a page's events. */
    void *at = mmap(NULL, block->nbytes, PROT_READ, MAP_SHARED | POPULATE, journal->file, (off_t)block->offset);
    return at == MAP_FAILED ? NULL : at;
}

void journal_leave(const Block *block, const BlockHeader *seen)
{
    if (seen != block->at)
        munmap((void *)seen, block->nbytes);
}

/* --- Writing ------------------------------------------------------------------------------------------------ */

bool journal_begin_block(Journal *journal, BlockType type)
{
    BlockHeader **filled = type == EVENTS ? &journal->events : &journal->details;
    if (journal->full)
        return false;
    journal->sequence += JOURNAL_SEQUENCE_STEP;
    BlockHeader *next = journal_add_block(journal, type, 0, *journal_compaction_of(journal, type), journal->sequence);
    if (next == NULL)
        return false;
    journal_finish_block(journal, *filled);
    *filled = next;
    return true;
}

Compacted journal_begin_compaction(Journal *journal, BlockType type, uint64_t last)
{
    return (Compacted){.type = type, .compaction = ++journal->compaction, .sequence = last};
}

static BlockHeader *add_compacted(Journal *journal, Compacted *compacted, uint64_t nbytes)
{
    uint64_t sequence = compacted->sequence + 1;
    if (journal->full || sequence % JOURNAL_SEQUENCE_STEP == 0) /* the number of a block that is there */
        return NULL;
    uint64_t usual = journal_next_nbytes(compacted->type == EVENTS ? journal->events : journal->details);
    uint64_t wanted = nbytes > usual ? nbytes : usual;
    BlockHeader *block = journal_add_block(journal, compacted->type, wanted, compacted->compaction, sequence);
    if (block)
        compacted->sequence = sequence;
    return block;
}

void *journal_room_in_compaction(Journal *journal, Compacted *compacted, uint64_t nbytes)
{
    if (compacted->last == NULL || compacted->last->used + nbytes > compacted->last->capacity) {
        BlockHeader *block = add_compacted(journal, compacted, nbytes);
        if (block == NULL)
            return NULL;
        if (compacted->last)
            journal_finish_block(journal, compacted->last);
        compacted->last = block;
    }
    return (char *)(compacted->last + 1) + compacted->last->used;
}

/* --- Which blocks count ------------------------------------------------------------------------------------- */

/* Written to the file where the block is not mapped: mapping it for 8 bytes takes four times as long. */
static bool end_block(const Journal *journal, Block *block, uint64_t compaction)
{
    if (block->at) {
        __atomic_store_n(&block->at->replaced, compaction, __ATOMIC_RELEASE);
    } else {
        off_t at = (off_t)(block->offset + offsetof(BlockHeader, replaced));
        ssize_t size = sizeof compaction;
        if (!journal_is_our_file(journal) || pwrite(journal->file, &compaction, sizeof compaction, at) != size)
            return false;
    }
    block->replaced = compaction;
    return true;
}

bool journal_replace(Journal *journal, Block *block, const Compacted *compacted)
{
    return end_block(journal, block, compacted->compaction);
}

void journal_use_compaction(Journal *journal, Compacted *compacted)
{
    if (compacted->last)
        journal_finish_block(journal, compacted->last);
    compacted->last = NULL;
    __atomic_store_n(journal_compaction_of(journal, compacted->type), compacted->compaction, __ATOMIC_RELEASE);
}

void journal_drop_compaction(Journal *journal, Compacted *compacted)
{
    bool done = true;
    compacted->last = NULL;
    for (uint32_t i = 0; i < journal->block_count; i++) {
        Block *block = &journal->blocks[i];
        if (block->type == compacted->type && block->compaction == compacted->compaction)
            done &= end_block(journal, block, compacted->compaction);
    }
    if (!done) /* a later compaction would make its blocks count */
        journal->compact_at = journal->compact_details_at = UINT64_MAX;
}

/* Makes space for the blocks that do not count among the spare ones, all at once: each growth may copy them. */
static bool reserve_spare(Journal *journal)
{
    uint32_t count = journal->spare_count;
    for (uint32_t i = 0; i < journal->block_count; i++)
        count += !journal_counts(journal, &journal->blocks[i]);
    Block *spare = journal->file < 0 || count == 0 ? NULL : realloc(journal->spare, count * sizeof *spare);
    if (spare)
        journal->spare = spare;
    return spare != NULL;
}

bool journal_retire(Journal *journal, unsigned most)
{
    uint32_t kept = 0;
    bool done = true, is_spared = reserve_spare(journal); /* without memory, their space in the file is lost */
    for (uint32_t i = 0; i < journal->block_count; i++) {
        Block block = journal->blocks[i];
        bool counts = journal_counts(journal, &block);
        if (counts || (block.at && most == 0)) {
            journal->blocks[kept++] = block;
            done &= counts;
            continue;
        }
        *journal_room_of(journal, block.type) -= block.nbytes;
        if (block.at) {
            munmap(block.at, block.nbytes);
            most--;
        }
        block.at = NULL;
        if (is_spared)
            journal->spare[journal->spare_count++] = block;
    }
    journal->block_count = kept;
    return done;
}
