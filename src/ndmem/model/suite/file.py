"""Files of tests: JSON with everything, and the baseline, which has a line for each test and is committed."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ndmem.errors import NdmemError
from ndmem.units import ADDRESSABLE_NBYTES

from .figures import Outcome, PeakArray, PeakLine, Suite, TestFigures

if TYPE_CHECKING:
    from collections.abc import Mapping

_BASELINE: Final = "ndmem baseline"
_TESTS: Final = "ndmem tests"
_VERSIONS: Final = {_BASELINE: ("version", 1), _TESTS: ("schema", 1)}
_AGAIN: Final = "write a new one with --ndmem-json or --ndmem-save"

_Part = TypeVar("_Part", PeakLine, PeakArray)


class SuiteError(NdmemError, ValueError):
    """A file is not one of tests, or is damaged."""


def write_baseline(path: Path, tests: Mapping[str, TestFigures]) -> None:
    """Write a baseline: one line for each test that passed, by name.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    rows = [
        f"  {json.dumps(name)}: {json.dumps({'peak': found.peak, 'kept': found.kept})}"
        for name, found in sorted(tests.items())
        if found.outcome is Outcome.PASSED
    ]
    head = f'{{"format": {json.dumps(_BASELINE)}, "version": 1, "unit": "bytes", "tests": {{'
    path.write_text("\n".join([head, ",\n".join(rows), "}}"]) + "\n", "utf-8")


def write_suite(path: Path, suite: Suite) -> None:
    """Write all that is known of the tests as JSON in ASCII: one line for each test, by name.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    head = {"format": _TESTS, "schema": 1, "python": suite.python, "numpy": suite.numpy}
    rows = [f"  {json.dumps(encode_test(name, found))}" for name, found in sorted(suite.tests.items())]
    start = json.dumps(head)[:-1] + ', "tests": ['
    path.write_text("\n".join([start, ",\n".join(rows), "]}"]) + "\n", "ascii")


def encode_test(name: str, found: TestFigures) -> dict[str, Any]:
    """Return a test as JSON can hold it."""
    return {
        "name": name,
        "outcome": found.outcome.value,
        "peak_nbytes": found.peak,
        "kept_nbytes": found.kept,
        "lines": [asdict(line) for line in found.lines],
        "arrays": [asdict(array) for array in found.arrays],
    }


def read_suite(path: Path) -> Suite:
    """Read a file of tests, JSON or a baseline.

    Raises
    ------
    SuiteError
        If it is missing, damaged, of another version or of another kind.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SuiteError(f"{path}: {error.strerror}; write it with --ndmem-json or --ndmem-save") from None
    except (ValueError, RecursionError) as error:
        raise SuiteError(f"{path} is not a baseline, or is damaged ({error}); {_AGAIN}") from None
    kind = found.get("format") if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in _VERSIONS:
        raise SuiteError(f"{path} is not an ndmem baseline; write one with --ndmem-json or --ndmem-save")
    key, version = _VERSIONS[kind]
    if found.get(key) != version:
        raise SuiteError(f"{path} has {key} {found.get(key)!r:.40}, this ndmem reads {version}; {_AGAIN}")
    try:
        if kind == _BASELINE:
            return Suite({name: _read_figures(row, "peak", "kept") for name, row in found["tests"].items()})
        return Suite(dict(map(decode_test, found["tests"])), _text(found, "python"), _text(found, "numpy"))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise SuiteError(f"{path} is damaged: a test has no figures; {_AGAIN}") from None


def decode_test(row: dict[str, Any]) -> tuple[str, TestFigures]:
    """Return name and figures of a test that `encode_test` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is damaged.
    """
    if not isinstance(row["name"], str):
        raise TypeError
    lines = tuple(_read_part(PeakLine, part) for part in row["lines"])
    arrays = tuple(_read_part(PeakArray, part) for part in row["arrays"])
    figures = _read_figures(row, "peak_nbytes", "kept_nbytes")
    return row["name"], TestFigures(figures.peak, figures.kept, Outcome(row["outcome"]), lines, arrays)


def _read_figures(row: dict[str, Any], peak: str, kept: str) -> TestFigures:
    return TestFigures(_count(row[peak]), _count(row[kept]))


def _read_part(kind: type[_Part], part: dict[str, Any]) -> _Part:
    values: dict[str, Any] = {}
    for name in (each.name for each in fields(kind)):
        value = part[name]
        if name in {"nbytes", "count", "lineno"}:
            value = _count(value)
        elif name == "shape":
            value = None if value is None else tuple(map(_count, value))
        elif not isinstance(value, str) and (value is not None or name in {"filename", "function"}):
            raise TypeError
        values[name] = value
    return kind(**values)


def _count(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < ADDRESSABLE_NBYTES:
        raise ValueError
    return number


def _text(found: dict[str, Any], name: str) -> str | None:
    value = found.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value
