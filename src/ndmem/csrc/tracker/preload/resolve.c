/* Finds the functions that the preloaded library stands in front of: the only file that calls dlsym. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "tracker/preload/library.h"
#include "tracker/preload/next.h"

#include <dlfcn.h>

struct Next next;
_Atomic(const PreloadHooks *) preload_hooks;
OWN_OF_THREAD PreloadThread own;

static Library allocator;

bool preload_is_allocator(const void *caller)
{
    return (const char *)caller >= allocator.start && (const char *)caller < allocator.end;
}

void preload_resolve(void)
{
    /* The first call comes from the loader or a constructor, before there is a second thread. */
    static bool resolving;
    if (resolving)
        return;
    resolving = true;
#define RESOLVE(field, name) *(void **)&next.field = dlsym(RTLD_NEXT, name)
    RESOLVE(free, "free");
    RESOLVE(calloc, "calloc");
    RESOLVE(realloc, "realloc");
    RESOLVE(memalign, "memalign");
    RESOLVE(aligned_alloc, "aligned_alloc");
    RESOLVE(posix_memalign, "posix_memalign");
    RESOLVE(reallocarray, "reallocarray");
    RESOLVE(valloc, "valloc");
    RESOLVE(pvalloc, "pvalloc");
    RESOLVE(mmap, "mmap");
    RESOLVE(munmap, "munmap");
    RESOLVE(mremap, "mremap");
    RESOLVE(madvise, "madvise");
    RESOLVE(usable_size, "malloc_usable_size");
    library_prepare(dlsym(RTLD_DEFAULT, "_dl_find_object"));
    void *malloc_of_next = dlsym(RTLD_NEXT, "malloc");
    library_find(malloc_of_next, &allocator);
    *(void **)&next.malloc = malloc_of_next; /* last: it says that all are there */
#undef RESOLVE
    resolving = false;
}

__attribute__((constructor)) static void prepare(void) { (void)is_ready(); }

EXPORT void ndmem_preload_attach(const PreloadHooks *listener)
{
    atomic_store_explicit(&preload_hooks, listener, memory_order_release);
}

EXPORT PreloadThread *ndmem_preload_thread(void) { return &own; }
