#include "tracker/holders/array_memory.h"
#include "tracker/hooks/pages.h"
#include "tracker/ledger/ledger.h"
#include "tracker/lock.h"

#include <stddef.h>

/* Bytes before the first one of a bytes object, which is one block with them. From 3.15 on a bytearray keeps one, too. */
enum { HEAD_OF_BYTES = offsetof(PyBytesObject, ob_sval) };

/* Where the memory begins that an object exports: the array may be a part of it. */
static const char *exported_at(PyArrayObject *root)
{
    PyObject *base = PyArray_BASE(root);
    if (base && PyBytes_Check(base))
        return PyBytes_AS_STRING(base);
    _PyManagedBufferObject *exported = base && PyMemoryView_Check(base) ? ((PyMemoryViewObject *)base)->mbuf : NULL;
    return exported && exported->master.buf ? exported->master.buf : PyArray_DATA(root);
}

static bool is_known_locked(const void *at)
{
    ASSERT_LOCKED();
    Buffer buffer;
    return ledger_find_locked(at, &buffer) && buffer.large;
}

static unsigned copy_pages(const Mapping *mapping, const void *keys[MOST_KEYS])
{
    unsigned count = 0;
    for (; count < mapping->grown_count && count < MOST_KEYS; count++)
        keys[count] = pages_key(&mapping->grown[count]);
    return count;
}

/* Any array in a mapped file is the file's. Other mappings may hold much else, as those for Python's small objects do: an
 * array must begin with it, or be most of it. */
unsigned memory_at_locked(const void *at, size_t nbytes, const void *keys[MOST_KEYS])
{
    ASSERT_LOCKED();
    keys[0] = at;
    if (is_known_locked(at))
        return 1;
    const Mapping *mapping = mappings_find_locked(at);
    if (mapping == NULL || (const char *)at < mapping->start)
        return 0;
    bool is_its = at == mapping->start || 2 * nbytes >= (size_t)(mapping->end - mapping->start);
    if (mapping->counting != OF_FILE && !is_its)
        return 0;
    if (mapping->counting == BY_PAGES)
        return copy_pages(mapping, keys);
    keys[0] = mapping->start;
    return is_known_locked(keys[0]);
}

unsigned array_memory_locked(PyArrayObject *root, const void *keys[MOST_KEYS])
{
    ASSERT_LOCKED();
    keys[0] = PyArray_DATA(root);
    if (is_known_locked(keys[0]))
        return 1;
    if (PyArray_CHKFLAGS(root, NPY_ARRAY_OWNDATA)) /* it is older than tracking */
        return 0;
    const char *start = exported_at(root);
    keys[0] = start - HEAD_OF_BYTES;
    if (is_known_locked(keys[0]))
        return 1;
    return memory_at_locked(start, (size_t)PyArray_NBYTES(root), keys);
}
