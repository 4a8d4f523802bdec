#include "common/clock.h"
#include "tracker/hooks/handler.h"
#include "tracker/holders/holders.h"
#include "tracker/holders/reach.h"
#include "tracker/holders/search_schedule.h"
#include "tracker/tracker_state.h"

/* The steps that a walk may take: none if no recording wants objects.
 *
 * All walks through objects together take at most a thousandth of the time, and an advance for short programs; each at most
 * half of what is left of that, so that a later peak has its walk too. */
enum { SHARE_OF_TIME = 1000, ADVANCE_NS = 2000000, NS_PER_STEP = 25, LEAST_STEPS = 50 };

static uint32_t steps_allowed_locked(int64_t now)
{
    ASSERT_LOCKED();
    bool is_wanted = false;
    for (unsigned i = 0; i < tracker.count; i++)
        is_wanted |= tracker.running[i]->objects;
    if (!is_wanted)
        return 0;
    int64_t left = ADVANCE_NS + (now - tracker.running[0]->started) / SHARE_OF_TIME - tracker.walk_cost;
    int64_t steps = left / 2 / NS_PER_STEP;
    return steps < LEAST_STEPS ? 0 : steps < MAX_STEPS ? (uint32_t)steps : MAX_STEPS;
}

/* What a search is made for. */
typedef struct {
    Moment moment; /* MOMENTS: for no peak of arrays */
    bool outside;  /* after native blocks or a mapped file, too */
    bool is_death; /* of an array, which is about to be freed */
} Reason;

static bool is_due_locked(Moment moment)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        if (tracker.running[i]->searches[moment])
            return true;
    return false;
}

static bool has_grown_locked(Moment moment)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; moment < MOMENTS && i < tracker.count; i++) {
        const Recording *recording = tracker.running[i];
        int64_t seen = recording->searched_peak[moment];
        if (recording->searches[moment] && recording->journal.header->peak > seen + seen / 100)
            return true;
    }
    return false;
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

/* A search for holders costs microseconds, so it runs only around a new peak: at the birth of the buffer that makes the peak,
 * while the functions that hold the others still run, and at the next deaths of large buffers, when the new buffer may have
 * its name. Only if the peak grew by 1 % since the last such search (at most 2,500 times from a KiB to a TiB), or if searches
 * take less than 0.1 % of the time. Never at a native block: Python's allocator may be asking for it, and objects are not whole
 * then. */
__attribute__((noinline)) static void search_now_locked(Reason reason, size_t nbytes)
{
    ASSERT_LOCKED();
    if (!lock_has_gil())
        return;
    int64_t start = clock_now(), work = clock_work();
    if (!reason.outside && !has_grown_locked(reason.moment) && start - tracker.searched_at < 1000 * tracker.search_cost)
        return;
    count_search_locked(reason);
    /* There may be thousands of modules: they have a share of their own. */
    uint32_t steps = steps_allowed_locked(start);
    bool modules = steps > 0 && start - tracker.modules_at >= SHARE_OF_TIME * tracker.modules_cost;
    Task task = {reason.is_death ? BEFORE_DEATH : IN_HOOK, nbytes, steps, modules, reason.outside};
    lock_nest();
    Searched searched = holders_search(tracker.running, tracker.count, task, NULL, NULL);
    lock_unnest();
    tracker.searched_at = clock_now();
    if (reason.moment == AT_BIRTH || (searched.extent != IN_VARIABLES && !searched.is_cut))
        tracker.is_search_cut = searched.is_cut;
    /* Each search counts once. Another process may have had the core, so a short walk is measured by its work. */
    int64_t worked = clock_work() - work;
    tracker.search_cost = searched.extent == IN_VARIABLES ? tracker.searched_at - start : 0;
    if (searched.extent == IN_OBJECTS)
        tracker.walk_cost += worked;
    if (searched.extent == IN_MODULES)
        tracker.modules_cost = worked, tracker.modules_at = tracker.searched_at;
}

void search_at_peak_locked(Moment moment, size_t nbytes)
{
    ASSERT_LOCKED();
    Reason reason = {.moment = MOMENTS, .is_death = moment == AT_DEATH};
    if (is_due_locked(moment))
        reason.moment = moment;
    else if (moment == AT_BIRTH && is_due_locked(AT_NEXT_BIRTH))
        reason.moment = AT_NEXT_BIRTH;
    reason.outside = moment == AT_BIRTH && is_due_locked(AFTER_OUTSIDE);
    if (reason.moment < MOMENTS || reason.outside)
        search_now_locked(reason, nbytes);
}

void search_outside_locked(size_t nbytes)
{
    ASSERT_LOCKED();
    if (is_due_locked(AFTER_OUTSIDE))
        search_now_locked((Reason){.moment = MOMENTS, .outside = true}, nbytes);
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
