"""The hooks that collect the figures of all tests, write the files and print the tables: in the main process."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ndmem.model.suite.figures import Outcome, Suite, TestFigures
from ndmem.model.suite.file import decode_test, write_baseline, write_suite
from ndmem.units import format_nbytes

from .baseline import describe_change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .choices import Choices

_MOST_ROWS = 20


class Collecting:
    """Collects the figures of tests from all workers.

    Parameters
    ----------
    choices : Choices
        What the user asked for.
    """

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._unwritten: list[str] = []
        self._tests: dict[str, TestFigures] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the figures of one test."""
        text = getattr(report, "ndmem", None)
        if text is not None:
            name, figures = decode_test(json.loads(text))
            exceeded = figures.outcome is Outcome.EXCEEDED
            self._tests[name] = figures if exceeded else replace(figures, outcome=Outcome(report.outcome))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files that were asked for, from the tests of all workers in the order of their names."""
        tests = dict(sorted(self._tests.items()))
        numpy = getattr(sys.modules.get("numpy"), "__version__", None) or _find_numpy()
        suite = Suite(tests, platform.python_version(), numpy)
        choices = self._choices
        self._write(choices.save, lambda path: write_baseline(path, tests))
        self._write(choices.json, lambda path: write_suite(path, suite))
        if choices.summary is not None or choices.step_summary is not None:
            text = self._summarise(suite)
            self._write(choices.summary, lambda path: path.write_text(text, "utf-8", "backslashreplace"))
            self._write(choices.step_summary, lambda path: _append(path, text))
        if self._unwritten:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _summarise(self, suite: Suite) -> str:
        from ndmem.reporting.markdown.suite import write_heaviest, write_suite_changes  # need NumPy

        if self._choices.baseline is None:
            return write_heaviest(suite)
        return write_suite_changes(self._choices.baseline, suite, share=self._choices.share)

    def _write(self, path: Path | None, write: Callable[[Path], object]) -> None:
        if path is None:
            return
        try:
            write(path)
        except OSError as error:
            self._unwritten.append(f"ndmem: cannot write {path}: {error.strerror}; choose another path")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the tests with the highest peaks, and the differences from the baseline."""
        for line in self._unwritten:
            terminalreporter.line(line)
        shown = {name: found for name, found in self._tests.items() if found.outcome.is_whole}
        if self._choices.shows:
            terminalreporter.section("array memory")
            for line in _heaviest(shown):
                terminalreporter.line(line)
        if self._choices.baseline is not None:
            terminalreporter.section("array memory compared with the baseline")
            for line in _changes(shown, self._choices.baseline.tests):
                terminalreporter.line(line)


def _find_numpy() -> str | None:
    """Return the version of NumPy where the tests ran in workers, and this process never imported it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("numpy")
    except PackageNotFoundError:
        return None


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{text}\n")


def _heaviest(tests: Mapping[str, TestFigures]) -> list[str]:
    if not any(found.peak for found in tests.values()):
        return ["no test allocated arrays"]
    heavy = sorted((item for item in tests.items() if item[1].peak), key=lambda item: -item[1].peak)
    rows = [f"{format_nbytes(found.peak):>9} {format_nbytes(found.kept):>9}  {name}" for name, found in heavy]
    more = [f"and {len(rows) - _MOST_ROWS} more"] if len(rows) > _MOST_ROWS else []
    return [f"{'peak':>9} {'kept':>9}  test", *rows[:_MOST_ROWS], *more]


def _changes(tests: Mapping[str, TestFigures], baseline: Mapping[str, TestFigures]) -> list[str]:
    known = {name: found for name, found in tests.items() if name in baseline}
    changed = [
        f"{name}: {describe_change(found, baseline[name])}"
        for name, found in sorted(known.items())
        if found.peak != baseline[name].peak
    ]
    new = len(tests) - len(known)
    return [
        *changed,
        f"{len(known) - len(changed)} of {len(known)} tests match the baseline"
        + (f"; {new} {'is' if new == 1 else 'are'} not in it" if new else ""),
    ]
