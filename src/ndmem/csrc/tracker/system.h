/* What the system says (common/os.h), for Python code that the user's process runs: modules such as `resource` or `fcntl` may
 * be files of the program there. */
#ifndef NDMEM_SYSTEM_H
#define NDMEM_SYSTEM_H

#include <Python.h>

PyObject *system_resident(PyObject *module, PyObject *none);
extern const char system_resident_doc[];

PyObject *system_file_path(PyObject *module, PyObject *descriptor);
extern const char system_file_path_doc[];

#endif
