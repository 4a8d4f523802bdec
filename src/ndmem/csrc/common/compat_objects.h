/* Every difference between CPython versions in how objects lie in memory, for weighing them; compat.h has the frames.
 *
 * All functions here need the GIL, allocate nothing, run no Python code and never raise. */
#ifndef NDMEM_COMPAT_OBJECTS_H
#define NDMEM_COMPAT_OBJECTS_H

#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before 3.12 no object is. */
static inline bool object_is_immortal(PyObject *object)
{
#if PY_VERSION_HEX >= 0x030C0000
    return _Py_IsImmortal(object);
#else
    (void)object;
    return false;
#endif
}

/* Bytes in front of each object of a type: the collector's links, and from 3.11 on where its dict is (from 3.12 on its
 * weak references too). */
static inline int64_t type_head_nbytes(PyTypeObject *type)
{
    int64_t word = sizeof(void *), head = PyType_IS_GC(type) ? 2 * word : 0;
#if PY_VERSION_HEX >= 0x030C0000
    return head + (PyType_HasFeature(type, Py_TPFLAGS_PREHEADER) ? 2 * word : 0);
#else
    return head + (PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT) ? 2 * word : 0);
#endif
}

/* Of 30 bits each. */
static inline int64_t int_digits(PyObject *object)
{
#if PY_VERSION_HEX >= 0x030C0000
    return (int64_t)(((PyLongObject *)object)->long_value.lv_tag >> 3);
#else
    return Py_ABS(Py_SIZE(object));
#endif
}

/* Whether a text of 3.11 has a second copy as wchar_t, which only code written for Python 2 asks for. */
static inline bool text_has_wide_copy(PyObject *object)
{
#if PY_VERSION_HEX < 0x030C0000
    return ((PyASCIIObject *)object)->wstr != NULL;
#else
    (void)object;
    return false;
#endif
}

/* As `sys.getsizeof` of a dict itself, which on 3.11 may run the collector, and so Python code. */
static inline int64_t dict_nbytes(PyObject *dict)
{
#if PY_VERSION_HEX >= 0x030D0000
    extern Py_ssize_t _PyDict_SizeOf(PyDictObject *); /* public until 3.12 */
#endif
    return type_head_nbytes(Py_TYPE(dict)) + (int64_t)_PyDict_SizeOf((PyDictObject *)dict);
}

/* The attributes that lie beside an instance, in the order of its class's shared keys; NULL if they are in a dict. */
static inline PyObject **instance_values(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
#if PY_VERSION_HEX >= 0x030D0000
    if (!PyType_HasFeature(type, Py_TPFLAGS_INLINE_VALUES)) {
        return NULL;
    }
    unsigned char *head = (unsigned char *)object + type->tp_basicsize; /* capacity, size, embedded, valid */
    return head[3] && ((PyObject **)object)[-3] == NULL ? (PyObject **)(head + sizeof(void *)) : NULL;
#else
    if (!PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030C0000
    uintptr_t tagged = ((uintptr_t *)object)[-3]; /* odd: the values' address less 1; else the dict's */
    return tagged & 1 ? (PyObject **)(tagged + 1) : NULL;
#else
    return ((PyObject ***)object)[-4];
#endif
#endif
}

/* The dict of an instance's attributes, borrowed; NULL while there is none: to ask for its __dict__ would make one. */
static inline PyObject *instance_dict(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT)) {
        return instance_values(object) ? NULL : ((PyObject **)object)[-3];
    }
    PyObject **dict = _PyObject_GetDictPtr(object); /* of other types it makes none */
    return dict ? *dict : NULL;
}

/* Whether an instance has neither a dict yet nor attributes beside it; to ask for its __dict__ would make one. */
static inline bool instance_is_bare(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    bool has_place = PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT) || _PyObject_GetDictPtr(object) != NULL;
    return has_place && instance_values(object) == NULL && instance_dict(object) == NULL;
}

/* Bytes of the attributes that lie beside an instance of `n_values`, which no `__sizeof__` counts. Up to 3.12 they have
 * a block of their own, of which one byte tells the length, rounded; from 3.13 they lie behind the object. */
static inline int64_t instance_values_nbytes(PyObject *object, uint32_t n_values)
{
    int64_t word = sizeof(void *);
#if PY_VERSION_HEX >= 0x030D0000
    PyTypeObject *type = Py_TYPE(object);
    if (!PyType_HasFeature(type, Py_TPFLAGS_INLINE_VALUES)) {
        return 0;
    }
    int64_t capacity = ((const unsigned char *)object)[type->tp_basicsize];
    (void)n_values;
    return (capacity + word - 1) / word * word + (capacity + 1) * word;
#else
    const unsigned char *values = (const unsigned char *)instance_values(object);
    if (values == NULL) {
        return 0;
    }
    /* The head is the length plus 2, rounded up to words; there is room for one attribute more than are set. */
    int64_t head = values[-1], most = head - 2, least = head > 10 ? head - 9 : 1, count = (int64_t)n_values + 1;
    return head + (count < least ? least : count > most ? most : count) * word;
#endif
}

#endif
