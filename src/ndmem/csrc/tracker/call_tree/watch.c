#include "tracker/call_tree/watch.h"

#include <stdbool.h>

extern char **environ;

const char watch_builtin_doc[] =
    "watch_builtin(function, before, after, /)\n--\n\n"
    "A builtin that looks and works like another one. before(*args, **kwargs) may return (function, args, kwargs) to be "
    "called instead, after(result) is called after a success; either may be None, and their errors are discarded.";

/* The callbacks are in the module object that the builtin is bound to. Borrowed. */
static PyObject *find(PyObject *self, const char *name)
{
    PyObject *found = PyDict_GetItemString(PyModule_GetDict(self), name);
    return found == Py_None ? NULL : found;
}

/* Errors of the callbacks are discarded, but not what a signal raised meanwhile: Ctrl-C, or an exit. */
static bool is_raised_for_program(void)
{
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception))
        return true;
    PyErr_Clear();
    return false;
}

/* A wrapper in Python would be a frame in the traceback of every error of the function. */
static PyObject *call_watched(PyObject *self, PyObject *args, PyObject *keywords)
{
    PyObject *function = find(self, "function"), *before = find(self, "before"), *after = find(self, "after");
    PyObject *instead = before ? PyObject_Call(before, args, keywords) : NULL;
    PyObject *other = NULL, *other_args = NULL, *other_keywords = NULL;
    if (instead && instead != Py_None)
        PyArg_ParseTuple(instead, "OO!O!", &other, &PyTuple_Type, &other_args, &PyDict_Type, &other_keywords);
    if (is_raised_for_program()) {
        Py_XDECREF(instead);
        return NULL;
    }
    PyObject *result =
        other_keywords ? PyObject_Call(other, other_args, other_keywords) : PyObject_Call(function, args, keywords);
    Py_XDECREF(instead);
    if (result && after) {
        Py_XDECREF(PyObject_CallOneArg(after, result));
        if (is_raised_for_program())
            Py_CLEAR(result);
    }
    return result;
}

PyObject *watch_builtin(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *function, *before, *after;
    if (!PyArg_ParseTuple(args, "O!OO", &PyCFunction_Type, &function, &before, &after))
        return NULL;
    PyObject *home = PyCFunction_GET_SELF(function), *name = NULL;
    /* Bound to a module of the same name, it has the repr of the original and is pickled by its name. */
    const char *module = home && PyModule_Check(home) ? PyModule_GetName(home) : NULL;
    PyErr_Clear(); /* a program may have taken the name away from the module */
    PyObject *self = PyModule_New(module ? module : "builtins");
    PyMethodDef *definition = PyMem_Malloc(sizeof *definition); /* never freed: the builtin lives as long as the process */
    if (self && definition && PyModule_AddObjectRef(self, "function", function) == 0 &&
        PyModule_AddObjectRef(self, "before", before) == 0 && PyModule_AddObjectRef(self, "after", after) == 0)
        name = PyObject_GetAttrString(function, "__module__");
    if (name == NULL) {
        PyMem_Free(definition);
        Py_XDECREF(self);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    *definition = (PyMethodDef){((PyCFunctionObject *)function)->m_ml->ml_name, (PyCFunction)(void (*)(void))call_watched,
                                METH_VARARGS | METH_KEYWORDS, ((PyCFunctionObject *)function)->m_ml->ml_doc};
    PyObject *watched = PyCFunction_NewEx(definition, self, name);
    Py_DECREF(name);
    Py_DECREF(self);
    return watched;
}

const char watch_environment_doc[] =
    "watch_environment()\n--\n\nThe environment that a program started now would inherit: a list of b'NAME=value'.";

/* os.environ lacks what C code has set, and a child has it. */
PyObject *watch_environment(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    PyObject *found = PyList_New(0);
    for (char **entry = environ; found && entry && *entry; entry++) {
        PyObject *text = PyBytes_FromString(*entry);
        if (text == NULL || PyList_Append(found, text) < 0)
            Py_CLEAR(found);
        Py_XDECREF(text);
    }
    return found;
}
