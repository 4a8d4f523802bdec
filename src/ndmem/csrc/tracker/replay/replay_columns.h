/* The columns of a trace as replay.c takes them from Python: buffers of fixed-width integers.
 *
 * All functions need the GIL and no lock of ndmem. */
#ifndef NDMEM_REPLAY_COLUMNS_H
#define NDMEM_REPLAY_COLUMNS_H

#include <Python.h>

typedef struct {
    Py_buffer view;
    Py_ssize_t length; /* in elements */
} Column;

/* "O&" converters of PyArg_ParseTuple into a Column, for elements of so many bits. They may run the Python code that exports
 * the buffer, and raise what it raises, or ValueError for another width. */
int columns_take8(PyObject *object, void *column);
int columns_take16(PyObject *object, void *column);
int columns_take32(PyObject *object, void *column);
int columns_take64(PyObject *object, void *column);

/* Gives the buffers back. May run Python code; does not raise. */
void columns_release(Column *columns, int count);

/* Raises ValueError, which says what does not fit; always NULL. */
PyObject *columns_misfit(const char *what);

#endif
