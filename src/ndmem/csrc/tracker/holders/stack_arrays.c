#include "tracker/holders/stack_arrays.h"
#include "common/compat_stacks.h"
#include "tracker/holders/checked_read.h"
#include "tracker/holders/forms_journal.h"
#include "tracker/hooks/mappings.h"
#include "tracker/lock.h"

#include <string.h>

/* Words of one search, and bytes of the C stack that are read, at most. The table has four times as many places, so that
 * a search in it is short. */
enum { MAX_WORDS = 1024, PLACES = 4 * MAX_WORDS, OWN_NBYTES = 16 * 1024 };

/* Objects are aligned so by Python's allocators. */
enum { OBJECT_ALIGNMENT = 16 };

/* What an array object has in front of its weak references. */
enum { HEAD_NBYTES = offsetof(PyArrayObject_fields, weakreflist) };

/* References to an array that is in use at most. Where an object was freed, an allocator has an address or 0. */
enum { MOST_REFERENCES = 1 << 20 };

static struct {
    uintptr_t words[MAX_WORDS];
    struct {
        uintptr_t word;
        uint32_t search;
    } places[PLACES];
    uint32_t search; /* number of this one, so that the table need not be cleared */
    uint32_t count;
} stacks;

void stack_arrays_begin(void)
{
    stacks.search++;
    stacks.count = 0;
}

/* Takes the tracker's lock. To read a page brings it into use, and would change what counts of a mapping by its touched
 * pages. Of all allocators of Python only mimalloc (PYTHONMALLOC=mimalloc) has objects in such mappings. */
static bool counts_by_pages(uintptr_t address)
{
    lock_enter(true);
    const Mapping *mapping = mappings_find_locked((const char *)address);
    bool by_pages = mapping && (uintptr_t)mapping->start < address + HEAD_NBYTES && mapping->counting == BY_PAGES;
    lock_leave();
    return by_pages;
}

static void add(uintptr_t word)
{
    if (word % OBJECT_ALIGNMENT || !checked_read_may(word) || stacks.count == MAX_WORDS)
        return;
    size_t place = ((word >> 4) * 0x9E3779B97F4A7C15u >> 32) % PLACES;
    for (; stacks.places[place].search == stacks.search; place = (place + 1) % PLACES)
        if (stacks.places[place].word == word)
            return;
    if (counts_by_pages(word))
        return;
    stacks.places[place].word = word, stacks.places[place].search = stacks.search;
    stacks.words[stacks.count++] = word;
}

void stack_arrays_add_frame(Frame *frame)
{
    for (Py_ssize_t i = 0, count = frame_stack_size(frame); i < count; i++)
        add(frame_stack_word(frame, i));
}

/* From this function's frame to `end`, or as far as the stack goes. */
__attribute__((noinline)) static void add_callers(uintptr_t end)
{
    static uintptr_t copied[OWN_NBYTES / sizeof(uintptr_t)];
    uintptr_t from = (uintptr_t)__builtin_frame_address(0);
    size_t nbytes = end > from && end - from < sizeof copied ? end - from : sizeof copied;
    size_t count = checked_read(from, nbytes, copied) / sizeof *copied;
    for (size_t i = 0; i < count; i++)
        if (copied[i] - from > sizeof copied) /* not of this stack itself */
            add(copied[i]);
}

/* Its own frame has the registers in which its callers keep values. */
__attribute__((noinline)) void stack_arrays_add_own(PyThreadState *thread)
{
    __builtin_unwind_init();
    add_callers(thread_loop_place(thread));
    __asm__ volatile("" ::: "memory"); /* the call before is not the last act, which would leave the frame */
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
static void note(Search *search, const PyArrayObject_fields *array)
{
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
        return add((uintptr_t)array->base);
    const void *data = is_new ? passing->data : array->data;
    size_t nbytes = forms_missing_nbytes(search, data);
    ArrayForm form;
    if (nbytes && is_array_type((uintptr_t)Py_TYPE((PyObject *)array)) && read_form(array, nbytes, &form))
        forms_note(search, data, &form);
}

void stack_arrays_note(Search *search)
{
    static char room[CHECKED_READ_MOST][HEAD_NBYTES];
    uint32_t count;
    for (uint32_t at = 0; at < stacks.count; at += count) { /* the owners of views are added meanwhile */
        count = stacks.count - at < CHECKED_READ_MOST ? stacks.count - at : CHECKED_READ_MOST;
        uint64_t there = checked_read_each(stacks.words + at, count, HEAD_NBYTES, room);
        for (uint32_t i = 0; i < count; i++) {
            PyArrayObject_fields array = {0};
            memcpy(&array, room[i], HEAD_NBYTES);
            if (there >> i & 1)
                note(search, &array);
        }
    }
}
