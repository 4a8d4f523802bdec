/* The lock of the books: call tree, ledger, recordings and journals.
 *
 * Without native memory the GIL guards them and the lock is not taken. Native blocks are born and die without the
 * GIL too, and waiting for the GIL inside malloc would hang a program whose other thread holds it and waits for a
 * lock of the C library that called malloc. So with native memory everybody takes this lock, those with the GIL
 * after the GIL; inside it nobody waits for anything.
 *
 * A flag that is spun for, not a mutex of the C library: leaving is a plain store, and both are inlined. Two small
 * events an addition made the mutex 4 % of adding arrays of three elements. */
#ifndef NDMEM_LOCK_H
#define NDMEM_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

extern struct Lock {
    bool required;    /* set once, for good */
    bool without_gil; /* of the thread that is inside */
    atomic_bool taken;
} lock;

/* How often the calling thread has entered. Beside the thread's own stack: the general model costs a call at each use. */
extern __thread unsigned lock_depth __attribute__((tls_model("initial-exec")));

/* The lock is needed from now on, for good. Called with the GIL, while nobody is inside. */
void lock_require(void);

/* Takes the lock from whoever has it now. */
void lock_wait(void);

/* Enters the books; a thread that is inside may enter again. `gil` says whether the caller has the GIL. */
static inline void lock_enter(bool gil)
{
    if (!lock.required || lock_depth++ > 0)
        return;
    if (atomic_exchange_explicit(&lock.taken, true, memory_order_acquire))
        lock_wait();
    lock.without_gil = !gil;
}

static inline void lock_leave(void)
{
    if (lock.required && --lock_depth == 0)
        atomic_store_explicit(&lock.taken, false, memory_order_release);
}

/* Whether the thread inside the books has the GIL: only then may references be counted. */
static inline bool lock_has_gil(void) { return !lock.without_gil; }

/* Whether the calling thread is inside. */
bool lock_is_mine(void);

/* For pthread_atfork: nobody is inside while the process is copied. */
void lock_before_fork(void);
void lock_after_fork(void);

#endif
