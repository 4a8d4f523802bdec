#include "lock.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool required, without_gil;
static __thread unsigned depth;

void lock_require(bool needed) { required = needed; }

void lock_enter(bool gil)
{
    if (!required)
        return;
    if (depth++ == 0) {
        pthread_mutex_lock(&mutex);
        without_gil = !gil;
    }
}

void lock_leave(void)
{
    /* Not `required`: it may have changed while this thread was inside. */
    if (depth && --depth == 0)
        pthread_mutex_unlock(&mutex);
}

bool lock_has_gil(void) { return !(required && without_gil); }

bool lock_is_mine(void) { return depth > 0; }

void lock_before_fork(void)
{
    pthread_mutex_lock(&mutex);
    depth++; /* other handlers of the fork may allocate */
}

void lock_after_fork(void)
{
    depth--;
    pthread_mutex_unlock(&mutex);
}
