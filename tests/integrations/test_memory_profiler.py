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
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ndmem.errors import ProcessError
from ndmem.integrations.memory_profiler import LineProfiler, LogFile, memory_usage, profile, show_results, usage

_MODULE = "ndmem.integrations.memory_profiler"


def rows_of(table: str) -> dict[str, list[str]]:
    """Return the six figures of each row that has some, by source text: line, memory, increment, count, peak, temp."""
    found = {}
    pattern = r"^ *(\d+) +(-?[\d.]+) MiB +(-?[\d.]+) MiB +(\d+) +(-|[\d.]+ \w+)? +(-|[\d.]+ \w+)?   (.*)$"
    for match in re.finditer(pattern, table, re.MULTILINE):
        found[match[7].strip()] = [match[number] or "" for number in range(1, 7)]
    return found


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


def test_a_script_is_run_with_profile_in_its_builtins(tmp_path: Path) -> None:
    """``python -m`` runs a script as itself and writes the tables of what it decorated, also after an error."""
    (tmp_path / "script.py").write_text(
        "import sys\nimport numpy as np\n@profile\ndef work():\n    return np.zeros(1000)\n"
        "@profile()\ndef other():\n    pass\nwork()\nprint(__name__, sys.argv[1:])\nsys.exit(3)\n"
    )
    done = _run_module(tmp_path, "--precision", "2", "-o", "out.txt", "script.py", "-o", "mine")
    assert (done.returncode, done.stdout) == (3, "__main__ ['-o', 'mine']\n")
    table = (tmp_path / "out.txt").read_text()
    assert rows_of(table)["return np.zeros(1000)"][3:5] == ["1", "7.81 KiB"]
    assert "def other():" in table


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no script given"),
        (("--precision", "-1", "script.py"), "--precision -1 is not 0 or more"),
        (("--backend", "guess", "script.py"), "invalid choice: 'guess'"),
        (("--guess", "script.py"), "unrecognized arguments: --guess"),
        (("--pdb-mmem", "nan", "script.py"), "--pdb-mmem nan is not more than 0 MiB"),
        (("--pdb-mmem", "9", "--timestamp", "script.py"), "--pdb-mmem and --timestamp exclude each other"),
        (("nowhere.py",), "nowhere.py: no such script or module"),
        (("no.such.module",), "no.such.module: no such script or module"),
    ],
)
def test_a_wrong_command_is_said(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    """One line and status 2; an option that is not there is not swallowed."""
    done = _run_module(tmp_path, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [(), ("--timestamp",)])
def test_a_reader_that_has_gone_is_no_error(tmp_path: Path, options: tuple[str, ...]) -> None:
    """If the reader of the table closed the pipe, no error is printed, and the exit status is the script's."""
    script = tmp_path / "script.py"
    script.write_text("import sys\n@profile\ndef work():\n    pass\nwork()\nsys.stdin.read()\nsys.exit(3)\n")
    command = [sys.executable, "-m", _MODULE, *options, str(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 3


def test_what_cannot_be_measured_is_refused() -> None:
    """An unknown backend, and an argument that is neither a process nor a function, are rejected."""
    with pytest.raises(ProcessError, match="backend='guess' is not one of psutil"):
        profile(backend="guess")
    with pytest.raises(ProcessError, match="backend='guess'"):
        memory_usage(backend="guess")
    with pytest.raises(ValueError, match="proc is a process"):
        memory_usage((1, 2))


def test_timestamps_are_written_instead_of_tables(tmp_path: Path) -> None:
    """A FUNC line for each call, in the order of their begins, with how deep it is in others; blocks are calls too."""
    (tmp_path / "script.py").write_text(
        "import asyncio\n@profile\ndef outer():\n    inner()\n    raise KeyError\n@profile\ndef inner():\n    pass\n"
        "@profile\nasync def later():\n    await asyncio.sleep(0)\n    return list(several())\n"
        "@profile(precision=4)\ndef several():\n    yield 1\n    inner()\n"
        "try:\n    outer()\nexcept KeyError:\n    pass\n"
        "assert asyncio.run(later()) == [1]\nwith profile.timestamp('a block'):\n    inner()\n"
    )
    (tmp_path / "out.txt").write_text("MEM 1.0 2.0\n")
    done = _run_module(tmp_path, "--timestamp", "-o", "out.txt", "script.py")
    assert (done.returncode, done.stdout) == (0, "")
    first, *lines = (tmp_path / "out.txt").read_text().splitlines()
    assert first == "MEM 1.0 2.0"  # of mprof, which writes to the same file
    number = r"(\d+\.\d{4})"
    found = [re.fullmatch(rf"FUNC (\S+) {number} {number} {number} {number} (\d)", line) for line in lines]
    assert [(match[1], match[6]) for match in found if match] == [
        ("__main__.outer", "0"), ("__main__.inner", "1"), ("__main__.later", "0"), ("__main__.several", "1"),
        ("__main__.inner", "2"), (".a_block", "0"), ("__main__.inner", "1"),
    ]  # fmt: skip
    assert all(match and float(match[3]) <= float(match[5]) for match in found)
    assert [match[3] for match in found if match] == sorted(match[3] for match in found if match)


@pytest.mark.parametrize(("answers", "status", "printed"), [("p n\nn\np n\nc\n", 0, "3"), ("q\n", 1, "")])
def test_the_debugger_starts_where_there_is_too_much(tmp_path: Path, answers: str, status: int, printed: str) -> None:
    """It stops once, before the line that comes after the one that took too much, and goes on or quits as told."""
    (tmp_path / "script.py").write_text(
        "@profile\ndef work():\n    n = 1\n    block = bytearray(b'x') * 2**28\n    n = 2\n    n = 3\n    return n\n"
        "@profile\ndef other():\n    return work()\nprint(other())\n"
    )
    done = _run_module(tmp_path, "--pdb-mmem", "200", "-o", "out.txt", "script.py", stdin=answers)
    assert done.returncode == status
    assert re.search(r"^Current memory \d+\.\d\d MiB exceeded the maximum of 200\.00 MiB$", done.stdout, re.MULTILINE)
    assert done.stdout.count("Stepping into the debugger") == 1
    assert "script.py(5)work()\n-> n = 2\n" in done.stdout
    if printed:
        assert re.findall(r"\(Pdb\) (\d)$", done.stdout, re.MULTILINE) == ["1", "2", printed]
    else:
        assert done.stderr.endswith("bdb.BdbQuit\n")
    row = rows_of((tmp_path / "out.txt").read_text())["block = bytearray(b'x') * 2**28"]
    assert float(row[2]) == pytest.approx(256, abs=1)


def test_the_debugger_stays_away_from_what_fits(tmp_path: Path) -> None:
    """Below the limit the program runs as it does without it."""
    (tmp_path / "script.py").write_text("@profile\ndef work():\n    return 5\nprint(work())\n")
    done = _run_module(tmp_path, "--pdb-mmem", "1e6", "-o", "out.txt", "script.py", stdin="q\n")
    assert (done.returncode, done.stdout) == (0, "5\n")


def test_children_are_told_apart_by_their_process_id() -> None:
    """With multiprocess=True a stream has a CHLD line of each child after the MEM line, which is without them."""
    out = io.StringIO()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        memory_usage(-1, interval=0.01, timeout=0.02, multiprocess=True, stream=out)
        child.communicate(b"\n")
    assert re.search(rf"^MEM \S+ \S+\nCHLD {child.pid} \d+\.\d{{6}} \d+\.\d{{4}}$", out.getvalue(), re.MULTILINE)


def _run_module(folder: Path, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", _MODULE, *words]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, timeout=60, check=False)
