#include "tracker/limit/limit.h"

#include "common/os.h"
#include "tracker/lock.h"
#include "tracker/hooks/pages.h"
#include "tracker/tracker.h"

#include <stdlib.h>

int64_t limit_promised;

/* --- Counting ----------------------------------------------------------------------------------------------- */

static inline bool counts_locked(const Limit *limit, const void *pointer, uint16_t generation)
{
    ASSERT_LOCKED();
    return generation >= limit->generation && (limit->thread == 0 || limit_own_has_locked(&limit->own, pointer));
}

static bool counts_any_locked(const void *limit, const void *pointer, uint16_t generation)
{
    return counts_locked(limit, pointer, generation);
}

void limit_count_birth_locked(const PyThreadState *thread, const void *pointer, size_t nbytes)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < limit_count; i++) {
        Limit *limit = limit_armed[i];
        if (limit->thread == 0 || (thread && thread->id == limit->thread && limit_own_add_locked(&limit->own, pointer)))
            limit_add_locked(limit, (int64_t)nbytes);
    }
}

void limit_count_death_locked(const void *pointer, size_t nbytes, uint16_t generation)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < limit_count; i++) {
        Limit *limit = limit_armed[i];
        if (!counts_locked(limit, pointer, generation))
            continue;
        limit_add_locked(limit, -(int64_t)nbytes);
        if (limit->thread)
            limit_own_remove_locked(&limit->own, pointer);
    }
}

bool limit_adopt(void *pointer, size_t nbytes)
{
    if (limit_count == 0 || pointer == NULL)
        return false;
    lock_enter(true);
    /* Older than every recording, so its death is reported to none. */
    Buffer buffer = {.nbytes = nbytes, .stack = ROOT, .generation = 0, .domain = ARRAY};
    bool added = ledger_add_locked(pointer, &buffer) == ADDED;
    if (added && buffer.large)
        buffer.large->serial = buffer.large->array_serial = UINT64_MAX;
    for (unsigned i = 0; added && i < limit_count; i++)
        if (limit_armed[i]->generation == 0)
            limit_add_locked(limit_armed[i], (int64_t)nbytes);
    lock_leave();
    return added;
}

/* --- Asking ------------------------------------------------------------------------------------------------- */

/* Where the system does not tell what is resident, the bytes asked for decide. */
static bool fits_in_pages(const Limit *limit, size_t nbytes, bool zeros)
{
    int64_t resident = os_resident_nbytes();
    if (resident < 0 || resident > limit->budget)
        return false;
    return zeros || nbytes <= (size_t)(limit->budget - resident);
}

/* The old bytes of a buffer that is reallocated do not count. */
static bool fits_locked(const Limit *limit, const void *old, const Buffer *was, size_t nbytes, bool zeros, int64_t *live)
{
    ASSERT_LOCKED();
    /* A thread allocates one buffer at a time, so promises to others do not count for its own limit. */
    int64_t given_up = was && counts_locked(limit, old, was->generation) ? (int64_t)was->nbytes : 0;
    *live = limit->live + (limit->thread ? 0 : limit_read_promised()) - given_up;
    if (*live <= limit->budget && nbytes <= (size_t)(limit->budget - *live))
        return true;
    return limit->resident && fits_in_pages(limit, nbytes, zeros);
}

static void note_excess_locked(Limit *limit, PyThreadState *thread, size_t asked, int64_t live)
{
    ASSERT_LOCKED();
    uint16_t number;
    NodeId stack = lock_has_gil() ? stack_current_locked(thread, &number) : stack_without_gil_locked(thread, &number);
    limit_live_take_locked(&limit->excess.held, counts_any_locked, limit);
    limit->excess = (Excess){asked, live, stack, limit->excess.count + 1, limit->excess.held};
}

static bool ask_all_locked(PyThreadState *thread, const void *old, const Buffer *was, size_t nbytes, bool zeros)
{
    ASSERT_LOCKED();
    for (unsigned pass = 0; pass < 2; pass++) /* limits that only notify come second: what others refuse does not happen */
        for (unsigned i = limit_count; i-- > 0;) {
            Limit *limit = limit_armed[i];
            int64_t live;
            if (limit->only_notifies != pass || limit->budget < 0 || (limit->thread && !(thread && limit->thread == thread->id)))
                continue;
            /* Before a refusal the pages of mappings are counted again: some may have been given back. */
            if (fits_locked(limit, old, was, nbytes, zeros, &live) ||
                (pages_count_locked(thread, limit->only_notifies ? IF_DUE : NOW) &&
                 fits_locked(limit, old, was, nbytes, zeros, &live))) {
                limit->notified = false;
                continue;
            }
            if (!limit->only_notifies) {
                note_excess_locked(limit, thread, nbytes, live);
                return false;
            }
            if (!limit->notified) {
                note_excess_locked(limit, thread, nbytes, live);
                limit->notified = limit->must_notify = true;
            }
        }
    return true;
}

static bool allows_locked(PyThreadState *thread, const void *old, size_t nbytes, bool zeros)
{
    ASSERT_LOCKED();
    Buffer buffer;
    bool known = old && ledger_find_locked(old, &buffer) && buffer.domain == ARRAY;
    /* A realloc that shrinks, or is not known to grow, is never refused. */
    return tracker_is_quiet(thread) || (old && (!known || nbytes <= buffer.nbytes)) ||
           ask_all_locked(thread, old, known ? &buffer : NULL, nbytes, zeros);
}

/* Notifies of excesses, also those of threads without the GIL. With the GIL and outside the lock: CPython may wait for a lock
 * of its own there, and release the GIL. If its queue is full, the next allocation notifies. */
static void notify_all(void)
{
    for (unsigned i = 0; i < limit_count; i++) {
        Limit *limit = limit_armed[i];
        if (!limit->must_notify)
            continue;
        lock_enter(true);
        limit->must_notify = false; /* first: when `notify` returns, the limit may be gone */
        lock_leave();
        limit->notify(limit);
    }
}

/* Kept out of the hooks, in which it would cost registers where no limit is armed. */
__attribute__((noinline)) bool limit_allows(PyThreadState *thread, const void *old, size_t nbytes, bool zeros)
{
    lock_enter(true);
    bool allowed = allows_locked(thread, old, nbytes, zeros);
    bool owes = false;
    for (unsigned i = 0; i < limit_count; i++)
        owes |= limit_armed[i]->must_notify;
    lock_leave();
    if (owes)
        notify_all();
    return allowed;
}

static void promise(int64_t nbytes) { __atomic_fetch_add(&limit_promised, nbytes, __ATOMIC_RELAXED); }

bool limit_promise(PyThreadState *thread, size_t nbytes)
{
    if (nbytes > PTRDIFF_MAX || tracker_is_quiet(thread))
        return false;
    promise((int64_t)nbytes);
    return true;
}

void limit_keep_promise(size_t nbytes) { promise(-(int64_t)nbytes); }

bool limit_allows_without_gil(const void *old, size_t nbytes, bool zeros)
{
    lock_enter(false);
    bool allowed = allows_locked(PyGILState_GetThisThreadState(), old, nbytes, zeros);
    if (allowed)
        promise((int64_t)nbytes);
    lock_leave();
    return allowed;
}
