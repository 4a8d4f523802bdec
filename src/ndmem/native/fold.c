#include "fold.h"

#include <stdlib.h>
#include <string.h>

enum {
    AROUND = 1 << 14,  /* events before and after a peak that all stay: what was on its way there, and where it went */
    LATEST = 8,        /* and the latest eighth */
    TICKS = 1000,      /* clock readings that stay of what is left out */
};

/* --- The buffers that are alive at an event, by their numbers -------------------------------------------------- */

typedef struct {
    int64_t number, nbytes; /* of native blocks; 0 for arrays, whose live bytes each event says itself */
    bool is_alive;
} Born;

typedef struct {
    Born *items; /* in order of birth, and so of their numbers */
    size_t count, capacity, alive;
} Alive;

static bool reserve_born(Alive *all)
{
    if (all->count < all->capacity)
        return true;
    if (2 * all->alive < all->count) { /* half are dead */
        size_t kept = 0;
        for (size_t i = 0; i < all->count; i++)
            if (all->items[i].is_alive)
                all->items[kept++] = all->items[i];
        all->count = kept;
        return true;
    }
    size_t capacity = all->capacity ? 2 * all->capacity : 4096;
    Born *items = realloc(all->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    all->items = items, all->capacity = capacity;
    return true;
}

static Born *find_born(const Alive *all, int64_t number)
{
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (all->items[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < all->count && all->items[low].number == number ? &all->items[low] : NULL;
}

/* --- Going through the events ------------------------------------------------------------------------------------ */

typedef struct {
    const Journal *journal;
    uint32_t blocks;    /* those that are there from the start */
    uint32_t block;     /* the one that is read */
    const BlockHeader *seen;
    uint64_t at;        /* its bytes that were read */
    EventRecord event;  /* the latest */
    int64_t index;      /* of the event, those counted that were left out before */
    int64_t number;     /* of its buffer */
    int64_t events, births, time, native; /* after it */
    Alive alive;
    bool failed;
} Walk;

static Walk begin_walk(const Journal *journal) { return (Walk){.journal = journal, .blocks = journal->block_count}; }

static void end_walk(Walk *walk)
{
    if (walk->seen)
        journal_leave(&walk->journal->blocks[walk->block], walk->seen);
    free(walk->alive.items);
    walk->seen = NULL, walk->alive = (Alive){0};
}

static bool next_record(Walk *walk)
{
    const Journal *journal = walk->journal;
    while (!walk->seen || walk->at + sizeof walk->event > walk->seen->used) {
        if (walk->seen) {
            journal_leave(&journal->blocks[walk->block++], walk->seen);
            walk->seen = NULL;
        }
        while (walk->block < walk->blocks &&
               (journal->blocks[walk->block].type != EVENTS || journal->blocks[walk->block].fold != journal->header->fold))
            walk->block++;
        if (walk->block == walk->blocks)
            return false;
        walk->seen = journal_look(journal, &journal->blocks[walk->block]);
        walk->at = 0;
        if (walk->seen == NULL) {
            walk->failed = true;
            return false;
        }
    }
    memcpy(&walk->event, (const char *)(walk->seen + 1) + walk->at, sizeof walk->event);
    walk->at += sizeof walk->event;
    return true;
}

static void take_birth(Walk *walk)
{
    if (!reserve_born(&walk->alive)) {
        walk->failed = true;
        return;
    }
    int64_t nbytes = walk->event.domain == NATIVE ? walk->event.payload : 0;
    walk->number = walk->births++;
    walk->alive.items[walk->alive.count++] = (Born){walk->number, nbytes, true};
    walk->alive.alive++;
    walk->native += nbytes;
}

static void take_death(Walk *walk)
{
    walk->number = walk->event.payload;
    Born *born = find_born(&walk->alive, walk->number);
    if (born == NULL || !born->is_alive)
        return;
    walk->native -= born->nbytes;
    born->is_alive = false;
    walk->alive.alive--;
}

/* Takes the next record into account; false after the last, or if there is no memory. */
static bool step(Walk *walk)
{
    if (!next_record(walk))
        return false;
    const EventRecord *event = &walk->event;
    walk->index = walk->events;
    switch (event->kind) {
    case BORN:
        take_birth(walk), walk->events++;
        break;
    case DIED:
        take_death(walk), walk->events++;
        break;
    case CLOCK:
        walk->time = event->payload;
        break;
    case FOLDED:
        if (event->domain == NATIVE)
            walk->native = event->payload;
        else
            walk->births += event->node, walk->events += event->node + event->payload;
        break;
    }
    return !walk->failed;
}

/* --- What stays ---------------------------------------------------------------------------------------------------- */

/* A stretch in which all events stay. */
typedef struct {
    int64_t begin, end; /* events */
    int64_t first, last; /* numbers of the buffers born in it */
} Whole;

enum { WHOLES = 3 }; /* around both peaks, and the latest */

typedef struct {
    int64_t peaks[2]; /* events up to the peak of arrays and to the total one */
    Whole wholes[WHOLES];
    int64_t *numbers; /* of the other buffers that stay, sorted */
    size_t count, capacity;
    int64_t end; /* nanoseconds of the last clock reading */
} Kept;

static bool is_born_in_whole(const Kept *kept, int64_t number)
{
    for (int i = 0; i < WHOLES; i++)
        if (number >= kept->wholes[i].first && number <= kept->wholes[i].last)
            return true;
    return false;
}

/* Whether an event is in such a stretch, which learns of births. */
static bool note_whole(Kept *kept, const Walk *walk)
{
    bool found = false;
    for (int i = 0; i < WHOLES; i++) {
        Whole *whole = &kept->wholes[i];
        if (walk->index < whole->begin || walk->index >= whole->end)
            continue;
        found = true;
        if (walk->event.kind != BORN)
            continue;
        if (whole->last < 0)
            whole->first = walk->number;
        whole->last = walk->number;
    }
    return found;
}

static bool keep_number(Kept *kept, int64_t number)
{
    if (kept->count == kept->capacity) {
        size_t capacity = kept->capacity ? 2 * kept->capacity : 4096;
        int64_t *numbers = realloc(kept->numbers, capacity * sizeof *numbers);
        if (numbers == NULL)
            return false;
        kept->numbers = numbers, kept->capacity = capacity;
    }
    kept->numbers[kept->count++] = number;
    return true;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static bool stays(const Kept *kept, int64_t number)
{
    return is_born_in_whole(kept, number) ||
           (kept->count && bsearch(&number, kept->numbers, kept->count, sizeof number, compare) != NULL);
}

/* A buffer stays if it is alive at the end, was at a peak, or was born or died where all stays. */
static bool find_kept(const Journal *journal, Kept *kept)
{
    Walk walk = begin_walk(journal);
    int64_t born_by[2] = {0, 0}; /* births up to each peak */
    bool done = true;
    while (done && step(&walk)) {
        kept->end = walk.time;
        if (walk.event.kind != BORN && walk.event.kind != DIED)
            continue;
        bool is_kept = note_whole(kept, &walk);
        for (int i = 0; i < 2; i++) {
            if (walk.index < kept->peaks[i])
                born_by[i] = walk.births;
            else
                is_kept |= walk.event.kind == DIED && walk.number < born_by[i];
        }
        done = !is_kept || is_born_in_whole(kept, walk.number) || keep_number(kept, walk.number);
    }
    for (size_t i = 0; done && i < walk.alive.count; i++)
        if (walk.alive.items[i].is_alive)
            done = keep_number(kept, walk.alive.items[i].number);
    done &= !walk.failed;
    end_walk(&walk);
    if (kept->count)
        qsort(kept->numbers, kept->count, sizeof *kept->numbers, compare);
    return done;
}

/* --- Writing it anew -------------------------------------------------------------------------------------------- */

/* What was left out since the last record, up to a moment. */
typedef struct {
    int64_t births, deaths, live, native, time;
} Left;

typedef struct {
    Journal *journal;
    uint64_t fold;
    BlockHeader *block;
    Left now, highest; /* since the last record, and up to the moment of it at which most was alive */
    int64_t time;      /* of the last clock reading that was written */
    bool failed;
} Copy;

static void write_record(Copy *copy, EventRecord event)
{
    if (copy->block == NULL || copy->block->used + sizeof event > copy->block->capacity) {
        BlockHeader *block = journal_add_folded(copy->journal, copy->fold, copy->block);
        if (block == NULL) {
            copy->failed = true;
            return;
        }
        copy->block = block;
    }
    memcpy((char *)(copy->block + 1) + copy->block->used, &event, sizeof event);
    journal_commit(copy->block, copy->block->used + sizeof event);
}

static void write_time(Copy *copy, int64_t time, int64_t live)
{
    if (time == copy->time)
        return;
    copy->time = time;
    write_record(copy, (EventRecord){.kind = CLOCK, .payload = time, .live = live});
}

static void write_left(Copy *copy, const Left *left)
{
    write_time(copy, left->time, left->live);
    if (copy->journal->header->native_threshold)
        write_record(copy, (EventRecord){.kind = FOLDED, .domain = NATIVE, .payload = left->native, .live = left->live});
    write_record(copy, (EventRecord){.kind = FOLDED, .node = (uint32_t)left->births, .payload = left->deaths, .live = left->live});
}

static void flush(Copy *copy)
{
    Left now = copy->now;
    const Left *highest = &copy->highest;
    if (now.births + now.deaths == 0)
        return;
    if (highest->births + highest->deaths < now.births + now.deaths) {
        write_left(copy, highest);
        now.births -= highest->births, now.deaths -= highest->deaths;
    }
    write_left(copy, &now);
    copy->now = copy->highest = (Left){0};
}

static void leave_out(Copy *copy, const Walk *walk)
{
    if (copy->now.births > INT32_MAX || copy->now.deaths > INT32_MAX)
        flush(copy); /* a mark counts to 2**32, and may be left out itself */
    bool is_mark = walk->event.kind == FOLDED, is_first = copy->now.births + copy->now.deaths == 0;
    copy->now.births += is_mark ? walk->event.node : walk->event.kind == BORN;
    copy->now.deaths += is_mark ? walk->event.payload : walk->event.kind == DIED;
    copy->now.live = walk->event.live, copy->now.native = walk->native, copy->now.time = walk->time;
    if (is_first || copy->now.live + copy->now.native > copy->highest.live + copy->highest.native)
        copy->highest = copy->now;
}

static bool copy_kept(Copy *copy, const Kept *kept)
{
    Walk walk = begin_walk(copy->journal);
    int64_t tick = kept->end / TICKS, next = 0;
    while (!copy->failed && step(&walk)) {
        bool is_event = walk.event.kind == BORN || walk.event.kind == DIED;
        if (is_event && stays(kept, walk.number)) {
            flush(copy);
            write_time(copy, walk.time, walk.event.live);
            write_record(copy, walk.event);
        } else if (walk.event.kind == CLOCK) {
            if (walk.time < next)
                continue;
            flush(copy); /* what was left out was before */
            next = walk.time + tick;
        } else if (is_event || walk.event.domain == ARRAY) {
            leave_out(copy, &walk);
        }
    }
    flush(copy);
    write_time(copy, walk.time, walk.event.live);
    bool done = !copy->failed && !walk.failed && copy->block;
    end_walk(&walk);
    return done;
}

void fold_events(Journal *journal)
{
    const JournalHeader *header = journal->header;
    int64_t peak = (int64_t)header->peak_events, total = (int64_t)header->total_events, events = (int64_t)header->events;
    int64_t latest = (int64_t)(journal->fold_at / sizeof(EventRecord) / LATEST);
    Kept kept = {.peaks = {peak, total},
                 .wholes = {{peak - AROUND, peak + AROUND, 0, -1},
                            {total - AROUND, total + AROUND, 0, -1},
                            {events - latest, INT64_MAX, 0, -1}}};
    Copy copy = {.journal = journal, .fold = ++journal->fold, .time = -1};
    if (find_kept(journal, &kept) && copy_kept(&copy, &kept))
        journal_use_fold(journal, copy.fold, copy.block);
    else
        journal_drop_fold(journal, copy.fold);
    free(kept.numbers);
    /* Where nearly all stays, or there is no room for a copy, it is not tried again and again. */
    if (journal->fold_at < 2 * journal->events_nbytes)
        journal->fold_at = 2 * journal->events_nbytes;
}
