"""The figures of runs and tests for services that draw them over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.analysis.file_names import base_name
from ndmem.errors import TraceError
from ndmem.file_kind import identify_file
from ndmem.model.suite.file import read_suite
from ndmem.reporting.export.benchmark_json import list_run_figures, list_suite_figures

from .job_run import list_runs
from .loading import load
from .run import index_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.reporting.export.benchmark_json import BenchmarkFigure

    from .run import Run


def list_benchmarks(paths: Sequence[Path]) -> list[BenchmarkFigure]:
    """Return the figures of runs, of all runs in folders, and of the tests in files of ``pytest --ndmem-json``.

    Parameters
    ----------
    paths : sequence of Path
        Files of runs or tests, and folders of runs. One run has the name of its program, several those of their files.

    Raises
    ------
    TraceError, SuiteError
        If a file is neither a run nor a file of tests, or is damaged; if a folder has no run.
    OSError
        If a file cannot be read.
    """
    files = [file for path in paths for file in (_list_folder(path) if path.is_dir() else [path])]
    figures: list[BenchmarkFigure] = []
    for file in files:
        if identify_file(file).name == "a JSON file":
            figures += list_suite_figures(read_suite(file))
        else:
            run = load(file)
            figures += list_run_figures(index_of(run), _name(run, file) if len(files) == 1 else _stem(file))
    return figures


def _list_folder(folder: Path) -> list[Path]:
    found = list_runs(folder)
    if not found:
        raise TraceError(f"{folder} has no file of a run (*.ndmem); name another folder, or the files")
    return found


def _name(run: Run, file: Path) -> str:
    program = run.trace.run.program
    return base_name(program[0]) if program and not program[0].startswith("-") else _stem(file)


def _stem(file: Path) -> str:
    return file.name.removesuffix(".partial").removesuffix(".ndmem")
