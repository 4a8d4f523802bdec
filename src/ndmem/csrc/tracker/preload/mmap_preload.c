/* mmap's family of the preloaded library. malloc's own mappings do not come this way. */
#undef _FILE_OFFSET_BITS /* it would make mmap another name of mmap64, and both are defined here */
#define _GNU_SOURCE      /* MAP_ANONYMOUS, mremap, MADV_FREE */
#include "tracker/preload/library.h"
#include "tracker/preload/mapped_file.h"
#include "tracker/preload/next.h"

#include <stdarg.h>
#include <sys/mman.h>

/* A mapping from here on counts by its pages. OpenBLAS maps 32 MiB for each thread while it is loaded, and mostly never
 * touches them; what Python maps for its small objects, 1 MiB each, it fills. */
enum { LARGE_MAPPING = 4 << 20 };

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24 /* Linux 5.18 */
#endif

/* The listener of mmap's family. Not of what the next malloc maps, if that is one that comes this way, as jemalloc and
 * tcmalloc do with their locks held: its blocks are reported. */
static inline const PreloadHooks *find_listener_of(const void *caller)
{
    return preload_is_allocator(caller) ? NULL : find_listener();
}

static Counting choose_counting(size_t nbytes, int protection, int flags)
{
    if (nbytes < PRELOAD_THRESHOLD)
        return UNCOUNTED;
    if (!(flags & MAP_ANONYMOUS))
        return OF_FILE;
    bool reserved = (flags & MAP_NORESERVE) || !(protection & PROT_WRITE);
    return reserved || nbytes >= LARGE_MAPPING ? BY_PAGES : IN_FULL;
}

static void report_mapping(const PreloadHooks *listener, void *at, size_t nbytes, Counting counting, const void *caller)
{
    char library[LIBRARY_NAME];
    library_name(caller, library);
    listener->mapped(at, nbytes, counting, library);
}

/* Kept apart: the name takes a kilobyte of the stack. */
__attribute__((noinline)) static void report_file(const PreloadHooks *listener, void *at, size_t nbytes, int file)
{
    char name[FILE_NAME];
    if (mapped_file_name(file, name))
        listener->mapped(at, nbytes, OF_FILE, name);
}

static void *map(void *wanted, size_t nbytes, int protection, int flags, int file, off_t offset, const void *caller)
{
    if (!is_ready()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    const PreloadHooks *listener = find_listener_of(caller);
    if (listener && (flags & MAP_FIXED)) /* what was there is replaced */
        REPORT(listener->unmapped(wanted, nbytes));
    void *at = next.mmap(wanted, nbytes, protection, flags, file, offset);
    Counting counting = listener && at != MAP_FAILED ? choose_counting(nbytes, protection, flags) : UNCOUNTED;
    if (counting == OF_FILE)
        REPORT(report_file(listener, at, nbytes, file));
    else if (counting != UNCOUNTED)
        REPORT(report_mapping(listener, at, nbytes, counting, caller));
    return at;
}

EXPORT void *mmap(void *wanted, size_t nbytes, int protection, int flags, int file, off_t offset)
{
    return map(wanted, nbytes, protection, flags, file, offset, __builtin_return_address(0));
}

/* glibc's own headers send programs built with _FILE_OFFSET_BITS=64 here; off_t has 64 bits on what we build for. */
EXPORT void *mmap64(void *wanted, size_t nbytes, int protection, int flags, int file, off_t offset)
{
    return map(wanted, nbytes, protection, flags, file, offset, __builtin_return_address(0));
}

EXPORT int munmap(void *at, size_t nbytes)
{
    if (!is_ready()) {
        errno = EINVAL;
        return -1;
    }
    const PreloadHooks *listener = nbytes ? find_listener_of(__builtin_return_address(0)) : NULL;
    if (listener)
        REPORT(listener->unmapped(at, nbytes));
    return next.munmap(at, nbytes);
}

EXPORT void *mremap(void *old, size_t old_nbytes, size_t nbytes, int flags, ...)
{
    void *wanted = NULL;
    if (flags & MREMAP_FIXED) {
        va_list rest;
        va_start(rest, flags);
        wanted = va_arg(rest, void *);
        va_end(rest);
    }
    if (!is_ready()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    const PreloadHooks *listener = find_listener_of(__builtin_return_address(0));
    Counting counting = UNCOUNTED;
    if (listener)
        REPORT(counting = listener->unmapped(old, old_nbytes));
    void *at = next.mremap(old, old_nbytes, nbytes, flags, wanted);
    bool moved = at != MAP_FAILED;
    if (counting == OF_FILE) /* the descriptor may be closed by now: the name is unknown */
        REPORT(listener->mapped(moved ? at : old, moved ? nbytes : old_nbytes, counting, ""));
    else if (counting != UNCOUNTED && (!moved || nbytes >= PRELOAD_THRESHOLD))
        REPORT(report_mapping(listener, moved ? at : old, moved ? nbytes : old_nbytes, counting,
                          __builtin_return_address(0)));
    return at;
}

/* Pages that are given back are counted once more before: only then do they become fewer. */
EXPORT int madvise(void *at, size_t nbytes, int advice)
{
    if (!is_ready()) {
        errno = EINVAL;
        return -1;
    }
    bool discards = advice == MADV_DONTNEED || advice == MADV_DONTNEED_LOCKED || advice == MADV_REMOVE;
    const PreloadHooks *listener = discards && nbytes ? find_listener_of(__builtin_return_address(0)) : NULL;
    if (listener)
        REPORT(listener->discarded(at, nbytes));
    return next.madvise(at, nbytes, advice);
}
