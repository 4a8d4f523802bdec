"""Predictions whose figures can be worked out by hand."""

import contextlib
import ctypes
import io
import json
import re
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

with contextlib.suppress(ImportError):
    import pandas as pd  # noqa: F401  # before the tests, for it hooks into imports where six is old

import ndmem
from ndmem.model.trace import Origin
from ndmem.planning import climb, native
from ndmem.units import format_nbytes

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
    assert found.confidence.value == "exact"
    assert found.interval == (found.peak, found.peak)
    assert found.inputs == 24 * (20_000 + 30_000)
    assert found.total == found.peak + found.inputs


def test_each_line_has_its_formula() -> None:
    """The formulas are those worked out by hand, by the dimensions' names."""
    found = _predict(_distances, "f8[n, k]", "f8[m, k]", dims=ndmem.dims(n=20_000, m=30_000, k=3))
    formulas = {line.source: line.formula for line in found.lines()}
    assert formulas["squares = difference**2"] == "48·n·m"
    assert formulas["return np.sqrt(squares.sum(axis=-1))"] == "64·n·m"


@pytest.mark.parametrize(
    "function", [lambda x: np.bincount(x[:, 0]), lambda x: np.unique(x, axis=0), lambda x: x[x < 50]]
)
def test_what_depends_on_the_values_of_integers_is_low(function: Any) -> None:
    """How far integers reach, and how many are equal, is not known of an array that is not there."""
    found = _predict(function, "i8[n, m]", dims=ndmem.dims(n=100_000_000, m=5))
    assert found.confidence.value == "low"
    assert "it depends on the data" in found.reason


def test_what_depends_on_a_remainder_is_not_called_exact() -> None:
    """Every (n // 1000)th of n elements are 1000 of them where 1000 divides n, and 1001 at sizes where it does not."""

    def thin_out(x: Any) -> Any:
        return x[:: len(x) // 1000].copy()

    found = _predict(thin_out, "f8[n]", dims=ndmem.dims(n=200_000_000))
    assert found.confidence.value == "stable"
    assert "it depends on the remainder by 1,000" in found.reason
    assert found.peak == pytest.approx(8000, rel=0.01)
    found = _predict(thin_out, "f8[n]", dims=ndmem.dims(n=199_999_999))
    assert (found.peak, found.confidence.value) == (8008, "exact")


def test_a_remainder_that_changes_nothing_keeps_it_exact() -> None:
    """A division whose remainder no array depends on is measured where it is that of the real size, and is no doubt."""

    def scale(x: Any) -> Any:
        return x * float(len(x) // 1000 > 0)

    found = _predict(scale, "f8[n]", dims=ndmem.dims(n=300_000_000))
    assert found.confidence.value == "exact"
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


@pytest.mark.parametrize("scale", [1, 100])
def test_reused_temporaries_are_not_counted(scale: int) -> None:
    """Above 256 KiB `a + b + c` writes into the first sum; the small runs do so too before it is called exact."""
    found = _predict(lambda a, b, c: a + b + c, "f8[n]", "f8[n]", "f8[n]", dims=ndmem.dims(n=5_000_000 * scale))
    assert (found.peak, found.confidence.value) == (40_000_000 * scale, "exact")


def test_functions_that_make_their_arrays_are_scaled_by_their_number() -> None:
    """A number that is passed where no array is has a dimension."""
    found = _predict(lambda n: np.empty((n, n)), 40_000)
    assert (found.peak, found.inputs, found.confidence.value) == (8 * 40_000**2, 0, "exact")


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


def test_loops_that_grow_with_the_size_are_stable() -> None:
    """Where runs do not match the peak is right and the label is not exact: n blocks of 8·n bytes are kept."""

    def collect(x: Any) -> Any:
        rows = [x * 1.5 for _ in range(len(x))]
        return np.stack(rows)

    n = 20_000
    found = _predict(collect, "f8[n]", dims=ndmem.dims(n=n))
    assert found.peak == pytest.approx(16 * n * n, rel=0.01)
    assert found.confidence.value in ("stable", "low")


def test_tables_and_sparse_matrices_are_cropped() -> None:
    """A data frame keeps its columns, and a sparse matrix its density."""
    pandas, sparse = pytest.importorskip("pandas"), pytest.importorskip("scipy.sparse")
    frame = pandas.DataFrame({"a": np.arange(500_000.0), "b": np.arange(500_000.0)})
    found = _predict(lambda f: f["a"].to_numpy() + f["b"].to_numpy(), frame)
    assert (found.peak, found.inputs) == (4_000_000, int(frame.memory_usage(index=True).sum()))
    matrix = sparse.eye(200_000, format="csr")
    assert _predict(lambda m: m @ np.ones(m.shape[1]), matrix).peak == pytest.approx(2 * 1_600_000, rel=0.01)


def test_the_trace_is_one_like_any_other(tmp_path: Path) -> None:
    """A predicted trace sums to its peak, is saved and loaded, and every report is made of it."""
    found = _predict(lambda x: (x - x.mean(axis=0)) / x.std(axis=0), "f4[n, d]", dims=_BIG)
    trace = found.trace
    assert trace.origin is Origin.PREDICTED
    assert trace.peak.nbytes == found.peak == int(trace.tallies.at_peak.sum())
    assert int(trace.events.live[trace.peak.events - 1]) == found.peak
    found.save(tmp_path / "a.ndmem")
    assert ndmem.load(tmp_path / "a.ndmem").trace == trace
    for form in ("text", "json", "collapsed", "speedscope"):
        text = io.StringIO()
        found.report(text, form=form)
        assert text.getvalue()
    document = io.StringIO()
    found.report(document, form="json")
    assert json.loads(document.getvalue())["peak_nbytes"] == found.peak


def test_a_million_events_are_handled() -> None:
    """A function that makes 400,000 small arrays is predicted within its time."""

    def many(x: Any) -> Any:
        for _ in range(400_000):
            x[:8] + 1.5
        return -x

    found = _predict(many, "f8[n]", dims=ndmem.dims(n=100_000_000), timeout=60)
    assert found.peak == 800_000_000


def test_fits_judges_by_a_budget_or_by_what_is_free() -> None:
    """The answer says how much is needed and how much there is."""
    found = _predict(lambda n: np.ones(n), 10_000_000)
    assert found.fits("77 MiB")
    assert not found.fits("76 MiB")
    assert "the budget is 76 MiB" in str(found.fits("76 MiB"))
    assert bool(found.fits())
    assert not _predict(lambda n: np.ones((n, n)), 10_000_000).fits()


def test_planned_functions_refuse_before_they_run() -> None:
    """A decorated function raises with its line where it would not fit, warns if told so, and else runs."""
    ran = []

    def body(x: Any) -> Any:
        ran.append(len(x))
        return np.ones((len(x), len(x)))

    x = np.ones(5000)
    with pytest.raises(ndmem.BudgetExceeded, match=r"test_prediction\.py:\d+, .* the budget is 100 MiB"):
        ndmem.planned(x="f8[n]", budget="100 MiB")(body)(x)
    assert ran == []
    assert ndmem.planned(x="f8[n]", budget="300 MiB")(body)(x).shape == (5000, 5000)
    with pytest.warns(ResourceWarning, match="100 MiB"):
        ndmem.planned(x="f8[n]", budget="100 MiB", warn=True)(body)(x)
    assert ran == [5000, 5000]
    with pytest.raises(ndmem.SpecError, match="no parameter 'y'"):
        ndmem.planned(y="f8[n]")(body)
    assert issubclass(ndmem.BudgetExceeded, MemoryError)


def test_planned_functions_take_the_arrays_they_are_planned_for() -> None:
    """An array of another dtype or other axes is refused, and so are two lengths of one dimension."""

    @ndmem.planned(x="f8[n, 3]", y="f8[n]")
    def add(x: Any, y: Any) -> Any:
        return x + y[:, None]

    assert add(np.ones((400, 3)), np.ones(400)).shape == (400, 3)
    for x, y in [
        (np.ones((400, 3), "f4"), np.ones(400)),
        (np.ones((400, 4)), np.ones(400)),
        (np.ones((400, 3)), np.ones(300)),
        (np.ones(400), np.ones(400)),
    ]:
        with pytest.raises(ndmem.SpecError, match="not f8"):
            add(x, y)


@pytest.mark.skipif(sys.platform != "linux", reason="ghosts need Linux")
def test_a_ghost_runs_the_real_size() -> None:
    """4 GB of arrays pass through little memory, and the peak is the one worked out by hand."""

    def work(x: Any) -> Any:
        return x[: len(x) // 4] + 1.5

    found = _predict(work, "f8[n]", dims=ndmem.dims(n=400_000_000))
    verified = found.verify("ghost", timeout=120)
    assert verified.peak == found.peak == pytest.approx(800_000_000, abs=100)
    assert verified.confidence.value == "ghost-verified"
    assert verified.ghost is None or verified.ghost < 500 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="ghosts need Linux")
def test_a_ghost_that_fails_is_no_result() -> None:
    """Where values that make no sense break the function, it is not verified, and says so."""

    def checks(x: Any) -> Any:
        if len(x) > 1_000_000:
            raise ValueError("singular")
        return -x

    found = _predict(checks, "f8[n]", dims=ndmem.dims(n=500_000_000))
    with pytest.raises(ndmem.PredictionError, match=r"cannot be verified: .*singular"):
        found.verify("ghost")


@pytest.fixture
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give measurements of native memory time: on a busy machine they are made at small sizes, where pages scatter."""
    monkeypatch.setattr(native, "_LONGEST_S", 10.0)


@_ON_LINUX
@pytest.mark.usefixtures("_unhurried")
@pytest.mark.parametrize("function", [np.sort, lambda x, kind: np.sort(x, kind=kind)], ids=["of NumPy", "lambda"])
def test_native_memory_is_measured(function: Any) -> None:
    """A stable sort of n doubles takes half as much again as work memory, whoever calls it."""
    found = ndmem.predict(function, "f8[n]", dims=ndmem.dims(n=30_000_000), kind="stable")
    assert found.peak == pytest.approx(240_000_000, rel=0.01)
    assert found.native == pytest.approx(120_000_000, rel=0.1)
    assert found.total == found.inputs + found.peak + found.native


@_ON_LINUX
@pytest.mark.usefixtures("_unhurried")
@pytest.mark.parametrize("touched", [0.0, 0.5])
def test_native_memory_is_what_is_touched(touched: float) -> None:
    """Of a block of 16 bytes an element that is asked for, as hash tables are, the part that is written to counts."""

    def take(x: Any) -> Any:
        libc = ctypes.CDLL(None)
        libc.malloc.restype = ctypes.c_void_p
        block = libc.malloc(ctypes.c_size_t(16 * len(x)))
        ctypes.memset(block, 1, int(touched * 16 * len(x)))
        made = x + 1.0
        libc.free(ctypes.c_void_p(block))
        return made

    n = 50_000_000
    found = ndmem.predict(take, "f8[n]", dims=ndmem.dims(n=n))
    assert found.peak == pytest.approx(8 * n, abs=100)
    assert found.native == pytest.approx(touched * 16 * n, rel=0.1, abs=0.02 * 8 * n)


def test_native_memory_that_was_not_asked_for_is_unknown() -> None:
    """Where it is not measured it is not known, and the answer says why; it is never 0 for that."""
    found = _predict(lambda x: -x, "f8[n, d]", dims=_BIG)
    assert found.native is None
    assert "native memory is not known: it was not asked for" in str(found)


def test_what_a_first_call_keeps_is_within_the_interval() -> None:
    """A function that keeps 100 kB of its first call is not called exact: a first call needs them on top."""
    kept: list[Any] = []

    def caches(x: Any) -> Any:
        if not kept:
            kept.append(np.ones(100_000, "u1"))
        return x * 2.0

    found = _predict(caches, "f8[n]", dims=ndmem.dims(n=100_000_000))
    assert found.peak == pytest.approx(800_000_000, abs=100)
    assert found.interval[1] >= found.peak + 100_000
    assert found.confidence.value in ("stable", "low")  # low where a busy machine left no time for other sizes
    assert "a first call needs up to 97.7 KiB more" in found.reason


def test_runs_that_take_too_long_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a slow function did until it was ended is a low prediction, and how long it takes is not known."""
    monkeypatch.setattr(climb, "_MOST_RUNS", 1000)  # 20 ms for each

    def iterates(x: Any) -> Any:
        for _ in range(40):
            x = x * 0.5
            time.sleep(0.002)
        return x

    found = _predict(iterates, "f8[n]", dims=ndmem.dims(n=100_000_000))
    # The old and the new array at a time, and the scalar.
    assert found.peak == pytest.approx(1_600_000_000, rel=1e-3)
    assert (found.confidence.value, found.seconds) == ("low", None)
    assert "runs were ended" in found.reason
    assert "takes an unknown time" in str(found)


def test_predicting_leaves_no_process_and_no_descriptor_behind() -> None:
    """After a prediction there are as many children and open files as before."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs Linux")
    _predict(lambda x: -x, "f8[n, d]", dims=_BIG)
    before = len(list(folder.iterdir()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _predict(lambda x: -x, "f8[n, d]", dims=_BIG)
    assert len(list(folder.iterdir())) == before
    assert Path("/proc/self/task").exists()
    children = Path(f"/proc/self/task/{__import__('os').getpid()}/children").read_text("ascii").split()
    assert children == []


def test_a_prediction_has_a_page(tmp_path: Path) -> None:
    """Its first sentence is the prediction's; lines have formulas, and budget and limit are lines of the timeline."""
    found = _predict(_distances, "f8[n, k]", "f8[m, k]", dims=ndmem.dims(n=20_000, m=30_000, k=3))
    found.to_html(tmp_path / "page.html", plotlyjs="cdn", budget="40 GiB")
    page = (tmp_path / "page.html").read_text("ascii")
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page)
    assert heading is not None
    assert heading[1].startswith(f"Needs {format_nbytes(found.total)} at ")
    assert heading[1].endswith(", exact; the budget is 40 GiB: it fits.")
    assert f'data-peak-nbytes="{found.peak}"' in page
    assert "<td>64&#183;n&#183;m</td>" in page
    bounds = json.loads(page.split('id="data">')[1].split("</script>")[0])["timeline"]["bounds"]
    assert bounds[0] == {"name": "budget", "nbytes": 40 * 2**30}
    assert [bound["name"].split()[0] for bound in bounds] == ["budget", "limit"]
    assert "Predicted, from runs with small arrays" in page


def test_a_notebook_shows_the_answer_the_lines_and_the_page() -> None:
    """The cell of a prediction begins with its sentence and is light; the page is behind it."""
    cell = _predict(_distances, "f8[n, k]", "f8[m, k]", dims=ndmem.dims(n=20_000, m=30_000, k=3))._repr_html_()
    assert cell.startswith('<div class="ndmem"><p><strong>Needs 35.8 GiB at ')
    assert "squares = difference**2" in cell
    assert cell.count("<iframe") == 1
    assert len(cell.encode()) <= 300_000
