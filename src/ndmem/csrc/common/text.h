/* Text for the journal, made where neither Python's allocator nor stdio may be called: no GIL, no memory, no error. */
#ifndef NDMEM_TEXT_H
#define NDMEM_TEXT_H

#include <Python.h>

/* Writes UTF-8 to `room`, or only counts where that is NULL; returns the number of bytes. Lone surrogates that stand
 * for bytes of a file name become those bytes again, as with "surrogateescape"; others are spelled as \udxxx. The
 * caller holds a reference to the str. */
size_t text_utf8(PyObject *text, char *room);

/* The same for as many whole characters as `most` bytes hold. */
size_t text_utf8_part(PyObject *text, char *room, size_t most);

/* Writes a number in digits, without a zero at the end; returns the number of bytes. */
size_t text_number(long long number, char room[20]);

#endif
