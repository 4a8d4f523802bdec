#define _GNU_SOURCE /* pwrite, MAP_ANONYMOUS */
#include "tracker/journal/journal_blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Blocks start at multiples of the largest page of the platforms we know. */
#define GRAIN UINT64_C(65536)

_Static_assert(sizeof(BlockHeader) == 64, "a block's records start on a cache line");
_Static_assert(sizeof(JournalHeader) <= GRAIN, "the header has its own pages");

/* --- Mapping ------------------------------------------------------------------------------------------------ */

bool journal_is_our_file(const Journal *journal)
{
    struct stat found;
    if (fstat(journal->file, &found) < 0)
        return false;
    errno = EBADF;
    return (uint64_t)found.st_dev == journal->device && (uint64_t)found.st_ino == journal->inode;
}

/* The disk space must exist before it is mapped: a store to a page without disk space is SIGBUS. Written, not
 * fallocated: to map pages that are in the page cache costs an event 16 ns, new ones that are cleared one by one 33. */
static bool write_zeros(int file, uint64_t offset, uint64_t nbytes)
{
    static const char zeros[GRAIN];
    while (nbytes) {
        ssize_t written = pwrite(file, zeros, nbytes < sizeof zeros ? nbytes : sizeof zeros, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        offset += (uint64_t)written, nbytes -= (uint64_t)written;
    }
    return true;
}

static void *map_at(const Journal *journal, uint64_t offset, uint64_t nbytes)
{
    int flags = journal->file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *at = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, flags, journal->file, (off_t)(journal->file < 0 ? 0 : offset));
    return at == MAP_FAILED ? NULL : at;
}

static void *map_more(Journal *journal, uint64_t nbytes)
{
    if (journal->file >= 0 && (!journal_is_our_file(journal) || !write_zeros(journal->file, journal->end, nbytes)))
        return NULL;
    void *at = map_at(journal, journal->end, nbytes);
    journal->end += at ? nbytes : 0;
    return at;
}

bool journal_map_header(Journal *journal)
{
    struct stat found;
    if (journal->file >= 0) {
        if (fstat(journal->file, &found) < 0)
            return false;
        journal->device = (uint64_t)found.st_dev, journal->inode = (uint64_t)found.st_ino;
    }
    journal->header = map_more(journal, GRAIN);
    return journal->header != NULL;
}

void journal_unmap_all(Journal *journal)
{
    for (uint32_t i = 0; i < journal->block_count; i++)
        if (journal->blocks[i].at)
            munmap(journal->blocks[i].at, journal->blocks[i].nbytes);
    free(journal->blocks);
    free(journal->spare);
    if (journal->header)
        munmap(journal->header, GRAIN);
}

/* --- Blocks ------------------------------------------------------------------------------------------------- */

/* The latest spare block of at least this size, NULL if there is none. */
static Block *find_spare(const Journal *journal, uint64_t nbytes)
{
    for (uint32_t i = journal->spare_count; i-- > 0;)
        if (journal->spare[i].nbytes >= nbytes + sizeof(BlockHeader))
            return &journal->spare[i];
    return NULL;
}

/* A block of a file that does not count any more. Its header stays until it is right again: the blocks after it are
 * found by its length. */
static bool reuse_block(Journal *journal, Block *spare, Block *block)
{
    uint64_t header = sizeof(BlockHeader);
    if (!journal_is_our_file(journal) || !write_zeros(journal->file, spare->offset + header, spare->nbytes - header))
        return false;
    *block = *spare;
    block->at = map_at(journal, block->offset, block->nbytes);
    if (block->at)
        *spare = journal->spare[--journal->spare_count];
    return block->at != NULL;
}

static bool make_block(Journal *journal, Block *block, uint64_t nbytes)
{
    block->nbytes = (nbytes + sizeof(BlockHeader) + GRAIN - 1) / GRAIN * GRAIN;
    block->offset = journal->end;
    block->at = map_more(journal, block->nbytes);
    if (block->at)
        *block->at = (BlockHeader){.magic = BLOCK_MAGIC, .capacity = block->nbytes - sizeof *block->at};
    return block->at != NULL;
}

/* Keeps the blocks in order: those of a compaction are before the ones that were begun meanwhile. */
static void insert_block(Journal *journal, Block block)
{
    uint32_t at = journal->block_count++;
    while (at > 0 && journal->blocks[at - 1].sequence > block.sequence)
        at--;
    memmove(&journal->blocks[at + 1], &journal->blocks[at], (journal->block_count - 1 - at) * sizeof block);
    journal->blocks[at] = block;
}

BlockHeader *journal_add_block(Journal *journal, BlockType type, uint64_t nbytes, uint64_t compaction, uint64_t sequence)
{
    Block *blocks = realloc(journal->blocks, (journal->block_count + 1) * sizeof *blocks);
    if (blocks == NULL)
        return NULL;
    journal->blocks = blocks;
    Block block = {0}, *spare = journal_is_compactable(type) ? find_spare(journal, nbytes) : NULL;
    if (spare ? !reuse_block(journal, spare, &block) : !make_block(journal, &block, nbytes))
        return NULL;
    block.type = type, block.compaction = compaction, block.sequence = sequence, block.replaced = 0;
    journal_commit(block.at, 0); /* first: until the block has a record it says nothing, whatever it was before */
    block.at->type = type;
    block.at->sequence = sequence;
    __atomic_store_n(&block.at->replaced, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&block.at->compaction, compaction, __ATOMIC_RELEASE);
    insert_block(journal, block);
    if (journal_is_compactable(type))
        *journal_room_of(journal, type) += block.nbytes;
    return block.at;
}

BlockHeader *journal_open_block(Journal *journal, BlockType type, uint64_t nbytes)
{
    BlockHeader *block = NULL;
    if (!journal->full) {
        uint64_t compaction = journal_is_compactable(type) ? *journal_compaction_of(journal, type) : 0;
        journal->sequence += JOURNAL_SEQUENCE_STEP;
        block = journal_add_block(journal, type, nbytes, compaction, journal->sequence);
    }
    if (block == NULL)
        journal->full = true; /* once and for all: a journal with holes in time would mislead */
    return block;
}

void journal_finish_block(Journal *journal, BlockHeader *block)
{
    if (journal->file < 0)
        return;
    for (uint32_t i = journal->block_count; i-- > 0;)
        if (journal->blocks[i].at == block) {
            munmap(block, journal->blocks[i].nbytes);
            journal->blocks[i].at = NULL;
            return;
        }
}

uint64_t journal_next_nbytes(const BlockHeader *block)
{
    return 2 * block->capacity < JOURNAL_MAX_BLOCK ? 2 * block->capacity : JOURNAL_MAX_BLOCK - sizeof *block;
}
