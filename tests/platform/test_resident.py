"""`resident_nbytes`: pages that were written are in RAM, others are not."""

import mmap

import numpy as np
import pytest

from ndmem.platform.resident.pages import own_resident_nbytes, resident_nbytes

PAGE = mmap.PAGESIZE


@pytest.fixture
def pages():
    """An untouched mapping of 100 pages and its address; skipped where the system cannot tell."""
    mapping = mmap.mmap(-1, 100 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    view = np.frombuffer(mapping, np.uint8)
    if resident_nbytes([(view.ctypes.data, view.nbytes)]) == [None]:
        pytest.skip("needs PAGEMAP_SCAN (Linux 6.7)")
    return view


def test_untouched_and_written(pages):
    """Each written page counts, one that was only read does not."""
    assert resident_nbytes([(pages.ctypes.data, pages.nbytes)]) == [0]
    pages[: 3 * PAGE : PAGE] = 1
    pages[50 * PAGE] = 1
    assert resident_nbytes([(pages.ctypes.data, pages.nbytes)]) == [4 * PAGE]


def test_part_of_a_page(pages):
    """A region counts its own bytes of a page, not the page."""
    pages[:] = 1
    regions = [(pages.ctypes.data + 10, 20), (pages.ctypes.data + PAGE - 5, 10), (pages.ctypes.data, 0)]
    assert resident_nbytes(regions) == [20, 10, 0]


def test_many_pieces(pages):
    """More separate pieces than one question to the kernel answers are all counted."""
    mapping = mmap.mmap(-1, 3000 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    view = np.frombuffer(mapping, np.uint8)
    mapping.madvise(mmap.MADV_NOHUGEPAGE)
    view[:: 2 * PAGE] = 1
    assert resident_nbytes([(view.ctypes.data, view.nbytes)]) == [1500 * PAGE]


def test_own():
    """The process has some bytes in RAM, or it is not known."""
    rss = own_resident_nbytes()
    assert rss is None or rss > 2**20
