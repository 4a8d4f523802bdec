/* A report of now, asked of the program itself: SIGUSR2 that somebody else sends to it goes on to its launcher. */
#ifndef NDMEM_REQUEST_H
#define NDMEM_REQUEST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern const char pass_requests_doc[];

/* Called by Python code with the GIL. Allocates nothing. Raises if the argument is no process id. */
PyObject *pass_requests(PyObject *module, PyObject *launcher);

#endif
