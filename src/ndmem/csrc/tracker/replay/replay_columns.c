#include "tracker/replay/replay_columns.h"

/* Takes a column of `width` bytes an element. */
static int take_column(PyObject *object, Column *column, Py_ssize_t width)
{
    if (PyObject_GetBuffer(object, &column->view, PyBUF_C_CONTIGUOUS) < 0)
        return 0;
    if (column->view.itemsize != width || column->view.ndim != 1) {
        PyErr_Format(PyExc_ValueError, "a column of %zd-byte integers is wanted, not of %zd", width, column->view.itemsize);
        PyBuffer_Release(&column->view);
        column->view.obj = NULL;
        return 0;
    }
    column->length = column->view.len / width;
    return Py_CLEANUP_SUPPORTED;
}

static int take(PyObject *object, Column *column, Py_ssize_t width)
{
    if (object == NULL) { /* a later argument did not convert */
        PyBuffer_Release(&column->view);
        return 1;
    }
    return take_column(object, column, width);
}

int columns_take8(PyObject *object, void *column) { return take(object, column, 1); }
int columns_take16(PyObject *object, void *column) { return take(object, column, 2); }
int columns_take32(PyObject *object, void *column) { return take(object, column, 4); }
int columns_take64(PyObject *object, void *column) { return take(object, column, 8); }

void columns_release(Column *columns, int count)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(&columns[i].view);
}

PyObject *columns_misfit(const char *what)
{
    PyErr_Format(PyExc_ValueError, "the trace's columns contradict each other: %s", what);
    return NULL;
}
