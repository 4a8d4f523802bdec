/* The bytes of a Python str, read as it lies there: no GIL, no memory, no error. */
#ifndef NDMEM_TEXT_H
#define NDMEM_TEXT_H

#include <Python.h>

/* Writes UTF-8 to `room`, or only counts where that is NULL; answers the number of bytes. Lone surrogates that stand
 * for bytes of a file name become those bytes again, as with "surrogateescape"; others are spelt as \udxxx. The str
 * must be one that somebody holds. */
size_t text_utf8(PyObject *text, char *room);

#endif
