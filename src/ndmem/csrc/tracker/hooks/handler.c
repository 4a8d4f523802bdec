#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL ndmem_numpy
#include "common/compat.h"
#include "tracker/array_events.h"
#include "tracker/events.h"
#include "tracker/hooks/handler.h"
#include "tracker/limit/limit.h"
#include "tracker/lock.h"
#include "tracker/hooks/malloc_listener.h"
#include "tracker/hooks/raw_domain.h"
#include "tracker/tracker.h"

#include <numpy/arrayobject.h>

/* What NumPy's import_array() does, without its checks and messages: NumPy's version was checked before. Needs the GIL;
 * raises. */
static int find_numpy_api(void)
{
    PyObject *module = PyImport_ImportModule("numpy._core._multiarray_umath");
    PyObject *capsule = module ? PyObject_GetAttrString(module, "_ARRAY_API") : NULL;
    Py_XDECREF(module);
    PyArray_API = capsule ? (void **)PyCapsule_GetPointer(capsule, NULL) : NULL;
    Py_XDECREF(capsule); /* NumPy keeps it */
    if (PyArray_API == NULL)
        return -1;
    PyArray_RUNTIME_VERSION = (int)PyArray_GetNDArrayCFeatureVersion();
    return 0;
}

static PyDataMem_Handler *numpy; /* NumPy's default handler while it has the hook */
static PyDataMemAllocator original; /* its functions before */

/* NumPy calls with the GIL nearly always, but sometimes between Py_BEGIN_ALLOW_THREADS and its end (102 times in 9 million in
 * its own tests). tracemalloc waits for the GIL there; the hook must not, for the thread that has the GIL may wait for a lock
 * of the code that called the hook. */
__attribute__((noinline)) static void born_without_gil(void *pointer, size_t nbytes)
{
    lock_enter(false);
    events_born_without_gil_locked(PyGILState_GetThisThreadState(), pointer, nbytes);
    lock_leave();
}

__attribute__((noinline)) static void died_without_gil(void *pointer)
{
    lock_enter(false);
    events_died_without_gil_locked(PyGILState_GetThisThreadState(), pointer);
    lock_leave();
}

static inline void born(void *pointer, size_t nbytes)
{
    PyThreadState *thread = thread_with_gil();
    if (__builtin_expect(thread == NULL, 0))
        return born_without_gil(pointer, nbytes);
    lock_enter_muted();
    array_events_born_locked(thread, pointer, nbytes);
    lock_leave_muted();
}

static inline void died(void *pointer)
{
    PyThreadState *thread = thread_with_gil();
    if (__builtin_expect(thread == NULL, 0))
        return died_without_gil(pointer);
    lock_enter_muted();
    array_events_died_locked(thread, pointer);
    lock_leave_muted();
}

#define HOOK static inline __attribute__((always_inline))

HOOK void mute(bool preloaded)
{
    if (preloaded)
        native_mute();
}

HOOK void unmute(bool preloaded)
{
    if (preloaded)
        native_unmute();
}

/* From NumPy 2.5 on the original takes the data of arrays from Python's raw allocator, whose hook sees large blocks. */
HOOK int mute_raw(size_t nbytes, bool preloaded)
{
    bool is_seen = !preloaded && __builtin_expect(nbytes >= RAW_THRESHOLD, 0) && raw_domain_is_hooked();
    return is_seen ? raw_domain_mute() : NOT_MUTED;
}

/* --- Limits: checked before the original allocator is called, so that a refused allocation does not happen -- */

typedef enum { MALLOC, CALLOC, REALLOC } Call;

static inline size_t multiply(size_t count, size_t nbytes)
{
    size_t all;
    return __builtin_mul_overflow(count, nbytes, &all) ? SIZE_MAX : all;
}

/* The whole call, with a promise: other threads may ask for memory while the original allocator works. */
__attribute__((noinline)) static void *allocate_without_gil(Call call, void *context, void *old, size_t count, size_t nbytes)
{
    size_t all = multiply(count, nbytes);
    if (!limit_allows_without_gil(old, all, call == CALLOC))
        return NULL;
    bool preloaded = native_is_preloaded();
    mute(preloaded);
    int muted = mute_raw(all, preloaded);
    void *pointer = call == MALLOC   ? original.malloc(context, nbytes)
                    : call == CALLOC ? original.calloc(context, count, nbytes)
                                     : original.realloc(context, old, nbytes);
    raw_domain_unmute(muted);
    limit_keep_promise(all);
    if (pointer && old)
        died_without_gil(old);
    if (pointer)
        born_without_gil(pointer, all);
    unmute(preloaded);
    return pointer;
}

/* False if the caller must return `*answer`. `*asked` becomes the calling thread where a limit was checked, else NULL. */
static inline bool may_allocate(Call call, void *context, void *old, size_t count, size_t nbytes, void **answer,
                                PyThreadState **asked)
{
    *asked = NULL;
    if (__builtin_expect(limit_is_none(), 1))
        return true;
    PyThreadState *thread = *asked = thread_with_gil();
    *answer = NULL;
    if (thread == NULL) {
        *answer = allocate_without_gil(call, context, old, count, nbytes);
        return false;
    }
    size_t all = multiply(count, nbytes);
    return limit_has_room(all) || limit_allows(thread, old, all, call == CALLOC);
}

/* --- NumPy's four functions: they chain to the original; its memory and the tracker's are not reported again ---
 *
 * There are two of each, for processes with and without the preloaded library: a check at each call took 6 instructions. */

HOOK void *malloc_and_report(void *context, size_t nbytes, bool preloaded)
{
    void *answer;
    PyThreadState *asked;
    if (!may_allocate(MALLOC, context, NULL, 1, nbytes, &answer, &asked))
        return answer;
    mute(preloaded);
    int muted = mute_raw(nbytes, preloaded);
    void *pointer = original.malloc(context, nbytes);
    raw_domain_unmute(muted);
    if (pointer)
        born(pointer, nbytes);
    unmute(preloaded);
    return pointer;
}

HOOK void *calloc_and_report(void *context, size_t count, size_t nbytes, bool preloaded)
{
    void *answer;
    PyThreadState *asked;
    if (!may_allocate(CALLOC, context, NULL, count, nbytes, &answer, &asked))
        return answer;
    /* From 1 KiB up NumPy's calloc lets go of the GIL, and other threads ask meanwhile. Not where the first limit was set
     * since the question: a thread without the GIL was not asked, and is promised nothing. */
    bool promised = asked && limit_promise(asked, count * nbytes);
    mute(preloaded);
    int muted = mute_raw(multiply(count, nbytes), preloaded);
    void *pointer = original.calloc(context, count, nbytes);
    raw_domain_unmute(muted);
    if (promised)
        limit_keep_promise(count * nbytes);
    if (pointer)
        born(pointer, count * nbytes);
    unmute(preloaded);
    return pointer;
}

/* NumPy holds either the old or the new buffer, never both, and so does tracemalloc. */
HOOK void *realloc_and_report(void *context, void *old, size_t nbytes, bool preloaded)
{
    void *answer;
    PyThreadState *asked;
    if (!may_allocate(REALLOC, context, old, 1, nbytes, &answer, &asked))
        return answer;
    mute(preloaded);
    int muted = mute_raw(nbytes, preloaded);
    void *pointer = original.realloc(context, old, nbytes);
    raw_domain_unmute(muted);
    if (pointer) {
        if (old)
            died(old);
        born(pointer, nbytes);
    }
    unmute(preloaded);
    return pointer;
}

/* The entry is removed first: another thread may get the same address as soon as it is free. */
HOOK void report_and_free(void *context, void *pointer, size_t nbytes, bool preloaded)
{
    mute(preloaded);
    if (pointer)
        died(pointer);
    original.free(context, pointer, nbytes);
    unmute(preloaded);
}

static void *hook_malloc(void *context, size_t nbytes) { return malloc_and_report(context, nbytes, false); }
static void *hook_malloc_preloaded(void *context, size_t nbytes) { return malloc_and_report(context, nbytes, true); }

static void *hook_calloc(void *context, size_t count, size_t nbytes) { return calloc_and_report(context, count, nbytes, false); }
static void *hook_calloc_preloaded(void *context, size_t count, size_t nbytes)
{
    return calloc_and_report(context, count, nbytes, true);
}

static void *hook_realloc(void *context, void *old, size_t nbytes) { return realloc_and_report(context, old, nbytes, false); }
static void *hook_realloc_preloaded(void *context, void *old, size_t nbytes)
{
    return realloc_and_report(context, old, nbytes, true);
}

static void hook_free(void *context, void *pointer, size_t nbytes) { report_and_free(context, pointer, nbytes, false); }
static void hook_free_preloaded(void *context, void *pointer, size_t nbytes)
{
    report_and_free(context, pointer, nbytes, true);
}

static bool is_ours(const PyDataMemAllocator *allocator)
{
    return allocator->malloc == hook_malloc || allocator->malloc == hook_malloc_preloaded;
}

bool handler_is_hooked(void) { return numpy != NULL; }

void handler_unhook(void)
{
    if (numpy == NULL || !is_ours(&numpy->allocator))
        return; /* another library has chained to the hook: it stays installed, and only calls the original */
    numpy->allocator = original;
    numpy = NULL;
}

void *handler_find_allocator(void)
{
    if (numpy)
        return &original;
    if (find_numpy_api() < 0)
        return NULL;
    PyDataMem_Handler *found = PyCapsule_GetPointer(PyDataMem_DefaultHandler, "mem_handler");
    return found ? &found->allocator : NULL;
}

int handler_hook(void)
{
    if (numpy)
        return 0;
    if (find_numpy_api() < 0)
        return -1;
    PyDataMem_Handler *found = PyCapsule_GetPointer(PyDataMem_DefaultHandler, "mem_handler");
    if (found == NULL)
        return -1;
    original = found->allocator;
    bool preloaded = native_is_preloaded();
    found->allocator.malloc = preloaded ? hook_malloc_preloaded : hook_malloc;
    found->allocator.calloc = preloaded ? hook_calloc_preloaded : hook_calloc;
    found->allocator.realloc = preloaded ? hook_realloc_preloaded : hook_realloc;
    found->allocator.free = preloaded ? hook_free_preloaded : hook_free;
    numpy = found;
    return 0;
}
