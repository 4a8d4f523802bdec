/* The lock of the books: call tree, ledger, recordings and journals.
 *
 * Without native memory the GIL guards them and the lock is not taken. Native blocks are born and die without the
 * GIL too, and waiting for the GIL inside malloc would hang a program whose other thread holds it and waits for a
 * lock of the C library that called malloc. So with native memory everybody takes this lock, those with the GIL
 * after the GIL; inside it nobody waits for anything. */
#ifndef NDMEM_LOCK_H
#define NDMEM_LOCK_H

#include <stdbool.h>

extern bool lock_required; /* read only */

/* The lock is needed from now on, for good. Called with the GIL, while nobody is inside. */
void lock_require(void);

void lock_take(bool gil);
void lock_give(void);

/* Enters the books; a thread that is inside may enter again. `gil` says whether the caller has the GIL. */
static inline void lock_enter(bool gil)
{
    if (lock_required)
        lock_take(gil);
}

static inline void lock_leave(void)
{
    if (lock_required)
        lock_give();
}

/* Whether the thread inside the books has the GIL: only then may references be counted. */
bool lock_has_gil(void);

/* Whether the calling thread is inside. */
bool lock_is_mine(void);

/* For pthread_atfork: nobody is inside while the process is copied. */
void lock_before_fork(void);
void lock_after_fork(void);

#endif
