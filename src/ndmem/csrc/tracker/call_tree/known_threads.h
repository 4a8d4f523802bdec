/* The threads that allocated so far, and the callers that were last seen in each.
 *
 * Guarded by the tracker lock (lock.h). All allocate with malloc only and never raise. */
#ifndef NDMEM_KNOWN_THREADS_H
#define NDMEM_KNOWN_THREADS_H

#include "common/compat.h"
#include "tracker/call_tree/tree.h"

#include <stdbool.h>
#include <stdint.h>

/* The node of an instruction under a caller: a loop returns to a few instructions all the time, and a lookup in the tree takes
 * two more lines of a cache that the program fills with its arrays. The address of an instruction identifies it, for it is
 * inside its code object, which the node keeps alive. */
typedef struct {
    const char *at; /* NULL is empty */
    NodeId parent, node;
} Recent;

enum { RECENT = 8, MAX_NAME = 64, MAX_BOUNDED = 512 };

static inline size_t recent_of(const char *at) { return (uintptr_t)at / sizeof(_Py_CODEUNIT) % RECENT; }

typedef struct {
    const char *at; /* the frame's instruction; NULL, which no frame has, where it must be read again */
    Frame *frame;   /* where it was: it may be gone, and is followed only where it is found again */
    NodeId node;    /* of the nearest frame with a node, this one or one of its callers */
} Seen;

/* The callers that were last seen in a thread. */
typedef struct {
    PyThreadState *state;
    uint64_t id; /* from 1; a dead thread's address is reused, its id is not */
    uint16_t number;
    NodeId parent; /* of the leaf */
    uint32_t capacity;
    /* All frames but the leaf, from seen[1] to last, the root first; seen[0] is not a frame's, and ends a search: its node is
     * that of the line that waits for the thread, or ROOT. */
    Seen *seen, *last;
    bool follows;  /* only libraries' frames: the stack continues where the main thread waits */
    bool is_named; /* the name was looked for */
    Recent recent[RECENT]; /* leaves, by the address of their instruction */
    char name[MAX_NAME];   /* empty if it is unknown */
} Thread;

/* The thread that was found last; at the start one without a thread. Read in the hot path, so not through a function. */
extern Thread *latest_thread;

/* Of a Python thread, found or added, which becomes the latest; NULL without memory. Works without the GIL. */
Thread *thread_find_locked(PyThreadState *state);

/* Makes room for so many callers in `seen`; false without memory. */
bool thread_reserve(Thread *thread, size_t depth);

void threads_forget(void);

/* Whether to remember only MAX_BOUNDED threads from now on: another one takes the place of one that was remembered. */
void threads_bound_locked(bool bounded);

#endif
