/* The graph of what an object holds: one node an object or region of memory, one edge a reference. */
#ifndef NDMEM_WEIGHING_GRAPH_H
#define NDMEM_WEIGHING_GRAPH_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>

/* Kept small, for there may be millions. */
typedef struct {
    PyObject *object;      /* owned reference; NULL for a region of memory that is not a Python object */
    int64_t python;        /* bytes of the object itself */
    uint32_t refs;         /* reference count when first found, without those of the walk */
    uint32_t first, count; /* its edges, once frozen */
    uint32_t payload;      /* 0 for an object that has neither a buffer nor an .nbytes */
    uint8_t flags;
} Node;

typedef struct {
    char *address;    /* of `data`; NULL where it is unknown */
    int64_t data;     /* bytes of the buffer it is the root of */
    int64_t logical;  /* its .nbytes */
    int64_t resident; /* of `data`; -1 where it is unknown */
    uint64_t alike;   /* equal for arrays of one type, dtype and shape */
    uint32_t node;
    uint8_t domain;   /* of `data`, as ndmem.model.trace.Domain */
} Payload;

enum { NODE_UNSURE = 1, NODE_IMMORTAL = 2, NODE_OPENED = 4, NODE_LENDER = 8, NODE_UNINDEXED = 16, NODE_UNSEEN = 32 };
enum { EXTENT = 0, SHARED = 1, SOLE = 2 };
enum { DOMAIN_ARRAY = 0, DOMAIN_NATIVE = 1, DOMAIN_MAPPED = 2, DOMAIN_FOREIGN = 3, DOMAIN_DEVICE = 5 };
enum { MARK_UNSEEN = 1, MARK_UNSURE = 2 }; /* of a rule's answer, as ndmem.weighing.walk.Mark */

/* A region that several objects may describe; merged by address before anything is measured. */
typedef struct {
    int64_t address, nbytes;
    int64_t holders; /* how many hold it, as their library counts; -1 where that is unknown */
    uint32_t holder;
    uint8_t domain, certainty; /* as ndmem.weighing.buffers.Certainty */
} Region;

typedef struct {
    uint32_t source, target; /* BASE_EDGE set in target: a view's reference to its base */
} Edge;
#define BASE_EDGE 0x80000000u

typedef struct {
    const PyObject *object; /* NULL in a free slot; here too, so that a search stays in one table */
    uint32_t node;
} Slot;

/* A reference that the walk has taken, see take.c. */
typedef struct {
    PyObject *object; /* owned reference */
    Py_ssize_t refs;  /* reference count when it was taken, without this one; CREDIT instead of a reference */
} Taken;
#define CREDIT -1
#define MOST_TAKEN 32 /* of a long list; what was taken is then still in the nearest cache */

typedef enum {
    OPEN_LEAF,
    OPEN_TRAVERSE,
    OPEN_LIST,
    OPEN_TUPLE,
    OPEN_DICT,
    OPEN_FUNCTION,
    OPEN_FRAME,
    OPEN_GENERATOR,
    OPEN_VIEW
} Opening;
typedef enum { SIZE_FIXED, SIZE_ITEMS, SIZE_INT, SIZE_TEXT, SIZE_ASKED, SIZE_PLAIN } Sizing;

typedef struct {
    PyTypeObject *type; /* owned reference */
    PyObject *rule;     /* callable, or NULL */
    int64_t fixed;
    Opening opening;
    Sizing sizing;
    uint8_t array;      /* ndarray or a subclass */
    uint8_t plain;      /* ndarray itself */
    uint8_t folds;      /* a leaf: may be counted with the one object that refers to it */
    uint8_t tidy;       /* shows each of its references once */
    uint8_t skipped;    /* not followed from elsewhere; only as a root */
    uint8_t counted;    /* sys.getsizeof already has its memory: bytes, bytearray, array.array */
    uint8_t unseen;     /* an extension's: it may hold memory that nothing reports */
    uint8_t lends;      /* the same, but it exports its memory as a buffer */
} TypeInfo;

#define N_SEEN 64

typedef struct {
    PyObject_HEAD
    PyObject *resolve;
    Node *nodes;
    Payload *payloads; /* the first is empty, for all nodes that have none */
    Edge *edges;
    Region *regions;
    TypeInfo *types;
    Slot *slots;        /* open addressing */
    Taken *taken;       /* references that are taken and not followed yet */
    uint16_t seen[N_SEEN]; /* where in `types` the last type of each hash is */
    uint32_t *stamp, *degree, *order;
    uint32_t n_nodes, n_payloads, n_edges, n_regions, n_types, n_taken;
    uint32_t n_slots, n_indexed, n_unindexed, all_indexed, clock;
    uint32_t n_unseen;
    uint32_t room_nodes, room_payloads, room_edges, room_regions, room_types, room_taken;
    uint32_t source;    /* the node being opened */
    uint32_t visits;    /* references found so far, except those to types */
    uint32_t room_frozen;
    uint32_t edge_flag;
    uint8_t frozen;
    uint8_t folding;    /* the node being opened is tidy */
    uint8_t ask_always; /* the resolver is called for builtin types too */
} Graph;

/* All functions need the GIL. Those marked P may run Python code, and so may let other threads run; they are called
 * only with objects that the caller holds a reference to, and never while a container is being iterated. */

/* columns.c */
void keep_column(void *items, uint32_t room, size_t itemsize);
void *graph_grow(void *items, uint32_t used, uint32_t *room, size_t itemsize);
/* table.c */
int64_t graph_find(const Graph *graph, const PyObject *object);
int64_t graph_add(Graph *graph, PyObject *object, Py_ssize_t refs);
int64_t graph_add_sole(Graph *graph, PyObject *object);
int64_t graph_seek_known(const Graph *graph, int64_t parent, uint32_t *from, const PyObject *object);
/* P */ int64_t graph_seek(Graph *graph, int64_t parent, uint32_t *from, PyObject *object, int64_t *folded);
int64_t graph_add_folded(Graph *graph, int64_t nbytes);
int graph_index_all(Graph *graph);
Payload *graph_payload(Graph *graph, uint32_t index);
int graph_edge(Graph *graph, uint32_t source, uint32_t target);
int graph_region(Graph *graph, int64_t address, int64_t nbytes, int domain, int certainty, int64_t holders);
void graph_mark_unseen(Graph *graph, uint32_t index);
/* P */ void graph_clear(Graph *graph);
/* types.c */
/* P */ TypeInfo *graph_type(Graph *graph, PyObject *object);
TypeInfo *known_type(Graph *graph, PyTypeObject *type);
int has_known_size(const TypeInfo *info);
int64_t common_nbytes(const Graph *graph, PyObject *object);
int64_t container_nbytes(PyObject *object);
/* P, unless has_known_size */ int64_t python_nbytes(const TypeInfo *info, PyObject *object);
int types_init(void);
/* unseen.c */
int unseen_init(PyTypeObject *written);
void describe_unseen(TypeInfo *info);
int hides_memory(const Graph *graph, uint32_t index, const TypeInfo *info);
/* P */ int open_lent(Graph *graph, uint32_t index);
PyObject *native_base(PyObject *module, PyObject *type);
PyObject *graph_unseen(Graph *graph, PyObject *none);
/* small_objects.c */
int64_t fold_nbytes(Graph *graph, PyObject *object);
/* take.c */
int take(Graph *graph, PyObject *object);
int take_credit(Graph *graph, PyObject *object);
int take_visit(PyObject *object, void *graph);
/* P */ int follow_taken(Graph *graph, int status);
/* meet.c */
/* P */ int64_t graph_meet(Graph *graph, PyObject *object, Py_ssize_t refs);
/* P */ int64_t graph_meet_shared(Graph *graph, PyObject *object, Py_ssize_t refs);
int is_kept_by_interpreter(PyObject *object);
/* explore.c */
/* P */ int graph_explore(Graph *graph, uint32_t from);
/* rules.c */
/* P */ int open_rule(Graph *graph, PyObject *rule, PyObject *object, int *follow);
/* frames.c */
int take_frame(Graph *graph, PyObject *frame);
int take_generator(Graph *graph, PyObject *generator);
/* arrays.c */
/* P */ int open_array(Graph *graph, uint32_t index);
int open_plain_owner(Graph *graph, uint32_t index);
/* P */ int open_view(Graph *graph, uint32_t index);
int is_array(PyTypeObject *type);
int is_plain_array(PyTypeObject *type);
int64_t itemsize_of(void *array);
int arrays_init(void);
/* strings.c */
int open_strings(Graph *graph, PyObject *array);
/* locals.c */
PyObject *stacks(PyObject *module, PyObject *none);
PyObject *frame_variables(PyObject *module, PyObject *frame);
/* snapshots.c */
PyObject *tracked_objects(PyObject *module, PyObject *none);
PyObject *entries_of(PyObject *module, PyObject *dict);
PyObject *items_of(PyObject *module, PyObject *args);
/* attributes.c */
PyObject *attributes_beside(PyObject *module, PyObject *object);
/* words.c */
PyObject *describe_numbers(PyObject *module, PyObject *object);
/* measure.c */
PyObject *graph_measure(Graph *graph, PyObject *roots);
PyObject *graph_reached(Graph *graph, PyObject *nodes);
int graph_freeze(Graph *graph);
/* queries.c */
PyObject *graph_arrays(Graph *graph, PyObject *none);
PyObject *graph_largest(Graph *graph, PyObject *most);
PyObject *graph_referrers(Graph *graph, PyObject *nodes);
PyObject *graph_references(Graph *graph, PyObject *nodes);
PyObject *graph_alike(Graph *graph, PyObject *args);

#endif
