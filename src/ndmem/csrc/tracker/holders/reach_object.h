/* The references of one object, each with the edge that names it. See reach.h for what may be done here. */
#ifndef NDMEM_REACH_OBJECT_H
#define NDMEM_REACH_OBJECT_H

#include "common/numpy_api.h"
#include <stdbool.h>

typedef enum {
    INSIDE,   /* without a name: what a type's traversal shows */
    CLOSED,   /* a variable of a closure: `key` */
    ATTRIBUTE, /* `key` */
    MEMBER,   /* a slot or a field of a type written in C: `text` */
    KEY,      /* of a dict: `key` */
    INDEX     /* of a sequence: `index` */
} EdgeKind;

typedef struct {
    EdgeKind kind;
    union {
        PyObject *key; /* borrowed */
        const char *text;
        Py_ssize_t index;
    };
} Edge;

/* Called for each reference; stops where it returns false. */
typedef bool (*ReachMeet)(PyObject *object, Edge edge);

/* Whether an object may lead to arrays, and may be opened. */
bool reach_is_open(PyObject *object);

/* Whether an object only holds others, so that what it holds is not its own inside. */
bool reach_is_container(PyObject *object);

/* Shows the references of an object that may be opened. */
void reach_open(PyObject *object, ReachMeet meet);

#endif
