#include "tracker/holders/garbage_journal.h"
#include "tracker/lock.h"

#include <string.h>

static const char garbage[] = "<garbage>"; /* `ndmem.model.holder.GARBAGE`; no function of Python has such a name */

void garbage_note_locked(Recording *recording, const Large *large)
{
    ASSERT_LOCKED();
    uint32_t length = sizeof garbage - 1;
    SightingRecord head = {.buffer = (int64_t)recording_number(recording, large),
                           .events = (int64_t)recording->journal.header->events + 1,
                           .kind = 'V',
                           .byteorder = '|',
                           .function = length};
    char *text = journal_detail(&recording->journal, TEXT_SIGHTING, sizeof head + length);
    if (text == NULL)
        return;
    memcpy(text, &head, sizeof head);
    memcpy(text + sizeof head, garbage, length);
    journal_detail_done(&recording->journal);
}
