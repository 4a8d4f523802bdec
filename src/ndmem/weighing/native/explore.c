/* The walk: each object is opened once, in the order it was found. */
#include "graph.h"
#include <frameobject.h>

#if PY_VERSION_HEX >= 0x030C0000
#define IS_IMMORTAL(object) _Py_IsImmortal(object)
#else
#define IS_IMMORTAL(object) 0
#endif

/* The interpreter keeps these itself, whoever refers to them; from 3.12 they are immortal. */
int
is_kept_by_interpreter(PyObject *object)
{
    if (IS_IMMORTAL(object)) {
        return 1;
    }
    if (PyLong_CheckExact(object)) {
        int overflow;
        long value = PyLong_AsLongAndOverflow(object, &overflow);
        return !overflow && value >= -5 && value <= 256;
    }
    if (PyUnicode_CheckExact(object)) {
        return PyUnicode_GET_LENGTH(object) == 0
               || (PyUnicode_GET_LENGTH(object) == 1 && PyUnicode_READ_CHAR(object, 0) < 256);
    }
    return (PyBytes_CheckExact(object) && PyBytes_GET_SIZE(object) <= 1)
           || (PyTuple_CheckExact(object) && PyTuple_GET_SIZE(object) == 0);
}

/* An object whose only reference is being followed: nothing else leads to it, and the interpreter does not keep it. */
static int64_t
meet_sole(Graph *graph, PyObject *object)
{
    int may_fold = graph->folding && !graph->edge_flag;
    int64_t folded = may_fold ? fold_nbytes(graph, object) : -1;
    TypeInfo *info = folded < 0 ? graph_type(graph, object) : NULL;
    if (info != NULL && may_fold && info->folds && !info->skipped) {
        folded = python_nbytes(info, object);
    }
    if (folded >= 0) {
        graph->nodes[graph->source].python += folded;
        return -1;
    }
    if (info == NULL || info->skipped) {
        return info == NULL ? -2 : -1;
    }
    int plain = info->plain; /* adding moves no types, but opening may */
    int64_t index = graph_add_sole(graph, object);
    if (index < 0) {
        return -2;
    }
    graph->nodes[index].flags |= graph->edge_flag ? NODE_LENDER : 0;
    return plain && open_plain_owner(graph, (uint32_t)index) < 0 ? -2 : index;
}

/* The node of an object, added if it is new; -1 if it needs none, -2 with an exception set. */
int64_t
graph_meet(Graph *graph, PyObject *object)
{
    if (Py_REFCNT(object) == 1 && graph->borrowed == 0) {
        return meet_sole(graph, object);
    }
    int64_t index = graph_find(graph, object);
    /* Two references may be one of the program's and our own, of a node that is not in the table. */
    if (index < 0 && graph->n_unindexed > 0 && (Py_REFCNT(object) == 2 || graph->borrowed)) {
        if (graph_index_all(graph) < 0) {
            return -2;
        }
        index = graph_find(graph, object);
    }
    if (index >= 0) {
        return index;
    }
    if (PyType_Check(object) || is_kept_by_interpreter(object)) {
        return -1;
    }
    TypeInfo *info = graph_type(graph, object);
    if (info == NULL) {
        return -2;
    }
    if (info->skipped) {
        return -1;
    }
    if ((index = graph_add(graph, object)) < 0) {
        return -2;
    }
    /* What only a base leads to is nobody's `.nbytes`. */
    graph->nodes[index].flags |= graph->edge_flag ? NODE_LENDER : 0;
    return index;
}

/* A visitproc: one reference of the node being opened. */
int
graph_visit(PyObject *object, void *arg)
{
    Graph *graph = arg;
    graph->visits += !PyType_Check(object);
    int64_t index = graph_meet(graph, object);
    if (index < 0) {
        return index == -1 ? 0 : -1;
    }
    return graph_edge(graph, graph->source, (uint32_t)index | graph->edge_flag);
}

/* Most of what a container holds is done here, without a call. */
static inline int
visit_item(Graph *graph, PyObject *object)
{
    int64_t nbytes = -1;
    if (Py_REFCNT(object) == 1 && graph->folding && !graph->edge_flag) {
        nbytes = common_nbytes(graph, object);
    }
    if (nbytes < 0) {
        return graph_visit(object, graph);
    }
    graph->nodes[graph->source].python += nbytes;
    return 0;
}

#define VISIT(held) \
    if ((held) != NULL && visit_item(graph, (held)) < 0) { \
        return -1; \
    }

static int
open_function(Graph *graph, PyObject *object)
{
    /* Not its globals: they are the module's. */
    PyFunctionObject *function = (PyFunctionObject *)object;
    VISIT(function->func_closure);
    VISIT(function->func_defaults);
    VISIT(function->func_kwdefaults);
    VISIT(function->func_dict);
    return 0;
}

/* The objects lie anywhere: their heads are asked for before they are needed. */
#define AHEAD 8

static int
open_list(Graph *graph, PyObject *list)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) { /* may shrink: a rule is Python code */
        if (i + AHEAD < PyList_GET_SIZE(list)) {
            __builtin_prefetch(PyList_GET_ITEM(list, i + AHEAD));
        }
        VISIT(PyList_GET_ITEM(list, i));
    }
    return 0;
}

static int
open_tuple(Graph *graph, PyObject *tuple)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        if (i + AHEAD < PyTuple_GET_SIZE(tuple)) {
            __builtin_prefetch(PyTuple_GET_ITEM(tuple, i + AHEAD));
        }
        VISIT(PyTuple_GET_ITEM(tuple, i));
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
        return PyDict_Type.tp_traverse(dict, graph_visit, graph);
    }
    while (PyDict_Next(dict, &at, &key, &value)) {
        VISIT(key);
        VISIT(value);
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
open_keys(Graph *graph, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t at = 0, visited = 0;
    PyDict_Type.tp_traverse(dict, count_visit, &visited);
    int unseen = visited == PyDict_GET_SIZE(dict) && ((PyDictObject *)dict)->ma_values == NULL;
    while (PyDict_Next(dict, &at, &key, &value)) {
        if (unseen) {
            VISIT(key);
        }
        if (PyODict_Check(dict)) { /* its list of nodes holds each key too */
            VISIT(key);
        }
    }
    return 0;
}

static int
open_regions(Graph *graph, PyObject *regions)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(regions); i++) {
        long long address, nbytes;
        int domain, certainty;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(regions, i), "LLii", &address, &nbytes, &domain, &certainty)
            || graph_region(graph, address, nbytes, domain, certainty) < 0) {
            return -1;
        }
        Payload *payload = graph_payload(graph, graph->source);
        if (payload == NULL) {
            return -1;
        }
        payload->logical += nbytes;
    }
    return 0;
}

static int
open_answered(Graph *graph, PyObject *objects)
{
    int status = 0;
    graph->borrowed = 1; /* the tuple's own reference */
    for (Py_ssize_t i = 0; status == 0 && i < PyTuple_GET_SIZE(objects); i++) {
        status = graph_visit(PyTuple_GET_ITEM(objects, i), graph);
    }
    graph->borrowed = 0;
    return status;
}

/* A rule answers (objects, bases, regions, nbytes that nobody else sees, logical or -1, follow). */
static int
open_rule(Graph *graph, PyObject *rule, PyObject *object, int *follow)
{
    PyObject *answer = PyObject_CallOneArg(rule, object);
    PyObject *objects, *bases, *regions;
    long long nbytes, logical;
    if (answer == NULL
        || !PyArg_ParseTuple(answer, "O!O!O!LLp", &PyTuple_Type, &objects, &PyTuple_Type, &bases,
                             &PyTuple_Type, &regions, &nbytes, &logical, follow)) {
        Py_XDECREF(answer);
        return -1;
    }
    int status = open_regions(graph, regions);
    if (status == 0 && (nbytes > 0 || logical >= 0)) {
        Payload *payload = graph_payload(graph, graph->source);
        status = payload == NULL ? -1 : 0;
        if (payload != NULL && nbytes > 0) {
            payload->data += nbytes;
            payload->resident += nbytes;
            payload->domain = DOMAIN_NATIVE;
        }
        if (payload != NULL && logical >= 0) {
            payload->logical = logical;
        }
    }
    uint32_t flag = graph->edge_flag;
    if (status == 0) {
        status = open_answered(graph, objects);
    }
    graph->edge_flag = BASE_EDGE;
    if (status == 0) {
        status = open_answered(graph, bases);
    }
    graph->edge_flag = flag;
    Py_DECREF(answer);
    return status;
}

static int
open_traversed(Graph *graph, uint32_t index, PyObject *object)
{
    if (Py_TYPE(object)->tp_traverse == NULL) {
        return 0;
    }
    graph->visits = 0;
    int status = Py_TYPE(object)->tp_traverse(object, graph_visit, graph);
    graph->nodes[index].python += inline_nbytes(object, graph->visits);
    return status == 0 && PyDict_Check(object) ? open_keys(graph, object) : status;
}

static int
open_as(Graph *graph, uint32_t index, const TypeInfo *info)
{
    PyObject *object = graph->nodes[index].object;
    int status = 0, follow = 1;
    if (info->array) {
        status = open_array(graph, index);
    } else if (info->opening == OPEN_VIEW) {
        return open_view(graph, index);
    }
    if (status == 0 && info->rule != NULL) {
        status = open_rule(graph, info->rule, object, &follow);
    }
    if (status != 0 || !follow) {
        return status;
    }
    switch (info->opening) {
    case OPEN_LIST:
        return open_list(graph, object);
    case OPEN_TUPLE:
        return open_tuple(graph, object);
    case OPEN_DICT:
        return open_dict(graph, object);
    case OPEN_FUNCTION:
        return open_function(graph, object);
    case OPEN_FRAME:
        return open_frame(graph, object);
    default:
        return PyObject_IS_GC(object) ? open_traversed(graph, index, object) : 0;
    }
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
    graph->nodes[index].flags |= NODE_OPENED | (IS_IMMORTAL(object) ? NODE_IMMORTAL : 0);
    if (!info.array) {
        int64_t nbytes = python_nbytes(&info, object);
        graph->nodes[index].python += nbytes;
    }
    graph->edge_flag = graph->nodes[index].flags & NODE_LENDER ? BASE_EDGE : 0;
    graph->folding = info.tidy;
    int status = open_as(graph, index, &info);
    graph->edge_flag = graph->folding = 0;
    return status;
}

/* Open every node from `from` on, and what is found on the way. */
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
