/* The tracker: the live buffers, and the recordings that each birth and death is reported to. */
#ifndef NDMEM_TRACKER_H
#define NDMEM_TRACKER_H

#include "tracker/recording/recording.h"

/* Recordings that may run at once: nested `track()` blocks, not users. */
enum { MAX_RUNNING = 64 };

/* Whether NumPy is hooked at the start, or not before `tracker_hook_numpy`. */
typedef enum { WITH_NUMPY, BEFORE_NUMPY } Start;

/* Starts feeding a recording, and installs the hooks for the first one. Needs the GIL, and NumPy if WITH_NUMPY.
 * 0, or -1 with a Python exception set. The first recording's threshold holds for all. */
int tracker_start(Recording *recording, size_t threshold, Start start);

/* Hooks NumPy for the recordings that run, if that has not been done. Needs the GIL and NumPy. 0, or -1 with a Python
 * exception set. */
int tracker_hook_numpy(void);

/* Stops feeding a recording, and removes the hooks after the last one. Needs the GIL; may run Python code. Does not raise. */
void tracker_stop(Recording *recording);

/* The same for all recordings. */
void tracker_stop_all(void);

/* Keeps the tracker running without a recording, for a limit; `generation` is that of the buffers born from now on. Needs
 * the GIL and NumPy. 0, or -1 with a Python exception set. */
int tracker_hold(size_t threshold, uint16_t *generation);

/* Ends one hold. Needs the GIL; may run Python code. Does not raise. */
void tracker_release(void);

/* Notes in the recordings which budget for all arrays is in force. Inside the tracker lock, with the GIL. */
void tracker_note_budget_locked(void);

/* Whether the recording is fed. After a fork the child feeds none. */
bool tracker_feeds(const Recording *recording);

size_t tracker_threshold(void); /* of the running tracker; 0 if none runs */

/* Begins or ends to ignore what the calling thread allocates, as ndmem's own. Calls nest; false if too many threads are
 * quiet at once. Needs the GIL. */
bool tracker_quiet(bool quiet);

/* Whether the thread's allocations are ndmem's own. Inside the tracker lock. */
bool tracker_is_quiet(const PyThreadState *thread);

/* Number of recordings and limits that are fed; the tracker runs while there is one. Also read outside the tracker lock. */
extern unsigned tracker_users;

static inline bool tracker_runs(void) { return tracker_users > 0; }

#endif
