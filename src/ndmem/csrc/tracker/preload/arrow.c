/* Arrow's memory: from version 25 on libarrow calls its own mimalloc through three names that a library in front of it
 * may take, so that a profiler sees its blocks. Without them there is one mapping of 1 GiB to see.
 *
 * Which libarrow is called is known by the caller's address: Python loads libraries so that their names are their own,
 * and two of them, each with an allocator of its own, may be there. */
#include "tracker/preload/library.h"
#include "tracker/preload/next.h"

typedef struct {
    Library library;
    void *(*malloc)(size_t, size_t);
    void *(*realloc)(void *, size_t, size_t);
    void (*free)(void *);
} Arrow;

#define NAME "(Arrow)" /* in place of a library's name; analysis/origin.py reads it */

/* Those that were found. One is never taken out: libarrow has symbols that keep it loaded for good. */
enum { MAX_ARROWS = 8 };
static Arrow arrows[MAX_ARROWS];
static atomic_uint taken, ready; /* places, and those of them that are filled: one bit each */

static const Arrow *find_known(const char *caller)
{
    unsigned filled = atomic_load_explicit(&ready, memory_order_acquire);
    for (unsigned i = 0; i < MAX_ARROWS; i++)
        if (filled & 1u << i && caller >= arrows[i].library.start && caller < arrows[i].library.end)
            return &arrows[i];
    return NULL;
}

/* Two threads may both come with the first call: then the library has two places. */
static const Arrow *add_arrow(const char *caller)
{
    Arrow arrow;
    if (!library_find(caller, &arrow.library))
        return NULL;
    *(void **)&arrow.malloc = library_function(&arrow.library, "arrow_mi_malloc_aligned");
    *(void **)&arrow.realloc = library_function(&arrow.library, "arrow_mi_realloc_aligned");
    *(void **)&arrow.free = library_function(&arrow.library, "arrow_mi_free");
    if (arrow.malloc == NULL || arrow.realloc == NULL || arrow.free == NULL)
        return NULL;
    unsigned i = atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
    if (i >= MAX_ARROWS)
        return NULL;
    arrows[i] = arrow;
    atomic_fetch_or_explicit(&ready, 1u << i, memory_order_release);
    return &arrows[i];
}

/* A library beside libarrow may have come here by a jump out of it: then it is the first. */
static const Arrow *find_arrow(const char *caller)
{
    const Arrow *arrow = find_known(caller);
    if (arrow == NULL)
        arrow = add_arrow(caller);
    return arrow == NULL && atomic_load_explicit(&ready, memory_order_acquire) & 1 ? &arrows[0] : arrow;
}

EXPORT void *arrow_mi_malloc_aligned(size_t nbytes, size_t alignment)
{
    const Arrow *arrow = find_arrow(__builtin_return_address(0));
    const PreloadHooks *listener = is_ready() ? find_listener() : NULL;
    void *block;
    if (arrow == NULL)
        return NULL;
    MUTED(block = arrow->malloc(nbytes, alignment)); /* what mimalloc maps is not the block's */
    if (listener && block && nbytes)
        REPORT(listener->born(block, nbytes, NAME));
    return block;
}

EXPORT void *arrow_mi_realloc_aligned(void *old, size_t nbytes, size_t alignment)
{
    const Arrow *arrow = find_arrow(__builtin_return_address(0));
    const PreloadHooks *listener = is_ready() ? find_listener() : NULL;
    size_t was = 0;
    void *block;
    if (arrow == NULL)
        return NULL;
    if (listener && old) /* before: another thread may be given the same address as soon as it is free */
        REPORT(was = listener->died(old));
    MUTED(block = arrow->realloc(old, nbytes, alignment));
    if (was && block == NULL)
        REPORT(listener->born(old, was, NAME));
    if (listener && block && nbytes)
        REPORT(listener->born(block, nbytes, NAME));
    return block;
}

EXPORT void arrow_mi_free(void *block)
{
    const Arrow *arrow = find_arrow(__builtin_return_address(0));
    const PreloadHooks *listener = is_ready() ? find_listener() : NULL;
    if (arrow == NULL)
        return;
    if (listener && block)
        REPORT(listener->died(block));
    MUTED(arrow->free(block));
}
