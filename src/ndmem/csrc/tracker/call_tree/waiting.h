/* Where the main thread waits for other threads, as a node of the call tree.
 *
 * A thread of a library (of a pool, of a scheduler) has no frame of the user's: what it allocates says nothing to a user until
 * its stack continues at the line of theirs that waits for it. Threads do not record which thread waits for them, so this is
 * read at the allocation itself: the main thread cannot move while the allocating thread has the GIL.
 *
 * Guarded by the tracker lock (lock.h). All functions need the GIL. */
#ifndef NDMEM_WAITING_H
#define NDMEM_WAITING_H

#include "common/compat.h"
#include "tracker/call_tree/tree.h"

/* Finds the main thread and forgets where it waited. Not in a hook: it takes a lock of the interpreter. */
void waiting_open(void);

bool waiting_is_main(const PyThreadState *thread);

/* Whether the frames from `leaf` on are only of libraries; false while it is not known which files these are. */
bool waiting_concerns_locked(Frame *leaf);

/* The node of the frame in which the main thread waits for other threads; ROOT if it does not wait. Allocates with malloc
 * only, never raises; ROOT without memory. */
NodeId waiting_node_locked(void);

/* Whether `waiting_node_locked` would still return `node`. Allocates nothing. */
bool waiting_is_unmoved_locked(NodeId node);

#endif
