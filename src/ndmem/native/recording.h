/* A recording: one view of the running tracker, with its own start, counters and journal.
 *
 * Recordings may overlap. Each counts only the buffers born while it ran, which it knows by generation: a
 * buffer carries the generation of its birth, a recording that of its start.
 *
 * All functions are called inside the books (lock.h), recording_birth and recording_death also without the GIL, the
 * others with it. They allocate by malloc and mmap only, for Python's own allocator may be who called us, and never raise. */
#ifndef NDMEM_RECORDING_H
#define NDMEM_RECORDING_H

#include "journal.h"
#include "ledger.h"

typedef struct {
    Journal journal;
    NodeRecord **records; /* by NodeId; NULL where the recording was never */
    uint32_t record_capacity, record_count;
    uint16_t generation;
    uint64_t first_serial; /* of the large buffers that it may see */
    int64_t window_peak;   /* highest live bytes since the window was last taken */
    int64_t started, ticked; /* nanoseconds of the monotonic and of the coarse clock */
    int64_t sighted_peak[2]; /* the last peak whose holders were looked for, at its birth and at the next deaths */
    uint8_t looks[2];        /* how often to look for those of the latest peak */
    int64_t budget;          /* what it was last told of; -1 for none */
} Recording;

/* Takes an open, empty file or -1, and how many bytes of events to keep. False with errno set. */
bool recording_open(Recording *recording, int file, size_t threshold, uint64_t fold_at);
void recording_close(Recording *recording);

/* From now on it sees what happens. False without memory. */
bool recording_start(Recording *recording, uint16_t generation, uint64_t first_serial, size_t native_threshold);
void recording_stop(Recording *recording);

void recording_birth(Recording *recording, const Buffer *buffer, uint16_t thread);

/* Which library mapped the native block. */
void recording_origin(Recording *recording, const Buffer *buffer, const char *library);

/* `stack` and `thread` say where a large buffer was freed; for a small one they are not known. */
void recording_death(Recording *recording, const Buffer *buffer, NodeId stack, uint16_t thread);

/* Which budget for all arrays is in force from here on; -1 for none. */
void recording_budget(Recording *recording, int64_t budget);

static inline bool recording_saw(const Recording *recording, const Buffer *buffer)
{
    return buffer->generation >= recording->generation;
}

#endif
