#include "common/compat.h"
#include "tracker/hooks/malloc_listener.h"
#include "tracker/hooks/raw_domain.h"
#include "tracker/events.h"

#include <stdatomic.h>
#include <string.h>
#ifndef __linux__
#include <pthread.h>
#endif

static PyMemAllocatorEx original; /* what was there before the hook; does not change while the hook is installed */
static bool is_installed, is_forbidden;
static atomic_bool is_listening;

/* See raw_domain_is_reached: the thread that asks, by a block of an unusual size, and whether the hook was called. */
enum { PROBE_NBYTES = 1013 };
static _Atomic(uintptr_t) prober;
static atomic_bool was_reached;

/* --- Which blocks may be known -------------------------------------------------------------------------------------
 *
 * Nearly all blocks that are freed are small. Their sizes are unknown here: malloc_usable_size must not be asked about a block
 * of another allocator (PYTHONMALLOC=debug, mimalloc). So the live blocks that were reported are counted by a hash of their
 * address. Where the count is 0 the block is none of them, without a lock. A thread that frees a block has got it from the
 * thread that allocated it, and with it the count. */

enum { PLACES = 1 << 12 };
static atomic_uint known[PLACES];

static inline atomic_uint *known_at(const void *block)
{
    return &known[((uintptr_t)block >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 52];
}

static inline bool may_be_known(const void *block)
{
    return __builtin_expect(atomic_load_explicit(known_at(block), memory_order_relaxed) != 0, 0);
}

/* --- Threads whose blocks are not reported ------------------------------------------------------------------------
 *
 * A thread-local variable of a library that is loaded later costs a call that may take the loader's lock. */

enum { MUTED_MOST = 64 };
static _Atomic(uintptr_t) muted[MUTED_MOST]; /* addresses of threads; 0: free */
static atomic_uint muted_count;

static inline uintptr_t this_thread(void)
{
#ifdef __linux__
    return (uintptr_t)__builtin_thread_pointer();
#else
    return (uintptr_t)pthread_self();
#endif
}

/* Without a free place the block is reported as native, and forgotten at once: when it is born as an array. */
int raw_domain_mute(void)
{
    uintptr_t thread = this_thread();
    unsigned first = (unsigned)(thread >> 12) % MUTED_MOST; /* stacks, and what lies above them, are pages apart */
    for (unsigned i = 0; i < MUTED_MOST; i++) {
        unsigned place = (first + i) % MUTED_MOST;
        uintptr_t unused = 0;
        if (atomic_compare_exchange_strong_explicit(&muted[place], &unused, thread, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            atomic_fetch_add_explicit(&muted_count, 1, memory_order_relaxed);
            return (int)place;
        }
    }
    return NOT_MUTED;
}

void raw_domain_unmute(int place)
{
    if (place == NOT_MUTED)
        return;
    atomic_fetch_sub_explicit(&muted_count, 1, memory_order_relaxed);
    atomic_store_explicit(&muted[place], 0, memory_order_relaxed);
}

static bool is_muted(void)
{
    if (atomic_load_explicit(&muted_count, memory_order_relaxed) == 0)
        return false;
    uintptr_t thread = this_thread();
    for (unsigned i = 0; i < MUTED_MOST; i++)
        if (atomic_load_explicit(&muted[i], memory_order_relaxed) == thread)
            return true;
    return false;
}

/* --- Reports: with or without the GIL. Take the tracker lock, allocate by malloc and mmap only, do not raise --------- */

static bool enter(PyThreadState **thread)
{
    return atomic_load_explicit(&is_listening, memory_order_relaxed) && !is_muted() && events_enter_native(thread);
}

__attribute__((noinline)) static void report_birth(void *block, size_t nbytes)
{
    PyThreadState *thread;
    if (block == NULL || !enter(&thread))
        return;
    if (events_born_native_locked(thread, block, nbytes, NULL))
        atomic_fetch_add_explicit(known_at(block), 1, memory_order_relaxed);
    lock_leave();
}

/* Its bytes; 0 if it was not reported. */
__attribute__((noinline)) static size_t report_death(void *block)
{
    PyThreadState *thread;
    if (!enter(&thread))
        return 0;
    size_t nbytes = events_died_native_locked(thread, block);
    if (nbytes)
        atomic_fetch_sub_explicit(known_at(block), 1, memory_order_relaxed);
    lock_leave();
    return nbytes;
}

__attribute__((noinline)) static void answer_probe(void)
{
    if (atomic_load_explicit(&prober, memory_order_relaxed) == this_thread())
        atomic_store_explicit(&was_reached, true, memory_order_relaxed);
}

/* --- The allocator: chained, so that another below it works as before -------------------------------------------- */

static void *raw_malloc(void *context, size_t nbytes)
{
    if (__builtin_expect(nbytes < RAW_THRESHOLD, 1)) {
        if (__builtin_expect(nbytes == PROBE_NBYTES, 0))
            answer_probe();
        return original.malloc(context, nbytes);
    }
    void *block = original.malloc(context, nbytes);
    report_birth(block, nbytes);
    return block;
}

static void *raw_calloc(void *context, size_t count, size_t nbytes)
{
    void *block = original.calloc(context, count, nbytes);
    size_t all;
    if (!__builtin_mul_overflow(count, nbytes, &all) && __builtin_expect(all >= RAW_THRESHOLD, 0))
        report_birth(block, all);
    return block;
}

/* The death is reported first: another thread may get the address as soon as it is free. After a failure the block is born
 * again. */
static void *raw_realloc(void *context, void *old, size_t nbytes)
{
    size_t was = old && may_be_known(old) ? report_death(old) : 0;
    void *moved = original.realloc(context, old, nbytes);
    if (__builtin_expect(moved == NULL, 0)) {
        if (was)
            report_birth(old, was);
    } else if (__builtin_expect(nbytes >= RAW_THRESHOLD, 0)) {
        report_birth(moved, nbytes);
    }
    return moved;
}

static void raw_free(void *context, void *block)
{
    if (block && may_be_known(block))
        report_death(block);
    original.free(context, block);
}

/* --- Installing ----------------------------------------------------------------------------------------------------- */

/* The context stays that of the original: Python writes the five words one after the other, and a thread without the GIL may
 * meanwhile call an old function with a new context. */
void raw_domain_hook(void)
{
    if (is_forbidden || atomic_load_explicit(&is_listening, memory_order_relaxed))
        return;
    for (unsigned i = 0; i < PLACES; i++)
        atomic_store_explicit(&known[i], 0, memory_order_relaxed);
    if (!is_installed || !raw_domain_is_reached()) {
        PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &original);
        PyMemAllocatorEx hook = {original.ctx, raw_malloc, raw_calloc, raw_realloc, raw_free};
        is_installed = true;
        PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &hook);
    }
    atomic_store_explicit(&is_listening, true, memory_order_release);
}

void raw_domain_forbid(void) { is_forbidden = true; }

bool raw_domain_is_allowed(void) { return !is_forbidden; }

static bool is_on_top(void)
{
    PyMemAllocatorEx top;
    PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &top);
    return top.malloc == raw_malloc;
}

void raw_domain_unhook(void)
{
    atomic_store_explicit(&is_listening, false, memory_order_relaxed);
    if (!is_installed || !is_on_top())
        return;
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &original);
    is_installed = false;
}

void raw_domain_forget_in_child(void)
{
    bool gil;
    thread_own(&gil);
    for (unsigned i = 0; i < MUTED_MOST; i++)
        atomic_store_explicit(&muted[i], 0, memory_order_relaxed);
    atomic_store_explicit(&muted_count, 0, memory_order_relaxed);
    if (gil)
        raw_domain_unhook();
    else
        atomic_store_explicit(&is_listening, false, memory_order_relaxed);
}

bool raw_domain_is_hooked(void) { return atomic_load_explicit(&is_listening, memory_order_relaxed); }

bool raw_domain_is_reached(void)
{
    if (!is_installed)
        return false;
    atomic_store_explicit(&was_reached, false, memory_order_relaxed);
    atomic_store_explicit(&prober, this_thread(), memory_order_relaxed);
    PyMem_RawFree(PyMem_RawMalloc(PROBE_NBYTES));
    atomic_store_explicit(&prober, 0, memory_order_relaxed);
    return atomic_load_explicit(&was_reached, memory_order_relaxed);
}
