/* The tracker lock: it protects the call tree, the ledger, the recordings and their journals.
 *
 * The GIL does not guard this state: native blocks are born and die without it, and some of NumPy's arrays too. A thread that
 * waited for the GIL here could hang the program: another thread may hold it and wait for a lock of the library that
 * allocates. So every thread takes this lock, those with the GIL after the GIL. A thread that has it waits for nothing else.
 *
 * Nearly all threads that enter have the GIL, so at most one of them is here: it stores that it is inside and loads whether a
 * thread without the GIL is, both plain. A thread without the GIL stores that it is here and then makes each running thread of
 * the process pass a barrier (membarrier), so that one of the two sees the other. An atomic exchange by each thread took a
 * third of the time of a small birth and death. But a membarrier takes 6 to 20 us here: where many threads enter without the
 * GIL, those with the GIL pass a barrier of their own each time. */
#ifndef NDMEM_LOCK_H
#define NDMEM_LOCK_H

#include "common/own_thread.h"

/* A debug build (meson's buildtype=debug, or NDMEM_ASSERTS) stops the process where a function whose name ends in
 * `_locked` runs without the lock. */
#ifndef NDMEM_ASSERTS
#define NDMEM_ASSERTS 0
#endif

#include <stdatomic.h>
#include <stdbool.h>

extern struct Lock {
    bool without_gil;    /* whether the thread inside lacks the GIL */
    unsigned depth;      /* how often the thread with the GIL has entered, where no library is preloaded */
    atomic_bool inside;  /* a thread with the GIL is inside */
    atomic_uchar alerts; /* for threads with the GIL; one byte, so that one load reads all */
} lock;

enum {
    FENCED = 1,   /* pass a barrier at each entry */
    CONTENDED = 2 /* a thread without the GIL is inside, or waits for `inside` to be false */
};

/* How often the calling thread has entered: kept by the preloaded library, see preload/interface.h. Without that library no
 * hook runs inside malloc, so a thread without the GIL never enters twice, and one number serves all threads with it. A debug
 * build checks which thread is inside: its extension has a thread-local variable for that. */
#if NDMEM_ASSERTS
extern __thread unsigned lock_depth;
#define LOCK_DEPTH lock_depth
#else
#define LOCK_DEPTH (own_thread()->lock_depth)
#endif
#define LOCK_COUNTS_THREADS (NDMEM_ASSERTS || own_thread_at)

/* To be called before the first thread without the GIL can enter. Later calls do nothing. */
void lock_prepare(void);

/* For a thread with the GIL that has set `inside` and finds alerts. */
void lock_heed(void);

/* For a thread without the GIL. */
void lock_take(void);
void lock_give(void);

/* ThreadSanitizer understands neither fences nor membarrier: for it, both sides pass a barrier with each store. */
#ifdef __SANITIZE_THREAD__
#define LOCK_STORE memory_order_seq_cst
#else
#define LOCK_STORE memory_order_relaxed
#endif

static inline void lock_enter_with_gil(void)
{
    atomic_store_explicit(&lock.inside, true, LOCK_STORE);
    atomic_signal_fence(memory_order_seq_cst); /* the other side's membarrier makes it one of the processor's */
    if (__builtin_expect(atomic_load_explicit(&lock.alerts, memory_order_acquire), 0))
        lock_heed();
}

/* Takes the lock; a thread that is inside may enter again. `gil` tells whether the caller has the GIL. */
static inline void lock_enter(bool gil)
{
    if (LOCK_COUNTS_THREADS ? LOCK_DEPTH++ > 0 : gil && lock.depth++ > 0)
        return;
    if (gil)
        lock_enter_with_gil();
    else
        lock_take();
}

static inline void lock_leave(void)
{
    if (LOCK_COUNTS_THREADS ? --LOCK_DEPTH > 0 : !lock.without_gil && --lock.depth > 0)
        return;
    if (__builtin_expect(lock.without_gil, 0))
        lock_give();
    else
        atomic_store_explicit(&lock.inside, false, memory_order_release);
}

/* The same for NumPy's hooks, which have the GIL, are not inside yet, and run in a muted thread (malloc_listener.h): none of
 * the memory that they allocate leads back to the lock, so the depth need not be counted. */
static inline void lock_enter_muted(void)
{
    if (NDMEM_ASSERTS)
        LOCK_DEPTH++;
    lock_enter_with_gil();
}

static inline void lock_leave_muted(void)
{
    if (NDMEM_ASSERTS)
        LOCK_DEPTH--;
    atomic_store_explicit(&lock.inside, false, memory_order_release);
}

/* Between these two the thread, which has the GIL, may enter the lock again. */
static inline void lock_nest(void)
{
    if (LOCK_COUNTS_THREADS)
        LOCK_DEPTH++;
    else
        lock.depth++;
}

static inline void lock_unnest(void)
{
    if (LOCK_COUNTS_THREADS)
        LOCK_DEPTH--;
    else
        lock.depth--;
}

/* Whether the thread inside the tracker lock has the GIL: only then may references be counted. */
static inline bool lock_has_gil(void) { return !lock.without_gil; }

/* Whether the calling thread, which has the GIL, is inside by lock_enter or lock_nest, where no library is preloaded. */
static inline bool lock_has_nested(void) { return !LOCK_COUNTS_THREADS && lock.depth > 0; }

/* True if the calling thread holds the lock. Without a preloaded library only debug builds know it. */
bool lock_is_mine(void);

/* Ends the process, and writes which function ran without the lock. Not by stdio, which may be the caller. */
_Noreturn void lock_fail(const char *function);

/* First line of a function whose name ends in `_locked`. Nothing but in a debug build. */
#if NDMEM_ASSERTS
#define ASSERT_LOCKED() ((void)(lock_is_mine() || (lock_fail(__func__), 0)))
#else
#define ASSERT_LOCKED() ((void)0)
#endif

/* For pthread_atfork: no thread is inside while the process is copied. */
void lock_before_fork(void);
void lock_after_fork(void);

#endif
