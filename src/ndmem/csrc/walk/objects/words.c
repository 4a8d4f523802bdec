/* A short description of an array, in C: in Python it took a third of the time for one array. */
#include "walk/graph.h"
#define NPY_NO_DEPRECATED_API NPY_1_25_API_VERSION
#include <numpy/arrayobject.h>

static const char *
kind_word(const PyArray_Descr *dtype)
{
    switch (dtype->kind) {
    case 'b':
        return "bool";
    case 'i':
        return "int";
    case 'u':
        return "uint";
    case 'f':
        return "float";
    case 'c':
        return "complex";
    default:
        return NULL;
    }
}

static char *
add_text(char *end, const char *text)
{
    while (*text) {
        *end++ = *text++;
    }
    return end;
}

/* A number above zero; nothing for 0. */
static char *
add_number(char *end, int64_t number)
{
    char digits[20];
    int length = 0;
    for (; number > 0; number /= 10) {
        digits[length++] = (char)('0' + number % 10);
    }
    while (length > 0) {
        *end++ = digits[--length];
    }
    return end;
}

/* "ndarray float64 (3, 4) view"; None for an object that is not a plain array of native numbers. Needs the GIL. */
PyObject *
describe_numbers(PyObject *Py_UNUSED(module), PyObject *object)
{
    if (!is_plain_array(Py_TYPE(object))) {
        Py_RETURN_NONE;
    }
    PyArrayObject *array = (PyArrayObject *)object;
    const PyArray_Descr *dtype = PyArray_DESCR(array);
    const char *word = PyArray_ISNBO(dtype->byteorder) && dtype->type_num <= NPY_CLONGDOUBLE ? kind_word(dtype) : NULL;
    if (word == NULL) {
        Py_RETURN_NONE;
    }
    char text[32 + 24 * NPY_MAXDIMS]; /* PyUnicode_FromFormat takes four times as long */
    int bits = dtype->kind == 'b' ? 0 : (int)(8 * itemsize_of(array));
    char *end = add_number(add_text(add_text(text, "ndarray "), word), bits);
    end = add_text(end, " (");
    for (int i = 0; i < PyArray_NDIM(array); i++) {
        end = add_text(end, i ? ", " : "");
        end = PyArray_DIM(array, i) ? add_number(end, PyArray_DIM(array, i)) : add_text(end, "0");
    }
    end = add_text(end, PyArray_NDIM(array) == 1 ? ",)" : ")");
    end = add_text(end, PyArray_BASE(array) == NULL ? "" : " view");
    return PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, text, end - text);
}
