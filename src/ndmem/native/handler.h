/* The hook into NumPy's allocator, and the recordings it feeds. */
#ifndef NDMEM_HANDLER_H
#define NDMEM_HANDLER_H

#include "recording.h"

/* Recordings that may run at once: nested `track()` blocks, not users. */
enum { MAX_RUNNING = 64 };

/* Adds the recording to those that are fed, hooking NumPy for the first. Needs the GIL and NumPy.
 * 0, or -1 with a Python exception set. The first recording's threshold holds for all. */
int handler_start(Recording *recording, size_t threshold);

/* Takes it out, unhooking NumPy after the last. Needs the GIL; may run Python code. Does not raise. */
void handler_stop(Recording *recording);

/* Whether the recording is fed. After a fork the child feeds none. */
bool handler_feeds(const Recording *recording);

size_t handler_threshold(void); /* of the running tracker; 0 if none runs */

/* Whether what the calling thread allocates from now on is ndmem's own and not to be seen. Calls nest; false if
 * too many threads ask at once. Needs the GIL. */
bool handler_quiet(bool quiet);

/* Writes down who holds the live buffers. Needs the GIL, called by Python code. */
void handler_sight(void);

#endif
