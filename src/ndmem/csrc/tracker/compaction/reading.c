#include "tracker/compaction/reading.h"

Reading reading_begin(Journal *journal, BlockType type, uint64_t *last)
{
    const BlockHeader *filled = type == EVENTS ? journal->events : journal->details;
    *last = 0;
    for (uint32_t i = 0; i < journal->block_count && journal->blocks[i].sequence < filled->sequence; i++)
        if (journal->blocks[i].type == type && journal_counts(journal, &journal->blocks[i]))
            *last = journal->blocks[i].sequence;
    return (Reading){.journal = journal, .type = type, .end = filled->sequence};
}

bool reading_enter_block(Reading *reading)
{
    Journal *journal = reading->journal;
    uint32_t at = journal_find(journal, reading->next);
    while (at < journal->block_count &&
           (journal->blocks[at].type != reading->type || !journal_counts(journal, &journal->blocks[at])))
        at++;
    if (at == journal->block_count || journal->blocks[at].sequence >= reading->end)
        return false;
    reading->seen = journal_look(journal, &journal->blocks[at]);
    reading->failed = reading->seen == NULL;
    reading->block = at, reading->at = 0, reading->next = journal->blocks[at].sequence + 1;
    return !reading->failed;
}

void reading_leave_block(Reading *reading)
{
    journal_leave(&reading->journal->blocks[reading->block], reading->seen);
    reading->seen = NULL;
}

const EventRecord *reading_event(Reading *reading)
{
    uint64_t at = reading->at;
    if (at + sizeof(EventRecord) > reading->seen->used)
        return NULL;
    reading->at += sizeof(EventRecord), reading->records++;
    return (const EventRecord *)((const char *)(reading->seen + 1) + at);
}

const TextHeader *reading_text(Reading *reading)
{
    if (reading->at >= reading->seen->used)
        return NULL;
    const TextHeader *text = (const TextHeader *)((const char *)(reading->seen + 1) + reading->at);
    reading->at += journal_text_span(text->nbytes), reading->records++;
    return text;
}
