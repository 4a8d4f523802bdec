#include "tracker/call_tree/code_size.h"

#include "common/compat.h"

/* Constants contain constants: nested functions and tuples. Deeper ones are not counted. */
enum { MAX_DEPTH = 32, PLAIN_NBYTES = 48 };

static size_t object_size(PyObject *object, int depth);

static size_t tuple_size(PyObject *tuple, int depth)
{
    Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    size_t nbytes = sizeof(PyTupleObject) + (size_t)count * sizeof(PyObject *);
    for (Py_ssize_t i = 0; i < count; i++)
        nbytes += object_size(PyTuple_GET_ITEM(tuple, i), depth + 1);
    return nbytes;
}

static size_t size_at(const PyCodeObject *code, int depth)
{
    return sizeof *code + (size_t)Py_SIZE(code) * sizeof(_Py_CODEUNIT) + object_size(code->co_consts, depth) +
           object_size(code->co_names, depth) + object_size(code->co_localsplusnames, depth) +
           object_size(code->co_localspluskinds, depth) + object_size(code->co_linetable, depth) +
           object_size(code->co_exceptiontable, depth) + object_size(code->co_filename, depth);
}

/* Of the types that the compiler puts into code objects; numbers and the like are small. */
static size_t object_size(PyObject *object, int depth)
{
    if (object == NULL || depth > MAX_DEPTH)
        return 0;
    if (PyTuple_CheckExact(object))
        return tuple_size(object, depth);
    if (PyCode_Check(object))
        return size_at((const PyCodeObject *)object, depth + 1);
    if (PyBytes_CheckExact(object))
        return sizeof(PyBytesObject) + (size_t)PyBytes_GET_SIZE(object);
    if (PyUnicode_CheckExact(object))
        return sizeof(PyASCIIObject) + (size_t)PyUnicode_GET_LENGTH(object) * PyUnicode_KIND(object);
    return PLAIN_NBYTES;
}

size_t code_size(const PyCodeObject *code) { return size_at(code, 0); }
