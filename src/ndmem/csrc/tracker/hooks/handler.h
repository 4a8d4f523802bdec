/* The hook into NumPy's allocator. */
#ifndef NDMEM_HANDLER_H
#define NDMEM_HANDLER_H

#include <stdbool.h>

/* Hooks NumPy's default handler, once. Needs the GIL and NumPy. 0, or -1 with a Python exception set. */
int handler_hook(void);

bool handler_is_hooked(void);

/* The table with NumPy's own functions: behind the hook if there is one. Needs the GIL and NumPy. NULL with an exception
 * set. */
void *handler_find_allocator(void);

/* Removes the hook; harmless when there is none. Needs the GIL. Does not raise. */
void handler_unhook(void);

#endif
