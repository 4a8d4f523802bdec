/* Objects without a node: numbers, text, and small containers of them that only the object being opened refers to. */
#include "walk/graph.h"

/* An attempt is abandoned after this many objects or levels; the objects that it has read are then read again. */
enum { MOST_OBJECTS = 32, MOST_LEVELS = 4 };

static int64_t fold_container(Graph *graph, PyObject *object, int *left, int levels);

static int
is_container(PyObject *object)
{
    return PyTuple_CheckExact(object) || PyList_CheckExact(object)
           || (PyDict_CheckExact(object) && ((PyDictObject *)object)->ma_values == NULL);
}

/* Bytes of one thing in a container; -1 if it needs a node, or its type was not met, or its size must be asked for:
 * that would run Python code, in which the container could change. */
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
    if (sole && is_container(object)) {
        return fold_container(graph, object, left, levels);
    }
    TypeInfo *info = known_type(graph, Py_TYPE(object));
    if (info != NULL && sole) {
        return info->skipped ? 0 : info->folds && has_known_size(info) ? python_nbytes(info, object) : -1;
    }
    /* Another object may lead to it, unless it is the interpreter's; a root is always met. */
    int is_uncounted = object == Py_None || PyBool_Check(object) || PyType_Check(object) || is_kept_by_interpreter(object)
                  || (info != NULL && info->skipped);
    return is_uncounted && graph_find(graph, object) < 0 ? 0 : -1;
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
fold_container(Graph *graph, PyObject *object, int *left, int levels)
{
    if (levels == 0) {
        return -1;
    }
    int64_t nbytes = container_nbytes(object);
    if (PyDict_CheckExact(object)) {
        PyObject *key, *value;
        for (Py_ssize_t at = 0; PyDict_Next(object, &at, &key, &value);) {
            FOLD(key);
            FOLD(value);
        }
    } else {
        PyObject **items = PySequence_Fast_ITEMS(object);
        for (Py_ssize_t i = 0, length = Py_SIZE(object); i < length; i++) {
            FOLD(items[i]);
        }
    }
    return nbytes;
}

/* Bytes of an object, with those of all it holds, if it can be counted with the one object that refers to it; -1 if it
 * needs a node, or its type says. Needs the GIL, runs no Python code, sets no exception. */
int64_t
fold_nbytes(Graph *graph, PyObject *object)
{
    int64_t nbytes = common_nbytes(graph, object);
    if (nbytes >= 0 || graph->ask_always || !is_container(object)) {
        return nbytes;
    }
    int left = MOST_OBJECTS;
    Py_ssize_t length = PyDict_CheckExact(object) ? 2 * PyDict_GET_SIZE(object) : Py_SIZE(object);
    return length > left ? -1 : fold_container(graph, object, &left, MOST_LEVELS);
}
