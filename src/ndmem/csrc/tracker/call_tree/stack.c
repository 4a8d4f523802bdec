#include "common/compat.h"
#include "common/text.h"
#include "tracker/lock.h"
#include "tracker/call_tree/stack.h"
#include "tracker/call_tree/thread_name.h"
#include "tracker/call_tree/waiting.h"

#include <stdlib.h>
#include <string.h>

/* The node of an instruction under a caller: a loop returns to a few instructions all the time, and a lookup in the tree takes
 * two more lines of a cache that the program fills with its arrays. The address of an instruction identifies it, for it is
 * inside its code object, which the node keeps alive. */
typedef struct {
    const char *at; /* NULL is empty */
    NodeId parent, node;
} Recent;

enum { RECENT = 8, MAX_NAME = 64 };

static inline size_t recent_of(const char *at) { return (uintptr_t)at / sizeof(_Py_CODEUNIT) % RECENT; }

typedef struct {
    const char *at; /* the frame's instruction; NULL, which no frame has, where it must be read again */
    NodeId node;    /* of the nearest frame with a node, this one or one of its callers */
} Seen;

/* The callers that were last seen in a thread. */
typedef struct {
    PyThreadState *state;
    uint64_t id; /* from 1; a dead thread's address is reused, its id is not */
    uint16_t number;
    NodeId parent; /* of the leaf */
    uint32_t capacity;
    /* All frames but the leaf, from seen[1] to last, the root first; seen[0] is not a frame's, and ends a search: its node is
     * that of the line that waits for the thread, or ROOT. */
    Seen *seen, *last;
    bool follows;  /* only libraries' frames: the stack continues where the main thread waits */
    bool is_named; /* the name was looked for */
    Recent recent[RECENT]; /* leaves, by the address of their instruction */
    char name[MAX_NAME];   /* empty if it is unknown */
} Thread;

static struct {
    Thread **known; /* most recently used first */
    Thread *latest; /* which is that one, or at the start no thread's */
    uint32_t count;
    uint16_t next_number;
    Frame **scratch; /* leaf first */
    uint32_t scratch_capacity;
} threads;

static Thread no_thread;

bool stack_open(void)
{
    memset(&threads, 0, sizeof threads);
    threads.latest = &no_thread;
    waiting_open();
    return tree_open();
}

void stack_close(void)
{
    free(threads.scratch);
    for (uint32_t i = 0; i < threads.count; i++) {
        free(threads.known[i]->seen);
        free(threads.known[i]);
    }
    free(threads.known);
    memset(&threads, 0, sizeof threads);
    tree_close(); /* last, see there */
}

bool stack_shares_numbers(void) { return threads.next_number == UINT16_MAX; }

static bool reserve(Thread *thread, size_t depth)
{
    if (depth < thread->capacity)
        return true;
    uint32_t capacity = (uint32_t)(2 * depth + 16);
    ptrdiff_t known = thread->last - thread->seen;
    NodeId base = thread->seen ? thread->seen[0].node : ROOT;
    Seen *seen = realloc(thread->seen, capacity * sizeof *seen);
    if (seen == NULL)
        return false;
    seen[0] = (Seen){NULL, base};
    thread->seen = seen, thread->last = seen + known, thread->capacity = capacity;
    return true;
}

static Thread *add_thread_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    Thread *thread = calloc(1, sizeof *thread);
    Thread **known = NULL;
    if (thread && reserve(thread, 0))
        known = realloc(threads.known, (threads.count + 1) * sizeof *known);
    if (known == NULL) {
        free(thread ? thread->seen : NULL);
        free(thread);
        return NULL;
    }
    thread->state = state, thread->id = state->id;
    thread->number = threads.next_number;
    if (threads.next_number < UINT16_MAX) /* later threads share the last number */
        threads.next_number++;
    threads.known = known;
    threads.known[threads.count++] = thread;
    return threads.latest = thread;
}

__attribute__((noinline)) static Thread *find_thread_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    for (uint32_t i = 0; i < threads.count; i++) {
        Thread *thread = threads.known[i];
        if (thread->state != state)
            continue;
        if (thread->id != state->id) { /* a new thread where a dead one was */
            thread->id = state->id;
            thread->last = thread->seen, thread->parent = ROOT;
            thread->is_named = false, thread->name[0] = 0;
            thread->number = threads.next_number;
            if (threads.next_number < UINT16_MAX)
                threads.next_number++;
        }
        threads.known[i] = threads.known[0];
        return threads.latest = threads.known[0] = thread;
    }
    return add_thread_locked(state);
}

/* Collects the frames in the scratch, leaf first; returns their number. */
static uint32_t read_frames_locked(Frame *frame)
{
    ASSERT_LOCKED();
    uint32_t depth = 0;
    for (; frame; frame = frame_back(frame)) {
        if (depth == threads.scratch_capacity) {
            uint32_t capacity = depth ? 2 * depth : 64;
            Frame **scratch = realloc(threads.scratch, capacity * sizeof *scratch);
            if (scratch == NULL)
                break;
            threads.scratch = scratch, threads.scratch_capacity = capacity;
        }
        threads.scratch[depth++] = frame;
    }
    return depth;
}

/* Whether the leaf's callers are at the same instructions as at the last call, as is mostly so. Each must be compared: memory
 * in the frame stack is reused at once, so an equal frame says nothing about its callers. */
static inline bool has_same_callers(const Thread *thread, Frame *frame)
{
    const Seen *seen = thread->last;
    for (; frame; frame = frame_back(frame))
        if (frame_instruction(frame) != (seen--)->at)
            return false;
    return seen == thread->seen;
}

static inline Place place_of(Frame *frame) { return (Place){frame_code(frame), frame_offset(frame)}; }

/* Reads a caller of the leaf. A frame before its first instruction is not in the tree, so nothing keeps its code object
 * alive; a shim's instruction belongs to the interpreter. */
static Seen read_caller_locked(Frame *frame, NodeId parent)
{
    ASSERT_LOCKED();
    if (frame_complete(frame) != frame)
        return (Seen){frame_is_shim(frame) ? frame_instruction(frame) : NULL, parent};
    NodeId node = tree_intern_locked(parent, place_of(frame), ARRAY);
    bool is_kept = tree_node(node)->code == frame_code(frame); /* false if there was no memory for a node */
    return (Seen){is_kept ? frame_instruction(frame) : NULL, node};
}

/* Finds where the stack begins: at the line that waits for the thread, if no frame of its own is the user's. */
static void find_base_locked(Thread *thread, Frame *leaf)
{
    ASSERT_LOCKED();
    bool follows = !waiting_is_main(thread->state) && waiting_concerns_locked(leaf);
    if (follows != thread->follows) /* else they might be taken for those of a stack that need not follow */
        memset(thread->recent, 0, sizeof thread->recent);
    thread->follows = follows;
    NodeId base = follows ? waiting_node_locked() : ROOT;
    if (base != thread->seen[0].node)
        thread->last = thread->seen, thread->seen[0].node = base;
}

/* Reads the callers again, from the first that has moved. */
static NodeId read_callers_locked(Thread *thread, Frame *leaf)
{
    ASSERT_LOCKED();
    find_base_locked(thread, leaf);
    size_t count = read_frames_locked(frame_back(leaf)), same = 0, known = (size_t)(thread->last - thread->seen);
    if (!reserve(thread, count)) {
        thread->last = thread->seen; /* seen[0] matches no frame */
        return thread->parent = ROOT;
    }
    while (same < count && same < known &&
           thread->seen[same + 1].at == frame_instruction(threads.scratch[count - 1 - same]))
        same++;
    NodeId node = thread->seen[same].node;
    for (; same < count; same++) {
        thread->seen[same + 1] = read_caller_locked(threads.scratch[count - 1 - same], node);
        node = thread->seen[same + 1].node;
    }
    thread->last = thread->seen + count;
    return thread->parent = node;
}

static NodeId read_stack_locked(Thread *thread, Frame *leaf)
{
    ASSERT_LOCKED();
    NodeId parent = read_callers_locked(thread, leaf);
    if (frame_complete(leaf) != leaf)
        return parent;
    NodeId node = tree_intern_locked(parent, place_of(leaf), ARRAY);
    const char *at = frame_instruction(leaf);
    if (tree_node(node)->code == frame_code(leaf)) /* else no node keeps the code object alive, for lack of memory */
        thread->recent[recent_of(at)] = (Recent){at, parent, node};
    return node;
}

bool stack_if_known_locked(PyThreadState *state, NodeId *node)
{
    ASSERT_LOCKED();
    const Thread *thread = threads.latest;
    if (__builtin_expect(thread->id != state->id, 0)) /* within one interpreter the id alone identifies a thread */
        return false;
    Frame *leaf = frame_top(state);
    if (__builtin_expect(leaf == NULL, 0))
        return false;
    const char *at = frame_instruction(leaf);
    const Recent *recent = &thread->recent[recent_of(at)];
    *node = recent->node;
    /* A leaf that was complete at an instruction is complete there again. */
    if (recent->at != at || recent->parent != thread->parent || !has_same_callers(thread, frame_back(leaf)))
        return false;
    return __builtin_expect(thread->follows, 0) ? waiting_is_unmoved_locked(thread->seen[0].node) : true;
}

uint16_t stack_thread_number_locked(void)
{
    ASSERT_LOCKED();
    return threads.latest->number;
}

const char *stack_name_thread_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    Thread *thread = threads.latest;
    if (thread->is_named || thread->id != state->id || thread->number == UINT16_MAX)
        return NULL;
    thread->is_named = true;
    PyObject *name = thread_name(state);
    if (name)
        thread->name[text_utf8_part(name, thread->name, MAX_NAME - 1)] = 0;
    else if (waiting_is_main(state))
        strcpy(thread->name, "MainThread"); /* as `threading` calls it */
    return thread->name[0] ? thread->name : NULL;
}

uint32_t stack_thread_count(void) { return threads.count; }

const char *stack_thread_name_locked(uint32_t index, uint16_t *number)
{
    ASSERT_LOCKED();
    *number = threads.known[index]->number;
    return threads.known[index]->name;
}

/* Kept out of the hot path: the thread has other callers, or is at an instruction that was not seen lately. */
__attribute__((noinline)) static NodeId find_stack_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    Thread *thread = threads.latest;
    if (thread->state != state || thread->id != state->id)
        thread = find_thread_locked(state);
    Frame *leaf = frame_top(state);
    return thread && leaf ? read_stack_locked(thread, leaf) : ROOT;
}

NodeId stack_current_locked(PyThreadState *state, uint16_t *number)
{
    ASSERT_LOCKED();
    NodeId node;
    if (__builtin_expect(!stack_if_known_locked(state, &node), 0))
        node = find_stack_locked(state);
    *number = threads.latest->number;
    return node;
}

/* The remembered callers are not changed: they may contain only instructions whose code objects a node keeps alive, and
 * without the GIL no reference can be counted. */
NodeId stack_without_gil_locked(PyThreadState *state, uint16_t *number)
{
    ASSERT_LOCKED();
    Thread *thread = state ? find_thread_locked(state) : NULL;
    *number = thread ? thread->number : NO_THREAD;
    Frame *leaf = state ? frame_top(state) : NULL;
    /* The main thread may move now, so its frames cannot be read. The line that waited for this thread at its last event still
     * does so if the thread is in the same call. */
    bool follows = thread && leaf && thread->follows && has_same_callers(thread, frame_back(leaf));
    NodeId node = follows ? thread->seen[0].node : ROOT;
    for (uint32_t i = leaf ? read_frames_locked(leaf) : 0; i-- > 0;)
        if (frame_complete(threads.scratch[i]) == threads.scratch[i])
            node = tree_intern_locked(node, place_of(threads.scratch[i]), ARRAY);
    return node;
}
