/* The live buffers: from a data pointer to what is known of the buffer there.
 *
 * Guarded by the GIL and, where native memory is watched, by the lock of the books. */
#ifndef NDMEM_LEDGER_H
#define NDMEM_LEDGER_H

#include "stack.h"

#include <stdbool.h>
#include <stddef.h>

/* What only large buffers need; small ones must stay at 16 bytes each. */
typedef struct {
    int64_t nbytes;
    uint64_t serial; /* number of the large buffer, from 0 in order of birth */
    /* Who was seen to hold it, see holders.c: in which look, how sure, and what was last written of it. */
    uint32_t look, written;
    uint8_t sighting;
    uint8_t domain;
} Large;

typedef struct {
    size_t nbytes;
    NodeId stack;        /* where it was born */
    uint16_t generation; /* which recordings were running then: those not younger */
    uint8_t domain;      /* a native block is always large */
    Large *large;        /* NULL for a small buffer; valid until the next call here */
} Buffer;

/* Allocate with malloc only, never raise. */
bool ledger_open(size_t threshold);
void ledger_close(void);

/* The most that a buffer may have and still count as small: its size must fit beside its stack. */
enum { LEDGER_MAX_THRESHOLD = 1 << 30 };

typedef enum {
    ADDED,
    KNOWN,    /* a buffer is still there: somebody freed it behind NumPy's back */
    NO_MEMORY /* the buffer stays unknown, as if born before tracking */
} Added;

/* Fills in `large`. */
Added ledger_add(void *pointer, Buffer *buffer);

/* False if the pointer is unknown, or of another domain: what NumPy's handler took is not given back behind its back. */
bool ledger_remove(void *pointer, uint8_t domain, Buffer *buffer);

/* False if the pointer is unknown. */
bool ledger_find(const void *pointer, Buffer *buffer);

/* Goes through the live buffers: the next from `*at` on, which begins at 0. False after the last. Nothing else may be
 * called here meanwhile. */
bool ledger_next(size_t *at, uint64_t *address, Buffer *buffer);

/* Gives `generation` back to the range below: `rank[g]` replaces generation g everywhere. */
void ledger_renumber(const uint16_t *rank);

/* A Large by its index, which stays while the buffer lives. */
uint32_t ledger_index(const Large *large);
Large *ledger_large(uint32_t index);

/* Gives a removed buffer's Large back; to be called when nobody needs it any more. */
void ledger_release(Large *large);

/* Live buffers. */
size_t ledger_count(void);

#endif
