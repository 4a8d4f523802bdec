#include "common/compat.h"
#include "common/clock.h"
#include "tracker/lock.h"
#include "tracker/hooks/pages.h"
#include "tracker/hooks/touched.h"
#include "tracker/events.h"

#include <stdlib.h>

enum { GRAIN = PRELOAD_THRESHOLD }; /* smaller changes wait */

int64_t pages_due = INT64_MAX;
static int64_t affordable_before_loss;
static uint64_t next_number;

/* Key in the ledger of pages that came into use: no user memory is in the upper half of the 48 bits. malloc_listener.c
 * uses the beginning of that half for small blocks. */
static void *name_grown(uint64_t number) { return (void *)(uintptr_t)((UINT64_C(3) << 46) + 64 * number); }

const void *pages_key(const Grown *grown) { return name_grown(grown->number); }

static void drop_last_locked(PyThreadState *thread, Mapping *mapping)
{
    ASSERT_LOCKED();
    Grown last = mapping->grown[--mapping->grown_count];
    events_died_native_locked(thread, name_grown(last.number));
    mapping->counted -= last.nbytes;
}

/* Without memory for it the growth is not counted. */
static void add_grown_locked(Mapping *mapping, int64_t nbytes)
{
    ASSERT_LOCKED();
    if (mapping->grown_count == mapping->grown_capacity) {
        uint32_t capacity = mapping->grown_capacity ? 2 * mapping->grown_capacity : 4;
        Grown *grown = realloc(mapping->grown, capacity * sizeof *grown);
        if (grown == NULL)
            return;
        mapping->grown = grown, mapping->grown_capacity = capacity;
    }
    Grown grown = {next_number++, nbytes};
    mapping->grown[mapping->grown_count++] = grown;
    mapping->counted += nbytes;
    events_grew_locked(mapping->stack, name_grown(grown.number), (size_t)nbytes, mappings_library(mapping->library));
}

static void count_mapping_locked(PyThreadState *thread, Mapping *mapping)
{
    ASSERT_LOCKED();
    int64_t touched = touched_nbytes(mapping->start, mapping->end);
    if (touched < 0)
        return;
    while (mapping->grown_count && mapping->counted - touched >= GRAIN)
        drop_last_locked(thread, mapping);
    if (touched - mapping->counted >= GRAIN)
        add_grown_locked(mapping, touched - mapping->counted);
}

static bool is_affordable(int64_t now, Urgency urgency)
{
    return urgency == NOW || now >= (urgency == IF_DUE ? pages_due : affordable_before_loss);
}

/* `start` is the thread's CPU time before the count. */
static void pay(int64_t start)
{
    int64_t cost = clock_work() - start, now = clock_now();
    pages_due = now + 200 * cost;
    affordable_before_loss = now + 20 * cost;
}

/* Kept out of the hot path. */
__attribute__((noinline)) bool pages_count_locked(PyThreadState *thread, Urgency urgency)
{
    ASSERT_LOCKED();
    if (pages_due == INT64_MAX || !is_affordable(clock_now(), urgency))
        return false;
    int64_t start = clock_work();
    pages_due = INT64_MAX; /* not due meanwhile: a death asks for it */
    size_t at = 0;
    Mapping *mapping;
    while ((mapping = mappings_next_by_pages_locked(&at)))
        count_mapping_locked(thread, mapping);
    if (at)
        pay(start);
    return true;
}

void pages_count_mapping_locked(PyThreadState *thread, Mapping *mapping, Urgency urgency)
{
    ASSERT_LOCKED();
    int64_t due = pages_due;
    if (mapping->counting != BY_PAGES || !is_affordable(clock_now(), urgency))
        return;
    int64_t start = clock_work();
    pages_due = INT64_MAX;
    count_mapping_locked(thread, mapping);
    pay(start);
    if (due > pages_due)
        pages_due = due;
}

void pages_expect(void)
{
    if (pages_due == INT64_MAX)
        pages_due = 0;
}

void pages_drop_locked(PyThreadState *thread, Mapping *mapping)
{
    ASSERT_LOCKED();
    while (mapping->grown_count)
        drop_last_locked(thread, mapping);
}

void pages_clear(void)
{
    mappings_clear();
    pages_due = INT64_MAX;
    affordable_before_loss = 0;
}
