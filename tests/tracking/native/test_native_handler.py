"""NumPy's handler called without the GIL, as NumPy does now and then."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.running import Place, write_program

import ndmem

from .c_libraries import compile_library, needs_compiler

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="native memory is watched on Linux only"),
    needs_compiler,
]

# `make` is called without the GIL and holds the lock while NumPy's function allocates; `wait_for_it` is called with the
# GIL, and waits for the lock.
_LIBRARY = """
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int is_held, is_wanted;
void *make(void *(*allocate)(void *, size_t), void *context, size_t nbytes)
{
    pthread_mutex_lock(&lock);
    is_held = 1;
    while (!is_wanted)
        sched_yield();
    void *block = allocate(context, nbytes);
    pthread_mutex_unlock(&lock);
    return block;
}
void wait_for_it(void)
{
    while (!is_held)
        sched_yield();
    is_wanted = 1;
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}
"""

_PROGRAM = """
import ctypes, threading
import numpy as np
BEGIN
class Allocator(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("context", "malloc", "calloc", "realloc", "free")]
class Handler(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 127), ("version", ctypes.c_uint8), ("allocator", Allocator)]
find = ctypes.pythonapi.PyCapsule_GetPointer
find.restype, find.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
table = find(np._core._multiarray_umath._ARRAY_API, None)
default = ctypes.cast(table, ctypes.POINTER(ctypes.POINTER(ctypes.py_object)))[306][0]  # PyDataMem_DefaultHandler
handler = ctypes.cast(find(default, b"mem_handler"), ctypes.POINTER(Handler)).contents
free, held = ctypes.CDLL(LIBRARY), ctypes.PyDLL(LIBRARY)
free.make.restype, free.make.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
made = []
def work():
    made.append(free.make(handler.allocator.malloc, handler.allocator.context, 10**7))
thread = threading.Thread(target=work)
thread.start()
held.wait_for_it()
thread.join()
print(len(made))
"""

# How tracking begins: without the preloaded library, and with limits, each of which is asked for the 10 MB first.
_BEGINNINGS = {
    "a recording": "import ndmem; run = ndmem.track().start()",
    "a limit": "import ndmem; run = ndmem.limit('1 GiB'); run.__enter__()",
    "a limit that tells": "import ndmem; run = ndmem.limit('1 GiB', callback=print); run.__enter__()",
}


@pytest.mark.parametrize("beginning", _BEGINNINGS)
def test_without_a_preloaded_library_the_handler_waits_for_no_other_thread(tmp_path: Path, beginning: str) -> None:
    """A thread without the GIL gets its data where tracking began in the program, and where a limit is asked first."""
    library = compile_library(tmp_path, "liblocks.so", _LIBRARY)
    text = _PROGRAM.replace("LIBRARY", repr(str(library))).replace("BEGIN", _BEGINNINGS[beginning])
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_a_thread_without_the_gil_is_held_to_the_limit() -> None:
    """Of 6 MB twice, under 10 MB, the first is given and the second is not; 3 MB more are."""
    begin = "import ndmem; run = ndmem.limit(10**7); run.__enter__()"
    ask = "ask = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)(handler.allocator.malloc)\n"
    text = _PROGRAM[: _PROGRAM.index("free, held")].replace("BEGIN", begin) + ask
    text += "print([ask(handler.allocator.context, n) is not None for n in (6 * 10**6, 6 * 10**6, 3 * 10**6)])\n"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[True, False, True]\n", "")


def test_the_handler_waits_for_no_other_thread(tmp_path: Path) -> None:
    """A thread without the GIL gets an array's data while it holds a lock that the thread with the GIL waits for."""
    library = compile_library(tmp_path, "liblocks.so", _LIBRARY)
    place = Place(tmp_path)
    text = _PROGRAM.replace("LIBRARY", repr(str(library))).replace("BEGIN", "")
    outcome = place.run_tracked(write_program(tmp_path, text))
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"1\n", b"")
    assert ndmem.load(place.trace).trace.live_nbytes == 10**7
