#define Py_BUILD_CORE 1 /* before the first header: 3.12's clash with their own public ones after it */
#include "tracker/call_tree/thread_name.h"

#include <internal/pycore_dict.h>

#include "common/compat.h"
#include "common/compat_objects.h"

static PyObject *text_or_null(PyObject *found) { return found && PyUnicode_Check(found) ? found : NULL; }

/* The attribute `_name` of an instance, wherever the interpreter keeps it. */
static PyObject *find_name(PyObject *thread)
{
    PyTypeObject *type = Py_TYPE(thread);
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || !PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT))
        return NULL;
    PyObject **values = instance_values(thread);
    PyDictKeysObject *keys = ((PyHeapTypeObject *)type)->ht_cached_keys;
    for (Py_ssize_t i = 0; values && keys && i < keys->dk_nentries; i++)
        if (PyUnicode_CompareWithASCIIString(DK_UNICODE_ENTRIES(keys)[i].me_key, "_name") == 0)
            return text_or_null(values[i]);
    PyObject *dict = values ? NULL : ((PyObject **)thread)[-3], *key, *value;
    Py_ssize_t position = 0;
    while (dict && PyDict_CheckExact(dict) && PyDict_Next(dict, &position, &key, &value))
        if (PyUnicode_Check(key) && PyUnicode_CompareWithASCIIString(key, "_name") == 0)
            return text_or_null(value);
    return NULL;
}

PyObject *thread_name(PyThreadState *thread)
{
    Frame *frame = frame_complete(frame_top(thread)), *inner = NULL;
    for (Frame *outer = frame; outer; outer = frame_complete(frame_back(outer)))
        inner = frame == outer ? NULL : frame, frame = outer;
    if (frame == NULL || PyUnicode_CompareWithASCIIString(frame_code(frame)->co_name, "_bootstrap") != 0)
        return NULL;
    PyObject *self = frame_local_count(frame, inner) > 0 ? frame_local(frame, 0) : NULL;
    return self ? find_name(self) : NULL;
}
