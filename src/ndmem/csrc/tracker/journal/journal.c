#include "tracker/journal/journal_blocks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Below this the details are not worth a compaction. */
#define COMPACT_DETAILS_AT (UINT64_C(1) << 20)

_Static_assert(sizeof(EventRecord) == 24, "the format says 24 bytes an event");
_Static_assert(sizeof(NodeRecord) == 112, "the format says 112 bytes a node");

bool journal_open(Journal *journal, int file, size_t threshold, uint64_t compact_at)
{
    memset(journal, 0, sizeof *journal);
    journal->file = file;
    journal->compact_at = compact_at, journal->compact_details_at = COMPACT_DETAILS_AT;
    if (!journal_map_header(journal))
        return false;
    *journal->header = (JournalHeader){.version = JOURNAL_VERSION, .pid = (uint32_t)getpid(), .threshold = threshold};
    memcpy(journal->header->magic, JOURNAL_MAGIC, sizeof journal->header->magic);
    journal->nodes = journal_open_block(journal, NODES, 0);
    journal->texts = journal->nodes ? journal_open_block(journal, TEXTS, 0) : NULL;
    journal->events = journal->texts ? journal_open_block(journal, EVENTS, 0) : NULL;
    if (journal->events == NULL) {
        int error = errno; /* of what failed: to unmap may set another */
        journal_close(journal);
        errno = error;
        return false;
    }
    return true;
}

void journal_close(Journal *journal)
{
    journal_unmap_all(journal);
    memset(journal, 0, sizeof *journal);
    journal->file = -1;
}

/* --- Events and nodes --------------------------------------------------------------------------------------- */

__attribute__((noinline)) BlockHeader *journal_more_events(Journal *journal)
{
    BlockHeader *block = journal->events;
    BlockHeader *next = journal_open_block(journal, EVENTS, journal_next_nbytes(block));
    if (next == NULL)
        return NULL;
    journal_finish_block(journal, block);
    journal->has_new_block = true;
    return journal->events = next;
}

NodeRecord *journal_node(Journal *journal, const NodeRecord *node)
{
    BlockHeader *block = journal->nodes;
    if (block->used + sizeof *node > block->capacity) {
        uint64_t doubled = 2 * block->capacity;
        block = journal_open_block(journal, NODES, doubled < JOURNAL_MAX_BLOCK ? doubled : JOURNAL_MAX_BLOCK);
        if (block == NULL)
            return NULL;
        journal->nodes = block;
    }
    NodeRecord *at = (NodeRecord *)((char *)(block + 1) + block->used);
    *at = *node;
    journal_commit(block, block->used + sizeof *node);
    return at;
}

/* --- Texts -------------------------------------------------------------------------------------------------- */

static void *begin_text(BlockHeader *block, TextHeader head)
{
    TextHeader *text = (TextHeader *)((char *)(block + 1) + block->used);
    *text = head;
    return text + 1;
}

static void commit_text(BlockHeader *block)
{
    const TextHeader *text = (const TextHeader *)((char *)(block + 1) + block->used);
    journal_commit(block, block->used + journal_text_span(text->nbytes));
}

void *journal_text(Journal *journal, TextType type, uint32_t id, size_t nbytes)
{
    BlockHeader *block = journal->texts;
    if (journal->counts_only && type != TEXT_CODE && type != TEXT_META)
        return NULL; /* there are more of the others the longer a run lasts */
    if (block->used + journal_text_span(nbytes) > block->capacity) {
        block = journal_open_block(journal, TEXTS, journal_text_span(nbytes));
        if (block == NULL)
            return NULL;
        journal->texts = block;
    }
    return begin_text(block, (TextHeader){type, id, nbytes});
}

void journal_text_done(Journal *journal) { commit_text(journal->texts); }

void *journal_detail(Journal *journal, TextType type, size_t nbytes)
{
    BlockHeader *block = journal->details;
    if (journal->counts_only)
        return NULL;
    if (block == NULL || block->used + journal_text_span(nbytes) > block->capacity) {
        BlockHeader *next = journal_open_block(journal, DETAILS, journal_text_span(nbytes));
        if (next == NULL)
            return NULL;
        if (block)
            journal_finish_block(journal, block);
        journal->details = block = next;
        journal->has_new_block = true;
    }
    return begin_text(block, (TextHeader){type, 0, nbytes});
}

void journal_detail_done(Journal *journal) { commit_text(journal->details); }
