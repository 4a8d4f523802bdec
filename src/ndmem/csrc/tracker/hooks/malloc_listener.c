#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "common/compat.h"
#include "tracker/lock.h"
#include "tracker/hooks/malloc_listener.h"
#include "tracker/hooks/pages.h"
#include "tracker/events.h"

#include <dlfcn.h>
#include <stdlib.h>

#define SMALL_BLOCKS "(small blocks)" /* in place of a library's name; analysis/origin.py reads it */

ptrdiff_t own_thread_at;
static PreloadAttach *attach;

/* --- What the preloaded library reports: with or without the GIL, anywhere in a program ------------------- */

static void on_born(void *pointer, size_t nbytes, const char *name)
{
    PyThreadState *thread;
    if (!events_enter_native(&thread))
        return;
    events_born_native_locked(thread, pointer, nbytes, name);
    lock_leave();
}

static size_t on_died(void *pointer)
{
    PyThreadState *thread;
    if (!events_enter_native(&thread))
        return 0;
    size_t nbytes = events_died_native_locked(thread, pointer);
    lock_leave();
    return nbytes;
}

/* `name` is that of the library, or of the file. */
static void insert_in_full_locked(PyThreadState *thread, Mapping mapping, const char *name)
{
    ASSERT_LOCKED();
    size_t nbytes = (size_t)(mapping.end - mapping.start);
    if (mappings_insert_locked(&mapping) == NULL)
        return;
    if (mapping.counting == OF_FILE)
        events_mapped_locked(thread, mapping.start, nbytes, name);
    else
        events_born_native_locked(thread, mapping.start, nbytes, name);
}

static void insert_by_pages_locked(PyThreadState *thread, Mapping mapping, const char *library)
{
    ASSERT_LOCKED();
    if (!events_place_locked(thread, &mapping.stack))
        return;
    mapping.library = mappings_number(library);
    if (mappings_insert_locked(&mapping) == NULL)
        return;
    events_reserved_locked((size_t)(mapping.end - mapping.start), library);
    pages_expect();
}

static void on_mapped(void *at, size_t nbytes, Counting counting, const char *name)
{
    PyThreadState *thread;
    if (!events_enter_native(&thread))
        return;
    Mapping mapping = {.start = at, .end = (char *)at + nbytes, .counting = counting};
    if (counting == BY_PAGES)
        insert_by_pages_locked(thread, mapping, name);
    else
        insert_in_full_locked(thread, mapping, name);
    lock_leave();
}

/* The remaining part of a mapping is a new block, born at the stack that unmapped the other part. */
static void cut_in_full_locked(PyThreadState *thread, Mapping mapping, char *start, char *end)
{
    ASSERT_LOCKED();
    if (mapping.counting == OF_FILE)
        events_unmapped_locked(thread, mapping.start);
    else
        events_died_native_locked(thread, mapping.start);
    Mapping before = mapping, after = mapping;
    before.end = start, after.start = end;
    if (before.start < before.end)
        insert_in_full_locked(thread, before, NULL);
    if (after.start < after.end)
        insert_in_full_locked(thread, after, NULL);
}

/* The counted bytes stay with the first remaining part; the next count of its pages corrects them. */
static void cut_by_pages_locked(PyThreadState *thread, Mapping mapping, char *start, char *end)
{
    ASSERT_LOCKED();
    Mapping before = mapping, after = mapping;
    before.end = start, after.start = end;
    bool has_before = before.start < before.end, has_after = after.start < after.end;
    if (has_before)
        after.grown = NULL, after.grown_count = after.grown_capacity = 0, after.counted = 0;
    bool kept_before = has_before && mappings_insert_locked(&before);
    bool kept_after = has_after && mappings_insert_locked(&after);
    if (!kept_before && (has_before || !kept_after)) {
        pages_drop_locked(thread, &mapping);
        free(mapping.grown);
    }
    pages_expect();
}

static Counting on_unmapped(void *at, size_t nbytes)
{
    PyThreadState *thread;
    char *start = at, *end = start + nbytes;
    if (!mappings_may_touch(start, end) || !events_enter_native(&thread))
        return UNCOUNTED;
    Counting counting = UNCOUNTED;
    Mapping *mapping;
    while ((mapping = mappings_find_locked(start)) && mapping->start < end) {
        counting = mapping->counting;
        pages_count_mapping_locked(thread, mapping, BEFORE_LOSS);
        Mapping gone = mappings_remove_locked(mapping);
        (counting == BY_PAGES ? cut_by_pages_locked : cut_in_full_locked)(thread, gone, start, end);
        if (gone.end > end)
            break;
    }
    lock_leave();
    return counting;
}

static void on_discarded(void *at, size_t nbytes)
{
    PyThreadState *thread;
    char *start = at, *end = start + nbytes;
    if (!mappings_may_touch(start, end) || !events_enter_native(&thread))
        return;
    Mapping *mapping = mappings_find_locked(start);
    if (mapping && mapping->start < end)
        pages_count_mapping_locked(thread, mapping, BEFORE_LOSS);
    lock_leave();
}

/* Small blocks in use, in lots of PRELOAD_THRESHOLD bytes. A lot is born at the stack that allocated its last bytes; which lot
 * freed bytes belong to is unknown, so the youngest dies. If there is none, the bytes are older than tracking. */
static size_t lot_count;

/* Key of a lot in the ledger: no user memory is in the upper half of the 48 bits. */
static void *name_lot(size_t number) { return (void *)(uintptr_t)((UINT64_C(1) << 47) + 64 * number); }

static void on_changed(long lots)
{
    PyThreadState *thread;
    if (!events_enter_native(&thread))
        return;
    for (; lots > 0; lots--)
        events_born_native_locked(thread, name_lot(lot_count++), PRELOAD_THRESHOLD, SMALL_BLOCKS);
    for (; lots < 0 && lot_count; lots++)
        events_died_native_locked(thread, name_lot(--lot_count));
    lock_leave();
}

static const PreloadHooks hooks = {on_born, on_died, on_mapped, on_unmapped, on_discarded, on_changed};

/* --- The connection ------------------------------------------------------------------------------------------ */

void native_find(void)
{
    if (attach)
        return;
    /* ISO C has no cast from an object's address to a function's. */
    *(void **)&attach = dlsym(RTLD_DEFAULT, "ndmem_preload_attach");
    if (attach) {
        PreloadThreadOf *find_thread;
        *(void **)&find_thread = dlsym(RTLD_DEFAULT, "ndmem_preload_thread");
        own_thread_at = (char *)find_thread() - (char *)__builtin_thread_pointer();
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
    pages_clear();
    lot_count = 0;
}
