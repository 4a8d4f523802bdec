/* What each system answers in its own way: os_posix.c what POSIX nearly has, os_linux.c or os_macos.c the rest. meson.build
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
 * or where `room` bytes are too few. Not closed by a zero. */
ptrdiff_t os_file_path(int file, char *path, size_t room);

/* Copies what can be read at `from` into `room` and returns how many bytes that was: the copy ends at the first address
 * that cannot be read. OS_REFUSED where the system has no such copy, or forbids it for good. Leaves `errno` as it was. */
#define OS_REFUSED SIZE_MAX
size_t os_copy_checked(const struct iovec *from, size_t count, void *room, size_t nbytes);

/* Has the whole pages of a mapped range never become huge ones. Nothing where the system has none. */
void os_refuse_huge_pages(void *from, size_t nbytes);

#endif
