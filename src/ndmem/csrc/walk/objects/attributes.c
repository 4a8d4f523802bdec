/* The attributes of an instance that has no dict yet. Reading its __dict__ would create one, which stays. */
#define Py_BUILD_CORE 1 /* before the first header: 3.12's clash with their own public ones after it */
#include "walk/graph.h"
#include "common/compat_objects.h"
#include <internal/pycore_dict.h>

/* A dict of an instance's attributes, None if its own dict is to be read. Needs the GIL. */
PyObject *
attributes_beside(PyObject *Py_UNUSED(module), PyObject *object)
{
    if (instance_is_bare(object)) {
        return PyDict_New();
    }
    if (instance_values(object) == NULL) {
        Py_RETURN_NONE;
    }
    /* Created first: it may run the collector, and so code that gives the instance a dict. Nothing below runs any. */
    PyObject *answer = PyDict_New();
    PyObject **values = answer ? instance_values(object) : NULL;
    PyDictKeysObject *keys = values ? ((PyHeapTypeObject *)Py_TYPE(object))->ht_cached_keys : NULL;
    if (answer != NULL && keys == NULL) {
        Py_DECREF(answer);
        Py_RETURN_NONE;
    }
    for (Py_ssize_t i = 0; answer != NULL && i < keys->dk_nentries; i++) {
        if (values[i] != NULL && PyDict_SetItem(answer, DK_UNICODE_ENTRIES(keys)[i].me_key, values[i]) < 0) {
            Py_CLEAR(answer);
        }
    }
    return answer;
}
