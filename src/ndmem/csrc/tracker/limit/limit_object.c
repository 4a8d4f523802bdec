#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "tracker/limit/limit_arm.h"
#include "tracker/limit/limit_object.h"
#include "tracker/lock.h"

#include <stddef.h>
#include <structmember.h>

typedef struct {
    PyObject_HEAD
    Limit limit;
    PyObject *notify; /* NULL if it refuses */
} LimitObject;

/* Runs in the main thread, between two instructions of Python: soon after the hook that saw the excess. */
static int call_notify(void *op)
{
    LimitObject *self = op;
    PyObject *answer = self->notify ? PyObject_CallNoArgs(self->notify) : Py_NewRef(Py_None);
    Py_XDECREF(answer);
    Py_DECREF(self);
    return answer ? 0 : -1;
}

/* The hook runs inside NumPy: Python code must wait until NumPy returns. */
static void notify_soon(Limit *limit)
{
    LimitObject *self = (LimitObject *)((char *)limit - offsetof(LimitObject, limit));
    Py_INCREF(self); /* for the queue: call_notify releases it */
    if (Py_AddPendingCall(call_notify, self) == 0)
        return;
    lock_enter(true); /* the queue is full */
    limit->must_notify = true;
    lock_leave();
    Py_DECREF(self); /* not the last reference: the limit is armed, so its owner has one */
}

static int limit_init(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"notify", "resident", NULL};
    LimitObject *self = (LimitObject *)op;
    PyObject *notify = Py_None;
    int resident = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|$Op", names, &notify, &resident))
        return -1;
    if (limit_is_armed(&self->limit)) {
        PyErr_SetString(PyExc_RuntimeError, "an armed Limit cannot be initialized again");
        return -1;
    }
    self->limit.only_notifies = notify != Py_None;
    self->limit.notify = notify_soon;
    self->limit.resident = resident;
    Py_XSETREF(self->notify, notify == Py_None ? NULL : Py_NewRef(notify));
    return 0;
}

static int limit_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(((LimitObject *)op)->notify);
    Py_VISIT(Py_TYPE(op)); /* an instance of a heap type owns a reference to its type since 3.9 */
    return 0;
}

static int limit_clear(PyObject *op)
{
    Py_CLEAR(((LimitObject *)op)->notify);
    return 0;
}

static void limit_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    limit_disarm(&((LimitObject *)op)->limit);
    limit_live_clear(&((LimitObject *)op)->limit.excess.held);
    limit_clear(op);
    type->tp_free(op);
    Py_DECREF(type); /* last: the instance of a heap type owns a reference to it */
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
        return PyErr_Format(PyExc_ValueError, "threshold must be 1 to %d bytes, not %zd", LEDGER_MAX_THRESHOLD, threshold);
    if (limit_is_armed(&self->limit))
        return PyErr_Format(PyExc_RuntimeError, "the Limit is armed already; disarm it first");
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
        return PyErr_Format(PyExc_ValueError, "budget must be 0 bytes or more, not %lld", budget);
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
    return PyLong_FromLongLong(limit_live(&((LimitObject *)op)->limit));
}

static PyObject *get_peak(PyObject *op, void *Py_UNUSED(closure))
{
    lock_enter(true);
    int64_t highest = ((LimitObject *)op)->limit.highest;
    lock_leave();
    return PyLong_FromLongLong(highest);
}

static PyObject *list_stacks(const LiveStacks *held)
{
    PyObject *list = PyList_New((Py_ssize_t)held->count);
    for (size_t i = 0; list && i < held->count; i++) {
        const LiveStack *row = &held->stacks[i];
        PyObject *item = Py_BuildValue("IKnO", row->stack, (unsigned long long)row->nbytes, (Py_ssize_t)row->count,
                                       row->domain == NATIVE ? Py_True : Py_False);
        if (item)
            PyList_SET_ITEM(list, (Py_ssize_t)i, item);
        else
            Py_CLEAR(list);
    }
    return list;
}

/* Copied first: a thread without the GIL may exceed the limit meanwhile. */
static PyObject *get_excess(PyObject *op, void *Py_UNUSED(closure))
{
    LiveStacks held;
    lock_enter(true);
    Excess excess = ((LimitObject *)op)->limit.excess;
    bool copied = limit_live_copy_locked(&excess.held, &held);
    lock_leave();
    if (!copied)
        return PyErr_NoMemory();
    /* N takes the list, and passes its error on if it is NULL. */
    PyObject *answer = excess.count == 0 ? Py_NewRef(Py_None)
                                         : Py_BuildValue("KLIKN", (unsigned long long)excess.asked, (long long)excess.live,
                                                         excess.stack, (unsigned long long)excess.count, list_stacks(&held));
    limit_live_clear(&held);
    return answer;
}

static PyMethodDef limit_methods[] = {
    {"arm", (PyCFunction)(void (*)(void))limit_py_arm, METH_VARARGS | METH_KEYWORDS,
     "arm(threshold, *, everything=True, thread=False)\n--\n\nBegin to count all buffers, or those born from now on. "
     "Returns whether buffers from before tracking were adopted for another Limit."},
    {"enforce", limit_py_enforce, METH_O, "enforce(budget, /)\n--\n\nRefuse allocations beyond the budget, or notify of them."},
    {"disarm", limit_py_disarm, METH_NOARGS, "disarm()\n--\n\nStop counting; harmless when it is not armed."},
    {NULL},
};

static PyGetSetDef limit_getset[] = {
    {"armed", get_armed, NULL, "Whether it counts; False in the child of a fork.", NULL},
    {"live", get_live, NULL, "Bytes it counts.", NULL},
    {"peak", get_peak, NULL, "The most bytes that it counted at a time since it was armed.", NULL},
    {"excess", get_excess, NULL, "The last allocation beyond the budget: (asked, live, stack, count so far, held), or None. `held` is what it counted "
     "then: (stack, nbytes, count, native) for each stack.", NULL},
    {NULL},
};

static PyType_Slot limit_slots[] = {
    {Py_tp_doc, "Limit(*, notify=None, resident=False)\n--\n\nA budget for NumPy's allocator; with `notify` it refuses nothing, and calls that soon after."},
    {Py_tp_init, limit_init},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_traverse, limit_traverse},
    {Py_tp_clear, limit_clear},
    {Py_tp_dealloc, limit_dealloc},
    {Py_tp_methods, limit_methods},
    {Py_tp_getset, limit_getset},
    {0, NULL},
};

static PyType_Spec limit_spec = {"ndmem._native.Limit", sizeof(LimitObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                                 limit_slots};

static PyObject *py_adopt(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long address, nbytes;
    if (!PyArg_ParseTuple(args, "KK", &address, &nbytes))
        return NULL;
    return PyBool_FromLong(limit_adopt((void *)(uintptr_t)address, (size_t)nbytes));
}

static PyMethodDef limit_functions[] = {
    {"adopt", py_adopt, METH_VARARGS,
     "adopt(address, nbytes, /)\n--\n\nCount a buffer that NumPy allocated before tracking; False if it is known already."},
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
