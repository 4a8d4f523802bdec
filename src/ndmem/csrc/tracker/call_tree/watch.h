/* Watching a builtin function, so that a traceback does not show it, and the environment as C has it. */
#ifndef NDMEM_WATCH_H
#define NDMEM_WATCH_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern const char watch_builtin_doc[], watch_environment_doc[];

/* Both are called by Python code with the GIL, allocate with Python's allocator and raise as functions do. */
PyObject *watch_builtin(PyObject *module, PyObject *args);
PyObject *watch_environment(PyObject *module, PyObject *none);

#endif
