#include "common/compat.h"
#include "tracker/lock.h"
#include "tracker/call_tree/stack.h"
#include "tracker/call_tree/known_threads.h"
#include "tracker/call_tree/waiting.h"

#include <stdlib.h>
#include <string.h>

static struct {
    Frame **frames; /* leaf first */
    uint32_t capacity;
} scratch;

bool stack_open(void)
{
    waiting_open();
    return tree_open();
}

void stack_close(void)
{
    free(scratch.frames);
    memset(&scratch, 0, sizeof scratch);
    threads_forget();
    tree_close(); /* last, see there */
}

void stack_bound_locked(uint32_t stacks)
{
    ASSERT_LOCKED();
    tree_bound_locked(2 * stacks); /* each code object has a node, too */
    threads_bound_locked(stacks > 0);
}

/* Collects the frames in the scratch, leaf first; returns their number. */
static uint32_t read_frames_locked(Frame *frame)
{
    ASSERT_LOCKED();
    uint32_t depth = 0;
    for (; frame; frame = frame_back(frame)) {
        if (depth == scratch.capacity) {
            uint32_t capacity = depth ? 2 * depth : 64;
            Frame **frames = realloc(scratch.frames, capacity * sizeof *frames);
            if (frames == NULL)
                break;
            scratch.frames = frames, scratch.capacity = capacity;
        }
        scratch.frames[depth++] = frame;
    }
    return depth;
}

/* The same frame, by the address that is remembered for it if it is still there, as is mostly so: the processor need not wait
 * until it has read that address from the frame before, and reads the frames of a stack side by side (17 frames of a worker
 * of Dask, Python 3.15: 40 % less time). Read as volatile, for the compiler would use the address that it has. */
static inline Frame *find_again(Frame *frame, const Seen *seen)
{
    return __builtin_expect(frame == seen->frame, 1) ? *(Frame *const volatile *)&seen->frame : frame;
}

/* Whether the leaf's callers are at the same instructions as at the last call, as is mostly so. Each must be compared: memory
 * in the frame stack is reused at once, so an equal frame says nothing about its callers. */
static inline bool has_same_callers(const Thread *thread, Frame *frame)
{
    const Seen *seen = thread->last;
    for (; frame; frame = frame_back(frame), seen--) {
        frame = find_again(frame, seen);
        if (frame_instruction(frame) != seen->at)
            return false;
    }
    return seen == thread->seen;
}

static inline Place place_of(Frame *frame) { return (Place){frame_code(frame), frame_offset(frame)}; }

/* Reads a caller of the leaf. A frame before its first instruction is not in the tree, so nothing keeps its code object
 * alive; a shim's instruction belongs to the interpreter. */
static Seen read_caller_locked(Frame *frame, NodeId parent)
{
    ASSERT_LOCKED();
    if (frame_complete(frame) != frame)
        return (Seen){frame_is_shim(frame) ? frame_instruction(frame) : NULL, frame, parent};
    NodeId node = tree_intern_locked(parent, place_of(frame), ARRAY);
    bool is_kept = tree_node(node)->code == frame_code(frame); /* false if there was no memory for a node */
    return (Seen){is_kept ? frame_instruction(frame) : NULL, frame, node};
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
    if (!thread_reserve(thread, count)) {
        thread->last = thread->seen; /* seen[0] matches no frame */
        return thread->parent = ROOT;
    }
    while (same < count && same < known &&
           thread->seen[same + 1].at == frame_instruction(scratch.frames[count - 1 - same]))
        same++;
    NodeId node = thread->seen[same].node;
    for (; same < count; same++) {
        thread->seen[same + 1] = read_caller_locked(scratch.frames[count - 1 - same], node);
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
    const Thread *thread = latest_thread;
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

/* Kept out of the hot path: the thread has other callers, or is at an instruction that was not seen lately. */
__attribute__((noinline)) static NodeId find_stack_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    Thread *thread = latest_thread;
    if (thread->state != state || thread->id != state->id)
        thread = thread_find_locked(state);
    Frame *leaf = frame_top(state);
    return thread && leaf ? read_stack_locked(thread, leaf) : ROOT;
}

NodeId stack_current_locked(PyThreadState *state, uint16_t *number)
{
    ASSERT_LOCKED();
    NodeId node;
    if (__builtin_expect(!stack_if_known_locked(state, &node), 0))
        node = find_stack_locked(state);
    *number = latest_thread->number;
    return node;
}

/* The remembered callers are not changed: they may contain only instructions whose code objects a node keeps alive, and
 * without the GIL no reference can be counted. */
NodeId stack_without_gil_locked(PyThreadState *state, uint16_t *number)
{
    ASSERT_LOCKED();
    Thread *thread = state ? thread_find_locked(state) : NULL;
    *number = thread ? thread->number : NO_THREAD;
    Frame *leaf = state ? frame_top(state) : NULL;
    /* The main thread may move now, so its frames cannot be read. The line that waited for this thread at its last event still
     * does so if the thread is in the same call. */
    bool follows = thread && leaf && thread->follows && has_same_callers(thread, frame_back(leaf));
    NodeId node = follows ? thread->seen[0].node : ROOT;
    for (uint32_t i = leaf ? read_frames_locked(leaf) : 0; i-- > 0;)
        if (frame_complete(scratch.frames[i]) == scratch.frames[i])
            node = tree_intern_locked(node, place_of(scratch.frames[i]), ARRAY);
    return node;
}
