/* The tracker: the buffers that are alive, and the recordings that are told of each birth and death. */
#ifndef NDMEM_TRACKER_H
#define NDMEM_TRACKER_H

#include "recording.h"

/* Recordings that may run at once: nested `track()` blocks, not users. */
enum { MAX_RUNNING = 64 };

/* Where NumPy's arrays are heard of: from the start, or not before `tracker_hear_numpy`. */
typedef enum { WITH_NUMPY, BEFORE_NUMPY } Start;

/* Adds the recording to those that are fed, hooking in for the first. Needs the GIL, and NumPy if it says so.
 * 0, or -1 with a Python exception set. The first recording's threshold holds for all. */
int tracker_start(Recording *recording, size_t threshold, Start start);

/* Hooks NumPy for the recordings that run, if that has not been done. Needs the GIL and NumPy. 0, or -1 with a Python
 * exception set. */
int tracker_hear_numpy(void);

/* Takes it out, unhooking after the last. Needs the GIL; may run Python code. Does not raise. */
void tracker_stop(Recording *recording);

/* The same for all that run. */
void tracker_stop_all(void);

/* Keeps the tracker running without a recording, for a limit; `generation` is that of the buffers born from now on. Needs
 * the GIL and NumPy. 0, or -1 with a Python exception set. */
int tracker_hold(size_t threshold, uint16_t *generation);

/* Ends one hold. Needs the GIL; may run Python code. Does not raise. */
void tracker_release(void);

/* Tells the recordings which budget for all arrays is in force. Inside the books, with the GIL. */
void tracker_note_budget(void);

/* Whether the recording is fed. After a fork the child feeds none. */
bool tracker_feeds(const Recording *recording);

size_t tracker_threshold(void); /* of the running tracker; 0 if none runs */

/* Whether what the calling thread allocates from now on is ndmem's own and not to be seen. Calls nest; false if
 * too many threads ask at once. Needs the GIL. */
bool tracker_quiet(bool quiet);

/* Whether the thread's allocations are ndmem's own. Inside the books. */
bool tracker_is_quiet(const PyThreadState *thread);

/* Writes down who holds the live buffers. Needs the GIL, called by Python code. */
void tracker_sight(void);

/* --- Called by the hooks, inside the books (lock.h); allocate with malloc and mmap only, never raise ---------- */

bool tracker_runs(void); /* also outside the books */

/* A buffer of the calling thread, whose state is given if Python knows it. `library` mapped it, or NULL. */
void tracker_born(PyThreadState *thread, void *pointer, size_t nbytes, Domain domain, const char *library);

/* Its bytes; 0 if it was born before tracking. */
size_t tracker_died(PyThreadState *thread, void *pointer, Domain domain);

#endif
