/* Births and deaths of arrays in the common case: the hot path. */
#ifndef NDMEM_ARRAY_EVENTS_H
#define NDMEM_ARRAY_EVENTS_H

#include <Python.h>

/* An array of the calling thread, which has the GIL, is muted and entered by lock_enter_muted. Do nothing where nothing
 * is tracked; allocate by malloc and mmap only, never raise. */
void array_events_born_locked(PyThreadState *thread, void *pointer, size_t nbytes);
void array_events_died_locked(PyThreadState *thread, void *pointer);

#endif
