#define Py_BUILD_CORE 1 /* before the first header, as in code_owner.c */
#include "tracker/holders/reach_object.h"
#include <internal/pycore_dict.h>
#undef Py_BUILD_CORE
#include "common/compat.h"
#include "common/compat_objects.h"

#include <stddef.h>
#include <structmember.h>

/* Items of one container that are followed: a long one must not take all steps of a walk. */
enum { MAX_ITEMS = 2000 };

typedef struct {
    ReachMeet meet;
    bool is_sequence; /* its traversal shows its items in their order */
    Py_ssize_t index;
} Visit;

/* Modules and types lead everywhere; a frame that runs is read as a frame, because a traversal relies on a stack pointer that
 * is stale. */
bool reach_is_open(PyObject *object)
{
    if (PyModule_Check(object) || PyType_Check(object) || PyFrame_Check(object) || PyCode_Check(object))
        return false;
    if (PyList_Check(object) || PyTuple_Check(object) || PyDict_Check(object))
        return true; /* the collector does not track one that it knows to hold only arrays */
    if (PyArray_Check(object))
        return PyArray_TYPE((PyArrayObject *)object) == NPY_OBJECT;
    return PyObject_IS_GC(object) && PyObject_GC_IsTracked(object);
}

static void open_dict(PyObject *dict, ReachMeet meet, EdgeKind kind)
{
    Py_ssize_t position = 0;
    PyObject *key, *value;
    for (int i = 0; i < MAX_ITEMS && PyDict_Next(dict, &position, &key, &value); i++)
        if (!meet(value, (Edge){.kind = kind == ATTRIBUTE && !PyUnicode_Check(key) ? KEY : kind, .key = key}))
            return;
}

static void open_items(PyObject **items, Py_ssize_t count, ReachMeet meet)
{
    for (Py_ssize_t i = 0; i < count && i < MAX_ITEMS; i++)
        if (items[i] && !meet(items[i], (Edge){.kind = INDEX, .index = i}))
            return;
}

static void open_array(PyArrayObject *array, ReachMeet meet)
{
    if (PyArray_IS_C_CONTIGUOUS(array) && PyArray_ISBEHAVED_RO(array))
        open_items(PyArray_DATA(array), PyArray_SIZE(array), meet);
}

static bool meet_cell(PyObject *cell, Edge edge, ReachMeet meet)
{
    PyObject *value = cell && PyCell_Check(cell) ? PyCell_GET(cell) : cell;
    return value == NULL || meet(value, edge);
}

/* Not its globals: they are the module's. */
static void open_function(PyFunctionObject *function, ReachMeet meet)
{
    PyObject *closure = function->func_closure, *defaults = function->func_defaults;
    PyCodeObject *code = (PyCodeObject *)function->func_code;
    int first = code->co_nlocalsplus - code->co_nfreevars;
    for (Py_ssize_t i = 0, count = closure ? PyTuple_GET_SIZE(closure) : 0; i < count; i++)
        if (!meet_cell(PyTuple_GET_ITEM(closure, i), (Edge){.kind = CLOSED, .key = code_local_name(code, first + i)}, meet))
            return;
    for (Py_ssize_t i = 0, count = defaults ? PyTuple_GET_SIZE(defaults) : 0; i < count; i++)
        if (!meet(PyTuple_GET_ITEM(defaults, i), (Edge){.kind = INSIDE}))
            return;
    if (function->func_kwdefaults)
        open_dict(function->func_kwdefaults, meet, ATTRIBUTE);
    if (function->func_dict)
        open_dict(function->func_dict, meet, ATTRIBUTE);
}

/* A suspended one: the variables of one that runs are on a stack. */
static void open_generator(PyObject *generator, ReachMeet meet)
{
    if (generator_runs(generator) || generator_is_finished(generator))
        return;
    Frame *frame = generator_frame(generator);
    PyCodeObject *code = frame_code(frame);
    for (Py_ssize_t i = 0, count = frame_slot_count(frame); i < count; i++) {
        bool is_named = i < code->co_nlocalsplus;
        Edge edge = {.kind = is_named ? CLOSED : INSIDE, .key = is_named ? code_local_name(code, i) : NULL};
        if (!meet_cell(frame_local(frame, i), edge, meet))
            return;
    }
}

static int visit(PyObject *object, void *context)
{
    Visit *each = context;
    if (PyType_Check(object)) /* an instance's type, too */
        return 0;
    Edge edge = each->is_sequence ? (Edge){.kind = INDEX, .index = each->index++} : (Edge){.kind = INSIDE};
    return !each->meet(object, edge);
}

static void open_attributes(PyObject *object, ReachMeet meet)
{
    PyObject **values = instance_values(object), *dict = instance_dict(object);
    PyDictKeysObject *keys = values ? ((PyHeapTypeObject *)Py_TYPE(object))->ht_cached_keys : NULL;
    for (Py_ssize_t i = 0; keys && i < keys->dk_nentries; i++)
        if (values[i] && !meet(values[i], (Edge){.kind = ATTRIBUTE, .key = DK_UNICODE_ENTRIES(keys)[i].me_key}))
            return;
    if (dict && PyDict_Check(dict))
        open_dict(dict, meet, ATTRIBUTE);
}

/* Slots, and the fields that a type written in C shows. */
static void open_members(PyObject *object, ReachMeet meet)
{
    for (PyTypeObject *type = Py_TYPE(object); type; type = type->tp_base)
        for (const PyMemberDef *member = type->tp_members; member && member->name; member++) {
            bool is_object = member->type == T_OBJECT_EX || member->type == T_OBJECT;
            PyObject *value = is_object ? *(PyObject **)((char *)object + member->offset) : NULL;
            if (value && !meet(value, (Edge){.kind = MEMBER, .text = member->name}))
                return;
        }
}

static bool is_deque(PyObject *object)
{
    static PyTypeObject *deque; /* by its name once: there is no C API for it */
    if (deque == NULL && strcmp(Py_TYPE(object)->tp_name, "collections.deque") == 0)
        deque = Py_TYPE(object);
    return deque && Py_TYPE(object) == deque;
}

bool reach_is_container(PyObject *object)
{
    return PyList_Check(object) || PyTuple_Check(object) || PyDict_Check(object) || is_deque(object);
}

static void open_traversed(PyObject *object, ReachMeet meet)
{
    Visit each = {.meet = meet, .is_sequence = is_deque(object)};
    if (PyObject_IS_GC(object) && PyObject_GC_IsTracked(object) && Py_TYPE(object)->tp_traverse)
        (void)Py_TYPE(object)->tp_traverse(object, visit, &each);
}

void reach_open(PyObject *object, ReachMeet meet)
{
    if (PyArray_Check(object))
        return open_array((PyArrayObject *)object, meet);
    if (PyFunction_Check(object))
        return open_function((PyFunctionObject *)object, meet);
    if (PyGen_Check(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object))
        return open_generator(object, meet);
    bool is_container = true;
    if (PyDict_Check(object))
        open_dict(object, meet, KEY);
    else if (PyList_Check(object))
        open_items(((PyListObject *)object)->ob_item, PyList_GET_SIZE(object), meet);
    else if (PyTuple_Check(object))
        open_items(((PyTupleObject *)object)->ob_item, PyTuple_GET_SIZE(object), meet);
    else
        is_container = false;
    if (PyList_CheckExact(object) || PyTuple_CheckExact(object) || PyDict_CheckExact(object))
        return;
    open_attributes(object, meet);
    open_members(object, meet);
    if (!is_container)
        open_traversed(object, meet);
}
