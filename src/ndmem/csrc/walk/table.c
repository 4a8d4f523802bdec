/* Storage of the graph: its nodes and edges, and a hash table from object to node. */
#include "walk/graph.h"

static inline uint32_t
slot_of(const PyObject *object, uint32_t mask)
{
    /* Objects lie on multiples of 16: Fibonacci hashing spreads what is left. Keeping neighbours together would
     * be a tenth faster, and seven times slower when two arenas meet in one place. */
    return (uint32_t)((((uint64_t)(uintptr_t)object >> 4) * 0x9E3779B97F4A7C15ull) >> 32) & mask;
}

int64_t
graph_find(const Graph *graph, const PyObject *object)
{
    if (graph->n_slots == 0) {
        return -1;
    }
    uint32_t mask = graph->n_slots - 1;
    for (uint32_t at = slot_of(object, mask); graph->slots[at].object; at = (at + 1) & mask) {
        if (graph->slots[at].object == object) {
            return graph->slots[at].node;
        }
    }
    return -1;
}

static void
fill_slot(Slot *slots, uint32_t mask, const PyObject *object, uint32_t node)
{
    uint32_t at = slot_of(object, mask);
    while (slots[at].object) {
        at = (at + 1) & mask;
    }
    slots[at] = (Slot){object, node};
}

static int
rehash(Graph *graph)
{
    uint32_t wanted = graph->n_slots ? graph->n_slots * 2 : 32;
    Slot *slots = PyMem_RawCalloc(wanted, sizeof(Slot));
    if (slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint32_t at = 0; at < graph->n_slots; at++) {
        if (graph->slots[at].object) {
            fill_slot(slots, wanted - 1, graph->slots[at].object, graph->slots[at].node);
        }
    }
    PyMem_RawFree(graph->slots);
    graph->slots = slots;
    graph->n_slots = wanted;
    return 0;
}

/* A node for an object whose reference count is `refs` but for references of our own. */
static int64_t
append(Graph *graph, PyObject *object, Py_ssize_t refs)
{
    Node *nodes = graph_grow(graph->nodes, graph->n_nodes, &graph->room_nodes, sizeof(Node));
    if (nodes == NULL) {
        return -1;
    }
    graph->nodes = nodes;
    uint32_t index = graph->n_nodes++;
    Node *node = &nodes[index];
    memset(node, 0, sizeof(Node));
    if (graph->frozen && graph->n_nodes <= graph->room_frozen) {
        graph->stamp[index] = 0; /* a node without edges needs no new order */
    } else {
        graph->frozen = 0;
    }
    if (object != NULL) {
        node->object = Py_NewRef(object);
        node->refs = refs < 0 ? 0 : (size_t)refs > UINT32_MAX ? UINT32_MAX : (uint32_t)refs;
    }
    return index;
}

static int
index_node(Graph *graph, uint32_t index)
{
    if ((graph->n_indexed + 1) * 2 > graph->n_slots && rehash(graph) < 0) {
        return -1;
    }
    graph->n_indexed++;
    fill_slot(graph->slots, graph->n_slots - 1, graph->nodes[index].object, index);
    return 0;
}

/* Add a node; the caller has made sure that the object has none. */
int64_t
graph_add(Graph *graph, PyObject *object, Py_ssize_t refs)
{
    int64_t index = append(graph, object, refs);
    return index >= 0 && object != NULL && index_node(graph, (uint32_t)index) < 0 ? -1 : index;
}

/* Add a node for an object whose only reference was just followed: nothing else will lead to it, so it is not
 * put into the table before a search. Most objects of a large nest are such, and the table is most of
 * the walk's time. */
int64_t
graph_add_sole(Graph *graph, PyObject *object)
{
    int64_t index = append(graph, object, 1);
    if (index >= 0) {
        graph->nodes[index].flags = NODE_UNINDEXED;
        graph->all_indexed = graph->n_unindexed++ == 0 ? (uint32_t)index : graph->all_indexed;
    }
    return index;
}

/* A node for objects that were counted with their holder, when they are asked for by themselves. */
int64_t
graph_add_folded(Graph *graph, int64_t nbytes)
{
    int64_t index = append(graph, NULL, 0);
    if (index >= 0) {
        graph->nodes[index].python = nbytes;
    }
    return index < 0 ? -2 : index;
}

/* Where in the edges of a node, from `*from` on or anywhere among a few, is the one to an object. */
static int64_t
seek_edge(const Graph *graph, uint32_t parent, uint32_t *from, const PyObject *object)
{
    const Node *node = &graph->nodes[parent];
    for (uint32_t i = *from; i < node->count && i < *from + 2; i++) { /* children are asked for in their order */
        uint32_t target = graph->edges[node->first + i].target & ~BASE_EDGE;
        if (graph->nodes[target].object == object) {
            *from = i + 1;
            return target;
        }
    }
    for (uint32_t i = 0; node->count <= 64 && i < node->count; i++) {
        uint32_t target = graph->edges[node->first + i].target & ~BASE_EDGE;
        if (graph->nodes[target].object == object) {
            return target;
        }
    }
    return -1;
}

/* The node of an object, probably below `parent` (-1: anywhere), as far as it is in the table; else -1. Does not read
 * the object, which need not exist any more. Runs no Python code. */
int64_t
graph_seek_known(const Graph *graph, int64_t parent, uint32_t *from, const PyObject *object)
{
    int64_t index = parent >= 0 && graph->frozen ? seek_edge(graph, (uint32_t)parent, from, object) : -1;
    return index >= 0 ? index : graph_find(graph, object);
}

/* The node of an object that the walk has met, probably below `parent`; -1 if it has none, -2 with an exception set.
 * `*folded` becomes the bytes of what was counted with its holder, else -1. May run Python code: the caller holds a
 * reference to the object. */
int64_t
graph_seek(Graph *graph, int64_t parent, uint32_t *from, PyObject *object, int64_t *folded)
{
    int64_t index = graph_seek_known(graph, parent, from, object);
    *folded = -1;
    if (index >= 0) {
        return index;
    }
    if (PyType_Check(object) || is_kept_by_interpreter(object)) {
        return -1;
    }
    TypeInfo *info = graph_type(graph, object);
    if (info == NULL || info->skipped) {
        return info == NULL ? -2 : -1;
    }
    if (graph->n_unindexed > 0 && !info->folds) {
        if (graph_index_all(graph) < 0) {
            return -2;
        }
        index = graph_find(graph, object);
    }
    if (index < 0) {
        *folded = info->folds ? python_nbytes(info, object) : fold_nbytes(graph, object);
    }
    return index;
}

int
graph_index_all(Graph *graph)
{
    for (uint32_t index = graph->all_indexed; graph->n_unindexed > 0 && index < graph->n_nodes; index++) {
        if (graph->nodes[index].flags & NODE_UNINDEXED) {
            if (index_node(graph, index) < 0) {
                return -1;
            }
            graph->nodes[index].flags &= (uint8_t)~NODE_UNINDEXED;
            graph->n_unindexed--;
        }
    }
    return 0;
}

/* The payload of a node, added if it has none. */
Payload *
graph_payload(Graph *graph, uint32_t index)
{
    uint32_t known = graph->nodes[index].payload;
    if (known != 0) {
        return &graph->payloads[known];
    }
    do { /* the empty one comes first */
        Payload *payloads = graph_grow(graph->payloads, graph->n_payloads, &graph->room_payloads, sizeof(Payload));
        if (payloads == NULL) {
            return NULL;
        }
        graph->payloads = payloads;
        payloads[graph->n_payloads] = (Payload){.node = index};
    } while (graph->n_payloads++ == 0);
    graph->nodes[index].payload = graph->n_payloads - 1;
    return &graph->payloads[graph->n_payloads - 1];
}

int
graph_edge(Graph *graph, uint32_t source, uint32_t target)
{
    Edge *edges = graph_grow(graph->edges, graph->n_edges, &graph->room_edges, sizeof(Edge));
    if (edges == NULL) {
        return -1;
    }
    graph->edges = edges;
    edges[graph->n_edges++] = (Edge){source, target};
    graph->frozen = 0;
    return 0;
}

int
graph_region(Graph *graph, int64_t address, int64_t nbytes, int domain, int certainty, int64_t holders)
{
    Region *regions = graph_grow(graph->regions, graph->n_regions, &graph->room_regions, sizeof(Region));
    if (regions == NULL) {
        return -1;
    }
    graph->regions = regions;
    regions[graph->n_regions++] =
        (Region){address, nbytes, holders, graph->source, (uint8_t)domain, (uint8_t)certainty};
    return 0;
}

/* Its memory, or part of it, cannot be seen. */
void
graph_mark_unseen(Graph *graph, uint32_t index)
{
    graph->n_unseen += !(graph->nodes[index].flags & NODE_UNSEEN);
    graph->nodes[index].flags |= NODE_UNSEEN;
}

void
graph_clear(Graph *graph)
{
    uint32_t n_nodes = graph->n_nodes, n_types = graph->n_types;
    Node *nodes = graph->nodes;
    TypeInfo *types = graph->types;
    PyObject *resolve = graph->resolve;
    uint32_t room_nodes = graph->room_nodes;
    keep_column(graph->payloads, graph->room_payloads, sizeof(Payload));
    keep_column(graph->edges, graph->room_edges, sizeof(Edge));
    keep_column(graph->taken, graph->room_taken, sizeof(Taken));
    PyMem_RawFree(graph->regions);
    PyMem_RawFree(graph->slots);
    PyMem_RawFree(graph->stamp);
    PyMem_RawFree(graph->degree);
    PyMem_RawFree(graph->order);
    /* A deallocation may run Python code: the graph is empty before the first. */
    memset((char *)graph + offsetof(Graph, resolve), 0, sizeof(Graph) - offsetof(Graph, resolve));
    for (uint32_t index = 0; index < n_nodes; index++) {
        Py_XDECREF(nodes[index].object);
    }
    for (uint32_t index = 0; index < n_types; index++) {
        Py_XDECREF(types[index].rule);
        Py_DECREF(types[index].type);
    }
    Py_XDECREF(resolve);
    keep_column(nodes, room_nodes, sizeof(Node));
    PyMem_RawFree(types);
}
