#include "tracker/compaction/compaction.h"
#include "tracker/compaction/details.h"
#include "tracker/compaction/compacted_events.h"

#include <stdlib.h>

enum {
    UNMAPPED = 64, /* blocks that a slice unmaps, and */
    FREED = 512,   /* lots of buffers that it frees: half a millisecond */
    LATEST = 8,    /* the latest eighth of the events stays */
};

struct Compaction {
    CompactionStage stage;
    bool of_events; /* else of the details alone */
    Reading reading;
    uint64_t last;  /* number of the last block of events that was finished */
    uint64_t events_end, details_end; /* the compaction covers the blocks before these numbers */
    Kept kept;
    EventCopy events;
    DetailCopy details;
};

/* The result of a stage in a slice. */
typedef enum { UNDER_WAY, DONE, FAILED } Outcome;

CompactionStage compaction_stage(const Compactions *compactions)
{
    return compactions->now ? compactions->now->stage : NO_COMPACTION;
}

/* --- Stages --------------------------------------------------------------------------------------------------- */

static bool take_block(struct Compaction *compaction)
{
    switch (compaction->stage) {
    case FIND_KEPT:
        return kept_find(&compaction->kept, &compaction->reading);
    case COPY_EVENTS:
        return event_copy(&compaction->events, &compaction->reading);
    case FIND_SIGHTINGS:
        return detail_copy_find(&compaction->details, &compaction->reading);
    default: /* COPY_DETAILS */
        return detail_copy(&compaction->details, &compaction->reading);
    }
}

/* Reads block after block, until `until` records were read. */
static Outcome read_blocks(struct Compaction *compaction, uint64_t until)
{
    Reading *reading = &compaction->reading;
    while (reading->records < until) {
        if (!reading_enter_block(reading))
            return reading->failed ? FAILED : DONE;
        bool done = take_block(compaction);
        reading_leave_block(reading);
        if (!done)
            return FAILED;
    }
    return UNDER_WAY;
}

static void read_from_start(struct Compaction *compaction) { compaction->reading.next = 0; }

static void begin_details(Journal *journal, struct Compaction *compaction)
{
    /* Compact the block that is being filled too: a short record has no other. */
    compaction->stage = journal->details && journal_begin_block(journal, DETAILS) ? FIND_SIGHTINGS : RETIRE;
    if (compaction->stage == RETIRE)
        return;
    uint64_t last, records = compaction->reading.records;
    compaction->reading = reading_begin(journal, DETAILS, &last);
    compaction->details_end = compaction->reading.end;
    compaction->reading.records = records;
    compaction->details = detail_copy_begin(journal, &compaction->kept, last);
}

static void end_find_kept(Journal *journal, struct Compaction *compaction, bool done)
{
    if (!done) {
        compaction->stage = RETIRE;
    } else if (compaction->of_events) {
        compaction->stage = COPY_EVENTS;
        compaction->events = event_copy_begin(journal, &compaction->kept, compaction->last);
        read_from_start(compaction);
    } else {
        begin_details(journal, compaction);
    }
}

static void end_copy_events(Journal *journal, struct Compaction *compaction, bool done)
{
    if (done && event_copy_end(&compaction->events))
        journal_use_compaction(journal, &compaction->events.compacted);
    else
        journal_drop_compaction(journal, &compaction->events.compacted);
    begin_details(journal, compaction);
}

static void end_find_sightings(struct Compaction *compaction, bool done)
{
    compaction->stage = done ? COPY_DETAILS : RETIRE;
    read_from_start(compaction);
}

static void end_copy_details(Journal *journal, struct Compaction *compaction, bool done)
{
    if (done)
        journal_use_compaction(journal, &compaction->details.compacted);
    else
        journal_drop_compaction(journal, &compaction->details.compacted);
    compaction->stage = RETIRE;
}

static uint64_t count_nbytes(const Journal *journal, BlockType type, uint64_t end)
{
    uint64_t nbytes = 0;
    for (uint32_t i = 0; i < journal->block_count && journal->blocks[i].sequence < end; i++)
        nbytes += journal->blocks[i].type == type ? journal->blocks[i].nbytes : 0;
    return nbytes;
}

/* Where nearly everything is kept, or there is no space for a copy, compaction must not start again at each block: the
 * bounds become twice what this compaction left. Blocks that were begun meanwhile do not count. */
static void raise_bounds(Journal *journal, const struct Compaction *compaction)
{
    uint64_t events = 2 * count_nbytes(journal, EVENTS, compaction->events_end);
    uint64_t details = 2 * count_nbytes(journal, DETAILS, compaction->details_end);
    if (compaction->of_events && journal->compact_at < events)
        journal->compact_at = events;
    if (journal->compact_details_at < details)
        journal->compact_details_at = details;
}

/* While a reader of the journal in memory has it pinned, replaced blocks stay mapped. */
static Outcome retire(Journal *journal, struct Compaction *compaction)
{
    if (journal->pinned || !journal_retire(journal, UNMAPPED))
        return UNDER_WAY;
    raise_bounds(journal, compaction);
    compaction->stage = FORGET;
    return DONE;
}

static Outcome forget(struct Compaction *compaction)
{
    if (!buffers_free(&compaction->kept.buffers, FREED) || !buffers_free(&compaction->events.blocks, FREED))
        return UNDER_WAY;
    compaction->stage = NO_COMPACTION;
    return DONE;
}

/* Runs the present stage. When it is done or has failed, the compaction is in the next stage, or has ended. */
static Outcome run_stage(Journal *journal, struct Compaction *compaction, uint64_t until)
{
    if (compaction->stage == RETIRE)
        return retire(journal, compaction);
    if (compaction->stage == FORGET)
        return forget(compaction);
    Outcome outcome = read_blocks(compaction, until);
    if (outcome == UNDER_WAY)
        return outcome;
    if (compaction->stage == FIND_KEPT)
        end_find_kept(journal, compaction, outcome == DONE);
    else if (compaction->stage == COPY_EVENTS)
        end_copy_events(journal, compaction, outcome == DONE);
    else if (compaction->stage == FIND_SIGHTINGS)
        end_find_sightings(compaction, outcome == DONE);
    else
        end_copy_details(journal, compaction, outcome == DONE);
    return outcome;
}

/* --- Slices --------------------------------------------------------------------------------------------------- */

static void begin(Journal *journal, Compactions *compactions)
{
    bool of_events = journal_is_due(journal);
    struct Compaction *compaction = calloc(1, sizeof *compaction);
    if (compaction == NULL)
        return;
    /* All details stay of buffers that are born after the last block that is read, so end that block now. */
    if (!of_events)
        (void)journal_begin_block(journal, EVENTS);
    const JournalHeader *header = journal->header;
    int64_t latest = (int64_t)header->events - (int64_t)(journal->compact_at / sizeof(EventRecord) / LATEST);
    compaction->stage = FIND_KEPT, compaction->of_events = of_events;
    compaction->reading = reading_begin(journal, EVENTS, &compaction->last);
    compaction->events_end = compaction->reading.end, compaction->details_end = UINT64_MAX;
    compaction->kept = kept_begin(header, of_events, latest);
    compactions->now = compaction;
}

__attribute__((noinline)) void compaction_slice_locked(Journal *journal, Compactions *compactions)
{
    ASSERT_LOCKED();
    journal->has_new_block = false;
    if (compactions->now == NULL && (journal_is_due(journal) || journal_details_are_due(journal)))
        begin(journal, compactions);
    if (compactions->now == NULL)
        return;
    struct Compaction *compaction = compactions->now;
    uint64_t before = compaction->reading.records;
    while (compaction->stage != NO_COMPACTION && run_stage(journal, compaction, before + compactions->slice) != UNDER_WAY) {
    }
    compactions->slices++;
    if (compaction->reading.records - before > compactions->longest)
        compactions->longest = compaction->reading.records - before;
    if (compaction->stage == NO_COMPACTION)
        compaction_forget(compactions);
}

void compact_after_sighting_locked(Journal *journal, Compactions *compactions)
{
    ASSERT_LOCKED();
    if (journal->has_new_block || (compactions->now && !compactions->now->of_events))
        compaction_slice_locked(journal, compactions);
}

void compaction_stop_locked(Journal *journal, Compactions *compactions)
{
    ASSERT_LOCKED();
    if (compaction_stage(compactions) == COPY_EVENTS)
        journal_drop_compaction(journal, &compactions->now->events.compacted);
    else if (compaction_stage(compactions) == COPY_DETAILS)
        journal_drop_compaction(journal, &compactions->now->details.compacted);
    if (compactions->now && journal->pinned == 0)
        (void)journal_retire(journal, UINT32_MAX);
    compaction_forget(compactions);
}

void compaction_forget(Compactions *compactions)
{
    if (compactions->now == NULL)
        return;
    (void)buffers_free(&compactions->now->kept.buffers, SIZE_MAX);
    (void)buffers_free(&compactions->now->events.blocks, SIZE_MAX);
    free(compactions->now);
    compactions->now = NULL;
}
