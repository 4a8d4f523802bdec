"""Peaks for services that draw them over time: github-action-benchmark, and Bencher."""

from __future__ import annotations

import enum
import hashlib
import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from ndmem.analysis.tables.lines import line_table
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.suite.figures import Suite

_LONGEST_NAME = 1000
"""Bencher takes names of at most 1,024 characters."""


class Measure(enum.Enum):
    """What was measured; Bencher calls it a measure, and knows it by this name."""

    ARRAY_PEAK = "array-peak"
    ARRAYS_KEPT = "arrays-kept"
    TOTAL_PEAK = "total-peak"


_CHARTED = {Measure.ARRAY_PEAK: "peak of arrays", Measure.TOTAL_PEAK: "peak of arrays and native memory"}
"""Measures with a chart of their own; what is kept is 0 in most tests."""


@dataclass(frozen=True, slots=True)
class BenchmarkFigure:
    """One figure of a run or of a test.

    Attributes
    ----------
    name : str
        The run or the test.
    measure : Measure
        What was measured.
    nbytes : int
        The bytes.
    place : str
        The line that allocated most of it; empty if that is unknown.
    """

    name: str
    measure: Measure
    nbytes: int
    place: str = ""


def list_run_figures(index: TraceIndex, name: str) -> list[BenchmarkFigure]:
    """Return the figures of a run."""
    trace, names = index.trace, file_names(index.trace.run)
    line = max(line_table(index), key=lambda line: line.own_nbytes, default=None)
    place = ""
    if line is not None and line.own_nbytes:
        where = names.place(line.filename, line.lineno)
        place = f"{format_nbytes(line.own_nbytes)} at {where}: {plain(line.source or f'in {line.function}')}"
    figures = [BenchmarkFigure(name, Measure.ARRAY_PEAK, int(trace.peak.nbytes), place)]
    figures.append(BenchmarkFigure(name, Measure.ARRAYS_KEPT, trace.live_nbytes))
    if trace.total is not None:
        figures.append(BenchmarkFigure(name, Measure.TOTAL_PEAK, trace.total.nbytes))
    return figures


def list_suite_figures(suite: Suite) -> list[BenchmarkFigure]:
    """Return the figures of the tests that ran to their end."""
    figures = []
    for name, found in suite.tests.items():
        if not found.outcome.is_whole:
            continue
        place = ""
        if found.lines:
            line = found.lines[0]
            text = plain(line.source or f"in {line.function}")
            place = f"{format_nbytes(line.nbytes)} at {plain(line.filename)}:{line.lineno}: {text}"
        figures.append(BenchmarkFigure(name, Measure.ARRAY_PEAK, found.peak, place))
        figures.append(BenchmarkFigure(name, Measure.ARRAYS_KEPT, found.kept))
    return figures


def write_benchmark_json(figures: Iterable[BenchmarkFigure], stream: IO[str]) -> None:
    """Write peaks above 0 for github-action-benchmark, as its tool ``customSmallerIsBetter`` reads them."""
    entries = []
    for figure in figures:
        if figure.measure in _CHARTED and figure.nbytes:
            name = f"{plain(figure.name)}: {_CHARTED[figure.measure]}"
            extra = {"extra": figure.place} if figure.place else {}
            entries.append({"name": name, "unit": "bytes", "value": figure.nbytes, **extra})
    json.dump(entries, stream, indent=1)
    stream.write("\n")


def write_bencher_json(figures: Iterable[BenchmarkFigure], stream: IO[str]) -> None:
    """Write all figures in Bencher's metric format: ``array-peak``, ``arrays-kept``, ``total-peak``."""
    document: dict[str, dict[str, Any]] = {}
    for figure in figures:
        measures = document.setdefault(_shorten(plain(figure.name)), {})
        measures[figure.measure.value] = {"value": figure.nbytes}
    json.dump(document, stream, indent=1)
    stream.write("\n")


def _shorten(name: str) -> str:
    """Return a name of a valid length; one that was cut ends with a digest, so that two stay two."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 10]}…{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
