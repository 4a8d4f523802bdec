/* The memory of an array: the buffers of the ledger that it lies in.
 *
 * An array may lie in memory that NumPy did not allocate: in a bytes object, a mapped file, or a block of another library. That
 * begins at an address that the array does not have. */
#ifndef NDMEM_ARRAY_MEMORY_H
#define NDMEM_ARRAY_MEMORY_H

#include "common/numpy_api.h"

/* A mapping that counts by its pages has a block for each time that it grew; of more than these the first ones are found. */
enum { MOST_KEYS = 16 };

/* Fills in the ledger's keys of the buffers and returns their number, 0 if they are unknown. `root` is the array from which its
 * views begin. Needs the GIL, and the tracker lock; reads objects alone, allocates nothing and never raises. */
unsigned array_memory_locked(PyArrayObject *root, const void *keys[MOST_KEYS]);

/* The same for an address that Python code found; `nbytes` of it are an array's. */
unsigned memory_at_locked(const void *at, size_t nbytes, const void *keys[MOST_KEYS]);

#endif
