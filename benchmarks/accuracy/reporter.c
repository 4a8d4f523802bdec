/* A substitute for the preloaded library: it reports blocks that do not exist to the tracker, as fast as threads without the
 * GIL can. Under a sanitizer the real library cannot replace malloc, which the sanitizer has replaced. Built by stress.py. */
#include "../../src/ndmem/csrc/tracker/preload/interface.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum { SLOTS = 64, ROUNDS_IN_THREAD = 20000 };

static _Atomic(const PreloadHooks *) hooks;
/* At one distance from the thread's address in all threads, as that of a library that is loaded with the program. */
static __thread PreloadThread own __attribute__((tls_model("initial-exec")));

void ndmem_preload_attach(const PreloadHooks *listener) { atomic_store(&hooks, listener); }

PreloadThread *ndmem_preload_thread(void) { return &own; }

/* Addresses of blocks, unique at any moment, below the addresses of programs, heaps and libraries on Linux. */
static void *name_block(uint64_t caller, unsigned slot) { return (void *)(uintptr_t)((UINT64_C(1) << 40) + (caller << 24) + ((slot + 1) << 18)); }

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Small blocks are reported in equal lots of births and deaths, large ones one by one; at the end none is alive. */
void churn(unsigned seed, long rounds)
{
    static atomic_uint_fast64_t callers;
    uint64_t caller = atomic_fetch_add(&callers, 1) % 65536;
    bool is_alive[SLOTS] = {false};
    unsigned state = seed;
    for (long i = 0; i < rounds + SLOTS; i++) {
        const PreloadHooks *listener = atomic_load(&hooks);
        unsigned slot = i < rounds ? next_random(&state) % SLOTS : (unsigned)(i - rounds);
        void *block = name_block(caller, slot);
        if (listener == NULL || own.muted)
            continue; /* a tracker that detaches forgets its blocks */
        if (is_alive[slot])
            listener->died(block);
        else if (i < rounds)
            listener->born(block, PRELOAD_THRESHOLD + next_random(&state) % 1000000, NULL);
        is_alive[slot] = !is_alive[slot] && i < rounds;
        if (i < rounds && slot == 0) {
            listener->changed(3);
            listener->changed(-3);
        }
    }
}

static void *churn_in_thread(void *seed)
{
    churn((unsigned)(uintptr_t)seed, ROUNDS_IN_THREAD);
    return NULL;
}

/* The same in a thread that Python does not know, to its end. */
int churn_unknown(unsigned seed)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, churn_in_thread, (void *)(uintptr_t)seed) || pthread_join(thread, NULL);
}
