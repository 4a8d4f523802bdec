#define _GNU_SOURCE /* syscall */
#include "lock.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

#ifndef CLOCK_MONOTONIC_COARSE
#define CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC
#endif

struct Lock lock;

__thread unsigned lock_depth __attribute__((tls_model("initial-exec")));

static atomic_bool taken; /* by one of those without the GIL */

enum { FENCES_A_SECOND = 500 }; /* at most 1 % of the time */

/* Makes each thread of the process that runs pass a barrier. Linux 4.14 and later; a sandbox may forbid it. */
static bool fence_all(void)
{
#ifdef __linux__
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
#else
    return false;
#endif
}

static bool can_fence_all;

void lock_require(void)
{
#ifdef __linux__
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
#endif
    can_fence_all = fence_all();
    atomic_store_explicit(&lock.is_fenced, !can_fence_all, memory_order_relaxed);
    lock.required = true;
}

/* After it, each thread with the GIL has either been seen to be inside or sees that the lock is contended. Those that
 * are to pass barriers of their own from now on have passed this one before. */
static void fence(void)
{
    static time_t second;
    static unsigned count;
    struct timespec now;
    atomic_thread_fence(memory_order_seq_cst);
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec != second) {
        second = now.tv_sec, count = 0;
        atomic_store_explicit(&lock.is_fenced, !can_fence_all, memory_order_relaxed);
    }
    if (atomic_load_explicit(&lock.is_fenced, memory_order_relaxed))
        return;
    if (++count > FENCES_A_SECOND)
        atomic_store_explicit(&lock.is_fenced, true, memory_order_relaxed);
    if (fence_all())
        return;
    /* The program has forbidden it to itself. No store is on its way for a millisecond. */
    can_fence_all = false;
    atomic_store_explicit(&lock.is_fenced, true, memory_order_relaxed);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Who is inside stays for some 50 ns, or some microseconds at a look for holders. If it lost the processor meanwhile,
 * yielding gives it back. */
static void wait_while(const atomic_bool *flag)
{
    while (atomic_load_explicit(flag, memory_order_acquire)) {
        for (unsigned tries = 0; tries < 100; tries++)
            if (!atomic_load_explicit(flag, memory_order_acquire))
                return;
        sched_yield();
    }
}

void lock_wait(void)
{
    do {
        atomic_store_explicit(&lock.inside, false, memory_order_release);
        wait_while(&lock.contended);
        lock_announce();
    } while (atomic_load_explicit(&lock.contended, memory_order_acquire));
}

void lock_take(void)
{
    while (atomic_exchange_explicit(&taken, true, memory_order_acquire))
        wait_while(&taken);
    atomic_store_explicit(&lock.contended, true, memory_order_relaxed);
    fence();
    wait_while(&lock.inside);
    lock.without_gil = true;
}

void lock_give(void)
{
    lock.without_gil = false;
    atomic_store_explicit(&lock.contended, false, memory_order_release);
    atomic_store_explicit(&taken, false, memory_order_release);
}

bool lock_is_mine(void) { return lock_depth > 0; }

void lock_before_fork(void)
{
    lock_take(); /* the caller may have the GIL or not */
    lock_depth++; /* other handlers of the fork may allocate */
}

void lock_after_fork(void)
{
    lock_depth--;
    lock_give();
}
