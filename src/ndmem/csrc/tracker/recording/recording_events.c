#include "common/clock.h"
#include "tracker/lock.h"
#include "tracker/recording/records.h"

#define MILLISECOND 1000000

/* Time is a record of its own, written when the clock has moved: 8 bytes an event less. */
static EventRecord clock_event(Recording *recording, int64_t now, uint16_t thread)
{
    recording->ticked = now;
    /* The coarse clock lags behind the exact one by up to a tick, so it may seem to run before the start. */
    int64_t since = now > recording->started ? now - recording->started : 0;
    JournalHeader *header = recording->journal.header;
    header->duration_ns = since;
    recording_note_merged_locked(recording);
    return (EventRecord){.thread = thread, .kind = CLOCK, .payload = since, .live = header->live};
}

static inline void tick_locked(Recording *recording, uint16_t thread)
{
    ASSERT_LOCKED();
    int64_t now = clock_coarse();
    if (__builtin_expect(now - recording->ticked >= MILLISECOND, 0))
        journal_event(&recording->journal, clock_event(recording, now, thread));
}

/* A peak's composition in O(1): each node remembers its live bytes at the last peak it saw, and catches up
 * when its own next change comes. The same for the peak of arrays and for that of arrays and native blocks. */
static inline void settle(const JournalHeader *header, NodeRecord *node)
{
    if (node->peak_serial != header->peak_serial) {
        node->at_peak = node->live;
        node->peak_serial = header->peak_serial;
    }
    if (node->total_serial != header->total_serial) {
        node->at_total = node->live;
        node->total_serial = header->total_serial;
    }
}

/* The highest live bytes while the node's line ran. */
static inline void raise_maxima(NodeRecord *node, int64_t live, int64_t native)
{
    if (live > node->max_live)
        node->max_live = live;
    if (native > node->max_native)
        node->max_native = native;
}

/* True at a new peak. */
static inline bool raise_array_peak(Recording *recording, const NodeRecord *node)
{
    JournalHeader *header = recording->journal.header;
    if (header->live <= recording->window_peak)
        return false; /* the window's peak is never above the peak */
    recording->window_peak = header->live;
    if (header->live <= header->peak)
        return false;
    header->peak = header->live;
    header->peak_serial++;
    header->peak_node = node->id;
    header->peak_events = header->events;
    if (recording_counts_only(recording))
        return true; /* names of arrays are details */
    recording->searches[AT_BIRTH] = 1;
    recording->searches[AT_NEXT_BIRTH] = 1;
    recording->searches[AT_DEATH] = 3; /* three, for at the first death the new buffer mostly has no name yet */
    return true;
}

/* Never where native memory is not watched: the total is unknown there. */
static inline void raise_total_peak(Recording *recording, const NodeRecord *node)
{
    JournalHeader *header = recording->journal.header;
    if (header->live + header->native_live <= recording->total_bound)
        return;
    header->total_peak = recording->total_bound = header->live + header->native_live;
    header->total_serial++;
    header->total_node = node->id;
    header->total_events = header->events;
}

static inline void add_to_node(const JournalHeader *header, NodeRecord *node, int64_t nbytes)
{
    settle(header, node);
    node->live += nbytes;
    node->total += nbytes;
    node->count++;
}

static inline void add_to_live(Recording *recording, uint8_t domain, int64_t nbytes)
{
    JournalHeader *header = recording->journal.header;
    *(domain == ARRAY ? &header->live : domain == NATIVE ? &header->native_live : &recording->mapped_live) += nbytes;
}

void recording_count_birth_locked(Recording *recording, NodeRecord *node, size_t nbytes)
{
    ASSERT_LOCKED();
    JournalHeader *header = recording->journal.header;
    add_to_node(header, node, (int64_t)nbytes);
    header->live += (int64_t)nbytes;
    recording->live_count++;
    raise_maxima(node, header->live, header->native_live);
}

bool recording_raise_peaks_locked(Recording *recording, const NodeRecord *node)
{
    ASSERT_LOCKED();
    bool is_peak = raise_array_peak(recording, node);
    raise_total_peak(recording, node);
    return is_peak;
}

void recording_count_death_locked(Recording *recording, NodeRecord *node, size_t nbytes)
{
    ASSERT_LOCKED();
    JournalHeader *header = recording->journal.header;
    settle(header, node);
    node->live -= (int64_t)nbytes;
    header->live -= (int64_t)nbytes;
    recording->live_count--;
}

static inline EventRecord birth_event(const Recording *recording, const NodeRecord *node, int64_t nbytes, Domain domain,
                                      uint16_t thread)
{
    return (EventRecord){.node = node->id, .thread = thread, .domain = (uint8_t)domain, .kind = BORN,
                         .payload = nbytes, .live = recording->journal.header->live};
}

static inline EventRecord death_event(const Recording *recording, const NodeRecord *place, uint64_t number,
                                      Domain domain, uint16_t thread)
{
    return (EventRecord){.node = place->id, .thread = thread, .domain = (uint8_t)domain, .kind = DIED,
                         .payload = (int64_t)number,
                         .live = recording->journal.header->live};
}

void recording_number_birth_locked(Recording *recording)
{
    ASSERT_LOCKED();
    recording->journal.header->events++;
    recording->journal.header->births++;
}

void recording_put_birth_locked(Recording *recording, const NodeRecord *node, size_t nbytes, uint16_t thread)
{
    ASSERT_LOCKED();
    *journal_next_event(&recording->journal) = birth_event(recording, node, (int64_t)nbytes, ARRAY, thread);
}

void recording_put_death_locked(Recording *recording, NodeRecord *place, size_t nbytes, uint64_t number, uint16_t thread)
{
    ASSERT_LOCKED();
    JournalHeader *header = recording->journal.header;
    header->events++;
    raise_maxima(place, header->live + (int64_t)nbytes, header->native_live);
    *journal_next_event(&recording->journal) = death_event(recording, place, number, ARRAY, thread);
}

/* The event that was put last comes after the time. */
__attribute__((noinline)) static bool commit_with_clock_locked(Recording *recording, int64_t now)
{
    ASSERT_LOCKED();
    EventRecord *put = journal_next_event(&recording->journal);
    put[1] = put[0];
    put[0] = clock_event(recording, now, put[1].thread);
    journal_commit_events(&recording->journal, 2);
    return true;
}

int64_t recording_clock(void) { return clock_coarse(); }

bool recording_commit_locked(Recording *recording, int64_t now)
{
    ASSERT_LOCKED();
    if (__builtin_expect(now - recording->ticked >= MILLISECOND, 0))
        return commit_with_clock_locked(recording, now);
    journal_commit_events(&recording->journal, 1);
    return false;
}

/* Inlined into both callers: by itself the compiler inlines neither, which takes 15 instructions. */
static inline __attribute__((always_inline)) void add_birth_locked(Recording *recording, const Buffer *buffer, uint16_t thread)
{
    ASSERT_LOCKED();
    JournalHeader *header = recording->journal.header;
    NodeRecord *node = records_of_locked(recording, buffer->stack);
    int64_t nbytes = (int64_t)buffer->nbytes;
    add_to_node(header, node, nbytes);
    add_to_live(recording, buffer->domain, nbytes);
    recording->live_count += buffer->domain == ARRAY;
    raise_maxima(node, header->live, header->native_live);
    if (buffer->large && !recording_counts_only(recording)) {
        tick_locked(recording, thread);
        journal_event(&recording->journal, birth_event(recording, node, nbytes, (Domain)buffer->domain, thread));
        header->births++;
        compact_if_due_locked(&recording->journal, &recording->compactions);
    }
    if (buffer->domain == ARRAY)
        (void)raise_array_peak(recording, node);
    else if (header->native_live > header->native_peak)
        header->native_peak = header->native_live;
    raise_total_peak(recording, node);
}

void recording_birth_locked(Recording *recording, const Buffer *buffer, uint16_t thread)
{
    ASSERT_LOCKED();
    add_birth_locked(recording, buffer, thread);
}

__attribute__((noinline)) void recording_growth_locked(Recording *recording, const Buffer *buffer)
{
    ASSERT_LOCKED();
    add_birth_locked(recording, buffer, NO_THREAD);
}

void recording_death_locked(Recording *recording, const Buffer *buffer, NodeId stack, uint16_t thread)
{
    ASSERT_LOCKED();
    JournalHeader *header = recording->journal.header;
    NodeRecord *node = records_of_locked(recording, buffer->stack);
    settle(header, node);
    node->live -= (int64_t)buffer->nbytes;
    int64_t live = header->live, native = header->native_live;
    add_to_live(recording, buffer->domain, -(int64_t)buffer->nbytes);
    recording->live_count -= buffer->domain == ARRAY;
    if (buffer->large && !recording_counts_only(recording)) {
        NodeRecord *place = records_of_locked(recording, stack);
        raise_maxima(place, live, native); /* it was still alive while the line ran that frees it */
        tick_locked(recording, thread);
        uint64_t number = recording_number(recording, buffer->large);
        journal_event(&recording->journal, death_event(recording, place, number, (Domain)buffer->domain, thread));
        compact_if_due_locked(&recording->journal, &recording->compactions);
    }
}
