#include "common/compat.h"
#include "common/layout.h"

#include <stddef.h>

/* CPython 3.13 and later publish the offsets of their frames for debuggers, in the process itself. A release that lays
 * them out otherwise would be read wrongly, and would crash: it is refused instead. The offsets are not what the hooks
 * read by, see design/0028. */
#if PY_VERSION_HEX >= 0x030D0000
#define Py_BUILD_CORE 1
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#undef Py_BUILD_CORE

#define EACH_OFFSET(check) \
    check(interpreter_state.gc, offsetof(PyInterpreterState, gc)) \
    check(gc.collecting, offsetof(struct _gc_runtime_state, collecting)) \
    check(thread_state.current_frame, offsetof(PyThreadState, current_frame)) \
    check(interpreter_frame.previous, offsetof(Frame, previous)) \
    check(interpreter_frame.executable, offsetof(Frame, f_executable)) \
    check(interpreter_frame.instr_ptr, offsetof(Frame, instr_ptr)) \
    check(interpreter_frame.localsplus, offsetof(Frame, localsplus)) \
    check(interpreter_frame.owner, offsetof(Frame, owner)) \
    check(code_object.co_code_adaptive, offsetof(PyCodeObject, co_code_adaptive)) \
    check(code_object.localsplusnames, offsetof(PyCodeObject, co_localsplusnames))

static const char *find_difference(void)
{
    const _Py_DebugOffsets *there = &_PyRuntime.debug_offsets;
    if (memcmp(there->cookie, _Py_Debug_Cookie, sizeof there->cookie) != 0 || there->version >> 16 != PY_VERSION_HEX >> 16)
        return "its version";
    if (there->free_threaded)
        return "its threads, which run without the GIL";
#define CHECK(name, expected) \
    if (there->name != (expected)) \
        return #name;
    EACH_OFFSET(CHECK)
#undef CHECK
    return NULL;
}
#else
/* 3.11 and 3.12 publish none, and get no new releases but for security. */
static const char *find_difference(void) { return NULL; }
#endif

int layout_check(void)
{
    const char *difference = find_difference();
    if (difference == NULL)
        return 0;
    PyErr_Format(PyExc_ImportError,
                 "ndmem was built for Python " PY_VERSION ", and this Python %.20s differs in %s; reinstall ndmem for this "
                 "Python",
                 Py_GetVersion(), difference);
    return -1;
}
