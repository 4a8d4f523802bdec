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

/* A search for holders costs microseconds, so it runs only around a new peak: at the birth of the buffer that makes the peak,
 * while the functions that hold the others still run, and at the next deaths of large buffers, when the new buffer may have
 * its name. Only if the peak grew by 1 % since the last such search (at most 2,500 times from a KiB to a TiB), or if searches
 * take less than 0.1 % of the time. Never at a native block: Python's allocator may be asking for an arena, and a search
 * encodes names with it. */
__attribute__((noinline)) static void search_now_locked(Moment moment, Passing passing)
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
    int64_t start = clock_now(), work = clock_work();
    if (!grown && start - tracker.searched_at < 1000 * tracker.search_cost)
        return;
    for (unsigned i = 0; i < tracker.count; i++) {
        Recording *recording = tracker.running[i];
        if (recording->searches[moment] && --recording->searches[moment] == 0)
            recording->searched_peak[moment] = recording->journal.header->peak;
    }
    tracker_find_sole_locked();
    /* There may be thousands of modules: they have a share of their own. */
    uint32_t steps = steps_allowed_locked(start);
    bool modules = steps > 0 && start - tracker.modules_at >= SHARE_OF_TIME * tracker.modules_cost;
    Task task = {moment == AT_DEATH ? BEFORE_DEATH : IN_HOOK, passing, steps, modules, .stacks = true};
    lock_nest();
    Searched searched = holders_search(tracker.running, tracker.count, task, NULL, NULL);
    lock_unnest();
    tracker.searched_at = clock_now();
    if (moment == AT_BIRTH || (searched.extent != IN_VARIABLES && !searched.is_cut))
        tracker.is_search_cut = searched.is_cut;
    /* Each search counts once. Another process may have had the core, so a short walk is measured by its work. */
    int64_t worked = clock_work() - work;
    tracker.search_cost = searched.extent == IN_VARIABLES ? tracker.searched_at - start : 0;
    if (searched.extent == IN_OBJECTS)
        tracker.walk_cost += worked;
    if (searched.extent == IN_MODULES)
        tracker.modules_cost = worked, tracker.modules_at = tracker.searched_at;
}

void search_at_peak_locked(Moment moment, const void *data, Buffer buffer)
{
    ASSERT_LOCKED();
    Passing passing = {data, buffer, .is_dying = moment == AT_DEATH};
    bool is_due[MOMENTS] = {false};
    for (unsigned i = 0; i < tracker.count; i++)
        for (Moment each = 0; each < MOMENTS; each++)
            is_due[each] |= tracker.running[i]->searches[each] > 0;
    if (is_due[moment])
        return search_now_locked(moment, passing);
    if (moment == AT_BIRTH && is_due[AT_NEXT_BIRTH])
        return search_now_locked(AT_NEXT_BIRTH, passing);
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
