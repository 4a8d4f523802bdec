/* All differences between CPython versions that concern the tracker, and nothing else.
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

/* meson.build refuses other Pythons with a sentence; this is for a compiler that is called without it. */
#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x03100000 || defined(Py_GIL_DISABLED)
#error "ndmem supports CPython 3.11 to 3.15 with the GIL"
#endif

#define Py_BUILD_CORE 1
#include <internal/pycore_frame.h> /* PyFrameObject; to 3.13 also its frame */
#if PY_VERSION_HEX >= 0x030E0000
#include <internal/pycore_genobject.h>
#include <internal/pycore_interpframe.h>
#endif
#undef Py_BUILD_CORE
typedef _PyInterpreterFrame Frame;

/* NULL if no thread, or from 3.12 on not the calling thread, has the GIL. */
static inline PyThreadState *thread_state(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyThreadState_GetUnchecked();
#else
    return _PyThreadState_UncheckedGet();
#endif
}

/* pthread_self, which on x86-64 is the thread pointer itself: a load in place of a call. */
#if defined(__linux__) && defined(__x86_64__)
#define THREAD_IDENTITY ((unsigned long)__builtin_thread_pointer())
#else
#define THREAD_IDENTITY ((unsigned long)pthread_self())
#endif

/* The calling thread's state if it has the GIL, else NULL. 3.11's unchecked state is that of the thread that has it. */
static inline PyThreadState *thread_with_gil(void)
{
    PyThreadState *thread = thread_state();
#if PY_VERSION_HEX < 0x030C0000
    if (thread && thread->thread_id != THREAD_IDENTITY)
        return NULL;
#endif
    return thread;
}

/* The calling thread's state whether or not it has the GIL, which `*gil` becomes; NULL for a thread that Python does not
 * know. Its own frames do not change while it is in C code, so it may read them without the GIL: no other thread runs them,
 * and each holds its code object. It may not count references, see tree.c.
 *
 * From 3.12 on a subinterpreter may have a GIL of its own, which does not exclude threads of the main one: it does not
 * count here. */
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
#else
    return thread->cframe ? thread->cframe->current_frame : NULL;
#endif
}

static inline Frame *frame_back(Frame *frame) { return frame->previous; }

/* Skips frames that have not run their first instruction, and the shims that 3.12 and later put between C and Python;
 * tracebacks do not show them either. */
static inline Frame *frame_complete(Frame *frame)
{
    while (frame && _PyFrame_IsIncomplete(frame))
        frame = frame->previous;
    return frame;
}

/* A frame that the interpreter inserts where C code calls Python code, from 3.12 on; its instruction is a constant. */
static inline bool frame_is_shim(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030E0000
    return frame->owner >= FRAME_OWNED_BY_INTERPRETER;
#elif PY_VERSION_HEX >= 0x030C0000
    return frame->owner == FRAME_OWNED_BY_CSTACK;
#else
    (void)frame;
    return false;
#endif
}

static inline PyCodeObject *frame_code(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030E0000
    return (PyCodeObject *)PyStackRef_AsPyObjectBorrow(frame->f_executable);
#elif PY_VERSION_HEX >= 0x030D0000
    return (PyCodeObject *)frame->f_executable;
#else
    return frame->f_code;
#endif
}

/* The instruction that runs. It is inside the code object, so its address identifies both: 1 ns a frame, where reading the
 * code object's own address takes 3. */
static inline const char *frame_instruction(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030D0000
    return (const char *)frame->instr_ptr;
#else
    return (const char *)frame->prev_instr;
#endif
}

/* Byte offset of the instruction that runs. */
static inline int32_t frame_offset(Frame *frame)
{
    return (int32_t)(frame_instruction(frame) - (const char *)_PyCode_CODE(frame_code(frame)));
}

/* The generator or coroutine that owns a frame; only for a frame that a generator owns. */
static inline PyObject *frame_generator(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030E0000
    return (PyObject *)_PyGen_GetGeneratorFromFrame(frame);
#else
    return (PyObject *)_PyFrame_GetGenerator(frame);
#endif
}

static inline PyObject *frame_globals(Frame *frame) { return frame->f_globals; }

/* The mapping of a module's or class body's names; NULL in a function. */
static inline PyObject *frame_mapping(Frame *frame) { return frame->f_locals; }

/* Number of local variables, cells included; `inner` is the frame that this one called, or NULL.
 *
 * CPython 3.11 drops a returning frame's references while the frame is still linked, and leaves the pointers behind. A
 * frame that runs keeps -1 in `stacktop`, and one that called Python code without C in between has no entry frame above
 * it: any other frame with a stack is returning, and its locals must not be read. 3.12 and later unlink first. */
static inline Py_ssize_t frame_local_count(Frame *frame, Frame *inner)
{
#if PY_VERSION_HEX < 0x030C0000
    if (frame->stacktop >= 0 && (inner == NULL || inner->is_entry))
        return 0;
#endif
    (void)inner;
    return frame_code(frame)->co_nlocalsplus;
}

/* Borrowed local variable `i`; NULL if it is unbound. From 3.14 on a slot has a tag: it may borrow from the caller's
 * variable, and a number without an object is tagged too. */
static inline PyObject *frame_local(Frame *frame, Py_ssize_t i)
{
#if PY_VERSION_HEX >= 0x030E0000
    _PyStackRef slot = frame->localsplus[i];
    return PyStackRef_IsNullOrInt(slot) ? NULL : PyStackRef_AsPyObjectBorrow(slot);
#else
    return frame->localsplus[i];
#endif
}

/* How many slots of a frame that no thread runs hold something: its variables, then its stack. None once it is cleared,
 * though 3.13 and later leave the pointers behind. */
static inline Py_ssize_t frame_slot_count(Frame *frame)
{
#if PY_VERSION_HEX >= 0x030E0000
    return frame->stackpointer ? frame->stackpointer - frame->localsplus : 0;
#else
    return frame->stacktop < 0 ? 0 : frame->stacktop;
#endif
}

/* Whether a slot refers to its object without being counted: from 3.14 on it may borrow from a variable. */
static inline bool frame_slot_borrows(Frame *frame, Py_ssize_t i)
{
#if PY_VERSION_HEX >= 0x030E0000
    return !PyStackRef_IsHeapSafe(frame->localsplus[i]);
#else
    (void)frame, (void)i;
    return false;
#endif
}

/* The frame of a generator, coroutine or asynchronous generator, which all have one layout. */
static inline Frame *generator_frame(PyObject *generator)
{
    return (Frame *)&((PyGenObject *)generator)->gi_iframe;
}

/* Whether a generator is on some thread's stack. */
static inline bool generator_runs(PyObject *generator)
{
    return ((PyGenObject *)generator)->gi_frame_state == FRAME_EXECUTING;
}

/* Whether a generator has ended: its frame is not valid any more. */
static inline bool generator_is_finished(PyObject *generator)
{
    return ((PyGenObject *)generator)->gi_frame_state == FRAME_CLEARED;
}

/* Borrowed name of local variable `i`. */
static inline PyObject *code_local_name(PyCodeObject *code, Py_ssize_t i)
{
    return PyTuple_GET_ITEM(code->co_localsplusnames, i);
}

/* Whether local variable `i` is in a cell that closures share. Before the cell is created, an argument is in the slot. */
static inline bool code_local_is_shared(PyCodeObject *code, Py_ssize_t i)
{
    enum { CELL = 0x40, FREE = 0x80 }; /* CO_FAST_CELL, CO_FAST_FREE of 3.11 to 3.15 */
    return PyBytes_AS_STRING(code->co_localspluskinds)[i] & (CELL | FREE);
}

typedef struct {
    int lineno, end_lineno, col, end_col; /* -1 where Python does not know */
} Location;

/* Reads only what never changes in a code object, and a table of lines that `sys.settrace` creates: needs no GIL while a frame
 * holds the code object, but a reader without the GIL may see a wrong line once. */
static inline Location code_location(PyCodeObject *code, int32_t offset)
{
    Location at = {-1, -1, -1, -1};
    PyCode_Addr2Location(code, offset, &at.lineno, &at.col, &at.end_lineno, &at.end_col);
    return at;
}

#ifdef NDMEM_OPCODES /* defined by the one file that needs CPython's tables of opcodes */
#define Py_BUILD_CORE 1
#if PY_VERSION_HEX >= 0x030E0000
#include <internal/pycore_instruments.h>
#endif
#if PY_VERSION_HEX >= 0x030D0000
#define NEED_OPCODE_METADATA
#include <internal/pycore_opcode_metadata.h>
#else
#define NEED_OPCODE_TABLES
#include <internal/pycore_opcode.h>
#endif
#undef Py_BUILD_CORE

/* The instruction as the compiler wrote it: neither specialised nor instrumented. PyCode_GetCode says the same, but
 * allocates a copy of the whole code, and we may be inside Python's allocator, which asked mmap for an arena. */
static inline int code_opcode(PyCodeObject *code, int32_t offset)
{
    int index = offset / (int)sizeof(_Py_CODEUNIT);
    if (offset < 0 || index >= Py_SIZE(code))
        return -1;
#if PY_VERSION_HEX >= 0x030C0000
    int opcode = _PyCode_CODE(code)[index].op.code;
    const _PyCoMonitoringData *monitoring = code->_co_monitoring;
    if (opcode == INSTRUMENTED_LINE && monitoring && monitoring->lines) {
#if PY_VERSION_HEX >= 0x030E0000
        opcode = monitoring->lines->data[index * monitoring->lines->bytes_per_entry];
#else
        opcode = monitoring->lines[index].original_opcode;
#endif
    }
    if (opcode == INSTRUMENTED_INSTRUCTION && monitoring && monitoring->per_instruction_opcodes)
        opcode = monitoring->per_instruction_opcodes[index];
#else
    int opcode = _Py_OPCODE(_PyCode_CODE(code)[index]);
#endif
    return _PyOpcode_Deopt[opcode];
}

/* Whether the instruction binds or deletes a name or attribute, which then held what dies there. Items do not count, for
 * `out[:] = a + b` frees a temporary. Needs no GIL while a frame holds the code object. */
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
