#include "tracker/holders/stack_arrays.h"
#include "common/compat_stacks.h"
#include "tracker/holders/checked_read.h"
#include "tracker/holders/forms_journal.h"
#include "tracker/hooks/mappings.h"
#include "tracker/lock.h"

#include <string.h>

/* The table has four times as many places as a search may have words, so that a search in it is short; the first words have few
 * of them, for each page that was not touched yet costs a microsecond, and may be read again when all are used. */
enum { PLACES = 4 * MAX_WORDS, FIRST_WORDS = 64, FIRST_PLACES = 4 * FIRST_WORDS };
/* Bytes of the C stack that are read at once and in all, at most. */
enum { PART_NBYTES = 2 * 1024, OWN_NBYTES = 16 * 1024 };

/* Bytes of arrays without a shape that are worth another word: a hundredth of the live ones, not less than a large array. */
enum { PART_OF_LIVE = 100, LEAST_MISSING = 64 * 1024 };

/* Words that are read at once, at first. */
enum { LEAST_WAITING = 16 };

/* Python's allocator has objects of one size in pools of 16 KiB. Of the words of a C stack one to four are in a pool that had
 * an array before, and mostly the one that is being created is among them: they are read first, for 16 words take 30 µs. */
enum { POOL_SHIFT = 14, POOLS_REMEMBERED = 8 };

/* NumPy's code has the address of the array that it creates at one place of the C stack, counted from that of the hook, for each
 * way into the hook. An array is mostly found there at once. */
enum { SPOTS_REMEMBERED = 8 };

/* Objects are aligned so by Python's allocators. */
enum { OBJECT_ALIGNMENT = 16 };

/* What an array object has in front of its weak references. */
enum { HEAD_NBYTES = offsetof(PyArrayObject_fields, weakreflist) };

/* References to an array that is in use at most. Where an object was freed, an allocator has an address or 0. */
enum { MOST_REFERENCES = 1 << 20 };

static struct {
    Search *search;
    int64_t missing, enough; /* bytes of arrays without a shape, and those that may be left so */
    int64_t out_of_sight; /* without a shape after all was read the last time: small arrays, and what objects hold */
    uintptr_t waiting[CHECKED_READ_MOST];
    uint32_t waiting_count, most_waiting; /* few at first: the array that is being created is mostly among them */
    struct {
        uintptr_t word;
        uint32_t number;
    } places[PLACES];
    bool is_quick;  /* only words in pools where arrays were found are taken */
    bool is_noting; /* owners of views wait for the next time: there are at most as many as words */
    uint32_t number; /* of this search, so that the table need not be cleared */
    uint32_t count, most;
    uintptr_t pools[POOLS_REMEMBERED]; /* where arrays were found last: addresses without their POOL_SHIFT */
    uint32_t next_pool;
    uint32_t spots[SPOTS_REMEMBERED]; /* where arrays that were being created were found last: words from the stack's place on */
    uint32_t spot_count, next_spot;
    uintptr_t newborn; /* the array that is being created, once it is found; else 0 */
} stacks;

static bool is_in_known_pool(uintptr_t word)
{
    for (unsigned i = 0; i < POOLS_REMEMBERED; i++)
        if (stacks.pools[i] == word >> POOL_SHIFT)
            return true;
    return false;
}

static void remember_pool(uintptr_t word)
{
    if (!is_in_known_pool(word))
        stacks.pools[stacks.next_pool++ % POOLS_REMEMBERED] = word >> POOL_SHIFT;
}

/* `words` are the stack's, the first one `from` words after its place. */
static void remember_spot(const uintptr_t *words, size_t count, size_t from)
{
    for (unsigned i = 0; i < stacks.spot_count; i++)
        if (stacks.spots[i] >= from && stacks.spots[i] < from + count && words[stacks.spots[i] - from] == stacks.newborn)
            return;
    for (size_t i = count; i-- > 0;) { /* the last one, for those before depend on more of ndmem's own functions */
        if (words[i] != stacks.newborn)
            continue;
        stacks.spots[stacks.next_spot++ % SPOTS_REMEMBERED] = (uint32_t)(from + i);
        stacks.spot_count += stacks.spot_count < SPOTS_REMEMBERED;
        return;
    }
}

static void note_waiting(void);
static void read_waiting(void);

void stack_arrays_open(void) { stacks.out_of_sight = 0; }

/* Bytes of the array that is being created or freed, if it has no shape. */
static int64_t passing_missing(void) { return (int64_t)forms_missing_nbytes(stacks.search, stacks.search->passing.data); }

void stack_arrays_begin(Search *search, uint32_t words)
{
    stacks.search = search;
    stacks.number++;
    stacks.count = stacks.waiting_count = 0;
    stacks.most_waiting = LEAST_WAITING;
    stacks.most = words < MAX_WORDS ? words : MAX_WORDS;
    stacks.is_quick = true;
    stacks.newborn = 0;
    stacks.missing = forms_missing_in_all(search, &stacks.enough);
    stacks.enough = stacks.enough / PART_OF_LIVE > LEAST_MISSING ? stacks.enough / PART_OF_LIVE : LEAST_MISSING;
    int64_t others = stacks.missing - passing_missing();
    if (stacks.out_of_sight > others)
        stacks.out_of_sight = others;
}

bool stack_arrays_are_left(void) { return stacks.missing - stacks.out_of_sight > stacks.enough; }

void stack_arrays_widen(void)
{
    read_waiting();
    stacks.most_waiting = LEAST_WAITING;
    stacks.is_quick = false;
}

/* Takes the tracker's lock. To read a page brings it into use, and would change what counts of a mapping by its touched
 * pages. Of all allocators of Python only mimalloc (PYTHONMALLOC=mimalloc) has objects in such mappings. */
static bool counts_by_pages(uintptr_t address)
{
    const char *start = (const char *)address, *end = start + HEAD_NBYTES;
    if (!mappings_may_touch(start, end))
        return false;
    lock_enter(true);
    const Mapping *mapping = mappings_find_locked(start);
    bool by_pages = mapping && mapping->start < end && mapping->counting == BY_PAGES;
    lock_leave();
    return by_pages;
}

static void take(uintptr_t word)
{
    if (word % OBJECT_ALIGNMENT || !checked_read_may(word) || stacks.count == stacks.most || !stack_arrays_are_left())
        return;
    size_t places = stacks.count < FIRST_WORDS ? FIRST_PLACES : PLACES;
    size_t place = ((word >> 4) * 0x9E3779B97F4A7C15u >> 32) % places;
    for (; stacks.places[place].number == stacks.number; place = (place + 1) % places)
        if (stacks.places[place].word == word)
            return;
    if (counts_by_pages(word))
        return;
    stacks.places[place].word = word, stacks.places[place].number = stacks.number;
    stacks.count++;
    while (stacks.waiting_count >= stacks.most_waiting && !stacks.is_noting) /* the owners of views may wait again */
        note_waiting();
    stacks.waiting[stacks.waiting_count++] = word;
}

static void add(uintptr_t word)
{
    if (!stacks.is_quick || is_in_known_pool(word))
        take(word);
}

static void take_at_spots(const uintptr_t *words, size_t count)
{
    for (unsigned i = 0; i < stacks.spot_count; i++)
        if (stacks.spots[i] < count)
            take(words[stacks.spots[i]]);
    read_waiting();
}

void stack_arrays_note_frame(Frame *frame)
{
    for (Py_ssize_t i = 0, count = stack_arrays_are_left() ? frame_stack_size(frame) : 0; i < count; i++)
        add(frame_stack_word(frame, i));
}

void stack_arrays_note_own(PyThreadState *thread, uintptr_t place)
{
    static uintptr_t copied[PART_NBYTES / sizeof(uintptr_t)];
    uintptr_t from = place, end = thread_loop_place(thread);
    if (end < from || end - from > OWN_NBYTES)
        end = from + OWN_NBYTES;
    while (from < end && stack_arrays_are_left()) {
        size_t nbytes = end - from < sizeof copied ? end - from : sizeof copied;
        size_t count = checked_read(from, nbytes, copied) / sizeof *copied;
        if (stacks.is_quick)
            take_at_spots(copied, count);
        for (size_t i = 0; i < count; i++)
            if (copied[i] - place > OWN_NBYTES) /* not of this stack itself */
                add(copied[i]);
        read_waiting();
        if (stacks.newborn)
            remember_spot(copied, count, (from - place) / sizeof *copied);
        if (stacks.is_quick || count < sizeof copied / sizeof *copied)
            return;
        from += nbytes;
    }
}

/* Whether an address is that of a type of arrays. */
static bool is_array_type(uintptr_t address)
{
    enum { DEEPEST = 8 };
    for (int i = 0; i < DEEPEST && address != (uintptr_t)&PyArray_Type; i++)
        if (checked_read(address + offsetof(PyTypeObject, tp_base), sizeof address, &address) < sizeof address)
            return false;
    return address == (uintptr_t)&PyArray_Type;
}

/* Reads shape and dtype. False if they do not give these bytes. */
static bool read_form(const PyArrayObject_fields *array, size_t nbytes, ArrayForm *form)
{
    PyArray_Descr dtype;
    size_t head = offsetof(PyArray_Descr, alignment), shape = (size_t)array->nd * sizeof *form->shape;
    if (checked_read((uintptr_t)array->descr, head, &dtype) < head || dtype.elsize <= 0)
        return false;
    if (shape && checked_read((uintptr_t)array->dimensions, shape, form->shape) < shape)
        return false;
    size_t product = (size_t)dtype.elsize;
    for (int i = 0; i < array->nd; i++)
        if (form->shape[i] < 0 || __builtin_mul_overflow(product, (size_t)form->shape[i], &product))
            return false;
    form->ndim = (uint8_t)array->nd, form->itemsize = (uint32_t)dtype.elsize;
    form->kind = dtype.kind, form->byteorder = dtype.byteorder;
    return product == nbytes;
}

/* A view's owner is its base. An array that is being created has no data yet, and one that is being freed no reference
 * any more. */
static void note(uintptr_t word, const PyArrayObject_fields *array)
{
    Search *search = stacks.search;
    const Passing *passing = &search->passing;
    Py_ssize_t references;
    memcpy(&references, array, sizeof references); /* the first word, whatever a version makes of it */
    bool is_freed = references == 0 && passing->is_dying && array->data == passing->data;
    if ((references < 1 || references > MOST_REFERENCES) && !is_freed)
        return;
    if (array->nd < 0 || array->nd > NPY_MAXDIMS)
        return;
    bool is_new = array->data == NULL && passing->data && !passing->is_dying && references == 1;
    if (array->base && array->data && !(array->flags & NPY_ARRAY_OWNDATA))
        return take((uintptr_t)array->base);
    const void *data = is_new ? passing->data : array->data;
    size_t nbytes = forms_missing_nbytes(search, data);
    ArrayForm form;
    if (nbytes && is_array_type((uintptr_t)Py_TYPE((PyObject *)array)) && read_form(array, nbytes, &form)) {
        forms_note(search, data, &form);
        remember_pool(word);
        stacks.newborn = is_new ? word : stacks.newborn;
        stacks.missing -= (int64_t)nbytes;
    }
}

static void note_waiting(void)
{
    static char room[CHECKED_READ_MOST][HEAD_NBYTES];
    uint32_t count = stacks.waiting_count;
    uintptr_t words[CHECKED_READ_MOST]; /* a copy, for the owners of views wait meanwhile */
    memcpy(words, stacks.waiting, sizeof words);
    uint64_t there = checked_read_each(words, count, HEAD_NBYTES, room);
    stacks.waiting_count = 0;
    stacks.most_waiting = CHECKED_READ_MOST;
    stacks.is_noting = true;
    for (uint32_t i = 0; i < count; i++) {
        PyArrayObject_fields array = {0};
        memcpy(&array, room[i], HEAD_NBYTES);
        if (there >> i & 1)
            note(words[i], &array);
    }
    stacks.is_noting = false;
}

static void read_waiting(void)
{
    while (stacks.waiting_count && stack_arrays_are_left()) /* the owners of views are added meanwhile */
        note_waiting();
}

void stack_arrays_note_newborn(Search *search, uintptr_t place)
{
    static uintptr_t copied[PART_NBYTES / sizeof(uintptr_t)];
    if (stacks.spot_count == 0)
        return;
    stack_arrays_begin(search, MAX_WORDS);
    take_at_spots(copied, checked_read(place, sizeof copied, copied) / sizeof *copied);
}

void stack_arrays_end(void)
{
    read_waiting();
    if (stack_arrays_are_left())
        stacks.out_of_sight = stacks.missing - passing_missing(); /* the one being created may be in sight the next time */
}
