/* How the objects of a type are sized and opened, found once for each type. */
#include "walk/graph.h"
#include "common/compat_objects.h"
#include <frameobject.h>

static PyObject *plain_sizeof; /* object.__sizeof__ */
static traverseproc traverse_instance; /* of all classes written in Python */
static PyObject *getsizeof;    /* sys.getsizeof */

int
types_init(void)
{
    PyObject *sys = PyImport_ImportModule("sys");
    PyObject *written = PyObject_CallFunction((PyObject *)&PyType_Type, "s(){}", "Written");
    if (sys == NULL || written == NULL) {
        return -1;
    }
    traverse_instance = ((PyTypeObject *)written)->tp_traverse;
    int failed = unseen_init((PyTypeObject *)written) < 0;
    Py_DECREF(written);
    getsizeof = PyObject_GetAttrString(sys, "getsizeof");
    Py_DECREF(sys);
    plain_sizeof = PyObject_GetAttrString((PyObject *)&PyBaseObject_Type, "__sizeof__");
    return failed || getsizeof == NULL || plain_sizeof == NULL ? -1 : 0;
}

/* Parts of the interpreter: they are not freed with an object, and a walk through them reaches all of `sys.modules`. */
static int
is_interpreters(PyTypeObject *type)
{
    return PyType_HasFeature(type, Py_TPFLAGS_TYPE_SUBCLASS) || PyType_IsSubtype(type, &PyModule_Type)
           || type == &PyCode_Type || type == Py_TYPE(Py_None) || type == &PyBool_Type
           || type == &PyEllipsis_Type || type == &PyMethodDescr_Type || type == &PyGetSetDescr_Type
           || type == &PyMemberDescr_Type || type == &PyWrapperDescr_Type || type == &PyClassMethodDescr_Type;
}

static int
is_builtin_container(PyTypeObject *type)
{
    return type == &PyList_Type || type == &PyDict_Type || type == &PyTuple_Type || type == &PySet_Type
           || type == &PyFrozenSet_Type || type == &PyCell_Type || type == &PyMethod_Type;
}

static int
ask_resolver(Graph *graph, TypeInfo *info)
{
    PyObject *rule = PyObject_CallOneArg(graph->resolve, (PyObject *)info->type);
    if (rule == NULL) {
        return -1;
    }
    if (PyUnicode_Check(rule)) {
        info->skipped |= PyUnicode_CompareWithASCIIString(rule, "skip") == 0;
        info->counted = PyUnicode_CompareWithASCIIString(rule, "counted") == 0;
        info->unseen = PyUnicode_CompareWithASCIIString(rule, "unseen") == 0;
    } else if (rule != Py_None) {
        info->rule = Py_NewRef(rule);
    }
    Py_DECREF(rule);
    return 0;
}

/* `type.__getattribute__`, so that a metaclass of the user's is not run. */
static Sizing
sizing_of(PyTypeObject *type)
{
    PyObject *name = PyUnicode_InternFromString("__sizeof__");
    PyObject *found = name ? PyType_Type.tp_getattro((PyObject *)type, name) : NULL;
    Py_XDECREF(name);
    Sizing sizing = SIZE_PLAIN;
    if (found == NULL) {
        PyErr_Clear();
    } else if (found == plain_sizeof) {
        sizing = type->tp_itemsize == 0 ? SIZE_FIXED : SIZE_ITEMS;
    } else if (Py_IS_TYPE(found, &PyMethodDescr_Type)) {
        /* numpy.bytes_ adds its length to a size that has it. */
        sizing = PyType_HasFeature(type, Py_TPFLAGS_BYTES_SUBCLASS) ? SIZE_PLAIN : SIZE_ASKED;
    }
    /* Else written in Python: pandas returns a deep sum of its own there, users return anything. */
    Py_XDECREF(found);
    return sizing;
}

static int64_t
ask_size(PyObject *function, PyObject *object)
{
    PyObject *answer = PyObject_CallOneArg(function, object);
    int64_t nbytes = answer ? PyLong_AsLongLong(answer) : -1;
    Py_XDECREF(answer);
    if (nbytes < 0) {
        PyErr_Clear();
        nbytes = Py_TYPE(object)->tp_basicsize;
    }
    return nbytes;
}

static int64_t
plain_size(PyObject *object)
{
    return type_head_nbytes(Py_TYPE(object)) + ask_size(plain_sizeof, object);
}

static int
describe_type(Graph *graph, TypeInfo *info, PyObject *object)
{
    PyTypeObject *type = info->type;
    info->skipped = (uint8_t)is_interpreters(type);
    info->opening = PyType_IS_GC(type) ? OPEN_TRAVERSE : OPEN_LEAF;
    if (graph->ask_always && !info->skipped && ask_resolver(graph, info) < 0) {
        return -1;
    }
    if (type == &PyLong_Type || type == &PyFloat_Type || type == &PyUnicode_Type) {
        info->sizing = type == &PyFloat_Type ? SIZE_FIXED : type == &PyLong_Type ? SIZE_INT : SIZE_TEXT;
        info->fixed = type->tp_basicsize;
        info->folds = info->rule == NULL;
        return 0;
    }
    info->counted |= type == &PyBytes_Type || type == &PyByteArray_Type;
    info->array = (uint8_t)is_array(type);
    info->plain = (uint8_t)is_plain_array(type);
    /* Not arrays: the rule for a pandas index names the elements of one again, which must then be found. */
    info->tidy = is_builtin_container(type) || type->tp_traverse == traverse_instance;
    if (type == &PyList_Type) {
        info->opening = OPEN_LIST;
    } else if (type == &PyTuple_Type) {
        info->opening = OPEN_TUPLE;
    } else if (type == &PyDict_Type) {
        info->opening = OPEN_DICT;
    } else if (type == &PyFunction_Type) {
        info->opening = OPEN_FUNCTION;
    } else if (type == &PyFrame_Type) {
        info->opening = OPEN_FRAME;
    } else if (type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type) {
        info->opening = OPEN_GENERATOR;
    } else if (type == &PyMemoryView_Type) {
        info->opening = OPEN_VIEW;
    }
    if (!graph->ask_always && !info->skipped && !info->counted && !is_builtin_container(type) && !is_plain_array(type)
        && ask_resolver(graph, info) < 0) {
        return -1;
    }
    /* A rule counts the memory: the type's own __sizeof__, as Arrow's, would count it twice. */
    info->sizing = info->rule != NULL && !info->array ? SIZE_PLAIN : sizing_of(type);
    if (info->sizing == SIZE_PLAIN) {
        info->fixed = plain_size(object);
        info->sizing = type->tp_itemsize == 0 ? SIZE_FIXED : SIZE_PLAIN;
    } else if (info->sizing == SIZE_FIXED) {
        info->fixed = ask_size(getsizeof, object);
    } else if (info->sizing == SIZE_ITEMS) {
        info->fixed = ask_size(getsizeof, object) - Py_ABS(Py_SIZE(object)) * type->tp_itemsize;
    }
    describe_unseen(info);
    info->folds = info->opening == OPEN_LEAF && !info->array && info->rule == NULL && !info->unseen && !info->lends;
    return 0;
}

/* A type that was met before; NULL if it was not. */
TypeInfo *
known_type(Graph *graph, PyTypeObject *type)
{
    uint16_t *seen = &graph->seen[((uintptr_t)type >> 5) % N_SEEN];
    if (*seen < graph->n_types && graph->types[*seen].type == type) {
        return &graph->types[*seen];
    }
    for (uint32_t index = 0; index < graph->n_types; index++) {
        if (graph->types[index].type == type) {
            *seen = (uint16_t)index; /* beyond 65,535 it points to another type, and is not used */
            return &graph->types[index];
        }
    }
    return NULL;
}

/* The information on an object's type, found once. May run Python code: the caller holds a reference to the object. */
TypeInfo *
graph_type(Graph *graph, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    TypeInfo *known = known_type(graph, type);
    if (known != NULL) {
        return known;
    }
    /* Described before it is stored: the resolver is Python code. */
    TypeInfo info = {.type = (PyTypeObject *)Py_NewRef(type)};
    int failed = describe_type(graph, &info, object) < 0;
    TypeInfo *types = failed ? NULL : graph_grow(graph->types, graph->n_types, &graph->room_types, sizeof(TypeInfo));
    if (types == NULL) {
        Py_XDECREF(info.rule);
        Py_DECREF(info.type);
        return NULL;
    }
    graph->types = types;
    types[graph->n_types] = info;
    return &types[graph->n_types++];
}

static int64_t
int_nbytes(PyObject *object)
{
    int64_t digits = int_digits(object);
    /* There is room for one in a zero too. */
    return (int64_t)(offsetof(PyVarObject, ob_size) + sizeof(Py_ssize_t)) + 4 * (digits ? digits : 1);
}

/* As `sys.getsizeof` of an exact str; -1 for one that only old C code can make. */
static int64_t
text_nbytes(PyObject *object)
{
    int64_t length = PyUnicode_GET_LENGTH(object);
    if (PyUnicode_IS_COMPACT_ASCII(object)) {
        return (int64_t)sizeof(PyASCIIObject) + length + 1;
    }
    if (!PyUnicode_IS_COMPACT(object) || text_has_wide_copy(object)) {
        return -1;
    }
    const PyCompactUnicodeObject *compact = (const PyCompactUnicodeObject *)object;
    int64_t encoded = compact->utf8 ? compact->utf8_length + 1 : 0; /* kept once it was asked for */
    return (int64_t)sizeof(PyCompactUnicodeObject) + (length + 1) * (int64_t)PyUnicode_KIND(object) + encoded;
}

/* `sys.getsizeof` of numbers and text, of which a program has most, before their type is looked up; -1 for all others.
 * Runs no Python code. */
int64_t
common_nbytes(const Graph *graph, PyObject *object)
{
    if (graph->ask_always) {
        return -1;
    }
    if (PyFloat_CheckExact(object)) {
        return (int64_t)sizeof(PyFloatObject);
    }
    return PyUnicode_CheckExact(object) ? text_nbytes(object) : PyLong_CheckExact(object) ? int_nbytes(object) : -1;
}

/* The same for an exact list, tuple or dict. Runs no Python code. */
int64_t
container_nbytes(PyObject *object)
{
    int64_t word = sizeof(void *);
    if (PyList_CheckExact(object)) {
        return (int64_t)sizeof(PyListObject) + 2 * word + ((PyListObject *)object)->allocated * word;
    }
    return PyTuple_CheckExact(object) ? PyTuple_Type.tp_basicsize + (2 + PyTuple_GET_SIZE(object)) * word
                                      : dict_nbytes(object);
}

/* Whether the size of a type's objects is known without asking them. */
int
has_known_size(const TypeInfo *info)
{
    return info->sizing == SIZE_FIXED || info->sizing == SIZE_ITEMS || info->sizing == SIZE_INT;
}

/* `sys.getsizeof`, spelled out for the types of which a program has millions. May run Python code, unless the type's
 * size is known. */
int64_t
python_nbytes(const TypeInfo *info, PyObject *object)
{
    int64_t nbytes;
    switch (info->sizing) {
    case SIZE_FIXED:
        return info->fixed;
    case SIZE_ITEMS:
        return info->fixed + Py_ABS(Py_SIZE(object)) * info->type->tp_itemsize;
    case SIZE_INT:
        return int_nbytes(object);
    case SIZE_TEXT:
        nbytes = text_nbytes(object);
        return nbytes >= 0 ? nbytes : ask_size(getsizeof, object);
    case SIZE_PLAIN:
        return plain_size(object);
    default:
        return PyList_CheckExact(object) || PyDict_CheckExact(object) ? container_nbytes(object)
                                                                      : ask_size(getsizeof, object);
    }
}
