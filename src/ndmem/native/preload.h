/* Between the preloaded library (preload.c) and the tracker (native.c): found by name with dlsym. */
#ifndef NDMEM_PRELOAD_H
#define NDMEM_PRELOAD_H

#include <stdbool.h>
#include <stddef.h>

/* Blocks from here on are told of one by one. Smaller ones only in lots of so many bytes, when that much more, or less,
 * is in use by them: a hash table of ten million nodes makes a process large too. */
enum { PRELOAD_THRESHOLD = 65536 };

/* Called in the thread that allocates, with or without the GIL, at any time. What a hook allocates is not told of. */
typedef struct {
    void (*born)(void *pointer, size_t nbytes);
    size_t (*died)(void *pointer); /* before it is freed; answers its bytes, 0 if it was never told of */
    void (*mapped)(void *at, size_t nbytes, const char *library);
    bool (*unmapped)(void *at, size_t nbytes); /* any range, before; whether a part of it was told of */
    void (*changed)(long lots);                /* small blocks, told late */
} PreloadHooks;

/* `ndmem_preload_attach`: NULL for nobody. */
typedef void PreloadAttach(const PreloadHooks *hooks);

/* `ndmem_preload_muted`: the calling thread's count; while it is not 0 the thread's blocks are not told of. */
typedef int *PreloadMuted(void);

#endif
