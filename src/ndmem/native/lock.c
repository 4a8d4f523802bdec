#include "lock.h"

#include <sched.h>

struct Lock lock;

__thread unsigned lock_depth __attribute__((tls_model("initial-exec")));

void lock_require(void) { lock.required = true; }

/* Who is inside stays for some 50 ns, or some microseconds at a look for holders. If it lost the processor meanwhile,
 * yielding gives it back. */
void lock_wait(void)
{
    do {
        for (unsigned tries = 0; tries < 100; tries++)
            if (!atomic_load_explicit(&lock.taken, memory_order_relaxed))
                break;
        if (atomic_load_explicit(&lock.taken, memory_order_relaxed))
            sched_yield();
    } while (atomic_exchange_explicit(&lock.taken, true, memory_order_acquire));
}

bool lock_is_mine(void) { return lock_depth > 0; }

void lock_before_fork(void)
{
    if (atomic_exchange_explicit(&lock.taken, true, memory_order_acquire))
        lock_wait();
    lock_depth++; /* other handlers of the fork may allocate */
}

void lock_after_fork(void)
{
    lock_depth--;
    atomic_store_explicit(&lock.taken, false, memory_order_release);
}
