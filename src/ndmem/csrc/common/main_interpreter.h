/* Refuse to load in a subinterpreter, with one sentence; for both extensions.
 *
 * Their state belongs to the process, and NumPy's allocator too: two interpreters would count into one record, from 3.12
 * on without a GIL between them. CPython's own refusal (Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED) leaves out the
 * interpreters that share the GIL, so the modules are initialized in phases, and their first one asks. */
#ifndef NDMEM_MAIN_INTERPRETER_H
#define NDMEM_MAIN_INTERPRETER_H

#include <Python.h>

#if PY_VERSION_HEX >= 0x030C0000
/* True as it stands: nothing is done in another interpreter before `check_main_interpreter` refuses it. */
#define MAIN_INTERPRETER_SLOT {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED}
#else
#define MAIN_INTERPRETER_SLOT {0, NULL}
#endif

/* -1 with an ImportError in a subinterpreter. Needs the GIL of the calling thread's interpreter. */
static inline int check_main_interpreter(void)
{
    if (PyInterpreterState_Get() == PyInterpreterState_Main())
        return 0;
    PyErr_SetString(PyExc_ImportError,
                    "ndmem needs the main interpreter, and this is a subinterpreter; import it in the main one");
    return -1;
}

#endif
