/* Arrays that no variable holds: operands and arguments, which the interpreter's stacks refer to, and arrays that C code
 * is creating, using or freeing, which the C stack of the calling thread refers to.
 *
 * Neither stack tells which of its words are in use, so each is only a number that may be the address of an array object.
 * The object is copied by checked_read.h and never used itself, and it is believed only if its data begins a live buffer,
 * and its shape and dtype give the bytes of that. Guarded by the GIL; allocates nothing, runs no Python code, never raises. */
#ifndef NDMEM_STACK_ARRAYS_H
#define NDMEM_STACK_ARRAYS_H

#include "common/compat.h"
#include "tracker/holders/holders_journal.h"

/* Begins to collect words. */
void stack_arrays_begin(void);

/* Adds those of a frame's stack. */
void stack_arrays_add_frame(Frame *frame);

/* Adds those that the C code has on its stack which the calling thread's Python code has called. */
void stack_arrays_add_own(PyThreadState *thread);

/* Writes shape and dtype of the arrays that the words refer to. */
void stack_arrays_note(Search *search);

#endif
