#include "common/compat.h"
#include "tracker/holders/holders.h"
#include "tracker/holders/holders_journal.h"
#include "tracker/holders/other_threads.h"
#include "tracker/code_owner.h"
#include "tracker/holders/reach.h"
#include "tracker/holders/spelled_path.h"
#include "tracker/holders/stack_arrays.h"
#include "tracker/holders/user_modules.h"

/* Items of a container, modules, and frames that are searched at most: in hooks the program waits. */
enum { MAX_ITEMS = 256, MAX_MODULES = 64, MAX_FRAMES = 512, INNERMOST = 4 };

typedef struct {
    Search search;
    uint32_t steps;             /* of the walk through objects, at most */
    const Spellings *spellings; /* NULL in a hook */
    bool is_at_rest;   /* not in a hook: all modules are searched */
    uint32_t modules;  /* that may be looked at for the user's, which are to be searched; 0 for none */
    Walk walk;
    bool is_cut;       /* objects were left out, for lack of steps */
    bool is_rooted;    /* the walk through objects begins at what is seen now, too */
    Spellings *wanted; /* where dtypes are only collected */
    PyObject *seen[MAX_MODULES]; /* globals walked already */
    unsigned seen_count;
} Scan;

static PyObject *dunder_name; /* interned "__name__" */
static PyObject *user_names[MAX_USER_MODULES]; /* of modules; guarded by the GIL */

static bool sight_array(void *context, PyArrayObject *array, Variable variable)
{
    Scan *scan = context;
    if (scan->wanted)
        spellings_want(scan->wanted, array);
    else
        holders_note(&scan->search, array, variable, spellings_find(scan->spellings, array));
    return scan->wanted || holders_are_left(&scan->search);
}

static void sight_item(Scan *scan, PyObject *container, Edge edge, PyObject *value, Variable variable)
{
    char room[MAX_PATH];
    SpelledPath path = {.room = room};
    if (value == NULL || !PyArray_Check(value))
        return;
    path_add(&path, edge, container);
    variable.item = room, variable.item_nbytes = path.nbytes;
    sight_array(scan, (PyArrayObject *)value, variable);
}

static void sight_items(Scan *scan, PyObject *container, Variable variable)
{
    if (PyDict_CheckExact(container)) {
        Py_ssize_t position = 0;
        PyObject *key, *value;
        for (int i = 0; i < MAX_ITEMS && PyDict_Next(container, &position, &key, &value); i++)
            sight_item(scan, container, (Edge){.kind = KEY, .key = key}, value, variable);
        return;
    }
    Py_ssize_t size = PyList_CheckExact(container) ? PyList_GET_SIZE(container) : PyTuple_GET_SIZE(container);
    for (Py_ssize_t i = 0; i < size && i < MAX_ITEMS; i++) {
        PyObject *value = PyList_CheckExact(container) ? PyList_GET_ITEM(container, i) : PyTuple_GET_ITEM(container, i);
        sight_item(scan, container, (Edge){.kind = INDEX, .index = i}, value, variable);
    }
}

static void sight_value(Scan *scan, PyObject *value, PyObject *name, PyObject *function)
{
    Variable variable = {.function = function, .name = name, .item = ""};
    if (PyArray_Check(value))
        sight_array(scan, (PyArrayObject *)value, variable);
    else if (PyList_CheckExact(value) || PyTuple_CheckExact(value) || PyDict_CheckExact(value))
        sight_items(scan, value, variable);
    if (scan->is_rooted)
        reach_root(value, variable);
}

static void sight_mapping(Scan *scan, PyObject *names)
{
    if (names == NULL || !PyDict_CheckExact(names))
        return;
    for (unsigned i = 0; i < scan->seen_count; i++)
        if (scan->seen[i] == names)
            return;
    if (scan->seen_count < MAX_MODULES)
        scan->seen[scan->seen_count++] = names;
    Py_ssize_t position = 0;
    PyObject *key, *value, *module = NULL;
    while (PyDict_Next(names, &position, &key, &value)) {
        if (key == dunder_name) /* a module's first names are its dunders */
            module = value;
        else if (PyUnicode_Check(key))
            sight_value(scan, value, key, module);
    }
}

/* In hooks without what libraries' globals lead to: some hundred of them took as long as the rest of a search. */
static void sight_globals(Scan *scan, PyObject *names, bool is_user)
{
    bool is_rooted = scan->is_rooted;
    scan->is_rooted = is_rooted && is_user;
    sight_mapping(scan, names);
    scan->is_rooted = is_rooted;
}

static void sight_frame(Scan *scan, Frame *frame, Frame *inner)
{
    PyCodeObject *code = frame_code(frame);
    for (Py_ssize_t i = 0, count = frame_local_count(frame, inner); i < count; i++) {
        PyObject *value = frame_local(frame, i);
        if (value && PyCell_Check(value))
            value = PyCell_GET(value);
        if (value)
            sight_value(scan, value, code_local_name(code, i), code->co_name);
    }
}

/* Outermost frames first, for a caller's name says more than a parameter; their modules' globals after. Of a deep recursion
 * the innermost frames are enough. */
static void sight_thread(Scan *scan, PyThreadState *thread, CodeOwner owner)
{
    static Frame *frames[MAX_FRAMES]; /* guarded by the GIL, as the owners are */
    static CodeOwner owners[MAX_FRAMES];
    int depth = 0;
    Frame *frame = frame_complete(frame_top(thread));
    for (; frame && depth < MAX_FRAMES; frame = frame_complete(frame_back(frame))) {
        owners[depth] = code_owner(frame_code(frame)->co_filename);
        frames[depth++] = frame;
    }
    for (int i = depth; i-- > 0;) {
        if (owners[i] != owner)
            continue;
        sight_mapping(scan, frame_mapping(frames[i])); /* a module's variables are its globals */
        sight_frame(scan, frames[i], i ? frames[i - 1] : NULL);
    }
    for (int i = depth; i-- > 0 && (owner == USER || scan->is_at_rest);)
        if (owners[i] == owner)
            sight_globals(scan, frame_globals(frames[i]), owner == USER);
}

static void sight_modules_in_hook(Scan *scan)
{
    for (unsigned i = 0, count = user_modules_find(user_names, scan->modules); i < count; i++)
        sight_globals(scan, user_names[i], true);
}

static void sight_modules(Scan *scan, CodeOwner owner)
{
    PyObject *modules = PyImport_GetModuleDict(), *name, *module;
    Py_ssize_t position = 0;
    if (modules == NULL || !PyDict_CheckExact(modules))
        return;
    while (PyDict_Next(modules, &position, &name, &module)) {
        PyObject *names = module_names(module);
        if (module_owner(names) == owner)
            sight_globals(scan, names, owner == USER);
    }
}

/* After the variables: what has a name keeps it. */
static void sight_found(Scan *scan, PyObject *found)
{
    for (Py_ssize_t i = 0, count = found ? PyTuple_GET_SIZE(found) : 0; i < count; i++) {
        PyObject *each = PyTuple_GET_ITEM(found, i), *array = PyTuple_GET_ITEM(each, 0);
        Variable variable = {.function = PyTuple_GET_ITEM(each, 2), .name = PyTuple_GET_ITEM(each, 1), .item = ""};
        if (!PyArray_Check(array))
            continue;
        if (scan->wanted)
            spellings_want(scan->wanted, (PyArrayObject *)array);
        else
            holders_note_at(&scan->search, (PyArrayObject *)array, PyLong_AsVoidPtr(PyTuple_GET_ITEM(each, 3)), variable,
                            spellings_find(scan->spellings, (PyArrayObject *)array));
    }
}

int holders_open(void)
{
    holders_forget();
    stack_arrays_open();
    if (dunder_name == NULL)
        dunder_name = PyUnicode_InternFromString("__name__");
    if (dunder_name == NULL || code_owner_open())
        return -1;
    user_modules_find(user_names, UINT32_MAX); /* so that no hook looks at the modules that were imported before */
    return 0;
}

static void sight_stack(PyThreadState *thread, int most)
{
    Frame *frame = frame_complete(frame_top(thread));
    for (int depth = 0; frame && depth < most && stack_arrays_are_left(); depth++)
        stack_arrays_note_frame(frame), frame = frame_complete(frame_back(frame));
}

static void sight_threads(Scan *scan, CodeOwner owner)
{
    PyThreadState *current = thread_state();
    sight_thread(scan, current, owner);
    FOR_OTHER_THREADS(thread, current)
        sight_thread(scan, thread, owner);
}

/* After the variables: what has a name has a shape. Operands are on the stacks of the innermost frames, which have few words. */
static void sight_stacks(Scan *scan, uintptr_t place, uint32_t words)
{
    PyThreadState *current = thread_state();
    stack_arrays_begin(&scan->search, words);
    stack_arrays_note_own(current, place);
    sight_stack(current, MAX_FRAMES);
    stack_arrays_widen();
    sight_stack(current, INNERMOST);
    stack_arrays_note_own(current, place);
    sight_stack(current, MAX_FRAMES);
    FOR_OTHER_THREADS(thread, current)
        sight_stack(thread, MAX_FRAMES);
    stack_arrays_end();
}

static bool are_wanted(Scan *scan) { return scan->wanted || holders_are_wanted(&scan->search); }

/* What the objects hold that were found so far, if arrays worth it have no name. */
static void sight_objects(Scan *scan, Extent extent)
{
    bool is_wanted = are_wanted(scan);
    scan->is_cut |= is_wanted && scan->steps == 0;
    if (!is_wanted || scan->steps == 0)
        return;
    Extent now = scan->search.now;
    scan->search.now = extent;
    int64_t nameless = scan->search.nameless;
    reach_walk(sight_array, scan);
    scan->walk = scan->search.nameless < nameless || scan->walk == NAMED_SOME ? NAMED_SOME : NAMED_NONE;
    scan->is_cut = reach_is_exhausted();
    scan->search.now = now;
    scan->search.extent = reach_is_cut() ? now : extent;
}

static void sight_user_modules(Scan *scan)
{
    if (!scan->modules || !are_wanted(scan))
        return;
    scan->search.now = IN_MODULES;
    sight_modules_in_hook(scan);
    sight_objects(scan, IN_MODULES);
    scan->modules = 0;
}

/* The user's variables and objects first: their names say more than the parameters of library functions. */
static void sight_all(Scan *scan)
{
    reach_begin(scan->steps);
    scan->is_rooted = scan->steps > 0;
    scan->search.now = scan->search.extent = IN_USER_VARIABLES;
    sight_threads(scan, USER);
    sight_objects(scan, IN_OBJECTS);
    if (scan->is_at_rest)
        sight_modules(scan, USER);
    else if (!are_wanted(scan)) {
        scan->search.extent = IN_USER_VARIABLES; /* what libraries hold keeps the names of earlier searches */
        return;
    }
    scan->search.now = IN_VARIABLES;
    if (scan->search.extent < IN_VARIABLES)
        scan->search.extent = IN_VARIABLES;
    sight_threads(scan, LIBRARY);
    if (scan->is_at_rest)
        sight_modules(scan, LIBRARY);
    sight_objects(scan, IN_OBJECTS);
    sight_user_modules(scan);
}

Searched holders_search(Recording **recordings, unsigned count, Task task, const Spellings *spellings, PyObject *found)
{
    Scan scan = {.search = holders_begin_search(recordings, count, task.occasion, task.passing, task.outside),
                 .steps = task.place && task.steps < FEW_STEPS ? FEW_STEPS : task.steps,
                 .is_at_rest = task.occasion == AT_REST,
                 .modules = task.modules,
                 .spellings = spellings};
    sight_all(&scan);
    sight_found(&scan, found);
    if (task.place)
        sight_stacks(&scan, task.place, task.words);
    bool is_complete = !(task.place && stack_arrays_are_left()) && holders_are_complete(&scan.search);
    holders_end_search(&scan.search);
    Extent extent = !scan.modules && task.modules ? IN_MODULES : reach_steps() ? IN_OBJECTS : IN_VARIABLES;
    return (Searched){extent, scan.walk, scan.is_cut, is_complete};
}

Spellings *holders_spell(PyObject *found)
{
    Spellings *spellings = spellings_new();
    if (spellings == NULL)
        return NULL;
    Scan scan = {.wanted = spellings, .steps = found ? 0 : MAX_STEPS, .is_at_rest = true};
    sight_all(&scan);
    sight_found(&scan, found);
    spellings_complete(spellings);
    return spellings;
}
