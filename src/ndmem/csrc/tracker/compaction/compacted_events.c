#include "tracker/compaction/compacted_events.h"

#include <string.h>

enum { TICKS = 1000 }; /* clock readings that are kept where events are left out */

EventCopy event_copy_begin(Journal *journal, const Kept *kept, uint64_t last)
{
    return (EventCopy){.journal = journal,
                       .kept = kept,
                       .compacted = journal_begin_compaction(journal, EVENTS, last),
                       .written_time = -1,
                       .tick = kept->time / TICKS};
}

static bool write_record(EventCopy *copy, EventRecord event)
{
    void *room = journal_room_in_compaction(copy->journal, &copy->compacted, sizeof event);
    if (room == NULL)
        return false;
    memcpy(room, &event, sizeof event);
    journal_commit(copy->compacted.last, copy->compacted.last->used + sizeof event);
    return true;
}

static bool write_time(EventCopy *copy, int64_t time, int64_t live)
{
    if (time == copy->written_time)
        return true;
    copy->written_time = time;
    return write_record(copy, (EventRecord){.kind = CLOCK, .payload = time, .live = live});
}

static bool write_left(EventCopy *copy, const Left *left)
{
    EventRecord native = {.kind = COMPACTED, .domain = NATIVE, .payload = left->native, .live = left->live};
    EventRecord arrays = {
        .kind = COMPACTED, .node = (uint32_t)left->births, .payload = left->deaths, .live = left->live};
    return write_time(copy, left->time, left->live) &&
           (copy->journal->header->native_threshold == 0 || write_record(copy, native)) && write_record(copy, arrays);
}

/* Writes two marks for what was left out: up to the moment at which most was alive, and up to its end. */
static bool flush(EventCopy *copy)
{
    Left now = copy->now, highest = copy->highest;
    copy->now = copy->highest = (Left){0};
    if (now.births + now.deaths == 0)
        return true;
    if (highest.births + highest.deaths < now.births + now.deaths) {
        if (!write_left(copy, &highest))
            return false;
        now.births -= highest.births, now.deaths -= highest.deaths;
    }
    return write_left(copy, &now);
}

static bool leave_out(EventCopy *copy, int64_t births, int64_t deaths)
{
    /* A mark counts to 2**32, and a later compaction may leave it out itself. */
    if ((copy->now.births > INT32_MAX || copy->now.deaths > INT32_MAX) && !flush(copy))
        return false;
    bool is_first = copy->now.births + copy->now.deaths == 0;
    copy->now.births += births, copy->now.deaths += deaths;
    copy->now.live = copy->live, copy->now.native = copy->native, copy->now.time = copy->time;
    if (is_first || copy->now.live + copy->now.native > copy->highest.live + copy->highest.native)
        copy->highest = copy->now;
    return true;
}

static bool take_event(EventCopy *copy, const EventRecord *event)
{
    bool is_birth = event->kind == BORN;
    int64_t number = is_birth ? copy->births++ : event->payload;
    if (event->domain == NATIVE && is_birth) {
        if (!buffers_add(&copy->blocks, number, event->payload))
            return false;
        copy->native += event->payload;
    } else if (event->domain == NATIVE) {
        copy->native -= buffers_die(&copy->blocks, number, false);
    }
    if (!kept_stays(copy->kept, number))
        return leave_out(copy, is_birth, !is_birth);
    return flush(copy) && write_time(copy, copy->time, event->live) && write_record(copy, *event);
}

static bool take_clock(EventCopy *copy, int64_t time)
{
    copy->time = time;
    if (time < copy->next_tick)
        return true;
    copy->next_tick = time + copy->tick;
    return flush(copy); /* events before this tick are in the mark before it */
}

static bool take_mark(EventCopy *copy, const EventRecord *event)
{
    if (event->domain == NATIVE) {
        copy->native = event->payload;
        return true;
    }
    copy->births += event->node;
    return leave_out(copy, event->node, event->payload);
}

bool event_copy(EventCopy *copy, Reading *reading)
{
    bool done = true;
    const EventRecord *event;
    while (done && (event = reading_event(reading))) {
        copy->live = event->live;
        if (event->kind == BORN || event->kind == DIED)
            done = take_event(copy, event);
        else if (event->kind == CLOCK)
            done = take_clock(copy, event->payload);
        else /* COMPACTED */
            done = take_mark(copy, event);
    }
    return done && journal_replace(copy->journal, &copy->journal->blocks[reading->block], &copy->compacted);
}

bool event_copy_end(EventCopy *copy) { return flush(copy) && write_time(copy, copy->time, copy->live); }
