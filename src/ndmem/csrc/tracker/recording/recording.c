#include "common/clock.h"
#include "tracker/lock.h"
#include "tracker/recording/records.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Records of all nodes that there can be: 2 MiB of addresses, of which the system gives the pages in use. Not from calloc: once
 * malloc has had such a block back, it takes the next from its heap and clears all of it, a quarter of a short recording. */
enum { RECORDS_NBYTES = MAX_NODES * sizeof(NodeRecord *) };

static NodeRecord **map_records(void)
{
    void *at = mmap(NULL, RECORDS_NBYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

bool recording_open(Recording *recording, int file, size_t threshold, uint64_t compact_at)
{
    memset(recording, 0, sizeof *recording);
    recording->compactions.slice = COMPACTION_SLICE;
    if (!journal_open(&recording->journal, file, threshold, compact_at))
        return false;
    recording->journal.header->started_ns = clock_read(CLOCK_REALTIME);
    return true;
}

void recording_keep_counters(Recording *recording, uint32_t max_stacks)
{
    recording->max_stacks = max_stacks;
    recording->journal.counts_only = true;
    recording->journal.header->threshold = COUNTED_ONLY;
}

void recording_close(Recording *recording)
{
    if (recording->records)
        munmap(recording->records, RECORDS_NBYTES);
    compaction_forget(&recording->compactions);
    journal_close(&recording->journal);
    memset(recording, 0, sizeof *recording);
    recording->journal.file = -1;
}

bool recording_start_locked(Recording *recording, uint16_t generation, uint64_t first_serial, size_t native_threshold)
{
    ASSERT_LOCKED();
    recording->generation = generation;
    recording->first_serial = first_serial;
    recording->budget = -1;
    recording->total_bound = native_threshold ? 0 : INT64_MAX;
    recording->started = clock_now();
    recording->ticked = clock_coarse();
    JournalHeader *header = recording->journal.header;
    header->started_ns = clock_read(CLOCK_REALTIME);
    header->native_threshold = native_threshold;
    header->parent = (uint32_t)getppid();
    header->state = RUNNING;
    NodeRecord root = {.id = ROOT, .code = ROOT, .offset = -1, .lineno = -1, .end_lineno = -1, .col = -1, .end_col = -1,
                       .max_live = -1, .max_native = -1};
    recording->records = map_records();
    if (recording->records == NULL)
        return false;
    recording->records[ROOT] = journal_node(&recording->journal, &root);
    recording->record_count = 1;
    if (native_threshold) {
        root.id = recording->record_count++, root.domain = NATIVE;
        recording->records[NATIVE_ROOT] = journal_node(&recording->journal, &root);
    }
    return !recording_counts_only(recording) || records_add_other_locked(recording);
}

void recording_note_merged_locked(Recording *recording)
{
    ASSERT_LOCKED();
    bool places = recording->other ? recording->other->count > 0 : tree_is_full();
    recording->journal.header->merged = (places ? MERGED_PLACES : 0) | (stack_shares_numbers() ? MERGED_THREADS : 0);
}

void recording_note_duration_locked(Recording *recording)
{
    ASSERT_LOCKED();
    recording->journal.header->duration_ns = clock_now() - recording->started;
    recording_note_merged_locked(recording);
}

void recording_stop_locked(Recording *recording)
{
    ASSERT_LOCKED();
    recording_note_duration_locked(recording);
    compaction_stop_locked(&recording->journal, &recording->compactions);
    recording->journal.header->state = STOPPED;
}

void recording_place_locked(Recording *recording, NodeId stack)
{
    ASSERT_LOCKED();
    (void)records_of_locked(recording, stack);
}

static void fill_library(char *text, int64_t number, const char *library)
{
    memcpy(text, &number, sizeof number);
    memcpy(text + sizeof number, library, strlen(library));
}

void recording_origin_locked(Recording *recording, const Buffer *buffer, const char *library)
{
    ASSERT_LOCKED();
    Journal *journal = &recording->journal;
    char *text = journal_detail(journal, TEXT_ORIGIN, sizeof(int64_t) + strlen(library));
    if (text == NULL)
        return;
    fill_library(text, (int64_t)recording_number(recording, buffer->large), library);
    journal_detail_done(journal);
    compact_if_due_locked(journal, &recording->compactions);
}

void recording_reserved_locked(Recording *recording, size_t nbytes, const char *library)
{
    ASSERT_LOCKED();
    char *text = journal_text(&recording->journal, TEXT_RESERVED, 0, sizeof(int64_t) + strlen(library));
    if (text == NULL)
        return;
    fill_library(text, (int64_t)nbytes, library);
    journal_text_done(&recording->journal);
}

void recording_thread_locked(Recording *recording, uint16_t number, const char *name)
{
    ASSERT_LOCKED();
    char *text = journal_text(&recording->journal, TEXT_THREAD, number, strlen(name));
    if (text == NULL)
        return;
    memcpy(text, name, strlen(name));
    journal_text_done(&recording->journal);
}

void recording_budget_locked(Recording *recording, int64_t budget)
{
    ASSERT_LOCKED();
    if (budget == recording->budget)
        return;
    recording->budget = budget;
    int64_t *text = journal_text(&recording->journal, TEXT_BUDGET, 0, 2 * sizeof *text);
    if (text == NULL)
        return;
    text[0] = (int64_t)recording->journal.header->events;
    text[1] = budget;
    journal_text_done(&recording->journal);
}
