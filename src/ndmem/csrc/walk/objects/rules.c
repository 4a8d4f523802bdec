/* The result of a type's rule for an object, as nodes and regions. */
#include "walk/graph.h"

static int
open_regions(Graph *graph, PyObject *regions)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(regions); i++) {
        long long address, nbytes, holders;
        int domain, certainty;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(regions, i), "LLiiL", &address, &nbytes, &domain, &certainty, &holders)
            || graph_region(graph, address, nbytes, domain, certainty, holders) < 0) {
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
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(objects); i++) {
        PyObject *object = PyTuple_GET_ITEM(objects, i);
        int64_t index = graph_meet_shared(graph, object, Py_REFCNT(object) - 1); /* the tuple's own reference */
        if (index == -2 || (index >= 0 && graph_edge(graph, graph->source, (uint32_t)index | graph->edge_flag) < 0)) {
            return -1;
        }
    }
    return 0;
}

/* Call a rule, which returns (objects, bases, regions, nbytes of its own, logical or -1, follow, marks). Runs Python
 * code. */
int
open_rule(Graph *graph, PyObject *rule, PyObject *object, int *follow)
{
    PyObject *answer = PyObject_CallOneArg(rule, object);
    PyObject *objects, *bases, *regions;
    long long nbytes, logical;
    int marks;
    if (answer == NULL
        || !PyArg_ParseTuple(answer, "O!O!O!LLpi", &PyTuple_Type, &objects, &PyTuple_Type, &bases,
                             &PyTuple_Type, &regions, &nbytes, &logical, follow, &marks)) {
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
    if (marks & MARK_UNSEEN) {
        graph_mark_unseen(graph, graph->source);
    }
    if (marks & MARK_UNSURE) {
        graph->nodes[graph->source].flags |= NODE_UNSURE;
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
