/* The Python face of a limit. */
#ifndef NDMEM_LIMIT_OBJECT_H
#define NDMEM_LIMIT_OBJECT_H

#include <Python.h>

/* Adds Limit and adopt() to the module. 0, or -1 with a Python exception set. */
int limit_object_add(PyObject *module);

#endif
