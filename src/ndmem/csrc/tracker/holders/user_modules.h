/* The user's modules among all that are loaded, of which there may be thousands. */
#ifndef NDMEM_USER_MODULES_H
#define NDMEM_USER_MODULES_H

#include "common/compat.h"

enum { MAX_USER_MODULES = 1024 }; /* the first ones */

/* Writes the dicts of their names, borrowed, and returns how many there are. It looks at `most` modules that it has not seen,
 * and goes on there the next time; one that took the place of another under its name is overlooked. Needs the GIL; allocates
 * nothing, runs no Python code, never raises. */
unsigned user_modules_find(PyObject *names[MAX_USER_MODULES], uint32_t most);

#endif
