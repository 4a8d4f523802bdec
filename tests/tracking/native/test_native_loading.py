"""Libraries that take memory while they are loaded, in threads that the loader's lock keeps waiting."""

import sys
from pathlib import Path

import numpy as np
import pytest
from tests.system.running import Place, write_program

import ndmem
from ndmem.model.trace import Domain, Kind, Trace
from ndmem.tracking.journal.children import read_family

from .c_libraries import DECLARE, MAP, compile_library, needs_compiler

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="mmap is stood in front of on Linux only"),
    needs_compiler,
]

# Its constructor starts a thread that takes memory in each way, and waits for it: dlopen holds the loader's lock.
_CONSTRUCTOR = """
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
static void *taken[6];
static void *take(void *unused)
{
    (void)unused;
    for (int i = 0; i < 3; i++)
        taken[i] = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    taken[0] = mremap(taken[0], 1 << 20, 2 << 20, MREMAP_MAYMOVE);
    munmap(taken[1], 1 << 20);
    madvise(taken[2], 1 << 20, MADV_DONTNEED);
    taken[3] = malloc(1 << 20);
    taken[4] = realloc(malloc(100), 1 << 20);
    free(calloc(1 << 20, 1));
    if (posix_memalign(&taken[5], 64, 1 << 20))
        taken[5] = 0;
    return 0;
}
__attribute__((constructor)) static void start(void)
{
    pthread_t thread;
    if (pthread_create(&thread, 0, take, 0) == 0)
        pthread_join(thread, 0);
}
"""


def _origins(trace: Trace) -> list[tuple[str, int]]:
    """Library and bytes of each block that a library mapped."""
    events = trace.events
    return [
        (trace.origins[int(events.buffer[i])], int(events.nbytes[i]))
        for i in np.flatnonzero((events.domain == Domain.NATIVE) & (events.kind == Kind.BORN))
        if int(events.buffer[i]) in trace.origins
    ]


def test_a_constructor_may_wait_for_a_thread_that_takes_memory(tmp_path: Path) -> None:
    """A library whose constructor waits for a thread that takes memory loads, and its mappings count."""
    library = compile_library(tmp_path, "libstarts.so", _CONSTRUCTOR)
    place = Place(tmp_path)
    program = write_program(tmp_path, f"import numpy, ctypes\nctypes.CDLL({str(library)!r})\nprint('loaded')\n")
    outcome = place.run_tracked(program)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"loaded\n", b"")
    mapped = [nbytes for name, nbytes in _origins(ndmem.load(place.trace).trace) if name == "libstarts.so"]
    assert mapped == [2**20, 2**20, 2**20, 2**21]


def test_libraries_load_in_several_threads(tmp_path: Path) -> None:
    """Threads that load such libraries at once, while others map memory, all come to their end."""
    libraries = [str(compile_library(tmp_path, f"libstarts{i}.so", _CONSTRUCTOR)) for i in range(8)]
    mapper = str(compile_library(tmp_path, "libmap.so", MAP))
    text = DECLARE + (
        f"import threading, numpy\nmapper = load({mapper!r})\nloaded = []\n"
        "def take():\n    for _ in range(200):\n        mapper.unmap(mapper.map(MIB), MIB)\n"
        "def start(path):\n    loaded.append(ctypes.CDLL(path))\n"
        f"threads = [threading.Thread(target=start, args=(path,)) for path in {libraries!r}]\n"
        "threads += [threading.Thread(target=take) for _ in range(2)]\n"
        "[t.start() for t in threads]\n[t.join() for t in threads]\nprint(len(loaded))\n"
    )
    place = Place(tmp_path)
    outcome = place.run_tracked(write_program(tmp_path, text))
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"8\n", b"")
    names = [name for name, _ in _origins(ndmem.load(place.trace).trace)]
    assert [names.count(f"libstarts{i}.so") for i in range(8)] == [4] * 8
    assert names.count("libmap.so") == 400


def test_each_mapping_has_the_name_of_its_library(tmp_path: Path) -> None:
    """Libraries of one text that lie at one address, one after the other, are told apart; Python has its own name."""
    first, second = (str(compile_library(tmp_path, name, MAP)) for name in ("libfirst.so", "libsecond.so"))
    text = DECLARE + (
        "import _ctypes, os, sys\nplaces = []\n"
        f"for path in {[first, second]!r}:\n"
        "    library = load(path)\n    places.append(ctypes.cast(library.map, pointer).value)\n"
        "    library.map(2 * MIB)\n    _ctypes.dlclose(library._handle)\n"
        "if os.fork() == 0:\n    os._exit(0)\nos.wait()\n"
        "kept = [object() for _ in range(300_000)]\nprint(places[0] == places[1])\n"
    )
    place = Place(tmp_path)
    outcome = place.run_tracked(write_program(tmp_path, text))
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"True\n", b"")
    origins = _origins(ndmem.load(place.trace).trace)
    assert [pair for pair in origins if pair[1] == 2 * 2**20] == [("libfirst.so", 2**21), ("libsecond.so", 2**21)]
    # The first of them are in the arena of 1 MiB that Python had already, as far as it was free.
    assert sum(nbytes for name, nbytes in origins if "python" in name) >= 300_000 * 16 - 2**20


def test_an_interpreter_that_is_executed_names_its_libraries(tmp_path: Path) -> None:
    """After exec, and in a child that is spawned, mappings have the names of the libraries that made them."""
    library = str(compile_library(tmp_path, "libmap.so", MAP))
    (tmp_path / "child.py").write_text(f"{DECLARE}\nimport numpy\nload({library!r}).map(2 * MIB)\nnumpy.ones(9999)\n")
    text = "import os, sys\nos.execv(sys.executable, [sys.executable, 'child.py'])\n"
    place = Place(tmp_path)
    outcome = place.run_tracked(write_program(tmp_path, text))
    assert (outcome.status, outcome.stderr) == (0, b"")
    family = read_family(place.trace, ndmem.load(place.trace).trace)
    assert ("libmap.so", 2**21) in [pair for member in family.members for pair in _origins(member.trace)]


# An allocator that maps memory with a lock held, as jemalloc and tcmalloc do; a second map inside would wait for ever.
_ALLOCATOR = """
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *room, *end;
void *memalign(size_t alignment, size_t nbytes)
{
    pthread_mutex_lock(&lock);
    size_t need = nbytes + alignment + 64;
    if (room == NULL || (size_t)(end - room) < need) {
        size_t more = need > (1 << 20) ? need : 1 << 20;
        room = mmap(0, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        end = room + more;
    }
    char *block = (char *)(((size_t)room + 32 + alignment - 1) & ~(alignment - 1));
    room = block + nbytes;
    pthread_mutex_unlock(&lock);
    ((size_t *)block)[-1] = nbytes;
    return block;
}
void *malloc(size_t nbytes) { return memalign(16, nbytes); }
void *aligned_alloc(size_t alignment, size_t nbytes) { return memalign(alignment, nbytes); }
int posix_memalign(void **block, size_t alignment, size_t nbytes)
{
    return (*block = memalign(alignment, nbytes)) == NULL;
}
void *calloc(size_t count, size_t nbytes) { return malloc(count * nbytes); } /* no page is used twice: all are zero */
size_t malloc_usable_size(void *block) { return block ? ((size_t *)block)[-1] : 0; }
void free(void *block) { (void)block; }
void *realloc(void *old, size_t nbytes)
{
    size_t was = malloc_usable_size(old);
    void *block = malloc(nbytes);
    if (old)
        memcpy(block, old, was < nbytes ? was : nbytes);
    return block;
}
"""


def test_an_allocator_that_maps_with_its_lock_held(tmp_path: Path) -> None:
    """A program with a preloaded allocator of its own runs to its end, and its blocks count once."""
    allocator = compile_library(tmp_path, "liballocator.so", _ALLOCATOR)
    place = Place(tmp_path, environment={"LD_PRELOAD": str(allocator)})
    outcome = place.run_tracked(write_program(tmp_path, "kept = bytearray(30_000_000 - 1)\nprint('ran')\n"))
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"ran\n", b"")
    trace = ndmem.load(place.trace).trace
    assert all(name != "liballocator.so" for name, _ in _origins(trace))
    assert 30_000_000 <= trace.native_live_nbytes < 60_000_000
