#include "tracker/system.h"
#include "common/os.h"

#include <limits.h>

enum { LONGEST_PATH = 4096 };

const char system_resident_doc[] =
    "resident()\n--\n\nBytes of this process in RAM, now and at their highest; None where the system does not tell.";
const char system_file_path_doc[] =
    "file_path(descriptor, /)\n--\n\nPresent path of an open file; raises an OSError where it is unknown.";

static PyObject *number_or_none(int64_t number)
{
    if (number < 0)
        Py_RETURN_NONE;
    return PyLong_FromLongLong(number);
}

PyObject *system_resident(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    return Py_BuildValue("NN", number_or_none(os_resident_nbytes()), number_or_none(os_highest_resident_nbytes()));
}

PyObject *system_file_path(PyObject *Py_UNUSED(module), PyObject *number)
{
    long file = PyLong_AsLong(number);
    if (file == -1 && PyErr_Occurred())
        return NULL;
    char path[LONGEST_PATH];
    ptrdiff_t length = os_file_path(file < INT_MIN || file > INT_MAX ? -1 : (int)file, path, sizeof path);
    return length < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyUnicode_DecodeFSDefaultAndSize(path, length);
}
