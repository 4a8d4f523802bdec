/* How a container is read: all its references are taken first, and followed afterwards.
 *
 * To look at an object may run Python code: a rule, the search for a rule, a `__sizeof__`. That code, and the threads
 * that run meanwhile, may change or free what is being iterated: PyDict_Next and other types' tp_traverse then read
 * freed memory. While references are taken no Python code runs, the GIL is kept, nothing is freed and no memory is
 * asked of Python's allocator, which on 3.11 may run the collector and so finalizers.
 *
 * The count that is kept with a reference is the one before it was taken. An object that is taken twice at a time has
 * its true count the first time; the second time its node is found, which has it. */
#include "walk/graph.h"

static int
append_taken(Graph *graph, PyObject *object, Py_ssize_t refs)
{
    if (graph->n_taken == graph->room_taken) {
        Taken *taken = graph_grow(graph->taken, graph->n_taken, &graph->room_taken, sizeof(Taken));
        if (taken == NULL) {
            return -1;
        }
        graph->taken = taken;
    }
    graph->taken[graph->n_taken++] = (Taken){Py_NewRef(object), refs};
    return 0;
}

/* Take one reference of the node being opened; an object without a node is counted at once. Runs no Python code. */
int
take(Graph *graph, PyObject *object)
{
    Py_ssize_t refs = Py_REFCNT(object);
    if (refs == 1 && graph->folding && !graph->edge_flag) {
        int64_t nbytes = fold_nbytes(graph, object);
        if (nbytes >= 0) {
            graph->nodes[graph->source].python += nbytes;
            return 0;
        }
    }
    return append_taken(graph, object, refs);
}

/* One of the references taken is not counted by its object. Runs no Python code. */
int
take_credit(Graph *graph, PyObject *object)
{
    return append_taken(graph, object, CREDIT);
}

/* A visitproc. Runs no Python code. */
int
take_visit(PyObject *object, void *arg)
{
    Graph *graph = arg;
    graph->visits += !PyType_Check(object);
    return take(graph, object);
}

static int
give_credit(Graph *graph, PyObject *object)
{
    if (graph_index_all(graph) < 0) {
        return -1;
    }
    int64_t index = graph_find(graph, object);
    if (index >= 0) {
        graph->nodes[index].refs++;
    }
    return 0;
}

static int
look_at(Graph *graph, const Taken *taken)
{
    if (taken->refs == CREDIT) {
        return give_credit(graph, taken->object);
    }
    int64_t index = graph_meet(graph, taken->object, taken->refs);
    if (index < 0) {
        return index == -1 ? 0 : -1;
    }
    return graph_edge(graph, graph->source, (uint32_t)index | graph->edge_flag);
}

/* Follow the references that were taken, unless `status` is an error; then release them. May run Python code. */
int
follow_taken(Graph *graph, int status)
{
    for (uint32_t i = 0; i < graph->n_taken; i++) {
        Taken each = graph->taken[i];
        status = status == 0 ? look_at(graph, &each) : status;
        Py_DECREF(each.object);
    }
    graph->n_taken = 0;
    return status;
}
