#include "ledger.h"

#include <stdlib.h>
#include <string.h>

/* 16 bytes an entry, so that a million small arrays cost 32 MiB. No platform gives user memory above
 * 48 bits unless asked, and a tag in the top byte does not make two buffers share the rest. */
typedef struct {
    uint64_t key; /* low 48 bits of the pointer, generation above them; 0 is empty */
    uint32_t stack;
    uint32_t value; /* bytes of a small buffer, or LARGE and an index into `large` */
} Entry;

#define ADDRESS_MASK ((UINT64_C(1) << 48) - 1)
#define LARGE UINT32_C(0x80000000)

static struct {
    Entry *entries;
    size_t mask, count;
    Large *large;
    uint32_t *spare; /* stack of free indices in `large` */
    uint32_t large_count, large_capacity, spare_count;
    size_t threshold;
} ledger;

/* Fibonacci hashing; neighbours in memory must not be neighbours here, or probing runs long. */
static inline size_t home(uint64_t address) { return (size_t)(((address >> 3) * 0x9E3779B97F4A7C15u) >> 20) & ledger.mask; }

static inline size_t locate(uint64_t address)
{
    size_t i = home(address);
    while (ledger.entries[i].key && (ledger.entries[i].key & ADDRESS_MASK) != address)
        i = (i + 1) & ledger.mask;
    return i;
}

bool ledger_open(size_t threshold)
{
    memset(&ledger, 0, sizeof ledger);
    ledger.threshold = threshold;
    ledger.mask = (1 << 12) - 1;
    ledger.entries = calloc(ledger.mask + 1, sizeof *ledger.entries);
    return ledger.entries != NULL;
}

void ledger_close(void)
{
    free(ledger.entries);
    free(ledger.large);
    free(ledger.spare);
    memset(&ledger, 0, sizeof ledger);
}

size_t ledger_count(void) { return ledger.count; }

__attribute__((noinline)) static bool grow_entries(void)
{
    Entry *old = ledger.entries;
    size_t old_size = ledger.mask + 1;
    Entry *entries = calloc(2 * old_size, sizeof *entries);
    if (entries == NULL)
        return false;
    ledger.entries = entries;
    ledger.mask = 2 * old_size - 1;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].key)
            entries[locate(old[i].key & ADDRESS_MASK)] = old[i];
    free(old);
    return true;
}

__attribute__((noinline)) static bool take_large(uint32_t *index)
{
    if (ledger.spare_count) {
        *index = ledger.spare[--ledger.spare_count];
        return true;
    }
    if (ledger.large_count == ledger.large_capacity) {
        uint32_t capacity = ledger.large_capacity ? 2 * ledger.large_capacity : 256;
        Large *large = realloc(ledger.large, capacity * sizeof *large);
        if (large == NULL)
            return false;
        ledger.large = large;
        uint32_t *spare = realloc(ledger.spare, capacity * sizeof *spare);
        if (spare == NULL)
            return false;
        ledger.spare = spare, ledger.large_capacity = capacity;
    }
    *index = ledger.large_count++;
    return true;
}

Added ledger_add(void *pointer, Buffer *buffer)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer & ADDRESS_MASK;
    /* Grows at 3/4: linear probing stays short, and doubling from there keeps under 64 MiB a million. */
    if (4 * (ledger.count + 1) > 3 * (ledger.mask + 1) && !grow_entries())
        return NO_MEMORY;
    size_t i = locate(address);
    if (ledger.entries[i].key)
        return KNOWN;
    uint32_t value = (uint32_t)buffer->nbytes;
    buffer->large = NULL;
    if (buffer->nbytes >= ledger.threshold || buffer->domain == NATIVE) {
        uint32_t index;
        if (!take_large(&index))
            return NO_MEMORY;
        value = LARGE | index;
        buffer->large = &ledger.large[index];
        *buffer->large = (Large){.nbytes = (int64_t)buffer->nbytes, .domain = buffer->domain};
    }
    ledger.count++;
    ledger.entries[i] = (Entry){address | (uint64_t)buffer->generation << 48, buffer->stack, value};
    return ADDED;
}

static void read_entry(const Entry *entry, Buffer *buffer)
{
    buffer->stack = entry->stack;
    buffer->generation = (uint16_t)(entry->key >> 48);
    buffer->large = entry->value & LARGE ? &ledger.large[entry->value & ~LARGE] : NULL;
    buffer->domain = buffer->large ? buffer->large->domain : ARRAY;
    buffer->nbytes = buffer->large ? (size_t)buffer->large->nbytes : entry->value;
}

bool ledger_find(const void *pointer, Buffer *buffer)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer & ADDRESS_MASK;
    if (address == 0 || ledger.entries == NULL)
        return false;
    size_t i = locate(address);
    if (ledger.entries[i].key == 0)
        return false;
    read_entry(&ledger.entries[i], buffer);
    return true;
}

bool ledger_next(size_t *at, uint64_t *address, Buffer *buffer)
{
    while (ledger.entries && *at <= ledger.mask) {
        const Entry *entry = &ledger.entries[(*at)++];
        if (entry->key) {
            *address = entry->key & ADDRESS_MASK;
            read_entry(entry, buffer);
            return true;
        }
    }
    return false;
}

bool ledger_remove(void *pointer, uint8_t domain, Buffer *buffer)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer & ADDRESS_MASK;
    size_t hole = locate(address), i = hole;
    if (address == 0 || ledger.entries[hole].key == 0)
        return false;
    read_entry(&ledger.entries[hole], buffer);
    if (buffer->domain != domain)
        return false;
    ledger.count--;
    /* Backward shift instead of tombstones: a long run of births and deaths leaves no scars. */
    for (;;) {
        i = (i + 1) & ledger.mask;
        if (ledger.entries[i].key == 0)
            break;
        size_t want = home(ledger.entries[i].key & ADDRESS_MASK);
        if (((i - want) & ledger.mask) >= ((i - hole) & ledger.mask)) {
            ledger.entries[hole] = ledger.entries[i];
            hole = i;
        }
    }
    ledger.entries[hole].key = 0;
    return true;
}

uint32_t ledger_index(const Large *large) { return (uint32_t)(large - ledger.large); }

Large *ledger_large(uint32_t index) { return &ledger.large[index]; }

void ledger_release(Large *large)
{
    large->written = 0; /* nobody holds it any more */
    ledger.spare[ledger.spare_count++] = ledger_index(large);
}

void ledger_renumber(const uint16_t *rank)
{
    for (size_t i = 0; i <= ledger.mask; i++) {
        uint64_t key = ledger.entries[i].key;
        if (key)
            ledger.entries[i].key = (key & ADDRESS_MASK) | (uint64_t)rank[key >> 48] << 48;
    }
}
