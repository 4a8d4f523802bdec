#include "common/collector.h"
#include "common/compat.h"
#include "tracker/call_tree/stack.h"
#include "tracker/hooks/handler.h"
#include "tracker/holders/holders.h"
#include "tracker/limit/limit_arm.h"
#include "tracker/hooks/malloc_listener.h"
#include "tracker/hooks/pages.h"
#include "tracker/hooks/raw_domain.h"
#include "tracker/tracker_state.h"

#include <pthread.h>

struct Tracker tracker;
unsigned tracker_users;

/* What is kept of buffers and stacks, when recordings or limits came or went. A limit describes large buffers. */
static void users_changed_locked(void)
{
    ASSERT_LOCKED();
    uint32_t stacks = 0, counts = 0;
    for (unsigned i = 0; i < tracker.count; i++) {
        uint32_t most = tracker.running[i]->max_stacks;
        counts += most > 0;
        stacks = most > stacks ? most : stacks;
    }
    tracker.counts_only = tracker.count && counts == tracker.count && tracker_users == tracker.count;
    ledger_set_threshold_locked(tracker.counts_only ? LEDGER_MAX_THRESHOLD : tracker.threshold);
    stack_bound_locked(tracker.counts_only ? stacks : 0);
    tracker_find_sole_locked();
}

/* The child of a fork shares the journal's pages with its parent and must not write to them. Inside the lock, which the parent
 * entered before the fork. */
static void forget_in_child(void)
{
    tracker.count = tracker_users = 0;
    tracker_find_sole_locked();
    limit_forget_locked();
    handler_unhook();
    native_unhook();
    raw_domain_forget_in_child();
    lock_after_fork();
}

static int muted_at_fork; /* guarded by the tracker lock */

/* Handlers of other libraries run between these, and may allocate. */
static void before_fork(void)
{
    int place = raw_domain_mute();
    lock_before_fork();
    muted_at_fork = place;
}

static void after_fork(void)
{
    int place = muted_at_fork;
    lock_after_fork();
    raw_domain_unmute(place);
}

static int open_tracker(size_t threshold)
{
    static bool fork_handled;
    if (holders_open() < 0)
        return -1;
    collector_open();
    if (!fork_handled && pthread_atfork(before_fork, after_fork, forget_in_child) == 0)
        fork_handled = true;
    /* A forked child may still have its parent's state. The death of a code object may run Python code, which may start the
     * tracker. */
    stack_close();
    if (tracker_runs())
        return 0;
    ledger_close();
    if (!stack_open() || !ledger_open(threshold)) {
        PyErr_NoMemory();
        return -1;
    }
    tracker.threshold = threshold;
    tracker.generation = 0;
    tracker.next_serial = tracker.next_array_serial = 0;
    tracker.search_work = tracker.look_work = 0;
    tracker.vain_walks = 0;
    tracker.modules_work = tracker.modules_at = 0;
    tracker.is_search_cut = false;
    return 0;
}

/* Without the lock, for the death of a code object may run Python code. A thread that enters the lock meanwhile finds that
 * nothing runs, for the last recording was removed inside the lock, and leaves. */
static void close_tracker(void)
{
    handler_unhook();
    native_unhook();
    raw_domain_unhook();
    ledger_close();
    stack_close();
}

/* After 65,535 starts: generations that no running recording distinguishes become one. */
static void renumber_generations_locked(void)
{
    ASSERT_LOCKED();
    static uint16_t rank[UINT16_MAX + 1]; /* 128 KiB: a thread's stack may be smaller */
    for (unsigned generation = 0; generation <= UINT16_MAX; generation++) {
        rank[generation] = 0;
        for (unsigned i = 0; i < tracker.count; i++)
            rank[generation] += tracker.running[i]->generation <= generation;
        rank[generation] += limit_count_until_locked((uint16_t)generation);
    }
    ledger_renumber_locked(rank);
    for (unsigned i = 0; i < tracker.count; i++)
        tracker.running[i]->generation = rank[tracker.running[i]->generation];
    limit_renumber_locked(rank);
    tracker.generation = rank[tracker.generation];
}

static uint16_t next_generation_locked(void)
{
    ASSERT_LOCKED();
    if (tracker.generation == UINT16_MAX)
        renumber_generations_locked();
    return ++tracker.generation;
}

static void hook_native(bool raw)
{
    native_hook();
    if (raw && !native_is_preloaded())
        raw_domain_hook();
}

static void close_if_idle(void)
{
    if (!tracker_runs())
        close_tracker();
}

/* Opens the tracker if it is not open. Called after NumPy was hooked, for hooking may let other threads run: from here to the
 * start of a recording or a hold no Python code runs. */
static int prepare(size_t threshold)
{
    lock_prepare();
    if (tracker_runs() || open_tracker(threshold) == 0)
        return 0;
    close_if_idle();
    return -1;
}

int tracker_hold(size_t threshold, uint16_t *generation)
{
    native_find(); /* before NumPy is hooked: the choice of hooks depends on it */
    if (tracker_hook_numpy() < 0 || prepare(threshold) < 0)
        return -1;
    lock_enter(true);
    *generation = next_generation_locked();
    tracker_users++;
    users_changed_locked();
    lock_leave();
    hook_native(true);
    return 0;
}

void tracker_note_budget_locked(void)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < tracker.count; i++)
        recording_budget_locked(tracker.running[i], limit_lowest_locked());
}

void tracker_release(void)
{
    lock_enter(true); /* a thread without the GIL that is inside uses the ledger */
    tracker_users--;
    users_changed_locked();
    lock_leave();
    close_if_idle();
}

/* Threads that earlier recordings have seen, and are not looked at again. */
static void write_threads_locked(Recording *recording)
{
    ASSERT_LOCKED();
    for (uint32_t i = 0; i < stack_thread_count(); i++) {
        uint16_t number;
        const char *name = stack_thread_name_locked(i, &number);
        if (*name)
            recording_thread_locked(recording, number, name);
    }
}

int tracker_start(Recording *recording, size_t threshold, Start start)
{
    if (tracker.count == MAX_RUNNING) {
        PyErr_Format(PyExc_RuntimeError, "%d recordings run already; stop one before starting another", MAX_RUNNING);
        return -1;
    }
    native_find(); /* before NumPy is hooked: the choice of hooks depends on it */
    if ((start == WITH_NUMPY && tracker_hook_numpy() < 0) || prepare(threshold) < 0)
        return -1;
    size_t native = native_is_preloaded() ? native_threshold() : recording->raw && raw_domain_is_allowed() ? RAW_THRESHOLD : 0;
    lock_enter(true);
    bool started = recording_start_locked(recording, next_generation_locked(),
                                          native ? tracker.next_serial : tracker.next_array_serial, native);
    if (started) {
        tracker.running[tracker.count++] = recording, tracker_users++;
        users_changed_locked();
        recording_budget_locked(recording, limit_lowest_locked());
        write_threads_locked(recording);
    }
    lock_leave();
    if (!started) {
        PyErr_NoMemory();
        close_if_idle();
        return -1;
    }
    hook_native(recording->raw);
    return 0;
}

int tracker_hook_numpy(void)
{
    if (handler_hook() < 0)
        return -1;
    if (tracker.count == 0) /* the lock may not be prepared yet */
        return 0;
    lock_enter(true);
    for (unsigned i = 0; i < tracker.count; i++)
        if (tracker.running[i]->native_before == 0)
            tracker.running[i]->native_before = tracker.running[i]->journal.header->native_live;
    lock_leave();
    return 0;
}

bool tracker_feeds(const Recording *recording)
{
    for (unsigned i = 0; i < tracker.count; i++)
        if (tracker.running[i] == recording)
            return true;
    return false;
}

void tracker_stop(Recording *recording)
{
    if (!tracker_feeds(recording))
        return;
    lock_enter(true);
    pages_count_locked(PyThreadState_Get(), NOW);
    unsigned i = 0;
    while (tracker.running[i] != recording)
        i++;
    tracker.running[i] = tracker.running[--tracker.count], tracker_users--;
    users_changed_locked();
    recording_stop_locked(recording);
    lock_leave();
    close_if_idle();
}

void tracker_stop_all(void)
{
    while (tracker.count)
        tracker_stop(tracker.running[0]);
}

size_t tracker_threshold(void) { return tracker_runs() ? tracker.threshold : 0; }

/* --- Quiet threads --------------------------------------------------------------------------------- */

/* Reading a trace allocates arrays, which are not the program's. */
bool tracker_is_quiet(const PyThreadState *thread)
{
    for (unsigned i = 0; i < tracker.quiet_count && thread; i++)
        if (tracker.quiet[i] == thread->id)
            return true;
    return false;
}

bool tracker_quiet(bool quiet)
{
    uint64_t id = PyThreadState_Get()->id;
    bool done = true;
    lock_enter(true);
    if (quiet) {
        done = tracker.quiet_count < MAX_QUIET;
        if (done)
            tracker.quiet[tracker.quiet_count++] = id;
    } else {
        unsigned i = tracker.quiet_count;
        while (i > 0 && tracker.quiet[i - 1] != id)
            i--;
        done = i > 0;
        if (done)
            tracker.quiet[i - 1] = tracker.quiet[--tracker.quiet_count];
    }
    tracker_find_sole_locked();
    lock_leave();
    return done;
}
