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

enum { MAX_WORDS = 1024 };

/* Forgets what had no shape in recordings before. */
void stack_arrays_open(void);

/* Begins a search of at most `words` words: each of the functions below writes shape and dtype of the arrays that its words
 * refer to. At first only words are taken that are where arrays were found before: of some hundred they are one to four, and
 * mostly enough. */
void stack_arrays_begin(Search *search, uint32_t words);

/* From now on all words are taken. */
void stack_arrays_widen(void);

/* Whether arrays worth it have neither yet. The functions below do nothing if none have. */
bool stack_arrays_are_left(void);

/* The words that C code has on its stack which the calling thread's Python code has called, from `place` on. */
void stack_arrays_note_own(PyThreadState *thread, uintptr_t place);

/* Those of a frame's stack. They may wait for the next ones. */
void stack_arrays_note_frame(Frame *frame);

/* Those that wait. What has no shape after that is no longer looked for, while nothing else has none. */
void stack_arrays_end(void);

/* Writes shape and dtype of the array that is being created, if its address is where those of others were found before. That
 * takes 7 to 13 µs, where a search takes 20 to 300. */
void stack_arrays_note_newborn(Search *search, uintptr_t place);

/* The place of a function's frame on the C stack, with the registers in which its callers keep values. */
#define STACK_PLACE() (__builtin_unwind_init(), (uintptr_t)__builtin_frame_address(0) - STACK_REGISTERS_NBYTES)
enum { STACK_REGISTERS_NBYTES = 256 }; /* x86-64 saves 6 registers below that address, aarch64 20 around it */

#endif
