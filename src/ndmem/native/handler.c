#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL ndmem_numpy
#include "compat.h"
#include "handler.h"
#include "limit.h"
#include "lock.h"
#include "native.h"
#include "tracker.h"

#include <numpy/arrayobject.h>

/* What NumPy's import_array() does, but of modules that are there already: on NumPy 1.26 that imports the package
 * numpy._core first, which the program would then see. */
static int find_numpy_api(void)
{
    PyObject *name = PyUnicode_FromString("numpy._core._multiarray_umath");
    PyObject *module = name ? PyImport_GetModule(name) : NULL;
    Py_XDECREF(name);
    if (module == NULL && !PyErr_Occurred())
        module = PyImport_ImportModule("numpy.core._multiarray_umath");
    PyObject *capsule = module ? PyObject_GetAttrString(module, "_ARRAY_API") : NULL;
    Py_XDECREF(module);
    PyArray_API = capsule ? (void **)PyCapsule_GetPointer(capsule, NULL) : NULL;
    Py_XDECREF(capsule); /* NumPy keeps it */
    if (PyArray_API == NULL)
        return -1;
    PyArray_RUNTIME_VERSION = (int)PyArray_GetNDArrayCFeatureVersion();
    return 0;
}

static PyDataMem_Handler *numpy; /* NumPy's default handler while ours is in it */
static PyDataMemAllocator original;

/* NumPy calls with the GIL nearly always: now and then between Py_BEGIN_ALLOW_THREADS and its end (seen 102
 * times in 9 million in its own tests). tracemalloc takes the GIL for a moment then, and so do we. */
__attribute__((noinline)) static void born_without_gil(void *pointer, size_t nbytes)
{
    PyGILState_STATE state = PyGILState_Ensure();
    lock_enter(true);
    tracker_born(PyThreadState_Get(), pointer, nbytes, ARRAY, NULL);
    lock_leave();
    PyGILState_Release(state);
}

__attribute__((noinline)) static void died_without_gil(void *pointer)
{
    PyGILState_STATE state = PyGILState_Ensure();
    lock_enter(true);
    tracker_died(PyThreadState_Get(), pointer, ARRAY);
    lock_leave();
    PyGILState_Release(state);
}

static inline void born(void *pointer, size_t nbytes)
{
    PyThreadState *thread = thread_with_gil();
    if (thread == NULL)
        return born_without_gil(pointer, nbytes);
    lock_enter(true);
    tracker_born(thread, pointer, nbytes, ARRAY, NULL);
    lock_leave();
}

static inline void died(void *pointer)
{
    PyThreadState *thread = thread_with_gil();
    if (thread == NULL)
        return died_without_gil(pointer);
    lock_enter(true);
    tracker_died(thread, pointer, ARRAY);
    lock_leave();
}

/* --- Limits: asked before the original allocator is, so that what they refuse does not happen --------------- */

typedef enum { MALLOC, CALLOC, REALLOC } Call;

static void *hook_malloc(void *context, size_t nbytes);
static void *hook_calloc(void *context, size_t count, size_t nbytes);
static void *hook_realloc(void *context, void *old, size_t nbytes);

/* With the GIL from the question to the birth: no other thread's array may come in between. */
__attribute__((noinline)) static void *ask_without_gil(Call call, void *context, void *old, size_t count, size_t nbytes)
{
    PyGILState_STATE state = PyGILState_Ensure();
    void *pointer = call == MALLOC   ? hook_malloc(context, nbytes)
                    : call == CALLOC ? hook_calloc(context, count, nbytes)
                                     : hook_realloc(context, old, nbytes);
    PyGILState_Release(state);
    return pointer;
}

/* False if the caller is to return `*answer`. */
static inline bool may_allocate(Call call, void *context, void *old, size_t count, size_t nbytes, void **answer)
{
    if (__builtin_expect(limit_count == 0, 1))
        return true;
    PyThreadState *thread = thread_with_gil();
    *answer = NULL;
    if (thread == NULL) {
        *answer = ask_without_gil(call, context, old, count, nbytes);
        return false;
    }
    size_t all;
    if (__builtin_mul_overflow(count, nbytes, &all))
        all = SIZE_MAX;
    return limit_has_room(all) || limit_allows(thread, old, all, call == CALLOC);
}

/* --- NumPy's four functions: they chain to the original, whose own memory is not told of again -------------- */

static void *hook_malloc(void *context, size_t nbytes)
{
    void *answer;
    if (!may_allocate(MALLOC, context, NULL, 1, nbytes, &answer))
        return answer;
    int *muted = native_mute();
    void *pointer = original.malloc(context, nbytes);
    native_unmute(muted);
    if (pointer && tracker_runs())
        born(pointer, nbytes);
    return pointer;
}

static void *hook_calloc(void *context, size_t count, size_t nbytes)
{
    void *answer;
    if (!may_allocate(CALLOC, context, NULL, count, nbytes, &answer))
        return answer;
    /* From 1 KiB up NumPy's calloc lets go of the GIL, and other threads ask meanwhile. */
    bool promised = limit_count && limit_promise(PyThreadState_Get(), count * nbytes);
    int *muted = native_mute();
    void *pointer = original.calloc(context, count, nbytes);
    native_unmute(muted);
    if (promised)
        limit_keep_promise(count * nbytes);
    if (pointer && tracker_runs())
        born(pointer, count * nbytes);
    return pointer;
}

/* NumPy holds either the old or the new buffer, never both, and so does tracemalloc. */
static void *hook_realloc(void *context, void *old, size_t nbytes)
{
    void *answer;
    if (!may_allocate(REALLOC, context, old, 1, nbytes, &answer))
        return answer;
    int *muted = native_mute();
    void *pointer = original.realloc(context, old, nbytes);
    native_unmute(muted);
    if (pointer && tracker_runs()) {
        if (old)
            died(old);
        born(pointer, nbytes);
    }
    return pointer;
}

/* The entry goes first: another thread may be given the same address as soon as it is free. */
static void hook_free(void *context, void *pointer, size_t nbytes)
{
    if (pointer && tracker_runs())
        died(pointer);
    int *muted = native_mute();
    original.free(context, pointer, nbytes);
    native_unmute(muted);
}

bool handler_is_hooked(void) { return numpy != NULL; }

void handler_unhook(void)
{
    if (numpy == NULL || numpy->allocator.malloc != hook_malloc)
        return; /* somebody chained to us: we must stay, and only pass on */
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
    found->allocator.malloc = hook_malloc;
    found->allocator.calloc = hook_calloc;
    found->allocator.realloc = hook_realloc;
    found->allocator.free = hook_free;
    numpy = found;
    return 0;
}
