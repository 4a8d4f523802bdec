"""Sources: any rows of any kind are those of the array, from several threads, in memory of the caller's own."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.scaling.sources.kinds import MAKERS, every_kind

from ndmem.scaling.sources import open_source

# Every kind can store these.
_DTYPES = st.sampled_from(["f8", "f4", "i2", "u1", "c16", "?"])
_SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=9)
_ARRAYS = _DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, _SHAPES))


@every_kind
@settings(max_examples=15)
@given(_ARRAYS, st.data())
def test_rows_are_those_of_the_array(name, array, data):
    """Shape, dtype and the values of any rows are those of the array, to the bit."""
    kind, make, _ = MAKERS[name]
    stop = data.draw(st.integers(0, len(array)))
    start = data.draw(st.integers(0, stop))
    with tempfile.TemporaryDirectory() as folder:
        source = open_source(make(array, Path(folder)))
        try:
            assert (source.kind, source.shape, source.dtype) == (kind, array.shape, array.dtype)
            assert 1 <= source.storage_rows <= len(array)
            found = source.read(start, stop)
            assert type(found) is np.ndarray
            np.testing.assert_array_equal(found, array[start:stop], strict=True)
        finally:
            source.close()


@every_kind
def test_a_block_is_the_callers_own(name, tmp_path):
    """Writing to a block does not change what is read next; only a block of an array in memory is a view of it."""
    array = np.arange(35.0).reshape(5, 7)
    kind, make, _ = MAKERS[name]
    source = open_source(make(array.copy(), tmp_path))
    try:
        block = source.read(0, 5)
        block[:] = -1
        assert (source.read(0, 5) == (-1 if kind == "array" else array)).all()
    finally:
        source.close()


@every_kind
def test_threads_read_at_once(name, tmp_path):
    """Blocks that four threads read at once have the rows they were asked for."""
    array = np.arange(4000.0).reshape(1000, 4)
    source = open_source(MAKERS[name][1](array, tmp_path))
    starts = [start for _ in range(3) for start in range(0, 1000, 37)]
    try:
        with ThreadPoolExecutor(4) as pool:
            blocks = list(pool.map(lambda start: source.read(start, min(start + 37, 1000)), starts))
    finally:
        source.close()
    for start, block in zip(starts, blocks, strict=True):
        np.testing.assert_array_equal(block, array[start : start + 37])


def test_dtypes_without_a_buffer_are_read(tmp_path):
    """Dates, fields, swapped bytes and empty rows are read from a file as `numpy.load` reads them."""
    arrays = [
        np.arange("2020-01", "2020-08", dtype="M8[D]"),
        np.array([(1, 2.5), (3, 4.5)], [("a", "i4"), ("b", "f8")]),
        np.arange(5, dtype=">i4"),
        np.empty((3, 0)),
        np.array(["ab", "c"]),
    ]
    for number, array in enumerate(arrays):
        path = tmp_path / f"{number}.npy"
        np.save(path, array)
        source = open_source(path)
        np.testing.assert_array_equal(source.read(1, 2), array[1:2], strict=True)
        source.close()
