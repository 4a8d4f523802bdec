#include "tracker/compaction/kept.h"

/* Events that are all kept before and after a peak: how memory rose to it, and how it fell. */
enum { AROUND = 1 << 14 };

Kept kept_begin(const JournalHeader *header, bool of_events, int64_t latest)
{
    int64_t peak = (int64_t)header->peak_events, total = (int64_t)header->total_events;
    Kept kept = {.peaks = {peak, total}, .wholes = {{.last = -1}, {.last = -1}, {.last = -1}}};
    if (of_events) {
        kept.wholes[0].begin = peak - AROUND, kept.wholes[0].end = peak + AROUND;
        kept.wholes[1].begin = total - AROUND, kept.wholes[1].end = total + AROUND;
        kept.wholes[2].begin = latest, kept.wholes[2].end = INT64_MAX;
    }
    return kept;
}

static bool is_born_in_whole(const Kept *kept, int64_t number)
{
    for (int i = 0; i < WHOLES; i++)
        if (number >= kept->wholes[i].first && number <= kept->wholes[i].last)
            return true;
    return false;
}

static bool is_in(const Whole *whole, int64_t index) { return index >= whole->begin && index < whole->end; }

static bool take_birth(Kept *kept)
{
    int64_t index = kept->events++, number = kept->births++;
    for (int i = 0; i < WHOLES; i++) {
        Whole *whole = &kept->wholes[i];
        if (!is_in(whole, index))
            continue;
        if (whole->last < 0)
            whole->first = number;
        whole->last = number;
    }
    for (int i = 0; i < 2; i++)
        if (index < kept->peaks[i])
            kept->born_by[i] = kept->births;
    return buffers_add(&kept->buffers, number, 0);
}

static void take_death(Kept *kept, int64_t number)
{
    int64_t index = kept->events++;
    bool was_at_peak = false, is_whole = false;
    for (int i = 0; i < 2; i++)
        was_at_peak |= index >= kept->peaks[i] && number < kept->born_by[i];
    for (int i = 0; i < WHOLES; i++)
        is_whole |= is_in(&kept->wholes[i], index);
    buffers_die(&kept->buffers, number, was_at_peak || (is_whole && !is_born_in_whole(kept, number)));
}

bool kept_find(Kept *kept, Reading *reading)
{
    bool done = true;
    const EventRecord *event;
    while (done && (event = reading_event(reading))) {
        if (event->kind == BORN)
            done = take_birth(kept);
        else if (event->kind == DIED)
            take_death(kept, event->payload);
        else if (event->kind == CLOCK)
            kept->time = event->payload;
        else if (event->domain == ARRAY) /* COMPACTED */
            kept->births += event->node, kept->events += event->node + event->payload;
    }
    return done;
}

bool kept_stays(const Kept *kept, int64_t number)
{
    return number >= kept->births || is_born_in_whole(kept, number) || buffers_have(&kept->buffers, number);
}
