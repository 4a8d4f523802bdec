#include "tracker/call_tree/known_threads.h"
#include "common/text.h"
#include "tracker/call_tree/stack.h"
#include "tracker/call_tree/thread_name.h"
#include "tracker/call_tree/waiting.h"
#include "tracker/lock.h"

#include <stdlib.h>
#include <string.h>

static struct {
    Thread **known; /* most recently used first */
    uint32_t count;
    uint16_t next_number;
    bool bounded;
    uint32_t replaced; /* index of the thread that was forgotten last in a bounded recording */
} threads;

static Thread no_thread; /* its id, 0, is that of no thread: the hot path needs no test for NULL */
Thread *latest_thread = &no_thread;

void threads_forget(void)
{
    for (uint32_t i = 0; i < threads.count; i++) {
        free(threads.known[i]->seen);
        free(threads.known[i]);
    }
    free(threads.known);
    memset(&threads, 0, sizeof threads);
    latest_thread = &no_thread;
}

bool stack_shares_numbers(void) { return threads.next_number == UINT16_MAX; }

bool thread_reserve(Thread *thread, size_t depth)
{
    if (depth < thread->capacity)
        return true;
    uint32_t capacity = (uint32_t)(2 * depth + 16);
    ptrdiff_t known = thread->last - thread->seen;
    NodeId base = thread->seen ? thread->seen[0].node : ROOT;
    Seen *seen = realloc(thread->seen, capacity * sizeof *seen);
    if (seen == NULL)
        return false;
    seen[0] = (Seen){NULL, NULL, base};
    thread->seen = seen, thread->last = seen + known, thread->capacity = capacity;
    return true;
}

/* Later threads share the last number. */
static uint16_t take_number_locked(void)
{
    ASSERT_LOCKED();
    return threads.next_number < UINT16_MAX ? threads.next_number++ : UINT16_MAX;
}

void threads_bound_locked(bool bounded)
{
    ASSERT_LOCKED();
    threads.bounded = bounded;
}

/* A new thread where another one was. */
static void begin_thread_locked(Thread *thread, PyThreadState *state)
{
    ASSERT_LOCKED();
    thread->state = state, thread->id = state->id;
    thread->last = thread->seen, thread->parent = ROOT;
    thread->is_named = false, thread->name[0] = 0;
    thread->number = take_number_locked();
}

/* Forgets one after the other: the order of their last events is not known exactly. */
static Thread *replace_thread_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    threads.replaced = (threads.replaced + 1) % threads.count;
    Thread *thread = threads.known[threads.replaced];
    begin_thread_locked(thread, state);
    return latest_thread = thread;
}

static Thread *add_thread_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    if (threads.bounded && threads.count >= MAX_BOUNDED)
        return replace_thread_locked(state);
    Thread *thread = calloc(1, sizeof *thread);
    Thread **known = NULL;
    if (thread && thread_reserve(thread, 0))
        known = realloc(threads.known, (threads.count + 1) * sizeof *known);
    if (known == NULL) {
        free(thread ? thread->seen : NULL);
        free(thread);
        return NULL;
    }
    thread->state = state, thread->id = state->id, thread->number = take_number_locked();
    threads.known = known;
    threads.known[threads.count++] = thread;
    return latest_thread = thread;
}

__attribute__((noinline)) Thread *thread_find_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    for (uint32_t i = 0; i < threads.count; i++) {
        Thread *thread = threads.known[i];
        if (thread->state != state)
            continue;
        if (thread->id != state->id)
            begin_thread_locked(thread, state);
        threads.known[i] = threads.known[0];
        return latest_thread = threads.known[0] = thread;
    }
    return add_thread_locked(state);
}

uint16_t stack_thread_number_locked(void)
{
    ASSERT_LOCKED();
    return latest_thread->number;
}

const char *stack_name_thread_locked(PyThreadState *state)
{
    ASSERT_LOCKED();
    Thread *thread = latest_thread;
    if (thread->is_named || thread->id != state->id || thread->number == UINT16_MAX)
        return NULL;
    thread->is_named = true;
    PyObject *name = thread_name(state);
    if (name)
        thread->name[text_utf8_part(name, thread->name, MAX_NAME - 1)] = 0;
    else if (waiting_is_main(state))
        strcpy(thread->name, "MainThread"); /* as `threading` calls it */
    return thread->name[0] ? thread->name : NULL;
}

uint32_t stack_thread_count(void) { return threads.count; }

const char *stack_thread_name_locked(uint32_t index, uint16_t *number)
{
    ASSERT_LOCKED();
    *number = threads.known[index]->number;
    return threads.known[index]->name;
}
