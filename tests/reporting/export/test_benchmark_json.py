"""Peaks for services that draw them over time."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from tests.reporting.samples import pipeline

from ndmem.analysis.index import TraceIndex
from ndmem.cli.main import cli
from ndmem.model.suite.figures import Outcome, PeakLine, Suite, TestFigures
from ndmem.model.suite.file import write_suite
from ndmem.model.trace_file.writing import write_trace
from ndmem.reporting.export.benchmark_json import (
    list_run_figures,
    list_suite_figures,
    write_bencher_json,
    write_benchmark_json,
)

BMF = {
    "type": "object",
    "patternProperties": {
        ".+": {
            "type": "object",
            "patternProperties": {
                ".+": {"type": "object", "properties": {"value": {"type": "number"}}, "required": ["value"]}
            },
        }
    },
}
"""The format of https://bencher.dev/bmf.json, without its optional bounds."""

SUITE = Suite(
    {
        "t.py::test_a": TestFigures(
            100, 8, lines=(PeakLine(filename="m.py", lineno=2, function="f", source="x = 1", nbytes=60),)
        ),
        "t.py::test_b": TestFigures(0, 0),
        "t.py::test_c": TestFigures(9, 0, Outcome.FAILED),
        "t.py::test_d": TestFigures(7, 0, Outcome.EXCEEDED),
    }
)


def write(write: Any, figures: Any) -> Any:
    """Return what is read back."""
    stream = io.StringIO()
    write(figures, stream)
    return json.loads(stream.getvalue())


def test_tests_for_github_action_benchmark() -> None:
    """Each test that ran to its end and had arrays is an entry with name, unit and value; the line is in extra."""
    assert write(write_benchmark_json, list_suite_figures(SUITE)) == [
        {"name": "t.py::test_a: peak of arrays", "unit": "bytes", "value": 100, "extra": "60 B at m.py:2: x = 1"},
        {"name": "t.py::test_d: peak of arrays", "unit": "bytes", "value": 7},
    ]


def test_tests_for_bencher() -> None:
    """Each test that ran to its end has its measures, and the document is valid."""
    found = write(write_bencher_json, list_suite_figures(SUITE))
    jsonschema.validate(found, BMF)
    assert found == {
        "t.py::test_a": {"array-peak": {"value": 100}, "arrays-kept": {"value": 8}},
        "t.py::test_b": {"array-peak": {"value": 0}, "arrays-kept": {"value": 0}},
        "t.py::test_d": {"array-peak": {"value": 7}, "arrays-kept": {"value": 0}},
    }


def test_names_have_a_valid_length() -> None:
    """Long names are cut to what Bencher takes, and stay two if they were two."""
    suite = Suite({f"{'x' * 3000}{i}": TestFigures(1, 0) for i in range(2)})
    names = list(write(write_bencher_json, list_suite_figures(suite)))
    assert len(names) == 2
    assert max(map(len, names)) <= 1024


def test_a_run_has_its_peaks() -> None:
    """The figures of a run are those of its trace."""
    index = TraceIndex(pipeline())
    figures = {figure.measure.value: figure.nbytes for figure in list_run_figures(index, "p.py")}
    assert figures["array-peak"] == index.trace.peak.nbytes
    assert figures["arrays-kept"] == index.trace.live_nbytes
    (first, *_) = write(write_benchmark_json, list_run_figures(index, "p.py"))
    assert (first["name"], first["unit"], first["value"]) == ("p.py: peak of arrays", "bytes", index.trace.peak.nbytes)


def test_the_command_reads_runs_folders_and_tests(tmp_path: Path) -> None:
    """One run has the name of its program, several those of their files, and tests their own."""
    (tmp_path / "runs").mkdir()
    for name in ("a", "b"):
        write_trace(pipeline(), tmp_path / "runs" / f"{name}.ndmem")
    write_suite(tmp_path / "tests.json", SUITE)

    def names(*files: str) -> list[str]:
        arguments = ["report", *(str(tmp_path / file) for file in files), "--format", "bencher-json"]
        return list(json.loads(CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout))

    assert names("runs/a.ndmem") == ["pipeline.py"]
    assert names("runs") == ["a", "b"]
    assert names("tests.json", "runs/a.ndmem") == ["t.py::test_a", "t.py::test_b", "t.py::test_d", "a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b'{"a": 1}', "is not an ndmem baseline"), (b"{", "is damaged"), (b"import numpy", "not a trace")],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """A file that is neither a run nor one of tests is named in one line."""
    (tmp_path / "file").write_bytes(content)
    result = CliRunner().invoke(cli, ["report", str(tmp_path / "file"), "--format", "benchmark-json"])
    assert result.exit_code != 0
    assert message in result.output + str(result.exception)
