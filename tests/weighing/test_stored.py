"""`stored_arrays`: sizes of the arrays in a file, by its header; malicious files are rejected in one line."""

import struct
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ndmem.errors import WeighError
from ndmem.weighing.stored import stored_arrays


def npy(header: bytes, version: bytes = b"\x01\x00") -> bytes:
    """A .npy file with this header and no data."""
    return b"\x93NUMPY" + version + struct.pack("<H" if version[0] == 1 else "<I", len(header)) + header


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    st.one_of(hnp.scalar_dtypes(), hnp.nested_dtypes(max_leaves=3)),
    st.booleans(),
)
def test_saved_arrays(tmp_path, shape, dtype, fortran):
    """Shape, dtype and bytes are those of the array that was saved."""
    array = np.zeros(shape, dtype, "F" if fortran else "C")
    path = tmp_path / "a.npy"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that need version 3 of the format
        np.save(path, array)
    (found,) = stored_arrays(path)
    assert (found.shape, found.loaded, found.stored) == (array.shape, array.nbytes, path.stat().st_size)


def test_archive(tmp_path):
    """Each member of an archive is told, compressed or not."""
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "z.npz", a=np.ones(1000), b=np.zeros((3, 4), "i4"))
        found = {each.name: (each.shape, each.loaded) for each in stored_arrays(tmp_path / "z.npz")}
        assert found == {"a": ((1000,), 8000), "b": ((3, 4), 48)}


def test_pickles_are_not_run(tmp_path):
    """An object array is not loaded; what it weighs is unknown, not zero."""
    np.save(tmp_path / "o.npy", np.array([{}, "x"], dtype=object))
    (found,) = stored_arrays(tmp_path / "o.npy")
    assert found.loaded is None
    assert "pickle" in found.note


HUGE = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000)}"
BAD = {
    "nothing": b"",
    "text": b"hello, world",
    "huge claim": npy(HUGE),
    "huge header": b"\x93NUMPY\x02\x00" + b"\xff" * 4,
    "cut in the header": npy(HUGE)[:30],
    "cut in the magic": b"\x93NUM",
    "no version": b"\x93NUMPY",
    "version 9": npy(HUGE, b"\x09\x00"),
    "nested": npy(b"(" * 9000),
    "code": npy(b"{'descr': __import__('os').abort(), 'fortran_order': False, 'shape': (1,)}"),
    "negative": npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"),
    "fraction": npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1.5,)}"),
    "no tuple": npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': 5}"),
    "no dict": npy(b"[1, 2]"),
    "no dtype": npy(b"{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,)}"),
    "bytes": npy(b"\xff\x00\xfe"),
    "utf-8": npy(b"\xff\xff", b"\x03\x00"),
    "zip": b"PK\x03\x04" + bytes(50),
    "parquet": b"PAR1" + bytes(50),
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(50),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(tmp_path, name):
    """A file that is none, is cut off or lies is one line with the file's name."""
    path = tmp_path / "bad.npy"
    path.write_bytes(BAD[name])
    with pytest.raises(WeighError) as caught:
        stored_arrays(path)
    assert "bad.npy" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x93NUMPY\x03\x00"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path, noise, start):
    """Whatever the bytes are, the answer is arrays or a WeighError."""
    path = tmp_path / "noise"
    path.write_bytes(start + noise)
    try:
        found = stored_arrays(path)
    except WeighError:
        return
    assert all(each.loaded is None or each.loaded >= 0 for each in found)


@given(st.integers(0, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_anywhere(tmp_path, length):
    """A file cut at any byte before its end is refused."""
    path = tmp_path / "a.npy"
    np.save(path, np.ones(40))
    whole = path.read_bytes()
    path.write_bytes(whole[: min(length, len(whole) - 1)])
    with pytest.raises(WeighError):
        stored_arrays(path)


def test_missing_and_folders(tmp_path):
    """A path that is not there, and a folder of something else, are one line."""
    for path in (tmp_path / "nope.npy", tmp_path, "\0"):
        with pytest.raises(WeighError):
            stored_arrays(path)


def test_parquet(tmp_path):
    """Columns of fixed width have exact bytes; for columns of strings the size is unknown."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({"x": np.ones(1000), "s": ["a"] * 1000, "b": [True] * 1000}), tmp_path / "p")
    found = {each.name: each.loaded for each in stored_arrays(tmp_path / "p")}
    assert found == {"x": 8000, "s": None, "b": 125}


def test_hdf5(tmp_path):
    """Datasets in groups are told, also one far larger than the file."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "h", "w") as file:
        file["g/a"] = np.ones((10, 10))
        file.create_dataset("big", shape=(10**6, 10**6), dtype="f4", chunks=True)
        file["away"] = h5py.ExternalLink("elsewhere.h5", "/x")
    found = {each.name: (each.shape, each.loaded) for each in stored_arrays(tmp_path / "h")}
    assert found == {"g/a": ((10, 10), 800), "big": ((10**6, 10**6), 4 * 10**12)}


def test_zarr(tmp_path):
    """Arrays of a group and of its groups are told, with what lies on disk."""
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path / "z"), mode="w")
    inner = group.create_group("k")
    for parent, name, shape in ((group, "a", (1000, 1000)), (inner, "b", (10,))):
        create = parent.create_array if hasattr(parent, "create_array") else parent.create_dataset  # zarr 2
        create(name, shape=shape, dtype="f4")[:] = 1
    found = {each.name: (each.shape, each.loaded) for each in stored_arrays(tmp_path / "z")}
    assert found == {"a": ((1000, 1000), 4_000_000), "k/b": ((10,), 40)}
    assert all(each.stored > 0 for each in stored_arrays(tmp_path / "z"))
