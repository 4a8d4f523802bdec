#include "limit.h"

#include "lock.h"
#include "tracker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

unsigned limit_count;
static Limit *armed[MAX_LIMITS]; /* the youngest last */
Limit *limit_sole;
int64_t limit_promised;

static void find_sole(void)
{
    bool alone = limit_count == 1 && armed[0]->budget >= 0 && armed[0]->thread == 0 && !armed[0]->tells;
    limit_sole = alone ? armed[0] : NULL;
}

/* --- The buffers of one thread: the ledger does not know who made a small buffer ------------------------------ */

static size_t own_place(const Limit *limit, uint64_t address)
{
    size_t i = (size_t)((address >> 3) * 0x9E3779B97F4A7C15u >> 20) & limit->own_mask;
    while (limit->own[i] && limit->own[i] != address)
        i = (i + 1) & limit->own_mask;
    return i;
}

static bool own_grow(Limit *limit)
{
    uint64_t *old = limit->own;
    size_t old_size = old ? limit->own_mask + 1 : 0, size = old ? 2 * old_size : 256;
    uint64_t *grown = calloc(size, sizeof *grown);
    if (grown == NULL)
        return false;
    limit->own = grown, limit->own_mask = size - 1;
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            grown[own_place(limit, old[i])] = old[i];
    free(old);
    return true;
}

/* Without memory for it the buffer is not counted. */
static bool own_add(Limit *limit, const void *pointer)
{
    if (2 * (limit->own_count + 1) > limit->own_mask + (limit->own != NULL) && !own_grow(limit))
        return false;
    size_t i = own_place(limit, (uintptr_t)pointer);
    limit->own_count += limit->own[i] == 0;
    limit->own[i] = (uintptr_t)pointer;
    return true;
}

static bool own_has(const Limit *limit, const void *pointer)
{
    return limit->own && limit->own[own_place(limit, (uintptr_t)pointer)];
}

static void own_remove(Limit *limit, const void *pointer)
{
    size_t hole = own_place(limit, (uintptr_t)pointer);
    limit->own[hole] = 0;
    limit->own_count--;
    /* Those behind the hole go in again: each then lies where it is looked for. */
    for (size_t i = (hole + 1) & limit->own_mask; limit->own[i]; i = (i + 1) & limit->own_mask) {
        uint64_t address = limit->own[i];
        limit->own[i] = 0;
        limit->own[own_place(limit, address)] = address;
    }
}

/* --- Counting ----------------------------------------------------------------------------------------------- */

static inline bool counts(const Limit *limit, const void *pointer, const Buffer *buffer)
{
    return buffer->generation >= limit->generation && (limit->thread == 0 || own_has(limit, pointer));
}

void limit_count_birth(const PyThreadState *thread, const void *pointer, const Buffer *buffer)
{
    for (unsigned i = 0; i < limit_count; i++) {
        Limit *limit = armed[i];
        if (limit->thread == 0 || (thread && thread->id == limit->thread && own_add(limit, pointer)))
            limit->live += (int64_t)buffer->nbytes;
    }
}

void limit_count_death(const void *pointer, const Buffer *buffer)
{
    for (unsigned i = 0; i < limit_count; i++) {
        Limit *limit = armed[i];
        if (!counts(limit, pointer, buffer))
            continue;
        limit->live -= (int64_t)buffer->nbytes;
        if (limit->thread)
            own_remove(limit, pointer);
    }
}

bool limit_adopt(void *pointer, size_t nbytes)
{
    if (limit_count == 0 || pointer == NULL)
        return false;
    lock_enter(true);
    /* Older than every recording, so none is told of its death. */
    Buffer buffer = {.nbytes = nbytes, .stack = ROOT, .generation = 0, .domain = ARRAY};
    bool added = ledger_add(pointer, &buffer) == ADDED;
    if (added && buffer.large)
        buffer.large->serial = UINT64_MAX;
    for (unsigned i = 0; added && i < limit_count; i++)
        if (armed[i]->generation == 0)
            armed[i]->live += (int64_t)nbytes;
    lock_leave();
    return added;
}

/* --- Asking ------------------------------------------------------------------------------------------------- */

static int64_t read_resident(void)
{
    /* Opened anew each time: after a fork an open one would still describe the parent. */
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128];
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    if (got <= 0)
        return -1;
    text[got] = 0;
    char *second;
    strtoll(text, &second, 10);
    return strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* Where the system does not say what is resident, what was asked for decides. */
static bool fits_in_pages(const Limit *limit, size_t nbytes, bool zeros)
{
    int64_t resident = read_resident();
    if (resident < 0 || resident > limit->budget)
        return false;
    return zeros || nbytes <= (size_t)(limit->budget - resident);
}

/* A buffer that is realloc'd makes room for itself. */
static bool fits(const Limit *limit, const void *old, const Buffer *was, size_t nbytes, bool zeros, int64_t *live)
{
    /* A thread is on one way only: what others were promised is nothing to a limit of its own. */
    *live = limit->live + (limit->thread ? 0 : limit_promised) - (was && counts(limit, old, was) ? (int64_t)was->nbytes : 0);
    if (*live <= limit->budget && nbytes <= (size_t)(limit->budget - *live))
        return true;
    return limit->resident && fits_in_pages(limit, nbytes, zeros);
}

static void note_excess(Limit *limit, PyThreadState *thread, size_t asked, int64_t live)
{
    uint16_t number;
    limit->excess = (Excess){asked, live, stack_current(thread, &number), limit->excess.count + 1};
}

static bool ask_all(PyThreadState *thread, const void *old, const Buffer *was, size_t nbytes, bool zeros)
{
    for (unsigned pass = 0; pass < 2; pass++) /* whoever only tells is not asked about what does not happen */
        for (unsigned i = limit_count; i-- > 0;) {
            Limit *limit = armed[i];
            int64_t live;
            if (limit->tells != pass || limit->budget < 0 || (limit->thread && limit->thread != thread->id))
                continue;
            if (fits(limit, old, was, nbytes, zeros, &live)) {
                limit->told = false;
                continue;
            }
            if (!limit->tells) {
                note_excess(limit, thread, nbytes, live);
                return false;
            }
            if (!limit->told) {
                note_excess(limit, thread, nbytes, live);
                limit->told = true;
                limit->tell(limit);
            }
        }
    return true;
}

bool limit_allows(PyThreadState *thread, const void *old, size_t nbytes, bool zeros)
{
    lock_enter(true);
    Buffer buffer;
    bool known = old && ledger_find(old, &buffer) && buffer.domain == ARRAY;
    /* What shrinks is never refused, nor what is not known to grow. */
    bool allowed = tracker_is_quiet(thread) || (old && (!known || nbytes <= buffer.nbytes)) ||
                   ask_all(thread, old, known ? &buffer : NULL, nbytes, zeros);
    lock_leave();
    return allowed;
}

bool limit_promise(PyThreadState *thread, size_t nbytes)
{
    if (nbytes > PTRDIFF_MAX || tracker_is_quiet(thread))
        return false;
    limit_promised += (int64_t)nbytes;
    return true;
}

void limit_keep_promise(size_t nbytes) { limit_promised -= (int64_t)nbytes; }

/* --- Arming --------------------------------------------------------------------------------------------------- */

static int64_t count_all(void)
{
    int64_t live = 0;
    size_t at = 0;
    uint64_t address;
    Buffer buffer;
    while (ledger_next(&at, &address, &buffer))
        live += (int64_t)buffer.nbytes;
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
    limit->live = all ? count_all() : 0;
    limit->budget = -1;
    limit->told = false;
    limit->excess = (Excess){0};
    *complete = false;
    for (unsigned i = 0; i < limit_count; i++)
        *complete |= armed[i]->generation == 0;
    armed[limit_count++] = limit;
    find_sole();
    lock_leave();
    return 0;
}

bool limit_is_armed(const Limit *limit)
{
    for (unsigned i = 0; i < limit_count; i++)
        if (armed[i] == limit)
            return true;
    return false;
}

void limit_disarm(Limit *limit)
{
    if (limit_is_armed(limit)) {
        lock_enter(true);
        unsigned i = 0;
        while (armed[i] != limit)
            i++;
        limit_count--;
        for (; i < limit_count; i++)
            armed[i] = armed[i + 1];
        find_sole();
        tracker_note_budget();
        lock_leave();
        tracker_release();
    }
    free(limit->own);
    limit->own = NULL;
    limit->own_mask = limit->own_count = 0;
}

void limit_enforce(Limit *limit, int64_t budget)
{
    lock_enter(true);
    limit->budget = budget;
    find_sole();
    tracker_note_budget();
    lock_leave();
}

int64_t limit_lowest(void)
{
    int64_t lowest = -1;
    for (unsigned i = 0; i < limit_count; i++) {
        const Limit *limit = armed[i];
        bool binds_all = limit->budget >= 0 && limit->generation == 0 && limit->thread == 0 && !limit->resident;
        if (binds_all && (lowest < 0 || limit->budget < lowest))
            lowest = limit->budget;
    }
    return lowest;
}

unsigned limit_count_until(uint16_t generation)
{
    unsigned count = 0;
    for (unsigned i = 0; i < limit_count; i++)
        count += armed[i]->generation && armed[i]->generation <= generation;
    return count;
}

void limit_renumber(const uint16_t *rank)
{
    for (unsigned i = 0; i < limit_count; i++)
        armed[i]->generation = rank[armed[i]->generation];
}

void limit_forget(void) { limit_count = 0, limit_promised = 0, limit_sole = NULL; }
