/* What each system answers in its own way: os_linux.c, and os_posix.c for macOS and the other systems of POSIX. meson.build
 * chooses the file.
 *
 * No function needs the GIL, allocates, takes a lock or raises. */
#ifndef NDMEM_OS_H
#define NDMEM_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Makes each running thread of the process pass a barrier. False where the system cannot, or forbids it: then each thread
 * has to pass its own. */
bool os_fence_threads(void);

/* To be called once before os_fence_threads. */
void os_prepare_fences(void);

/* Bytes of this process in RAM; -1 where the system does not tell. */
int64_t os_resident_nbytes(void);

/* The highest that this was; -1 where the system does not tell. */
int64_t os_highest_resident_nbytes(void);

/* Writes the path of an open file, which may have been renamed, and returns its length; -1 with `errno` where it has none,
 * where `room` bytes are too few, or where the system does not tell. Not closed by a zero. */
ptrdiff_t os_file_path(int file, char *path, size_t room);

/* Copies what can be read at `from` into `room` and returns how many bytes that was: the copy ends at the first address
 * that cannot be read. OS_REFUSED where the system has no such copy, or forbids it for good. Leaves `errno` as it was. */
#define OS_REFUSED SIZE_MAX
size_t os_copy_checked(const struct iovec *from, size_t count, void *room, size_t nbytes);

#endif
