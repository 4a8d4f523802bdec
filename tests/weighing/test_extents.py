"""`live_extents`: the memory of each live array once."""

import numpy as np

from ndmem.weighing.live.extents import live_extents


def within(extents, array):
    """The extents that lie in an array's buffer."""
    start = array.__array_interface__["data"][0]
    inside = (extents[:, 0] >= start) & (extents[:, 0] < start + array.nbytes)
    return extents[inside].tolist()


def test_each_buffer_once():
    """A buffer with views and copies of views is one extent, of its own address and bytes."""
    array = np.ones((1000, 30))
    views = [array[::2], array.T, array[10:20, 3]]
    assert within(live_extents(), array) == [[array.ctypes.data, 240_000]]
    assert len(views) == 3


def test_memory_of_others():
    """An array over another object's memory counts with that memory, and overlapping windows of it once."""
    room = bytearray(100_000)
    windows = [np.frombuffer(room, np.uint8, 60_000), np.frombuffer(room, np.uint8, 60_000, offset=40_000)]
    found = within(live_extents(), np.frombuffer(room, np.uint8))
    assert sum(nbytes for _, nbytes in found) <= 100_001
    assert len(windows) == 2


def test_disjoint_and_ordered():
    """No two extents share a byte."""
    found = live_extents()
    assert (found[1:, 0] >= found[:-1].sum(axis=1)).all()
    assert (found[:, 1] > 0).all()


def test_gone_arrays_are_not_there():
    """A freed array has no extent, and the query keeps no array alive."""
    import weakref

    array = np.ones(54_321)
    watcher = weakref.ref(array)
    assert len(within(live_extents(), array)) == 1
    del array
    assert watcher() is None
