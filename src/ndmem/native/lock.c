#include "lock.h"

#include <pthread.h>

bool lock_required;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool without_gil;

/* Beside the thread's own stack: the general model costs a call at each of the four uses of an event. */
static __thread unsigned depth __attribute__((tls_model("initial-exec")));

void lock_require(void) { lock_required = true; }

void lock_take(bool gil)
{
    if (depth++ == 0) {
        pthread_mutex_lock(&mutex);
        without_gil = !gil;
    }
}

void lock_give(void)
{
    if (--depth == 0)
        pthread_mutex_unlock(&mutex);
}

bool lock_has_gil(void) { return !without_gil; }

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
