/* NumPy's C API, whose table handler.c fills when it hooks NumPy: nothing of it may be called before. */
#ifndef NDMEM_NUMPY_API_H
#define NDMEM_NUMPY_API_H

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL ndmem_numpy
#define NO_IMPORT_ARRAY

#include <Python.h>
#include <numpy/arrayobject.h>

#endif
