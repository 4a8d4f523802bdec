#include "common/collector.h"
#include "common/compat.h"
#include "tracker/array_events.h"
#include "tracker/events.h"
#include "tracker/lock.h"
#include "tracker/holders/search_schedule.h"
#include "tracker/tracker_state.h"

/* Arrays in the common case: a single recording runs and needs no search for holders, no thread is quiet, no limit is armed,
 * the thread was at this stack before, and the garbage collector does not run. These functions do what record_birth and
 * record_death do; in any other case they call these before they have changed anything. Each calls the next as its last act
 * and needs few values at a time, so that the compiler saves no registers: saving them took a third of the instructions. */
#define STEP __attribute__((noinline, flatten)) static void

__attribute__((noinline)) static void count_pages_if_due_locked(void)
{
    ASSERT_LOCKED();
    events_count_pages_if_due_locked(thread_with_gil());
}

__attribute__((noinline)) static void commit_large_locked(void)
{
    ASSERT_LOCKED();
    int64_t now = recording_clock(); /* first, so that no value must be kept across the call */
    if (__builtin_expect(recording_commit_locked(tracker.settled, now), 0))
        count_pages_if_due_locked();
}

static inline void put_birth_locked(NodeRecord *node, size_t nbytes)
{
    ASSERT_LOCKED();
    recording_put_birth_locked(tracker.settled, node, nbytes, stack_thread_number_locked());
    commit_large_locked();
}

__attribute__((noinline)) static void put_peak_locked(NodeRecord *node, size_t nbytes)
{
    ASSERT_LOCKED();
    put_birth_locked(node, nbytes);
    tracker_find_sole_locked();
    Buffer buffer;
    if (ledger_find_locked(tracker.newborn, &buffer))
        search_at_peak_locked(AT_BIRTH, tracker.newborn, buffer);
}

STEP count_birth_locked(NodeId stack, size_t nbytes)
{
    ASSERT_LOCKED();
    Recording *recording = tracker.settled;
    NodeRecord *node = recording_node(recording, stack);
    recording_count_birth_locked(recording, node, nbytes);
    recording_number_birth_locked(recording);
    bool is_peak = recording_raise_peaks_locked(recording, node);
    return __builtin_expect(is_peak, 0) ? put_peak_locked(node, nbytes) : put_birth_locked(node, nbytes);
}

__attribute__((noinline)) static void born_unplaced_locked(void *pointer, size_t nbytes)
{
    ASSERT_LOCKED();
    events_born_array_locked(thread_with_gil(), pointer, nbytes);
}

STEP add_large_locked(NodeId stack, void *pointer, size_t nbytes)
{
    ASSERT_LOCKED();
    Large *large = ledger_add_large_locked(pointer, nbytes, stack, tracker.generation);
    if (large == NULL)
        return born_unplaced_locked(pointer, nbytes);
    large->serial = tracker.next_serial++, large->array_serial = tracker.next_array_serial++;
    tracker.newborn = pointer; /* handed over, it would take a register from all steps */
    count_birth_locked(stack, nbytes);
}

STEP born_large_locked(PyThreadState *thread, void *pointer, size_t nbytes)
{
    ASSERT_LOCKED();
    NodeId stack;
    if (tracker.settled == NULL || !stack_if_known_locked(thread, &stack) || !recording_knows(tracker.settled, stack) ||
        !recording_has_room(tracker.settled))
        return events_born_array_locked(thread, pointer, nbytes);
    add_large_locked(stack, pointer, nbytes);
}

STEP add_small_locked(NodeId stack, void *pointer, size_t nbytes)
{
    ASSERT_LOCKED();
    NodeRecord *node = recording_node(tracker.sole, stack);
    if (node == NULL || !ledger_add_small_locked(pointer, nbytes, stack, tracker.generation))
        return born_unplaced_locked(pointer, nbytes);
    recording_count_birth_locked(tracker.sole, node, nbytes);
    if (__builtin_expect(recording_raise_peaks_locked(tracker.sole, node), 0))
        tracker_find_sole_locked(); /* the search follows at the next large array */
}

__attribute__((flatten)) void array_events_born_locked(PyThreadState *thread, void *pointer, size_t nbytes)
{
    ASSERT_LOCKED();
    if (nbytes >= tracker.small)
        return born_large_locked(thread, pointer, nbytes);
    NodeId stack;
    if (!stack_if_known_locked(thread, &stack))
        return events_born_array_locked(thread, pointer, nbytes);
    add_small_locked(stack, pointer, nbytes);
}

STEP remove_large_locked(struct Entry *at)
{
    ASSERT_LOCKED();
    ledger_remove_found_locked(at);
    commit_large_locked();
}

STEP count_death_locked(Found found, NodeRecord *node, NodeRecord *place)
{
    ASSERT_LOCKED();
    Recording *recording = tracker.settled;
    const Large *large = ledger_large_found_locked(found);
    size_t nbytes = (size_t)large->nbytes;
    uint64_t number = recording_number(recording, large);
    ledger_release_found_locked(found);
    recording_count_death_locked(recording, node, nbytes);
    recording_put_death_locked(recording, place, nbytes, number, stack_thread_number_locked());
    remove_large_locked(found.at);
}

STEP died_large_locked(Found found, NodeRecord *node, PyThreadState *thread, void *pointer)
{
    ASSERT_LOCKED();
    NodeId stack;
    bool is_known = tracker.settled && stack_if_known_locked(thread, &stack);
    NodeRecord *place = is_known ? recording_node(tracker.settled, stack) : NULL;
    if (place == NULL || !recording_has_room(tracker.settled) || collector_runs())
        return events_died_array_locked(thread, pointer);
    count_death_locked(found, node, place);
}

STEP died_small_locked(Found found, NodeRecord *node)
{
    ASSERT_LOCKED();
    recording_count_death_locked(tracker.sole, node, found.value);
    ledger_remove_found_locked(found.at);
}

__attribute__((flatten)) void array_events_died_locked(PyThreadState *thread, void *pointer)
{
    ASSERT_LOCKED();
    Found found;
    if (tracker.sole == NULL || !ledger_look_up_locked(pointer, &found) || found.generation < tracker.sole->generation)
        return events_died_array_locked(thread, pointer);
    NodeRecord *node = recording_node(tracker.sole, found.stack);
    if (node == NULL)
        return events_died_array_locked(thread, pointer);
    switch (ledger_kind(found)) {
    case SMALL_ARRAY:
        return died_small_locked(found, node);
    case LARGE_ARRAY:
        return died_large_locked(found, node, thread, pointer);
    case NO_ARRAY:
        return events_died_array_locked(thread, pointer);
    }
}
