/* Questions about many nodes at once: which are arrays, what refers to them, which are alike. */
#include "walk/graph.h"

/* The nodes of all arrays. */
PyObject *
graph_arrays(Graph *graph, PyObject *Py_UNUSED(none))
{
    PyObject *answer = PyList_New(0);
    for (uint32_t i = 0; answer != NULL && i < graph->n_nodes; i++) {
        PyObject *object = graph->nodes[i].object;
        if (object != NULL && is_array(Py_TYPE(object))) {
            PyObject *number = PyLong_FromUnsignedLong(i);
            if (number == NULL || PyList_Append(answer, number) < 0) {
                Py_CLEAR(answer);
            }
            Py_XDECREF(number);
        }
    }
    return answer;
}

#define MOST_LARGEST 64

/* (number of buffers, rows of the largest ones: node, address, nbytes, domain, resident), largest first. */
PyObject *
graph_largest(Graph *graph, PyObject *most)
{
    const Payload *top[MOST_LARGEST + 1];
    long wanted = PyLong_AsLong(most), found = 0;
    Py_ssize_t count = 0;
    if (wanted < 0 || wanted > MOST_LARGEST) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "0 to %d buffers can be asked for", MOST_LARGEST);
    }
    for (uint32_t i = 1; i < graph->n_payloads; i++) {
        const Payload *payload = &graph->payloads[i];
        count += payload->data > 0;
        if (payload->data <= 0 || (found == wanted && (found == 0 || payload->data <= top[found - 1]->data))) {
            continue;
        }
        long at = found;
        for (; at > 0 && top[at - 1]->data < payload->data; at--) {
            top[at] = top[at - 1];
        }
        top[at] = payload;
        found += found < wanted;
    }
    PyObject *rows = PyTuple_New(found);
    for (long i = 0; rows != NULL && i < found; i++) {
        PyObject *row = Py_BuildValue("ILLiL", top[i]->node, (long long)(intptr_t)top[i]->address,
                                      (long long)top[i]->data, (int)top[i]->domain, (long long)top[i]->resident);
        if (row == NULL) {
            Py_CLEAR(rows);
        } else {
            PyTuple_SET_ITEM(rows, i, row);
        }
    }
    return rows == NULL ? NULL : Py_BuildValue("nN", count, rows);
}

/* Mark nodes in a table of one byte for each; -1 with an exception set. May run Python code: that of the numbers'
 * type. */
static int
mark_wanted(const Graph *graph, PyObject *nodes, unsigned char *wanted)
{
    PyObject *each = PyObject_GetIter(nodes), *number;
    uint32_t n = graph->n_nodes;
    while (each != NULL && (number = PyIter_Next(each)) != NULL) {
        size_t index = PyLong_AsSize_t(number);
        Py_DECREF(number);
        if (index < n) {
            wanted[index] = 1;
        }
    }
    Py_XDECREF(each);
    return PyErr_Occurred() ? -1 : 0;
}

/* For each reference to one of the nodes: the node that refers, and the node referred to. */
PyObject *
graph_referrers(Graph *graph, PyObject *nodes)
{
    if (!PyAnySet_Check(nodes)) {
        return PyErr_Format(PyExc_TypeError, "a set is needed");
    }
    unsigned char *wanted = PyMem_RawCalloc(graph->n_nodes + 1, 1);
    if (wanted == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *answer = mark_wanted(graph, nodes, wanted) < 0 ? NULL : PyList_New(0);
    for (uint32_t i = 0; answer != NULL && i < graph->n_edges; i++) {
        uint32_t target = graph->edges[i].target & ~BASE_EDGE;
        if (wanted[target]) {
            PyObject *pair = Py_BuildValue("II", graph->edges[i].source, target);
            if (pair == NULL || PyList_Append(answer, pair) < 0) {
                Py_CLEAR(answer);
            }
            Py_XDECREF(pair);
        }
    }
    PyMem_RawFree(wanted);
    return answer;
}

/* For each node the references to its object when it was met, without those of the nodes of the walk; of an immortal object
 * more than there can be. */
PyObject *
graph_references(Graph *graph, PyObject *nodes)
{
    if (!PyTuple_CheckExact(nodes)) {
        return PyErr_Format(PyExc_TypeError, "a tuple is needed");
    }
    Py_ssize_t n = PyTuple_GET_SIZE(nodes);
    PyObject *answer = PyTuple_New(n);
    for (Py_ssize_t i = 0; answer != NULL && i < n; i++) {
        size_t index = PyLong_AsSize_t(PyTuple_GET_ITEM(nodes, i));
        if (index >= graph->n_nodes) {
            PyErr_Clear();
            PyErr_SetString(PyExc_IndexError, "no such node");
            Py_CLEAR(answer);
            break;
        }
        const Node *node = &graph->nodes[index];
        PyObject *number = PyLong_FromUnsignedLong(node->flags & NODE_IMMORTAL ? UINT32_MAX : node->refs);
        if (number == NULL) {
            Py_CLEAR(answer);
            break;
        }
        PyTuple_SET_ITEM(answer, i, number);
    }
    return answer;
}

#define MOST_GROUPS 256

typedef struct {
    uint64_t key;
    Py_ssize_t first, count;
    PyObject *object; /* the first; owned reference */
    int64_t folded; /* the node of those counted with their holder; -1 if there is none */
    uint32_t *nodes, room, used;
} Group;

static int
group_append(Group *group, uint32_t index)
{
    uint32_t *nodes = graph_grow(group->nodes, group->used, &group->room, sizeof(uint32_t));
    if (nodes == NULL) {
        return -1;
    }
    group->nodes = nodes;
    nodes[group->used++] = index;
    return 0;
}

/* A key that is equal for arrays of one type, dtype and shape, and for other objects of one type. */
static uint64_t
key_of(const Graph *graph, int64_t index, PyObject *object)
{
    uint32_t payload = index < 0 ? 0 : graph->nodes[index].payload;
    uint64_t key = payload ? graph->payloads[payload].alike : 0;
    return key ? key : (uint64_t)(uintptr_t)Py_TYPE(object);
}

static int
group_add(Graph *graph, Group *group, int64_t index, int64_t folded)
{
    group->count++;
    if (index >= 0) {
        return group_append(group, (uint32_t)index);
    }
    if (group->folded < 0) {
        group->folded = graph_add_folded(graph, 0);
        if (group->folded < 0 || group_append(group, (uint32_t)group->folded) < 0) {
            return -1;
        }
    }
    graph->nodes[group->folded].python += folded;
    return 0;
}

/* Put one object into its group; the caller holds a reference to it. */
static int
group_item(Graph *graph, Group *groups, int *n_groups, int most, Py_ssize_t position, PyObject *item, int64_t index,
           int64_t folded)
{
    uint64_t key = key_of(graph, index, item);
    int at = 0;
    while (at < *n_groups && groups[at].key != key) {
        at++;
    }
    if (at == *n_groups && at < most) {
        groups[(*n_groups)++] = (Group){.key = key, .first = position, .object = Py_NewRef(item), .folded = -1};
    } else if (at == *n_groups) {
        at = most - 1; /* the last group takes the remaining objects, alike or not */
    }
    return group_add(graph, &groups[at], index, folded);
}

/* The items may be the program's own list, which other threads may change whenever a type is looked up. */
static int
group_all(Graph *graph, int64_t parent, PyObject *items, Group *groups, int *n_groups, int most)
{
    uint32_t from = 0;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items); i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(items, i);
        int64_t folded = -1, index = graph_seek_known(graph, parent, &from, item);
        int unknown = index < 0; /* else its node holds it: taking another reference would cost a cache miss */
        if (unknown) {
            Py_INCREF(item);
            index = graph_seek(graph, parent, &from, item, &folded);
        }
        int status = index == -2 ? -1 : 0;
        if (status == 0 && (index >= 0 || folded >= 0)) {
            status = group_item(graph, groups, n_groups, most, i, item, index, folded);
        }
        if (unknown) {
            Py_DECREF(item);
        }
        if (status < 0) {
            return -1;
        }
    }
    return 0;
}

/* Groups as a list of (position of the first, the first, how many, nodes as uint32 bytes); releases them. */
static PyObject *
take_groups(Group *groups, int n_groups, int failed)
{
    PyObject *answer = failed ? NULL : PyList_New(n_groups);
    for (int i = 0; i < n_groups; i++) {
        Group *group = &groups[i];
        PyObject *item = answer == NULL ? NULL
                                        : Py_BuildValue("nOny#", group->first, group->object, group->count,
                                                        (char *)group->nodes,
                                                        (Py_ssize_t)(group->used * sizeof(uint32_t)));
        PyMem_RawFree(group->nodes);
        if (item == NULL) {
            Py_CLEAR(answer);
        } else {
            PyList_SET_ITEM(answer, i, item);
        }
    }
    for (int i = 0; i < n_groups; i++) {
        Py_DECREF(groups[i].object);
    }
    return answer;
}

/* Group objects of one type, dtype and shape. */
PyObject *
graph_alike(Graph *graph, PyObject *args)
{
    PyObject *objects;
    int most, parent;
    if (!PyArg_ParseTuple(args, "iOi", &parent, &objects, &most)) {
        return NULL;
    }
    if (parent >= (int64_t)graph->n_nodes) {
        return PyErr_Format(PyExc_IndexError, "no such node");
    }
    PyObject *items = PySequence_Fast(objects, "objects must be a sequence");
    if (items == NULL) {
        return NULL;
    }
    Group groups[MOST_GROUPS];
    int n_groups = 0;
    most = most < 1 ? 1 : most > MOST_GROUPS ? MOST_GROUPS : most;
    int failed = group_all(graph, parent, items, groups, &n_groups, most) < 0;
    PyObject *answer = take_groups(groups, n_groups, failed);
    Py_DECREF(items);
    return answer;
}
