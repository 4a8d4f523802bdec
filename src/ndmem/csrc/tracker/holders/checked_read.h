/* Reads memory that may not be there, at numbers that may be addresses.
 *
 * The kernel copies it, and tells what it could not copy; a load would end the program there. What is copied may be
 * anything: memory that was freed, or that another thread is writing.
 *
 * All functions need the GIL, allocate nothing and never raise; they leave `errno` as it was. Where a container refuses
 * the system call, and on systems other than Linux, nothing can be read. */
#ifndef NDMEM_CHECKED_READ_H
#define NDMEM_CHECKED_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a number may be an address of memory. */
bool checked_read_may(uintptr_t address);

/* Copies as much of `nbytes` as is there, and returns how much that is. */
size_t checked_read(uintptr_t address, size_t nbytes, void *room);

enum { CHECKED_READ_MOST = 64 };

/* Copies `nbytes` from each of at most CHECKED_READ_MOST addresses to `room`, one after the other. Bit i of the result
 * tells whether address i could be read. */
uint64_t checked_read_each(const uintptr_t *addresses, size_t count, size_t nbytes, void *room);

#endif
