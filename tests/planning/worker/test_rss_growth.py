"""How far resident memory rises while something runs."""

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read as Linux counts it")

_TOUCHES = """
import numpy as np
from ndmem.planning.worker.rss_growth import watch_rss_growth

def touch(*positions):
    array = np.empty(2**23, "u1")
    array[list(positions)] = 1
    return array

def may_have_huge_pages():
    with open("/proc/self/status") as file:
        return [line.split()[1] for line in file if line.startswith("THP_enabled")]

before = may_have_huge_pages()
touch(0)  # what the first call brings in
with watch_rss_growth() as one:
    touch(2**22)
with watch_rss_growth() as all_of_it:
    np.ones(2**23, "u1")
print(one.nbytes, all_of_it.nbytes, before == may_have_huge_pages())
"""

_GROWS_AMONG_HOLES = """
import ctypes
from ndmem.planning.worker.rss_growth import watch_rss_growth

libc = ctypes.CDLL(None)
libc.malloc.restype = libc.realloc.restype = ctypes.c_void_p
libc.mallopt(-3, 2**25)  # M_MMAP_THRESHOLD: large blocks too lie in the heap
sizes = [2**20, 2**21, 2**22, 2**23]
holes = [(libc.malloc(ctypes.c_size_t(size)), libc.malloc(ctypes.c_size_t(2**18))) for size in sizes]
for hole, _ in holes:
    libc.free(ctypes.c_void_p(hole))

def grow():
    block = None
    for size in sizes:
        block = libc.realloc(ctypes.c_void_p(block), ctypes.c_size_t(size))
        ctypes.memset(block, 1, size)
    libc.free(ctypes.c_void_p(block))

grow()
with watch_rss_growth() as growth:
    grow()
print(growth.nbytes)
"""


def _run(program: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()


def test_what_is_touched_counts_and_not_the_huge_page_around_it() -> None:
    """One byte of 8 MiB brings in less than 512 KiB, all of them 8 MiB, and huge pages are as allowed as before."""
    one, all_of_it, restored = _run(_TOUCHES)
    assert int(one) < 2**19
    assert int(all_of_it) == pytest.approx(2**23, abs=2**19)
    assert restored == "True"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="its malloc is steered")
def test_a_block_that_grows_leaves_nothing_in_the_holes_of_an_old_heap() -> None:
    """A block that grows from 1 to 8 MiB brings in 8 MiB, not the 15 of all its sizes, each of which has a hole."""
    (rise,) = _run(_GROWS_AMONG_HOLES)
    assert int(rise) == pytest.approx(2**23, abs=2**19)
