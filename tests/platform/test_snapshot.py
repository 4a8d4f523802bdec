"""`take_snapshot`: what is found of malloc's memory is all there is."""

import json
import subprocess
import sys

import pytest

from ndmem.platform.breakdown.heap import heap_figures
from ndmem.platform.breakdown.snapshot import take_snapshot

pytestmark = pytest.mark.skipif(heap_figures() is None, reason="needs glibc 2.33")

PROGRAM = """
import json, threading
import numpy as np
from ndmem.platform.breakdown.snapshot import take_snapshot
from ndmem.platform.breakdown.smaps import Kind
big = [np.ones(1_000_000 + number) for number in range(30)]
ready, leave = threading.Barrier(4), threading.Event()
def work():
    held = [np.ones(1000) for _ in range(9000)]
    ready.wait()
    leave.wait()
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
ready.wait()
taken = take_snapshot()
leave.set()
main = sum(region.end - region.start for region in taken.regions if region.kind is Kind.HEAP)
print(json.dumps({
    "chunks": [len(taken.chunks), sum(nbytes for _, nbytes in taken.chunks)],
    "said": [taken.heap.mapped_count, taken.heap.mapped_nbytes],
    "heaps": main + sum(nbytes for _, nbytes in taken.heaps),
    "heaps_said": taken.heap.nbytes,
    "large": sum(any(at < each.ctypes.data < at + nbytes for at, nbytes in taken.chunks) for each in big),
    "stacks": sum(any(at < thread.ident < at + nbytes for at, nbytes in taken.stacks) for thread in threads),
}))
"""


def test_places_add_up_to_what_malloc_says():
    """Large blocks and threads' heaps that were found are as many bytes as malloc has, and each thread has a stack."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    (count, nbytes), (said_count, said_nbytes) = found["chunks"], found["said"]
    # glibc 2.43 adds 16 bytes too many for each such block that realloc moves or resizes (mremap_chunk).
    assert (count, nbytes) == (said_count, said_nbytes - said_nbytes % 4096)
    assert said_nbytes % 16 == 0
    assert found["heaps"] == found["heaps_said"]
    assert (found["large"], found["stacks"]) == (30, 3)


def test_here():
    """Parts of malloc's figures add up: a heap is used or free."""
    heap = take_snapshot().heap
    assert heap.used + heap.free == heap.nbytes
    assert heap.mapped_nbytes >= heap.mapped_count * 4096
