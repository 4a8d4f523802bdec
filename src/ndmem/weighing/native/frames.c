/* A frame's own locals: not its caller, and not the module's globals. */
#include "../../native/compat.h"
#include "graph.h"

typedef struct {
    Graph *graph;
    PyObject *globals, *builtins;
} FrameVisit;

static int
visit_local(PyObject *object, void *arg)
{
    FrameVisit *frame = arg;
    if (object == frame->globals || object == frame->builtins || PyFrame_Check(object)) {
        return 0;
    }
    return graph_visit(object, frame->graph);
}

#if PY_VERSION_HEX >= 0x030B0000
/* Whether a thread has the frame on its stack; `*inner` becomes the one that it called. */
static int
is_running(const Frame *wanted, Frame **inner)
{
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; thread != NULL; thread = PyThreadState_Next(thread)) {
        *inner = NULL;
        for (Frame *frame = frame_top(thread); frame != NULL; frame = frame_back(frame)) {
            if (frame == wanted) {
                return 1;
            }
            *inner = frame;
        }
    }
    return 0;
}

/* The generator that has a suspended frame's variables. The frame keeps them without a reference that is counted. */
static int
open_suspended(PyObject *generator, Graph *graph)
{
    int64_t index = graph_meet(graph, generator);
    if (index < 0) {
        return index == -1 ? 0 : -1;
    }
    graph->nodes[index].refs++;
    return graph_edge(graph, graph->source, (uint32_t)index | graph->edge_flag);
}

/* The variables of a frame that is on a stack, which its traversal leaves out. They are read where they lie: `f_locals`
 * would leave a dict behind that keeps them alive. */
static int
open_running(PyObject *object, FrameVisit *visit)
{
    Frame *inner, *frame = ((PyFrameObject *)object)->f_frame;
    if (frame->owner == FRAME_OWNED_BY_FRAME_OBJECT || _PyFrame_IsIncomplete(frame)) {
        return 0;
    }
    if (!is_running(frame, &inner)) {
        int suspended = frame->owner == FRAME_OWNED_BY_GENERATOR;
        return suspended ? open_suspended((PyObject *)_PyFrame_GetGenerator(frame), visit->graph) : 0;
    }
    PyObject *mapping = frame_mapping(frame);
    int status = mapping == NULL ? 0 : visit_local(mapping, visit);
    Py_ssize_t count;
    frame_locals(frame, inner, &count);
    for (Py_ssize_t i = 0; status == 0 && i < count; i++) {
        PyObject *local = frame->localsplus[i]; /* asked anew: a rule is Python code */
        status = local == NULL ? 0 : visit_local(local, visit);
    }
    return status;
}
#else
#define open_running(object, visit) 0 /* its traversal has them */
#endif

int
open_frame(Graph *graph, PyObject *object)
{
    FrameVisit visit = {.graph = graph};
    visit.globals = PyObject_GetAttrString(object, "f_globals");
    visit.builtins = PyObject_GetAttrString(object, "f_builtins");
    if (visit.globals == NULL || visit.builtins == NULL) {
        PyErr_Clear();
    }
    int status = Py_TYPE(object)->tp_traverse(object, visit_local, &visit);
    status = status == 0 ? open_running(object, &visit) : status;
    Py_XDECREF(visit.globals);
    Py_XDECREF(visit.builtins);
    return status;
}
