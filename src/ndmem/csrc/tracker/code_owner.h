/* Whose code a file has: the same answer as ndmem.user_code gives, where no Python code may run.
 *
 * Guarded by the GIL, which all functions need. But for those at the end they allocate nothing, run no Python code and never
 * raise. */
#ifndef NDMEM_CODE_OWNER_H
#define NDMEM_CODE_OWNER_H

#include <Python.h>

#include <stdbool.h>

typedef enum { USER, LIBRARY, NDMEM } CodeOwner;

/* Whether Python has set which files are whose; until then all are the user's. */
bool code_owners_are_known(void);

/* Another number after other owners were set. */
unsigned code_owners_version(void);

/* Of a file's name, a str. */
CodeOwner code_owner(PyObject *file);

/* Whether the file is a library's, with functions that start threads or wait for them. */
bool code_waits(PyObject *file);

/* Whether the file is Python's import system. */
bool code_imports(PyObject *file);

/* The names of a module, borrowed; NULL of anything else. */
PyObject *module_names(PyObject *module);

/* Of a module, by its names, which may be NULL; one without a file is written in C. */
CodeOwner module_owner(PyObject *names);

/* Whether the module names the file that it comes from. */
bool module_has_file(PyObject *names);

/* Of a type, by its module. */
CodeOwner type_owner(PyTypeObject *type);

/* Creates the names that are looked up; 0, or -1 with an exception. */
int code_owner_open(void);

extern const char set_code_owners_doc[];

/* Called by Python code; raises. */
PyObject *set_code_owners(PyObject *module, PyObject *args);

#endif
