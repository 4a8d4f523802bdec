/* ndmem._native: the Python face of the tracker's core. Its types are in _native.pyi. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "ghost.h"
#include "limit_object.h"
#include "lock.h"
#include "native.h"
#include "replay.h"
#include "request.h"
#include "tracker.h"
#include "watch.h"

#include <errno.h>
#include <stddef.h>
#include <structmember.h>

enum { DEFAULT_ROOM = 1 << 30 }; /* for events: 45 million, a minute of nothing but adding arrays of 20 KB */

typedef struct {
    PyObject_HEAD
    Recording recording;
    size_t threshold;
    bool started;
} RecordingObject;

static int recording_init(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"threshold", "file", "room", NULL};
    RecordingObject *self = (RecordingObject *)op;
    Py_ssize_t threshold, room = DEFAULT_ROOM;
    int file = -1;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "n|in", names, &threshold, &file, &room))
        return -1;
    if (self->recording.journal.header) {
        PyErr_SetString(PyExc_RuntimeError, "a Recording is made once");
        return -1;
    }
    if (threshold < 0 || threshold > LEDGER_MAX_THRESHOLD) {
        PyErr_Format(PyExc_ValueError, "the threshold is %zd bytes; it can be 0 to %d", threshold, LEDGER_MAX_THRESHOLD);
        return -1;
    }
    if (room < 0) {
        PyErr_Format(PyExc_ValueError, "the room for events is %zd bytes; it can be 0 and more", room);
        return -1;
    }
    self->threshold = threshold ? (size_t)threshold : 1; /* no buffer is smaller: NumPy asks for 1 byte at least */
    if (!recording_open(&self->recording, file, self->threshold, (uint64_t)room)) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    return 0;
}

static void recording_dealloc(PyObject *op)
{
    RecordingObject *self = (RecordingObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    tracker_stop(&self->recording);
    recording_close(&self->recording);
    type->tp_free(op);
    Py_DECREF(type);
}

static bool is_open(RecordingObject *self)
{
    if (self->recording.journal.header == NULL)
        PyErr_SetString(PyExc_RuntimeError, "the Recording was not made");
    return self->recording.journal.header != NULL;
}

static PyObject *recording_py_start(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"numpy", NULL};
    RecordingObject *self = (RecordingObject *)op;
    int numpy = 1;
    if (!is_open(self) || !PyArg_ParseTupleAndKeywords(args, keywords, "|$p", names, &numpy))
        return NULL;
    if (self->started)
        return PyErr_Format(PyExc_RuntimeError, "a Recording starts once");
    if (tracker_start(&self->recording, self->threshold, numpy ? WITH_NUMPY : BEFORE_NUMPY) < 0)
        return NULL;
    self->started = true;
    Py_RETURN_NONE;
}

static PyObject *recording_py_stop(PyObject *op, PyObject *Py_UNUSED(none))
{
    tracker_stop(&((RecordingObject *)op)->recording);
    Py_RETURN_NONE;
}

static PyObject *recording_write_meta(PyObject *op, PyObject *bytes)
{
    RecordingObject *self = (RecordingObject *)op;
    char *text;
    Py_ssize_t length;
    if (!is_open(self) || PyBytes_AsStringAndSize(bytes, &text, &length) < 0)
        return NULL;
    lock_enter(true);
    void *room = journal_text(&self->recording.journal, TEXT_META, 0, (size_t)length);
    if (room) {
        memcpy(room, text, (size_t)length);
        journal_text_done(&self->recording.journal);
    }
    lock_leave();
    return PyBool_FromLong(room != NULL);
}

/* Highest live bytes since the last call; a reader of line events calls it at every line. */
static PyObject *recording_take_window(PyObject *op, PyObject *Py_UNUSED(none))
{
    RecordingObject *self = (RecordingObject *)op;
    if (!is_open(self))
        return NULL;
    lock_enter(true);
    int64_t live = self->recording.journal.header->live, peak = self->recording.window_peak;
    self->recording.window_peak = live;
    lock_leave();
    return Py_BuildValue("LL", (long long)live, (long long)(peak > live ? peak : live));
}

static PyObject *recording_read(PyObject *op, PyObject *Py_UNUSED(none))
{
    RecordingObject *self = (RecordingObject *)op;
    if (!is_open(self))
        return NULL;
    Journal *journal = &self->recording.journal;
    if (journal->file >= 0)
        return PyErr_Format(PyExc_RuntimeError, "the journal is in a file: read it there");
    PyObject *parts = Py_BuildValue("[y#]", (char *)journal->header, (Py_ssize_t)sizeof *journal->header);
    /* A thread without the GIL may write meanwhile: a block is copied as of one moment, and each block only grows. */
    lock_enter(true);
    journal->pinned++;
    lock_leave();
    for (uint32_t i = 0; parts && i < journal->block_count; i++) {
        lock_enter(true);
        const BlockHeader *block = journal->blocks[i].at;
        Py_ssize_t nbytes = (Py_ssize_t)(sizeof *block + block->used);
        lock_leave();
        PyObject *part = PyBytes_FromStringAndSize((const char *)block, nbytes);
        if (part == NULL || PyList_Append(parts, part) < 0)
            Py_CLEAR(parts);
        Py_XDECREF(part);
    }
    lock_enter(true);
    journal->pinned--;
    lock_leave();
    return parts;
}

static PyObject *get_running(PyObject *op, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(tracker_feeds(&((RecordingObject *)op)->recording));
}

static PyObject *get_figure(PyObject *op, void *offset)
{
    RecordingObject *self = (RecordingObject *)op;
    if (!is_open(self))
        return NULL;
    return PyLong_FromLongLong(*(int64_t *)((char *)self->recording.journal.header + (size_t)offset));
}

static PyMethodDef recording_methods[] = {
    {"start", (PyCFunction)(void (*)(void))recording_py_start, METH_VARARGS | METH_KEYWORDS,
     "start(*, numpy=True)\n--\n\nRecord from now on; without NumPy only native blocks, until hear_numpy() is called."},
    {"stop", recording_py_stop, METH_NOARGS, "stop()\n--\n\nRecord no more; harmless when not running."},
    {"write_meta", recording_write_meta, METH_O, "write_meta(text, /)\n--\n\nAppend bytes to the journal; False if it is full."},
    {"take_window", recording_take_window, METH_NOARGS, "take_window()\n--\n\nLive bytes, and the most there were since the last call."},
    {"read", recording_read, METH_NOARGS, "read()\n--\n\nThe journal in memory: its header, then each block with its own header."},
    {NULL},
};

static PyGetSetDef recording_getset[] = {
    {"running", get_running, NULL, "Whether it records; False in the child of a fork.", NULL},
    {"live", get_figure, NULL, "Live bytes.", (void *)offsetof(JournalHeader, live)},
    {"peak", get_figure, NULL, "Highest live bytes.", (void *)offsetof(JournalHeader, peak)},
    {"native_peak", get_figure, NULL, "Highest live bytes of native blocks.", (void *)offsetof(JournalHeader, native_peak)},
    {"events", get_figure, NULL, "Events written.", (void *)offsetof(JournalHeader, events)},
    {"dropped", get_figure, NULL, "Events that found no room.", (void *)offsetof(JournalHeader, dropped)},
    {"missed", get_figure, NULL, "Buffers for which the books had no memory.", (void *)offsetof(JournalHeader, missed)},
    {NULL},
};

static PyType_Slot recording_slots[] = {
    {Py_tp_doc, "Recording(threshold, file=-1, room=1073741824)\n--\n\n"
                "One view of the running tracker, written to an open, empty file or to memory; events that take more room "
                "than that are folded."},
    {Py_tp_init, recording_init},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_dealloc, recording_dealloc},
    {Py_tp_methods, recording_methods},
    {Py_tp_getset, recording_getset},
    {0, NULL},
};

static PyType_Spec recording_spec = {"ndmem._native.Recording", sizeof(RecordingObject), 0, Py_TPFLAGS_DEFAULT, recording_slots};

static PyObject *py_threshold(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) { return PyLong_FromSize_t(tracker_threshold()); }

static PyObject *py_sight(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    if (tracker_threshold())
        tracker_sight();
    Py_RETURN_NONE;
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
    bool known = ledger_find(pointer, &buffer) && buffer.domain == ARRAY;
    lock_leave();
    if (!known)
        Py_RETURN_NONE;
    return Py_BuildValue("OnI", address, (Py_ssize_t)buffer.nbytes, buffer.stack);
}

/* Copied before anything of Python's is made: that may free arrays, and the ledger changes. */
static PyObject *py_live_buffers(PyObject *Py_UNUSED(module), PyObject *smallest)
{
    size_t least = PyLong_AsSize_t(smallest), at = 0, found = 0, room = ledger_count();
    if (PyErr_Occurred())
        return NULL;
    struct { uint64_t address; size_t nbytes; NodeId stack; } *rows = malloc((room + 1) * sizeof *rows);
    if (rows == NULL)
        return PyErr_NoMemory();
    Buffer buffer;
    uint64_t address;
    lock_enter(true);
    while (found < room && ledger_next(&at, &address, &buffer))
        if (buffer.domain == ARRAY && buffer.nbytes >= least) {
            rows[found].address = address;
            rows[found].nbytes = buffer.nbytes;
            rows[found++].stack = buffer.stack;
        }
    lock_leave();
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

static PyObject *py_places_of(PyObject *Py_UNUSED(module), PyObject *number)
{
    unsigned long node = PyLong_AsUnsignedLong(number);
    if (PyErr_Occurred())
        return NULL;
    PyObject *places = PyList_New(0);
    for (NodeId id = node < stack_count() ? (NodeId)node : ROOT; places && id != ROOT; id = stack_node(id)->parent) {
        const Node *at = stack_node(id);
        if (at->signature) /* seen without the GIL only, and perhaps gone */
            continue;
        PyObject *place = Py_BuildValue("OiO", at->code->co_filename, PyCode_Addr2Line(at->code, at->offset), at->code->co_name);
        if (place == NULL || PyList_Append(places, place) < 0)
            Py_CLEAR(places);
        Py_XDECREF(place);
    }
    return places;
}

static PyObject *py_hear_numpy(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    if (tracker_threshold() && tracker_hear_numpy() < 0)
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

static PyObject *py_stop_all(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    tracker_stop_all();
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"hear_numpy", py_hear_numpy, METH_NOARGS, "hear_numpy()\n--\n\nHook NumPy, which has just been imported, for the recordings that run."},
    {"native_library", py_native_library, METH_NOARGS,
     "native_library()\n--\n\nPath of the preloaded library that tells of native blocks; None if there is none."},
    {"running_threshold", py_threshold, METH_NOARGS, "running_threshold()\n--\n\nThreshold of the running tracker in bytes; 0 if none runs."},
    {"sight_holders", py_sight, METH_NOARGS, "sight_holders()\n--\n\nWrite to the running recordings which variables hold which buffers."},
    {"quiet", py_quiet, METH_O, "quiet(on, /)\n--\n\nBegin or end not to see what this thread allocates; calls nest. False if it cannot."},
    {"buffer_at", py_buffer_at, METH_O, "buffer_at(address, /)\n--\n\nThe live buffer that starts there: (address, nbytes, stack), or None if it is not known."},
    {"live_buffers", py_live_buffers, METH_O, "live_buffers(smallest, /)\n--\n\nThe live buffers of arrays of so many bytes and more: (address, nbytes, stack) each."},
    {"places_of", py_places_of, METH_O, "places_of(stack, /)\n--\n\nFilename, line and function of the frames of a stack of the running tracker, leaf first."},
    {"pass_requests", pass_requests, METH_O, pass_requests_doc},
    {"watch_builtin", watch_builtin, METH_VARARGS, watch_builtin_doc},
    {"watch_environment", watch_environment, METH_NOARGS, watch_environment_doc},
    {"stop_all", py_stop_all, METH_NOARGS, "stop_all()\n--\n\nEnd every recording of this process."},
    {"haunt", ghost_haunt, METH_NOARGS, ghost_haunt_doc},
    {"statement_depths", replay_statement_depths, METH_VARARGS, replay_statement_depths_doc},
    {"temporary_peaks", replay_temporary_peaks, METH_VARARGS, replay_temporary_peaks_doc},
    {NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", "The tracker's native core.", -1, functions};

PyMODINIT_FUNC PyInit__native(void)
{
#ifdef Py_GIL_DISABLED
    PyErr_SetString(PyExc_ImportError, "ndmem cannot track on a free-threaded Python: NumPy's allocator is then called without a lock");
    return NULL;
#endif
    PyObject *module = PyModule_Create(&definition);
    PyObject *type = module ? PyType_FromSpec(&recording_spec) : NULL;
    if (type == NULL || PyModule_AddObject(module, "Recording", type) < 0) {
        Py_XDECREF(type);
        Py_CLEAR(module);
    }
    if (module && limit_object_add(module) < 0)
        Py_CLEAR(module);
    return module;
}
