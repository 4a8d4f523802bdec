/* What an array holds: its buffer, its base, its elements. The one file that knows NumPy's structures. */
#include "walk/graph.h"
#include "common/compat_objects.h"
#define NPY_NO_DEPRECATED_API NPY_1_25_API_VERSION
#include <numpy/arrayobject.h>

/* Up to here malloc takes memory from heaps that are in use anyway; above, it maps pages. */
#define SMALL_NBYTES (128 * 1024)

#define TYPE_STRINGS 2056 /* NPY_VSTRING, since NumPy 2.0 */

static int64_t
import_numpy(void)
{
    import_array1(-1);
    return 0;
}

int
arrays_init(void)
{
    return (int)import_numpy();
}

int
is_array(PyTypeObject *type)
{
    return type == &PyArray_Type || PyType_IsSubtype(type, &PyArray_Type);
}

int
is_plain_array(PyTypeObject *type)
{
    return type == &PyArray_Type;
}

/* Here, for a file that does not import NumPy's table of functions takes the dtype of NumPy 2 for that of 1. */
int64_t
itemsize_of(void *array)
{
    return PyArray_ITEMSIZE((PyArrayObject *)array);
}

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    return hash ^ (hash >> 29);
}

/* As ndarray.__sizeof__ returns it, without the data. */
static int64_t
array_nbytes(PyArrayObject *array)
{
    PyTypeObject *type = Py_TYPE(array);
    return type_head_nbytes(type) + type->tp_basicsize + 2 * PyArray_NDIM(array) * (int64_t)sizeof(void *);
}

/* The value of `.nbytes`, and a key that is equal for arrays of one type, dtype and shape. */
static void
describe_shape(PyArrayObject *array, Payload *payload)
{
    PyArray_Descr *dtype = PyArray_DESCR(array);
    uint64_t hash = mix((uint64_t)(uintptr_t)Py_TYPE(array), (uint64_t)dtype->type_num);
    hash = mix(hash, (uint64_t)PyDataType_ELSIZE(dtype));
    int64_t nbytes = PyDataType_ELSIZE(dtype);
    for (int i = 0; i < PyArray_NDIM(array); i++) {
        nbytes *= PyArray_DIM(array, i);
        hash = mix(hash, (uint64_t)PyArray_DIM(array, i) + 1);
    }
    payload->logical = nbytes;
    payload->alike = hash;
}

/* First byte and length of the memory that the strides can reach. */
static int64_t
extent(PyArrayObject *array, int64_t *nbytes)
{
    int64_t low = 0, high = PyArray_ITEMSIZE(array);
    for (int i = 0; i < PyArray_NDIM(array); i++) {
        int64_t span = (PyArray_DIM(array, i) - 1) * PyArray_STRIDE(array, i);
        if (PyArray_DIM(array, i) == 0) {
            *nbytes = 0;
            return (int64_t)(intptr_t)PyArray_DATA(array);
        }
        low += span < 0 ? span : 0;
        high += span > 0 ? span : 0;
    }
    *nbytes = high - low;
    return (int64_t)(intptr_t)PyArray_DATA(array) + low;
}

/* Bytes, bytearray and array.array: their contents are data if an array is a view of them. */
static int
claim_payload(Graph *graph, PyObject *owner, int64_t index)
{
    Py_buffer buffer;
    if (index < 0 || graph->nodes[index].payload != 0 || PyObject_GetBuffer(owner, &buffer, PyBUF_SIMPLE) < 0) {
        PyErr_Clear();
        return 0;
    }
    Payload *payload = graph_payload(graph, (uint32_t)index);
    if (payload != NULL) {
        payload->data = buffer.len;
        payload->resident = buffer.len < SMALL_NBYTES ? buffer.len : -1;
        payload->address = buffer.buf;
        payload->domain = DOMAIN_FOREIGN;
        graph->nodes[index].python -= buffer.len; /* sys.getsizeof has it, before or after */
    }
    PyBuffer_Release(&buffer);
    return payload == NULL ? -1 : 0;
}

/* The object that holds the memory of a view at `address`. */
static int
open_base(Graph *graph, PyObject *base, int64_t index, int64_t address, int64_t nbytes)
{
    if (PyArray_Check(base) || PyMemoryView_Check(base)) {
        return 0; /* has the address itself */
    }
    TypeInfo *info = graph_type(graph, base);
    if (info == NULL) {
        return -1;
    }
    if (!info->counted) {
        /* The base holds it, for all its views. */
        uint32_t source = graph->source;
        graph->source = index < 0 ? source : (uint32_t)index;
        int status = graph_region(graph, address, nbytes, DOMAIN_FOREIGN, EXTENT, -1);
        graph->source = source;
        return status;
    }
    return claim_payload(graph, base, index);
}

/* Take the references in one element: itself, or those of its fields. Runs no Python code. */
static int
take_item(Graph *graph, PyArray_Descr *dtype, char *data)
{
    if (dtype->type_num == NPY_OBJECT) {
        PyObject *item;
        memcpy(&item, data, sizeof(item)); /* a packed structure does not align it */
        return item == NULL ? 0 : take(graph, item);
    }
    int status = 0;
    if (PyDataType_HASSUBARRAY(dtype)) {
        PyArray_Descr *base = PyDataType_SUBARRAY(dtype)->base;
        npy_intp step = PyDataType_ELSIZE(base), length = PyDataType_ELSIZE(dtype);
        for (npy_intp at = 0; status == 0 && step > 0 && at < length; at += step) {
            status = take_item(graph, base, data + at);
        }
        return status;
    }
    PyObject *names = PyDataType_HASFIELDS(dtype) ? PyDataType_NAMES(dtype) : NULL;
    for (Py_ssize_t i = 0; status == 0 && names != NULL && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *field = PyDict_GetItem(PyDataType_FIELDS(dtype), PyTuple_GET_ITEM(names, i));
        PyArray_Descr *type = (PyArray_Descr *)PyTuple_GET_ITEM(field, 0);
        if (PyDataType_REFCHK(type)) {
            status = take_item(graph, type, data + PyLong_AsSsize_t(PyTuple_GET_ITEM(field, 1)));
        }
    }
    return status;
}

/* The references in an object array belong to the array that owns the memory. The array may be resized while what was
 * taken is looked at: where its memory is, and how long, is asked again for each part. May run Python code. */
static int
open_elements(Graph *graph, PyArrayObject *array)
{
    int status = 0;
    if (PyArray_ISONESEGMENT(array)) {
        npy_intp step = PyArray_ITEMSIZE(array), i = 0;
        while (status == 0 && step > 0 && i < PyArray_SIZE(array)) {
            for (; status == 0 && i < PyArray_SIZE(array) && graph->n_taken < MOST_TAKEN; i++) {
                status = take_item(graph, PyArray_DESCR(array), PyArray_BYTES(array) + i * step);
            }
            status = follow_taken(graph, status);
        }
        return status;
    }
    PyArrayIterObject *each = (PyArrayIterObject *)PyArray_IterNew((PyObject *)array);
    if (each == NULL) {
        return -1;
    }
    while (status == 0 && PyArray_ITER_NOTDONE(each)) {
        status = take_item(graph, PyArray_DESCR(array), PyArray_ITER_DATA(each));
        PyArray_ITER_NEXT(each);
    }
    status = follow_taken(graph, status);
    Py_DECREF(each);
    return status;
}

static Payload *
describe_array(Graph *graph, uint32_t index)
{
    Node *node = &graph->nodes[index];
    PyArrayObject *array = (PyArrayObject *)node->object;
    Payload *payload = graph_payload(graph, index);
    if (payload == NULL) {
        return NULL;
    }
    describe_shape(array, payload);
    node->python = array_nbytes(array);
    if (PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA)) {
        payload->data = payload->logical;
        payload->resident = payload->data < SMALL_NBYTES ? payload->data : -1;
        payload->address = PyArray_DATA(array);
    }
    return payload;
}

/* An ndarray that owns its numbers refers to nothing: it is done while its head is at hand. */
int
open_plain_owner(Graph *graph, uint32_t index)
{
    PyArrayObject *array = (PyArrayObject *)graph->nodes[index].object;
    PyArray_Descr *dtype = PyArray_DESCR(array);
    if (!PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA) || PyArray_BASE(array) != NULL || PyDataType_REFCHK(dtype)
        || dtype->type_num == TYPE_STRINGS) {
        return 0;
    }
    graph->nodes[index].flags |= NODE_OPENED;
    return describe_array(graph, index) == NULL ? -1 : 0;
}

int
open_array(Graph *graph, uint32_t index)
{
    PyArrayObject *array = (PyArrayObject *)graph->nodes[index].object;
    if (describe_array(graph, index) == NULL) {
        return -1;
    }
    if (PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA)) {
        if (PyArray_TYPE(array) == TYPE_STRINGS) {
            return open_strings(graph, (PyObject *)array);
        }
        return PyDataType_REFCHK(PyArray_DESCR(array)) ? open_elements(graph, array) : 0;
    }
    int64_t nbytes, address = extent(array, &nbytes);
    PyObject *base = PyArray_BASE(array);
    if (base == NULL) {
        return graph_region(graph, address, nbytes, DOMAIN_FOREIGN, EXTENT, -1);
    }
    Py_ssize_t refs = Py_REFCNT(base);
    Py_INCREF(base);
    graph->edge_flag = BASE_EDGE;
    int64_t owner = graph_meet(graph, base, refs);
    int status = owner >= 0 ? graph_edge(graph, index, (uint32_t)owner | BASE_EDGE) : owner == -1 ? 0 : -1;
    graph->edge_flag = 0;
    status = status == 0 ? open_base(graph, base, owner, address, nbytes) : status;
    Py_DECREF(base);
    return status;
}

/* A memoryview leads to its managed buffer; that one holds the owner, so the owner is met by the walk itself. The
 * owner's node is wanted ahead of the reference to it: so it is in the table whatever its count. May run Python code,
 * in which the view may be released: what it says is read first. */
int
open_view(Graph *graph, uint32_t index)
{
    PyObject *view = graph->nodes[index].object;
    PyMemoryViewObject *memory = (PyMemoryViewObject *)view;
    if (memory->flags & _Py_MEMORYVIEW_RELEASED || memory->mbuf->flags & _Py_MANAGED_BUFFER_RELEASED) {
        return 0; /* its pointers are stale */
    }
    const Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
    int64_t address = (int64_t)(intptr_t)buffer->buf, nbytes = buffer->len;
    PyObject *owner = buffer->obj;
    Py_ssize_t refs = owner ? Py_REFCNT(owner) : 0;
    Py_XINCREF(owner);
    Payload *payload = graph_payload(graph, index);
    int status = payload == NULL ? -1 : 0;
    if (status == 0) {
        payload->logical = nbytes;
        graph->edge_flag = BASE_EDGE;
        status = follow_taken(graph, Py_TYPE(view)->tp_traverse(view, take_visit, graph));
        graph->edge_flag = 0;
    }
    int64_t node = status == 0 && owner != NULL ? graph_meet_shared(graph, owner, refs) : -1;
    status = node == -2 ? -1 : status;
    if (status == 0 && owner != NULL) {
        status = open_base(graph, owner, node, address, nbytes);
    }
    Py_XDECREF(owner);
    return status;
}
