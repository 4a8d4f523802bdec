#include "tracker/replay/replay.h"
#include "tracker/journal/journal.h"
#include "tracker/replay/replay_columns.h"

#include <stdlib.h>
#include <string.h>

/* Depth of each node from the root; NULL with an exception if parents do not come first. */
static int32_t *node_depths(const int32_t *parent, Py_ssize_t nodes)
{
    int32_t *depth = malloc((size_t)(nodes + 1) * sizeof *depth);
    if (depth == NULL)
        return (int32_t *)PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < nodes; i++) {
        if (parent[i] >= i || parent[i] < -1) {
            free(depth);
            return (int32_t *)columns_misfit("a caller comes after its callee");
        }
        depth[i] = parent[i] < 0 ? 0 : depth[parent[i]] + 1;
    }
    return depth;
}

/* The event of each buffer's birth; NULL with an exception if an event names a buffer or node out of range. */
static int64_t *births_of(const uint8_t *kind, const int32_t *stack, const int64_t *buffer, Py_ssize_t events, Py_ssize_t nodes)
{
    int64_t *birth = malloc((size_t)(events + 1) * sizeof *birth);
    if (birth == NULL)
        return (int64_t *)PyErr_NoMemory();
    for (Py_ssize_t e = 0; e < events; e++)
        birth[e] = -1;
    for (Py_ssize_t e = 0; e < events; e++) {
        bool known = buffer[e] >= 0 && buffer[e] < events && (kind[e] == BORN) == (birth[buffer[e]] < 0);
        if (stack[e] < 0 || stack[e] >= nodes || kind[e] > DIED || !known) {
            free(birth);
            return (int64_t *)columns_misfit("an event names a stack or buffer that is not there");
        }
        if (kind[e] == BORN)
            birth[buffer[e]] = e;
    }
    return birth;
}

/* --- Which execution of which statement ------------------------------------------------------------- */

/* One thread's stack at its last event: for each depth the node, and since which event the same execution
 * of the same statement has been running there. `since` never falls with depth. */
typedef struct {
    int32_t *path;
    int64_t *since;
    int32_t depth; /* frames */
} Walk;

typedef struct {
    const int32_t *parent, *code, *statement, *offset, *loop;
    const uint8_t *stores;
    const int32_t *depth;
} Places;

/* Whether the frame went on from one instruction to the other within one execution of a statement: forward,
 * or around a loop inside of it (a comprehension that Python 3.12 runs in the frame itself). */
static bool goes_on(const Places *at, int32_t from, int32_t to)
{
    return at->code[from] == at->code[to] && at->statement[from] == at->statement[to] &&
           (at->offset[to] >= at->offset[from] || (at->loop[to] >= 0 && at->loop[to] == at->loop[from]));
}

static void walk_to(Walk *walk, const Places *at, int32_t node, int64_t event)
{
    int32_t depth = at->depth[node] + 1, changed = depth;
    for (int32_t n = node; n >= 0 && !(at->depth[n] < walk->depth && walk->path[at->depth[n]] == n); n = at->parent[n])
        changed = at->depth[n];
    int32_t left = changed < walk->depth ? walk->path[changed] : -1;
    for (int32_t n = node; n >= 0 && at->depth[n] >= changed; n = at->parent[n]) {
        int32_t d = at->depth[n];
        if (d > changed || left < 0 || !goes_on(at, left, n))
            walk->since[d] = event;
        walk->path[d] = n;
    }
    walk->depth = depth;
}

/* The deepest frame in which what ran at `birth` still runs; the value a name gives up was held by it. */
static int32_t depth_within(const Walk *walk, const Places *at, int32_t node, int64_t birth)
{
    int32_t d = walk->depth - 1;
    while (d >= 0 && walk->since[d] > birth)
        d--;
    return d == at->depth[node] && at->stores[node] ? d - 1 : d;
}

static bool open_walks(Walk *walks, Py_ssize_t threads, int32_t frames)
{
    for (Py_ssize_t t = 0; t < threads; t++) {
        walks[t].path = malloc((size_t)frames * sizeof *walks[t].path);
        walks[t].since = malloc((size_t)frames * sizeof *walks[t].since);
        if (walks[t].path == NULL || walks[t].since == NULL)
            return false;
    }
    return true;
}

static void close_walks(Walk *walks, Py_ssize_t threads)
{
    for (Py_ssize_t t = 0; walks && t < threads; t++) {
        free(walks[t].path);
        free(walks[t].since);
    }
    free(walks);
}

static PyObject *find_depths(const Column *c, const Places *at, const int64_t *birth, Py_ssize_t nodes)
{
    const uint8_t *kind = c[0].view.buf;
    const uint16_t *thread = c[1].view.buf;
    const int32_t *stack = c[2].view.buf;
    const int64_t *buffer = c[3].view.buf;
    Py_ssize_t events = c[0].length, threads = 0;
    int32_t frames = 1;
    for (Py_ssize_t e = 0; e < events; e++)
        threads = thread[e] >= threads ? thread[e] + 1 : threads;
    for (Py_ssize_t i = 0; i < nodes; i++)
        frames = at->depth[i] >= frames ? at->depth[i] + 1 : frames;

    Walk *walks = calloc((size_t)threads + 1, sizeof *walks);
    PyObject *result = PyByteArray_FromStringAndSize(NULL, events * (Py_ssize_t)sizeof(int16_t));
    if (walks == NULL || result == NULL || !open_walks(walks, threads, frames)) {
        close_walks(walks, threads);
        Py_XDECREF(result);
        return PyErr_NoMemory();
    }
    int16_t *within = (int16_t *)PyByteArray_AS_STRING(result);
    for (Py_ssize_t e = 0; e < events; e++) {
        Walk *walk = &walks[thread[e]];
        walk_to(walk, at, stack[e], e);
        within[e] = -1;
        /* Threads that share the last number, and those that Python does not know, are not told apart. */
        if (kind[e] == DIED && thread[e] != UINT16_MAX && thread[birth[buffer[e]]] == thread[e]) {
            int32_t d = depth_within(walk, at, stack[e], birth[buffer[e]]);
            within[e] = (int16_t)(d < INT16_MAX ? d : INT16_MAX);
        }
    }
    close_walks(walks, threads);
    return result;
}

const char replay_statement_depths_doc[] =
    "statement_depths(kind, thread, stack, buffer, parent, code, statement, offset, loop, stores, /)\n--\n\n"
    "For each death, the depth of the deepest frame in which the same execution of the same statement was\n"
    "still running as at the buffer's birth; -1 if there is none, and for births.\n\n"
    "Whether a statement ran on or ran anew is inferred from the instruction offsets of consecutive events of\n"
    "a thread: an execution goes forward. Returns a bytearray of int16, one for each event.";

PyObject *replay_statement_depths(PyObject *Py_UNUSED(module), PyObject *args)
{
    Column c[10];
    if (!PyArg_ParseTuple(args, "O&O&O&O&O&O&O&O&O&O&", columns_take8, &c[0], columns_take16, &c[1], columns_take32, &c[2],
                          columns_take64, &c[3], columns_take32, &c[4], columns_take32, &c[5], columns_take32, &c[6],
                          columns_take32, &c[7], columns_take32, &c[8], columns_take8, &c[9]))
        return NULL;
    Py_ssize_t events = c[0].length, nodes = c[4].length;
    PyObject *result = NULL;
    bool even = c[1].length == events && c[2].length == events && c[3].length == events;
    for (int i = 5; i < 10; i++)
        even &= c[i].length == nodes;
    int32_t *depth = even ? node_depths(c[4].view.buf, nodes) : (int32_t *)columns_misfit("columns of unequal length");
    int64_t *birth = depth ? births_of(c[0].view.buf, c[2].view.buf, c[3].view.buf, events, nodes) : NULL;
    if (birth) {
        Places at = {c[4].view.buf, c[5].view.buf, c[6].view.buf, c[7].view.buf, c[8].view.buf, c[9].view.buf, depth};
        result = find_depths(c, &at, birth, nodes);
    }
    free(depth);
    free(birth);
    columns_release(c, 10);
    return result;
}

/* --- Temporaries of each row ------------------------------------------------------------------------ */

typedef struct {
    int64_t live, peak;
    int64_t mark; /* the last event that counted here: a row on a stack twice counts once */
} Row;

/* Adds to each row on the way from `node` to the root. */
static void count_rows(Row *rows, const int32_t *row, const int32_t *parent, int32_t node, int64_t nbytes, int64_t mark)
{
    for (; node >= 0; node = parent[node]) {
        Row *r = row[node] < 0 ? NULL : &rows[row[node]];
        if (r == NULL || r->mark == mark)
            continue;
        r->mark = mark;
        r->live += nbytes;
        if (r->live > r->peak)
            r->peak = r->live;
    }
}

static PyObject *find_peaks(const Column *c, const int32_t *depth, const int64_t *birth, Py_ssize_t count)
{
    const uint8_t *kind = c[0].view.buf;
    const int32_t *stack = c[1].view.buf, *parent = c[5].view.buf, *row = c[6].view.buf;
    const int64_t *buffer = c[2].view.buf, *nbytes = c[3].view.buf;
    const int16_t *within = c[4].view.buf;
    Py_ssize_t events = c[0].length;
    Row *rows = calloc((size_t)count + 1, sizeof *rows);
    int32_t *top = malloc((size_t)(events + 1) * sizeof *top); /* by buffer: the leaf of its temporary part */
    PyObject *result = PyByteArray_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(int64_t));
    if (rows == NULL || top == NULL || result == NULL) {
        Py_CLEAR(result);
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t e = 0; e < events; e++)
        top[e] = -1;
    for (Py_ssize_t e = 0; e < events; e++) {
        if (kind[e] != DIED || within[e] < 0)
            continue;
        int32_t node = stack[birth[buffer[e]]];
        while (depth[node] > within[e])
            node = parent[node];
        top[buffer[e]] = node;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        rows[i].mark = -1;
    for (Py_ssize_t e = 0; e < events; e++)
        count_rows(rows, row, parent, top[buffer[e]], kind[e] == BORN ? nbytes[e] : -nbytes[e], e);
    for (Py_ssize_t i = 0; i < count; i++)
        ((int64_t *)PyByteArray_AS_STRING(result))[i] = rows[i].peak;
done:
    free(rows);
    free(top);
    return result;
}

const char replay_temporary_peaks_doc[] =
    "temporary_peaks(kind, stack, buffer, nbytes, within, parent, row, rows, /)\n--\n\n"
    "High-water mark, for each of `rows` rows, of the buffers that were born and died within one execution:\n"
    "a buffer is temporary for every row on its birth's stack from the root down to depth `within` of its\n"
    "death. `row` gives each node's row, or -1. Returns a bytearray of int64, one for each row.";

PyObject *replay_temporary_peaks(PyObject *Py_UNUSED(module), PyObject *args)
{
    Column c[7];
    Py_ssize_t count;
    if (!PyArg_ParseTuple(args, "O&O&O&O&O&O&O&n", columns_take8, &c[0], columns_take32, &c[1], columns_take64, &c[2],
                          columns_take64, &c[3], columns_take16, &c[4], columns_take32, &c[5], columns_take32, &c[6], &count))
        return NULL;
    Py_ssize_t events = c[0].length, nodes = c[5].length;
    PyObject *result = NULL;
    bool even = c[6].length == nodes && count >= 0;
    for (int i = 1; i < 5; i++)
        even &= c[i].length == events;
    for (Py_ssize_t i = 0; even && i < nodes; i++)
        even &= ((const int32_t *)c[6].view.buf)[i] < count;
    int32_t *depth = even ? node_depths(c[5].view.buf, nodes) : (int32_t *)columns_misfit("columns of unequal length");
    int64_t *birth = depth ? births_of(c[0].view.buf, c[1].view.buf, c[2].view.buf, events, nodes) : NULL;
    if (birth)
        result = find_peaks(c, depth, birth, count);
    free(depth);
    free(birth);
    columns_release(c, 7);
    return result;
}
