/* Requests for a report: the handler that forwards SIGUSR2, sent to the program by another process, to the launcher. */
#ifndef NDMEM_REPORT_SIGNAL_H
#define NDMEM_REPORT_SIGNAL_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern const char forward_report_signal_doc[];

/* Python's function: needs the GIL, allocates nothing, raises if the argument is not a process id. */
PyObject *forward_report_signal(PyObject *module, PyObject *launcher);

#endif
