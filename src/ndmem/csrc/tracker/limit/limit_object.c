#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "limit.h"
#include "limit_object.h"
#include "lock.h"

#include <stddef.h>
#include <structmember.h>

typedef struct {
    PyObject_HEAD
    Limit limit;
    PyObject *tell; /* NULL if it refuses */
} LimitObject;

/* Runs in the main thread, between two instructions of Python: soon after the hook that saw the excess. */
static int tell_now(void *op)
{
    LimitObject *self = op;
    PyObject *answer = self->tell ? PyObject_CallNoArgs(self->tell) : Py_NewRef(Py_None);
    Py_XDECREF(answer);
    Py_DECREF(self);
    return answer ? 0 : -1;
}

/* The hook is in the middle of NumPy's work: Python code must wait. */
static void tell_soon(Limit *limit)
{
    LimitObject *self = (LimitObject *)((char *)limit - offsetof(LimitObject, limit));
    Py_INCREF(self);
    if (Py_AddPendingCall(tell_now, self) < 0) { /* the queue is full: at the next allocation again */
        limit->told = false;
        Py_DECREF(self);
    }
}

static int limit_init(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"tell", "resident", NULL};
    LimitObject *self = (LimitObject *)op;
    PyObject *tell = Py_None;
    int resident = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|$Op", names, &tell, &resident))
        return -1;
    if (limit_is_armed(&self->limit)) {
        PyErr_SetString(PyExc_RuntimeError, "a Limit is made once");
        return -1;
    }
    self->limit.tells = tell != Py_None;
    self->limit.tell = tell_soon;
    self->limit.resident = resident;
    Py_XSETREF(self->tell, tell == Py_None ? NULL : Py_NewRef(tell));
    return 0;
}

static int limit_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(((LimitObject *)op)->tell);
    Py_VISIT(Py_TYPE(op));
    return 0;
}

static int limit_clear(PyObject *op)
{
    Py_CLEAR(((LimitObject *)op)->tell);
    return 0;
}

static void limit_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    limit_disarm(&((LimitObject *)op)->limit);
    limit_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *limit_py_arm(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"threshold", "everything", "thread", NULL};
    LimitObject *self = (LimitObject *)op;
    Py_ssize_t threshold;
    int everything = 1, thread = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "n|$pp", names, &threshold, &everything, &thread))
        return NULL;
    if (threshold < 1 || threshold > LEDGER_MAX_THRESHOLD)
        return PyErr_Format(PyExc_ValueError, "the threshold is %zd bytes; it can be 1 to %d", threshold, LEDGER_MAX_THRESHOLD);
    if (limit_is_armed(&self->limit))
        return PyErr_Format(PyExc_RuntimeError, "the Limit is armed");
    self->limit.thread = thread ? PyThreadState_GetID(PyThreadState_Get()) : 0;
    bool complete;
    if (limit_arm(&self->limit, everything && !thread, (size_t)threshold, &complete) < 0)
        return NULL;
    return PyBool_FromLong(complete);
}

static PyObject *limit_py_enforce(PyObject *op, PyObject *number)
{
    long long budget = PyLong_AsLongLong(number);
    if (budget == -1 && PyErr_Occurred())
        return NULL;
    if (budget < 0)
        return PyErr_Format(PyExc_ValueError, "the budget is %lld bytes; it can be 0 or more", budget);
    limit_enforce(&((LimitObject *)op)->limit, budget);
    Py_RETURN_NONE;
}

static PyObject *limit_py_disarm(PyObject *op, PyObject *Py_UNUSED(none))
{
    limit_disarm(&((LimitObject *)op)->limit);
    Py_RETURN_NONE;
}

static PyObject *get_armed(PyObject *op, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(limit_is_armed(&((LimitObject *)op)->limit));
}

static PyObject *get_live(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong(((LimitObject *)op)->limit.live);
}

static PyObject *get_excess(PyObject *op, void *Py_UNUSED(closure))
{
    Excess excess = ((LimitObject *)op)->limit.excess;
    if (excess.count == 0)
        Py_RETURN_NONE;
    return Py_BuildValue("KLIK", (unsigned long long)excess.asked, (long long)excess.live, excess.stack,
                         (unsigned long long)excess.count);
}

static PyMethodDef limit_methods[] = {
    {"arm", (PyCFunction)(void (*)(void))limit_py_arm, METH_VARARGS | METH_KEYWORDS,
     "arm(threshold, *, everything=True, thread=False)\n--\n\nBegin to count: everything, or what is made from now on. "
     "Whether what was there before tracking was adopted for another Limit."},
    {"enforce", limit_py_enforce, METH_O, "enforce(budget, /)\n--\n\nRefuse, or tell of, what would make the counted bytes more than that."},
    {"disarm", limit_py_disarm, METH_NOARGS, "disarm()\n--\n\nEnd it; harmless when it is not armed."},
    {NULL},
};

static PyGetSetDef limit_getset[] = {
    {"armed", get_armed, NULL, "Whether it counts; False in the child of a fork.", NULL},
    {"live", get_live, NULL, "Bytes it counts.", NULL},
    {"excess", get_excess, NULL, "The last time it was beyond the budget: (asked, live, stack, how often so far), or None.", NULL},
    {NULL},
};

static PyType_Slot limit_slots[] = {
    {Py_tp_doc, "Limit(*, tell=None, resident=False)\n--\n\nA budget for NumPy's allocator; with `tell` it refuses nothing and calls that soon."},
    {Py_tp_init, limit_init},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_traverse, limit_traverse},
    {Py_tp_clear, limit_clear},
    {Py_tp_dealloc, limit_dealloc},
    {Py_tp_methods, limit_methods},
    {Py_tp_getset, limit_getset},
    {0, NULL},
};

static PyType_Spec limit_spec = {"ndmem._native.Limit", sizeof(LimitObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, limit_slots};

static PyObject *py_adopt(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long address, nbytes;
    if (!PyArg_ParseTuple(args, "KK", &address, &nbytes))
        return NULL;
    return PyBool_FromLong(limit_adopt((void *)(uintptr_t)address, (size_t)nbytes));
}

static PyMethodDef limit_functions[] = {
    {"adopt", py_adopt, METH_VARARGS,
     "adopt(address, nbytes, /)\n--\n\nCount a buffer that NumPy's allocator made before tracking; False if it is known."},
    {NULL},
};

int limit_object_add(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&limit_spec);
    if (type == NULL)
        return -1;
    if (PyModule_AddObject(module, "Limit", type) < 0) {
        Py_DECREF(type);
        return -1;
    }
    return PyModule_AddFunctions(module, limit_functions);
}
