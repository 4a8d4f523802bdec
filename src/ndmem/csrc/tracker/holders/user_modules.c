#include "tracker/holders/user_modules.h"
#include "tracker/code_owner.h"

#include <string.h>

enum { PACKAGES = 64 };

/* A module where it was found in the dict of all modules. */
typedef struct {
    Py_ssize_t position;
    PyObject *module; /* only compared */
} Place;

/* Guarded by the GIL. Modules come at the end of the dict; to look at one costs some hundred nanoseconds. */
static struct {
    unsigned owners; /* the version of the owners by which they were told apart */
    Place users[MAX_USER_MODULES];
    unsigned count;
    Place last;                  /* the last one that was looked at, and the position after it */
    Py_ssize_t next;
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

static bool is_of_user(PyObject *name, PyObject *module)
{
    bool is_inside = false;
    uint64_t package = hash_package(name, &is_inside);
    uint64_t *place = &known.packages[package % PACKAGES];
    if (package && is_inside && *place == package)
        return false;
    CodeOwner owner = module_owner(module_names(module));
    if (package && !is_inside && owner == LIBRARY && module_has_file(module_names(module)))
        *place = package; /* one without a file may have parts of the user's */
    return owner == USER;
}

static bool is_in_place(PyObject *modules, Place place)
{
    PyObject *name, *module;
    return PyDict_Next(modules, &place.position, &name, &module) && module == place.module;
}

/* Whether all are where they were: otherwise modules were taken out, and others may have moved. */
static bool are_in_place(PyObject *modules)
{
    for (unsigned i = 0; i < known.count; i++)
        if (!is_in_place(modules, known.users[i]))
            return false;
    return known.next == 0 || is_in_place(modules, known.last);
}

static void look_at_new(PyObject *modules, uint32_t most)
{
    PyObject *name;
    Place place = {.position = known.next};
    for (; most-- > 0 && PyDict_Next(modules, &known.next, &name, &place.module); place.position = known.next) {
        known.last = place;
        if (known.count < MAX_USER_MODULES && is_of_user(name, place.module))
            known.users[known.count++] = place;
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
        names[i] = module_names(known.users[i].module);
    return known.count;
}
