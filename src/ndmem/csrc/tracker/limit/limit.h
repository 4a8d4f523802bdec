/* Limits: budgets that NumPy's hook checks before it allocates. limit_arm.h arms them.
 *
 * Guarded by the tracker lock (lock.h). A refusal is a NULL from the hook, so NumPy raises its own MemoryError from the line
 * that asked, and nothing was allocated. Native blocks are counted and never refused: C code that cannot handle a
 * failing malloc would crash. */
#ifndef NDMEM_LIMIT_H
#define NDMEM_LIMIT_H

#include "tracker/ledger/ledger.h"
#include "tracker/limit/limit_live.h"
#include "tracker/limit/limit_own.h"

#include <stdint.h>

enum { MAX_LIMITS = 64 }; /* armed at once, like recordings */

typedef struct {
    size_t asked;  /* bytes by which the live ones would have grown */
    int64_t live;  /* bytes counted at that moment */
    NodeId stack;  /* that asked */
    uint64_t count; /* how often this has happened */
    LiveStacks held; /* the buffers that the limit counted at that moment */
} Excess;

typedef struct Limit {
    int64_t budget;      /* bytes; negative while it only counts */
    int64_t live;        /* bytes of the buffers it counts: written inside the lock, also without the GIL; read outside */
    int64_t highest;     /* the most of `live` since it was armed; inside the lock */
    uint16_t generation; /* it counts buffers that are not older; 0 counts all */
    uint64_t thread;     /* id of the thread whose buffers alone it counts; 0 for all */
    bool only_notifies;  /* allows allocations beyond the budget, and calls `notify` */
    bool resident;       /* refuses only if the pages in RAM exceed the budget too */
    bool notified;       /* since the live bytes were last within the budget */
    bool must_notify;    /* `notify` is still to be called */
    OwnBuffers own;      /* that thread's; empty where it counts those of all */
    /* Called with the GIL, outside the lock; may not raise. Sets `must_notify` again if it cannot notify now. */
    void (*notify)(struct Limit *);
    Excess excess;
} Limit;

/* Counts a buffer that was there before tracking; false if it is known already, or nothing is armed. Needs the GIL;
 * allocates by malloc and mmap only, does not raise. */
bool limit_adopt(void *pointer, size_t nbytes);

/* The limits that are armed, the youngest last. Written with the GIL, inside the tracker lock (limit_arm.h); read inside, and
 * with the GIL. The hooks read their count. */
extern Limit *limit_armed[MAX_LIMITS];
extern unsigned limit_count;

/* Whether no limit is armed. Needs no GIL: without it the answer may be of a moment ago. */
static inline bool limit_is_none(void) { return __atomic_load_n(&limit_count, __ATOMIC_RELAXED) == 0; }

/* The limit that is armed, where it is the only one and refuses by the bytes of all threads, else NULL. Written with the
 * GIL. */
extern Limit *limit_sole;

/* Bytes that were promised and are being allocated: by calloc, and in threads without the GIL. */
extern int64_t limit_promised;
static inline int64_t limit_read_promised(void) { return __atomic_load_n(&limit_promised, __ATOMIC_RELAXED); }

/* A plain load and store: only its readers come from outside. */
static inline void limit_add_locked(Limit *limit, int64_t nbytes)
{
    int64_t live = limit->live + nbytes;
    __atomic_store_n(&limit->live, live, __ATOMIC_RELAXED);
    if (live > limit->highest)
        limit->highest = live;
}

static inline int64_t limit_live(const Limit *limit) { return __atomic_load_n(&limit->live, __ATOMIC_RELAXED); }

/* Whether NumPy may certainly have `nbytes`, with nothing to note; false means unknown. Needs the GIL, under which
 * arrays are born, and not the lock: a native block that comes in between counts from the next array on, and so does an
 * array of a thread without the GIL. */
static inline bool limit_has_room(size_t nbytes)
{
    if (limit_sole == NULL)
        return false;
    int64_t room = limit_sole->budget - limit_live(limit_sole) - limit_read_promised();
    return room >= 0 && nbytes <= (size_t)room;
}

/* Whether NumPy may have `nbytes`, in place of `old` if that is given; `zeros` are not touched by asking for them. Needs
 * the GIL. Allocates with malloc only, does not raise. */
bool limit_allows(PyThreadState *thread, const void *old, size_t nbytes, bool zeros);

/* Counts what a thread may have from now until `limit_keep_promise`, which is called right before the birth: another thread
 * must not get the same bytes meanwhile. False if there is nothing to count. The promise needs the GIL; neither allocates or
 * raises. */
bool limit_promise(PyThreadState *thread, size_t nbytes);
void limit_keep_promise(size_t nbytes);

/* `limit_allows` and `limit_promise` for a thread without the GIL, which must not wait for it; its promise may be kept
 * without it too. Allocates with malloc only, does not raise. */
bool limit_allows_without_gil(const void *old, size_t nbytes, bool zeros);

/* --- Called by the tracker, inside the tracker lock; also without the GIL. Allocate by malloc only, never raise ---------- */

void limit_count_birth_locked(const PyThreadState *thread, const void *pointer, size_t nbytes);
void limit_count_death_locked(const void *pointer, size_t nbytes, uint16_t generation);

/* A sole limit counts all buffers that are not older than itself, without a search through the limits. */
static inline void limit_born_locked(const PyThreadState *thread, const void *pointer, const Buffer *buffer)
{
    if (__builtin_expect(limit_is_none(), 1))
        return;
    if (limit_sole)
        limit_add_locked(limit_sole, (int64_t)buffer->nbytes);
    else
        limit_count_birth_locked(thread, pointer, buffer->nbytes);
}

static inline void limit_died_locked(const void *pointer, const Buffer *buffer)
{
    if (__builtin_expect(limit_is_none(), 1))
        return;
    if (limit_sole)
        limit_add_locked(limit_sole, buffer->generation >= limit_sole->generation ? -(int64_t)buffer->nbytes : 0);
    else
        limit_count_death_locked(pointer, buffer->nbytes, buffer->generation);
}

#endif
