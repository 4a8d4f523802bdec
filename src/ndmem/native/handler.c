#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL ndmem_numpy
#include "compat.h"
#include "handler.h"
#include "holders.h"

#include <numpy/arrayobject.h>
#include <pthread.h>
#include <time.h>

enum { MAX_QUIET = 64 };

static struct {
    Recording *running[MAX_RUNNING];
    unsigned count;
    uint16_t generation;
    size_t threshold;
    uint64_t next_serial;     /* of large buffers */
    PyDataMem_Handler *numpy; /* NumPy's default handler while ours is in it */
    PyDataMemAllocator original;
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
 * from a KiB to a TiB), or if looking takes less than 0.1 % of the time. */
static void sight_peak(enum Moment moment)
{
    bool wanted = false, grown = false;
    for (unsigned i = 0; i < tracker.count; i++)
        wanted |= tracker.running[i]->looks[moment] > 0;
    if (!wanted)
        return;
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

/* A buffer for which the books have no memory left. */
static void miss(void)
{
    for (unsigned i = 0; i < tracker.count; i++)
        tracker.running[i]->journal.header->missed++;
}

static void note_death(PyThreadState *thread, void *pointer)
{
    Buffer buffer;
    if (!ledger_remove(pointer, &buffer)) /* born before tracking */
        return;
    NodeId stack = ROOT;
    uint16_t number = 0;
    if (buffer.large) {
        sight_peak(AT_DEATH);
        stack = stack_current(thread, &number);
    }
    for (unsigned i = 0; i < tracker.count; i++)
        if (recording_saw(tracker.running[i], &buffer))
            recording_death(tracker.running[i], &buffer, stack, number);
    if (buffer.large)
        ledger_release(buffer.large);
}

/* Reading a trace makes arrays, which are not the program's. */
static bool is_quiet(const PyThreadState *thread)
{
    for (unsigned i = 0; i < tracker.quiet_count; i++)
        if (tracker.quiet[i] == thread->id)
            return true;
    return false;
}

static void note_birth(PyThreadState *thread, void *pointer, size_t nbytes)
{
    if (is_quiet(thread))
        return;
    uint16_t number;
    Buffer buffer = {.nbytes = nbytes, .stack = stack_current(thread, &number), .generation = tracker.generation};
    Added added = ledger_add(pointer, &buffer);
    if (added == KNOWN) { /* its owner was freed behind NumPy's back */
        note_death(thread, pointer);
        added = ledger_add(pointer, &buffer);
    }
    if (added == NO_MEMORY)
        return miss();
    if (buffer.large)
        buffer.large->serial = tracker.next_serial++;
    for (unsigned i = 0; i < tracker.count; i++)
        recording_birth(tracker.running[i], &buffer, number);
    if (buffer.large)
        sight_peak(AT_BIRTH);
}

/* NumPy calls with the GIL nearly always: now and then between Py_BEGIN_ALLOW_THREADS and its end (seen 102
 * times in 9 million in its own tests). tracemalloc takes the GIL for a moment then, and so do we. */
static void born(void *pointer, size_t nbytes)
{
    PyThreadState *thread = thread_state();
    if (thread)
        return note_birth(thread, pointer, nbytes);
    PyGILState_STATE state = PyGILState_Ensure();
    note_birth(thread_state(), pointer, nbytes);
    PyGILState_Release(state);
}

static void died(void *pointer)
{
    PyThreadState *thread = thread_state();
    if (thread)
        return note_death(thread, pointer);
    PyGILState_STATE state = PyGILState_Ensure();
    note_death(thread_state(), pointer);
    PyGILState_Release(state);
}

/* --- NumPy's four functions: they chain to the original ----------------------------------------------- */

static void *hook_malloc(void *context, size_t nbytes)
{
    void *pointer = tracker.original.malloc(context, nbytes);
    if (pointer && tracker.count)
        born(pointer, nbytes);
    return pointer;
}

static void *hook_calloc(void *context, size_t count, size_t nbytes)
{
    void *pointer = tracker.original.calloc(context, count, nbytes);
    if (pointer && tracker.count)
        born(pointer, count * nbytes);
    return pointer;
}

/* NumPy holds either the old or the new buffer, never both, and so does tracemalloc. */
static void *hook_realloc(void *context, void *old, size_t nbytes)
{
    void *pointer = tracker.original.realloc(context, old, nbytes);
    if (pointer && tracker.count) {
        if (old)
            died(old);
        born(pointer, nbytes);
    }
    return pointer;
}

/* The entry goes first: another thread may be given the same address as soon as it is free. */
static void hook_free(void *context, void *pointer, size_t nbytes)
{
    if (pointer && tracker.count)
        died(pointer);
    tracker.original.free(context, pointer, nbytes);
}

/* --- Starting and stopping ------------------------------------------------------------------------- */

static void unhook(void)
{
    if (tracker.numpy == NULL || tracker.numpy->allocator.malloc != hook_malloc)
        return; /* somebody chained to us: we must stay, and only pass on */
    tracker.numpy->allocator = tracker.original;
    tracker.numpy = NULL;
}

static int hook(void)
{
    if (tracker.numpy)
        return 0;
    PyDataMem_Handler *numpy = PyCapsule_GetPointer(PyDataMem_DefaultHandler, "mem_handler");
    if (numpy == NULL)
        return -1;
    tracker.original = numpy->allocator;
    numpy->allocator.malloc = hook_malloc;
    numpy->allocator.calloc = hook_calloc;
    numpy->allocator.realloc = hook_realloc;
    numpy->allocator.free = hook_free;
    tracker.numpy = numpy;
    return 0;
}

/* The child of a fork shares the journal's pages with its parent and must not write to them. */
static void forget_in_child(void)
{
    tracker.count = 0;
    unhook();
}

static int open_tracker(size_t threshold)
{
    static bool fork_handled;
    if (_import_array() < 0 || holders_open() < 0)
        return -1;
    if (!fork_handled && pthread_atfork(NULL, NULL, forget_in_child) == 0)
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
    return hook();
}

/* After 65,535 nested starts: generations that no running recording tells apart become one. */
static void renumber_generations(void)
{
    static uint16_t rank[UINT16_MAX + 1];
    for (unsigned generation = 0; generation <= UINT16_MAX; generation++) {
        rank[generation] = 0;
        for (unsigned i = 0; i < tracker.count; i++)
            rank[generation] += tracker.running[i]->generation <= generation;
    }
    ledger_renumber(rank);
    for (unsigned i = 0; i < tracker.count; i++)
        tracker.running[i]->generation = rank[tracker.running[i]->generation];
    tracker.generation = rank[tracker.generation];
}

int handler_start(Recording *recording, size_t threshold)
{
    if (tracker.count == MAX_RUNNING) {
        PyErr_Format(PyExc_RuntimeError, "%d recordings run already; stop one before starting another", MAX_RUNNING);
        return -1;
    }
    if (tracker.count == 0 && open_tracker(threshold) < 0)
        return -1;
    if (tracker.generation == UINT16_MAX)
        renumber_generations();
    recording_start(recording, ++tracker.generation, tracker.next_serial);
    tracker.running[tracker.count++] = recording;
    return 0;
}

bool handler_feeds(const Recording *recording)
{
    for (unsigned i = 0; i < tracker.count; i++)
        if (tracker.running[i] == recording)
            return true;
    return false;
}

void handler_stop(Recording *recording)
{
    if (!handler_feeds(recording))
        return;
    unsigned i = 0;
    while (tracker.running[i] != recording)
        i++;
    tracker.running[i] = tracker.running[--tracker.count];
    recording_stop(recording);
    if (tracker.count)
        return;
    unhook();
    ledger_close();
    stack_close();
}

bool handler_quiet(bool quiet)
{
    uint64_t id = PyThreadState_Get()->id;
    if (quiet) {
        if (tracker.quiet_count == MAX_QUIET)
            return false;
        tracker.quiet[tracker.quiet_count++] = id;
        return true;
    }
    for (unsigned i = tracker.quiet_count; i-- > 0;)
        if (tracker.quiet[i] == id) {
            tracker.quiet[i] = tracker.quiet[--tracker.quiet_count];
            return true;
        }
    return false;
}

size_t handler_threshold(void) { return tracker.count ? tracker.threshold : 0; }

void handler_sight(void) { holders_sight(tracker.running, tracker.count, AT_REST); }
