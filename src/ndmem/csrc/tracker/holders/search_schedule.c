#include "common/clock.h"
#include "common/compat.h"
#include "tracker/code_owner.h"
#include "tracker/hooks/handler.h"
#include "tracker/holders/holders.h"
#include "tracker/holders/reach.h"
#include "tracker/holders/search_schedule.h"
#include "tracker/holders/search_time.h"
#include "tracker/holders/stack_arrays.h"
#include "tracker/tracker_state.h"

static bool are_objects_wanted_locked(void)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        if (tracker.running[i]->objects)
            return true;
    return false;
}

/* What a step takes where nothing is in the cache: a walk through objects, an address on a stack, a module. */
enum { NS_PER_STEP = 100, NS_PER_WORD = 700, NS_PER_MODULE = 700 };

/* How many steps a part of a search may take: at most a part of the time that is left, so that a later peak has its own. */
static uint32_t steps_allowed(int64_t left, int64_t part, int64_t nanoseconds, uint32_t least, uint32_t most)
{
    int64_t steps = left / part / nanoseconds;
    return steps < least ? least : steps < most ? (uint32_t)steps : most;
}

/* What a search is made for. */
typedef struct {
    Moment moment; /* MOMENTS: for no peak of arrays */
    bool outside;  /* after native blocks or a mapped file, too */
} Reason;

static bool is_due_locked(Moment moment)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        if (tracker.running[i]->searches[moment])
            return true;
    return false;
}

/* Whether the peak was reached at a place where none of the last ones of this height was: other arrays are alive then. */
static bool is_new_place(const Recording *recording)
{
    const JournalHeader *header = recording->journal.header;
    for (unsigned i = 0; i < PLACES_REMEMBERED; i++) {
        int64_t peak = recording->searched_places[i].peak;
        if (recording->searched_places[i].node == header->peak_node && header->peak <= peak + peak / 100)
            return false;
    }
    return true;
}

/* Whether as many arrays may have been replaced since the last search as are live. */
static bool has_turned_over(const Recording *recording)
{
    return recording->journal.header->events - recording->searched_events >= 2 * (uint64_t)recording->live_count;
}

/* Whether the peak had no search yet: at the birth there was no time, or it was the birth of a small array. */
static bool is_unseen(const Recording *recording) { return recording->searches[AT_BIRTH]; }

/* At a peak that has grown little a search is worth it while any time is left, if other arrays make the peak; after a peak that
 * had one, until half of the time is used. */
static bool is_worth_it_locked(const Recording *recording, Moment moment)
{
    ASSERT_LOCKED();
    if (recording->searches[moment] == 0)
        return false;
    int64_t seen = recording->searched_peak[moment];
    if (recording->journal.header->peak > seen + growth_worth_a_search_locked(seen))
        return true;
    if (is_unseen(recording))
        return is_search_time_left_locked() && (is_new_place(recording) || has_turned_over(recording));
    return searches_used_locked() < 0.5;
}

/* One after native blocks or a mapped file was only expected if these had grown enough. */
static bool is_any_worth_it_locked(Reason reason)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; reason.moment < MOMENTS && i < tracker.count; i++)
        if (is_worth_it_locked(tracker.running[i], reason.moment))
            return true;
    return reason.outside;
}

/* Three searches, for an array mostly gets its name after some other one was born. Not for less than an import takes many
 * times. */
void search_expect_outside_locked(void)
{
    ASSERT_LOCKED();
    enum { LEAST = 1 << 20, SEARCHES = 3 };
    for (unsigned i = 0; i < tracker.count; i++) {
        Recording *recording = tracker.running[i];
        if (recording_counts_only(recording))
            continue;
        const JournalHeader *header = recording->journal.header;
        int64_t all = header->live + header->native_live + recording->mapped_live;
        int64_t seen = recording->searched_peak[AFTER_OUTSIDE];
        if (all <= seen + LEAST || all <= seen + growth_worth_a_search_locked(seen))
            continue;
        recording->searched_peak[AFTER_OUTSIDE] = all;
        recording->searches[AFTER_OUTSIDE] = SEARCHES;
    }
}

enum { LEAST_WORDS = 48 }; /* of the stacks of a few functions */

static Task plan_locked(Reason reason, Passing passing, int64_t now, int64_t left)
{
    ASSERT_LOCKED();
    bool objects = are_objects_wanted_locked();
    uint32_t steps = objects ? steps_allowed(left, INT64_C(2) << tracker.vain_walks, NS_PER_STEP, 0, MAX_STEPS) : 0;
    bool modules = steps > 0 && reason.moment < MOMENTS &&
                   now - tracker.modules_at >= SHARE_FOR_MODULES * tracker.modules_work;
    return (Task){.occasion = passing.is_dying ? BEFORE_DEATH : IN_HOOK,
                  .passing = passing,
                  .steps = steps,
                  .modules = modules ? steps_allowed(left, 4, NS_PER_MODULE, 1, UINT32_MAX) : 0,
                  .words = steps_allowed(left, 2, NS_PER_WORD, LEAST_WORDS, MAX_WORDS),
                  .outside = reason.outside};
}

static void count_one(Recording *recording, Moment moment)
{
    recording->searches[moment]--;
    recording->searched_events = recording->journal.header->events;
    recording->searched_peak[moment] = recording->journal.header->peak;
    if (!is_new_place(recording))
        return;
    const JournalHeader *header = recording->journal.header;
    recording->searched_places[recording->searched_place].node = header->peak_node;
    recording->searched_places[recording->searched_place].peak = header->peak;
    recording->searched_place = (uint8_t)((recording->searched_place + 1) % PLACES_REMEMBERED);
}

static void count_search_locked(Reason reason)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++) {
        Recording *recording = tracker.running[i];
        Moment moment = reason.moment;
        if (moment < MOMENTS && recording->searches[moment])
            count_one(recording, moment);
        if (moment < MOMENTS && is_unseen(recording))
            count_one(recording, AT_BIRTH);
        if (reason.outside && recording->searches[AFTER_OUTSIDE])
            recording->searches[AFTER_OUTSIDE]--;
    }
    tracker_find_sole_locked();
}

/* A search after a peak that found a name and a shape for everything is the last one of that peak. */
static void end_series_locked(void)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        tracker.running[i]->searches[AT_DEATH] = tracker.running[i]->searches[AT_NEXT_BIRTH] = 0;
    tracker_find_sole_locked();
}

/* Arrays that only C code has, or a library's function, are held by no object: while they make the peaks, a walk finds nothing,
 * and each that found nothing makes the next one half as long. */
static void count_walk_locked(Walk walk)
{
    ASSERT_LOCKED();
    enum { MOST = 5 };
    if (walk == NAMED_SOME)
        tracker.vain_walks = 0;
    else if (walk == NAMED_NONE && tracker.vain_walks < MOST)
        tracker.vain_walks++;
}

/* What an import allocates does not belong to arrays. */
static bool is_importing(void)
{
    enum { MAX_FRAMES = 64 }; /* of a module's own code are few above those of the import system */
    Frame *frame = frame_complete(frame_top(thread_state()));
    for (int i = 0; frame && i < MAX_FRAMES; i++, frame = frame_complete(frame_back(frame)))
        if (code_imports(frame_code(frame)->co_filename))
            return true;
    return false;
}

/* A birth that is worth no search is mostly worth a look at the one array; until half of the time for it is used, one that
 * makes no peak is, too, for the next peak may be made with it. */
static bool is_newborn_worth_it_locked(Reason reason, size_t nbytes)
{
    ASSERT_LOCKED();
    enum { PART_OF_LIVE = 100 };
    const JournalHeader *header = tracker.running[0]->journal.header;
    return reason.moment == AT_BIRTH && are_objects_wanted_locked() && (int64_t)nbytes >= header->live / PART_OF_LIVE &&
           looks_used_locked() < (header->live == header->peak ? 1 : 0.5);
}

static void look_at_newborn_locked(Passing passing, uintptr_t place)
{
    ASSERT_LOCKED();
    int64_t work = clock_work();
    Search search = {.recordings = tracker.running, .count = tracker.count, .passing = passing};
    lock_nest();
    stack_arrays_note_newborn(&search, place);
    lock_unnest();
    tracker.look_work += clock_work() - work;
}

/* A search for holders costs microseconds, so it runs only around a new peak: at the birth of the buffer that makes the
 * peak, while the functions that hold the others still run, and at the next deaths of large buffers, when the new buffer
 * may have its name. Only if it is worth the time that it takes. Never at a native block:
 * Python's allocator may be asking for it, and objects are not whole then. */
__attribute__((noinline)) static void search_now_locked(Reason reason, Passing passing)
{
    ASSERT_LOCKED();
    if (!lock_has_gil())
        return;
    if (!is_any_worth_it_locked(reason)) {
        if (is_newborn_worth_it_locked(reason, passing.buffer.nbytes))
            look_at_newborn_locked(passing, STACK_PLACE());
        return;
    }
    int64_t now = clock_now(), left = searches_left_locked(now);
    count_search_locked(reason);
    if (reason.moment == MOMENTS && is_importing())
        return;
    /* Another process may have the core meanwhile, so a search is measured by its work. */
    int64_t work = clock_work();
    Task task = plan_locked(reason, passing, now, left);
    task.place = are_objects_wanted_locked() ? STACK_PLACE() : 0;
    lock_nest();
    Searched searched = holders_search(tracker.running, tracker.count, task, NULL, NULL);
    lock_unnest();
    work = clock_work() - work;
    if (reason.moment == AT_BIRTH || (searched.extent != IN_VARIABLES && !searched.is_cut))
        tracker.is_search_cut = searched.is_cut;
    tracker.search_work += work;
    if (searched.is_complete && (reason.moment == AT_DEATH || reason.moment == AT_NEXT_BIRTH))
        end_series_locked();
    count_walk_locked(searched.walk);
    if (searched.extent == IN_MODULES)
        tracker.modules_work = work, tracker.modules_at = now;
}

void search_at_peak_locked(Moment moment, const void *data, Buffer buffer)
{
    ASSERT_LOCKED();
    Reason reason = {.moment = MOMENTS, .outside = moment == AT_BIRTH && is_due_locked(AFTER_OUTSIDE)};
    if (is_due_locked(moment))
        reason.moment = moment;
    else if (moment == AT_BIRTH && is_due_locked(AT_NEXT_BIRTH))
        reason.moment = AT_NEXT_BIRTH;
    if (reason.moment < MOMENTS || reason.outside)
        search_now_locked(reason, (Passing){data, buffer, .is_dying = moment == AT_DEATH});
}

void search_outside_locked(const void *data, Buffer buffer)
{
    ASSERT_LOCKED();
    if (is_due_locked(AFTER_OUTSIDE))
        search_now_locked((Reason){.moment = MOMENTS, .outside = true}, (Passing){data, buffer, .is_dying = false});
}

bool search_was_cut(void)
{
    lock_enter(true);
    bool is_cut = tracker.is_search_cut;
    lock_leave();
    return is_cut;
}

void search_at_rest(PyObject *found)
{
    if (!handler_is_hooked()) /* without NumPy there are no arrays, and no C API to recognize them */
        return;
    Spellings *spellings = holders_spell(found); /* meanwhile another thread may stop the tracker */
    /* A walk through all objects has better names than the one from variables. */
    Task task = {.occasion = AT_REST, .steps = found ? 0 : MAX_STEPS};
    if (spellings && tracker_runs())
        holders_search(tracker.running, tracker.count, task, spellings, found);
    if (spellings)
        spellings_free(spellings);
}
