#include "common/clock.h"
#include "tracker/hooks/handler.h"
#include "tracker/holders/holders.h"
#include "tracker/holders/reach.h"
#include "tracker/holders/search_schedule.h"
#include "tracker/tracker_state.h"

/* All searches together take at most a thousandth of the time, and an advance for short programs; those that go through
 * modules, of which there may be thousands, at most a quarter of that. */
enum { SHARE_OF_TIME = 1000, SHARE_FOR_MODULES = 4 * SHARE_OF_TIME, ADVANCE_NS = 2000000 };

/* What is left of that; negative where searches at higher peaks took more. */
static int64_t work_left_locked(int64_t now)
{
    ASSERT_LOCKED();
    return ADVANCE_NS + (now - tracker.running[0]->started) / SHARE_OF_TIME - tracker.search_work;
}

static bool are_objects_wanted_locked(void)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        if (tracker.running[i]->objects)
            return true;
    return false;
}

/* The steps that a walk through objects may take: at most half of what is left, so that a later peak has its walk too. */
static uint32_t steps_allowed(int64_t left)
{
    enum { NS_PER_STEP = 25, LEAST_STEPS = 50 };
    int64_t steps = left / 2 / NS_PER_STEP;
    return steps < LEAST_STEPS ? 0 : steps < MAX_STEPS ? (uint32_t)steps : MAX_STEPS;
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

/* Whether the peak grew by 1 % since the last search at such a moment: at most 2,500 times from a KiB to a TiB. One after
 * native blocks or a mapped file is due only if it did. */
static bool has_grown_locked(Reason reason)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; reason.moment < MOMENTS && i < tracker.count; i++) {
        const Recording *recording = tracker.running[i];
        int64_t seen = recording->searched_peak[reason.moment];
        if (recording->searches[reason.moment] && recording->journal.header->peak > seen + seen / 100)
            return true;
    }
    return reason.outside;
}

static Task plan_locked(Reason reason, Passing passing, int64_t now, int64_t left)
{
    ASSERT_LOCKED();
    bool objects = are_objects_wanted_locked();
    uint32_t steps = objects ? steps_allowed(left) : 0;
    return (Task){.occasion = passing.is_dying ? BEFORE_DEATH : IN_HOOK,
                  .passing = passing,
                  .steps = steps,
                  .modules = steps > 0 && now - tracker.modules_at >= SHARE_FOR_MODULES * tracker.modules_work,
                  .stacks = objects,
                  .outside = reason.outside};
}

static void count_search_locked(Reason reason)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++) {
        Recording *recording = tracker.running[i];
        Moment moment = reason.moment;
        if (moment < MOMENTS && recording->searches[moment] && --recording->searches[moment] == 0)
            recording->searched_peak[moment] = recording->journal.header->peak;
        if (reason.outside && recording->searches[AFTER_OUTSIDE])
            recording->searches[AFTER_OUTSIDE]--;
    }
    tracker_find_sole_locked();
}

/* A search for holders costs microseconds, so it runs only around a new peak: at the birth of the buffer that makes the
 * peak, while the functions that hold the others still run, and at the next deaths of large buffers, when the new buffer
 * may have its name. Only if the peak has grown, or time is left for two searches like the last. Never at a native block:
 * Python's allocator may be asking for it, and objects are not whole then. */
__attribute__((noinline)) static void search_now_locked(Reason reason, Passing passing)
{
    ASSERT_LOCKED();
    if (!lock_has_gil())
        return;
    int64_t now = clock_now(), left = work_left_locked(now);
    if (!has_grown_locked(reason) && left < 2 * tracker.last_search_work)
        return;
    count_search_locked(reason);
    /* Another process may have the core meanwhile, so a search is measured by its work. */
    int64_t work = clock_work();
    Task task = plan_locked(reason, passing, now, left);
    lock_nest();
    Searched searched = holders_search(tracker.running, tracker.count, task, NULL, NULL);
    lock_unnest();
    work = clock_work() - work;
    if (reason.moment == AT_BIRTH || (searched.extent != IN_VARIABLES && !searched.is_cut))
        tracker.is_search_cut = searched.is_cut;
    tracker.search_work += work, tracker.last_search_work = work;
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
