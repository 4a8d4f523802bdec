#define NDMEM_OPCODES
#include "compat.h"
#include "fold.h"
#include "recording.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MILLISECOND 1000000

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A quarter of the exact clock's cost; its tick of 1 to 4 ms is fine enough for a timeline. */
static inline int64_t coarse_now(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return read_clock(CLOCK_MONOTONIC_COARSE);
#else
    return read_clock(CLOCK_MONOTONIC);
#endif
}

/* Marks a code object whose names are in the journal; never read as a record. */
static NodeRecord written;

static bool reserve_records(Recording *recording, NodeId node)
{
    if (node < recording->record_capacity)
        return true;
    uint32_t capacity = 2 * node + 1024;
    NodeRecord **records = realloc(recording->records, capacity * sizeof *records);
    if (records == NULL)
        return false;
    memset(records + recording->record_capacity, 0, (capacity - recording->record_capacity) * sizeof *records);
    recording->records = records, recording->record_capacity = capacity;
    return true;
}

static void write_code(Recording *recording, NodeId id, PyCodeObject *code)
{
    uint32_t length = (uint32_t)text_utf8(code->co_filename, NULL);
    char *text = journal_text(&recording->journal, TEXT_CODE, id, sizeof length + length + text_utf8(code->co_name, NULL));
    if (text == NULL)
        return;
    memcpy(text, &length, sizeof length);
    text_utf8(code->co_filename, text + sizeof length);
    text_utf8(code->co_name, text + sizeof length + length);
    journal_text_done(&recording->journal);
}

/* The number of a code object, its names written at the first call. */
static NodeId record_code(Recording *recording, PyCodeObject *code)
{
    NodeId id = stack_code(code);
    if (id != ROOT && reserve_records(recording, id) && recording->records[id] == NULL) {
        write_code(recording, id, code);
        recording->records[id] = &written;
    }
    return id;
}

/* Without room the bytes are counted with the caller, or where native blocks are never without a record: the figures
 * of arrays stay those of arrays. */
static NodeRecord *fall_back(Recording *recording, NodeId id, NodeRecord *caller)
{
    return stack_node(id)->domain == NATIVE ? recording->records[NATIVE_ROOT] : caller;
}

/* The record of a node whose caller has one. */
static NodeRecord *add_record(Recording *recording, NodeId id, NodeRecord *caller)
{
    const Node *node = stack_node(id);
    NodeRecord record = {.id = recording->record_count,
                         .parent = caller->id,
                         .offset = node->offset,
                         .domain = node->domain,
                         .lineno = -1, .end_lineno = -1, .col = -1, .end_col = -1,
                         .max_live = -1, .max_native = -1};
    PyCodeObject *code = node->code;
    if (code) { /* else native memory that no Python frame asked for */
        Location at = code_location(code, node->offset);
        record.lineno = at.lineno, record.end_lineno = at.end_lineno, record.col = at.col, record.end_col = at.end_col;
        record.stores = code_stores(code, node->offset);
    }
    record.code = record_code(recording, code);
    NodeRecord *there = journal_node(&recording->journal, &record);
    recording->record_count += there != NULL;
    return there ? there : fall_back(recording, id, caller);
}

/* Kept out of the hot path: it runs once for a place. */
static NodeRecord *find_or_add_record(Recording *recording, NodeId id)
{
    if (!reserve_records(recording, id))
        return fall_back(recording, id, recording->records[ROOT]);
    while (recording->records[id] == NULL) {
        NodeId missing = id; /* the outermost frame without a record, for callers come first */
        while (recording->records[stack_node(missing)->parent] == NULL)
            missing = stack_node(missing)->parent;
        NodeRecord *record = add_record(recording, missing, recording->records[stack_node(missing)->parent]);
        recording->records[missing] = record; /* not in one statement: the array may have moved */
    }
    return recording->records[id];
}

static inline NodeRecord *record_of(Recording *recording, NodeId id)
{
    if (id < recording->record_capacity && recording->records[id])
        return recording->records[id];
    return find_or_add_record(recording, id);
}

bool recording_open(Recording *recording, int file, size_t threshold, uint64_t fold_at)
{
    memset(recording, 0, sizeof *recording);
    if (!journal_open(&recording->journal, file, threshold, fold_at))
        return false;
    recording->journal.header->started_ns = read_clock(CLOCK_REALTIME);
    return true;
}

void recording_close(Recording *recording)
{
    free(recording->records);
    journal_close(&recording->journal);
    memset(recording, 0, sizeof *recording);
    recording->journal.file = -1;
}

bool recording_start(Recording *recording, uint16_t generation, uint64_t first_serial, size_t native_threshold)
{
    recording->generation = generation;
    recording->first_serial = first_serial;
    recording->budget = -1;
    recording->started = read_clock(CLOCK_MONOTONIC);
    recording->ticked = coarse_now();
    JournalHeader *header = recording->journal.header;
    header->started_ns = read_clock(CLOCK_REALTIME);
    header->native_threshold = native_threshold;
    header->parent = (uint32_t)getppid();
    header->state = RUNNING;
    NodeRecord root = {.id = ROOT, .code = ROOT, .offset = -1, .lineno = -1, .end_lineno = -1, .col = -1, .end_col = -1,
                       .max_live = -1, .max_native = -1};
    if (!reserve_records(recording, NATIVE_ROOT))
        return false;
    recording->records[ROOT] = journal_node(&recording->journal, &root);
    recording->record_count = 1;
    if (native_threshold) {
        root.id = recording->record_count++, root.domain = NATIVE;
        recording->records[NATIVE_ROOT] = journal_node(&recording->journal, &root);
    }
    return true;
}

void recording_stop(Recording *recording)
{
    recording->journal.header->duration_ns = read_clock(CLOCK_MONOTONIC) - recording->started;
    recording->journal.header->merged = stack_is_full();
    recording->journal.header->state = STOPPED;
}

/* Time is a record of its own, written when the clock has moved: 8 bytes an event less. */
__attribute__((noinline)) static void write_clock(Recording *recording, int64_t now, uint16_t thread)
{
    recording->ticked = now;
    /* The coarse clock lags behind the exact one by up to a tick, so it may seem to run before the start. */
    int64_t since = now > recording->started ? now - recording->started : 0;
    JournalHeader *header = recording->journal.header;
    header->duration_ns = since;
    journal_event(&recording->journal, (EventRecord){.thread = thread, .kind = CLOCK, .payload = since, .live = header->live});
}

static inline void tick(Recording *recording, uint16_t thread)
{
    int64_t now = coarse_now();
    if (now - recording->ticked >= MILLISECOND)
        write_clock(recording, now, thread);
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

/* So much was live while the node's line ran. */
static inline void see(NodeRecord *node, int64_t live, int64_t native)
{
    if (live > node->max_live)
        node->max_live = live;
    if (native > node->max_native)
        node->max_native = native;
}

static inline void raise_array_peak(Recording *recording, const NodeRecord *node)
{
    JournalHeader *header = recording->journal.header;
    if (header->live > recording->window_peak)
        recording->window_peak = header->live;
    if (header->live <= header->peak)
        return;
    header->peak = header->live;
    header->peak_serial++;
    header->peak_node = node->id;
    header->peak_events = header->events;
    recording->looks[0] = 1;
    recording->looks[1] = 3; /* at the first death the newborn is mostly still on its way to its name */
}

/* Only where native memory is watched: elsewhere the total is not known. */
static inline void raise_total_peak(JournalHeader *header, const NodeRecord *node)
{
    if (header->native_threshold == 0 || header->live + header->native_live <= header->total_peak)
        return;
    header->total_peak = header->live + header->native_live;
    header->total_serial++;
    header->total_node = node->id;
    header->total_events = header->events;
}

/* Kept out of the path of small buffers, which it made a third longer by the registers that it needs. */
__attribute__((noinline)) static void write_birth(Recording *recording, const Buffer *buffer, const NodeRecord *node,
                                                  uint16_t thread)
{
    JournalHeader *header = recording->journal.header;
    tick(recording, thread);
    journal_event(&recording->journal, (EventRecord){.node = node->id,
                                                     .thread = thread,
                                                     .domain = buffer->domain,
                                                     .kind = BORN,
                                                     .payload = (int64_t)buffer->nbytes,
                                                     .live = header->live});
    header->births++;
    if (journal_is_due(&recording->journal))
        fold_events(&recording->journal);
}

void recording_birth(Recording *recording, const Buffer *buffer, uint16_t thread)
{
    JournalHeader *header = recording->journal.header;
    NodeRecord *node = record_of(recording, buffer->stack);
    int64_t nbytes = (int64_t)buffer->nbytes;
    settle(header, node);
    node->live += nbytes;
    node->total += nbytes;
    node->count++;
    *(buffer->domain == NATIVE ? &header->native_live : &header->live) += nbytes;
    see(node, header->live, header->native_live);
    if (buffer->large)
        write_birth(recording, buffer, node, thread);
    if (buffer->domain == ARRAY)
        raise_array_peak(recording, node);
    else if (header->native_live > header->native_peak)
        header->native_peak = header->native_live;
    raise_total_peak(header, node);
}

void recording_origin(Recording *recording, const Buffer *buffer, const char *library)
{
    int64_t number = (int64_t)(buffer->large->serial - recording->first_serial);
    char *text = journal_text(&recording->journal, TEXT_ORIGIN, 0, sizeof number + strlen(library));
    if (text == NULL)
        return;
    memcpy(text, &number, sizeof number);
    memcpy(text + sizeof number, library, strlen(library));
    journal_text_done(&recording->journal);
}

void recording_budget(Recording *recording, int64_t budget)
{
    if (budget == recording->budget)
        return;
    recording->budget = budget;
    int64_t *text = journal_text(&recording->journal, TEXT_BUDGET, 0, 2 * sizeof *text);
    if (text == NULL)
        return;
    text[0] = (int64_t)recording->journal.header->events;
    text[1] = budget;
    journal_text_done(&recording->journal);
}

__attribute__((noinline)) static void write_death(Recording *recording, const Buffer *buffer, NodeRecord *place,
                                                  uint16_t thread, int64_t live, int64_t native)
{
    see(place, live, native); /* while the line that frees it ran, it was still there */
    tick(recording, thread);
    journal_event(&recording->journal, (EventRecord){.node = place->id,
                                                     .thread = thread,
                                                     .domain = buffer->domain,
                                                     .kind = DIED,
                                                     .payload = (int64_t)(buffer->large->serial - recording->first_serial),
                                                     .live = recording->journal.header->live});
    if (journal_is_due(&recording->journal))
        fold_events(&recording->journal);
}

void recording_death(Recording *recording, const Buffer *buffer, NodeId stack, uint16_t thread)
{
    JournalHeader *header = recording->journal.header;
    NodeRecord *node = record_of(recording, buffer->stack);
    settle(header, node);
    node->live -= (int64_t)buffer->nbytes;
    int64_t live = header->live, native = header->native_live;
    *(buffer->domain == NATIVE ? &header->native_live : &header->live) -= (int64_t)buffer->nbytes;
    if (buffer->large)
        write_death(recording, buffer, record_of(recording, stack), thread, live, native);
}
