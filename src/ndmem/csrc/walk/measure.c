/* The numbers: what a set of nodes reaches, and what of it is held only by the set. */
#include "walk/graph.h"

static int
sort_edges(Graph *graph)
{
    Edge *sorted = PyMem_RawMalloc((graph->n_edges + 1) * sizeof(Edge));
    if (sorted == NULL) {
        graph->frozen = 0;
        PyErr_NoMemory();
        return -1;
    }
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        sorted[graph->order[graph->edges[i].source]++] = graph->edges[i];
    }
    PyMem_RawFree(graph->edges);
    graph->edges = sorted;
    graph->room_edges = graph->n_edges;
    return 0;
}

/* Index the edges by source. They come in that order, but for those added after the walk. */
int
graph_freeze(Graph *graph)
{
    uint32_t n = graph->n_nodes, ascending = 1;
    if (graph->frozen) {
        return 0;
    }
    size_t room = graph->room_frozen = graph->room_nodes; /* for nodes of objects that were counted with their holder */
    uint32_t *stamp = PyMem_RawRealloc(graph->stamp, (room + 1) * sizeof(uint32_t));
    graph->stamp = stamp ? stamp : graph->stamp;
    uint32_t *degree = PyMem_RawRealloc(graph->degree, (room + 1) * sizeof(uint32_t));
    graph->degree = degree ? degree : graph->degree;
    /* The second half is the stack of nodes held from outside. */
    uint32_t *order = PyMem_RawRealloc(graph->order, (2 * room + 1) * sizeof(uint32_t));
    graph->order = order ? order : graph->order;
    if (stamp == NULL || degree == NULL || order == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(stamp, 0, (n + 1) * sizeof(uint32_t));
    graph->clock = 0;
    for (uint32_t i = 0; i < n; i++) {
        graph->nodes[i].count = 0;
    }
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        graph->nodes[graph->edges[i].source].count++;
        ascending &= i == 0 || graph->edges[i - 1].source <= graph->edges[i].source;
    }
    for (uint32_t i = 0, first = 0; i < n; first += graph->nodes[i++].count) {
        graph->nodes[i].first = order[i] = first;
    }
    graph->frozen = 1;
    return ascending ? 0 : sort_edges(graph);
}

typedef struct {
    int64_t data, python, mapped, device, resident, logical, unsure, unseen;
    int64_t owned_data, owned_python, owned_mapped;
    int resident_known;
} Totals;

static inline int64_t
logical_of(const Graph *graph, uint32_t index)
{
    uint32_t payload = graph->nodes[index].payload;
    return payload ? graph->payloads[payload].logical : 0;
}

/* Add to `order` all nodes that its first `n_roots` lead to, and count references; returns their number. */
static uint32_t
reach(Graph *graph, uint32_t n_roots, Totals *totals)
{
    uint32_t *order = graph->order, *stamp = graph->stamp, *degree = graph->degree, n = n_roots;
    for (uint32_t i = 0; i < n; i++) {
        const Node *node = &graph->nodes[order[i]];
        const Edge *edge = graph->edges + node->first, *end = edge + node->count;
        for (; edge < end; edge++) {
            uint32_t target = edge->target & ~BASE_EDGE;
            if (stamp[target] < graph->clock) {
                stamp[target] = graph->clock;
                degree[target] = 0;
                order[n++] = target;
            }
            degree[target]++;
            totals->logical += edge->target & BASE_EDGE ? 0 : logical_of(graph, target);
        }
    }
    return n;
}

/* Mark the objects that stay when the roots are freed: held from outside, or by such an object. */
static void
mark_held(Graph *graph, uint32_t n_roots, uint32_t n)
{
    uint32_t *order = graph->order, *stamp = graph->stamp, *stack = order + graph->n_nodes, top = 0;
    uint32_t held = graph->clock + 1;
    for (uint32_t i = 0; i < n; i++) {
        const Node *node = &graph->nodes[order[i]];
        if (node->flags & NODE_IMMORTAL || (i >= n_roots && node->refs > graph->degree[order[i]])) {
            stamp[order[i]] = held;
            stack[top++] = order[i];
        }
    }
    while (top > 0) {
        const Node *node = &graph->nodes[stack[--top]];
        for (uint32_t i = 0; i < node->count; i++) {
            uint32_t target = graph->edges[node->first + i].target & ~BASE_EDGE;
            if (stamp[target] != held) {
                stamp[target] = held;
                stack[top++] = target;
            }
        }
    }
}

static void
add_up(const Graph *graph, uint32_t n, Totals *totals)
{
    for (uint32_t i = 0; i < n; i++) {
        const Node *node = &graph->nodes[graph->order[i]];
        int owned = graph->stamp[graph->order[i]] == graph->clock;
        totals->python += node->python;
        totals->owned_python += owned ? node->python : 0;
        totals->unseen += (node->flags & NODE_UNSEEN) != 0;
        if (node->payload == 0) {
            continue;
        }
        const Payload *payload = &graph->payloads[node->payload];
        if (payload->domain == DOMAIN_DEVICE) {
            totals->device += payload->data;
            continue;
        }
        int mapped = payload->domain == DOMAIN_MAPPED;
        *(mapped ? &totals->mapped : &totals->data) += payload->data;
        if (owned) {
            *(mapped ? &totals->owned_mapped : &totals->owned_data) += payload->data;
            totals->unsure += node->flags & NODE_UNSURE && !mapped ? payload->data : 0;
        }
        totals->resident += payload->resident;
        totals->resident_known &= payload->resident >= 0;
    }
}

enum { N_NUMBERS = 10, RESIDENT = 3 };

/* The fields of ndmem.model.memory.weight.Numbers in their order, None for an unknown one. */
static PyObject *
as_tuple(const int64_t *numbers, int unknown)
{
    PyObject *answer = PyTuple_New(N_NUMBERS);
    for (int i = 0; answer != NULL && i < N_NUMBERS; i++) {
        PyObject *number = i == unknown ? Py_NewRef(Py_None) : PyLong_FromLongLong(numbers[i]);
        if (number == NULL) {
            Py_CLEAR(answer);
        } else {
            PyTuple_SET_ITEM(answer, i, number);
        }
    }
    return answer;
}

/* Numbers of the nodes given as a tuple, or as the bytes of uint32 indices. */
PyObject *
graph_measure(Graph *graph, PyObject *roots)
{
    Py_buffer given = {0};
    int numbers = PyTuple_CheckExact(roots);
    if (graph_freeze(graph) < 0 || (!numbers && PyObject_GetBuffer(roots, &given, PyBUF_SIMPLE) < 0)) {
        return NULL;
    }
    const uint32_t *indices = given.buf;
    size_t count = numbers ? (size_t)PyTuple_GET_SIZE(roots) : (size_t)given.len / sizeof(uint32_t);
    Totals totals = {.resident_known = 1};
    uint32_t n_roots = 0;
    if (graph->clock > UINT32_MAX - 4) {
        memset(graph->stamp, 0, graph->n_nodes * sizeof(uint32_t));
        graph->clock = 0;
    }
    graph->clock += 2;
    for (size_t i = 0; i < count; i++) {
        size_t index = numbers ? PyLong_AsSize_t(PyTuple_GET_ITEM(roots, (Py_ssize_t)i)) : indices[i];
        if (index >= graph->n_nodes) {
            PyBuffer_Release(&given);
            PyErr_Clear();
            PyErr_SetString(PyExc_IndexError, "no such node");
            return NULL;
        }
        totals.logical += logical_of(graph, (uint32_t)index);
        if (graph->stamp[index] != graph->clock) {
            graph->stamp[index] = graph->clock;
            graph->degree[index] = 0;
            graph->order[n_roots++] = (uint32_t)index;
        }
    }
    PyBuffer_Release(&given);
    uint32_t n = reach(graph, n_roots, &totals);
    mark_held(graph, n_roots, n);
    add_up(graph, n, &totals);
    const int64_t fields[] = {
        totals.owned_data + totals.owned_python, totals.data + totals.python, totals.logical,
        totals.resident, totals.mapped, totals.owned_mapped, totals.python, totals.unsure,
        totals.device, totals.unseen,
    };
    return as_tuple(fields, totals.resident_known ? -1 : RESIDENT);
}

/* For each node, whether the last measure reached it. */
PyObject *
graph_reached(Graph *graph, PyObject *nodes)
{
    Py_ssize_t n = PyTuple_GET_SIZE(nodes);
    PyObject *answer = PyTuple_New(n);
    for (Py_ssize_t i = 0; answer != NULL && i < n; i++) {
        size_t index = PyLong_AsSize_t(PyTuple_GET_ITEM(nodes, i));
        if (index >= graph->n_nodes || !graph->frozen) {
            PyErr_SetString(PyExc_IndexError, "no such node was measured");
            Py_CLEAR(answer);
            break;
        }
        PyTuple_SET_ITEM(answer, i, PyBool_FromLong(graph->stamp[index] >= graph->clock));
    }
    return answer;
}
