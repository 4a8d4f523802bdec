"""``@ndmem.profile`` beside threads, exceptions, other tools, and where it cannot work."""

import functools
import io
import math
import subprocess
import sys
import threading
from types import FrameType
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.model.profile import FunctionProfile

found: list[FunctionProfile] = []
profiled = ndmem.profile(report=found.append)


@pytest.fixture(autouse=True)
def _no_profiles_yet() -> None:
    found.clear()


@profiled
def allocate(n: int) -> int:
    """Allocate."""
    a = np.empty(n)
    return a.size


def test_exceptions_pass_and_are_reported() -> None:
    """An exception passes as the object it is, and the profile up to it is delivered."""
    error = LookupError("theirs")

    @profiled
    def fail() -> None:
        kept = np.empty(100)
        raise error from ZeroDivisionError(str(kept.size))

    with pytest.raises(LookupError) as caught:
        fail()
    assert caught.value is error
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert [(line.count, line.peak_nbytes) for line in found[0].lines][:2] == [(1, 800), (1, 800)]


def test_threads_at_once() -> None:
    """Calls in many threads at once give profiles in which each line is as often as it ran."""
    barrier = threading.Barrier(4)

    def call() -> None:
        barrier.wait()
        for _ in range(25):
            allocate(10)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = [[line.count for line in profile.lines] for profile in found]
    assert [sum(column) for column in zip(*counts, strict=True)] == [100, 100]


def test_each_thread_has_a_profile_of_its_own() -> None:
    """Calls that overlap in two threads give two profiles, each with the executions of its thread alone."""
    profiles: list[FunctionProfile] = []
    barrier = threading.Barrier(2)

    @ndmem.profile(report=profiles.append)
    def work(repeat: int) -> None:
        barrier.wait()
        for _ in range(repeat):
            np.empty(100)
        barrier.wait()

    threads = [threading.Thread(target=work, args=(repeat,)) for repeat in (3, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = [[line.count for line in profile.lines] for profile in profiles]
    assert sorted(counts) == [[1, 4, 3, 1], [1, 8, 7, 1]]


def test_inside_a_tracked_block() -> None:
    """Profiled calls inside ``track()`` change neither its bytes nor their own."""
    with ndmem.track() as run:
        kept = np.empty(1000)
        allocate(100)
    assert kept.nbytes == 8000
    assert (run.peak, run.live) == (8800, 8000)
    assert found[0].peak_nbytes == 800


def test_printing() -> None:
    """Bare, the profile is printed to the stream: a row for each line, with source and units."""
    stream = io.StringIO()

    @ndmem.profile(stream=stream)
    def one() -> None:
        a = np.empty(1024)
        del a

    one()
    rows = stream.getvalue().splitlines()
    assert rows[0].startswith("one at ")
    assert rows[0].endswith("peak 8 KiB")
    assert [row.split()[1:4] for row in rows if row.endswith("a = np.empty(1024)")] == [["1", "8", "KiB"]]


def test_bare_decorator_prints_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Without parentheses the profile goes to standard error, after each call."""

    @ndmem.profile
    def one() -> int:
        return np.empty(4).nbytes

    assert (one(), one()) == (32, 32)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("one at ") == 2


def test_a_tracer_that_is_there_is_called_on() -> None:
    """A tracer such as coverage's sees all its events, also if it puts itself back, and is there afterwards."""

    def trace_lines(*, insist: bool) -> list[int]:
        lines: list[int] = []

        def tracer(frame: FrameType, event: str, _: Any) -> Any:
            if frame.f_code.co_filename != __file__:
                return None
            if event == "call" and insist:
                sys.settrace(tracer)
            if event == "line":
                lines.append(frame.f_lineno)
            return tracer

        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            allocate(10)
            assert sys.gettrace() is tracer
        finally:
            sys.settrace(before)
        return [lineno for lineno in lines if lineno in (first + 3, first + 4)]

    first = allocate.__wrapped__.__code__.co_firstlineno  # type: ignore[attr-defined]  # functools.wraps sets it
    for insist in (False, True):
        found.clear()
        assert trace_lines(insist=insist) == [first + 3, first + 4]
        assert [line.count for line in found[0].lines] == [1, 1]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_other_monitoring_tools_keep_theirs() -> None:
    """A tool that holds the id ndmem would like keeps it and its events; where all are held a clear error comes."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]  # as above
    lines: list[int] = []
    monitoring.use_tool_id(3, "other")
    try:
        monitoring.register_callback(3, monitoring.events.LINE, lambda code, lineno: lines.append(lineno))
        code = allocate.__wrapped__.__code__  # type: ignore[attr-defined]  # functools.wraps sets it
        monitoring.set_local_events(3, code, monitoring.events.LINE)
        allocate(10)
        assert [lineno - code.co_firstlineno for lineno in lines] == [3, 4]
        assert [line.count for line in found[0].lines] == [1, 1]
        for tool in (2, 4):
            monitoring.use_tool_id(tool, "other")
        with pytest.raises(ndmem.TrackingError, match=r"sys\.monitoring"):
            allocate(10)
    finally:
        for tool in (2, 3, 4):
            monitoring.free_tool_id(tool)
    assert allocate(10) == 10


@pytest.mark.parametrize(
    "bad",
    [len, math.sqrt, np.add, "abc".upper, int, functools.partial(allocate, 1), 5, "f"],
    ids=["builtin", "math", "ufunc", "method", "class", "partial", "int", "str"],
)
def test_what_has_no_lines_is_refused(bad: Any) -> None:
    """A builtin, a class or no function at all is refused where it is decorated, naming it."""
    with pytest.raises(ndmem.TrackingError, match="is not a Python function, so it has no lines; decorate a function"):
        ndmem.profile(bad)


def test_a_function_without_source() -> None:
    """Code made from a text has figures for its lines, though no source is there to show."""
    names: dict[str, Any] = {"np": np}
    exec("def made(n):\n    a = np.empty(n)\n    return a.size\n", names)
    stream = io.StringIO()
    assert ndmem.profile(report=found.append)(names["made"])(100) == 100
    assert ndmem.profile(stream=stream)(names["made"])(100) == 100
    assert [(line.lineno, line.count, line.peak_nbytes) for line in found[0].lines] == [(2, 1, 800), (3, 1, 800)]
    assert found[0].source == ()
    assert "800 B" in stream.getvalue()


def test_in_a_program() -> None:
    """A program with a profiled function prints its own output on stdout and the profile on stderr."""
    program = "import ndmem, numpy as np\n@ndmem.profile\ndef f():\n    return np.empty(128).nbytes\nprint(f())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "1024\n"
    assert "1 KiB" in done.stderr
