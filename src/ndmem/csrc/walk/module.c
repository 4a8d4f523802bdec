/* The extension `ndmem._walk`: one type, Graph. */
#include "walk/graph.h"
#include "common/main_interpreter.h"

static int
graph_init(Graph *graph, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *resolve;
    int ask_always = 0;
    if (!PyArg_ParseTuple(args, "O|p", &resolve, &ask_always)) {
        return -1;
    }
    graph->ask_always = (uint8_t)ask_always;
    Py_XSETREF(graph->resolve, Py_NewRef(resolve));
    return 0;
}

static void
graph_dealloc(Graph *graph)
{
    graph_clear(graph);
    Py_TYPE(graph)->tp_free(graph);
}

static PyObject *
graph_root(Graph *graph, PyObject *object)
{
    if (graph->resolve == NULL) {
        return PyErr_Format(PyExc_ValueError, "the graph was cleared");
    }
    if (graph_index_all(graph) < 0) {
        return NULL;
    }
    int64_t index = graph_find(graph, object);
    if (index < 0) {
        index = graph_add(graph, object, Py_REFCNT(object));
    }
    if (index < 0 || graph_explore(graph, (uint32_t)index) < 0) {
        return NULL;
    }
    return PyLong_FromLongLong(index);
}

static PyObject *
graph_index(Graph *graph, PyObject *args)
{
    PyObject *object;
    int parent = -1;
    uint32_t from = 0;
    if (!PyArg_ParseTuple(args, "O|i", &object, &parent)) {
        return NULL;
    }
    if (parent >= (int64_t)graph->n_nodes) {
        return PyErr_Format(PyExc_IndexError, "no such node");
    }
    int64_t folded, index = graph_seek(graph, parent, &from, object, &folded);
    index = folded >= 0 ? graph_add_folded(graph, folded) : index;
    return index == -2 ? NULL : PyLong_FromLongLong(index);
}

static PyObject *
graph_object(Graph *graph, PyObject *number)
{
    size_t index = PyLong_AsSize_t(number);
    if (index >= graph->n_nodes) {
        PyErr_Clear();
        return PyErr_Format(PyExc_IndexError, "no such node");
    }
    PyObject *object = graph->nodes[index].object;
    return Py_NewRef(object ? object : Py_None);
}

static PyObject *
graph_regions(Graph *graph, PyObject *Py_UNUSED(none))
{
    PyObject *answer = PyList_New(graph->n_regions);
    for (uint32_t i = 0; answer != NULL && i < graph->n_regions; i++) {
        const Region *region = &graph->regions[i];
        PyObject *item = Py_BuildValue("ILLiiL", region->holder, (long long)region->address, (long long)region->nbytes,
                                       region->domain, region->certainty, (long long)region->holders);
        if (item == NULL) {
            Py_CLEAR(answer);
        } else {
            PyList_SET_ITEM(answer, i, item);
        }
    }
    return answer;
}

static PyObject *
graph_region_node(Graph *graph, PyObject *args)
{
    long long address, nbytes, holders;
    int domain, sure;
    if (!PyArg_ParseTuple(args, "LLipL", &address, &nbytes, &domain, &sure, &holders)) {
        return NULL;
    }
    int64_t index = graph_add(graph, NULL, 0);
    if (index < 0) {
        return NULL;
    }
    Payload *payload = graph_payload(graph, (uint32_t)index);
    if (payload == NULL) {
        return NULL;
    }
    payload->address = (char *)(intptr_t)address;
    payload->data = nbytes;
    payload->domain = (uint8_t)domain;
    payload->resident = domain == DOMAIN_DEVICE ? 0 : -1;
    graph->nodes[index].flags = sure ? 0 : NODE_UNSURE;
    graph->nodes[index].refs = holders < 0 ? 0 : (uint32_t)(holders > UINT32_MAX ? UINT32_MAX : holders);
    return PyLong_FromLongLong(index);
}

static PyObject *
graph_link(Graph *graph, PyObject *args)
{
    unsigned int source, target;
    if (!PyArg_ParseTuple(args, "II", &source, &target)) {
        return NULL;
    }
    if (source >= graph->n_nodes || target >= graph->n_nodes) {
        return PyErr_Format(PyExc_IndexError, "no such node");
    }
    if (graph_edge(graph, source, target | BASE_EDGE) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
graph_set_resident(Graph *graph, PyObject *args)
{
    unsigned int index;
    long long nbytes;
    if (!PyArg_ParseTuple(args, "IL", &index, &nbytes)) {
        return NULL;
    }
    if (index >= graph->n_nodes || graph->nodes[index].payload == 0) {
        return PyErr_Format(PyExc_IndexError, "no such buffer");
    }
    graph->payloads[graph->nodes[index].payload].resident = nbytes;
    Py_RETURN_NONE;
}

/* Rows of int64: node, address, nbytes, domain, resident; as bytes, for numpy.frombuffer. */
static PyObject *
graph_buffers(Graph *graph, PyObject *Py_UNUSED(none))
{
    Py_ssize_t rows = 0;
    for (uint32_t i = 1; i < graph->n_payloads; i++) {
        rows += graph->payloads[i].data > 0;
    }
    PyObject *answer = PyBytes_FromStringAndSize(NULL, rows * 5 * (Py_ssize_t)sizeof(int64_t));
    int64_t *cell = answer ? (int64_t *)PyBytes_AS_STRING(answer) : NULL;
    for (uint32_t i = 1; answer != NULL && i < graph->n_payloads; i++) {
        const Payload *payload = &graph->payloads[i];
        if (payload->data > 0) {
            *cell++ = payload->node;
            *cell++ = (int64_t)(intptr_t)payload->address;
            *cell++ = payload->data;
            *cell++ = payload->domain;
            *cell++ = payload->resident;
        }
    }
    return answer;
}

/* The buffers whose share in RAM is still unknown: node, address, nbytes. */
static PyObject *
graph_unasked(Graph *graph, PyObject *Py_UNUSED(none))
{
    PyObject *answer = PyList_New(0);
    for (uint32_t i = 1; answer != NULL && i < graph->n_payloads; i++) {
        const Payload *payload = &graph->payloads[i];
        if (payload->resident < 0 && payload->address != NULL) {
            PyObject *row = Py_BuildValue("ILL", payload->node, (long long)(intptr_t)payload->address,
                                          (long long)payload->data);
            if (row == NULL || PyList_Append(answer, row) < 0) {
                Py_CLEAR(answer);
            }
            Py_XDECREF(row);
        }
    }
    return answer;
}

static PyObject *
graph_release(Graph *graph, PyObject *Py_UNUSED(none))
{
    graph_clear(graph);
    Py_RETURN_NONE;
}

static Py_ssize_t
graph_len(Graph *graph)
{
    return graph->n_nodes;
}

static PyMethodDef methods[] = {
    {"root", (PyCFunction)graph_root, METH_O, "Walk from an object; return its node."},
    {"clear", (PyCFunction)graph_release, METH_NOARGS, "Let go of all objects."},
    {"index", (PyCFunction)graph_index, METH_VARARGS, "Return the node of an object, -1 if it was not met."},
    {"object_of", (PyCFunction)graph_object, METH_O, "Return the object of a node, None for a region."},
    {"regions", (PyCFunction)graph_regions, METH_NOARGS, "Return the regions that objects described."},
    {"region_node", (PyCFunction)graph_region_node, METH_VARARGS, "Add a node for a region of memory."},
    {"link", (PyCFunction)graph_link, METH_VARARGS, "Add the reference of one node to another."},
    {"set_resident", (PyCFunction)graph_set_resident, METH_VARARGS, "Say how much of a buffer is in RAM."},
    {"buffers", (PyCFunction)graph_buffers, METH_NOARGS, "Return the buffers as rows of int64."},
    {"largest", (PyCFunction)graph_largest, METH_O, "Return how many buffers there are, and rows of the largest."},
    {"unasked", (PyCFunction)graph_unasked, METH_NOARGS, "Return the buffers whose share in RAM is not known."},
    {"arrays", (PyCFunction)graph_arrays, METH_NOARGS, "Return the nodes of all arrays."},
    {"references", (PyCFunction)graph_references, METH_O, "Return how many references each node had when it was met."},
    {"referrers", (PyCFunction)graph_referrers, METH_O, "Return the references to a set of nodes, as pairs."},
    {"unseen", (PyCFunction)graph_unseen, METH_NOARGS, "Return the types whose contents are not visible, and how many."},
    {"alike", (PyCFunction)graph_alike, METH_VARARGS, "Group objects of one type, dtype and shape."},
    {"measure", (PyCFunction)graph_measure, METH_O, "Return the numbers of nodes taken together."},
    {"reached", (PyCFunction)graph_reached, METH_O, "Say which nodes the last measure reached."},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods as_sequence = {.sq_length = (lenfunc)graph_len};

static PyTypeObject graph_type_object = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "ndmem._walk.Graph",
    .tp_doc = "What objects hold: nodes with bytes, edges with reference counts.",
    .tp_basicsize = sizeof(Graph),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)graph_init,
    .tp_dealloc = (destructor)graph_dealloc,
    .tp_methods = methods,
    .tp_as_sequence = &as_sequence,
};

static PyMethodDef functions[] = {
    {"attributes_beside", attributes_beside, METH_O, "Return the attributes of an instance without a dict; else None."},
    {"entries_of", entries_of, METH_O, "Return the keys and the values of a dict at one moment, as two lists."},
    {"frame_variables", frame_variables, METH_O, "Return a function's variables; None if it still runs."},
    {"items_of", items_of, METH_VARARGS, "Return what iterating as a builtin type does gives, at one moment."},
    {"native_base", native_base, METH_O, "Return the base that is written in C, and whether an extension frees it."},
    {"stacks", stacks, METH_NOARGS, "Return (globals, name, variables) of each function that runs, of all threads."},
    {"tracked_objects", tracked_objects, METH_NOARGS, "Return the objects that the collector knows, newest first."},
    {"describe_numbers", describe_numbers, METH_O, "Describe a plain array of native numbers; None for all else."},
    {NULL, NULL, 0, NULL},
};

/* Runs again for each import of a module that was taken out of sys.modules. Needs the GIL; raises. */
static int
fill_module(PyObject *module)
{
    if (check_main_interpreter() < 0 || types_init() < 0 || arrays_init() < 0 || PyType_Ready(&graph_type_object) < 0) {
        return -1;
    }
    return PyModule_AddObjectRef(module, "Graph", (PyObject *)&graph_type_object);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, fill_module},
    MAIN_INTERPRETER_SLOT,
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_walk",
    .m_doc = "The walk of ndmem.weigh.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC
PyInit__walk(void)
{
    return PyModuleDef_Init(&definition);
}
