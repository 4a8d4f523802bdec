/* Native blocks: memory of libraries that does not come through NumPy's handler, told of by the preloaded library. */
#ifndef NDMEM_NATIVE_H
#define NDMEM_NATIVE_H

#include "preload.h"

/* Looks whether this process was started with the preloaded library. Needs the GIL. Does not raise. */
void native_find(void);

/* Blocks of this many bytes and more are told of; 0 if nobody tells. */
size_t native_threshold(void);

/* Path of the library that tells, as the loader was given it; NULL if nobody tells. May allocate. Does not raise. */
const char *native_library(void);

/* From now on, until then, it tells. Need the GIL. Do not raise. */
void native_hook(void);
void native_unhook(void);

extern PreloadMuted *native_muted; /* NULL if nobody tells */

/* The calling thread's blocks are not told of until native_unmute. */
static inline int *native_mute(void)
{
    static __thread int *muted __attribute__((tls_model("initial-exec")));
    if (native_muted == NULL)
        return NULL;
    if (muted == NULL)
        muted = native_muted();
    ++*muted;
    return muted;
}

static inline void native_unmute(int *muted)
{
    if (muted)
        --*muted;
}

#endif
