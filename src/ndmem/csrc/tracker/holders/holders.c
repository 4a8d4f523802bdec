#include "common/compat.h"
#include "tracker/holders/holders.h"
#include "tracker/holders/holders_journal.h"
#include "common/text.h"

#include <string.h>

/* Items of a container, modules, and frames that are searched at most: in hooks the program waits. */
enum { MAX_ITEMS = 256, MAX_MODULES = 64, MAX_FRAMES = 512 };

typedef struct {
    Search search;
    const Spellings *spellings; /* NULL in a hook */
    Spellings *wanted; /* where dtypes are only collected */
    PyObject *seen[MAX_MODULES]; /* globals walked already */
    unsigned seen_count;
} Scan;

static PyObject *dunder_name; /* interned "__name__" */

static void sight_array(Scan *scan, PyArrayObject *array, Variable variable)
{
    if (scan->wanted)
        spellings_want(scan->wanted, array);
    else
        holders_note(&scan->search, array, variable, spellings_find(scan->spellings, array));
}

enum { MAX_KEY = 60, MAX_ITEM = 80 };

/* "['key']" or "[3]"; returns its length. */
static uint32_t spell_key(PyObject *key, char item[MAX_ITEM])
{
    char *end = item;
    int beyond = 0;
    long long number = PyLong_CheckExact(key) ? PyLong_AsLongLongAndOverflow(key, &beyond) : 0; /* raises nothing for an int */
    *end++ = '[';
    if (PyUnicode_Check(key)) {
        *end++ = '\'';
        end += text_utf8_part(key, end, MAX_KEY);
        *end++ = '\'';
    } else if (PyLong_CheckExact(key) && !beyond) {
        end += text_number(number, end);
    } else {
        memcpy(end, "…", sizeof "…" - 1), end += sizeof "…" - 1;
    }
    *end++ = ']';
    return (uint32_t)(end - item);
}

static uint32_t spell_index(Py_ssize_t index, char item[MAX_ITEM])
{
    item[0] = '[';
    size_t digits = text_number(index, item + 1);
    item[1 + digits] = ']';
    return (uint32_t)(digits + 2);
}

static void sight_items(Scan *scan, PyObject *container, Variable variable)
{
    char item[MAX_ITEM];
    variable.item = item;
    if (PyDict_CheckExact(container)) {
        Py_ssize_t position = 0;
        PyObject *key, *value;
        for (int i = 0; i < MAX_ITEMS && PyDict_Next(container, &position, &key, &value); i++) {
            if (!PyArray_Check(value))
                continue;
            variable.item_nbytes = spell_key(key, item);
            sight_array(scan, (PyArrayObject *)value, variable);
        }
        return;
    }
    Py_ssize_t size = PyList_CheckExact(container) ? PyList_GET_SIZE(container) : PyTuple_GET_SIZE(container);
    for (Py_ssize_t i = 0; i < size && i < MAX_ITEMS; i++) {
        PyObject *value = PyList_CheckExact(container) ? PyList_GET_ITEM(container, i) : PyTuple_GET_ITEM(container, i);
        if (value == NULL || !PyArray_Check(value))
            continue;
        variable.item_nbytes = spell_index(i, item);
        sight_array(scan, (PyArrayObject *)value, variable);
    }
}

static void sight_value(Scan *scan, PyObject *value, PyObject *name, PyObject *function)
{
    Variable variable = {.function = function, .name = name, .item = ""};
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
    for (Py_ssize_t i = 0, count = frame_local_count(frame, inner); i < count; i++) {
        PyObject *value = frame_local(frame, i);
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
    Frame *frame = frame_complete(frame_top(thread));
    for (; frame && depth < MAX_FRAMES; frame = frame_complete(frame_back(frame)))
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

/* After the variables: what has a name keeps it. */
static void sight_found(Scan *scan, PyObject *found)
{
    for (Py_ssize_t i = 0, count = found ? PyTuple_GET_SIZE(found) : 0; i < count; i++) {
        PyObject *each = PyTuple_GET_ITEM(found, i), *array = PyTuple_GET_ITEM(each, 0);
        Variable variable = {.function = PyTuple_GET_ITEM(each, 2), .name = PyTuple_GET_ITEM(each, 1), .item = ""};
        if (!PyArray_Check(array))
            continue;
        if (scan->wanted)
            spellings_want(scan->wanted, (PyArrayObject *)array);
        else
            holders_note_at(&scan->search, (PyArrayObject *)array, PyLong_AsVoidPtr(PyTuple_GET_ITEM(each, 3)), variable,
                            spellings_find(scan->spellings, (PyArrayObject *)array));
    }
}

int holders_open(void)
{
    holders_forget();
    if (dunder_name == NULL)
        dunder_name = PyUnicode_InternFromString("__name__");
    return dunder_name ? 0 : -1;
}

/* Runs no Python code and allocates nothing of Python's, so all of it is one moment for threads with the GIL, and
 * containers stay as they are.
 *
 * CPython guards its list of threads by a lock that an extension cannot take. Without it: a thread leaves the list while it
 * has the GIL (PyThreadState_DeleteCurrent, and PyGILState_Release through it), so none goes while we walk. One that
 * comes, as in PyGILState_Ensure, comes at the head: 3.11 sets the head before it links the rest, so that others may be
 * overlooked once, and it has no frame yet. Only PyThreadState_Delete may take a state away without the GIL; CPython
 * calls it where a thread could not be started, with the GIL. */
static void sight_all(Scan *scan, bool modules)
{
    PyThreadState *current = thread_state();
    sight_thread(scan, current);
    for (PyThreadState *thread = PyInterpreterState_ThreadHead(PyThreadState_GetInterpreter(current)); thread;
         thread = PyThreadState_Next(thread))
        if (thread != current)
            sight_thread(scan, thread);
    if (modules)
        sight_modules(scan);
}

void holders_search(Recording **recordings, unsigned count, Occasion occasion, const Spellings *spellings, PyObject *found)
{
    Scan scan = {.search = holders_begin_search(recordings, count, occasion), .spellings = spellings};
    sight_all(&scan, occasion == AT_REST);
    sight_found(&scan, found);
    holders_end_search(&scan.search);
}

Spellings *holders_spell(PyObject *found)
{
    Spellings *spellings = spellings_new();
    if (spellings == NULL)
        return NULL;
    Scan scan = {.wanted = spellings};
    sight_all(&scan, true);
    sight_found(&scan, found);
    spellings_complete(spellings);
    return spellings;
}
