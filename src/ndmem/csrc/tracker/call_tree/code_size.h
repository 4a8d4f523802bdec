/* How much memory a code object keeps alive. */
#ifndef NDMEM_CODE_SIZE_H
#define NDMEM_CODE_SIZE_H

#include <Python.h>
#include <stddef.h>

/* Bytes of a code object with its constants, names and tables, those that others share with it too. Reads what cannot change
 * in a code object: works without the GIL while a frame holds it. Allocates nothing, runs no Python code, never raises. */
size_t code_size(const PyCodeObject *code);

#endif
