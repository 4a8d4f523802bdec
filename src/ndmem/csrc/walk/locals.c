/* The variables of functions by name, of every thread, without a trace left in the program: no frame object is created,
 * and no dict that `f_locals` would leave in one.
 *
 * All that is on the stacks is taken before the first Python object is made: making one may run the collector, and
 * finalizers give other threads a turn, in which their frames end. */
#include "walk/frames.h"
#include "walk/graph.h"

typedef struct {
    PyObject *globals, *name; /* owned references */
    uint32_t end;             /* of its variables */
} Call;

typedef struct {
    PyObject *name, *value; /* owned references */
} Variable;

typedef struct {
    Call *calls;
    Variable *variables;
    uint32_t n_calls, n_variables, room_calls, room_variables;
} Taken_frames;

/* What a variable is bound to, past the cell that closures share; NULL if it is unbound. Borrowed. */
static PyObject *
value_of(Frame *frame, Py_ssize_t i)
{
    PyObject *value = frame_local(frame, i);
    int is_cell = value != NULL && PyCell_Check(value) && code_local_is_shared(frame_code(frame), i);
    return is_cell ? PyCell_GET(value) : value;
}

/* Take a function's variables. Runs no Python code. */
static int
take_call(Taken_frames *taken, Frame *frame, Py_ssize_t count)
{
    PyCodeObject *code = frame_code(frame);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *value = value_of(frame, i);
        if (value == NULL) {
            continue;
        }
        Variable *variables =
            graph_grow(taken->variables, taken->n_variables, &taken->room_variables, sizeof(Variable));
        if (variables == NULL) {
            return -1;
        }
        taken->variables = variables;
        variables[taken->n_variables++] = (Variable){Py_NewRef(code_local_name(code, i)), Py_NewRef(value)};
    }
    Call *calls = graph_grow(taken->calls, taken->n_calls, &taken->room_calls, sizeof(Call));
    if (calls == NULL) {
        return -1;
    }
    taken->calls = calls;
    calls[taken->n_calls++] =
        (Call){Py_NewRef(frame_globals(frame)), Py_NewRef(code->co_name), taken->n_variables};
    return 0;
}

/* The functions that threads run; not modules and class bodies, whose variables are in a dict. Runs no Python code. */
static int
take_stacks(Taken_frames *taken)
{
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; thread != NULL; thread = PyThreadState_Next(thread)) {
        Frame *inner = NULL;
        for (Frame *frame = frame_top(thread); frame != NULL; inner = frame, frame = frame_back(frame)) {
            if (_PyFrame_IsIncomplete(frame) || !(frame_code(frame)->co_flags & CO_OPTIMIZED)) {
                continue;
            }
            if (take_call(taken, frame, frame_local_count(frame, inner)) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static PyObject *
as_dict(const Variable *variables, uint32_t n)
{
    PyObject *answer = PyDict_New();
    for (uint32_t i = 0; answer != NULL && i < n; i++) {
        if (PyDict_SetItem(answer, variables[i].name, variables[i].value) < 0) {
            Py_CLEAR(answer);
        }
    }
    return answer;
}

static PyObject *
as_list(const Taken_frames *taken)
{
    PyObject *answer = PyList_New(taken->n_calls);
    uint32_t start = 0;
    for (uint32_t i = 0; answer != NULL && i < taken->n_calls; i++) {
        const Call *call = &taken->calls[i];
        PyObject *variables = as_dict(taken->variables + start, call->end - start);
        PyObject *item = variables ? Py_BuildValue("OON", call->globals, call->name, variables) : NULL;
        start = call->end;
        if (item == NULL) {
            Py_CLEAR(answer);
        } else {
            PyList_SET_ITEM(answer, i, item);
        }
    }
    return answer;
}

/* May run Python code: the references that were taken may be the last ones of their objects. */
static void
release(Taken_frames *taken)
{
    for (uint32_t i = 0; i < taken->n_variables; i++) {
        Py_DECREF(taken->variables[i].name);
        Py_DECREF(taken->variables[i].value);
    }
    for (uint32_t i = 0; i < taken->n_calls; i++) {
        Py_DECREF(taken->calls[i].globals);
        Py_DECREF(taken->calls[i].name);
    }
    PyMem_RawFree(taken->variables);
    PyMem_RawFree(taken->calls);
}

/* (globals, name, variables) of each function that runs, innermost first, thread by thread. May run Python code. */
PyObject *
stacks(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    Taken_frames taken = {0};
    PyObject *answer = take_stacks(&taken) < 0 ? NULL : as_list(&taken);
    release(&taken);
    return answer;
}

/* The variables of a function that has ended or is suspended; None if it runs, or is not a function. May run Python code. */
PyObject *
frame_variables(PyObject *Py_UNUSED(module), PyObject *object)
{
    if (!PyFrame_Check(object)) {
        return PyErr_Format(PyExc_TypeError, "a frame is needed");
    }
    Frame *frame = ((PyFrameObject *)object)->f_frame;
    Frame *inner;
    int suspended = frame->owner == FRAME_OWNED_BY_GENERATOR && !generator_runs(frame_generator(frame));
    if (!(suspended || frame->owner == FRAME_OWNED_BY_FRAME_OBJECT) || frame_runs(frame, &inner)
        || !(frame_code(frame)->co_flags & CO_OPTIMIZED)) {
        Py_RETURN_NONE;
    }
    Py_ssize_t most = frame_code(frame)->co_nlocalsplus, count = frame_slot_count(frame);
    Taken_frames taken = {0};
    int failed = take_call(&taken, frame, count < most ? count : most) < 0;
    PyObject *answer = failed ? NULL : as_dict(taken.variables, taken.n_variables);
    release(&taken);
    return answer;
}
