/* Mappings that libraries made themselves; a program may unmap a part of one, or several at once.
 *
 * Guarded by the tracker lock (lock.h). Allocates by malloc only. */
#ifndef NDMEM_MAPPINGS_H
#define NDMEM_MAPPINGS_H

#include "tracker/preload/interface.h"
#include "tracker/call_tree/stack.h"

#include <stdint.h>

/* Pages of a mapping that came into use between two counts. */
typedef struct {
    uint64_t number;
    int64_t nbytes;
} Grown;

typedef struct {
    char *start, *end;
    Counting counting;
    NodeId stack;     /* of one by pages: the stack that mapped it */
    uint16_t library; /* as mappings_library knows it */
    Grown *grown;     /* of one by pages: the blocks that count, see pages.h */
    uint32_t grown_count, grown_capacity;
    int64_t counted; /* the sum of it */
} Mapping;

/* The mapping with the lowest address that ends after `at`, NULL if there is none. Valid until the next insertion or
 * removal. */
Mapping *mappings_find_locked(const char *at);

/* The first one by pages from `*at` on, which begins at 0; NULL after the last. */
Mapping *mappings_next_by_pages_locked(size_t *at);

/* NULL without memory. The mapping overlaps no other. */
Mapping *mappings_insert_locked(const Mapping *mapping);

/* Removes a mapping; the caller frees its `grown`. */
Mapping mappings_remove_locked(Mapping *mapping);

void mappings_clear(void);

/* A number for the name of a library, and the name of a number. Without memory it is that of "". */
uint16_t mappings_number(const char *library);
const char *mappings_library(uint16_t number);

/* Whether a range may have a part of a mapping in it; also outside the lock, where false is certain for mappings of which
 * the calling thread knows. */
bool mappings_may_touch(const char *start, const char *end);

#endif
