#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL ndmem_numpy
#define NO_IMPORT_ARRAY
#include "compat.h"
#include "holders.h"
#include "lock.h"

#include <numpy/arrayobject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list longer than this costs more to walk than its names are worth. */
enum { MAX_ITEMS = 256, MAX_MODULES = 64, MAX_FRAMES = 512 };

typedef struct {
    Recording **recordings;
    unsigned count;
    Occasion occasion;
    uint32_t look; /* number of this look */
    PyObject *seen[MAX_MODULES]; /* globals walked already */
    unsigned seen_count;
} Scan;

typedef struct {
    PyObject *function; /* of a local variable, or the module's name of a global; borrowed, may be NULL */
    PyObject *name;     /* borrowed str */
    const char *item;   /* "[3]" of a container's item, or "" */
} Variable;

static PyObject *dunder_name; /* interned "__name__" */

/* UTF-8 of a str without running code: ASCII lies ready, the rest is encoded once and kept by the str. */
static const char *text_of(PyObject *text, uint32_t *length)
{
    Py_ssize_t size = 0;
    const char *utf8 = text && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &size) : NULL;
    if (utf8 == NULL) {
        PyErr_Clear();
        size = 0;
    }
    *length = (uint32_t)size;
    return utf8 ? utf8 : "";
}

/* Kind and itemsize say a builtin dtype; a structured one is spelt out only where Python code may run. */
static PyObject *spell_dtype(PyArrayObject *array, Occasion occasion)
{
    int type = PyArray_TYPE(array);
    bool builtin = !PyTypeNum_ISUSERDEF(type) && type != NPY_VOID && type != NPY_DATETIME && type != NPY_TIMEDELTA;
    if (builtin || occasion == IN_HOOK)
        return NULL;
    PyObject *text = PyObject_Str((PyObject *)PyArray_DESCR(array));
    if (text == NULL)
        PyErr_Clear();
    return text;
}

/* What was last written as held. A buffer that a later look does not find has lost its name meanwhile, and
 * that must be written too. Guarded by the GIL. */
static struct {
    uint32_t *indices;
    size_t count, capacity;
} held;

static bool remember_held(const Large *large)
{
    if (held.count == held.capacity) {
        size_t capacity = held.capacity ? 2 * held.capacity : 64;
        uint32_t *indices = realloc(held.indices, capacity * sizeof *indices);
        if (indices == NULL)
            return false;
        held.indices = indices, held.capacity = capacity;
    }
    held.indices[held.count++] = ledger_index(large);
    return true;
}

/* As journal.py reads it; the shape and the texts follow. */
typedef struct {
    int64_t buffer, events;
    uint32_t itemsize;
    uint8_t is_view, ndim;
    char kind, byteorder;
    uint32_t name, item, function, dtype; /* lengths */
} SightingRecord;

static void write_sighting(Recording *recording, const Large *large, PyArrayObject *array, bool is_view, Variable variable, PyObject *dtype)
{
    SightingRecord head = {.buffer = (int64_t)(large->serial - recording->first_serial),
                           .events = (int64_t)recording->journal.header->events,
                           .itemsize = (uint32_t)PyArray_ITEMSIZE(array),
                           .is_view = is_view,
                           .ndim = (uint8_t)PyArray_NDIM(array),
                           .kind = PyArray_DESCR(array)->kind,
                           .byteorder = PyArray_DESCR(array)->byteorder,
                           .item = (uint32_t)strlen(variable.item)};
    const char *name = text_of(variable.name, &head.name), *function = text_of(variable.function, &head.function);
    const char *spelling = text_of(dtype, &head.dtype);
    size_t shape = head.ndim * sizeof(npy_intp);
    char *text = journal_text(&recording->journal, TEXT_SIGHTING, 0,
                              sizeof head + shape + head.name + head.item + head.function + head.dtype);
    if (text == NULL)
        return;
    memcpy(text, &head, sizeof head), text += sizeof head;
    memcpy(text, PyArray_DIMS(array), shape), text += shape;
    memcpy(text, name, head.name), text += head.name;
    memcpy(text, variable.item, head.item), text += head.item;
    memcpy(text, function, head.function), text += head.function;
    memcpy(text, spelling, head.dtype);
    journal_text_done(&recording->journal);
}

/* A sighting without a name: what was written before of the buffer is no longer so. */
static void write_loss(Recording *recording, const Large *large)
{
    SightingRecord head = {.buffer = (int64_t)(large->serial - recording->first_serial),
                           .events = (int64_t)recording->journal.header->events,
                           .kind = 'V',
                           .byteorder = '|'};
    void *text = head.buffer < 0 ? NULL : journal_text(&recording->journal, TEXT_SIGHTING, 0, sizeof head);
    if (text == NULL)
        return;
    memcpy(text, &head, sizeof head);
    journal_text_done(&recording->journal);
}

static void write_loss_to_all(const Scan *scan, const Large *large)
{
    for (unsigned i = 0; i < scan->count; i++)
        write_loss(scan->recordings[i], large);
}

static void write_losses(const Scan *scan)
{
    size_t kept = 0;
    for (size_t i = 0; i < held.count; i++) {
        Large *large = ledger_large(held.indices[i]);
        if (large->written == 0) /* dead, or its place belongs to another buffer */
            continue;
        if (large->look == scan->look) {
            held.indices[kept++] = held.indices[i];
            continue;
        }
        large->written = 0;
        write_loss_to_all(scan, large);
    }
    held.count = kept;
}

/* A number for "this array under this name", never 0; a buffer held as before is not written again. */
static uint32_t identify(PyArrayObject *array, Variable variable)
{
    uint64_t h = (uintptr_t)array ^ ((uintptr_t)variable.name * 31) ^ ((uintptr_t)variable.function * 17);
    for (const char *c = variable.item; *c; c++)
        h = h * 131 + (unsigned char)*c;
    return (uint32_t)((h * 0x9E3779B97F4A7C15u) >> 32) | 1;
}

static void note_sighting(Scan *scan, PyArrayObject *array, const void *data, Variable variable, PyObject *dtype)
{
    Buffer buffer;
    if (!ledger_find(data, &buffer) || buffer.large == NULL)
        return;
    bool is_view = !PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA);
    uint8_t sighting = is_view ? BY_VIEW : BY_OWNER;
    Large *large = buffer.large;
    if (large->look == scan->look && large->sighting >= sighting)
        return;
    bool seen_now = large->look == scan->look;
    large->look = scan->look, large->sighting = sighting;
    uint32_t news = identify(array, variable);
    if (news == large->written || (large->written == 0 && !remember_held(large)))
        return;
    if (large->written && !seen_now)
        write_loss_to_all(scan, large);
    large->written = news;
    for (unsigned i = 0; i < scan->count; i++)
        if (recording_saw(scan->recordings[i], &buffer))
            write_sighting(scan->recordings[i], large, array, is_view, variable, dtype);
}

static void sight_array(Scan *scan, PyArrayObject *array, Variable variable)
{
    PyArrayObject *root = array;
    while (PyArray_BASE(root) && PyArray_Check(PyArray_BASE(root)))
        root = (PyArrayObject *)PyArray_BASE(root);
    PyObject *dtype = spell_dtype(array, scan->occasion); /* may run Python code: not inside the books */
    lock_enter(true);
    note_sighting(scan, array, PyArray_DATA(root), variable, dtype);
    lock_leave();
    Py_XDECREF(dtype);
}

static void sight_items(Scan *scan, PyObject *container, Variable variable)
{
    char item[80];
    variable.item = item;
    if (PyDict_CheckExact(container)) {
        Py_ssize_t position = 0;
        PyObject *key, *value;
        for (int i = 0; i < MAX_ITEMS && PyDict_Next(container, &position, &key, &value); i++) {
            if (!PyArray_Check(value))
                continue;
            uint32_t length;
            if (PyUnicode_Check(key))
                snprintf(item, sizeof item, "['%.60s']", text_of(key, &length));
            else if (PyLong_CheckExact(key))
                snprintf(item, sizeof item, "[%ld]", PyLong_AsLong(key));
            else
                snprintf(item, sizeof item, "[…]");
            PyErr_Clear(); /* an int beyond long */
            sight_array(scan, (PyArrayObject *)value, variable);
        }
        return;
    }
    Py_ssize_t size = PyList_CheckExact(container) ? PyList_GET_SIZE(container) : PyTuple_GET_SIZE(container);
    for (Py_ssize_t i = 0; i < size && i < MAX_ITEMS; i++) {
        PyObject *value = PyList_CheckExact(container) ? PyList_GET_ITEM(container, i) : PyTuple_GET_ITEM(container, i);
        if (value == NULL || !PyArray_Check(value))
            continue;
        snprintf(item, sizeof item, "[%zd]", i);
        sight_array(scan, (PyArrayObject *)value, variable);
    }
}

static void sight_value(Scan *scan, PyObject *value, PyObject *name, PyObject *function)
{
    Variable variable = {function, name, ""};
    if (PyArray_Check(value))
        sight_array(scan, (PyArrayObject *)value, variable);
    else if (PyList_CheckExact(value) || PyTuple_CheckExact(value) || PyDict_CheckExact(value))
        sight_items(scan, value, variable);
}

static void sight_mapping(Scan *scan, PyObject *names)
{
    if (names == NULL || !PyDict_CheckExact(names))
        return;
    for (unsigned i = 0; i < scan->seen_count; i++)
        if (scan->seen[i] == names)
            return;
    if (scan->seen_count < MAX_MODULES)
        scan->seen[scan->seen_count++] = names;
    Py_ssize_t position = 0;
    PyObject *key, *value, *module = NULL;
    while (PyDict_Next(names, &position, &key, &value)) {
        if (key == dunder_name) /* a module's first names are its dunders */
            module = value;
        else if (PyUnicode_Check(key))
            sight_value(scan, value, key, module);
    }
}

static void sight_frame(Scan *scan, Frame *frame, Frame *inner)
{
    PyCodeObject *code = frame_code(frame);
    Py_ssize_t count;
    PyObject **locals = frame_locals(frame, inner, &count);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *value = locals[i];
        if (value && PyCell_Check(value))
            value = PyCell_GET(value);
        if (value)
            sight_value(scan, value, code_local_name(code, i), code->co_name);
    }
}

/* Outermost frames first, for a caller's name says more than the parameter of a library function; their
 * modules' globals after. Of a deep recursion the innermost frames are enough. */
static void sight_thread(Scan *scan, PyThreadState *thread)
{
    static Frame *frames[MAX_FRAMES]; /* guarded by the GIL */
    int depth = 0;
    for (Frame *frame = frame_complete(frame_top(thread)); frame && depth < MAX_FRAMES; frame = frame_complete(frame_back(frame)))
        frames[depth++] = frame;
    for (int i = depth; i-- > 0;) {
        sight_mapping(scan, frame_mapping(frames[i])); /* a module's variables are its globals */
        sight_frame(scan, frames[i], i ? frames[i - 1] : NULL);
    }
    for (int i = depth; i-- > 0;)
        sight_mapping(scan, frame_globals(frames[i]));
}

static void sight_modules(Scan *scan)
{
    PyObject *modules = PyImport_GetModuleDict(), *name, *module;
    Py_ssize_t position = 0;
    if (modules == NULL || !PyDict_CheckExact(modules))
        return;
    while (PyDict_Next(modules, &position, &name, &module))
        if (PyModule_Check(module))
            sight_mapping(scan, PyModule_GetDict(module));
}

int holders_open(void)
{
    held.count = 0;
    if (dunder_name == NULL)
        dunder_name = PyUnicode_InternFromString("__name__");
    return dunder_name ? 0 : -1;
}

void holders_sight(Recording **recordings, unsigned count, Occasion occasion)
{
    static uint32_t looks; /* guarded by the GIL */
    Scan scan = {.recordings = recordings, .count = count, .occasion = occasion, .look = ++looks};
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyThreadState *current = thread_state();
    sight_thread(&scan, current);
    /* The list may grow at its head while we walk it, as under faulthandler; it shrinks only with the GIL. */
    for (PyThreadState *thread = PyInterpreterState_ThreadHead(PyThreadState_GetInterpreter(current)); thread;
         thread = PyThreadState_Next(thread))
        if (thread != current)
            sight_thread(&scan, thread);
    if (occasion == AT_REST)
        sight_modules(&scan);
    lock_enter(true);
    write_losses(&scan);
    lock_leave();
    PyErr_Restore(type, value, traceback);
}
