/* Growing columns, which one graph leaves to the next. They are allocated by malloc, which runs no Python code. */
#include "walk/graph.h"

/* Columns of the last graph, for the next: where pages of memory are expensive, mapping them again is a third of the
 * time that ten thousand arrays take. One of each width, of at most a mebibyte. */
enum { N_SPARES = 4, SPARE_NBYTES = 1 << 20 };
static struct {
    void *items;
    uint32_t room;
    size_t itemsize;
} spares[N_SPARES];

void
keep_column(void *items, uint32_t room, size_t itemsize)
{
    for (int i = 0; items != NULL && room * itemsize <= SPARE_NBYTES && i < N_SPARES; i++) {
        if (spares[i].items == NULL || (spares[i].itemsize == itemsize && spares[i].room < room)) {
            PyMem_RawFree(spares[i].items);
            spares[i].items = items;
            spares[i].room = room;
            spares[i].itemsize = itemsize;
            return;
        }
        if (spares[i].itemsize == itemsize) {
            break;
        }
    }
    PyMem_RawFree(items);
}

static void *
take_column(uint32_t *room, size_t itemsize)
{
    for (int i = 0; i < N_SPARES; i++) {
        if (spares[i].items != NULL && spares[i].itemsize == itemsize) {
            void *items = spares[i].items;
            *room = spares[i].room;
            spares[i].items = NULL;
            spares[i].itemsize = 0;
            return items;
        }
    }
    return NULL;
}

void *
graph_grow(void *items, uint32_t used, uint32_t *room, size_t itemsize)
{
    if (used < *room) {
        return items;
    }
    /* The top bit of an index marks an edge to a base. */
    if (used >= BASE_EDGE / 2) {
        PyErr_SetString(PyExc_MemoryError, "an object of more than 2**30 parts cannot be weighed");
        return NULL;
    }
    if (items == NULL && (items = take_column(room, itemsize)) != NULL) {
        return items;
    }
    uint32_t wanted = *room ? *room * 2 : 16;
    void *grown = PyMem_RawRealloc(items, wanted * itemsize);
    if (grown == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    *room = wanted;
    return grown;
}
