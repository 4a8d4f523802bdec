/* Clocks, in nanoseconds. */
#ifndef NDMEM_CLOCK_H
#define NDMEM_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_A_SECOND INT64_C(1000000000)

static inline int64_t clock_read(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_A_SECOND + now.tv_nsec;
}

static inline int64_t clock_now(void) { return clock_read(CLOCK_MONOTONIC); }

/* Of the calling thread's own work: a thread that lost the processor has not worked meanwhile. A system call. */
static inline int64_t clock_work(void) { return clock_read(CLOCK_THREAD_CPUTIME_ID); }

/* A quarter of the exact clock's cost; its tick of 1 to 4 ms is fine enough for a timeline. */
static inline int64_t clock_coarse(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return clock_read(CLOCK_MONOTONIC_COARSE);
#else
    return clock_read(CLOCK_MONOTONIC);
#endif
}

#endif
