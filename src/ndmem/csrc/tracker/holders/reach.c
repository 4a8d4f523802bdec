#include "tracker/holders/reach.h"
#include "tracker/code_owner.h"
#include "tracker/holders/reach_object.h"
#include "tracker/holders/spelled_path.h"

#include <string.h>

/* Objects of one walk. The table has at least twice as many places, so that a search in it is short; only as many as the
 * walk needs, for a place in a page that was not touched yet costs as much as ten steps. */
enum { MAX_OBJECTS = 8192, MAX_PLACES = 2 * MAX_OBJECTS, LEAST_PLACES = 512 };

typedef struct {
    PyObject *object; /* borrowed */
    Edge edge;        /* of a root: its variable's name */
    uint32_t holder;  /* of a root: itself */
    PyObject *function; /* of a root */
} Reached;

/* Guarded by the GIL. Pages that no walk needs are never touched. */
static struct {
    Reached objects[MAX_OBJECTS];
    struct {
        PyObject *object;
        uint32_t walk;
    } places[MAX_PLACES];
    uint32_t place_count; /* a power of two */
    uint32_t walk; /* number of this one, so that the table need not be cleared */
    uint32_t count, looked_at, at; /* `at` is the one that is open */
    uint32_t later[MAX_OBJECTS], later_count, later_opened; /* objects of libraries: after the others */
    uint32_t steps, most_steps;
    bool is_cut, is_exhausted;
    ReachFound found;
    void *context;
} reach;

void reach_begin(uint32_t steps)
{
    reach.walk++;
    reach.place_count = LEAST_PLACES;
    reach.count = reach.looked_at = reach.at = reach.later_count = reach.later_opened = reach.steps = 0;
    reach.most_steps = steps < MAX_STEPS ? steps : MAX_STEPS;
    reach.is_cut = reach.is_exhausted = false;
}

uint32_t reach_steps(void) { return reach.steps; }

bool reach_is_cut(void) { return reach.is_cut; }

bool reach_is_exhausted(void) { return reach.is_exhausted; }

static bool is_new(PyObject *object);

static size_t place_of(size_t number) { return number & (reach.place_count - 1); }

/* Four times as many places, once half of them are taken. A new number makes the old places free. */
static void widen(void)
{
    reach.walk++;
    reach.place_count = 4 * reach.place_count < MAX_PLACES ? 4 * reach.place_count : MAX_PLACES;
    for (uint32_t i = 0; i < reach.count; i++)
        (void)is_new(reach.objects[i].object);
}

/* Whether the object is new to this walk; it is then in the table. */
static bool is_new(PyObject *object)
{
    size_t place = place_of(((uintptr_t)object >> 4) * 0x9E3779B97F4A7C15u >> 32);
    for (; reach.places[place].walk == reach.walk; place = place_of(place + 1))
        if (reach.places[place].object == object)
            return false;
    reach.places[place].object = object, reach.places[place].walk = reach.walk;
    return true;
}

static void add(PyObject *object, Edge edge, uint32_t holder, PyObject *function)
{
    if (reach.count == MAX_OBJECTS) {
        reach.is_cut = reach.is_exhausted = true;
        return;
    }
    if (!reach_is_open(object) || !is_new(object))
        return;
    reach.objects[reach.count++] = (Reached){object, edge, holder, function};
    if (2 * reach.count > reach.place_count)
        widen();
}

void reach_root(PyObject *object, Variable variable)
{
    add(object, (Edge){.kind = ATTRIBUTE, .key = variable.name}, reach.count, variable.function);
}

/* The way from the root to an object, outermost edge first. */
static Variable spell(uint32_t at, Edge last, char room[MAX_PATH])
{
    enum { DEEPEST = 16 };
    struct { Edge edge; PyObject *holder; } edges[DEEPEST];
    unsigned count = 0;
    edges[count].edge = last, edges[count++].holder = reach.objects[at].object;
    for (; reach.objects[at].holder != at; at = reach.objects[at].holder) {
        if (count == DEEPEST) /* the outermost edges say more */
            memmove(edges, edges + 1, --count * sizeof *edges);
        edges[count].edge = reach.objects[at].edge;
        edges[count++].holder = reach.objects[reach.objects[at].holder].object;
    }
    SpelledPath path = {.room = room};
    while (count-- > 0 && path_add(&path, edges[count].edge, edges[count].holder))
        ;
    return (Variable){.function = reach.objects[at].function,
                      .name = reach.objects[at].edge.key,
                      .item = room,
                      .item_nbytes = path.nbytes};
}

static bool meet(PyObject *object, Edge edge)
{
    if (reach.steps == reach.most_steps) {
        reach.is_cut = reach.is_exhausted = true;
        return false;
    }
    reach.steps++;
    if (PyArray_Check(object)) {
        char room[MAX_PATH];
        reach.is_cut = !reach.found(reach.context, (PyArrayObject *)object, spell(reach.at, edge, room));
    }
    add(object, edge, reach.at, NULL);
    return !reach.is_cut;
}

/* Whether the object is one whose inside is a library's: a figure, a data frame. Its class has this answer for a whole walk. */
static bool is_of_library(PyObject *object)
{
    enum { KNOWN = 64 };
    static struct { PyTypeObject *type; uint32_t walk; bool is_library; } known[KNOWN];
    PyTypeObject *type = Py_TYPE(object);
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || reach_is_container(object))
        return false;
    size_t place = ((uintptr_t)type >> 4) * 0x9E3779B97F4A7C15u >> 32 & (KNOWN - 1);
    if (known[place].type != type || known[place].walk != reach.walk) {
        known[place].type = type, known[place].walk = reach.walk;
        known[place].is_library = type_owner(type) != USER;
    }
    return known[place].is_library;
}

/* The next object to open; false if there is none. */
static bool take_next(void)
{
    for (; reach.looked_at < reach.count; reach.later[reach.later_count++] = reach.looked_at++)
        if (!is_of_library(reach.objects[reach.looked_at].object)) {
            reach.at = reach.looked_at++;
            return true;
        }
    if (reach.later_opened == reach.later_count)
        return false;
    reach.at = reach.later[reach.later_opened++];
    return true;
}

void reach_walk(ReachFound found, void *context)
{
    reach.found = found, reach.context = context;
    while (!reach.is_cut && take_next())
        reach_open(reach.objects[reach.at].object, meet);
}
