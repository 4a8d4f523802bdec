"""``ndmem run`` and ``ndmem report`` against the truth programs."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.system.running import Place

from .expectation import LineTruth, ProgramTruth
from .truth import PROGRAMS

PLACE = Path(__file__).parent / "programs"
# The JSON report's key of each field of LineTruth.
KEYS = {
    "at_peak": "at_peak_nbytes",
    "temporary": "temporary_nbytes",
    "kept": "kept_nbytes",
    "total": "total_nbytes",
    "count": "count",
    "peak": "peak_nbytes",
}

by_program = pytest.mark.parametrize("truth", PROGRAMS, ids=lambda each: each.name)


class Reports:
    """Runs each program once and keeps what ``ndmem report --format json`` said of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reports: dict[str, dict[str, Any]] = {}

    def of(self, truth: ProgramTruth) -> dict[str, Any]:
        """Return the parsed report of one program."""
        if truth.name not in self._reports:
            trace = self._folder / f"{truth.name}.ndmem"
            self._ndmem("run", "-o", str(trace), "--quiet", str(PLACE / f"{truth.name}.py"))
            self._reports[truth.name] = json.loads(self._ndmem("report", str(trace), "--format", "json"))
        return self._reports[truth.name]

    def _ndmem(self, *arguments: str) -> str:
        done = Place(self._folder).run_ndmem_as_text(*arguments)
        assert done.returncode == 0, f"ndmem {' '.join(arguments)} failed: {done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Run programs in a folder of their own, once for the whole module."""
    return Reports(tmp_path_factory.mktemp("truth"))


def rows_of(report: dict[str, Any], truth: ProgramTruth, source: str) -> list[dict[str, Any]]:
    """Find the rows of one line of the program: more than one where an inner function shares the line."""
    return [
        row
        for row in report["lines"]
        if Path(row["filename"]).name == f"{truth.name}.py" and (row["source"] or "").strip() == source
    ]


def source_at(truth: ProgramTruth, lineno: int) -> str:
    """Return the program's own text at a line."""
    return (PLACE / f"{truth.name}.py").read_text("utf-8").splitlines()[lineno - 1].strip()


@by_program
def test_every_source_is_one_line_of_its_program(truth: ProgramTruth) -> None:
    """The table speaks of lines that exist, once each: otherwise a missing row could pass as zero bytes."""
    text = [line.strip() for line in (PLACE / f"{truth.name}.py").read_text("utf-8").splitlines()]
    named = [truth.peak_source, *truth.leading, *(line.source for line in truth.lines)]
    assert {source: text.count(source) for source in named} == dict.fromkeys(named, 1)


@by_program
def test_peak_and_end_are_exact(truth: ProgramTruth, reports: Reports) -> None:
    """The program's peak and what is alive at its end are the bytes summed by hand; nothing was dropped."""
    report = reports.of(truth)
    assert report["peak_nbytes"] == truth.peak_nbytes
    assert report["live_nbytes_at_end"] == truth.live_nbytes_at_end
    assert (report["dropped"], report["exit_status"], report["origin"]) == (0, 0, "measured")


@by_program
def test_peak_is_at_the_right_line(truth: ProgramTruth, reports: Reports) -> None:
    """The line named as the peak's place is the one that was running when it was reached."""
    site = reports.of(truth)["peak_site"]
    assert Path(site["filename"]).name == f"{truth.name}.py"
    assert source_at(truth, site["lineno"]) == truth.peak_source


@by_program
def test_right_lines_lead_at_the_peak(truth: ProgramTruth, reports: Reports) -> None:
    """The lines with the largest part of the peak are exactly those that made the largest buffers."""
    rows = [row for row in reports.of(truth)["lines"] if row["at_peak_nbytes"]]
    most = max(row["at_peak_nbytes"] for row in rows)
    leading = {source_at(truth, row["lineno"]) for row in rows if row["at_peak_nbytes"] == most}
    assert leading == set(truth.leading)


@pytest.mark.parametrize(
    ("truth", "line"),
    [(truth, line) for truth in PROGRAMS for line in truth.lines],
    ids=lambda each: each.name if isinstance(each, ProgramTruth) else each.source.split(" =")[0],
)
def test_line_is_exact(truth: ProgramTruth, line: LineTruth, reports: Reports) -> None:
    """A line's part of the peak, temporary, kept and total bytes and its count are those summed by hand."""
    expected = {KEYS[name]: getattr(line, name) for name in KEYS if getattr(line, name) is not None}
    rows = rows_of(reports.of(truth), truth, line.source)
    if not rows:
        # A line that made no buffer may be left out of the table.
        assert not any(expected.values()), f"no row for {line.source!r}"
    for row in rows:
        assert {key: row[key] for key in expected} == expected


@by_program
def test_buffers_at_the_peak_are_named_by_expression(truth: ProgramTruth, reports: Reports) -> None:
    """Buffers alive at the peak carry the text of the very sub-expression that made them."""
    seen = {(buffer["expression"], buffer["nbytes"]) for buffer in reports.of(truth)["at_peak"]}
    assert set(truth.expressions) <= seen


@by_program
def test_parts_sum_to_the_peak(truth: ProgramTruth, reports: Reports) -> None:
    """The timeline reaches the peak and never exceeds it, and no line's part is more than the whole."""
    report = reports.of(truth)
    assert max(point["live_nbytes"] for point in report["timeline"]) == report["peak_nbytes"]
    assert all((row["at_peak_nbytes"] or 0) <= report["peak_nbytes"] for row in report["lines"])
