/* ndmem._native.Recording: the Python face of a recording. */
#ifndef NDMEM_RECORDING_OBJECT_H
#define NDMEM_RECORDING_OBJECT_H

#include <Python.h>

/* 0, or -1 with an exception. */
int recording_object_add(PyObject *module);

#endif
