/* The least that looking at every object of a nest can take: each is touched once, and nothing is kept, so that what is
 * referred to twice is counted twice. `deep` reads an array's flags and shape too, without which it has no bytes. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_1_25_API_VERSION
#include <numpy/arrayobject.h>

static int64_t
touch_all(PyObject *object, int deep)
{
    int64_t sum = Py_REFCNT(object) + (int64_t)Py_TYPE(object)->tp_basicsize;
    if (PyDict_CheckExact(object)) {
        PyObject *key, *value;
        for (Py_ssize_t at = 0; PyDict_Next(object, &at, &key, &value);) {
            sum += touch_all(key, deep) + touch_all(value, deep);
        }
    } else if (PyList_CheckExact(object) || PyTuple_CheckExact(object)) {
        PyObject **items = PySequence_Fast_ITEMS(object);
        for (Py_ssize_t i = 0, n = Py_SIZE(object); i < n; i++) {
            if (i + 8 < n) {
                __builtin_prefetch(items[i + 8]);
            }
            sum += touch_all(items[i], deep);
        }
    } else if (deep && PyArray_CheckExact(object)) {
        PyArrayObject *array = (PyArrayObject *)object;
        int64_t nbytes = PyArray_ITEMSIZE(array);
        for (int i = 0; i < PyArray_NDIM(array); i++) {
            nbytes *= PyArray_DIM(array, i);
        }
        sum += nbytes + PyArray_FLAGS(array);
    }
    return sum;
}

static PyObject *
touch(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object;
    int deep;
    return PyArg_ParseTuple(args, "Op", &object, &deep) ? PyLong_FromLongLong(touch_all(object, deep)) : NULL;
}

static PyMethodDef methods[] = {{"touch", touch, METH_VARARGS, "Touch every object."}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "floor", "The floor of weighing.", -1, methods};

PyMODINIT_FUNC
PyInit_floor(void)
{
    import_array();
    return PyModule_Create(&module);
}
