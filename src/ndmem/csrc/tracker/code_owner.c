#define Py_BUILD_CORE 1 /* before the first header: 3.12's clash with their own public ones after it */
#include "tracker/code_owner.h"
#include <internal/pycore_dict.h>
#undef Py_BUILD_CORE

#include "common/text.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_NAME = 4096, LISTS = 4 };

/* Texts that Python gave, and what the names of files are compared with. */
typedef struct {
    char **texts;
    Py_ssize_t count;
} Texts;

/* How the names of files begin that are of ndmem; of libraries; and of the user, though they begin as a library's. What those
 * files of libraries have in their names that wait for threads. */
enum { OF_NDMEM, OF_LIBRARIES, OF_USER, THAT_WAIT };
static Texts lists[LISTS];
static unsigned version; /* of the lists; guarded by the GIL */

static struct {
    PyObject *name, *file, *module; /* interned "__name__" … */
} dunders;

/* --- Files ------------------------------------------------------------------------------------------------ */

/* The file's name, with a zero at its end. It is encoded in `room` if it is not ASCII, for CPython would allocate for that. */
static const char *read_name(PyObject *file, char room[LONGEST_NAME + 1])
{
    if (PyUnicode_IS_COMPACT_ASCII(file))
        return (const char *)PyUnicode_1BYTE_DATA(file);
    room[text_utf8_part(file, room, LONGEST_NAME)] = 0;
    return room;
}

static bool begins_with_any(const char *name, const Texts *texts)
{
    for (Py_ssize_t i = 0; i < texts->count; i++)
        if (strncmp(name, texts->texts[i], strlen(texts->texts[i])) == 0)
            return true;
    return false;
}

static bool contains_any(const char *name, const Texts *texts)
{
    for (Py_ssize_t i = 0; i < texts->count; i++)
        if (strstr(name, texts->texts[i]))
            return true;
    return false;
}

static CodeOwner name_owner(const char *name)
{
    if (begins_with_any(name, &lists[OF_NDMEM])) /* first: it lies among the libraries */
        return NDMEM;
    if (*name == 0) /* no Python code */
        return LIBRARY;
    return begins_with_any(name, &lists[OF_LIBRARIES]) && !begins_with_any(name, &lists[OF_USER]) ? LIBRARY : USER;
}

bool code_owners_are_known(void) { return lists[OF_LIBRARIES].count > 0; }

unsigned code_owners_version(void) { return version; }

CodeOwner code_owner(PyObject *file)
{
    char room[LONGEST_NAME + 1];
    return name_owner(read_name(file, room));
}

bool code_waits(PyObject *file)
{
    char room[LONGEST_NAME + 1];
    const char *name = read_name(file, room);
    return name_owner(name) != USER && contains_any(name, &lists[THAT_WAIT]);
}

bool code_imports(PyObject *file)
{
    static const char import_system[] = "<frozen importlib";
    char room[LONGEST_NAME + 1];
    return strncmp(read_name(file, room), import_system, sizeof import_system - 1) == 0;
}

/* --- Modules and types ------------------------------------------------------------------------------------ */

/* The value of a name, borrowed; NULL if there is none. A key that is not a str could run Python code where it is compared, so
 * a dict that has one is not asked. */
static PyObject *find_name(PyObject *names, PyObject *name)
{
    if (names == NULL || !PyDict_CheckExact(names) || !DK_IS_UNICODE(((PyDictObject *)names)->ma_keys))
        return NULL;
    return PyDict_GetItem(names, name); /* raises nothing */
}

PyObject *module_names(PyObject *module)
{
    return module && PyModule_Check(module) ? PyModule_GetDict(module) : NULL;
}

bool module_has_file(PyObject *names)
{
    PyObject *file = find_name(names, dunders.file);
    return file && PyUnicode_Check(file);
}

CodeOwner module_owner(PyObject *names)
{
    PyObject *file = find_name(names, dunders.file);
    if (file && PyUnicode_Check(file))
        return code_owner(file);
    PyObject *name = find_name(names, dunders.name);
    bool is_main = name && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "__main__") == 0;
    return is_main ? USER : LIBRARY; /* of `python -c` there is no file */
}

CodeOwner type_owner(PyTypeObject *type)
{
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE))
        return LIBRARY;
    PyObject *name = find_name(type->tp_dict, dunders.module);
    PyObject *module = name && PyUnicode_CheckExact(name) ? find_name(PyImport_GetModuleDict(), name) : NULL;
    PyObject *names = module_names(module);
    return names ? module_owner(names) : LIBRARY;
}

int code_owner_open(void)
{
    if (dunders.module)
        return 0;
    dunders.name = PyUnicode_InternFromString("__name__");
    dunders.file = PyUnicode_InternFromString("__file__");
    dunders.module = PyUnicode_InternFromString("__module__");
    return dunders.name && dunders.file && dunders.module ? 0 : -1;
}

/* --- Python ----------------------------------------------------------------------------------------------- */

const char set_code_owners_doc[] =
    "set_code_owners(ndmem, libraries, user, waiting, /)\n--\n\nSet which files of code are the user's, in this process.\n\n"
    "Four tuples of texts: how names of ndmem's files begin; those of libraries; those that are the user's though they begin "
    "as a library's; what the names of library files contain whose functions start threads and wait for them.";

static void free_texts(Texts *texts)
{
    for (Py_ssize_t i = 0; i < texts->count; i++)
        free(texts->texts[i]);
    free(texts->texts);
    *texts = (Texts){NULL, 0};
}

static bool copy_texts(PyObject *tuple, Texts *copy)
{
    *copy = (Texts){calloc((size_t)PyTuple_GET_SIZE(tuple) + 1, sizeof *copy->texts), 0};
    for (; copy->texts && copy->count < PyTuple_GET_SIZE(tuple); copy->count++) {
        PyObject *text = PyTuple_GET_ITEM(tuple, copy->count);
        if (!PyUnicode_Check(text)) {
            PyErr_SetString(PyExc_TypeError, "set_code_owners takes four tuples of str");
            return false;
        }
        size_t nbytes = text_utf8(text, NULL);
        char *at = malloc(nbytes + 1);
        if (at == NULL)
            break;
        text_utf8(text, at);
        at[nbytes] = 0;
        copy->texts[copy->count] = at;
    }
    if (copy->texts && copy->count == PyTuple_GET_SIZE(tuple))
        return true;
    PyErr_NoMemory();
    return false;
}

static bool are_equal(const Texts *texts, const Texts *others)
{
    bool equal = texts->count == others->count;
    for (Py_ssize_t i = 0; equal && i < texts->count; i++)
        equal = strcmp(texts->texts[i], others->texts[i]) == 0;
    return equal;
}

PyObject *set_code_owners(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *given[LISTS];
    if (!PyArg_ParseTuple(args, "O!O!O!O!", &PyTuple_Type, &given[0], &PyTuple_Type, &given[1], &PyTuple_Type, &given[2],
                          &PyTuple_Type, &given[3]))
        return NULL;
    Texts copies[LISTS] = {{NULL, 0}};
    bool copied = true;
    for (int i = 0; i < LISTS && copied; i++)
        copied = copy_texts(given[i], &copies[i]);
    /* The GIL is not released in between, so each reader sees all old texts or all new ones, and none that is freed. */
    bool changed = false;
    for (int i = 0; i < LISTS && copied; i++)
        changed |= !are_equal(&lists[i], &copies[i]);
    version += changed;
    for (int i = 0; i < LISTS; i++) {
        Texts unused = copied ? lists[i] : copies[i];
        if (copied)
            lists[i] = copies[i];
        free_texts(&unused);
    }
    if (!copied)
        return NULL;
    Py_RETURN_NONE;
}
