#include "tracker/holders/forms_journal.h"
#include "tracker/lock.h"

#include <string.h>

/* A buffer that is being freed is in the ledger no more. */
static bool find_formless_locked(const Search *search, const void *data, Buffer *buffer)
{
    ASSERT_LOCKED();
    if (search->passing.is_dying && data == search->passing.data)
        *buffer = search->passing.buffer;
    else if (!ledger_find_locked(data, buffer))
        return false;
    return buffer->large && buffer->domain == ARRAY && !buffer->large->has_form;
}

int64_t forms_missing_in_all(const Search *search, int64_t *live_nbytes)
{
    lock_enter(true);
    int64_t live = 0;
    for (unsigned i = 0; i < search->count; i++) {
        int64_t each = search->recordings[i]->journal.header->live;
        live = each > live ? each : live;
    }
    int64_t formed = large_formed_locked();
    lock_leave();
    *live_nbytes = live;
    return live - formed;
}

size_t forms_missing_nbytes(const Search *search, const void *data)
{
    Buffer buffer;
    lock_enter(true);
    size_t nbytes = find_formless_locked(search, data, &buffer) ? buffer.nbytes : 0;
    lock_leave();
    return nbytes;
}

static void write_form_locked(Recording *recording, const Large *large, const ArrayForm *form)
{
    ASSERT_LOCKED();
    FormRecord head = {.buffer = (int64_t)recording_number(recording, large),
                       .itemsize = form->itemsize,
                       .ndim = form->ndim,
                       .kind = form->kind,
                       .byteorder = form->byteorder};
    size_t shape = head.ndim * sizeof *form->shape;
    char *text = journal_detail(&recording->journal, TEXT_FORM, sizeof head + shape);
    if (text == NULL)
        return;
    memcpy(text, &head, sizeof head);
    memcpy(text + sizeof head, form->shape, shape);
    journal_detail_done(&recording->journal);
}

static void note_form_locked(const Search *search, const void *data, const ArrayForm *form)
{
    ASSERT_LOCKED();
    Buffer buffer;
    if (!find_formless_locked(search, data, &buffer))
        return;
    large_set_form_locked(buffer.large);
    for (unsigned i = 0; i < search->count; i++)
        if (recording_saw(search->recordings[i], &buffer))
            write_form_locked(search->recordings[i], buffer.large, form);
}

void forms_note(const Search *search, const void *data, const ArrayForm *form)
{
    lock_enter(true);
    note_form_locked(search, data, form);
    lock_leave();
}
