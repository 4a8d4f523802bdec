/* What needs no node: leaves, and small containers of them, that nothing but the object being opened leads to. */
#include "graph.h"

/* An attempt is given up after so many objects or levels: what it has looked at is looked at again. */
enum { MOST_OBJECTS = 32, MOST_LEVELS = 4 };

static int64_t fold_container(Graph *graph, TypeInfo *info, PyObject *object, int *left, int levels);

/* A type not met before, NULL if it is not a builtin one: to ask about others is to run Python code, in which the
 * container could change. */
static TypeInfo *
new_type(Graph *graph, PyObject *object)
{
    int builtin = PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyUnicode_CheckExact(object)
                  || PyList_CheckExact(object) || PyTuple_CheckExact(object) || PyDict_CheckExact(object)
                  || object == Py_None || PyBool_Check(object);
    TypeInfo *info = builtin && !graph->ask_always ? graph_type(graph, object) : NULL;
    if (info == NULL) {
        PyErr_Clear(); /* no memory for one type more: the walk will say so */
    }
    return info;
}

/* Bytes of one thing in a container; -1 if it needs a node. */
static int64_t
fold_item(Graph *graph, PyObject *object, int *left, int levels)
{
    if (--*left < 0) {
        return -1;
    }
    int sole = Py_REFCNT(object) == 1;
    int64_t nbytes = sole ? common_nbytes(graph, object) : -1;
    if (nbytes >= 0) {
        return nbytes;
    }
    TypeInfo *info = known_type(graph, Py_TYPE(object));
    info = info == NULL ? new_type(graph, object) : info;
    if (!sole) { /* somebody else may lead to it, unless it is nobody's; a root is always met */
        int nobodys = (info != NULL && info->skipped) || PyType_Check(object) || is_kept_by_interpreter(object);
        return nobodys && graph_find(graph, object) < 0 ? 0 : -1;
    }
    if (info == NULL) {
        return -1;
    }
    if (info->skipped || info->folds) {
        return info->skipped ? 0 : python_nbytes(info, object);
    }
    return fold_container(graph, info, object, left, levels);
}

#define FOLD(item) \
    do { \
        int64_t held = fold_item(graph, (item), left, levels - 1); \
        if (held < 0) { \
            return -1; \
        } \
        nbytes += held; \
    } while (0)

static int64_t
fold_container(Graph *graph, TypeInfo *info, PyObject *object, int *left, int levels)
{
    if (levels == 0 || info->rule != NULL) {
        return -1;
    }
    Opening opening = info->opening; /* a new type may move the table */
    int64_t nbytes = python_nbytes(info, object);
    if (opening == OPEN_LIST || opening == OPEN_TUPLE) {
        Py_ssize_t length = Py_SIZE(object);
        PyObject **items = PySequence_Fast_ITEMS(object);
        for (Py_ssize_t i = 0; i < length; i++) {
            FOLD(items[i]);
        }
    } else if (opening == OPEN_DICT && ((PyDictObject *)object)->ma_values == NULL) {
        PyObject *key, *value;
        for (Py_ssize_t at = 0; PyDict_Next(object, &at, &key, &value);) {
            FOLD(key);
            FOLD(value);
        }
    } else {
        return -1;
    }
    return nbytes;
}

/* Bytes of an object, with those of all it holds, if it can be counted with the one object that refers to it; -1 if it
 * needs a node. Needs the GIL, runs no Python code, sets no exception. */
int64_t
fold_nbytes(Graph *graph, TypeInfo *info, PyObject *object)
{
    if (info->folds) {
        return python_nbytes(info, object);
    }
    if (info->opening != OPEN_LIST && info->opening != OPEN_TUPLE && info->opening != OPEN_DICT) {
        return -1;
    }
    int left = MOST_OBJECTS;
    Py_ssize_t length = info->opening == OPEN_DICT ? 2 * PyDict_GET_SIZE(object) : Py_SIZE(object);
    return length > left ? -1 : fold_container(graph, info, object, &left, MOST_LEVELS);
}
