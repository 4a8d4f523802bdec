/* Objects of extensions: the memory that they allocate themselves is in no reference and in no `__sizeof__`. */
#define _GNU_SOURCE /* dladdr */
#include "walk/graph.h"
#include <dlfcn.h>

static destructor dealloc_instance; /* of all classes written in Python */
static void *interpreter;           /* where the file that frees plain objects is loaded */

static void *
file_of(destructor dealloc)
{
    Dl_info found;
    return dladdr((void *)(uintptr_t)dealloc, &found) ? found.dli_fbase : NULL;
}

int
unseen_init(PyTypeObject *written)
{
    dealloc_instance = written->tp_dealloc;
    interpreter = file_of(PyBaseObject_Type.tp_dealloc);
    return 0;
}

/* The base whose part of an instance is C: classes written in Python add only references. */
static PyTypeObject *
find_native_base(PyTypeObject *type)
{
    while (type->tp_base != NULL && type->tp_dealloc == dealloc_instance) {
        type = type->tp_base;
    }
    return type;
}

/* That base, and whether code outside the interpreter's own file frees its objects. Needs the GIL; no Python code. */
PyObject *
native_base(PyObject *Py_UNUSED(module), PyObject *type)
{
    if (!PyType_Check(type)) {
        return PyErr_Format(PyExc_TypeError, "a type is needed");
    }
    PyTypeObject *base = find_native_base((PyTypeObject *)type);
    int own = base->tp_dealloc == PyBaseObject_Type.tp_dealloc || file_of(base->tp_dealloc) == interpreter;
    return Py_BuildValue("OO", base, own ? Py_False : Py_True);
}

/* Settle what the resolver suspects: a size of its own, or a buffer, shows what such an object holds. */
void
describe_unseen(TypeInfo *info)
{
    info->unseen = (info->unseen && info->rule == NULL && !info->array && info->sizing != SIZE_ASKED)
                   || info->type == &PyCapsule_Type;
    const PyBufferProcs *own = info->type->tp_as_buffer, *base = find_native_base(info->type)->tp_as_buffer;
    /* A class may have a `__buffer__` written in Python, which would run. */
    info->lends = info->unseen && own != NULL && base != NULL && own->bf_getbuffer != NULL
                  && own->bf_getbuffer == base->bf_getbuffer;
    info->unseen &= (uint8_t)!info->lends;
}

/* Not if an array borrows its memory: the array knows it. A capsule without a destructor frees nothing. */
int
hides_memory(const Graph *graph, uint32_t index, const TypeInfo *info)
{
    if (!info->unseen || graph->nodes[index].flags & NODE_LENDER) {
        return 0;
    }
    PyObject *object = graph->nodes[index].object;
    int frees = !PyCapsule_CheckExact(object) || PyCapsule_GetDestructor(object) != NULL;
    PyErr_Clear();
    return frees;
}

/* First byte and length of what a buffer's strides can reach; 0 if it has indirect parts. */
static int
find_extent(const Py_buffer *buffer, int64_t *address, int64_t *nbytes)
{
    int64_t low = 0, high = buffer->len ? buffer->itemsize : 0;
    for (int i = 0; buffer->strides != NULL && buffer->shape != NULL && buffer->len && i < buffer->ndim; i++) {
        int64_t span = (buffer->shape[i] - 1) * buffer->strides[i];
        low += span < 0 ? span : 0;
        high += span > 0 ? span : 0;
        if (buffer->suboffsets != NULL && buffer->suboffsets[i] >= 0) {
            return 0;
        }
    }
    *address = (int64_t)(intptr_t)buffer->buf + low;
    *nbytes = buffer->strides == NULL ? buffer->len : high - low;
    return 1;
}

/* The memory that an extension's object exports as a buffer; it may be another object's. May run Python code. */
int
open_lent(Graph *graph, uint32_t index)
{
    Py_buffer buffer;
    int64_t address, nbytes;
    if (PyObject_GetBuffer(graph->nodes[index].object, &buffer, PyBUF_FULL_RO) < 0) {
        PyErr_Clear();
        graph_mark_unseen(graph, index);
        return 0;
    }
    int status = 0;
    if (!find_extent(&buffer, &address, &nbytes)) {
        graph_mark_unseen(graph, index);
    } else {
        Payload *payload = graph_payload(graph, index);
        status = payload == NULL ? -1 : graph_region(graph, address, nbytes, DOMAIN_FOREIGN, SHARED, -1);
        if (payload != NULL) {
            payload->logical = buffer.len;
        }
    }
    PyBuffer_Release(&buffer);
    return status;
}

#define MOST_TYPES 64

/* (type, how many) of the objects that were marked as unseen, in the order in which they were found. */
PyObject *
graph_unseen(Graph *graph, PyObject *Py_UNUSED(none))
{
    PyTypeObject *types[MOST_TYPES];
    Py_ssize_t counts[MOST_TYPES];
    int n_types = 0;
    for (uint32_t i = 0, left = graph->n_unseen; left > 0 && i < graph->n_nodes; i++) {
        if (!(graph->nodes[i].flags & NODE_UNSEEN)) {
            continue;
        }
        left--;
        int at = 0;
        while (at < n_types && types[at] != Py_TYPE(graph->nodes[i].object)) {
            at++;
        }
        if (at == n_types && n_types < MOST_TYPES) {
            types[n_types] = Py_TYPE(graph->nodes[i].object);
            counts[n_types++] = 0;
        }
        counts[at < MOST_TYPES ? at : MOST_TYPES - 1]++;
    }
    PyObject *answer = PyList_New(n_types);
    for (int i = 0; answer != NULL && i < n_types; i++) {
        PyObject *pair = Py_BuildValue("On", types[i], counts[i]);
        if (pair == NULL) {
            Py_CLEAR(answer);
        } else {
            PyList_SET_ITEM(answer, i, pair);
        }
    }
    return answer;
}
