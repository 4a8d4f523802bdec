#include "tracker/holders/search_time.h"
#include "common/clock.h"
#include "tracker/tracker_state.h"

/* All together take a thousandth of the time, and may take 2 ms in any program: a first search takes 0.2 ms, the thousandth of
 * a program of a fifth of a second. Looks at single arrays, of some microseconds each, have a quarter of it, searches the rest. */
enum { SHARE_OF_TIME = 1000, LEAST_NS = 2000000, PART_FOR_LOOKS = 4 };

static int64_t allowed_locked(int64_t now)
{
    ASSERT_LOCKED();
    int64_t share = (now - tracker.running[0]->started) / SHARE_OF_TIME;
    return share > LEAST_NS ? share : LEAST_NS;
}

static int64_t most_live_locked(void)
{
    ASSERT_LOCKED();
    int64_t most = 0;
    for (unsigned i = 0; i < tracker.count; i++) {
        int64_t live = tracker.running[i]->journal.header->live;
        most = live > most ? live : most;
    }
    return most;
}

/* At a small peak a third of it, so that the first ones leave time to those that a report will be about; all from 8 MiB on. */
static int64_t searches_allowed_locked(int64_t now)
{
    ASSERT_LOCKED();
    enum { SMALL_KIB = 8 * 1024 };
    int64_t allowed = allowed_locked(now), kib = most_live_locked() / 1024;
    allowed -= allowed / PART_FOR_LOOKS;
    return kib >= SMALL_KIB ? allowed : allowed / 3 + 2 * (allowed / 3) * kib / SMALL_KIB;
}

int64_t searches_left_locked(int64_t now)
{
    ASSERT_LOCKED();
    return searches_allowed_locked(now) - tracker.search_work;
}

double searches_used_locked(void)
{
    ASSERT_LOCKED();
    return (double)tracker.search_work / (double)searches_allowed_locked(clock_now());
}

double looks_used_locked(void)
{
    ASSERT_LOCKED();
    return (double)tracker.look_work / (double)(allowed_locked(clock_now()) / PART_FOR_LOOKS);
}

bool is_search_time_left_locked(void)
{
    ASSERT_LOCKED();
    return tracker.search_work + tracker.look_work < allowed_locked(clock_now());
}

/* 2 %, and more by the part of the time that is used, 22 % where all is: a peak that rises ever on costs little, and time is
 * left for those that come later. */
int64_t growth_worth_a_search_locked(int64_t seen)
{
    ASSERT_LOCKED();
    enum { LEAST = 64 * 1024 };
    int64_t growth = (int64_t)((double)seen * (0.02 + 0.2 * searches_used_locked()));
    return growth > LEAST ? growth : LEAST;
}
