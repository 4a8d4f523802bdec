#define Py_BUILD_CORE 1 /* before the first header: 3.12's clash with their own public ones after it */
#include "tracker/holders/code_owner.h"
#include <internal/pycore_dict.h>
#undef Py_BUILD_CORE

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROOTS = 16 };

static struct {
    char *text; /* a folder, without a separator at its end */
    CodeOwner owner;
} roots[MAX_ROOTS];
static unsigned root_count;

static struct {
    PyObject *name, *file, *module; /* interned "__name__" … */
} dunders;

static int add_root(PyObject *folder, CodeOwner owner)
{
    const char *text = PyUnicode_Check(folder) ? PyUnicode_AsUTF8(folder) : NULL;
    if (text == NULL || root_count == MAX_ROOTS) {
        PyErr_Clear(); /* of a name with surrogates; what lies there counts as the user's */
        return 0;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t length = strlen(copy); length > 0 && copy[length - 1] == '/'; length--)
        copy[length - 1] = '\0';
    roots[root_count].text = copy, roots[root_count++].owner = owner;
    return 0;
}

int code_owner_open(void)
{
    if (root_count > 0)
        return 0;
    dunders.name = PyUnicode_InternFromString("__name__");
    dunders.file = PyUnicode_InternFromString("__file__");
    dunders.module = PyUnicode_InternFromString("__module__");
    if (dunders.name == NULL || dunders.file == NULL || dunders.module == NULL)
        return -1;
    PyObject *rule = PyImport_ImportModule("ndmem.user_code");
    PyObject *own = rule ? PyObject_GetAttrString(rule, "OWN_FOLDER") : NULL;
    PyObject *libraries = own ? PyObject_CallMethod(rule, "find_library_roots", NULL) : NULL;
    int status = libraries && PyTuple_Check(libraries) ? add_root(own, NDMEM) : -1; /* first: it lies in another one */
    for (Py_ssize_t i = 0; status == 0 && i < PyTuple_GET_SIZE(libraries); i++)
        status = add_root(PyTuple_GET_ITEM(libraries, i), LIBRARY);
    Py_XDECREF(libraries);
    Py_XDECREF(own);
    Py_XDECREF(rule);
    return status;
}

/* The value of a name, borrowed; NULL if there is none. A key that is not a str could run Python code where it is compared, so
 * a dict that has one is not asked. */
static PyObject *find_name(PyObject *names, PyObject *name)
{
    if (names == NULL || !PyDict_CheckExact(names) || !DK_IS_UNICODE(((PyDictObject *)names)->ma_keys))
        return NULL;
    return PyDict_GetItem(names, name); /* raises nothing */
}

CodeOwner module_owner(PyObject *names)
{
    PyObject *file = find_name(names, dunders.file);
    if (file && PyUnicode_Check(file))
        return code_owner(file);
    PyObject *name = find_name(names, dunders.name);
    bool is_main = name && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "__main__") == 0;
    return is_main ? USER : LIBRARY; /* of `python -c` there is no file */
}

CodeOwner type_owner(PyTypeObject *type)
{
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE))
        return LIBRARY;
    PyObject *name = find_name(type->tp_dict, dunders.module);
    PyObject *module = name && PyUnicode_CheckExact(name) ? find_name(PyImport_GetModuleDict(), name) : NULL;
    return module && PyModule_Check(module) ? module_owner(PyModule_GetDict(module)) : LIBRARY;
}

CodeOwner code_owner(PyObject *file)
{
    if (!PyUnicode_IS_COMPACT_ASCII(file)) /* another name must be encoded, which allocates */
        return USER;
    const char *text = (const char *)PyUnicode_1BYTE_DATA(file);
    for (unsigned i = 0; i < root_count; i++) {
        size_t length = strlen(roots[i].text);
        if (length > 0 && strncmp(text, roots[i].text, length) == 0 && text[length] == '/')
            return roots[i].owner;
    }
    return strncmp(text, "<frozen ", 8) == 0 ? LIBRARY : USER;
}
