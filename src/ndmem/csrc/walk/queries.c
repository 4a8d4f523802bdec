/* Questions about many nodes at once: which are arrays, who refers to them, which are alike. */
#include "graph.h"

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

/* Of the buffers, (how many, rows of the largest: node, address, nbytes, domain, resident), largest first. */
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

/* Of each reference to one of the nodes: who refers, and to which. */
PyObject *
graph_referrers(Graph *graph, PyObject *nodes)
{
    PyObject *answer = PyAnySet_Check(nodes) ? PyList_New(0) : PyErr_Format(PyExc_TypeError, "a set is needed");
    unsigned char *wanted = answer ? PyMem_RawCalloc(graph->n_nodes + 1, 1) : NULL;
    PyObject *each = wanted ? PyObject_GetIter(nodes) : NULL;
    PyObject *number;
    while (each != NULL && (number = PyIter_Next(each)) != NULL) {
        size_t index = PyLong_AsSize_t(number);
        Py_DECREF(number);
        if (index < graph->n_nodes) {
            wanted[index] = 1;
        }
    }
    for (uint32_t i = 0; each != NULL && answer != NULL && i < graph->n_edges; i++) {
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
    Py_XDECREF(each);
    if (PyErr_Occurred()) {
        Py_CLEAR(answer);
    }
    return answer;
}

#define MOST_GROUPS 256

typedef struct {
    uint64_t key;
    Py_ssize_t first, count;
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

/* What is equal for arrays of one type, dtype and shape, and for other objects of one type. */
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

static int
group_all(Graph *graph, int64_t parent, PyObject *items, Group *groups, int *n_groups, int most)
{
    uint32_t from = 0;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items); i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(items, i);
        int64_t folded, index = graph_seek(graph, parent, &from, item, &folded);
        if (index == -2) {
            return -1;
        }
        if (index < 0 && folded < 0) {
            continue;
        }
        uint64_t key = key_of(graph, index, item);
        int at = 0;
        while (at < *n_groups && groups[at].key != key) {
            at++;
        }
        if (at == *n_groups && at < most) {
            groups[(*n_groups)++] = (Group){.key = key, .first = i, .folded = -1};
        } else if (at == *n_groups) {
            at = most - 1; /* the last group takes what is left, alike or not */
        }
        if (group_add(graph, &groups[at], index, folded) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Group objects of one type, dtype and shape: list of (position of the first, how many, nodes as uint32 bytes). */
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
    PyObject *answer = failed ? NULL : PyList_New(n_groups);
    for (int i = 0; i < n_groups; i++) {
        PyObject *item = answer == NULL ? NULL
                                        : Py_BuildValue("nny#", groups[i].first, groups[i].count, (char *)groups[i].nodes,
                                                        (Py_ssize_t)(groups[i].used * sizeof(uint32_t)));
        PyMem_RawFree(groups[i].nodes);
        if (item == NULL) {
            Py_CLEAR(answer);
        } else {
            PyList_SET_ITEM(answer, i, item);
        }
    }
    Py_DECREF(items);
    return answer;
}
