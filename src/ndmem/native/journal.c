#define _GNU_SOURCE /* pwrite, MAP_ANONYMOUS */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Blocks start at multiples of the largest page of the platforms we know. */
#define GRAIN UINT64_C(65536)
#ifdef MAP_POPULATE
#define POPULATE MAP_POPULATE
#else
#define POPULATE 0
#endif
/* Small enough that its zeros are still in the processor's cache when events are written over them. */
#define MAX_BLOCK (UINT64_C(128) << 10)

_Static_assert(sizeof(BlockHeader) == 64, "a block's records start on a cache line");
_Static_assert(sizeof(EventRecord) == 24, "the format says 24 bytes an event");
_Static_assert(sizeof(JournalHeader) <= GRAIN, "the header has its own pages");
_Static_assert(sizeof(NodeRecord) == 112, "the format says 112 bytes a node");

static bool is_our_file(const Journal *journal)
{
    struct stat found;
    if (fstat(journal->file, &found) < 0)
        return false;
    errno = EBADF;
    return (uint64_t)found.st_dev == journal->device && (uint64_t)found.st_ino == journal->inode;
}

/* Room must be there before it is mapped: a store to a page that the disk has no room for is SIGBUS. Written, not
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
    if (journal->file >= 0 && (!is_our_file(journal) || !write_zeros(journal->file, journal->end, nbytes)))
        return NULL;
    void *at = map_at(journal, journal->end, nbytes);
    journal->end += at ? nbytes : 0;
    return at;
}

/* A block of a file that does not count any more. Its header stays until it is right again: the blocks after it are
 * found by its length. */
static bool reuse_block(Journal *journal, Block *block)
{
    const Block *spare = &journal->spare[journal->spare_count - 1];
    uint64_t header = sizeof(BlockHeader);
    if (!is_our_file(journal) || !write_zeros(journal->file, spare->offset + header, spare->nbytes - header))
        return false;
    *block = *spare;
    block->at = map_at(journal, block->offset, block->nbytes);
    journal->spare_count -= block->at != NULL;
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

static BlockHeader *add_block(Journal *journal, BlockType type, uint64_t nbytes, uint64_t fold)
{
    Block *blocks = realloc(journal->blocks, (journal->block_count + 1) * sizeof *blocks);
    if (blocks == NULL)
        return NULL;
    journal->blocks = blocks;
    Block block = {0};
    bool again = type == EVENTS && journal->spare_count;
    if (again ? !reuse_block(journal, &block) : !make_block(journal, &block, nbytes))
        return NULL;
    block.type = type, block.fold = fold;
    block.at->type = type;
    block.at->sequence = ++journal->sequence;
    journal_commit(block.at, 0);
    __atomic_store_n(&block.at->fold, fold, __ATOMIC_RELEASE);
    journal->blocks[journal->block_count++] = block;
    journal->events_nbytes += type == EVENTS ? block.nbytes : 0;
    return block.at;
}

static BlockHeader *open_block(Journal *journal, BlockType type, uint64_t nbytes)
{
    BlockHeader *block = journal->full ? NULL : add_block(journal, type, nbytes, type == EVENTS ? journal->header->fold : 0);
    if (block == NULL)
        journal->full = true; /* once and for all: a journal with holes in time would mislead */
    return block;
}

/* A finished block of events is not needed in memory; in a file it need not stay mapped. */
static void leave_block(Journal *journal, BlockHeader *block)
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

bool journal_open(Journal *journal, int file, size_t threshold, uint64_t fold_at)
{
    memset(journal, 0, sizeof *journal);
    journal->file = file;
    journal->fold_at = fold_at;
    struct stat found;
    if (file >= 0) {
        if (fstat(file, &found) < 0)
            return false;
        journal->device = (uint64_t)found.st_dev, journal->inode = (uint64_t)found.st_ino;
    }
    journal->header = map_more(journal, GRAIN);
    if (journal->header == NULL)
        return false;
    *journal->header = (JournalHeader){.version = JOURNAL_VERSION, .pid = (uint32_t)getpid(), .threshold = threshold};
    memcpy(journal->header->magic, JOURNAL_MAGIC, sizeof journal->header->magic);
    journal->nodes = open_block(journal, NODES, 0);
    journal->texts = journal->nodes ? open_block(journal, TEXTS, 0) : NULL;
    journal->events = journal->texts ? open_block(journal, EVENTS, 0) : NULL;
    if (journal->events == NULL) {
        int error = errno;
        journal_close(journal);
        errno = error;
        return false;
    }
    return true;
}

void journal_close(Journal *journal)
{
    for (uint32_t i = 0; i < journal->block_count; i++)
        if (journal->blocks[i].at)
            munmap(journal->blocks[i].at, journal->blocks[i].nbytes);
    free(journal->blocks);
    free(journal->spare);
    if (journal->header)
        munmap(journal->header, GRAIN);
    memset(journal, 0, sizeof *journal);
    journal->file = -1;
}

static uint64_t next_nbytes(const BlockHeader *block)
{
    return 2 * block->capacity < MAX_BLOCK ? 2 * block->capacity : MAX_BLOCK - sizeof *block;
}

BlockHeader *journal_more_events(Journal *journal)
{
    BlockHeader *block = journal->events;
    BlockHeader *next = open_block(journal, EVENTS, next_nbytes(block));
    if (next == NULL)
        return NULL;
    leave_block(journal, block);
    return journal->events = next;
}

/* --- Folds ----------------------------------------------------------------------------------------------- */

const BlockHeader *journal_look(const Journal *journal, const Block *block)
{
    if (block->at)
        return block->at;
    if (!is_our_file(journal))
        return NULL;
    /* At once: a page fault takes as long as to go through a page's events. */
    void *at = mmap(NULL, block->nbytes, PROT_READ, MAP_SHARED | POPULATE, journal->file, (off_t)block->offset);
    return at == MAP_FAILED ? NULL : at;
}

void journal_leave(const Block *block, const BlockHeader *seen)
{
    if (seen != block->at)
        munmap((void *)seen, block->nbytes);
}

BlockHeader *journal_add_folded(Journal *journal, uint64_t fold, BlockHeader *filled)
{
    BlockHeader *block = journal->full ? NULL : add_block(journal, EVENTS, next_nbytes(journal->events), fold);
    if (block && filled)
        leave_block(journal, filled);
    return block;
}

/* Takes the blocks of events out that are, or are not, of a fold: those of a file are filled anew. */
static void retire(Journal *journal, uint64_t fold, bool equal)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < journal->block_count; i++) {
        Block block = journal->blocks[i];
        if (block.type != EVENTS || (block.fold == fold) != equal) {
            journal->blocks[kept++] = block;
            continue;
        }
        journal->events_nbytes -= block.nbytes;
        if (block.at)
            munmap(block.at, block.nbytes);
        block.at = NULL;
        Block *spare = journal->file < 0 ? NULL : realloc(journal->spare, (journal->spare_count + 1) * sizeof *spare);
        if (spare) { /* else its room in the file is lost */
            journal->spare = spare;
            journal->spare[journal->spare_count++] = block;
        }
    }
    journal->block_count = kept;
}

void journal_use_fold(Journal *journal, uint64_t fold, BlockHeader *last)
{
    __atomic_store_n(&journal->header->fold, fold, __ATOMIC_RELEASE);
    journal->events = last;
    retire(journal, fold, false);
}

void journal_drop_fold(Journal *journal, uint64_t fold) { retire(journal, fold, true); }

/* --- Nodes and texts ---------------------------------------------------------------------------------------- */

NodeRecord *journal_node(Journal *journal, const NodeRecord *node)
{
    BlockHeader *block = journal->nodes;
    if (block->used + sizeof *node > block->capacity) {
        block = open_block(journal, NODES, 2 * block->capacity < MAX_BLOCK ? 2 * block->capacity : MAX_BLOCK);
        if (block == NULL)
            return NULL;
        journal->nodes = block;
    }
    NodeRecord *at = (NodeRecord *)((char *)(block + 1) + block->used);
    *at = *node;
    journal_commit(block, block->used + sizeof *node);
    return at;
}

static uint64_t text_span(uint64_t nbytes) { return sizeof(TextHeader) + (nbytes + 7) / 8 * 8; }

void *journal_text(Journal *journal, TextType type, uint32_t id, size_t nbytes)
{
    BlockHeader *block = journal->texts;
    if (block->used + text_span(nbytes) > block->capacity) {
        block = open_block(journal, TEXTS, text_span(nbytes));
        if (block == NULL)
            return NULL;
        journal->texts = block;
    }
    TextHeader *text = (TextHeader *)((char *)(block + 1) + block->used);
    *text = (TextHeader){type, id, nbytes};
    return text + 1;
}

void journal_text_done(Journal *journal)
{
    BlockHeader *block = journal->texts;
    const TextHeader *text = (const TextHeader *)((char *)(block + 1) + block->used);
    journal_commit(block, block->used + text_span(text->nbytes));
}
