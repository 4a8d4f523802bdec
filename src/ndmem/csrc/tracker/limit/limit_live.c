#include "tracker/limit/limit_live.h"

#include "tracker/lock.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t nbytes;
    size_t count; /* 0 for a stack without live buffers */
    uint8_t domain;
} Sum;

/* The sum of each node, to be freed; NULL without memory. */
static Sum *sum_nodes_locked(uint32_t nodes, size_t *found, CountsBuffer counts, const void *limit)
{
    ASSERT_LOCKED();
    Sum *sums = calloc(nodes, sizeof *sums);
    size_t at = 0;
    uint64_t address;
    Buffer buffer;
    *found = 0;
    while (sums && ledger_next_locked(&at, &address, &buffer)) {
        if (buffer.stack >= nodes || buffer.domain == MAPPED || !counts(limit, (const void *)(uintptr_t)address, buffer.generation))
            continue;
        Sum *sum = &sums[buffer.stack];
        *found += sum->count == 0;
        sum->nbytes += buffer.nbytes;
        sum->count++;
        sum->domain = buffer.domain;
    }
    return sums;
}

void limit_live_take_locked(LiveStacks *live, CountsBuffer counts, const void *limit)
{
    ASSERT_LOCKED();
    limit_live_clear(live);
    uint32_t nodes = tree_count();
    size_t found;
    Sum *sums = sum_nodes_locked(nodes, &found, counts, limit);
    live->stacks = sums && found ? malloc(found * sizeof *live->stacks) : NULL;
    for (NodeId node = 0; live->stacks && live->count < found && node < nodes; node++)
        if (sums[node].count)
            live->stacks[live->count++] = (LiveStack){node, sums[node].domain, sums[node].count, sums[node].nbytes};
    free(sums);
}

bool limit_live_copy_locked(const LiveStacks *live, LiveStacks *copy)
{
    ASSERT_LOCKED();
    /* One more, for of 0 bytes NULL would not mean that there is no memory. */
    *copy = (LiveStacks){malloc((live->count + 1) * sizeof *live->stacks), live->count};
    if (copy->stacks == NULL)
        return false;
    if (live->count)
        memcpy(copy->stacks, live->stacks, live->count * sizeof *live->stacks);
    return true;
}

void limit_live_clear(LiveStacks *live)
{
    free(live->stacks);
    *live = (LiveStacks){0};
}
