#include "tracker/lock.h"
#include "common/clock.h"
#include "common/os.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct Lock lock;

#if NDMEM_ASSERTS
__thread unsigned lock_depth;
#endif

static atomic_bool taken; /* by a thread without the GIL */

enum { FENCES_A_SECOND = 500 }; /* at most 1 % of the time */

static bool can_fence_all;

static void set_alert(unsigned char alert, bool on)
{
    if (on)
        atomic_fetch_or_explicit(&lock.alerts, alert, memory_order_seq_cst);
    else
        atomic_fetch_and_explicit(&lock.alerts, (unsigned char)~alert, memory_order_release);
}

static bool has_alert(unsigned char alert) { return atomic_load_explicit(&lock.alerts, memory_order_acquire) & alert; }

void lock_prepare(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    os_prepare_fences();
    can_fence_all = os_fence_threads();
    set_alert(FENCED, !can_fence_all);
}

/* After it, each thread with the GIL either is seen inside or sees that the lock is contended. Threads that pass barriers of
 * their own from now on have passed this one before. */
static void fence(void)
{
#ifndef __SANITIZE_THREAD__
    static int64_t second;
    static unsigned count;
    atomic_thread_fence(memory_order_seq_cst);
    int64_t now = clock_coarse() / NS_A_SECOND;
    if (now != second) {
        second = now, count = 0;
        set_alert(FENCED, !can_fence_all);
    }
    if (has_alert(FENCED))
        return;
    if (++count > FENCES_A_SECOND)
        set_alert(FENCED, true);
    if (os_fence_threads())
        return;
    /* The program has forbidden membarrier to itself (seccomp). No store takes as long as a millisecond to arrive. */
    can_fence_all = false;
    set_alert(FENCED, true);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
#endif
}

static bool is_taken(void) { return atomic_load_explicit(&taken, memory_order_acquire); }
static bool is_inside(void) { return atomic_load_explicit(&lock.inside, memory_order_acquire); }
static bool is_contended(void) { return has_alert(CONTENDED); }

/* A thread is inside for about 50 ns, or some microseconds to search for holders. If it lost the processor meanwhile,
 * yielding gives it back; not to a thread of lower priority, and yielding for as long as a slice of a compaction takes (2 ms,
 * or a look at all pages) would take a whole core: so the thread sleeps, each time longer, up to a millisecond. */
static void wait_while(bool (*condition)(void))
{
    enum { TRIES = 100, YIELDS = 20, SHORTEST_NS = 50000, LONGEST_NS = 1000000 };
    for (unsigned tries = 0; tries < TRIES; tries++)
        if (!condition())
            return;
    struct timespec pause = {.tv_nsec = SHORTEST_NS};
    for (unsigned yields = 0; condition(); yields++) {
        if (yields < YIELDS) {
            sched_yield();
            continue;
        }
        nanosleep(&pause, NULL);
        pause.tv_nsec = 2 * pause.tv_nsec < LONGEST_NS ? 2 * pause.tv_nsec : LONGEST_NS;
    }
}

static void pass_barrier(void)
{
#ifndef __SANITIZE_THREAD__
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

void lock_heed(void)
{
    if (has_alert(FENCED))
        pass_barrier();
    while (is_contended()) {
        atomic_store_explicit(&lock.inside, false, memory_order_release);
        wait_while(is_contended);
        atomic_store_explicit(&lock.inside, true, LOCK_STORE);
        pass_barrier();
    }
}

void lock_take(void)
{
    while (atomic_exchange_explicit(&taken, true, memory_order_acquire))
        wait_while(is_taken);
    set_alert(CONTENDED, true);
    fence();
    wait_while(is_inside);
    lock.without_gil = true;
}

void lock_give(void)
{
    lock.without_gil = false;
    set_alert(CONTENDED, false);
    atomic_store_explicit(&taken, false, memory_order_release);
}

bool lock_is_mine(void) { return LOCK_COUNTS_THREADS && LOCK_DEPTH > 0; }

void lock_fail(const char *function)
{
    static const char text[] = "ndmem: called without the tracker lock: ";
    const char *parts[] = {text, function, "\n"};
    for (unsigned i = 0; i < 3; i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
            break;
    abort();
}

static bool is_counted; /* whether the forking thread counted its entry; guarded by the lock */

void lock_before_fork(void)
{
    lock_take(); /* the caller may have the GIL or not */
    is_counted = LOCK_COUNTS_THREADS;
    if (is_counted)
        LOCK_DEPTH++; /* other handlers of the fork may allocate */
}

void lock_after_fork(void)
{
    if (is_counted)
        LOCK_DEPTH--;
    lock_give();
}
