/* The other threads of an interpreter, whose variables a search looks at. */
#ifndef NDMEM_OTHER_THREADS_H
#define NDMEM_OTHER_THREADS_H

#include "common/compat.h"

/* The body runs no Python code and allocates nothing of Python's, so all of it is one moment for threads with the GIL, and
 * containers stay as they are.
 *
 * CPython guards its list of threads by a lock that an extension cannot take. Without it: a thread leaves the list while it
 * has the GIL (PyThreadState_DeleteCurrent, and PyGILState_Release through it), so none goes while we walk. One that
 * comes, as in PyGILState_Ensure, comes at the head: 3.11 sets the head before it links the rest, so that others may be
 * overlooked once, and it has no frame yet. Only PyThreadState_Delete may take a state away without the GIL; CPython
 * calls it where a thread could not be started, with the GIL. */
#define FOR_OTHER_THREADS(thread, current) \
    for (PyThreadState *thread = PyInterpreterState_ThreadHead(PyThreadState_GetInterpreter(current)); thread; \
         thread = PyThreadState_Next(thread)) \
        if (thread != current)

#endif
