#include "tracker/ledger/ledger.h"
#include "tracker/lock.h"

#include <stdlib.h>
#include <string.h>

/* 16 bytes an entry, so that a million small arrays cost 32 MiB. No platform gives user memory above
 * 48 bits unless asked, and a tag in the top byte does not make two buffers share the rest. */
typedef struct Entry {
    uint64_t key; /* low 48 bits of the pointer, generation above them; 0 is empty */
    uint32_t stack;
    uint32_t value; /* bytes of a small array; or LARGE with the index of a Large, with OTHER too if it is not an array */
} Entry;

#define ADDRESS_MASK ((UINT64_C(1) << 48) - 1)
#define LARGE UINT32_C(0x80000000)
#define OTHER UINT32_C(0x40000000)
#define INDEX (OTHER - 1)

static struct {
    Entry *entries;
    size_t mask, room; /* `room`: entries that can be added before it grows */
    size_t threshold;
} ledger;

/* Fibonacci hashing; neighbours in memory must not be neighbours here, or probing runs long. */
static inline size_t home(uint64_t address) { return (size_t)(((address >> 3) * 0x9E3779B97F4A7C15u) >> 20) & ledger.mask; }

/* Whether an entry has the address. Shifted, not masked: a mask takes one register more, and the hot path has none left. */
static inline bool has_address(const Entry *entry, uint64_t address) { return (entry->key ^ address) << 16 == 0; }

static inline size_t locate_locked(uint64_t address)
{
    ASSERT_LOCKED();
    size_t i = home(address);
    while (ledger.entries[i].key && !has_address(&ledger.entries[i], address))
        i = (i + 1) & ledger.mask;
    return i;
}

/* At most 3/4 of the entries are used: linear probing is short, and a million buffers take less than 64 MiB. */
static size_t capacity(void) { return (ledger.mask + 1) / 4 * 3; }

static void resize(size_t size)
{
    size_t count = ledger.entries ? capacity() - ledger.room : 0;
    ledger.mask = size - 1;
    ledger.room = capacity() - count;
}

/* `count` empty entries, and one more that is not empty, for empty_locked. NULL without memory. */
static Entry *make_entries(size_t count)
{
    Entry *entries = calloc(count + 1, sizeof *entries);
    if (entries)
        entries[count].key = 1;
    return entries;
}

bool ledger_open(size_t threshold)
{
    memset(&ledger, 0, sizeof ledger);
    ledger.threshold = threshold;
    large_open();
    resize(1 << 12);
    ledger.entries = make_entries(ledger.mask + 1);
    return ledger.entries != NULL;
}

void ledger_close(void)
{
    free(ledger.entries);
    large_close();
    memset(&ledger, 0, sizeof ledger);
}

void ledger_set_threshold_locked(size_t threshold)
{
    ASSERT_LOCKED();
    ledger.threshold = threshold;
}

size_t ledger_count(void) { return ledger.entries ? capacity() - ledger.room : 0; }

__attribute__((noinline)) static bool grow_entries_locked(void)
{
    ASSERT_LOCKED();
    Entry *old = ledger.entries;
    size_t old_size = ledger.mask + 1;
    Entry *entries = make_entries(2 * old_size);
    if (entries == NULL)
        return false;
    resize(2 * old_size);
    ledger.entries = entries;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].key)
            entries[locate_locked(old[i].key & ADDRESS_MASK)] = old[i];
    free(old);
    return true;
}

Added ledger_add_locked(void *pointer, Buffer *buffer)
{
    ASSERT_LOCKED();
    uint64_t address = (uint64_t)(uintptr_t)pointer & ADDRESS_MASK;
    if (__builtin_expect(ledger.room == 0, 0) && !grow_entries_locked())
        return NO_MEMORY;
    size_t i = locate_locked(address);
    if (__builtin_expect(ledger.entries[i].key != 0, 0))
        return KNOWN;
    uint32_t value = (uint32_t)buffer->nbytes;
    buffer->large = NULL;
    if (buffer->nbytes >= ledger.threshold || buffer->domain != ARRAY) {
        uint32_t index = large_take_locked();
        if (__builtin_expect(index == LARGE_NONE, 0))
            return NO_MEMORY;
        value = LARGE | (buffer->domain == ARRAY ? 0 : OTHER) | index;
        buffer->large = large_at_locked(index);
        *buffer->large = (Large){.nbytes = (int64_t)buffer->nbytes, .domain = buffer->domain};
    }
    ledger.room--;
    ledger.entries[i] = (Entry){address | (uint64_t)buffer->generation << 48, buffer->stack, value};
    return ADDED;
}

/* Fills an empty entry, if the address has none yet and one can be added; else NULL. */
static inline Entry *add_entry_locked(uint64_t address, NodeId stack, uint16_t generation)
{
    ASSERT_LOCKED();
    Entry *entry = &ledger.entries[locate_locked(address)];
    if (__builtin_expect(entry->key != 0 || ledger.room == 0, 0))
        return NULL;
    ledger.room--;
    entry->key = address | (uint64_t)generation << 48;
    entry->stack = stack;
    return entry;
}

bool ledger_add_small_locked(void *pointer, size_t nbytes, NodeId stack, uint16_t generation)
{
    ASSERT_LOCKED();
    Entry *entry = add_entry_locked((uint64_t)(uintptr_t)pointer & ADDRESS_MASK, stack, generation);
    if (entry)
        entry->value = (uint32_t)nbytes;
    return entry;
}

Large *ledger_add_large_locked(void *pointer, size_t nbytes, NodeId stack, uint16_t generation)
{
    ASSERT_LOCKED();
    if (!large_has_spare_locked())
        return NULL;
    Entry *entry = add_entry_locked((uint64_t)(uintptr_t)pointer & ADDRESS_MASK, stack, generation);
    if (entry == NULL)
        return NULL;
    uint32_t index = large_take_spare_locked();
    entry->value = LARGE | index;
    Large *large = large_at_locked(index); /* nothing is written of it, see large_give_back_locked */
    large->nbytes = (int64_t)nbytes;
    return large;
}

static inline void read_entry_locked(const Entry *entry, Buffer *buffer)
{
    ASSERT_LOCKED();
    buffer->stack = entry->stack;
    buffer->generation = (uint16_t)(entry->key >> 48);
    buffer->large = entry->value & LARGE ? large_at_locked(entry->value & INDEX) : NULL;
    buffer->domain = buffer->large && entry->value & OTHER ? buffer->large->domain : ARRAY;
    buffer->nbytes = buffer->large ? (size_t)buffer->large->nbytes : entry->value;
}

bool ledger_find_locked(const void *pointer, Buffer *buffer)
{
    ASSERT_LOCKED();
    uint64_t address = (uint64_t)(uintptr_t)pointer & ADDRESS_MASK;
    if (address == 0 || ledger.entries == NULL)
        return false;
    size_t i = locate_locked(address);
    if (ledger.entries[i].key == 0)
        return false;
    read_entry_locked(&ledger.entries[i], buffer);
    return true;
}

bool ledger_next_locked(size_t *at, uint64_t *address, Buffer *buffer)
{
    ASSERT_LOCKED();
    while (ledger.entries && *at <= ledger.mask) {
        const Entry *entry = &ledger.entries[(*at)++];
        if (entry->key) {
            *address = entry->key & ADDRESS_MASK;
            read_entry_locked(entry, buffer);
            return true;
        }
    }
    return false;
}

/* Backward shift instead of tombstones, which would make probing longer and longer in a long run. */
__attribute__((noinline)) static void shift_back_locked(size_t hole)
{
    ASSERT_LOCKED();
    for (size_t i = (hole + 1) & ledger.mask; ledger.entries[i].key; i = (i + 1) & ledger.mask) {
        size_t want = home(ledger.entries[i].key & ADDRESS_MASK);
        if (((i - want) & ledger.mask) >= ((i - hole) & ledger.mask)) {
            ledger.entries[hole] = ledger.entries[i];
            hole = i;
        }
    }
    ledger.entries[hole].key = 0;
}

static inline void empty_locked(Entry *entry)
{
    ASSERT_LOCKED();
    ledger.room++;
    if (entry[1].key == 0) /* the one after the last entry is never empty, so the loop checks the first */
        entry->key = 0;
    else
        shift_back_locked((size_t)(entry - ledger.entries));
}

bool ledger_remove_locked(void *pointer, uint8_t domain, Buffer *buffer)
{
    ASSERT_LOCKED();
    uint64_t address = (uint64_t)(uintptr_t)pointer & ADDRESS_MASK;
    size_t i = locate_locked(address);
    if (ledger.entries[i].key == 0)
        return false;
    read_entry_locked(&ledger.entries[i], buffer);
    if (buffer->domain != domain)
        return false;
    empty_locked(&ledger.entries[i]);
    return true;
}

bool ledger_look_up_locked(const void *pointer, Found *found)
{
    ASSERT_LOCKED();
    size_t i = locate_locked((uint64_t)(uintptr_t)pointer & ADDRESS_MASK);
    Entry *entry = &ledger.entries[i];
    *found = (Found){entry, entry->value, entry->stack, (uint16_t)(entry->key >> 48)};
    return entry->key;
}

FoundKind ledger_kind(Found found)
{
    return !(found.value & LARGE) ? SMALL_ARRAY : found.value & OTHER ? NO_ARRAY : LARGE_ARRAY;
}

Large *ledger_large_found_locked(Found found)
{
    ASSERT_LOCKED();
    return large_at_locked(found.value & INDEX);
}

void ledger_remove_found_locked(Entry *at)
{
    ASSERT_LOCKED();
    empty_locked(at);
}

void ledger_release_found_locked(Found found)
{
    ASSERT_LOCKED();
    large_give_back_locked(found.value & INDEX);
}

void ledger_renumber_locked(const uint16_t *rank)
{
    ASSERT_LOCKED();
    for (size_t i = 0; i <= ledger.mask; i++) {
        uint64_t key = ledger.entries[i].key;
        if (key)
            ledger.entries[i].key = (key & ADDRESS_MASK) | (uint64_t)rank[key >> 48] << 48;
    }
}
