/* Compaction: discard from the journal of a long run the events that no report needs any more.
 *
 * Kept are all events around the peaks and the latest events; births and deaths of the buffers that are alive or were alive
 * at a peak; and, in place of the others, marks with their number and with the bytes that were alive. So every counter, both
 * peaks and the live buffers stay exact, and live bytes over time are known at each tick that is kept. Details are kept of
 * the buffers whose events are kept.
 *
 * A compaction reads each event twice. The program waits for it in malloc, so it runs in slices: one whenever a block of
 * events or details is begun. It reads and replaces the blocks that were finished when it began. It keeps the buffers that
 * are alive at that moment or were alive at a peak until then; a later peak consists of these buffers and of later ones.
 * New events are appended meanwhile. */
#ifndef NDMEM_COMPACTION_H
#define NDMEM_COMPACTION_H

#include "tracker/journal/journal.h"
#include "tracker/lock.h"

enum { COMPACTION_SLICE = 1 << 15 }; /* records that a slice reads, to the end of a block: about 2 ms */

typedef enum { NO_COMPACTION, FIND_KEPT, COPY_EVENTS, FIND_SIGHTINGS, COPY_DETAILS, RETIRE, FORGET } CompactionStage;

/* The compactions of a journal. */
typedef struct {
    struct Compaction *now; /* NULL if none is under way */
    uint64_t slice;      /* records that a slice is to read */
    uint64_t slices;     /* so far, of all compactions */
    uint64_t longest;    /* the most records that one of them read */
} Compactions;

CompactionStage compaction_stage(const Compactions *compactions);

/* Runs the next slice of the compaction that is under way, or the first of one that is due. Called between two events;
 * allocates by malloc and mmap only, runs no Python code, never raises. Without disk space or memory the journal is left as
 * it is, and the bound for the next compaction rises. */
void compaction_slice_locked(Journal *journal, Compactions *compactions);

/* A slice if a block was begun since the last one. */
static inline void compact_if_due_locked(Journal *journal, Compactions *compactions)
{
    ASSERT_LOCKED();
    if (__builtin_expect(journal->has_new_block, 0))
        compaction_slice_locked(journal, compactions);
}

/* The same after a search for holders. A compaction of details alone goes on at each search: searches add details, also
 * where few events come. */
void compact_after_sighting_locked(Journal *journal, Compactions *compactions);

/* Ends the compaction that is under way: blocks that it has not replaced are left as they are. */
void compaction_stop_locked(Journal *journal, Compactions *compactions);

/* Frees the state of a compaction and leaves the journal as it is. */
void compaction_forget(Compactions *compactions);

#endif
