#include "common/collector.h"
#include "common/compat.h"
#include "tracker/events.h"
#include "tracker/holders/garbage_journal.h"
#include "tracker/limit/limit.h"
#include "tracker/holders/search_schedule.h"
#include "tracker/tracker_state.h"

/* A buffer for which the tracker has no memory. */
__attribute__((noinline)) static bool miss_locked(void)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        tracker.running[i]->journal.header->missed++;
    return false;
}

/* The four events are these two functions, inlined with constants: the paths of arrays are the cost of tracking. `gil` tells
 * whether the thread has the GIL. */
#define FOR_EACH_EVENT static inline __attribute__((always_inline))

FOR_EACH_EVENT NodeId current_stack_locked(PyThreadState *thread, bool gil, uint16_t *number)
{
    ASSERT_LOCKED();
    return gil ? stack_current_locked(thread, number) : stack_without_gil_locked(thread, number);
}

/* Only with the GIL: another thread's collector may be running else. */
__attribute__((noinline)) static void note_garbage_locked(const Buffer *buffer)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        if (recording_saw(tracker.running[i], buffer))
            garbage_note_locked(tracker.running[i], buffer->large);
}

FOR_EACH_EVENT size_t record_death_locked(PyThreadState *thread, bool gil, void *pointer, Domain domain)
{
    ASSERT_LOCKED();
    Buffer buffer;
    events_count_pages_if_due_locked(thread); /* first: it may add blocks, which moves the ledger's entries */
    if (!ledger_remove_locked(pointer, (uint8_t)domain, &buffer))
        return 0;
    if (domain != MAPPED)
        limit_died_locked(pointer, &buffer);
    NodeId stack = ROOT;
    uint16_t number = 0;
    if (buffer.large) {
        if (domain == ARRAY)
            search_at_peak_locked(AT_DEATH, pointer, buffer);
        if (domain == ARRAY && gil && collector_runs())
            note_garbage_locked(&buffer);
        stack = current_stack_locked(thread, gil, &number);
    }
    for (unsigned i = 0; i < tracker.count; i++)
        if (recording_saw(tracker.running[i], &buffer))
            recording_death_locked(tracker.running[i], &buffer, stack, number);
    if (buffer.large)
        large_give_back_locked(large_index_locked(buffer.large));
    return buffer.nbytes;
}

/* A buffer is still known at the address, because it was freed without a call of the hook. */
__attribute__((noinline)) static void forget_lost_locked(PyThreadState *thread, bool gil, void *pointer)
{
    ASSERT_LOCKED();
    Buffer lost;
    if (ledger_find_locked(pointer, &lost))
        record_death_locked(thread, gil, pointer, (Domain)lost.domain);
}

/* Kept out of the event itself: it is needed once for each thread. */
__attribute__((noinline)) static void name_thread_locked(PyThreadState *thread, uint16_t number)
{
    ASSERT_LOCKED();
    const char *name = stack_name_thread_locked(thread);
    for (unsigned i = 0; name && i < tracker.count; i++)
        recording_thread_locked(tracker.running[i], number, name);
}

FOR_EACH_EVENT bool record_birth_locked(PyThreadState *thread, bool gil, void *pointer, size_t nbytes, Domain domain,
                                 const char *origin)
{
    ASSERT_LOCKED();
    if (tracker_is_quiet(thread))
        return false;
    uint16_t number;
    NodeId stack = current_stack_locked(thread, gil, &number);
    if (domain != ARRAY)
        stack = tree_leaf_locked(stack, (uint8_t)domain);
    else if (gil)
        name_thread_locked(thread, number);
    if (domain == MAPPED && tree_node(stack)->domain != MAPPED) /* the tree is full */
        return miss_locked();
    Buffer buffer = {.nbytes = nbytes, .stack = stack, .generation = tracker.generation, .domain = (uint8_t)domain};
    Added added = ledger_add_locked(pointer, &buffer);
    if (__builtin_expect(added == KNOWN, 0)) {
        forget_lost_locked(thread, gil, pointer);
        added = ledger_add_locked(pointer, &buffer);
    }
    if (__builtin_expect(added == NO_MEMORY, 0))
        return miss_locked();
    if (domain != MAPPED)
        limit_born_locked(thread, pointer, &buffer);
    if (buffer.large)
        buffer.large->serial = tracker.next_serial++, buffer.large->array_serial = tracker.next_array_serial;
    if (buffer.large && domain == ARRAY)
        tracker.next_array_serial++;
    for (unsigned i = 0; i < tracker.count; i++) {
        if (domain != ARRAY && !recording_watches_native(tracker.running[i]))
            continue;
        recording_birth_locked(tracker.running[i], &buffer, number);
        if (origin && *origin)
            recording_origin_locked(tracker.running[i], &buffer, origin);
    }
    if (domain != ARRAY)
        search_expect_outside_locked();
    tracker_find_sole_locked(); /* a peak needs searches for holders */
    if (domain == ARRAY && !buffer.large)
        search_outside_locked(pointer, buffer);
    if (buffer.large) {
        if (domain == ARRAY)
            search_at_peak_locked(AT_BIRTH, pointer, buffer);
        events_count_pages_if_due_locked(thread);
    }
    return true;
}

bool events_place_locked(PyThreadState *thread, NodeId *stack)
{
    ASSERT_LOCKED();
    uint16_t number;
    if (tracker_is_quiet(thread))
        return false;
    *stack = tree_leaf_locked(current_stack_locked(thread, lock_has_gil(), &number), NATIVE);
    for (unsigned i = 0; i < tracker.count; i++)
        recording_place_locked(tracker.running[i], *stack);
    return true;
}

/* A recording that began later has no record of the stack, and its code object may be gone. */
static NodeId known_place_locked(NodeId stack)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        if (!recording_knows(tracker.running[i], stack))
            return NATIVE_ROOT;
    return stack;
}

/* Without a thread: an event of a thread shows how far that thread has come. */
void events_grew_locked(NodeId stack, void *name, size_t nbytes, const char *library)
{
    ASSERT_LOCKED();
    Buffer buffer = {
        .nbytes = nbytes, .stack = known_place_locked(stack), .generation = tracker.generation, .domain = NATIVE};
    if (ledger_add_locked(name, &buffer) != ADDED) {
        miss_locked();
        return;
    }
    limit_born_locked(NULL, name, &buffer);
    buffer.large->serial = tracker.next_serial++, buffer.large->array_serial = tracker.next_array_serial;
    for (unsigned i = 0; i < tracker.count; i++) {
        if (!recording_watches_native(tracker.running[i]))
            continue;
        recording_growth_locked(tracker.running[i], &buffer);
        if (*library)
            recording_origin_locked(tracker.running[i], &buffer, library);
    }
    search_expect_outside_locked();
    tracker_find_sole_locked();
}

void events_reserved_locked(size_t nbytes, const char *library)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        recording_reserved_locked(tracker.running[i], nbytes, library);
}

/* Kept out of the hot path, which calls these last of all. */
__attribute__((noinline)) void events_born_array_locked(PyThreadState *thread, void *pointer, size_t nbytes)
{
    ASSERT_LOCKED();
    if (tracker_runs()) /* the hooks may stay installed, see handler_unhook */
        record_birth_locked(thread, true, pointer, nbytes, ARRAY, NULL);
}

__attribute__((noinline)) void events_died_array_locked(PyThreadState *thread, void *pointer)
{
    ASSERT_LOCKED();
    if (tracker_runs())
        record_death_locked(thread, true, pointer, ARRAY);
}

void events_born_without_gil_locked(PyThreadState *thread, void *pointer, size_t nbytes)
{
    ASSERT_LOCKED();
    if (tracker_runs())
        record_birth_locked(thread, false, pointer, nbytes, ARRAY, NULL);
}

void events_died_without_gil_locked(PyThreadState *thread, void *pointer)
{
    ASSERT_LOCKED();
    if (tracker_runs())
        record_death_locked(thread, false, pointer, ARRAY);
}

bool events_enter_native(PyThreadState **thread)
{
    if (lock_is_mine())
        return false;
    bool gil;
    *thread = thread_own(&gil);
    if (gil && lock_has_nested())
        return false;
    lock_enter(gil);
    if (tracker_runs())
        return true;
    lock_leave();
    return false;
}

bool events_born_native_locked(PyThreadState *thread, void *pointer, size_t nbytes, const char *library)
{
    ASSERT_LOCKED();
    return record_birth_locked(thread, lock_has_gil(), pointer, nbytes, NATIVE, library);
}

size_t events_died_native_locked(PyThreadState *thread, void *pointer)
{
    ASSERT_LOCKED();
    return record_death_locked(thread, lock_has_gil(), pointer, NATIVE);
}

void events_mapped_locked(PyThreadState *thread, void *at, size_t nbytes, const char *file)
{
    ASSERT_LOCKED();
    record_birth_locked(thread, lock_has_gil(), at, nbytes, MAPPED, file);
}

void events_unmapped_locked(PyThreadState *thread, void *at)
{
    ASSERT_LOCKED();
    record_death_locked(thread, lock_has_gil(), at, MAPPED);
}
