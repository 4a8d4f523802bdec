#define NDMEM_OPCODES
#include "common/compat.h"
#include "tracker/lock.h"
#include "tracker/recording/records.h"
#include "common/text.h"

#include <string.h>

/* Marks a code object whose names are in the journal; never read as a record. */
static NodeRecord written;

/* A code object that there is none of: what its function is named is the row's name. */
static bool write_other_name_locked(Recording *recording)
{
    ASSERT_LOCKED();
    static const char name[] = "other lines";
    const uint32_t length = 0; /* of the file's name */
    char *text = journal_text(&recording->journal, TEXT_CODE, OTHER, sizeof length + strlen(name));
    if (text == NULL)
        return false;
    memcpy(text, &length, sizeof length);
    memcpy(text + sizeof length, name, strlen(name));
    journal_text_done(&recording->journal);
    return true;
}

bool records_add_other_locked(Recording *recording)
{
    ASSERT_LOCKED();
    NodeRecord record = {.id = recording->record_count, .parent = recording->records[ROOT]->id, .code = OTHER, .offset = -1,
                         .lineno = -1, .end_lineno = -1, .col = -1, .end_col = -1, .max_live = -1, .max_native = -1};
    recording->other = write_other_name_locked(recording) ? journal_node(&recording->journal, &record) : NULL;
    recording->records[OTHER] = recording->other;
    recording->record_count += recording->other != NULL;
    return recording->other != NULL;
}

static void write_code_locked(Recording *recording, NodeId id, PyCodeObject *code)
{
    ASSERT_LOCKED();
    uint32_t length = (uint32_t)text_utf8(code->co_filename, NULL);
    char *text = journal_text(&recording->journal, TEXT_CODE, id, sizeof length + length + text_utf8(code->co_name, NULL));
    if (text == NULL)
        return;
    memcpy(text, &length, sizeof length);
    text_utf8(code->co_filename, text + sizeof length);
    text_utf8(code->co_name, text + sizeof length + length);
    journal_text_done(&recording->journal);
}

/* The number of a code object, its names written at the first call. */
static NodeId record_code_locked(Recording *recording, PyCodeObject *code)
{
    ASSERT_LOCKED();
    NodeId id = tree_code_locked(code);
    if (id != ROOT && recording->records[id] == NULL) {
        write_code_locked(recording, id, code);
        recording->records[id] = &written;
    }
    return id;
}

/* Without space the bytes count for the caller, where only counters are kept for the row of others, or for the root of native blocks, which always has a record: figures of arrays
 * must not include native blocks, and neither may include mapped files, whose counters are then those that nothing reads. */
static NodeRecord *fall_back(Recording *recording, NodeId id, NodeRecord *caller)
{
    static NodeRecord unread;
    if (tree_node(id)->domain == ARRAY)
        return recording->other ? recording->other : caller;
    unread.id = recording->records[NATIVE_ROOT]->id;
    return tree_node(id)->domain == NATIVE ? recording->records[NATIVE_ROOT] : &unread;
}

/* The record of a node whose caller has one. */
static NodeRecord *add_record_locked(Recording *recording, NodeId id, NodeRecord *caller)
{
    ASSERT_LOCKED();
    const Node *node = tree_node(id);
    if (recording->max_stacks && recording->record_count >= recording->max_stacks)
        return fall_back(recording, id, caller);
    NodeRecord record = {.id = recording->record_count,
                         .parent = caller->id,
                         .offset = node->offset,
                         .domain = node->domain,
                         .lineno = -1, .end_lineno = -1, .col = -1, .end_col = -1,
                         .max_live = -1, .max_native = -1};
    PyCodeObject *code = node->code;
    if (code) { /* else native memory that no Python frame asked for */
        Location at = code_location(code, node->offset);
        record.lineno = at.lineno, record.end_lineno = at.end_lineno, record.col = at.col, record.end_col = at.end_col;
        record.stores = code_stores(code, node->offset);
    }
    record.code = record_code_locked(recording, code);
    NodeRecord *there = journal_node(&recording->journal, &record);
    recording->record_count += there != NULL;
    return there ? there : fall_back(recording, id, caller);
}

NodeRecord *records_add_locked(Recording *recording, NodeId id)
{
    ASSERT_LOCKED();
    while (recording->records[id] == NULL) {
        NodeId missing = id; /* the outermost frame without a record: callers are written first */
        while (recording->records[tree_node(missing)->parent] == NULL)
            missing = tree_node(missing)->parent;
        recording->records[missing] = add_record_locked(recording, missing, recording->records[tree_node(missing)->parent]);
    }
    return recording->records[id];
}
