/* When to search for the holders of live buffers: around each new peak, and when Python code asks. */
#ifndef NDMEM_SEARCH_SCHEDULE_H
#define NDMEM_SEARCH_SCHEDULE_H

#include "tracker/recording/recording.h"

/* After a birth or before a death of a large array: searches for holders if a recording needs it at that moment. Inside the
 * tracker lock; without the GIL it does nothing. `data` and `buffer` are those of that array. Allocates by malloc and mmap only,
 * never raises. */
void search_at_peak_locked(Moment moment, const void *data, Buffer buffer);

/* After the birth of a small array: the same for the memory of arrays that NumPy did not allocate. */
void search_outside_locked(const void *data, Buffer buffer);

/* After the birth of memory that NumPy did not allocate: arrays may lie in it, so the next one may be due to a search. Allocates nothing, never
 * raises, needs no GIL. */
void search_expect_outside_locked(void);

/* Whether the last search around a peak left out objects that may hold arrays, for lack of time. Needs the GIL. */
bool search_was_cut(void);

/* Writes down the holders of the live buffers; `found` as for holders_search. Needs the GIL; may run Python code. Raises only
 * what a signal raised there. */
void search_at_rest(PyObject *found);

#endif
