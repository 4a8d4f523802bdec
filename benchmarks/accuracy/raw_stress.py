"""Have threads with and without the GIL use Python's raw allocator under its hook; live bytes must be exact in the end.

``python benchmarks/accuracy/raw_stress.py --rounds 300``: a recording runs all the time, others begin and end, the
process forks, and tracemalloc comes and goes above the hook. Made for sanitizers (``make sanitize``), without the
preloaded library.
"""

import argparse
import ctypes
import os
import random
import sys
import threading
import tracemalloc
import warnings

import numpy as np

from ndmem import _native

_SIZES = (10, 600, 65_535, 65_536, 100_000, 1_000_000)


def main() -> int:
    """Run the rounds; the status is 0 if the figures are exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of forks in a process with threads
    sys.setswitchinterval(1e-5)
    whole = _native.Recording(4096, room=2**20, raw=True)
    whole.start()
    done = threading.Event()
    threads = [
        threading.Thread(target=_repeat, args=(done, work, n))
        for n, work in enumerate(
            [_use_blocks(ctypes.CDLL), _use_blocks(ctypes.CDLL), _use_blocks(ctypes.PyDLL), _use_arrays]
        )
    ]
    for thread in threads:
        thread.start()
    for n in range(options.rounds):
        _open_and_close(n)
    done.set()
    for thread in threads:
        thread.join()
    whole.stop()
    header = b"".join(whole.read()[:1])
    live, native = (
        whole.live,
        int.from_bytes(header[128:136], "little", signed=True),
    )  # docs/reference/journal-format.md
    assert (live, native, whole.missed) == (0, 0, 0), f"{live} bytes of arrays and {native} of native blocks are left"
    assert _native.running_threshold() == 0
    assert not _native.raw_is_reached()
    print(f"raw allocator: {options.rounds} rounds", flush=True)
    return 0


def _repeat(done, work, seed):
    chance = random.Random(seed)
    while not done.is_set():
        work(chance)


def _use_blocks(kind):
    """Return what uses blocks, without the GIL for ``CDLL`` and with it for ``PyDLL``."""
    library, size, pointer = kind(None), ctypes.c_size_t, ctypes.c_void_p
    malloc, calloc, realloc, free = (
        getattr(library, f"PyMem_Raw{name}") for name in ("Malloc", "Calloc", "Realloc", "Free")
    )
    malloc.restype = calloc.restype = realloc.restype = pointer
    malloc.argtypes, calloc.argtypes = [size], [size, size]
    realloc.argtypes, free.argtypes, free.restype = [pointer, size], [pointer], None

    def use(chance):
        blocks = [malloc(chance.choice(_SIZES)) for _ in range(5)] + [calloc(3, chance.choice(_SIZES))]
        blocks = [realloc(block, chance.choice(_SIZES)) for block in blocks]
        for block in blocks:
            free(block)

    return use


def _use_arrays(chance):
    held = [np.zeros(chance.choice(_SIZES), np.uint8) for _ in range(5)] + [bytearray(chance.choice(_SIZES))]
    np.sort(held[0], kind="stable")
    held[-1] += bytes(100_000)


def _open_and_close(n):
    inner = _native.Recording(4096, raw=True)
    inner.start()
    kept = bytes(100_000)
    if n % 7 == 0:
        tracemalloc.start()
        tracemalloc.stop()
    if n % 10 == 0:
        child = os.fork()
        if child == 0:
            os._exit(1 if _native.raw_is_reached() else 0)
        assert os.waitpid(child, 0)[1] == 0
    del kept
    inner.stop()


if __name__ == "__main__":
    sys.exit(main())
