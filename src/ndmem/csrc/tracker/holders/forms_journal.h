/* The records of shapes and dtypes of arrays that no variable holds.
 *
 * All functions need the GIL and take the tracker lock themselves. They allocate by malloc and mmap only, run no Python code and
 * never raise. */
#ifndef NDMEM_FORMS_JOURNAL_H
#define NDMEM_FORMS_JOURNAL_H

#include "tracker/holders/holders_journal.h"

/* Shape and dtype of an array. */
typedef struct {
    npy_intp shape[NPY_MAXDIMS];
    uint32_t itemsize;
    uint8_t ndim;
    char kind, byteorder;
} ArrayForm;

/* Bytes of live arrays of which nothing has told shape and dtype yet, and in `live_nbytes` of all: those of small arrays are
 * in both. */
int64_t forms_missing_in_all(const Search *search, int64_t *live_nbytes);

/* Bytes of the array whose buffer begins at `data`, if nothing has told its shape and dtype yet; else 0. */
size_t forms_missing_nbytes(const Search *search, const void *data);

/* Writes shape and dtype of that array to the recordings that saw the buffer. */
void forms_note(const Search *search, const void *data, const ArrayForm *form);

#endif
