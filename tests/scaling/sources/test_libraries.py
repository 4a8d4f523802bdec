"""Sources of other libraries: what costs memory, what is refused, and what fails in mid-run."""

import re
import shutil

import numpy as np
import pytest

from ndmem import ScalingError
from ndmem.scaling.sources import open_source


def test_storage_rows_of_zarr(tmp_path):
    """A shard is what is read as a whole, not its chunks; a chunk longer than the array counts its rows."""
    zarr = pytest.importorskip("zarr")
    for name, chunks, shards, rows in (
        ("a", (50, 3), (100, 6), 100),
        ("b", (50, 3), None, 50),
        ("c", (999, 6), None, 240),
    ):
        made = zarr.create_array(tmp_path / name, shape=(240, 6), dtype="f8", chunks=chunks, shards=shards)
        assert open_source(made).storage_rows == rows


def test_storage_rows_of_dask():
    """Chunks of one length count as such; of different lengths the longest does."""
    array = pytest.importorskip("dask.array")
    for chunks, rows in (((4, 4, 2), 4), ((3, 5, 2), 5), ((10,), 10)):
        assert open_source(array.zeros(10, chunks=(chunks,))).storage_rows == rows


def test_unknown_lengths_are_refused():
    """A Dask array whose lengths are unknown is refused with the call that finds them."""
    array = pytest.importorskip("dask.array")
    values = array.arange(10, chunks=5)
    with pytest.raises(ScalingError, match=re.escape("unknown length on axis 0; call its compute_chunk_sizes()")):
        open_source(values[values > 3])


def test_chunks_that_are_no_arrays_are_refused():
    """A Dask array of masked chunks is refused: their masks would be lost."""
    array = pytest.importorskip("dask.array")
    with pytest.raises(ScalingError, match="chunks of type MaskedArray"):
        open_source(array.ma.masked_equal(array.zeros(4, chunks=2), 0))


def test_a_failing_task_names_its_rows():
    """An error of a Dask task is the cause of one that names the rows; a lack of memory passes unchanged."""
    array = pytest.importorskip("dask.array")

    def refuse(block):
        raise error

    for error, caught in ((KeyError("lost"), ScalingError), (MemoryError("full"), MemoryError)):
        source = open_source(array.zeros((8, 2), chunks=(4, 2)).map_blocks(refuse, dtype="f8"))
        with pytest.raises(caught) as found:
            source.read(2, 6)
        assert error in (found.value, found.value.__cause__)
        assert caught is MemoryError or "rows 2:6" in str(found.value)


def test_groups_and_datasets_are_refused_with_their_arrays(tmp_path):
    """A group is refused with the names of its arrays, and a Dataset with the advice to choose a variable."""
    zarr = pytest.importorskip("zarr")
    xarray = pytest.importorskip("xarray")
    group = zarr.create_group(tmp_path / "g.zarr")
    group.create_array("first", shape=3, dtype="f8")
    with pytest.raises(ScalingError, match=r"g\.zarr is a group .*g\.zarr/first"):
        open_source(tmp_path / "g.zarr")
    with pytest.raises(ScalingError, match=re.escape("choose one array of it")):
        open_source(group)
    with pytest.raises(ScalingError, match=re.escape("choose one variable of it, such as ds['name']")):
        open_source(xarray.Dataset({"a": ("x", np.zeros(3))}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScalingError, match="empty is a folder without an array of zarr"):
        open_source(tmp_path / "empty")


def test_a_data_frame_is_refused_with_what_to_pass():
    """A data frame is refused with the method that makes an array of it."""
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ScalingError, match=re.escape("cannot read a DataFrame in blocks; pass its to_numpy()")):
        open_source(pandas.DataFrame({"a": [1]}))


def test_a_zarr_array_that_disappears_is_an_error(tmp_path):
    """After its folder, or a chunk of a complete array, was deleted, rows are an error and not the fill value."""
    zarr = pytest.importorskip("zarr")
    for name, victim in (("a", ""), ("b", "c/1/0")):
        made = zarr.create_array(tmp_path / name, shape=(6, 4), dtype="f8", chunks=(2, 4))
        made[:] = 1
        source = open_source(tmp_path / name)
        assert source.read(2, 4).all()
        gone = tmp_path / name / victim
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        with pytest.raises(ScalingError, match=rf"cannot read rows 2:4 of .*{name}"):
            source.read(2, 4)


def test_chunks_that_were_never_written_have_the_fill_value(tmp_path):
    """A chunk that was missing from the beginning has the fill value."""
    zarr = pytest.importorskip("zarr")
    made = zarr.create_array(tmp_path / "a", shape=(6, 4), dtype="f8", chunks=(2, 4), fill_value=5)
    made[:2] = 1
    source = open_source(tmp_path / "a")
    assert source.read(0, 6).sum() == 2 * 4 + 4 * 4 * 5


def test_a_damaged_chunk_is_an_error(tmp_path):
    """A chunk that cannot be decompressed is an error with the rows; others are read."""
    zarr = pytest.importorskip("zarr")
    made = zarr.create_array(tmp_path / "a", shape=(6, 4), dtype="f8", chunks=(2, 4))
    made[:] = 1
    (tmp_path / "a" / "c" / "1" / "0").write_bytes(b"damaged")
    source = open_source(made)
    with pytest.raises(ScalingError, match="cannot read rows 1:3 of") as caught:
        source.read(1, 3)
    assert caught.value.__cause__ is not None
    assert source.read(4, 6).all()


def test_hdf5_files_list_their_datasets(tmp_path):
    """A path without a dataset is refused with the paths of those that the file has; a closed one is refused."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("group/a", data=np.zeros((6, 2)), chunks=(4, 2))
        assert open_source(dataset).storage_rows == 4
    for name in (path, f"{path}::/group", f"{path}::/other"):
        with pytest.raises(ScalingError, match=re.escape(f"choose one of: {path}::/group/a")):
            open_source(name)
    with pytest.raises(ScalingError, match="the HDF5 dataset is closed"):
        open_source(dataset)


def test_hdf5_files_stay_open_if_they_were(tmp_path):
    """Closing a source of a dataset leaves the dataset usable."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        dataset = file.create_dataset("a", data=np.arange(6.0))
        open_source(dataset).close()
        assert dataset[3] == 3


def test_a_lazy_data_array_is_not_loaded(tmp_path):
    """Reading rows of a DataArray of a file leaves it unloaded, and its chunks are those of the file."""
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("zarr")
    xarray.Dataset({"a": (("time", "x"), np.arange(20.0).reshape(10, 2))}).to_zarr(
        tmp_path / "a.zarr", encoding={"a": {"chunks": (4, 2)}}, consolidated=False
    )
    lazy = xarray.open_zarr(tmp_path / "a.zarr", chunks=None, consolidated=False)["a"]
    source = open_source(lazy)
    assert source.storage_rows == 4
    assert source.read(3, 5).tolist() == [[6, 7], [8, 9]]
    assert not lazy.variable._in_memory
