/* Who holds a buffer: array objects found by their data pointer in variables.
 *
 * NumPy's handler knows bytes, not arrays. What a buffer is called, its shape and its dtype are read from
 * the array objects that variables hold: locals of every running frame, their modules' globals, and lists,
 * tuples and dicts among them one level deep. */
#ifndef NDMEM_HOLDERS_H
#define NDMEM_HOLDERS_H

#include "recording.h"

/* How sure a sighting names the buffer. */
enum Sighting { UNSEEN = 0, BY_VIEW = 1, BY_OWNER = 2 };

typedef enum {
    IN_HOOK,  /* inside NumPy's allocator: allocates by malloc and mmap only, runs no Python code */
    AT_REST   /* called by Python code: all modules too */
} Occasion;

/* Writes what it finds, where that is news, to the recordings that saw the buffers. Needs the GIL, never raises. */
void holders_sight(Recording **recordings, unsigned count, Occasion occasion);

/* NumPy's C API must be there: 0, or -1 with an exception. */
int holders_open(void);

#endif
