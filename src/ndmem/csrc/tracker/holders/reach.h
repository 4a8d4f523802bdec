/* The arrays that objects hold: attributes, slots, nested containers, closures, suspended generators, and what a type's own
 * traversal shows.
 *
 * A walk from variables, breadth first, within a number of steps; what objects of libraries hold comes last. Guarded by the
 * GIL; allocates nothing, runs no Python code and never raises, so the references that it keeps for its length are borrowed.
 * It relies on what the garbage collector relies on wherever Python code may run: an object that the collector tracks can be
 * traversed. */
#ifndef NDMEM_REACH_H
#define NDMEM_REACH_H

#include "tracker/holders/holders_journal.h"

/* References that one walk follows at most: 0.3 ms where they are in the cache; and that one follows where no time is left,
 * so that the attributes of a user's objects have their names: some 20 us. */
enum { MAX_STEPS = 20000, FEW_STEPS = 200 };

/* Called for each array that is found; `variable` is valid until it returns. False ends the walk. */
typedef bool (*ReachFound)(void *context, PyArrayObject *array, Variable variable);

/* Begins a walk of at most `steps` steps. */
void reach_begin(uint32_t steps);

/* Adds an object that a variable is bound to; `variable` has no item. */
void reach_root(PyObject *object, Variable variable);

/* Walks from the objects that were added. */
void reach_walk(ReachFound found, void *context);

/* Steps that were taken since the walk began, and whether it left something out, for any reason. */
uint32_t reach_steps(void);
bool reach_is_cut(void);

/* Whether it left something out because it may take no more steps. */
bool reach_is_exhausted(void);

#endif
