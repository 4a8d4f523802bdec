/* The journal: what a recording writes, valid at every moment.
 *
 * A journal is a header and blocks, in a file or in anonymous memory. Each block is mapped, and says in
 * its own header how many of its bytes are whole; that figure is written last. Whatever ends the process,
 * what was committed can be read. The format is described in docs/reference/journal-format.md.
 *
 * Where the events take more room than they may, fold.c writes those that are still needed into new blocks, which count
 * from one store on, and the old ones are filled anew.
 *
 * Guarded by the GIL. Nothing here raises; allocation is by mmap and malloc. */
#ifndef NDMEM_JOURNAL_H
#define NDMEM_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_MAGIC "NDMEMJ\r\n"
#define BLOCK_MAGIC UINT32_C(0x4B42444E) /* "NDBK" */

enum { JOURNAL_VERSION = 3 };

/* The recording's totals; the whole state that is not in nodes or events. */
typedef struct {
    char magic[8];
    uint32_t version;
    uint32_t pid;
    uint64_t threshold;
    int64_t started_ns;  /* since the epoch */
    int64_t duration_ns; /* so far, to the clock's tick; exact when stopped */
    int64_t live;
    int64_t peak;
    uint64_t peak_serial; /* rises with every new peak */
    uint64_t peak_events; /* events written up to the peak */
    uint64_t events, births;
    uint64_t dropped; /* events that found no room */
    uint64_t missed;  /* buffers for which the books had no memory */
    uint64_t merged;  /* 1 if places were left out, and are counted with their callers */
    uint32_t peak_node;
    uint32_t state; /* enum JournalState */
    uint64_t native_threshold; /* 0: native memory is not watched */
    int64_t native_live, native_peak;
    int64_t total_peak;     /* of array and native bytes at one moment */
    uint64_t total_serial;  /* rises with every new total peak */
    uint64_t total_events;  /* events written up to it */
    uint32_t total_node;    /* whose buffer made it */
    uint32_t parent;        /* process id of the parent at the start */
    uint64_t fold;          /* of the blocks of events that count */
} JournalHeader;

enum JournalState { WAITING = 0, RUNNING = 1, STOPPED = 2 };

typedef enum { NODES = 1, EVENTS = 2, TEXTS = 3 } BlockType;

typedef struct {
    uint32_t magic, type;
    uint64_t capacity; /* bytes after this header up to the next block */
    uint64_t used;     /* bytes of them that are whole */
    uint64_t fold;     /* of a block of events: it counts if the journal's header has the same */
    uint64_t sequence; /* such blocks in order; in the file they lie where there was room */
    uint8_t reserved[24];
} BlockHeader;

typedef struct {
    uint32_t id, parent; /* parents come first; the root is its own parent */
    uint32_t code;       /* id of a TEXT_CODE record */
    int32_t offset, lineno, end_lineno, col, end_col; /* -1 where Python does not know */
    uint32_t stores;
    uint32_t domain; /* of the buffers born here: a stack has a leaf for each domain */
    int64_t live, at_peak, total, count, max_live;
    uint64_t peak_serial; /* at_peak belongs to this peak; where the header's is newer, live is at_peak */
    int64_t max_native;   /* highest native live bytes at an event of the node, -1 if none */
    int64_t at_total;     /* as at_peak, for the total peak */
    uint64_t total_serial;
} NodeRecord;

enum EventKind { BORN = 0, DIED = 1, CLOCK = 2, FOLDED = 3 };

/* Array buffers come through NumPy's handler; native blocks are malloc'd or mapped beside it. */
typedef enum { ARRAY = 0, NATIVE = 1 } Domain;

typedef struct {
    uint32_t node; /* FOLDED, of arrays: births that were left out */
    uint16_t thread;
    uint8_t domain, kind;
    /* BORN: bytes; DIED: number of the buffer; CLOCK: nanoseconds since the start; FOLDED: deaths that were left out, or
     * of native memory: its live bytes then */
    int64_t payload;
    int64_t live;    /* of arrays, after the event; native live bytes are the sum of the native events */
} EventRecord;

typedef enum { TEXT_CODE = 1, TEXT_SIGHTING = 2, TEXT_META = 3, TEXT_ORIGIN = 4, TEXT_BUDGET = 5 } TextType;

typedef struct {
    uint32_t type, id;
    uint64_t nbytes; /* of what follows, before padding to 8 */
} TextHeader;

typedef struct {
    BlockHeader *at; /* NULL: not mapped */
    uint64_t offset, nbytes; /* in the file, with the header */
    uint64_t fold;
    BlockType type;
} Block;

typedef struct {
    int file; /* -1: anonymous memory */
    uint64_t device, inode; /* of the file: a program may close its descriptor and be given the number again */
    uint64_t end;
    JournalHeader *header;
    Block *blocks;
    uint32_t block_count;
    BlockHeader *events, *texts, *nodes; /* the blocks being filled */
    bool full;
    Block *spare; /* blocks of a file that are to be filled anew */
    uint32_t spare_count;
    uint64_t sequence, fold;          /* the last that were given */
    uint64_t events_nbytes, fold_at;  /* room that the events take, and may take before they are folded */
    unsigned pinned;                  /* readers of the blocks: they stay as they are */
} Journal;

/* Takes an open file that is empty, or -1 for memory, and how many bytes of events to keep. False with errno set if
 * there is no room. */
bool journal_open(Journal *journal, int file, size_t threshold, uint64_t fold_at);

/* Unmaps; the file stays with the caller. */
void journal_close(Journal *journal);

/* A new block for events, NULL without room. */
BlockHeader *journal_more_events(Journal *journal);

/* Whether the events are to be folded. */
static inline bool journal_is_due(const Journal *journal)
{
    return journal->events_nbytes > journal->fold_at && journal->pinned == 0;
}

/* A block for events of a fold to come, NULL without room; it counts once the fold does. `filled` is the one before. */
BlockHeader *journal_add_folded(Journal *journal, uint64_t fold, BlockHeader *filled);

/* From now on the blocks of this fold count, and their room is all that the events take; `last` is filled on. */
void journal_use_fold(Journal *journal, uint64_t fold, BlockHeader *last);

/* Takes back the blocks of a fold that came to nothing. */
void journal_drop_fold(Journal *journal, uint64_t fold);

/* Maps a block to be read; NULL if that fails. To be left with journal_leave. */
const BlockHeader *journal_look(const Journal *journal, const Block *block);
void journal_leave(const Block *block, const BlockHeader *seen);

/* The committed length is written last, and the compiler may not move it. */
static inline void journal_commit(BlockHeader *block, uint64_t used) { __atomic_store_n(&block->used, used, __ATOMIC_RELEASE); }

/* Never fails: an event without room is counted as dropped. Inline, so that an event's fields go where they belong one
 * by one: passed on the stack they were read again before they were stored, and waited for the program's own stores. */
static inline void journal_event(Journal *journal, EventRecord event)
{
    BlockHeader *block = journal->events;
    if (__builtin_expect(block->used + sizeof event > block->capacity, 0)) {
        block = journal_more_events(journal);
        if (block == NULL) {
            journal->header->dropped += event.kind != CLOCK;
            return;
        }
    }
    uint64_t used = block->used;
    *(EventRecord *)((char *)(block + 1) + used) = event;
    journal_commit(block, used + sizeof event);
    journal->header->events += event.kind != CLOCK;
}

/* Copies the record in and answers where it lies, to be updated in place; NULL without room. */
NodeRecord *journal_node(Journal *journal, const NodeRecord *node);

/* Room for `nbytes` of text, NULL without; the record counts from journal_text_done on. */
void *journal_text(Journal *journal, TextType type, uint32_t id, size_t nbytes);
void journal_text_done(Journal *journal);

#endif
