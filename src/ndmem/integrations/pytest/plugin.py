"""The pytest plugin: limits of array memory as marks, a table of the heaviest tests, a baseline, a fixture."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ndmem.errors import NdmemError
from ndmem.integrations.callers import list_callers
from ndmem.units import format_nbytes

from .baseline import (
    BaselineError,
    Figures,
    describe_change,
    exceeds,
    read_baseline,
    read_share,
    write_baseline,
)
from .marks import ARRAYS, LEAKED, MEMRAY_NAMES, exceeds_kept, judge, read_allowance

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from ndmem.api import TrackedRun

_MOST_ROWS = 20
_MARKS = {
    ARRAYS: "limit_arrays('100 MiB') or (factor=2.0, of='name'): fail a test whose array peak exceeds it.",
    LEAKED: "limit_leaked_arrays('1 MiB'): fail if more arrays of the test are alive after it.",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("ndmem", "array memory (ndmem)")
    group.addoption("--ndmem", action="store_true", help="Show the tests with the most array memory.")
    group.addoption("--ndmem-save", metavar="FILE", help="Write the array memory of each passed test to a file.")
    group.addoption("--ndmem-compare", metavar="FILE", help="Compare each test with such a file.")
    group.addoption(
        "--ndmem-fail-above",
        metavar="SHARE",
        help="Fail a test whose peak exceeds that in the file of --ndmem-compare by more, as 5%%.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and the hooks that measure."""
    # "memray" is the plugin name of pytest-memray, which reads its own marks where it is installed.
    memray = not config.pluginmanager.hasplugin("memray")
    for name, text in _MARKS.items():
        config.addinivalue_line("markers", text)
        for other in (other for other, ours in MEMRAY_NAMES.items() if memray and ours == name):
            config.addinivalue_line("markers", f"{other}(limit): pytest-memray's name for {name}.")
    try:
        config.pluginmanager.register(_Measuring(config, memray=memray), "ndmem-measuring")
    except BaselineError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def array_memory() -> Iterator[TrackedRun]:
    """Track the arrays that the test allocates: ``.peak``, ``.live``, ``.lines()``."""
    from ndmem.api import track  # needs NumPy, which only tests with this fixture load

    with track() as run:
        yield run


class _Measuring:
    """The hooks that measure one run of pytest, or one worker of it.

    Parameters
    ----------
    config : pytest.Config
        With the options.
    memray : bool
        Also read pytest-memray's marks.
    """

    def __init__(self, config: pytest.Config, *, memray: bool) -> None:
        self._memray = memray
        self._shows = bool(config.option.ndmem)
        self._save = config.option.ndmem_save
        compare, above = config.option.ndmem_compare, config.option.ndmem_fail_above
        if above is not None and compare is None:
            raise BaselineError("--ndmem-fail-above needs a baseline: add --ndmem-compare FILE")
        self._baseline = None if compare is None else read_baseline(Path(compare))
        self._above = None if above is None else read_share(above)
        self._all = self._shows or self._save is not None or self._baseline is not None
        self._unsaved = ""
        self._measured: dict[str, Figures] = {}
        self._tests: dict[str, Figures] = {}

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Track a test that has a limit, or every test if all are measured, and check it."""
        mistake = ""
        try:
            arrays = read_allowance(item, ARRAYS, memray=self._memray)
            leaked = read_allowance(item, LEAKED, memray=self._memray)
        except NdmemError as error:
            mistake = str(error)
        if mistake:
            pytest.fail(mistake, pytrace=False)
        if not (arrays or leaked or self._all):
            return (yield)
        from ndmem.api import track

        callers = list_callers()
        with track() as run:
            answer = yield
            gc.collect()
            if exceeds_kept(run, leaked, _arguments(item)):
                run.stop(objects=True)  # who holds it: not only variables
        figures = self._measured[item.nodeid] = Figures(run.peak, run.live)
        try:
            told = judge(run, arrays, leaked, _arguments(item), callers=callers)
        except NdmemError as error:
            told = str(error)
        told = told or self._compare(item.nodeid, figures)
        if told:
            pytest.fail(told, pytrace=False)
        return answer

    def _compare(self, name: str, figures: Figures) -> str | None:
        before = (self._baseline or {}).get(name)
        return None if before is None or self._above is None else exceeds(figures, before, self._above)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the figures to the report, which pytest-xdist sends from a worker to the main process."""
        report = yield
        figures = self._measured.pop(item.nodeid, None) if report.when == "call" else None
        if figures is not None:
            report.ndmem = [figures.peak, figures.kept]  # type: ignore[attr-defined]  # pytest serializes attributes that plugins add
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the figures of tests from all workers."""
        figures = getattr(report, "ndmem", None)
        if figures is not None and (report.passed or self._above is not None):
            self._tests[report.nodeid] = Figures(*figures)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Save the baseline, but not in a worker, which ran only some of the tests."""
        if self._save is not None and not hasattr(session.config, "workerinput"):
            try:
                write_baseline(Path(self._save), self._tests)
            except OSError as error:
                self._unsaved = f"ndmem: cannot write {self._save}: {error.strerror}"
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the tests with the highest peaks, and the differences from the baseline."""
        if self._unsaved:
            terminalreporter.line(self._unsaved)
        if self._shows:
            terminalreporter.section("array memory")
            for line in _heaviest(self._tests):
                terminalreporter.line(line)
        if self._baseline is not None:
            terminalreporter.section("array memory compared with the baseline")
            for line in _changes(self._tests, self._baseline):
                terminalreporter.line(line)


def _arguments(item: pytest.Item) -> Mapping[str, object]:
    """Return the arguments of a test by name."""
    return getattr(item, "funcargs", {})


def _heaviest(tests: dict[str, Figures]) -> list[str]:
    if not any(found.peak for found in tests.values()):
        return ["no test allocated arrays"]
    heavy = sorted((item for item in tests.items() if item[1].peak), key=lambda item: -item[1].peak)
    rows = [f"{format_nbytes(found.peak):>9} {format_nbytes(found.kept):>9}  {name}" for name, found in heavy]
    more = [f"and {len(rows) - _MOST_ROWS} more"] if len(rows) > _MOST_ROWS else []
    return [f"{'peak':>9} {'kept':>9}  test", *rows[:_MOST_ROWS], *more]


def _changes(tests: dict[str, Figures], baseline: dict[str, Figures]) -> list[str]:
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
