#include "tracker/hooks/kept_blocks.h"
#include "tracker/hooks/handler.h"
#include "common/numpy_api.h"
#include "common/os.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The memory of large arrays that were freed, for the next arrays of about their size.
 *
 * Blocks of one function allocate and free arrays of the same few sizes. Where malloc gives each back to the system at once,
 * the next one is cleared by the kernel page by page, which took as long as the function; where malloc keeps them, it keeps
 * more than a budget allows. Here live and kept memory together stay within a number of bytes.
 *
 * It lies below the tracker's hook, which sees each array be born and die as without it. The functions may be called with or
 * without the GIL, take only the mutex, and call the allocator outside of it. */

/* Smaller blocks are malloc's own business. Live ones that find no place are not kept later. */
enum { LEAST = 1 << 20, MOST_LIVE = 1024, MOST_KEPT = 64 };

/* A kept block may be larger than what is asked for by one part in so many. */
enum { WASTE = 8 };

/* A new block is larger than what is asked for by one part in so many, for arrays of nearly the same size: a Fourier transform
 * of rows of 1,000 has arrays of 26.00, 26.62 and 26.68 MB. No page of that part is there before it is written, unless the end
 * of the block lies in a huge page. */
enum { SPARE = 32 };

typedef struct {
    void *data;
    size_t nbytes; /* the most that was asked for */
    size_t room;
} Block;

typedef struct {
    Block blocks[MOST_KEPT];
    unsigned count;
} Blocks;

static struct {
    PyDataMemAllocator under;
    bool is_there;      /* among the functions that NumPy calls, at their top or below those of another library */
    atomic_size_t most; /* bytes of live and kept blocks together; 0 where nothing is kept */
    atomic_size_t least_room; /* bytes of a new block, which may be more than it is asked for */
    size_t nbytes;      /* of live and kept blocks now */
    Block live[MOST_LIVE];
    unsigned live_count;
    Blocks kept; /* oldest first */
} memory;

static const Block nothing = {NULL, 0, 0};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void enter(void) { pthread_mutex_lock(&mutex); }
static void leave(void) { pthread_mutex_unlock(&mutex); }

static Block take(Blocks *from, unsigned at)
{
    Block taken = from->blocks[at];
    from->count--;
    for (unsigned i = at; i < from->count; i++)
        from->blocks[i] = from->blocks[i + 1];
    return taken;
}

/* With the mutex. */
static void add_live(Block block)
{
    if (memory.live_count < MOST_LIVE)
        memory.live[memory.live_count++] = block;
    else
        memory.nbytes -= block.nbytes;
}

/* With the mutex. A block without data if it is not among the live ones. */
static Block take_live(const void *data)
{
    for (unsigned i = memory.live_count; i-- > 0;)
        if (memory.live[i].data == data) {
            Block found = memory.live[i];
            memory.live[i] = memory.live[--memory.live_count];
            return found;
        }
    return nothing;
}

/* With the mutex. The smallest kept block that fits; without data if there is none. */
static Block take_kept(size_t nbytes)
{
    unsigned best = memory.kept.count;
    for (unsigned i = 0; i < memory.kept.count; i++) {
        Block block = memory.kept.blocks[i];
        if (block.room >= nbytes && block.nbytes <= nbytes + nbytes / WASTE &&
            (best == memory.kept.count || block.room < memory.kept.blocks[best].room))
            best = i;
    }
    return best < memory.kept.count ? take(&memory.kept, best) : nothing;
}

/* With the mutex. Counts bytes that are about to be born; kept blocks that leave no room for them go to `freed`. */
static void make_room(size_t nbytes, Blocks *freed)
{
    memory.nbytes += nbytes;
    while (memory.kept.count && memory.nbytes > memory.most) {
        freed->blocks[freed->count++] = take(&memory.kept, 0);
        memory.nbytes -= freed->blocks[freed->count - 1].nbytes;
    }
}

static void free_all(void *context, const Blocks *freed)
{
    for (unsigned i = 0; i < freed->count; i++)
        memory.under.free(context, freed->blocks[i].data, freed->blocks[i].nbytes);
}

static bool is_large(size_t nbytes) { return nbytes >= LEAST && memory.most; }

/* A block whose bytes were counted, and which may be missing. */
static void *note_born(void *data, size_t nbytes, size_t room)
{
    /* NumPy asks for huge pages for all of 4 MiB and more: 20 arrays of 2 MiB with room for 8 each had 66 MiB. */
    if (data && room == memory.least_room)
        os_refuse_huge_pages((char *)data + nbytes, room - nbytes);
    enter();
    if (data)
        add_live((Block){data, nbytes, room});
    else
        memory.nbytes -= nbytes;
    leave();
    return data;
}

/* A kept block for so many bytes; NULL if there is none, and then the bytes are counted for a new one. */
static void *use_again(void *context, size_t nbytes)
{
    Blocks freed = {.count = 0};
    enter();
    Block found = take_kept(nbytes);
    if (found.nbytes < nbytes) {
        make_room(nbytes - found.nbytes, &freed);
        found.nbytes = nbytes;
    }
    if (found.data)
        add_live(found);
    leave();
    free_all(context, &freed);
    return found.data;
}

/* With `least_room` malloc gives each block a mapping of its own, which goes when it is freed, also where it keeps smaller
 * blocks of libraries. No page is there before it is written. */
static size_t room_for(size_t nbytes)
{
    size_t room = nbytes + (nbytes < SIZE_MAX / 2 ? nbytes / SPARE : 0);
    return room < memory.least_room ? memory.least_room : room;
}

static void *kept_malloc(void *context, size_t nbytes)
{
    if (!is_large(nbytes))
        return memory.under.malloc(context, nbytes);
    void *data = use_again(context, nbytes);
    if (data)
        return data;
    size_t room = room_for(nbytes);
    data = memory.under.malloc(context, room);
    return note_born(data ? data : memory.under.malloc(context, nbytes), nbytes, data ? room : nbytes);
}

/* A kept block is there already and is cleared in less time than new pages, of which most functions write all. */
static void *kept_calloc(void *context, size_t count, size_t nbytes)
{
    size_t all;
    if (__builtin_mul_overflow(count, nbytes, &all) || !is_large(all))
        return memory.under.calloc(context, count, nbytes);
    void *data = use_again(context, all);
    if (data)
        return memset(data, 0, all);
    size_t room = room_for(all);
    data = memory.under.calloc(context, 1, room);
    return note_born(data ? data : memory.under.calloc(context, count, nbytes), all, data ? room : all);
}

static void *kept_realloc(void *context, void *old, size_t nbytes)
{
    Blocks freed = {.count = 0};
    bool large = is_large(nbytes);
    enter();
    Block was = old ? take_live(old) : nothing;
    memory.nbytes -= was.nbytes;
    if (large)
        make_room(nbytes, &freed);
    leave();
    free_all(context, &freed);
    void *grown = memory.under.realloc(context, old, nbytes);
    if (large)
        note_born(grown, nbytes, nbytes);
    if (grown == NULL && was.data) { /* the old block stays as it is */
        enter();
        memory.nbytes += was.nbytes;
        add_live(was);
        leave();
    }
    return grown;
}

static void kept_free(void *context, void *data, size_t nbytes)
{
    enter();
    Block was = data ? take_live(data) : nothing;
    bool keeps = was.data && memory.nbytes <= memory.most && memory.kept.count < MOST_KEPT;
    if (keeps)
        memory.kept.blocks[memory.kept.count++] = was;
    else
        memory.nbytes -= was.nbytes;
    leave();
    if (!keeps)
        memory.under.free(context, data, nbytes);
}

/* GIL held. False with an exception if NumPy cannot be found. */
static bool begin(size_t most, size_t least_room)
{
    static bool handles_fork;
    if (!handles_fork && pthread_atfork(enter, leave, leave) == 0)
        handles_fork = true;
    PyDataMemAllocator *allocator = handler_find_allocator();
    if (allocator == NULL)
        return false;
    enter();
    memory.most = most;
    memory.least_room = least_room;
    leave();
    if (memory.is_there) /* below another library's functions it would call itself */
        return true;
    memory.is_there = true;
    memory.under = *allocator;
    allocator->malloc = kept_malloc;
    allocator->calloc = kept_calloc;
    allocator->realloc = kept_realloc;
    allocator->free = kept_free;
    return true;
}

/* GIL held. The functions stay where another library has chained to them: they only call the allocator then. */
static bool end(void)
{
    PyDataMemAllocator *allocator = handler_find_allocator();
    if (allocator == NULL)
        return false;
    enter();
    memory.most = 0;
    Blocks freed = memory.kept;
    memory.kept.count = 0;
    for (unsigned i = 0; i < freed.count; i++)
        memory.nbytes -= freed.blocks[i].nbytes;
    if (allocator->malloc == kept_malloc) {
        *allocator = memory.under;
        memory.is_there = false;
        memory.live_count = 0, memory.nbytes = 0;
    }
    leave();
    free_all(memory.under.ctx, &freed);
    return true;
}

const char kept_blocks_doc[] =
    "keep_blocks(most, least_room, /)\n--\n\nKeep the memory of freed arrays of 1 MiB and more for the next ones; live and kept "
    "together have at most so many bytes.\n\nOf malloc at least `least_room` bytes are asked for each. With a `most` of 0 what is "
    "kept is freed, and nothing is kept any more. Returns False if blocks are kept already.";

PyObject *kept_blocks_keep(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *most, *least_room;
    if (!PyArg_ParseTuple(args, "OO:keep_blocks", &most, &least_room))
        return NULL;
    size_t nbytes = PyLong_AsSize_t(most);
    size_t room = PyErr_Occurred() ? 0 : PyLong_AsSize_t(least_room);
    if (PyErr_Occurred())
        return NULL;
    if (nbytes && memory.most)
        Py_RETURN_FALSE;
    if (nbytes ? begin(nbytes, room) : memory.under.malloc == NULL || end())
        Py_RETURN_TRUE;
    return NULL;
}
