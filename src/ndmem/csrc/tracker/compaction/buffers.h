/* The buffers that a compaction must keep, by their numbers.
 *
 * They are in lots of 1,024 births, each of which shrinks as its buffers are removed. A single array would have to be packed
 * or sorted now and then, which takes a tenth of a second for millions of buffers: too long a pause for the program.
 *
 * Allocates by malloc only, runs no Python code, never raises. */
#ifndef NDMEM_COMPACTION_BUFFERS_H
#define NDMEM_COMPACTION_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sightings of a buffer that a report can ask for, as the number of events until then; -1 for none. A report of a peak
 * takes the latest sighting up to it, or the first of all if there was none by then; a report of the end takes the last. */
typedef struct {
    int64_t first, last, until_peak[2];
} Sightings;

typedef struct {
    int64_t number;
    uint64_t nbytes : 62, is_alive : 1, is_kept : 1;
} BufferEntry;

typedef struct {
    int64_t first;         /* number of its first birth */
    BufferEntry *items;     /* in order of birth, and so of their numbers; NULL if there are none */
    Sightings *sightings;  /* of each; NULL before the first */
    uint32_t count, needed; /* `needed`: alive or kept */
} Lot;

typedef struct {
    Lot *lots;
    size_t count, capacity;
} Buffers;

/* Adds a buffer that is alive, whose number is higher than all before. False without memory. */
bool buffers_add(Buffers *all, int64_t number, int64_t nbytes);

/* Notes a death, and removes the buffer unless it is to be kept. Returns its bytes, 0 if it was not alive. */
int64_t buffers_die(Buffers *all, int64_t number, bool keep);

/* Whether a buffer is alive or kept. */
bool buffers_have(const Buffers *all, int64_t number);

/* The sightings of a buffer, all -1 at first. NULL if the buffer was removed, or without memory, which sets `failed`. No
 * buffer may die after the first call: its position in the lot is that of its sightings. */
Sightings *buffers_sightings(Buffers *all, int64_t number, bool *failed);

/* Frees at most `most` lots; true if none is left. */
bool buffers_free(Buffers *all, size_t most);

#endif
