#include "compat.h"
#include "lock.h"
#include "stack.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    PyCodeObject *code;
    int32_t offset;
} Place;

/* The node of an instruction under a caller: a loop comes back to a few places all the time, and to look one up in the
 * tree takes two more lines of a cache that the program fills with its arrays. */
typedef struct {
    PyCodeObject *code; /* kept alive by the node; NULL is empty */
    int32_t offset;
    NodeId parent, node;
} Recent;

enum { RECENT = 8 };

typedef struct {
    PyCodeObject *code;
    int32_t offset;
    NodeId node;
} Seen;

/* The last stack seen in a thread, root first. */
typedef struct {
    PyThreadState *state;
    uint64_t id; /* a dead thread's address is used again, its id is not */
    uint16_t number;
    uint32_t depth, capacity;
    NodeId parent; /* of the leaf */
    Seen *seen;
    Recent recent[RECENT]; /* leaves, by the offset of their instruction */
} Thread;

static struct {
    Node *nodes;
    uint32_t count, capacity;
    NodeId *slots; /* open addressing over (parent, code, offset); 0 is empty, for nobody looks the root up */
    uint32_t mask;
    Thread **threads, *latest; /* most recently used first, which is the latest */
    uint32_t thread_count;
    uint16_t next_number;
    bool full;
    Place *scratch; /* leaf first */
    uint32_t scratch_capacity;
} tree;

static inline uint32_t hash_place(NodeId parent, const PyCodeObject *code, int32_t offset, uint8_t domain)
{
    uint64_t h = ((uint64_t)(uintptr_t)code >> 4) ^ ((uint64_t)parent << 32) ^ ((uint64_t)(uint32_t)offset << 20) ^ domain;
    return (uint32_t)((h * 0x9E3779B97F4A7C15u) >> 32);
}

bool stack_open(void)
{
    memset(&tree, 0, sizeof tree);
    tree.capacity = 1024;
    tree.mask = 4 * tree.capacity - 1;
    tree.nodes = malloc(tree.capacity * sizeof *tree.nodes);
    tree.slots = calloc(tree.mask + 1, sizeof *tree.slots);
    if (tree.nodes == NULL || tree.slots == NULL) {
        stack_close();
        return false;
    }
    tree.nodes[ROOT] = tree.nodes[NATIVE_ROOT] = (Node){.offset = -1};
    tree.nodes[NATIVE_ROOT].domain = NATIVE;
    tree.count = 2;
    tree.slots[hash_place(ROOT, NULL, -1, NATIVE) & tree.mask] = NATIVE_ROOT;
    return true;
}

void stack_close(void)
{
    Node *nodes = tree.nodes;
    uint32_t count = tree.count;
    free(tree.slots);
    free(tree.scratch);
    for (uint32_t i = 0; i < tree.thread_count; i++) {
        free(tree.threads[i]->seen);
        free(tree.threads[i]);
    }
    free(tree.threads);
    memset(&tree, 0, sizeof tree);
    /* Last, for the death of a code object may come back here through a weak reference's callback. */
    for (uint32_t i = 1; i < count; i++)
        if (nodes[i].signature == 0)
            Py_XDECREF(nodes[i].code);
    free(nodes);
}

bool stack_is_full(void) { return tree.full; }

uint32_t stack_count(void) { return tree.count; }

const Node *stack_node(NodeId node) { return &tree.nodes[node]; }

static bool grow(void)
{
    uint32_t capacity = 2 * tree.capacity, mask = 4 * capacity - 1;
    NodeId *slots = calloc(mask + 1, sizeof *slots);
    Node *nodes = slots ? realloc(tree.nodes, capacity * sizeof *nodes) : NULL;
    if (nodes == NULL) {
        free(slots);
        return false;
    }
    for (NodeId node = 1; node < tree.count; node++) {
        uint32_t i = hash_place(nodes[node].parent, nodes[node].code, nodes[node].offset, nodes[node].domain) & mask;
        while (slots[i])
            i = (i + 1) & mask;
        slots[i] = node;
    }
    free(tree.slots);
    tree.nodes = nodes, tree.capacity = capacity, tree.slots = slots, tree.mask = mask;
    return true;
}

/* --- Nodes ------------------------------------------------------------------------------------------------
 *
 * A node keeps its code object alive, so that the address stays this place's name. Without the GIL no reference can
 * be counted: the node then only borrows the code object, and knows it by what cannot change in it. It is right to
 * read it while a frame of the thread holds it; later another one may lie at its address, which the signature tells.
 * The next thread that comes here with the GIL makes the reference good. */

static uint32_t sign(const PyCodeObject *code)
{
    uint64_t h = (uint64_t)(uintptr_t)code->co_filename * 31 ^ (uint64_t)(uintptr_t)code->co_name * 17 ^
                 (uint64_t)(uintptr_t)code->co_consts * 7 ^ (uint64_t)code->co_firstlineno;
    return (uint32_t)((h * 0x9E3779B97F4A7C15u) >> 32) | 1;
}

static bool is_same_code(Node *node, PyCodeObject *code)
{
    if (node->signature == 0)
        return true;
    if (node->signature != sign(code))
        return false;
    if (lock_has_gil()) {
        Py_INCREF(code);
        node->signature = 0;
    }
    return true;
}

/* The node of a frame called from `parent`; `parent` itself without memory for a new one. */
static NodeId intern(NodeId parent, Place place, uint8_t domain)
{
    uint32_t hash = hash_place(parent, place.code, place.offset, domain), i = hash & tree.mask;
    for (; tree.slots[i]; i = (i + 1) & tree.mask) {
        Node *node = &tree.nodes[tree.slots[i]];
        if (node->code == place.code && node->offset == place.offset && node->parent == parent &&
            node->domain == domain && is_same_code(node, place.code))
            return tree.slots[i];
    }
    if (tree.count == tree.capacity) {
        if (tree.count >= MAX_NODES || !grow()) {
            tree.full = true;
            return parent;
        }
        for (i = hash & tree.mask; tree.slots[i]; i = (i + 1) & tree.mask)
            ;
    }
    Node node = {.code = place.code, .parent = parent, .offset = place.offset, .domain = domain};
    if (lock_has_gil())
        Py_XINCREF(place.code);
    else
        node.signature = place.code ? sign(place.code) : 0;
    tree.nodes[tree.count] = node;
    tree.slots[i] = tree.count;
    return tree.count++;
}

/* A code object's number is a node of its own: called by nobody, at no instruction. */
NodeId stack_code(PyCodeObject *code) { return code ? intern(ROOT, (Place){code, INT32_MIN}, ARRAY) : ROOT; }

NodeId stack_native_leaf(NodeId leaf)
{
    Node node = tree.nodes[leaf];
    NodeId native = intern(node.parent, (Place){node.code, node.offset}, NATIVE);
    return tree.nodes[native].domain == NATIVE ? native : NATIVE_ROOT;
}

/* --- Threads and their frames ------------------------------------------------------------------------------ */

static Thread *add_thread(PyThreadState *state)
{
    Thread *thread = calloc(1, sizeof *thread);
    Thread **threads = thread ? realloc(tree.threads, (tree.thread_count + 1) * sizeof *threads) : NULL;
    if (threads == NULL) {
        free(thread);
        return NULL;
    }
    thread->state = state, thread->id = state->id;
    thread->number = tree.next_number;
    if (tree.next_number < UINT16_MAX) /* later threads share the last number */
        tree.next_number++;
    tree.threads = threads;
    tree.threads[tree.thread_count++] = thread;
    return thread;
}

static Thread *find_thread(PyThreadState *state)
{
    for (uint32_t i = 0; i < tree.thread_count; i++) {
        Thread *thread = tree.threads[i];
        if (thread->state != state)
            continue;
        if (thread->id != state->id) { /* a new thread where a dead one was */
            thread->id = state->id;
            thread->depth = 0;
            thread->number = tree.next_number;
            if (tree.next_number < UINT16_MAX)
                tree.next_number++;
        }
        tree.threads[i] = tree.threads[0];
        return tree.latest = tree.threads[0] = thread;
    }
    return add_thread(state);
}

/* Reads the frames into the scratch, leaf first; returns their number. */
static uint32_t read_frames(Frame *frame)
{
    uint32_t depth = 0;
    for (; frame; frame = frame_complete(frame_back(frame))) {
        if (depth == tree.scratch_capacity) {
            uint32_t capacity = depth ? 2 * depth : 64;
            Place *scratch = realloc(tree.scratch, capacity * sizeof *scratch);
            if (scratch == NULL)
                break;
            tree.scratch = scratch, tree.scratch_capacity = capacity;
        }
        tree.scratch[depth++] = (Place){frame_code(frame), frame_offset(frame)};
    }
    return depth;
}

static bool reserve(Thread *thread, uint32_t depth)
{
    if (depth <= thread->capacity)
        return true;
    uint32_t capacity = 2 * depth + 16;
    Seen *seen = realloc(thread->seen, capacity * sizeof *seen);
    if (seen == NULL)
        return false;
    thread->seen = seen, thread->capacity = capacity;
    return true;
}

/* Whether the frames below the leaf are where they were at the last call, as they mostly are. Every one must be
 * compared: a place in the frame stack is used again at once, so an equal frame says nothing of its callers. */
static inline bool has_same_callers(const Thread *thread, Frame *frame)
{
    const Seen *seen = &thread->seen[thread->depth - 1];
    for (; frame && seen > thread->seen; frame = frame_back(frame)) {
        if (frame_is_at(frame, seen[-1].code, seen[-1].offset))
            seen--;
        else if (frame_complete(frame) == frame)
            return false;
    }
    return seen == thread->seen && frame_complete(frame) == NULL;
}

/* Kept out of the hot path: it runs when a thread has gone to other callers. */
__attribute__((noinline)) static NodeId read_stack(Thread *thread, Frame *leaf)
{
    uint32_t depth = read_frames(leaf), same = 0;
    if (!reserve(thread, depth))
        return ROOT;
    while (same < depth && same < thread->depth && tree.scratch[depth - 1 - same].code == thread->seen[same].code &&
           tree.scratch[depth - 1 - same].offset == thread->seen[same].offset)
        same++;
    NodeId node = same ? thread->seen[same - 1].node : ROOT;
    for (uint32_t i = same; i < depth; i++) {
        Place place = tree.scratch[depth - 1 - i];
        node = intern(node, place, ARRAY);
        thread->seen[i] = (Seen){place.code, place.offset, node};
    }
    thread->depth = depth;
    thread->parent = depth > 1 ? thread->seen[depth - 2].node : ROOT;
    return node;
}

/* The same callers, and a place that was not seen lately. */
__attribute__((noinline)) static NodeId add_recent(Recent *recent, Place place, NodeId parent)
{
    NodeId node = intern(parent, place, ARRAY);
    if (node != parent) /* else there is no memory for one that keeps the code object alive */
        *recent = (Recent){place.code, place.offset, parent, node};
    return node;
}

NodeId stack_current(PyThreadState *state, uint16_t *number)
{
    Thread *thread = tree.latest;
    if (__builtin_expect(thread == NULL || thread->state != state || thread->id != state->id, 0)) {
        thread = find_thread(state);
        if (thread == NULL)
            return *number = 0, ROOT;
    }
    *number = thread->number;

    Frame *leaf = frame_top(state);
    if (leaf == NULL || thread->depth == 0 || !has_same_callers(thread, frame_back(leaf)))
        return read_stack(thread, frame_complete(leaf));
    Place place = {frame_code(leaf), frame_offset(leaf)};
    Recent *recent = &thread->recent[(uint32_t)place.offset / sizeof(_Py_CODEUNIT) % RECENT];
    if (recent->code == place.code && recent->offset == place.offset && recent->parent == thread->parent)
        return recent->node; /* it was complete there once, so it is */
    if (leaf != frame_complete(leaf))
        return read_stack(thread, frame_complete(leaf));
    return add_recent(recent, place, thread->parent);
}

/* The thread's last stack stays as it is: its places must be such that a node keeps alive. */
NodeId stack_without_gil(PyThreadState *state, uint16_t *number)
{
    Thread *thread = state ? find_thread(state) : NULL;
    *number = thread ? thread->number : UINT16_MAX;
    NodeId node = ROOT;
    for (uint32_t i = state ? read_frames(frame_complete(frame_top(state))) : 0; i-- > 0;)
        node = intern(node, tree.scratch[i], ARRAY);
    return node;
}
