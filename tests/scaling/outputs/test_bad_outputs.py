"""Outputs that cannot hold the result: an error before any work; a full disk keeps what was written."""

import contextlib
import os
import re
import resource
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

from ndmem import ScalingError
from ndmem.scaling.outputs import open_output

_SHAPE, _DTYPE = (8, 3), np.dtype("f8")


def _open(out, **options):
    return open_output(out, shape=_SHAPE, dtype=_DTYPE, rows=4, **options)


def _read_only(shape):
    array = np.zeros(shape)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "words"),
    [
        (np.zeros((8, 4)), "has shape (8, 4), but the result has (8, 3)"),
        (np.zeros((3, 8)).T[:, :2], "has shape (8, 2)"),
        (np.zeros(_SHAPE, "i4"), "values of dtype float64 would be lost"),
        (np.zeros(_SHAPE, "?"), "would be lost"),
        (_read_only(_SHAPE), "is read-only"),
        ([[0.0] * 3] * 8, "a list cannot hold a result"),
        (5, "a int cannot hold a result"),
        ("result.csv", "does not end in .npy or .zarr"),
        ("s3://bucket/result.zarr", "give an open array"),
    ],
)
def test_what_cannot_hold_the_result_is_refused(out, words):
    """Another shape, a dtype that loses values, and what rows cannot be assigned to are refused in one line."""
    with pytest.raises(ScalingError, match=re.escape(words)) as caught:
        _open(out)
    assert "\n" not in str(caught.value)


def test_lazy_arrays_are_refused():
    """Arrays of Dask and xarray are refused: assigning to them computes nothing, or copies."""
    array = pytest.importorskip("dask.array")
    with pytest.raises(ScalingError, match=re.escape("a Array of dask.array cannot be written in blocks")):
        _open(array.zeros(_SHAPE))


def test_objects_cannot_be_written(tmp_path):
    """A result of Python objects is refused for a file."""
    with pytest.raises(ScalingError, match="has Python objects"):
        open_output(tmp_path / "a.npy", shape=(3,), dtype=np.dtype("O"), rows=1)
    assert not (tmp_path / "a.npy").exists()


@pytest.mark.parametrize(
    ("start", "block", "words"),
    [
        (0, np.zeros((2, 4)), "a block of shape (2, 4) is not rows"),
        (0, np.zeros(3), "a block of shape (3,) is not rows"),
        (7, np.zeros((2, 3)), "rows 7:9 are not within the 8 rows"),
        (-1, np.zeros((1, 3)), "rows -1:0 are not within"),
        (0, np.zeros((2, 3), "c16"), "values of dtype complex128 would be lost"),
    ],
)
def test_blocks_that_do_not_belong_are_refused(start, block, words, tmp_path):
    """A block of another shape, outside, or of values that would be lost is refused, and nothing is written."""
    for out in (None, tmp_path / "a.npy"):
        output = _open(out)
        output.write(0, np.ones(_SHAPE))
        with pytest.raises(ScalingError, match=re.escape(words)):
            output.write(start, block)
        output.close()
    assert np.load(tmp_path / "a.npy").all()


def test_parts_of_chunks_are_refused(tmp_path):
    """Rows of zarr that are not whole chunks are refused: two threads would overwrite each other's."""
    pytest.importorskip("zarr")
    output = _open(tmp_path / "a.zarr")
    assert output.storage_rows == 4
    with pytest.raises(ScalingError, match=re.escape("rows 2:6 are not whole chunks of 4 rows")):
        output.write(2, np.zeros((4, 3)))


def test_a_damaged_file_is_not_continued(tmp_path):
    """A file without a header, and one that is shorter than it says, are refused when they are resumed."""
    path = tmp_path / "a.npy"
    path.write_bytes(b"text")
    with pytest.raises(ScalingError, match=r"a\.npy: is not a \.npy file"):
        _open(path, resume=True)
    np.save(path, np.zeros(_SHAPE))
    os.truncate(path, 200)
    with pytest.raises(ScalingError, match=r"a\.npy is shorter than its header says"):
        _open(path, resume=True)
    np.save(path, np.zeros(_SHAPE, order="F"))
    with pytest.raises(ScalingError, match="F order"):
        _open(path, resume=True)


def test_a_missing_folder_is_named(tmp_path):
    """A path in a folder that does not exist is an error that names the path."""
    with pytest.raises(ScalingError, match=r"missing/a\.npy"):
        _open(tmp_path / "missing" / "a.npy")


@contextlib.contextmanager
def _files_up_to(nbytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_may_not_be_so_large_is_an_error_before_any_work(tmp_path):
    """A file that the process may not write is refused with its bytes at once, and none of it stays."""
    path = tmp_path / "a.npy"
    words = rf"cannot write all rows of {path}: it is too large; 800000 bytes .* are needed"
    with _files_up_to(50_000), pytest.raises(ScalingError, match=words):
        open_output(path, shape=(1000, 100), dtype=_DTYPE, rows=4)
    assert not path.exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_an_error_before_any_work(small_disk):
    """A .npy file that does not fit on its disk is refused at once, with path and bytes."""
    path = small_disk / "a.npy"
    words = rf"cannot write all rows of {path}: the disk is full; 8000000 bytes \(7\.63 MiB\) are needed"
    with pytest.raises(ScalingError, match=words) as caught:
        open_output(path, shape=(1000, 1000), dtype=_DTYPE, rows=4)
    assert isinstance(caught.value.__cause__, OSError)
    assert not path.exists()


def test_chunks_that_were_written_stay_on_a_full_disk(small_disk):
    """When the disk of a zarr array is full, the error names the rows, and the blocks before them can be read."""
    zarr = pytest.importorskip("zarr")
    values = np.random.default_rng(0).random((3000, 100))
    output = open_output(small_disk / "a.zarr", shape=values.shape, dtype=_DTYPE, rows=500)
    written: list[int] = []

    def write_all() -> None:
        for start in range(0, 3000, 500):
            output.write(start, values[start : start + 500])
            written.append(start)

    with pytest.raises(ScalingError, match=r"cannot write rows \d+:\d+ of .*a\.zarr: the disk is full; 400000 bytes"):
        write_all()
    assert 0 < len(written) < 6
    found = zarr.open(small_disk / "a.zarr", mode="r")
    np.testing.assert_array_equal(found[: 500 * len(written)], values[: 500 * len(written)])
