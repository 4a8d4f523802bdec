"""`ndmem.chunks`: a multiple of the storage chunks, within the budget, with code that runs."""

import math
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import ndmem
from ndmem import NdmemError, ScalingError
from ndmem.platform.limits.machine_limits import limits
from ndmem.platform.resident.anonymous import HighWater, anonymous_nbytes
from ndmem.scaling.blocks.plan import MARGIN, Room
from ndmem.scaling.chunking.shape import choose_shape
from ndmem.scaling.samples import Drawn

_MIB = 2**20


class Stored(Drawn):
    """An array that does not exist, with storage chunks of some shape."""

    __slots__ = ()
    unit: tuple[int, ...]

    @property
    def storage_shape(self):
        """The lengths of a chunk."""
        return self.unit


def _stored(shape, unit, factor):
    return type("Made", (Stored,), {"unit": unit})(shape, np.dtype("f8"), read_factor=factor)


_LENGTHS = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**4)), min_size=1, max_size=3)


@given(_LENGTHS, st.integers(0, 2**40), st.integers(1, 8), st.sampled_from([1.0, 2.0, 3.0]))
def test_the_largest_chunk_within_the_budget(lengths, free, threads, factor):
    """A chunk is of whole storage chunks, fits once a thread, is split on the first axes, and one more does not fit."""
    shape = tuple(length for length, _ in lengths)
    unit = tuple(min(part, length) for length, part in lengths)
    source = _stored(shape, unit, factor)
    room = Room(10**9 + free, 10**8, threads)
    share = int(room.budget_nbytes * (1 - MARGIN)) - room.base_nbytes
    assume(math.prod(unit) * 8 * (factor + 1) * threads <= share)
    found = choose_shape(source, room, 1).lengths
    assert all(part % one == 0 or part == whole for part, one, whole in zip(found, unit, shape, strict=True))
    assert threads * math.prod(found) * 8 * (factor + 1) <= share
    grown = next((axis for axis in reversed(range(len(shape))) if unit[axis] <= found[axis] < shape[axis]), None)
    if grown is None:
        assert found == shape
        return
    # All axes before the last one that is split are one storage chunk long, and those behind it are whole.
    assert found[grown + 1 :] == shape[grown + 1 :]
    larger = [*found[:grown], min(found[grown] + unit[grown], shape[grown]), *found[grown + 1 :]]
    assert threads * math.prod(larger) * 8 * (factor + 1) > share or any(
        part > one for part, one in zip(found[:grown], unit[:grown], strict=True)
    )


@given(_LENGTHS, st.integers(1, 8))
def test_the_least_budget_that_is_named_is_enough(lengths, threads):
    """A budget that is too small is refused with one that does, and one of 1 % less does not."""
    shape = tuple(length for length, _ in lengths)
    unit = tuple(min(part, length) for length, part in lengths)
    source = _stored(shape, unit, 2.0)
    with pytest.raises(ScalingError) as caught:
        choose_shape(source, Room(10**8, 10**8, threads), 1)
    least = int(re.search(r"budget=(\d+)", str(caught.value))[1])
    choose_shape(source, Room(least, 10**8, threads), 1)
    with pytest.raises(ScalingError):
        choose_shape(source, Room(int(least * 0.99) - 1, 10**8, threads), 1)


def test_figures_of_a_plain_pass():
    """The peak is that of the process and, for each thread, a chunk and an output; the chunks cover the array."""
    budget = 2 * 10**9
    found = ndmem.chunks("f8[1000000, 50]", budget=budget, threads=3)
    assert found.chunk_nbytes == found.rows * 400
    assert found.pass_nbytes == 2 * found.chunk_nbytes
    assert found.peak == found.base_nbytes + 3 * found.pass_nbytes <= budget
    assert found.shape == (found.rows, 50)
    assert found.count == -(-1_000_000 // found.rows)
    assert any("for a plain pass" in note for note in found.notes)


def test_a_function_has_its_own_figures():
    """The chunks of a function that needs ten times its block are smaller than those of one that needs nothing."""

    def copies(block):
        held = [block + number for number in range(9)]
        return held[0]

    ndmem.chunks("f8[400000000, 10]", budget="8 GiB", func=np.negative)  # gives back free pages of other tests
    budget = (anonymous_nbytes() or 0) + 200 * _MIB
    large = ndmem.chunks("f8[400000000, 10]", budget=budget, func=np.negative)
    small = ndmem.chunks("f8[400000000, 10]", budget=budget, func=copies)
    assert large.rows / small.rows == pytest.approx(5, rel=0.1)  # 2 and 10 blocks
    assert small.peak <= budget
    assert not any("plain pass" in note for note in small.notes)


def test_auto_is_what_is_free():
    """Without a budget, the limit that binds is named, and several processes share what is free below it."""
    one = ndmem.chunks("f8[10000000000, 50]")
    two = ndmem.chunks("f8[10000000000, 50]", workers=2)
    assert limits().binding.name in one.limited_by
    assert "shared by 2 processes" in two.limited_by
    assert (one.budget_nbytes - one.base_nbytes) / two.budget_nbytes == pytest.approx(2, rel=0.2)


def _cluster(*workers):
    rows = {f"tcp://{number}": worker for number, worker in enumerate(workers)}
    return SimpleNamespace(scheduler_info={"workers": rows})


def _worker(limit, threads=2, memory=100 * _MIB):
    return {"memory_limit": limit, "nthreads": threads, "metrics": {"memory": memory}}


def test_workers_of_dask_have_their_own_limits():
    """The smallest worker's limit counts, 60 % of it, with its threads and the memory that it has now."""
    found = ndmem.chunks("f8[100000000, 50]", workers=_cluster(_worker(2**30), _worker(2**31, 4, 200 * _MIB)))
    assert (found.budget_nbytes, found.base_nbytes) == (int(0.6 * 2**30), 200 * _MIB)
    assert (found.threads, found.workers) == (4, 2)
    assert "60 % of the memory limit of a Dask worker, 1 GiB" in found.limited_by


_REAL_CLUSTER = """
import distributed, ndmem
with (
    distributed.LocalCluster(
        n_workers=1, threads_per_worker=3, processes=False, memory_limit="2 GiB", dashboard_address=":0"
    ) as cluster,
    distributed.Client(cluster) as client,
):
    for workers in (client, cluster):
        found = ndmem.chunks("f8[100000000, 50]", workers=workers)
        print(found.budget_nbytes, found.threads, found.workers)
"""


def test_a_real_cluster_is_asked():
    """A client of Dask is asked for the limit and the threads of its workers."""
    pytest.importorskip("distributed")  # in a process of its own: its event loop keeps descriptors
    done = subprocess.run([sys.executable, "-c", _REAL_CLUSTER], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.splitlines() == 2 * [f"{int(0.6 * 2**31)} 3 1"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"budget": 1000}, "is too small: the process has"),
        ({"budget": -1}, "out of range"),
        ({"budget": "much"}, "'much' is not a budget"),
        ({"threads": 0}, "threads=0 is not a number of threads"),
        ({"threads": True}, "threads=True is not"),
        ({"threads": 2.5}, "threads=2.5 is not"),
        ({"workers": 0}, "workers=0 is not a number of processes"),
        ({"workers": "four"}, "workers is a str; give a number of processes"),
        ({"workers": _cluster()}, "the cluster has no workers yet"),
        ({"workers": _cluster(_worker(0))}, "the workers have no memory limit; give budget="),
        ({"func": 3}, "func is a int, not a function"),
        ({"array": np.empty((0, 3))}, "has no rows"),
        ({"array": "f8[0, 3]"}, "cannot be cut into rows"),
        ({"array": np.array([{}])}, "Python objects"),
        ({"array": 3}, "cannot read a int in blocks"),
    ],
)
def test_bad_input_is_refused(options, words):
    """What is not valid is refused in one line that says what to write."""
    with pytest.raises(NdmemError, match=re.escape(words)) as caught:
        ndmem.chunks(options.pop("array", "f8[1000, 50]"), **options)
    assert "\n" not in str(caught.value)


def test_a_budget_below_one_row_of_a_function_names_the_least():
    """For a function, whole rows are needed: a budget below that of one row is refused with the bytes that would do."""
    array = np.zeros((100, 2_000_000))
    with pytest.raises(ScalingError, match=r"a block of one row needs .* the least that would do is [\d,]+ bytes"):
        ndmem.chunks(array, budget=(anonymous_nbytes() or 0) + _MIB, func=np.negative)


def test_unknown_lengths_are_refused():
    """A Dask array of unknown length is refused with the call that finds it."""
    array = pytest.importorskip("dask.array")
    values = array.arange(10, chunks=5)
    with pytest.raises(ScalingError, match="compute_chunk_sizes"):
        ndmem.chunks(values[values > 3], budget="8 GiB")


def _run(found, **names):
    """Run the code of chunks and return its names."""
    exec("\n".join(found.code), names)
    return names


@pytest.mark.parametrize("shape", [(1000,), (100, 10), (4, 5, 50)])
def test_code_for_arrays_reads_all_of_it(shape, tmp_path):
    """The loops for an array and for a file read every element once, in chunks of the shape; Dask's has its chunks."""
    array = pytest.importorskip("dask.array")
    x = np.arange(math.prod(shape), dtype="f8").reshape(shape)
    np.save(tmp_path / "x.npy", x)
    for value in (x, tmp_path / "x.npy"):
        found = ndmem.chunks(value, budget="8 GiB", threads=2)
        read = []
        *lines, dask_line = found.code
        names = {"x": x, "np": np, "read": read}
        exec("\n".join([*lines, lines[-1].partition("block")[0] + "read.append(block)"]), names)
        assert np.concatenate([block.ravel() for block in read]).tolist() == x.ravel().tolist()
        assert {block.shape for block in read} == {found.shape}
        made = _run(SimpleNamespace(code=[dask_line]), x=x, da=array)["x"]
        assert made.chunksize == found.shape


def test_code_for_parts_of_rows_reads_all_of_it():
    """Where rows are split too, the loops are nested, and read every element once."""
    found = ndmem.chunks("f8[3, 100000000]", budget=(anonymous_nbytes() or 0) + 600 * _MIB)
    assert found.shape[0] == 1
    assert 1 < found.shape[1] < 100_000_000
    assert any("rows are split too, on axis 1" in note for note in found.notes)
    small = np.arange(30).reshape(3, 10)
    from ndmem.scaling.chunking.code import write_code
    from ndmem.scaling.sources import open_source

    lines = write_code(open_source(small), small, (1, 4), plain=True)
    assert list(lines[:3]) == [
        "for start in range(0, len(x), 1):",
        "    for column in range(0, x.shape[1], 4):",
        "        block = x[start : start + 1, column : column + 4]",
    ]


def test_code_for_libraries_runs(tmp_path):
    """The lines for Dask, xarray and zarr run, and give arrays with chunks of the shape."""
    array = pytest.importorskip("dask.array")
    xarray = pytest.importorskip("xarray")
    zarr = pytest.importorskip("zarr")
    x = zarr.create_array(tmp_path / "x.zarr", shape=(1000, 10), chunks=(50, 10), dtype="f8")
    for value in (x, tmp_path / "x.zarr", str(tmp_path / "x.zarr")):
        found = ndmem.chunks(value, budget="8 GiB", threads=4)
        assert found.shape == (250, 10)
        names = _run(SimpleNamespace(code=found.code[:1]), x=x, da=array)
        assert names["x"].chunksize == found.shape
    assert found.code[1:] == ("out = zarr.create_array('out.zarr', shape=(1000, 10), dtype='f8', chunks=(250, 10))",)
    # What a function returns may have another shape and dtype.
    assert ndmem.chunks(x, budget="8 GiB", threads=4, func=np.negative).code == (
        "x = da.from_zarr(x, chunks=(250, 10))",
    )
    lazy = array.zeros((1000, 10), chunks=(50, 10))
    found = ndmem.chunks(lazy, budget="8 GiB", threads=4)
    assert _run(found, x=lazy)["x"].chunksize == found.shape == (250, 10)
    labelled = xarray.DataArray(lazy, dims=("time", "place"))
    found = ndmem.chunks(labelled, budget="8 GiB", threads=4)
    assert found.code == ("x = x.chunk({'time': 250})",)
    assert _run(found, x=labelled)["x"].data.chunksize == (250, 10)


def test_it_prints_what_to_paste():
    """The text has the shape, the predicted peak, what limits it, and every line of code."""
    found = ndmem.chunks(np.zeros((1000, 10)), budget="8 GiB", threads=2)
    text = str(found)
    for part in ("chunks of shape (500, 10)", "predicted peak", "limited by the rows", *found.code, *found.notes):
        assert part in text
    assert repr(found).startswith("<ndmem.Chunks (500, 10): peak ")


@pytest.mark.parametrize("kind", ["npy", "zarr"])
def test_a_plain_pass_stays_below_its_prediction(kind, tmp_path):
    """The code for a chunk, with one output of its size, needs no more memory than was predicted."""
    if kind == "zarr":
        pytest.importorskip("zarr")
    from ndmem.scaling.outputs import open_output
    from ndmem.scaling.sources import open_source

    path = tmp_path / f"x.{kind}"
    values = np.random.default_rng(0).random((4000, 1000))
    output = open_output(path, shape=values.shape, dtype=values.dtype, rows=200)
    for start in range(0, 4000, 200):
        output.write(start, values[start : start + 200])
    output.close()
    del values
    base = anonymous_nbytes()
    found = ndmem.chunks(path, budget=base + 50 * _MIB)
    assert found.rows % (200 if kind == "zarr" else 1) == 0
    source = open_source(path)
    mark = HighWater.begin()
    for start in range(0, 4000, found.rows):
        result = np.negative(source.read(start, min(4000, start + found.rows)))
    peak = mark.read()
    source.close()
    assert result.shape[1] == 1000
    assert peak - mark.before_nbytes <= found.pass_nbytes + 2 * _MIB
