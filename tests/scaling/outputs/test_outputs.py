"""Outputs: what was written in blocks is the result, in every kind of place and from several threads."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.scaling.outputs.places import MAKERS, every_place

from ndmem import ScalingError
from ndmem.scaling.outputs import open_output
from ndmem.scaling.outputs.zarr_chunks import chunk_shape

_DTYPES = st.sampled_from(["f8", "f4", "i2", "c16", "?"])
_ARRAYS = _DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=3, max_side=9)))


@every_place
@settings(max_examples=15)
@given(_ARRAYS, st.randoms(), st.integers(1, 3))
def test_blocks_in_any_order_make_the_result(name, array, random, chunks):
    """Blocks of whole chunks that are written in any order, column-major ones too, are the array."""
    kind, make, read, _ = MAKERS[name]
    with tempfile.TemporaryDirectory() as folder:
        out = make(array.shape, array.dtype, Path(folder))
        output = open_output(out, shape=array.shape, dtype=array.dtype, rows=2)
        assert (output.kind, output.shape, output.dtype) == (kind, array.shape, array.dtype)
        rows = chunks * output.storage_rows
        starts = list(range(0, len(array), rows))
        random.shuffle(starts)
        for number, start in enumerate(starts):
            output.write(start, np.array(array[start : start + rows], order="CF"[number % 2]))
        output.flush()
        np.testing.assert_array_equal(read(output.target), array, strict=True)
        output.close()
        if name == "hdf5":
            out.file.close()


@every_place
def test_threads_write_at_once(name, tmp_path):
    """Blocks that four threads write at once, of a dtype that is converted, are all in the result."""
    array = np.arange(4000.0).reshape(1000, 4)
    _, make, read, _ = MAKERS[name]
    out = make(array.shape, np.dtype("f4"), tmp_path)
    output = open_output(out, shape=array.shape, dtype=np.dtype("f4"), rows=8)
    rows = 2 * output.storage_rows
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda start: output.write(start, array[start : start + rows]), range(0, 1000, rows)))
    np.testing.assert_array_equal(read(output.target), array.astype("f4"), strict=True)
    output.close()
    if name == "hdf5":
        out.file.close()


@pytest.mark.parametrize("name", ["npy", pytest.param("zarr, path", id="zarr")])
def test_a_path_is_continued(name, tmp_path):
    """A path that exists is refused; resumed, it keeps the blocks that were written, and only fits the same result."""
    if name.startswith("zarr"):
        pytest.importorskip("zarr")
    _, make, read, _ = MAKERS[name]
    shape, dtype = (8, 3), np.dtype("f4")
    path = make(shape, dtype, tmp_path)
    first = open_output(path, shape=shape, dtype=dtype, rows=4, resume=True)
    first.write(0, np.ones((4, 3), "f4"))
    first.close()
    with pytest.raises(ScalingError, match=r"exists; choose another path, delete it, or .* resume=True"):
        open_output(path, shape=shape, dtype=dtype, rows=4)
    for other_shape, other_dtype in (((8, 4), dtype), (shape, np.dtype("c16"))):
        with pytest.raises(ScalingError, match=str(path)):
            open_output(path, shape=other_shape, dtype=other_dtype, rows=4, resume=True)
    second = open_output(path, shape=shape, dtype=dtype, rows=4, resume=True)
    second.write(4, np.full((4, 3), 2, "f4"))
    second.close()
    assert read(path)[:, 0].tolist() == [1] * 4 + [2] * 4
    assert second.target == str(path)


@pytest.mark.filterwarnings("ignore:Stored array in format 2.0")
def test_npy_files_are_those_of_numpy(tmp_path):
    """A file has the header and the length that `numpy.save` gives it, for fields, dates and empty rows too."""
    arrays = [
        np.array([(1, 2.5), (3, 4.5)], [("a", "i4"), ("é", "f8")]),
        np.arange("2020-01", "2020-08", dtype="M8[D]"),
        np.empty((3, 0)),
        np.arange(5, dtype=">i4"),
        np.zeros(2, [(f"field_{number:05}", "u1") for number in range(6000)]),
    ]
    for number, array in enumerate(arrays):
        expected, path = tmp_path / f"{number}-expected.npy", tmp_path / f"{number}.npy"
        np.save(expected, array)
        output = open_output(path, shape=array.shape, dtype=array.dtype, rows=1)
        for row in range(len(array)):
            output.write(row, array[row : row + 1])
        output.close()
        assert path.read_bytes() == expected.read_bytes()


def test_only_a_new_array_counts_as_memory(tmp_path):
    """The bytes of an array that was made for the result are held; of a file, or an array that was there, none."""
    shape, dtype = (100, 10), np.dtype("f8")
    outs = (None, np.zeros(shape), tmp_path / "a.npy")
    held = []
    for out in outs:
        output = open_output(out, shape=shape, dtype=dtype, rows=10)
        held.append(output.held_nbytes)
        output.close()
    assert held == [8000, 0, 0]


@given(hnp.array_shapes(max_dims=3, max_side=2**20), st.integers(1, 64), st.integers(1, 2**20))
def test_chunks_of_zarr_stay_below_what_compressors_take(shape, itemsize, rows):
    """No chunk exceeds 1 GiB unless one element does; a block is whole chunks; small blocks are one chunk each."""
    chunks = chunk_shape(shape, itemsize, rows)
    assert len(chunks) == len(shape)
    assert np.prod(chunks, dtype=object) * itemsize <= 2**30
    assert min(rows, shape[0]) % chunks[0] == 0
    whole = (min(rows, shape[0]), *shape[1:])
    if np.prod(whole, dtype=object) * itemsize <= 2**30:
        assert chunks == whole
