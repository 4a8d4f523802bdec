"""Predictions whose figures can be worked out by hand."""

import contextlib
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

with contextlib.suppress(ImportError):
    import pandas as pd  # noqa: F401  # before the tests, for it hooks into imports where six is old

import ndmem
from ndmem.planning.strategy import schedule
from ndmem.planning.worker.process import fork_or_spawn

_ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read on Linux")
_BIG = ndmem.dims(n=10_000_000, d=32)


def _distances(a: Any, b: Any) -> Any:
    difference = a[:, None, :] - b[None, :, :]  # n·m·3 of 8 bytes
    squares = difference**2
    return np.sqrt(squares.sum(axis=-1))


def _predict(function: Any, *args: Any, **options: Any) -> ndmem.Prediction:
    return ndmem.predict(function, *args, **{"native": False, **options})


def test_the_peak_of_pairwise_distances() -> None:
    """Two cubes of 24·n·m bytes, the sum of 8·n·m and its root of the same: 64·n·m."""
    found = _predict(_distances, "f8[n, k]", "f8[m, k]", dims=ndmem.dims(n=20_000, m=30_000, k=3))
    assert found.peak == 64 * 20_000 * 30_000
    assert found.label.startswith("extrapolated \N{MULTIPLICATION SIGN}")
    assert found.label.endswith(", all sizes fit exactly"), found.reason
    assert found.interval == (found.peak, found.peak)
    assert found.inputs == 24 * (20_000 + 30_000)
    assert found.total == found.peak + found.inputs


def test_each_line_has_its_formula() -> None:
    """The formulas are those worked out by hand, by the dimensions' names."""
    found = _predict(_distances, "f8[n, k]", "f8[m, k]", dims=ndmem.dims(n=20_000, m=30_000, k=3))
    formulas = {line.source: line.formula for line in found.lines()}
    assert formulas["squares = difference**2"] == "48·n·m"
    assert formulas["return np.sqrt(squares.sum(axis=-1))"] == "64·n·m"


@pytest.mark.long
@pytest.mark.parametrize(
    "function", [lambda x: np.bincount(x[:, 0]), lambda x: np.unique(x, axis=0), lambda x: x[x < 50]]
)
def test_what_depends_on_the_values_of_integers_is_rough(function: Any) -> None:
    """The range of integers, and how many are equal, are unknown for an array that does not exist."""
    found = _predict(function, "i8[n, m]", dims=ndmem.dims(n=100_000_000, m=5))
    assert found.confidence.value == "rough"
    assert "it depends on the data" in found.reason


@pytest.mark.long
def test_what_depends_on_a_remainder_is_not_called_exact() -> None:
    """Every (n // 1000)th of n elements are 1000 of them where 1000 divides n, and 1001 at sizes where it does not."""

    def thin_out(x: Any) -> Any:
        return x[:: len(x) // 1000].copy()

    found = _predict(thin_out, "f8[n]", dims=ndmem.dims(n=200_000_000_000_000))  # too large for addresses of a ghost
    assert found.confidence.value == "extrapolated"
    assert "it depends on the remainder by 1,000" in found.reason
    assert found.peak == pytest.approx(8000, rel=0.01)
    found = _predict(thin_out, "f8[n]", dims=ndmem.dims(n=199_999_999_999_999))
    assert (found.peak, found.confidence.value) == (8008, "extrapolated exactly")


def test_a_ghost_has_the_remainder_of_the_real_size() -> None:
    """The real size as a ghost has 1000 elements where measured sizes have 1001, and its peak is taken."""

    def thin_out(x: Any) -> Any:
        return x[:: len(x) // 1000].copy()

    found = _predict(thin_out, "f8[n]", dims=ndmem.dims(n=200_000_000))
    assert found.peak == 8000
    assert found.interval[0] <= 8000 <= found.interval[1] <= 8008


def test_a_remainder_that_changes_nothing_keeps_it_exact() -> None:
    """A remainder that no array depends on is measured at a size with that of the real one, and raises no doubt."""

    def scale(x: Any) -> Any:
        return x * float(len(x) // 1000 > 0)

    found = _predict(scale, "f8[n]", dims=ndmem.dims(n=300_000_000))
    assert found.confidence.value == "verified"
    assert found.peak == pytest.approx(2_400_000_000, abs=100)


def test_max_and_chunk_invert_the_formula() -> None:
    """The greatest n fits into the budget and one more does not; blocks of a chunk for each worker fit together."""
    found = _predict(_distances, "f8[n, k]", "f8[m, k]", dims=ndmem.dims(n=20_000, m=30_000, k=3))
    budget = 8 * 2**30
    most = found.max("n", budget=budget)

    def needs(n: int) -> int:
        return 64 * n * 30_000 + 24 * (n + 30_000)

    assert needs(most) <= budget < needs(most + 1)
    chunk = found.chunk("n", budget=budget, workers=4)
    assert needs(chunk) <= budget // 4
    assert -(-20_000 // chunk) == -(-20_000 // found.max("n", budget=budget // 4))


@pytest.mark.parametrize(("scale", "label"), [(1, "measured"), (1000, "extrapolated exactly")])
def test_reused_temporaries_are_not_counted(scale: int, label: str) -> None:
    """Where NumPy writes `a + b + c` into the first sum above 256 KiB, the prediction has one array, and is exact."""

    def add(a: Any, b: Any, c: Any) -> Any:
        return a + b + c

    found = _predict(add, "f8[n]", "f8[n]", "f8[n]", dims=ndmem.dims(n=5_000_000 * scale))
    arrays = _count_arrays(add)
    assert arrays in (1, 2)
    assert (found.peak, found.confidence.value) == (arrays * 40_000_000 * scale, label)


def _count_arrays(add: Callable[[Any, Any, Any], Any]) -> int:
    """Return how many arrays are alive at the peak of a sum, by tracemalloc: NumPy 2.5 reuses none on some Pythons."""
    x = np.ones(100_000)
    add(x, x, x)
    tracemalloc.start()
    try:
        add(x, x, x)
        return tracemalloc.get_traced_memory()[1] // x.nbytes
    finally:
        tracemalloc.stop()


def test_functions_that_make_their_arrays_are_scaled_by_their_number() -> None:
    """A number that is passed where no array is has a dimension."""
    found = _predict(lambda n: np.empty((n, n)), 40_000)
    assert (found.peak, found.inputs, found.confidence.value) == (8 * 40_000**2, 0, "verified")


def test_a_dimension_as_a_number_beside_an_array() -> None:
    """`dims.n` is the length itself, as a whole number."""
    dims = ndmem.dims(n=3_000_000)
    found = _predict(lambda x, n: np.concatenate([x, np.ones(n)]), "f8[n]", dims.n, dims=dims)
    assert found.peak == 3 * 8 * 3_000_000


def test_real_arrays_are_cropped() -> None:
    """Equal lengths of real arrays are one dimension, and the arrays are the inputs."""
    a, b = np.ones((4000, 3000)), np.ones(4000)
    found = _predict(lambda a, b: a * b[:, None], a, b)
    assert (found.peak, found.inputs) == (a.nbytes, a.nbytes + b.nbytes)
    assert sorted(found.dims.values()) == [3000, 4000]


def test_made_arguments_are_inputs() -> None:
    """What `make` makes is counted as arguments, at the real size."""
    found = _predict(lambda x, y: x + y, make=lambda n: (np.ones(n), np.ones(n, "f4")), dims=ndmem.dims(n=50_000_000))
    assert (found.peak, found.inputs) == (400_000_000, 600_000_000)


@pytest.mark.long
def test_loops_that_grow_with_the_size_are_within_their_interval() -> None:
    """Where runs do not match the peak is right and the label is not exact: n blocks of 8·n bytes are kept."""

    def collect(x: Any) -> Any:
        rows = [x * 1.5 for _ in range(len(x))]
        return np.stack(rows)

    n = 20_000
    found = _predict(collect, "f8[n]", dims=ndmem.dims(n=n))
    assert found.peak == pytest.approx(16 * n * n, rel=0.01)
    assert found.confidence.value in ("extrapolated", "rough")


@pytest.mark.parametrize("is_new", [False, True], ids=["fork", "fresh interpreter"])
def test_data_frames_are_cropped(is_new: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data frame keeps its columns and its state, in a fork and in a fresh interpreter: calls after need as much."""
    pandas = pytest.importorskip("pandas")
    monkeypatch.setattr(fork_or_spawn, "has_python_threads", lambda: is_new)

    def add(f: Any) -> Any:
        return f["a"].to_numpy() + f["b"].to_numpy()

    frame = pandas.DataFrame({"a": np.arange(500_000.0), "b": np.arange(500_000.0)})
    found = _predict(add, frame)
    # The call itself: pandas notes in which block each column lies when it first needs a column.
    with ndmem.track(threshold=1) as run:
        add(frame)
    assert found.peak == run.peak
    assert 8 * 500_000 < run.peak <= 8 * 500_000 + 2**8
    assert found.inputs == int(frame.memory_usage(index=True).sum())


def test_sparse_matrices_are_cropped() -> None:
    """A sparse matrix keeps its density."""
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.eye(200_000, format="csr")
    assert _predict(lambda m: m @ np.ones(m.shape[1]), matrix).peak == pytest.approx(2 * 1_600_000, rel=0.01)


@pytest.mark.slow
def test_a_million_events_are_handled() -> None:
    """A function that makes 400,000 small arrays is predicted within its time."""

    def many(x: Any) -> Any:
        for _ in range(400_000):
            x[:8] + 1.5
        return -x

    found = _predict(many, "f8[n]", dims=ndmem.dims(n=100_000_000), timeout=60)
    assert found.peak == 800_000_000


def test_what_a_first_call_keeps_is_within_the_interval() -> None:
    """The interval of a function that keeps 100 kB of its first call has room for them, and the note names them."""
    kept: list[Any] = []

    def caches(x: Any) -> Any:
        if not kept:
            kept.append(np.ones(100_000, "u1"))
        return x * 2.0

    found = _predict(caches, "f8[n]", dims=ndmem.dims(n=100_000_000))
    assert found.peak == pytest.approx(800_000_000, abs=100)
    assert found.interval[1] >= found.peak + 100_000
    assert "the first call needs up to 97.7 KiB more" in found.reason


def test_runs_that_take_too_long_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a slow function did until it was stopped is a low prediction, and its duration is unknown."""
    monkeypatch.setattr(schedule, "_MOST_RUNS", 1000)  # 20 ms of processor time for each

    def iterates(x: Any) -> Any:
        for _ in range(40):
            x = x * 0.5
            end = time.process_time() + 0.002
            while time.process_time() < end:
                pass
        return x

    found = _predict(iterates, "f8[n]", dims=ndmem.dims(n=100_000_000))
    # The old and the new array at a time, and the scalar.
    assert found.peak == pytest.approx(1_600_000_000, rel=1e-3)
    assert (found.confidence.value, found.seconds) == ("rough", None)
    assert "runs were stopped" in found.reason
    assert "takes an unknown time" in found.explain()


def test_predicting_leaves_no_process_and_no_descriptor_behind() -> None:
    """After a prediction there are as many children and open files as before."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs Linux")
    _predict(lambda x: -x, "f8[n]", dims=ndmem.dims(n=1_000_000))
    before = len(list(folder.iterdir()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _predict(lambda x: -x, "f8[n]", dims=ndmem.dims(n=1_000_000))
    assert len(list(folder.iterdir())) == before
    assert Path("/proc/self/task").exists()
    children = Path(f"/proc/self/task/{__import__('os').getpid()}/children").read_text("ascii").split()
    assert children == []
