#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "tracker/journal/journal_compacted.h"
#include "tracker/lock.h"
#include "tracker/recording/recording_object.h"
#include "tracker/recording/recording_tally.h"
#include "tracker/tracker.h"

#include <stddef.h>

enum { DEFAULT_ROOM = 1 << 30 }; /* 45 million events: a minute of nothing but additions of 20 KB arrays */

typedef struct {
    PyObject_HEAD
    Recording recording;
    size_t threshold;
    bool started;
} RecordingObject;

static int recording_init(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"threshold", "file", "room", "slice", "objects", "raw", "stacks", NULL};
    RecordingObject *self = (RecordingObject *)op;
    Py_ssize_t threshold, room = DEFAULT_ROOM, slice = COMPACTION_SLICE, stacks = 0;
    int file = -1, objects = true, raw = false;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "n|innppn", names, &threshold, &file, &room, &slice, &objects, &raw, &stacks))
        return -1;
    if (self->recording.journal.header) {
        PyErr_SetString(PyExc_RuntimeError, "a Recording is initialized once; create another one");
        return -1;
    }
    if (threshold < 0 || threshold > LEDGER_MAX_THRESHOLD) {
        PyErr_Format(PyExc_ValueError, "threshold must be 0 to %d bytes, not %zd", LEDGER_MAX_THRESHOLD, threshold);
        return -1;
    }
    if (room < 0) {
        PyErr_Format(PyExc_ValueError, "room must be 0 bytes or more, not %zd", room);
        return -1;
    }
    if (slice < 1) {
        PyErr_Format(PyExc_ValueError, "slice must be at least 1 record, not %zd", slice);
        return -1;
    }
    if (stacks < 0 || stacks > MAX_NODES) {
        PyErr_Format(PyExc_ValueError, "stacks must be 0 to %d, not %zd", MAX_NODES, stacks);
        return -1;
    }
    self->threshold = threshold ? (size_t)threshold : 1; /* no buffer is smaller: NumPy asks for 1 byte at least */
    if (!recording_open(&self->recording, file, self->threshold, (uint64_t)room)) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    self->recording.compactions.slice = (uint64_t)slice;
    self->recording.objects = objects;
    self->recording.raw = raw;
    if (stacks)
        recording_keep_counters(&self->recording, (uint32_t)stacks);
    return 0;
}

static void recording_dealloc(PyObject *op)
{
    RecordingObject *self = (RecordingObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    tracker_stop(&self->recording); /* first: the hooks write to a recording that is fed */
    recording_close(&self->recording);
    type->tp_free(op);
    Py_DECREF(type); /* last: the instance of a heap type owns a reference to it */
}

static bool is_open(RecordingObject *self)
{
    if (self->recording.journal.header == NULL)
        PyErr_SetString(PyExc_RuntimeError, "the Recording was not initialized");
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
        return PyErr_Format(PyExc_RuntimeError, "a Recording starts once; create another one");
    self->started = true; /* first: to hook NumPy may let another thread come here */
    if (tracker_start(&self->recording, self->threshold, numpy ? WITH_NUMPY : BEFORE_NUMPY) == 0)
        Py_RETURN_NONE;
    self->started = false;
    return NULL;
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

/* A block as it was at the moment of a reading. */
typedef struct {
    BlockHeader header;
    const BlockHeader *at; /* nodes are copied at that moment, for they change; what else is whole stays as it is */
    void *nodes;
} Part;

/* Takes the journal's state at one moment, in which the blocks that count are pinned; false without memory. */
static bool take_parts_locked(Journal *journal, JournalHeader *header, Part *parts, uint32_t *count)
{
    ASSERT_LOCKED();
    *header = *journal->header;
    for (uint32_t i = 0; i < journal->block_count; i++) {
        const BlockHeader *at = journal->blocks[i].at;
        if (!journal_counts(journal, &journal->blocks[i]))
            continue;
        Part *part = &parts[(*count)++];
        *part = (Part){*at, at, NULL};
        if (at->type != NODES)
            continue;
        part->nodes = malloc(at->used + 1); /* of 0 bytes NULL would not mean that there is no memory */
        if (part->nodes == NULL)
            return false;
        memcpy(part->nodes, at + 1, at->used);
    }
    journal->pinned++;
    return true;
}

static PyObject *part_bytes(const Part *part)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(sizeof part->header + part->header.used));
    if (bytes) {
        char *room = PyBytes_AS_STRING(bytes);
        memcpy(room, &part->header, sizeof part->header);
        memcpy(room + sizeof part->header, part->nodes ? part->nodes : part->at + 1, part->header.used);
    }
    return bytes;
}

/* Needs the GIL. */
static PyObject *list_parts(const JournalHeader *header, const Part *parts, uint32_t count)
{
    PyObject *list = PyList_New(1 + (Py_ssize_t)count);
    for (uint32_t i = 0; list && i <= count; i++) {
        PyObject *bytes = i ? part_bytes(&parts[i - 1]) : PyBytes_FromStringAndSize((const char *)header, sizeof *header);
        if (bytes)
            PyList_SET_ITEM(list, (Py_ssize_t)i, bytes);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *recording_read(PyObject *op, PyObject *Py_UNUSED(none))
{
    RecordingObject *self = (RecordingObject *)op;
    if (!is_open(self))
        return NULL;
    Journal *journal = &self->recording.journal;
    if (journal->file >= 0)
        return PyErr_Format(PyExc_RuntimeError, "the journal is in a file; read the file");
    JournalHeader header;
    lock_enter(true); /* a thread without the GIL may write meanwhile */
    if (recording_counts_only(&self->recording) && tracker_feeds(&self->recording))
        recording_note_duration_locked(&self->recording);
    uint32_t count = 0;
    Part *parts = calloc(journal->block_count, sizeof *parts);
    bool taken = parts && take_parts_locked(journal, &header, parts, &count);
    lock_leave();
    /* Outside the lock, for to create objects may start the collector and with it Python code. Pinned blocks stay mapped. */
    PyObject *list = taken ? list_parts(&header, parts, count) : PyErr_NoMemory();
    lock_enter(true);
    journal->pinned -= taken;
    lock_leave();
    for (uint32_t i = 0; parts && i < count; i++)
        free(parts[i].nodes);
    free(parts);
    return list;
}

static PyObject *recording_py_tally(PyObject *op, PyObject *Py_UNUSED(none))
{
    RecordingObject *self = (RecordingObject *)op;
    return is_open(self) ? recording_tally(&self->recording) : NULL;
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
    lock_enter(true);
    int64_t figure = *(const int64_t *)((const char *)self->recording.journal.header + (size_t)offset);
    lock_leave();
    return PyLong_FromLongLong(figure);
}

static PyObject *get_slices(PyObject *op, void *Py_UNUSED(closure))
{
    RecordingObject *self = (RecordingObject *)op;
    if (!is_open(self))
        return NULL;
    lock_enter(true);
    Compactions compactions = self->recording.compactions;
    int stage = (int)compaction_stage(&compactions);
    lock_leave();
    return Py_BuildValue("KKi", (unsigned long long)compactions.slices, (unsigned long long)compactions.longest, stage);
}

static PyMethodDef recording_methods[] = {
    {"start", (PyCFunction)(void (*)(void))recording_py_start, METH_VARARGS | METH_KEYWORDS,
     "start(*, numpy=True)\n--\n\nRecord from now on; without NumPy only native blocks, until hook_numpy() is called."},
    {"stop", recording_py_stop, METH_NOARGS, "stop()\n--\n\nStop recording; harmless when not running."},
    {"write_meta", recording_write_meta, METH_O, "write_meta(text, /)\n--\n\nAppend bytes to the journal; False if it is full."},
    {"take_window", recording_take_window, METH_NOARGS, "take_window()\n--\n\nLive bytes, and the highest since the last call."},
    {"read", recording_read, METH_NOARGS, "read()\n--\n\nThe journal in memory: its header, then each block with its own header."},
    {"tally", recording_py_tally, METH_NOARGS, recording_tally_doc},
    {NULL},
};

static PyGetSetDef recording_getset[] = {
    {"running", get_running, NULL, "Whether it records; False in the child of a fork.", NULL},
    {"slices", get_slices, NULL,
     "Slices of compactions so far, the most records that one of them read, and the stage of the present compaction or 0.", NULL},
    {"live", get_figure, NULL, "Live bytes.", (void *)offsetof(JournalHeader, live)},
    {"peak", get_figure, NULL, "Highest live bytes.", (void *)offsetof(JournalHeader, peak)},
    {"native_peak", get_figure, NULL, "Highest live bytes of native blocks.", (void *)offsetof(JournalHeader, native_peak)},
    {"events", get_figure, NULL, "Events written.", (void *)offsetof(JournalHeader, events)},
    {"dropped", get_figure, NULL, "Events for which there was no space.", (void *)offsetof(JournalHeader, dropped)},
    {"missed", get_figure, NULL, "Buffers for which the tracker had no memory.", (void *)offsetof(JournalHeader, missed)},
    {NULL},
};

static PyType_Slot recording_slots[] = {
    {Py_tp_doc, "Recording(threshold, file=-1, room=1073741824, slice=32768, objects=True, stacks=0)\n--\n\n"
                "One view of the running tracker, written to an open, empty file or to memory; events beyond `room` bytes are "
                "compacted, `slice` records at a time. `objects`: searches for holders go on through what variables hold. "
                "`stacks`: keep only counters, for at most so many stacks and one row of others."},
    {Py_tp_init, recording_init},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_dealloc, recording_dealloc},
    {Py_tp_methods, recording_methods},
    {Py_tp_getset, recording_getset},
    {0, NULL},
};

static PyType_Spec recording_spec = {"ndmem._native.Recording", sizeof(RecordingObject), 0, Py_TPFLAGS_DEFAULT,
                                     recording_slots};

int recording_object_add(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&recording_spec);
    if (type == NULL)
        return -1;
    if (PyModule_AddObject(module, "Recording", type) < 0) {
        Py_DECREF(type);
        return -1;
    }
    return 0;
}
