"""What the report says of arrays that existed before recording began."""

from __future__ import annotations

import dataclasses

from tests.reporting.samples import MIB, pipeline
from tests.reporting.text.report_text import render
from tests.traces import TraceBuilder

from ndmem.model.arrays_before import ArrayBefore, ArraysBefore

ARRAYS = (ArrayBefore(3 * MIB, (3, MIB), "uint8", "cache[\x1b[31m'x']"), ArrayBefore(2 * MIB, (2 * MIB,), "uint8", ""))
BEFORE = ArraysBefore(ARRAYS, 7, 6 * MIB, 0.25)


def test_arrays_from_before_have_a_table_and_a_note() -> None:
    """They are listed with holders, the rest in one row; the note says what the figures count."""
    lines = render(dataclasses.replace(pipeline(), before=BEFORE)).splitlines()
    at = lines.index("Arrays that existed before the attach")
    assert [line.split() for line in lines[at + 2 : at + 6]] == [
        ["nbytes", "array", "held", "by"],
        ["3", "MiB", "uint8", "(3,", "1048576)", r"cache[\x1b[31m'x']"],
        ["2", "MiB", "uint8", "(2097152,)", "(holder", "unknown)"],
        ["1", "MiB", "…", "and", "5", "more"],
    ]
    text = " ".join(" ".join(lines).split())
    assert "The figures count from the attach on: 7 arrays of 6 MiB existed before." in text
    assert "Finding them held the program up for 0.25 s." in text
    assert "\x1b" not in text


def test_what_was_not_searched_is_said() -> None:
    """Where the search was not made the note says why, and there is no table."""
    before = ArraysBefore(note="its 4,000,000 objects are too many to look through")
    text = " ".join(render(dataclasses.replace(pipeline(), before=before)).split())
    assert "What existed before is unknown: its 4,000,000 objects are too many to look through." in text
    assert "Arrays that existed" not in text


def test_a_program_that_allocates_nothing_has_a_report() -> None:
    """An attached program without new arrays is not an empty run: what it had is listed."""
    trace = dataclasses.replace(TraceBuilder().build(), before=BEFORE)
    assert "Arrays that existed before the attach" in render(trace)
