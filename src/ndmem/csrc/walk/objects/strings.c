/* The text of a StringDType array: in an arena of its dtype, and in blocks of its own where it was replaced. */
#include "walk/graph.h"
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
/* Only this file: it runs for arrays of StringDType alone, which NumPy 1 does not have. */
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

enum { FLAG_LONG = 0x10, FLAG_OUTSIDE = 0x20, FLAG_INITIALIZED = 0x40 }; /* NumPy 2.0 to 2.5 */

typedef struct {
    size_t offset; /* in the arena, or an address outside */
    size_t size_and_flags;
} Packed;

/* The head of `struct npy_string_allocator`, NumPy 2.0 to 2.5; checked before it is used. */
typedef struct {
    void *functions[3];
    size_t cursor, size;
    char *buffer;
} Allocator;

typedef struct {
    const Packed *last; /* of the texts in the arena, the one that ends last */
    size_t end;
    int64_t outside;
} Texts;

static Texts
read_packed(const char *data, npy_intp count)
{
    Texts texts = {0};
    for (npy_intp i = 0; i < count; i++) {
        const Packed *packed = (const Packed *)data + i;
        unsigned flags = (unsigned)(packed->size_and_flags >> 56);
        size_t size = packed->size_and_flags & ~((size_t)0xFF << 56);
        if (!(flags & FLAG_INITIALIZED) || (flags & (FLAG_OUTSIDE | FLAG_LONG)) == FLAG_OUTSIDE) {
            continue; /* missing, or short enough to lie in the element */
        }
        if (flags & FLAG_OUTSIDE) {
            texts.outside += (int64_t)size;
        } else if (size > 0 && packed->offset + size > texts.end) {
            texts.last = packed;
            texts.end = packed->offset + size;
        }
    }
    return texts;
}

/* The arena: whole if NumPy reads a text from the same address, else the part that is known to be used. */
static int
add_arena(Graph *graph, npy_string_allocator *opaque, const Texts *texts)
{
    npy_static_string text = {0, NULL};
    if (NpyString_load(opaque, (const npy_packed_static_string *)texts->last, &text) != 0) {
        return 0;
    }
    Allocator known;
    memcpy(&known, opaque, sizeof(known));
    int64_t nbytes = (int64_t)texts->end;
    if (known.buffer + texts->last->offset == text.buf && texts->end <= known.cursor
        && known.cursor <= known.size) {
        nbytes = (int64_t)known.size;
    }
    return graph_region(graph, (int64_t)(intptr_t)(text.buf - texts->last->offset), nbytes, DOMAIN_NATIVE, SOLE, -1);
}

int
open_strings(Graph *graph, PyObject *object)
{
    PyArrayObject *array = (PyArrayObject *)object;
    if (PyArray_API == NULL && PyArray_ImportNumPyAPI() < 0) {
        return -1;
    }
    if (!PyArray_ISONESEGMENT(array) || PyArray_ITEMSIZE(array) != (npy_intp)sizeof(Packed) || NPY_BYTE_ORDER != NPY_LITTLE_ENDIAN) {
        return 0;
    }
    Texts texts = read_packed(PyArray_DATA(array), PyArray_SIZE(array));
    int status = 0;
    if (texts.last != NULL) {
        PyArray_StringDTypeObject *dtype = (PyArray_StringDTypeObject *)PyArray_DESCR(array);
        npy_string_allocator *allocator = NpyString_acquire_allocator(dtype);
        status = add_arena(graph, allocator, &texts);
        NpyString_release_allocator(allocator);
    }
    if (status == 0 && texts.outside > 0) {
        int64_t node = graph_add(graph, NULL, 0);
        Payload *payload = node < 0 ? NULL : graph_payload(graph, (uint32_t)node);
        if (payload == NULL) {
            return -1;
        }
        payload->data = payload->resident = texts.outside;
        payload->domain = DOMAIN_NATIVE;
        status = graph_edge(graph, graph->source, (uint32_t)node | BASE_EDGE);
    }
    return status;
}
