/* What the tracker is answered where the files that need Linux are not built: malloc_listener, mappings, pages and ghost. No
 * library is preloaded, so no mapping is known and no page counted. */
#include "common/own_thread.h"
#include "tracker/hooks/ghost.h"
#include "tracker/hooks/malloc_listener.h"
#include "tracker/hooks/pages.h"

ptrdiff_t own_thread_at;
int64_t pages_due = INT64_MAX;

void native_find(void) {}
size_t native_threshold(void) { return 0; }
const char *native_library(void) { return NULL; }
void native_hook(void) {}
void native_unhook(void) {}

Mapping *mappings_find_locked(const char *Py_UNUSED(at)) { return NULL; }
bool mappings_may_touch(const char *Py_UNUSED(start), const char *Py_UNUSED(end)) { return false; }

bool pages_count_locked(PyThreadState *Py_UNUSED(thread), Urgency Py_UNUSED(urgency)) { return false; }
const void *pages_key(const Grown *Py_UNUSED(grown)) { return NULL; }

const char ghost_haunt_doc[] = "haunt(on)\n--\n\nRaise an OSError: ghosts need Linux.";

PyObject *ghost_haunt(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(on))
{
    PyErr_SetString(PyExc_OSError, "ghosts need Linux");
    return NULL;
}
