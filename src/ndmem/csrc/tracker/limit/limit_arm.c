#include "tracker/limit/limit_arm.h"

#include "tracker/lock.h"
#include "tracker/tracker.h"

unsigned limit_count;
Limit *limit_armed[MAX_LIMITS];
Limit *limit_sole;

static void set_count_locked(unsigned count)
{
    ASSERT_LOCKED();
    __atomic_store_n(&limit_count, count, __ATOMIC_RELAXED); /* a hook without the GIL reads it */
}

/* Alone means that an addition counts for it and a comparison decides: no other limit, no thread's own buffers to tell apart,
 * nothing to notify. */
static void find_sole_locked(void)
{
    ASSERT_LOCKED();
    bool alone = limit_count == 1 && limit_armed[0]->budget >= 0 && limit_armed[0]->thread == 0 && !limit_armed[0]->only_notifies;
    limit_sole = alone ? limit_armed[0] : NULL;
}

static int64_t count_all_locked(void)
{
    ASSERT_LOCKED();
    int64_t live = 0;
    size_t at = 0;
    uint64_t address;
    Buffer buffer;
    while (ledger_next_locked(&at, &address, &buffer))
        live += buffer.domain == MAPPED ? 0 : (int64_t)buffer.nbytes;
    return live;
}

int limit_arm(Limit *limit, bool all, size_t threshold, bool *complete)
{
    if (limit_count == MAX_LIMITS) {
        PyErr_Format(PyExc_RuntimeError, "%d limits are in force already; leave one before setting another", MAX_LIMITS);
        return -1;
    }
    uint16_t generation;
    if (tracker_hold(threshold, &generation) < 0)
        return -1;
    lock_enter(true);
    limit->generation = all ? 0 : generation;
    __atomic_store_n(&limit->live, all ? count_all_locked() : 0, __ATOMIC_RELAXED);
    limit->highest = limit->live;
    limit->budget = -1;
    limit->notified = limit->must_notify = false;
    limit_live_clear(&limit->excess.held);
    limit->excess = (Excess){0};
    *complete = false;
    for (unsigned i = 0; i < limit_count; i++)
        *complete |= limit_armed[i]->generation == 0;
    limit_armed[limit_count] = limit;
    set_count_locked(limit_count + 1);
    find_sole_locked();
    lock_leave();
    return 0;
}

bool limit_is_armed(const Limit *limit)
{
    for (unsigned i = 0; i < limit_count; i++)
        if (limit_armed[i] == limit)
            return true;
    return false;
}

void limit_disarm(Limit *limit)
{
    if (limit_is_armed(limit)) {
        lock_enter(true);
        unsigned i = 0;
        while (limit_armed[i] != limit)
            i++;
        set_count_locked(limit_count - 1);
        for (; i < limit_count; i++)
            limit_armed[i] = limit_armed[i + 1];
        find_sole_locked();
        tracker_note_budget_locked();
        lock_leave();
        tracker_release();
    }
    limit_own_clear(&limit->own);
}

void limit_enforce(Limit *limit, int64_t budget)
{
    lock_enter(true);
    limit->budget = budget;
    find_sole_locked();
    tracker_note_budget_locked();
    lock_leave();
}

int64_t limit_lowest_locked(void)
{
    ASSERT_LOCKED();
    int64_t lowest = -1;
    for (unsigned i = 0; i < limit_count; i++) {
        const Limit *limit = limit_armed[i];
        bool binds_all = limit->budget >= 0 && limit->generation == 0 && limit->thread == 0 && !limit->resident;
        if (binds_all && (lowest < 0 || limit->budget < lowest))
            lowest = limit->budget;
    }
    return lowest;
}

unsigned limit_count_until_locked(uint16_t generation)
{
    ASSERT_LOCKED();
    unsigned count = 0;
    for (unsigned i = 0; i < limit_count; i++)
        count += limit_armed[i]->generation && limit_armed[i]->generation <= generation;
    return count;
}

void limit_renumber_locked(const uint16_t *rank)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < limit_count; i++)
        limit_armed[i]->generation = rank[limit_armed[i]->generation];
}

void limit_forget_locked(void)
{
    ASSERT_LOCKED();
    set_count_locked(0);
    limit_sole = NULL;
    __atomic_store_n(&limit_promised, 0, __ATOMIC_RELAXED);
}
