/* How much time searches for holders may take, and what of it they took. All inside the tracker lock, while a recording runs. */
#ifndef NDMEM_SEARCH_TIME_H
#define NDMEM_SEARCH_TIME_H

#include <stdbool.h>
#include <stdint.h>

enum { SHARE_FOR_MODULES = 4000 }; /* searches that go through modules, of which there may be thousands, take at most 1/4000 */

/* Nanoseconds that searches have left; below 0 they are overdrawn. */
int64_t searches_left_locked(int64_t now);

/* The part of their time that searches took, and looks at single arrays; above 1 it is overdrawn. */
double searches_used_locked(void);
double looks_used_locked(void);

/* Whether searches and looks together have time left. */
bool is_search_time_left_locked(void);

/* By how many bytes a peak must have grown since one of `seen` bytes to be worth a search. */
int64_t growth_worth_a_search_locked(int64_t seen);

#endif
