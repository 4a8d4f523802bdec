/* The lock of the books: call tree, ledger, recordings and journals.
 *
 * Without native memory the GIL guards them and the lock is not taken. Native blocks are born and die without the
 * GIL too, and waiting for the GIL inside malloc would hang a program whose other thread holds it and waits for a
 * lock of the C library that called malloc. So with native memory everybody takes this lock, those with the GIL
 * after the GIL; inside it nobody waits for anything.
 *
 * Nearly all who come have the GIL, and they are never two: they only say that they are inside and look whether
 * somebody without the GIL is there, by plain stores and loads. Who comes without the GIL says so and then makes each
 * running thread of the process pass a barrier (membarrier), so that either sees what the other said. An atomic exchange
 * for everybody took a third of the time of a small birth and death. But a membarrier takes 6 to 20 us here: where many
 * come without the GIL, those with it pass a barrier of their own each time. */
#ifndef NDMEM_LOCK_H
#define NDMEM_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

extern struct Lock {
    bool required;         /* set once, for good */
    bool without_gil;      /* of the thread that is inside */
    atomic_bool is_fenced; /* who has the GIL passes a barrier of its own */
    atomic_bool inside;    /* who has the GIL is */
    atomic_bool contended; /* somebody without the GIL is, or will be as soon as `inside` is not set */
} lock;

/* How often the calling thread has entered. Beside the thread's own stack: the general model costs a call at each use. */
extern __thread unsigned lock_depth __attribute__((tls_model("initial-exec")));

/* The lock is needed from now on, for good. Called with the GIL, while nobody is inside. */
void lock_require(void);

/* For a thread with the GIL, which finds the lock contended. */
void lock_wait(void);

/* For a thread without the GIL. */
void lock_take(void);
void lock_give(void);

static inline void lock_announce(void)
{
    atomic_store_explicit(&lock.inside, true, memory_order_relaxed);
    if (__builtin_expect(atomic_load_explicit(&lock.is_fenced, memory_order_relaxed), 0))
        atomic_thread_fence(memory_order_seq_cst);
    atomic_signal_fence(memory_order_seq_cst); /* the other side's membarrier makes it one of the processor's */
}

/* Enters the books; a thread that is inside may enter again. `gil` says whether the caller has the GIL. */
static inline void lock_enter(bool gil)
{
    if (!lock.required || lock_depth++ > 0)
        return;
    if (!gil) {
        lock_take();
        return;
    }
    lock_announce();
    if (__builtin_expect(atomic_load_explicit(&lock.contended, memory_order_acquire), 0))
        lock_wait();
}

static inline void lock_leave(void)
{
    if (!lock.required || --lock_depth > 0)
        return;
    if (__builtin_expect(lock.without_gil, 0))
        lock_give();
    else
        atomic_store_explicit(&lock.inside, false, memory_order_release);
}

/* Whether the thread inside the books has the GIL: only then may references be counted. */
static inline bool lock_has_gil(void) { return !lock.without_gil; }

/* Whether the calling thread is inside. */
bool lock_is_mine(void);

/* For pthread_atfork: nobody is inside while the process is copied. */
void lock_before_fork(void);
void lock_after_fork(void);

#endif
