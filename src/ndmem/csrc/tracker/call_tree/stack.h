/* The calling thread's stack, as a node of the call tree.
 *
 * Guarded by the tracker lock (lock.h). A function that does not say that it works without the GIL needs it. */
#ifndef NDMEM_STACK_H
#define NDMEM_STACK_H

#include "tracker/call_tree/tree.h"

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

enum { NO_THREAD = UINT16_MAX }; /* number of a thread that Python does not know */

/* Prepares the empty tree and forgets all threads; false without memory. Does not raise. */
bool stack_open(void);

/* Forgets the tree and the threads, and releases the code objects. May run Python code (a code object's death). */
void stack_close(void);

/* Remembers at most twice as many nodes as `stacks`, some of them for code objects, and a bounded number of threads. 0: all. */
void stack_bound_locked(uint32_t stacks);

/* Whether there were as many threads as there are numbers: later ones share the last. */
bool stack_shares_numbers(void);

/* The calling thread's stack; if all its frames are of libraries, below the one in which the main thread waits. `number`
 * receives the thread's number, from 0 in order of appearance. Allocates with malloc only, never raises; without memory it returns the deepest caller that has a node. */
NodeId stack_current_locked(PyThreadState *thread, uint16_t *number);

/* The same if the thread's callers have not moved and its leaf was seen there before, else false. Allocates nothing. */
bool stack_if_known_locked(PyThreadState *thread, NodeId *node);

uint16_t stack_thread_number_locked(void); /* of the thread whose stack was last returned */

/* The name of the thread whose stack was last returned, if it was not looked for before, else NULL. Not inside malloc. */
const char *stack_name_thread_locked(PyThreadState *thread);

/* Names that were found so far: number and name of each known thread, "" if it is unknown. */
uint32_t stack_thread_count(void);
const char *stack_thread_name_locked(uint32_t index, uint16_t *number);

/* The stack of a thread without the GIL, or of one that Python does not know (NULL); works without the GIL. */
NodeId stack_without_gil_locked(PyThreadState *thread, uint16_t *number);

#endif
