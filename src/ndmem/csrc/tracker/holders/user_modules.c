#include "tracker/holders/user_modules.h"
#include "tracker/code_owner.h"

#include <string.h>

enum { PACKAGES = 64 };

/* Guarded by the GIL. Modules come at the end of the dict of all modules; to look at one costs some hundred nanoseconds. */
static struct {
    unsigned owners; /* the version of the owners by which they were told apart */
    struct {
        Py_ssize_t position; /* in the dict */
        PyObject *module;    /* only compared */
    } users[MAX_USER_MODULES];
    unsigned count;
    Py_ssize_t next;             /* the first position that was not looked at */
    uint64_t packages[PACKAGES]; /* of libraries, by the hash of their name: what is inside one needs no look */
} known;

/* Of the part before the first dot; 0 for a name that is not ASCII. */
static uint64_t hash_package(PyObject *name, bool *is_inside)
{
    if (!PyUnicode_Check(name) || !PyUnicode_IS_COMPACT_ASCII(name))
        return 0;
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */
    const Py_UCS1 *text = PyUnicode_1BYTE_DATA(name);
    Py_ssize_t i = 0, length = PyUnicode_GET_LENGTH(name);
    for (; i < length && text[i] != '.'; i++)
        hash = (hash ^ text[i]) * 0x100000001B3u;
    *is_inside = i < length;
    return hash;
}

static PyObject *names_of(PyObject *module) { return PyModule_Check(module) ? PyModule_GetDict(module) : NULL; }

static bool is_of_user(PyObject *name, PyObject *module)
{
    bool is_inside = false;
    uint64_t package = hash_package(name, &is_inside);
    uint64_t *place = &known.packages[package % PACKAGES];
    if (package && is_inside && *place == package)
        return false;
    CodeOwner owner = module_owner(names_of(module));
    if (package && !is_inside && owner == LIBRARY && module_has_file(names_of(module)))
        *place = package; /* one without a file may have parts of the user's */
    return owner == USER;
}

/* Whether all are where they were: otherwise modules were taken out, and others may have moved. */
static bool are_in_place(PyObject *modules)
{
    for (unsigned i = 0; i < known.count; i++) {
        Py_ssize_t position = known.users[i].position;
        PyObject *name, *module = NULL;
        if (!PyDict_Next(modules, &position, &name, &module) || module != known.users[i].module)
            return false;
    }
    return true;
}

static void look_at_new(PyObject *modules, uint32_t most)
{
    PyObject *name, *module;
    Py_ssize_t position = known.next;
    for (; most-- > 0 && PyDict_Next(modules, &known.next, &name, &module); position = known.next)
        if (known.count < MAX_USER_MODULES && is_of_user(name, module)) {
            known.users[known.count].position = position;
            known.users[known.count++].module = module;
        }
}

unsigned user_modules_find(PyObject *names[MAX_USER_MODULES], uint32_t most)
{
    PyObject *modules = PyImport_GetModuleDict();
    if (modules == NULL || !PyDict_CheckExact(modules))
        return 0;
    if (known.owners != code_owners_version() || !are_in_place(modules)) {
        memset(&known, 0, sizeof known);
        known.owners = code_owners_version();
    }
    look_at_new(modules, most);
    for (unsigned i = 0; i < known.count; i++)
        names[i] = names_of(known.users[i].module);
    return known.count;
}
