/* The way from a variable to an array as text: `.layers[3].cache['input']`. All functions need the GIL, allocate nothing, run no
 * Python code and never raise. */
#ifndef NDMEM_SPELLED_PATH_H
#define NDMEM_SPELLED_PATH_H

#include "tracker/holders/reach_object.h"

#include <stdint.h>

enum { MAX_PATH = 200 };

typedef struct {
    char *room; /* of MAX_PATH bytes */
    uint32_t nbytes;
} SpelledPath;

/* Adds an edge of `holder`; false where the way cannot be told any further. */
bool path_add(SpelledPath *path, Edge edge, PyObject *holder);

#endif
