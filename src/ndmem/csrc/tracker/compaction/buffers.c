#include "tracker/compaction/buffers.h"

#include "common/grow.h"

#include <stdlib.h>

enum { LOT = 1024 };

/* Removes the buffers that are not needed, once they are more than half. */
static void pack(Lot *lot)
{
    if (2 * lot->needed > lot->count || lot->items == NULL)
        return;
    uint32_t count = 0;
    for (uint32_t i = 0; i < lot->count; i++)
        if (lot->items[i].is_alive || lot->items[i].is_kept)
            lot->items[count++] = lot->items[i];
    lot->count = count;
    if (count == 0) {
        free(lot->items);
        lot->items = NULL;
        return;
    }
    BufferEntry *items = realloc(lot->items, count * sizeof *items);
    if (items)
        lot->items = items;
}

static Lot *begin_lot(Buffers *all, int64_t number)
{
    Lot *lots = grow_array(all->lots, all->count, &all->capacity, sizeof *lots);
    if (lots == NULL)
        return NULL;
    all->lots = lots;
    BufferEntry *items = malloc(LOT * sizeof *items);
    if (items == NULL)
        return NULL;
    if (all->count)
        pack(&all->lots[all->count - 1]);
    Lot *lot = &all->lots[all->count++];
    *lot = (Lot){.first = number, .items = items};
    return lot;
}

bool buffers_add(Buffers *all, int64_t number, int64_t nbytes)
{
    Lot *lot = all->count ? &all->lots[all->count - 1] : NULL;
    if (lot == NULL || lot->count == LOT)
        lot = begin_lot(all, number);
    if (lot == NULL)
        return false;
    lot->items[lot->count++] = (BufferEntry){.number = number, .nbytes = (uint64_t)nbytes, .is_alive = true};
    lot->needed++;
    return true;
}

/* The last lot that does not begin after the number. The first births of two lots are at least 1,024 numbers apart, so the
 * distance from the last lot bounds the search; where no births were left out it gives the lot itself. */
static Lot *find_lot(const Buffers *all, int64_t number)
{
    if (all->count == 0 || number < all->lots[0].first)
        return NULL;
    size_t high = all->count - 1;
    if (number >= all->lots[high].first)
        return &all->lots[high];
    size_t back = ((uint64_t)(all->lots[high].first - number) + LOT - 1) / LOT;
    size_t low = back < high ? high - back : 0; /* this one begins before the number, the one at `high` after it */
    if (all->lots[low + 1].first > number)
        return &all->lots[low];
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (all->lots[middle].first <= number)
            low = middle;
        else
            high = middle;
    }
    return &all->lots[low];
}

static BufferEntry *find(const Buffers *all, int64_t number, Lot **found)
{
    Lot *lot = *found = find_lot(all, number);
    if (lot == NULL || lot->count == 0)
        return NULL;
    uint64_t most = (uint64_t)(number - lot->first); /* it is not behind this place */
    if (most < lot->count && lot->items[most].number == number)
        return &lot->items[most];
    uint32_t low = 0, high = most < lot->count ? (uint32_t)most : lot->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (lot->items[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < lot->count && lot->items[low].number == number ? &lot->items[low] : NULL;
}

int64_t buffers_die(Buffers *all, int64_t number, bool keep)
{
    Lot *lot;
    BufferEntry *buffer = find(all, number, &lot);
    if (buffer == NULL || !buffer->is_alive)
        return 0;
    int64_t nbytes = (int64_t)buffer->nbytes;
    buffer->is_alive = false, buffer->is_kept = keep;
    if (!keep) {
        lot->needed--;
        if (lot != &all->lots[all->count - 1]) /* more buffers will be added to the last one */
            pack(lot);
    }
    return nbytes;
}

bool buffers_have(const Buffers *all, int64_t number)
{
    Lot *lot;
    const BufferEntry *buffer = find(all, number, &lot);
    return buffer && (buffer->is_alive || buffer->is_kept);
}

Sightings *buffers_sightings(Buffers *all, int64_t number, bool *failed)
{
    Lot *lot;
    const BufferEntry *buffer = find(all, number, &lot);
    if (buffer == NULL || !(buffer->is_alive || buffer->is_kept))
        return NULL;
    if (lot->sightings == NULL) {
        lot->sightings = malloc(lot->count * sizeof *lot->sightings);
        if (lot->sightings == NULL) {
            *failed = true;
            return NULL;
        }
        for (uint32_t i = 0; i < lot->count; i++)
            lot->sightings[i] = (Sightings){-1, -1, {-1, -1}};
    }
    return &lot->sightings[buffer - lot->items];
}

bool buffers_free(Buffers *all, size_t most)
{
    for (; all->count && most; most--) {
        Lot *lot = &all->lots[--all->count];
        free(lot->items);
        free(lot->sightings);
    }
    if (all->count)
        return false;
    free(all->lots);
    *all = (Buffers){0};
    return true;
}
