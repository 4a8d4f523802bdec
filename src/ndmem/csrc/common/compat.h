/* Every difference between CPython versions that the tracker meets, and nothing else.
 *
 * A frame is read through the interpreter's own structures: the public calls create a frame object
 * for each frame (about 600 ns at depth 30, against 100 ns), and the limited API has no
 * instruction offset at all. Wheels are therefore built for one Python version each.
 *
 * All functions here need the GIL, allocate nothing and never raise, unless they say otherwise. */
#ifndef NDMEM_COMPAT_H
#define NDMEM_COMPAT_H

#include <Python.h>
#include <frameobject.h>
#include <opcode.h>
#include <pthread.h>
#include <stdbool.h>

#if PY_VERSION_HEX < 0x030A0000 || PY_VERSION_HEX >= 0x030E0000
#error "ndmem knows the frames of CPython 3.10 to 3.13"
#endif

#if PY_VERSION_HEX >= 0x030B0000
#define Py_BUILD_CORE 1
#include <internal/pycore_frame.h>
#undef Py_BUILD_CORE
typedef _PyInterpreterFrame Frame;
#else
typedef PyFrameObject Frame;
#endif

/* NULL where nobody, or from 3.12 on not the calling thread, has the GIL. */
static inline PyThreadState *thread_state(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyThreadState_GetUnchecked();
#else
    return _PyThreadState_UncheckedGet();
#endif
}

/* The calling thread's state if it has the GIL, else NULL. Before 3.12 the unchecked state is that of whoever has it. */
static inline PyThreadState *thread_with_gil(void)
{
    PyThreadState *thread = thread_state();
#if PY_VERSION_HEX < 0x030C0000
    if (thread && thread->thread_id != (unsigned long)pthread_self())
        return NULL;
#endif
    return thread;
}

/* The calling thread's state whether or not it has the GIL, which `gil` says; NULL for a thread that Python does not
 * know. Its own frames stand still while it is in C code, so it may read them without the GIL: nobody else runs them,
 * and each holds its code object. It may not count references, see stack.c.
 *
 * From 3.12 on a subinterpreter may have a GIL of its own, which keeps out nobody of the main one: it is none here. */
static inline PyThreadState *thread_own(bool *gil)
{
    PyThreadState *own = PyGILState_GetThisThreadState();
    *gil = own && thread_state() == own;
#if PY_VERSION_HEX >= 0x030C0000
    *gil = *gil && own->interp == PyInterpreterState_Main();
#endif
    return own;
}

static inline Frame *frame_top(PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030D0000
    return thread->current_frame;
#elif PY_VERSION_HEX >= 0x030B0000
    return thread->cframe ? thread->cframe->current_frame : NULL;
#else
    return thread->frame;
#endif
}

static inline Frame *frame_back(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030B0000
    return frame->previous;
#else
    return frame->f_back;
#endif
}

/* Skips frames that have not run their first instruction, and the shims that 3.12 puts between C and
 * Python; tracebacks do not show them either. */
static inline Frame *frame_complete(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030B0000
    while (frame && _PyFrame_IsIncomplete(frame))
        frame = frame->previous;
#endif
    return frame;
}

static inline PyCodeObject *frame_code(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030D0000
    return (PyCodeObject *)frame->f_executable;
#else
    return frame->f_code;
#endif
}

/* Byte offset of the instruction that runs. */
static inline int32_t frame_offset(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030B0000
    return _PyInterpreterFrame_LASTI(frame) * (int32_t)sizeof(_Py_CODEUNIT);
#else
    return frame->f_lasti * (int32_t)sizeof(_Py_CODEUNIT);
#endif
}

/* Whether a frame is where one was seen before. From 3.11 on an instruction lies inside its code object, so
 * its address says everything and only the frame itself is read: 1 ns a frame instead of 3. */
static inline bool frame_is_at(Frame *frame, PyCodeObject *code, int32_t offset)
{
#if PY_VERSION_HEX >= 0x030D0000
    return (char *)frame->instr_ptr == (char *)_PyCode_CODE(code) + offset;
#elif PY_VERSION_HEX >= 0x030B0000
    return (char *)frame->prev_instr == (char *)_PyCode_CODE(code) + offset;
#else
    return frame->f_code == code && frame_offset(frame) == offset;
#endif
}

static inline PyObject *frame_globals(Frame *frame) { return frame->f_globals; }

/* The mapping of a module's or class body's names; NULL in a function. */
static inline PyObject *frame_mapping(Frame *frame) { return frame->f_locals; }

/* Local variables, cells included; `inner` is the frame that this one called, or NULL.
 *
 * CPython 3.11 drops a returning frame's references while the frame is still linked, and leaves the
 * pointers behind. A frame that runs keeps -1 in `stacktop`, and one that called Python code without C
 * in between has no entry frame above it: any other frame with a stack is on its way out and has no
 * locals for us. 3.10 unlinks first, as 3.12 does again. */
static inline PyObject **frame_locals(Frame *frame, Frame *inner, Py_ssize_t *count)
{
#if PY_VERSION_HEX >= 0x030B0000
    *count = frame_code(frame)->co_nlocalsplus;
#if PY_VERSION_HEX < 0x030C0000
    if (frame->stacktop >= 0 && (inner == NULL || inner->is_entry))
        *count = 0;
#endif
    (void)inner;
    return frame->localsplus;
#else
    (void)inner;
    PyCodeObject *code = frame->f_code;
    *count = code->co_nlocals + PyTuple_GET_SIZE(code->co_cellvars) + PyTuple_GET_SIZE(code->co_freevars);
    return frame->f_localsplus;
#endif
}

/* Borrowed name of local variable `i`. */
static inline PyObject *code_local_name(PyCodeObject *code, Py_ssize_t i)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyTuple_GET_ITEM(code->co_localsplusnames, i);
#else
    if (i < code->co_nlocals)
        return PyTuple_GET_ITEM(code->co_varnames, i);
    i -= code->co_nlocals;
    Py_ssize_t cells = PyTuple_GET_SIZE(code->co_cellvars);
    return i < cells ? PyTuple_GET_ITEM(code->co_cellvars, i) : PyTuple_GET_ITEM(code->co_freevars, i - cells);
#endif
}

typedef struct {
    int lineno, end_lineno, col, end_col; /* -1 where Python does not know */
} Location;

/* Reads only what a code object keeps unchanged from its birth: needs no GIL while a frame holds it. (From 3.11 on it
 * also reads a table of lines that `sys.settrace` makes; a reader without the GIL may then see a wrong line once.) */
static inline Location code_location(PyCodeObject *code, int32_t offset)
{
    Location at = {-1, -1, -1, -1};
#if PY_VERSION_HEX >= 0x030B0000
    PyCode_Addr2Location(code, offset, &at.lineno, &at.col, &at.end_lineno, &at.end_col);
#else
    at.lineno = at.end_lineno = PyCode_Addr2Line(code, offset);
#endif
    return at;
}

#ifdef NDMEM_OPCODES /* defined by the one file that wants CPython's tables compiled into it */
#if PY_VERSION_HEX >= 0x030B0000
#define Py_BUILD_CORE 1
#if PY_VERSION_HEX >= 0x030D0000
#define NEED_OPCODE_METADATA
#include <internal/pycore_opcode_metadata.h>
#else
#define NEED_OPCODE_TABLES
#include <internal/pycore_opcode.h>
#endif
#undef Py_BUILD_CORE
#endif

/* The instruction as the compiler wrote it: neither specialised nor instrumented. PyCode_GetCode says the same, but
 * allocates a copy of the whole code, and we may be inside Python's allocator, which asked mmap for an arena. */
static inline int code_opcode(PyCodeObject *code, int32_t offset)
{
#if PY_VERSION_HEX >= 0x030B0000
    int index = offset / (int)sizeof(_Py_CODEUNIT);
    if (offset < 0 || index >= Py_SIZE(code))
        return -1;
#if PY_VERSION_HEX >= 0x030C0000
    int opcode = _PyCode_CODE(code)[index].op.code;
    const _PyCoMonitoringData *monitoring = code->_co_monitoring;
    if (opcode == INSTRUMENTED_LINE && monitoring && monitoring->lines)
        opcode = monitoring->lines[index].original_opcode;
    if (opcode == INSTRUMENTED_INSTRUCTION && monitoring && monitoring->per_instruction_opcodes)
        opcode = monitoring->per_instruction_opcodes[index];
#else
    int opcode = _Py_OPCODE(_PyCode_CODE(code)[index]);
#endif
    return _PyOpcode_Deopt[opcode];
#else
    if (offset < 0 || offset >= PyBytes_GET_SIZE(code->co_code))
        return -1;
    return (unsigned char)PyBytes_AS_STRING(code->co_code)[offset];
#endif
}

/* Whether the instruction binds or deletes a name or attribute: what dies there was held by it. Items do
 * not count, for `out[:] = a + b` frees a temporary. Needs no GIL while a frame holds the code object. */
static inline bool code_stores(PyCodeObject *code, int32_t offset)
{
    switch (code_opcode(code, offset)) {
    case STORE_FAST: case STORE_NAME: case STORE_GLOBAL: case STORE_DEREF: case STORE_ATTR:
    case DELETE_FAST: case DELETE_NAME: case DELETE_GLOBAL: case DELETE_DEREF: case DELETE_ATTR:
#if PY_VERSION_HEX >= 0x030D0000
    case STORE_FAST_LOAD_FAST: case STORE_FAST_STORE_FAST:
#endif
        return true;
    default:
        return false;
    }
}
#endif

#endif
