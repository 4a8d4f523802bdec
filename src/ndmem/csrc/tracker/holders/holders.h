/* Holders of buffers: array objects in variables, found by their data pointer.
 *
 * NumPy's handler knows bytes, not arrays. The name of a buffer, its shape and its dtype are read from the array objects that
 * variables hold: locals of every running frame, their modules' globals, and lists, tuples and dicts among them, one level
 * deep. Python code that walks through all objects may have found more. */
#ifndef NDMEM_HOLDERS_H
#define NDMEM_HOLDERS_H

#include "tracker/holders/holders_journal.h"
#include "tracker/holders/spellings.h"

/* What a search takes from its moment. */
typedef struct {
    Occasion occasion;
    Passing passing;
    uint32_t steps; /* of the walk through objects, at most; 0 for variables alone */
    uint32_t modules; /* that are looked at for the user's, if the rest is not enough; 0 to search none */
    uintptr_t place; /* where the C stack begins that is searched, and the interpreter's stacks are; 0 for none of them */
    uint32_t words;  /* of the stacks, at most */
    bool outside;   /* for the memory of arrays that NumPy did not allocate, too */
} Task;

/* What a walk through objects found. */
typedef enum { NO_WALK, NAMED_NONE, NAMED_SOME } Walk;

/* How far a search went. */
typedef struct {
    Extent extent;
    Walk walk;
    bool is_cut; /* it left out objects that may hold arrays without a name, for lack of steps */
    bool is_complete; /* names and shapes of all arrays worth it are known */
} Searched;

/* Writes the names that are new to the recordings that saw the buffers. `found` is NULL or a tuple of (array, name, function, address)
 * for arrays that no variable names. Needs the GIL; allocates by malloc and mmap only, runs no Python code, never raises. Hooks
 * have no spellings. */
Searched holders_search(Recording **recordings, unsigned count, Task task, const Spellings *spellings, PyObject *found);

/* Spells the dtypes of the arrays that variables hold. Needs the GIL; runs Python code, and keeps what a signal raised
 * there. NULL without memory, else to be freed. */
Spellings *holders_spell(PyObject *found);

/* Needs the GIL and NumPy's C API: 0, or -1 with an exception. */
int holders_open(void);

#endif
