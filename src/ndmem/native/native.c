#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "compat.h"
#include "lock.h"
#include "native.h"
#include "tracker.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_BLOCKS "(small blocks)" /* where others have the name of a library; analysis/origin.py reads it */

PreloadMuted *native_muted;
static PreloadAttach *attach;

/* --- Mapped ranges: a program may unmap a part of one, or several at once --------------------------------- */

typedef struct {
    char *start, *end;
} Range;

/* Sorted by address, disjoint; guarded by the lock of the books. */
static struct {
    Range *items;
    size_t count, capacity;
} ranges;

/* Index of the first range that ends after `at`. */
static size_t find_range(const char *at)
{
    size_t low = 0, high = ranges.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges.items[middle].end > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool insert_range(char *start, size_t nbytes)
{
    if (ranges.count == ranges.capacity) {
        size_t capacity = ranges.capacity ? 2 * ranges.capacity : 64;
        Range *items = realloc(ranges.items, capacity * sizeof *items);
        if (items == NULL)
            return false;
        ranges.items = items, ranges.capacity = capacity;
    }
    size_t i = find_range(start);
    memmove(ranges.items + i + 1, ranges.items + i, (ranges.count - i) * sizeof *ranges.items);
    ranges.items[i] = (Range){start, start + nbytes};
    ranges.count++;
    return true;
}

static Range remove_range(size_t i)
{
    Range range = ranges.items[i];
    ranges.count--;
    memmove(ranges.items + i, ranges.items + i + 1, (ranges.count - i) * sizeof *ranges.items);
    return range;
}

/* --- What the preloaded library tells: with or without the GIL, anywhere in a program ---------------------- */

/* Enters the books for the calling thread; NULL for a thread that Python does not know. Not if the thread is there
 * already: then the block is ndmem's own. */
static bool enter(PyThreadState **thread)
{
    if (lock_is_mine())
        return false;
    bool gil;
    *thread = thread_own(&gil);
    lock_enter(gil);
    if (tracker_runs())
        return true;
    lock_leave();
    return false;
}

static void told_born(void *pointer, size_t nbytes)
{
    PyThreadState *thread;
    if (!enter(&thread))
        return;
    tracker_born(thread, pointer, nbytes, NATIVE, NULL);
    lock_leave();
}

static size_t told_died(void *pointer)
{
    PyThreadState *thread;
    if (!enter(&thread))
        return 0;
    size_t nbytes = tracker_died(thread, pointer, NATIVE);
    lock_leave();
    return nbytes;
}

static void told_mapped(void *at, size_t nbytes, const char *library)
{
    PyThreadState *thread;
    if (!enter(&thread))
        return;
    if (insert_range(at, nbytes))
        tracker_born(thread, at, nbytes, NATIVE, library);
    lock_leave();
}

/* What is left of a mapping is a block of its own, born where its other part went. */
static void keep_rest(PyThreadState *thread, char *start, char *end)
{
    if (end > start && insert_range(start, (size_t)(end - start)))
        tracker_born(thread, start, (size_t)(end - start), NATIVE, NULL);
}

static bool told_unmapped(void *at, size_t nbytes)
{
    PyThreadState *thread;
    if (ranges.count == 0 || !enter(&thread))
        return false;
    char *start = at, *end = start + nbytes;
    bool known = false;
    size_t i;
    while ((i = find_range(start)) < ranges.count && ranges.items[i].start < end) {
        Range range = remove_range(i);
        known |= tracker_died(thread, range.start, NATIVE) > 0;
        keep_rest(thread, range.start, start);
        keep_rest(thread, end, range.end);
        if (range.end > end)
            break;
    }
    lock_leave();
    return known;
}

/* Small blocks in use, in lots of PRELOAD_THRESHOLD bytes. A lot is born where the bytes were taken; which of them is
 * given back nobody knows, and the youngest is taken to be. Where nothing is left, the bytes are older than tracking. */
static size_t lot_count;

/* A name for a lot in the ledger: no user memory lies in the upper half of the 48 bits. */
static void *name_lot(size_t number) { return (void *)(uintptr_t)((UINT64_C(1) << 47) + 64 * number); }

static void told_changed(long lots)
{
    PyThreadState *thread;
    if (!enter(&thread))
        return;
    for (; lots > 0; lots--)
        tracker_born(thread, name_lot(lot_count++), PRELOAD_THRESHOLD, NATIVE, SMALL_BLOCKS);
    for (; lots < 0 && lot_count; lots++)
        tracker_died(thread, name_lot(--lot_count), NATIVE);
    lock_leave();
}

static const PreloadHooks hooks = {told_born, told_died, told_mapped, told_unmapped, told_changed};

/* --- The connection ------------------------------------------------------------------------------------------ */

void native_find(void)
{
    if (attach)
        return;
    /* ISO C has no cast from an object's address to a function's. */
    *(void **)&attach = dlsym(RTLD_DEFAULT, "ndmem_preload_attach");
    if (attach) {
        *(void **)&native_muted = dlsym(RTLD_DEFAULT, "ndmem_preload_muted");
        lock_require();
    }
}

size_t native_threshold(void) { return attach ? PRELOAD_THRESHOLD : 0; }

const char *native_library(void)
{
    Dl_info found;
    return attach && dladdr(*(void **)&attach, &found) ? found.dli_fname : NULL;
}

void native_hook(void)
{
    if (attach)
        attach(&hooks);
}

void native_unhook(void)
{
    if (attach == NULL)
        return;
    attach(NULL);
    ranges.count = lot_count = 0;
}
