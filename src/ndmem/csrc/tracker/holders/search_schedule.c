#include "common/clock.h"
#include "tracker/hooks/handler.h"
#include "tracker/holders/holders.h"
#include "tracker/holders/search_schedule.h"
#include "tracker/tracker_state.h"

/* A search for holders costs microseconds, so it runs only around a new peak: at the birth of the buffer that makes the peak,
 * while the functions that hold the others still run, and at the next deaths of large buffers, when the new buffer may have
 * its name. Only if the peak grew by 1 % since the last such search (at most 2,500 times from a KiB to a TiB), or if searches
 * take less than 0.1 % of the time. Never at a native block: Python's allocator may be asking for an arena, and a search
 * encodes names with it. */
__attribute__((noinline)) static void search_now_locked(Moment moment)
{
    ASSERT_LOCKED();
    if (!lock_has_gil())
        return;
    bool grown = false;
    for (unsigned i = 0; i < tracker.count; i++) {
        const Recording *recording = tracker.running[i];
        int64_t seen = recording->searched_peak[moment];
        grown |= recording->searches[moment] && recording->journal.header->peak > seen + seen / 100;
    }
    int64_t start = clock_now();
    if (!grown && start - tracker.searched_at < 1000 * tracker.search_cost)
        return;
    for (unsigned i = 0; i < tracker.count; i++) {
        Recording *recording = tracker.running[i];
        if (recording->searches[moment] && --recording->searches[moment] == 0)
            recording->searched_peak[moment] = recording->journal.header->peak;
    }
    tracker_find_sole_locked();
    lock_nest();
    holders_search(tracker.running, tracker.count, moment == AT_DEATH ? BEFORE_DEATH : IN_HOOK, NULL, NULL);
    lock_unnest();
    tracker.searched_at = clock_now();
    tracker.search_cost = tracker.searched_at - start;
}

void search_at_peak_locked(Moment moment)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        if (__builtin_expect(tracker.running[i]->searches[moment], 0))
            return search_now_locked(moment);
}

void search_at_rest(PyObject *found)
{
    if (!handler_is_hooked()) /* without NumPy there are no arrays, and no C API to recognize them */
        return;
    Spellings *spellings = holders_spell(found); /* meanwhile another thread may stop the tracker */
    if (spellings && tracker_runs())
        holders_search(tracker.running, tracker.count, AT_REST, spellings, found);
    if (spellings)
        spellings_free(spellings);
}
