"""The hooks that measure tests: in the process that runs them, which may be a worker of pytest-xdist."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ndmem.errors import NdmemError
from ndmem.model.suite.figures import Outcome, TestFigures
from ndmem.model.suite.file import encode_test
from ndmem.testing.callers import list_callers

from .baseline import describe_growth
from .marks import ARRAYS, LEAKED, read_allowance

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ndmem.testing.peak_parts import PeakReader
    from ndmem.testing.recording import CodeRecording

    from .choices import Choices
    from .marks import Allowance


class Measuring:
    """Tracks each test that has a limit, or every test if all are measured, and checks it.

    Parameters
    ----------
    choices : Choices
        What the user asked for.
    root : str
        Folder to which file names are made relative.
    memray : bool
        Also read pytest-memray's marks.
    """

    def __init__(self, choices: Choices, *, root: str, memray: bool) -> None:
        self._choices, self._root, self._memray = choices, root, memray
        self._reader: PeakReader | None = None
        self._measured: dict[str, TestFigures] = {}

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Track a test, and fail it if it exceeds a limit."""
        mistake = ""
        try:
            arrays = read_allowance(item, ARRAYS, memray=self._memray)
            leaked = read_allowance(item, LEAKED, memray=self._memray)
        except NdmemError as error:
            mistake = str(error)
        if mistake:
            pytest.fail(mistake, pytrace=False)
        is_marked = bool(arrays or leaked)
        arrays, leaked = arrays or self._choices.arrays, leaked or self._choices.leaked
        if not (arrays or leaked or self._choices.measures_all):
            return (yield)
        from ndmem.testing.garbage import YoungGarbage  # they need NumPy, which only measured tests load
        from ndmem.testing.recording import CodeRecording, Depth

        callers = list_callers() if arrays or leaked else []
        # A mark asks about one test: its failure names also what attributes and containers hold.
        recording = CodeRecording(Depth.THOROUGH if is_marked else Depth.LIGHT)
        garbage = YoungGarbage()
        try:
            with recording:
                try:
                    answer = yield
                finally:
                    garbage.free(recording)
                if self._exceeds_kept(recording, leaked, item):
                    recording.find_holders()
        finally:
            figures = self._measured[item.nodeid] = self._read_figures(item, recording)
        told = self._judge(item, recording, arrays, leaked, callers) or self._compare(item.nodeid, figures)
        if told:
            self._measured[item.nodeid] = replace(figures, outcome=Outcome.EXCEEDED)
            pytest.fail(told, pytrace=False)
        return answer

    def _read_figures(self, item: pytest.Item, recording: CodeRecording) -> TestFigures:
        figures = TestFigures(recording.peak, recording.live)
        if not self._choices.needs_lines(item.nodeid, figures.peak):
            return figures
        from ndmem.testing.peak_parts import PeakReader

        if self._reader is None:
            self._reader = PeakReader(self._root, self._choices.packages)
        self._reader.count_as_user([str(item.path)])
        lines, arrays = self._reader.read(recording.read_parts())
        return replace(figures, lines=lines, arrays=arrays)

    def _exceeds_kept(self, recording: CodeRecording, leaked: Allowance | None, item: pytest.Item) -> bool:
        """Tell whether a test keeps more than its limit, after a full collection; false if the limit has a mistake."""
        try:
            allowed = None if leaked is None else leaked.find_limit(_arguments(item)).nbytes
        except NdmemError:
            return False  # `_judge` reports it
        if allowed is None or recording.live <= allowed:
            return False
        gc.collect()
        return recording.live > allowed

    def _judge(
        self,
        item: pytest.Item,
        recording: CodeRecording,
        arrays: Allowance | None,
        leaked: Allowance | None,
        callers: list[tuple[str, str]],
    ) -> str | None:
        if arrays is None and leaked is None:
            return None
        from ndmem.testing.exceeded import describe_exceeded

        arguments = _arguments(item)
        try:
            peak = None if arrays is None else arrays.find_limit(arguments)
            kept = None if leaked is None else leaked.find_limit(arguments)
        except NdmemError as error:
            return str(error)
        return describe_exceeded(recording, peak=peak, kept=kept, callers=callers)

    def _compare(self, name: str, figures: TestFigures) -> str | None:
        baseline, share = self._choices.baseline, self._choices.share
        before = None if baseline is None else baseline.tests.get(name)
        return None if before is None or share is None else describe_growth(figures, before, share)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the figures to the report, which pytest-xdist sends from a worker to the main process."""
        report = yield
        figures = self._measured.pop(item.nodeid, None) if report.when == "call" else None
        if figures is not None:
            # As a text in ASCII: a file name may have characters that a worker cannot send.
            report.ndmem = json.dumps(encode_test(item.nodeid, figures))  # type: ignore[attr-defined]  # pytest serializes attributes that plugins add
        return report


def _arguments(item: pytest.Item) -> Mapping[str, object]:
    """Return the arguments of a test by name."""
    return getattr(item, "funcargs", {})
