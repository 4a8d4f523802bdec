/* The name of a thread, read from the `threading.Thread` that its outermost frame runs. */
#ifndef NDMEM_THREAD_NAME_H
#define NDMEM_THREAD_NAME_H

#include <Python.h>

/* Borrowed `Thread.name` of a thread with the GIL; NULL for one that `threading` did not start. Allocates nothing, runs no
 * Python code, never raises. Not inside malloc, where Python's containers may be in use. */
PyObject *thread_name(PyThreadState *thread);

#endif
