/* The call tree: each node is an instruction called from its parent, so that a stack is one number.
 *
 * Guarded by the tracker lock (lock.h). A function that does not say that it works without the GIL needs it. */
#ifndef NDMEM_TREE_H
#define NDMEM_TREE_H

#include "tracker/journal/journal.h"

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t NodeId;

enum {
    ROOT = 0, /* the stack of an event without any Python frame */
    NATIVE_ROOT = 1, /* its leaf for native blocks; always there, for blocks without memory for a node of their own */
    OTHER = 2, /* the stack of what has no node in a bounded tree */
    /* A program that compiles code in a loop (eval) has ever more instructions, and each node keeps its code object. */
    MAX_NODES = 1 << 18
};

/* A program that compiles code for each request must not keep all of it alive. */
#define TREE_CODE_NBYTES (6 << 20)

typedef struct {
    PyCodeObject *code; /* NULL for the root */
    NodeId parent;
    int32_t offset;     /* byte offset of the instruction */
    uint32_t signature; /* of the code object, where it is only borrowed; 0 where the node has a reference */
    uint8_t domain;     /* of the buffers born here: a stack has a leaf for each domain */
} Node;

typedef struct {
    PyCodeObject *code;
    int32_t offset;
} Place;

/* Prepares the empty tree; false without memory. Does not raise. */
bool tree_open(void);

/* Forgets the tree and releases the code objects. May run Python code (a code object's death). */
void tree_close(void);

/* Adds at most so many nodes from now on, and keeps at most TREE_CODE_NBYTES of code objects alive; what comes later is at OTHER.
 * 0: MAX_NODES, and what comes later counts for its caller. */
void tree_bound_locked(uint32_t nodes);

/* Whether nodes were left out at the maximum size: events there count for the caller. */
bool tree_is_full(void);

/* The node of a frame called from `parent`; without space for a new one `parent` itself, or OTHER in a bounded tree. Works without the GIL, if a frame
 * of the thread holds the code object. Allocates with malloc only, never raises. */
NodeId tree_intern_locked(NodeId parent, Place place, uint8_t domain);

/* The leaf for another domain beside that for arrays; NATIVE_ROOT without space for it. Works without the GIL. */
NodeId tree_leaf_locked(NodeId leaf, uint8_t domain);

const Node *tree_node(NodeId node); /* Works without the GIL. */

uint32_t tree_count(void); /* of nodes, the root among them; 0 while nothing is tracked */

/* Number of a code object that a node names. Works without the GIL, if a frame of the thread holds the code object. */
NodeId tree_code_locked(PyCodeObject *code);

#endif
