/* Where the program is: call stacks, interned in a tree, so that a stack is one number.
 *
 * All functions need the GIL, which also guards the tree. */
#ifndef NDMEM_STACK_H
#define NDMEM_STACK_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t NodeId;

enum {
    ROOT = 0, /* the stack of an event without any Python frame */
    /* A program that makes code as it goes (eval in a loop) has no end of places, and each keeps its code. */
    MAX_NODES = 1 << 18
};

typedef struct {
    PyCodeObject *code; /* strong; NULL for the root */
    NodeId parent;
    int32_t offset; /* byte offset of the instruction */
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

const Node *stack_node(NodeId node);

uint32_t stack_count(void); /* of nodes, the root among them; 0 while nothing is tracked */

/* Number of a code object that a node names. */
NodeId stack_code(PyCodeObject *code);

#endif
