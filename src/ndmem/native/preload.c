/* The library that `ndmem run` preloads: it stands in front of malloc and mmap, and tells of large blocks one by one
 * and of small ones in lots.
 *
 * Knows nothing of Python. Until hooks are set it only passes on. Each function may be called at any time, in any
 * thread, with or without the GIL, also before main() and in the child of vfork(). It never fails by itself: what the
 * next malloc answers is what the caller gets. */
#undef _FILE_OFFSET_BITS /* it would make mmap another name of mmap64, and both are defined here */
#define _GNU_SOURCE      /* RTLD_NEXT, dladdr, mremap */
#include "preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))

static _Atomic(const PreloadHooks *) hooks;

/* Part of the thread's own memory from its start: looking it up may not allocate. */
static __thread int muted __attribute__((tls_model("initial-exec")));

static struct {
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
    size_t (*usable_size)(void *);
} next;

/* --- Finding the functions that we stand in front of -------------------------------------------------- */

/* dlsym itself may ask for memory while it looks for malloc; what it gets is never given back. */
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

static void resolve(void)
{
    /* The first call comes from the loader, before there is a second thread. */
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
    RESOLVE(usable_size, "malloc_usable_size");
    RESOLVE(malloc, "malloc"); /* last: it says that all are there */
#undef RESOLVE
    resolving = false;
}

static inline bool is_ready(void)
{
    if (__builtin_expect(next.malloc == NULL, 0))
        resolve();
    return next.malloc != NULL;
}

__attribute__((constructor)) static void prepare(void) { (void)is_ready(); }

/* --- What the tracker is told --------------------------------------------------------------------------- */

static inline const PreloadHooks *heard_by(void)
{
    const PreloadHooks *listener = atomic_load_explicit(&hooks, memory_order_acquire);
    return listener && muted == 0 ? listener : NULL;
}

/* The listener's own memory must not come back to it. */
#define TELL(call) \
    do { \
        int error = errno; \
        muted++; \
        call; \
        muted--; \
        errno = error; \
    } while (0)

/* What the thread's small blocks take more, or less, than was told; blocks that other threads free count there. */
static __thread long untold __attribute__((tls_model("initial-exec")));

static inline void count_small(const PreloadHooks *listener, long nbytes)
{
    untold += nbytes;
    long lots = untold / PRELOAD_THRESHOLD;
    if (__builtin_expect(lots == 0, 1))
        return;
    untold -= lots * PRELOAD_THRESHOLD;
    TELL(listener->changed(lots));
}

/* malloc's own figure decides what is small, here as in tell_death, where no other is known. A block between the two
 * figures is told of by neither. */
static inline void *tell_birth(void *pointer, size_t nbytes)
{
    const PreloadHooks *listener = pointer ? heard_by() : NULL;
    if (listener == NULL)
        return pointer;
    size_t usable = next.usable_size(pointer);
    if (usable < PRELOAD_THRESHOLD)
        count_small(listener, (long)usable);
    else if (nbytes >= PRELOAD_THRESHOLD)
        TELL(listener->born(pointer, nbytes));
    return pointer;
}

/* The size is in the header that free is about to read anyway. Answers the bytes with which to tell of the block again, 0 for a large one that was never told of. */
static inline size_t tell_death(void *pointer)
{
    const PreloadHooks *listener = pointer ? heard_by() : NULL;
    size_t nbytes = 0;
    if (listener == NULL)
        return 0;
    size_t usable = next.usable_size(pointer);
    if (usable < PRELOAD_THRESHOLD) {
        count_small(listener, -(long)usable);
        return usable;
    }
    TELL(nbytes = listener->died(pointer));
    return nbytes;
}

/* Whether the loader is among the callers: a library is being loaded and prepares itself. OpenBLAS reserves 32 MiB for
 * each thread then, and mostly never touches them; like a library's image that is not the program's doing. */
static bool is_loading(void)
{
    static const void *loader; /* where ld.so lies; its own debugging symbol is always there */
    if (loader == NULL)
        loader = dlsym(RTLD_DEFAULT, "_r_debug");
    Dl_info ours, theirs;
    void *callers[32];
    int count = loader && dladdr(loader, &ours) ? backtrace(callers, 32) : 0;
    for (int i = 0; i < count; i++)
        if (dladdr(callers[i], &theirs) && theirs.dli_fbase == ours.dli_fbase)
            return true;
    return false;
}

/* Base name of the library that the caller is in. Before any lock of the listener's: dladdr takes the loader's. */
static const char *library_of(const void *caller)
{
    Dl_info found;
    if (!dladdr(caller, &found) || found.dli_fname == NULL)
        return "";
    const char *slash = strrchr(found.dli_fname, '/');
    return slash ? slash + 1 : found.dli_fname;
}

/* --- malloc's family ------------------------------------------------------------------------------------ */

EXPORT void *malloc(size_t nbytes)
{
    return is_ready() ? tell_birth(next.malloc(nbytes), nbytes) : take_bootstrap(nbytes);
}

EXPORT void *calloc(size_t count, size_t nbytes)
{
    if (!is_ready()) /* the bootstrap's bytes are zero */
        return take_bootstrap(count * nbytes);
    /* If the product overflows there is no pointer, and nothing to tell. */
    return tell_birth(next.calloc(count, nbytes), count * nbytes);
}

EXPORT void free(void *pointer)
{
    if (pointer == NULL || from_bootstrap(pointer) || !is_ready())
        return;
    /* Told first: another thread may be given the same address as soon as it is free. */
    tell_death(pointer);
    next.free(pointer);
}

/* A death and a birth, moved or not. The death is told first, see free; a failure takes it back. */
static void *told_realloc(void *pointer, size_t nbytes)
{
    size_t told = tell_death(pointer);
    void *moved = next.realloc(pointer, nbytes);
    if (moved == NULL && nbytes) /* realloc to nothing frees */
        tell_birth(pointer, told);
    return tell_birth(moved, nbytes);
}

EXPORT void *realloc(void *pointer, size_t nbytes)
{
    if (!is_ready())
        return take_bootstrap(nbytes);
    if (from_bootstrap(pointer)) {
        void *moved = malloc(nbytes);
        if (moved) {
            size_t there = (size_t)(bootstrap.bytes + sizeof bootstrap.bytes - (char *)pointer);
            memcpy(moved, pointer, nbytes < there ? nbytes : there);
        }
        return moved;
    }
    return told_realloc(pointer, nbytes);
}

EXPORT void *reallocarray(void *pointer, size_t count, size_t nbytes)
{
    size_t product;
    if (__builtin_mul_overflow(count, nbytes, &product)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(pointer, product);
}

EXPORT void *memalign(size_t alignment, size_t nbytes)
{
    return is_ready() ? tell_birth(next.memalign(alignment, nbytes), nbytes) : NULL;
}

EXPORT void *aligned_alloc(size_t alignment, size_t nbytes)
{
    return is_ready() ? tell_birth(next.aligned_alloc(alignment, nbytes), nbytes) : NULL;
}

EXPORT int posix_memalign(void **pointer, size_t alignment, size_t nbytes)
{
    if (!is_ready())
        return ENOMEM;
    int error = next.posix_memalign(pointer, alignment, nbytes);
    if (error == 0)
        tell_birth(*pointer, nbytes);
    return error;
}

EXPORT void *valloc(size_t nbytes) { return is_ready() ? tell_birth(next.valloc(nbytes), nbytes) : NULL; }

EXPORT void *pvalloc(size_t nbytes) { return is_ready() ? tell_birth(next.pvalloc(nbytes), nbytes) : NULL; }

/* --- mmap's family -------------------------------------------------------------------------------------- */

/* Memory of one's own that can be written; malloc's own mappings do not come this way. */
static inline bool is_memory(int protection, int flags)
{
    return (flags & MAP_ANONYMOUS) && (protection & PROT_WRITE);
}

static void tell_mapping(const PreloadHooks *listener, void *at, size_t nbytes, const void *caller)
{
    if (!is_loading())
        listener->mapped(at, nbytes, library_of(caller));
}

static void *told_mmap(void *wanted, size_t nbytes, int protection, int flags, int file, off_t offset, const void *caller)
{
    const PreloadHooks *listener = heard_by();
    if (listener && (flags & MAP_FIXED)) /* what was there is replaced */
        TELL(listener->unmapped(wanted, nbytes));
    void *at = next.mmap(wanted, nbytes, protection, flags, file, offset);
    if (listener && at != MAP_FAILED && nbytes >= PRELOAD_THRESHOLD && is_memory(protection, flags))
        TELL(tell_mapping(listener, at, nbytes, caller));
    return at;
}

EXPORT void *mmap(void *wanted, size_t nbytes, int protection, int flags, int file, off_t offset)
{
    if (!is_ready()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return told_mmap(wanted, nbytes, protection, flags, file, offset, __builtin_return_address(0));
}

/* glibc's own headers send programs built with _FILE_OFFSET_BITS=64 here; off_t has 64 bits on what we build for. */
EXPORT void *mmap64(void *wanted, size_t nbytes, int protection, int flags, int file, off_t offset)
{
    if (!is_ready()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return told_mmap(wanted, nbytes, protection, flags, file, offset, __builtin_return_address(0));
}

EXPORT int munmap(void *at, size_t nbytes)
{
    if (!is_ready()) {
        errno = EINVAL;
        return -1;
    }
    const PreloadHooks *listener = nbytes ? heard_by() : NULL;
    if (listener)
        TELL(listener->unmapped(at, nbytes));
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
    const PreloadHooks *listener = heard_by();
    bool known = false;
    if (listener)
        TELL(known = listener->unmapped(old, old_nbytes));
    void *at = next.mremap(old, old_nbytes, nbytes, flags, wanted);
    if (listener && known && at == MAP_FAILED)
        TELL(listener->mapped(old, old_nbytes, ""));
    else if (listener && known && nbytes >= PRELOAD_THRESHOLD)
        TELL(listener->mapped(at, nbytes, library_of(__builtin_return_address(0))));
    return at;
}

/* --- The tracker's end ----------------------------------------------------------------------------------- */

EXPORT void ndmem_preload_attach(const PreloadHooks *listener)
{
    atomic_store_explicit(&hooks, listener, memory_order_release);
}

EXPORT int *ndmem_preload_muted(void) { return &muted; }
