/* malloc's family of the preloaded library: large blocks are reported one by one, small ones in lots.
 *
 * Each function may be called at any time, in any thread, with or without the GIL, also before main() and in the child
 * of vfork(). It never fails by itself: the caller gets what the next malloc returns. */
#include "tracker/preload/next.h"

#include <malloc.h>
#include <string.h>

/* --- Before the next malloc is known ---------------------------------------------------------------------- */

/* dlsym may allocate while it searches for malloc; that memory is never freed. */
static struct {
    _Alignas(16) char bytes[8192];
    size_t used;
} bootstrap;

static bool from_bootstrap(const void *pointer)
{
    return (const char *)pointer >= bootstrap.bytes && (const char *)pointer < bootstrap.bytes + sizeof bootstrap.bytes;
}

static void *take_bootstrap(size_t nbytes)
{
    nbytes = (nbytes + 15) & ~(size_t)15;
    if (nbytes > sizeof bootstrap.bytes - bootstrap.used)
        return NULL;
    void *pointer = bootstrap.bytes + bootstrap.used;
    bootstrap.used += nbytes;
    return pointer;
}

/* --- Reports to the listener ------------------------------------------------------------------------------ */

/* By how much the thread's small blocks take more, or less, than was reported; blocks that other threads free count
 * there. */
static OWN_OF_THREAD long unreported;

static inline void count_small(const PreloadHooks *listener, long nbytes)
{
    unreported += nbytes;
    long lots = unreported / PRELOAD_THRESHOLD;
    if (__builtin_expect(lots == 0, 1))
        return;
    unreported -= lots * PRELOAD_THRESHOLD;
    REPORT(listener->changed(lots));
}

/* malloc's own size decides what is small, here as in report_death, which knows no other. A block whose two sizes are on
 * different sides of the threshold is reported through neither path. */
static inline void *report_birth(const PreloadHooks *listener, void *pointer, size_t nbytes)
{
    if (pointer == NULL)
        return NULL;
    size_t usable = next.usable_size(pointer);
    if (usable < PRELOAD_THRESHOLD)
        count_small(listener, (long)usable);
    else if (nbytes >= PRELOAD_THRESHOLD)
        REPORT(listener->born(pointer, nbytes, NULL));
    return pointer;
}

/* The size is in the header that free is about to read anyway. Returns the bytes with which to report the block again,
 * 0 for a large one that was never reported. */
static inline size_t report_death(const PreloadHooks *listener, void *pointer)
{
    size_t nbytes = 0;
    if (pointer == NULL)
        return 0;
    size_t usable = next.usable_size(pointer);
    if (usable < PRELOAD_THRESHOLD) {
        count_small(listener, -(long)usable);
        return usable;
    }
    REPORT(nbytes = listener->died(pointer));
    return nbytes;
}

/* --- The functions ----------------------------------------------------------------------------------------
 *
 * Each in two parts: without a listener, as for the data of each array, the first part only jumps to the next malloc. In one
 * part it saved registers first, 20 instructions. */

#define LISTENED __attribute__((noinline)) static

LISTENED void *listened_malloc(const PreloadHooks *listener, size_t nbytes)
{
    return report_birth(listener, next.malloc(nbytes), nbytes);
}

EXPORT void *malloc(size_t nbytes)
{
    if (!is_ready())
        return take_bootstrap(nbytes);
    const PreloadHooks *listener = find_listener();
    return listener ? listened_malloc(listener, nbytes) : next.malloc(nbytes);
}

/* If the product overflows there is no pointer, and nothing to report. */
LISTENED void *listened_calloc(const PreloadHooks *listener, size_t count, size_t nbytes)
{
    return report_birth(listener, next.calloc(count, nbytes), count * nbytes);
}

EXPORT void *calloc(size_t count, size_t nbytes)
{
    if (!is_ready()) /* the bootstrap's bytes are zero */
        return take_bootstrap(count * nbytes);
    const PreloadHooks *listener = find_listener();
    return listener ? listened_calloc(listener, count, nbytes) : next.calloc(count, nbytes);
}

/* Reported first: another thread may be given the same address as soon as it is free. */
LISTENED void listened_free(const PreloadHooks *listener, void *block)
{
    report_death(listener, block);
    next.free(block);
}

EXPORT void free(void *block)
{
    if (block == NULL || from_bootstrap(block) || !is_ready())
        return;
    const PreloadHooks *listener = find_listener();
    if (listener)
        listened_free(listener, block);
    else
        next.free(block);
}

/* A death and a birth, moved or not. The death is reported first, see free; after a failure the block is born again. */
LISTENED void *listened_realloc(const PreloadHooks *listener, void *old, size_t nbytes)
{
    size_t was = report_death(listener, old);
    void *moved = next.realloc(old, nbytes);
    if (moved == NULL && nbytes && was) /* realloc to nothing frees */
        report_birth(listener, old, was);
    return report_birth(listener, moved, nbytes);
}

static void *move_from_bootstrap(const char *old, size_t nbytes)
{
    void *moved = malloc(nbytes);
    size_t there = (size_t)(bootstrap.bytes + sizeof bootstrap.bytes - old);
    return moved ? memcpy(moved, old, nbytes < there ? nbytes : there) : NULL;
}

EXPORT void *realloc(void *old, size_t nbytes)
{
    if (!is_ready())
        return take_bootstrap(nbytes);
    if (from_bootstrap(old))
        return move_from_bootstrap(old, nbytes);
    const PreloadHooks *listener = find_listener();
    return listener ? listened_realloc(listener, old, nbytes) : next.realloc(old, nbytes);
}

EXPORT void *reallocarray(void *old, size_t count, size_t nbytes)
{
    size_t product;
    if (__builtin_mul_overflow(count, nbytes, &product)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, product);
}

/* Functions that are rarely called, in one part. */
static void *report_if_listening(void *block, size_t nbytes)
{
    const PreloadHooks *listener = find_listener();
    return listener ? report_birth(listener, block, nbytes) : block;
}

EXPORT void *memalign(size_t alignment, size_t nbytes)
{
    return is_ready() ? report_if_listening(next.memalign(alignment, nbytes), nbytes) : NULL;
}

EXPORT void *aligned_alloc(size_t alignment, size_t nbytes)
{
    return is_ready() ? report_if_listening(next.aligned_alloc(alignment, nbytes), nbytes) : NULL;
}

EXPORT int posix_memalign(void **block, size_t alignment, size_t nbytes)
{
    int error = is_ready() ? next.posix_memalign(block, alignment, nbytes) : ENOMEM;
    if (error == 0)
        report_if_listening(*block, nbytes);
    return error;
}

EXPORT void *valloc(size_t nbytes) { return is_ready() ? report_if_listening(next.valloc(nbytes), nbytes) : NULL; }

EXPORT void *pvalloc(size_t nbytes) { return is_ready() ? report_if_listening(next.pvalloc(nbytes), nbytes) : NULL; }
