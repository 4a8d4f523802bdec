#include "tracker/call_tree/waiting.h"
#include "tracker/call_tree/known_threads.h"
#include "tracker/code_owner.h"
#include "tracker/lock.h"

#include <stdlib.h>

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

static bool is_waiting(Frame *frame) { return code_waits(frame_code(frame)->co_filename); }

bool waiting_concerns_locked(Frame *leaf)
{
    ASSERT_LOCKED();
    if (!code_owners_are_known() || mainly.thread == NULL)
        return false;
    for (Frame *frame = frame_complete(leaf); frame; frame = frame_complete(frame_back(frame)))
        if (code_owner(frame_code(frame)->co_filename) == USER)
            return false;
    return true;
}

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
