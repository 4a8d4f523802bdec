"""`explain`: parts that add up, with what has a place counted there and nothing twice."""

import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.platform.breakdown import explain as module
from ndmem.platform.breakdown.explain import explain
from ndmem.platform.breakdown.heap import HeapFigures
from ndmem.platform.breakdown.small_objects import SmallObjects
from ndmem.platform.breakdown.smaps import Kind, Region
from ndmem.platform.breakdown.snapshot import Snapshot

PAGE = mmap.PAGESIZE
MIB = 2**20


@pytest.fixture(autouse=True)
def old_kernel(monkeypatch):
    """Make the kernel report whole regions only, so that the tests can invent addresses."""
    monkeypatch.setattr(module, "resident_nbytes", lambda extents: [None] * len(extents))


def extents(*rows):
    """Arrays by address and bytes."""
    return np.array(rows, np.int64).reshape(-1, 2)


def test_by_hand():
    """Each MiB of a process made by hand is where it belongs."""
    regions = (
        Region(100 * MIB, 150 * MIB, "rw-p", Kind.HEAP, 40 * MIB, 0),
        Region(200 * MIB, 300 * MIB, "rw-p", Kind.ANONYMOUS, 70 * MIB, 3 * MIB),  # one large array
        Region(400 * MIB, 420 * MIB, "rw-p", Kind.ANONYMOUS, 20 * MIB, 0),  # a large block of somebody else's
        Region(500 * MIB, 506 * MIB, "rw-p", Kind.ANONYMOUS, 6 * MIB, 0),  # arenas, and 2 MiB nobody knows
        Region(600 * MIB, 700 * MIB, "r--s", Kind.MAPPED, 30 * MIB, 0),  # an array over a file
        Region(800 * MIB, 810 * MIB, "r-xp", Kind.LIBRARY, 5 * MIB, 0),
        Region(820 * MIB, 830 * MIB, "rw-s", Kind.SHARED, 7 * MIB, 0),
        Region(900 * MIB, 908 * MIB, "rw-p", Kind.STACK, 1 * MIB, 0),
    )
    heap = HeapFigures(50 * MIB, used=25 * MIB, free=25 * MIB, mapped_count=2, mapped_nbytes=120 * MIB)
    chunks = [(200 * MIB, 100 * MIB), (400 * MIB, 20 * MIB)]
    taken = Snapshot(regions, heap, SmallObjects(3 * MIB, 1 * MIB), chunks, [], [])
    arrays = extents((101 * MIB, 10 * MIB), (200 * MIB + 64, 100 * MIB - 64), (610 * MIB, 20 * MIB))
    found = explain(taken, arrays)
    assert found.parts == {
        "arrays": 80 * MIB,  # 10 in the heap, 70 of the large one
        "heap": 35 * MIB,  # 15 in the heap, 20 of the large block
        "freed": 15 * MIB,  # of 40 resident 25 are in use
        "arrow": 0,
        "python_used": 3 * MIB,
        "python_free": 1 * MIB,
        "libraries": 5 * MIB,
        "mapped": 30 * MIB,
        "shared": 7 * MIB,
        "stacks": 1 * MIB,
    }
    assert (found.rss, found.unexplained, found.untouched) == (179 * MIB, 2 * MIB, 30 * MIB - 64)
    assert found.notes == ("3 MiB more is in swap.",)


def test_freed_is_no_more_than_malloc_has_free():
    """Pages in a heap that malloc neither uses nor has free stay unexplained."""
    heap = HeapFigures(50 * MIB, used=10 * MIB, free=5 * MIB, mapped_count=0, mapped_nbytes=0)
    regions = (Region(100 * MIB, 150 * MIB, "rw-p", Kind.HEAP, 40 * MIB, 0),)
    found = explain(Snapshot(regions, heap, SmallObjects(0, 0), [], [], []), extents())
    assert (found.heap, found.freed, found.unexplained) == (10 * MIB, 5 * MIB, 25 * MIB)


def test_what_is_not_known_is_none():
    """Without figures of malloc's and of Python's the parts are None, said why, and unexplained has them."""
    regions = (Region(100 * MIB, 150 * MIB, "rw-p", Kind.HEAP, 40 * MIB, 0),)
    found = explain(Snapshot(regions, None, None, [], [], []), extents((100 * MIB, MIB)))
    assert (found.arrays, found.heap, found.freed) == (MIB, None, None)
    assert (found.python_used, found.python_free, found.unexplained) == (None, None, 39 * MIB)
    assert len(found.notes) == 2


KINDS = st.sampled_from(Kind)


@st.composite
def snapshots(draw):
    """Any regions, figures and arrays, also such as contradict each other."""
    regions, at = [], PAGE
    for _ in range(draw(st.integers(0, 8))):
        pages = draw(st.integers(1, 1000))
        resident = draw(st.integers(0, pages)) * PAGE
        regions.append(Region(at, at + pages * PAGE, "rw-p", draw(KINDS), resident, 0))
        at += (pages + draw(st.integers(0, 3))) * PAGE
    size = st.integers(0, at * 2)
    heap = draw(st.none() | st.builds(HeapFigures, size, size, size, size, size))
    small = draw(st.none() | st.builds(SmallObjects, size, size))
    cuts = draw(st.lists(st.integers(1, at), unique=True, max_size=12).map(sorted))
    arrays = [(low, high - low) for low, high in zip(cuts[::2], cuts[1::2], strict=False)]
    anonymous = [(r.start, r.end - r.start) for r in regions if r.kind is Kind.ANONYMOUS]
    shares = [anonymous[number::3] for number in range(3)]
    return Snapshot(tuple(regions), heap, small, *shares), extents(*arrays)


@given(snapshots())
def test_parts_add_up(case):
    """Known parts and unexplained are RSS, and no part is negative, whatever the figures claim."""
    taken, arrays = case
    found = explain(taken, arrays)
    assert found.rss == sum(region.resident for region in taken.regions)
    assert sum(nbytes or 0 for nbytes in found.parts.values()) + found.unexplained == found.rss
    assert all(nbytes is None or nbytes >= 0 for nbytes in (*found.parts.values(), found.untouched))
    assert found.arrays + found.untouched <= arrays[:, 1].sum()
