/* Folding: a long run leaves out of its journal what nobody asks for any more.
 *
 * What stays: all events around the peaks and the latest ones; births and deaths of the buffers that are alive now or
 * were at a peak; and marks that say, instead of the others, how many there were and what was alive. So every counter,
 * both peaks and what is alive stay exact, and live bytes over time are known at each tick that stays. */
#ifndef NDMEM_FOLD_H
#define NDMEM_FOLD_H

#include "journal.h"

/* Folds the events of a journal that is due. Without room or memory they stay as they are, for longer. Inside the books,
 * between two events; allocates with malloc and mmap only, does not raise. Takes some 45 ns an event. */
void fold_events(Journal *journal);

#endif
