/* The text of dtypes that kind and size do not determine: structured ones, datetimes, and those of users.
 *
 * All functions need the GIL and no lock of ndmem. Spelling a dtype runs Python code, so one pass over the variables collects
 * the dtypes, they are spelled, and the pass that writes finds them again. */
#ifndef NDMEM_SPELLINGS_H
#define NDMEM_SPELLINGS_H

#include "common/numpy_api.h"

typedef struct Spellings Spellings;

/* NULL without memory. Allocates by malloc; runs no Python code, does not raise. */
Spellings *spellings_new(void);

/* Notes that the array's dtype is to be spelled, if it needs that. Allocates nothing, runs no Python code, does not raise. */
void spellings_want(Spellings *spellings, PyArrayObject *array);

/* Spells those that were noted. Runs Python code, and keeps what a signal raised there; other exceptions are cleared. */
void spellings_complete(Spellings *spellings);

/* A borrowed str; NULL if the dtype is not spelled out, or there are no spellings. Allocates nothing, runs no Python code, does
 * not raise. */
PyObject *spellings_find(const Spellings *spellings, PyArrayObject *array);

/* May run Python code; does not raise. */
void spellings_free(Spellings *spellings);

#endif
