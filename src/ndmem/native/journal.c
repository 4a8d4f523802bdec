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
/* Small enough that its zeros are still in the processor's cache when events are written over them. */
#define MAX_BLOCK (UINT64_C(128) << 10)

_Static_assert(sizeof(BlockHeader) == 64, "a block's records start on a cache line");
_Static_assert(sizeof(EventRecord) == 24, "the format says 24 bytes an event");
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

static void *map_more(Journal *journal, uint64_t nbytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (journal->file >= 0) {
        if (!is_our_file(journal) || !write_zeros(journal->file, journal->end, nbytes))
            return NULL;
        flags = MAP_SHARED;
    }
    void *at = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, flags, journal->file, (off_t)(journal->file < 0 ? 0 : journal->end));
    if (at == MAP_FAILED)
        return NULL;
    journal->end += nbytes;
    return at;
}

static BlockHeader *open_block(Journal *journal, BlockType type, uint64_t nbytes)
{
    if (journal->full)
        return NULL;
    Block *blocks = realloc(journal->blocks, (journal->block_count + 1) * sizeof *blocks);
    if (blocks != NULL)
        journal->blocks = blocks;
    nbytes = (nbytes + sizeof(BlockHeader) + GRAIN - 1) / GRAIN * GRAIN;
    uint64_t offset = journal->end;
    BlockHeader *block = blocks ? map_more(journal, nbytes) : NULL;
    if (block == NULL) {
        journal->full = true; /* once and for all: a journal with holes in time would mislead */
        return NULL;
    }
    *block = (BlockHeader){.magic = BLOCK_MAGIC, .type = type, .capacity = nbytes - sizeof *block};
    journal->blocks[journal->block_count++] = (Block){block, offset};
    return block;
}

/* A finished block of events is not needed in memory; in a file it need not stay mapped. */
static void leave_block(Journal *journal, BlockHeader *block)
{
    if (journal->file < 0)
        return;
    for (uint32_t i = journal->block_count; i-- > 0;)
        if (journal->blocks[i].at == block) {
            munmap(block, block->capacity + sizeof *block);
            journal->blocks[i].at = NULL;
            return;
        }
}

bool journal_open(Journal *journal, int file, size_t threshold)
{
    memset(journal, 0, sizeof *journal);
    journal->file = file;
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
            munmap(journal->blocks[i].at, journal->blocks[i].at->capacity + sizeof(BlockHeader));
    free(journal->blocks);
    if (journal->header)
        munmap(journal->header, GRAIN);
    memset(journal, 0, sizeof *journal);
    journal->file = -1;
}

BlockHeader *journal_more_events(Journal *journal)
{
    BlockHeader *block = journal->events;
    uint64_t nbytes = 2 * block->capacity < MAX_BLOCK ? 2 * block->capacity : MAX_BLOCK - sizeof *block;
    BlockHeader *next = open_block(journal, EVENTS, nbytes);
    if (next == NULL)
        return NULL;
    leave_block(journal, block);
    return journal->events = next;
}

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
