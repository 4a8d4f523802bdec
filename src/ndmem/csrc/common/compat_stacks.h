/* Every difference between CPython versions in where their stacks have values; compat.h has the frames.
 *
 * All functions here need the GIL, allocate nothing and never raise. */
#ifndef NDMEM_COMPAT_STACKS_H
#define NDMEM_COMPAT_STACKS_H

#include "common/compat.h"

/* A place in the C frame of the innermost interpreter loop: below it are the frames of C code that this loop has called. 0 if
 * there is none. */
static inline uintptr_t thread_loop_place(PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030D0000
    Frame *frame = thread->current_frame;
    while (frame && !frame_is_shim(frame)) /* the loop's own frame is one of its variables */
        frame = frame->previous;
    return (uintptr_t)frame;
#else
    return (uintptr_t)thread->cframe; /* one too, but for that of a thread that runs no Python code */
#endif
}

/* How many values a frame's stack has room for. Which of them are in use is not known while the frame runs. */
static inline Py_ssize_t frame_stack_size(Frame *frame) { return frame_code(frame)->co_stacksize; }

/* The number in place `i` of a frame's stack: the address of an object that may be gone, or anything else. */
static inline uintptr_t frame_stack_word(Frame *frame, Py_ssize_t i)
{
    i += frame_code(frame)->co_nlocalsplus;
#if PY_VERSION_HEX >= 0x030E0000
    return frame->localsplus[i].bits & ~(uintptr_t)Py_TAG_BITS;
#else
    return (uintptr_t)frame->localsplus[i];
#endif
}

#endif
