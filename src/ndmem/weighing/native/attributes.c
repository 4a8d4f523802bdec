/* The attributes of an instance that has no dict yet. To read its __dict__ would make one, which stays. */
#define Py_BUILD_CORE 1 /* before the first header: 3.12's clash with their own public ones after it */
#include "graph.h"
#if PY_VERSION_HEX >= 0x030B0000
#include <internal/pycore_dict.h>
#endif

#if PY_VERSION_HEX >= 0x030B0000
/* The values that lie beside an instance, NULL if they are in a dict: each version of CPython has another place. */
static PyDictValues *
values_of(PyObject *object)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyTypeObject *type = Py_TYPE(object);
    if (!PyType_HasFeature(type, Py_TPFLAGS_INLINE_VALUES)) {
        return NULL;
    }
    PyDictValues *values = (PyDictValues *)((char *)object + type->tp_basicsize);
    return values->valid && ((PyObject **)object)[-3] == NULL ? values : NULL;
#else
    if (!PyType_HasFeature(Py_TYPE(object), Py_TPFLAGS_MANAGED_DICT)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030C0000
    uintptr_t tagged = ((uintptr_t *)object)[-3]; /* odd: the values' address less 1; else the dict's */
    return tagged & 1 ? (PyDictValues *)(tagged + 1) : NULL;
#else
    return ((PyDictValues **)object)[-4];
#endif
#endif
}
#endif

/* A dict of an instance's attributes, None if its own dict is to be read. Needs the GIL. */
PyObject *
attributes_beside(PyObject *Py_UNUSED(module), PyObject *object)
{
#if PY_VERSION_HEX >= 0x030B0000
    PyDictValues *values = values_of(object);
    PyDictKeysObject *keys = values ? ((PyHeapTypeObject *)Py_TYPE(object))->ht_cached_keys : NULL;
    PyObject *answer = keys ? PyDict_New() : NULL;
    for (Py_ssize_t i = 0; answer != NULL && i < keys->dk_nentries; i++) {
        PyObject *value = values->values[i];
        if (value != NULL && PyDict_SetItem(answer, DK_UNICODE_ENTRIES(keys)[i].me_key, value) < 0) {
            Py_CLEAR(answer);
        }
    }
    if (answer != NULL || PyErr_Occurred()) {
        return answer;
    }
#else
    (void)object;
#endif
    Py_RETURN_NONE;
}
