/* The live buffers, by their data pointers.
 *
 * Guarded by the tracker lock (lock.h). */
#ifndef NDMEM_LEDGER_H
#define NDMEM_LEDGER_H

#include "tracker/ledger/large.h"
#include "tracker/call_tree/stack.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t nbytes;
    NodeId stack;        /* where it was born */
    uint16_t generation; /* at its birth; recordings of a later generation do not count it */
    uint8_t domain;      /* what is not an array is always large */
    Large *large;        /* NULL for a small buffer; valid until the next call here */
} Buffer;

/* Allocate with malloc only, never raise. */
bool ledger_open(size_t threshold);
void ledger_close(void);

/* Buffers from this size on are large from now on. */
void ledger_set_threshold_locked(size_t threshold);

/* Maximum size of a small buffer: it is stored beside the stack, in 31 bits. */
enum { LEDGER_MAX_THRESHOLD = 1 << 30 };

typedef enum {
    ADDED,
    KNOWN,    /* a buffer is still known there: it was freed without a call of the hook */
    NO_MEMORY /* the buffer stays unknown, as if born before tracking */
} Added;

/* Fills in `large`. */
Added ledger_add_locked(void *pointer, Buffer *buffer);

/* The same for a small and for a large array, without allocating; false or NULL, with nothing changed, if there is no free
 * entry or a buffer is known at the address. */
bool ledger_add_small_locked(void *pointer, size_t nbytes, NodeId stack, uint16_t generation);
Large *ledger_add_large_locked(void *pointer, size_t nbytes, NodeId stack, uint16_t generation);

/* False if the pointer is unknown, or of another domain: a buffer of NumPy's handler must be freed through it. */
bool ledger_remove_locked(void *pointer, uint8_t domain, Buffer *buffer);

/* An entry of the ledger: valid until the next call here. */
typedef struct {
    struct Entry *at;
    uint32_t value; /* see ledger.c; bytes of a small array */
    NodeId stack;
    uint16_t generation;
} Found;

typedef enum { SMALL_ARRAY, LARGE_ARRAY, NO_ARRAY } FoundKind;

bool ledger_look_up_locked(const void *pointer, Found *found);
FoundKind ledger_kind(Found found);
Large *ledger_large_found_locked(Found found); /* of a large buffer */
void ledger_release_found_locked(Found found); /* frees that */
void ledger_remove_found_locked(struct Entry *at);

/* False if the pointer is unknown. */
bool ledger_find_locked(const void *pointer, Buffer *buffer);

/* Iterates over the live buffers: the next from `*at` on, which begins at 0. False after the last. No other function of
 * the ledger may be called meanwhile. */
bool ledger_next_locked(size_t *at, uint64_t *address, Buffer *buffer);

/* Replaces each generation g by `rank[g]`. */
void ledger_renumber_locked(const uint16_t *rank);

/* Live buffers. */
size_t ledger_count(void);

#endif
