#include "compat.h"
#include "handler.h"
#include "holders.h"
#include "limit.h"
#include "lock.h"
#include "native.h"
#include "tracker.h"

#include <pthread.h>
#include <time.h>

enum { MAX_QUIET = 64 };

static struct {
    Recording *running[MAX_RUNNING];
    unsigned count, held; /* recordings, and limits */
    uint16_t generation;
    size_t threshold;
    uint64_t next_serial;           /* of large buffers */
    int64_t sight_cost, sighted_at; /* nanoseconds: the last look for holders */
    uint64_t quiet[MAX_QUIET];      /* ids of threads that run ndmem's own code, once for each call */
    unsigned quiet_count;
} tracker;

/* --- What happens to a buffer -------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

enum Moment { AT_BIRTH = 0, AT_DEATH = 1 };

/* A look for holders costs microseconds, so it is made only around a new peak: when the buffer is born that
 * makes it, while the functions that hold the others still run, and at the next deaths of large buffers, when
 * the newborn may have its name. Only if the peak grew by 1 % since the last such look (at most 2,500 times
 * from a KiB to a TiB), or if looking takes less than 0.1 % of the time. Never at a native block: Python's allocator
 * may be asking for an arena, and a look encodes names with it. */
__attribute__((noinline)) static void sight_peak_now(enum Moment moment)
{
    bool grown = false;
    for (unsigned i = 0; i < tracker.count; i++) {
        const Recording *recording = tracker.running[i];
        int64_t seen = recording->sighted_peak[moment];
        grown |= recording->looks[moment] && recording->journal.header->peak > seen + seen / 100;
    }
    int64_t start = now_ns();
    if (!grown && start - tracker.sighted_at < 1000 * tracker.sight_cost)
        return;
    for (unsigned i = 0; i < tracker.count; i++) {
        Recording *recording = tracker.running[i];
        if (recording->looks[moment] && --recording->looks[moment] == 0)
            recording->sighted_peak[moment] = recording->journal.header->peak;
    }
    holders_sight(tracker.running, tracker.count, IN_HOOK);
    tracker.sighted_at = now_ns();
    tracker.sight_cost = tracker.sighted_at - start;
}

static inline void sight_peak(enum Moment moment)
{
    for (unsigned i = 0; i < tracker.count; i++)
        if (__builtin_expect(tracker.running[i]->looks[moment], 0))
            return sight_peak_now(moment);
}

/* A buffer for which the books have no memory left. */
static void miss(void)
{
    for (unsigned i = 0; i < tracker.count; i++)
        tracker.running[i]->journal.header->missed++;
}

static inline NodeId current_stack(PyThreadState *thread, uint16_t *number)
{
    return lock_has_gil() ? stack_current(thread, number) : stack_without_gil(thread, number);
}

size_t tracker_died(PyThreadState *thread, void *pointer, Domain domain)
{
    Buffer buffer;
    if (!ledger_remove(pointer, (uint8_t)domain, &buffer))
        return 0;
    limit_died(pointer, &buffer);
    NodeId stack = ROOT;
    uint16_t number = 0;
    if (buffer.large) {
        if (domain == ARRAY)
            sight_peak(AT_DEATH);
        stack = current_stack(thread, &number);
    }
    for (unsigned i = 0; i < tracker.count; i++)
        if (recording_saw(tracker.running[i], &buffer))
            recording_death(tracker.running[i], &buffer, stack, number);
    if (buffer.large)
        ledger_release(buffer.large);
    return buffer.nbytes;
}

/* Reading a trace makes arrays, which are not the program's. */
bool tracker_is_quiet(const PyThreadState *thread)
{
    for (unsigned i = 0; i < tracker.quiet_count && thread; i++)
        if (tracker.quiet[i] == thread->id)
            return true;
    return false;
}

/* Where a buffer is still known whose owner was freed behind our back. */
__attribute__((noinline)) static Added add_again(PyThreadState *thread, void *pointer, Buffer *buffer)
{
    Buffer lost;
    if (ledger_find(pointer, &lost))
        tracker_died(thread, pointer, (Domain)lost.domain);
    return ledger_add(pointer, buffer);
}

void tracker_born(PyThreadState *thread, void *pointer, size_t nbytes, Domain domain, const char *library)
{
    if (tracker_is_quiet(thread))
        return;
    uint16_t number;
    NodeId stack = current_stack(thread, &number);
    if (domain == NATIVE)
        stack = stack_native_leaf(stack);
    Buffer buffer = {.nbytes = nbytes, .stack = stack, .generation = tracker.generation, .domain = (uint8_t)domain};
    Added added = ledger_add(pointer, &buffer);
    if (added == KNOWN)
        added = add_again(thread, pointer, &buffer);
    if (added == NO_MEMORY)
        return miss();
    limit_born(thread, pointer, &buffer);
    if (buffer.large)
        buffer.large->serial = tracker.next_serial++;
    for (unsigned i = 0; i < tracker.count; i++) {
        recording_birth(tracker.running[i], &buffer, number);
        if (library && *library)
            recording_origin(tracker.running[i], &buffer, library);
    }
    if (buffer.large && domain == ARRAY)
        sight_peak(AT_BIRTH);
}

bool tracker_runs(void) { return tracker.count + tracker.held > 0; }

/* --- Starting and stopping ------------------------------------------------------------------------- */

/* The child of a fork shares the journal's pages with its parent and must not write to them. */
static void forget_in_child(void)
{
    tracker.count = tracker.held = 0;
    limit_forget();
    handler_unhook();
    native_unhook();
    lock_after_fork();
}

static int open_tracker(size_t threshold)
{
    static bool fork_handled;
    if (holders_open() < 0)
        return -1;
    if (!fork_handled && pthread_atfork(lock_before_fork, lock_after_fork, forget_in_child) == 0)
        fork_handled = true;
    /* A forked child may still have its parent's. */
    stack_close();
    ledger_close();
    if (!stack_open() || !ledger_open(threshold)) {
        PyErr_NoMemory();
        return -1;
    }
    tracker.threshold = threshold;
    tracker.generation = 0;
    tracker.next_serial = 0;
    tracker.sight_cost = tracker.sighted_at = 0;
    return 0;
}

static void close_tracker(void)
{
    handler_unhook();
    native_unhook();
    ledger_close();
    stack_close();
}

/* After 65,535 nested starts: generations that no running recording tells apart become one. */
static void renumber_generations(void)
{
    static uint16_t rank[UINT16_MAX + 1];
    for (unsigned generation = 0; generation <= UINT16_MAX; generation++) {
        rank[generation] = 0;
        for (unsigned i = 0; i < tracker.count; i++)
            rank[generation] += tracker.running[i]->generation <= generation;
        rank[generation] += limit_count_until((uint16_t)generation);
    }
    ledger_renumber(rank);
    for (unsigned i = 0; i < tracker.count; i++)
        tracker.running[i]->generation = rank[tracker.running[i]->generation];
    limit_renumber(rank);
    tracker.generation = rank[tracker.generation];
}

static uint16_t next_generation(void)
{
    if (tracker.generation == UINT16_MAX)
        renumber_generations();
    return ++tracker.generation;
}

static void close_if_idle(void)
{
    if (!tracker_runs())
        close_tracker();
}

int tracker_hold(size_t threshold, uint16_t *generation)
{
    if (!tracker_runs() && open_tracker(threshold) < 0)
        return -1;
    if (tracker_hear_numpy() < 0) {
        close_if_idle();
        return -1;
    }
    native_find();
    lock_enter(true);
    *generation = next_generation();
    tracker.held++;
    lock_leave();
    native_hook();
    return 0;
}

void tracker_note_budget(void)
{
    for (unsigned i = 0; i < tracker.count; i++)
        recording_budget(tracker.running[i], limit_lowest());
}

void tracker_release(void)
{
    tracker.held--;
    close_if_idle();
}

int tracker_start(Recording *recording, size_t threshold, Start start)
{
    if (tracker.count == MAX_RUNNING) {
        PyErr_Format(PyExc_RuntimeError, "%d recordings run already; stop one before starting another", MAX_RUNNING);
        return -1;
    }
    if (!tracker_runs() && open_tracker(threshold) < 0)
        return -1;
    if (start == WITH_NUMPY && tracker_hear_numpy() < 0) {
        close_if_idle();
        return -1;
    }
    native_find();
    lock_enter(true);
    bool started = recording_start(recording, next_generation(), tracker.next_serial, native_threshold());
    if (started) {
        tracker.running[tracker.count++] = recording;
        recording_budget(recording, limit_lowest());
    }
    lock_leave();
    if (started) {
        native_hook();
        return 0;
    }
    PyErr_NoMemory();
    close_if_idle();
    return -1;
}

int tracker_hear_numpy(void) { return handler_hook(); }

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
    unsigned i = 0;
    while (tracker.running[i] != recording)
        i++;
    tracker.running[i] = tracker.running[--tracker.count];
    recording_stop(recording);
    lock_leave();
    close_if_idle();
}

void tracker_stop_all(void)
{
    while (tracker.count)
        tracker_stop(tracker.running[0]);
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
    lock_leave();
    return done;
}

size_t tracker_threshold(void) { return tracker_runs() ? tracker.threshold : 0; }

void tracker_sight(void)
{
    if (handler_is_hooked()) /* without NumPy there are no arrays to find, and no C API to know them by */
        holders_sight(tracker.running, tracker.count, AT_REST);
}
