#include "tracker/call_tree/waiting.h"
#include "common/text.h"
#include "tracker/lock.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_NAME = 4096 };

/* Texts that Python gave, and what the names of files are compared with. */
typedef struct {
    char **texts;
    Py_ssize_t count;
} Texts;

static struct {
    Texts libraries; /* how the names of library files begin */
    Texts own;       /* how those of user files begin that would be of a library too */
    Texts waiting;   /* what the names of library files contain whose functions start threads and wait for them */
} files;

typedef struct {
    const char *at; /* the frame's instruction; NULL, which no frame has, where it must be read again */
    Frame *frame;   /* valid only while the frames are being read */
    NodeId node;    /* of the frame, or of the nearest caller with a node */
} Seen;

/* Where the main thread was last seen. */
static struct {
    PyThreadState *thread; /* it lives as long as the interpreter */
    Seen *seen;            /* leaf first */
    uint32_t count, capacity;
    bool waits; /* else seen[0] is the only one */
    NodeId node;
} mainly;

void waiting_open(void)
{
    mainly.count = 0;
    mainly.node = ROOT;
    mainly.thread = PyInterpreterState_ThreadHead(PyInterpreterState_Main());
    /* Newer threads come first. After a fork the child has one thread, which is its main thread. */
    for (PyThreadState *next = mainly.thread; next; next = PyThreadState_Next(next))
        mainly.thread = next;
}

bool waiting_is_main(const PyThreadState *thread) { return thread == mainly.thread; }

/* --- Files ------------------------------------------------------------------------------------------------ */

/* The name of a code object's file, which ends with a zero: in `room` if it is not ASCII. */
static const char *file_of(PyCodeObject *code, char room[LONGEST_NAME + 1])
{
    PyObject *name = code->co_filename;
    if (PyUnicode_IS_COMPACT_ASCII(name))
        return (const char *)PyUnicode_1BYTE_DATA(name);
    room[text_utf8_part(name, room, LONGEST_NAME)] = 0;
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

static bool is_library(const char *name)
{
    return *name == 0 || (begins_with_any(name, &files.libraries) && !begins_with_any(name, &files.own));
}

static bool is_waiting(Frame *frame)
{
    char room[LONGEST_NAME + 1];
    const char *name = file_of(frame_code(frame), room);
    return is_library(name) && contains_any(name, &files.waiting);
}

bool waiting_concerns_locked(Frame *leaf)
{
    ASSERT_LOCKED();
    if (files.libraries.count == 0 || mainly.thread == NULL)
        return false;
    char room[LONGEST_NAME + 1];
    for (Frame *frame = frame_complete(leaf); frame; frame = frame_complete(frame_back(frame)))
        if (!is_library(file_of(frame_code(frame), room)))
            return false;
    return true;
}

/* --- The main thread -------------------------------------------------------------------------------------- */

/* Whether the main thread has not moved. If it did not wait, its innermost frame alone tells that it still does not. */
static bool is_unmoved(void)
{
    if (mainly.count == 0)
        return false;
    Frame *frame = frame_top(mainly.thread);
    uint32_t i = 0;
    for (; frame && i < mainly.count; frame = frame_back(frame), i++)
        if (frame_instruction(frame) != mainly.seen[i].at)
            return false;
    return i == mainly.count && (frame == NULL || !mainly.waits);
}

bool waiting_is_unmoved_locked(NodeId node)
{
    ASSERT_LOCKED();
    return mainly.node == node && is_unmoved();
}

/* The frames from `top` to the root, in the scratch; 0 without memory. */
static uint32_t read_frames(Frame *top)
{
    uint32_t count = 0;
    for (Frame *frame = top; frame; frame = frame_back(frame))
        count++;
    if (count > mainly.capacity) {
        Seen *seen = realloc(mainly.seen, 2 * count * sizeof *seen);
        if (seen == NULL)
            return 0;
        mainly.seen = seen, mainly.capacity = 2 * count;
    }
    for (uint32_t i = 0; i < count; i++, top = frame_back(top))
        mainly.seen[i] = (Seen){frame_instruction(top), top, ROOT};
    return count;
}

/* Interns the frames. A node keeps the code object of its frame alive, so an instruction's address identifies it; frames
 * without a node are read again each time, but for shims. */
static void intern_frames_locked(void)
{
    ASSERT_LOCKED();
    NodeId node = ROOT;
    for (uint32_t i = mainly.count; i-- > 0;) {
        Seen *seen = &mainly.seen[i];
        if (frame_complete(seen->frame) == seen->frame) {
            node = tree_intern_locked(node, (Place){frame_code(seen->frame), frame_offset(seen->frame)}, ARRAY);
            if (tree_node(node)->code != frame_code(seen->frame))
                seen->at = NULL; /* there was no memory for a node */
        } else if (!frame_is_shim(seen->frame)) {
            seen->at = NULL;
        }
        seen->node = node;
    }
}

NodeId waiting_node_locked(void)
{
    ASSERT_LOCKED();
    if (is_unmoved())
        return mainly.node;
    mainly.node = ROOT;
    mainly.count = read_frames(frame_top(mainly.thread));
    uint32_t i = 0;
    while (i < mainly.count && frame_complete(mainly.seen[i].frame) != mainly.seen[i].frame)
        i++;
    mainly.waits = i < mainly.count && is_waiting(mainly.seen[i].frame);
    if (!mainly.waits) {
        mainly.count = mainly.count > 0; /* the innermost frame alone tells whether it is still so */
        return ROOT;
    }
    intern_frames_locked();
    /* The functions that wait are left out: while the same line waits, they come and go. */
    while (i < mainly.count && (frame_complete(mainly.seen[i].frame) != mainly.seen[i].frame || is_waiting(mainly.seen[i].frame)))
        i++;
    return mainly.node = i < mainly.count ? mainly.seen[i].node : ROOT;
}

/* --- Python ----------------------------------------------------------------------------------------------- */

const char watch_waiting_doc[] =
    "watch_waiting(libraries, own, waiting, /)\n--\n\nContinue stacks that are only of libraries at the frame in which the main "
    "thread waits.\n\nThree tuples of texts: how names of library files begin; how those begin that are the user's none the "
    "less; what the names of library files contain whose functions start threads and wait for them.";

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
            PyErr_SetString(PyExc_TypeError, "watch_waiting takes three tuples of str");
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

PyObject *watch_waiting(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *given[3];
    if (!PyArg_ParseTuple(args, "O!O!O!", &PyTuple_Type, &given[0], &PyTuple_Type, &given[1], &PyTuple_Type, &given[2]))
        return NULL;
    Texts copies[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    bool copied = true;
    for (int i = 0; i < 3 && copied; i++)
        copied = copy_texts(given[i], &copies[i]);
    Texts *known[3] = {&files.libraries, &files.own, &files.waiting};
    if (copied) {
        lock_enter(true);
        for (int i = 0; i < 3; i++) {
            Texts old = *known[i];
            *known[i] = copies[i], copies[i] = old;
        }
        mainly.count = 0;
        lock_leave();
    }
    for (int i = 0; i < 3; i++)
        free_texts(&copies[i]);
    if (!copied)
        return NULL;
    Py_RETURN_NONE;
}
