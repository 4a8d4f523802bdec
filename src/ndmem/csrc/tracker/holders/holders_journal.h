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

/* Where a search looks, in this order: the user's variables, those of libraries too, and what they lead to. */
typedef enum { IN_USER_VARIABLES, IN_VARIABLES, IN_OBJECTS, IN_MODULES } Extent;

/* The array that is being allocated or freed: nothing holds it. */
typedef struct {
    const void *data; /* NULL where Python code asked for the search */
    Buffer buffer;    /* as it is in the ledger, or was */
    bool is_dying;
} Passing;

/* One search through the variables. */
typedef struct {
    Recording **recordings;
    unsigned count;
    Occasion occasion;
    uint32_t number;
    Extent now;      /* where it looks */
    Extent extent;   /* how far it looked at everything: what was found there before, and now is not, has lost its name */
    int64_t named;   /* bytes of the arrays' buffers that were found */
    Passing passing;
    int64_t nameless; /* bytes of arrays neither found yet nor, in an object, by an earlier search */
    bool outside;     /* native blocks count as arrays without a name, for they may be the memory of some */
} Search;

typedef struct {
    PyObject *function; /* of a local variable, or the module's name of a global; borrowed, may be NULL */
    PyObject *name;     /* borrowed str */
    const char *item;   /* "[3]" of a container's item */
    uint32_t item_nbytes;
} Variable;

Search holders_begin_search(Recording **recordings, unsigned count, Occasion occasion, Passing passing, bool outside);

/* A variable is bound to the array; `dtype` is its dtype as text, NULL for a builtin one. Written to the recordings that saw
 * the buffer, if the name is new. */
void holders_note(Search *search, PyArrayObject *array, Variable variable, PyObject *dtype);

/* The same for an array whose buffer, or native block, begins at `data`, as Python code found; or for one that lies in a mapping
 * there. */
void holders_note_at(Search *search, PyArrayObject *array, const void *data, Variable variable, PyObject *dtype);

/* Whether so many bytes of arrays are still without a name that more of the program is worth searching. */
bool holders_are_wanted(Search *search);

/* Whether at most a hundredth of the bytes has no name after the search. */
bool holders_are_complete(const Search *search);

/* Whether any of these are left; in O(1). */
bool holders_are_left(const Search *search);

/* Writes the losses: buffers that were held before this search and were not found by it. */
void holders_end_search(const Search *search);

/* Number of buffers that the next search must confirm: at most the live buffers with names, and those that died since the
 * last search. Allocates nothing. */
size_t holders_count(void);

/* Those of arrays that the last search found in a variable, or in what it was given. Allocates nothing. */
size_t holders_in_variables(void);

/* Forgets all buffers that were written as held. */
void holders_forget(void);

#endif
