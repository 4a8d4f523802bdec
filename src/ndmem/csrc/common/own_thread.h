/* The preloaded library's memory of the calling thread, without a call. */
#ifndef NDMEM_OWN_THREAD_H
#define NDMEM_OWN_THREAD_H

#include "tracker/preload/interface.h"

/* How far from a thread's address it lies; 0 while no library is preloaded. Set once, before the lock is needed. */
extern ptrdiff_t own_thread_at;

/* In one instruction beside the load of the distance: x86 addresses a thread's memory by a register of its own. The
 * sanitizers take such an address for one of the whole process. */
#if defined(__linux__) && defined(__SEG_FS) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
typedef PreloadThread __seg_fs OwnThread;
static inline OwnThread *own_thread(void) { return (OwnThread *)own_thread_at; }
#else
typedef PreloadThread OwnThread;
static inline OwnThread *own_thread(void)
{
#ifdef __linux__
    return own_thread_at ? (PreloadThread *)((char *)__builtin_thread_pointer() + own_thread_at) : NULL;
#else
    return NULL; /* none is preloaded there */
#endif
}
#endif

#endif
