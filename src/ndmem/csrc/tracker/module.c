/* ndmem._native: the Python interface of the tracker's core. Its types are in _native.pyi. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "tracker/code_owner.h"
#include "tracker/hooks/ghost.h"
#include "tracker/hooks/kept_blocks.h"
#include "common/layout.h"
#include "tracker/holders/holders.h"
#include "tracker/limit/limit_object.h"
#include "tracker/lock.h"
#include "common/main_interpreter.h"
#include "tracker/hooks/malloc_listener.h"
#include "tracker/recording/recording_object.h"
#include "tracker/replay/replay.h"
#include "tracker/hooks/raw_domain.h"
#include "tracker/hooks/report_signal.h"
#include "tracker/holders/search_schedule.h"
#include "tracker/system.h"
#include "tracker/tracker.h"
#include "tracker/call_tree/watch.h"

static PyObject *py_threshold(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    return PyLong_FromSize_t(tracker_threshold());
}

/* A tuple of (array, name, function, address of its buffer). The search, which knows NumPy, leaves out other objects. */
static bool are_found(PyObject *found)
{
    if (!PyTuple_CheckExact(found))
        return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(found); i++) {
        PyObject *each = PyTuple_GET_ITEM(found, i);
        if (!PyTuple_CheckExact(each) || PyTuple_GET_SIZE(each) != 4 || !PyUnicode_CheckExact(PyTuple_GET_ITEM(each, 1)) ||
            !PyUnicode_CheckExact(PyTuple_GET_ITEM(each, 2)) || !PyLong_CheckExact(PyTuple_GET_ITEM(each, 3)))
            return false;
        if (PyLong_AsVoidPtr(PyTuple_GET_ITEM(each, 3)) == NULL) { /* too large, too: it raises nothing later */
            PyErr_Clear();
            return false;
        }
    }
    return true;
}

static PyObject *py_sight(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "|O", &found))
        return NULL;
    if (found == Py_None)
        found = NULL;
    if (found && !are_found(found))
        return PyErr_Format(PyExc_TypeError, "found must be a tuple of (array, str, str, int)");
    if (tracker_threshold())
        search_at_rest(found);
    if (PyErr_Occurred())
        return NULL;
    return PyLong_FromSize_t(found ? holders_in_variables() : holders_count());
}

static PyObject *py_search_was_cut(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(search_was_cut());
}

static PyObject *py_quiet(PyObject *Py_UNUSED(module), PyObject *quiet)
{
    int wanted = PyObject_IsTrue(quiet);
    return wanted < 0 ? NULL : PyBool_FromLong(tracker_quiet(wanted));
}

static PyObject *py_buffer_at(PyObject *Py_UNUSED(module), PyObject *address)
{
    void *pointer = PyLong_AsVoidPtr(address);
    Buffer buffer;
    if (pointer == NULL && PyErr_Occurred())
        return NULL;
    lock_enter(true);
    bool known = ledger_find_locked(pointer, &buffer) && buffer.domain == ARRAY;
    lock_leave();
    if (!known)
        Py_RETURN_NONE;
    return Py_BuildValue("OnI", address, (Py_ssize_t)buffer.nbytes, buffer.stack);
}

typedef struct {
    uint64_t address;
    size_t nbytes;
    NodeId stack;
} Row;

/* The live buffers of `least` bytes and more of a domain, to be freed; NULL without memory. */
static Row *copy_live_locked(size_t least, Domain domain, size_t *found)
{
    ASSERT_LOCKED();
    size_t at = 0;
    Row *rows = malloc((ledger_count() + 1) * sizeof *rows);
    Buffer buffer;
    uint64_t address;
    *found = 0;
    while (rows && ledger_next_locked(&at, &address, &buffer))
        if (buffer.domain == domain && buffer.nbytes >= least)
            rows[(*found)++] = (Row){address, buffer.nbytes, buffer.stack};
    return rows;
}

/* Copied before a Python object is created: that may free arrays, which changes the ledger. */
static PyObject *py_live_buffers(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *smallest;
    int domain = ARRAY;
    if (!PyArg_ParseTuple(args, "O|i", &smallest, &domain))
        return NULL;
    size_t least = PyLong_AsSize_t(smallest), found;
    if (PyErr_Occurred())
        return NULL;
    lock_enter(true);
    Row *rows = copy_live_locked(least, (Domain)domain, &found);
    lock_leave();
    if (rows == NULL)
        return PyErr_NoMemory();
    PyObject *list = PyList_New((Py_ssize_t)found);
    for (size_t i = 0; list && i < found; i++) {
        PyObject *row = Py_BuildValue("KnI", (unsigned long long)rows[i].address, (Py_ssize_t)rows[i].nbytes, rows[i].stack);
        if (row == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)i, row);
    }
    free(rows);
    return list;
}

typedef struct {
    PyCodeObject *code; /* owned */
    int32_t offset;
} FrameAt;

/* The frames of a stack, leaf first, to be freed; NULL without memory. With the GIL: it counts references. */
static FrameAt *copy_frames_locked(NodeId node, size_t *count)
{
    ASSERT_LOCKED();
    size_t depth = 0;
    for (NodeId id = node; id != ROOT; id = tree_node(id)->parent)
        depth++;
    FrameAt *frames = malloc((depth + 1) * sizeof *frames);
    *count = 0;
    for (NodeId id = node; frames && id != ROOT; id = tree_node(id)->parent) {
        const Node *at = tree_node(id);
        if (at->code && at->signature == 0) /* else seen without the GIL only, and perhaps gone */
            frames[(*count)++] = (FrameAt){(PyCodeObject *)Py_NewRef((PyObject *)at->code), at->offset};
    }
    return frames;
}

/* Copied first: a thread without the GIL may move the tree's nodes, and Python code that runs here may stop the tracker. */
static PyObject *py_places_of(PyObject *Py_UNUSED(module), PyObject *number)
{
    unsigned long node = PyLong_AsUnsignedLong(number);
    if (PyErr_Occurred())
        return NULL;
    size_t count;
    lock_enter(true);
    FrameAt *frames = copy_frames_locked(node < tree_count() ? (NodeId)node : ROOT, &count);
    lock_leave();
    if (frames == NULL)
        return PyErr_NoMemory();
    PyObject *places = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; i < count; i++) {
        PyCodeObject *code = frames[i].code;
        PyObject *place = NULL;
        if (places)
            place = Py_BuildValue("OiO", code->co_filename, PyCode_Addr2Line(code, frames[i].offset), code->co_name);
        if (place)
            PyList_SET_ITEM(places, (Py_ssize_t)i, place);
        else
            Py_CLEAR(places);
        Py_DECREF(code);
    }
    free(frames);
    return places;
}

static PyObject *py_hook_numpy(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    if (tracker_threshold() && tracker_hook_numpy() < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *py_native_library(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    native_find();
    const char *library = native_library();
    if (library == NULL)
        Py_RETURN_NONE;
    return PyUnicode_DecodeFSDefault(library);
}

static PyObject *py_raw_is_reached(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(raw_domain_is_reached());
}

static PyObject *py_forbid_raw(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    raw_domain_forbid();
    Py_RETURN_NONE;
}

static PyObject *py_stop_all(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    tracker_stop_all();
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"hook_numpy", py_hook_numpy, METH_NOARGS, "hook_numpy()\n--\n\nHook NumPy, which has just been imported, for the recordings that run."},
    {"native_library", py_native_library, METH_NOARGS,
     "native_library()\n--\n\nPath of the preloaded library, which reports native blocks; None if there is none."},
    {"resident", system_resident, METH_NOARGS, system_resident_doc},
    {"file_path", system_file_path, METH_O, system_file_path_doc},
    {"forbid_raw", py_forbid_raw, METH_NOARGS, "forbid_raw()\n--\n\nNever hook Python's raw allocator in this process."},
    {"raw_is_reached", py_raw_is_reached, METH_NOARGS,
     "raw_is_reached()\n--\n\nWhether the hook for Python's raw allocator is installed and called: another tool may have removed it."},
    {"running_threshold", py_threshold, METH_NOARGS, "running_threshold()\n--\n\nThreshold of the running tracker in bytes; 0 if none runs."},
    {"sight_holders", py_sight, METH_VARARGS, "sight_holders(found=None, /)\n--\n\nWrite to the running recordings which variables hold which buffers, and what objects hold; the number of buffers with a holder.\n\n`found` has more holders in place of what objects hold: (array, name, function, address of its buffer) each. A variable's name comes first, and only these are counted."},
    {"search_was_cut", py_search_was_cut, METH_NOARGS, "search_was_cut()\n--\n\nWhether the last search around a peak left out objects that may hold arrays, for lack of time."},
    {"quiet", py_quiet, METH_O, "quiet(on, /)\n--\n\nBegin or end to ignore what this thread allocates; calls nest. False if too many threads do."},
    {"buffer_at", py_buffer_at, METH_O, "buffer_at(address, /)\n--\n\nThe live buffer that starts there: (address, nbytes, stack), or None if it is unknown."},
    {"live_buffers", py_live_buffers, METH_VARARGS, "live_buffers(smallest, domain=0, /)\n--\n\nThe live buffers of a domain, that of arrays by default, of `smallest` bytes and more: (address, nbytes, stack) each."},
    {"places_of", py_places_of, METH_O, "places_of(stack, /)\n--\n\nFilename, line and function of the frames of a stack of the running tracker, leaf first."},
    {"forward_report_signal", forward_report_signal, METH_O, forward_report_signal_doc},
    {"watch_builtin", watch_builtin, METH_VARARGS, watch_builtin_doc},
    {"watch_environment", watch_environment, METH_NOARGS, watch_environment_doc},
    {"set_code_owners", set_code_owners, METH_VARARGS, set_code_owners_doc},
    {"stop_all", py_stop_all, METH_NOARGS, "stop_all()\n--\n\nEnd every recording of this process."},
    {"haunt", ghost_haunt, METH_O, ghost_haunt_doc},
    {"keep_blocks", kept_blocks_keep, METH_VARARGS, kept_blocks_doc},
    {"statement_depths", replay_statement_depths, METH_VARARGS, replay_statement_depths_doc},
    {"temporary_peaks", replay_temporary_peaks, METH_VARARGS, replay_temporary_peaks_doc},
    {NULL},
};

/* Runs again when a program imports ndmem that was taken out of sys.modules: each module has types of its own then,
 * and all of them work on the process's one tracker. Needs the GIL; raises. */
static int fill_module(PyObject *module)
{
    if (check_main_interpreter() < 0 || layout_check() < 0)
        return -1;
    return recording_object_add(module) < 0 ? -1 : limit_object_add(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, fill_module},
    MAIN_INTERPRETER_SLOT,
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_doc = "The tracker's native core.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
