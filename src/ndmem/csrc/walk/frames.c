/* A frame's own variables: not its caller, and not the module's globals.
 *
 * A frame that a thread runs is read where it lies, and only its variables: the thread's other references to it are in
 * motion. `f_locals` would leave a dict behind that keeps them alive, and a traversal relies on a stack pointer that is
 * stale. It stands still only as long as the GIL is kept, so no function here runs Python code. */
#include "walk/frames.h"
#include "walk/graph.h"

typedef struct {
    Graph *graph;
    PyObject *globals, *builtins; /* borrowed; only compared with */
} FrameVisit;

static int
visit_local(PyObject *object, void *arg)
{
    FrameVisit *visit = arg;
    if (object == visit->globals || object == visit->builtins || PyFrame_Check(object)) {
        return 0;
    }
    return take_visit(object, visit->graph);
}

bool
frame_runs(const Frame *wanted, Frame **inner)
{
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; thread != NULL; thread = PyThreadState_Next(thread)) {
        *inner = NULL;
        for (Frame *frame = frame_top(thread); frame != NULL; frame = frame_back(frame)) {
            if (frame == wanted) {
                return true;
            }
            *inner = frame;
        }
    }
    return false;
}

/* The variables of a frame that a thread runs; `inner` is the frame that this one called. */
static int
take_running(Frame *frame, Frame *inner, FrameVisit *visit)
{
    PyObject *mapping = frame_mapping(frame);
    int status = mapping == NULL ? 0 : visit_local(mapping, visit);
    Py_ssize_t count = frame_local_count(frame, inner);
    for (Py_ssize_t i = 0; status == 0 && i < count; i++) {
        PyObject *local = frame_local(frame, i);
        status = local == NULL ? 0 : visit_local(local, visit);
        if (status == 0 && local != NULL && frame_slot_borrows(frame, i)) {
            status = take_credit(visit->graph, local);
        }
    }
    return status;
}

int
take_frame(Graph *graph, PyObject *object)
{
    Frame *frame = ((PyFrameObject *)object)->f_frame;
    FrameVisit visit = {graph, frame->f_globals, frame->f_builtins};
    int status = Py_TYPE(object)->tp_traverse(object, visit_local, &visit);
    if (status != 0 || frame->owner == FRAME_OWNED_BY_FRAME_OBJECT || _PyFrame_IsIncomplete(frame)) {
        return status;
    }
    Frame *inner;
    if (frame_runs(frame, &inner)) {
        return take_running(frame, inner, &visit);
    }
    if (frame->owner != FRAME_OWNED_BY_GENERATOR) {
        return 0;
    }
    /* The generator has a suspended frame's variables. The frame keeps it without a reference that is counted. */
    PyObject *generator = frame_generator(frame);
    return take(graph, generator) < 0 ? -1 : take_credit(graph, generator);
}

/* A generator, a coroutine, an asynchronous generator. */
int
take_generator(Graph *graph, PyObject *generator)
{
    Frame *frame = generator_frame(generator);
    Frame *inner;
    if (generator_runs(generator)) {
        FrameVisit visit = {graph, frame->f_globals, frame->f_builtins};
        return frame_runs(frame, &inner) ? take_running(frame, inner, &visit) : 0;
    }
    int status = Py_TYPE(generator)->tp_traverse(generator, take_visit, graph);
    Py_ssize_t count = generator_is_finished(generator) ? 0 : frame_slot_count(frame);
    for (Py_ssize_t i = 0; status == 0 && i < count; i++) {
        status = frame_slot_borrows(frame, i) ? take_credit(graph, frame_local(frame, i)) : 0;
    }
    return status;
}
