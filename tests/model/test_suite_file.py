"""Files of tests: JSON and baselines."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ndmem.model.suite.figures import Outcome, PeakArray, PeakLine, Suite, TestFigures
from ndmem.model.suite.file import SuiteError, read_suite, write_baseline, write_suite

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "tests.schema.json"
LINE = PeakLine(filename="a\udcff.py", lineno=3, function="f", source="x = y | z", nbytes=80)
ARRAY = PeakArray(
    filename="a.py", lineno=3, function="f", expression=None, name="x", shape=(10,), dtype="float64", nbytes=80, count=1
)
SUITE = Suite(
    {
        "t.py::test_b[`|\n]": TestFigures(100, 8, Outcome.EXCEEDED, (LINE,), (ARRAY,)),
        "t.py::test_a": TestFigures(0, 0, Outcome.FAILED),
    },
    "3.15.2",
    None,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A suite is the same after writing and reading, the file is ASCII in the order of names, and the schema holds."""
    file = tmp_path / "tests.json"
    write_suite(file, SUITE)
    assert read_suite(file) == SUITE
    document = json.loads(file.read_text("ascii"))
    assert [test["name"] for test in document["tests"]] == ["t.py::test_a", "t.py::test_b[`|\n]"]
    jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))


def test_a_baseline_has_the_tests_that_passed(tmp_path: Path) -> None:
    """A test that failed or exceeded a limit is no measure for later runs."""
    file = tmp_path / "base.json"
    write_baseline(file, {**SUITE.tests, "t.py::test_c": TestFigures(5, 1)})
    assert read_suite(file) == Suite({"t.py::test_c": TestFigures(5, 1)})


def _test(**changes: Any) -> dict[str, Any]:
    row = {"name": "a", "outcome": "passed", "peak_nbytes": 1, "kept_nbytes": 0, "lines": [], "arrays": []}
    return {**row, **changes}


_LINE = {"filename": "a.py", "lineno": 1, "function": "f", "source": None, "nbytes": 1}


@pytest.mark.parametrize(
    "tests",
    [
        7,
        [7],
        {"a": 1},
        [_test(name=7)],
        [_test(outcome="fine")],
        [_test(peak_nbytes=-1)],
        [_test(peak_nbytes=True)],
        [_test(peak_nbytes=1.5)],
        [_test(peak_nbytes=2**70)],
        [_test(kept_nbytes=None)],
        [_test(lines=None)],
        [_test(lines=[{**_LINE, "filename": None}])],
        [_test(lines=[{**_LINE, "lineno": -1}])],
        [_test(lines=[{**_LINE, "source": 5}])],
        [_test(lines=[{"filename": "a.py"}])],
        [_test(arrays=[{**_LINE, "count": 1, "expression": None, "name": None, "shape": [-1], "dtype": None}])],
        [_test(arrays=[{**_LINE, "count": 1, "expression": None, "name": None, "shape": 3, "dtype": None}])],
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, tests: Any) -> None:
    """A value of a wrong type or range is one sentence, never another exception."""
    file = tmp_path / "tests.json"
    file.write_text(json.dumps({"format": "ndmem tests", "schema": 1, "tests": tests}))
    with pytest.raises(SuiteError, match=r"is damaged: a test has no figures; write a new one with --ndmem-json"):
        read_suite(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a baseline, or is damaged"),
        ("[" * 100_000, "is not a baseline, or is damaged"),
        ('{"format": "ndmem tests", "schema"', "is not a baseline, or is damaged"),
        ('{"format": ["ndmem tests"]}', "is not an ndmem baseline"),
        ('{"format": "ndmem tests", "schema": 2}', "has schema 2, this ndmem reads 1"),
        ("\udcff", "is not a baseline, or is damaged"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Truncated, deeply nested and foreign files are named, with what to write instead."""
    file = tmp_path / "tests.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SuiteError, match=message):
        read_suite(file)


def test_each_cut_of_a_file_is_refused(tmp_path: Path) -> None:
    """A file that is truncated anywhere but at its last byte, the line end, is no suite."""
    file = tmp_path / "tests.json"
    write_suite(file, SUITE)
    data = file.read_bytes()
    for end in range(len(data) - 1):
        file.write_bytes(data[:end])
        with pytest.raises(SuiteError):
            read_suite(file)
