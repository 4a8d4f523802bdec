"""What is shown while long work goes on."""

import io
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.system.running import Place, write_program

import ndmem
from ndmem.cli import diff, report, waiting
from ndmem.steps import LOADING, PAGE, Step, begin, listen


class Terminal(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Say so."""
        return self._terminal


def open_terminal(monkeypatch: pytest.MonkeyPatch, *, terminal: bool = True) -> Terminal:
    """Put a wide terminal, or a pipe, in the place of standard error."""
    stream = Terminal(terminal=terminal)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    return stream


def read_lines(stream: Terminal) -> list[str]:
    """Return what was shown one after the other, without colours, bars and times."""
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        thread.join(5)  # rich does not wait for its own, which ends at its next refresh
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    shown = re.findall(r"MiB of events: ([a-z ]+?) [━╸╺ ]*(\d/\d)", plain)
    return list(dict.fromkeys(f"{text} {count}" for text, count in shown))


@pytest.mark.parametrize(("terminal", "nbytes", "expected"), [(True, 9, True), (True, 1, False), (False, 9, False)])
def test_only_large_files_on_a_terminal_are_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, terminal: bool, nbytes: int, expected: bool
) -> None:
    """A file of 9 MiB is named on a terminal; a small one, and any in a pipe, is not."""
    stream = open_terminal(monkeypatch, terminal=terminal)
    file = tmp_path / "run.ndmem"
    with file.open("wb") as opened:
        opened.truncate(nbytes * 1024 * 1024)
    with waiting.show_waiting(file, tmp_path / "missing", steps=LOADING):
        begin(Step.READ)
    assert ("reading events 0/4" in read_lines(stream)) is expected
    assert ("9 MiB of events" in stream.getvalue()) is expected
    assert bool(stream.getvalue()) is expected


def test_each_step_of_a_page_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a journal and making its page goes through all steps, in their order."""
    source = "import os, signal\nimport numpy as np\nnp.ones(10**6)\nfor pid in (os.getppid(), os.getpid()):\n"
    source += "    os.kill(pid, signal.SIGKILL)\n"
    Place(tmp_path).run_ndmem("run", "-o", "run.ndmem", write_program(tmp_path, source))
    stream = open_terminal(monkeypatch)
    monkeypatch.setattr(waiting, "_LONG_NBYTES", 1)
    out = str(tmp_path / "page.html")
    report.command.main(
        [str(tmp_path / "run.ndmem"), "--format", "html", "--plotlyjs", "cdn", "-o", out], standalone_mode=False
    )
    steps = LOADING + PAGE
    assert read_lines(stream) == [f"{step.value} {number}/{len(steps)}" for number, step in enumerate(steps)]


def test_steps_that_are_not_needed_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive has no places to resolve; of two runs the second goes on where the first was done."""
    with ndmem.track() as run:
        np.ones(1000)
    run.save(tmp_path / "run.ndmem")
    stream = open_terminal(monkeypatch)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.setattr(waiting, "_LONG_NBYTES", 1)
    file = str(tmp_path / "run.ndmem")
    diff.command.main([file, file], standalone_mode=False)
    assert read_lines(stream) == [
        "reading events 0/9",
        "reading child processes 3/9",
        "reading events 4/9",
        "reading child processes 7/9",
        "comparing 8/9",
    ]
    assert sys.stdout.getvalue().startswith("No difference")  # type: ignore[attr-defined]  # it is the StringIO above


def test_steps_are_told_to_the_innermost_listener_alone() -> None:
    """Inside another block the outer listener hears nothing, and again afterwards."""
    outer: list[Step] = []
    begin(Step.READ)
    with listen(outer.append):
        begin(Step.NAME)
        with listen(None):
            begin(Step.REPLAY)
        begin(Step.WRITE)
    begin(Step.LINES)
    assert outer == [Step.NAME, Step.WRITE]
