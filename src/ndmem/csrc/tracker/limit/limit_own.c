#include "tracker/limit/limit_own.h"

#include "tracker/lock.h"

#include <stdlib.h>

/* The low bits of an address are zero and its high ones are the same for all: the product spreads those between. */
static size_t place_of(const OwnBuffers *own, uint64_t address)
{
    size_t i = (size_t)((address >> 3) * 0x9E3779B97F4A7C15u >> 20) & own->mask;
    while (own->addresses[i] && own->addresses[i] != address)
        i = (i + 1) & own->mask;
    return i;
}

static bool grow(OwnBuffers *own)
{
    uint64_t *old = own->addresses;
    size_t old_size = old ? own->mask + 1 : 0, size = old ? 2 * old_size : 256;
    uint64_t *grown = calloc(size, sizeof *grown);
    if (grown == NULL)
        return false;
    own->addresses = grown, own->mask = size - 1;
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            grown[place_of(own, old[i])] = old[i];
    free(old);
    return true;
}

bool limit_own_add_locked(OwnBuffers *own, const void *pointer)
{
    ASSERT_LOCKED();
    if (2 * (own->count + 1) > own->mask + (own->addresses != NULL) && !grow(own))
        return false;
    size_t i = place_of(own, (uintptr_t)pointer);
    own->count += own->addresses[i] == 0;
    own->addresses[i] = (uintptr_t)pointer;
    return true;
}

bool limit_own_has_locked(const OwnBuffers *own, const void *pointer)
{
    ASSERT_LOCKED();
    return own->addresses && own->addresses[place_of(own, (uintptr_t)pointer)];
}

void limit_own_remove_locked(OwnBuffers *own, const void *pointer)
{
    ASSERT_LOCKED();
    size_t hole = place_of(own, (uintptr_t)pointer);
    own->addresses[hole] = 0;
    own->count--;
    /* Those behind the hole go in again: each then lies where it is looked for. */
    for (size_t i = (hole + 1) & own->mask; own->addresses[i]; i = (i + 1) & own->mask) {
        uint64_t address = own->addresses[i];
        own->addresses[i] = 0;
        own->addresses[place_of(own, address)] = address;
    }
}

void limit_own_clear(OwnBuffers *own)
{
    free(own->addresses);
    *own = (OwnBuffers){0};
}
