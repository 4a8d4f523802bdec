"""NumPy's handler called by threads without the GIL, as NumPy does now and then, while tracking starts and stops."""

import subprocess
import sys

import pytest

# Takes the handler's functions as they are while ndmem is in them, and calls them as ctypes does: without the GIL.
_CALLS = """
import ctypes, sys, threading
import numpy as np
from ndmem import _native
word, size = ctypes.c_void_p, ctypes.c_size_t
get = ctypes.pythonapi.PyCapsule_GetPointer
get.restype, get.argtypes = word, [ctypes.py_object, ctypes.c_char_p]
slot = ctypes.cast(get(np._core._multiarray_umath._ARRAY_API, None), ctypes.POINTER(word))[306]
capsule = ctypes.cast(slot, ctypes.POINTER(ctypes.py_object))[0]  # PyDataMem_DefaultHandler
first = _native.Recording(1)
first.start()
functions = ctypes.cast(get(capsule, b"mem_handler") + 128, ctypes.POINTER(word))
malloc = ctypes.CFUNCTYPE(word, word, size)(functions[1])
calloc = ctypes.CFUNCTYPE(word, word, size, size)(functions[2])
free = ctypes.CFUNCTYPE(None, word, word, size)(functions[4])
first.stop()
sys.setswitchinterval(1e-6)
done = False
def work():
    while not done:
        free(None, malloc(None, 100), 100)
        free(None, calloc(None, 1, 100), 100)
threads = [threading.Thread(target=work) for _ in range(2)]
[thread.start() for thread in threads]
for _ in range(1000):
    CHANGE
done = True
[thread.join() for thread in threads]
print("all threads ended")
"""

_CHANGES = {
    "a recording": "recording = _native.Recording(1); recording.start(); recording.stop()",
    "a limit": "limit = _native.Limit(); limit.arm(1); limit.enforce(10**9); limit.disarm()",
}


@pytest.mark.parametrize("change", _CHANGES)
def test_a_thread_without_the_gil_survives_a_stop(change: str) -> None:
    """A thread that allocates without the GIL while tracking ends neither crashes nor uses what was freed."""
    text = _CALLS.replace("CHANGE", _CHANGES[change])
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "all threads ended\n"), done.stderr


@pytest.mark.long
def test_threads_beyond_the_last_number_are_said() -> None:
    """65,600 threads with an array each are all counted, and the trace says that the later ones share a number."""
    text = (
        "import threading, numpy as np, ndmem\n"
        "with ndmem.track(threshold=1) as run:\n"
        "    for _ in range(65_600):\n"
        "        thread = threading.Thread(target=np.empty, args=(1,))\n"
        "        thread.start()\n        thread.join()\n"
        "events, notes = run.trace.events, run.trace.run.notes\n"
        "print(len(events), int(events.thread.max()), any('65,535 threads' in note for note in notes))\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["131200", "65535", "True"]), done.stderr
