#include "tracker/holders/spelled_path.h"
#include "common/text.h"
#include "tracker/code_owner.h"

#include <string.h>

enum { MAX_KEY = 60, MAX_EDGE = 100 };

static void add_text(SpelledPath *path, const char *text)
{
    size_t nbytes = strlen(text), most = MAX_PATH - path->nbytes;
    nbytes = nbytes < most ? nbytes : most;
    memcpy(path->room + path->nbytes, text, nbytes);
    path->nbytes += (uint32_t)nbytes;
}

static void add_name(SpelledPath *path, PyObject *name)
{
    path->nbytes += (uint32_t)text_utf8_part(name, path->room + path->nbytes, MAX_KEY);
}

static void add_number(SpelledPath *path, long long number)
{
    path->nbytes += (uint32_t)text_number(number, path->room + path->nbytes);
}

/* "['key']" or "[3]" */
static void add_key(SpelledPath *path, PyObject *key)
{
    int beyond = 1;
    long long number = PyLong_CheckExact(key) ? PyLong_AsLongLongAndOverflow(key, &beyond) : 0; /* raises nothing for an int */
    if (PyUnicode_Check(key)) {
        add_text(path, "['");
        add_name(path, key);
        add_text(path, "']");
    } else if (!beyond) {
        add_text(path, "[");
        add_number(path, number);
        add_text(path, "]");
    } else {
        add_text(path, "[…]");
    }
}

/* The type's name without its module. */
static const char *name_type(PyObject *object)
{
    const char *name = Py_TYPE(object)->tp_name, *point = strrchr(name, '.');
    return point ? point + 1 : name;
}

/* Whether the edge is a private attribute of a library's type, whose inside says nothing to a user. */
static bool is_private(Edge edge, PyObject *holder)
{
    bool begins = edge.kind == MEMBER ? edge.text[0] == '_' :
                  edge.kind == ATTRIBUTE && PyUnicode_GET_LENGTH(edge.key) > 0 && PyUnicode_READ_CHAR(edge.key, 0) == '_';
    return begins && type_owner(Py_TYPE(holder)) != USER;
}

bool path_add(SpelledPath *path, Edge edge, PyObject *holder)
{
    if (MAX_PATH - path->nbytes < MAX_EDGE) {
        add_text(path, "…");
        return false;
    }
    switch (is_private(edge, holder) ? INSIDE : edge.kind) {
    case ATTRIBUTE:
        add_text(path, ".");
        add_name(path, edge.key);
        return true;
    case MEMBER:
        add_text(path, ".");
        add_text(path, strlen(edge.text) <= MAX_KEY ? edge.text : "…");
        return true;
    case KEY:
        add_key(path, edge.key);
        return true;
    case INDEX:
        add_text(path, "[");
        add_number(path, edge.index);
        add_text(path, "]");
        return true;
    case CLOSED:
        add_text(path, PyFunction_Check(holder) ? " (closure: " : " (generator: ");
        add_name(path, edge.key);
        add_text(path, ")");
        return true;
    case INSIDE:
        add_text(path, " (inside the ");
        add_text(path, strlen(name_type(holder)) <= MAX_KEY ? name_type(holder) : "object");
        add_text(path, ")");
        return false;
    }
    return false;
}
