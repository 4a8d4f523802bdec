/* The journal: what a recording writes, valid at every moment.
 *
 * A journal is a header and blocks, in a file or in anonymous memory. Each block is mapped, and says in
 * its own header how many of its bytes are whole; that figure is written last. Whatever ends the process,
 * what was committed can be read. The format is described in docs/reference/journal-format.md.
 *
 * When the events exceed their maximum size, compaction.c writes those that are still needed into new blocks. One store makes
 * these count in place of the old ones, which are filled again. Details, records about single buffers, are compacted too.
 *
 * The blocks themselves are in journal_blocks.h.
 *
 * All functions read and write only the journal that they are given, which the caller guards by the tracker lock
 * (lock.h). They allocate by mmap and malloc only, run no Python code and never raise. */
#ifndef NDMEM_JOURNAL_H
#define NDMEM_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_MAGIC "NDMEMJ\r\n"
#define BLOCK_MAGIC UINT32_C(0x4B42444E) /* "NDBK" */

enum { JOURNAL_VERSION = 6 };

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
    uint64_t dropped; /* events for which there was no disk space or memory */
    uint64_t missed;  /* buffers for which the tracker had no memory */
    uint64_t merged;  /* enum Merged: what is not told apart */
    uint32_t peak_node;
    uint32_t state; /* enum JournalState */
    uint64_t native_threshold; /* 0: native memory is not watched */
    int64_t native_live, native_peak;
    int64_t total_peak;     /* of array and native bytes at one moment */
    uint64_t total_serial;  /* rises with every new total peak */
    uint64_t total_events;  /* events written up to it */
    uint32_t total_node;    /* whose buffer made it */
    uint32_t parent;        /* process id of the parent at the start */
    uint64_t compaction;    /* number of the latest one of the events */
    uint64_t details_compaction; /* of the details */
} JournalHeader;

/* Places that were left out and are counted with their callers; threads that share the last number. */
enum Merged { MERGED_PLACES = 1, MERGED_THREADS = 2 };

enum JournalState { WAITING = 0, RUNNING = 1, STOPPED = 2 };

/* DETAILS are texts about single buffers, discarded when no report can ask for the buffer any more. */
typedef enum { NODES = 1, EVENTS = 2, TEXTS = 3, DETAILS = 4 } BlockType;

typedef struct {
    uint32_t magic, type;
    uint64_t capacity; /* bytes after this header up to the next block */
    uint64_t used;     /* bytes of them that are whole */
    /* A block of events or details counts from the compaction numbered `compaction` on, and until the one numbered
     * `replaced`, 0 for none: the journal's header has the number of the latest compaction. */
    uint64_t compaction;
    uint64_t sequence; /* order of such blocks; in the file, recycled blocks are anywhere */
    uint64_t replaced;
    uint8_t reserved[16];
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

enum EventKind { BORN = 0, DIED = 1, CLOCK = 2, COMPACTED = 3 };

/* Array buffers come through NumPy's handler; native blocks are malloc'd or mapped beside it; a mapped file is the system's
 * memory, which neither live nor native bytes count. */
typedef enum { ARRAY = 0, NATIVE = 1, MAPPED = 2 } Domain;

typedef struct {
    uint32_t node; /* COMPACTED, domain ARRAY: births that were left out */
    uint16_t thread;
    uint8_t domain, kind;
    /* BORN: bytes; DIED: number of the buffer; CLOCK: nanoseconds since the start; COMPACTED: deaths that were left out, or
     * in the domain NATIVE its live bytes at that moment */
    int64_t payload;
    int64_t live;    /* of arrays, after the event; native live bytes are the sum of the native events */
} EventRecord;

typedef enum { TEXT_CODE = 1, TEXT_SIGHTING = 2, TEXT_META = 3, TEXT_ORIGIN = 4, TEXT_BUDGET = 5, TEXT_RESERVED = 6,
               TEXT_THREAD = 7, TEXT_FORM = 8 } TextType;

typedef struct {
    uint32_t type, id;
    uint64_t nbytes; /* of what follows, before padding to 8 */
} TextHeader;

/* A TEXT_SIGHTING: an array that holds a buffer. The shape and the texts follow. */
typedef struct {
    int64_t buffer, events; /* number of the buffer, and events until then */
    uint32_t itemsize;
    uint8_t is_view, ndim;
    char kind, byteorder;
    uint32_t name, item, function, dtype; /* lengths */
} SightingRecord;

typedef struct {
    BlockHeader *at; /* NULL: not mapped */
    uint64_t offset, nbytes; /* in the file, with the header */
    uint64_t compaction, sequence, replaced; /* as in its header */
    BlockType type;
} Block;

/* A TEXT_FORM: shape and dtype of the array that a buffer belongs to, which no variable need hold. The shape follows. */
typedef struct {
    int64_t buffer; /* its number */
    uint32_t itemsize;
    uint8_t ndim;
    char kind, byteorder;
    uint8_t reserved;
} FormRecord;

typedef struct {
    int file; /* -1: anonymous memory */
    uint64_t device, inode; /* of the file: a program may close its descriptor and be given the number again */
    uint64_t end;
    JournalHeader *header;
    Block *blocks; /* in order of `sequence` */
    uint32_t block_count;
    BlockHeader *events, *texts, *nodes; /* the blocks being filled */
    BlockHeader *details;                /* NULL before the first */
    bool full;
    bool counts_only; /* neither events nor details, nor texts but names of code and the run's metadata */
    Block *spare; /* blocks of a file that are to be filled anew */
    uint32_t spare_count;
    uint64_t sequence, compaction; /* the last numbers that were given */
    uint64_t events_nbytes, compact_at; /* bytes that the events take, and beyond which they are compacted */
    uint64_t details_nbytes, compact_details_at; /* the same of details */
    unsigned pinned;    /* readers of the blocks that count: they stay mapped */
    bool has_new_block; /* of events or details, since the last slice of a compaction */
} Journal;

/* Takes an open file that is empty, or -1 for memory, and the bytes of events beyond which they are compacted. False with
 * errno set without disk space or memory. */
bool journal_open(Journal *journal, int file, size_t threshold, uint64_t compact_at);

/* Unmaps; the file stays with the caller. */
void journal_close(Journal *journal);

/* A new block for events; NULL without disk space, and from then on always. */
BlockHeader *journal_more_events(Journal *journal);

/* Whether a compaction of the events is due. */
static inline bool journal_is_due(const Journal *journal)
{
    return journal->events_nbytes > journal->compact_at;
}

/* Whether a compaction of the details is due: not before they take an eighth of what the events take, since a compaction
 * reads all of these. */
static inline bool journal_details_are_due(const Journal *journal)
{
    return journal->details_nbytes > journal->compact_details_at && journal->details_nbytes > journal->events_nbytes / 8;
}

/* Whether `count` more events fit into the present block. */
static inline bool journal_has_room(const Journal *journal, unsigned count)
{
    return journal->events->used + count * sizeof(EventRecord) <= journal->events->capacity;
}

/* The committed length is written last, and the compiler may not move it. */
static inline void journal_commit(BlockHeader *block, uint64_t used) { __atomic_store_n(&block->used, used, __ATOMIC_RELEASE); }

/* Where the next event goes: it counts from the next commit on. */
static inline EventRecord *journal_next_event(const Journal *journal)
{
    return (EventRecord *)((char *)(journal->events + 1) + journal->events->used);
}

static inline void journal_commit_events(Journal *journal, unsigned count)
{
    journal_commit(journal->events, journal->events->used + count * sizeof(EventRecord));
}

/* Writes an event that fits into the block. Inline, so that its fields are stored one by one: passed on the stack they were
 * read again before they were stored, and waited for the program's own stores. */
static inline void journal_put_event(Journal *journal, EventRecord event)
{
    *journal_next_event(journal) = event;
    journal_commit_events(journal, 1);
    journal->header->events += event.kind != CLOCK;
}

/* Never fails: an event that does not fit is counted as dropped. Nothing where only counters are kept. */
static inline void journal_event(Journal *journal, EventRecord event)
{
    if (journal->counts_only)
        return;
    if (__builtin_expect(journal_has_room(journal, 1), 1) || journal_more_events(journal))
        journal_put_event(journal, event);
    else
        journal->header->dropped += event.kind != CLOCK;
}

/* Copies the record in and returns its address, to be updated in place; NULL without disk space. */
NodeRecord *journal_node(Journal *journal, const NodeRecord *node);

/* Space for `nbytes` of text, NULL without disk space, or where only counters are kept; the record counts from journal_text_done on. */
void *journal_text(Journal *journal, TextType type, uint32_t id, size_t nbytes);
void journal_text_done(Journal *journal);

/* The same for a text about one buffer, whose number comes first in it. */
void *journal_detail(Journal *journal, TextType type, size_t nbytes);
void journal_detail_done(Journal *journal);

/* Bytes of a text with its header and padding. */
static inline uint64_t journal_text_span(uint64_t nbytes) { return sizeof(TextHeader) + (nbytes + 7) / 8 * 8; }

#endif
