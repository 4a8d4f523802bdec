/* What an array holds: its buffer, its base, its elements. The one file that knows NumPy's structures. */
#include "graph.h"
#define NPY_NO_DEPRECATED_API NPY_1_25_API_VERSION
#include <numpy/arrayobject.h>

/* Up to here malloc takes memory from heaps that are in use anyway; above, pages are asked for. */
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

/* As ndarray.__sizeof__ says it, without the data. */
static int64_t
array_nbytes(PyArrayObject *array)
{
    PyTypeObject *type = Py_TYPE(array);
    int64_t word = sizeof(void *), head = PyType_IS_GC(type) ? 2 * word : 0;
#if PY_VERSION_HEX >= 0x030B0000
    head += PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT) ? 2 * word : 0;
#endif
    return head + type->tp_basicsize + 2 * PyArray_NDIM(array) * word;
}

/* What `.nbytes` says, and what is equal for arrays of one type, dtype and shape. */
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

/* First byte and length of what the strides can reach. */
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

/* Bytes, bytearray and array.array: what lies in them is data once an array looks at it. */
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

/* Who holds the memory that a view at `address` looks at. */
static int
open_base(Graph *graph, PyObject *base, int64_t index, int64_t address, int64_t nbytes)
{
    if (PyArray_Check(base) || PyMemoryView_Check(base)) {
        return 0; /* says itself where it looks */
    }
    TypeInfo *info = graph_type(graph, base);
    if (info == NULL) {
        return -1;
    }
    if (!info->counted) {
        /* The base holds it, for all its views. */
        uint32_t source = graph->source;
        graph->source = index < 0 ? source : (uint32_t)index;
        int status = graph_region(graph, address, nbytes, DOMAIN_FOREIGN, EXTENT);
        graph->source = source;
        return status;
    }
    return claim_payload(graph, base, index);
}

/* The references in one element: itself, or those of its fields. */
static int
open_item(Graph *graph, PyArray_Descr *dtype, char *data)
{
    if (dtype->type_num == NPY_OBJECT) {
        PyObject *item;
        memcpy(&item, data, sizeof(item)); /* a packed structure does not align it */
        return item == NULL ? 0 : graph_visit(item, graph);
    }
    int status = 0;
    if (PyDataType_HASSUBARRAY(dtype)) {
        PyArray_Descr *base = PyDataType_SUBARRAY(dtype)->base;
        npy_intp step = PyDataType_ELSIZE(base), length = PyDataType_ELSIZE(dtype);
        for (npy_intp at = 0; status == 0 && step > 0 && at < length; at += step) {
            status = open_item(graph, base, data + at);
        }
        return status;
    }
    PyObject *names = PyDataType_HASFIELDS(dtype) ? PyDataType_NAMES(dtype) : NULL;
    for (Py_ssize_t i = 0; status == 0 && names != NULL && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *field = PyDict_GetItem(PyDataType_FIELDS(dtype), PyTuple_GET_ITEM(names, i));
        PyArray_Descr *type = (PyArray_Descr *)PyTuple_GET_ITEM(field, 0);
        if (PyDataType_REFCHK(type)) {
            status = open_item(graph, type, data + PyLong_AsSsize_t(PyTuple_GET_ITEM(field, 1)));
        }
    }
    return status;
}

/* The references in an object array belong to the array that owns the memory. */
static int
open_elements(Graph *graph, PyArrayObject *array)
{
    int status = 0;
    if (PyArray_ISONESEGMENT(array)) {
        char *data = PyArray_DATA(array);
        npy_intp step = PyArray_ITEMSIZE(array), count = step ? PyArray_SIZE(array) : 0;
        for (npy_intp i = 0; status == 0 && i < count; i++) {
            status = open_item(graph, PyArray_DESCR(array), data + i * step);
        }
        return status;
    }
    PyArrayIterObject *each = (PyArrayIterObject *)PyArray_IterNew((PyObject *)array);
    if (each == NULL) {
        return -1;
    }
    while (status == 0 && PyArray_ITER_NOTDONE(each)) {
        status = open_item(graph, PyArray_DESCR(array), PyArray_ITER_DATA(each));
        PyArray_ITER_NEXT(each);
    }
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
        return graph_region(graph, address, nbytes, DOMAIN_FOREIGN, EXTENT);
    }
    graph->edge_flag = BASE_EDGE;
    int64_t owner = graph_meet(graph, base);
    int status = owner >= 0 ? graph_edge(graph, index, (uint32_t)owner | BASE_EDGE) : owner == -1 ? 0 : -1;
    graph->edge_flag = 0;
    return status == 0 ? open_base(graph, base, owner, address, nbytes) : status;
}

/* The node of what a memoryview looks at, ahead of the reference to it: so it is in the table whatever its count. */
static int64_t
meet_owner(Graph *graph, PyObject *owner)
{
    if (graph_index_all(graph) < 0) {
        return -2;
    }
    int64_t index = graph_find(graph, owner);
    TypeInfo *info = index < 0 ? graph_type(graph, owner) : NULL;
    if (index >= 0 || info == NULL || info->skipped) {
        return index >= 0 ? index : info == NULL ? -2 : -1;
    }
    index = graph_add(graph, owner);
    return index < 0 ? -2 : index;
}

int
open_view(Graph *graph, uint32_t index)
{
    PyObject *view = graph->nodes[index].object;
    Py_buffer *buffer = PyMemoryView_GET_BUFFER(view);
    PyMemoryViewObject *memory = (PyMemoryViewObject *)view;
    if (memory->flags & _Py_MEMORYVIEW_RELEASED || memory->mbuf->flags & _Py_MANAGED_BUFFER_RELEASED) {
        return 0; /* its pointers are stale */
    }
    Payload *payload = graph_payload(graph, index);
    if (payload == NULL) {
        return -1;
    }
    payload->logical = buffer->len;
    graph->edge_flag = BASE_EDGE;
    /* To its managed buffer; that one holds the owner, so the owner is met by the walk itself. */
    int status = Py_TYPE(view)->tp_traverse(view, graph_visit, graph);
    graph->edge_flag = 0;
    if (status != 0 || buffer->obj == NULL) {
        return status;
    }
    int64_t owner = meet_owner(graph, buffer->obj);
    return owner == -2 ? -1 : open_base(graph, buffer->obj, owner, (int64_t)(intptr_t)buffer->buf, buffer->len);
}
