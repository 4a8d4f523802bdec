"""A prediction is a run: every report shows it, and functions check themselves with it."""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.model.trace import Origin
from ndmem.planning.strategy import schedule
from ndmem.planning.strategy.runs import extra_runs, largest_run
from ndmem.units import format_nbytes

_BIG = ndmem.dims(n=10_000_000, d=32)


def _distances(a: Any, b: Any) -> Any:
    difference = a[:, None, :] - b[None, :, :]  # n·m·3 of 8 bytes
    squares = difference**2
    return np.sqrt(squares.sum(axis=-1))


def _predict(function: Any, *args: Any, **options: Any) -> ndmem.Prediction:
    return ndmem.predict(function, *args, **{"native": False, **options})


@pytest.mark.long
def test_every_report_works_on_the_trace(tmp_path: Path) -> None:
    """A predicted trace sums to its peak, can be saved and loaded, and every report works on it."""
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


def test_fits_compares_with_a_budget_or_with_free_memory() -> None:
    """The answer states how much is needed and how much is available."""
    found = _predict(lambda n: np.ones(n), 10_000_000)
    assert found.fits("77 MiB")
    assert not found.fits("76 MiB")
    assert "the budget is 76 MiB" in str(found.fits("76 MiB"))
    assert bool(found.fits())
    assert not _predict(lambda n: np.ones((n, n)), 10_000_000).fits()


def test_planned_functions_refuse_before_they_run() -> None:
    """A decorated function that does not fit raises with its line, or warns with warn=True; one that fits runs."""
    ran = []

    def body(x: Any) -> Any:
        ran.append(len(x))
        return np.ones((len(x), len(x)))

    x = np.ones(5000)
    with pytest.raises(ndmem.BudgetExceeded, match=r"test_prediction_reports\.py:\d+, .* the budget is 100 MiB"):
        ndmem.planned(x="f8[n]", budget="100 MiB")(body)(x)
    assert ran == []
    assert ndmem.planned(x="f8[n]", budget="300 MiB")(body)(x).shape == (5000, 5000)
    with pytest.warns(ResourceWarning, match="100 MiB"):
        ndmem.planned(x="f8[n]", budget="100 MiB", warn=True)(body)(x)
    assert ran == [5000, 5000]
    with pytest.raises(ndmem.SpecError, match="no parameter 'y'"):
        ndmem.planned(y="f8[n]")(body)
    assert issubclass(ndmem.BudgetExceeded, MemoryError)


def test_a_rough_prediction_refuses_only_if_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a mask selects depends on the data: the decorated function warns and runs, or raises with strict=True."""

    def body(x: Any) -> Any:
        return x[x > 0.5] * 2

    monkeypatch.setattr(schedule, "_CHEAP", -1)  # the real size, which a larger one would not reach, makes it certain
    for module in (extra_runs, largest_run):
        monkeypatch.setattr(module, "_MOST_EFFORT", -1)
    x = np.random.default_rng(1).random(200_000)
    with pytest.warns(ResourceWarning, match="rough"):
        assert len(ndmem.planned(x="f8[n]", budget="100 KiB")(body)(x)) == pytest.approx(100_000, rel=0.05)
    with pytest.raises(ndmem.BudgetExceeded, match="rough"):
        ndmem.planned(x="f8[n]", budget="100 KiB", strict=True)(body)(x)


def test_planned_functions_check_their_arrays() -> None:
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


def test_a_prediction_has_a_page(tmp_path: Path) -> None:
    """Its first sentence is the prediction's; lines have formulas, and budget and limit are lines of the timeline."""
    found = _predict(_distances, "f8[n, k]", "f8[m, k]", dims=ndmem.dims(n=20_000, m=30_000, k=3))
    found.to_html(tmp_path / "page.html", plotlyjs="cdn", budget="40 GiB")
    page = (tmp_path / "page.html").read_text("ascii")
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page)
    assert heading is not None
    assert heading[1].startswith(f"Needs {format_nbytes(found.total)} at ")
    assert heading[1].endswith(", all sizes fit exactly; the budget is 40 GiB: it fits.")
    assert f'data-peak-nbytes="{found.peak}"' in page
    assert ">64&#183;n&#183;m</td>" in page
    bounds = json.loads(page.split('id="data">')[1].split("</script>")[0])["timeline"]["bounds"]
    assert bounds[0] == {"name": "budget", "nbytes": 40 * 2**30}
    assert [bound["name"].split()[0] for bound in bounds] == ["budget", "limit"]
    assert "Predicted, from runs with small arrays" in page


def test_a_notebook_shows_the_answer_the_lines_and_the_page() -> None:
    """The output of a prediction begins with its sentence and has at most 300 kB, including the page."""
    cell = _predict(_distances, "f8[n, k]", "f8[m, k]", dims=ndmem.dims(n=20_000, m=30_000, k=3))._repr_html_()
    assert cell.startswith('<div class="ndmem"><p><strong>Needs 35.8 GiB at ')
    assert "squares = difference**2" in cell
    assert cell.count("<iframe") == 1
    assert len(cell.encode()) <= 300_000
