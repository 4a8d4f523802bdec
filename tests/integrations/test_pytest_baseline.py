"""The pytest plugin compares the peaks of tests with a baseline."""

import json
from pathlib import Path

import pytest
from tests.integrations.pytest_runs import run_pytest

_COMPARED = """
def test_one():
    np.empty({}, "u1")
def test_two():
    np.empty(2000, "u1")
"""


@pytest.mark.long
@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)], ids=["alone", "xdist"])
def test_a_baseline_fails_what_has_grown(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """A test at 5 % above its baseline passes --ndmem-fail-above 5%, and one byte more fails; also in workers."""
    if workers:
        pytest.importorskip("xdist")
    run_pytest(tmp_path, _COMPARED.format(1000), "--ndmem-save", "base.json", *workers)
    assert (tmp_path / "base.json").read_text().splitlines() == [
        '{"format": "ndmem baseline", "version": 1, "unit": "bytes", "tests": {',
        '  "test_it.py::test_one": {"peak": 1000, "kept": 0},',
        '  "test_it.py::test_two": {"peak": 2000, "kept": 0}',
        "}}",
    ]
    options = ("--ndmem-compare", "base.json", "--ndmem-fail-above", "5%", *workers)
    found, text = run_pytest(tmp_path, _COMPARED.format(1050), *options)
    assert found == {"test_one": "PASSED", "test_two": "PASSED"}
    assert "test_it.py::test_one: 1.03 KiB of arrays, +5%\n1 of 2 tests match the baseline" in text
    found, text = run_pytest(tmp_path, _COMPARED.format(1051), *options)
    assert found == {"test_one": "FAILED", "test_two": "PASSED"}
    assert (
        "1.03 KiB of arrays > baseline 1000 B + 5%\n1.03 KiB of arrays, +5.1%; --ndmem-fail-above allows 5% more"
        in text
    )
    found, _ = run_pytest(tmp_path, _COMPARED.format(9999), "--ndmem-compare", "base.json", *workers)
    assert found == {"test_one": "PASSED", "test_two": "PASSED"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file or directory; write it with --ndmem-json or --ndmem-save"),
        ("{", "is not a baseline, or is damaged"),
        ("[1]", "is not an ndmem baseline"),
        (json.dumps({"format": "ndmem baseline", "version": 2}), "has version 2, this ndmem reads 1"),
        (json.dumps({"format": "ndmem baseline", "version": 1}), "is damaged"),
        (json.dumps({"format": "ndmem baseline", "version": 1, "tests": {"a": {"peak": -1, "kept": 0}}}), "is damaged"),
    ],
)
def test_a_baseline_that_is_none_is_said(tmp_path: Path, text: str | None, message: str) -> None:
    """Nothing is run, and one line says what is wrong with the file."""
    if text is not None:
        (tmp_path / "base.json").write_text(text)
    found, printed = run_pytest(tmp_path, _COMPARED.format(1), "--ndmem-compare", "base.json")
    assert found == {}
    assert f"ERROR: base.json{' ' if text else ': '}{message}" in printed
    assert "Traceback" not in printed


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--ndmem-fail-above", "5%"), "--ndmem-fail-above needs a baseline: add --ndmem-compare FILE"),
        (
            ("--ndmem-compare", "base.json", "--ndmem-fail-above", "much"),
            "'much' is not a percentage; write for example 5%",
        ),
        (("--ndmem-save", "missing/base.json"), "missing/base.json: No such file or directory; choose another path"),
    ],
)
def test_options_that_cannot_be_are_said(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    """One line each."""
    run_pytest(tmp_path, _COMPARED.format(1), "--ndmem-save", "base.json")
    _, printed = run_pytest(tmp_path, _COMPARED.format(1), *options)
    assert message in printed
    assert "Traceback" not in printed
