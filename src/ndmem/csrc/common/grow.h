/* Arrays that grow by doubling. */
#ifndef NDMEM_GROW_H
#define NDMEM_GROW_H

#include <stdlib.h>

/* The array with space for one more item of `size` bytes, perhaps moved. NULL without memory: the array is then unchanged.
 * Allocates by malloc only, so it may be called inside the tracker lock. */
static inline void *grow_array(void *items, size_t count, size_t *capacity, size_t size)
{
    enum { FIRST_CAPACITY = 64 };
    if (count < *capacity)
        return items;
    size_t wanted = *capacity ? 2 * *capacity : FIRST_CAPACITY;
    void *grown = realloc(items, wanted * size);
    if (grown)
        *capacity = wanted;
    return grown;
}

#endif
