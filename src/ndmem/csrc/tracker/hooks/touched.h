/* Count the bytes of an address range that are in RAM. */
#ifndef NDMEM_TOUCHED_H
#define NDMEM_TOUCHED_H

#include <stdint.h>

/* Bytes of the pages that are in RAM; pages that were read and never written count too. -1 where the system does not tell,
 * or where counting takes too long: above TOUCHED_MAX. About 0.2 ms for a GiB. Calls the system only. Inside the lock. */
int64_t touched_nbytes(const char *start, const char *end);

/* 50 ms. Nothing that a program can fill is larger on the machines that we know; what is, is address space alone. */
#define TOUCHED_MAX (INT64_C(256) << 30)

#endif
