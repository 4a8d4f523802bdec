/* Where the program is: call stacks, interned in a tree, so that a stack is one number.
 *
 * Guarded by the GIL and, where native memory is watched, by the lock of the books; a function that does not say that
 * it works without the GIL needs it. */
#ifndef NDMEM_STACK_H
#define NDMEM_STACK_H

#include "journal.h"

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t NodeId;

enum {
    ROOT = 0, /* the stack of an event without any Python frame */
    NATIVE_ROOT = 1, /* its leaf for native blocks; there from the start, for those that find no room of their own */
    /* A program that makes code as it goes (eval in a loop) has no end of places, and each keeps its code. */
    MAX_NODES = 1 << 18
};

typedef struct {
    PyCodeObject *code; /* NULL for the root */
    NodeId parent;
    int32_t offset;     /* byte offset of the instruction */
    uint32_t signature; /* of the code object, where it is only borrowed; 0 where the node has a reference */
    uint8_t domain;     /* of the buffers born here: a stack has a leaf for each domain */
} Node;

/* Prepares the empty tree; false without memory. Does not raise. */
bool stack_open(void);

/* Forgets tree and threads and drops the code objects. May run Python code (a code object's death). */
void stack_close(void);

/* Whether places were left out for want of room: what happens there is counted with its caller. */
bool stack_is_full(void);

/* The calling thread's stack. `number` receives the thread's number, from 0 in order of appearance.
 * Allocates with malloc only, never raises; without memory it answers the deepest caller it knows. */
NodeId stack_current(PyThreadState *thread, uint16_t *number);

/* The same for a thread that has not the GIL, or NULL for one that Python does not know; works without the GIL. */
NodeId stack_without_gil(PyThreadState *thread, uint16_t *number);

/* The leaf for native blocks beside that for arrays; NATIVE_ROOT without room for it. Works without the GIL. */
NodeId stack_native_leaf(NodeId leaf);

const Node *stack_node(NodeId node); /* Works without the GIL. */

uint32_t stack_count(void); /* of nodes, the root among them; 0 while nothing is tracked */

/* Number of a code object that a node names. Works without the GIL, if a frame of the thread holds the code object. */
NodeId stack_code(PyCodeObject *code);

#endif
