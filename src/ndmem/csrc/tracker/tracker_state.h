/* The state of the tracker: which recordings are fed. Written inside the tracker lock (lock.h) with the GIL, read inside. */
#ifndef NDMEM_TRACKER_STATE_H
#define NDMEM_TRACKER_STATE_H

#include "tracker/lock.h"
#include "tracker/recording/recording.h"
#include "tracker/tracker.h"

enum { MAX_QUIET = 64 };

extern struct Tracker {
    Recording *running[MAX_RUNNING];
    unsigned count;
    uint16_t generation;
    size_t threshold;
    bool counts_only; /* every recording keeps only counters, and no limit is in force: all buffers are small */
    /* The recording, if it is the only one, no thread is quiet, and it searches for no arrays in other memory; the size below
     * which an array is only counted. */
    Recording *sole;
    size_t small;
    Recording *settled;             /* `sole` while it needs no search for holders */
    uint64_t next_serial, next_array_serial; /* of large buffers, and of those of arrays */
    const void *newborn;            /* the large array whose birth is being counted */
    int64_t search_work;            /* nanoseconds: of all searches for holders */
    int64_t look_work;              /* nanoseconds: of all looks at a single array */
    uint8_t vain_walks;             /* through objects, one after the other, that named nothing */
    int64_t modules_work, modules_at;      /* of the last search through all modules, and its start */
    bool is_search_cut;             /* the searches around the last peak had to leave objects out */
    uint64_t quiet[MAX_QUIET];      /* ids of threads that run ndmem's own code, once for each call */
    unsigned quiet_count;
} tracker;

/* After each change of what `sole` and `settled` depend on. */
static inline void tracker_find_sole_locked(void)
{
    ASSERT_LOCKED();
    /* A search that is due after native blocks is made at the next array, however small. */
    bool alone = tracker.count == 1 && tracker_users == 1 && tracker.quiet_count == 0 &&
                 tracker.running[0]->searches[AFTER_OUTSIDE] == 0;
    tracker.sole = alone ? tracker.running[0] : NULL;
    tracker.settled = alone && !tracker.counts_only && !recording_needs_search(tracker.sole) ? tracker.sole : NULL;
    tracker.small = !alone ? 0 : tracker.counts_only ? LEDGER_MAX_THRESHOLD : tracker.threshold;
}

#endif
