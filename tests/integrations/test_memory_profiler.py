"""memory_profiler's names: its signatures and columns, with arrays exact beside them."""

import asyncio
import inspect
import io
import logging
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.integrations.profiler_tables import rows_of

from ndmem.errors import ProcessError
from ndmem.integrations.memory_profiler import LineProfiler, LogFile, memory_usage, profile, show_results, usage

_MODULE = "ndmem.integrations.memory_profiler"


def test_the_table_has_memory_profilers_columns_first() -> None:
    """Its headings in its order, then ours; a line's arrays are exact: 8 kB kept and 16 kB needed meanwhile."""
    out = io.StringIO()

    @profile(stream=out, precision=3)
    def work() -> int:
        kept = np.ones(1000)
        for _ in range(3):
            np.ones(2000)
        return kept.nbytes

    assert work() == 8000
    table = out.getvalue()
    assert table.startswith(
        f"Filename: {__file__}\n\nLine #    Mem usage    Increment  Occurrences       Peak       Temp"
    )
    rows = rows_of(table)
    # With the scalar 1 of np.ones for a moment, which NumPy converts twice: 16 bytes.
    assert rows["kept = np.ones(1000)"][3:5] == ["1", "7.83 KiB"]
    assert rows["np.ones(2000)"][3:] == ["3", "23.5 KiB", "15.6 KiB"]
    assert rows["for _ in range(3):"][3] == "4"
    assert all(re.fullmatch(r"-?\d+\.\d{3}", figure) for row in rows.values() for figure in row[1:3])


def test_increments_are_of_the_process() -> None:
    """A line that fills 64 MiB increments memory by that much, and one that frees it takes as much away, to 1 MiB."""

    def work() -> None:
        block = bytearray(b"x") * 2**26
        del block

    prof = LineProfiler()
    prof(work)()
    (lines,) = prof.code_map.values()
    (_, baseline, _), (made, highest, count), (freed, _, _) = (lines[lineno] for lineno in sorted(lines))
    assert made == pytest.approx(64, abs=1)
    assert freed == pytest.approx(-64, abs=1)
    assert highest - baseline == pytest.approx(64, abs=1)
    assert count == 1


def test_the_last_line_counts_what_the_return_frees() -> None:
    """A variable that dies with its function was made by its line: the line is measured before the function ends."""

    def work() -> None:
        block = bytearray(b"x") * 2**26  # noqa: F841

    prof = LineProfiler()
    prof(work)()
    (lines,) = prof.code_map.values()
    assert lines[max(lines)][0] == pytest.approx(64, abs=1)


def test_functions_stay_what_they_are() -> None:
    """Coroutines, generators, methods, names and texts are kept, and each call writes a table."""
    out = io.StringIO()

    @profile(stream=out)
    async def later(n: int) -> int:
        await asyncio.sleep(0)
        return n

    @profile(stream=out)
    def several(n: int) -> Iterator[int]:
        """Count."""
        yield from range(n)

    assert asyncio.run(later(3)) == 3
    assert list(several(3)) == [0, 1, 2]
    assert (several.__name__, several.__doc__) == ("several", "Count.")
    assert out.getvalue().count("Filename: ") == 2


def test_a_profiler_may_be_used_by_hand() -> None:
    """LineProfiler decorates, is a context, counts enabling, runs text, and shows functions that never ran."""

    def never() -> None:
        pass

    def work() -> None:
        np.ones(10)

    prof = LineProfiler(include_children=True)
    prof.add_function(never)
    wrapped = prof(work)
    prof.enable_by_count()
    with prof:
        wrapped()
    prof.disable_by_count()
    prof.runctx("wrapped()", {}, {"wrapped": wrapped})
    out = io.StringIO()
    show_results(prof, stream=out, precision=2)
    assert rows_of(out.getvalue())["np.ones(10)"][3] == "2"
    assert "def never() -> None:" in out.getvalue()


def test_traced_memory_is_that_of_pythons_allocators() -> None:
    """With backend="tracemalloc" a line's increment is what Python was asked for: 10 MB here."""
    out = io.StringIO()

    @profile(stream=out, precision=6, backend="tracemalloc")
    def work() -> None:
        block = bytearray(10_000_000)
        del block

    try:
        work()
    finally:
        tracemalloc.stop()
    row = rows_of(out.getvalue())["block = bytearray(10_000_000)"]
    assert float(row[2]) == pytest.approx(10_000_000 / 2**20, abs=0.01)


def test_memory_usage_has_the_whole_signature() -> None:
    """Names, order and defaults of its parameters are memory_profiler's."""
    parameters = inspect.signature(memory_usage).parameters.values()
    assert [(parameter.name, parameter.default) for parameter in parameters] == [
        ("proc", -1),
        ("interval", 0.1),
        ("timeout", None),
        ("timestamps", False),
        ("include_children", False),
        ("multiprocess", False),
        ("max_usage", False),
        ("retval", False),
        ("stream", None),
        ("backend", None),
        ("max_iterations", None),
    ]
    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}


def test_memory_usage_of_a_function() -> None:
    """The highest sample has what the function held, its value comes back, and it is called as often as said."""
    calls: list[tuple[Any, ...]] = []

    def hold(*args: Any, **kwargs: Any) -> str:
        calls.append((args, kwargs))
        block = np.ones(2**23)  # 64 MiB
        for _ in range(20):
            block.sum()
        return "done"

    before = memory_usage(max_usage=True)
    options = {"interval": 0.005, "max_iterations": 1, "max_usage": True, "retval": True}
    highest, value = memory_usage((hold, (1,), {"a": 2}), **options)
    assert value == "done"
    assert calls == [((1,), {"a": 2})]
    assert highest - before == pytest.approx(64, abs=16)
    assert len(memory_usage((hold, (1,)))) > 4


class FakeClock:
    """Stands in for the module time: sleeping is the only thing that takes time."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        """Return the seconds that were slept."""
        return self.now_s

    time = monotonic

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now_s += seconds


def test_memory_usage_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look at a process id, several with a timeout, until the end of one that was started; -1 is this process."""
    assert len(memory_usage(-1)) == len(memory_usage(os.getpid())) == 1
    clock = FakeClock()
    monkeypatch.setattr(usage, "time", clock)
    assert len(memory_usage(os.getpid(), interval=0.25, timeout=1.0)) == 5  # at 0, a quarter, a half …
    assert clock.now_s == 1.0
    monkeypatch.undo()

    class Child(subprocess.Popen):  # type: ignore[type-arg]  # one that ends when it has been asked for five times
        asked = 0

        def poll(self) -> int | None:
            self.asked += 1
            if self.asked == 5:
                self.stdin.close()
                self.wait()
            return super().poll()

    with Child([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        found = memory_usage(child, interval=0.02, timestamps=True)
    assert len(found) == 5
    assert all(later[1] > earlier[1] for earlier, later in pairwise(found))


def test_memory_usage_writes_samples_to_a_stream() -> None:
    """Each sample is a line as mprof reads it, and nothing is returned."""
    out = io.StringIO()
    assert memory_usage(-1, interval=0.01, timeout=0.03, stream=out) is None
    assert out.getvalue()
    assert all(re.fullmatch(r"MEM \d+\.\d{6} \d+\.\d{4}", line) for line in out.getvalue().splitlines())


def test_a_log_file_takes_the_table() -> None:
    """A record a line; with reportIncrementFlag only lines whose increment is not zero."""
    table = "Line #    Mem usage\n\n     1   22.957 MiB   22.957 MiB  1\n     2   22.957 MiB    0.000 MiB  1  - -   x\n"
    for flag, count in ((False, 3), (True, 1)):
        taken: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record, taken=taken: taken.append(record.getMessage())  # type: ignore[method-assign]
        stream = LogFile(f"ndmem-test-{flag}", reportIncrementFlag=flag)
        stream.logger.addHandler(handler)
        stream.logger.setLevel(logging.DEBUG)
        stream.write(table)
        stream.flush()
        assert len(taken) == count


def test_what_cannot_be_measured_is_refused() -> None:
    """An unknown backend, and an argument that is neither a process nor a function, are rejected."""
    with pytest.raises(ProcessError, match="backend='guess' is not one of psutil"):
        profile(backend="guess")
    with pytest.raises(ProcessError, match="backend='guess'"):
        memory_usage(backend="guess")
    with pytest.raises(ValueError, match="proc is a process"):
        memory_usage((1, 2))


def test_children_are_told_apart_by_their_process_id() -> None:
    """With multiprocess=True a stream has a CHLD line of each child after the MEM line, which is without them."""
    out = io.StringIO()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        memory_usage(-1, interval=0.01, timeout=0.02, multiprocess=True, stream=out)
        child.communicate(b"\n")
    assert re.search(rf"^MEM \S+ \S+\nCHLD {child.pid} \d+\.\d{{6}} \d+\.\d{{4}}$", out.getvalue(), re.MULTILINE)
