#ifndef NDMEM_GHOST_H
#define NDMEM_GHOST_H
#include <Python.h>

PyObject *ghost_haunt(PyObject *module, PyObject *on);
extern const char ghost_haunt_doc[];
#endif
