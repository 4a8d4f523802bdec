/* The walk: each object is opened once, in the order it was found. */
#include "walk/graph.h"
#include "common/compat_objects.h"
#include <frameobject.h>

/* Most items of a container are counted here, without a call. */
static inline int
count_or_take(Graph *graph, PyObject *object)
{
    int64_t nbytes = Py_REFCNT(object) == 1 && graph->folding && !graph->edge_flag ? common_nbytes(graph, object) : -1;
    if (nbytes < 0) {
        return take(graph, object);
    }
    graph->nodes[graph->source].python += nbytes;
    return 0;
}

#define TAKE(held) \
    if ((held) != NULL && count_or_take(graph, (held)) < 0) { \
        return -1; \
    }

static int
take_function(Graph *graph, PyObject *object)
{
    /* Not its globals: they are the module's. */
    PyFunctionObject *function = (PyFunctionObject *)object;
    TAKE(function->func_closure);
    TAKE(function->func_defaults);
    TAKE(function->func_kwdefaults);
    TAKE(function->func_dict);
    return 0;
}

/* The objects are anywhere in memory: their heads are prefetched. */
#define AHEAD 8

/* Lists, tuples and dicts are followed part by part, while the references taken are still in the cache. Where Python code runs
 * between two parts a list or dict may change: then some of it is left out or seen twice, as in any sum over it. */
static int
open_list(Graph *graph, PyObject *list)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list);) {
        for (; i < PyList_GET_SIZE(list) && graph->n_taken < MOST_TAKEN; i++) {
            if (i + AHEAD < PyList_GET_SIZE(list)) {
                __builtin_prefetch(PyList_GET_ITEM(list, i + AHEAD));
            }
            TAKE(PyList_GET_ITEM(list, i));
        }
        if (follow_taken(graph, 0) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
open_tuple(Graph *graph, PyObject *tuple)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple);) {
        for (; i < PyTuple_GET_SIZE(tuple) && graph->n_taken < MOST_TAKEN; i++) {
            if (i + AHEAD < PyTuple_GET_SIZE(tuple)) {
                __builtin_prefetch(PyTuple_GET_ITEM(tuple, i + AHEAD));
            }
            TAKE(PyTuple_GET_ITEM(tuple, i));
        }
        if (follow_taken(graph, 0) < 0) {
            return -1;
        }
    }
    return 0;
}

/* With its keys, which dict's own traversal leaves out where all are text: text makes no cycles. Those of a split
 * table, the __dict__ of an instance, belong to its class. */
static int
open_dict(Graph *graph, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    if (((PyDictObject *)dict)->ma_values != NULL) {
        return PyDict_Type.tp_traverse(dict, take_visit, graph);
    }
    for (int more = 1; more;) {
        while (graph->n_taken < MOST_TAKEN && (more = PyDict_Next(dict, &at, &key, &value))) {
            TAKE(key);
            TAKE(value);
        }
        if (follow_taken(graph, 0) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
count_visit(PyObject *Py_UNUSED(object), void *count)
{
    ++*(Py_ssize_t *)count;
    return 0;
}

/* The keys of a subclass's instance, where the traversal has left them out. */
static int
take_keys(Graph *graph, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t at = 0, visited = 0;
    PyDict_Type.tp_traverse(dict, count_visit, &visited);
    int unseen = visited == PyDict_GET_SIZE(dict) && ((PyDictObject *)dict)->ma_values == NULL;
    while (PyDict_Next(dict, &at, &key, &value)) {
        if (unseen) {
            TAKE(key);
        }
        if (PyODict_Check(dict)) { /* its list of nodes holds each key too */
            TAKE(key);
        }
    }
    return 0;
}

static int
take_traversed(Graph *graph, uint32_t index, PyObject *object)
{
    if (!PyObject_IS_GC(object) || Py_TYPE(object)->tp_traverse == NULL) {
        return 0;
    }
    graph->visits = 0;
    int status = Py_TYPE(object)->tp_traverse(object, take_visit, graph);
    graph->nodes[index].python += instance_values_nbytes(object, graph->visits);
    return status == 0 && PyDict_Check(object) ? take_keys(graph, object) : status;
}

/* Take the references of an object; of long containers all but the last part was followed already. */
static int
open_references(Graph *graph, uint32_t index, Opening opening)
{
    PyObject *object = graph->nodes[index].object;
    switch (opening) {
    case OPEN_LIST:
        return open_list(graph, object);
    case OPEN_TUPLE:
        return open_tuple(graph, object);
    case OPEN_DICT:
        return open_dict(graph, object);
    case OPEN_FUNCTION:
        return take_function(graph, object);
    case OPEN_FRAME:
        return take_frame(graph, object);
    case OPEN_GENERATOR:
        return take_generator(graph, object);
    default:
        return take_traversed(graph, index, object);
    }
}

static int
open_as(Graph *graph, uint32_t index, const TypeInfo *info)
{
    int status = 0, follow = 1;
    if (info->array) {
        status = open_array(graph, index);
    } else if (info->opening == OPEN_VIEW) {
        return open_view(graph, index);
    }
    if (status == 0 && info->rule != NULL) {
        status = open_rule(graph, info->rule, graph->nodes[index].object, &follow);
    }
    if (status == 0 && info->lends) {
        status = open_lent(graph, index);
    }
    if (status != 0 || !follow) {
        return status;
    }
    return follow_taken(graph, open_references(graph, index, info->opening));
}

static int
open_node(Graph *graph, uint32_t index)
{
    PyObject *object = graph->nodes[index].object;
    if (object == NULL || graph->nodes[index].flags & NODE_OPENED) {
        return 0;
    }
    TypeInfo *known = graph_type(graph, object);
    if (known == NULL) {
        return -1;
    }
    TypeInfo info = *known; /* opening may meet new types, and move the table */
    graph->source = index;
    graph->nodes[index].flags |= NODE_OPENED | (object_is_immortal(object) ? NODE_IMMORTAL : 0);
    if (!info.array) {
        int64_t nbytes = python_nbytes(&info, object);
        graph->nodes[index].python += nbytes;
    }
    if (hides_memory(graph, index, &info)) {
        graph_mark_unseen(graph, index);
    }
    graph->edge_flag = graph->nodes[index].flags & NODE_LENDER ? BASE_EDGE : 0;
    graph->folding = info.tidy;
    int status = open_as(graph, index, &info);
    graph->edge_flag = graph->folding = 0;
    return status;
}

/* Open every node from `from` on, and those that this adds. May run Python code. */
int
graph_explore(Graph *graph, uint32_t from)
{
    for (uint32_t index = from; index < graph->n_nodes; index++) {
        if (open_node(graph, index) != 0) {
            if (!PyErr_Occurred()) {
                PyErr_SetString(PyExc_RuntimeError, "an object could not be opened");
            }
            return -1;
        }
    }
    return 0;
}
