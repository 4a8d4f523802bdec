/* Native blocks: memory of libraries that does not come through NumPy's handler, reported by the preloaded library. Only on
 * Linux; elsewhere without_linux.c answers that there is none. */
#ifndef NDMEM_MALLOC_LISTENER_H
#define NDMEM_MALLOC_LISTENER_H

#include "common/own_thread.h"

#include <Python.h>

/* Finds the preloaded library, if this process was started with it. Needs the GIL. Does not raise. */
void native_find(void);

/* Blocks of this many bytes and more are reported one by one; 0 without a preloaded library. */
size_t native_threshold(void);

/* Path of the preloaded library, as the loader was given it; NULL if there is none. May allocate. Does not raise. */
const char *native_library(void);

/* Starts and stops the reports. Need the GIL. Do not raise. */
void native_hook(void);
void native_unhook(void);

/* Whether native_find has found the library. */
static inline bool native_is_preloaded(void) { return own_thread_at != 0; }

/* Stops and resumes the reports of the calling thread's blocks. Only where the library is preloaded. */
static inline void native_mute(void) { own_thread()->muted++; }
static inline void native_unmute(void) { own_thread()->muted--; }

#endif
