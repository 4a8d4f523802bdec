#include "tracker/compaction/details.h"

#include <string.h>

DetailCopy detail_copy_begin(Journal *journal, Kept *kept, uint64_t last)
{
    const JournalHeader *header = journal->header;
    return (DetailCopy){.journal = journal,
                        .kept = kept,
                        .compacted = journal_begin_compaction(journal, DETAILS, last),
                        .peaks = {(int64_t)header->peak_events, (int64_t)header->total_events}};
}

/* An origin and a form begin with the buffer's number too, and nothing else of them is read. */
static const SightingRecord *record_of(const TextHeader *text) { return (const SightingRecord *)(text + 1); }

bool detail_copy_find(DetailCopy *copy, Reading *reading)
{
    bool failed = false;
    const TextHeader *text;
    while (!failed && (text = reading_text(reading))) {
        if (text->type != TEXT_SIGHTING)
            continue;
        Sightings *all = buffers_sightings(&copy->kept->buffers, record_of(text)->buffer, &failed);
        if (all == NULL)
            continue;
        int64_t events = record_of(text)->events;
        all->first = all->first < 0 ? events : all->first;
        all->last = events;
        for (int i = 0; i < 2; i++)
            if (events <= copy->peaks[i])
                all->until_peak[i] = events;
    }
    return !failed;
}

/* All details are kept of a buffer that was born after the events that were read. */
static bool is_kept(const DetailCopy *copy, const TextHeader *text)
{
    int64_t number = record_of(text)->buffer, events = record_of(text)->events;
    if (number >= copy->kept->births)
        return true;
    if (text->type != TEXT_SIGHTING)
        return buffers_have(&copy->kept->buffers, number);
    bool failed = false;
    const Sightings *all = buffers_sightings(&copy->kept->buffers, number, &failed);
    if (all == NULL)
        return false;
    bool is_asked_for = events == all->last;
    for (int i = 0; i < 2; i++)
        is_asked_for |= events == (all->until_peak[i] < 0 ? all->first : all->until_peak[i]);
    return is_asked_for;
}

bool detail_copy(DetailCopy *copy, Reading *reading)
{
    const TextHeader *text;
    while ((text = reading_text(reading))) {
        if (!is_kept(copy, text))
            continue;
        uint64_t span = journal_text_span(text->nbytes);
        void *room = journal_room_in_compaction(copy->journal, &copy->compacted, span);
        if (room == NULL)
            return false;
        memcpy(room, text, span);
        journal_commit(copy->compacted.last, copy->compacted.last->used + span);
    }
    return journal_replace(copy->journal, &copy->journal->blocks[reading->block], &copy->compacted);
}
