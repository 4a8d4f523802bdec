/* The counters of a recording at one moment, for a reader that asks again and again while it runs. */
#ifndef NDMEM_RECORDING_TALLY_H
#define NDMEM_RECORDING_TALLY_H

#include <Python.h>

#include "tracker/recording/recording.h"

extern const char recording_tally_doc[];

/* A tuple as the docstring says, or NULL with an exception. Needs the GIL, and an open recording. */
PyObject *recording_tally(const Recording *recording);

#endif
