/* Shared by the files of the preloaded library: the next functions behind its own, and the listener.
 *
 * No hook calls the dl family, `backtrace`, stdio or Python, or takes a lock: the loader holds its lock while it runs a
 * library's constructors, and one of these may wait for a thread that allocates. What has to be found is found by
 * `preload_resolve`, which the loader or the library's own constructor calls before there is a second thread. */
#ifndef NDMEM_PRELOAD_NEXT_H
#define NDMEM_PRELOAD_NEXT_H

#include "tracker/preload/interface.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/types.h>

#define EXPORT __attribute__((visibility("default")))

/* A thread's memory that is there from its start: looking it up may not allocate. The library is loaded with the
 * program, so this takes none of the memory that the loader reserves for libraries loaded later. */
#define OWN_OF_THREAD __thread __attribute__((tls_model("initial-exec")))

/* Hidden, so that the compiler need not load their addresses from a table at each use. */
#pragma GCC visibility push(hidden)

extern struct Next {
    void *(*malloc)(size_t);
    void (*free)(void *);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*reallocarray)(void *, size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*munmap)(void *, size_t);
    void *(*mremap)(void *, size_t, size_t, int, ...);
    int (*madvise)(void *, size_t, int);
    size_t (*usable_size)(void *);
} next;

extern _Atomic(const PreloadHooks *) preload_hooks;
extern OWN_OF_THREAD PreloadThread own;

void preload_resolve(void);

/* Whether the code of the next malloc's library is at this address. */
bool preload_is_allocator(const void *caller);

#pragma GCC visibility pop

static inline bool is_ready(void)
{
    if (__builtin_expect(next.malloc == NULL, 0))
        preload_resolve();
    return next.malloc != NULL;
}

static inline const PreloadHooks *find_listener(void)
{
    const PreloadHooks *listener = atomic_load_explicit(&preload_hooks, memory_order_acquire);
    return listener && own.muted == 0 ? listener : NULL;
}

/* For memory that is not the program's own: the listener's, and what one allocator gets from another. */
#define MUTED(call) \
    do { \
        own.muted++; \
        call; \
        own.muted--; \
    } while (0)

/* A report to the listener; keeps the program's errno. */
#define REPORT(call) \
    do { \
        int error = errno; \
        MUTED(call); \
        errno = error; \
    } while (0)

#endif
