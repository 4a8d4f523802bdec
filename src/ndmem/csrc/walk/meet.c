/* The result of following a reference: the node that it leads to, if any. */
#include "walk/graph.h"
#include "common/compat_objects.h"

/* The interpreter keeps these itself, whatever refers to them; from 3.12 on they are immortal. Runs no Python code. */
int
is_kept_by_interpreter(PyObject *object)
{
    if (object_is_immortal(object)) {
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

/* An object whose only reference, but for ours, is being followed: nothing else leads to it, and the interpreter does
 * not keep it. */
static int64_t
meet_sole(Graph *graph, PyObject *object)
{
    TypeInfo *info = graph_type(graph, object);
    if (info == NULL || info->skipped) {
        return info == NULL ? -2 : -1;
    }
    if (Py_REFCNT(object) == 1) { /* of the walk: the program released it while its type was looked up */
        return -1;
    }
    if (info->folds && graph->folding && !graph->edge_flag) {
        int64_t nbytes = python_nbytes(info, object); /* may run Python code: the nodes may have moved */
        graph->nodes[graph->source].python += nbytes;
        return -1;
    }
    int plain = info->plain; /* adding moves no types, but opening may */
    int64_t index = graph_add_sole(graph, object);
    if (index < 0) {
        return -2;
    }
    graph->nodes[index].flags |= graph->edge_flag ? NODE_LENDER : 0;
    return plain && open_plain_owner(graph, (uint32_t)index) < 0 ? -2 : index;
}

/* The node of an object that is not in the table, added if it needs one. */
static int64_t
meet_new(Graph *graph, PyObject *object, Py_ssize_t refs)
{
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
    int64_t index = graph_add(graph, object, refs);
    if (index < 0) {
        return -2;
    }
    /* Objects that only a base leads to are in no object's `.nbytes`. */
    graph->nodes[index].flags |= graph->edge_flag ? NODE_LENDER : 0;
    return index;
}

/* The node of an object of which `refs` references are not our own, added if it is new; -1 if it needs none, -2 with an
 * exception set. May run Python code. */
int64_t
graph_meet(Graph *graph, PyObject *object, Py_ssize_t refs)
{
    if (refs == 1) {
        return meet_sole(graph, object);
    }
    /* Two references may be one of the program's and our own, of a node that is not in the table. */
    if (refs == 2) {
        return graph_meet_shared(graph, object, refs);
    }
    int64_t index = graph_find(graph, object);
    return index >= 0 ? index : meet_new(graph, object, refs);
}

/* The same for an object that any node may be of, whatever its count. May run Python code. */
int64_t
graph_meet_shared(Graph *graph, PyObject *object, Py_ssize_t refs)
{
    int64_t index = graph_find(graph, object);
    if (index < 0 && graph->n_unindexed > 0) {
        if (graph_index_all(graph) < 0) {
            return -2;
        }
        index = graph_find(graph, object);
    }
    return index >= 0 ? index : meet_new(graph, object, refs);
}
