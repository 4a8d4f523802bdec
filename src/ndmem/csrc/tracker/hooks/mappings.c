#include "common/grow.h"
#include "tracker/lock.h"
#include "tracker/hooks/mappings.h"

#include <stdlib.h>
#include <string.h>

/* Sorted by address, disjoint. */
static struct {
    Mapping *items;
    size_t count, capacity;
} mappings;

/* The range of all mappings so far, which hooks read without the lock; it only grows. */
static uintptr_t lowest = UINTPTR_MAX, highest;

/* Of libraries; number 0 means unnamed. Few, and for the life of the process. */
enum { MAX_NAMES = 256 };
static struct {
    char *items[MAX_NAMES];
    uint16_t count;
} names;

bool mappings_may_touch(const char *start, const char *end)
{
    return (uintptr_t)end > __atomic_load_n(&lowest, __ATOMIC_RELAXED) &&
           (uintptr_t)start < __atomic_load_n(&highest, __ATOMIC_RELAXED);
}

/* Index of the first that ends after `at`. */
static size_t locate(const char *at)
{
    size_t low = 0, high = mappings.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (mappings.items[middle].end > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

Mapping *mappings_find_locked(const char *at)
{
    ASSERT_LOCKED();
    size_t i = locate(at);
    return i < mappings.count ? &mappings.items[i] : NULL;
}

Mapping *mappings_next_by_pages_locked(size_t *at)
{
    ASSERT_LOCKED();
    while (*at < mappings.count) {
        Mapping *mapping = &mappings.items[(*at)++];
        if (mapping->counting == BY_PAGES)
            return mapping;
    }
    return NULL;
}

Mapping *mappings_insert_locked(const Mapping *mapping)
{
    ASSERT_LOCKED();
    Mapping *items = grow_array(mappings.items, mappings.count, &mappings.capacity, sizeof *items);
    if (items == NULL)
        return NULL;
    mappings.items = items;
    Mapping *place = mappings.items + locate(mapping->start);
    memmove(place + 1, place, (size_t)(mappings.items + mappings.count - place) * sizeof *place);
    *place = *mapping;
    mappings.count++;
    if ((uintptr_t)mapping->start < lowest)
        __atomic_store_n(&lowest, (uintptr_t)mapping->start, __ATOMIC_RELAXED);
    if ((uintptr_t)mapping->end > highest)
        __atomic_store_n(&highest, (uintptr_t)mapping->end, __ATOMIC_RELAXED);
    return place;
}

Mapping mappings_remove_locked(Mapping *mapping)
{
    ASSERT_LOCKED();
    Mapping taken = *mapping;
    mappings.count--;
    memmove(mapping, mapping + 1, (size_t)(mappings.items + mappings.count - mapping) * sizeof *mapping);
    return taken;
}

void mappings_clear(void)
{
    for (size_t i = 0; i < mappings.count; i++)
        free(mappings.items[i].grown);
    mappings.count = 0;
}

uint16_t mappings_number(const char *library)
{
    for (uint16_t i = 1; i <= names.count; i++)
        if (strcmp(names.items[i - 1], library) == 0)
            return i;
    if (*library == 0 || names.count == MAX_NAMES)
        return 0;
    size_t size = strlen(library) + 1;
    char *copy = malloc(size);
    if (copy == NULL)
        return 0;
    names.items[names.count++] = memcpy(copy, library, size);
    return names.count;
}

const char *mappings_library(uint16_t number) { return number ? names.items[number - 1] : ""; }
