#ifndef NDMEM_KEPT_BLOCKS_H
#define NDMEM_KEPT_BLOCKS_H
#include <Python.h>

PyObject *kept_blocks_keep(PyObject *module, PyObject *args);
extern const char kept_blocks_doc[];
#endif
