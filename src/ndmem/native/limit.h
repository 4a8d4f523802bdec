/* Limits: budgets that NumPy's hook asks before it allocates.
 *
 * Guarded like all books (lock.h). A refusal is a NULL from the hook, so NumPy raises its own MemoryError from the line
 * that asked, and nothing was allocated. Native blocks are counted and never refused: C code that cannot cope with a
 * failing malloc must not crash because of us. */
#ifndef NDMEM_LIMIT_H
#define NDMEM_LIMIT_H

#include "ledger.h"

#include <stdint.h>

enum { MAX_LIMITS = 64 }; /* armed at once, like recordings */

typedef struct {
    size_t asked;  /* bytes by which the live ones would have grown */
    int64_t live;  /* bytes counted at that moment */
    NodeId stack;  /* who asked */
    uint64_t count; /* how often it came to that */
} Excess;

typedef struct Limit {
    int64_t budget;      /* bytes; negative while it only counts */
    int64_t live;        /* bytes of the buffers it counts */
    uint16_t generation; /* it counts buffers that are not older; 0 counts all */
    uint64_t thread;     /* id of the thread whose buffers alone it counts; 0 for all */
    bool tells;          /* lets pass what is beyond, and calls `tell` */
    bool resident;       /* refuses only if the pages in RAM would not fit either */
    bool told;           /* since the live bytes were last within the budget */
    uint64_t *own;       /* addresses of the thread's buffers, by open addressing; 0 is empty */
    size_t own_mask, own_count;
    void (*tell)(struct Limit *); /* with the GIL; may not raise nor run Python code */
    Excess excess;
} Limit;

/* Begins to count, with no budget yet: all buffers that the ledger knows, or those born from now on. `complete` receives
 * whether those from before tracking were adopted for another limit. Needs the GIL; allocates by malloc. 0, or -1 with a
 * Python exception set. */
int limit_arm(Limit *limit, bool all, size_t threshold, bool *complete);

/* From now on its budget is so many bytes, which recordings are told. Needs the GIL; allocates by malloc and mmap, does
 * not raise. */
void limit_enforce(Limit *limit, int64_t budget);

/* Ends it; harmless when it is not armed. Needs the GIL; may run Python code. Does not raise. */
void limit_disarm(Limit *limit);

bool limit_is_armed(const Limit *limit);

/* Counts a buffer that was there before tracking; false if it is known already, or nothing is armed. Needs the GIL. */
bool limit_adopt(void *pointer, size_t nbytes);

extern unsigned limit_count; /* of armed limits: what the hooks look at */

/* What `limit_has_room` reads. Written with the GIL: the limit that is armed, where it is the only one and refuses by the
 * bytes of all threads, else NULL; bytes of callocs that are on their way. */
extern Limit *limit_sole;
extern int64_t limit_promised;

/* Whether NumPy may have `nbytes` for certain, with nothing to note; false says nothing. Needs the GIL, under which
 * arrays are born, and not the lock: a native block that comes in between counts from the next array on. */
static inline bool limit_has_room(size_t nbytes)
{
    if (limit_sole == NULL)
        return false;
    int64_t room = limit_sole->budget - __atomic_load_n(&limit_sole->live, __ATOMIC_RELAXED) - limit_promised;
    return room >= 0 && nbytes <= (size_t)room;
}

/* Whether NumPy may have `nbytes`, in place of `old` if that is given; `zeros` are not touched by asking for them. Needs
 * the GIL. Allocates with malloc only, does not raise. */
bool limit_allows(PyThreadState *thread, const void *old, size_t nbytes, bool zeros);

/* Counts what a thread may have from now until `limit_keep_promise`, which comes right before the birth: another thread
 * must not be given the same room meanwhile. False if it is nothing to count. Both need the GIL, do not allocate and do
 * not raise. */
bool limit_promise(PyThreadState *thread, size_t nbytes);
void limit_keep_promise(size_t nbytes);

/* --- Called by the tracker, inside the books; also without the GIL ------------------------------------------- */

void limit_count_birth(const PyThreadState *thread, const void *pointer, const Buffer *buffer);
void limit_count_death(const void *pointer, const Buffer *buffer);

/* A sole limit counts all that are not older than itself, and nobody needs to be looked for. */
static inline void limit_born(const PyThreadState *thread, const void *pointer, const Buffer *buffer)
{
    if (__builtin_expect(limit_count == 0, 1))
        return;
    if (limit_sole)
        limit_sole->live += (int64_t)buffer->nbytes;
    else
        limit_count_birth(thread, pointer, buffer);
}

static inline void limit_died(const void *pointer, const Buffer *buffer)
{
    if (__builtin_expect(limit_count == 0, 1))
        return;
    if (limit_sole)
        limit_sole->live -= buffer->generation >= limit_sole->generation ? (int64_t)buffer->nbytes : 0;
    else
        limit_count_death(pointer, buffer);
}

/* For generations that are given new numbers: how many limits began not after one, and the new numbers. */
unsigned limit_count_until(uint16_t generation);
void limit_renumber(const uint16_t *rank);

/* The lowest budget in force for all arrays of the process, in bytes; -1 if there is none. Of limits that look at the pages
 * in RAM nothing is said: what may be allocated under them is not known. Inside the books. */
int64_t limit_lowest(void);

/* The child of a fork is bound by none. */
void limit_forget(void);

#endif
