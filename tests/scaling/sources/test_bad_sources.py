"""Sources that cannot be read: one error, which names the source and says what to do."""

import re
import sys

import numpy as np
import pytest

from ndmem import MissingError, ScalingError
from ndmem.scaling.sources import open_source


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array(3.0), "no axis to split"),
        (np.empty((0, 4)), "has no rows"),
        (np.array([{}, None]), "Python objects"),
        (np.zeros(3, [("a", "O")]), "Python objects"),
        (np.ma.zeros(3), "filled()"),
        ([1.0, 2.0], "cannot read a list in blocks"),
        (None, "cannot read a NoneType in blocks"),
        (3, "pass an array, or the path of one"),
        ("s3://bucket/a.zarr", "is an address"),
    ],
)
def test_what_has_no_rows_is_refused(value, words):
    """What cannot be split into blocks of rows is refused in one line, which says what to pass instead."""
    with pytest.raises(ScalingError, match=re.escape(words)) as caught:
        open_source(value)
    assert "\n" not in str(caught.value)


def test_another_file_is_refused(tmp_path):
    """A file of another kind, and a damaged header, are refused with the file's name; a missing one is an OSError."""
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.npy").write_bytes(b"\x93NUMPY\x01\x00\x06\x00{'desc")
    for name in ("a.txt", "b.npy"):
        with pytest.raises(ScalingError, match=name):
            open_source(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "missing.npy")


def test_a_truncated_file_is_refused(tmp_path):
    """A file with 2 of 5 rows is refused, with rows and bytes, as a path and as a map of it."""
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((5, 4)))
    mapped = np.load(path, mmap_mode="r")
    columns = np.load(path, mmap_mode="r")[:, 1:]
    with path.open("rb+") as file:
        file.truncate(128 + 2 * 32 + 5)
    for value in (path, mapped):
        with pytest.raises(ScalingError, match=r"a\.npy is truncated: it has 2 whole rows of 5, 69 bytes of 160"):
            open_source(value)
    # Reading these from the mapping would end the process.
    with pytest.raises(ScalingError, match=r"a\.npy is truncated"):
        open_source(columns)


def test_a_file_that_becomes_shorter_is_an_error_of_its_rows(tmp_path):
    """A file that is cut while it is open gives the rows that it has, and an error for the others."""
    path = tmp_path / "a.npy"
    np.save(path, np.arange(20.0).reshape(5, 4))
    source = open_source(path)
    columns = open_source(np.load(path, mmap_mode="r")[:, 1:])
    with path.open("rb+") as file:
        file.truncate(128 + 3 * 32)
    assert source.read(0, 3).sum() == sum(range(12))
    for cut in (source, columns):
        with pytest.raises(ScalingError, match=r"a\.npy is truncated: it has 3 whole rows of 5"):
            cut.read(2, 5)
    source.close()


def test_a_closed_source_is_an_error(tmp_path):
    """After `close`, which may be called twice, reading is an error that names the source."""
    np.save(tmp_path / "a.npy", np.zeros(5))
    source = open_source(tmp_path / "a.npy")
    source.close()
    source.close()
    with pytest.raises(ScalingError, match=r"cannot read rows 1:2 of .*a\.npy"):
        source.read(1, 2)


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (2, 1), (0, 6)])
def test_rows_outside_are_refused(start, stop):
    """Rows that the source does not have are an error, not fewer rows."""
    with pytest.raises(ScalingError, match="are not within the 5 rows"):
        open_source(np.zeros(5)).read(start, stop)


def test_a_replaced_file_is_read_from_its_map(tmp_path):
    """A map whose file was deleted, or replaced by another one, gives the values of the map."""
    path = tmp_path / "a.npy"
    np.save(path, np.arange(5.0))
    mapped = np.load(path, mmap_mode="r")
    path.unlink()
    assert open_source(mapped).read(1, 3).tolist() == [1, 2]
    np.save(path, np.zeros(5))
    assert open_source(mapped).read(1, 3).tolist() == [1, 2]


def test_copy_on_write_shows_the_programs_values(tmp_path):
    """Rows of a copy-on-write map have the values that the program wrote, which its file lacks."""
    np.save(tmp_path / "a.npy", np.arange(5.0))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="c")
    mapped[1] = 7
    assert open_source(mapped).read(0, 3).tolist() == [0, 7, 2]


def test_written_maps_are_read_without_a_flush(tmp_path):
    """Rows of a shared map have the values that were written a moment ago."""
    mapped = np.memmap(tmp_path / "a", "f8", "w+", shape=5)
    source = open_source(mapped)
    mapped[:] = range(5)
    assert source.read(2, 4).tolist() == [2, 3]
    source.close()


@pytest.mark.parametrize(("library", "name"), [("h5py", "a.h5::/a"), ("zarr", "a.zarr")])
def test_a_missing_library_is_named(library, name, monkeypatch, tmp_path):
    """A path whose library is not installed is an error that says what to install."""
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(MissingError, match=f"{name} needs {library}, .*pip install {library}"):
        open_source(tmp_path / name)
