#define PY_SSIZE_T_CLEAN
#include "tracker/recording/recording_tally.h"

#include <stdlib.h>

const char recording_tally_doc[] =
    "tally()\n--\n\nCounters of one moment: bytes, highest bytes and number of live arrays, bytes and number of all arrays, live "
    "and highest native bytes (None where native memory is not watched), and the live bytes of each node as 64-bit integers.";

typedef struct {
    JournalHeader header;
    int64_t live_count, total, count;
    int64_t *live; /* by node */
    size_t nodes;
} Tally;

static void add_node(Tally *tally, const NodeRecord *node)
{
    tally->live[tally->nodes++] = node->live;
    if (node->domain == ARRAY)
        tally->total += node->total, tally->count += node->count;
}

/* A pass over the nodes' blocks, in order of their numbers: 0.1 ms for 10,000. False without memory. */
static bool count_locked(const Recording *recording, Tally *tally)
{
    ASSERT_LOCKED();
    const Journal *journal = &recording->journal;
    *tally = (Tally){.header = *journal->header, .live_count = recording->live_count};
    tally->live = malloc((recording->record_count + 1) * sizeof *tally->live);
    if (tally->live == NULL)
        return false;
    for (uint32_t i = 0; i < journal->block_count; i++) {
        const BlockHeader *block = journal->blocks[i].at;
        if (journal->blocks[i].type != NODES || block == NULL)
            continue;
        const NodeRecord *nodes = (const NodeRecord *)(block + 1);
        for (size_t k = 0; k < block->used / sizeof *nodes; k++)
            add_node(tally, &nodes[k]);
    }
    return true;
}

static PyObject *native_figure(const JournalHeader *header, int64_t nbytes)
{
    return header->native_threshold ? PyLong_FromLongLong(nbytes) : Py_NewRef(Py_None);
}

PyObject *recording_tally(const Recording *recording)
{
    Tally tally;
    lock_enter(true);
    bool counted = count_locked(recording, &tally);
    lock_leave();
    if (!counted)
        return PyErr_NoMemory();
    PyObject *result = Py_BuildValue(
        "LLLLLNNy#", (long long)tally.header.live, (long long)tally.header.peak, (long long)tally.live_count,
        (long long)tally.total, (long long)tally.count, native_figure(&tally.header, tally.header.native_live),
        native_figure(&tally.header, tally.header.native_peak), (const char *)tally.live, (Py_ssize_t)(tally.nodes * sizeof *tally.live));
    free(tally.live);
    return result;
}
