"""A comparison of two runs as text and as JSON."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.analysis.test_diff import MOVED, after, before
from tests.reporting.samples import MIB, factoring, hostile, pipeline
from tests.traces import TraceBuilder

from ndmem.analysis.diff import Growth, diff_traces
from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import Trace
from ndmem.reporting.export.diff_json import write_diff_json
from ndmem.reporting.text.diff import DiffBy, signed_nbytes, write_diff_text, write_growth

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/reference/diff.schema.json").read_text("utf-8"))


def text(first: Trace, second: Trace, *, by: DiffBy = DiffBy.LINE, rows: int | None = 20, width: int = 100) -> str:
    """Return the text of a comparison."""
    stream = io.StringIO()
    write_diff_text(
        diff_traces(TraceIndex(first), TraceIndex(second)),
        second.run,
        stream,
        by=by,
        rows=rows,
        width=width,
        folder="/home/bob",
    )
    return stream.getvalue()


def document(first: Trace, second: Trace) -> dict[str, Any]:
    """Return what is read back from the JSON of a comparison."""
    stream = io.StringIO()
    write_diff_json(diff_traces(TraceIndex(first), TraceIndex(second)), stream)
    assert stream.getvalue().isascii()
    found: dict[str, Any] = json.loads(stream.getvalue())
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def test_text_by_line() -> None:
    """The totals come first, then each changed line with what moved, what is new, and what each figure grew by."""
    assert (
        text(before(), after())
        == """\
Peak: 16 MiB, then 19 MiB: 3 MiB more (+18.8 %).
Alive at the end: 14 MiB, then 18 MiB: 4 MiB more (+28.6 %).
In total: 16 MiB, then 20 MiB: 4 MiB more (+25 %).

change before  after temporary   kept  total arrays at the peak
                                             copy/pipeline.py
+3 MiB 10 MiB 13 MiB         - +3 MiB +3 MiB 2→4 kept = np.ones(10)
     -             -         - +1 MiB +1 MiB 8 new: extra = np.ones(7)
2 other lines: no change in these figures.
"""
    )


def test_text_by_function_and_by_buffer() -> None:
    """Functions and arrays have rows of their own."""
    by_function = text(before(), after(), by=DiffBy.FUNCTION).splitlines()
    assert [line.split()[-1] for line in by_function[6:-1]] == ["<module>"]
    assert by_function[-1] == "1 other function: no change in these figures."
    by_buffer = text(before(), after(), by=DiffBy.BUFFER).splitlines()
    assert by_buffer[4].split() == ["change", "before", "after", "arrays", "at", "the", "peak"]
    assert by_buffer[6].split() == ["+3", "MiB", "10", "MiB", "13", "MiB", "2→4", "kept", "=", "np.ones(10)"]
    assert len(by_buffer) == 7


def test_no_difference_is_one_sentence() -> None:
    """A run compared with itself says only that."""
    for by in DiffBy:
        assert text(pipeline(), pipeline(), by=by) == "No difference: every figure is the same in both runs.\n"


def test_a_limit_counts_what_it_leaves_out() -> None:
    """Rows beyond the limit are counted, apart from those without a change in the figures of the table."""
    cut, unchanged = text(before(), after(), rows=1).splitlines()[-2:]
    assert cut.strip() == "… and 1 more"
    assert unchanged == "2 other lines: no change in these figures."


def test_figures_fit_a_narrow_terminal() -> None:
    """In 80 columns no line is longer, and no figure is cut."""
    lines = text(pipeline(), TraceBuilder().build(), width=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("-400 MiB" in line for line in lines)


def test_hostile_names_steer_nothing() -> None:
    """No escape sequence of a name or of a source text reaches the terminal."""
    for by in DiffBy:
        assert text(hostile(), pipeline(), by=by).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("growth", "expected"),
    [
        (Growth(None, 2 * MIB), "?, then 2 MiB: it was not measured in both"),
        (Growth(0, 2 * MIB), "0 B, then 2 MiB: 2 MiB more"),
        (Growth(4 * MIB, MIB), "4 MiB, then 1 MiB: 3 MiB less (-75 %)"),
        (Growth(MIB, MIB), "1 MiB in both"),
    ],
)
def test_growth_in_words(growth: Growth, expected: str) -> None:
    """Unknown figures are `?`, and from nothing there is no percentage."""
    assert write_growth(growth) == expected


@pytest.mark.parametrize(("nbytes", "expected"), [(None, "?"), (0, "-"), (MIB, "+1 MiB"), (-MIB, "-1 MiB")])
def test_differences_have_a_sign(nbytes: int | None, expected: str) -> None:
    """Growth is signed; none is a dash, and what is not known `?`."""
    assert signed_nbytes(nbytes) == expected


def test_json_has_both_sides() -> None:
    """Each row has the place and the figures of each run, and null where a run does not have it."""
    found = document(before(), after())
    assert found["peak_nbytes"] == {"before": 16 * MIB, "after": 19 * MIB}
    first, second = found["lines"][:2]
    assert (first["before"]["lineno"], first["after"]["lineno"]) == (2, 4)
    assert (first["before"]["own_nbytes"], first["after"]["own_nbytes"]) == (10 * MIB, 13 * MIB)
    assert (second["source"], second["before"], second["after"]["kept_nbytes"]) == ("extra = np.ones(7)", None, MIB)
    assert [each["function"] for each in found["functions"]] == ["<module>", "work"]
    assert found["buffers"][0]["after"] == {"filename": MOVED, "lineno": 4, "nbytes": 13 * MIB, "count": 1}


def test_json_of_other_runs_is_valid() -> None:
    """Runs with native memory, hostile texts and nothing at all fit the schema too; nothing is nothing."""
    document(factoring(), hostile())
    empty = document(factoring(), factoring())
    assert (empty["lines"], empty["functions"], empty["buffers"]) == ([], [], [])
