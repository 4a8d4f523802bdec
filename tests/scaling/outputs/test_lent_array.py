"""Arrays that are lent to a library and its threads."""

from __future__ import annotations

import threading
import weakref

import numpy as np
import pytest

from ndmem.scaling.outputs import lent_array
from ndmem.scaling.outputs.lent_array import lend_array
from ndmem.scaling.outputs.output import open_output

PADDED = np.dtype([("a", "i1"), ("b", "f8")], align=True)


@pytest.mark.parametrize("dtype", ["f8", "i1", ">i2", "M8[s]", "c16", "?", "S5", "U3", "V8", PADDED], ids=str)
def test_a_lent_array_has_the_same_memory_shape_and_dtype(dtype):
    """Every second column of a block is lent in place, without a copy, and in the same dtype."""
    block = np.zeros((6, 8), dtype)[:, ::2]
    seen = []
    lend_array(
        block, lambda lent: seen.append((lent.__array_interface__["data"], lent.strides, lent.shape, lent.dtype))
    )
    assert seen == [(block.__array_interface__["data"], block.strides, block.shape, block.dtype)]


def test_it_waits_for_a_thread_that_has_a_view():
    """A thread has a view of a view and gives it up when it is told; only then is the array back."""
    block = np.arange(10)
    steps, held = [], []
    begun = threading.Event()

    def let_go():
        begun.wait()
        steps.append("let go")
        held.clear()

    thread = threading.Thread(target=let_go)
    thread.start()

    def use(lent):
        held.append(lent[2:][1:5])
        begun.set()

    lend_array(block, use)
    steps.append("back")
    thread.join()
    assert steps == ["let go", "back"]


def test_a_view_that_stays_does_not_stop_the_program(monkeypatch):
    """The wait for a view that is never given up ends, and the view keeps the memory alive."""
    monkeypatch.setattr(lent_array, "_MOST_SECONDS", 0.01)
    block, kept = np.arange(5), []
    gone = weakref.ref(block)
    lend_array(block, kept.append)
    del block
    assert gone() is not None
    assert kept[0].tolist() == [0, 1, 2, 3, 4]
    kept.clear()
    assert gone() is None


def test_an_error_passes_at_once(monkeypatch):
    """An error of the function, whose traceback has the view, is raised without a wait."""
    monkeypatch.setattr(lent_array, "_MOST_SECONDS", 60.0)

    def fail(lent):
        raise LookupError(len(lent))

    with pytest.raises(LookupError):
        lend_array(np.arange(3), fail)


@pytest.mark.parametrize("options", [{}, {"compressors": None}, {"shards": (200, 4)}, {"zarr_format": 2}], ids=str)
def test_zarr_has_let_go_of_a_block_that_it_wrote(tmp_path, monkeypatch, options):
    """After each write into a folder, whatever is done to its chunks, the memory of the block is free again."""
    zarr = pytest.importorskip("zarr")
    monkeypatch.setattr(lent_array, "_MOST_SECONDS", 60.0)
    values = np.random.default_rng(0).standard_normal((10_000, 4))
    out = zarr.create_array(tmp_path / "x.zarr", shape=values.shape, dtype="f8", chunks=(100, 4), **options)
    output = open_output(out, shape=values.shape, dtype=values.dtype, rows=100)
    for start in range(0, 10_000, 1_000):
        block = values[start : start + 1_000].copy()
        gone = weakref.ref(block)
        output.write(start, block)
        del block
        assert gone() is None
    np.testing.assert_array_equal(out[:], values)


@pytest.mark.parametrize("place", ["folder", "memory"])
def test_zarr_gets_a_loan_where_it_writes_a_folder(tmp_path, monkeypatch, place):
    """A store that is not a folder gets the block itself, which it may have as its chunk from then on."""
    zarr = pytest.importorskip("zarr")
    lent = []
    monkeypatch.setattr("ndmem.scaling.outputs.zarr.lend_array", lambda block, use: [lent.append(block), use(block)])
    store = tmp_path / "x.zarr" if place == "folder" else zarr.storage.MemoryStore()
    out = zarr.create_array(store, shape=(100, 4), dtype="f8", chunks=(100, 4), compressors=None)
    block = np.ones((100, 4))
    open_output(out, shape=(100, 4), dtype=block.dtype, rows=100).write(0, block)
    assert [one is block for one in lent] == [True] * (place == "folder")
    assert (out[:] == 1).all()
