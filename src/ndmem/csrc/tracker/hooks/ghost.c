#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tracker/hooks/ghost.h"
#include "tracker/hooks/handler.h"
#include "common/numpy_api.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Large arrays as ghosts: real addresses over a small window of memory, mapped again and again. Shapes, strides and C
 * code are real, the values are those that were last written to the window. For a child process that ends soon: what the
 * function keeps from a ghost run has such values too. Only on Linux; elsewhere without_linux.c answers. */

enum { SMALLEST = 1 << 20, MOST_MAPS = 1024, MOST_GHOSTS = 4096 };

/* At most 1,024 maps each: Linux allows a process 65,530 of them, and a program has tens of large arrays. */
typedef struct {
    char *start;
    size_t length, window;
} Ghost;

static Ghost ghosts[MOST_GHOSTS];
static size_t count;
static bool haunting; /* GIL held to write; a thread without it that reads the old value makes one more ghost, or one less */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* NumPy calls without the GIL now and then */
static PyDataMemAllocator real;
static size_t page; /* 4 KiB on x86-64; 16 and 64 KiB are common on aarch64 */

static size_t round_up(size_t nbytes, size_t unit) { return (nbytes + unit - 1) / unit * unit; }

/* Map one file over a reserved range until it is full; false leaves the range to the caller. */
static bool map_windows(const Ghost *ghost)
{
    int file = memfd_create("ndmem-ghost", MFD_CLOEXEC);
    if (file < 0)
        return false;
    bool done = ftruncate(file, (off_t)ghost->window) == 0;
    for (size_t at = 0; done && at < ghost->length; at += ghost->window) {
        size_t part = ghost->length - at < ghost->window ? ghost->length - at : ghost->window;
        done = mmap(ghost->start + at, part, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED;
    }
    close(file);
    return done;
}

/* May be called with or without the GIL; NULL if there is not enough memory, like malloc. */
static void *map_ghost(size_t nbytes)
{
    if (nbytes > PTRDIFF_MAX)
        return NULL;
    Ghost ghost = {NULL, round_up(nbytes, page), round_up(nbytes / MOST_MAPS, page)};
    if (ghost.window < SMALLEST)
        ghost.window = SMALLEST;
    void *start = mmap(NULL, ghost.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    ghost.start = start;
    pthread_mutex_lock(&mutex);
    bool done = count < MOST_GHOSTS && map_windows(&ghost);
    if (done)
        ghosts[count++] = ghost;
    pthread_mutex_unlock(&mutex);
    if (!done)
        munmap(start, ghost.length);
    return done ? start : NULL;
}

/* Whether the pointer is a ghost; unmaps it. */
static bool unmap_ghost(const void *pointer)
{
    Ghost found = {NULL, 0, 0};
    if ((uintptr_t)pointer % page)
        return false; /* glibc's malloc never returns the start of a page for large blocks: its own data is there */
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < count; i++)
        if (ghosts[i].start == pointer) {
            found = ghosts[i];
            ghosts[i] = ghosts[--count];
            break;
        }
    pthread_mutex_unlock(&mutex);
    if (found.length)
        munmap(found.start, found.length);
    return found.length > 0;
}

static bool is_ghost(const void *pointer)
{
    bool found = false;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < count && !found; i++)
        found = ghosts[i].start == pointer;
    pthread_mutex_unlock(&mutex);
    return found;
}

static void *ghost_malloc(void *context, size_t nbytes)
{
    return nbytes < SMALLEST || !haunting ? real.malloc(context, nbytes) : map_ghost(nbytes);
}

static void *ghost_calloc(void *context, size_t number, size_t nbytes)
{
    size_t all;
    if (__builtin_mul_overflow(number, nbytes, &all))
        return NULL;
    return all < SMALLEST || !haunting ? real.calloc(context, number, nbytes) : map_ghost(all);
}

static void ghost_free(void *context, void *pointer, size_t nbytes)
{
    if (!unmap_ghost(pointer))
        real.free(context, pointer, nbytes);
}

/* The array stays as it is where there is not enough memory: its owner frees it later.
 * Only the first window is kept: the other values have no meaning anyway. */
static void *ghost_realloc(void *context, void *old, size_t nbytes)
{
    bool was_ghost = is_ghost(old);
    if (!was_ghost && (nbytes < SMALLEST || !haunting))
        return real.realloc(context, old, nbytes);
    void *grown = ghost_malloc(context, nbytes);
    if (grown == NULL)
        return NULL;
    if (was_ghost) {
        memcpy(grown, old, nbytes < SMALLEST ? nbytes : SMALLEST);
        unmap_ghost(old);
    }
    else if (old) {
        /* A small array that grows: its old size is unknown, but below the size of a window. */
        void *moved = real.realloc(context, old, SMALLEST);
        memcpy(grown, moved ? moved : old, moved ? SMALLEST : 1);
        real.free(context, moved ? moved : old, SMALLEST);
    }
    return grown;
}

const char ghost_haunt_doc[] = "haunt(on)\n--\n\nMake every array of 1 MiB and more a ghost from now on, or no further one; Linux only.";

/* GIL held; raises if it cannot be. */
PyObject *ghost_haunt(PyObject *Py_UNUSED(module), PyObject *on)
{
    int wanted = PyObject_IsTrue(on);
    if (wanted < 0)
        return NULL;
    PyDataMemAllocator *allocator = handler_find_allocator();
    if (allocator == NULL)
        return NULL;
    if (allocator->malloc != ghost_malloc) {
        page = (size_t)sysconf(_SC_PAGESIZE);
        real = *allocator;
        allocator->malloc = ghost_malloc;
        allocator->calloc = ghost_calloc;
        allocator->realloc = ghost_realloc;
        allocator->free = ghost_free; /* for good: it frees the ghosts that are left */
    }
    haunting = wanted;
    Py_RETURN_NONE;
}
