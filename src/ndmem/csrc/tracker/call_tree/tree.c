#include "tracker/call_tree/code_size.h"
#include "tracker/call_tree/tree.h"
#include "tracker/lock.h"

#include <stdlib.h>
#include <string.h>

static struct {
    Node *nodes;
    uint32_t count, capacity;
    NodeId *slots; /* open addressing over (parent, code, offset); 0 is empty, for the root is never looked up */
    uint32_t mask;
    uint32_t most; /* nodes that it may have */
    bool full, bounded;
    size_t code_nbytes; /* of the code objects that a bounded tree keeps alive */
} tree;

enum { CODE_ITSELF = INT32_MIN }; /* as the offset of a node that is the number of a code object */

static inline uint32_t hash_place(NodeId parent, const PyCodeObject *code, int32_t offset, uint8_t domain)
{
    uint64_t h = ((uint64_t)(uintptr_t)code >> 4) ^ ((uint64_t)parent << 32) ^ ((uint64_t)(uint32_t)offset << 20) ^ domain;
    return (uint32_t)((h * 0x9E3779B97F4A7C15u) >> 32);
}

bool tree_open(void)
{
    memset(&tree, 0, sizeof tree);
    tree.capacity = 1024;
    tree.mask = 4 * tree.capacity - 1;
    tree.nodes = malloc(tree.capacity * sizeof *tree.nodes);
    tree.slots = calloc(tree.mask + 1, sizeof *tree.slots);
    if (tree.nodes == NULL || tree.slots == NULL) {
        tree_close();
        return false;
    }
    tree.nodes[ROOT] = tree.nodes[NATIVE_ROOT] = (Node){.offset = -1};
    tree.nodes[NATIVE_ROOT].domain = NATIVE;
    tree.nodes[OTHER] = (Node){.offset = -1}; /* found by no search */
    tree.count = 3;
    tree.most = MAX_NODES;
    tree.slots[hash_place(ROOT, NULL, -1, NATIVE) & tree.mask] = NATIVE_ROOT;
    return true;
}

void tree_close(void)
{
    Node *nodes = tree.nodes;
    uint32_t count = tree.count;
    free(tree.slots);
    memset(&tree, 0, sizeof tree);
    /* Last, for the death of a code object may call the tracker through a weak reference's callback. */
    for (uint32_t i = 1; i < count; i++)
        if (nodes[i].signature == 0)
            Py_XDECREF(nodes[i].code);
    free(nodes);
}

void tree_bound_locked(uint32_t nodes)
{
    ASSERT_LOCKED();
    tree.full &= (nodes > 0) == tree.bounded; /* the other kind of tree may have space again */
    tree.bounded = nodes > 0;
    tree.most = nodes && nodes < MAX_NODES ? nodes : MAX_NODES;
}

bool tree_is_full(void) { return tree.full; }

uint32_t tree_count(void) { return tree.count; }

const Node *tree_node(NodeId node) { return &tree.nodes[node]; }

static bool grow_locked(void)
{
    ASSERT_LOCKED();
    uint32_t capacity = 2 * tree.capacity, mask = 4 * capacity - 1;
    NodeId *slots = calloc(mask + 1, sizeof *slots);
    Node *nodes = slots ? realloc(tree.nodes, capacity * sizeof *nodes) : NULL;
    if (nodes == NULL) {
        free(slots);
        return false;
    }
    for (NodeId node = 1; node < tree.count; node++) {
        if (node == OTHER)
            continue;
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
 * A node keeps its code object alive, so that the address identifies it. Without the GIL no reference can be counted (since
 * 3.12 the GIL of the main interpreter): the node then only borrows the code object, and recognizes it by a signature of what
 * cannot change in it. Reading it is safe while a frame of the thread holds it; later another code object may be at its
 * address, which the signature shows. The next thread that comes here with the GIL takes the reference. */

static uint32_t sign(const PyCodeObject *code)
{
    uint64_t h = (uint64_t)(uintptr_t)code->co_filename * 31 ^ (uint64_t)(uintptr_t)code->co_name * 17 ^
                 (uint64_t)(uintptr_t)code->co_consts * 7 ^ (uint64_t)code->co_firstlineno;
    return (uint32_t)((h * 0x9E3779B97F4A7C15u) >> 32) | 1;
}

static bool is_same_code_locked(Node *node, PyCodeObject *code)
{
    ASSERT_LOCKED();
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

/* Whether a code object may be kept alive: in a bounded tree its bytes are counted when its own node is added, which is the
 * first one. */
static bool keeps_code_locked(Place place)
{
    ASSERT_LOCKED();
    if (!tree.bounded || place.code == NULL)
        return true;
    if (place.offset != CODE_ITSELF)
        return tree_code_locked(place.code) != OTHER;
    size_t nbytes = code_size(place.code);
    if (tree.code_nbytes + nbytes > TREE_CODE_NBYTES)
        return false;
    tree.code_nbytes += nbytes;
    return true;
}

static bool has_space_locked(Place place)
{
    ASSERT_LOCKED();
    return tree.count < tree.most && keeps_code_locked(place) && (tree.count < tree.capacity || grow_locked()) &&
           tree.count < tree.most;
}

static NodeId add_node_locked(NodeId parent, Place place, uint8_t domain)
{
    ASSERT_LOCKED();
    if (!has_space_locked(place)) {
        tree.full = true;
        return tree.bounded ? OTHER : parent;
    }
    uint32_t i = hash_place(parent, place.code, place.offset, domain) & tree.mask;
    while (tree.slots[i])
        i = (i + 1) & tree.mask;
    Node node = {.code = place.code, .parent = parent, .offset = place.offset, .domain = domain};
    if (lock_has_gil())
        Py_XINCREF(place.code);
    else
        node.signature = place.code ? sign(place.code) : 0;
    tree.nodes[tree.count] = node;
    tree.slots[i] = tree.count;
    return tree.count++;
}

NodeId tree_intern_locked(NodeId parent, Place place, uint8_t domain)
{
    ASSERT_LOCKED();
    if (parent == OTHER)
        return OTHER;
    uint32_t hash = hash_place(parent, place.code, place.offset, domain), i = hash & tree.mask;
    for (; tree.slots[i]; i = (i + 1) & tree.mask) {
        Node *node = &tree.nodes[tree.slots[i]];
        if (node->code == place.code && node->offset == place.offset && node->parent == parent &&
            node->domain == domain && is_same_code_locked(node, place.code))
            return tree.slots[i];
    }
    return add_node_locked(parent, place, domain);
}

/* A code object's number is a node of its own, without a caller and without an instruction. */
NodeId tree_code_locked(PyCodeObject *code)
{
    ASSERT_LOCKED();
    return code ? tree_intern_locked(ROOT, (Place){code, CODE_ITSELF}, ARRAY) : ROOT;
}

NodeId tree_leaf_locked(NodeId leaf, uint8_t domain)
{
    ASSERT_LOCKED();
    Node node = tree.nodes[leaf];
    NodeId found = tree_intern_locked(node.parent, (Place){node.code, node.offset}, domain);
    return tree.nodes[found].domain == domain ? found : NATIVE_ROOT;
}
