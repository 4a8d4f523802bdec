"""Programs whose resident memory is of known kinds; each is run in a fresh interpreter, and then broken down."""

SCENARIOS = {
    "idle": "",
    "few big arrays": """
written = np.ones(400 << 17)
untouched = np.zeros(400 << 17)
half = np.zeros(400 << 17)
half[: 200 << 17] = 1
""",
    "200,000 small arrays": """
small = [np.ones(13) for _ in range(200_000)]
""",
    "200,000 small arrays, deleted": """
small = [np.ones(13) for _ in range(200_000)]
kept = small[-1]
del small
""",
    "every other of 12,000 arrays deleted": """
arrays = [np.ones(6000) for _ in range(12_000)]
del arrays[::2]
""",
    "memmap read through": """
import tempfile
with tempfile.TemporaryFile() as file:
    file.truncate(400 << 20)
    data = np.memmap(file, np.float64, "r")
total = data.sum()
copied = np.array(data[: 100 << 17])
""",
    "arrays and a large dict": """
arrays = [np.ones(1 << 20) for _ in range(20)]
table = {number: str(number) for number in range(1_000_000)}
""",
    "threads with heaps of their own": """
import threading
done, leave = threading.Barrier(5), threading.Event()
def work():
    held = [np.ones(6000) for _ in range(3000)]
    product = np.ones((500, 500)) @ np.ones((500, 500))
    done.wait()
    leave.wait()
threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
done.wait()
""",
    "untouched memory of another library": """
import ctypes
allocate = ctypes.CDLL(None).calloc
allocate.argtypes, allocate.restype = [ctypes.c_size_t, ctypes.c_size_t], ctypes.c_void_p
room = allocate(300, 1 << 20)
arrays = np.ones(100 << 17)
""",
    "100 MiB that a library mapped by itself": """
import mmap
room = mmap.mmap(-1, 100 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
room.write(b"x" * (100 << 20))
""",
}
"""Name → Python code."""

ASKED = """
import json, sys
import numpy as np
import ndmem
ndmem.breakdown()  # loads what it needs now: modules that are compiled leave freed memory, which is not the scenario's
SCENARIO
print(json.dumps(ndmem.breakdown(trim=TRIM).to_dict()))
sys.stdout.flush()
import os
os._exit(0)
"""
