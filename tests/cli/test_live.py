"""`ndmem live`, beside a program that runs."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.forking import forks
from tests.system.running import NDMEM, Outcome, Place, bounded, started, write_program

# Two arrays of 80,000 bytes, one of 160,000 that is gone; then it waits for a line.
PROGRAM = """\
import sys
import numpy as np
kept = [np.ones(10_000), np.empty(10_000)]
big = np.empty(20_000)
del big
print(flush=True)
sys.stdin.readline()
last = np.empty(30_000)
print(flush=True)
sys.stdin.readline()
"""

# An array shows the expression that made it; the row of a line shows the whole line.
MADE_BY, ROWS = "np.", 2


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with the program in it."""
    write_program(tmp_path / "w", PROGRAM)
    return Place(tmp_path / "w")


@contextmanager
def running(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program under ``ndmem run`` up to its first wait."""
    command = [sys.executable, NDMEM, "run", "-q", "-f", "-o", "t.ndmem", "prog.py"]
    with started(command, cwd=place.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        try:
            assert launcher.stdout.readline() == b"\n"
            yield launcher
        finally:
            launcher.stdin.close()  # it ends at the end of its input
            launcher.wait()


def program_of(launcher: subprocess.Popen[bytes]) -> int:
    """The process id of the program that a launcher has started."""
    return int(Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text())


def test_a_frame_has_what_the_program_has_now(place: Place) -> None:
    """By file, by process id and by its launcher's: one frame, to the byte, and again when the program has gone on."""
    with running(place) as launcher:
        pid = program_of(launcher)
        for target in ("t.ndmem", str(pid), str(launcher.pid)):
            for option in ([], ["--once"]):  # standard output is no terminal: one frame
                shown = place.run_ndmem("live", target, *option)
                rows = shown.stdout.decode().splitlines()
                assert (shown.status, shown.stderr) == (0, b"")
                assert rows[0].startswith("running, ")
                assert rows[0].endswith(f" s, process {pid}: prog.py")
                assert rows[1].startswith("live 156 KiB   peak 312 KiB at prog.py:4 ")
                assert sum(f"prog.py:3 {MADE_BY}" in row for row in rows) == ROWS
                assert any(row.split()[:3] == ["156", "KiB", "100%"] for row in rows)
        assert launcher.stdin is not None
        assert launcher.stdout is not None
        launcher.stdin.write(b"\n")
        launcher.stdin.flush()
        launcher.stdout.readline()
        # 160,000 + 240,000 bytes
        assert b"\nlive 391 KiB   peak 391 KiB at prog.py:8" in place.run_ndmem("live", "t.ndmem").stdout
    shown = place.run_ndmem("live", "t.ndmem")
    assert shown.stdout.startswith(b"ended, exit status 0, ")
    assert b"\nlive 391 KiB   peak 391 KiB at prog.py:8" in shown.stdout


def watch(place: Place, target: str, *, until: str, then: str | signal.Signals | None = None) -> Outcome:
    """Run ``ndmem live`` in a terminal of 80 x 24; when it has shown a text, press a key or send a signal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place.folder)
        os.environ.update(COLUMNS="80", LINES="24", TERM="xterm")
        os.execv(sys.executable, [sys.executable, NDMEM, "live", target])
    written = b""
    with bounded(lambda: os.kill(pid, signal.SIGKILL)):
        while True:
            select.select([terminal], [], [])
            try:
                part = os.read(terminal, 65536)
            except OSError:  # Linux says so at the end
                break
            if not part:
                break
            written += part
            if then is not None and until.encode() in written:
                if isinstance(then, str):
                    os.write(terminal, then.encode())
                else:
                    os.kill(pid, then)
                then = None
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return Outcome(written, b"", os.waitstatus_to_exitcode(status))


@pytest.mark.long
@forks
@pytest.mark.parametrize("leave", ["q", "\x03", signal.SIGINT], ids=["q", "Ctrl-C", "SIGINT"])
def test_leaving_leaves_the_program(leave: str | signal.Signals, place: Place) -> None:
    """After q or Ctrl-C the view is gone, its last frame stays, the status is 0, and the program runs on."""
    with running(place) as launcher:
        shown = watch(place, "t.ndmem", until="q: quit", then=leave)
        assert shown.status == 0
        screen, _, after = shown.stdout.partition(b"\x1b[?1049l")
        assert b"\x1b[?1049h" in screen
        assert b"running, " in after
        assert launcher.poll() is None


def test_the_view_outlives_the_program(place: Place) -> None:
    """When the program is killed the view shows how it ended and what it had, and ends itself."""
    with running(place) as launcher:
        pid = program_of(launcher)
        command = [sys.executable, NDMEM, "live", str(pid)]
        # A terminal is needed, and this process is busy killing.
        words = [sys.executable, "-c", f"import pty, sys; sys.exit(pty.spawn({command!r}))"]
        with started(words, cwd=place.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
            first = b""
            while b"running, " not in first:
                part = os.read(watcher.stdout.fileno(), 65536)
                assert part, first  # it has ended
                first += part
            os.kill(pid, signal.SIGKILL)
            rest = watcher.communicate()[0]
            assert watcher.returncode == 0
    assert b"killed by SIGKILL, " in rest.partition(b"\x1b[?1049l")[2]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("4194305", ["no process 4194305"]),
        ("99999999999999999999", ["no process 99999999999999999999"]),
        (str(os.getpid()), [f"process {os.getpid()} is not tracked"]),
        ("missing.ndmem", ["missing.ndmem"]),
        ("foreign", ["foreign", "not a trace"]),
        ("empty", ["empty"]),
        ("cut.ndmem", ["cut.ndmem", "cut before its first event"]),
        ("new.ndmem", ["new.ndmem", "format 9"]),
        (".", ["."]),
    ],
    ids=["no process", "no such number", "untracked", "missing", "foreign", "empty", "cut", "newer", "folder"],
)
def test_what_cannot_be_watched_is_one_line(target: str, words: list[str], place: Place) -> None:
    """A process that is not there or not tracked, a file that is missing, foreign, cut or newer: one line, status 2."""
    for name, data in {
        "foreign": b"hello\n" * 100,
        "empty": b"",
        "cut.ndmem": b"NDMEMJ\r\n",
        "new.ndmem": b"NDMEMJ\r\n\x09" + bytes(300),
    }.items():
        (place.folder / name).write_bytes(data)
    shown = place.run_ndmem("live", target)
    text = shown.stderr.decode()
    assert (shown.status, shown.stdout, text.count("\n")) == (2, b"", 1)
    assert text.startswith("ndmem: ")
    assert all(word in text for word in words)


def test_a_deleted_journal_is_said(place: Place) -> None:
    """A running program whose record was deleted has nothing to be read."""
    with running(place) as launcher:
        (place.folder / "t.ndmem.partial").unlink()
        shown = place.run_ndmem("live", str(program_of(launcher)))
        assert shown.status == 2
        assert b"was deleted" in shown.stderr
