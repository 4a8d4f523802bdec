/* Who wrote a file of code, by the folders that ndmem.user_code knows. It orders a search; what a report shows is decided there. */
#ifndef NDMEM_CODE_OWNER_H
#define NDMEM_CODE_OWNER_H

#include <Python.h>

typedef enum { USER, LIBRARY, NDMEM } CodeOwner;

/* Reads the folders, once. Needs the GIL; runs Python code. 0, or -1 with an exception. */
int code_owner_open(void);

/* The following need the GIL; they allocate nothing, run no Python code and never raise. */

/* Of a file's name, a str. */
CodeOwner code_owner(PyObject *file);

/* Of a module, by its names, which may be NULL; one without a file is written in C. */
CodeOwner module_owner(PyObject *names);

/* Of a type, by its module. */
CodeOwner type_owner(PyTypeObject *type);

#endif
