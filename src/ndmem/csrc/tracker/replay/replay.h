/* Streaming passes over a trace's columns that would be too slow event by event in Python. */
#ifndef NDMEM_REPLAY_H
#define NDMEM_REPLAY_H

#include <Python.h>

/* The GIL is held throughout; they raise ValueError for columns that do not fit each other. */
PyObject *replay_statement_depths(PyObject *module, PyObject *args);
PyObject *replay_temporary_peaks(PyObject *module, PyObject *args);

extern const char replay_statement_depths_doc[], replay_temporary_peaks_doc[];

#endif
