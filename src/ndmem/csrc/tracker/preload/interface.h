/* Between the preloaded library (preload/) and the tracker (hooks/malloc_listener.c), which finds it by dlsym. */
#ifndef NDMEM_PRELOAD_INTERFACE_H
#define NDMEM_PRELOAD_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>

/* Blocks of at least this size are reported one by one; smaller ones are aggregated and reported each time that their
 * bytes in use have changed by as much: a hash table of ten million nodes makes a process large too. */
enum { PRELOAD_THRESHOLD = 65536 };

/* How a mapping counts. Address space is not memory: a large mapping, or one for which the system need not have memory
 * ready, counts with the pages that were touched. A file's is recorded, but counts neither as native memory nor for a limit:
 * the system may take its pages back, or shares them with other processes. */
typedef enum { UNCOUNTED = 0, IN_FULL, BY_PAGES, OF_FILE } Counting;

/* Called in the thread that allocates, with or without the GIL, at any time. What a hook allocates is not reported.
 * `name` is that of the library that maps or whose allocator it is, or of the file OF_FILE, or NULL; it is valid during the call
 * only. */
typedef struct {
    void (*born)(void *pointer, size_t nbytes, const char *name);
    size_t (*died)(void *pointer); /* before it is freed; returns its bytes, 0 if it was never reported */
    void (*mapped)(void *at, size_t nbytes, Counting counting, const char *name);
    Counting (*unmapped)(void *at, size_t nbytes); /* any range, before; how a part of it counted */
    void (*discarded)(void *at, size_t nbytes);    /* any range, before its pages are given back */
    void (*changed)(long lots);                    /* small blocks, reported late */
} PreloadHooks;

/* `ndmem_preload_attach`: sets the hooks; NULL stops the reports. */
typedef void PreloadAttach(const PreloadHooks *hooks);

/* What the preloaded library keeps for each thread. It is loaded with the program, so its own memory of a thread is part of
 * the thread from its start, at one distance from the thread's address in all threads. A library that is loaded later,
 * as the extension is, would have to take such memory from a reserve of some 1,700 bytes, which other libraries need:
 * loading fails where it is used up. */
typedef struct {
    int muted;           /* while it is not 0 the thread's blocks are not reported */
    unsigned lock_depth; /* how often the thread has entered the tracker's lock, see lock.h */
} PreloadThread;

/* `ndmem_preload_thread`: that of the calling thread. */
typedef PreloadThread *PreloadThreadOf(void);

#endif
