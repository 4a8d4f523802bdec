"""The files that the pytest plugin writes, and its settings, in a pytest of its own."""

import json
from pathlib import Path

import jsonschema
import pytest
from tests.integrations.pytest_runs import run_pytest

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/tests.schema.json").read_text("utf-8"))

_SOURCE = """
def centre(table):
    shifted = table.copy()
    {extra}
    return shifted
@pytest.mark.parametrize("text", ["a|b", "<b>@x`"])
def test_text(text):
    np.empty(10, "u1")
def test_centre():
    table = np.ones(100_000)
    centre(table)
def test_fails():
    data = np.ones(20_000)
    assert len(data) == 0
def test_skips():
    pytest.skip("not here")
"""


@pytest.mark.long
def test_all_tests_are_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--ndmem-json has each test once, by name, with outcome, line and array; with workers the file is the same."""
    pytest.importorskip("xdist")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run_pytest(tmp_path, _SOURCE.format(extra="pass"), "--ndmem-json", "alone.json")
    run_pytest(tmp_path, _SOURCE.format(extra="pass"), "--ndmem-json", "workers.json", "-n", "2")
    document = json.loads((tmp_path / "alone.json").read_text("ascii"))
    jsonschema.validate(document, SCHEMA)
    assert [(test["name"], test["outcome"]) for test in document["tests"]] == [
        ("test_it.py::test_centre", "passed"),
        ("test_it.py::test_fails", "failed"),
        ("test_it.py::test_skips", "skipped"),
        ("test_it.py::test_text[<b>@x`]", "passed"),
        ("test_it.py::test_text[a|b]", "passed"),
    ]
    first = document["tests"][0]
    assert [(line["source"], line["nbytes"]) for line in first["lines"][:2]] == [
        ("shifted = table.copy()", 800_000),
        ("table = np.ones(100_000)", 800_000),
    ]
    assert {(array["name"], *array["shape"], array["dtype"]) for array in first["arrays"] if array["name"]} >= {
        ("table", 100_000, "float64")
    }
    assert (tmp_path / "workers.json").read_text("ascii") == (tmp_path / "alone.json").read_text("ascii")


@pytest.mark.long
def test_the_summary_has_the_line_that_grew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison with the JSON of before names the new line; it is added to the summary of the job too."""
    step = tmp_path / "step.md"
    step.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    run_pytest(tmp_path, _SOURCE.format(extra="pass"), "--ndmem-json", "before.json")
    assert step.read_text() == "before\n"
    extra = "extra = np.square(shifted[:2000])"
    options = ("--ndmem-compare", "before.json", "--ndmem-summary", "memory.md", "--ndmem-fail-above", "0.5%")
    found, _ = run_pytest(tmp_path, _SOURCE.format(extra=extra), *options)
    assert found["test_centre"] == "FAILED"
    text = (tmp_path / "memory.md").read_text("utf-8")
    assert text.splitlines()[0] == (
        "### Array memory: 1 of 3 tests needs more, at most +15.6 KiB (+1 %) in `test_it.py::test_centre`"
    )
    (row,) = [line for line in text.splitlines() if line.startswith("| `test_it.py::test_centre`")]
    assert f" `{extra}` +15.6 KiB | `extra` `(2000,) float64` |" in row or f" `{extra}` +15.6 KiB | `np.square(" in row
    assert step.read_text("utf-8") == f"before\n{text}\n"


@pytest.mark.long
def test_settings_limit_all_tests_and_marks_override(tmp_path: Path) -> None:
    """A test without a mark has the limit of the settings, whose failure names them; a mark replaces it."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nndmem_limit_arrays = 1000\nndmem_limit_leaked_arrays = 1 KiB\n")
    source = """
def test_within():
    np.empty(1000, "u1")
def test_beyond():
    np.empty(1001, "u1")
def test_keeps():
    kept.append(np.empty(1000, "u1")); kept.append(np.empty(25, "u1"))
@pytest.mark.limit_arrays("1 MiB")
def test_marked():
    np.empty(5000, "u1")
@pytest.mark.limit_leaked_arrays("1 MiB")
@pytest.mark.limit_arrays("1 MiB")
def test_marked_keeps():
    kept.append(np.empty(5000, "u1"))
"""
    found, text = run_pytest(tmp_path, source)
    assert found == {
        "test_within": "PASSED",
        "test_beyond": "FAILED",
        "test_keeps": "FAILED",
        "test_marked": "PASSED",
        "test_marked_keeps": "PASSED",
    }
    assert "1001 B of arrays > limit 1000 B\nndmem_limit_arrays = 1000: highest live bytes of its arrays" in text
    assert "1 KiB of arrays > limit 1000 B; 1,025 bytes of arrays kept > limit 1,024" in text


@pytest.mark.long
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("ndmem_limit_arrays = much", "ndmem_limit_arrays = much: 'much' is not a number of bytes"),
        ("ndmem_limit_leaked_arrays = -1", "ndmem_limit_leaked_arrays = -1: '-1' is not a number of bytes"),
        (f"ndmem_limit_arrays = {'9' * 5000}", "is out of range"),
    ],
    ids=["text", "negative", "absurd"],
)
def test_a_setting_that_is_none_is_said(tmp_path: Path, setting: str, message: str) -> None:
    """Nothing is run, and one short line says what is wrong."""
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{setting}\n")
    found, text = run_pytest(tmp_path, "def test_a():\n    pass\n")
    assert found == {}
    (line,) = [line for line in text.splitlines() if line.startswith("ERROR")]
    assert message in line
    assert len(line) < 500


@pytest.mark.long
def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The tests run, each file has a line with the reason, and the status is that of wrong use."""
    options = ("--ndmem-json", "no/a.json", "--ndmem-summary", "no/b.md")
    found, text = run_pytest(tmp_path, "def test_a():\n    pass\n", *options)
    assert found == {"test_a": "PASSED"}
    for name in ("a.json", "b.md"):
        assert f"cannot write {tmp_path}/no/{name}: No such file or directory; choose another path" in text
