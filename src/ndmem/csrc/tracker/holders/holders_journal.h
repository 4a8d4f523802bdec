/* The records of a search for holders: a sighting for an array that holds a buffer under a new name, and a loss for a buffer
 * whose name is gone.
 *
 * All functions need the GIL and take the tracker lock themselves. They allocate by malloc and mmap only, run no Python code and
 * never raise. */
#ifndef NDMEM_HOLDERS_JOURNAL_H
#define NDMEM_HOLDERS_JOURNAL_H

#include "common/numpy_api.h"
#include "tracker/recording/recording.h"

typedef enum {
    IN_HOOK,      /* inside NumPy's allocator: allocates by malloc and mmap only, runs no Python code */
    BEFORE_DEATH, /* the same, before the death of a buffer is written whose name is gone already */
    AT_REST       /* called by Python code: all modules too */
} Occasion;

/* One search through the variables. */
typedef struct {
    Recording **recordings;
    unsigned count;
    Occasion occasion;
    uint32_t number;
} Search;

typedef struct {
    PyObject *function; /* of a local variable, or the module's name of a global; borrowed, may be NULL */
    PyObject *name;     /* borrowed str */
    const char *item;   /* "[3]" of a container's item */
    uint32_t item_nbytes;
} Variable;

Search holders_begin_search(Recording **recordings, unsigned count, Occasion occasion);

/* A variable is bound to the array; `dtype` is its dtype as text, NULL for a builtin one. Written to the recordings that saw
 * the buffer, if the name is new. */
void holders_note(const Search *search, PyArrayObject *array, Variable variable, PyObject *dtype);

/* The same for an array whose buffer begins at `data`: it may lie within a native block, such as a bytes object. */
void holders_note_at(const Search *search, PyArrayObject *array, const void *data, Variable variable, PyObject *dtype);

/* Writes the losses: buffers that were held before this search and were not found by it. */
void holders_end_search(const Search *search);

/* Number of buffers that the next search must confirm: at most the live buffers with names, and those that died since the
 * last search. Allocates nothing. */
size_t holders_count(void);

/* Forgets all buffers that were written as held. */
void holders_forget(void);

#endif
