#include "tracker/call_tree/tree.h"
#include "tracker/lock.h"

#include <stdlib.h>
#include <string.h>

static struct {
    Node *nodes;
    uint32_t count, capacity;
    NodeId *slots; /* open addressing over (parent, code, offset); 0 is empty, for the root is never looked up */
    uint32_t mask;
    bool full;
} tree;

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
    tree.count = 2;
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

NodeId tree_intern_locked(NodeId parent, Place place, uint8_t domain)
{
    ASSERT_LOCKED();
    uint32_t hash = hash_place(parent, place.code, place.offset, domain), i = hash & tree.mask;
    for (; tree.slots[i]; i = (i + 1) & tree.mask) {
        Node *node = &tree.nodes[tree.slots[i]];
        if (node->code == place.code && node->offset == place.offset && node->parent == parent &&
            node->domain == domain && is_same_code_locked(node, place.code))
            return tree.slots[i];
    }
    if (tree.count == tree.capacity) {
        if (tree.count >= MAX_NODES || !grow_locked()) {
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

/* A code object's number is a node of its own, without a caller and without an instruction. */
NodeId tree_code_locked(PyCodeObject *code)
{
    ASSERT_LOCKED();
    return code ? tree_intern_locked(ROOT, (Place){code, INT32_MIN}, ARRAY) : ROOT;
}

NodeId tree_leaf_locked(NodeId leaf, uint8_t domain)
{
    ASSERT_LOCKED();
    Node node = tree.nodes[leaf];
    NodeId found = tree_intern_locked(node.parent, (Place){node.code, node.offset}, domain);
    return tree.nodes[found].domain == domain ? found : NATIVE_ROOT;
}
