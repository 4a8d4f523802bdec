/* A recording: one view of the running tracker, with its own start, counters and journal.
 *
 * Recordings may overlap. Each counts only the buffers born while it ran, which it knows by generation: a
 * buffer carries the generation of its birth, a recording that of its start.
 *
 * All functions are called inside the tracker lock (lock.h), recording_birth and recording_death also without the GIL, the
 * others with it. They allocate by malloc and mmap only, for the caller may be Python's own allocator, and never raise. */
#ifndef NDMEM_RECORDING_H
#define NDMEM_RECORDING_H

#include "tracker/compaction/compaction.h"
#include "tracker/journal/journal.h"
#include "tracker/ledger/ledger.h"

/* When to search for holders: after the birth that made the peak, before the deaths that follow it, and after the next birth,
 * when the array that made the peak has its name. And where native blocks or a mapped file have made a peak, at the next births of
 * arrays of any size: only then may objects be looked at, and arrays may lie in that memory. */
typedef enum { AT_BIRTH = 0, AT_DEATH = 1, AT_NEXT_BIRTH = 2, AFTER_OUTSIDE = 3, MOMENTS = 4 } Moment;

enum { PLACES_REMEMBERED = 8 };

typedef struct {
    Journal journal;
    NodeRecord **records; /* by NodeId; NULL for a node without an event of this recording */
    uint32_t record_count;
    uint16_t generation;
    uint64_t first_serial; /* of the large buffers that it may see */
    int64_t window_peak;   /* highest live bytes since the window was last taken */
    int64_t total_bound;   /* the header's total_peak; never reached where native memory is not watched */
    int64_t started, ticked; /* nanoseconds of the monotonic and of the coarse clock */
    int64_t searched_peak[MOMENTS]; /* by moment: the last peak with a search for holders */
    struct {
        int64_t peak;
        NodeId node;
    } searched_places[PLACES_REMEMBERED]; /* the last peaks with a search and where they were reached, in a ring */
    uint8_t searched_place;               /* the index of the next one in it */
    uint64_t searched_events;             /* events before the last search */
    uint8_t searches[MOMENTS];  /* by moment: searches still to be done for the latest peak */
    int64_t budget;          /* the last one that was noted; -1 for none */
    bool raw;                /* watches native memory without a preloaded library too, see raw_domain.h */
    bool objects;            /* searches go on through what variables hold */
    int64_t mapped_live;     /* bytes of mapped files */
    int64_t native_before;   /* native live bytes when NumPy was hooked: of imports, and not the memory of arrays */
    Compactions compactions;
    int64_t live_count;      /* live arrays */
    uint32_t max_stacks;     /* the most records of nodes if only counters are kept; 0: events are kept, and all nodes */
    NodeRecord *other;       /* of what has no record of its own; NULL if events are kept */
} Recording;

/* The header's threshold where no buffer is an event: more than an address space. */
#define COUNTED_ONLY (UINT64_C(1) << 60)

/* Takes an open, empty file or -1, and the bytes of events beyond which they are compacted. False with errno set. */
bool recording_open(Recording *recording, int file, size_t threshold, uint64_t compact_at);
void recording_close(Recording *recording);

/* Before the start: keep only counters, for at most so many stacks. Others count together, in one row. Without events, details
 * and names of threads, a recording of any length takes no more memory than that of its stacks. */
void recording_keep_counters(Recording *recording, uint32_t max_stacks);

static inline bool recording_counts_only(const Recording *recording) { return recording->max_stacks > 0; }

/* Starts to record. False without memory. */
bool recording_start_locked(Recording *recording, uint16_t generation, uint64_t first_serial, size_t native_threshold);
void recording_stop_locked(Recording *recording);

/* Notes in the header how long it has run, which else the next event does. */
void recording_note_duration_locked(Recording *recording);

void recording_birth_locked(Recording *recording, const Buffer *buffer, uint16_t thread);

/* What recording_birth and recording_death do for an array, step by step. First it is counted, at the node of its birth. */
void recording_count_birth_locked(Recording *recording, NodeRecord *node, size_t nbytes);
void recording_count_death_locked(Recording *recording, NodeRecord *node, size_t nbytes);

/* An event that fits into the block is numbered before the peaks are raised, which is true at a new peak of arrays. */
static inline bool recording_has_room(const Recording *recording) { return journal_has_room(&recording->journal, 2); }
void recording_number_birth_locked(Recording *recording);
bool recording_raise_peaks_locked(Recording *recording, const NodeRecord *node);

/* Then it is put into the journal, where it counts from recording_commit on: the clock that is read for that is a call,
 * before which the compiler would save all registers. `place` is where the array was freed. */
void recording_put_birth_locked(Recording *recording, const NodeRecord *node, size_t nbytes, uint16_t thread);
void recording_put_death_locked(Recording *recording, NodeRecord *place, size_t nbytes, uint64_t number, uint16_t thread);

/* True if the clock has moved since the last event; `now` is its reading. */
bool recording_commit_locked(Recording *recording, int64_t now);
int64_t recording_clock(void);

/* The record of a node; NULL if no event happened there. */
static inline NodeRecord *recording_node(const Recording *recording, NodeId id) { return recording->records[id]; }

/* The birth of a block without a thread that asks for it. */
void recording_growth_locked(Recording *recording, const Buffer *buffer);

/* Writes the record of a stack, for later births there: its code object may be gone by then. */
void recording_place_locked(Recording *recording, NodeId stack);

/* Whether that record is written. */
static inline bool recording_knows(const Recording *recording, NodeId stack)
{
    return recording_node(recording, stack) != NULL;
}

/* Notes in the header which call stacks or threads share a number. */
void recording_note_merged_locked(Recording *recording);

/* Notes which library mapped the native block. */
void recording_origin_locked(Recording *recording, const Buffer *buffer, const char *library);

/* A library has mapped address space that counts with the pages that come into use. */
void recording_reserved_locked(Recording *recording, size_t nbytes, const char *library);

/* `stack` and `thread` are those that freed a large buffer; for a small one they are unknown. */
void recording_death_locked(Recording *recording, const Buffer *buffer, NodeId stack, uint16_t thread);

/* Notes the name of a thread. */
void recording_thread_locked(Recording *recording, uint16_t number, const char *name);

/* Notes the budget for all arrays that is in force from now on; -1 for none. */
void recording_budget_locked(Recording *recording, int64_t budget);

/* Whether a search for holders is still to be done. */
static inline bool recording_needs_search(const Recording *recording)
{
    return recording->searches[AT_BIRTH] || recording->searches[AT_DEATH] || recording->searches[AT_NEXT_BIRTH];
}

/* Live bytes that may have a name: of arrays, and of native blocks that may be the memory of arrays, if these are asked for. */
static inline int64_t recording_nameable(const Recording *recording, bool outside)
{
    const JournalHeader *header = recording->journal.header;
    int64_t native = header->native_live - recording->native_before;
    return header->live + (outside && native > 0 ? native : 0);
}

static inline bool recording_watches_native(const Recording *recording)
{
    return recording->journal.header->native_threshold != 0;
}

/* The number of a large buffer that it saw, in order of birth. Another recording may see native blocks that this one does
 * not. */
static inline uint64_t recording_number(const Recording *recording, const Large *large)
{
    return (recording_watches_native(recording) ? large->serial : large->array_serial) - recording->first_serial;
}

static inline bool recording_saw(const Recording *recording, const Buffer *buffer)
{
    return buffer->generation >= recording->generation && (buffer->domain == ARRAY || recording_watches_native(recording));
}

#endif
