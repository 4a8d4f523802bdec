#include "common/numpy_api.h"

#include "tracker/holders/array_memory.h"
#include "tracker/holders/holders_journal.h"
#include "tracker/lock.h"
#include "common/grow.h"
#include "common/text.h"

#include <string.h>

/* How reliably a sighting names the buffer. */
enum Sighting { UNSEEN = 0, BY_VIEW = 1, BY_OWNER = 2, LISTED = 3 /* after the search */ };

/* Bytes without a name that are worth a walk through objects, and those that are worth no other search of the same peak. */
enum { LEAST_NAMELESS = 64 * 1024, PART_OF_LIVE = 20, ENOUGH_OF_LIVE = 100 };

/* The buffers that were last written as held. A buffer that a later search does not find has lost its name meanwhile, and
 * that must be written too. Guarded by the GIL. */
static struct {
    uint32_t *indices;
    size_t count, capacity;
} held;

static int64_t live_locked(const Search *search)
{
    ASSERT_LOCKED();
    int64_t live = 0;
    for (unsigned i = 0; i < search->count; i++) {
        int64_t each = recording_nameable(search->recordings[i], search->outside);
        live = each > live ? each : live;
    }
    return live;
}

static bool remember_held_locked(const Large *large)
{
    ASSERT_LOCKED();
    uint32_t *indices = grow_array(held.indices, held.count, &held.capacity, sizeof *indices);
    if (indices == NULL)
        return false;
    held.indices = indices;
    held.indices[held.count++] = large_index_locked(large);
    return true;
}

static uint32_t text_length(PyObject *text)
{
    return text && PyUnicode_Check(text) ? (uint32_t)text_utf8(text, NULL) : 0;
}

static char *append_text(char *room, PyObject *text)
{
    return text && PyUnicode_Check(text) ? room + text_utf8(text, room) : room;
}

/* A search before a death describes the state after it: at a peak made by the last event the name was still there. */
static int64_t events_until(const Search *search, const Recording *recording)
{
    return (int64_t)recording->journal.header->events + (search->occasion == BEFORE_DEATH);
}

static void write_sighting_locked(const Search *search, Recording *recording, const Large *large, PyArrayObject *array,
                                  bool is_view, Variable variable, PyObject *dtype)
{
    ASSERT_LOCKED();
    SightingRecord head = {.buffer = (int64_t)recording_number(recording, large),
                           .events = events_until(search, recording),
                           .itemsize = (uint32_t)PyArray_ITEMSIZE(array),
                           .is_view = is_view,
                           .ndim = (uint8_t)PyArray_NDIM(array),
                           .kind = PyArray_DESCR(array)->kind,
                           .byteorder = PyArray_DESCR(array)->byteorder,
                           .name = text_length(variable.name),
                           .item = variable.item_nbytes,
                           .function = text_length(variable.function),
                           .dtype = text_length(dtype)};
    size_t shape = head.ndim * sizeof(npy_intp);
    char *text = journal_detail(&recording->journal, TEXT_SIGHTING,
                                sizeof head + shape + head.name + head.item + head.function + head.dtype);
    if (text == NULL)
        return;
    memcpy(text, &head, sizeof head), text += sizeof head;
    memcpy(text, PyArray_DIMS(array), shape), text += shape;
    text = append_text(text, variable.name);
    memcpy(text, variable.item, head.item), text += head.item;
    text = append_text(text, variable.function);
    append_text(text, dtype);
    journal_detail_done(&recording->journal);
}

/* A sighting without a name: the last one of the buffer no longer holds. */
static void write_loss_locked(const Search *search, Recording *recording, const Large *large)
{
    ASSERT_LOCKED();
    SightingRecord head = {.buffer = (int64_t)recording_number(recording, large),
                           .events = events_until(search, recording),
                           .kind = 'V',
                           .byteorder = '|'};
    void *text = head.buffer < 0 ? NULL : journal_detail(&recording->journal, TEXT_SIGHTING, sizeof head);
    if (text == NULL)
        return;
    memcpy(text, &head, sizeof head);
    journal_detail_done(&recording->journal);
}

static void write_loss_to_all_locked(const Search *search, const Large *large)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < search->count; i++)
        write_loss_locked(search, search->recordings[i], large);
}

static void write_losses_locked(const Search *search)
{
    ASSERT_LOCKED();
    size_t kept = 0;
    for (size_t i = 0; i < held.count; i++) {
        Large *large = large_at_locked(held.indices[i]);
        if (large->written == 0) /* dead, or its index belongs to another buffer */
            continue;
        if (large->search == search->number || large->extent > search->extent) {
            /* A dead buffer and the one that has its index now must be listed once. */
            if (large->search != search->number || large->sighting != LISTED)
                held.indices[kept++] = held.indices[i];
            large->search = search->number, large->sighting = LISTED;
            continue;
        }
        large->written = 0;
        write_loss_to_all_locked(search, large);
    }
    held.count = kept;
}

/* A number for "this array under this name", never 0; a buffer held as before is not written again. */
static uint32_t identify(PyArrayObject *array, Variable variable)
{
    uint64_t h = (uintptr_t)array ^ ((uintptr_t)variable.name * 31) ^ ((uintptr_t)variable.function * 17);
    for (uint32_t i = 0; i < variable.item_nbytes; i++)
        h = h * 131 + (unsigned char)variable.item[i];
    return (uint32_t)((h * 0x9E3779B97F4A7C15u) >> 32) | 1;
}

/* Whether the search is for the names of such buffers. */
static bool is_sought(const Search *search, uint8_t domain)
{
    return domain == ARRAY || (domain == NATIVE && search->outside);
}

static void note_sighting_locked(Search *search, PyArrayObject *array, const void *key, Variable variable, PyObject *dtype)
{
    ASSERT_LOCKED();
    Buffer buffer;
    if (!ledger_find_locked(key, &buffer) || buffer.large == NULL)
        return;
    /* No array owns other memory than NumPy's. */
    bool is_view = buffer.domain == ARRAY && !PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA);
    uint8_t sighting = is_view ? BY_VIEW : BY_OWNER;
    Large *large = buffer.large;
    if (large->search == search->number && large->sighting >= sighting)
        return;
    if (sighting == BY_OWNER)
        large_set_form_locked(large);
    bool seen_now = large->search == search->number;
    large->search = search->number, large->sighting = sighting;
    if (!seen_now && is_sought(search, buffer.domain)) {
        bool was_known = large->written && large->extent > IN_VARIABLES;
        search->named += (int64_t)buffer.nbytes;
        search->nameless -= was_known ? 0 : (int64_t)buffer.nbytes;
    }
    uint32_t identity = identify(array, variable);
    if (identity == large->written)
        large->extent = (uint8_t)search->now;
    if (identity == large->written || (large->written == 0 && !remember_held_locked(large)))
        return;
    if (large->written && !seen_now)
        write_loss_to_all_locked(search, large);
    large->written = identity, large->extent = (uint8_t)search->now;
    for (unsigned i = 0; i < search->count; i++)
        if (recording_saw(search->recordings[i], &buffer))
            write_sighting_locked(search, search->recordings[i], large, array, is_view, variable, dtype);
}

Search holders_begin_search(Recording **recordings, unsigned count, Occasion occasion, Passing passing, bool outside)
{
    static uint32_t searches; /* guarded by the GIL */
    return (Search){.recordings = recordings, .count = count, .occasion = occasion, .number = ++searches,
                    .passing = passing, .outside = outside};
}

static void note_all_locked(Search *search, PyArrayObject *array, const void **keys, unsigned count, Variable variable,
                            PyObject *dtype)
{
    ASSERT_LOCKED();
    for (unsigned i = 0; i < count; i++)
        note_sighting_locked(search, array, keys[i], variable, dtype);
}

void holders_note(Search *search, PyArrayObject *array, Variable variable, PyObject *dtype)
{
    PyArrayObject *root = array;
    while (PyArray_BASE(root) && PyArray_Check(PyArray_BASE(root)))
        root = (PyArrayObject *)PyArray_BASE(root);
    const void *keys[MOST_KEYS];
    lock_enter(true);
    note_all_locked(search, array, keys, array_memory_locked(root, keys), variable, dtype);
    lock_leave();
}

void holders_note_at(Search *search, PyArrayObject *array, const void *data, Variable variable, PyObject *dtype)
{
    const void *keys[MOST_KEYS];
    lock_enter(true);
    note_all_locked(search, array, keys, memory_at_locked(data, (size_t)PyArray_NBYTES(array), keys), variable, dtype);
    lock_leave();
}

static int64_t find_nameless_locked(const Search *search)
{
    ASSERT_LOCKED();
    int64_t named = search->named;
    for (size_t i = 0; i < held.count; i++) {
        const Large *large = large_at_locked(held.indices[i]);
        if (large->written && large->extent > IN_VARIABLES && large->search != search->number &&
            is_sought(search, large->domain))
            named += large->nbytes;
    }
    return live_locked(search) - named - (int64_t)search->passing.buffer.nbytes;
}

bool holders_are_wanted(Search *search)
{
    lock_enter(true);
    int64_t live = live_locked(search);
    search->nameless = find_nameless_locked(search);
    lock_leave();
    return holders_are_left(search) && search->nameless > live / PART_OF_LIVE;
}

bool holders_are_complete(const Search *search)
{
    lock_enter(true);
    int64_t live = live_locked(search), nameless = find_nameless_locked(search);
    lock_leave();
    return nameless < LEAST_NAMELESS || nameless <= live / ENOUGH_OF_LIVE;
}

bool holders_are_left(const Search *search) { return search->nameless >= LEAST_NAMELESS; }

void holders_end_search(const Search *search)
{
    lock_enter(true);
    write_losses_locked(search);
    for (unsigned i = 0; i < search->count; i++)
        compact_after_sighting_locked(&search->recordings[i]->journal, &search->recordings[i]->compactions);
    lock_leave();
}

size_t holders_count(void) { return held.count; }

size_t holders_in_variables(void)
{
    size_t count = 0;
    lock_enter(true);
    for (size_t i = 0; i < held.count; i++) {
        const Large *large = large_at_locked(held.indices[i]);
        count += large->written != 0 && large->extent <= IN_VARIABLES && large->domain == ARRAY;
    }
    lock_leave();
    return count;
}

void holders_forget(void) { held.count = 0; }
