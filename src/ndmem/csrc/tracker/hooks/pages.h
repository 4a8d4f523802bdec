/* Mappings of which only the touched pages count.
 *
 * A page comes into use without a call. So the tracker counts the pages in use: now and then, before a library gives pages
 * back, before a limit refuses, and at the end. Between two counts pages only come into use, unless they are given back, so
 * the peak of a single mapping is never missed; the peak of all memory may be noticed late. The pages that came into use
 * since the last count are a native block, born at the stack that made the mapping.
 *
 * All functions are called inside the lock, with or without the GIL; they allocate by malloc only and never raise. */
#ifndef NDMEM_PAGES_H
#define NDMEM_PAGES_H

#include "tracker/hooks/mappings.h"

#include <Python.h>

/* The share of the program's time that counts may take: 0.5 %, 5 %, or all that is needed. */
typedef enum { IF_DUE, BEFORE_LOSS, NOW } Urgency;

/* When the next count is due, in nanoseconds of the monotonic clock; INT64_MAX while no mapping counts by pages. */
extern int64_t pages_due;

/* Counts the pages of all mappings. False if that was not due or not affordable. */
bool pages_count_locked(PyThreadState *thread, Urgency urgency);

/* The same for one mapping. */
void pages_count_mapping_locked(PyThreadState *thread, Mapping *mapping, Urgency urgency);

/* A mapping by pages was added, or has become smaller: a count is due. */
void pages_expect(void);

/* The key in the ledger of pages that came into use. */
const void *pages_key(const Grown *grown);

/* The counted bytes of a mapping that was unmapped die. */
void pages_drop_locked(PyThreadState *thread, Mapping *mapping);

/* Forgets everything without a death. */
void pages_clear(void);

#endif
