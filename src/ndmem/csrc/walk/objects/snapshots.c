/* The contents of containers at one moment. `list(d.items())` is not: each pair it creates may run 3.11's collector, and
 * so code that changes the dict, and between its two calls any thread may. */
#include "walk/graph.h"

static void
fill_entries(PyObject *dict, PyObject *keys, PyObject *values)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; PyDict_Next(dict, &at, &key, &value); i++) {
        PyList_SET_ITEM(keys, i, Py_NewRef(key));
        PyList_SET_ITEM(values, i, Py_NewRef(value));
    }
}

/* The keys and the values of a dict, as two lists. May run Python code, but not while it reads the dict. */
PyObject *
entries_of(PyObject *Py_UNUSED(module), PyObject *dict)
{
    if (!PyDict_Check(dict)) {
        return PyErr_Format(PyExc_TypeError, "a dict is needed");
    }
    for (;;) {
        Py_ssize_t n = PyDict_GET_SIZE(dict);
        PyObject *keys = PyList_New(n), *values = PyList_New(n);
        if (keys == NULL || values == NULL) {
            Py_XDECREF(keys);
            Py_XDECREF(values);
            return NULL;
        }
        if (PyDict_GET_SIZE(dict) == n) { /* creating the lists may have run the collector */
            fill_entries(dict, keys, values);
            return Py_BuildValue("NN", keys, values);
        }
        Py_DECREF(keys);
        Py_DECREF(values);
    }
}

/* `list(base.__iter__(object))` in one go, for builtin containers, whose iterators run no Python code. */
PyObject *
items_of(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *base;
    PyObject *object, *item;
    if (!PyArg_ParseTuple(args, "O!O", &PyType_Type, &base, &object)) {
        return NULL;
    }
    if (!PyType_IsSubtype(Py_TYPE(object), base) || base->tp_iter == NULL) {
        return PyErr_Format(PyExc_TypeError, "an instance of an iterable base is needed");
    }
    PyObject *answer = PyList_New(0); /* ahead of the iterator: it may run the collector */
    PyObject *each = answer ? base->tp_iter(object) : NULL;
    while (each != NULL && answer != NULL && (item = Py_TYPE(each)->tp_iternext(each)) != NULL) {
        if (PyList_Append(answer, item) < 0) {
            Py_CLEAR(answer);
        }
        Py_DECREF(item);
    }
    Py_XDECREF(each);
    if (each == NULL || PyErr_Occurred()) {
        Py_CLEAR(answer);
    }
    return answer;
}

/* Whether C code may still be filling it: then only that code and the list just created refer to it, and a
 * reference more makes `tuple(iterator)` fail in the program, with SystemError. One that is complete is found through
 * its holder. */
static int
is_unfinished(PyObject *object)
{
    return PyTuple_CheckExact(object) && Py_REFCNT(object) <= 2;
}

/* All objects that the collector knows, the newest first, without tuples that may be unfinished. Those are let go of
 * before other threads run. May run Python code, but not between the first reference and the last. */
PyObject *
tracked_objects(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    PyObject *collector = PyImport_ImportModule("gc");
    PyObject *ask = collector ? PyObject_GetAttrString(collector, "get_objects") : NULL;
    PyObject *all = ask ? PyObject_CallNoArgs(ask) : NULL;
    Py_XDECREF(ask);
    Py_XDECREF(collector);
    if (all == NULL || !PyList_CheckExact(all)) {
        return all;
    }
    Py_ssize_t kept = 0, n = PyList_GET_SIZE(all);
    PyObject **items = ((PyListObject *)all)->ob_item;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = items[i];
        if (is_unfinished(item)) {
            Py_DECREF(item); /* never the last: the code that fills it has one */
        } else {
            items[kept++] = item;
        }
    }
    Py_SET_SIZE(all, kept);
    return PyList_Reverse(all) < 0 ? NULL : all;
}
