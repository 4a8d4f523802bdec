#include "tracker/holders/spellings.h"

#include <stdbool.h>
#include <stdlib.h>

enum { MAX_SPELLINGS = 64 };

struct Spellings {
    struct {
        PyObject *dtype, *text; /* owned; no text if it could not be spelled */
    } items[MAX_SPELLINGS];
    unsigned count;
};

Spellings *spellings_new(void) { return calloc(1, sizeof(Spellings)); }

/* Kind and itemsize say a builtin dtype. */
static bool needs_spelling(PyArrayObject *array)
{
    int type = PyArray_TYPE(array);
    return PyTypeNum_ISUSERDEF(type) || type == NPY_VOID || type == NPY_DATETIME || type == NPY_TIMEDELTA;
}

void spellings_want(Spellings *spellings, PyArrayObject *array)
{
    PyObject *dtype = (PyObject *)PyArray_DESCR(array);
    if (!needs_spelling(array) || spellings->count == MAX_SPELLINGS)
        return;
    for (unsigned i = 0; i < spellings->count; i++)
        if (spellings->items[i].dtype == dtype)
            return;
    spellings->items[spellings->count++].dtype = Py_NewRef(dtype);
}

PyObject *spellings_find(const Spellings *spellings, PyArrayObject *array)
{
    for (unsigned i = 0; spellings && i < spellings->count; i++)
        if (spellings->items[i].dtype == (PyObject *)PyArray_DESCR(array))
            return spellings->items[i].text;
    return NULL;
}

void spellings_complete(Spellings *spellings)
{
    for (unsigned i = 0; i < spellings->count; i++) {
        spellings->items[i].text = PyObject_Str(spellings->items[i].dtype);
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception))
            break; /* Ctrl-C, or an exit: the program's */
        PyErr_Clear(); /* a dtype that cannot be spelled is known by its size */
    }
}

void spellings_free(Spellings *spellings)
{
    for (unsigned i = 0; i < spellings->count; i++) {
        Py_DECREF(spellings->items[i].dtype);
        Py_XDECREF(spellings->items[i].text);
    }
    free(spellings);
}
