/* Writes which buffers the garbage collector freed. */
#ifndef NDMEM_GARBAGE_JOURNAL_H
#define NDMEM_GARBAGE_JOURNAL_H

#include "tracker/recording/recording.h"

/* A sighting without a name, as of a buffer that has lost its own, in place of a function `GARBAGE`. To be called before the
 * death is written. Allocates by malloc and mmap only, and never raises. */
void garbage_note_locked(Recording *recording, const Large *large);

#endif
