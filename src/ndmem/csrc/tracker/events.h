/* Births and deaths of buffers, in every case, reported to all recordings and limits. array_events.h has the common case.
 *
 * Called by the hooks, inside the tracker lock (lock.h); allocate by malloc and mmap only, never raise. */
#ifndef NDMEM_EVENTS_H
#define NDMEM_EVENTS_H

#include "tracker/hooks/pages.h"
#include "tracker/tracker_state.h"

/* An array of the calling thread, which has the GIL. Do nothing where nothing is tracked. */
void events_born_array_locked(PyThreadState *thread, void *pointer, size_t nbytes);
void events_died_array_locked(PyThreadState *thread, void *pointer);

/* The same for a thread without the GIL that has entered by lock_enter; its state is given if Python knows it. */
void events_born_without_gil_locked(PyThreadState *thread, void *pointer, size_t nbytes);
void events_died_without_gil_locked(PyThreadState *thread, void *pointer);

/* Takes the tracker lock for a native block of the calling thread, with the GIL or without; `*thread` is NULL for one that
 * Python does not know. False if nothing is tracked, or the thread has the lock already: then the block is ndmem's own. */
bool events_enter_native(PyThreadState **thread);

/* A native block of the calling thread, whose state is given if Python knows it. `library` mapped it or has its own allocator, or NULL. False if it is
 * ndmem's own, or memory is missing. */
bool events_born_native_locked(PyThreadState *thread, void *pointer, size_t nbytes, const char *library);

/* Its bytes; 0 if it was born before tracking. */
size_t events_died_native_locked(PyThreadState *thread, void *pointer);

/* The same for a mapped file. */
void events_mapped_locked(PyThreadState *thread, void *at, size_t nbytes, const char *file);
void events_unmapped_locked(PyThreadState *thread, void *at);

/* The stack of the calling thread, for native blocks that are born later; false if its mappings are ndmem's own. */
bool events_place_locked(PyThreadState *thread, NodeId *stack);

/* A native block of a library's mapping, at a stack where no thread needs to be now; `name` is not a valid address. */
void events_grew_locked(NodeId stack, void *name, size_t nbytes, const char *library);

/* A library has mapped `nbytes` that count by pages. */
void events_reserved_locked(size_t nbytes, const char *library);

/* The pages of mappings are counted when a recording's clock has moved, at most once in a millisecond: an event on the fast
 * path has not moved it. */
static inline void events_count_pages_if_due_locked(PyThreadState *thread)
{
    ASSERT_LOCKED();
    if (__builtin_expect(tracker.count && tracker.running[0]->ticked >= pages_due, 0))
        pages_count_locked(thread, IF_DUE);
}

#endif
