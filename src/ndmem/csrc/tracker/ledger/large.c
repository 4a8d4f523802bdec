#include "tracker/ledger/large.h"
#include "tracker/lock.h"

#include <stdlib.h>

static struct {
    Large *items;
    uint32_t count, capacity;
    int64_t formed; /* bytes of arrays with `has_form` */
    uint32_t spare; /* the first index that was freed, or LARGE_NONE; each has the next */
} larges;

void large_open(void) { larges.spare = LARGE_NONE; }

void large_close(void)
{
    free(larges.items);
    larges.items = NULL;
    larges.count = larges.capacity = 0;
    larges.formed = 0;
    larges.spare = LARGE_NONE;
}

static bool grow_locked(void)
{
    ASSERT_LOCKED();
    uint32_t capacity = larges.capacity ? 2 * larges.capacity : 256;
    Large *items = capacity <= LARGE_MAX ? realloc(larges.items, capacity * sizeof *items) : NULL;
    if (items == NULL)
        return false;
    larges.items = items, larges.capacity = capacity;
    return true;
}

bool large_has_spare_locked(void)
{
    ASSERT_LOCKED();
    return larges.spare != LARGE_NONE;
}

uint32_t large_take_spare_locked(void)
{
    ASSERT_LOCKED();
    uint32_t index = larges.spare;
    larges.spare = larges.items[index].next_spare;
    return index;
}

uint32_t large_take_locked(void)
{
    ASSERT_LOCKED();
    if (large_has_spare_locked())
        return large_take_spare_locked();
    if (larges.count == larges.capacity && !grow_locked())
        return LARGE_NONE;
    return larges.count++;
}

Large *large_at_locked(uint32_t index)
{
    ASSERT_LOCKED();
    return &larges.items[index];
}

uint32_t large_index_locked(const Large *large)
{
    ASSERT_LOCKED();
    return (uint32_t)(large - larges.items);
}

void large_set_form_locked(Large *large)
{
    ASSERT_LOCKED();
    if (!large->has_form && large->domain == 0)
        larges.formed += large->nbytes;
    large->has_form = true;
}

int64_t large_formed_locked(void)
{
    ASSERT_LOCKED();
    return larges.formed;
}

void large_give_back_locked(uint32_t index)
{
    ASSERT_LOCKED();
    Large *large = &larges.items[index];
    if (large->has_form && large->domain == 0)
        larges.formed -= large->nbytes;
    large->written = 0, large->has_form = false; /* nothing is written any more */
    large->domain = 0; /* an array's: who takes a freed index for one does not write it */
    large->next_spare = larges.spare;
    larges.spare = index;
}
